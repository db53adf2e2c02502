/* The one text that log, Event, status and page show: "fact -> action". */
#ifndef FORETOP_DECIDE_REASON_H
#define FORETOP_DECIDE_REASON_H

#include "decide/decide.h"

/* Writes d->reason from everything else in *d. */
void reason_write(const struct decide_input *in, struct decision *d);

#endif
