/* An engine on the bench: events in, the newest actions at hand. */
#ifndef FORETOP_TESTS_ENGINE_RIG_H
#define FORETOP_TESTS_ENGINE_RIG_H

#include "engine/slot.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define MONDAY INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */

#define HEAD(target)                                                                     \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: " target "}\n"    \
	"mode: Scale\nminReplicas: 2\nmaxReplicas: 40\n"
#define EXTERNAL                                                                         \
	"- type: External\n"                                                             \
	"  external: {metric: {name: requests}, target: {type: AverageValue, "           \
	"averageValue: \"100\"}}\n"                                                      \
	"  query: sum(rate(requests[1m]))\n"
#define CPU                                                                              \
	"- type: Resource\n"                                                             \
	"  resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}\n"
#define NO_FORECAST "forecast: {mode: Disabled}\n"
/* Reactive, 100 requests per pod. */
#define REACTIVE HEAD("checkout") "metrics:\n" EXTERNAL NO_FORECAST
#define FORECAST                                                                         \
	HEAD("checkout")                                                                 \
	"metrics:\n" EXTERNAL "forecast: {mode: Always, history: 2d, leadTime: 120s}\n"

struct rig {
	struct engine *e;
	int64_t now_ms;
	const struct actions *did; /* by the newest step */
	struct query_ref asked;    /* newest QUERY_CURRENT */
	struct query_ref guard;    /* newest QUERY_GUARD */
	struct query_ref history;  /* newest QUERY_HISTORY, with its range */
	int64_t start_ms, end_ms;
	struct write_ref write; /* newest ACTION_SCALE or ACTION_SAVE */
};

static inline void rig_open(struct rig *r, const struct engine_config *config)
{
	struct engine_config usual;
	engine_config_default(&usual);
	*r = (struct rig){.now_ms = MONDAY};
	r->e = engine_new(config ? config : &usual);
}

static inline void rig_close(struct rig *r)
{
	engine_free(r->e);
}

static inline const struct actions *rig_step(struct rig *r, struct event *event)
{
	event->now_ms = r->now_ms;
	r->did = engine_step(r->e, event);
	for (int32_t i = 0; i < r->did->count; i++) {
		const struct action *a = &r->did->items[i];
		if (a->type == ACTION_QUERY && a->u.query.ref.kind == QUERY_CURRENT)
			r->asked = a->u.query.ref;
		if (a->type == ACTION_QUERY && a->u.query.ref.kind == QUERY_GUARD)
			r->guard = a->u.query.ref;
		if (a->type == ACTION_QUERY && a->u.query.ref.kind == QUERY_HISTORY) {
			r->history = a->u.query.ref;
			r->start_ms = a->u.query.start_ms;
			r->end_ms = a->u.query.end_ms;
		}
		if (a->type == ACTION_SCALE)
			r->write = a->u.scale.ref;
		if (a->type == ACTION_SAVE)
			r->write = a->u.save.ref;
	}
	return r->did;
}

/* The first action of the newest step with this type, or NULL. */
static inline const struct action *rig_find(const struct rig *r, enum action_type type)
{
	for (int32_t i = 0; i < r->did->count; i++)
		if (r->did->items[i].type == type)
			return &r->did->items[i];
	return NULL;
}

static inline int rig_count(const struct rig *r, enum action_type type)
{
	int n = 0;
	for (int32_t i = 0; i < r->did->count; i++)
		n += r->did->items[i].type == type;
	return n;
}

/* The Event with this reason in the newest step, or NULL. */
static inline const struct action *rig_event(const struct rig *r, const char *reason)
{
	for (int32_t i = 0; i < r->did->count; i++)
		if (r->did->items[i].type == ACTION_EVENT &&
		    !strcmp(r->did->items[i].u.event.reason, reason))
			return &r->did->items[i];
	return NULL;
}

static inline struct policy *rig_parse(const char *name, const char *text,
				       int64_t created_ms)
{
	struct err err = {0};
	struct policy *p = policy_parse("shop", name, text, strlen(text), &err);
	ck_assert_msg(p != NULL, "%s", err.msg);
	p->created_ms = created_ms;
	return p;
}

static inline void rig_set(struct rig *r, struct prepared *p)
{
	struct event event = {.type = EVENT_POLICY_SET};
	event.u.policy_set.prepared = p;
	rig_step(r, &event);
}

static inline void rig_policy(struct rig *r, const char *name, const char *text)
{
	rig_set(r,
		engine_prepare(r->e, "shop", name, rig_parse(name, text, 0), NULL, NULL));
}

static inline void rig_policy_gone(struct rig *r, const char *name)
{
	struct event event = {.type = EVENT_POLICY_GONE};
	event.u.policy_gone.ns = "shop";
	event.u.policy_gone.name = name;
	rig_step(r, &event);
}

static inline void rig_target_event(struct rig *r, enum event_type type, const char *name,
				    int32_t replicas, const char *version,
				    const char *uid)
{
	struct event event = {.type = type};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", name};
	event.u.target.info = (struct target_info){.replicas = replicas,
						   .status_replicas = replicas,
						   .resource_version = version,
						   .uid = uid};
	rig_step(r, &event);
}

static inline void rig_target(struct rig *r, int32_t replicas, const char *version)
{
	rig_target_event(r, EVENT_TARGET, "checkout", replicas, version, "uid-1");
}

static inline void rig_pods_mark(struct rig *r, enum event_type type, const char *target)
{
	struct event event = {.type = type};
	event.u.pod.ref = (struct target_ref){"shop", "Deployment", target};
	rig_step(r, &event);
}

/* A Ready pod with a request of 1 core, Ready 30 s after its creation an hour ago; `edit`
 * may be NULL. */
static inline void rig_pod(struct rig *r, const char *name, const struct pod_info *edit)
{
	struct resource_request cpu = {"cpu", 1000};
	struct container_info container = {
		.name = "main", .requests = &cpu, .request_count = 1};
	struct pod_info info = {
		.phase = POD_RUNNING,
		.ready = READY_TRUE,
		.created_ms = r->now_ms - MS_PER_H,
		.start_ms = r->now_ms - MS_PER_H,
		.ready_since_ms = r->now_ms - MS_PER_H + 30 * MS_PER_S,
	};
	struct event event = {.type = EVENT_POD};
	if (edit)
		info = *edit;
	info.name = name;
	info.containers = &container;
	info.container_count = 1;
	event.u.pod.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.pod.info = &info;
	rig_step(r, &event);
}

static inline void rig_pod_gone(struct rig *r, const char *name)
{
	struct event event = {.type = EVENT_POD_GONE};
	event.u.pod.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.pod.name = name;
	rig_step(r, &event);
}

/* A list of pods called p0, p1, ... */
static inline void rig_pods(struct rig *r, int32_t count)
{
	rig_pods_mark(r, EVENT_PODS_RESET, "checkout");
	for (int32_t i = 0; i < count; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		rig_pod(r, name, NULL);
	}
	rig_pods_mark(r, EVENT_PODS_SYNCED, "checkout");
}

static inline void rig_tick(struct rig *r)
{
	struct event event = {.type = EVENT_TICK};
	rig_step(r, &event);
}

/* The next tick, when it is due. */
static inline void rig_next(struct rig *r)
{
	int64_t next = engine_next_tick_ms(r->e);
	ck_assert(next != INT64_MAX);
	if (next > r->now_ms)
		r->now_ms = next;
	rig_tick(r);
}

/* Ticks on until a current query goes out. */
static inline void rig_until_asked(struct rig *r)
{
	for (uint64_t before = r->asked.cycle; r->asked.cycle == before;)
		rig_next(r);
}

static inline void rig_rows(struct rig *r, const struct value_row *rows, int32_t count)
{
	struct event event = {.type = EVENT_VALUES};
	event.u.values.query = r->asked;
	event.u.values.rows = rows;
	event.u.values.count = count;
	rig_step(r, &event);
}

static inline void rig_value(struct rig *r, double value)
{
	struct value_row row = {.value = value, .time_ms = r->now_ms};
	rig_rows(r, &row, 1);
}

/* The newest guard's query has this value; NaN: it failed. */
static inline void rig_guard(struct rig *r, double value)
{
	struct value_row row = {.value = value, .time_ms = r->now_ms};
	struct event event = {.type = EVENT_VALUES};
	event.u.values.query = r->guard;
	event.u.values.rows = &row;
	event.u.values.count = 1;
	if (isnan(value)) {
		event.type = EVENT_QUERY_FAILED;
		event.u.query_failed.query = r->guard;
		event.u.query_failed.why = "connection refused";
	}
	rig_step(r, &event);
}

static inline void rig_fail(struct rig *r, const char *why)
{
	struct event event = {.type = EVENT_QUERY_FAILED};
	event.u.query_failed.query = r->asked;
	event.u.query_failed.why = why;
	rig_step(r, &event);
}

/* A whole cycle with this value. */
static inline void rig_cycle(struct rig *r, double value)
{
	rig_until_asked(r);
	rig_value(r, value);
}

static inline void rig_written(struct rig *r, enum event_type type, const char *text)
{
	struct event event = {.type = type};
	event.u.written.write = r->write;
	event.u.written.resource_version = text;
	event.u.written.why = text;
	rig_step(r, &event);
}

/* A policy in force, its target with `replicas` at version 10 and as many pods; the first
 * query is out. */
static inline void rig_start(struct rig *r, const char *text, int32_t replicas)
{
	rig_policy(r, "checkout", text);
	rig_target(r, replicas, "10");
	rig_pods(r, replicas);
	rig_until_asked(r);
}

static inline const struct policy_status *rig_status(const struct rig *r)
{
	return engine_policy_status(r->e, 0);
}

static inline struct prepared *rig_slot(const struct rig *r)
{
	return r->e->slots[0];
}

#define rig_condition(r, c) ((int)rig_status(r)->conditions[c].status)

#endif
