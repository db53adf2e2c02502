/* Durations and RFC 3339 times: pure arithmetic on milliseconds, no time zone database
 * and no clock. */
#ifndef FORETOP_BASE_TIMEFMT_H
#define FORETOP_BASE_TIMEFMT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define MS_PER_S   INT64_C(1000)
#define MS_PER_MIN (60 * MS_PER_S)
#define MS_PER_H   (60 * MS_PER_MIN)
#define MS_PER_DAY (24 * MS_PER_H)

/* A date and a time of day, Gregorian: year 1 to 9999, month 1 to 12, day 1 to 31. */
struct civil {
	int year, month, day, hour, minute, second, ms;
};

/* Milliseconds since 1970-01-01T00:00:00 in the same zone as the fields; the fields must
 * be in their ranges. */
int64_t civil_to_ms(const struct civil *c);
/* The way back; outside of the years 1 to 9999 the nearest time inside. */
struct civil civil_from_ms(int64_t ms);
/* In [28, 31]. */
int days_in_month(int year, int month);

/* [from_ms, to_ms): from_ms < to_ms. */
struct time_range {
	int64_t from_ms, to_ms;
};

/* "90s", "1h30m", "14d", "2w", "500ms", "1.5h"; a sum of parts with units w d h m s ms,
 * in any order, each once. "0" alone is 0. Not negative. 0, or -1 with *err = ERR_INVALID
 * that quotes the text and says what is allowed. */
int duration_parse(const char *text, int64_t *ret_ms, struct err *err);
/* Shortest exact form: "14d", "1h30m", "90s" becomes "1m30s", "0s". size 48 always
 * suffices. Returns buf. */
char *duration_format(int64_t ms, char *buf, size_t size);

/* "2026-11-27T00:00:00Z", with fractions of up to nanoseconds (cut to ms) and offsets
 * (+01:00), in the years 1 to 9999 of UTC. 0 or -1. */
int time_parse(const char *text, int64_t *ret_ms, struct err *err);
/* "2026-11-27T00:00:00Z" (metav1.Time). size 32 suffices. Returns buf. Years 1 to 9999.
 */
char *time_format(int64_t ms, char *buf, size_t size);
/* "2026-11-27T00:00:00.123000Z" (metav1.MicroTime, six digits). */
char *time_format_micro(int64_t ms, char *buf, size_t size);

#endif
