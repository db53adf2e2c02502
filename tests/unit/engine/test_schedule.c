#include "unit/engine/rig.h"

#define DAY                                                                              \
	REACTIVE "behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\n"              \
		 "schedule:\n"                                                           \
		 "- {cron: \"0 8 * * 1-5\", timeZone: Europe/Paris, duration: 10h, "     \
		 "minReplicas: 8}\n"                                                     \
		 "- {cron: \"0 12 * * *\", duration: 1h, minReplicas: 12, maxReplicas: " \
		 "20}\n"                                                                 \
		 "- {cron: \"0 9 * * *\", duration: 1h, maxReplicas: 6}\n"

#define AT(h, m) (MONDAY + ((h)-8) * MS_PER_H + (m)*MS_PER_MIN)

static void tell(struct rig *r, int64_t until_ms)
{
	/* 8:00 in Paris is 7:00 UTC. */
	static const struct schedule_interval intervals[] = {
		{0, AT(7, 0), AT(17, 0), MS_PER_H, 8, -1},
		{1, AT(12, 0), AT(13, 0), 0, 12, 20},
		{2, AT(9, 0), AT(10, 0), 0, -1, 6},
	};
	struct event event = {.type = EVENT_SCHEDULE};
	event.u.schedule.ns = "shop";
	event.u.schedule.name = "checkout";
	event.u.schedule.hash = rig_status(r)->policy->hash;
	event.u.schedule.intervals = intervals;
	event.u.schedule.count = ARRAY_LEN(intervals);
	event.u.schedule.until_ms = until_ms;
	rig_step(r, &event);
}

static void start(struct rig *r, int64_t now_ms, int32_t replicas)
{
	rig_open(r, NULL);
	r->now_ms = now_ms;
	rig_policy(r, "checkout", DAY);
	tell(r, MONDAY + MS_PER_DAY);
	rig_target(r, replicas, "10");
	rig_pods(r, replicas);
	rig_until_asked(r);
	rig_value(r, 100.0 * replicas);
}

static void wait_until(struct rig *r, int64_t to_ms, double load)
{
	r->now_ms = to_ms;
	rig_until_asked(r);
	rig_value(r, load);
}

START_TEST(floor_begins_a_lead_time_early_and_ends_on_time)
{
	static const struct {
		int64_t at_ms;
		int32_t desired;
	} cases[] = {
		/* Two minutes of lead time by default, and a cycle. */
		{AT(6, 57), 3},  {AT(6, 58), 8}, {AT(7, 30), 8},
		{AT(16, 59), 8}, {AT(17, 0), 3},
	};
	struct rig r;
	start(&r, AT(6, 30), 3);
	wait_until(&r, cases[_i].at_ms, 300);
	ck_assert_int_eq(rig_status(&r)->desired, cases[_i].desired);
	rig_close(&r);
}
END_TEST

START_TEST(reason_names_the_schedule_and_its_end)
{
	struct rig r;
	start(&r, AT(6, 30), 3);
	wait_until(&r, AT(6, 58), 300);
	const char *reason = rig_status(&r)->reason;
	ck_assert_ptr_nonnull(strstr(reason,
				     "schedule 0 8 * * 1-5 Europe/Paris asks for "
				     "at least 8 until 18:00, 2m early: lead time "
				     "-> 3 to 8"));
	rig_written(&r, EVENT_SCALED, "11");
	wait_until(&r, AT(8, 0), 300);
	ck_assert_str_eq(rig_status(&r)->reason,
			 "requests 100 per pod, target 100 -> hold 8, 3 wanted, "
			 "schedule 0 8 * * 1-5 Europe/Paris asks for at least 8 until "
			 "18:00");
	rig_close(&r);
}
END_TEST

START_TEST(largest_floor_and_smallest_ceiling_win)
{
	struct rig r;
	start(&r, AT(12, 30), 12);
	wait_until(&r, AT(12, 31), 300);
	ck_assert_int_eq(rig_status(&r)->desired, 12);
	wait_until(&r, AT(12, 32), 3000);
	ck_assert_int_eq(rig_status(&r)->desired, 20);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason,
				     "schedule 0 12 * * * UTC asks for at most 20 until "
				     "13:00"));
	rig_close(&r);
}
END_TEST

START_TEST(floor_above_the_ceiling_is_said_once_and_yields)
{
	struct rig r;
	start(&r, AT(8, 30), 8);
	wait_until(&r, AT(9, 1), 800);
	ck_assert_int_eq(rig_status(&r)->desired, 6);
	const struct action *event = rig_event(&r, "ScheduleConflict");
	ck_assert_ptr_nonnull(event);
	ck_assert_str_eq(event->u.event.note,
			 "schedule 0 8 * * 1-5 Europe/Paris asks for at least 8 until "
			 "18:00, but schedule 0 9 * * * UTC asks for at most 6 until "
			 "10:00; the smaller number holds");
	wait_until(&r, AT(9, 2), 800);
	ck_assert_ptr_null(rig_event(&r, "ScheduleConflict"));
	rig_close(&r);
}
END_TEST

START_TEST(nothing_is_lowered_while_the_times_are_not_known)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_start(&r, DAY, 10);
	rig_value(&r, 1000);
	rig_cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 10);
	ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_FALSE);
	tell(&r, MONDAY + MS_PER_MIN);
	rig_cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 8);
	rig_written(&r, EVENT_SAVED, NULL);
	rig_written(&r, EVENT_SCALED, "11");
	/* Nobody told what comes after that minute. */
	wait_until(&r, MONDAY + 10 * MS_PER_MIN, 300);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_HELD].reason, "ScheduleUnknown");
	rig_close(&r);
}
END_TEST

START_TEST(times_of_another_text_are_ignored)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_policy(&r, "checkout", DAY);
	struct schedule_interval odd[2] = {{.schedule = 3}, {.schedule = -1}};
	struct event event = {.type = EVENT_SCHEDULE};
	event.u.schedule.ns = "shop";
	event.u.schedule.name = "checkout";
	event.u.schedule.hash = 1;
	event.u.schedule.until_ms = 5;
	rig_step(&r, &event);
	ck_assert_int_eq(rig_slot(&r)->schedule_until_ms, 0);
	event.u.schedule.hash = rig_status(&r)->policy->hash;
	event.u.schedule.intervals = odd;
	event.u.schedule.count = 2;
	rig_step(&r, &event);
	ck_assert_int_eq(rig_slot(&r)->interval_count, 0);
	event.u.schedule.name = "nobody";
	rig_step(&r, &event);
	/* The same text again keeps them. */
	tell(&r, MONDAY + MS_PER_DAY);
	rig_policy(&r, "checkout", DAY);
	ck_assert_int_eq(rig_slot(&r)->interval_count, 3);
	rig_policy(&r, "checkout", REACTIVE);
	ck_assert_ptr_null(rig_slot(&r)->intervals);
	rig_close(&r);
}
END_TEST

START_TEST(schedule_yields_to_people_but_the_policy_does_not)
{
	struct rig r;
	rig_open(&r, NULL);
	r.now_ms = AT(6, 30);
	rig_policy(&r, "checkout", DAY "holds: {respectManualScale: 2h}\n");
	tell(&r, MONDAY + MS_PER_DAY);
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_until_asked(&r);
	rig_value(&r, 300);
	rig_target(&r, 5, "11");
	wait_until(&r, AT(7, 30), 300);
	ck_assert_int_eq(rig_status(&r)->desired, 5);
	rig_target(&r, 1, "12");
	wait_until(&r, AT(7, 31), 300);
	ck_assert_int_eq(rig_status(&r)->desired, 2);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schedule");
	TCase *t = tcase_create("schedule");
	tcase_add_loop_test(t, floor_begins_a_lead_time_early_and_ends_on_time, 0, 5);
	tcase_add_test(t, reason_names_the_schedule_and_its_end);
	tcase_add_test(t, largest_floor_and_smallest_ceiling_win);
	tcase_add_test(t, floor_above_the_ceiling_is_said_once_and_yields);
	tcase_add_test(t, nothing_is_lowered_while_the_times_are_not_known);
	tcase_add_test(t, times_of_another_text_are_ignored);
	tcase_add_test(t, schedule_yields_to_people_but_the_policy_does_not);
	suite_add_tcase(s, t);
	return run_suite(s);
}
