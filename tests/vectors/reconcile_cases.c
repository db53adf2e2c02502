/* Cases about one whole cycle of one policy: decide, write, conditions. */
#include "vectors/runner.h"

#include <stdio.h>
#include <string.h>

#define CONDITIONS_MAX 8

/* Conditions in the order in which they first appeared. */
struct standing {
	const char *type, *reason;
	bool status;
};

struct cycle {
	struct world w;
	struct decision d;
	struct metric_decision decided[POLICY_METRICS_MAX];
	struct hpa_words words;
	struct standing conditions[CONDITIONS_MAX];
	int32_t condition_count;
	int64_t now_ms;
	bool written, failed;
};

static bool gate(const struct run *r, const char *name)
{
	bool fallback = exact_bool(exact_get(r->file, "gate_defaults"), name, false);
	return exact_bool(exact_get(r->item, "gates"), name, fallback);
}

static enum metric_type metric_type(const char *name)
{
	static const char *const names[] = {
		[METRIC_RESOURCE] = "Resource",
		[METRIC_CONTAINER_RESOURCE] = "ContainerResource",
		[METRIC_PODS] = "Pods",
		[METRIC_OBJECT] = "Object",
		[METRIC_EXTERNAL] = "External",
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum metric_type)i;
	return METRIC_UNHEARD_OF;
}

static struct metric_target target_of(const cJSON *m)
{
	if (exact_get(m, "average_value_m"))
		return (struct metric_target){TARGET_AVERAGE_VALUE,
					      exact_int(m, "average_value_m", 0), 0};
	if (exact_get(m, "average_utilization"))
		return (struct metric_target){
			.type = TARGET_UTILIZATION,
			.utilization_pct =
				(int32_t)exact_int(m, "average_utilization", 0),
		};
	return (struct metric_target){TARGET_VALUE, exact_int(m, "value_m", 1), 0};
}

static void load_metrics(struct world *w, const cJSON *metrics)
{
	const cJSON *m;
	cJSON_ArrayForEach (m, metrics) {
		struct policy_metric *pm = &w->policy.metrics[w->policy.metric_count++];
		pm->type = metric_type(exact_text(m, "type", ""));
		pm->name = (char *)exact_text(
			m, pm->type <= METRIC_CONTAINER_RESOURCE ? "resource" : "metric",
			"?");
		pm->container = (char *)exact_text(m, "container", "");
		pm->target = pm->forecast_target = pm->reactive_target = target_of(m);
	}
}

static void load_behavior(struct world *w, const struct run *r)
{
	const cJSON *b = exact_get(r->item, "behavior");
	w->policy.has_behavior = b;
	world_rules(&w->policy.up, exact_get(b, "scale_up"), true);
	world_rules(&w->policy.down, exact_get(b, "scale_down"), false);
	if (gate(r, "HPAConfigurableTolerance"))
		return;
	w->policy.up.has_tolerance = w->policy.down.has_tolerance = false;
}

static void load_values(struct world *w, int32_t i, const cJSON *item)
{
	const cJSON *sources = exact_get(item, "sources"),
		    *faults = exact_get(item, "faults");
	const char *all = exact_text(faults, "all_metric_clients_error", NULL);
	const char *external = exact_text(faults, "external_client_error", all);

	switch (w->policy.metrics[i].type) {
	case METRIC_RESOURCE:
	case METRIC_CONTAINER_RESOURCE:
		world_resource_values(w, i, exact_get(sources, "resource_metrics"));
		break;
	case METRIC_PODS:
		world_pod_values(w, i, exact_get(sources, "pod_metric_values"));
		break;
	case METRIC_OBJECT:
		w->values[i].total_m = exact_int(sources, "object_value_m", 0);
		break;
	case METRIC_EXTERNAL:
		world_total(w, i, exact_get(sources, "external_samples_m"));
		all = external;
		break;
	}
	if (all)
		w->values[i].unknown = all;
}

static void load(struct cycle *c, const struct run *r)
{
	struct world *w = &c->w;
	const cJSON *e;

	world_init(w, r->file);
	c->now_ms = VECTOR_NOW_MS + exact_int(r->item, "at_s", 0) * MS_PER_S;
	w->config.scale_to_zero = gate(r, "HPAScaleToZero");
	w->policy.min_replicas = (int32_t)exact_int(r->item, "min", 1);
	w->policy.max_replicas = (int32_t)exact_int(r->item, "max", 0);
	load_metrics(w, exact_get(r->item, "metrics"));
	load_behavior(w, r);
	world_pods(w, exact_get(r->item, "pods"));
	for (int32_t i = 0; i < w->policy.metric_count; i++)
		load_values(w, i, r->item);
	world_recommendations(w, exact_get(r->item, "recommendations"));
	cJSON_ArrayForEach (e, exact_get(r->item, "initial_conditions")) {
		struct standing s = {
			.type = exact_text(e, "type", ""),
			.reason = exact_text(e, "reason", ""),
			.status = strcmp(exact_text(e, "status", ""), "True") == 0,
		};
		c->conditions[c->condition_count++] = s;
		if (strcmp(s.type, "ScaledToZero") == 0)
			w->memory.scaled_to_zero = s.status;
	}
}

/* "key=value" matches pods that carry the label. */
static bool selects(const char *selector, const cJSON *pod)
{
	char key[128];
	const char *equals = strchr(selector, '=');
	if (!equals || (size_t)(equals - selector) >= sizeof(key))
		return false;
	snprintf(key, sizeof(key), "%.*s", (int)(equals - selector), selector);
	return strcmp(exact_text(exact_get(pod, "labels"), key, ""), equals + 1) == 0;
}

/* What the engine finds out about the selector before it decides. */
static void view_selector(struct scale_view *v, const cJSON *item)
{
	const char *selector = exact_text(item, "selector", "");
	const cJSON *other, *pod;

	if (!strchr(selector, '=')) {
		v->selector = SELECTOR_INVALID;
		v->selector_error = "the HPA target's scale is missing a selector";
	}
	cJSON_ArrayForEach (other, exact_get(item, "other_hpas"))
		cJSON_ArrayForEach (pod, exact_get(item, "pods"))
			if (selects(exact_text(other, "selector", ""), pod)) {
				v->selector = SELECTOR_AMBIGUOUS;
				v->selector_error =
					"pods are controlled by multiple HPAs";
			}
}

static void write_scale(struct cycle *c, const cJSON *item)
{
	const char *error =
		exact_text(exact_get(item, "faults"), "update_scale_error", NULL);
	struct scale_change change = {
		.from = c->d.current, .to = c->d.desired, .now_ms = c->now_ms};

	if (c->d.desired == c->d.current)
		return;
	if (error) {
		decide_failed(&c->d, error);
		c->failed = true;
		return;
	}
	decide_scaled(&c->w.memory, &c->w.policy, &c->w.config, &change, &c->d);
	c->written = true;
}

static void cycle_run(struct cycle *c, const struct run *r)
{
	struct decide_input in = world_input(&c->w);
	in.now_ms = c->now_ms;
	in.scale = (struct scale_view){
		.error =
			exact_text(exact_get(r->item, "faults"), "get_scale_error", NULL),
		.spec_replicas = (int32_t)exact_int(r->item, "spec_replicas", 0),
		.status_replicas = (int32_t)exact_int(r->item, "status_replicas", 0),
	};
	view_selector(&in.scale, r->item);
	c->d.metrics = c->decided;
	c->d.metric_count = POLICY_METRICS_MAX;
	c->d.words = &c->words;
	decide(&in, &c->w.memory, &c->d);
	write_scale(c, r->item);
}

static void apply_condition(struct cycle *c, enum condition_type type)
{
	const struct condition *new = &c->words.conditions[type];
	int32_t i = 0;

	while (i < c->condition_count &&
	       strcmp(c->conditions[i].type, condition_type_name(type)) != 0)
		i++;
	switch (new->status) {
	case CONDITION_KEEP:
		return;
	case CONDITION_REMOVE:
		if (i == c->condition_count)
			return;
		c->condition_count--;
		memmove(&c->conditions[i], &c->conditions[i + 1],
			(size_t)(c->condition_count - i) * sizeof(c->conditions[0]));
		return;
	case CONDITION_TRUE:
	case CONDITION_FALSE:
		c->conditions[i] = (struct standing){
			.type = condition_type_name(type),
			.reason = new->reason,
			.status = new->status == CONDITION_TRUE,
		};
		c->condition_count += i == c->condition_count;
		return;
	}
}

static void check_conditions(struct run *r, struct cycle *c)
{
	const cJSON *want = exact_get(exact_get(r->item, "expect"), "conditions"), *w;
	int32_t i = 0;

	for (int t = 0; t < CONDITION_TYPES; t++)
		apply_condition(c, (enum condition_type)t);
	if (!want)
		return;
	run_check_int(r, "number of conditions", c->condition_count,
		      cJSON_GetArraySize(want));
	cJSON_ArrayForEach (w, want) {
		if (i == c->condition_count)
			return;
		const struct standing *s = &c->conditions[i++];
		run_check_text(r, "condition", s->type, exact_text(w, "type", ""));
		run_check_text(r, s->type, s->reason, exact_text(w, "reason", ""));
		run_check_text(r, s->type, s->status ? "True" : "False",
			       exact_text(w, "status", ""));
	}
}

static const char *action_name(int32_t from, int32_t to)
{
	return to > from ? "scale_up" : to < from ? "scale_down" : "none";
}

static bool is_of_the_spec(const struct metric_decision *md)
{
	return md->failure && strcmp(md->failure, "InvalidMetricSourceType") == 0;
}

static bool first_failure_is_of_the_spec(const struct cycle *c)
{
	for (int32_t i = 0; i < c->w.policy.metric_count; i++)
		if (c->d.metrics[i].failure)
			return is_of_the_spec(&c->d.metrics[i]);
	return false;
}

static void check_metrics(struct run *r, const struct cycle *c)
{
	const cJSON *want = exact_get(exact_get(r->item, "expect"), "metric_computation");
	bool computed = c->d.winner >= 0 || c->d.unknown_count > 0;

	if (!want)
		return;
	run_check_int(r, "metrics were computed", computed, cJSON_GetArraySize(want) > 0);
	for (int32_t i = 0; computed && i < c->w.policy.metric_count; i++) {
		const struct metric_decision *md = &c->d.metrics[i];
		const cJSON *m = cJSON_GetArrayItem(exact_get(r->item, "metrics"), i);
		const cJSON *pair = exact_get(want, exact_text(m, "type", ""));
		if (!pair)
			continue;
		run_check_text(r, "metric action",
			       md->known ? action_name(c->d.current, md->reactive)
					 : "none",
			       cJSON_GetArrayItem(pair, 0)->valuestring);
		run_check_text(r, "metric error",
			       md->known            ? "none"
			       : is_of_the_spec(md) ? "spec"
						    : "internal",
			       cJSON_GetArrayItem(pair, 1)->valuestring);
	}
}

static void check_event(struct run *r, const struct cycle *c)
{
	const char *want = exact_text(exact_get(exact_get(r->item, "expect"), "event"),
				      "message", NULL);
	char text[256];
	snprintf(text, sizeof(text), "New size: %d; reason: %s", c->d.desired,
		 c->words.rescale);
	if (want)
		run_check_text(r, "event", text, want);
}

/* Upstream's label changed with the version: either may be expected. */
static void check_error(struct run *r, const struct cycle *c, bool error)
{
	const cJSON *expect = exact_get(r->item, "expect");
	const char *want = exact_text(expect, "error", "none");
	bool of_the_spec = !c->failed && first_failure_is_of_the_spec(c);
	const char *label = !error ? "none" : of_the_spec ? "spec" : "internal";
	if (strcmp(label, exact_text(expect, "error_alt", want)) != 0)
		run_check_text(r, "error", label, want);
}

static void check_cycle(struct run *r, struct cycle *c)
{
	const cJSON *expect = exact_get(r->item, "expect");
	bool computed = c->d.hold == HOLD_NONE || c->d.hold == HOLD_DISABLED;
	bool error = c->failed || !computed || c->d.unknown_count > 0;
	run_check_int(r, "desired_replicas", c->failed ? c->d.current : c->d.desired,
		      exact_int(expect, "desired_replicas", -1));
	run_check_int(r, "scale_updated", c->written,
		      exact_bool(expect, "scale_updated", false));
	run_check_text(r, "action",
		       c->written ? action_name(c->d.current, c->d.desired) : "none",
		       exact_text(expect, "action", "none"));
	check_error(r, c, error);
	run_check_int(r, "returns_error", error,
		      exact_bool(expect, "returns_error", false));
	if (exact_get(expect, "cpu_utilization_pct"))
		run_check_int(r, "cpu_utilization_pct", c->d.metrics[0].utilization_pct,
			      exact_int(expect, "cpu_utilization_pct", 0));
	check_metrics(r, c);
	check_event(r, c);
	check_conditions(r, c);
}

void run_reconcile(struct run *r)
{
	struct cycle c = {0};
	load(&c, r);
	cycle_run(&c, r);
	check_cycle(r, &c);
	world_fini(&c.w);
}

/* Cycles of one policy: what it remembers, and its conditions, go on. The first that
 * differs ends it, the rest would follow from that. */
void run_sequence(struct run *r)
{
	const cJSON *cycles = exact_get(r->item, "cycles");
	struct decide_memory memory = {0};
	struct cycle c = {0};
	struct run one = *r;

	cJSON_ArrayForEach (one.item, cycles) {
		load(&c, &one);
		c.w.memory = memory;
		c.written = c.failed = false;
		cycle_run(&c, &one);
		check_cycle(&one, &c);
		memory = c.w.memory;
		world_fini(&c.w);
		if (one.bad) {
			run_fail(r, "differs at %s", exact_text(one.item, "name", "?"));
			return;
		}
	}
}
