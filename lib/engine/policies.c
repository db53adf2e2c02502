/* Policies come, change, are refused and go. The oldest of a target is in force. */
#include "engine/slot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A rollout runs old and new pods side by side, and some that failed stay listed. */
#define PODS_BEYOND_MAX 32

static int32_t forecast_count(const struct policy *p)
{
	int32_t count = 0;
	for (int32_t m = 0; m < p->metric_count; m++)
		count += p->metrics[m].forecast;
	return count;
}

static struct feed_calendar *calendar_of(const struct policy_forecast *f)
{
	size_t excludes = (size_t)f->exclude_count * sizeof(f->excludes[0]);
	if (!f->zone && !excludes)
		return NULL;
	struct feed_calendar *c = xcalloc(1, sizeof(*c) + excludes);
	if (f->zone)
		c->zone = *f->zone;
	if (excludes)
		memcpy(c->excludes, f->excludes, excludes);
	return c;
}

static void prepare_metric(struct prepared *p, int32_t m)
{
	const struct policy_metric *spec = &p->policy->metrics[m];
	struct metric_slot *metric = &p->metrics[m];
	metric->values.unknown = "not asked yet";
	p->status.metrics[m].current = NAN;
	if (p->policy->forecast.mode == FORECAST_DISABLED || !spec->forecast)
		return;
	p->status.metrics[m].forecast_on = true;
	metric->feed.memory = xmalloc(forecaster_size());
	metric->feed.calendar = calendar_of(&p->policy->forecast);
	if (p->policy->on_metrics_loss == LOSS_FOLLOW_FORECAST)
		metric->ahead = xcalloc(1, sizeof(*metric->ahead));
	if (forecast_count(p->policy) > 1)
		metric->feed.heard = heard_new(false);
	if (p->policy->forecast.objective > 0)
		metric->feed.plan = plan_new();
	if (!p->shadow)
		p->shadow = gate_shadow_new(p->policy);
}

/* As much as whoever has the target now, whose pods it may take over. */
static int32_t first_room(const struct engine *e, const struct prepared *p)
{
	int32_t room = e->config.pods_start ? e->config.pods_start : p->pods_max;
	for (const struct prepared *s = slot_with_target(e, p, NULL); s;
	     s = slot_with_target(e, p, s))
		room = s->pods_room > room ? s->pods_room : room;
	return room < p->pods_max ? room : p->pods_max;
}

static void prepare_policy(const struct engine *e, struct prepared *p)
{
	const struct policy *policy = p->policy;
	int64_t most = 2 * (int64_t)policy->max_replicas + PODS_BEYOND_MAX;
	p->target.key = target_key(p->ns, policy->target.group_kind, policy->target.name);
	p->pods_max = most < e->config.pods_max ? (int32_t)most : e->config.pods_max;
	p->metric_count = policy->metric_count;
	p->metrics = xcalloc((size_t)policy->metric_count, sizeof(p->metrics[0]));
	p->status.metrics =
		xcalloc((size_t)policy->metric_count, sizeof(p->status.metrics[0]));
	p->decision.metrics =
		xcalloc((size_t)policy->metric_count, sizeof(p->decision.metrics[0]));
	p->decision.metric_count = policy->metric_count;
	p->guards = xcalloc((size_t)policy->guard_count + 1, sizeof(p->guards[0]));
	if (policy->mode == MODE_FLOOR)
		p->floor = xcalloc(1, sizeof(*p->floor));
	if (policy->schedule_count)
		p->intervals = xcalloc(SCHEDULE_INTERVALS_MAX, sizeof(p->intervals[0]));
	pods_reserve(p, first_room(e, p));
	for (int32_t m = 0; m < policy->metric_count; m++)
		prepare_metric(p, m);
	if (derived_any(p))
		p->record.derived =
			xcalloc(POLICY_METRICS_MAX, sizeof(p->record.derived[0]));
	if (policy->guard_count)
		p->record.holds.guards =
			xcalloc(POLICY_GUARDS_MAX, sizeof(p->record.holds.guards[0]));
}

struct prepared *engine_prepare(const struct engine *e, const char *ns, const char *name,
				struct policy *policy, const char *invalid,
				const struct state_record *record)
{
	struct prepared *p = xcalloc(1, sizeof(*p));
	p->ns = xstrdup(ns);
	p->name = xstrdup(name);
	p->policy = policy;
	p->invalid = invalid && invalid[0] ? xstrdup(invalid) : NULL;
	p->decision.wanted = DECIDE_NO_REPLICAS;
	p->status = (struct policy_status){
		.ns = p->ns,
		.name = p->name,
		.policy = policy,
		.current = DECIDE_NO_REPLICAS,
		.desired = DECIDE_NO_REPLICAS,
		.reactive = DECIDE_NO_REPLICAS,
		.predicted = DECIDE_NO_REPLICAS,
		.record = &p->record,
		.reason = p->decision.reason,
		.decision = &p->decision,
	};
	if (policy)
		prepare_policy(e, p);
	if (record)
		record_copy(&p->record, record);
	return p;
}

void engine_make_room(struct engine *e, const struct target_ref *ref)
{
	uint64_t key = target_key(ref->ns, ref->kind, ref->name);
	for (int32_t i = place_index_first(&e->targets, key); i >= 0;
	     i = place_index_next(&e->targets, i)) {
		struct prepared *s = e->slots[i];
		if (s->pod_count == s->pods_room && s->pods_room < s->pods_max)
			pods_reserve(s, s->pods_room < s->pods_max / 2 ? 2 * s->pods_room
								       : s->pods_max);
	}
}

void engine_prepared_free(struct prepared *p)
{
	if (!p)
		return;
	if (p->pool)
		write_keep_note(p);
	for (int32_t m = 0; m < p->metric_count; m++) {
		if (p->metrics[m].feed.chunk)
			p->metrics[m].feed.chunk->used = false;
		free(p->metrics[m].pod_values);
		free(p->metrics[m].ahead);
		free(p->metrics[m].feed.memory);
		free(p->metrics[m].feed.heard);
		free(p->metrics[m].feed.plan);
		free(p->metrics[m].feed.calendar);
	}
	policy_free(p->policy);
	free(p->metrics);
	free(p->status.metrics);
	free(p->decision.metrics);
	free(p->guards);
	free(p->record.derived);
	free(p->record.holds.guards);
	free(p->shadow);
	free(p->pods);
	free(p->pod_index);
	free(p->pod_marks);
	free(p->intervals);
	free(p->lost);
	free(p->floor);
	free(p->invalid);
	free(p->ns);
	free(p->name);
	free(p);
}

static bool is_older(const struct prepared *a, const struct prepared *b)
{
	if (a->policy->created_ms != b->policy->created_ms)
		return a->policy->created_ms < b->policy->created_ms;
	return strcmp(a->name, b->name) < 0;
}

static struct prepared *oldest_with_target(const struct engine *e,
					   const struct prepared *of)
{
	struct prepared *oldest = NULL;
	for (struct prepared *s = slot_with_target(e, of, NULL); s;
	     s = slot_with_target(e, of, s))
		if (!oldest || is_older(s, oldest))
			oldest = s;
	return oldest;
}

static void lose_force(struct engine *e, struct prepared *s, const struct prepared *older,
		       int64_t now_ms)
{
	s->conflict = true;
	s->held = false;
	s->cycle = 0;
	breaker_forget(e, (int32_t)s->index);
	write_drop(s, false);
	publish_conflict(e, s, older, now_ms);
	publish_standing(e, s, now_ms);
}

static void come_into_force(struct engine *e, struct prepared *s, struct prepared *donor,
			    int64_t now_ms)
{
	if (donor)
		inherit(s, donor);
	s->conflict = false;
	s->held = true;
	cycle_soon(s, now_ms);
	publish_standing(e, s, now_ms);
}

/* The oldest valid policy of a target is in force, the others wait and say so. `of` names
 * the target. donor: what was in force until now and is about to go, or NULL. */
static void settle(struct engine *e, const struct prepared *of, struct prepared *donor,
		   int64_t now_ms)
{
	struct prepared *oldest = oldest_with_target(e, of);
	for (struct prepared *s = slot_with_target(e, of, NULL); s;
	     s = slot_with_target(e, of, s)) {
		if (s == oldest)
			continue;
		if (s->held)
			donor = s;
		if (!s->conflict)
			lose_force(e, s, oldest, now_ms);
	}
	if (oldest && !oldest->held)
		come_into_force(e, oldest, donor, now_ms);
	for (struct prepared *s = slot_with_target(e, of, NULL); s;
	     s = slot_with_target(e, of, s))
		slot_refresh(e, (int32_t)s->index);
}

const char *refused_why(const struct prepared *s)
{
	return s->invalid ? s->invalid : "";
}

/* A refused text leaves the last good version in force and says so. Takes `invalid`,
 * NULL: as it stands in the slot. */
static void refuse(struct engine *e, struct prepared *s, char *invalid, int64_t now_ms)
{
	bool known = !invalid || (s->invalid && !strcmp(s->invalid, invalid));
	bool news = !known || s->status.conditions[PC_READY].status != STATUS_FALSE;
	if (invalid) {
		free(s->invalid);
		s->invalid = invalid;
	}
	if (!s->policy)
		snprintf(s->decision.reason, sizeof(s->decision.reason),
			 "the policy is not valid -> nothing is decided");
	if (news) {
		s->changed = true;
		emit_event(e, s, true, "PolicyInvalid", "%s%s", refused_why(s),
			   s->policy ? "; the last valid version stays in force" : "");
	}
	publish_standing(e, s, now_ms);
}

/* The first free place, or -1. */
static int32_t free_place(struct engine *e)
{
	while (e->free_from < e->count && e->slots[e->free_from])
		e->free_from++;
	if (e->free_from < e->count)
		return e->free_from;
	return e->count < e->config.policies_max ? e->count++ : -1;
}

static void turn_away(struct engine *e, struct prepared *s)
{
	e->refused = s;
	emit_event(e, s, true, "TooManyPolicies",
		   "%d policies are served already, this one is not",
		   e->config.policies_max);
}

static void put_in_place(struct engine *e, struct prepared *s, int32_t i, int64_t now_ms)
{
	struct prepared *old = e->slots[i];
	s->next_cycle_ms = now_ms;
	s->changed = true;
	s->status.serial = ++e->serials;
	slot_put(e, i, s);
	if (!s->policy) {
		refuse(e, s, NULL, now_ms);
		return;
	}
	if (old && same_target(old, s)) {
		inherit(s, old);
		s->conflict = old->conflict;
		s->held = old->held;
	} else {
		record_resume(&s->record, now_ms);
		s->lead_unknown = s->record.lead.count == 0;
		s->lead_before_ms = s->record.lead.newest_ms;
		s->lead_before_count = s->record.lead.newest_count;
		lead_publish(s);
	}
	if (old) {
		s->paused_until_ms = old->paused_until_ms;
		s->rested = old->rested;
	}
	if (s->invalid)
		refuse(e, s, NULL, now_ms);
	settle(e, s, NULL, now_ms);
	publish_standing(e, s, now_ms);
	if (old && old->policy && !same_target(old, s))
		settle(e, old, old->held ? old : NULL, now_ms);
	engine_prepared_free(old);
}

void policies_set(struct engine *e, const struct event *event)
{
	struct prepared *s = event->u.policy_set.prepared;
	struct prepared *old = slot_named(e, s->ns, s->name);
	if (old && !s->policy) {
		refuse(e, old, TAKE(s->invalid), event->now_ms);
		engine_prepared_free(s);
		return;
	}
	int32_t i = old ? (int32_t)old->index : free_place(e);
	if (i < 0) {
		turn_away(e, s);
		return;
	}
	put_in_place(e, s, i, event->now_ms);
	slot_refresh(e, i);
}

void policies_gone(struct engine *e, const struct event *event)
{
	struct prepared *s =
		slot_named(e, event->u.policy_gone.ns, event->u.policy_gone.name);
	if (!s)
		return;
	int32_t i = (int32_t)s->index;
	slot_put(e, i, NULL);
	breaker_forget(e, i);
	if (s->policy)
		settle(e, s, s->held ? s : NULL, event->now_ms);
	slot_refresh(e, i);
	engine_prepared_free(s);
}
