/* Mode Floor: an HPA stays in charge, and its minReplicas is moved ahead of the load; or
 * a ScaledObject and its minReplicaCount.
 *
 * The HPA goes to a raised minimum at once, so what we decide, within our own `behavior`,
 * is the minimum itself. It is never below the one that its user asked for, which stands
 * in an annotation beside the time until which all this counts without being renewed. A
 * floor rests on a forecast: without one that may be acted on, the minimum is given back.
 */
#include "engine/slot.h"

#include <stdio.h>
#include <string.h>

/* How long a floor counts when nobody renews it: longer than any restart, short enough
 * that whoever finds it afterwards may take it away. Renewed at half of it. */
#define FLOOR_LIFE_MS (15 * MS_PER_MIN)
/* Of a policy's own cycle: a slower one renews in time too. */
#define FLOOR_LIFE_CYCLES 6
#define CONFLICTS_MAX     5

static bool is_floor(const struct prepared *s)
{
	return s->policy->mode == MODE_FLOOR &&
	       s->autoscaler.standing == AUTOSCALER_PRESENT && !s->autoscaler.owner[0];
}

int32_t floor_base(const struct prepared *s)
{
	int32_t replicas = s->target.replicas;
	/* An HPA leaves a target at zero alone. */
	if (!is_floor(s) || replicas == 0)
		return replicas;
	return replicas > s->autoscaler.min ? replicas : s->autoscaler.min;
}

void floor_note(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (!s->floor)
		return;
	int32_t base = floor_base(s), before = s->floor->base;
	s->floor->base = is_floor(s) && s->target.seen ? base : 0;
	if (!s->floor->base || !before || base == before)
		return;
	struct scale_change change = {
		.from = before,
		.to = base,
		.now_ms = now_ms,
		.released = base < before && s->decision.released,
	};
	decide_scaled(&s->record.memory, s->policy, &e->config.decide, &change, NULL);
}

void floor_bounds(const struct prepared *s, struct schedule_bounds *b)
{
	const struct autoscaler_state *a = &s->autoscaler;
	if (!is_floor(s))
		return;
	if (b->max > a->max) {
		b->max = a->max;
		snprintf(b->max_text, sizeof(b->max_text), "%s %.120s allows at most %d",
			 autoscaler_kind(a), a->name, a->max);
	}
	if (b->min < a->original) {
		b->min = a->original;
		snprintf(b->min_text, sizeof(b->min_text),
			 "%s %.120s asks for at least %d", autoscaler_kind(a), a->name,
			 a->original);
	}
	if (b->min > b->max)
		b->min = b->max;
}

static bool has_forecast(const struct prepared *s)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->status.metrics[m].forecast_usable)
			return true;
	return false;
}

/* Nobody has renewed it in time: what it rested on is gone. */
static bool is_stale(const struct prepared *s, int64_t now_ms)
{
	const struct autoscaler_state *a = &s->autoscaler;
	return a->marked && a->expires_ms <= now_ms;
}

static int32_t within(const struct prepared *s, int32_t to)
{
	const struct autoscaler_state *a = &s->autoscaler;
	if (to > a->max)
		to = a->max;
	return to > a->original ? to : a->original;
}

static bool is_unknown(const struct prepared *s)
{
	const struct decision *d = &s->decision;
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->metrics[m].values.unknown)
			return true;
	return d->unknown_count > 0 || d->hold == HOLD_SELECTOR || d->hold == HOLD_TARGET;
}

/* The minimum that the newest decision asks for. A hold keeps the one that is there. */
static int32_t wish(const struct prepared *s, const struct hold_reasons *holds,
		    int32_t asked, int64_t now_ms)
{
	const struct decision *d = &s->decision;
	int32_t now = s->autoscaler.min, to = asked;
	bool stale = is_stale(s, now_ms);
	if (has_forecast(s) && d->held_from != DECIDE_NO_REPLICAS)
		to = d->held_from;
	else if (has_forecast(s) && d->hold == HOLD_NONE)
		to = d->desired;
	if (to < asked)
		to = asked;
	to = within(s, to);
	/* Unknown is hold, never less. */
	if (!stale && to < now && is_unknown(s))
		return within(s, now);
	if (!stale && hold_reasons_find(holds, now, to))
		return within(s, now);
	return to;
}

static int64_t life_ms(const struct engine *e)
{
	int64_t cycles = FLOOR_LIFE_CYCLES * e->config.sync_period_ms;
	return cycles > FLOOR_LIFE_MS ? cycles : FLOOR_LIFE_MS;
}

static void send(struct engine *e, struct prepared *s, int32_t to, int64_t now_ms)
{
	struct autoscaler_state *a = &s->autoscaler;
	struct floor *f = s->floor;
	if (!has_room(e))
		return;
	f->from = a->min;
	f->to = to;
	f->since_ms = now_ms;
	f->again = false;
	f->ref = (struct write_ref){.slot = s->index, .number = ++e->numbers};
	snprintf(f->version, sizeof(f->version), "%s", a->resource_version);
	struct action *action = emit(e, s, ACTION_FLOOR);
	action->u.floor.ref = f->ref;
	action->u.floor.first = !a->marked;
	action->u.floor.scaled_object = a->scaled_object;
	action->u.floor.autoscaler = a->name;
	action->u.floor.uid = a->uid;
	action->u.floor.resource_version = f->version;
	action->u.floor.from = a->min;
	action->u.floor.to = to;
	action->u.floor.original = to > a->original ? a->original : -1;
	action->u.floor.expires_ms = now_ms + life_ms(e);
	action->u.floor.reason = f->reason;
}

/* Is there something to write? */
static bool differs(const struct engine *e, const struct prepared *s, int32_t to,
		    int64_t now_ms)
{
	const struct autoscaler_state *a = &s->autoscaler;
	if (to == a->original)
		return a->marked;
	return to != a->min || !a->marked || a->expires_ms - now_ms < life_ms(e) / 2;
}

static void move(struct engine *e, struct prepared *s, int32_t to, const char *reason,
		 int64_t now_ms)
{
	struct floor *f = s->floor;
	if (f->since_ms && now_ms - f->since_ms < WRITE_ANSWER_MS)
		return;
	f->since_ms = 0;
	f->tries = 0;
	f->again = false;
	if (e->config.dry_run || !differs(e, s, to, now_ms))
		return;
	snprintf(f->reason, sizeof(f->reason), "%s", reason);
	send(e, s, to, now_ms);
}

void floor_move(struct engine *e, struct prepared *s, const struct hold_reasons *holds,
		int32_t asked, int64_t now_ms)
{
	if (!is_floor(s))
		return;
	int32_t to = wish(s, holds, asked, now_ms);
	s->floor->wanted = s->status.floor.wanted = to;
	bool rests = to == s->autoscaler.original && !has_forecast(s);
	move(e, s, to, rests ? "no forecast may be followed" : s->decision.reason,
	     now_ms);
}

void floor_withdraw(struct engine *e, struct prepared *s, const char *why, int64_t now_ms)
{
	if (!s->floor)
		return;
	s->floor->base = s->floor->wanted = 0;
	if (is_floor(s))
		move(e, s, s->autoscaler.original, why, now_ms);
}

static void again(struct engine *e, struct prepared *s, int64_t now_ms)
{
	struct floor *f = s->floor;
	int32_t to = within(s, f->to);
	f->again = false;
	if (differs(e, s, to, now_ms))
		send(e, s, to, now_ms);
}

void floor_publish(struct prepared *s)
{
	const struct autoscaler_state *a = &s->autoscaler;
	s->status.floor = (struct floor_status){0};
	if (s->policy && is_floor(s))
		s->status.floor = (struct floor_status){
			.kind = autoscaler_kind(a),
			.autoscaler = a->name,
			.min = a->min,
			.original = a->original,
			.expires_ms = a->marked ? a->expires_ms : 0,
			.wanted = s->floor->wanted ? s->floor->wanted : a->original,
		};
}

void floor_seen(struct engine *e, struct prepared *s, int64_t now_ms)
{
	int32_t before = s->status.floor.min;
	floor_publish(s);
	s->changed |= s->status.floor.min != before;
	if (s->floor && s->floor->again && slot_active(s) && is_floor(s) &&
	    version_older(s->floor->version, s->autoscaler.resource_version))
		again(e, s, now_ms);
}

static void tell(struct engine *e, struct prepared *s)
{
	const struct autoscaler_state *a = &s->autoscaler;
	const struct floor *f = s->floor;
	int32_t from = f->from;
	if (f->to == from)
		return; /* renewed */
	if (!a->marked)
		emit_event(e, s, false, "FloorReleased",
			   "%s: %s of %s %s %d to %d, its own", f->reason,
			   autoscaler_minimum(a), autoscaler_kind(a), a->name, from,
			   f->to);
	else
		emit_event(e, s, false, f->to > from ? "FloorRaised" : "FloorLowered",
			   "%s: %s of %s %s %d to %d, its own is %d", f->reason,
			   autoscaler_minimum(a), autoscaler_kind(a), a->name, from,
			   f->to, a->original);
}

static void done(struct engine *e, struct prepared *s, const struct event *event)
{
	struct autoscaler_state *a = &s->autoscaler;
	struct floor *f = s->floor;
	const char *version = event->u.written.resource_version;
	f->failing = false;
	/* The watch may be ahead of the answer. */
	if (version && !version_older(version, a->resource_version)) {
		a->min = f->to;
		a->marked = f->to > a->original;
		a->expires_ms = a->marked ? event->now_ms + life_ms(e) : 0;
		snprintf(a->resource_version, sizeof(a->resource_version), "%s", version);
	}
	s->status.writes++;
	if (f->to != f->from)
		counts_wrote(&s->status.counts, &s->decision, f->to > f->from);
	floor_publish(s);
	tell(e, s);
	publish_status(e, s, event->now_ms);
}

static void conflicted(struct engine *e, struct prepared *s, int64_t now_ms)
{
	struct floor *f = s->floor;
	s->status.conflicts++;
	f->again = ++f->tries <= CONFLICTS_MAX;
	floor_seen(e, s, now_ms);
}

static void failed(struct engine *e, struct prepared *s, const char *why)
{
	struct floor *f = s->floor;
	s->status.failures++;
	if (!f->failing)
		emit_event(e, s, true, "FloorFailed", "%s; %s of %s %s not written: %s",
			   f->reason, autoscaler_minimum(&s->autoscaler),
			   autoscaler_kind(&s->autoscaler), s->autoscaler.name, why);
	f->failing = true;
}

void floor_answer(struct engine *e, struct prepared *s, const struct event *event)
{
	struct floor *f = s->floor;
	if (!f || !f->since_ms || event->u.written.write.number != f->ref.number)
		return;
	f->since_ms = 0;
	if (!slot_active(s) || !is_floor(s) || event->type == EVENT_FLOOR_DROPPED)
		return;
	if (event->type == EVENT_FLOORED)
		done(e, s, event);
	else if (event->type == EVENT_FLOOR_CONFLICT)
		conflicted(e, s, event->now_ms);
	else
		failed(e, s, event->u.written.why);
}
