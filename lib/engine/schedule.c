/* Floors and ceilings by time: which of a policy's schedules are open, and what is left
 * of the policy's bounds then. */
#include "engine/slot.h"

#include <stdio.h>
#include <string.h>

void schedule_take(struct engine *e, const struct event *event)
{
	struct prepared *s = slot_named(e, event->u.schedule.ns, event->u.schedule.name);
	if (!s || !s->intervals || s->policy->hash != event->u.schedule.hash)
		return;
	s->interval_count = 0;
	for (int32_t i = 0; i < event->u.schedule.count; i++) {
		const struct schedule_interval *v = &event->u.schedule.intervals[i];
		bool valid = v->schedule >= 0 && v->schedule < s->policy->schedule_count;
		if (valid && s->interval_count < SCHEDULE_INTERVALS_MAX)
			s->intervals[s->interval_count++] = *v;
	}
	s->schedule_until_ms = event->u.schedule.until_ms;
	cycle_soon(s, event->now_ms);
	slot_refresh(e, (int32_t)s->index);
}

void schedule_inherit(struct prepared *to, const struct prepared *from)
{
	if (!to->intervals || !from->intervals || to->policy->hash != from->policy->hash)
		return;
	memcpy(to->intervals, from->intervals,
	       sizeof(to->intervals[0]) * SCHEDULE_INTERVALS_MAX);
	to->interval_count = from->interval_count;
	to->schedule_until_ms = from->schedule_until_ms;
}

/* "until 18:00" on the schedule's own clock; with the date when that is another day's. */
static void end_text(const struct schedule_interval *v, int64_t now_ms, char *buf,
		     size_t size)
{
	struct civil c = civil_from_ms(v->end_ms + v->end_offset_ms);
	if (v->end_ms - now_ms < MS_PER_DAY)
		snprintf(buf, size, "%02d:%02d", c.hour, c.minute);
	else
		snprintf(buf, size, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day,
			 c.hour, c.minute);
}

static void tell(const struct prepared *s, const struct schedule_interval *v,
		 const char *what, int32_t replicas, int64_t now_ms,
		 char text[SCHEDULE_TEXT_SIZE])
{
	const struct policy_schedule *p = &s->policy->schedules[v->schedule];
	char end[24], early[48];
	end_text(v, now_ms, end, sizeof(end));
	snprintf(text, SCHEDULE_TEXT_SIZE,
		 "schedule %.60s %.40s asks for at %s %d until %s", p->cron_text,
		 p->time_zone, what, replicas, end);
	size_t len = strlen(text);
	if (now_ms < v->start_ms)
		snprintf(text + len, SCHEDULE_TEXT_SIZE - len, ", %s early: lead time",
			 duration_format((v->start_ms - now_ms) / MS_PER_S * MS_PER_S,
					 early, sizeof(early)));
}

/* The floor is up when its time begins: it is asked for as much earlier as new pods need,
 * and as a cycle may be away. */
static bool floor_is_open(const struct engine *e, const struct prepared *s,
			  const struct schedule_interval *v, int64_t now_ms)
{
	int64_t early_ms = s->status.lead_ms + e->config.sync_period_ms;
	return v->min_replicas >= 0 && now_ms >= v->start_ms - early_ms &&
	       now_ms < v->end_ms;
}

static bool ceiling_is_open(const struct schedule_interval *v, int64_t now_ms)
{
	return v->max_replicas >= 0 && now_ms >= v->start_ms && now_ms < v->end_ms;
}

/* The largest floor and the smallest ceiling, both inside the policy's own bounds. */
static void combine(const struct engine *e, const struct prepared *s, int64_t now_ms,
		    struct schedule_bounds *b)
{
	const struct schedule_interval *floor = NULL, *ceiling = NULL;
	for (int32_t i = 0; i < s->interval_count; i++) {
		const struct schedule_interval *v = &s->intervals[i];
		if (floor_is_open(e, s, v, now_ms) && v->min_replicas > b->min) {
			b->min = v->min_replicas;
			floor = v;
		}
		if (ceiling_is_open(v, now_ms) && v->max_replicas < b->max) {
			b->max = v->max_replicas;
			ceiling = v;
		}
	}
	if (b->min > s->policy->max_replicas)
		b->min = s->policy->max_replicas;
	if (b->max < s->policy->min_replicas)
		b->max = s->policy->min_replicas;
	if (ceiling)
		tell(s, ceiling, "most", b->max, now_ms, b->max_text);
	if (floor)
		tell(s, floor, "least", b->min, now_ms, b->min_text);
	/* The ceiling wins: it is there because something else cannot bear more. */
	b->conflict = b->min > b->max && floor && now_ms >= floor->start_ms;
	if (b->min > b->max)
		b->min = b->max;
}

/* A schedule is a wish of long ago; who holds the size now has seen what is going on. The
 * policy's own bounds never yield. */
static void yield_to_holds(const struct prepared *s, const struct hold_reasons *holds,
			   struct schedule_bounds *b)
{
	int32_t current = s->target.replicas;
	int32_t min = s->policy->min_replicas, max = s->policy->max_replicas;
	if (b->min > current && hold_reasons_find(holds, current, b->min)) {
		b->min = current > min ? current : min;
		b->min_text[0] = '\0';
	}
	if (b->max < current && hold_reasons_find(holds, current, b->max)) {
		b->max = current < max ? current : max;
		b->max_text[0] = '\0';
	}
}

void schedule_bounds(const struct engine *e, const struct prepared *s,
		     const struct hold_reasons *holds, int64_t now_ms,
		     struct schedule_bounds *ret)
{
	ret->min = s->policy->min_replicas;
	ret->max = s->policy->max_replicas;
	ret->min_text[0] = ret->max_text[0] = '\0';
	ret->conflict = false;
	combine(e, s, now_ms, ret);
	yield_to_holds(s, holds, ret);
}

void schedule_hold(const struct prepared *s, int64_t now_ms, struct hold_reasons *holds)
{
	if (!s->intervals || now_ms < s->schedule_until_ms)
		return;
	hold_reasons_add(holds, "ScheduleUnknown", true, false,
			 "when its schedules open is not known")
		->starting = s->schedule_until_ms == 0;
}

void schedule_tell(struct engine *e, struct prepared *s, const struct schedule_bounds *b)
{
	if (b->conflict && !s->schedule_conflict)
		emit_event(e, s, true, "ScheduleConflict",
			   "%s, but %s; the smaller number holds", b->min_text,
			   b->max_text);
	s->schedule_conflict = b->conflict;
}

bool schedule_closed_since(const struct prepared *s, int64_t since_ms, int64_t now_ms)
{
	for (int32_t i = 0; i < s->interval_count; i++)
		if (s->intervals[i].min_replicas >= 0 &&
		    s->intervals[i].end_ms > since_ms && s->intervals[i].end_ms <= now_ms)
			return true;
	return false;
}
