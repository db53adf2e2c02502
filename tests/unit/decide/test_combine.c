#include "unit/decide/rig.h"

#include "decide/combine.h"

static bool run(struct rig *r)
{
	decision_clear(&r->d, r->in.scale.spec_replicas);
	return combine(&r->in, &r->d);
}

START_TEST(largest_proposal_wins)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "a", 100, 600);
	rig_external(&r, "b", 100, 800);
	rig_external(&r, "c", 100, 700);
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 8);
	ck_assert_int_eq(r.d.winner, 1);
	ck_assert_int_eq(r.d.reactive, 8);
	ck_assert_int_eq(r.d.predicted, DECIDE_NO_REPLICAS);
	ck_assert_int_eq(r.d.metrics[2].reactive, 7);
	ck_assert_int_eq(r.d.unknown_count, 0);
	ck_assert_str_eq(r.words.conditions[CONDITION_SCALING_ACTIVE].message,
			 "the HPA was able to successfully calculate a replica count "
			 "from external metric b");
}
END_TEST

START_TEST(without_texts_the_same_is_decided)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "a", 100, 600);
	r.config.terse = true;
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 6);
	struct condition *c = &r.words.conditions[CONDITION_SCALING_ACTIVE];
	ck_assert_int_eq(c->status, CONDITION_TRUE);
	ck_assert_str_eq(c->reason, "ValidMetricFound");
	ck_assert_str_eq(c->message,
			 "the HPA was able to successfully calculate a replica count");
}
END_TEST

START_TEST(unknown_metric_blocks_scale_down)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "a", 100, 200);
	rig_external(&r, "b", 100, 200);
	r.values[1].unknown = "Prometheus: connection refused";
	ck_assert(!run(&r));
	ck_assert_int_eq(r.d.hold, HOLD_UNKNOWN);
	ck_assert_int_eq(r.d.unknown_count, 1);
	ck_assert(!r.d.metrics[1].known);
	ck_assert_str_eq(r.d.metrics[1].error, "Prometheus: connection refused");
	ck_assert_str_eq(r.d.metrics[1].failure, "FailedGetExternalMetric");
	struct condition *c = &r.words.conditions[CONDITION_SCALING_ACTIVE];
	ck_assert_int_eq(c->status, CONDITION_FALSE);
	ck_assert_str_eq(c->reason, "FailedGetExternalMetric");
	ck_assert_str_eq(
		c->message,
		"the HPA was unable to compute the replica count: unable to get external "
		"metric b: Prometheus: connection refused");
}
END_TEST

START_TEST(unknown_metric_lets_the_others_keep_or_raise)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "a", 100, 400);
	rig_external(&r, "b", 100, 900);
	r.values[0].unknown = "gone";
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 9);
	r.values[1].total_m = 400000;
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 4);
}
END_TEST

START_TEST(nothing_is_decided_without_any_value)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "a", 100, 400);
	rig_cpu(&r, 50, 80);
	r.values[0].unknown = "gone";
	r.values[1].unknown = "gone too";
	ck_assert(!run(&r));
	ck_assert_int_eq(r.d.winner, -1);
	ck_assert_int_eq(r.d.unknown_count, 2);
	ck_assert_str_eq(r.words.conditions[CONDITION_SCALING_ACTIVE].reason,
			 "FailedGetExternalMetric");
}
END_TEST

START_TEST(forecast_is_one_more_proposal)
{
	struct rig r;
	rig_init(&r, 6);
	rig_external(&r, "a", 100, 600);
	rig_external(&r, "b", 100, 600);
	rig_forecast(&r, 0, 840, 900);
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 9);
	ck_assert_int_eq(r.d.reactive, 6);
	ck_assert_int_eq(r.d.predicted, 9);
	ck_assert(r.d.by_forecast);
	ck_assert_int_eq(r.d.winner, 0);
	ck_assert(r.d.metrics[0].forecast_used && !r.d.metrics[1].forecast_used);
	ck_assert(isnan(r.d.metrics[1].capacity));
	rig_forecast(&r, 0, 100, 100); /* it cannot lower what metrics ask for */
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 6);
	ck_assert(!r.d.by_forecast);
}
END_TEST

/* Twice the best reactive proposal, whichever metric made it, or twice the minimum. */
START_TEST(an_unproved_forecast_is_capped)
{
	static const struct {
		double factor, upper;
		int32_t minimum, wanted;
		bool capped;
	} cases[] = {
		{2, 1100, 1, 11, false}, {2, 1200, 1, 12, false}, {2, 1201, 1, 12, true},
		{2, 9000, 1, 12, true},  {1.5, 9000, 1, 9, true}, {1, 9000, 1, 6, true},
		{0, 9000, 1, 90, false}, {2, 9000, 10, 20, true}, {1.4, 9000, 1, 8, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		rig_init(&r, 6);
		rig_external(&r, "a", 100, 100);
		rig_external(&r, "b", 100, 600);
		rig_forecast(&r, 0, cases[i].upper, NAN);
		r.policy.min_replicas = cases[i].minimum;
		r.in.over_reactive_max = cases[i].factor;
		ck_assert(run(&r));
		ck_assert_int_eq(r.d.wanted, cases[i].wanted);
		ck_assert_int_eq(r.d.predicted, cases[i].wanted);
		ck_assert_int_eq(r.d.metrics[0].capped, cases[i].capped);
	}
}
END_TEST

/* A reactive rule that asks for nothing would otherwise forbid all. */
START_TEST(cap_counts_from_one_pod_at_least)
{
	struct rig r;
	rig_init(&r, 1);
	rig_external(&r, "a", 100, 0);
	rig_forecast(&r, 0, 9000, NAN);
	r.policy.min_replicas = 0;
	r.in.over_reactive_max = 2;
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 2);
	ck_assert_int_eq(r.d.cap_base, 1);
}
END_TEST

START_TEST(beside_an_unknown_metric_the_cap_counts_from_the_present_size)
{
	struct rig r;
	rig_init(&r, 6);
	rig_external(&r, "a", 100, 600);
	r.values[0].unknown = "gone";
	rig_forecast(&r, 0, 9000, NAN);
	r.in.over_reactive_max = 2;
	r.in.follow_forecast_on_loss = true;
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 12);
	ck_assert_int_eq(r.d.cap_base, 6);
}
END_TEST

START_TEST(tolerance_does_not_suppress_a_forecast)
{
	struct rig r;
	rig_init(&r, 6);
	rig_external(&r, "a", 100, 600);
	rig_forecast(&r, 0, 601, NAN);
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 7);
}
END_TEST

START_TEST(reactive_part_is_a_safety_net_while_a_forecast_carries)
{
	struct rig r;
	rig_init(&r, 6);
	rig_external(&r, "a", 100, 720);
	r.policy.metrics[0].reactive_target.value_m = 130000;
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 8); /* without a forecast at the user's target */
	ck_assert_int_eq(r.d.metrics[0].target.value_m, 100000);
	rig_forecast(&r, 0, 580, NAN);
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 6); /* 120 of 130: within */
	ck_assert_int_eq(r.d.metrics[0].target.value_m, 130000);
	r.policy.metrics[0].forecast_target.type =
		TARGET_VALUE; /* a forecast of no use */
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 8);
}
END_TEST

/* By more than a quarter: the net has the user's headroom then. */
START_TEST(a_load_that_the_forecast_does_not_know_of_meets_the_users_target)
{
	struct rig r;
	rig_init(&r, 6);
	rig_external(&r, "a", 100, 660);
	r.policy.metrics[0].reactive_target.value_m = 130000;
	r.policy.metrics[0].forecast_target.value_m = 100000;
	r.policy.metrics[0].target.value_m = 60000;
	rig_forecast(&r, 0, 528, NAN);
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 6); /* a quarter above it */
	ck_assert(!r.d.metrics[0].surpassed);
	rig_forecast(&r, 0, 527.9, NAN);
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 11);
	ck_assert(r.d.metrics[0].surpassed);
	ck_assert_int_eq(r.d.metrics[0].target.value_m, 60000);
	/* The misses of a low quantile are no news. */
	r.forecasts[0].quantile = 0.89;
	ck_assert(run(&r));
	ck_assert(!r.d.metrics[0].surpassed);
	r.forecasts[0].quantile = 0.9;
	ck_assert(run(&r));
	ck_assert(r.d.metrics[0].surpassed);
	/* What a derived forecast is of is not what is seen. */
	r.forecasts[0].derived = true;
	ck_assert(run(&r));
	ck_assert(!r.d.metrics[0].surpassed);
}
END_TEST

START_TEST(what_all_pods_use_is_compared_with_the_forecast)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 70, 90); /* of a core each: 3.6 */
	r.policy.metrics[0].reactive_target.utilization_pct = 95;
	r.policy.metrics[0].forecast_target.utilization_pct = 95;
	rig_forecast(&r, 0, 2.8801, NAN); /* a quarter more is 3.6 */
	ck_assert(run(&r));
	ck_assert(!r.d.metrics[0].surpassed);
	ck_assert_int_eq(r.d.wanted, 4);
	rig_forecast(&r, 0, 2.8799, NAN);
	ck_assert(run(&r));
	ck_assert(r.d.metrics[0].surpassed);
	ck_assert_int_eq(r.d.wanted, 6); /* 3.6 / 0.7 */
	r.values[0].unknown = "gone";
	r.in.follow_forecast_on_loss = true;
	run(&r);
	ck_assert(!r.d.metrics[0].surpassed);
}
END_TEST

START_TEST(lost_metric_is_followed_by_its_forecast_only_where_asked_and_only_up)
{
	struct rig r;
	rig_init(&r, 6);
	rig_external(&r, "a", 100, 600);
	r.values[0].unknown = "gone";
	rig_forecast(&r, 0, 840, 900);
	ck_assert(!run(&r));
	ck_assert_int_eq(r.d.predicted, DECIDE_NO_REPLICAS);
	r.in.follow_forecast_on_loss = true;
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 9);
	rig_forecast(&r, 0, 300, 300);
	ck_assert(!run(&r));
	rig_forecast(&r, 0, 600, 600);
	ck_assert(!run(&r));
}
END_TEST

START_TEST(negative_totals_ask_for_nothing)
{
	struct rig r;
	rig_init(&r, 2);
	rig_external(&r, "a", 100, -5000);
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 0);
}
END_TEST

START_TEST(pods_that_cannot_be_told_decide_nothing)
{
	struct rig r;
	rig_init(&r, 2);
	rig_external(&r, "a", 100, 5000);
	r.in.scale.selector = SELECTOR_INVALID;
	r.in.scale.selector_error = "missing";
	ck_assert(!run(&r));
	ck_assert_int_eq(r.d.hold, HOLD_SELECTOR);
	ck_assert_str_eq(r.words.conditions[CONDITION_SCALING_ACTIVE].reason,
			 "InvalidSelector");
	r.in.scale.selector = SELECTOR_AMBIGUOUS;
	ck_assert(!run(&r));
	ck_assert_str_eq(r.words.conditions[CONDITION_SCALING_ACTIVE].reason,
			 "AmbiguousSelector");
}
END_TEST

START_TEST(release_needs_a_forecast_of_every_metric)
{
	struct rig r;
	rig_init(&r, 6);
	rig_external(&r, "a", 100, 300);
	rig_external(&r, "b", 100, 300);
	rig_forecast(&r, 0, 300, 320);
	rig_forecast(&r, 1, 300, 410);
	ck_assert(run(&r));
	ck_assert_int_eq(combined_release(&r.in, &r.d), DECIDE_NO_REPLICAS);
	r.in.release_allowed = true;
	ck_assert_int_eq(combined_release(&r.in, &r.d), 5);
	r.forecasts[1].release = NAN;
	ck_assert(run(&r));
	ck_assert_int_eq(combined_release(&r.in, &r.d), DECIDE_NO_REPLICAS);
	r.forecasts[1].usable = false;
	ck_assert(run(&r));
	ck_assert_int_eq(combined_release(&r.in, &r.d), DECIDE_NO_REPLICAS);
}
END_TEST

START_TEST(release_to_nothing_is_a_release)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "a", 100, 0);
	rig_forecast(&r, 0, 0, 0);
	r.in.release_allowed = true;
	ck_assert(run(&r));
	ck_assert_int_eq(combined_release(&r.in, &r.d), 0);
}
END_TEST

START_TEST(forecast_of_an_unknown_metric_releases_nothing)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "a", 100, 300);
	r.values[0].unknown = "Prometheus: connection refused";
	rig_forecast(&r, 0, 900, 200);
	r.in.follow_forecast_on_loss = true;
	r.in.release_allowed = true;
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.wanted, 9);
	ck_assert_int_eq(combined_release(&r.in, &r.d), DECIDE_NO_REPLICAS);
}
END_TEST

/* As the HPA does, for which zero is no proposal yet. */
START_TEST(after_a_proposal_of_zero_any_other_wins)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "a", 100, 0);
	rig_external(&r, "b", 100, -300);
	ck_assert(run(&r));
	ck_assert_int_eq(r.d.winner, 1);
	ck_assert_int_eq(r.d.wanted, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("combine");
	TCase *t = tcase_create("combine");
	tcase_add_test(t, largest_proposal_wins);
	tcase_add_test(t, without_texts_the_same_is_decided);
	tcase_add_test(t, unknown_metric_blocks_scale_down);
	tcase_add_test(t, unknown_metric_lets_the_others_keep_or_raise);
	tcase_add_test(t, nothing_is_decided_without_any_value);
	tcase_add_test(t, forecast_is_one_more_proposal);
	tcase_add_test(t, an_unproved_forecast_is_capped);
	tcase_add_test(t, cap_counts_from_one_pod_at_least);
	tcase_add_test(t, beside_an_unknown_metric_the_cap_counts_from_the_present_size);
	tcase_add_test(t, tolerance_does_not_suppress_a_forecast);
	tcase_add_test(t, reactive_part_is_a_safety_net_while_a_forecast_carries);
	tcase_add_test(t,
		       a_load_that_the_forecast_does_not_know_of_meets_the_users_target);
	tcase_add_test(t, what_all_pods_use_is_compared_with_the_forecast);
	tcase_add_test(
		t, lost_metric_is_followed_by_its_forecast_only_where_asked_and_only_up);
	tcase_add_test(t, negative_totals_ask_for_nothing);
	tcase_add_test(t, pods_that_cannot_be_told_decide_nothing);
	tcase_add_test(t, release_needs_a_forecast_of_every_metric);
	tcase_add_test(t, release_to_nothing_is_a_release);
	tcase_add_test(t, forecast_of_an_unknown_metric_releases_nothing);
	tcase_add_test(t, after_a_proposal_of_zero_any_other_wins);
	suite_add_tcase(s, t);
	return run_suite(s);
}
