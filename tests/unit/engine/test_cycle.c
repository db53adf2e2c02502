#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
}

static void close_rig(void)
{
	rig_close(&r);
}

#define TWO_METRICS                                                                      \
	HEAD("checkout")                                                                 \
	"metrics:\n" EXTERNAL "- type: External\n"                                       \
	"  external: {metric: {name: queue}, target: {type: AverageValue, "              \
	"averageValue: \"10\"}}\n"                                                       \
	"  query: sum(queue)\n" NO_FORECAST

START_TEST(a_policy_decides_as_soon_as_it_knows_enough)
{
	rig_policy(&r, "checkout", REACTIVE);
	rig_tick(&r);
	ck_assert_ptr_null(rig_find(&r, ACTION_QUERY));
	r.now_ms += 4000;
	rig_target(&r, 3, "10");
	rig_tick(&r);
	ck_assert_ptr_null(rig_find(&r, ACTION_QUERY)); /* the pods are not known yet */
	r.now_ms += 1000;
	rig_pods(&r, 3);
	ck_assert_int_le(engine_next_tick_ms(r.e), r.now_ms);
	rig_tick(&r);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_QUERY));
}
END_TEST

START_TEST(cycles_in_step_begin_at_whole_multiples)
{
	struct engine_config config;
	struct rig other;
	engine_config_default(&config);
	config.in_step = true;
	rig_open(&other, &config);
	other.now_ms = MONDAY + 777777;
	rig_start(&other, REACTIVE, 3);
	rig_value(&other, 300);
	for (int i = 0; i < 3; i++) {
		rig_until_asked(&other);
		ck_assert_int_eq(other.now_ms % (15 * MS_PER_S), 0);
		rig_value(&other, 300);
	}
	rig_close(&other);
}
END_TEST

START_TEST(cycles_begin_at_multiples_of_the_step_between_places)
{
	struct engine_config config;
	struct rig other;
	engine_config_default(&config);
	config.place_step_ms = 5000;
	rig_open(&other, &config);
	other.now_ms = MONDAY + 777777;
	rig_start(&other, REACTIVE, 3);
	rig_value(&other, 300);
	rig_until_asked(&other);
	ck_assert_int_eq(other.now_ms % 5000, 0);
	rig_close(&other);
}
END_TEST

START_TEST(cycles_stand_on_a_grid_of_their_own)
{
	rig_start(&r, REACTIVE, 3);
	rig_value(&r, 300);
	rig_until_asked(&r);
	int64_t first = r.now_ms;
	for (int i = 1; i <= 3; i++) {
		rig_value(&r, 300);
		rig_until_asked(&r);
		ck_assert_int_eq(r.now_ms, first + i * 15 * MS_PER_S);
	}
	/* The same place after a restart. */
	struct rig other;
	rig_open(&other, NULL);
	other.now_ms = MONDAY + 777777;
	rig_start(&other, REACTIVE, 3);
	rig_value(&other, 300);
	rig_until_asked(&other);
	ck_assert_int_eq((other.now_ms - first) % (15 * MS_PER_S), 0);
	rig_close(&other);
}
END_TEST

START_TEST(all_answers_are_waited_for_until_the_deadline)
{
	rig_start(&r, TWO_METRICS, 3);
	struct query_ref queue = r.asked, requests = queue;
	int64_t asked_ms = r.now_ms;
	requests.metric = 0;
	r.asked = requests;
	rig_value(&r, 300);
	ck_assert_uint_eq(rig_status(&r)->decisions, 0);
	while (!rig_status(&r)->decisions)
		rig_next(&r);
	ck_assert_int_eq(r.now_ms, asked_ms + 10 * MS_PER_S);
	ck_assert(rig_status(&r)->metrics[0].known);
	ck_assert(!rig_status(&r)->metrics[1].known);
	ck_assert_str_eq(rig_slot(&r)->metrics[1].unknown, "no answer within 10s");
	r.asked = queue;
	rig_value(&r, 9000);
	ck_assert_int_eq(r.did->count, 0);
}
END_TEST

START_TEST(an_unknown_metric_never_lowers_and_does_not_keep_from_raising)
{
	rig_start(&r, TWO_METRICS, 6);
	for (int i = 0; i < 30; i++) {
		rig_fail(&r, "connection refused");
		r.asked.metric = 0;
		rig_value(&r, 10);
		ck_assert_int_eq(rig_status(&r)->desired, 6);
		rig_until_asked(&r);
	}
	rig_fail(&r, "connection refused");
	r.asked.metric = 0;
	rig_value(&r, 900);
	ck_assert_int_eq(rig_status(&r)->desired, 9);
}
END_TEST

START_TEST(a_clock_that_goes_back_does_not_stop_the_cycles)
{
	rig_start(&r, REACTIVE, 3);
	rig_value(&r, 300);
	r.now_ms -= 6 * MS_PER_H;
	rig_pods(&r, 3);
	rig_until_asked(&r);
	ck_assert_int_lt(r.now_ms, MONDAY - 5 * MS_PER_H);
	rig_value(&r, 500);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
}
END_TEST

START_TEST(a_clock_that_goes_back_in_a_cycle_does_not_prolong_it)
{
	rig_start(&r, REACTIVE, 3);
	r.now_ms -= 6 * MS_PER_H;
	rig_tick(&r);
	for (int i = 0; i < 9 && !rig_status(&r)->decisions; i++)
		rig_next(&r);
	ck_assert_uint_gt(rig_status(&r)->decisions, 0);
	ck_assert_int_lt(r.now_ms, MONDAY - 5 * MS_PER_H);
}
END_TEST

START_TEST(a_clock_that_jumps_ahead_makes_values_late_not_wrong)
{
	rig_start(&r, REACTIVE, 3);
	struct value_row row = {.value = 10, .time_ms = r.now_ms};
	r.now_ms += MS_PER_DAY;
	rig_rows(&r, &row, 1);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	ck_assert_int_eq(rig_condition(&r, PC_METRICS_AVAILABLE), STATUS_FALSE);
}
END_TEST

START_TEST(zero_by_our_hand_is_forgotten_once_somebody_took_it_up)
{
	rig_start(&r, REACTIVE, 3);
	rig_slot(&r)->record.memory.scaled_to_zero = true;
	rig_value(&r, 300);
	ck_assert(!rig_slot(&r)->record.memory.scaled_to_zero);
}
END_TEST

START_TEST(the_first_decision_of_a_process_lowers_nothing)
{
	rig_start(&r, REACTIVE "behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\n",
		  6);
	rig_value(&r, 200);
	ck_assert_int_eq(rig_status(&r)->desired, 6);
	ck_assert_ptr_nonnull(
		strstr(rig_status(&r)->reason, "first decision since the start"));
	rig_cycle(&r, 200);
	ck_assert_int_eq(rig_status(&r)->desired, 2);
}
END_TEST

START_TEST(a_size_above_the_maximum_is_corrected_without_any_metric)
{
	rig_start(&r, REACTIVE, 50);
	rig_fail(&r, "connection refused");
	ck_assert_int_eq(rig_status(&r)->desired, 40);
	/* Nothing is said of metrics that were not looked at. */
	ck_assert_int_eq(rig_condition(&r, PC_METRICS_AVAILABLE), STATUS_UNKNOWN);
}
END_TEST

START_TEST(a_pause_asks_and_decides_nothing)
{
	rig_policy(&r, "checkout", REACTIVE "pause: true\n");
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	for (int i = 0; i < 5; i++) {
		rig_next(&r);
		ck_assert_ptr_null(rig_find(&r, ACTION_QUERY));
		ck_assert_int_eq(rig_find(&r, ACTION_DECIDED) != NULL, i == 0);
	}
	ck_assert_uint_eq(rig_status(&r)->decisions, 0);
	ck_assert_str_eq(rig_status(&r)->reason, "paused by the policy -> hold 3");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cycle");
	TCase *t = tcase_create("cycle");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, a_policy_decides_as_soon_as_it_knows_enough);
	tcase_add_test(t, cycles_stand_on_a_grid_of_their_own);
	tcase_add_test(t, cycles_in_step_begin_at_whole_multiples);
	tcase_add_test(t, cycles_begin_at_multiples_of_the_step_between_places);
	tcase_add_test(t, all_answers_are_waited_for_until_the_deadline);
	tcase_add_test(t, an_unknown_metric_never_lowers_and_does_not_keep_from_raising);
	tcase_add_test(t, a_clock_that_goes_back_does_not_stop_the_cycles);
	tcase_add_test(t, a_clock_that_goes_back_in_a_cycle_does_not_prolong_it);
	tcase_add_test(t, a_clock_that_jumps_ahead_makes_values_late_not_wrong);
	tcase_add_test(t, zero_by_our_hand_is_forgotten_once_somebody_took_it_up);
	tcase_add_test(t, the_first_decision_of_a_process_lowers_nothing);
	tcase_add_test(t, a_size_above_the_maximum_is_corrected_without_any_metric);
	tcase_add_test(t, a_pause_asks_and_decides_nothing);
	suite_add_tcase(s, t);
	return run_suite(s);
}
