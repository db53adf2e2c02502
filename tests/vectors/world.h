/* A vector's pods, metrics and rules as the inputs of lib/decide. */
#ifndef FORETOP_TESTS_VECTORS_WORLD_H
#define FORETOP_TESTS_VECTORS_WORLD_H

#include "decide/decide.h"
#include "vectors/exact.h"

#define VECTOR_NOW_MS (1000000 * MS_PER_S)
/* A metric type that no API knows. */
#define METRIC_UNHEARD_OF ((enum metric_type)99)

struct world {
	struct policy policy;
	struct policy_metric metrics[POLICY_METRICS_MAX];
	struct decide_config config;
	struct pod *pods;
	int32_t pod_count;
	struct metric_values values[POLICY_METRICS_MAX];
	struct pod_value *pod_values[POLICY_METRICS_MAX]; /* memory behind values */
	struct decide_memory memory;
};

/* The defaults of the API and of upstream's tests, overridden by the file's `config`. */
void world_init(struct world *w, const cJSON *file);
void world_fini(struct world *w);

/* `rules` (NULL: the API's default) of one direction; every absent field is defaulted by
 * itself. */
void world_rules(struct scaling_rules *ret_rules, const cJSON *rules, bool up);
/* Pods with the requests that the policy's metrics ask for: call it after the metrics are
 * there. */
void world_pods(struct world *w, const cJSON *pods);
/* Description of one pod; world_pod_info_free frees what it points to. */
struct pod_info world_pod_info(const cJSON *pod, const char *resource);
void world_pod_info_free(struct pod_info *info);

/* Values of metric i from `resource_metrics`, `pod_metric_values`, or `samples`, by the
 * metric's type. */
void world_resource_values(struct world *w, int32_t i, const cJSON *metrics);
void world_pod_values(struct world *w, int32_t i, const cJSON *values);
void world_total(struct world *w, int32_t i, const cJSON *samples);

/* Recommendations and scale events by their age. */
void world_recommendations(struct world *w, const cJSON *recommendations);
void world_events(struct scale_events *events, const cJSON *list);

struct decide_input world_input(const struct world *w);

#endif
