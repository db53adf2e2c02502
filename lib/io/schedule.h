/* A policy's schedules and time zones as plain UTC data for the pure core. */
#ifndef FORETOP_IO_SCHEDULE_H
#define FORETOP_IO_SCHEDULE_H

#include "policy/policy.h"

/* What a schedule asked for until shortly explains what is done now: the last opening of
 * each is kept that long. */
#define SCHEDULE_PAST_MS MS_PER_H
/* How far ahead schedules are expanded: more than a week. */
#define SCHEDULE_AHEAD_MS (8 * MS_PER_DAY)

/* What was open lately, is open, or opens next. */
struct schedule_plan {
	int64_t until_ms; /* nothing is missing that opens before then */
	int32_t count;    /* at most SCHEDULE_INTERVALS_MAX */
	struct schedule_interval intervals[SCHEDULE_INTERVALS_MAX]; /* by start; those of
								       one schedule are
								       apart */
};

/* Looks up every time zone that a policy names and fills forecast.zone, for its history
 * and three years ahead: longer than a process runs between two releases of the
 * database. 0, or -1 with *err = ERR_INVALID for a zone that the system does not know,
 * with line and path like policy_parse's; the policy is not to be used then. */
int schedule_localize(struct policy *policy, int64_t now_ms, struct err *err);

/* Expands the schedules of a policy: what is open at now_ms or opens within
 * SCHEDULE_AHEAD_MS, and of each the last that ended within SCHEDULE_PAST_MS. A schedule
 * opens at the minutes that its cron matches on the clock of its zone: a time that the
 * clock skips opens as much later as the clock is put forward (02:30 is 03:30), a time
 * that it shows twice opens the first time only. It stays open for `duration` of elapsed
 * time; openings of one schedule that overlap or touch are one. Past
 * SCHEDULE_INTERVALS_MAX the latest are left out and until_ms says from when on. 0, or -1
 * with *err as above. */
int schedule_expand(const struct policy *policy, int64_t now_ms,
		    struct schedule_plan *ret_plan, struct err *err);

#endif
