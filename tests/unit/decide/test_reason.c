#include "unit/decide/rig.h"

#include "decide/reason.h"

static void check(struct rig *r, const char *want)
{
	rig_decide(r);
	ck_assert_str_eq(r->d.reason, want);
}

START_TEST(forecast_that_raises)
{
	struct rig r;
	rig_init(&r, 3);
	rig_external(&r, "requests", 200, 400);
	rig_forecast(&r, 0, 840, NAN);
	check(&r, "requests forecast 840 within 3m (q95) > capacity 600 -> 3 to 5");
}
END_TEST

START_TEST(forecast_that_keeps)
{
	struct rig r;
	rig_init(&r, 5);
	rig_external(&r, "requests", 200, 100);
	rig_forecast(&r, 0, 840, NAN);
	r.forecasts[0].quantile = 0.998;
	r.forecasts[0].window_ms = 90000;
	check(&r, "requests forecast 840 within 1m30s (q99.8), capacity 1000 -> keep 5");
}
END_TEST

START_TEST(forecast_at_the_quantile_of_an_objective)
{
	struct rig r;
	rig_init(&r, 3);
	rig_external(&r, "requests", 200, 400);
	rig_forecast(&r, 0, 840, NAN);
	r.forecasts[0].quantile = 0.97312;
	r.forecasts[0].objective = 0.998;
	check(&r, "requests forecast 840 within 3m (q97.31 serves 99.8%) > capacity 600 "
		  "-> 3 to 5");
	r.forecasts[0].objective = 0.9999;
	check(&r, "requests forecast 840 within 3m (q97.31 serves 99.99%) > capacity 600 "
		  "-> 3 to 5");
}
END_TEST

START_TEST(forecast_that_was_derived)
{
	struct rig r;
	rig_init(&r, 3);
	rig_external(&r, "requests", 200, 400);
	rig_forecast(&r, 0, 840, NAN);
	r.forecasts[0].derived = true;
	r.forecasts[0].per_pod = 50;
	check(&r,
	      "requests forecast 840 beside 50 per pod within 3m (q95) > capacity 450 "
	      "-> 3 to 6");
}
END_TEST

START_TEST(forecast_of_cpu_is_in_cores)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 70, 50);
	rig_forecast(&r, 0, 3.456, NAN);
	check(&r, "cpu forecast 3.46 cores within 3m (q95) > capacity 2.8 -> 4 to 5");
}
END_TEST

START_TEST(utilization_of_cpu)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 70, 91);
	check(&r, "cpu 91% of request, target 70% -> 4 to 6");
	r.memory.log_count = 0;
	rig_pod_values(&r, 0, 4, 720);
	check(&r, "cpu 72% of request, target 70% -> keep 4, within tolerance");
	rig_pod_values(&r, 0, 4, 700);
	check(&r, "cpu 70% of request, target 70% -> keep 4");
	r.policy.metrics[0].type = METRIC_CONTAINER_RESOURCE;
	r.policy.metrics[0].container = "web";
	check(&r, "cpu of container web 70% of request, target 70% -> keep 4");
}
END_TEST

START_TEST(cores_at_the_limit_are_decimal)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 70, 50);
	for (int32_t i = 0; i < 4; i++) {
		r.pods[i].request_m[0] = r.pods[i].limit_m[0] = 512000;
		r.pod_values[0][i].value_m = 512000;
	}
	check(&r,
	      "cpu 100% of request, target 70%, 4 pods at the CPU limit: demand is 2050 "
	      "cores or more -> 4 to 6");
}
END_TEST

START_TEST(pods_that_do_not_count_are_told)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 50, 0);
	rig_pod_values(&r, 0, 2, 1000);
	check(&r, "cpu 100% of request, target 50%, 2 of 4 pods counted -> keep 4");
}
END_TEST

START_TEST(averages_and_values)
{
	struct rig r;
	rig_init(&r, 6);
	rig_external(&r, "requests", 100, 840);
	check(&r, "requests 140 per pod, target 100 -> 6 to 9");
	r.in.scale.spec_replicas = r.in.scale.status_replicas = 0;
	r.memory.scaled_to_zero = true;
	r.policy.min_replicas = 0;
	check(&r, "requests 840, target 100 per pod -> 0 to 4, 9 wanted, scale-up limit");

	rig_init(&r, 3);
	rig_metric(&r, METRIC_EXTERNAL, "queue",
		   (struct metric_target){TARGET_VALUE, 600000, 0});
	r.values[0].total_m = 900000;
	check(&r, "queue 900, target 600 -> 3 to 5");

	rig_init(&r, 3);
	rig_metric(&r, METRIC_RESOURCE, "cpu",
		   (struct metric_target){TARGET_AVERAGE_VALUE, 500, 0});
	rig_pod_values(&r, 0, 3, 667);
	check(&r, "cpu 0.667 cores per pod, target 0.5 -> 3 to 5");

	rig_init(&r, 3);
	rig_metric(&r, METRIC_RESOURCE, "memory",
		   (struct metric_target){TARGET_AVERAGE_VALUE, INT64_C(600) << 20, 0});
	r.policy.metrics[0].target.value_m *= 1000;
	rig_pod_values(&r, 0, 3, (INT64_C(1200) << 20) * 1000);
	check(&r, "memory 1.17Gi per pod, target 600Mi -> 3 to 6");
}
END_TEST

START_TEST(stabilization_says_until_when)
{
	struct rig r;
	rig_init(&r, 5);
	rig_cpu(&r, 70, 40);
	r.in.now_ms = INT64_C(1795442705000); /* 2026-11-23T14:05:05Z */
	rig_remember(&r, 5, 295);
	check(&r, "cpu 40% of request, target 70% -> hold 5 until 14:05:10Z, 300s "
		  "downscale stabilization");
}
END_TEST

START_TEST(partly_stabilized)
{
	struct rig r;
	rig_init(&r, 10);
	rig_external(&r, "requests", 100, 500);
	rig_remember(&r, 8, 100);
	check(&r, "requests 50 per pod, target 100 -> 10 to 8, 5 wanted, 300s downscale "
		  "stabilization until "
		  "13:50:00Z");
}
END_TEST

START_TEST(upscale_stabilization)
{
	struct rig r;
	rig_init(&r, 3);
	rig_external(&r, "requests", 100, 600);
	r.policy.has_behavior = true;
	r.policy.up = (struct scaling_rules){
		.has_stabilization = true,
		.stabilization_s = 60,
		.rules = {{RULE_PODS, 100, 60}},
		.count = 1,
	};
	rig_remember(&r, 3, 30);
	check(&r, "requests 200 per pod, target 100 -> hold 3, 6 wanted, 60s upscale "
		  "stabilization");
}
END_TEST

START_TEST(limits_are_named)
{
	struct rig r;
	rig_init(&r, 3);
	rig_external(&r, "requests", 100, 2700);
	check(&r,
	      "requests 900 per pod, target 100 -> 3 to 6, 27 wanted, scale-up limit");
	r.policy.max_replicas = 5;
	check(&r, "requests 900 per pod, target 100 -> 3 to 5, 27 wanted, maxReplicas");
	r.policy.max_replicas = 3;
	check(&r, "requests 900 per pod, target 100 -> hold 3, 27 wanted, maxReplicas");

	rig_init(&r, 3);
	rig_external(&r, "requests", 100, 60);
	r.policy.min_replicas = 2;
	check(&r, "requests 20 per pod, target 100 -> 3 to 2, 1 wanted, minReplicas");

	rig_init(&r, 10);
	rig_external(&r, "requests", 100, 60);
	r.policy.has_behavior = true;
	r.policy.down = (struct scaling_rules){
		.has_stabilization = true,
		.rules = {{RULE_PODS, 2, 60}},
		.count = 1,
	};
	check(&r,
	      "requests 6 per pod, target 100 -> 10 to 8, 1 wanted, scale-down limit");
}
END_TEST

START_TEST(released_by_forecast)
{
	struct rig r;
	rig_init(&r, 10);
	rig_external(&r, "requests", 100, 500);
	rig_forecast(&r, 0, 600, 690);
	rig_remember(&r, 10, 15);
	r.in.release_allowed = true;
	check(&r, "requests forecast 600 within 3m (q95), capacity 1000 -> 10 to 7, 6 "
		  "wanted, released by forecast");
	r.forecasts[0].release = 600;
	check(&r, "requests forecast 600 within 3m (q95), capacity 1000 -> 10 to 6, "
		  "released by forecast");
}
END_TEST

START_TEST(unknown_metrics)
{
	struct rig r;
	rig_init(&r, 5);
	rig_external(&r, "requests", 100, 500);
	r.values[0].unknown = "Prometheus: connection refused";
	check(&r, "requests unknown (Prometheus: connection refused) -> hold 5");
	rig_cpu(&r, 70, 40);
	check(&r, "requests unknown (Prometheus: connection refused), the rest would go "
		  "to 3 -> hold 5");
	rig_pod_values(&r, 1, 5, 900);
	check(&r, "cpu 90% of request, target 70%; requests unknown (Prometheus: "
		  "connection refused) -> 5 to 7");
	r.values[1].unknown = "no series";
	check(&r, "requests unknown (Prometheus: connection refused), cpu unknown (no "
		  "series) -> hold 5");
}
END_TEST

START_TEST(the_rest_is_told_whichever_metric_is_unknown)
{
	struct rig r;
	rig_init(&r, 5);
	rig_external(&r, "requests", 100, 200);
	rig_external(&r, "memory", 100, 200); /* custom metrics have no units */
	r.values[1].unknown = "no series";
	check(&r, "memory unknown (no series), the rest would go to 2 -> hold 5");
	r.values[1].unknown = NULL;
	r.values[1].total_m = INT64_C(10240000);
	check(&r,
	      "memory 2050 per pod, target 100 -> 5 to 10, 103 wanted, scale-up limit");
}
END_TEST

START_TEST(pods_without_requests)
{
	struct rig r;
	rig_init(&r, 2);
	rig_cpu(&r, 70, 40);
	r.pods[1].request_m[0] = REQUEST_MISSING;
	strcpy(r.pods[1].lacking, "web");
	r.pods[1].lacking_for = 1;
	check(&r, "cpu unknown (missing request for cpu in container web of Pod p1) -> "
		  "hold 2");
}
END_TEST

START_TEST(size_outside_of_its_bounds)
{
	struct rig r;
	rig_init(&r, 12);
	rig_external(&r, "requests", 100, 500);
	r.policy.max_replicas = 10;
	check(&r, "12 replicas > maxReplicas 10 -> 12 to 10");
	r.policy.max_replicas = 30;
	r.policy.min_replicas = 15;
	check(&r, "12 replicas < minReplicas 15 -> 12 to 15");
}
END_TEST

START_TEST(what_cannot_be_decided)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "requests", 100, 100);
	rig_hold(&r, "history is still being read", true, false);
	check(&r,
	      "requests 25 per pod, target 100; history is still being read -> hold 4 "
	      "instead of 1");
	r.in.scale.selector = SELECTOR_INVALID;
	r.in.scale.selector_error = "the scale has no selector";
	check(&r, "pods unknown (the scale has no selector) -> hold 4");
	r.in.scale.error = "status 403";
	check(&r, "scale unknown (status 403) -> hold 4");
	r.in.scale = (struct scale_view){0};
	check(&r, "the target was set to 0 replicas by others -> hold 0, scaling is "
		  "disabled");
}
END_TEST

START_TEST(total_without_a_pod_is_told_as_one)
{
	struct rig r;
	rig_init(&r, 4);
	rig_metric(&r, METRIC_OBJECT, "jobs",
		   (struct metric_target){TARGET_AVERAGE_VALUE, 100000, 0});
	r.values[0].total_m = 900000;
	r.in.scale.status_replicas = 0;
	rig_decide(&r);
	ck_assert_ptr_nonnull(strstr(r.d.reason, "jobs 900, target 100 per pod"));
}
END_TEST

START_TEST(texts_are_cut_where_the_array_ends)
{
	struct rig r;
	static char name[600];
	memset(name, 'n', sizeof(name) - 1);
	rig_init(&r, 4);
	rig_external(&r, name, 100, 900);
	rig_decide(&r);
	ck_assert_uint_eq(strlen(r.d.reason), sizeof(r.d.reason) - 1);
}
END_TEST

static const struct {
	double value;
	bool binary;
	const char *want;
} numbers[] = {
	{0, false, "0"},
	{840, false, "840"},
	{1, false, "1"},
	{0.6667, false, "0.667"},
	{0.0012345, false, "0.00123"},
	{99.96, false, "100"},
	{999.4, false, "999"},
	{999.6, false, "1000"},
	{1234.5, false, "1230"},
	{98765432, false, "98800000"},
	{-1234, false, "-1230"},
	{1e18, false, "1e+18"},
	{1023, true, "1020"},
	{1024, true, "1Ki"},
	{629145600, true, "600Mi"},
	{1.5 * 1024 * 1024 * 1024, true, "1.5Gi"},
	{0, true, "0"},
	{999.5, false, "1000"},
	{0.995e15, false, "995000000000000"},
	{1e15, false, "1e+15"},
	{1.004e15, false, "1e+15"},
	{0x1p60, true, "1Ei"},
	{0x1p70, true, "1020Ei"},
};

START_TEST(numbers_have_three_significant_digits)
{
	char buf[32];
	ck_assert_str_eq(
		number_format(numbers[_i].value, numbers[_i].binary, buf, sizeof(buf)),
		numbers[_i].want);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reason");
	TCase *t = tcase_create("reason");
	tcase_add_test(t, forecast_that_raises);
	tcase_add_test(t, forecast_that_keeps);
	tcase_add_test(t, forecast_at_the_quantile_of_an_objective);
	tcase_add_test(t, forecast_that_was_derived);
	tcase_add_test(t, forecast_of_cpu_is_in_cores);
	tcase_add_test(t, utilization_of_cpu);
	tcase_add_test(t, cores_at_the_limit_are_decimal);
	tcase_add_test(t, pods_that_do_not_count_are_told);
	tcase_add_test(t, averages_and_values);
	tcase_add_test(t, stabilization_says_until_when);
	tcase_add_test(t, partly_stabilized);
	tcase_add_test(t, upscale_stabilization);
	tcase_add_test(t, limits_are_named);
	tcase_add_test(t, released_by_forecast);
	tcase_add_test(t, unknown_metrics);
	tcase_add_test(t, the_rest_is_told_whichever_metric_is_unknown);
	tcase_add_test(t, pods_without_requests);
	tcase_add_test(t, size_outside_of_its_bounds);
	tcase_add_test(t, what_cannot_be_decided);
	tcase_add_test(t, total_without_a_pod_is_told_as_one);
	tcase_add_test(t, texts_are_cut_where_the_array_ends);
	tcase_add_loop_test(t, numbers_have_three_significant_digits, 0,
			    (int)ARRAY_LEN(numbers));
	suite_add_tcase(s, t);
	return run_suite(s);
}
