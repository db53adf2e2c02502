#include "unit/policy/refusals.h"

#define CPU(text)                                                                        \
	"metrics:\n- type: Resource\n  resource: {name: cpu, target: " text "}\n"
#define NAMED(type, key, text)                                                           \
	"metrics:\n- type: " type "\n  query: q\n  " key                                 \
	": {metric: {name: x}, target: " text "}\n"
#define PODS(text)     NAMED("Pods", "pods", text)
#define OBJECT(text)   NAMED("Object", "object", text)
#define EXTERNAL(text) NAMED("External", "external", text)
#define CPU_PATH       "line 5: metrics[0].resource.target"
#define POSITIVE       "must be positive"

/* The facts of autoscaling/v2's validation.go, field by field. */
static const struct refusal refusals[] = {
	{"metrics:\n- type: Resource\n  resource: {name: cpu, target: 80}\n",
	 CPU_PATH ": got \"80\": want a map of fields"},
	{CPU("{averageUtilization: 80}"),
	 CPU_PATH ".type: Required value: must specify a metric target type"},
	{CPU("{type: utilization, averageUtilization: 80}"),
	 CPU_PATH ".type: Invalid value: \"utilization\": must be either Utilization, "
		  "Value, or AverageValue"},
	{CPU("{type: [Utilization], averageUtilization: 80}"),
	 CPU_PATH ".type: got a list: want Utilization, Value or AverageValue"},
	{CPU("{type: Utilization, averageUtilisation: 80, averageUtilization: 80}"),
	 CPU_PATH
	 ": unknown field \"averageUtilisation\": did you mean \"averageUtilization\"?"},
	{CPU("{type: Utilization, averageUtilization: 0}"),
	 CPU_PATH ".averageUtilization: Invalid value: 0: must be greater than 0"},
	{CPU("{type: Utilization, averageUtilization: 80%}"),
	 CPU_PATH ".averageUtilization: got \"80%\": want a whole number"},
	{CPU("{type: AverageValue, averageValue: 0}"),
	 CPU_PATH ".averageValue: Invalid value: \"0\": " POSITIVE},
	{CPU("{type: AverageValue, averageValue: \"-5m\"}"),
	 CPU_PATH ".averageValue: Invalid value: \"-5m\": " POSITIVE},
	{CPU("{type: AverageValue, averageValue: 5 m}"),
	 CPU_PATH ".averageValue: \"5 m\" is not a quantity: want a number with an "
		  "optional suffix n u m k M G "
		  "T P E Ki Mi Gi Ti Pi Ei or exponent, like 100m, 1.5 or 600Mi"},
	{CPU("{type: AverageValue, averageValue: [5]}"),
	 CPU_PATH ".averageValue: got a list: want a quantity like 100m, 1.5 or 600Mi"},
	{CPU("{type: AverageValue, averageValue: 010}"),
	 CPU_PATH ".averageValue: got \"010\": want no leading zero"},
	{CPU("{type: Utilization}"), CPU_PATH ".averageUtilization: Required value: must "
					      "set either a target raw value or a target "
					      "utilization"},
	{CPU("{type: Utilization, averageUtilization: 80, averageValue: 1}"),
	 CPU_PATH ".averageValue: Forbidden: may not set both a target raw value and a "
		  "target utilization"},
	{CPU("{type: Utilization, averageUtilization: 80, value: 1}"),
	 CPU_PATH ".value: Forbidden: allowed here: averageUtilization, averageValue"},
	{PODS("{type: AverageValue}"),
	 "line 6: metrics[0].pods.target.averageValue: Required value: must "
	 "specify a positive target averageValue"},
	{PODS("{type: AverageValue, averageValue: 1, value: 1}"),
	 "line 6: metrics[0].pods.target.value: Forbidden: allowed here: averageValue"},
	{PODS("{type: AverageValue, averageValue: 1, averageUtilization: 1}"),
	 "line 6: metrics[0].pods.target.averageUtilization: Forbidden: allowed here: "
	 "averageValue"},
	{OBJECT("{type: Value}"),
	 "line 6: metrics[0].object.target.averageValue: Required value: must set "
	 "either a target value or averageValue"},
	{OBJECT("{type: Value, averageValue: 1}"),
	 "line 6: metrics[0].object.target.type: Invalid value: \"Value\": must be "
	 "AverageValue, because "
	 "averageValue is set"},
	{OBJECT("{type: AverageValue, value: 1}"),
	 "line 6: metrics[0].object.target.type: Invalid value: \"AverageValue\": must "
	 "be Value, because value "
	 "is set"},
	{OBJECT("{type: Utilization, value: 1, averageValue: 1}"),
	 "line 6: metrics[0].object.target.type: Invalid value: \"Utilization\": must be "
	 "Value or AverageValue"},
	{EXTERNAL("{type: Value}"),
	 "line 6: metrics[0].external.target.averageValue: Required value: must set "
	 "either a target value for metric or a per-pod target"},
	{EXTERNAL("{type: Value, value: 1, averageValue: 1}"),
	 "line 6: metrics[0].external.target.value: Forbidden: may not set both a target "
	 "value for metric and a "
	 "per-pod target"},
	{EXTERNAL("{type: Value, value: 0}"),
	 "line 6: metrics[0].external.target.value: Invalid value: \"0\": " POSITIVE},
	{"metrics:\n- type: Pods\n  query: q\n  pods: {metric: {name: x}}\n",
	 "line 6: metrics[0].pods.target.type: Required value: must specify a metric "
	 "target type\n"
	 "line 6: metrics[0].pods.target.averageValue: Required value: must specify a "
	 "positive target "
	 "averageValue"},
	/* The forecast's own targets. */
	{CPU("{type: Utilization, averageUtilization: 80}") "  forecast: 95\n",
	 "line 6: metrics[0].forecast: got \"95\": want a map of fields"},
	{CPU("{type: Utilization, averageUtilization: 80}") "  forecast: {targets: 95}\n",
	 "line 6: metrics[0].forecast: unknown field \"targets\": did you mean "
	 "\"target\"?"},
	{CPU("{type: Utilization, averageUtilization: 80}") "  forecast: {target: "
							    "500m}\n",
	 "line 6: metrics[0].forecast.target: got \"500m\": want a whole percentage of "
	 "the request, greater "
	 "than 0"},
	{CPU("{type: Utilization, averageUtilization: 80}") "  forecast: {target: 0}\n",
	 "line 6: metrics[0].forecast.target: got \"0\": want a whole percentage of the "
	 "request, greater than 0"},
	{CPU("{type: Utilization, averageUtilization: 80}") "  forecast: "
							    "{reactiveTarget: "
							    "4294967296}\n",
	 "line 6: metrics[0].forecast.reactiveTarget: got \"4294967296\": want a whole "
	 "percentage of the "
	 "request, greater than 0"},
	{CPU("{type: AverageValue, averageValue: 1}") "  forecast: {target: 95%}\n",
	 "line 6: metrics[0].forecast.target: \"95%\" is not a quantity: want a number "
	 "with an optional suffix n "
	 "u m k M G T P E Ki Mi Gi Ti Pi Ei or exponent, like 100m, 1.5 or 600Mi"},
	{CPU("{type: AverageValue, averageValue: 1}") "  forecast: {target: -1}\n",
	 "line 6: metrics[0].forecast.target: Invalid value: \"-1\": " POSITIVE},
};

START_TEST(wrong_targets_are_refused_in_the_words_of_the_api)
{
	if (!strchr(refusals[_i].want, '\n')) {
		check_refusal(&refusals[_i]);
		return;
	}
	AUTO_FREE char *text = whole_text(refusals[_i].text);
	AUTO_FREE char *want = xasprintf("%s\n", refusals[_i].want);
	struct str lines;
	str_init(&lines, 4096);
	policy_check(text, strlen(text), &lines);
	ck_assert_str_eq(str_text(&lines), want);
	str_fini(&lines);
}
END_TEST

static const struct {
	const char *text;
	struct metric_target want;
} targets[] = {
	{CPU("{type: Utilization, averageUtilization: 80}"), {TARGET_UTILIZATION, 0, 80}},
	{CPU("{type: Utilization, averageUtilization: 2147483647}"),
	 {TARGET_UTILIZATION, 0, INT32_MAX}},
	{CPU("{type: AverageValue, averageValue: 0.1}"), {TARGET_AVERAGE_VALUE, 100, 0}},
	{CPU("{type: AverageValue, averageValue: 123456789n}"),
	 {TARGET_AVERAGE_VALUE, 124, 0}},
	{PODS("{type: AverageValue, averageValue: \"1k\"}"),
	 {TARGET_AVERAGE_VALUE, 1000000, 0}},
	{OBJECT("{type: Value, value: 2}"), {TARGET_VALUE, 2000, 0}},
	{OBJECT("{type: AverageValue, averageValue: 2}"),
	 {TARGET_AVERAGE_VALUE, 2000, 0}},
	/* `type` chooses for Object ... */
	{OBJECT("{type: Value, value: 2, averageValue: 3}"), {TARGET_VALUE, 2000, 0}},
	{OBJECT("{type: AverageValue, value: 2, averageValue: 3}"),
	 {TARGET_AVERAGE_VALUE, 3000, 0}},
	/* ... and for nothing else: the HPA follows the number. */
	{EXTERNAL("{type: Value, averageValue: 2}"), {TARGET_AVERAGE_VALUE, 2000, 0}},
	{EXTERNAL("{type: AverageValue, value: 2}"), {TARGET_VALUE, 2000, 0}},
	{CPU("{type: Utilization, averageValue: 1}"), {TARGET_AVERAGE_VALUE, 1000, 0}},
	{CPU("{type: Value, averageUtilization: 60}"), {TARGET_UTILIZATION, 0, 60}},
};

static void check_target(const struct metric_target *target,
			 const struct metric_target *want)
{
	ck_assert_int_eq(target->type, want->type);
	ck_assert_int_eq(target->value_m, want->value_m);
	ck_assert_int_eq(target->utilization_pct, want->utilization_pct);
}

START_TEST(a_target_is_what_the_hpa_acts_on_and_the_forecasts_default)
{
	AUTO(policy_cleanup) struct policy *p = must_accept(targets[_i].text);
	check_target(&p->metrics[0].target, &targets[_i].want);
	check_target(&p->metrics[0].forecast_target, &targets[_i].want);
	check_target(&p->metrics[0].reactive_target, &targets[_i].want);
}
END_TEST

static const struct {
	const char *text;
	struct metric_target forecast, reactive;
} own_targets[] = {
	{CPU("{type: Utilization, averageUtilization: 80}") "  forecast: {target: 95, "
							    "reactiveTarget: \"90\"}\n",
	 {TARGET_UTILIZATION, 0, 95},
	 {TARGET_UTILIZATION, 0, 90}},
	{CPU("{type: Utilization, averageUtilization: 80}") "  forecast: {target: "
							    "120%}\n",
	 {TARGET_UTILIZATION, 0, 120},
	 {TARGET_UTILIZATION, 0, 80}},
	{EXTERNAL("{type: AverageValue, averageValue: 100}") "  forecast: "
							     "{reactiveTarget: "
							     "\"130500m\"}\n",
	 {TARGET_AVERAGE_VALUE, 100000, 0},
	 {TARGET_AVERAGE_VALUE, 130500, 0}},
	{OBJECT("{type: Value, value: 100}") "  forecast: {target: 115}\n",
	 {TARGET_VALUE, 115000, 0},
	 {TARGET_VALUE, 100000, 0}},
	{CPU("{type: Utilization, averageUtilization: 80}") "  forecast: {}\n",
	 {TARGET_UTILIZATION, 0, 80},
	 {TARGET_UTILIZATION, 0, 80}},
};

START_TEST(the_forecasts_own_targets_are_in_the_targets_unit)
{
	AUTO(policy_cleanup) struct policy *p = must_accept(own_targets[_i].text);
	check_target(&p->metrics[0].forecast_target, &own_targets[_i].forecast);
	check_target(&p->metrics[0].reactive_target, &own_targets[_i].reactive);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target");
	TCase *tcase = tcase_create("target");
	tcase_add_loop_test(tcase, wrong_targets_are_refused_in_the_words_of_the_api, 0,
			    ARRAY_LEN(refusals));
	tcase_add_loop_test(tcase,
			    a_target_is_what_the_hpa_acts_on_and_the_forecasts_default, 0,
			    ARRAY_LEN(targets));
	tcase_add_loop_test(tcase, the_forecasts_own_targets_are_in_the_targets_unit, 0,
			    ARRAY_LEN(own_targets));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
