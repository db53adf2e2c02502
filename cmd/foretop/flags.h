/* Values of flags that several commands have. */
#ifndef FORETOP_FLAGS_H
#define FORETOP_FLAGS_H

#include "base/base.h"

#include <stdbool.h>

/* "90s", "14d": at least a second. 0, or -1 with *err that quotes the text. */
int flag_duration(const char *text, int64_t *ret_ms, struct err *err);
/* RFC 3339 or Unix seconds, fractions allowed. */
int flag_time(const char *text, int64_t *ret_ms, struct err *err);
/* A finite number above 0. */
int flag_positive(const char *text, double *ret_value, struct err *err);

/* Whether the locale of the environment is UTF-8. */
bool flag_utf8_terminal(void);

#endif
