/* The one text that log, Event, status and page show: "fact -> action". */
#ifndef FORETOP_DECIDE_REASON_H
#define FORETOP_DECIDE_REASON_H

#include "decide/decide.h"

/* Writes d->reason from everything else in *d. */
void reason_write(const struct decide_input *in, struct decision *d);

/* A number for people, three significant digits: 840, 1240, 0.667. binary: with Ki, Mi,
 * Gi, ... Returns buf; 32 bytes suffice. */
char *reason_number(double value, bool binary, char *buf, size_t size);

#endif
