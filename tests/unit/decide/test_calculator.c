#include "unit/decide/rig.h"

#include "decide/calculator.h"

#define AVERAGE(m) ((struct metric_target){TARGET_AVERAGE_VALUE, (m), 0})
#define VALUE(m)   ((struct metric_target){TARGET_VALUE, (m), 0})

static struct proposal propose(struct rig *r)
{
	struct proposal p = {.replicas = -77};
	struct err err;
	int failed = calculate(&r->in, 0, &r->policy.metrics[0].target, &p, &err);
	ck_assert_msg(!failed, "%s", err.msg);
	return p;
}

static const char *problem(struct rig *r, struct err *err)
{
	struct proposal p = {.replicas = -77};
	ck_assert_int_eq(calculate(&r->in, 0, &r->policy.metrics[0].target, &p, err), -1);
	ck_assert_int_eq(p.replicas, -77);
	return err->msg;
}

static const struct {
	int32_t pct, target, want;
} utilizations[] = {
	{70, 70, 4}, {77, 70, 4}, {78, 70, 5},  {63, 70, 4},  {62, 70, 4},
	{52, 70, 3}, {0, 70, 0},  {100, 50, 8}, {101, 50, 9},
};

START_TEST(utilization_scales_the_pods_that_count)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, utilizations[_i].target, utilizations[_i].pct);
	struct proposal p = propose(&r);
	ck_assert_int_eq(p.replicas, utilizations[_i].want);
	ck_assert_int_eq(p.utilization_pct, utilizations[_i].pct);
	ck_assert_int_eq(p.value_m, utilizations[_i].pct * 10);
	ck_assert_int_eq(p.pods_counted, 4);
	ck_assert_int_eq(p.pods_listed, 4);
}
END_TEST

START_TEST(utilization_is_cut_to_whole_percents_first)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 70, 0);
	rig_pod_values(&r, 0, 4, 779); /* 77.9 % is 77 %, within tolerance */
	ck_assert_int_eq(propose(&r).replicas, 4);
}
END_TEST

START_TEST(missing_pods_hold_back_in_both_directions)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 50, 0);
	rig_pod_values(&r, 0, 2, 1000); /* 2 of 4 at 100 %: the others count as idle */
	ck_assert_int_eq(propose(&r).replicas, 4);
	rig_pod_values(&r, 0, 3, 1000); /* 75 % of the request over all four */
	ck_assert_int_eq(propose(&r).replicas, 6);
	rig_pod_values(&r, 0, 3, 0); /* the fourth counts as full: 25 % of 50 % */
	ck_assert_int_eq(propose(&r).replicas, 2);
	ck_assert_int_eq(propose(&r).pods_counted, 3);
	ck_assert_int_eq(propose(&r).pods_listed, 4);
}
END_TEST

START_TEST(unready_pods_are_idle_upward_and_absent_downward)
{
	struct rig r;
	rig_init(&r, 4);
	rig_cpu(&r, 50, 90);
	r.pods[3].ready = READY_NONE;
	ck_assert_int_eq(propose(&r).replicas, 6); /* 67 % over four */
	rig_pod_values(&r, 0, 4, 250);
	ck_assert_int_eq(propose(&r).replicas, 2); /* 25 % of three pods */
}
END_TEST

START_TEST(result_never_turns_against_the_size)
{
	struct rig r;
	rig_init(&r, 3);
	rig_cpu(&r, 50, 60);
	r.pods[2].ready = READY_NONE; /* 60 % becomes 40 % with the idle pod */
	ck_assert_int_eq(propose(&r).replicas, 3);
}
END_TEST

#define CROWD 202

/* So many pods that one more or less is less than a percent. Zero tolerance. */
struct crowd {
	struct rig r;
	struct pod pods[CROWD];
	struct pod_value values[CROWD];
};

static void crowd_init(struct crowd *c, int32_t pods, int32_t values, int64_t value_m)
{
	rig_init(&c->r, 0);
	c->r.config.tolerance = 0;
	c->r.in.scale.spec_replicas = pods;
	c->r.in.pods = c->pods;
	c->r.in.pod_count = pods;
	for (int32_t i = 0; i < pods; i++) {
		struct pod *p = &c->pods[i];
		*p = (struct pod){.phase = POD_RUNNING, .ready = READY_TRUE};
		snprintf(p->name, sizeof(p->name), "p%d", i);
		p->key = hash_text(p->name);
		p->request_m[0] = 1000;
		c->values[i] = (struct pod_value){
			.key = p->key, .value_m = value_m, .time_ms = RIG_NOW_MS};
	}
	c->r.values[0].pods = c->values;
	c->r.values[0].count = pod_values_merge(c->values, values);
}

START_TEST(ratios_near_one_are_told_apart)
{
	static struct crowd c;
	/* 1009 of 1000 each, one pod silent: still more than the target. */
	crowd_init(&c, 127, 126, 1009);
	rig_metric(&c.r, METRIC_PODS, "m", AVERAGE(1000));
	ck_assert_int_eq(propose(&c.r).replicas, 128);
	/* The same of an unready one. */
	crowd_init(&c, 127, 127, 1009);
	rig_metric(&c.r, METRIC_PODS, "m", AVERAGE(1000));
	c.pods[0].phase = POD_PENDING;
	ck_assert_int_eq(propose(&c.r).replicas, 128);
	/* 991 of 1000 each, one pod silent, counted at the target. */
	crowd_init(&c, 200, 199, 991);
	rig_metric(&c.r, METRIC_PODS, "m", AVERAGE(1000));
	ck_assert_int_eq(propose(&c.r).replicas, 199);
}
END_TEST

START_TEST(silent_pods_are_idle_just_above_the_target)
{
	static struct crowd c;
	crowd_init(&c, 201, 200, 1512); /* 151 %; with an idle one 150 % */
	rig_metric(&c.r, METRIC_RESOURCE, "cpu",
		   (struct metric_target){TARGET_UTILIZATION, 0, 150});
	ck_assert_int_eq(propose(&c.r).replicas, 201);
	/* And unready ones. */
	crowd_init(&c, 201, 201, 1512);
	rig_metric(&c.r, METRIC_RESOURCE, "cpu",
		   (struct metric_target){TARGET_UTILIZATION, 0, 150});
	c.pods[0].phase = POD_PENDING;
	ck_assert_int_eq(propose(&c.r).replicas, 201);
}
END_TEST

START_TEST(silent_pods_use_nothing_at_all)
{
	struct rig r;
	rig_init(&r, 10);
	r.config.tolerance = 0;
	rig_cpu(&r, 50, 0);
	rig_pod_values(&r, 0, 8, 700); /* 5600 of 10000: 56 %, and not a whisker less */
	ck_assert_int_eq(propose(&r).replicas, 12);
	rig_init(&r, 10);
	r.config.tolerance = 0;
	rig_metric(&r, METRIC_PODS, "m", AVERAGE(500));
	rig_pod_values(&r, 0, 5, 1102); /* 551 on average: 11.02 pods */
	ck_assert_int_eq(propose(&r).replicas, 12);
}
END_TEST

START_TEST(surge_pods_do_not_add_to_what_serves)
{
	struct rig r;
	rig_init(&r, 4);
	rig_metric(&r, METRIC_OBJECT, "m", VALUE(1000));
	r.values[0].total_m = 2000;
	ck_assert_int_eq(propose(&r).replicas, 8);
	r.in.scale.serving_max = 3;
	ck_assert_int_eq(propose(&r).replicas, 6);
	r.in.scale.serving_max = 1;
	ck_assert_int_eq(propose(&r).replicas, 2);
	r.in.scale.serving_max = 9;
	ck_assert_int_eq(propose(&r).replicas, 8);
}
END_TEST

START_TEST(average_counts_values_not_requests)
{
	struct rig r;
	rig_init(&r, 3);
	rig_metric(&r, METRIC_PODS, "qps", AVERAGE(10000));
	rig_pod_values(&r, 0, 3, 15000);
	ck_assert_int_eq(propose(&r).replicas, 5);
	ck_assert_int_eq(propose(&r).value_m, 15000);
	rig_pod_values(&r, 0, 2, 5000); /* the missing pod stands at the target: 6.6 */
	ck_assert_int_eq(propose(&r).replicas, 2);
	rig_pod_values(&r, 0, 1, 1000); /* both missing pods: 7 */
	ck_assert_int_eq(propose(&r).replicas, 3);
	rig_pod_values(&r, 0, 2, 15000); /* at nothing: 10, within tolerance */
	ck_assert_int_eq(propose(&r).replicas, 3);
}
END_TEST

START_TEST(foreign_values_alone_are_unknown)
{
	struct rig r;
	struct err err;
	rig_init(&r, 3);
	rig_metric(&r, METRIC_PODS, "qps", AVERAGE(10000));
	rig_pod_values(&r, 0, 3, 0);
	for (int i = 0; i < 3; i++)
		r.pods[i].key += 1000;
	ck_assert_str_eq(
		problem(&r, &err),
		"did not receive metrics for targeted pods (pods might be unready)");
}
END_TEST

START_TEST(value_scales_the_pods_that_serve)
{
	struct rig r;
	struct err err;
	rig_init(&r, 3);
	rig_metric(&r, METRIC_EXTERNAL, "queue", VALUE(10000));
	r.values[0].total_m = 19500;
	ck_assert_int_eq(propose(&r).replicas, 6);
	r.pods[0].ready = r.pods[1].ready = READY_FALSE;
	ck_assert_int_eq(propose(&r).replicas, 2);
	r.values[0].total_m = 10500;
	ck_assert_int_eq(propose(&r).replicas, 3);
	r.in.pod_count = 0;
	ck_assert_int_eq(propose(&r).replicas, 3);
	r.values[0].total_m = 19500;
	ck_assert_str_eq(problem(&r, &err),
			 "unable to calculate ready pods: no pods returned by "
			 "selector while calculating replica count");
	r.in.scale.spec_replicas = 0;
	ck_assert_int_eq(propose(&r).replicas, 2); /* from zero no pod is asked */
	r.values[0].total_m = 10001;
	ck_assert_int_eq(propose(&r).replicas, 2); /* and no tolerance */
}
END_TEST

START_TEST(average_of_a_total_is_over_status_replicas)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "requests", 100, 430);
	ck_assert_int_eq(propose(&r).replicas, 4);
	ck_assert_int_eq(propose(&r).value_m, 107500);
	r.values[0].total_m = 441000;
	ck_assert_int_eq(propose(&r).replicas, 5);
	r.in.scale.status_replicas =
		6; /* a surge: 73 each, outside, so the total counts */
	ck_assert_int_eq(propose(&r).replicas, 5);
	r.in.scale.status_replicas = 5; /* 88 each */
	r.values[0].total_m = 455000;   /* 91 each: within, and the base is the status */
	ck_assert_int_eq(propose(&r).replicas, 5);
	r.in.scale.status_replicas = 0;
	ck_assert_int_eq(propose(&r).replicas, 5);
	ck_assert_int_eq(propose(&r).value_m, 455000);
	r.values[0].total_m = 0;
	ck_assert_int_eq(propose(&r).replicas, 0);
}
END_TEST

START_TEST(sizes_saturate)
{
	struct rig r;
	rig_init(&r, 4);
	rig_external(&r, "requests", 1, 0);
	r.values[0].total_m = INT64_MAX;
	ck_assert_int_eq(propose(&r).replicas, INT32_MAX);
	ck_assert_int_eq(propose(&r).value_m, INT64_MAX);
	r.values[0].total_m = INT64_MIN;
	ck_assert_int_eq(propose(&r).replicas, INT32_MIN);
	rig_init(&r, 2);
	rig_cpu(&r, 1, 0);
	rig_pod_values(&r, 0, 2, INT64_MAX);
	ck_assert_int_eq(propose(&r).replicas, INT32_MAX);
	ck_assert_int_eq(propose(&r).value_m, INT64_MAX);
}
END_TEST

static const struct {
	enum metric_type type;
	const char *down, *empty;
} unknowns[] = {
	{METRIC_RESOURCE, "unable to get metrics for resource m: down",
	 "unable to get metrics for resource m: no metrics returned from resource "
	 "metrics API"},
	{METRIC_CONTAINER_RESOURCE, "unable to get metrics for resource m: down",
	 "unable to get metrics for resource m: no metrics returned from resource "
	 "metrics API"},
	{METRIC_PODS, "unable to get metric m: down",
	 "unable to get metric m: no metrics returned from custom metrics API"},
	{METRIC_OBJECT, "unable to get metric m: down", NULL},
	{METRIC_EXTERNAL, "unable to get external metric m: down", NULL},
	{(enum metric_type)99, "unknown metric source type", NULL},
};

START_TEST(unknown_values_are_errors)
{
	struct rig r;
	struct err err;
	rig_init(&r, 3);
	rig_metric(&r, unknowns[_i].type, "m", AVERAGE(1000));
	r.values[0].unknown = "down";
	ck_assert_str_eq(problem(&r, &err), unknowns[_i].down);
	r.values[0].unknown = NULL;
	if (unknowns[_i].empty)
		ck_assert_str_eq(problem(&r, &err), unknowns[_i].empty);
}
END_TEST

START_TEST(tolerance_comes_from_behavior_per_direction)
{
	struct rig r;
	rig_init(&r, 1);
	r.policy.up = (struct scaling_rules){.has_tolerance = true, .tolerance = 0.01};
	r.policy.down = (struct scaling_rules){.has_tolerance = false, .tolerance = 0.5};
	struct tolerance t = tolerance_of(&r.policy, &r.config);
	ck_near(t.up, 0.1, 0);
	r.policy.has_behavior = true;
	t = tolerance_of(&r.policy, &r.config);
	ck_near(t.up, 0.01, 0);
	ck_near(t.down, 0.1, 0);
	ck_assert(tolerance_within(t, 1.01) && !tolerance_within(t, 1.011));
	ck_assert(tolerance_within(t, 0.9) && !tolerance_within(t, 0.899));
	ck_assert(!tolerance_within(t, NAN) && !tolerance_within(t, INFINITY));
	t = (struct tolerance){0, 0};
	ck_assert(tolerance_within(t, 1.0) && !tolerance_within(t, 1.0000001));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("calculator");
	TCase *t = tcase_create("calculator");
	tcase_add_loop_test(t, utilization_scales_the_pods_that_count, 0,
			    (int)ARRAY_LEN(utilizations));
	tcase_add_test(t, utilization_is_cut_to_whole_percents_first);
	tcase_add_test(t, missing_pods_hold_back_in_both_directions);
	tcase_add_test(t, unready_pods_are_idle_upward_and_absent_downward);
	tcase_add_test(t, result_never_turns_against_the_size);
	tcase_add_test(t, ratios_near_one_are_told_apart);
	tcase_add_test(t, silent_pods_are_idle_just_above_the_target);
	tcase_add_test(t, silent_pods_use_nothing_at_all);
	tcase_add_test(t, surge_pods_do_not_add_to_what_serves);
	tcase_add_test(t, average_counts_values_not_requests);
	tcase_add_test(t, foreign_values_alone_are_unknown);
	tcase_add_test(t, value_scales_the_pods_that_serve);
	tcase_add_test(t, average_of_a_total_is_over_status_replicas);
	tcase_add_test(t, sizes_saturate);
	tcase_add_loop_test(t, unknown_values_are_errors, 0, (int)ARRAY_LEN(unknowns));
	tcase_add_test(t, tolerance_comes_from_behavior_per_direction);
	suite_add_tcase(s, t);
	return run_suite(s);
}
