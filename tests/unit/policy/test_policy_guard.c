#include "unit/policy/refusals.h"

#define GUARD(text) "guards:\n- {" text "}\n"

static const struct refusal refusals[] = {
	{"guards: none\n", "line 3: guards: got \"none\": want a list"},
	{"guards: [errors]\n", "line 3: guards[0]: got \"errors\": want a map of fields"},
	{GUARD("query: q, above: 1, action: Hold"),
	 "line 4: guards[0].name: Required value: how the guard is called in reasons"},
	{GUARD("name: Errors, query: q, above: 1, action: Hold"),
	 "line 4: guards[0].name: Invalid value: \"Errors\": must be 1 to 63 of a-z, 0-9 "
	 "and "
	 "'-', with a letter or digit at both ends"},
	{GUARD("name: [a], query: q, above: 1, action: Hold"),
	 "line 4: guards[0].name: got a list: want a name"},
	{GUARD("name: errors, above: 1, action: Hold"),
	 "line 4: guards[0].query: Required value: the PromQL of one value"},
	{GUARD("name: errors, query: '', above: 1, action: Hold"),
	 "line 4: guards[0].query: Required value: the PromQL of one value"},
	{GUARD("name: errors, query: q, above: 1"),
	 "line 4: guards[0].action: Required value: supported values: \"Hold\", "
	 "\"HoldDown\", \"HoldUp\""},
	{GUARD("name: errors, query: q, above: 1, action: Stop"),
	 "line 4: guards[0].action: Unsupported value: \"Stop\": supported values: "
	 "\"Hold\", "
	 "\"HoldDown\", \"HoldUp\""},
	{GUARD("name: errors, query: q, action: Hold"),
	 "line 4: guards[0]: Required value: must set either above or below"},
	{GUARD("name: errors, query: q, above: 1, below: 0, action: Hold"),
	 "line 4: guards[0].below: Forbidden: may not set both above and below"},
	{GUARD("name: errors, query: q, above: 5%, action: Hold"),
	 "line 4: guards[0].above: got \"5%\": want a number"},
	{GUARD("name: errors, query: q, below: .inf, action: Hold"),
	 "line 4: guards[0].below: got \".inf\": want a number"},
	{GUARD("name: errors, query: q, below: {}, action: Hold"),
	 "line 4: guards[0].below: got a map: want a number"},
	{GUARD("name: errors, query: q, below: '', action: Hold"),
	 "line 4: guards[0].below: got the text \"\": want a number"},
	{GUARD("name: errors, query: q, above: 1, for: 61m, action: Hold"),
	 "line 4: guards[0].for: Invalid value: \"61m\": must be from 0s to 1h"},
	{GUARD("name: errors, query: q, above: 1, for: long, action: Hold"),
	 "line 4: guards[0].for: \"long\" is not a duration: want parts with the units "
	 "w, d, "
	 "h, m, s and ms, like 90s, 1h30m or 14d"},
	{GUARD("name: errors, query: q, above: 1, action: Hold, severity: 1"),
	 "line 4: guards[0]: unknown field \"severity\": allowed: name, query, source, "
	 "above, below, for, action"},
	{GUARD("name: a, query: q, above: 1, action: Hold") "- {name: a, query: r, "
							    "below: "
							    "2, action: HoldUp}\n",
	 "line 5: guards[1].name: Duplicate value: \"a\""},
	/* Holds. */
	{"holds: all\n", "line 3: holds: got \"all\": want a map of fields"},
	{"holds: {scaleDownDuringRollout: never}\n",
	 "line 3: holds.scaleDownDuringRollout: got \"never\": want true or false"},
	{"holds: {respectManualScale: 25h}\n",
	 "line 3: holds.respectManualScale: Invalid value: \"25h\": must be from 0s to "
	 "1d"},
	{"holds: {respectManualScale: false}\n",
	 "line 3: holds.respectManualScale: \"false\" is not a duration: want parts with "
	 "the "
	 "units w, d, h, m, s and ms, like 90s, 1h30m or 14d"},
	{"holds: {respectManualScales: 1h}\n",
	 "line 3: holds: unknown field \"respectManualScales\": did you mean "
	 "\"respectManualScale\"?"},
};

START_TEST(wrong_guards_are_refused_with_line_path_and_what_is_allowed)
{
	check_refusal(&refusals[_i]);
}
END_TEST

START_TEST(all_fields_are_read)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"guards:\n- {name: errors, query: e / a, above: 0.05, for: 2m, action: "
		"HoldDown}\n- {name: queue-2, query: q, source: other, below: -1e3, "
		"action: "
		"HoldUp}\n- {name: z, query: z, above: \"0\", action: Hold}\n");
	ck_assert_int_eq(p->guard_count, 3);
	const struct policy_guard *g = p->guards;
	ck_assert_str_eq(g[0].name, "errors");
	ck_assert_str_eq(g[0].query, "e / a");
	ck_assert_str_eq(g[0].source, "default");
	ck_assert(g[0].above);
	ck_assert_double_eq(g[0].limit, 0.05);
	ck_assert_int_eq(g[0].for_ms, 2 * MS_PER_MIN);
	ck_assert_int_eq(g[0].action, GUARD_HOLD_DOWN);
	ck_assert_str_eq(g[1].source, "other");
	ck_assert(!g[1].above);
	ck_assert_double_eq(g[1].limit, -1000);
	ck_assert_int_eq(g[1].for_ms, 0);
	ck_assert_int_eq(g[1].action, GUARD_HOLD_UP);
	ck_assert_double_eq(g[2].limit, 0);
	ck_assert_int_eq(g[2].action, GUARD_HOLD);
}
END_TEST

START_TEST(guards_have_a_limit)
{
	struct str text;
	str_init(&text, 1 << 14);
	str_puts(&text, "guards:\n");
	for (int i = 0; i < POLICY_GUARDS_MAX; i++)
		str_printf(&text, "- {name: g%d, query: q, above: 1, action: Hold}\n", i);
	policy_free(must_accept(str_text(&text)));
	str_puts(&text, "- {name: last, query: q, above: 1, action: Hold}\n");
	check_refusal(&(struct refusal){
		str_text(&text),
		"line 3: guards: Too many: 9: must have at most 8 items"});
	str_fini(&text);
}
END_TEST

/* What the HPA does not know is off until forecasting is asked for, or it is written. */
static const struct {
	const char *text;
	bool forecasting, during_rollout;
	int64_t respect_ms;
} holds[] = {
	{"", false, true, 0},
	{"mode: Scale\nbehavior: {}\n", false, true, 0},
	{"forecast: null\n", false, true, 0},
	{"forecast: {mode: Disabled}\n", false, true, 0},
	{"forecast: {mode: Off}\n", false, true, 0},
	{"forecast: {mode: false}\n", false, true, 0},
	{"forecast: {}\n", true, false, 10 * MS_PER_MIN},
	{"forecast: {mode: Always}\n", true, false, 10 * MS_PER_MIN},
	{"forecast: {mode: Auto}\nholds: {}\n", true, false, 10 * MS_PER_MIN},
	{"holds: {scaleDownDuringRollout: false}\n", false, false, 0},
	{"holds: {respectManualScale: 1h}\n", false, true, MS_PER_H},
	{"holds: {respectManualScale: 0s}\nforecast: {}\n", true, false, 0},
	{"holds: {scaleDownDuringRollout: true}\nforecast: {}\n", true, true,
	 10 * MS_PER_MIN},
	{"forecast: {mode: Disabled}\nholds: {respectManualScale: 24h, "
	 "scaleDownDuringRollout: no}\n",
	 false, false, 24 * MS_PER_H},
};

START_TEST(holds_follow_forecasting_unless_they_are_written)
{
	AUTO(policy_cleanup) struct policy *p = must_accept(holds[_i].text);
	ck_assert_int_eq(policy_forecasting(p), holds[_i].forecasting);
	ck_assert_int_eq(p->holds.scale_down_during_rollout, holds[_i].during_rollout);
	ck_assert_int_eq(p->holds.respect_manual_scale_ms, holds[_i].respect_ms);
	ck_assert_int_eq(p->holds.scale_down_rollout_written,
			 strstr(holds[_i].text, "scaleDownDuringRollout:") != NULL);
	ck_assert_int_eq(p->holds.respect_manual_scale_written,
			 strstr(holds[_i].text, "respectManualScale:") != NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy_guard");
	TCase *tcase = tcase_create("policy_guard");
	tcase_add_loop_test(tcase,
			    wrong_guards_are_refused_with_line_path_and_what_is_allowed,
			    0, ARRAY_LEN(refusals));
	tcase_add_test(tcase, all_fields_are_read);
	tcase_add_test(tcase, guards_have_a_limit);
	tcase_add_loop_test(tcase, holds_follow_forecasting_unless_they_are_written, 0,
			    ARRAY_LEN(holds));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
