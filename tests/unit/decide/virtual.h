/* A load of made-up minutes for the virtual deployments: what is forecast of it, and what
 * a pod carries. */
#ifndef FORETOP_TESTS_DECIDE_VIRTUAL_H
#define FORETOP_TESTS_DECIDE_VIRTUAL_H

#include "decide/gate.h"
#include "unit/harness.h"

#define MINUTES_PER_DAY 1440
#define VIRTUAL_START   (1000000 * MS_PER_MIN)
#define VIRTUAL_WINDOW  5
#define VIRTUAL_DELAY   (205 * MS_PER_S)

/* Lives through minutes from VIRTUAL_START on. */
struct virtual
{
	struct policy policy;
	struct policy_metric metrics[POLICY_METRICS_MAX];
	struct decide_config config;
	struct shadow shadow;
	struct shadow_events events[SHADOW_FLEETS];
	struct gate gate;
	struct shadow_costs costs; /* of the newest minute that had some */
	bool said;                 /* it had */
	int64_t minute;            /* next one */
	double unserved_ours, unserved_reactive, pods_ours, pods_reactive;
};

/* 100 units per pod under every target, bounds [1, 100]. */
static inline void virtual_open(struct virtual *v)
{
	*v = (struct virtual){.policy = {.min_replicas = 1, .max_replicas = 100}};
	decide_config_default(&v->config);
	v->shadow.events = v->events;
	v->policy.metrics = v->metrics;
	v->policy.metric_count = 1;
	v->policy.metrics[0].type = METRIC_EXTERNAL;
	v->policy.forecast.quantile = 0.95;
	v->policy.forecast.release = true;
}

static inline struct shadow_metric virtual_metric(double demand, double upper)
{
	return (struct shadow_metric){
		.demand = demand,
		.upper = upper,
		.release = upper,
		.target = 100,
		.forecast_target = 100,
		.reactive_target = 100,
	};
}

static inline void virtual_minute(struct virtual *v, const struct shadow_metric *metrics,
				  int32_t count)
{
	struct shadow_minute m = {
		.policy = &v->policy,
		.config = &v->config,
		.end_ms = VIRTUAL_START + ++v->minute * MS_PER_MIN,
		.delay_ms = VIRTUAL_DELAY,
		.quantile = v->policy.forecast.quantile,
		.metrics = metrics,
		.count = count,
	};
	v->said = shadow_live(&v->shadow, &m, &v->costs);
	if (!v->said)
		return;
	gate_heed(&v->gate, &v->costs, v->policy.forecast.quantile, m.end_ms);
	v->pods_ours += v->costs.ours.pods;
	v->pods_reactive += v->costs.reactive.pods;
	v->unserved_ours += v->costs.ours.unserved;
	v->unserved_reactive += v->costs.reactive.unserved;
}

/* A working day: 300 at night, 1,500 from nine to five, with ramps of ten minutes. */
static inline double virtual_load(int64_t minute)
{
	double at = (double)(minute % MINUTES_PER_DAY);
	double up = fmin(fmax((at - 540) / 10, 0), 1);
	double down = fmin(fmax((at - 1020) / 10, 0), 1);
	return 300 + 1200 * (up - down);
}

static inline double virtual_peak(int64_t minute)
{
	double most = 0;
	for (int64_t k = 1; k <= VIRTUAL_WINDOW; k++)
		most = fmax(most, virtual_load(minute + k));
	return most;
}

/* `days` of the working day with a forecast that is `factor` times the truth (NaN: none).
 */
static inline void virtual_days(struct virtual *v, double days, double factor)
{
	for (int64_t i = 0; i < (int64_t)(days * MINUTES_PER_DAY); i++) {
		int64_t minute = v->minute;
		struct shadow_metric x = virtual_metric(virtual_load(minute),
							factor * virtual_peak(minute));
		virtual_minute(v, &x, 1);
	}
}

#endif
