/* Random worlds from a seed: one workload with its pods and metrics as the HPA sees them
 * (unit/decide/hpa.h), and the same as the input of decide(). */
#ifndef FORETOP_TESTS_DECIDE_WORLDS_H
#define FORETOP_TESTS_DECIDE_WORLDS_H

#include "decide/decide.h"
#include "unit/decide/hpa.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define WORLD_START_S 1000000

struct world {
	uint64_t seed;
	struct rng rng;
	struct hpa hpa;
	struct policy policy;
	struct policy_metric metrics[POLICY_METRICS_MAX];
	struct decide_config config;
	struct decide_memory memory;
	struct decision d;
	struct metric_decision decided[POLICY_METRICS_MAX];
	struct hpa_words words;
	struct pod pods[HPA_PODS];
	struct metric_values values[POLICY_METRICS_MAX];
	struct pod_value pod_values[HPA_METRICS][2 * HPA_PODS + HPA_FOREIGN];
	struct forecast_proposal forecasts[POLICY_METRICS_MAX];
	/* What decide() gets: arrays that end where they end, so that the address
	 * sanitizer sees a step beyond. */
	struct pod *exact_pods;
	struct pod_value *exact_values[HPA_METRICS];
};

static inline int32_t world_below(struct world *w, int32_t n)
{
	return (int32_t)(rng_next(&w->rng) % (uint64_t)n);
}

static inline bool world_chance(struct world *w, int32_t percent)
{
	return world_below(w, 100) < percent;
}

#define WORLD_PICK(w, ...)                                                               \
	((const int64_t[]){__VA_ARGS__}[world_below(                                     \
		w, (int32_t)ARRAY_LEN(((const int64_t[]){__VA_ARGS__})))])

static inline void world_rules_roll(struct world *w, struct hpa_rules *r)
{
	r->has_window = world_chance(w, 60);
	r->window = WORLD_PICK(w, 0, 15, 30, 60, 300, 3600);
	r->has_tolerance = world_chance(w, 40);
	r->tolerance = (double)WORLD_PICK(w, 0, 5, 10, 20) / 100;
	r->select = world_chance(w, 70) ? HPA_MAX : (enum hpa_select)world_below(w, 3);
	r->count = 1 + world_below(w, HPA_RULES);
	for (int i = 0; i < r->count; i++)
		r->rules[i] = (struct hpa_rule){
			.percent = world_chance(w, 50),
			.value = (int32_t)WORLD_PICK(w, 1, 2, 4, 10, 33, 50, 90, 100),
			.period = WORLD_PICK(w, 15, 30, 60, 120, 1800),
		};
}

static inline void world_metric_roll(struct world *w, struct hpa_metric *m)
{
	m->source = (enum hpa_source)world_below(w, 5);
	m->cpu = world_chance(w, 70);
	m->container = world_chance(w, 80) ? 0 : 1;
	m->target = world_chance(w, 50) ? HPA_VALUE : HPA_AVERAGE;
	if (m->source == HPA_RESOURCE || m->source == HPA_CONTAINER)
		m->target = world_chance(w, 70) ? HPA_UTILIZATION : HPA_AVERAGE;
	if (m->source == HPA_PER_POD)
		m->target = HPA_AVERAGE;
	m->target_value = m->target == HPA_UTILIZATION
				  ? WORLD_PICK(w, 20, 50, 80, 100, 150)
				  : WORLD_PICK(w, 100, 500, 1000, 7777);
}

static inline void world_pod_roll(struct world *w, struct hpa_pod *p)
{
	int64_t age = WORLD_PICK(w, 0, 5, 10, 29, 30, 31, 60, 119, 120, 299, 300, 301,
				 4000, 4000, 4000, 4000);
	*p = (struct hpa_pod){
		.phase = world_chance(w, 85) ? HPA_RUNNING
					     : (enum hpa_phase)world_below(w, 5),
		.ready = world_chance(w, 80) ? HPA_READY
					     : (enum hpa_ready)world_below(w, 4),
		.deleted = world_chance(w, 4),
		.start = world_chance(w, 96) ? w->hpa.now - age : HPA_NEVER,
		.containers = world_chance(w, 70) ? 1 : 2,
	};
	p->ready_since = w->hpa.now - age + WORLD_PICK(w, 0, 5, 9, 10, 11, 29, 30, 31);
	for (int c = 0; c < 2; c++)
		p->request[c] = world_chance(w, 99)
					? WORLD_PICK(w, 0, 100, 250, 1000, 1000, 1000)
					: HPA_NEVER;
}

/* Values around what is asked for, often just so much: borders are what is tested. */
static inline int64_t world_value_roll(struct world *w, int64_t whole)
{
	static const int32_t percents[] = {90, 100, 110, 111, 89, 91, 99, 101, 50, 200};
	if (world_chance(w, 50))
		return whole * percents[world_below(w, (int32_t)ARRAY_LEN(percents))] /
		       100;
	return (int64_t)((double)whole * 2.5 * rng_uniform(&w->rng));
}

static inline void world_values_roll(struct world *w, struct hpa_metric *m)
{
	struct hpa *h = &w->hpa;
	int64_t whole = m->target_value;
	int32_t common = world_below(w, 2); /* all pods alike, or each as it likes */
	int64_t percent = world_value_roll(w, 100);
	m->broken = world_chance(w, 4);
	for (int p = 0; p < h->pod_count; p++) {
		struct hpa_sample *s = &m->samples[p];
		s->time = h->now - WORLD_PICK(w, 0, 0, 0, 5, 10, 29, 30, 31, 60);
		s->window = WORLD_PICK(w, 10, 30, 60);
		for (int c = 0; c < 2; c++) {
			if (m->target == HPA_UTILIZATION)
				whole = h->pods[p].request[c] * m->target_value / 100;
			s->value[c] = common ? whole * percent / 100
					     : world_value_roll(w, whole);
			if (s->value[c] < 0 || world_chance(w, 5))
				s->value[c] = HPA_NEVER;
		}
	}
	m->foreign = world_chance(w, 8) ? 1 + world_below(w, HPA_FOREIGN) : 0;
	for (int f = 0; f < m->foreign; f++)
		m->foreign_value[f] = world_value_roll(w, 1000);
	int32_t base = m->target == HPA_AVERAGE ? h->status_replicas : 1;
	m->total = world_value_roll(w, m->target_value * (base ? base : 1));
	if (world_chance(w, 4))
		m->total = WORLD_PICK(w, 0, 0, 0, 0, -5000, INT64_MAX);
}

/* Time goes on, pods and values change. */
static inline void world_turn(struct world *w)
{
	struct hpa *h = &w->hpa;
	h->now += WORLD_PICK(w, 15, 15, 15, 15, 15, 30, 7, 1, 60, 285, 300, 301);
	h->pod_count = h->spec_replicas + world_below(w, 3) - 1;
	if (h->pod_count < 0 || world_chance(w, 2))
		h->pod_count = 0;
	if (h->pod_count > HPA_PODS)
		h->pod_count = HPA_PODS;
	h->status_replicas = world_chance(w, 85) ? h->spec_replicas : h->pod_count;
	for (int p = 0; p < HPA_PODS; p++)
		if (world_chance(w, 12))
			world_pod_roll(w, &h->pods[p]);
	for (int m = 0; m < h->metric_count; m++)
		world_values_roll(w, &h->metrics[m]);
	/* Somebody edits the bounds. */
	if (world_chance(w, 1))
		h->min = w->policy.min_replicas = world_below(w, h->max < 6 ? h->max : 6);
}

static inline void world_rules_give(const struct hpa_rules *from,
				    struct scaling_rules *to)
{
	*to = (struct scaling_rules){
		.has_stabilization = from->has_window,
		.stabilization_s = (int32_t)from->window,
		.select = from->select == HPA_MAX   ? SELECT_MAX
			  : from->select == HPA_MIN ? SELECT_MIN
						    : SELECT_DISABLED,
		.count = from->count,
		.has_tolerance = from->has_tolerance,
		.tolerance = from->tolerance,
	};
	for (int i = 0; i < from->count; i++)
		to->rules[i] = (struct scaling_rule){
			from->rules[i].percent ? RULE_PERCENT : RULE_PODS,
			from->rules[i].value, (int32_t)from->rules[i].period};
}

static inline struct metric_target world_target(const struct hpa_metric *m)
{
	switch (m->target) {
	case HPA_UTILIZATION:
		return (struct metric_target){TARGET_UTILIZATION, 0,
					      (int32_t)m->target_value};
	case HPA_VALUE:
		return (struct metric_target){TARGET_VALUE, m->target_value, 0};
	case HPA_AVERAGE:
		break;
	}
	return (struct metric_target){TARGET_AVERAGE_VALUE, m->target_value, 0};
}

static inline void world_policy_give(struct world *w)
{
	static const enum metric_type types[] = {METRIC_RESOURCE,
						 METRIC_CONTAINER_RESOURCE, METRIC_PODS,
						 METRIC_OBJECT, METRIC_EXTERNAL};
	static char *const containers[] = {"c0", "c1"};
	const struct hpa *h = &w->hpa;
	w->d.metrics = w->decided;
	w->d.metric_count = POLICY_METRICS_MAX;
	w->d.words = &w->words;
	w->policy = (struct policy){
		.mode = MODE_SCALE,
		.min_replicas = h->min,
		.max_replicas = h->max,
		.metrics = w->metrics,
		.metric_count = h->metric_count,
		.has_behavior = h->has_behavior,
	};
	world_rules_give(&h->up, &w->policy.up);
	world_rules_give(&h->down, &w->policy.down);
	for (int m = 0; m < h->metric_count; m++) {
		const struct hpa_metric *from = &h->metrics[m];
		struct policy_metric *to = &w->policy.metrics[m];
		bool resource =
			from->source == HPA_RESOURCE || from->source == HPA_CONTAINER;
		*to = (struct policy_metric){.type = types[from->source]};
		to->name = !resource ? "requests" : from->cpu ? "cpu" : "memory";
		to->container = from->source == HPA_CONTAINER
					? containers[from->container]
					: NULL;
		to->target = to->forecast_target = to->reactive_target =
			world_target(from);
	}
}

/* A world and its first moment: nothing in it that only Foretop has. `w` is zeroed or was
 * open before. */
static inline void world_open(struct world *w, uint64_t seed)
{
	free(w->exact_pods);
	for (int m = 0; m < HPA_METRICS; m++)
		free(w->exact_values[m]);
	memset(w, 0, sizeof(*w));
	w->seed = seed;
	rng_init(&w->rng, seed);
	struct hpa *h = &w->hpa;
	h->now = WORLD_START_S;
	h->tolerance = (double)WORLD_PICK(w, 10, 10, 10, 0, 5) / 100;
	h->downscale_window = WORLD_PICK(w, 300, 300, 60, 15, 0);
	h->cpu_initialization = WORLD_PICK(w, 300, 120);
	h->readiness_delay = WORLD_PICK(w, 30, 10);
	h->scale_to_zero_gate = world_chance(w, 80);
	h->min = world_chance(w, 25) ? 0 : 1 + world_below(w, 4);
	h->max = (h->min ? h->min : 1) + (int32_t)WORLD_PICK(w, 0, 1, 3, 8, 30, 1000);
	h->has_behavior = world_chance(w, 60);
	world_rules_roll(w, &h->up);
	world_rules_roll(w, &h->down);
	h->metric_count = 1 + world_below(w, HPA_METRICS);
	for (int m = 0; m < h->metric_count; m++)
		world_metric_roll(w, &h->metrics[m]);
	for (int p = 0; p < HPA_PODS; p++)
		world_pod_roll(w, &h->pods[p]);
	h->spec_replicas = world_below(w, 10);
	decide_config_default(&w->config);
	w->config.tolerance = h->tolerance;
	w->config.downscale_stabilization_ms = h->downscale_window * MS_PER_S;
	w->config.cpu_initialization_ms = h->cpu_initialization * MS_PER_S;
	w->config.initial_readiness_delay_ms = h->readiness_delay * MS_PER_S;
	w->config.scale_to_zero = h->scale_to_zero_gate;
	world_policy_give(w);
	world_turn(w);
}

static inline int64_t world_ms(int64_t s)
{
	return s == HPA_NEVER ? POD_TIME_NONE : s * MS_PER_S;
}

static inline void world_pod_give(struct world *w, int p)
{
	static const char *const names[] = {"c0", "c1"};
	static const enum pod_phase phases[] = {
		[HPA_UNKNOWN] = POD_PHASE_UNKNOWN, [HPA_PENDING] = POD_PENDING,
		[HPA_RUNNING] = POD_RUNNING,       [HPA_SUCCEEDED] = POD_SUCCEEDED,
		[HPA_FAILED] = POD_FAILED,
	};
	static const enum pod_ready readies[] = {
		[HPA_NO_CONDITION] = READY_NONE,
		[HPA_READY] = READY_TRUE,
		[HPA_NOT_READY] = READY_FALSE,
		[HPA_READY_UNKNOWN] = READY_UNKNOWN,
	};
	const struct hpa_pod *pod = &w->hpa.pods[p];
	struct container_info containers[2];
	struct resource_request requests[2][2];
	char name[16];
	snprintf(name, sizeof(name), "p%d", p);
	for (int c = 0; c < pod->containers; c++) {
		requests[c][0] = (struct resource_request){"cpu", pod->request[c]};
		requests[c][1] = (struct resource_request){"memory", pod->request[c]};
		containers[c] = (struct container_info){
			.name = names[c],
			.requests = requests[c],
			.request_count = pod->request[c] == HPA_NEVER ? 0 : 2,
		};
	}
	struct pod_info info = {
		.name = name,
		.phase = phases[pod->phase],
		.ready = readies[pod->ready],
		.deleted = pod->deleted,
		.created_ms = world_ms(pod->start),
		.start_ms = world_ms(pod->start),
		.ready_since_ms = world_ms(pod->ready_since),
		.containers = containers,
		.container_count = pod->containers,
	};
	pod_set(&w->pods[p], &info, &w->policy, w->config.pod_level_requests);
}

static inline int32_t world_pod_values(struct world *w, int m, int p)
{
	const struct hpa_metric *from = &w->hpa.metrics[m];
	const struct hpa_sample *s = &from->samples[p];
	struct pod_value *to = w->pod_values[m] + w->values[m].count;
	int32_t n = 0;
	for (int c = 0; c < 2; c++) {
		bool asked =
			from->source == HPA_RESOURCE ? c < w->hpa.pods[p].containers
			: from->source == HPA_CONTAINER
				? c == from->container && c < w->hpa.pods[p].containers
				: c == 0;
		if (!asked || s->value[c] == HPA_NEVER)
			continue;
		to[n++] = (struct pod_value){
			.key = w->pods[p].key,
			.value_m = s->value[c],
			.time_ms = s->time * MS_PER_S,
			.window_ms = (int32_t)(s->window * MS_PER_S),
			.containers = from->source == HPA_RESOURCE,
		};
	}
	return n;
}

static inline void world_metric_give(struct world *w, int m)
{
	const struct hpa_metric *from = &w->hpa.metrics[m];
	struct metric_values *v = &w->values[m];
	*v = (struct metric_values){.pods = w->pod_values[m], .total_m = from->total};
	if (from->broken)
		v->unknown = "connection refused";
	if (from->source == HPA_OBJECT || from->source == HPA_EXTERNAL)
		return;
	for (int p = 0; p < w->hpa.pod_count; p++)
		v->count += world_pod_values(w, m, p);
	for (int f = 0; f < from->foreign; f++)
		w->pod_values[m][v->count++] = (struct pod_value){
			.key = hash_text(f ? "foreign-1" : "foreign-0"),
			.value_m = from->foreign_value[f],
			.time_ms = w->hpa.now * MS_PER_S,
			.window_ms = 60000,
		};
	v->count = pod_values_merge(w->pod_values[m], v->count);
}

static inline void *world_exact(void *old, const void *items, size_t size)
{
	free(old);
	void *copy = xmalloc(size ? size : 1);
	memcpy(copy, items, size);
	return copy;
}

/* The world as decide() takes it; valid until the next turn. */
static inline struct decide_input world_input(struct world *w)
{
	for (int p = 0; p < w->hpa.pod_count; p++)
		world_pod_give(w, p);
	w->exact_pods = world_exact(w->exact_pods, w->pods,
				    sizeof(w->pods[0]) * (size_t)w->hpa.pod_count);
	for (int m = 0; m < w->hpa.metric_count; m++) {
		world_metric_give(w, m);
		w->exact_values[m] = world_exact(w->exact_values[m], w->pod_values[m],
						 sizeof(w->pod_values[m][0]) *
							 (size_t)w->values[m].count);
		w->values[m].pods = w->exact_values[m];
	}
	return (struct decide_input){
		.policy = &w->policy,
		.config = &w->config,
		.now_ms = w->hpa.now * MS_PER_S,
		.scale = {.spec_replicas = w->hpa.spec_replicas,
			  .status_replicas = w->hpa.status_replicas},
		.pods = w->exact_pods,
		.pod_count = w->hpa.pod_count,
		.values = w->values,
	};
}

/* What was decided is written, to decide()'s memory and to the HPA's. */
static inline void world_write(struct world *w)
{
	struct scale_change change = {.from = w->d.current,
				      .to = w->d.desired,
				      .now_ms = w->hpa.now * MS_PER_S,
				      .released = w->d.released};
	if (w->d.desired == w->d.current)
		return;
	decide_scaled(&w->memory, &w->policy, &w->config, &change, &w->d);
	hpa_scaled(&w->hpa, w->d.desired);
}

#endif
