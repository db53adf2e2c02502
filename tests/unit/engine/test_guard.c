#include "unit/engine/rig.h"

#include <math.h>

#define GUARD(rest)                                                                      \
	REACTIVE "behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\n"              \
		 "guards:\n- {name: errors, query: errors_ratio, " rest "}\n"
#define DOWN GUARD("above: 0.05, for: 1m, action: HoldDown")

/* A cycle in which the guard and the metric answer. */
static void cycle(struct rig *r, double guard, double value)
{
	rig_until_asked(r);
	rig_guard(r, guard);
	rig_value(r, value);
	if (rig_find(r, ACTION_SAVE))
		rig_written(r, EVENT_SAVED, NULL);
	if (rig_find(r, ACTION_SCALE))
		rig_written(r, EVENT_SCALED, "999");
}

/* In force with 10 pods; the decision at the start is made, and held nothing. */
static void start(struct rig *r, const char *text)
{
	rig_open(r, NULL);
	rig_start(r, text, 10);
	rig_guard(r, 0.01);
	rig_value(r, 1000);
}

START_TEST(guard_is_asked_with_the_metrics_and_waited_for)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_start(&r, DOWN, 10);
	ck_assert_uint_eq(r.guard.cycle, r.asked.cycle);
	rig_value(&r, 1000);
	ck_assert_uint_eq(rig_status(&r)->decisions, 0);
	rig_guard(&r, 0.01);
	ck_assert_uint_eq(rig_status(&r)->decisions, 1);
	/* Twice counts once, and an old cycle's answer not at all. */
	rig_guard(&r, 0.9);
	struct query_ref old = r.guard;
	rig_until_asked(&r);
	r.guard = old;
	rig_guard(&r, 0.9);
	rig_value(&r, 1000);
	ck_assert_uint_eq(rig_status(&r)->decisions, 1);
	rig_close(&r);
}
END_TEST

START_TEST(guard_trips_after_its_time_and_holds_down_only)
{
	struct rig r;
	start(&r, DOWN);
	cycle(&r, 0.08, 1000);
	int64_t since_ms = r.now_ms;
	ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_FALSE);
	while (r.now_ms - since_ms < MS_PER_MIN)
		cycle(&r, 0.08, 1000);
	ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_TRUE);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_HELD].reason, "GuardTripped");
	cycle(&r, 0.08, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 10);
	ck_assert_ptr_nonnull(
		strstr(rig_status(&r)->reason, "guard errors 0.08 > 0.05 since 08:00:"));
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "-> hold 10 instead of 3"));
	cycle(&r, 0.08, 1500);
	ck_assert_int_eq(rig_status(&r)->current, 15);
	rig_close(&r);
}
END_TEST

START_TEST(one_good_value_ends_the_time_and_the_hold)
{
	struct rig r;
	start(&r, DOWN);
	for (int i = 0; i < 8; i++) {
		cycle(&r, i == 3 ? 0.05 : 0.08, 1000);
		ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_FALSE);
	}
	cycle(&r, 0.08, 1000);
	ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_TRUE);
	rig_until_asked(&r);
	rig_value(&r, 300);
	rig_guard(&r, 0.02);
	ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_FALSE);
	ck_assert_ptr_nonnull(rig_event(&r, "GuardCleared"));
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SAVE));
	rig_close(&r);
}
END_TEST

START_TEST(actions_hold_their_direction)
{
	static const struct {
		const char *text;
		double guard;
		int32_t up, down; /* desired from 10, with load for 20 and for 5 */
	} cases[] = {
		{GUARD("below: 3, action: HoldUp"), 2, 10, 5},
		{GUARD("below: 3, action: HoldDown"), 2, 20, 10},
		{GUARD("below: 3, action: Hold"), 2, 10, 10},
		{GUARD("below: 3, action: Hold"), 3, 20, 5},
		{GUARD("above: 3, action: Hold"), 3, 20, 5},
		{GUARD("above: 3, action: Hold"), 4, 10, 10},
	};
	struct rig r;
	for (int down = 0; down < 2; down++) {
		rig_open(&r, NULL);
		rig_start(&r, cases[_i].text, 10);
		rig_guard(&r, cases[_i].guard);
		rig_value(&r, 1000);
		rig_until_asked(&r);
		rig_guard(&r, cases[_i].guard);
		rig_value(&r, down ? 500 : 2000);
		ck_assert_int_eq(rig_status(&r)->desired,
				 down ? cases[_i].down : cases[_i].up);
		rig_close(&r);
	}
}
END_TEST

START_TEST(guard_without_a_value_keeps_its_state_for_five_minutes)
{
	struct rig r;
	start(&r, GUARD("above: 0.05, action: HoldUp"));
	cycle(&r, 0.08, 1000);
	int64_t known_ms = r.now_ms;
	while (r.now_ms - known_ms <= 5 * MS_PER_MIN - 15 * MS_PER_S) {
		cycle(&r, NAN, 2000);
		ck_assert_int_eq(rig_status(&r)->desired, 10);
	}
	/* Then nothing is lowered, whatever its action. */
	while (r.now_ms - known_ms <= 5 * MS_PER_MIN)
		cycle(&r, NAN, 1000);
	cycle(&r, NAN, 2000);
	ck_assert_int_eq(rig_status(&r)->current, 20);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_HELD].reason, "GuardUnknown");
	cycle(&r, NAN, 300);
	ck_assert_int_eq(rig_status(&r)->current, 20);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "(connection refused)"));
	cycle(&r, 0.01, 300);
	ck_assert_int_eq(rig_status(&r)->current, 3);
	rig_close(&r);
}
END_TEST

START_TEST(guard_that_was_never_known_holds_down)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_start(&r, DOWN, 10);
	rig_guard(&r, NAN);
	rig_value(&r, 1000);
	ck_assert_ptr_nonnull(rig_event(&r, "GuardUnknown"));
	cycle(&r, NAN, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 10);
	/* Said once. */
	ck_assert_ptr_null(rig_event(&r, "GuardUnknown"));
	rig_close(&r);
}
END_TEST

START_TEST(answers_that_are_no_single_value_are_unknown)
{
	struct rig r;
	struct value_row rows[2] = {{.value = 1, .time_ms = 0}, {.value = 1}};
	for (int32_t count = 0; count <= 2; count++) {
		rig_open(&r, NULL);
		rig_start(&r, DOWN, 10);
		struct event event = {.type = EVENT_VALUES};
		event.u.values.query = r.guard;
		event.u.values.rows = rows; /* one: its sample is too old */
		event.u.values.count = count;
		rig_step(&r, &event);
		rig_value(&r, 300);
		ck_assert_str_eq(rig_status(&r)->conditions[PC_HELD].reason,
				 "GuardUnknown");
		rig_close(&r);
	}
}
END_TEST

START_TEST(guard_that_is_late_is_unknown_to_the_cycle)
{
	struct rig r;
	start(&r, DOWN);
	rig_until_asked(&r);
	rig_value(&r, 300);
	for (uint64_t before = rig_status(&r)->decisions;
	     rig_status(&r)->decisions == before;)
		rig_next(&r);
	/* Its last value was good, and stands. */
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	ck_assert_str_eq(rig_slot(&r)->guards[0].unknown, "no answer in time");
	rig_close(&r);
}
END_TEST

START_TEST(state_goes_on_in_a_new_version_and_a_new_process)
{
	struct rig r;
	start(&r, DOWN);
	for (int i = 0; i < 6; i++)
		cycle(&r, 0.08, 1000);
	ck_assert_int_eq(rig_condition(&r, PC_HELD), STATUS_TRUE);
	/* Another guard in front of it. */
	rig_policy(&r, "checkout",
		   REACTIVE "guards:\n"
			    "- {name: queue, query: q, below: 1, action: Hold}\n"
			    "- {name: errors, query: errors_ratio, above: 0.05, for: 1m, "
			    "action: HoldDown}\n");
	rig_pods(&r, 10);
	rig_until_asked(&r);
	rig_value(&r, 1000);
	rig_guard(&r, 0.08); /* that of the errors; the queue's comes too late */
	for (uint64_t before = rig_status(&r)->decisions;
	     rig_status(&r)->decisions == before;)
		rig_next(&r);
	ck_assert_int_eq(rig_slot(&r)->record.holds.guards[1].standing, GUARD_TRIPPED);
	ck_assert_int_eq(rig_slot(&r)->record.holds.guards[0].known_ms, 0);
	cJSON *json = status_to_json(rig_status(&r), r.now_ms);
	struct state_record *record AUTO_FREE = record_new();
	record_from_json(json_at(json, "record"), record);
	cJSON_Delete(json);
	rig_close(&r);
	int64_t now_ms = r.now_ms;
	rig_open(&r, NULL);
	r.now_ms = now_ms + MS_PER_MIN;
	rig_set(&r, engine_prepare(r.e, "shop", "checkout",
				   rig_parse("checkout", DOWN, 0), NULL, record));
	rig_target(&r, 10, "10");
	rig_pods(&r, 10);
	cycle(&r, NAN, 300);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_HELD].reason, "GuardTripped");
	ck_assert_ptr_null(rig_event(&r, "GuardTripped")); /* it was said */
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("guard");
	TCase *t = tcase_create("guard");
	tcase_add_test(t, guard_is_asked_with_the_metrics_and_waited_for);
	tcase_add_test(t, guard_trips_after_its_time_and_holds_down_only);
	tcase_add_test(t, one_good_value_ends_the_time_and_the_hold);
	tcase_add_loop_test(t, actions_hold_their_direction, 0, 6);
	tcase_add_test(t, guard_without_a_value_keeps_its_state_for_five_minutes);
	tcase_add_test(t, guard_that_was_never_known_holds_down);
	tcase_add_test(t, answers_that_are_no_single_value_are_unknown);
	tcase_add_test(t, guard_that_is_late_is_unknown_to_the_cycle);
	tcase_add_test(t, state_goes_on_in_a_new_version_and_a_new_process);
	suite_add_tcase(s, t);
	return run_suite(s);
}
