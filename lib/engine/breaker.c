/* The breaker over policies. When many policies of one source want much less at the same
 * time, it is more likely that the source lies than that every load fell: they wait, and
 * somebody is told. And however many may shrink, only some of them do so at a time.
 *
 * It looks at policies that forecast and write only: the others are the HPA's, decision
 * for decision. */
#include "engine/slot.h"

#include <stdio.h>

/* A policy takes part when it wants a fifth less or even less than it has. */
#define SHRINK_SHARE 0.2
/* It trips when more than these many policies of one source began to want that within one
 * sync period of each other: never with five policies or fewer. */
#define TRIP_COUNT 5
#define TRIP_SHARE 0.3
/* Writes that lower, per sync period. */
#define DOWN_COUNT 10
#define DOWN_SHARE 0.1

static bool is_subject(const struct engine *e, const struct prepared *s)
{
	return slot_active(s) && policy_forecasting(s->policy) && write_allowed(e, s);
}

static struct shrink *shrink_of(const struct engine *e, const struct prepared *s)
{
	return &e->shrinks[s->index];
}

static bool is_much_less(int32_t to, int32_t from)
{
	return from > 0 && (double)to <= (1 - SHRINK_SHARE) * (double)from;
}

void breaker_note(struct engine *e, struct prepared *s, const struct policy *bounds,
		  int64_t now_ms)
{
	const struct decision *d = &s->decision;
	struct shrink *k = shrink_of(e, s);
	if (!is_subject(e, s)) {
		*k = (struct shrink){0};
		return;
	}
	if (d->winner < 0)
		return;
	int32_t wants =
		d->wanted > bounds->min_replicas ? d->wanted : bounds->min_replicas;
	k->source = hash_text(s->policy->metrics[d->winner].source);
	if (!is_much_less(wants, d->current))
		k->since_ms = 0;
	else if (!k->since_ms)
		/* What the first decision of a process finds began some time before. */
		k->since_ms = s->status.decisions == 0 ? SHRINK_BEFORE : now_ms;
}

void breaker_forget(struct engine *e, int32_t place)
{
	e->shrinks[place] = (struct shrink){0};
}

/* The place of the source; the oldest one when all are taken. */
static struct breaker *breaker_of(struct engine *e, uint64_t source)
{
	struct breaker *oldest = &e->breakers[0];
	for (int32_t i = 0; i < BREAKERS_MAX; i++) {
		struct breaker *b = &e->breakers[i];
		if (b->source == source)
			return b;
		if (b->until_ms < oldest->until_ms)
			oldest = b;
	}
	*oldest = (struct breaker){.source = source};
	return oldest;
}

/* A wish that began with those for which it tripped was held with them. */
static bool was_held(const struct engine *e, const struct breaker *b,
		     const struct shrink *k)
{
	return b->tripped_ms && k->since_ms <= b->tripped_ms + e->config.sync_period_ms;
}

/* How many policies of the source began to want much less at about the same time, and how
 * many it has in all. */
static int32_t count_together(const struct engine *e, const struct breaker *b,
			      const struct shrink *of, int32_t *ret_all)
{
	int32_t together = 0, all = 0;
	for (int32_t i = 0; i < e->count; i++) {
		const struct shrink *k = &e->shrinks[i];
		if (k->source != of->source)
			continue;
		int64_t apart_ms = k->since_ms - of->since_ms;
		all++;
		together += k->since_ms > 0 && !was_held(e, b, k) &&
			    apart_ms <= e->config.sync_period_ms &&
			    apart_ms >= -e->config.sync_period_ms;
	}
	*ret_all = all;
	return together;
}

static int32_t at_least(int32_t count, double share, int32_t all)
{
	double part = share * all;
	return part > count ? (int32_t)part : count;
}

static void trip(struct engine *e, struct prepared *s, struct breaker *b, int64_t now_ms)
{
	char until[16];
	b->tripped_ms = now_ms;
	b->until_ms = now_ms + BREAKER_HOLD_MS;
	e->breaker_trips++;
	emit_event(e, s, true, "BreakerTripped",
		   "%d of %d policies of this source want to shrink by %d%% or more at "
		   "the same time -> none of them is lowered until %s",
		   b->together, b->all, (int)(100 * SHRINK_SHARE),
		   clock_text(b->until_ms, until));
}

/* Does the policy's wish belong to many? Those that were held once and let go are not
 * counted again. */
static bool is_one_of_many(struct engine *e, struct prepared *s, struct breaker *b,
			   int64_t now_ms)
{
	const struct shrink *k = shrink_of(e, s);
	if (now_ms < b->until_ms)
		return true;
	if (was_held(e, b, k))
		return false;
	b->together = count_together(e, b, k, &b->all);
	if (b->together <= at_least(TRIP_COUNT, TRIP_SHARE, b->all))
		return false;
	trip(e, s, b, now_ms);
	return true;
}

static void add_reason(const struct breaker *b, struct hold_reasons *holds)
{
	char until[16], how_many[48] = "many";
	if (b->all)
		snprintf(how_many, sizeof(how_many), "%d of %d", b->together, b->all);
	hold_reasons_add(holds, "BreakerTripped", true, false,
			 "%s policies of one source want much less at once, held until "
			 "%s",
			 how_many, clock_text(b->until_ms, until))
		->until_ms = b->until_ms;
}

static void hold(struct prepared *s, const struct breaker *b, struct hold_reasons *holds)
{
	if (s->record.holds.breaker_until_ms != b->until_ms)
		s->changed = true;
	s->record.holds.breaker_until_ms = b->until_ms;
	add_reason(b, holds);
}

/* False when as many as may be lowered in this period already were. */
static bool takes_turn(struct engine *e, const struct prepared *s, int64_t now_ms,
		       int32_t *ret_most)
{
	int64_t period = now_ms / e->config.sync_period_ms;
	int32_t all = 0;
	if (period != e->downs_period) {
		e->downs_period = period;
		e->downs = 0;
	}
	for (int32_t i = 0; i < e->count; i++)
		all += e->shrinks[i].source != 0;
	*ret_most = at_least(DOWN_COUNT, DOWN_SHARE, all);
	if (e->downs >= *ret_most)
		return false;
	/* A write that is decided again after a conflict keeps its turn. */
	e->downs += s->write.tries == 0;
	return true;
}

void breaker_check(struct engine *e, struct prepared *s, int64_t now_ms,
		   struct hold_reasons *holds)
{
	const struct decision *d = &s->decision;
	int32_t most = 0;
	if (d->desired >= d->current || d->winner < 0 || !is_subject(e, s))
		return;
	struct shrink *k = shrink_of(e, s);
	struct breaker *b = breaker_of(e, k->source);
	/* The end of a floor is a plan, not a fault. */
	bool planned = schedule_closed_since(s, now_ms - BREAKER_HOLD_MS, now_ms);
	if (!planned && k->since_ms > 0 && is_much_less(d->desired, d->current) &&
	    is_one_of_many(e, s, b, now_ms)) {
		hold(s, b, holds);
	} else if (!takes_turn(e, s, now_ms, &most)) {
		hold_reasons_add(holds, "ScaleDownTurn", true, false,
				 "%d others are lowered in these %d s", most,
				 (int)(e->config.sync_period_ms / MS_PER_S))
			->quiet = true;
	}
}

void breaker_hold(const struct engine *e, const struct prepared *s, int64_t now_ms,
		  struct hold_reasons *holds)
{
	/* A process that was started since knows no more than this. */
	struct breaker b = {.until_ms = s->record.holds.breaker_until_ms};
	if (!policy_forecasting(s->policy) || now_ms >= b.until_ms)
		return;
	for (int32_t i = 0; i < BREAKERS_MAX; i++)
		if (e->breakers[i].source && e->breakers[i].until_ms == b.until_ms)
			b = e->breakers[i];
	add_reason(&b, holds);
}

void breaker_clock_back(struct engine *e, int64_t now_ms)
{
	for (int32_t i = 0; i < e->count; i++)
		if (e->shrinks[i].since_ms > now_ms)
			e->shrinks[i].since_ms = now_ms;
	for (int32_t i = 0; i < BREAKERS_MAX; i++) {
		struct breaker *b = &e->breakers[i];
		if (b->until_ms - now_ms > BREAKER_HOLD_MS)
			b->until_ms = now_ms + BREAKER_HOLD_MS;
		if (b->tripped_ms > now_ms)
			b->tripped_ms = now_ms;
	}
	e->downs_period = -1;
}

uint64_t engine_breaker_trips(const struct engine *e)
{
	return e->breaker_trips;
}
