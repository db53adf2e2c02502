#include "unit/policy/refusals.h"

static void same_text(const char *a, const char *b)
{
	if (!a || !b)
		ck_assert_ptr_eq(a, b);
	else
		ck_assert_str_eq(a, b);
}

static void same_target(const struct metric_target *a, const struct metric_target *b)
{
	ck_assert_int_eq(a->type, b->type);
	ck_assert_int_eq(a->value_m, b->value_m);
	ck_assert_int_eq(a->utilization_pct, b->utilization_pct);
}

static void same_metric(const struct policy_metric *a, const struct policy_metric *b)
{
	ck_assert_int_eq(a->type, b->type);
	same_text(a->name, b->name);
	same_text(a->container, b->container);
	same_text(a->query, b->query);
	same_text(a->history_query, b->history_query);
	same_text(a->source, b->source);
	same_target(&a->target, &b->target);
	same_target(&a->forecast_target, &b->forecast_target);
	same_target(&a->reactive_target, &b->reactive_target);
	ck_assert_int_eq(a->forecast, b->forecast);
}

static void same_rules(const struct scaling_rules *a, const struct scaling_rules *b)
{
	ck_assert_int_eq(a->has_stabilization, b->has_stabilization);
	ck_assert_int_eq(a->stabilization_s, b->stabilization_s);
	ck_assert_int_eq(a->select, b->select);
	ck_assert_int_eq(a->count, b->count);
	for (int i = 0; i < a->count; i++) {
		ck_assert_int_eq(a->rules[i].type, b->rules[i].type);
		ck_assert_int_eq(a->rules[i].value, b->rules[i].value);
		ck_assert_int_eq(a->rules[i].period_s, b->rules[i].period_s);
	}
	ck_assert_int_eq(a->has_tolerance, b->has_tolerance);
	ck_assert(a->tolerance == b->tolerance); /* to the last bit */
}

static void same_forecast(const struct policy_forecast *a,
			  const struct policy_forecast *b)
{
	ck_assert_int_eq(a->mode, b->mode);
	ck_assert_uint_eq(a->models, b->models);
	ck_assert_int_eq(a->horizon_ms, b->horizon_ms);
	ck_assert_int_eq(a->lead_time_ms, b->lead_time_ms);
	ck_assert_int_eq(a->history_ms, b->history_ms);
	ck_assert(a->quantile == b->quantile);
	ck_assert_int_eq(a->seasons_auto, b->seasons_auto);
	ck_assert_int_eq(a->season_count, b->season_count);
	ck_assert_mem_eq(a->seasons_ms, b->seasons_ms, sizeof(a->seasons_ms));
	ck_assert(a->objective == b->objective);
	ck_assert_int_eq(a->step_ms, b->step_ms);
	same_text(a->time_zone, b->time_zone);
	ck_assert_int_eq(a->exclude_count, b->exclude_count);
	ck_assert_mem_eq(a->excludes, b->excludes,
			 (size_t)a->exclude_count * sizeof(a->excludes[0]));
	ck_assert(a->max_over_reactive == b->max_over_reactive);
	ck_assert_int_eq(a->release, b->release);
}

static void same_schedule(const struct policy_schedule *a,
			  const struct policy_schedule *b)
{
	ck_assert_uint_eq(a->cron.minutes, b->cron.minutes);
	ck_assert_uint_eq(a->cron.days, b->cron.days);
	same_text(a->cron_text, b->cron_text);
	same_text(a->time_zone, b->time_zone);
	ck_assert_int_eq(a->duration_ms, b->duration_ms);
	ck_assert_int_eq(a->min_replicas, b->min_replicas);
	ck_assert_int_eq(a->max_replicas, b->max_replicas);
}

static void same_guard(const struct policy_guard *a, const struct policy_guard *b)
{
	same_text(a->name, b->name);
	same_text(a->query, b->query);
	same_text(a->source, b->source);
	ck_assert_int_eq(a->above, b->above);
	ck_assert(a->limit == b->limit);
	ck_assert_int_eq(a->for_ms, b->for_ms);
	ck_assert_int_eq(a->action, b->action);
}

static void same_own_fields(const struct policy *a, const struct policy *b)
{
	ck_assert_int_eq(a->on_metrics_loss, b->on_metrics_loss);
	ck_assert_int_eq(a->metrics_loss_limit_ms, b->metrics_loss_limit_ms);
	ck_assert_int_eq(a->schedule_count, b->schedule_count);
	for (int i = 0; i < a->schedule_count; i++)
		same_schedule(&a->schedules[i], &b->schedules[i]);
	ck_assert_int_eq(a->guard_count, b->guard_count);
	for (int i = 0; i < a->guard_count; i++)
		same_guard(&a->guards[i], &b->guards[i]);
	ck_assert_int_eq(a->holds.scale_down_during_rollout,
			 b->holds.scale_down_during_rollout);
	ck_assert_int_eq(a->holds.respect_manual_scale_ms,
			 b->holds.respect_manual_scale_ms);
}

static void same_policy(const struct policy *a, const struct policy *b)
{
	same_text(a->target.api_version, b->target.api_version);
	same_text(a->target.kind, b->target.kind);
	same_text(a->target.name, b->target.name);
	ck_assert_int_eq(a->mode, b->mode);
	ck_assert_int_eq(a->min_replicas, b->min_replicas);
	ck_assert_int_eq(a->max_replicas, b->max_replicas);
	ck_assert_int_eq(a->metric_count, b->metric_count);
	for (int i = 0; i < a->metric_count; i++)
		same_metric(&a->metrics[i], &b->metrics[i]);
	ck_assert_int_eq(a->has_behavior, b->has_behavior);
	same_rules(&a->up, &b->up);
	same_rules(&a->down, &b->down);
	same_forecast(&a->forecast, &b->forecast);
	ck_assert_int_eq(a->pause, b->pause);
	same_own_fields(a, b);
}

static void check_round_trip(const char *text)
{
	struct err err = {0};
	AUTO(policy_cleanup) struct policy *p = must_accept(text);
	AUTO_FREE char *printed = policy_text(p);
	AUTO(policy_cleanup)
	struct policy *back = policy_parse("shop", "web", printed, strlen(printed), &err);
	ck_assert_msg(back != NULL, "%s\n%s", err.msg, printed);
	same_policy(p, back);
	AUTO_FREE char *again = policy_text(back);
	ck_assert_str_eq(printed, again);
}

#define CPU(target)                                                                      \
	"metrics: [{type: Resource, resource: {name: cpu, target: " target "}}]\n"

static const char *const policies[] = {
	"",
	"mode: Scale\nminReplicas: 3\npause: true\n",
	CPU("{type: Utilization, averageUtilization: 2147483647}"),
	CPU("{type: AverageValue, averageValue: 123456789n}"),
	"metrics:\n"
	"- {type: Resource, resource: {name: memory, target: {type: AverageValue, "
	"averageValue: 600Mi}}}\n"
	"- {type: Resource, resource: {name: memory, target: {type: AverageValue, "
	"averageValue: 1025}}}\n"
	"- {type: ContainerResource, containerResource: {name: cpu, container: \"on\", "
	"target: {type: "
	"Utilization, averageUtilization: 5}}, forecast: {target: 7%, reactiveTarget: "
	"9}}\n"
	"- {type: Pods, pods: {metric: {name: 'a: b'}, target: {type: AverageValue, "
	"averageValue: 9E}}, query: "
	"'null'}\n"
	"- {type: Object, object: {metric: {name: \"123\"}, target: {type: Value, value: "
	"1500m}}, query: 'x', "
	"source: other}\n"
	"- {type: External, external: {metric: {name: q}, target: {type: Value, value: "
	"3}}, query: \"a{b=\\\"c\\\","
	"d=~\\\"e\\\\\\\\.f\\\"}\", historyQuery: '# none', forecast: {target: 1u}}\n",
	"behavior: {}\n",
	"behavior: {scaleUp: {stabilizationWindowSeconds: 3600, selectPolicy: Min, "
	"tolerance: 0.57}, scaleDown: "
	"{stabilizationWindowSeconds: 0, selectPolicy: Disabled, tolerance: 0, policies: "
	"[{type: Pods, value: "
	"2147483647, periodSeconds: 1800}, {type: Percent, value: 1, periodSeconds: "
	"1}]}}\n",
	"behavior: {scaleUp: {tolerance: 1e-9}, scaleDown: {tolerance: 123456.789}}\n",
	"behavior: {scaleUp: {tolerance: 0.07}, scaleDown: {tolerance: "
	"333333333333333333n}}\n",
	"forecast: {mode: Off, models: [HoltWinters], horizon: 90s, leadTime: 1500ms, "
	"history: 21d, seasons: "
	"[1d, 7d], quantile: 0.501}\n",
	"forecast: {mode: Always, models: [LinearRegression], seasons: [], quantile: "
	"0.999}\n",
	"mode: Floor\nonMetricsLoss: FollowForecast\nmetricsLossLimit: 6h\n",
	"forecast: {objective: 99.87%, step: 1m, timeZone: America/New_York, exclude: "
	"[{from: 2026-11-27T00:00:00.25Z, to: 2026-11-28T00:00:00+05:30}, {from: "
	"0001-01-01T00:00:00Z, to: 9999-12-31T23:59:59Z}], maxOverReactive: 1.7, "
	"release: "
	"false}\n",
	"schedule:\n- {cron: '0 8 * * MON-FRI', timeZone: Europe/Paris, duration: 10h, "
	"minReplicas: 8}\n- {cron: \"@daily\", duration: 90m, maxReplicas: 4}\n"
	"- {cron: \"*/5 1,2 1-7/2 * ?\", duration: 1m, minReplicas: 0, maxReplicas: 9}\n",
	"guards:\n- {name: errors, query: 'a{b=\"c\"} / d', above: 0.05, for: 2m, "
	"action: "
	"HoldDown}\n- {name: up, query: up, source: other, below: -1.5e-7, action: "
	"Hold}\n"
	"- {name: q, query: q, below: 0, for: 1h, action: HoldUp}\n",
	"holds: {scaleDownDuringRollout: false, respectManualScale: 24h}\n",
	"holds: {respectManualScale: 0s}\nforecast: {}\n",
};

START_TEST(what_is_printed_is_the_same_policy)
{
	check_round_trip(policies[_i]);
}
END_TEST

/* Every character of the first planes' edges, wherever YAML could trip over it. */
static const char *const awkward[] = {
	"\\\"",    "\\\\",        "\\n",        "\\t x",    " x",      "x ",
	"#",       "- a",         "a: b",       "{a",       "&a",      "*a",
	"!a",      "%a",          "@a",         "`a",       "|",       "---",
	"...",     "true",        "null",       "~",        "0x10",    "1e3",
	"\\x07",   "\\x7f",       "\\x85",      "\\xa0",    "\\u2028", "\\u2029",
	"\\uFEFF", "\\u00e9",     "\\u00bf",    "\\u20ac",  "\\u2027", "\\uffff",
	"\\ufefe", "\\U0001F600", "\\xc3\\xa9", "a\\r\\nb", "\\e[0m",
};

START_TEST(texts_of_any_kind_come_back)
{
	AUTO_FREE char *text =
		xasprintf("metrics:\n- type: External\n  external: {metric: {name: m}, "
			  "target: {type: Value, value: 1}}\n  query: \"%s\"\n"
			  "  historyQuery: \"x%sx\"\n",
			  awkward[_i], awkward[_i]);
	check_round_trip(text);
}
END_TEST

START_TEST(memory_is_printed_in_powers_of_1024)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"metrics:\n"
		"- {type: Resource, resource: {name: memory, target: {type: "
		"AverageValue, "
		"averageValue: 629145600}}}\n"
		"- {type: Resource, resource: {name: cpu, target: {type: AverageValue, "
		"averageValue: 2048}}}\n");
	AUTO_FREE char *printed = policy_text(p);
	ck_assert_ptr_nonnull(strstr(printed, "averageValue: \"600Mi\""));
	ck_assert_ptr_nonnull(strstr(printed, "averageValue: \"2048\""));
}
END_TEST

START_TEST(the_longest_texts_come_back)
{
	AUTO_FREE char *query = xcalloc(1, 8193);
	for (int i = 0; i < 8192; i++)
		query[i] = "q: [\x01"[i % 5];
	struct policy_guard guards[POLICY_GUARDS_MAX];
	struct policy_metric metrics[POLICY_METRICS_MAX];
	struct policy p = {
		.target = {.api_version = "apps/v1", .kind = "Deployment", .name = "web"},
		.min_replicas = 1,
		.max_replicas = 2,
		.metrics = metrics,
		.metric_count = POLICY_METRICS_MAX,
		.forecast = {.models = MODEL_HOLT_WINTERS,
			     .history_ms = MS_PER_DAY,
			     .quantile = 0.9,
			     .max_over_reactive = 1},
		.metrics_loss_limit_ms = MS_PER_MIN,
		.guards = guards,
		.guard_count = POLICY_GUARDS_MAX,
	};
	for (int i = 0; i < POLICY_METRICS_MAX; i++)
		p.metrics[i] = (struct policy_metric){
			.type = METRIC_EXTERNAL,
			.name = "m",
			.query = query,
			.history_query = query,
			.source = "default",
			.target = {TARGET_VALUE, 1, 0},
			.forecast_target = {TARGET_VALUE, 1, 0},
			.reactive_target = {TARGET_VALUE, 1, 0},
			.forecast = true,
		};
	static char *const names[POLICY_GUARDS_MAX] = {"a", "b", "c", "d",
						       "e", "f", "g", "h"};
	for (int i = 0; i < POLICY_GUARDS_MAX; i++)
		p.guards[i] = (struct policy_guard){
			.name = names[i], .query = query, .source = "default"};
	AUTO_FREE char *printed = policy_text(&p);
	AUTO_FREE char *whole = xasprintf("!%s", printed);
	AUTO(policy_cleanup) struct policy *back = must_accept(whole);
	ck_assert_str_eq(back->metrics[7].history_query, query);
}
END_TEST

START_TEST(all_defaults_are_written_out)
{
	static const char want[] =
		"scaleTargetRef:\n"
		"  apiVersion: \"apps/v1\"\n"
		"  kind: \"Deployment\"\n"
		"  name: \"web\"\n"
		"mode: Recommend\n"
		"minReplicas: 1\n"
		"maxReplicas: 10\n"
		"metrics:\n"
		"- type: Resource\n"
		"  resource:\n"
		"    name: \"cpu\"\n"
		"    target: {type: Utilization, averageUtilization: 80}\n"
		"  source: \"default\"\n"
		"  forecast: {target: 80, reactiveTarget: 80}\n"
		"behavior:\n"
		"  scaleUp:\n"
		"    stabilizationWindowSeconds: 0\n"
		"    selectPolicy: Max\n"
		"    policies:\n"
		"    - {type: Pods, value: 4, periodSeconds: 15}\n"
		"    - {type: Percent, value: 100, periodSeconds: 15}\n"
		"  scaleDown:\n"
		"    selectPolicy: Max\n"
		"    policies:\n"
		"    - {type: Percent, value: 100, periodSeconds: 15}\n"
		"    tolerance: 0.05\n"
		"forecast:\n"
		"  mode: Auto\n"
		"  models: [HoltWinters, LinearRegression]\n"
		"  horizon: Auto\n"
		"  leadTime: Auto\n"
		"  history: 14d\n"
		"  seasons: Auto\n"
		"  quantile: 0.95\n"
		"  step: Auto\n"
		"  timeZone: \"UTC\"\n"
		"  exclude: []\n"
		"  maxOverReactive: 2\n"
		"  release: true\n"
		"onMetricsLoss: Hold\n"
		"metricsLossLimit: 30m\n"
		"schedule: []\n"
		"guards: []\n"
		"holds:\n"
		"  scaleDownDuringRollout: true\n"
		"  respectManualScale: 0s\n"
		"pause: false\n";
	AUTO(policy_cleanup)
	struct policy *p = must_accept("behavior: {scaleDown: {tolerance: 50m}}\n");
	AUTO_FREE char *printed = policy_text(p);
	ck_assert_str_eq(printed, want);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy_text");
	TCase *tcase = tcase_create("policy_text");
	tcase_add_loop_test(tcase, what_is_printed_is_the_same_policy, 0,
			    ARRAY_LEN(policies));
	tcase_add_loop_test(tcase, texts_of_any_kind_come_back, 0, ARRAY_LEN(awkward));
	tcase_add_test(tcase, memory_is_printed_in_powers_of_1024);
	tcase_add_test(tcase, the_longest_texts_come_back);
	tcase_add_test(tcase, all_defaults_are_written_out);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
