#include "sim/rival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYNC_MS        (15 * MS_PER_S)
#define RATE_WINDOW_MS MS_PER_MIN

const char *rival_kind_name(enum rival_kind kind)
{
	static const char *const names[] = {
		[RIVAL_HPA] = "HPA",
		[RIVAL_FIXED] = "fixed size",
		[RIVAL_PERFECT] = "perfect forecast",
	};
	return names[kind];
}

/* --- what the HPA is told --- */

static void make_room(struct rival *r)
{
	if (r->room >= r->workload.pod_count)
		return;
	r->room = r->workload.pod_count * 2;
	r->pods = xrealloc(r->pods, (size_t)r->room * sizeof(*r->pods));
	r->values = xrealloc(r->values, (size_t)(r->room * r->policy.metric_count) *
						sizeof(*r->values));
}

/* Ascending like the pods, so that values come sorted. */
static uint64_t pod_key(const struct world_pod *p)
{
	return (uint64_t)p->serial + 1;
}

/* Only what has changed is told again. */
static void describe_pods(struct rival *r)
{
	const struct workload *w = &r->workload;
	if (r->described == w->changes)
		return;
	r->described = w->changes;
	const struct resource_request requests[] = {
		{"cpu", llround(w->config.cpu_request * 1000)},
		{"memory", llround(w->config.memory_request * 1000)},
	};
	const struct container_info container = {
		.name = "app", .requests = requests, .request_count = 2};
	for (int32_t i = 0; i < w->pod_count; i++) {
		const struct world_pod *p = &w->pods[i];
		bool ready = world_pod_ready(p, w->now_ms);
		char name[16];
		snprintf(name, sizeof(name), "pod-%d", p->serial);
		const struct pod_info info = {
			.name = name,
			.phase = POD_RUNNING,
			.ready = ready ? READY_TRUE : READY_FALSE,
			.created_ms = p->created_ms,
			.start_ms = p->created_ms,
			.ready_since_ms = ready ? p->ready_ms : p->created_ms,
			.containers = &container,
			.container_count = 1,
		};
		pod_set(&r->pods[i], &info, &r->policy, r->decide.pod_level_requests);
		r->pods[i].key = pod_key(p);
	}
}

/* What a pod shows of a metric; NaN: nothing. */
static double pod_metric(const struct rival *r, const struct policy_metric *m,
			 const struct world_pod *p, const struct cpu_window *window)
{
	const struct workload *w = &r->workload;
	if (m->type == METRIC_PODS)
		return world_pod_ready(p, w->now_ms)
			       ? workload_requests_rate(w, RATE_WINDOW_MS, w->now_ms) /
					 w->ready_count
			       : NAN;
	if (strcmp(m->name, "memory") == 0)
		return workload_pod_memory(w, p);
	return workload_pod_cpu(w, p, window);
}

static struct metric_values
pod_metrics(const struct rival *r, const struct policy_metric *m, struct pod_value *room)
{
	const struct workload *w = &r->workload;
	const struct cpu_window window =
		workload_cpu_window(w, RATE_WINDOW_MS, w->now_ms);
	int64_t time_ms = workload_scraped_ms(w, w->now_ms);
	int32_t n = 0;
	for (int32_t i = 0; i < w->pod_count; i++) {
		double value = pod_metric(r, m, &w->pods[i], &window);
		if (isnan(value))
			continue;
		room[n++] = (struct pod_value){
			.key = pod_key(&w->pods[i]),
			.value_m = (int64_t)ceil(value * 1000),
			.time_ms = time_ms,
			.window_ms = RATE_WINDOW_MS,
		};
	}
	if (n == 0)
		return (struct metric_values){.unknown = "no pod has been scraped yet"};
	return (struct metric_values){.pods = room, .count = n};
}

static struct metric_values metric_of(const struct rival *r, int32_t i)
{
	const struct policy_metric *m = &r->policy.metrics[i];
	const struct workload *w = &r->workload;
	if (m->type != METRIC_EXTERNAL && m->type != METRIC_OBJECT)
		return pod_metrics(r, m, r->values + (size_t)i * (size_t)r->room);
	double rate = workload_requests_rate(w, RATE_WINDOW_MS, w->now_ms);
	if (isnan(rate))
		return (struct metric_values){.unknown = "there is no value"};
	return (struct metric_values){.total_m = (int64_t)ceil(rate * 1000)};
}

/* Does any metric need the pods themselves, not just their number? */
static bool looks_at_pods(const struct policy *p)
{
	for (int32_t i = 0; i < p->metric_count; i++)
		if ((p->metrics[i].type != METRIC_EXTERNAL &&
		     p->metrics[i].type != METRIC_OBJECT) ||
		    p->metrics[i].target.type == TARGET_VALUE)
			return true;
	return false;
}

static int32_t hpa_replicas(struct rival *r)
{
	struct metric_values values[POLICY_METRICS_MAX];
	const struct workload *w = &r->workload;
	bool pods = looks_at_pods(&r->policy);
	if (pods) {
		make_room(r);
		describe_pods(r);
	}
	for (int32_t i = 0; i < r->policy.metric_count; i++)
		values[i] = metric_of(r, i);
	const struct decide_input in = {
		.policy = &r->policy,
		.config = &r->decide,
		.now_ms = w->now_ms,
		.scale = {.spec_replicas = w->replicas, .status_replicas = w->pod_count},
		.pods = r->pods,
		.pod_count = pods ? w->pod_count : 0,
		.values = values,
	};
	decide(&in, &r->memory, &r->decision);
	if (r->decision.desired != w->replicas) {
		const struct scale_change change = {.from = w->replicas,
						    .to = r->decision.desired,
						    .now_ms = w->now_ms};
		decide_scaled(&r->memory, &r->policy, &r->decide, &change, &r->decision);
	}
	return r->decision.desired;
}

/* --- the others --- */

static int32_t bounded(const struct rival *r, double replicas)
{
	replicas = fmax(replicas, r->policy.min_replicas);
	return (int32_t)fmin(replicas, r->policy.max_replicas);
}

static int32_t enough_for(const struct rival *r, double demand)
{
	return bounded(r, ceil(demand / r->workload.config.capacity));
}

static int32_t perfect_replicas(const struct rival *r)
{
	const struct workload_config *c = &r->workload.config;
	int64_t now_ms = r->workload.now_ms;
	int64_t ahead_ms = now_ms + c->lead_ms + c->lead_jitter_ms + r->sync_ms;
	if (r->until_ms && ahead_ms >= r->until_ms)
		ahead_ms = r->until_ms - 1;
	double most =
		fmax(trace_at(c->demand, now_ms), trace_max(c->demand, now_ms, ahead_ms));
	return enough_for(r, most);
}

/* --- life --- */

static void turn_forecast_off(struct policy *p)
{
	p->forecast.mode = FORECAST_DISABLED;
	p->holds = (struct policy_holds){.scale_down_during_rollout = true};
	for (int32_t i = 0; i < p->metric_count; i++) {
		p->metrics[i].forecast = false;
		p->metrics[i].forecast_target = p->metrics[i].target;
		p->metrics[i].reactive_target = p->metrics[i].target;
	}
}

void rival_init(struct rival *r, const struct rival_config *config, int64_t now_ms)
{
	*r = (struct rival){.kind = config->kind};
	policy_borrow(config->policy, r->metrics, &r->policy);
	r->decision.metrics = r->decided;
	r->decision.metric_count = POLICY_METRICS_MAX;
	turn_forecast_off(&r->policy);
	if (config->decide)
		r->decide = *config->decide;
	else
		decide_config_default(&r->decide);
	r->decide.terse |= config->terse;
	r->sync_ms = config->sync_ms ? config->sync_ms : SYNC_MS;
	r->next_sync_ms = now_ms;
	r->until_ms = config->until_ms;
	workload_init(&r->workload, &config->workload, now_ms);
	if (r->kind != RIVAL_FIXED)
		return;
	double most =
		fmax(trace_at(config->workload.demand, now_ms),
		     trace_max(config->workload.demand, now_ms, config->until_ms - 1));
	workload_fini(&r->workload);
	struct workload_config fixed = config->workload;
	r->workload.config = fixed; /* enough_for asks for its capacity */
	fixed.replicas = enough_for(r, most);
	workload_init(&r->workload, &fixed, now_ms);
}

void rival_fini(struct rival *r)
{
	if (!r)
		return;
	workload_fini(&r->workload);
	free(r->pods);
	free(r->values);
	*r = (struct rival){0};
}

static void sync(struct rival *r)
{
	switch (r->kind) {
	case RIVAL_HPA:
		workload_scale(&r->workload, hpa_replicas(r));
		return;
	case RIVAL_PERFECT:
		workload_scale(&r->workload, perfect_replicas(r));
		return;
	case RIVAL_FIXED:
		return;
	}
}

void rival_advance(struct rival *r, int64_t to_ms)
{
	while (r->next_sync_ms <= to_ms) {
		workload_advance(&r->workload, r->next_sync_ms);
		sync(r);
		r->next_sync_ms += r->sync_ms;
	}
	workload_advance(&r->workload, to_ms);
}
