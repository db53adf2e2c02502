#include "unit/policy/refusals.h"

#define UP(text)   "behavior:\n  scaleUp: " text "\n"
#define DOWN(text) "behavior:\n  scaleDown: " text "\n"
#define RULE(text) UP("{policies: [" text "]}")
#define UP_PATH    "line 4: behavior.scaleUp"

/* The facts of autoscaling/v2's validation.go, field by field. */
static const struct refusal refusals[] = {
	{"behavior: fast\n", "line 3: behavior: got \"fast\": want a map of fields"},
	{"behavior: {scaleup: {}}\n",
	 "line 3: behavior: unknown field \"scaleup\": did you mean \"scaleUp\"?"},
	{UP("[]"), UP_PATH ": got a list: want a map of fields"},
	{UP("{stabilizationWindow: 3}"),
	 UP_PATH ": unknown field \"stabilizationWindow\": allowed: "
		 "stabilizationWindowSeconds, selectPolicy, "
		 "policies, tolerance"},
	{UP("{stabilizationWindowSecond: 3}"),
	 UP_PATH ": unknown field \"stabilizationWindowSecond\": did you mean "
		 "\"stabilizationWindowSeconds\"?"},
	{UP("{stabilizationWindowSeconds: -1}"),
	 UP_PATH ".stabilizationWindowSeconds: Invalid value: -1: must be greater than "
		 "or equal to zero"},
	{DOWN("{stabilizationWindowSeconds: 3601}"),
	 "line 4: behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: "
	 "must be less than or "
	 "equal to 3600"},
	{UP("{stabilizationWindowSeconds: 5m}"),
	 UP_PATH ".stabilizationWindowSeconds: got \"5m\": want a whole number"},
	{UP("{selectPolicy: max}"),
	 UP_PATH ".selectPolicy: Unsupported value: \"max\": supported values: "
		 "\"Disabled\", \"Max\", \"Min\""},
	{UP("{tolerance: -0.1}"), UP_PATH
	 ".tolerance: Invalid value: \"-0.1\": must be greater than or equal to 0"},
	{UP("{tolerance: 5%}"),
	 UP_PATH ".tolerance: \"5%\" is not a quantity: want a number with an optional "
		 "suffix n u m k M G T P E "
		 "Ki Mi Gi Ti Pi Ei or exponent, like 100m, 1.5 or 600Mi"},
	{UP("{policies: []}"),
	 UP_PATH ".policies: Required value: must specify at least one Policy"},
	{UP("{policies: {type: Pods}}"), UP_PATH ".policies: got a map: want a list"},
	{RULE("Pods"), UP_PATH ".policies[0]: got \"Pods\": want a map of fields"},
	{RULE("{type: Pod, value: 1, periodSeconds: 1}"),
	 UP_PATH ".policies[0].type: Unsupported value: \"Pod\": supported values: "
		 "\"Percent\", \"Pods\""},
	{RULE("{value: 1, periodSeconds: 1}"), UP_PATH
	 ".policies[0].type: Required value: supported values: \"Percent\", \"Pods\""},
	{RULE("{type: Pods, value: 0, periodSeconds: 1}"),
	 UP_PATH ".policies[0].value: Invalid value: 0: must be greater than zero"},
	{RULE("{type: Pods, periodSeconds: 1}"),
	 UP_PATH ".policies[0].value: Required value: must be greater than zero"},
	{RULE("{type: Pods, value: 1, periodSeconds: 0}"), UP_PATH
	 ".policies[0].periodSeconds: Invalid value: 0: must be greater than zero"},
	{RULE("{type: Pods, value: 1}"),
	 UP_PATH ".policies[0].periodSeconds: Required value: must be greater than zero"},
	{RULE("{type: Pods, value: 1, periodSeconds: 1801}"),
	 UP_PATH ".policies[0].periodSeconds: Invalid value: 1801: must be less than or "
		 "equal to 1800"},
	{RULE("{type: Pods, value: 1, periodSeconds: 1}, {type: Percent, value: 1, "
	      "periodSeconds: 1, x: 1}"),
	 UP_PATH
	 ".policies[1]: unknown field \"x\": allowed: type, value, periodSeconds"},
	{RULE("{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}"),
	 UP_PATH ".policies: Too many: 17: must have at most 16 items"},
};

START_TEST(wrong_behavior_is_refused_in_the_words_of_the_api)
{
	check_refusal(&refusals[_i]);
}
END_TEST

static void check_default_up(const struct scaling_rules *up)
{
	ck_assert(up->has_stabilization);
	ck_assert_int_eq(up->stabilization_s, 0);
	ck_assert_int_eq(up->select, SELECT_MAX);
	ck_assert_int_eq(up->count, 2);
	ck_assert_int_eq(up->rules[0].type, RULE_PODS);
	ck_assert_int_eq(up->rules[0].value, 4);
	ck_assert_int_eq(up->rules[0].period_s, 15);
	ck_assert_int_eq(up->rules[1].type, RULE_PERCENT);
	ck_assert_int_eq(up->rules[1].value, 100);
	ck_assert_int_eq(up->rules[1].period_s, 15);
	ck_assert(!up->has_tolerance);
}

static void check_default_down(const struct scaling_rules *down)
{
	ck_assert(!down->has_stabilization); /* the controller's own window holds */
	ck_assert_int_eq(down->select, SELECT_MAX);
	ck_assert_int_eq(down->count, 1);
	ck_assert_int_eq(down->rules[0].type, RULE_PERCENT);
	ck_assert_int_eq(down->rules[0].value, 100);
	ck_assert_int_eq(down->rules[0].period_s, 15);
	ck_assert(!down->has_tolerance);
}

static const char *const empties[] = {
	"behavior: {}\n", "behavior: {scaleUp: null, scaleDown: }\n",
	"behavior: {scaleUp: {}, scaleDown: {policies: null}}\n"};

START_TEST(even_an_empty_behavior_gets_all_defaults)
{
	AUTO(policy_cleanup) struct policy *p = must_accept(empties[_i]);
	ck_assert(p->has_behavior);
	check_default_up(&p->up);
	check_default_down(&p->down);
}
END_TEST

START_TEST(defaults_are_set_field_by_field)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept("behavior:\n"
				       "  scaleUp: {tolerance: 0.05, selectPolicy: Min}\n"
				       "  scaleDown: {stabilizationWindowSeconds: 0, "
				       "policies: [{type: Pods, value: 2, periodSeconds: "
				       "1800}]}\n");
	ck_assert_int_eq(p->up.select, SELECT_MIN);
	ck_assert_int_eq(p->up.count, 2);
	ck_assert(p->up.has_tolerance);
	ck_assert_double_eq(p->up.tolerance, 0.05);
	ck_assert(p->down.has_stabilization);
	ck_assert_int_eq(p->down.stabilization_s, 0);
	ck_assert_int_eq(p->down.select, SELECT_MAX);
	ck_assert_int_eq(p->down.count, 1);
	ck_assert_int_eq(p->down.rules[0].type, RULE_PODS);
	ck_assert_int_eq(p->down.rules[0].value, 2);
	ck_assert_int_eq(p->down.rules[0].period_s, 1800);
	ck_assert_int_eq(p->down.rules[1].value, 0); /* nothing left of the defaults */
}
END_TEST

START_TEST(a_direction_can_be_switched_off_and_tolerance_may_be_zero)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"behavior:\n  scaleDown: {selectPolicy: Disabled, tolerance: 0}\n");
	ck_assert_int_eq(p->down.select, SELECT_DISABLED);
	ck_assert(p->down.has_tolerance);
	ck_assert_double_eq(p->down.tolerance, 0);
	check_default_up(&p->up);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy_behavior");
	TCase *tcase = tcase_create("policy_behavior");
	tcase_add_loop_test(tcase, wrong_behavior_is_refused_in_the_words_of_the_api, 0,
			    ARRAY_LEN(refusals));
	tcase_add_loop_test(tcase, even_an_empty_behavior_gets_all_defaults, 0,
			    ARRAY_LEN(empties));
	tcase_add_test(tcase, defaults_are_set_field_by_field);
	tcase_add_test(tcase, a_direction_can_be_switched_off_and_tolerance_may_be_zero);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
