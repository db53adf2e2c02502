/* Guards: what a query says may hold the size. Asked in every cycle beside the metrics.
 *
 * A guard acts once its value has been beyond the limit for as long as it says, and stops
 * acting with the first value that is not. Without a value it keeps its last state for a
 * while; from then on, and before the first value, nothing is lowered. */
#include "engine/slot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How long the last value of a guard stands: longer than a restart of Prometheus, shorter
 * than any shift that would look after it. */
#define GUARD_TRUST_MS (5 * MS_PER_MIN)

static uint64_t guard_key(const struct policy_guard *g)
{
	return hash_text(g->name) ^ (hash_text(g->query) << 1);
}

/* State follows the guard's name and query; another guard starts afresh. */
static void align(struct prepared *s)
{
	struct hold_record *h = &s->record.holds;
	struct guard_state before[POLICY_GUARDS_MAX];
	int32_t count = h->guard_count;
	for (int32_t i = 0; i < count; i++)
		before[i] = h->guards[i];
	h->guard_count = s->policy->guard_count;
	for (int32_t i = 0; i < h->guard_count; i++) {
		uint64_t key = guard_key(&s->policy->guards[i]);
		h->guards[i] = (struct guard_state){.key = key};
		for (int32_t k = 0; k < count; k++)
			if (before[k].key == key)
				h->guards[i] = before[k];
	}
}

void guards_ask(struct engine *e, struct prepared *s)
{
	for (int32_t i = 0; i < s->policy->guard_count; i++) {
		s->guards[i].answered = false;
		struct action *a = emit(e, s, ACTION_QUERY);
		a->u.query.ref = (struct query_ref){.slot = s->index,
						    .metric = (uint32_t)i,
						    .kind = QUERY_GUARD,
						    .cycle = s->cycle};
	}
	s->waiting += s->policy->guard_count;
}

static void set_unknown(struct guard_slot *g, const char *why)
{
	g->answered = true;
	g->value = NAN;
	snprintf(g->unknown, sizeof(g->unknown), "%s", why);
}

static void take(struct guard_slot *g, const struct event *event)
{
	char buf[96];
	const struct value_row *row = &event->u.values.rows[0];
	if (event->u.values.count == 0) {
		set_unknown(g, "the query returned no series: `or vector(0)` gives one");
		return;
	}
	if (event->u.values.count > 1) {
		snprintf(buf, sizeof(buf), "the query returned %d series, one is needed",
			 event->u.values.count);
		set_unknown(g, buf);
		return;
	}
	const char *problem = value_problem(row, event->now_ms, buf, sizeof(buf));
	if (problem) {
		set_unknown(g, problem);
		return;
	}
	g->answered = true;
	g->value = row->value;
}

void guards_answer(struct engine *e, struct prepared *s, const struct event *event,
		   const struct query_ref *q)
{
	struct guard_slot *g = &s->guards[q->metric];
	if (!slot_active(s) || !s->cycle || q->cycle != s->cycle || g->answered)
		return;
	if (event->type == EVENT_VALUES)
		take(g, event);
	else
		set_unknown(g, event->u.query_failed.why);
	cycle_answered(e, s, event->now_ms);
}

static void judge(struct prepared *s, const struct policy_guard *spec,
		  struct guard_state *st, double value, int64_t now_ms)
{
	enum guard_standing before = st->standing;
	st->known_ms = now_ms;
	st->value = value;
	if (!(spec->above ? value > spec->limit : value < spec->limit)) {
		st->since_ms = 0;
		st->standing = GUARD_CLEAR;
	} else {
		/* A clock that was set back must not make it wait for hours. */
		if (!st->since_ms || st->since_ms > now_ms)
			st->since_ms = now_ms;
		st->standing = now_ms - st->since_ms >= spec->for_ms ? GUARD_TRIPPED
								     : GUARD_PENDING;
	}
	if (st->standing != before)
		s->changed = true;
}

void guards_judge(struct prepared *s, const char *late, int64_t now_ms)
{
	align(s);
	for (int32_t i = 0; i < s->policy->guard_count; i++) {
		struct guard_slot *g = &s->guards[i];
		if (!g->answered)
			set_unknown(g, late);
		if (!isnan(g->value))
			judge(s, &s->policy->guards[i], &s->record.holds.guards[i],
			      g->value, now_ms);
	}
}

static bool is_unknown(const struct guard_state *st, int64_t now_ms)
{
	return !st->known_ms || now_ms - st->known_ms > GUARD_TRUST_MS;
}

static void tell_tripped(const struct policy_guard *g, const struct guard_state *st,
			 char *buf, size_t size)
{
	char since[16];
	snprintf(buf, size, "guard %s %.3g %s %.4g since %s", g->name, st->value,
		 g->above ? ">" : "<", g->limit, clock_text(st->since_ms, since));
}

static void tell_unknown(const struct policy_guard *g, const struct guard_slot *slot,
			 const struct guard_state *st, char *buf, size_t size)
{
	char since[16];
	const char *why = slot->unknown[0] ? slot->unknown : "not asked yet";
	if (st->known_ms)
		snprintf(buf, size, "guard %s unknown since %s (%s)", g->name,
			 clock_text(st->known_ms, since), why);
	else
		snprintf(buf, size, "guard %s unknown (%s)", g->name, why);
}

void guards_hold(struct prepared *s, int64_t now_ms, struct hold_reasons *holds)
{
	char text[192];
	align(s);
	for (int32_t i = 0; i < s->policy->guard_count; i++) {
		const struct policy_guard *g = &s->policy->guards[i];
		const struct guard_state *st = &s->record.holds.guards[i];
		if (is_unknown(st, now_ms)) {
			tell_unknown(g, &s->guards[i], st, text, sizeof(text));
			hold_reasons_add(holds, "GuardUnknown", true, false, "%s", text);
		} else if (st->standing == GUARD_TRIPPED) {
			tell_tripped(g, st, text, sizeof(text));
			hold_reasons_add(holds, "GuardTripped",
					 g->action != GUARD_HOLD_UP,
					 g->action != GUARD_HOLD_DOWN, "%s", text);
		}
	}
}

/* One guard: true when there was something to say. */
static bool tell_one(struct engine *e, struct prepared *s, int32_t i, int64_t now_ms)
{
	const struct policy_guard *g = &s->policy->guards[i];
	struct guard_state *st = &s->record.holds.guards[i];
	bool tripped = st->standing == GUARD_TRIPPED;
	char text[192];
	if (is_unknown(st, now_ms)) {
		if (st->said == GUARD_SAID_UNKNOWN)
			return false;
		st->said = GUARD_SAID_UNKNOWN;
		tell_unknown(g, &s->guards[i], st, text, sizeof(text));
		emit_event(e, s, true, "GuardUnknown", "%s -> replicas are not lowered",
			   text);
		return true;
	}
	if (tripped == (st->said == GUARD_SAID_TRIPPED) && st->said != GUARD_SAID_UNKNOWN)
		return false;
	st->said = tripped ? GUARD_SAID_TRIPPED : GUARD_SAID_CLEAR;
	tell_tripped(g, st, text, sizeof(text));
	if (tripped)
		emit_event(e, s, true, "GuardTripped", "%s -> %s", text,
			   guard_action_name(g->action));
	else
		emit_event(e, s, false, "GuardCleared",
			   "guard %s %.3g, limit %.4g -> it no longer holds", g->name,
			   st->value, g->limit);
	return true;
}

void guards_tell(struct engine *e, struct prepared *s, int64_t now_ms)
{
	/* One a decision: texts of Events have few places; the rest follows. */
	for (int32_t i = 0; i < s->policy->guard_count; i++)
		if (tell_one(e, s, i, now_ms))
			return;
}
