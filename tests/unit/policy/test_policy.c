#include "unit/policy/refusals.h"

static const struct refusal refusals[] = {
	/* The text itself. */
	{"!", "line 1: scaleTargetRef: Required value: {apiVersion, kind, name} of what "
	      "is scaled"},
	{"![1, 2]", "line 1: got a list: want a map of fields"},
	{"!web", "line 1: got \"web\": want a map of fields"},
	{"a: [", "line 4 column 1: did not find expected node content"},
	{"maxReplicas: 3\n", "line 3 column 1: key \"maxReplicas\" is given twice"},
	/* Unknown fields. */
	{"minReplica: 2\n",
	 "line 3: unknown field \"minReplica\": did you mean \"minReplicas\"?"},
	{"MINREPLICAS: 2\n",
	 "line 3: unknown field \"MINREPLICAS\": did you mean \"minReplicas\"?"},
	{"behaviour: {}\n",
	 "line 3: unknown field \"behaviour\": did you mean \"behavior\"?"},
	{"metrisc: []\n", "line 3: unknown field \"metrisc\": did you mean \"metrics\"?"},
	{"colour: red\n",
	 "line 3: unknown field \"colour\": allowed: scaleTargetRef, mode, minReplicas, "
	 "maxReplicas, "
	 "metrics, behavior, forecast, pause, onMetricsLoss, metricsLossLimit, "
	 "schedule, guards, holds"},
	{"\"a\\nb\": 1\n",
	 "line 3: unknown field \"a b\": allowed: scaleTargetRef, mode, minReplicas, "
	 "maxReplicas, "
	 "metrics, behavior, forecast, pause, onMetricsLoss, metricsLossLimit, "
	 "schedule, guards, holds"},
	{"!apiVersion: autoscaling/v2\nscaleTargetRef: {apiVersion: apps/v1, kind: X, "
	 "name: x}\n"
	 "maxReplicas: 3\n",
	 "line 1: apiVersion: a whole object was given: paste only the fields under its "
	 "\"spec\""},
	{"targetCPUUtilizationPercentage: 80\n",
	 "line 3: targetCPUUtilizationPercentage: a field of autoscaling/v1: write "
	 "metrics: [{type: Resource, "
	 "resource: {name: cpu, target: {type: Utilization, averageUtilization: N}}}]"},
	/* The target. */
	{"!maxReplicas: 3\n", "line 1: scaleTargetRef: Required value: {apiVersion, "
			      "kind, name} of what is scaled"},
	{"!maxReplicas: 3\nscaleTargetRef: web\n",
	 "line 2: scaleTargetRef: got \"web\": want a map of fields"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: apps/v1, name: web}\n",
	 "line 2: scaleTargetRef.kind: Required value"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
	 "''}\n",
	 "line 2: scaleTargetRef.name: Required value"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
	 "a/b}\n",
	 "line 2: scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: apps/v1, kind: 50%, name: ab}\n",
	 "line 2: scaleTargetRef.kind: Invalid value: \"50%\": may not contain '%'"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
	 "..}\n",
	 "line 2: scaleTargetRef.name: Invalid value: \"..\": may not be '..'"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: apps/v1, kind: ., name: web}\n",
	 "line 2: scaleTargetRef.kind: Invalid value: \".\": may not be '.'"},
	{"!maxReplicas: 3\nscaleTargetRef: {kind: Deployment, name: web}\n",
	 "line 2: scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must "
	 "specify API group"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: v1, kind: Deployment, name: "
	 "web}\n",
	 "line 2: scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must "
	 "specify API group"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: a/b/c, kind: Deployment, name: "
	 "web}\n",
	 "line 2: scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected "
	 "GroupVersion string: "
	 "a/b/c"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
	 "[web]}\n",
	 "line 2: scaleTargetRef.name: got a list: want a text"},
	{"!maxReplicas: 3\nscaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
	 "web, "
	 "namespace: x}\n",
	 "line 2: scaleTargetRef: unknown field \"namespace\": allowed: apiVersion, "
	 "kind, name"},
	/* Bounds. */
	{"minReplicas: -1\n",
	 "line 3: minReplicas: Invalid value: -1: must be greater than or equal to 0"},
	{"minReplicas: 11\n", "line 2: maxReplicas: Invalid value: 10: must be greater "
			      "than or equal to `minReplicas`"},
	{"!scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
	 "web}\nminReplicas: 2\n"
	 "maxReplicas: 1\n",
	 "line 3: maxReplicas: Invalid value: 1: must be greater than or equal to "
	 "`minReplicas`"},
	{"minReplicas: 0\n", "line 1: metrics: Forbidden: must specify at least one "
			     "Object or External metric to support "
			     "scaling to zero replicas"},
	{"minReplicas: two\n", "line 3: minReplicas: got \"two\": want a whole number"},
	{"minReplicas: 1.5\n", "line 3: minReplicas: got \"1.5\": want a whole number"},
	{"minReplicas: 010\n", "line 3: minReplicas: got \"010\": want a whole number"},
	{"minReplicas: 0x2\n", "line 3: minReplicas: got \"0x2\": want a whole number"},
	{"minReplicas: \"2\"\n",
	 "line 3: minReplicas: got the text \"2\": want a whole number without quotes"},
	{"minReplicas: [2]\n", "line 3: minReplicas: got a list: want a whole number"},
	{"minReplicas: 2147483648\n",
	 "line 3: minReplicas: Invalid value: 2147483648: must be from 0 to 2147483647"},
	{"minReplicas: 99999999999999999999999\n",
	 "line 3: minReplicas: Invalid value: 99999999999999999999999: must be from 0 to "
	 "2147483647"},
	{"!scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
	 "web}\nmaxReplicas: 0\n",
	 "line 2: maxReplicas: Invalid value: 0: must be greater than 0"},
	{"!scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n",
	 "line 1: maxReplicas: Required value: must be greater than 0"},
	/* Foretop's own. */
	{"mode: floor\n", "line 3: mode: Unsupported value: \"floor\": supported values: "
			  "\"Recommend\", \"Scale\", \"Floor\""},
	{"mode: {a: b}\n",
	 "line 3: mode: got a map: want \"Recommend\", \"Scale\", \"Floor\""},
	{"pause: maybe\n", "line 3: pause: got \"maybe\": want true or false"},
	{"pause: \"true\"\n", "line 3: pause: got the text \"true\": want true or false"},
	{"onMetricsLoss: Follow\n", "line 3: onMetricsLoss: Unsupported value: "
				    "\"Follow\": supported values: \"Hold\", "
				    "\"FollowForecast\""},
	{"onMetricsLoss: {FollowForecast: 10m}\n",
	 "line 3: onMetricsLoss: got a map: want \"Hold\", \"FollowForecast\""},
	{"metricsLossLimit: 59s\n",
	 "line 3: metricsLossLimit: Invalid value: \"59s\": must be from 1m to 6h"},
	{"metricsLossLimit: 361m\n",
	 "line 3: metricsLossLimit: Invalid value: \"361m\": must be from 1m to 6h"},
	{"metricsLossLimit: Auto\n", "line 3: metricsLossLimit: \"Auto\" is not a "
				     "duration: want parts with the units "
				     "w, d, h, m, s and ms, like 90s, 1h30m or 14d"},
};

START_TEST(wrong_policies_are_refused_with_line_path_and_what_is_allowed)
{
	/* The two texts that lack everything have two problems: only their first is
	 * checked. */
	if (refusals[_i].text[1] == '\0') {
		struct err err = {0};
		ck_assert_ptr_null(policy_parse("shop", "web", "", 0, &err));
		ck_assert_str_eq(err.msg, refusals[_i].want);
		return;
	}
	check_refusal(&refusals[_i]);
}
END_TEST

START_TEST(the_least_policy_gets_the_defaults_of_the_api)
{
	AUTO(policy_cleanup) struct policy *p = must_accept("");
	ck_assert_str_eq(p->ns, "shop");
	ck_assert_str_eq(p->name, "web");
	ck_assert_str_eq(p->uid, "");
	ck_assert_uint_eq(p->hash, hash_text(HEAD));
	ck_assert_str_eq(p->target.api_version, "apps/v1");
	ck_assert_str_eq(p->target.kind, "Deployment");
	ck_assert_str_eq(p->target.name, "web");
	ck_assert_int_eq(p->mode, MODE_RECOMMEND);
	ck_assert_int_eq(p->min_replicas, 1);
	ck_assert_int_eq(p->max_replicas, 10);
	ck_assert_int_eq(p->metric_count, 1);
	const struct policy_metric *m = &p->metrics[0];
	ck_assert_int_eq(m->type, METRIC_RESOURCE);
	ck_assert_str_eq(m->name, "cpu");
	ck_assert_str_eq(m->source, "default");
	ck_assert_ptr_null(m->query);
	ck_assert_int_eq(m->target.type, TARGET_UTILIZATION);
	ck_assert_int_eq(m->target.utilization_pct, 80);
	ck_assert_int_eq(m->forecast_target.utilization_pct, 80);
	ck_assert_int_eq(m->reactive_target.utilization_pct, 80);
	ck_assert(m->forecast);
	ck_assert(!p->has_behavior);
	ck_assert(!p->pause);
	ck_assert_int_eq(p->on_metrics_loss, LOSS_HOLD);
	ck_assert_int_eq(p->metrics_loss_limit_ms, 30 * MS_PER_MIN);
	ck_assert_int_eq(p->schedule_count, 0);
	ck_assert_int_eq(p->guard_count, 0);
}
END_TEST

START_TEST(null_fields_are_absent_ones)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"minReplicas: null\nmetrics: ~\nbehavior:\nforecast: null\npause:\n"
		"mode: null\nschedule: []\nguards: []\nonMetricsLoss: Hold\n");
	ck_assert_int_eq(p->min_replicas, 1);
	ck_assert_int_eq(p->metric_count, 1);
	ck_assert(!p->has_behavior);
}
END_TEST

START_TEST(an_empty_list_of_metrics_is_an_absent_one)
{
	AUTO(policy_cleanup) struct policy *p = must_accept("metrics: []\n");
	ck_assert_int_eq(p->metric_count, 1);
	ck_assert_int_eq(p->metrics[0].target.utilization_pct, 80);
}
END_TEST

START_TEST(a_replication_controller_needs_no_group)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"!scaleTargetRef: {apiVersion: v1, kind: ReplicationController, "
		"name: web}\nmaxReplicas: 3\n");
	ck_assert_str_eq(p->target.api_version, "v1");
}
END_TEST

START_TEST(the_bounds_may_be_equal)
{
	AUTO(policy_cleanup) struct policy *p = must_accept("minReplicas: 10\n");
	ck_assert_int_eq(p->min_replicas, 10);
	ck_assert_int_eq(p->max_replicas, 10);
}
END_TEST

START_TEST(zero_replicas_are_allowed_with_an_external_metric)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"minReplicas: 0\nmetrics:\n- type: External\n  external: {metric: "
		"{name: q}, target: {type: Value, value: 3}}\n  query: q\n");
	ck_assert_int_eq(p->min_replicas, 0);
}
END_TEST

/* Every field that there is. */
static const char example[] =
	"!scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}\n"
	"mode: Recommend            # Recommend (default: decide, report, write nothing) "
	"| Scale | Floor\n"
	"minReplicas: 2\n"
	"maxReplicas: 40\n"
	"metrics:                   # autoscaling/v2; several -> maximum\n"
	"- type: Resource\n"
	"  resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}\n"
	"- type: Resource\n"
	"  resource: {name: memory, target: {type: AverageValue, averageValue: 600Mi}}\n"
	"- type: External\n"
	"  external:\n"
	"    metric: {name: requests}\n"
	"    target: {type: AverageValue, averageValue: \"100\"}\n"
	"  query: "
	"sum(rate(http_requests_total{namespace=\"shop\",service=\"checkout\"}[1m]))\n"
	"  source: default          # a named Prometheus of the controller's "
	"configuration\n"
	"  forecast: {target: \"115\", reactiveTarget: \"130\"}\n"
	"behavior: {}               # autoscaling/v2, tolerance included\n"
	"forecast:\n"
	"  mode: Auto\n"
	"  models: [HoltWinters, LinearRegression]\n"
	"  horizon: Auto            # Auto = measured lead time, or a duration\n"
	"  history: 14d\n"
	"  step: Auto               # model step, 1m..1h\n"
	"  seasons: Auto            # or [1d, 7d]\n"
	"  timeZone: Europe/Paris   # for calendar terms\n"
	"  quantile: 0.95           # or objective: 99.8% (share of the load served)\n"
	"  exclude: [{from: 2026-11-27T00:00:00Z, to: 2026-11-28T00:00:00Z}]\n"
	"  maxOverReactive: 3\n"
	"  release: false\n"
	"onMetricsLoss: FollowForecast\n"
	"metricsLossLimit: 20m\n"
	"schedule:                  # time-based floors and ceilings\n"
	"- {cron: \"0 8 * * 1-5\", timeZone: Europe/Paris, duration: 10h, minReplicas: "
	"8}\n"
	"guards:                    # circuit breakers\n"
	"- {name: errors, query: errors / all, above: 0.05, for: 2m, action: HoldDown}\n"
	"holds: {scaleDownDuringRollout: true, respectManualScale: 5m}\n"
	"pause: false\n";

START_TEST(the_example_is_read_as_it_is_meant)
{
	AUTO(policy_cleanup) struct policy *p = must_accept(example);
	ck_assert_int_eq(p->min_replicas, 2);
	ck_assert_int_eq(p->max_replicas, 40);
	ck_assert_int_eq(p->metric_count, 3);
	ck_assert_int_eq(p->metrics[0].target.utilization_pct, 70);
	ck_assert(p->metrics[0].forecast);
	ck_assert_int_eq(p->metrics[1].target.type, TARGET_AVERAGE_VALUE);
	ck_assert_int_eq(p->metrics[1].target.value_m, INT64_C(629145600000));
	ck_assert(!p->metrics[1].forecast);
	const struct policy_metric *m = &p->metrics[2];
	ck_assert_int_eq(m->type, METRIC_EXTERNAL);
	ck_assert_str_eq(m->name, "requests");
	ck_assert_str_eq(m->query, "sum(rate(http_requests_total{namespace=\"shop\","
				   "service=\"checkout\"}[1m]))");
	ck_assert_int_eq(m->target.value_m, 100000);
	ck_assert_int_eq(m->forecast_target.value_m, 115000);
	ck_assert_int_eq(m->reactive_target.value_m, 130000);
	ck_assert_int_eq(m->forecast_target.type, TARGET_AVERAGE_VALUE);
	ck_assert(p->has_behavior);
	ck_assert_int_eq(p->forecast.mode, FORECAST_AUTO);
	ck_assert_int_eq(p->forecast.horizon_ms, 0);
	ck_assert_int_eq(p->forecast.history_ms, 14 * MS_PER_DAY);
	ck_assert_double_eq(p->forecast.quantile, 0.95);
	ck_assert_str_eq(p->forecast.time_zone, "Europe/Paris");
	ck_assert_int_eq(p->on_metrics_loss, LOSS_FOLLOW_FORECAST);
	ck_assert_int_eq(p->metrics_loss_limit_ms, 20 * MS_PER_MIN);
	ck_assert_int_eq(p->schedule_count, 1);
	ck_assert_int_eq(p->schedules[0].min_replicas, 8);
	ck_assert_int_eq(p->guard_count, 1);
	ck_assert_int_eq(p->guards[0].action, GUARD_HOLD_DOWN);
	ck_assert(p->holds.scale_down_during_rollout);
	ck_assert_int_eq(p->holds.respect_manual_scale_ms, 5 * MS_PER_MIN);
}
END_TEST

START_TEST(one_metric_can_be_kept_and_forecasting_switched_off)
{
	AUTO(policy_cleanup) struct policy *p = must_accept(example);
	policy_keep_metric(p, 2);
	ck_assert_int_eq(p->metric_count, 1);
	ck_assert_str_eq(p->metrics[0].name, "requests");
	policy_keep_metric(p, 0);
	ck_assert_str_eq(p->metrics[0].name, "requests");
	policy_disable_forecast(p);
	ck_assert_int_eq(p->forecast.mode, FORECAST_DISABLED);
	/* Holds that stand in the text stay. */
	ck_assert_int_eq(p->holds.respect_manual_scale_ms, 5 * MS_PER_MIN);
	AUTO(policy_cleanup)
	struct policy *bare = must_accept("forecast: {}\n");
	ck_assert(!bare->holds.scale_down_during_rollout);
	policy_disable_forecast(bare);
	ck_assert(bare->holds.scale_down_during_rollout);
	ck_assert_int_eq(bare->holds.respect_manual_scale_ms, 0);
}
END_TEST

START_TEST(a_policy_may_be_json)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"!{\n\t\"scaleTargetRef\": {\"apiVersion\": \"apps/v1\", \"kind\": "
		"\"StatefulSet\", \"name\": \"db\"},\n\t\"maxReplicas\": 5, "
		"\"mode\": \"Scale\", \"pause\": true, \"behavior\": null,\n"
		"\t\"metrics\": [{\"type\": \"Resource\", \"resource\": {\"name\": "
		"\"cpu\", \"target\": {\"type\": \"AverageValue\", "
		"\"averageValue\": \"500m\"}}}]}\n");
	ck_assert_str_eq(p->target.kind, "StatefulSet");
	ck_assert_int_eq(p->mode, MODE_SCALE);
	ck_assert(p->pause);
	ck_assert_int_eq(p->metrics[0].target.value_m, 500);
}
END_TEST

START_TEST(every_problem_is_found_and_the_first_is_returned)
{
	static const char text[] =
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment}\n"
		"maxReplicas: none\n"
		"colors: 3\n"
		"metrics:\n"
		"- type: Disk\n"
		"- type: Pods\n"
		"  pods: {metric: {}, target: {type: AverageValue, averageValue: -1}}\n";
	static const char want[] =
		"line 1: scaleTargetRef.name: Required value\n"
		"line 2: maxReplicas: got \"none\": want a whole number\n"
		"line 3: unknown field \"colors\": allowed: scaleTargetRef, mode, "
		"minReplicas, "
		"maxReplicas, metrics, behavior, forecast, pause, onMetricsLoss, "
		"metricsLossLimit, schedule, guards, holds\n"
		"line 5: metrics[0].type: Unsupported value: \"Disk\": supported values: "
		"\"ContainerResource\", \"External\", \"Object\", \"Pods\", "
		"\"Resource\"\n"
		"line 7: metrics[1].pods.target.averageValue: Invalid value: \"-1\": "
		"must be positive\n"
		"line 7: metrics[1].pods.metric.name: Required value: must specify a "
		"metric name\n"
		"line 6: metrics[1].query: Required value: the PromQL of the metric's "
		"value\n";
	struct err err = {0};
	struct str lines;
	str_init(&lines, 1 << 16);
	ck_assert_int_eq(policy_check(text, strlen(text), &lines), 7);
	ck_assert_str_eq(str_text(&lines), want);
	str_fini(&lines);
	ck_assert_ptr_null(policy_parse("shop", "web", text, strlen(text), &err));
	ck_assert_str_eq(err.msg, "line 1: scaleTargetRef.name: Required value");
}
END_TEST

START_TEST(a_text_that_cannot_be_in_a_configmap_is_refused)
{
	size_t len = (1 << 20) + 1;
	AUTO_FREE char *text = xmalloc(len);
	struct err err = {0};
	memset(text, '\n', len);
	ck_assert_ptr_null(policy_parse("shop", "web", text, len, &err));
	ck_assert_str_eq(err.msg, "1048577 bytes: want at most 1048576");
}
END_TEST

START_TEST(endless_problems_are_counted_but_not_kept)
{
	struct str text, lines;
	str_init(&text, 1 << 20);
	str_init(&lines, 1 << 20);
	for (int i = 0; i < 5000; i++)
		str_printf(&text, "f%d: 1\n", i);
	ck_assert_int_ge(policy_check(str_text(&text), text.len, &lines), 5000);
	ck_assert_uint_le(lines.len, 16384);
	str_fini(&text);
	str_fini(&lines);
}
END_TEST

START_TEST(a_message_is_cut_between_characters)
{
	struct str text;
	str_init(&text, 1 << 16);
	for (int shift = 0; shift < 3; shift++) {
		struct err err = {0};
		str_clear(&text);
		str_printf(&text, "%s", &"xxx"[shift]);
		for (int i = 0; i < 200; i++)
			str_puts(&text, "\u20ac");
		str_puts(&text, ": 1\n");
		ck_assert_ptr_null(
			policy_parse("shop", "web", str_text(&text), text.len, &err));
		/* Whole characters of three bytes and three dots. */
		size_t euros = 0;
		for (const char *p = err.msg; (p = strstr(p, "\u20ac")); p += 3)
			euros++;
		size_t bytes = 0;
		for (const char *p = err.msg; *p; p++)
			bytes += (unsigned char)*p >= 0x80;
		ck_assert_uint_eq(bytes, 3 * euros);
		ck_assert_uint_ge(euros, 20);
	}
	str_fini(&text);
}
END_TEST

/* Neither a crash nor a leak, whatever happens to a good policy; and what is still taken
 * can be printed and read. */
START_TEST(random_damage_is_survived)
{
	static const char spice[] = "{}[]:,-\"'#&*!|>%@`~ \n\t0129.eEmKi\x80\xff";
	static const char *const words[] = {
		"null",   "~",    "[]",  "{}", "-1",           "1e400",
		"\"\"",   "true", "&a ", "*a", "0x1",          "type",
		"target", ": ",   "\n",  "- ", "9999999999999"};
	struct rng r;
	rng_init(&r, 5);
	int accepted = 0;
	for (int i = 0; i < 6000; i++) {
		struct str text;
		str_init(&text, 1 << 16);
		size_t len = strlen(example + 1);
		uint64_t left = 1 + rng_next(&r) % 3;
		for (size_t at = 0; at < len; at++) {
			bool hit = left && rng_next(&r) % (len / 2) == 0;
			left -= hit;
			if (!hit)
				str_add(&text, example + 1 + at, 1);
			else if (rng_next(&r) % 3 == 0)
				str_puts(&text, words[rng_next(&r) % ARRAY_LEN(words)]);
			else if (rng_next(&r) % 2 == 0)
				str_add(&text, &spice[rng_next(&r) % (sizeof(spice) - 1)],
					1);
			else
				at += rng_next(&r) % 20;
		}
		struct err err = {0};
		struct policy *p =
			policy_parse("shop", "web", str_text(&text), text.len, &err);
		if (p) {
			AUTO_FREE char *printed = policy_text(p);
			AUTO(policy_cleanup)
			struct policy *back = policy_parse("shop", "web", printed,
							   strlen(printed), &err);
			ck_assert_msg(back != NULL, "%s\n%s", err.msg, printed);
			accepted++;
		} else {
			ck_assert_msg(strncmp(err.msg, "line ", 5) == 0, "%s", err.msg);
		}
		policy_free(p);
		str_fini(&text);
	}
	ck_assert_int_gt(accepted, 500);
	ck_assert_int_lt(accepted, 5500);
}
END_TEST

START_TEST(names_are_the_words_of_the_text)
{
	ck_assert_str_eq(policy_mode_name(MODE_SCALE), "Scale");
	ck_assert_str_eq(policy_mode_name(MODE_RECOMMEND), "Recommend");
	ck_assert_str_eq(policy_mode_name(MODE_FLOOR), "Floor");
	ck_assert_str_eq(metrics_loss_name(LOSS_FOLLOW_FORECAST), "FollowForecast");
	ck_assert_str_eq(guard_action_name(GUARD_HOLD_UP), "HoldUp");
	ck_assert_str_eq(metric_type_name(METRIC_CONTAINER_RESOURCE),
			 "ContainerResource");
	ck_assert_str_eq(forecast_mode_name(FORECAST_ALWAYS), "Always");
	ck_assert_str_eq(policy_mode_name((enum policy_mode)99), "");
}
END_TEST

static const struct {
	const char *api_version, *kind, *expect;
} group_kinds[] = {
	{"apps/v1", "Deployment", "Deployment"},
	{"v1", "ReplicationController", "ReplicationController"},
	{"argoproj.io/v1alpha1", "Rollout", "Rollout.argoproj.io"},
	{"apps.example.com/v1", "Deployment", "Deployment.apps.example.com"},
	{"appx/v1", "Deployment", "Deployment.appx"},
	{"app/v1", "Deployment", "Deployment.app"},
	{"", "Deployment", "Deployment"},
	{NULL, "Deployment", "Deployment"},
	{"apps/v1", NULL, NULL},
};

START_TEST(kinds_beyond_apps_carry_their_group)
{
	char *got AUTO_FREE =
		policy_group_kind(group_kinds[_i].api_version, group_kinds[_i].kind);
	ck_assert_pstr_eq(got, group_kinds[_i].expect);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("policy");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase,
			    wrong_policies_are_refused_with_line_path_and_what_is_allowed,
			    0, ARRAY_LEN(refusals));
	tcase_add_test(tcase, the_least_policy_gets_the_defaults_of_the_api);
	tcase_add_test(tcase, null_fields_are_absent_ones);
	tcase_add_test(tcase, an_empty_list_of_metrics_is_an_absent_one);
	tcase_add_test(tcase, a_replication_controller_needs_no_group);
	tcase_add_test(tcase, the_bounds_may_be_equal);
	tcase_add_test(tcase, zero_replicas_are_allowed_with_an_external_metric);
	tcase_add_test(tcase, the_example_is_read_as_it_is_meant);
	tcase_add_test(tcase, a_policy_may_be_json);
	tcase_add_test(tcase, one_metric_can_be_kept_and_forecasting_switched_off);
	tcase_add_test(tcase, every_problem_is_found_and_the_first_is_returned);
	tcase_add_test(tcase, a_text_that_cannot_be_in_a_configmap_is_refused);
	tcase_add_test(tcase, endless_problems_are_counted_but_not_kept);
	tcase_add_test(tcase, a_message_is_cut_between_characters);
	tcase_add_test(tcase, random_damage_is_survived);
	tcase_add_test(tcase, names_are_the_words_of_the_text);
	tcase_add_loop_test(tcase, kinds_beyond_apps_carry_their_group, 0,
			    ARRAY_LEN(group_kinds));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
