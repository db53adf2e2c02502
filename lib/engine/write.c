/* One write at a time, each step answered before the next: record first when replicas go
 * down, then the scale subresource with its preconditions. A failed write is never
 * re-sent: the next decision is made afresh. */
#include "engine/slot.h"

#include <stdio.h>
#include <string.h>

#define CONFLICTS_MAX                                                                    \
	5 /* reads and decisions in a row before the next cycle is waited for */

static void scale(struct engine *e, struct prepared *s)
{
	struct action *a = emit(e, s, ACTION_SCALE);
	s->write = WRITE_SCALING;
	a->u.scale.ref = s->write_ref;
	a->u.scale.from = s->target.replicas;
	a->u.scale.to = s->write_to;
	a->u.scale.resource_version = s->target.resource_version;
	a->u.scale.uid = s->target.uid;
	a->u.scale.reason = s->write_reason;
}

void write_begin(struct engine *e, struct prepared *s, int64_t now_ms)
{
	const struct decision *d = &s->decision;
	if (d->desired == d->current || s->write != WRITE_IDLE)
		return;
	if (s->policy->mode != MODE_SCALE || e->config.dry_run)
		return;
	s->write_ref = (struct write_ref){.slot = s->index, .number = ++e->numbers};
	s->write_to = d->desired;
	snprintf(s->write_reason, sizeof(s->write_reason), "%s", d->reason);
	if (d->desired > d->current) {
		scale(e, s);
		return;
	}
	s->write = WRITE_SAVING;
	s->status_sent_ms = now_ms;
	struct action *a = emit(e, s, ACTION_SAVE);
	a->u.save.ref = s->write_ref;
}

static void scaled(struct engine *e, struct prepared *s, const struct event *event)
{
	struct scale_change change = {
		.from = s->target.replicas,
		.to = s->write_to,
		.now_ms = event->now_ms,
		.released = s->decision.released,
	};
	decide_scaled(&s->record.memory, s->policy, &e->config.decide, &change,
		      &s->decision);
	s->write = WRITE_IDLE;
	s->tries = 0;
	s->target.replicas = s->write_to;
	if (event->u.written.resource_version)
		snprintf(s->target.resource_version, sizeof(s->target.resource_version),
			 "%s", event->u.written.resource_version);
	s->status.writes++;
	s->status.scaled_ms = event->now_ms;
	s->status.current = s->write_to;
	emit_event(e, s, false, change.to > change.from ? "ScaledUp" : "ScaledDown", "%s",
		   s->write_reason);
	publish_decision(e, s, event->now_ms);
	publish_status(e, s, event->now_ms);
}

static void conflicted(struct engine *e, struct prepared *s)
{
	s->status.conflicts++;
	if (++s->tries > CONFLICTS_MAX) {
		s->tries = 0;
		s->write = WRITE_IDLE;
		return;
	}
	s->write = WRITE_READING;
	emit(e, s, ACTION_READ_TARGET);
}

static void failed(struct engine *e, struct prepared *s, const struct event *event)
{
	s->write = WRITE_IDLE;
	s->tries = 0;
	s->status.failures++;
	decide_failed(&s->decision, event->u.written.why);
	bool before = s->status.conditions[PC_ABLE_TO_SCALE].status == STATUS_FALSE;
	publish_decision(e, s, event->now_ms);
	if (!before)
		emit_event(e, s, true, "ScaleFailed", "%s; replicas stay at %d: %s",
			   s->write_reason, s->target.replicas, event->u.written.why);
	publish_status(e, s, event->now_ms);
}

void write_answer(struct engine *e, struct prepared *s, const struct event *event)
{
	if (s->write == WRITE_IDLE ||
	    event->u.written.write.number != s->write_ref.number)
		return;
	switch (event->type) {
	case EVENT_SAVED:
		if (s->write == WRITE_SAVING)
			scale(e, s);
		return;
	case EVENT_SCALED:
		scaled(e, s, event);
		return;
	case EVENT_CONFLICT:
		conflicted(e, s);
		return;
	case EVENT_SAVE_FAILED:
	case EVENT_SCALE_FAILED:
		failed(e, s, event);
		return;
	default:
		return;
	}
}

/* The target was read again after a conflict: decide again at once, with the values of
 * this cycle. */
void write_target_read(struct engine *e, struct prepared *s, int64_t now_ms)
{
	s->write = WRITE_IDLE;
	cycle_decide(e, s, now_ms);
}
