/* Cases about one metric and its pods. */
#include "vectors/runner.h"

#include "decide/calculator.h"
#include "decide/classify.h"

#include <string.h>

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static enum metric_type type_of(const cJSON *item)
{
	const char *kind = exact_text(item, "kind", "");
	if (starts_with(kind, "pods"))
		return METRIC_PODS;
	if (starts_with(kind, "object"))
		return METRIC_OBJECT;
	if (starts_with(kind, "external"))
		return METRIC_EXTERNAL;
	return exact_text(item, "container", "")[0] ? METRIC_CONTAINER_RESOURCE
						    : METRIC_RESOURCE;
}

static struct metric_target target_of(const cJSON *item)
{
	if (exact_get(item, "target_utilization_pct"))
		return (struct metric_target){
			.type = TARGET_UTILIZATION,
			.utilization_pct =
				(int32_t)exact_int(item, "target_utilization_pct", 0),
		};
	if (exact_get(item, "target_average_m"))
		return (struct metric_target){TARGET_AVERAGE_VALUE,
					      exact_int(item, "target_average_m", 0), 0};
	return (struct metric_target){TARGET_VALUE, exact_int(item, "target_value_m", 0),
				      0};
}

static void set_tolerance(struct world *w, const cJSON *tolerance)
{
	if (!tolerance)
		return;
	w->policy.has_behavior = true;
	w->policy.up.has_tolerance = w->policy.down.has_tolerance = true;
	w->policy.up.tolerance = exact_double(tolerance, "up", 0.1);
	w->policy.down.tolerance = exact_double(tolerance, "down", 0.1);
}

static void load(struct world *w, const struct run *r)
{
	world_init(w, r->file);
	struct policy_metric *m = &w->policy.metrics[0];
	set_tolerance(w, exact_get(r->item, "tolerance"));
	w->policy.metric_count = 1;
	m->type = type_of(r->item);
	m->target = target_of(r->item);
	m->name = (char *)exact_text(r->item, "resource", "qps");
	m->container = (char *)exact_text(r->item, "container", "");
	world_pods(w, exact_get(r->item, "pods"));
	if (m->type == METRIC_PODS)
		world_pod_values(w, 0, exact_get(r->item, "pod_metric_values"));
	else if (m->type <= METRIC_CONTAINER_RESOURCE)
		world_resource_values(w, 0, exact_get(r->item, "resource_metrics"));
	else
		world_total(w, 0, exact_get(r->item, "samples_m"));
}

static void check_proposal(struct run *r, const struct proposal *p)
{
	const cJSON *e = exact_get(r->item, "expect");
	run_check_int(r, "replicas", p->replicas, exact_int(e, "replicas", -1));
	if (exact_get(e, "utilization_pct"))
		run_check_int(r, "utilization_pct", p->utilization_pct,
			      exact_int(e, "utilization_pct", 0));
	if (exact_get(e, "raw_average_m"))
		run_check_int(r, "raw_average_m", p->value_m,
			      exact_int(e, "raw_average_m", 0));
	if (exact_get(e, "usage_m"))
		run_check_int(r, "usage_m", p->value_m, exact_int(e, "usage_m", 0));
}

void run_replica_calculator(struct run *r)
{
	const char *error =
		exact_text(exact_get(r->item, "expect"), "error_contains", NULL);
	struct world w;
	struct proposal p;
	struct err err = {0};

	load(&w, r);
	struct decide_input in = world_input(&w);
	in.scale.spec_replicas = in.scale.status_replicas =
		(int32_t)exact_int(r->item, "current_replicas", 0);
	int failed = calculate(&in, 0, &w.policy.metrics[0].target, &p, &err);
	if (error && (!failed || !strstr(err.msg, error)))
		run_fail(r, "error is \"%s\", want \"%s\"", failed ? err.msg : "none",
			 error);
	else if (!error && failed)
		run_fail(r, "unexpected error \"%s\"", err.msg);
	else if (!error)
		check_proposal(r, &p);
	world_fini(&w);
}

static bool named(const cJSON *list, const char *name)
{
	const cJSON *e;
	cJSON_ArrayForEach (e, list)
		if (strcmp(e->valuestring, name) == 0)
			return true;
	return false;
}

static enum pod_class want_class(const cJSON *expect, const char *name)
{
	if (named(exact_get(expect, "ignored"), name))
		return POD_IGNORED;
	if (named(exact_get(expect, "missing"), name))
		return POD_MISSING;
	return named(exact_get(expect, "unready"), name) ? POD_UNREADY : POD_COUNTS;
}

void run_group_pods(struct run *r)
{
	const cJSON *expect = exact_get(r->item, "expect"), *pod;
	bool cpu = strcmp(exact_text(r->item, "resource", ""), "cpu") == 0;
	int32_t counted = 0;
	struct world w;

	world_init(&w, r->file);
	cJSON_ArrayForEach (pod, exact_get(r->item, "pods")) {
		const char *name = exact_text(pod, "name", "");
		const cJSON *m = exact_get(exact_get(r->item, "metrics"), name);
		struct pod_value value = {
			.time_ms = exact_int(m, "timestamp", 0) * MS_PER_S,
			.window_ms = (int32_t)(exact_int(m, "window_s", 0) * MS_PER_S),
		};
		struct pod_info info = world_pod_info(pod, "cpu");
		struct pod p;
		pod_set(&p, &info, &w.policy, false);
		world_pod_info_free(&info);
		enum pod_class class = pod_classify(&p, m ? &value : NULL, cpu, &w.config,
						    VECTOR_NOW_MS);
		run_check_int(r, name, class, want_class(expect, name));
		counted += class == POD_COUNTS;
	}
	run_check_int(r, "ready_count", counted, exact_int(expect, "ready_count", 0));
	world_fini(&w);
}

/* A value of a pod that stands at half of its request, so that its request must be known.
 */
static const char *request_error(struct world *w, struct err *err)
{
	struct pod_value value = {.key = w->pods[0].key, .value_m = 1};
	struct proposal p;
	w->pods[0].phase = POD_RUNNING;
	w->pods[0].ready = READY_TRUE;
	w->pods[0].start_ms = 0;
	w->values[0] = (struct metric_values){.pods = &value, .count = 1};
	struct decide_input in = world_input(w);
	return calculate(&in, 0, &w->policy.metrics[0].target, &p, err) ? err->msg
									: "none";
}

void run_calculate_requests(struct run *r)
{
	const cJSON *expect = exact_get(r->item, "expect");
	const cJSON *want = exact_get(expect, "requests_m"), *pod;
	const char *container = exact_text(r->item, "container", "");
	const char *error = exact_text(expect, "error", NULL);
	struct err err = {0};
	struct world w;

	world_init(&w, r->file);
	w.config.pod_level_requests = exact_bool(r->item, "gate_PodLevelResources", true);
	w.policy.metric_count = 1;
	w.policy.metrics[0] = (struct policy_metric){
		.type = container[0] ? METRIC_CONTAINER_RESOURCE : METRIC_RESOURCE,
		.name = (char *)exact_text(r->item, "resource", "cpu"),
		.container = (char *)container,
		.target = {.type = TARGET_UTILIZATION, .utilization_pct = 50},
	};
	world_pods(&w, exact_get(r->item, "pods"));
	int32_t i = 0;
	cJSON_ArrayForEach (pod, exact_get(r->item, "pods")) {
		const char *name = exact_text(pod, "name", "");
		if (exact_get(want, name))
			run_check_int(r, name, w.pods[i].request_m[0],
				      exact_int(want, name, 0));
		i++;
	}
	if (error)
		run_check_text(r, "error", request_error(&w, &err), error);
	world_fini(&w);
}
