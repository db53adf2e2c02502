#include "unit/engine/rig.h"

#define FOLLOW FORECAST "onMetricsLoss: FollowForecast\nmetricsLossLimit: 10m\n"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
}

static void close_rig(void)
{
	rig_close(&r);
}

/* In force with a forecast of 900 that nothing contradicts. */
static void start(const char *text)
{
	rig_policy(&r, "checkout", text);
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_until_asked(&r);
	rig_slot(&r)->metrics[0].feed.loaded = true;
	rig_slot(&r)->gate =
		(struct gate){.open = true, .evidence_min = GATE_PROOF_MIN, .weight = 1};
	rig_slot(&r)->status.metrics[0].window_min = 5;
}

static void forecast(double upper)
{
	rig_slot(&r)->status.metrics[0].forecast =
		(struct forecast){.state = FORECAST_READY,
				  .made_for_ms = r.now_ms,
				  .mean = upper,
				  .upper = upper,
				  .release = upper};
}

static void lose(void)
{
	forecast(900);
	rig_fail(&r, "connection refused");
}

/* Another cycle; what it writes fails. */
static void lose_next(void)
{
	rig_until_asked(&r);
	lose();
	if (rig_find(&r, ACTION_SCALE))
		rig_written(&r, EVENT_SCALE_FAILED, "no");
}

START_TEST(the_forecast_of_a_lost_metric_raises_only_where_that_is_asked_for)
{
	start(FORECAST);
	lose();
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	ck_assert(!rig_status(&r)->metrics[0].forecast_usable);
	rig_policy_gone(&r, "checkout");
	start(FOLLOW);
	lose();
	ck_assert_int_eq(rig_status(&r)->desired, 6); /* nine, and the scale-up limit */
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason,
				     "requests unknown (connection refused) -> 3 to 6"));
}
END_TEST

START_TEST(it_never_lowers)
{
	start(FOLLOW);
	forecast(100);
	rig_fail(&r, "connection refused");
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	ck_assert_int_eq(rig_status(&r)->predicted, DECIDE_NO_REPLICAS);
}
END_TEST

START_TEST(it_ends_after_the_stated_time)
{
	start(FOLLOW);
	lose();
	int64_t lost_ms = r.now_ms;
	ck_assert_int_eq(rig_slot(&r)->metrics[0].lost_ms, lost_ms);
	rig_written(&r, EVENT_SCALE_FAILED, "no");
	while (r.now_ms < lost_ms + 10 * MS_PER_MIN - 30 * MS_PER_S) {
		lose_next();
		ck_assert(rig_status(&r)->metrics[0].forecast_usable);
	}
	while (r.now_ms <= lost_ms + 10 * MS_PER_MIN)
		lose_next();
	ck_assert(!rig_status(&r)->metrics[0].forecast_usable);
	ck_assert_str_eq(rig_status(&r)->reason,
			 "requests unknown (connection refused) -> hold 3");
	/* A value in between, and the time begins anew. */
	rig_cycle(&r, 290);
	ck_assert_int_eq(rig_slot(&r)->metrics[0].lost_ms, 0);
	if (rig_find(&r, ACTION_SCALE))
		rig_written(&r, EVENT_SCALE_FAILED, "no");
	lose_next();
	ck_assert(rig_status(&r)->metrics[0].forecast_usable);
}
END_TEST

START_TEST(a_shut_gate_is_not_followed)
{
	start(HEAD("checkout") "metrics:\n" EXTERNAL
			       "forecast: {history: 2d, leadTime: 120s}\n"
			       "onMetricsLoss: FollowForecast\n");
	rig_slot(&r)->gate.open = false;
	lose();
	ck_assert_int_eq(rig_status(&r)->desired, 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loss");
	TCase *t = tcase_create("loss");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t,
		       the_forecast_of_a_lost_metric_raises_only_where_that_is_asked_for);
	tcase_add_test(t, it_never_lowers);
	tcase_add_test(t, it_ends_after_the_stated_time);
	tcase_add_test(t, a_shut_gate_is_not_followed);
	suite_add_tcase(s, t);
	return run_suite(s);
}
