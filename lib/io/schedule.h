/* A policy's schedules and time zone as plain UTC data for the pure core. */
#ifndef FORETOP_IO_SCHEDULE_H
#define FORETOP_IO_SCHEDULE_H

#include "policy/policy.h"

/* How far ahead schedules are expanded: a week, and a day to do it again. */
#define SCHEDULE_AHEAD_MS (8 * MS_PER_DAY)

/* What is open at now_ms or opens within SCHEDULE_AHEAD_MS, and the clock of
 * forecast.timeZone over forecast.history and the days ahead. A schedule opens at the
 * minutes that its cron matches on the clock of its zone: a time that the clock skips
 * opens as much later as the clock is put forward (02:30 is 03:30), a time that it shows
 * twice opens the first time only. It stays open for `duration` of elapsed time; openings
 * of one schedule that overlap or touch are one. Past CALENDAR_INTERVALS_MAX the latest
 * are left out and until_ms says from when on.
 *
 * *ret_calendar becomes NULL where there is nothing to say: no schedule, and UTC. The
 * caller owns it (free). -1 with *err = ERR_INVALID for a zone that the system does not
 * know, with line and path like policy_parse's. */
int schedule_expand(const struct policy *policy, int64_t now_ms,
		    struct policy_calendar **ret_calendar, struct err *err);

/* When to expand again: daily, and sooner where many openings leave less than two days.
 */
int64_t schedule_due_ms(const struct policy_calendar *calendar, int64_t now_ms);

#endif
