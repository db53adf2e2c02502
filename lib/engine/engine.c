#include "engine/engine.h"

#include "engine/slot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Clocks are disciplined in small steps all the time; only a larger step back upsets what
 * was planned. */
#define CLOCK_STEP_MS MS_PER_S
/* From here on what was remembered of the future is dropped. */
#define CLOCK_JUMP_MS MS_PER_MIN

void engine_config_default(struct engine_config *ret_config)
{
	*ret_config = (struct engine_config){
		.policies_max = 10000,
		.pods_max = 2000,
		.sync_period_ms = 15 * MS_PER_S,
		.answer_deadline_ms = 10 * MS_PER_S,
		.settle_ms = 10 * MS_PER_S,
		.place_step_ms = 100,
	};
	decide_config_default(&ret_config->decide);
}

struct engine *engine_new(const struct engine_config *config)
{
	assert(config->policies_max > 0 && config->pods_max > 0 &&
	       config->sync_period_ms > 0 && config->place_step_ms > 0);
	size_t places = (size_t)config->policies_max;
	struct engine *e = xcalloc(1, sizeof(*e));
	e->config = *config;
	e->now_ms = INT64_MIN;
	e->slots = xcalloc(places, sizeof(e->slots[0]));
	/* One more: a new version takes over from the old one. */
	e->pool.items = xcalloc(places + 1, sizeof(e->pool.items[0]));
	e->pool.spare = xcalloc(places + 1, sizeof(e->pool.spare[0]));
	place_index_init(&e->names, config->policies_max);
	place_index_init(&e->targets, config->policies_max);
	due_tree_init(&e->due, config->policies_max);
	e->work = xcalloc(places, sizeof(e->work[0]));
	e->waits = xcalloc(places, sizeof(e->waits[0]));
	e->shrinks = xcalloc(places, sizeof(e->shrinks[0]));
	e->downs_period = -1;
	e->items = xcalloc(ACTIONS_MAX, sizeof(e->items[0]));
	e->notes = xcalloc(ACTIONS_MAX, sizeof(e->notes[0]));
	e->values_max = VALUES_PER_POD * config->pods_max;
	e->values = xcalloc((size_t)e->values_max, sizeof(e->values[0]));
	e->actions.items = e->items;
	e->scratch = xmalloc(forecaster_size());
	e->chunks = xcalloc(CHUNKS, sizeof(e->chunks[0]));
	e->heard = heard_new(true);
	return e;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	for (int32_t i = 0; i < e->count; i++)
		engine_prepared_free(e->slots[i]);
	engine_prepared_free(e->refused);
	free(e->slots);
	place_index_fini(&e->names);
	place_index_fini(&e->targets);
	due_tree_fini(&e->due);
	free(e->work);
	free(e->waits);
	free(e->shrinks);
	free(e->pool.items);
	free(e->pool.spare);
	free(e->items);
	free(e->notes);
	free(e->values);
	free(e->scratch);
	free(e->chunks);
	free(e->heard);
	free(e);
}

bool has_room(const struct engine *e)
{
	return e->actions.count < ACTIONS_MAX;
}

struct action *emit(struct engine *e, struct prepared *s, enum action_type type)
{
	assert(has_room(e));
	struct action *a = &e->items[e->actions.count++];
	*a = (struct action){.type = type, .policy = s->policy, .status = &s->status};
	return a;
}

bool slot_active(const struct prepared *s)
{
	return s->policy && !s->conflict;
}

/* Never 0. */
static uint64_t name_key(const char *ns, const char *name)
{
	uint64_t key = hash_text(ns) * 31 + hash_text(name);
	return key ? key : 1;
}

struct prepared *slot_named(const struct engine *e, const char *ns, const char *name)
{
	int32_t i = place_index_first(&e->names, name_key(ns, name));
	while (i >= 0 && (strcmp(e->slots[i]->name, name) || strcmp(e->slots[i]->ns, ns)))
		i = place_index_next(&e->names, i);
	return i < 0 ? NULL : e->slots[i];
}

struct prepared *slot_with_target(const struct engine *e, const struct prepared *of,
				  const struct prepared *after)
{
	int32_t i = after ? place_index_next(&e->targets, (int32_t)after->index)
			  : place_index_first(&e->targets, of->target.key);
	while (i >= 0 && !same_target(e->slots[i], of))
		i = place_index_next(&e->targets, i);
	return i < 0 ? NULL : e->slots[i];
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t due_ms(const struct engine *e, const struct prepared *s, bool *ret_waits)
{
	*ret_waits = false;
	if (!slot_active(s))
		return INT64_MAX;
	int64_t due = earlier(s->next_cycle_ms, history_due_ms(e, s, ret_waits));
	if (s->cycle)
		due = earlier(due, s->deadline_ms);
	if (s->write.state != WRITE_IDLE)
		due = earlier(due, s->write.since_ms + WRITE_ANSWER_MS);
	return due;
}

static void recount(struct engine *e, struct prepared *s)
{
	int32_t backfills = history_backfills(s);
	history_give_back(s);
	e->backfills += backfills - s->backfills;
	s->backfills = backfills;
}

static void mark(uint8_t *marks, int32_t *count, int32_t i, bool set)
{
	*count += set - marks[i];
	marks[i] = set;
}

static void note_state(struct engine *e, int32_t i)
{
	const struct prepared *s = e->slots[i];
	bool waits = false;
	due_tree_set(&e->due, i, s ? due_ms(e, s, &waits) : INT64_MAX);
	mark(e->waits, &e->waiting, i, waits);
	mark(e->work, &e->working, i, s && history_has_work(s));
}

/* The next marked place behind `at`, in a circle; one is marked. */
static int32_t next_marked(const struct engine *e, const uint8_t *marks, int32_t at)
{
	do
		at = (at + 1) % e->count;
	while (!marks[at]);
	return at;
}

/* The next in the queue for history may ask now. Should it not, whatever is refreshed
 * next wakes another. */
static void wake_one(struct engine *e)
{
	if (!e->waiting || !history_may_backfill(e))
		return;
	e->wait_at = next_marked(e, e->waits, e->wait_at);
	note_state(e, e->wait_at);
}

void slots_refresh(struct engine *e)
{
	e->backfills = 0;
	for (int32_t i = 0; i < e->count; i++) {
		if (!e->slots[i])
			continue;
		e->slots[i]->backfills = 0;
		recount(e, e->slots[i]);
	}
	for (int32_t i = 0; i < e->count; i++)
		note_state(e, i);
}

void slot_refresh(struct engine *e, int32_t i)
{
	if (e->slots[i])
		recount(e, e->slots[i]);
	note_state(e, i);
	wake_one(e);
}

void slot_put(struct engine *e, int32_t i, struct prepared *s)
{
	if (e->slots[i])
		e->backfills -= e->slots[i]->backfills;
	if (s)
		e->backfills += s->backfills;
	e->slots[i] = s;
	place_index_set(&e->names, i, s ? name_key(s->ns, s->name) : 0);
	place_index_set(&e->targets, i, s && s->policy ? s->target.key : 0);
	if (!s) {
		e->free_from = i < e->free_from ? i : e->free_from;
		return;
	}
	s->pool = &e->pool;
	s->decision.words = &e->words;
	s->index = (uint32_t)i;
}

static void work(struct engine *e, int64_t now_ms)
{
	if (!e->working)
		return;
	e->work_at = next_marked(e, e->work, e->work_at);
	history_work(e, e->slots[e->work_at], now_ms);
	slot_refresh(e, e->work_at);
}

static void tick(struct engine *e, int64_t now_ms)
{
	for (int32_t i = due_tree_next(&e->due, 0, now_ms); i >= 0;
	     i = due_tree_next(&e->due, i + 1, now_ms)) {
		if (e->actions.count + ACTIONS_ROOM > ACTIONS_MAX)
			return;
		cycle_tick(e, e->slots[i], now_ms);
		slot_refresh(e, i);
	}
}

static struct prepared *slot_of(const struct engine *e, uint32_t slot)
{
	return slot < (uint32_t)e->count ? e->slots[slot] : NULL;
}

static uint32_t places_of(const struct policy *p, enum query_kind kind)
{
	return (uint32_t)(kind == QUERY_GUARD ? p->guard_count : p->metric_count);
}

static void answer(struct engine *e, const struct event *event, const struct query_ref *q)
{
	struct prepared *s = slot_of(e, q->slot);
	bool failed = event->type == EVENT_QUERY_FAILED;
	if (!s || !s->policy || q->metric >= places_of(s->policy, q->kind))
		return;
	if (q->kind == QUERY_GUARD)
		guards_answer(e, s, event, q);
	else if (q->kind == QUERY_CURRENT)
		(failed ? values_failed : values_take)(e, s, event);
	else
		(failed ? history_failed : history_take)(s, event);
	slot_refresh(e, (int32_t)q->slot);
}

static void written(struct engine *e, const struct event *event)
{
	struct prepared *s = slot_of(e, event->u.written.write.slot);
	if (!s || !s->policy)
		return;
	if (event->type == EVENT_FLOORED || event->type == EVENT_FLOOR_CONFLICT ||
	    event->type == EVENT_FLOOR_FAILED || event->type == EVENT_FLOOR_DROPPED)
		floor_answer(e, s, event);
	else
		write_answer(e, s, event);
	slot_refresh(e, (int32_t)s->index);
}

/* Nothing may wait for a time that lies as far ahead again as the clock went back. */
static void clock_back(struct engine *e, int64_t now_ms)
{
	for (int32_t i = 0; i < e->count; i++) {
		struct prepared *s = e->slots[i];
		if (!s)
			continue;
		cycle_soon(s, now_ms);
		s->deadline_ms =
			earlier(s->deadline_ms, now_ms + e->config.answer_deadline_ms);
		s->asked_ms = earlier(s->asked_ms, now_ms);
		s->write.since_ms = earlier(s->write.since_ms, now_ms);
		if (s->floor)
			s->floor->since_ms = earlier(s->floor->since_ms, now_ms);
		s->status_sent_ms = earlier(s->status_sent_ms, now_ms);
		history_clock_back(e, s, now_ms);
		if (e->now_ms - now_ms > CLOCK_JUMP_MS)
			decide_memory_import(&s->record.memory, &s->record.memory,
					     now_ms);
		record_bound_holds(&s->record, now_ms);
	}
	breaker_clock_back(e, now_ms);
	slots_refresh(e);
}

const struct actions *engine_step(struct engine *e, const struct event *event)
{
	e->actions.count = 0;
	engine_prepared_free(e->refused);
	e->refused = NULL;
	if (e->now_ms != INT64_MIN && event->now_ms < e->now_ms - CLOCK_STEP_MS)
		clock_back(e, event->now_ms);
	e->now_ms = event->now_ms;
	switch (event->type) {
	case EVENT_TICK:
		tick(e, event->now_ms);
		break;
	case EVENT_WORK:
		work(e, event->now_ms);
		break;
	case EVENT_POLICY_SET:
		policies_set(e, event);
		break;
	case EVENT_SCHEDULE:
		schedule_take(e, event);
		break;
	case EVENT_POLICY_GONE:
		policies_gone(e, event);
		break;
	case EVENT_PAUSE:
		rest_take(e, event);
		break;
	case EVENT_AUTOSCALER:
	case EVENT_AUTOSCALER_AWAITED:
	case EVENT_TARGET:
	case EVENT_TARGET_GONE:
	case EVENT_READ_FAILED:
	case EVENT_POD:
	case EVENT_POD_GONE:
	case EVENT_PODS_SYNCED:
	case EVENT_PODS_RESET:
		target_event(e, event);
		break;
	case EVENT_VALUES:
		answer(e, event, &event->u.values.query);
		break;
	case EVENT_HISTORY:
		answer(e, event, &event->u.history.query);
		break;
	case EVENT_QUERY_FAILED:
		answer(e, event, &event->u.query_failed.query);
		break;
	case EVENT_SCALED:
	case EVENT_CONFLICT:
	case EVENT_SCALE_FAILED:
	case EVENT_SAVED:
	case EVENT_SAVE_FAILED:
	case EVENT_FLOORED:
	case EVENT_FLOOR_CONFLICT:
	case EVENT_FLOOR_FAILED:
	case EVENT_FLOOR_DROPPED:
		written(e, event);
		break;
	}
	return &e->actions;
}

int64_t engine_next_tick_ms(const struct engine *e)
{
	return due_tree_first_ms(&e->due);
}

bool engine_has_work(const struct engine *e)
{
	return e->working > 0;
}

uint64_t engine_decided(const struct engine *e, enum cause cause)
{
	return e->decided[cause];
}

int32_t engine_policy_count(const struct engine *e)
{
	return e->count;
}

const struct policy_status *engine_policy_status(const struct engine *e, int32_t i)
{
	assert(i >= 0 && i < e->count);
	return e->slots[i] ? &e->slots[i]->status : NULL;
}

const struct policy_status *engine_policy_named(const struct engine *e, const char *ns,
						const char *name)
{
	const struct prepared *s = slot_named(e, ns, name);
	return s ? &s->status : NULL;
}
