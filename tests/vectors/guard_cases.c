/* Cases about stabilization, rates and bounds. */
#include "vectors/runner.h"

#include "decide/calculator.h"
#include "decide/normalize.h"

#include <string.h>

static int32_t int_of(const cJSON *o, const char *name)
{
	return (int32_t)exact_int(o, name, 0);
}

static const cJSON *expect(const struct run *r)
{
	return exact_get(r->item, "expect");
}

static void load(struct world *w, struct normalization *n, const struct run *r)
{
	world_init(w, r->file);
	w->policy.min_replicas = (int32_t)exact_int(r->item, "min", 1);
	w->policy.max_replicas = (int32_t)exact_int(r->item, "max", INT32_MAX);
	w->config.scale_up_factor = exact_double(r->item, "scale_up_limit_factor", 2);
	w->config.scale_up_minimum = exact_double(r->item, "scale_up_limit_minimum", 4);
	world_recommendations(w, exact_get(r->item, "recommendations"));
	world_events(&w->memory.up, exact_get(r->item, "scale_up_events"));
	world_events(&w->memory.down, exact_get(r->item, "scale_down_events"));
	*n = (struct normalization){
		.policy = &w->policy,
		.config = &w->config,
		.now_ms = VECTOR_NOW_MS,
		.current = int_of(r->item, "current"),
		.desired = int_of(r->item, "desired"),
		.release = DECIDE_NO_REPLICAS,
		.stabilized = int_of(r->item, "desired"),
	};
}

static void check_limit(struct run *r, const struct normalization *n)
{
	run_check_int(r, "replicas", n->replicas, int_of(expect(r), "replicas"));
	run_check_text(r, "reason", limit_reason(n->limit),
		       exact_text(expect(r), "reason", ""));
}

static void check_log(struct run *r, const struct world *w, const struct normalization *n)
{
	const cJSON *log = exact_get(expect(r), "log");
	run_check_int(r, "stabilized", n->stabilized, int_of(expect(r), "stabilized"));
	if (exact_get(expect(r), "log_length"))
		run_check_int(r, "log_length", w->memory.log_count,
			      int_of(expect(r), "log_length"));
	if (!log)
		return;
	run_check_int(r, "length of log", w->memory.log_count, cJSON_GetArraySize(log));
	for (int32_t i = 0; i < w->memory.log_count && i < cJSON_GetArraySize(log); i++)
		run_check_int(r, "log entry", w->memory.log[i].replicas,
			      exact_value(cJSON_GetArrayItem(log, i)));
}

void run_legacy_clamp(struct run *r)
{
	struct world w;
	struct normalization n;
	load(&w, &n, r);
	limit_legacy(&n);
	check_limit(r, &n);
}

static void run_stabilize(struct run *r, const char *window)
{
	struct world w;
	struct normalization n;
	load(&w, &n, r);
	w.config.downscale_stabilization_ms = exact_int(r->item, window, 300) * MS_PER_S;
	stabilize_legacy(&n, &w.memory);
	check_log(r, &w, &n);
}

void run_legacy_stabilize(struct run *r)
{
	run_stabilize(r, "downscale_stabilization_s");
}

static void set_windows(struct world *w, const cJSON *item)
{
	w->policy.has_behavior = true;
	w->policy.up.stabilization_s = int_of(item, "scale_up_window_s");
	w->policy.up.has_stabilization = true;
	w->policy.down.stabilization_s = int_of(item, "scale_down_window_s");
	w->policy.down.has_stabilization = true;
}

void run_behavior_stabilize(struct run *r)
{
	struct world w;
	struct normalization n;
	load(&w, &n, r);
	set_windows(&w, r->item);
	stabilize_behavior(&n, &w.memory);
	check_log(r, &w, &n);
}

void run_behavior_rate(struct run *r)
{
	struct world w;
	struct normalization n;
	load(&w, &n, r);
	w.policy.has_behavior = true;
	world_rules(&w.policy.up, exact_get(r->item, "scale_up_rules"), true);
	world_rules(&w.policy.down, exact_get(r->item, "scale_down_rules"), false);
	limit_behavior(&n, &w.memory);
	check_limit(r, &n);
}

void run_behavior_limit(struct run *r)
{
	bool up = strcmp(exact_text(r->item, "direction", "up"), "up") == 0;
	struct scaling_rules rules;
	struct world w;
	struct normalization n;

	load(&w, &n, r);
	world_rules(&rules, exact_get(r->item, "rules"), up);
	int32_t limit = (up ? scale_up_limit : scale_down_limit)(
		&rules, n.current, &w.memory, VECTOR_NOW_MS);
	run_check_int(r, "limit", limit, int_of(expect(r), "limit"));
}

static void check_events(struct run *r, const struct scale_events *got)
{
	const cJSON *want = exact_get(expect(r), "events");
	run_check_int(r, "number of events", got->count, cJSON_GetArraySize(want));
	for (int32_t i = 0; i < got->count && i < cJSON_GetArraySize(want); i++) {
		const cJSON *e = cJSON_GetArrayItem(want, i);
		run_check_int(r, "change", got->items[i].change,
			      int_of(e, "replica_change"));
		run_check_int(r, "outdated", got->items[i].outdated,
			      exact_bool(e, "outdated", false));
	}
}

/* Each case holds for both directions. */
static void run_events(struct run *r, bool up)
{
	struct world w;
	world_init(&w, r->file);
	const cJSON *rules = exact_get(r->item, "rules");
	struct scale_events *events = up ? &w.memory.up : &w.memory.down;
	w.policy.has_behavior = rules;
	world_rules(up ? &w.policy.up : &w.policy.down, rules, up);
	world_events(events, exact_get(r->item, "prev_events"));
	/* Events that are older than the period do not count as changes before. */
	int64_t period_ms = exact_int(r->item, "replicas_change_period_s", 60) * MS_PER_S;
	run_check_int(r, "change before",
		      scale_events_sum(events, VECTOR_NOW_MS, period_ms),
		      int_of(expect(r), "replicas_change_before_store"));

	int32_t from = int_of(r->item, "prev_replicas"),
		change = int_of(r->item, "replica_change");
	struct scale_change c = {.from = from,
				 .to = up ? from + change : from - change,
				 .now_ms = VECTOR_NOW_MS};
	decide_scaled(&w.memory, &w.policy, &w.config, &c, NULL);
	check_events(r, events);
}

void run_scale_events(struct run *r)
{
	run_events(r, true);
	run_events(r, false);
}

static void edge_tolerance(struct run *r)
{
	const cJSON *t = exact_get(r->item, "tolerance");
	struct tolerance tolerance = {exact_double(t, "down", 0.1),
				      exact_double(t, "up", 0.1)};
	double ratio = exact_double(r->item, "current_utilization", 0) /
		       exact_double(r->item, "target", 1);
	run_check_int(r, "within", tolerance_within(tolerance, ratio),
		      exact_bool(expect(r), "within", false));
}

static void edge_percent(struct run *r, int32_t (*percent)(int32_t, int32_t))
{
	int32_t limit = percent(int_of(r->item, "base"), int_of(r->item, "percent"));
	run_check_int(r, "limit", limit, int_of(expect(r), "limit"));
}

static void edge_legacy(struct run *r)
{
	struct world w;
	struct normalization n;
	load(&w, &n, r);
	w.config.downscale_stabilization_ms =
		exact_int(r->item, "window_s", 300) * MS_PER_S;
	normalize(&n, &w.memory);
	check_limit(r, &n);
	run_check_int(r, "stabilized", n.stabilized, int_of(expect(r), "stabilized"));
}

static void edge_milli(struct run *r)
{
	struct err err = {0};
	int64_t milli = 0;
	if (quantity_parse(exact_text(r->item, "quantity", ""), &milli, &err))
		run_fail(r, "%s", err.msg);
	run_check_int(r, "milli", milli, exact_int(expect(r), "milli", 0));
}

void run_derived_edges(struct run *r)
{
	const char *op = exact_text(r->item, "op", "");
	if (strcmp(op, "within_tolerance") == 0)
		edge_tolerance(r);
	else if (strcmp(op, "percent_up") == 0)
		edge_percent(r, percent_up);
	else if (strcmp(op, "percent_down") == 0)
		edge_percent(r, percent_down);
	else if (strcmp(op, "legacy_stabilize") == 0)
		run_stabilize(r, "window_s");
	else if (strcmp(op, "legacy_normalize") == 0)
		edge_legacy(r);
	else if (strcmp(op, "behavior_stabilize") == 0)
		run_behavior_stabilize(r);
	else if (strcmp(op, "milli_value") == 0)
		edge_milli(r);
	else
		run_fail(r, "unknown op %s", op);
}
