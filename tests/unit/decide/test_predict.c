#include "unit/decide/rig.h"

#include "decide/predict.h"

START_TEST(demand_is_divided_by_what_a_pod_carries)
{
	static const struct {
		double upper, release;
		int32_t replicas, release_replicas;
	} cases[] = {
		{840, 900, 9, 9},
		{800, 801, 8, 9},
		{0, 0, 0, 0},
		{1, NAN, 1, DECIDE_NO_REPLICAS},
		{1e30, 5, INT32_MAX, 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		struct prediction p;
		rig_init(&r, 3);
		rig_external(&r, "requests", 100, 300);
		rig_forecast(&r, 0, cases[i].upper, cases[i].release);
		ck_assert(predict(&r.in, 0, &p));
		ck_assert_int_eq(p.replicas, cases[i].replicas);
		ck_assert_int_eq(p.release, cases[i].release_replicas);
		ck_near(p.capacity, 100, 0);
	}
}
END_TEST

START_TEST(forecast_target_is_the_one_that_is_divided_by)
{
	struct rig r;
	struct prediction p;
	rig_init(&r, 3);
	rig_external(&r, "requests", 100, 300);
	r.policy.metrics[0].forecast_target.value_m = 115000;
	rig_forecast(&r, 0, 840, 840);
	ck_assert(predict(&r.in, 0, &p));
	ck_assert_int_eq(p.replicas, 8);
	ck_near(p.capacity, 115, 0);
}
END_TEST

/* 30 of a pod's 100 are its own. */
START_TEST(a_derived_forecast_is_divided_by_what_the_pods_own_need_leaves)
{
	struct rig r;
	struct prediction p;
	rig_init(&r, 3);
	rig_external(&r, "memory", 100, 300);
	r.policy.metrics[0].forecast = false;
	rig_forecast(&r, 0, 710, 770);
	ck_assert(!predict(&r.in, 0, &p));
	r.forecasts[0].per_pod = 30; /* nothing without `derived` */
	ck_assert(!predict(&r.in, 0, &p));
	r.forecasts[0].derived = true;
	ck_assert(predict(&r.in, 0, &p));
	ck_near(p.capacity, 70, 1e-12);
	ck_assert_int_eq(p.replicas, 11);
	ck_assert_int_eq(p.release, 11);
	r.policy.metrics[0].forecast = true;
	r.forecasts[0].derived = false;
	ck_assert(predict(&r.in, 0, &p));
	ck_near(p.capacity, 100, 0);
}
END_TEST

START_TEST(a_derived_forecast_needs_a_fifth_of_the_target)
{
	static const struct {
		double per_pod;
		bool used;
	} cases[] = {{0, true},   {79, true},   {79.9, true}, {80, false},
		     {81, false}, {250, false}, {NAN, false}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		struct prediction p;
		rig_init(&r, 3);
		rig_external(&r, "memory", 100, 300);
		rig_forecast(&r, 0, 700, 700);
		r.forecasts[0].derived = true;
		r.forecasts[0].per_pod = cases[i].per_pod;
		ck_assert_int_eq(predict(&r.in, 0, &p), cases[i].used);
	}
}
END_TEST

START_TEST(utilization_is_a_share_of_the_mean_request_of_the_pods_that_stay)
{
	struct rig r;
	struct prediction p;
	rig_init(&r, 5);
	rig_cpu(&r, 70, 50);
	r.pods[1].request_m[0] = 2000;
	r.pods[2].request_m[0] = 90000;
	r.pods[2].deleted = true;
	r.pods[3].request_m[0] = 90000;
	r.pods[3].phase = POD_FAILED;
	r.pods[4].request_m[0] = REQUEST_MISSING;
	rig_forecast(&r, 0, 4.2, NAN); /* cores */
	ck_assert(predict(&r.in, 0, &p));
	ck_near(p.capacity, 1.05, 1e-12);
	ck_assert_int_eq(p.replicas, 4);
}
END_TEST

START_TEST(mean_request_is_that_of_the_listed_pods_that_have_one)
{
	struct rig r;
	struct prediction p;
	rig_init(&r, 5);
	rig_cpu(&r, 50, 50);
	rig_forecast(&r, 0, 1, 1);
	/* What stands before and after the list is none of it. */
	r.in.pods = r.pods + 1;
	r.in.pod_count = 3;
	r.pods[0].request_m[0] = r.pods[4].request_m[0] = 9000;
	r.pods[1].request_m[0] = 0;
	r.pods[2].request_m[0] = 1;
	r.pods[3].request_m[0] = 3;
	ck_assert(predict(&r.in, 0, &p));
	ck_near(p.capacity, 0.5 * 0.002, 1e-12);
}
END_TEST

START_TEST(nothing_carried_and_less_than_nothing_wanted_propose_nothing)
{
	struct rig r;
	struct prediction p;
	rig_init(&r, 3);
	rig_external(&r, "requests", 100, 300);
	rig_forecast(&r, 0, 840, -0.5);
	ck_assert(predict(&r.in, 0, &p));
	ck_assert_int_eq(p.release, DECIDE_NO_REPLICAS);
	r.policy.metrics[0].forecast_target.value_m = 0;
	ck_assert(!predict(&r.in, 0, &p));
}
END_TEST

START_TEST(rounding_costs_no_pod)
{
	struct rig r;
	struct prediction p;
	rig_init(&r, 2);
	rig_cpu(&r, 70, 50);
	rig_forecast(&r, 0, 4.9, NAN); /* 4.9 / 0.7 is 7.000000000000001 */
	ck_assert(predict(&r.in, 0, &p));
	ck_assert_int_eq(p.replicas, 7);
	rig_forecast(&r, 0, 4.9001, NAN);
	ck_assert(predict(&r.in, 0, &p));
	ck_assert_int_eq(p.replicas, 8);
}
END_TEST

static void not_usable(struct rig *r)
{
	r->forecasts[0].usable = false;
}
static void no_forecasts(struct rig *r)
{
	r->in.forecasts = NULL;
}
static void disabled(struct rig *r)
{
	r->policy.forecast.mode = FORECAST_DISABLED;
}
static void reactive_only(struct rig *r)
{
	r->policy.metrics[0].forecast = false;
}
static void value_target(struct rig *r)
{
	r->policy.metrics[0].forecast_target.type = TARGET_VALUE;
}
static void no_requests(struct rig *r)
{
	r->policy.metrics[0].forecast_target =
		(struct metric_target){TARGET_UTILIZATION, 0, 70};
}
static void upper_missing(struct rig *r)
{
	r->forecasts[0].upper = NAN;
}
static void upper_endless(struct rig *r)
{
	r->forecasts[0].upper = INFINITY;
}
static void upper_negative(struct rig *r)
{
	r->forecasts[0].upper = -1;
}

static void (*const spoilers[])(struct rig *) = {
	not_usable,  no_forecasts,  disabled,      reactive_only,  value_target,
	no_requests, upper_missing, upper_endless, upper_negative,
};

START_TEST(what_cannot_be_turned_into_pods_proposes_nothing)
{
	struct rig r;
	struct prediction p = {.replicas = -77};
	rig_init(&r, 3);
	rig_external(&r, "requests", 100, 300);
	rig_forecast(&r, 0, 840, 840);
	ck_assert(predict(&r.in, 0, &p));
	p.replicas = -77;
	spoilers[_i](&r);
	ck_assert(!predict(&r.in, 0, &p));
	ck_assert_int_eq(p.replicas, -77);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("predict");
	TCase *t = tcase_create("predict");
	tcase_add_test(t, demand_is_divided_by_what_a_pod_carries);
	tcase_add_test(t, forecast_target_is_the_one_that_is_divided_by);
	tcase_add_test(t, a_derived_forecast_is_divided_by_what_the_pods_own_need_leaves);
	tcase_add_test(t, a_derived_forecast_needs_a_fifth_of_the_target);
	tcase_add_test(t,
		       utilization_is_a_share_of_the_mean_request_of_the_pods_that_stay);
	tcase_add_test(t, mean_request_is_that_of_the_listed_pods_that_have_one);
	tcase_add_test(t, nothing_carried_and_less_than_nothing_wanted_propose_nothing);
	tcase_add_test(t, rounding_costs_no_pod);
	tcase_add_loop_test(t, what_cannot_be_turned_into_pods_proposes_nothing, 0,
			    (int)ARRAY_LEN(spoilers));
	suite_add_tcase(s, t);
	return run_suite(s);
}
