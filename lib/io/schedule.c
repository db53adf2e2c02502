#include "io/schedule.h"

#include "io/timezone.h"

#include <stdlib.h>
#include <string.h>

/* Openings are looked for a little outside of the window: no clock changes by more than a
 * day (Samoa, December 30th 2011). */
#define CLOCK_CHANGE_MAX MS_PER_DAY
/* Of forecast.zone; schedules are expanded again in time. */
#define LOCAL_AHEAD_MS (3 * 365 * MS_PER_DAY)

/* One place more than can be told, so that the last opening always has one. */
#define OPENINGS_MAX (SCHEDULE_INTERVALS_MAX + 1)

/* The openings of one schedule, by start, apart from each other. */
struct openings {
	struct time_range ranges[OPENINGS_MAX];
	int32_t count;
	int64_t until_ms; /* none is missing that opens before then */
};

static void join(struct time_range *into, const struct time_range *range)
{
	if (range->from_ms < into->from_ms)
		into->from_ms = range->from_ms;
	if (range->to_ms > into->to_ms)
		into->to_ms = range->to_ms;
}

/* What was found before on the clock may open later: skipped times are shifted behind
 * those that follow. There must be room. */
static void openings_add(struct openings *o, struct time_range range)
{
	int32_t i = o->count;
	while (i > 0 && o->ranges[i - 1].to_ms >= range.from_ms)
		i--;
	/* All from i on end at its start or later; those that it reaches become one. */
	int32_t end = i;
	for (; end < o->count && o->ranges[end].from_ms <= range.to_ms; end++)
		join(&range, &o->ranges[end]);
	memmove(&o->ranges[i + 1], &o->ranges[end],
		(size_t)(o->count - end) * sizeof(range));
	o->ranges[i] = range;
	o->count += 1 - (end - i);
}

static void find_openings(const struct policy_schedule *s, const struct zone *zone,
			  int64_t now_ms, struct openings *ret)
{
	int64_t limit_ms = now_ms + SCHEDULE_AHEAD_MS;
	int64_t wall = zone_wall(zone, now_ms - s->duration_ms - SCHEDULE_PAST_MS) -
		       CLOCK_CHANGE_MAX;
	int64_t wall_limit = zone_wall(zone, limit_ms) + CLOCK_CHANGE_MAX;
	struct time_range past = {0};
	ret->count = 0;
	ret->until_ms = limit_ms;
	while (cron_next(&s->cron, wall, wall_limit, &wall)) {
		int64_t start = zone_utc(zone, wall);
		struct time_range range = {start, start + s->duration_ms};
		/* When full it goes on: what a shift puts before must not be missed. */
		if (range.to_ms <= now_ms)
			past = range;
		else if (start < limit_ms && ret->count < SCHEDULE_INTERVALS_MAX)
			openings_add(ret, range);
		else if (start < ret->until_ms)
			ret->until_ms = start;
	}
	if (past.to_ms > now_ms - SCHEDULE_PAST_MS)
		openings_add(ret, past);
}

static int load_zone(const char *name, int64_t from_ms, int64_t to_ms, struct zone *ret,
		     struct err *err)
{
	return timezone_load(name, from_ms - 2 * CLOCK_CHANGE_MAX,
			     to_ms + 2 * CLOCK_CHANGE_MAX, ret, err);
}

/* All intervals of a policy before they are cut to what a calendar holds. */
struct collection {
	struct schedule_interval *intervals;
	int32_t count;
	int64_t until_ms;
};

static int collect(const struct policy *p, int32_t index, int64_t now_ms,
		   struct collection *c, struct err *err)
{
	const struct policy_schedule *s = &p->schedules[index];
	struct zone zone;
	struct openings openings;
	/* Ends lie up to a duration behind the last opening, overlapping ones further. */
	if (load_zone(s->time_zone, now_ms - s->duration_ms - SCHEDULE_PAST_MS,
		      now_ms + SCHEDULE_AHEAD_MS + s->duration_ms, &zone, err) < 0)
		return err_wrap(err, "line %d: schedule[%d].timeZone", s->time_zone_line,
				index);
	find_openings(s, &zone, now_ms, &openings);
	if (openings.until_ms < c->until_ms)
		c->until_ms = openings.until_ms;
	for (int32_t i = 0; i < openings.count; i++)
		c->intervals[c->count++] = (struct schedule_interval){
			.schedule = index,
			.start_ms = openings.ranges[i].from_ms,
			.end_ms = openings.ranges[i].to_ms,
			.end_offset_ms = zone_offset(&zone, openings.ranges[i].to_ms),
			.min_replicas = s->min_replicas,
			.max_replicas = s->max_replicas,
		};
	return 0;
}

/* By start; the same order on every machine for those that open together. */
static int by_start(const void *a, const void *b)
{
	const struct schedule_interval *x = a, *y = b;
	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->schedule - y->schedule;
}

/* Nothing that opens at until_ms or later is kept: half of what opens together would be
 * a wrong answer. */
static void cut(struct collection *c)
{
	if (c->count > SCHEDULE_INTERVALS_MAX) {
		c->count = SCHEDULE_INTERVALS_MAX;
		if (c->intervals[c->count].start_ms < c->until_ms)
			c->until_ms = c->intervals[c->count].start_ms;
	}
	while (c->count > 0 && c->intervals[c->count - 1].start_ms >= c->until_ms)
		c->count--;
}

int schedule_expand(const struct policy *p, int64_t now_ms,
		    struct schedule_plan *ret_plan, struct err *err)
{
	struct collection c = {.until_ms = now_ms + SCHEDULE_AHEAD_MS};
	AUTO_FREE struct schedule_interval *intervals =
		xcalloc((size_t)p->schedule_count * OPENINGS_MAX, sizeof(*intervals));
	c.intervals = intervals;
	for (int32_t i = 0; i < p->schedule_count; i++)
		if (collect(p, i, now_ms, &c, err) < 0)
			return -1;
	qsort(c.intervals, (size_t)c.count, sizeof(*c.intervals), by_start);
	cut(&c);
	ret_plan->until_ms = c.until_ms;
	ret_plan->count = c.count;
	memcpy(ret_plan->intervals, c.intervals, (size_t)c.count * sizeof(*c.intervals));
	return 0;
}

int schedule_localize(struct policy *p, int64_t now_ms, struct err *err)
{
	struct zone zone;
	for (int32_t i = 0; i < p->schedule_count; i++)
		if (load_zone(p->schedules[i].time_zone, now_ms, now_ms, &zone, err) < 0)
			return err_wrap(err, "line %d: schedule[%d].timeZone",
					p->schedules[i].time_zone_line, i);
	if (load_zone(p->forecast.time_zone, now_ms - p->forecast.history_ms,
		      now_ms + LOCAL_AHEAD_MS, &zone, err) < 0)
		return err_wrap(err, "line %d: forecast.timeZone",
				p->forecast.time_zone_line);
	policy_set_zone(p, &zone);
	return 0;
}
