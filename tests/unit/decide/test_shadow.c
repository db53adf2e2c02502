#include "unit/decide/virtual.h"

static void steady(struct virtual *v, double demand, double upper, int32_t minutes)
{
	for (int32_t i = 0; i < minutes; i++) {
		struct shadow_metric x = virtual_metric(demand, upper);
		virtual_minute(v, &x, 1);
	}
}

START_TEST(both_begin_with_what_the_first_minute_needs)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 430, NAN, 1);
	ck_assert(!v.said);
	ck_assert_int_eq(v.shadow.ours.replicas, 5);
	ck_assert_int_eq(v.shadow.reactive.ready, 5);
	steady(&v, 430, NAN, 1);
	ck_assert(v.said);
	ck_near(v.costs.ours.pods, 5, 0);
	ck_near(v.costs.ours.unserved, 0, 0);
	ck_assert(!v.costs.forecast);
}
END_TEST

START_TEST(whatever_the_tolerance_the_first_size_is_what_is_needed)
{
	struct virtual v;
	virtual_open(&v);
	v.config.tolerance = 10;
	steady(&v, 430, NAN, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 5);
	ck_assert_int_eq(v.shadow.reactive.replicas, 5);
}
END_TEST

START_TEST(pods_are_ready_after_the_delay_and_paid_before)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 200, NAN, 2);
	steady(&v, 400, NAN, 1); /* two pods' worth, less the tolerance: 400 / 110 */
	ck_near(v.costs.reactive.pods, 2, 0);
	ck_near(v.costs.reactive.unserved, 400 / 110. - 2, 1e-12);
	ck_assert_int_eq(v.shadow.reactive.replicas, 4);
	/* 205 s: not in the next three minutes, and for 35 s of the fourth. */
	for (int i = 0; i < 3; i++) {
		steady(&v, 400, NAN, 1);
		ck_near(v.costs.reactive.pods, 4, 0);
		ck_near(v.costs.reactive.unserved, 400 / 110. - 2, 1e-12);
	}
	steady(&v, 400, NAN, 1);
	ck_near(v.costs.reactive.unserved, (400 / 110. - 2) * 25 / 60, 1e-12);
	steady(&v, 400, NAN, 1);
	ck_near(v.costs.reactive.unserved, 0, 0);
}
END_TEST

START_TEST(tolerance_holds_for_the_rule_and_for_what_is_lost)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 500, NAN, 2);
	steady(&v, 549, NAN, 3);
	ck_assert_int_eq(v.shadow.reactive.replicas, 5);
	ck_near(v.unserved_reactive, 0, 0);
	steady(&v, 551, NAN, 1);
	ck_assert_int_eq(v.shadow.reactive.replicas, 6);
	ck_near(v.unserved_reactive, 551 / 110. - 5, 1e-12);
}
END_TEST

START_TEST(a_forecast_target_above_the_tolerance_is_what_a_pod_carries)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 200, NAN, 2);
	struct shadow_metric x = virtual_metric(300, NAN);
	x.forecast_target = 150;
	virtual_minute(&v, &x, 1);
	ck_near(v.costs.reactive.unserved, 0, 0);
	x.demand = 330;
	virtual_minute(&v, &x, 1);
	ck_near(v.costs.reactive.unserved, 0.2, 1e-12);
}
END_TEST

START_TEST(the_forecast_raises_ours_alone)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 200, 200, 2);
	steady(&v, 200, 390, 1);
	ck_assert(v.costs.forecast);
	ck_assert_int_eq(v.shadow.ours.replicas, 4);
	ck_assert_int_eq(v.shadow.reactive.replicas, 2);
	steady(&v, 200, 390, 5);
	steady(&v, 390, 390, 1);
	ck_near(v.costs.ours.unserved, 0, 0);
	ck_near(v.costs.reactive.unserved, 390 / 110. - 2, 1e-12);
}
END_TEST

START_TEST(ours_reacts_at_the_reactive_target_while_it_has_a_forecast)
{
	struct virtual v;
	virtual_open(&v);
	struct shadow_metric x = virtual_metric(300, 300);
	x.reactive_target = 150;
	x.forecast_target = 120;
	virtual_minute(&v, &x, 1);
	x.demand = 440; /* within 10 % of three pods at 150, and 4.4 at 100 */
	x.upper = x.release = 353;
	virtual_minute(&v, &x, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 3);
	ck_assert_int_eq(v.shadow.reactive.replicas, 5);
	x.upper = x.release = 351; /* a load that the forecast does not know of */
	virtual_minute(&v, &x, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 5);
	x.upper = x.release = NAN;
	virtual_minute(&v, &x, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 5);
}
END_TEST

START_TEST(misses_of_a_low_quantile_are_no_news)
{
	struct virtual v;
	virtual_open(&v);
	v.policy.forecast.quantile = 0.89;
	struct shadow_metric x = virtual_metric(300, 300);
	x.reactive_target = 150;
	virtual_minute(&v, &x, 1);
	x.demand = 440;
	x.upper = x.release = 300;
	virtual_minute(&v, &x, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 3);
	v.policy.forecast.quantile = 0.9;
	virtual_minute(&v, &x, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 5);
}
END_TEST

START_TEST(a_release_ends_the_wait_of_ours_alone)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 900, 900, 2);
	steady(&v, 200, 300, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 3);
	ck_assert_int_eq(v.shadow.reactive.replicas, 9);
	steady(&v, 200, 300, 4);
	ck_assert_int_eq(v.shadow.reactive.replicas, 9);
	steady(&v, 200, 300, 2);
	ck_assert_int_eq(v.shadow.reactive.replicas, 2);
}
END_TEST

START_TEST(without_the_forecasts_release_ours_waits_too)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 900, 900, 2);
	struct shadow_metric x = virtual_metric(200, 300);
	x.release = NAN;
	virtual_minute(&v, &x, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 9);
}
END_TEST

START_TEST(pods_that_are_starting_go_first)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 200, 200, 2);
	steady(&v, 200, 600, 1);
	steady(&v, 200, 800, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 8);
	steady(&v, 200, 500, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 5);
	ck_assert_int_eq(v.shadow.ours.ready, 2);
	steady(&v, 200, 500, 6);
	ck_assert_int_eq(v.shadow.ours.ready, 5);
	ck_assert_int_eq(v.shadow.ours.replicas, 5);
}
END_TEST

START_TEST(a_minute_has_room_for_four_steps_of_a_rate_limit)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 200, NAN, 2);
	steady(&v, 4000, NAN, 1); /* 2, 4, 8, 16, 32 */
	ck_assert_int_eq(v.shadow.reactive.replicas, 32);
	steady(&v, 4000, NAN, 1);
	ck_assert_int_eq(v.shadow.reactive.replicas, 40);
}
END_TEST

START_TEST(behavior_limits_both)
{
	struct virtual v;
	virtual_open(&v);
	v.policy.has_behavior = true;
	v.policy.up = (struct scaling_rules){
		.rules = {{RULE_PODS, 1, 60}}, .count = 1, .select = SELECT_MAX};
	v.policy.down = (struct scaling_rules){
		.rules = {{RULE_PERCENT, 100, 15}}, .count = 1, .select = SELECT_MAX};
	steady(&v, 200, 200, 2);
	for (int32_t i = 1; i <= 3; i++) {
		steady(&v, 800, 800, 1);
		ck_assert_int_eq(v.shadow.ours.replicas, 2 + i);
		ck_assert_int_eq(v.shadow.reactive.replicas, 2 + i);
	}
}
END_TEST

START_TEST(bounds_hold_for_both_and_for_what_can_be_lost)
{
	struct virtual v;
	virtual_open(&v);
	v.policy.max_replicas = 10;
	steady(&v, 900, 900, 2);
	steady(&v, 90000, 90000, 1);
	ck_near(v.costs.reactive.unserved, 1, 1e-12);
	ck_assert_int_eq(v.shadow.ours.replicas, 10);
	v.policy.max_replicas = 6;
	steady(&v, 900, 900, 1);
	ck_assert_int_eq(v.shadow.ours.replicas, 6);
	ck_assert_int_eq(v.shadow.reactive.replicas, 6);
}
END_TEST

START_TEST(an_unknown_minute_costs_and_changes_nothing_but_pods_go_on_starting)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 200, NAN, 2);
	steady(&v, 400, NAN, 1);
	for (int i = 0; i < 4; i++) {
		steady(&v, i % 2 ? NAN : -1, NAN, 1);
		ck_assert(!v.said);
	}
	ck_assert_int_eq(v.shadow.reactive.replicas, 4);
	ck_assert_int_eq(v.shadow.reactive.ready, 4);
}
END_TEST

START_TEST(little_and_nothing_are_known_too)
{
	struct virtual v;
	struct shadow_metric x = virtual_metric(0, 0.5);
	virtual_open(&v);
	virtual_minute(&v, &x, 1); /* the first one has nothing before it */
	virtual_minute(&v, &x, 1);
	ck_assert(v.said);
	x = virtual_metric(0.5, NAN);
	x.target = x.forecast_target = x.reactive_target = 0.5;
	virtual_minute(&v, &x, 1);
	ck_assert(v.said);
	ck_assert(!v.costs.forecast);
	virtual_minute(&v, &x, 0);
	ck_assert(!v.said);
}
END_TEST

START_TEST(tolerance_keeps_a_single_pod_too)
{
	struct virtual v;
	struct shadow_metric x = virtual_metric(100, NAN);
	virtual_open(&v);
	virtual_minute(&v, &x, 1);
	x.demand = 105;
	virtual_minute(&v, &x, 1);
	ck_assert_int_eq(v.shadow.reactive.replicas, 1);
}
END_TEST

START_TEST(unknown_first_minute_has_no_costs)
{
	struct virtual v;
	struct shadow_metric x = virtual_metric(NAN, NAN);
	virtual_open(&v);
	virtual_minute(&v, &x, 1);
	ck_assert(!v.said);
}
END_TEST

/* Seven pods that would have been Ready in the next minute. */
START_TEST(pods_that_are_due_next_go_before_those_that_serve)
{
	struct virtual v;
	struct shadow_metric low = virtual_metric(300, NAN),
			     high = virtual_metric(1000, NAN);
	virtual_open(&v);
	v.config.downscale_stabilization_ms = 0;
	virtual_minute(&v, &low, 1);
	virtual_minute(&v, &high, 1);
	int64_t wait = 1 + VIRTUAL_DELAY / MS_PER_MIN;
	for (int64_t i = 1; i < wait - 1; i++)
		virtual_minute(&v, &high, 1);
	virtual_minute(&v, &low, 1);
	ck_assert_int_eq(v.shadow.reactive.replicas, 3);
	ck_assert_int_eq(v.shadow.reactive.ready, 3);
	double before = v.unserved_reactive;
	virtual_minute(&v, &low, 1);
	ck_assert_int_eq(v.shadow.reactive.ready, 3);
	ck_near(v.unserved_reactive, before, 0);
}
END_TEST

START_TEST(no_load_needs_no_pod)
{
	struct virtual v;
	struct shadow_metric x = virtual_metric(0, 0);
	virtual_open(&v);
	v.policy.min_replicas = 0;
	for (int i = 0; i < 10; i++)
		virtual_minute(&v, &x, 1);
	ck_assert(v.said);
	ck_assert_int_eq(v.shadow.ours.replicas, 0);
	ck_assert_int_eq(v.shadow.reactive.replicas, 0);
	ck_near(v.unserved_ours, 0, 0);
	ck_near(v.unserved_reactive, 0, 0);
}
END_TEST

START_TEST(first_minute_has_no_costs_nor_has_the_same_one_again)
{
	struct virtual v;
	struct shadow_metric x = virtual_metric(105, NAN);
	virtual_open(&v);
	virtual_minute(&v, &x, 1);
	ck_assert(!v.said);
	/* Nothing stands yet that a tolerance could keep. */
	ck_assert_int_eq(v.shadow.reactive.replicas, 2);
	virtual_minute(&v, &x, 1);
	ck_assert(v.said);
	v.minute--;
	virtual_minute(&v, &x, 1);
	ck_assert(!v.said);
}
END_TEST

/* Ten pods that nobody needs any more, and what ours goes down to before the window of
 * the stabilization is over. */
static int32_t released_to(const struct shadow_metric *metrics, int32_t count)
{
	struct virtual v;
	struct shadow_metric high[2] = {virtual_metric(1000, 1000),
					virtual_metric(1000, 1000)};
	virtual_open(&v);
	v.policy.min_replicas = 0;
	for (int i = 0; i < 3; i++)
		virtual_minute(&v, high, count);
	virtual_minute(&v, metrics, count);
	ck_assert_int_eq(v.shadow.reactive.replicas, 10);
	return v.shadow.ours.replicas;
}

START_TEST(release_goes_as_low_as_every_metric_says)
{
	struct shadow_metric x[2] = {virtual_metric(0, 0), virtual_metric(0, 0)};
	ck_assert_int_eq(released_to(x, 1), 0);
	x[0].release = 0.5;
	ck_assert_int_eq(released_to(x, 1), 1);
	x[0].release = 600;
	x[1].release = 300;
	ck_assert_int_eq(released_to(x, 2), 6);
	x[0].release = 300;
	x[1].release = 600;
	ck_assert_int_eq(released_to(x, 2), 6);
	x[0].release = -0.5;
	ck_assert_int_eq(released_to(x, 1), 10);
	x[0].release = 300;
	x[0].upper = NAN;
	ck_assert_int_eq(released_to(x, 1), 10);
}
END_TEST

START_TEST(forecast_of_less_than_nothing_or_without_an_end_is_none)
{
	static const double uppers[] = {-0.5, -1, INFINITY, NAN};
	for (size_t i = 0; i < ARRAY_LEN(uppers); i++) {
		struct virtual v;
		struct shadow_metric x = virtual_metric(300, uppers[i]);
		virtual_open(&v);
		virtual_minute(&v, &x, 1);
		virtual_minute(&v, &x, 1);
		ck_assert(v.said);
		ck_assert(!v.costs.forecast);
	}
}
END_TEST

START_TEST(capacities_that_cannot_be_told_make_a_minute_unknown)
{
	static const double bad[] = {NAN, 0, -1, INFINITY};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		for (int k = 0; k < 3; k++) {
			struct virtual v;
			virtual_open(&v);
			steady(&v, 200, NAN, 2);
			struct shadow_metric x = virtual_metric(200, NAN);
			*(k == 0   ? &x.target
			  : k == 1 ? &x.forecast_target
				   : &x.reactive_target) = bad[i];
			virtual_minute(&v, &x, 1);
			ck_assert(!v.said);
		}
}
END_TEST

START_TEST(after_a_gap_both_begin_anew)
{
	struct virtual v;
	virtual_open(&v);
	steady(&v, 900, 900, 3);
	v.minute += 1;
	steady(&v, 300, 300, 1);
	ck_assert(!v.said);
	ck_assert_int_eq(v.shadow.ours.replicas, 3);
	ck_assert_int_eq(v.shadow.reactive.replicas, 3);
	v.minute -= 2; /* known already */
	steady(&v, 900, 900, 1);
	ck_assert(!v.said);
	ck_assert_int_eq(v.shadow.ours.replicas, 3);
}
END_TEST

START_TEST(the_largest_need_of_several_metrics_counts)
{
	struct virtual v;
	virtual_open(&v);
	struct shadow_metric x[] = {virtual_metric(200, 200), virtual_metric(500, 500)};
	virtual_minute(&v, x, 2);
	ck_assert_int_eq(v.shadow.ours.replicas, 5);
	x[0] = virtual_metric(700, 800);
	virtual_minute(&v, x, 2);
	ck_near(v.costs.ours.unserved, 700 / 110. - 5, 1e-12);
	ck_assert(v.costs.forecast);
	ck_assert_int_eq(v.shadow.ours.replicas, 8);
	ck_assert_int_eq(v.shadow.reactive.replicas, 7);
	x[1].upper = NAN;
	virtual_minute(&v, x, 2);
	ck_assert(v.said && !v.costs.forecast);
	x[1].demand = NAN;
	virtual_minute(&v, x, 2);
	ck_assert(!v.said);
}
END_TEST

START_TEST(a_delay_that_is_too_long_is_cut)
{
	struct virtual v;
	virtual_open(&v);
	struct shadow_metric x = virtual_metric(200, NAN);
	struct shadow_minute m = {&v.policy, &v.config, 0, 100 * MS_PER_H, 0.95, &x, 1};
	for (int64_t i = 1; i <= 200; i++) {
		m.end_ms = VIRTUAL_START + i * MS_PER_MIN;
		x.demand = i < 3 ? 200 : 900;
		shadow_live(&v.shadow, &m, &v.costs);
		ck_assert_int_eq(v.shadow.reactive.ready,
				 i < 3 + 126 ? 2 : 9 /* two hours and what data needs */);
	}
}
END_TEST

START_TEST(a_perfect_forecast_serves_more_for_hardly_more_pods)
{
	struct virtual v;
	virtual_open(&v);
	virtual_days(&v, 3, 1);
	ck_assert_double_gt(v.unserved_reactive, 50);
	ck_near(v.unserved_ours, 0, 1e-9);
	ck_assert_double_lt(v.pods_ours, 1.01 * v.pods_reactive);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("shadow");
	TCase *t = tcase_create("shadow");
	tcase_add_test(t, both_begin_with_what_the_first_minute_needs);
	tcase_add_test(t, pods_are_ready_after_the_delay_and_paid_before);
	tcase_add_test(t, whatever_the_tolerance_the_first_size_is_what_is_needed);
	tcase_add_test(t, tolerance_holds_for_the_rule_and_for_what_is_lost);
	tcase_add_test(t, a_forecast_target_above_the_tolerance_is_what_a_pod_carries);
	tcase_add_test(t, the_forecast_raises_ours_alone);
	tcase_add_test(t, ours_reacts_at_the_reactive_target_while_it_has_a_forecast);
	tcase_add_test(t, misses_of_a_low_quantile_are_no_news);
	tcase_add_test(t, a_release_ends_the_wait_of_ours_alone);
	tcase_add_test(t, without_the_forecasts_release_ours_waits_too);
	tcase_add_test(t, pods_that_are_starting_go_first);
	tcase_add_test(t, a_minute_has_room_for_four_steps_of_a_rate_limit);
	tcase_add_test(t, behavior_limits_both);
	tcase_add_test(t, bounds_hold_for_both_and_for_what_can_be_lost);
	tcase_add_test(
		t, an_unknown_minute_costs_and_changes_nothing_but_pods_go_on_starting);
	tcase_add_test(t, little_and_nothing_are_known_too);
	tcase_add_test(t, tolerance_keeps_a_single_pod_too);
	tcase_add_test(t, unknown_first_minute_has_no_costs);
	tcase_add_test(t, pods_that_are_due_next_go_before_those_that_serve);
	tcase_add_test(t, no_load_needs_no_pod);
	tcase_add_test(t, first_minute_has_no_costs_nor_has_the_same_one_again);
	tcase_add_test(t, release_goes_as_low_as_every_metric_says);
	tcase_add_test(t, forecast_of_less_than_nothing_or_without_an_end_is_none);
	tcase_add_test(t, capacities_that_cannot_be_told_make_a_minute_unknown);
	tcase_add_test(t, after_a_gap_both_begin_anew);
	tcase_add_test(t, the_largest_need_of_several_metrics_counts);
	tcase_add_test(t, a_delay_that_is_too_long_is_cut);
	tcase_add_test(t, a_perfect_forecast_serves_more_for_hardly_more_pods);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(suite());
}
