#include "unit/decide/rig.h"

#include "decide/tally.h"

static struct tally tally(struct rig *r)
{
	struct tally t;
	struct err err;
	ck_assert_msg(tally_pods(&r->in, 0, &r->policy.metrics[0].target, &t, &err) == 0,
		      "%s", err.msg);
	return t;
}

START_TEST(counted_unready_and_missing_pods_are_summed_apart)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 50, 80);
	r.pods[2].ready = READY_NONE;  /* unready, its value is dropped */
	rig_pod_values(&r, 0, 3, 800); /* p3 has no value */
	r.pods[3].request_m[0] = 1001;
	struct tally t = tally(&r);
	ck_assert_int_eq(t.counted.pods, 2);
	ck_assert_int_eq(t.unready.pods, 1);
	ck_assert_int_eq(t.missing.pods, 1);
	ck_assert(t.usage_m == 1600 && t.counted.request_m == 2000);
	ck_assert(t.unready.request_m == 1000 && t.missing.request_m == 1001);
	ck_assert_int_eq(t.values, 2);
	ck_assert(t.values_m == 1600);
	ck_assert(t.missing_limit_m == 1001);
	r.policy.metrics[0].target.utilization_pct = 150;
	ck_assert(tally(&r).missing_limit_m == 1501); /* 1501.5 cut */
}
END_TEST

START_TEST(values_of_pods_that_are_not_listed_stay_in_the_average)
{
	struct rig r;
	rig_init(&r, 3);
	rig_cpu(&r, 50, 80);
	r.in.pod_count = 2;
	struct tally t = tally(&r);
	ck_assert_int_eq(t.counted.pods, 2);
	ck_assert_int_eq(t.values, 3);
	ck_assert(t.values_m == 2400 && t.usage_m == 1600);
}
END_TEST

START_TEST(smallest_request_counts_and_none_is_none)
{
	struct rig r;
	rig_init(&r, 2);
	rig_cpu(&r, 50, 80);
	r.pods[0].request_m[0] = 1;
	r.pods[1].request_m[0] = REQUEST_MISSING;
	ck_assert(tally(&r).counted.request_m == 1);
}
END_TEST

START_TEST(values_of_ignored_pods_vanish)
{
	struct rig r;
	rig_init(&r, 3);
	rig_cpu(&r, 50, 80);
	r.pods[0].deleted = true;
	struct tally t = tally(&r);
	ck_assert_int_eq(t.counted.pods, 2);
	ck_assert_int_eq(t.missing.pods + t.unready.pods, 0);
	ck_assert_int_eq(t.values, 2);
}
END_TEST

START_TEST(pod_with_a_silent_container_is_missing)
{
	struct rig r;
	rig_init(&r, 2);
	rig_cpu(&r, 50, 80);
	for (int i = 0; i < 2; i++) {
		r.pods[i].containers = 2;
		r.pod_values[0][i].containers = 2;
	}
	ck_assert_int_eq(tally(&r).counted.pods, 2);
	r.pod_values[0][1].containers = 1;
	struct tally t = tally(&r);
	ck_assert_int_eq(t.counted.pods, 1);
	ck_assert_int_eq(t.missing.pods, 1);
	ck_assert_int_eq(t.values, 1);
	/* A container's own metric has one value, however many containers there are. */
	r.policy.metrics[0].type = METRIC_CONTAINER_RESOURCE;
	ck_assert_int_eq(tally(&r).counted.pods, 2);
}
END_TEST

START_TEST(readiness_matters_for_cpu_alone)
{
	static const struct {
		enum metric_type type;
		char *name;
		int32_t counted;
	} kinds[] = {
		{METRIC_RESOURCE, "cpu", 0},
		{METRIC_CONTAINER_RESOURCE, "cpu", 0},
		{METRIC_RESOURCE, "memory", 1},
		{METRIC_PODS, "cpu", 1}, /* a custom metric of that name */
	};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct rig r;
		struct tally t = {0};
		struct err err;
		rig_init(&r, 1);
		rig_cpu(&r, 50, 80);
		r.policy.metrics[0].type = kinds[i].type;
		r.policy.metrics[0].name = kinds[i].name;
		r.pods[0].ready = READY_NONE;
		int failed = tally_pods(&r.in, 0, &r.policy.metrics[0].target, &t, &err);
		ck_assert_int_eq(failed, kinds[i].counted ? 0 : -1);
		ck_assert_int_eq(t.counted.pods, kinds[i].counted);
	}
}
END_TEST

START_TEST(no_pods_and_no_counting_pods_are_errors)
{
	struct rig r;
	struct tally t = {.values = 77};
	struct err err;
	rig_init(&r, 2);
	rig_cpu(&r, 50, 80);
	r.pods[0].deleted = r.pods[1].deleted = true;
	ck_assert_int_eq(tally_pods(&r.in, 0, &r.policy.metrics[0].target, &t, &err), -1);
	ck_assert_str_eq(
		err.msg,
		"did not receive metrics for targeted pods (pods might be unready)");
	ck_assert_int_eq(err.code, ERR_RETRY);
	r.in.pod_count = 0;
	ck_assert_int_eq(tally_pods(&r.in, 0, &r.policy.metrics[0].target, &t, &err), -1);
	ck_assert_str_eq(err.msg,
			 "no pods returned by selector while calculating replica count");
	ck_assert_int_eq(t.values, 77);
}
END_TEST

static const struct {
	int64_t request_m;
	uint8_t lacking_for;
	const char *want;
} problems[] = {
	{REQUEST_MISSING, 1, "missing request for cpu in container web of Pod p1"},
	{REQUEST_MISSING, 2, "missing request for cpu in a container of Pod p1"},
	{REQUEST_NO_CONTAINER, 0, "container app not found in Pod p1"},
	{REQUEST_NO_POD_LEVEL, 0, "missing pod-level request for cpu in Pod p1"},
};

START_TEST(one_pod_without_a_request_breaks_the_metric)
{
	struct rig r;
	struct err err;
	rig_init(&r, 3);
	rig_cpu(&r, 50, 80);
	r.policy.metrics[0].container = "app";
	ck_assert_int_eq(tally_check_requests(&r.in, 0, &err), 0);
	r.pods[1].deleted = true; /* even one that is going */
	r.pods[1].request_m[0] = problems[_i].request_m;
	r.pods[1].lacking_for = problems[_i].lacking_for;
	strcpy(r.pods[1].lacking, "web");
	ck_assert_int_eq(tally_check_requests(&r.in, 0, &err), -1);
	ck_assert_str_eq(err.msg, problems[_i].want);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tally");
	TCase *t = tcase_create("tally");
	tcase_add_test(t, counted_unready_and_missing_pods_are_summed_apart);
	tcase_add_test(t, values_of_pods_that_are_not_listed_stay_in_the_average);
	tcase_add_test(t, smallest_request_counts_and_none_is_none);
	tcase_add_test(t, values_of_ignored_pods_vanish);
	tcase_add_test(t, pod_with_a_silent_container_is_missing);
	tcase_add_test(t, readiness_matters_for_cpu_alone);
	tcase_add_test(t, no_pods_and_no_counting_pods_are_errors);
	tcase_add_loop_test(t, one_pod_without_a_request_breaks_the_metric, 0,
			    (int)ARRAY_LEN(problems));
	suite_add_tcase(s, t);
	return run_suite(s);
}
