#include "engine/engine.h"

#include "engine/slot.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void engine_config_default(struct engine_config *ret_config)
{
	*ret_config = (struct engine_config){
		.policies_max = 1000,
		.pods_max = 2000,
		.sync_period_ms = 15 * MS_PER_S,
		.answer_deadline_ms = 10 * MS_PER_S,
		.settle_ms = 10 * MS_PER_S,
	};
	decide_config_default(&ret_config->decide);
}

struct engine *engine_new(const struct engine_config *config)
{
	assert(config->policies_max > 0 && config->pods_max > 0 &&
	       config->sync_period_ms > 0);
	struct engine *e = xcalloc(1, sizeof(*e));
	e->config = *config;
	e->slots = xcalloc((size_t)config->policies_max, sizeof(e->slots[0]));
	e->items = xcalloc(ACTIONS_MAX, sizeof(e->items[0]));
	e->actions.items = e->items;
	return e;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	for (int32_t i = 0; i < e->count; i++)
		engine_prepared_free(e->slots[i]);
	free(e->slots);
	free(e->items);
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

static void work(struct engine *e, int64_t now_ms)
{
	for (int32_t n = 0; n < e->count; n++) {
		e->work_at = (e->work_at + 1) % e->count;
		if (!e->slots[e->work_at] || !history_has_work(e->slots[e->work_at]))
			continue;
		history_work(e, e->slots[e->work_at], now_ms);
		return;
	}
}

static void tick(struct engine *e, int64_t now_ms)
{
	for (int32_t i = 0;
	     i < e->count && e->actions.count + ACTIONS_ROOM <= ACTIONS_MAX; i++)
		if (e->slots[i])
			cycle_tick(e, e->slots[i], now_ms);
}

static uint64_t key_of(const struct target_ref *ref)
{
	char text[600];
	snprintf(text, sizeof(text), "%s/%s/%s", ref->ns, ref->kind, ref->name);
	return hash_text(text);
}

/* resourceVersions of one type grow; they are compared as decimal numbers of any length
 * (KEP-5504). */
static bool older(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	return la != lb ? la < lb : strcmp(a, b) < 0;
}

static void set_target(struct engine *e, struct prepared *s, const struct event *event)
{
	const struct target_info *info = &event->u.target.info;
	struct target_state *t = &s->target;
	bool same = t->seen && !strcmp(t->uid, info->uid);
	/* A watch that lags behind our own write must not take it back. */
	if (same && older(info->resource_version, t->resource_version) &&
	    s->write != WRITE_READING)
		return;
	if (strcmp(s->record.target_uid, info->uid)) {
		/* Another object under the old name starts afresh, unless nothing was
		 * known of any. */
		if (s->record.target_uid[0])
			s->record = (struct state_record){0};
		snprintf(s->record.target_uid, sizeof(s->record.target_uid), "%s",
			 info->uid);
	}
	bool first = !t->seen;
	t->seen = true;
	t->missing = false;
	t->replicas = info->replicas;
	t->status_replicas = info->status_replicas;
	snprintf(t->resource_version, sizeof(t->resource_version), "%s",
		 info->resource_version);
	snprintf(t->uid, sizeof(t->uid), "%s", info->uid);
	s->status.current = t->replicas;
	if (first)
		cycle_soon(s, event->now_ms);
	if (s->write == WRITE_READING)
		write_target_read(e, s, event->now_ms);
}

static void lose_target(struct prepared *s, int64_t now_ms)
{
	s->target.seen = false;
	s->target.missing = true;
	s->write = WRITE_IDLE;
	s->cycle = 0;
	cycle_soon(s, now_ms);
}

static void target_event(struct engine *e, const struct event *event)
{
	bool of_pods = event->type != EVENT_TARGET && event->type != EVENT_TARGET_GONE &&
		       event->type != EVENT_READ_FAILED;
	uint64_t key = key_of(of_pods ? &event->u.pod.ref : &event->u.target.ref);
	for (int32_t i = 0; i < e->count; i++) {
		struct prepared *s = e->slots[i];
		if (!s || s->target.key != key || !s->policy)
			continue;
		if (of_pods)
			pods_event(e, s, event);
		else if (event->type == EVENT_TARGET_GONE)
			lose_target(s, event->now_ms);
		else if (event->type == EVENT_READ_FAILED)
			s->write = s->write == WRITE_READING ? WRITE_IDLE : s->write;
		else
			set_target(e, s, event);
	}
}

static struct prepared *slot_of(const struct engine *e, uint32_t slot)
{
	return slot < (uint32_t)e->count ? e->slots[slot] : NULL;
}

static void answer(struct engine *e, const struct event *event, const struct query_ref *q)
{
	struct prepared *s = slot_of(e, q->slot);
	if (!s || !slot_active(s) || (int32_t)q->metric >= s->policy->metric_count)
		return;
	bool history = q->kind == QUERY_HISTORY;
	if (event->type == EVENT_QUERY_FAILED && history)
		history_failed(s, event);
	else if (event->type == EVENT_QUERY_FAILED)
		cycle_failed(e, s, event);
	else if (history)
		history_take(s, event);
	else
		cycle_values(e, s, event);
}

const struct actions *engine_step(struct engine *e, const struct event *event)
{
	e->actions.count = 0;
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
	case EVENT_POLICY_GONE:
		policies_gone(e, event);
		break;
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
	case EVENT_SAVE_FAILED: {
		struct prepared *s = slot_of(e, event->u.written.write.slot);
		if (s && s->policy)
			write_answer(e, s, event);
		break;
	}
	}
	return &e->actions;
}

int64_t engine_next_tick_ms(const struct engine *e)
{
	int64_t next = INT64_MAX;
	for (int32_t i = 0; i < e->count; i++) {
		const struct prepared *s = e->slots[i];
		if (!s || !slot_active(s))
			continue;
		if (history_due_ms(e, s) < next)
			next = history_due_ms(e, s);
		if (s->next_cycle_ms < next)
			next = s->next_cycle_ms;
		if (s->cycle && s->deadline_ms < next)
			next = s->deadline_ms;
	}
	return next;
}

bool engine_has_work(const struct engine *e)
{
	for (int32_t i = 0; i < e->count; i++)
		if (e->slots[i] && history_has_work(e->slots[i]))
			return true;
	return false;
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
