/* JSON whose integers are exact: cJSON keeps numbers as doubles, the vectors hold
 * 9223372036854775807. */
#ifndef FORETOP_TESTS_VECTORS_EXACT_H
#define FORETOP_TESTS_VECTORS_EXACT_H

#include "base/base.h"

/* Reads a file in which numbers of 16 digits and more become strings before they are
 * parsed. Exits with 2 when it cannot be read. The caller owns the tree. */
cJSON *exact_read(const char *path);

/* Numbers of either kind. Absent or null gives the fallback. */
int64_t exact_int(const cJSON *o, const char *name, int64_t fallback);
double exact_double(const cJSON *o, const char *name, double fallback);
/* One number. */
int64_t exact_value(const cJSON *number);
const char *exact_text(const cJSON *o, const char *name, const char *fallback);
bool exact_bool(const cJSON *o, const char *name, bool fallback);
/* The member, or NULL when it is absent or null. */
const cJSON *exact_get(const cJSON *o, const char *name);

#endif
