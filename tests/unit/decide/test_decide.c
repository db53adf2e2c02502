#include "unit/decide/rig.h"

static void behavior(struct rig *r)
{
	r->policy.has_behavior = true;
	r->policy.up = (struct scaling_rules){
		.has_stabilization = true,
		.rules = {{RULE_PODS, 4, 60}},
		.count = 1,
	};
	r->policy.down = (struct scaling_rules){
		.has_stabilization = true,
		.rules = {{RULE_PODS, 2, 60}},
		.count = 1,
	};
}

static void load(struct rig *r, int64_t total)
{
	r->values[0].total_m = total * 1000;
}

START_TEST(defaults_are_those_of_the_controller_manager)
{
	struct decide_config c;
	decide_config_default(&c);
	ck_near(c.tolerance, 0.1, 1e-9);
	ck_assert_int_eq(c.downscale_stabilization_ms, 300000);
	ck_assert_int_eq(c.cpu_initialization_ms, 300000);
	ck_assert_int_eq(c.initial_readiness_delay_ms, 30000);
	ck_near(c.scale_up_factor, 2, 1e-9);
	ck_near(c.scale_up_minimum, 4, 1e-9);
	ck_assert(c.scale_to_zero && c.pod_level_requests);
}
END_TEST

START_TEST(nothing_to_do_has_no_reason_for_a_rescale)
{
	struct rig r;
	rig_init(&r, 2);
	rig_external(&r, "requests", 100, 200);
	ck_assert_int_eq(rig_decide(&r), 2);
	ck_assert_str_eq(r.words.rescale, "");
	ck_assert_int_eq(r.d.until_ms, 0);
	load(&r, 300);
	ck_assert_int_eq(rig_next(&r, 15), 3);
	ck_assert_str_eq(r.words.rescale, "external metric requests above target");
}
END_TEST

START_TEST(corrected_bounds_have_no_winner)
{
	struct rig r;
	rig_init(&r, 2);
	rig_external(&r, "requests", 100, 200);
	r.policy.min_replicas = 3;
	ck_assert_int_eq(rig_decide(&r), 3);
	ck_assert_int_eq(r.d.winner, -1);
}
END_TEST

/* With a behavior the minimum holds downwards only: back from zero it is asked for apart.
 */
START_TEST(raised_minimum_is_reached_from_zero_with_a_behavior_too)
{
	struct rig r;
	rig_init(&r, 1);
	behavior(&r);
	r.policy.min_replicas = 0;
	rig_external(&r, "requests", 100, 0);
	ck_assert_int_eq(rig_decide(&r), 0);
	ck_assert_int_eq(rig_next(&r, 15), 0);
	load(&r, 100);
	r.policy.min_replicas = 3;
	ck_assert_int_eq(rig_next(&r, 15), 3);
	ck_assert_str_eq(r.words.rescale, "external metric requests above target");
	load(&r, 300); /* just as much as the minimum: nothing is said of it */
	r.in.scale.spec_replicas = r.in.scale.status_replicas = 0;
	r.memory.scaled_to_zero = true;
	ck_assert_int_eq(rig_decide(&r), 3);
	ck_assert_int_eq(r.d.limit, LIMIT_NONE);
	/* Where the metric asks for nothing it is the minimum alone. */
	load(&r, 0);
	ck_assert_int_eq(rig_decide(&r), 3);
	ck_assert_str_eq(r.words.rescale,
			 "Current number of replicas below Spec.MinReplicas");
	ck_assert_str_eq(r.d.reason,
			 "requests 0, target 100 per pod -> 0 to 3, 0 wanted, "
			 "minReplicas");
}
END_TEST

/* Another metric's place in the policy's array says nothing. */
START_TEST(metrics_beyond_the_last_do_not_count)
{
	struct rig r;
	rig_init(&r, 1);
	rig_cpu(&r, 50, 0);
	r.policy.min_replicas = 0;
	r.policy.metrics[1].type = METRIC_EXTERNAL;
	ck_assert_int_eq(rig_decide(&r), 0);
	rig_next(&r, 15);
	ck_assert(!r.memory.scaled_to_zero);
}
END_TEST

START_TEST(first_decision_waits_a_window_before_it_lowers)
{
	struct rig r;
	rig_init(&r, 8);
	rig_external(&r, "requests", 100, 200);
	r.memory.seeded = false;
	ck_assert_int_eq(rig_decide(&r), 8);
	for (int t = 15; t <= 300; t += 15)
		ck_assert_int_eq(rig_next(&r, 15), 8);
	ck_assert_int_eq(rig_next(&r, 15), 2);
}
END_TEST

START_TEST(load_that_rises_is_followed_at_once)
{
	struct rig r;
	rig_init(&r, 2);
	rig_external(&r, "requests", 100, 200);
	ck_assert_int_eq(rig_decide(&r), 2);
	load(&r, 900);
	ck_assert_int_eq(rig_next(&r, 15), 4);
	ck_assert_int_eq(r.d.limit, LIMIT_SCALE_UP_RATE);
	ck_assert_int_eq(rig_next(&r, 15), 8);
	ck_assert_int_eq(rig_next(&r, 15), 9);
	ck_assert_int_eq(r.d.limit, LIMIT_NONE);
	ck_assert_int_eq(rig_next(&r, 15), 9);
}
END_TEST

START_TEST(rates_of_behavior_hold_over_cycles)
{
	static const int32_t want[] = {10, 14, 14, 14, 14, 18, 18};
	struct rig r;
	rig_init(&r, 10);
	rig_external(&r, "requests", 100, 1000);
	behavior(&r);
	ck_assert_int_eq(rig_decide(&r), 10);
	load(&r, 3000);
	for (size_t i = 1; i < ARRAY_LEN(want); i++)
		ck_assert_int_eq(rig_next(&r, 15), want[i]);
	ck_assert_int_eq(r.memory.up.count, 2);
	load(&r, 100);
	/* The minute began with 14: two less. */
	ck_assert_int_eq(rig_next(&r, 15), 12);
}
END_TEST

START_TEST(size_outside_of_its_bounds_is_corrected_without_metrics)
{
	struct rig r;
	rig_init(&r, 8);
	rig_external(&r, "requests", 100, 0);
	r.values[0].unknown = "gone";
	r.policy.max_replicas = 5;
	rig_hold(&r, "whatever", true, true);
	ck_assert_int_eq(rig_decide(&r), 5);
	ck_assert_str_eq(r.words.rescale,
			 "Current number of replicas above Spec.MaxReplicas");
	ck_assert_int_eq(r.words.conditions[CONDITION_SCALING_ACTIVE].status,
			 CONDITION_KEEP);
	ck_assert_int_eq(r.memory.log_count, 0);
	r.policy.max_replicas = 20;
	r.policy.min_replicas = 12;
	ck_assert_int_eq(rig_decide(&r), 12);
	ck_assert_str_eq(r.words.rescale,
			 "Current number of replicas below Spec.MinReplicas");
}
END_TEST

START_TEST(corrections_are_scale_events_too)
{
	struct rig r;
	rig_init(&r, 8);
	rig_external(&r, "requests", 100, 2000);
	behavior(&r);
	r.policy.min_replicas = 12;
	ck_assert_int_eq(rig_decide(&r), 12);
	ck_assert_int_eq(rig_next(&r, 15), 12); /* 4 a minute are used up */
	ck_assert_int_eq(r.d.limit, LIMIT_SCALE_UP_RATE);
}
END_TEST

START_TEST(unknown_is_hold_and_leaves_no_trace)
{
	struct rig r;
	rig_init(&r, 8);
	rig_external(&r, "requests", 100, 200);
	r.values[0].unknown = "Prometheus: timeout";
	ck_assert_int_eq(rig_decide(&r), 8);
	ck_assert_int_eq(r.d.hold, HOLD_UNKNOWN);
	ck_assert_int_eq(r.d.wanted, DECIDE_NO_REPLICAS);
	ck_assert_int_eq(r.memory.log_count, 0);
	ck_assert_int_eq(r.words.conditions[CONDITION_SCALING_ACTIVE].status,
			 CONDITION_FALSE);
	ck_assert_int_eq(r.words.conditions[CONDITION_SCALING_LIMITED].status,
			 CONDITION_KEEP);
}
END_TEST

/* For every mix of known and unknown metrics, forecasts, bounds and loads: no size below
 * the present one while anything is unknown. */
START_TEST(unknown_never_lowers)
{
	struct rng rng;
	rng_init(&rng, 5);
	for (int i = 0; i < 20000; i++) {
		struct rig r;
		int32_t size = 1 + (int32_t)(rng_uniform(&rng) * 12);
		rig_init(&r, size);
		for (int m = 0; m < 3; m++) {
			rig_external(&r, "m", 100, (int64_t)(rng_uniform(&rng) * 2000));
			if (rng_uniform(&rng) < 0.5)
				rig_forecast(&r, m, rng_uniform(&rng) * 2000,
					     rng_uniform(&rng) * 2000);
		}
		r.values[(int)(rng_uniform(&rng) * 3)].unknown = "gone";
		r.in.follow_forecast_on_loss = rng_uniform(&rng) < 0.5;
		r.in.release_allowed = rng_uniform(&rng) < 0.5;
		if (rng_uniform(&rng) < 0.5)
			behavior(&r);
		rig_remember(&r, (int32_t)(rng_uniform(&rng) * 12), 20);
		ck_assert_int_ge(rig_decide(&r), size);
		ck_assert_int_le(r.d.desired, r.policy.max_replicas);
	}
}
END_TEST

/* Forecasts may only add to what the HPA would do, as long as nothing is released and the
 * targets are the same. */
START_TEST(forecast_never_lowers)
{
	struct rng rng;
	rng_init(&rng, 6);
	for (int i = 0; i < 20000; i++) {
		struct rig with, without;
		rig_init(&with, 1 + (int32_t)(rng_uniform(&rng) * 12));
		rig_external(&with, "m", 100, (int64_t)(rng_uniform(&rng) * 2000));
		rig_remember(&with, (int32_t)(rng_uniform(&rng) * 12), 20);
		if (rng_uniform(&rng) < 0.5)
			behavior(&with);
		without = with;
		without.in.policy = &without.policy;
		without.in.values = without.values;
		without.in.forecasts = NULL;
		rig_forecast(&with, 0, rng_uniform(&rng) * 2000, NAN);
		ck_assert_int_ge(rig_decide(&with), rig_decide(&without));
	}
}
END_TEST

START_TEST(a_forecast_that_is_off_changes_nothing)
{
	struct rng rng;
	rng_init(&rng, 8);
	for (int i = 0; i < 5000; i++) {
		struct rig with, without;
		rig_init(&with, 1 + (int32_t)(rng_uniform(&rng) * 12));
		rig_external(&with, "m", 100, (int64_t)(rng_uniform(&rng) * 2000));
		with.policy.metrics[0].reactive_target.value_m = 200000;
		rig_remember(&with, (int32_t)(rng_uniform(&rng) * 12), 20);
		without = with;
		without.in.policy = &without.policy;
		without.in.values = without.values;
		without.in.forecasts = NULL;
		rig_forecast(&with, 0, rng_uniform(&rng) * 2000, 1);
		with.in.release_allowed = true;
		with.policy.forecast.mode = FORECAST_DISABLED;
		ck_assert_int_eq(rig_decide(&with), rig_decide(&without));
		ck_assert_str_eq(with.d.reason, without.d.reason);
	}
}
END_TEST

START_TEST(release_lowers_at_once_and_is_not_called_back)
{
	for (int with_behavior = 0; with_behavior < 2; with_behavior++) {
		struct rig r;
		rig_init(&r, 10);
		rig_external(&r, "requests", 100, 1000);
		if (with_behavior) {
			behavior(&r);
			r.policy.down.stabilization_s = 300;
			r.policy.down.rules[0].value = 100;
		}
		rig_forecast(&r, 0, 1000, 1000);
		ck_assert_int_eq(rig_decide(&r), 10);
		load(&r, 400);
		rig_forecast(&r, 0, 500, 550);
		ck_assert_int_eq(rig_next(&r, 15), 10);
		r.in.release_allowed = true;
		ck_assert_int_eq(rig_next(&r, 15), 6);
		ck_assert(r.d.released);
		r.in.release_allowed = false; /* the gate shuts: no jump back to 10 */
		ck_assert_int_eq(rig_next(&r, 15), 6);
	}
}
END_TEST

START_TEST(hold_down_keeps_what_would_go)
{
	struct rig r;
	rig_init(&r, 8);
	rig_external(&r, "requests", 100, 200);
	rig_hold(&r, "history is still being read", true, false);
	ck_assert_int_eq(rig_decide(&r), 8);
	ck_assert_int_eq(r.d.hold, HOLD_DOWN);
	ck_assert_str_eq(r.d.held_by, "Reason");
	ck_assert_int_eq(r.d.held_from, 2);
	ck_assert_int_eq(r.d.wanted, 2);
	ck_assert_int_eq(r.memory.log_count, 1); /* the recommendation counts */
	load(&r, 800);
	ck_assert_int_eq(rig_decide(&r), 8);
	ck_assert_int_eq(r.d.hold, HOLD_NONE);
	load(&r, 900);
	ck_assert_int_eq(rig_decide(&r), 9);
	ck_assert_int_eq(r.d.hold, HOLD_NONE);
}
END_TEST

START_TEST(hold_up_keeps_what_would_come)
{
	struct rig r;
	rig_init(&r, 8);
	rig_external(&r, "requests", 100, 1200);
	rig_hold(&r, "the database is full", false, true);
	ck_assert_int_eq(rig_decide(&r), 8);
	ck_assert_int_eq(r.d.hold, HOLD_UP);
	ck_assert_int_eq(r.d.held_from, 12);
	ck_assert_str_eq(r.d.reason, "requests 150 per pod, target 100; the database is "
				     "full -> hold 8 instead of 12");
	load(&r, 800);
	rig_next(&r, 301); /* what was wanted is past */
	ck_assert_int_eq(r.d.hold, HOLD_NONE);
	ck_assert_ptr_null(r.d.held_by);
	load(&r, 100);
	rig_next(&r, 301);
	ck_assert_int_eq(r.d.desired, 1);
}
END_TEST

START_TEST(reason_that_comes_after_the_decision_holds_it_too)
{
	struct rig r;
	rig_init(&r, 8);
	rig_external(&r, "requests", 100, 200);
	ck_assert_int_eq(rig_decide(&r), 2);
	rig_hold(&r, "too many at once", true, false);
	decide_hold(&r.in, &r.d);
	ck_assert_int_eq(r.d.desired, 8);
	ck_assert_int_eq(r.d.held_from, 2);
	ck_assert_str_eq(r.d.reason, "requests 25 per pod, target 100; too many at once "
				     "-> hold 8 instead of 2");
	/* Once more changes nothing, and bounds are not held. */
	decide_hold(&r.in, &r.d);
	ck_assert_int_eq(r.d.held_from, 2);
	r.in.holds = NULL;
	r.policy.max_replicas = 5;
	ck_assert_int_eq(rig_decide(&r), 5);
	r.in.holds = &r.holds;
	decide_hold(&r.in, &r.d);
	ck_assert_int_eq(r.d.desired, 5);
}
END_TEST

START_TEST(release_that_is_held_is_none)
{
	struct rig r;
	rig_init(&r, 10);
	rig_external(&r, "requests", 100, 400);
	rig_forecast(&r, 0, 500, 550);
	rig_remember(&r, 10, 30);
	r.in.release_allowed = true;
	rig_hold(&r, "a guard", true, false);
	ck_assert_int_eq(rig_decide(&r), 10);
	ck_assert(!r.d.released);
}
END_TEST

START_TEST(target_at_zero_is_a_pause_unless_we_put_it_there)
{
	struct rig r;
	rig_init(&r, 2);
	rig_external(&r, "requests", 100, 0);
	r.policy.min_replicas = 0;
	ck_assert_int_eq(rig_decide(&r), 0);
	ck_assert_int_eq(rig_next(&r, 15), 0);
	ck_assert(r.memory.scaled_to_zero);
	load(&r, 250);
	ck_assert_int_eq(rig_next(&r, 15), 3); /* no pod is asked, no tolerance */
	ck_assert_int_eq(rig_next(&r, 15), 3);
	ck_assert(!r.memory.scaled_to_zero);
	ck_assert_str_eq(r.words.conditions[CONDITION_ABLE_TO_SCALE].reason,
			 "ReadyForNewScale");

	r.in.scale.spec_replicas = r.in.scale.status_replicas = 0; /* by hand */
	ck_assert_int_eq(rig_decide(&r), 0);
	ck_assert_int_eq(r.d.hold, HOLD_DISABLED);
	ck_assert_str_eq(r.words.conditions[CONDITION_SCALING_ACTIVE].reason,
			 "ScalingDisabled");
}
END_TEST

START_TEST(raised_minimum_wakes_what_we_put_to_sleep)
{
	struct rig r;
	rig_init(&r, 0);
	rig_external(&r, "requests", 100, 0);
	r.memory.scaled_to_zero = true;
	r.policy.min_replicas = 3;
	ck_assert_int_eq(rig_decide(&r), 3);
	/* Even when nothing can be read without a pod: it is tried, and stays unknown. */
	r.policy.metrics[0].type = METRIC_PODS;
	ck_assert_int_eq(rig_decide(&r), 0);
	ck_assert_int_eq(r.d.hold, HOLD_UNKNOWN);
	r.policy.min_replicas = 0;
	ck_assert_int_eq(rig_decide(&r), 0);
	ck_assert_int_eq(r.d.hold, HOLD_DISABLED);
	r.config.scale_to_zero = false; /* the gate is off: nobody's hand is ours */
	ck_assert_int_eq(rig_decide(&r), 0);
	ck_assert_int_eq(r.words.conditions[CONDITION_SCALED_TO_ZERO].status,
			 CONDITION_REMOVE);
}
END_TEST

START_TEST(zero_needs_a_metric_that_is_seen_without_pods)
{
	struct rig r;
	rig_init(&r, 2);
	rig_cpu(&r, 70, 0);
	r.policy.min_replicas = 0;
	ck_assert_int_eq(rig_decide(&r), 0);
	struct scale_change change = {.from = 2, .to = 0, .now_ms = RIG_NOW_MS};
	decide_scaled(&r.memory, &r.policy, &r.config, &change, &r.d);
	ck_assert(!r.memory.scaled_to_zero);
	ck_assert_str_eq(r.words.conditions[CONDITION_SCALED_TO_ZERO].reason,
			 "NotScaledToZero");
}
END_TEST

START_TEST(write_is_noted_with_its_conditions)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "requests", 100, 700);
	behavior(&r);
	ck_assert_int_eq(rig_decide(&r), 7);
	ck_assert_str_eq(r.words.rescale, "external metric requests above target");
	decide_failed(&r.d, "status 500");
	struct condition *able = &r.words.conditions[CONDITION_ABLE_TO_SCALE];
	ck_assert_int_eq(able->status, CONDITION_FALSE);
	ck_assert_str_eq(able->reason, "FailedUpdateScale");
	ck_assert_str_eq(
		able->message,
		"the HPA controller was unable to update the target scale: status 500");
	ck_assert_int_eq(r.memory.up.count, 0);

	struct scale_change change = {.from = 4, .to = 7, .now_ms = RIG_NOW_MS + 99};
	decide_scaled(&r.memory, &r.policy, &r.config, &change, &r.d);
	ck_assert_str_eq(able->reason, "SucceededRescale");
	ck_assert_str_eq(able->message,
			 "the HPA controller was able to update the target scale to 7");
	ck_assert_int_eq(r.memory.up.count, 1);
	ck_assert_int_eq(r.memory.up.items[0].change, 3);
	ck_assert_int_eq(r.memory.last_scale_ms, RIG_NOW_MS + 99);
	decide_scaled(&r.memory, &r.policy, &r.config, &change, NULL);
	ck_assert_int_eq(r.memory.up.count, 2);
}
END_TEST

START_TEST(without_behavior_no_event_is_kept)
{
	struct rig r;
	rig_init(&r, 4);
	struct scale_change change = {.from = 4, .to = 7, .now_ms = RIG_NOW_MS};
	decide_scaled(&r.memory, &r.policy, &r.config, &change, NULL);
	ck_assert_int_eq(r.memory.up.count, 0);
}
END_TEST

START_TEST(same_input_gives_the_same_decision)
{
	struct rig a, b;
	rig_init(&a, 6);
	rig_external(&a, "requests", 100, 700);
	rig_forecast(&a, 0, 900, 950);
	rig_init(&b, 6);
	rig_external(&b, "requests", 100, 700);
	rig_forecast(&b, 0, 900, 950);
	memset(&b.d, 0x5a, sizeof(b.d));
	memset(b.decided, 0x5a, sizeof(b.decided));
	memset(&b.words, 0x5a, sizeof(b.words));
	b.d.metrics = b.decided;
	b.d.metric_count = POLICY_METRICS_MAX;
	b.d.words = &b.words;
	rig_decide(&a);
	rig_decide(&b);
	ck_assert_int_eq(a.d.desired, b.d.desired);
	ck_assert_int_eq(b.d.predicted, 9);
	ck_assert_int_eq(b.d.reactive, 7);
	ck_assert_str_eq(a.d.reason, b.d.reason);
	ck_assert_str_eq(a.words.rescale, b.words.rescale);
	ck_assert_mem_eq(&a.memory, &b.memory, sizeof(a.memory));
}
END_TEST

static TCase *cycles(void)
{
	TCase *t = tcase_create("cycles");
	tcase_add_test(t, defaults_are_those_of_the_controller_manager);
	tcase_add_test(t, nothing_to_do_has_no_reason_for_a_rescale);
	tcase_add_test(t, corrected_bounds_have_no_winner);
	tcase_add_test(t, raised_minimum_is_reached_from_zero_with_a_behavior_too);
	tcase_add_test(t, metrics_beyond_the_last_do_not_count);
	tcase_add_test(t, first_decision_waits_a_window_before_it_lowers);
	tcase_add_test(t, load_that_rises_is_followed_at_once);
	tcase_add_test(t, rates_of_behavior_hold_over_cycles);
	tcase_add_test(t, size_outside_of_its_bounds_is_corrected_without_metrics);
	tcase_add_test(t, corrections_are_scale_events_too);
	tcase_add_test(t, unknown_is_hold_and_leaves_no_trace);
	tcase_add_test(t, unknown_never_lowers);
	tcase_add_test(t, forecast_never_lowers);
	tcase_add_test(t, a_forecast_that_is_off_changes_nothing);
	tcase_add_test(t, release_lowers_at_once_and_is_not_called_back);
	tcase_add_test(t, release_that_is_held_is_none);
	tcase_add_test(t, hold_down_keeps_what_would_go);
	tcase_add_test(t, hold_up_keeps_what_would_come);
	tcase_add_test(t, reason_that_comes_after_the_decision_holds_it_too);
	return t;
}

static TCase *writes(void)
{
	TCase *t = tcase_create("zero and writes");
	tcase_add_test(t, target_at_zero_is_a_pause_unless_we_put_it_there);
	tcase_add_test(t, raised_minimum_wakes_what_we_put_to_sleep);
	tcase_add_test(t, zero_needs_a_metric_that_is_seen_without_pods);
	tcase_add_test(t, write_is_noted_with_its_conditions);
	tcase_add_test(t, without_behavior_no_event_is_kept);
	tcase_add_test(t, same_input_gives_the_same_decision);
	return t;
}

int main(void)
{
	Suite *s = suite_create("decide");
	suite_add_tcase(s, cycles());
	suite_add_tcase(s, writes());
	return run_suite(s);
}
