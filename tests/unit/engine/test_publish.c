#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 3);
}

static void close_rig(void)
{
	rig_close(&r);
}

START_TEST(a_decision_is_told_when_it_is_another_one)
{
	rig_value(&r, 300);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_DECIDED));
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_STATUS));
	for (int i = 0; i < 5; i++) {
		rig_cycle(&r, 300 + i);
		ck_assert_int_eq(r.did->count, 0);
		ck_assert_uint_eq(rig_status(&r)->decisions, 2 + (uint64_t)i);
	}
	rig_cycle(&r, 600);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_DECIDED));
}
END_TEST

START_TEST(the_same_reason_stands_everywhere)
{
	rig_value(&r, 500);
	const char *reason = rig_status(&r)->reason;
	ck_assert_str_eq(reason, "requests 167 per pod, target 100 -> 3 to 5");
	ck_assert_str_eq(rig_find(&r, ACTION_SCALE)->u.scale.reason, reason);
	rig_written(&r, EVENT_SCALED, "11");
	const struct action *a = rig_event(&r, "ScaledUp");
	ck_assert_str_eq(a->u.event.note, reason);
	ck_assert(!a->u.event.warning);
}
END_TEST

START_TEST(an_outage_is_one_event_and_its_end_another)
{
	rig_value(&r, 300);
	rig_until_asked(&r);
	rig_fail(&r, "connection refused");
	const struct action *a = rig_event(&r, "MetricsUnavailable");
	ck_assert_ptr_nonnull(a);
	ck_assert(a->u.event.warning);
	ck_assert_str_eq(a->u.event.note,
			 "requests: connection refused; replicas are not lowered");
	ck_assert_int_eq(rig_condition(&r, PC_METRICS_AVAILABLE), STATUS_FALSE);
	int64_t since = rig_status(&r)->conditions[PC_METRICS_AVAILABLE].since_ms;
	ck_assert_int_eq(since, r.now_ms);
	rig_until_asked(&r);
	rig_fail(&r, "status 502");
	ck_assert_ptr_null(rig_find(&r, ACTION_EVENT));
	/* The cause is the newest, the time that of the change. */
	ck_assert_str_eq(rig_status(&r)->conditions[PC_METRICS_AVAILABLE].message,
			 "requests: status 502");
	ck_assert_int_eq(rig_status(&r)->conditions[PC_METRICS_AVAILABLE].since_ms,
			 since);
	rig_cycle(&r, 300);
	ck_assert_ptr_nonnull(rig_event(&r, "MetricsRecovered"));
	ck_assert_int_eq(rig_condition(&r, PC_METRICS_AVAILABLE), STATUS_TRUE);
}
END_TEST

START_TEST(the_first_known_value_is_no_recovery)
{
	rig_value(&r, 300);
	ck_assert_ptr_null(rig_find(&r, ACTION_EVENT));
	ck_assert_int_eq(rig_condition(&r, PC_METRICS_AVAILABLE), STATUS_TRUE);
}
END_TEST

START_TEST(a_quiet_policy_writes_its_status_every_ten_minutes)
{
	rig_value(&r, 300);
	int64_t before = r.now_ms;
	for (bool told = false; !told && r.now_ms < before + MS_PER_H;) {
		rig_next(&r);
		told = rig_find(&r, ACTION_STATUS);
		if (rig_find(&r, ACTION_QUERY))
			rig_value(&r, 300);
		told |= rig_find(&r, ACTION_STATUS) != NULL;
	}
	ck_assert_int_ge(r.now_ms, before + 10 * MS_PER_MIN);
	ck_assert_int_le(r.now_ms, before + 10 * MS_PER_MIN + 15 * MS_PER_S);
}
END_TEST

START_TEST(a_clock_that_goes_back_does_not_silence_a_policy)
{
	rig_value(&r, 300);
	r.now_ms -= MS_PER_DAY;
	int64_t before = r.now_ms;
	bool told = false;
	rig_tick(&r);
	if (rig_find(&r, ACTION_QUERY))
		rig_value(&r, 300);
	while (!told && r.now_ms < before + MS_PER_H) {
		rig_next(&r);
		told = rig_find(&r, ACTION_STATUS) != NULL;
		if (rig_find(&r, ACTION_QUERY))
			rig_value(&r, 300);
	}
	ck_assert_int_le(r.now_ms, before + 11 * MS_PER_MIN);
}
END_TEST

START_TEST(a_paused_policy_does_so_too)
{
	rig_policy(&r, "checkout", REACTIVE "pause: true\n");
	rig_next(&r);
	int64_t before = r.now_ms;
	do
		rig_next(&r);
	while (!rig_find(&r, ACTION_STATUS) && r.now_ms < before + MS_PER_H);
	ck_assert_int_le(r.now_ms, before + 10 * MS_PER_MIN + 15 * MS_PER_S);
	ck_assert_int_gt(r.now_ms, before + 9 * MS_PER_MIN);
}
END_TEST

/* The record must hold what a killed process would need. */
START_TEST(a_higher_wish_is_saved_at_once_a_lower_one_soon)
{
	rig_cycle(&r, 600);
	rig_written(&r, EVENT_SCALED, "11");
	rig_target(&r, 6, "11");
	rig_cycle(&r, 300); /* held: news, and saved with it */
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_STATUS));
	rig_cycle(&r, 500); /* higher than what the record ends with */
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_STATUS));
	rig_cycle(&r, 400);
	ck_assert_ptr_null(rig_find(&r, ACTION_STATUS));
	rig_cycle(&r, 400); /* two cycles later */
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_STATUS));
	rig_cycle(&r, 400);
	ck_assert_ptr_null(rig_find(&r, ACTION_STATUS));
	/* Below the minimum one wish is like the other. */
	rig_cycle(&r, 150);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_STATUS));
	rig_cycle(&r, 20);
	rig_cycle(&r, 20);
	rig_cycle(&r, 20);
	ck_assert_ptr_null(rig_find(&r, ACTION_STATUS));
}
END_TEST

START_TEST(ready_pods_are_counted)
{
	struct pod_info going = {
		.phase = POD_RUNNING, .ready = READY_TRUE, .deleted = true};
	struct pod_info starting = {.phase = POD_RUNNING, .ready = READY_FALSE};
	rig_pod(&r, "p0", &going);
	rig_pod(&r, "p1", &starting);
	rig_value(&r, 300);
	ck_assert_int_eq(rig_status(&r)->pods, 3);
	ck_assert_int_eq(rig_status(&r)->ready_pods, 1);
}
END_TEST

START_TEST(why_a_forecast_is_not_used_is_a_condition)
{
	const struct status_condition *c =
		&rig_status(&r)->conditions[PC_FORECAST_TRUSTED];
	rig_value(&r, 300);
	ck_assert_str_eq(c->reason, "ForecastDisabled");
	rig_policy(&r, "checkout", HEAD("checkout") "metrics:\n" EXTERNAL);
	c = &rig_status(&r)->conditions[PC_FORECAST_TRUSTED];
	rig_pods(&r, 3);
	rig_until_asked(&r);
	rig_value(&r, 300);
	ck_assert_str_eq(c->reason, "ForecastLoading");
	/* Memory alone cannot be forecast. */
	rig_policy(&r, "checkout",
		   HEAD("checkout") "metrics:\n- type: Resource\n"
				    "  resource: {name: memory, target: {type: "
				    "AverageValue, averageValue: 1Gi}}\n");
	c = &rig_status(&r)->conditions[PC_FORECAST_TRUSTED];
	rig_pods(&r, 3);
	rig_until_asked(&r);
	rig_fail(&r, "no");
	ck_assert_str_eq(c->reason, "NoForecast");
}
END_TEST

START_TEST(an_untrusted_or_old_forecast_is_not_used)
{
	rig_policy(&r, "checkout", HEAD("checkout") "metrics:\n" EXTERNAL);
	rig_pods(&r, 3);
	rig_until_asked(&r);
	struct metric_status *m = &rig_slot(&r)->status.metrics[0];
	const struct status_condition *c =
		&rig_status(&r)->conditions[PC_FORECAST_TRUSTED];
	rig_slot(&r)->metrics[0].feed.loaded = true;
	m->forecast = (struct forecast){.state = FORECAST_READY,
					.made_for_ms = r.now_ms,
					.mean = 800,
					.upper = 900};
	m->window_min = 5;
	rig_value(&r, 300);
	ck_assert_str_eq(c->reason, "ForecastUntrusted");
	ck_assert_str_eq(c->message, "watched for 0s of the 1d that it takes; reactive "
				     "at the target until then");
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	ck_assert_int_eq(rig_status(&r)->predicted, DECIDE_NO_REPLICAS);
	rig_slot(&r)->gate = (struct gate){.open = true,
					   .evidence_min = GATE_PROOF_MIN,
					   .ours = 9,
					   .reactive = 12,
					   .weight = 1};
	m->forecast.made_for_ms = r.now_ms + 15 * MS_PER_S;
	rig_cycle(&r, 300);
	ck_assert_str_eq(c->reason, "ForecastTrusted");
	ck_assert_str_eq(c->message,
			 "of late it would have cost 9.00 pods on average, load not "
			 "served included, the reactive rule 12.00");
	ck_assert_ptr_nonnull(rig_event(&r, "ForecastTrusted"));
	ck_assert_int_eq(rig_status(&r)->desired, 6); /* nine, and the scale-up limit */
	ck_assert_int_eq(rig_status(&r)->predicted, 9);
	rig_written(&r, EVENT_SCALE_FAILED, "no");
	m->forecast.made_for_ms = r.now_ms - 5 * MS_PER_MIN;
	rig_cycle(&r, 300);
	ck_assert_str_eq(c->reason, "ForecastStale");
	ck_assert_int_eq(rig_status(&r)->predicted, DECIDE_NO_REPLICAS);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("publish");
	TCase *t = tcase_create("publish");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, a_decision_is_told_when_it_is_another_one);
	tcase_add_test(t, the_same_reason_stands_everywhere);
	tcase_add_test(t, an_outage_is_one_event_and_its_end_another);
	tcase_add_test(t, the_first_known_value_is_no_recovery);
	tcase_add_test(t, a_quiet_policy_writes_its_status_every_ten_minutes);
	tcase_add_test(t, a_clock_that_goes_back_does_not_silence_a_policy);
	tcase_add_test(t, a_paused_policy_does_so_too);
	tcase_add_test(t, a_higher_wish_is_saved_at_once_a_lower_one_soon);
	tcase_add_test(t, ready_pods_are_counted);
	tcase_add_test(t, why_a_forecast_is_not_used_is_a_condition);
	tcase_add_test(t, an_untrusted_or_old_forecast_is_not_used);
	suite_add_tcase(s, t);
	return run_suite(s);
}
