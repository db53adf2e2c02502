/* One policy with its pods, values and forecasts, small enough to be written down in a
 * test. */
#ifndef FORETOP_TESTS_DECIDE_RIG_H
#define FORETOP_TESTS_DECIDE_RIG_H

#include "decide/decide.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define RIG_PODS   16
#define RIG_NOW_MS (1000000 * MS_PER_S)

struct rig {
	struct policy policy;
	struct policy_metric metrics[POLICY_METRICS_MAX];
	struct decide_config config;
	struct decide_memory memory;
	struct decision d;
	struct metric_decision decided[POLICY_METRICS_MAX];
	struct hpa_words words;
	struct pod pods[RIG_PODS];
	struct metric_values values[POLICY_METRICS_MAX];
	struct pod_value pod_values[POLICY_METRICS_MAX][RIG_PODS];
	struct forecast_proposal forecasts[POLICY_METRICS_MAX];
	struct hold_reasons holds;
	struct decide_input in; /* points into the rest */
};

/* `replicas` running pods that have been ready for long, bounds [1, 100], no metric, an
 * empty log that is already seeded, so that nothing stabilizes. */
static inline void rig_init(struct rig *r, int32_t replicas)
{
	*r = (struct rig){
		.policy = {.min_replicas = 1, .max_replicas = 100, .metrics = r->metrics},
		.memory = {.seeded = true},
		.d = {.metrics = r->decided,
		      .metric_count = POLICY_METRICS_MAX,
		      .words = &r->words},
	};
	decide_config_default(&r->config);
	r->in = (struct decide_input){
		.policy = &r->policy,
		.config = &r->config,
		.now_ms = RIG_NOW_MS,
		.scale = {.spec_replicas = replicas, .status_replicas = replicas},
		.pods = r->pods,
		.pod_count = replicas,
		.values = r->values,
		.forecasts = r->forecasts,
	};
	for (int32_t i = 0; i < replicas && i < RIG_PODS; i++) {
		struct pod *p = &r->pods[i];
		snprintf(p->name, sizeof(p->name), "p%d", i);
		p->key = hash_text(p->name);
		p->phase = POD_RUNNING;
		p->ready = READY_TRUE;
		p->containers = 1;
	}
}

/* A reason to hold, for the next decisions. */
static inline void rig_hold(struct rig *r, const char *text, bool down, bool up)
{
	hold_reasons_add(&r->holds, "Reason", down, up, "%s", text);
	r->in.holds = &r->holds;
}

static inline struct policy_metric *rig_metric(struct rig *r, enum metric_type type,
					       char *name, struct metric_target target)
{
	struct policy_metric *m = &r->policy.metrics[r->policy.metric_count++];
	*m = (struct policy_metric){
		.type = type,
		.name = name,
		.target = target,
		.forecast_target = target,
		.reactive_target = target,
		.forecast = true,
	};
	return m;
}

/* External, AverageValue: `total` units against `target` units per pod. */
static inline void rig_external(struct rig *r, char *name, int64_t target, int64_t total)
{
	r->values[r->policy.metric_count].total_m = total * 1000;
	rig_metric(r, METRIC_EXTERNAL, name,
		   (struct metric_target){TARGET_AVERAGE_VALUE, target * 1000, 0});
}

/* Values of the first `count` pods of metric i, all the same. */
static inline void rig_pod_values(struct rig *r, int32_t i, int32_t count,
				  int64_t value_m)
{
	for (int32_t k = 0; k < count; k++)
		r->pod_values[i][k] = (struct pod_value){
			.key = r->pods[k].key,
			.value_m = value_m,
			.time_ms = RIG_NOW_MS,
			.window_ms = 60000,
		};
	r->values[i].pods = r->pod_values[i];
	r->values[i].count = pod_values_merge(r->pod_values[i], count);
}

/* Resource cpu, Utilization: each pod requests one core and uses `pct` percent of it. */
static inline void rig_cpu(struct rig *r, int32_t target_pct, int32_t pct)
{
	int32_t i = r->policy.metric_count;
	for (int32_t k = 0; k < r->in.pod_count; k++)
		r->pods[k].request_m[i] = 1000;
	rig_metric(r, METRIC_RESOURCE, "cpu",
		   (struct metric_target){TARGET_UTILIZATION, 0, target_pct});
	rig_pod_values(r, i, r->in.pod_count, pct * 10);
}

/* A usable forecast of metric i over three minutes. */
static inline void rig_forecast(struct rig *r, int32_t i, double upper, double release)
{
	r->forecasts[i] = (struct forecast_proposal){
		.usable = true,
		.mean = upper * 0.9,
		.upper = upper,
		.release = release,
		.quantile = 0.95,
		.window_ms = 3 * MS_PER_MIN,
		.model = "linear regression (day)",
	};
}

/* A recommendation `age_s` seconds ago. */
static inline void rig_remember(struct rig *r, int32_t replicas, int64_t age_s)
{
	decide_memory_remember(&r->memory, -1, replicas, r->in.now_ms - age_s * MS_PER_S);
}

static inline int32_t rig_decide(struct rig *r)
{
	decide(&r->in, &r->memory, &r->d);
	return r->d.desired;
}

/* Writes what was decided and looks again seconds later. */
static inline int32_t rig_next(struct rig *r, int64_t seconds)
{
	struct scale_change change = {
		.from = r->d.current,
		.to = r->d.desired,
		.now_ms = r->in.now_ms,
		.released = r->d.released,
	};
	if (r->d.current != r->d.desired)
		decide_scaled(&r->memory, &r->policy, &r->config, &change, &r->d);
	r->in.scale.spec_replicas = r->in.scale.status_replicas = r->d.desired;
	r->in.now_ms += seconds * MS_PER_S;
	return rig_decide(r);
}

#endif
