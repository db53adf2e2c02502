#include "unit/decide/rig.h"

#include "decide/saturation.h"

/* Four pods that request a core, use `pct` percent of it, and may use two. */
static void cpu_rig(struct rig *r, int32_t pct)
{
	rig_init(r, 4);
	rig_cpu(r, 70, pct);
	for (int32_t i = 0; i < 4; i++)
		r->pods[i].limit_m[0] = 2000;
}

START_TEST(half_of_the_pods_at_95_percent_of_their_limit_are_enough)
{
	static const struct {
		int32_t pct, limited, at_limit;
	} cases[] = {{189, 4, 0}, {190, 4, 4}, {250, 4, 4},
		     {190, 2, 2}, {190, 1, 0}, {190, 0, 0}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		struct saturation s;
		cpu_rig(&r, cases[i].pct);
		for (int32_t k = cases[i].limited; k < 4; k++)
			r.pods[k].limit_m[0] = 0;
		ck_assert_int_eq(saturation_of(&r.in, 0, &s), cases[i].at_limit > 0);
		if (cases[i].at_limit == 0)
			continue;
		ck_assert_int_eq(s.at_limit, cases[i].at_limit);
		ck_near(s.seen, 4 * cases[i].pct / 100., 1e-9);
	}
}
END_TEST

START_TEST(only_known_cpu_of_pods_that_stay_is_looked_at)
{
	struct rig r;
	struct saturation s;
	cpu_rig(&r, 200);
	r.pods[0].deleted = true;
	r.pods[1].phase = POD_FAILED;
	ck_assert(saturation_of(&r.in, 0, &s));
	ck_assert_int_eq(s.at_limit, 2);
	ck_assert_int_eq(s.pods, 2);
	r.values[0].unknown = "gone";
	ck_assert(!saturation_of(&r.in, 0, &s));
	r.values[0].unknown = NULL;
	r.policy.metrics[0].name = "memory";
	ck_assert(!saturation_of(&r.in, 0, &s));
	r.policy.metrics[0].name = "cpu";
	r.policy.metrics[0].type = METRIC_PODS;
	ck_assert(!saturation_of(&r.in, 0, &s));
}
END_TEST

START_TEST(one_pod_of_two_is_enough_and_one_of_three_is_not)
{
	struct rig r;
	struct saturation s;
	cpu_rig(&r, 200);
	for (int32_t i = 1; i < 4; i++)
		r.pods[i].limit_m[0] = 0;
	r.in.pod_count = 1;
	ck_assert(saturation_of(&r.in, 0, &s));
	r.in.pod_count = 2;
	ck_assert(saturation_of(&r.in, 0, &s));
	ck_assert_int_eq(s.pods, 2);
	r.in.pod_count = 3;
	ck_assert(!saturation_of(&r.in, 0, &s));
	r.in.pod_count = 0;
	ck_assert(!saturation_of(&r.in, 0, &s));
	/* Half of no values is not enough: nothing is known of these pods. */
	r.in.pod_count = 4;
	r.values[0].count = 0;
	ck_assert(!saturation_of(&r.in, 0, &s));
	r.values[0].count = 4;
	/* Pods before and after the list are none of it; the smallest limit is one. */
	r.in.pods = r.pods + 1;
	r.in.pod_count = 1;
	r.pods[1].limit_m[0] = 1;
	ck_assert(saturation_of(&r.in, 0, &s));
	ck_assert_int_eq(s.pods, 1);
}
END_TEST

/* A fifth on top of what is seen, at 0.7 cores a pod: 7 cores are 12 pods, a whisker more
 * is 13. */
START_TEST(it_leans_by_a_fifth)
{
	static const struct {
		int64_t last_m;
		int32_t want;
	} cases[] = {{1000, 12}, {1010, 13}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		cpu_rig(&r, 200);
		rig_pod_values(&r, 0, 4, 2000);
		for (int32_t k = 0; k < 4; k++)
			if (r.pod_values[0][k].key == r.pods[3].key)
				r.pod_values[0][k].value_m = cases[i].last_m;
		rig_forecast(&r, 0, 3.5, NAN);
		decide(&r.in, &r.memory, &r.d);
		ck_assert_int_eq(r.d.predicted, cases[i].want);
	}
}
END_TEST

START_TEST(a_single_pod_at_its_limit_is_told_as_one)
{
	struct rig r;
	cpu_rig(&r, 200);
	r.in.pod_count = 1;
	r.values[0].count = 0;
	rig_pod_values(&r, 0, 1, 2000);
	rig_forecast(&r, 0, 0.5, NAN);
	r.policy.metrics[0].reactive_target.utilization_pct = 150;
	decide(&r.in, &r.memory, &r.d);
	ck_assert_ptr_nonnull(strstr(
		r.d.reason, ", 1 pod at the CPU limit: demand is 2 cores or more"));
}
END_TEST

START_TEST(the_forecast_leans_upward_and_says_why)
{
	struct rig r;
	cpu_rig(&r, 200);
	rig_forecast(&r, 0, 3.5, NAN);
	r.policy.metrics[0].reactive_target.utilization_pct = 150;
	decide(&r.in, &r.memory, &r.d);
	ck_assert_int_eq(r.d.predicted, 14);
	ck_assert_int_eq(r.d.reactive, 12); /* 8 cores are no news to the rule */
	ck_assert_ptr_nonnull(strstr(
		r.d.reason, ", 4 pods at the CPU limit: demand is 8 cores or more"));
	rig_forecast(&r, 0, 14, NAN); /* more than that is asked for anyway */
	decide(&r.in, &r.memory, &r.d);
	ck_assert_int_eq(r.d.predicted, 20);
}
END_TEST

START_TEST(the_reactive_rule_stays_the_hpas)
{
	struct rig r;
	cpu_rig(&r, 200);
	decide(&r.in, &r.memory, &r.d);
	ck_assert_int_eq(r.d.wanted, 12);
	ck_assert_int_eq(r.d.metrics[0].at_limit, 4);
	ck_assert_int_eq(r.d.predicted, DECIDE_NO_REPLICAS);
}
END_TEST

START_TEST(limits_come_from_the_containers_that_report)
{
	static const struct {
		int64_t first, second, sidecar;
		char *container;
		int64_t limit_m;
	} cases[] = {
		{1000, 500, 200, NULL, 1700}, {1000, 0, 200, NULL, 0},
		{1000, 500, 0, NULL, 0},      {1000, 0, 0, "web", 1000},
		{0, 500, 200, "web", 0},      {1000, 0, 200, "mesh", 200},
		{1000, 0, 200, "other", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		struct pod pod;
		rig_init(&r, 0);
		rig_cpu(&r, 70, 50);
		r.policy.metrics[0].container = cases[i].container;
		r.policy.metrics[0].type =
			cases[i].container ? METRIC_CONTAINER_RESOURCE : METRIC_RESOURCE;
		struct container_info regular[] = {
			{.name = "web", .cpu_limit_m = cases[i].first},
			{.name = "log", .cpu_limit_m = cases[i].second}};
		struct container_info init[] = {{.name = "mesh",
						 .restart_always = true,
						 .cpu_limit_m = cases[i].sidecar},
						{.name = "setup", .cpu_limit_m = 9000}};
		struct pod_info info = {.name = "p",
					.containers = regular,
					.container_count = 2,
					.init_containers = init,
					.init_container_count = 2};
		pod_set(&pod, &info, &r.policy, true);
		ck_assert_int_eq(pod.limit_m[0], cases[i].limit_m);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("saturation");
	TCase *t = tcase_create("saturation");
	tcase_add_test(t, half_of_the_pods_at_95_percent_of_their_limit_are_enough);
	tcase_add_test(t, one_pod_of_two_is_enough_and_one_of_three_is_not);
	tcase_add_test(t, only_known_cpu_of_pods_that_stay_is_looked_at);
	tcase_add_test(t, it_leans_by_a_fifth);
	tcase_add_test(t, a_single_pod_at_its_limit_is_told_as_one);
	tcase_add_test(t, the_forecast_leans_upward_and_says_why);
	tcase_add_test(t, the_reactive_rule_stays_the_hpas);
	tcase_add_test(t, limits_come_from_the_containers_that_report);
	suite_add_tcase(s, t);
	return run_suite(s);
}
