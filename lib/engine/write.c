/* One write at a time, each step answered before the next: record first when replicas go
 * down, then the scale subresource with its preconditions. A failed write is never
 * re-sent: the next decision is made afresh. */
#include "engine/slot.h"

#include <stdio.h>
#include <string.h>

/* Reads and decisions in a row before the next cycle is waited for. */
#define CONFLICTS_MAX 5

static void enter(struct prepared *s, enum write_state state, int64_t now_ms)
{
	s->write.state = state;
	s->write.since_ms = now_ms;
}

static void read_target(struct engine *e, struct prepared *s, int64_t now_ms)
{
	enter(s, WRITE_READING, now_ms);
	emit(e, s, ACTION_READ_TARGET);
}

static void scale(struct engine *e, struct prepared *s, int64_t now_ms)
{
	struct action *a = emit(e, s, ACTION_SCALE);
	enter(s, WRITE_SCALING, now_ms);
	a->u.scale.ref = s->write.ref;
	a->u.scale.from = s->write.from;
	a->u.scale.to = s->write.to;
	a->u.scale.resource_version = s->target.resource_version;
	a->u.scale.uid = s->target.uid;
	a->u.scale.reason = s->write.note->reason;
}

/* Notes the change in the memory of decisions, and in the decision's conditions. */
static void note(struct engine *e, struct prepared *s, struct decision *d, int64_t now_ms)
{
	struct scale_change change = {
		.from = s->write.from,
		.to = s->write.to,
		.now_ms = now_ms,
		.released = s->write.released,
	};
	decide_scaled(&s->record.memory, s->policy, &e->config.decide, &change, d);
}

static struct write_note *note_of(struct prepared *s)
{
	struct write_pool *p = s->pool;
	if (!s->write.note)
		s->write.note = &p->items[p->spare_count ? p->spare[--p->spare_count]
							 : p->used++];
	return s->write.note;
}

void write_keep_note(struct prepared *s)
{
	struct write_pool *p = s->pool;
	if (s->write.note)
		p->spare[p->spare_count++] = (int32_t)(s->write.note - p->items);
	s->write.note = NULL;
	s->write.noted = false;
}

/* Takes back what was noted before the write was known to have gone through. */
static void take_back(struct prepared *s)
{
	if (s->write.noted)
		s->record.memory = s->write.note->before;
	s->write.noted = false;
	s->record.pending = (struct pending_write){0};
}

/* The write is over. */
static void leave(struct prepared *s, int64_t now_ms)
{
	enter(s, WRITE_IDLE, now_ms);
	write_keep_note(s);
}

bool write_allowed(const struct engine *e, const struct prepared *s)
{
	return s->policy->mode == MODE_SCALE && !e->config.dry_run;
}

bool write_begin(struct engine *e, struct prepared *s, int64_t now_ms)
{
	const struct decision *d = &s->decision;
	struct write *w = &s->write;
	if (d->desired == d->current)
		w->failing = false;
	if (d->desired == d->current || w->state != WRITE_IDLE || !write_allowed(e, s))
		return false;
	w->ref = (struct write_ref){.slot = s->index, .number = ++e->numbers};
	w->from = d->current;
	w->to = d->desired;
	w->released = d->released;
	w->doubt = false;
	snprintf(note_of(s)->reason, sizeof(w->note->reason), "%s", d->reason);
	manual_mean(s, w->to);
	if (d->desired > d->current) {
		scale(e, s, now_ms);
		return true;
	}
	/* A process that is killed between this write and the next record must know of
	 * it: else it would lower again too early, or take zero for somebody else's
	 * wish. */
	w->note->before = s->record.memory;
	w->noted = true;
	note(e, s, NULL, now_ms);
	s->record.pending = (struct pending_write){now_ms, w->from, w->to};
	enter(s, WRITE_SAVING, now_ms);
	publish_save(e, s, now_ms);
	return true;
}

static void scaled(struct engine *e, struct prepared *s, const struct event *event)
{
	struct write *w = &s->write;
	struct target_state *t = &s->target;
	const char *version = event->u.written.resource_version;
	take_back(s);
	decision_clear_words(&s->decision);
	note(e, s, &s->decision, event->now_ms);
	w->failing = false;
	/* The watch may be ahead of the answer. */
	if (!version || !version_older(version, t->resource_version)) {
		t->replicas = w->to;
		manual_wrote(s, w->to);
	}
	if (version && !version_older(version, t->resource_version))
		snprintf(t->resource_version, sizeof(t->resource_version), "%s", version);
	s->status.writes++;
	counts_wrote(&s->status.counts, &s->decision, w->to > w->from);
	s->status.scaled_ms = event->now_ms;
	emit_event(e, s, false, w->to > w->from ? "ScaledUp" : "ScaledDown", "%s",
		   w->note->reason);
	leave(s, event->now_ms);
	publish_written(e, s, event->now_ms);
}

static void failed(struct engine *e, struct prepared *s, const char *why, int64_t now_ms)
{
	bool before = s->write.failing;
	take_back(s);
	s->write.failing = true;
	s->status.failures++;
	decision_clear_words(&s->decision);
	decide_failed(&s->decision, why);
	if (!before)
		emit_event(e, s, true, "ScaleFailed", "%s; not done: %s",
			   s->write.note->reason, why);
	leave(s, now_ms);
	publish_written(e, s, now_ms);
}

static void conflicted(struct engine *e, struct prepared *s, int64_t now_ms)
{
	s->status.conflicts++;
	take_back(s);
	if (++s->write.tries > CONFLICTS_MAX)
		failed(e, s, "somebody else changed the target each time before it could",
		       now_ms);
	else
		read_target(e, s, now_ms);
}

static void decide_again(struct engine *e, struct prepared *s, int64_t now_ms)
{
	int64_t oldest = now_ms - e->config.sync_period_ms - e->config.answer_deadline_ms;
	leave(s, now_ms);
	if (s->asked_ms >= oldest)
		cycle_decide(e, s, now_ms);
	else
		cycle_soon(s, now_ms);
}

/* A metric that the decision knew has been lost since, in a cycle that is still open. */
static bool has_lost(const struct prepared *s)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->metrics[m].values.unknown)
			return s->decision.unknown_count == 0;
	return false;
}

/* The record is safe. The target may have changed meanwhile, or a metric been lost. */
static void saved(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (s->target.replicas == s->write.from && !has_lost(s)) {
		scale(e, s, now_ms);
		return;
	}
	take_back(s);
	decide_again(e, s, now_ms);
}

void write_answer(struct engine *e, struct prepared *s, const struct event *event)
{
	if (event->u.written.write.number != s->write.ref.number)
		return;
	if (s->write.state != WRITE_SAVING && s->write.state != WRITE_SCALING)
		return;
	bool saving = s->write.state == WRITE_SAVING;
	if (!slot_active(s)) {
		write_drop(s, false);
		return;
	}
	if (event->type == EVENT_SAVED && saving) {
		saved(e, s, event->now_ms);
	} else if (event->type == EVENT_SAVE_FAILED && saving) {
		failed(e, s, event->u.written.why, event->now_ms);
	} else if (event->type == EVENT_SCALED && !saving) {
		scaled(e, s, event);
	} else if (event->type == EVENT_CONFLICT && !saving) {
		conflicted(e, s, event->now_ms);
	} else if (event->type == EVENT_SCALE_FAILED && !saving) {
		s->write.doubt = true;
		failed(e, s, event->u.written.why, event->now_ms);
	}
}

/* When our write came through by what the object tells: its clock is the server's and
 * knows seconds only, so the end of that second counts; not before `known_ms`, and not
 * after now. */
static int64_t written_at(const struct target_info *info, int64_t known_ms,
			  int64_t now_ms)
{
	bool told = info->scaler == SCALER_US && info->scaled_ms > 0;
	int64_t at_ms = told ? info->scaled_ms + MS_PER_S - 1 : known_ms;
	if (at_ms < known_ms)
		at_ms = known_ms;
	return at_ms < now_ms ? at_ms : now_ms;
}

/* What a killed process had saved before it wrote: the target shows whether it did, and
 * when. It may still arrive. */
static void settle_pending(struct prepared *s, const struct target_info *info,
			   int64_t now_ms)
{
	struct write *w = &s->write;
	struct pending_write *p = &s->record.pending;
	if (p->at_ms == 0 || w->state != WRITE_IDLE)
		return;
	if (s->target.replicas == p->from) {
		w->doubt = true;
		w->released = false;
		w->from = p->from;
		w->to = p->to;
		record_take_back(&s->record);
	} else if (s->target.replicas == p->to) {
		record_move(&s->record, written_at(info, p->at_ms, now_ms));
	}
	*p = (struct pending_write){0};
}

void write_unrecorded(struct engine *e, struct prepared *s,
		      const struct target_info *info, int64_t now_ms)
{
	struct decide_memory *m = &s->record.memory;
	const struct size_record *z = &s->record.size;
	if (!z->known || info->replicas <= z->known_replicas || s->write.doubt ||
	    info->scaler != SCALER_US)
		return;
	struct scale_change change = {
		.from = z->known_replicas,
		.to = info->replicas,
		.now_ms = written_at(info, m->last_scale_ms, now_ms),
	};
	decide_scaled(m, s->policy, &e->config.decide, &change, NULL);
	if (m->seeded)
		decide_memory_remember(m, DECIDE_MEMORY_APPEND, info->replicas, now_ms);
	s->status.scaled_ms = change.now_ms;
	s->changed = true;
}

void write_target_seen(struct engine *e, struct prepared *s,
		       const struct target_info *info, int64_t now_ms)
{
	struct write *w = &s->write;
	settle_pending(s, info, now_ms);
	if (!w->doubt || s->target.replicas != w->to || !slot_active(s))
		return;
	w->doubt = false;
	note(e, s, NULL, now_ms);
	s->status.scaled_ms = now_ms;
	s->changed = true;
}

void write_target_read(struct engine *e, struct prepared *s, int64_t now_ms)
{
	decide_again(e, s, now_ms);
}

void write_read_failed(struct prepared *s)
{
	if (s->write.state == WRITE_READING)
		write_drop(s, false);
}

void write_tick(struct engine *e, struct prepared *s, int64_t now_ms)
{
	struct write *w = &s->write;
	if (w->state == WRITE_IDLE || now_ms - w->since_ms < WRITE_ANSWER_MS)
		return;
	if (w->state == WRITE_READING) {
		write_drop(s, false);
		return;
	}
	w->doubt = w->state == WRITE_SCALING;
	failed(e, s, "no answer within 1m, the target is read again", now_ms);
	read_target(e, s, now_ms);
}

void write_drop(struct prepared *s, bool keep_sent)
{
	if (keep_sent && s->write.state == WRITE_SCALING)
		return;
	if (s->write.state == WRITE_SAVING)
		take_back(s);
	s->write.state = WRITE_IDLE;
	write_keep_note(s);
}
