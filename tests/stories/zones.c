/* When schedules open, on the clocks of a few zones: io does this from the system's
 * database, stories must not depend on it. */
#include "stories/world.h"

#include <string.h>

#define AHEAD_MS (8 * MS_PER_DAY)

/* Changes of the clock in 2026, by the laws of the EU and of the USA. */
static const struct {
	const char *name;
	struct zone zone;
} zones[] = {
	{"UTC", {.count = 0}},
	{"Europe/Paris",
	 {.steps = {{INT64_C(1761440400000), MS_PER_H},     /* 2025-10-26T01:00Z */
		    {INT64_C(1774746000000), 2 * MS_PER_H}, /* 2026-03-29T01:00Z */
		    {INT64_C(1792890000000), MS_PER_H}},    /* 2026-10-25T01:00Z */
	  .count = 3}},
	{"America/New_York",
	 {.steps = {{INT64_C(1762063200000), -5 * MS_PER_H},  /* 2025-11-02T06:00Z */
		    {INT64_C(1772953200000), -4 * MS_PER_H},  /* 2026-03-08T07:00Z */
		    {INT64_C(1793512800000), -5 * MS_PER_H}}, /* 2026-11-01T06:00Z */
	  .count = 3}},
};

const struct zone *world_zone(struct world *w, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		if (!strcmp(zones[i].name, name))
			return &zones[i].zone;
	world_problem(w, "the stories know no zone %s", name);
	return &zones[0].zone;
}

static int32_t expand(struct world *w, const struct policy *p, int32_t index,
		      struct schedule_interval *intervals, int32_t count)
{
	const struct policy_schedule *s = &p->schedules[index];
	const struct zone *zone = world_zone(w, s->time_zone);
	int64_t wall_ms = zone_wall(zone, w->now_ms - s->duration_ms);
	int64_t limit_ms = zone_wall(zone, w->now_ms + AHEAD_MS);
	while (count < SCHEDULE_INTERVALS_MAX &&
	       cron_next(&s->cron, wall_ms, limit_ms, &wall_ms)) {
		int64_t start_ms = zone_utc(zone, wall_ms);
		int64_t end_ms = start_ms + s->duration_ms;
		intervals[count++] = (struct schedule_interval){
			.schedule = index,
			.start_ms = start_ms,
			.end_ms = end_ms,
			.end_offset_ms = zone_offset(zone, end_ms),
			.min_replicas = s->min_replicas,
			.max_replicas = s->max_replicas,
		};
	}
	return count;
}

void world_give_schedule(struct world *w, const struct policy_status *s)
{
	static struct schedule_interval intervals[SCHEDULE_INTERVALS_MAX];
	const struct policy *p = s->policy;
	int32_t count = 0;
	if (!p || !p->schedule_count)
		return;
	for (int32_t i = 0; i < p->schedule_count; i++)
		count = expand(w, p, i, intervals, count);
	struct event event = {.type = EVENT_SCHEDULE};
	event.u.schedule.ns = s->ns;
	event.u.schedule.name = s->name;
	event.u.schedule.hash = p->hash;
	event.u.schedule.intervals = intervals;
	event.u.schedule.count = count;
	event.u.schedule.until_ms = w->now_ms + AHEAD_MS;
	world_step(w, &event);
}
