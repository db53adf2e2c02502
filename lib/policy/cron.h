/* Cron expressions as Kubernetes' CronJob takes them: when a schedule opens, on the clock
 * on the wall. Times here are wall time: milliseconds since 1970-01-01T00:00 on that
 * clock, as if it had never been changed. */
#ifndef FORETOP_POLICY_CRON_H
#define FORETOP_POLICY_CRON_H

#include "base/base.h"

#include <stdbool.h>

/* Bit n stands for the value n. */
struct cron {
	uint64_t minutes;          /* 0 to 59 */
	uint32_t hours;            /* 0 to 23 */
	uint32_t days;             /* of the month, 1 to 31 */
	uint32_t months;           /* 1 to 12 */
	uint32_t weekdays;         /* 0 to 6 from Sunday */
	bool any_day, any_weekday; /* written as * or ?: the other one alone decides */
};

/* Five fields (minute, hour, day of the month, month, day of the week) of lists, ranges,
 * steps and English names of three letters, or one of @yearly, @annually, @monthly,
 * @weekly, @daily, @midnight and @hourly. "N/S" is N to the largest by S, and 7 is Sunday
 * too. As in cron(8), a day matches when either its date or its weekday does if both are
 * restricted. 0, or -1 with *err = ERR_INVALID that names the field, what is wrong and
 * what is allowed; also for a date that never comes, like February 30th. */
int cron_parse(const char *text, struct cron *ret, struct err *err);

/* Does the minute in which wall_ms lies match? */
bool cron_matches(const struct cron *c, int64_t wall_ms);

/* The first minute after wall_ms and before limit_ms that matches. Returns whether there
 * is one. */
bool cron_next(const struct cron *c, int64_t wall_ms, int64_t limit_ms,
	       int64_t *ret_wall_ms);

#endif
