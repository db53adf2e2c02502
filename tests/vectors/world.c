#include "vectors/world.h"

#include "policy/parts.h"

#include <stdlib.h>
#include <string.h>

void world_init(struct world *w, const cJSON *file)
{
	const cJSON *c = exact_get(file, "config");
	*w = (struct world){.policy = {.min_replicas = 1,
				       .max_replicas = INT32_MAX,
				       .metrics = w->metrics}};
	decide_config_default(&w->config);
	w->config.tolerance = exact_double(c, "tolerance", w->config.tolerance);
	w->config.cpu_initialization_ms =
		exact_int(c, "cpu_initialization_period_s",
			  w->config.cpu_initialization_ms / 1000) *
		1000;
	w->config.initial_readiness_delay_ms =
		exact_int(c, "initial_readiness_delay_s",
			  w->config.initial_readiness_delay_ms / 1000) *
		1000;
	w->config.downscale_stabilization_ms =
		exact_int(c, "downscale_stabilization_s",
			  w->config.downscale_stabilization_ms / 1000) *
		1000;
	w->config.scale_up_factor =
		exact_double(c, "scale_up_limit_factor", w->config.scale_up_factor);
	w->config.scale_up_minimum =
		exact_double(c, "scale_up_limit_minimum", w->config.scale_up_minimum);
	world_rules(&w->policy.up, NULL, true);
	world_rules(&w->policy.down, NULL, false);
}

void world_fini(struct world *w)
{
	free(w->pods);
	for (int32_t i = 0; i < POLICY_METRICS_MAX; i++)
		free(w->pod_values[i]);
}

static enum select_policy select_of(const char *name)
{
	if (strcmp(name, "Min") == 0)
		return SELECT_MIN;
	return strcmp(name, "Disabled") == 0 ? SELECT_DISABLED : SELECT_MAX;
}

void world_rules(struct scaling_rules *ret_rules, const cJSON *rules, bool up)
{
	const cJSON *policies = exact_get(rules, "policies"), *p;

	struct policy defaults = {0};
	policy_default_behavior(&defaults);
	*ret_rules = up ? defaults.up : defaults.down;
	if (exact_get(rules, "stabilization_window_s")) {
		ret_rules->has_stabilization = true;
		ret_rules->stabilization_s =
			(int32_t)exact_int(rules, "stabilization_window_s", 0);
	}
	if (exact_get(rules, "tolerance")) {
		ret_rules->has_tolerance = true;
		ret_rules->tolerance = exact_double(rules, "tolerance", 0);
	}
	if (exact_get(rules, "select_policy"))
		ret_rules->select = select_of(exact_text(rules, "select_policy", ""));
	if (!policies)
		return;
	ret_rules->count = 0;
	cJSON_ArrayForEach (p, policies)
		ret_rules->rules[ret_rules->count++] = (struct scaling_rule){
			.type = strcmp(exact_text(p, "type", ""), "Percent") == 0
					? RULE_PERCENT
					: RULE_PODS,
			.value = (int32_t)exact_int(p, "value", 0),
			.period_s = (int32_t)exact_int(p, "period_s", 0),
		};
}

static int64_t time_of(const cJSON *o, const char *name)
{
	int64_t s = exact_int(o, name, INT64_MIN);
	return s == INT64_MIN ? POD_TIME_NONE : s * MS_PER_S;
}

static struct container_info *containers(const cJSON *list, const char *resource,
					 int32_t *ret_count)
{
	int32_t n = (int32_t)cJSON_GetArraySize(list), i = 0;
	struct container_info *all = xcalloc((size_t)n, sizeof(*all));
	const cJSON *c;

	cJSON_ArrayForEach (c, list) {
		bool has = exact_get(c, "request_m");
		struct resource_request *r = xcalloc(1, sizeof(*r));
		*r = (struct resource_request){resource, exact_int(c, "request_m", 0)};
		all[i++] = (struct container_info){
			.name = exact_text(c, "name", ""),
			.restart_always = exact_bool(c, "restart_always", false),
			.requests = r,
			.request_count = has ? 1 : 0,
		};
	}
	*ret_count = n;
	return all;
}

struct pod_info world_pod_info(const cJSON *pod, const char *resource)
{
	struct pod_info info = {
		.name = exact_text(pod, "name", ""),
		.phase = pod_phase_parse(exact_text(pod, "phase", NULL)),
		.ready = pod_ready_parse(exact_text(pod, "ready", NULL)),
		.deleted = exact_bool(pod, "deleted", false),
		.created_ms = POD_TIME_NONE,
		.start_ms = time_of(pod, "start_time"),
		.ready_since_ms = time_of(pod, "ready_transition_time"),
	};
	info.containers =
		containers(exact_get(pod, "containers"), resource, &info.container_count);
	info.init_containers = containers(exact_get(pod, "init_containers"), resource,
					  &info.init_container_count);
	struct resource_request *level = xcalloc(1, sizeof(*level));
	*level = (struct resource_request){resource,
					   exact_int(pod, "pod_level_request_m", 0)};
	info.requests = level;
	info.request_count = exact_get(pod, "pod_level_request_m") ? 1 : 0;
	return info;
}

static void containers_free(const struct container_info *all, int32_t count)
{
	for (int32_t i = 0; i < count; i++)
		free((void *)all[i].requests);
	free((void *)all);
}

void world_pod_info_free(struct pod_info *info)
{
	containers_free(info->containers, info->container_count);
	containers_free(info->init_containers, info->init_container_count);
	free((void *)info->requests);
}

/* The resource that the vector's requests are of: they name none. */
static const char *resource_of(const struct world *w)
{
	for (int32_t i = 0; i < w->policy.metric_count; i++)
		if (w->policy.metrics[i].type <= METRIC_CONTAINER_RESOURCE)
			return w->policy.metrics[i].name;
	return "cpu";
}

void world_pods(struct world *w, const cJSON *pods)
{
	const cJSON *p;
	w->pods = xcalloc((size_t)cJSON_GetArraySize(pods), sizeof(*w->pods));
	cJSON_ArrayForEach (p, pods) {
		struct pod_info info = world_pod_info(p, resource_of(w));
		pod_set(&w->pods[w->pod_count++], &info, &w->policy,
			w->config.pod_level_requests);
		world_pod_info_free(&info);
	}
}

static struct pod_value *values_begin(struct world *w, int32_t i, const cJSON *list)
{
	size_t n = 1;
	const cJSON *e;
	cJSON_ArrayForEach (e, list)
		n += 1 + (size_t)cJSON_GetArraySize(exact_get(e, "containers"));
	return w->pod_values[i] = xcalloc(n, sizeof(struct pod_value));
}

static void values_end(struct world *w, int32_t i, int32_t count)
{
	w->values[i].pods = w->pod_values[i];
	w->values[i].count = pod_values_merge(w->pod_values[i], count);
}

/* One entry per container that has the resource, as a query by pod and container returns
 * them. */
void world_resource_values(struct world *w, int32_t i, const cJSON *metrics)
{
	const struct policy_metric *m = &w->policy.metrics[i];
	struct pod_value *all = values_begin(w, i, metrics);
	const cJSON *pod, *c;
	int32_t n = 0;

	cJSON_ArrayForEach (pod, metrics) {
		cJSON_ArrayForEach (c, exact_get(pod, "containers")) {
			bool wanted =
				m->type == METRIC_RESOURCE ||
				strcmp(m->container, exact_text(c, "name", "")) == 0;
			if (!wanted || !exact_get(c, "usage_m"))
				continue;
			all[n++] = (struct pod_value){
				.key = hash_text(exact_text(pod, "pod", "")),
				.value_m = exact_int(c, "usage_m", 0),
				.time_ms = exact_int(pod, "timestamp", 0) * MS_PER_S,
				.window_ms = (int32_t)(exact_int(pod, "window_s", 0) *
						       MS_PER_S),
				.containers = 1,
			};
		}
	}
	values_end(w, i, n);
}

void world_pod_values(struct world *w, int32_t i, const cJSON *values)
{
	struct pod_value *all = values_begin(w, i, values);
	const cJSON *v;
	int32_t n = 0;

	cJSON_ArrayForEach (v, values)
		all[n++] = (struct pod_value){
			.key = hash_text(exact_text(v, "pod", "")),
			.value_m = exact_int(v, "value_m", 0),
			.time_ms = exact_int(v, "timestamp", 0) * MS_PER_S,
			.window_ms = (int32_t)(exact_int(v, "window_s", 60) * MS_PER_S),
		};
	values_end(w, i, n);
}

/* External metrics are summed and saturate; an empty list is the API's error. */
void world_total(struct world *w, int32_t i, const cJSON *samples)
{
	const cJSON *s;
	int64_t total = 0;

	if (cJSON_GetArraySize(samples) == 0)
		w->values[i].unknown = "no metrics returned from external metrics API";
	cJSON_ArrayForEach (s, samples)
		if (__builtin_add_overflow(total, exact_value(s), &total))
			total = INT64_MAX;
	w->values[i].total_m = total;
}

static int64_t then_ms(const cJSON *o)
{
	return VECTOR_NOW_MS - (int64_t)(exact_double(o, "age_s", 0) * 1000);
}

void world_recommendations(struct world *w, const cJSON *recommendations)
{
	const cJSON *r;
	w->memory.seeded = recommendations;
	cJSON_ArrayForEach (r, recommendations)
		w->memory.log[w->memory.log_count++] = (struct recommendation){
			.at_ms = then_ms(r),
			.replicas = (int32_t)exact_int(r, "recommendation", 0),
		};
}

void world_events(struct scale_events *events, const cJSON *list)
{
	const cJSON *e;
	cJSON_ArrayForEach (e, list)
		events->items[events->count++] = (struct scale_event){
			.at_ms = then_ms(e),
			.change = (int32_t)exact_int(e, "replica_change", 0),
		};
}

struct decide_input world_input(const struct world *w)
{
	return (struct decide_input){
		.policy = &w->policy,
		.config = &w->config,
		.now_ms = VECTOR_NOW_MS,
		.pods = w->pods,
		.pod_count = w->pod_count,
		.values = w->values,
	};
}
