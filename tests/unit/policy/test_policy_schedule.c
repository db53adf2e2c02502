#include "unit/policy/refusals.h"

#define SCHEDULE(text) "schedule:\n- {" text "}\n"

static const struct refusal refusals[] = {
	{"schedule: daily\n", "line 3: schedule: got \"daily\": want a list"},
	{"schedule: {cron: x}\n", "line 3: schedule: got a map: want a list"},
	{"schedule:\n- daily\n",
	 "line 4: schedule[0]: got \"daily\": want a map of fields"},
	{SCHEDULE("duration: 1h, minReplicas: 1"),
	 "line 4: schedule[0].cron: Required value: minute, hour, day of the month, "
	 "month, "
	 "day of the week"},
	{SCHEDULE("cron: '', duration: 1h, minReplicas: 1"),
	 "line 4: schedule[0].cron: Required value: minute, hour, day of the month, "
	 "month, "
	 "day of the week"},
	{SCHEDULE("cron: '0 25 * * *', duration: 1h, minReplicas: 1"),
	 "line 4: schedule[0].cron: hour: \"25\": must be numbers from 0 to 23, ranges "
	 "(a-b), steps (a-b/n) or *"},
	{SCHEDULE("cron: [0, 8], duration: 1h, minReplicas: 1"),
	 "line 4: schedule[0].cron: got a list: want a cron expression like \"0 8 * * "
	 "1-5\""},
	{SCHEDULE("cron: '@daily', minReplicas: 1"),
	 "line 4: schedule[0].duration: Required value: how long it holds, like 10h"},
	{SCHEDULE("cron: '@daily', duration: 59s, minReplicas: 1"),
	 "line 4: schedule[0].duration: Invalid value: \"59s\": must be from 1m to 31d"},
	{SCHEDULE("cron: '@daily', duration: 32d, minReplicas: 1"),
	 "line 4: schedule[0].duration: Invalid value: \"32d\": must be from 1m to 31d"},
	{SCHEDULE("cron: '@daily', duration: 10, minReplicas: 1"),
	 "line 4: schedule[0].duration: \"10\" is not a duration: want parts with the "
	 "units "
	 "w, d, h, m, s and ms, like 90s, 1h30m or 14d"},
	{SCHEDULE("cron: '@daily', duration: 1h"),
	 "line 4: schedule[0]: Required value: must set minReplicas, maxReplicas or "
	 "both"},
	{SCHEDULE("cron: '@daily', duration: 1h, minReplicas: -1"),
	 "line 4: schedule[0].minReplicas: Invalid value: -1: must be greater than or "
	 "equal "
	 "to 0"},
	{SCHEDULE("cron: '@daily', duration: 1h, minReplicas: many"),
	 "line 4: schedule[0].minReplicas: got \"many\": want a whole number"},
	{SCHEDULE("cron: '@daily', duration: 1h, maxReplicas: 0"),
	 "line 4: schedule[0].maxReplicas: Invalid value: 0: must be greater than 0"},
	{SCHEDULE("cron: '@daily', duration: 1h, minReplicas: 5, maxReplicas: 4"),
	 "line 4: schedule[0].maxReplicas: Invalid value: 4: must be greater than or "
	 "equal "
	 "to `minReplicas`"},
	{SCHEDULE("cron: '@daily', duration: 1h, minReplicas: 11"),
	 "line 4: schedule[0].minReplicas: Invalid value: 11: must be less than or equal "
	 "to "
	 "the policy's `maxReplicas`, 10"},
	{"minReplicas: 3\n" SCHEDULE("cron: '@daily', duration: 1h, maxReplicas: 2"),
	 "line 5: schedule[0].maxReplicas: Invalid value: 2: must be greater than or "
	 "equal "
	 "to the policy's `minReplicas`, 3"},
	{SCHEDULE("cron: '@daily', duration: 1h, minReplicas: 2, timeZone: "
		  "/etc/localtime"),
	 "line 4: schedule[0].timeZone: Invalid value: \"/etc/localtime\": must be the "
	 "name "
	 "of a time zone, like Europe/Paris"},
	{SCHEDULE("cron: '@daily', duration: 1h, minReplicas: 2, timezone: UTC"),
	 "line 4: schedule[0]: unknown field \"timezone\": did you mean \"timeZone\"?"},
	{SCHEDULE("cron: '@daily', duration: 1h, minReplicas: 2") "- {cron: '@daily', "
								  "duration: 0s, "
								  "minReplicas: 1}\n",
	 "line 5: schedule[1].duration: Invalid value: \"0s\": must be from 1m to 31d"},
};

START_TEST(wrong_schedules_are_refused_with_line_path_and_what_is_allowed)
{
	check_refusal(&refusals[_i]);
}
END_TEST

START_TEST(all_fields_are_read)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"minReplicas: 2\nschedule:\n"
		"- {cron: \"0 8 * * 1-5\", timeZone: Europe/Paris, duration: 10h, "
		"minReplicas: 8}\n"
		"- cron: '@weekly'\n  duration: 31d\n  maxReplicas: 2\n"
		"- {cron: '* * * * *', duration: 1m, minReplicas: 10, maxReplicas: "
		"10}\n");
	ck_assert_int_eq(p->schedule_count, 3);
	const struct policy_schedule *s = p->schedules;
	ck_assert_str_eq(s[0].cron_text, "0 8 * * 1-5");
	ck_assert_uint_eq(s[0].cron.minutes, 1);
	ck_assert_uint_eq(s[0].cron.hours, 1u << 8);
	ck_assert_uint_eq(s[0].cron.weekdays, 0x3e);
	ck_assert_str_eq(s[0].time_zone, "Europe/Paris");
	ck_assert_int_eq(s[0].duration_ms, 10 * MS_PER_H);
	ck_assert_int_eq(s[0].min_replicas, 8);
	ck_assert_int_eq(s[0].max_replicas, -1);
	ck_assert_str_eq(s[1].time_zone, "UTC");
	ck_assert_int_eq(s[1].duration_ms, 31 * MS_PER_DAY);
	ck_assert_int_eq(s[1].min_replicas, -1);
	ck_assert_int_eq(s[1].max_replicas, 2);
	ck_assert_int_eq(s[2].min_replicas, 10);
}
END_TEST

START_TEST(schedules_have_a_limit)
{
	struct str text;
	str_init(&text, 1 << 14);
	str_puts(&text, "schedule:\n");
	for (int i = 0; i < POLICY_SCHEDULES_MAX; i++)
		str_puts(&text, "- {cron: '@daily', duration: 1h, minReplicas: 1}\n");
	AUTO(policy_cleanup) struct policy *p = must_accept(str_text(&text));
	ck_assert_int_eq(p->schedule_count, POLICY_SCHEDULES_MAX);
	str_puts(&text, "- {cron: '@daily', duration: 1h, minReplicas: 1}\n");
	check_refusal(&(struct refusal){
		str_text(&text),
		"line 3: schedule: Too many: 17: must have at most 16 items"});
	str_fini(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy_schedule");
	TCase *tcase = tcase_create("policy_schedule");
	tcase_add_loop_test(
		tcase, wrong_schedules_are_refused_with_line_path_and_what_is_allowed, 0,
		ARRAY_LEN(refusals));
	tcase_add_test(tcase, all_fields_are_read);
	tcase_add_test(tcase, schedules_have_a_limit);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
