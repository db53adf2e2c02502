#include "sim/sweep.h"

#include "unit/harness.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* 2026-01-19T00:00:00Z, a Monday */
#define START_MS INT64_C(1768780800000)
#define MINUTES  (4 * 1440)

static struct trace *demand;
static struct sweep_config config;
static struct sweep sweep;
static double furthest;

static const char policy[] =
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n"
	"minReplicas: 1\nmaxReplicas: 60\nmetrics:\n"
	"- {type: External, external: {metric: {name: r}, target: {type: AverageValue, "
	"averageValue: \"70\"}}, query: q}\n"
	"forecast: {leadTime: 180s}\n";

static void progress(void *arg, double share)
{
	(void)arg;
	ck_assert(share > furthest && share <= 1);
	furthest = share;
}

static void setup(void)
{
	const struct shop_config shop = {.start_ms = START_MS,
					 .step_ms = MS_PER_MIN,
					 .count = MINUTES,
					 .peak = 1500,
					 .noise = 0.03,
					 .seed = 3};
	demand = trace_shop(&shop);
	furthest = 0;
	config = (struct sweep_config){
		.policy = policy,
		.policy_len = strlen(policy),
		.workload = {.demand = demand, .capacity = 100, .lead_ms = 180000},
		.first_ms = START_MS + 30 * MS_PER_H,
		.start_ms = START_MS + 54 * MS_PER_H,
		.end_ms = START_MS + 84 * MS_PER_H,
		.progress = progress,
	};
}

static void teardown(void)
{
	sweep_fini(&sweep);
	trace_free(demand);
}

static void run(void)
{
	struct err err = {0};
	ck_assert_msg(sweep_run(&config, &sweep, &err) == 0, "%s", err.msg);
}

START_TEST(the_grid_is_the_published_one)
{
	run();
	ck_assert_int_eq(sweep.count, 30 + 1 + 8 * 2 * 2 * 2);
	ck_assert_int_eq(sweep.own, 30);
	ck_near(sweep.points[0].setting.target, 0.40, 1e-9);
	ck_near(sweep.points[29].setting.target, 0.98, 1e-9);
	ck_near(sweep.points[30].setting.target, 0.70, 1e-9);
	ck_assert(!sweep.points[30].setting.forecast);
	ck_assert(sweep.points[31].setting.forecast);
	ck_assert_int_eq(sweep.tapes, 8); /* one for each quantile */
	ck_near(furthest, 1, 1e-9);
	/* Days begin where the second half does. */
	ck_assert_int_eq(sweep.day_count, 3);
	ck_assert_int_eq(sweep.days[0].half, SWEEP_FIRST);
	ck_assert_int_eq(sweep.days[1].from_ms, config.start_ms);
	ck_assert_int_eq(sweep.days[1].half, SWEEP_SECOND);
	ck_assert_int_eq(sweep.days[2].to_ms, config.end_ms);
}
END_TEST

/* --- over threads --- */

struct crew {
	void (*job)(void *arg, int32_t i);
	void *arg;
	atomic_int left;
};

static void *toil(void *arg)
{
	struct crew *c = arg;
	for (int i; (i = atomic_fetch_sub(&c->left, 1) - 1) >= 0;)
		c->job(c->arg, i);
	return NULL;
}

/* Three threads, the last job first. */
static void spread(void (*job)(void *arg, int32_t i), void *arg, int32_t count)
{
	struct crew crew = {.job = job, .arg = arg, .left = count};
	pthread_t threads[3];
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, toil, &crew), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
}

static atomic_int heard;

static void count(void *arg, double share)
{
	(void)arg;
	(void)share;
	heard++;
}

START_TEST(threads_change_nothing)
{
	struct sweep other;
	struct err err = {0};
	run();
	config.spread = spread;
	config.progress = count;
	ck_assert_msg(sweep_run(&config, &other, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(heard, sweep.count);
	ck_assert_int_eq(other.count, sweep.count);
	ck_assert_int_eq(other.tapes, sweep.tapes);
	for (int32_t i = 0; i < sweep.count; i++) {
		const struct sweep_point *a = &sweep.points[i], *b = &other.points[i];
		for (int32_t d = 0; d < sweep.day_count; d++) {
			ck_assert(a->days[d].pod_h == b->days[d].pod_h);
			ck_assert(a->days[d].unserved_units == b->days[d].unserved_units);
			ck_assert_int_eq(a->days[d].actions, b->days[d].actions);
		}
	}
	sweep_fini(&other);
}
END_TEST

static struct outcome both_halves(const struct sweep_point *p)
{
	const struct outcome *a = &p->halves[0], *b = &p->halves[1];
	return (struct outcome){.pod_h = a->pod_h + b->pod_h,
				.demand_units = a->demand_units + b->demand_units,
				.unserved_units = a->unserved_units + b->unserved_units};
}

/* What is told from tapes, without texts and day by day, is what a policy of these
 * settings does in a contest. */
START_TEST(a_point_is_what_a_contest_makes_of_its_settings)
{
	struct err err = {0};
	struct contest_result result;
	run();
	for (int32_t i = 31; i < sweep.count; i += 11) {
		const struct sweep_setting *s = &sweep.points[i].setting;
		char *text AUTO_FREE = xasprintf(
			"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			"a}\nminReplicas: 1\nmaxReplicas: 60\nmetrics:\n- {type: "
			"External, external: {metric: {name: r}, target: {type: "
			"AverageValue, averageValue: \"70\"}}, query: q, forecast: "
			"{target: \"%g\", reactiveTarget: \"%g\"}}\nforecast: {leadTime: "
			"180s, quantile: %g, release: %s}\n",
			100 * s->forecast_target, 100 * s->reactive_target, s->quantile,
			s->release ? "true" : "false");
		const struct contest_config contest = {.policy = text,
						       .policy_len = strlen(text),
						       .workload = config.workload,
						       .start_ms = config.first_ms,
						       .end_ms = config.end_ms};
		ck_assert_msg(contest_run(&contest, &result, &err) == 0, "%s", err.msg);
		struct outcome o = both_halves(&sweep.points[i]);
		struct outcome hpa = both_halves(&sweep.points[sweep.own]);
		const struct outcome *expected = &result.outcomes[CONTEST_POLICY];
		ck_near(o.pod_h, expected->pod_h, 1e-6);
		ck_near(o.unserved_units, expected->unserved_units, 1e-3);
		ck_near(hpa.pod_h, result.outcomes[CONTEST_HPA].pod_h, 1e-6);
		ck_near(both_halves(&sweep.perfect).pod_h,
			result.outcomes[CONTEST_PERFECT].pod_h, 1e-6);
	}
}
END_TEST

/* The choice may know nothing of the half that it is judged on. */
START_TEST(forecasts_without_the_gates_leave_speak_at_once)
{
	struct sweep ungated;
	struct err err = {0};
	run();
	config.ungated = true;
	config.progress = NULL;
	ck_assert_msg(sweep_run(&config, &ungated, &err) == 0, "%s", err.msg);
	int32_t others = 0;
	for (int32_t i = 0; i < sweep.count; i++) {
		/* The gate wants a day of forecasts first, which begin after a day. */
		bool same = fabs(sweep.points[i].days[0].pod_h -
				 ungated.points[i].days[0].pod_h) < 1e-9;
		ck_assert(same || sweep.points[i].setting.forecast);
		others += !same;
	}
	/* On a few the quantile asks for what the reactive rule does. */
	ck_assert_int_gt(others, 8 * 2 * 2);
	sweep_fini(&ungated);
}
END_TEST

START_TEST(the_first_half_does_not_depend_on_the_second)
{
	struct sweep before;
	run();
	before = sweep;
	sweep = (struct sweep){0};
	furthest = 0;
	size_t turn = (size_t)((config.start_ms - START_MS) / MS_PER_MIN);
	double *values = xcalloc(MINUTES, sizeof(double));
	for (size_t i = 0; i < MINUTES; i++)
		values[i] = i < turn ? demand->values[i] : 300 + 40.0 * (double)(i % 20);
	trace_free(demand);
	demand = trace_new(START_MS, MS_PER_MIN, values, MINUTES);
	config.workload.demand = demand;
	run();
	int differs = 0;
	for (int32_t i = 0; i < sweep.count; i++) {
		const struct outcome *a = &before.points[i].halves[SWEEP_FIRST];
		const struct outcome *b = &sweep.points[i].halves[SWEEP_FIRST];
		ck_assert(a->pod_h == b->pod_h);
		ck_assert(a->unserved_units == b->unserved_units);
		differs += before.points[i].halves[SWEEP_SECOND].pod_h !=
			   sweep.points[i].halves[SWEEP_SECOND].pod_h;
	}
	ck_assert_int_eq(differs, sweep.count);
	for (double unserved = 0; unserved < 0.01; unserved += 0.001)
		ck_assert_int_eq(sweep_choose(&before, unserved),
				 sweep_choose(&sweep, unserved));
	sweep_fini(&before);
}
END_TEST

/* --- the choice --- */

/* Three days that count, alike, and one that must not matter. */
static void lay_days(int32_t points)
{
	sweep.count = points;
	sweep.capacity = 100;
	sweep.points = xcalloc((size_t)points, sizeof(sweep.points[0]));
	sweep.days = xcalloc(4, sizeof(sweep.days[0]));
	sweep.day_count = 4;
	sweep.days[3].half = SWEEP_SECOND;
}

static void put(int32_t i, bool forecast, double pods, double unserved)
{
	struct sweep_point *p = &sweep.points[i];
	const struct outcome first = {.pod_h = pods,
				      .demand_units = 360000,
				      .unserved_units = 360000 * unserved};
	p->setting.forecast = forecast;
	p->halves[SWEEP_FIRST] = first;
	free(p->days);
	p->days = xcalloc(4, sizeof(struct outcome));
	for (int32_t d = 0; d < 3; d++)
		p->days[d] = (struct outcome){.pod_h = first.pod_h / 3,
					      .demand_units = first.demand_units / 3,
					      .unserved_units = first.unserved_units / 3};
	/* What happens later must not matter. */
	p->halves[SWEEP_SECOND] = (struct outcome){.demand_units = 1};
}

static void set_pods(int32_t i, double first, double second, double third)
{
	sweep.points[i].days[0].pod_h = first;
	sweep.points[i].days[1].pod_h = second;
	sweep.points[i].days[2].pod_h = third;
}

START_TEST(the_cheapest_that_serves_is_chosen_if_a_forecast_pays)
{
	lay_days(4);
	put(0, false, 200, 0.001);
	put(1, false, 150, 0.010);
	put(2, true, 197, 0.001); /* saves too little to be worth it */
	put(3, true, 140, 0.004);
	ck_assert_int_eq(sweep_choose(&sweep, 0.001), 0);
	ck_assert_int_eq(sweep_choose(&sweep, 0.004), 3);
	ck_assert_int_eq(sweep_choose(&sweep, 0.010), 3);
	ck_assert_int_eq(sweep_choose(&sweep, 0.0005), -1);
	/* Two of three days are enough, one is not; the second half is not asked. */
	set_pods(3, 60, 40, 40);
	ck_assert_int_eq(sweep_choose(&sweep, 0.010), 3);
	set_pods(3, 60, 55, 25);
	sweep.points[3].days[3].pod_h = 0;
	ck_assert_int_eq(sweep_choose(&sweep, 0.010), 1);
	ck_near(sweep_pods(&sweep, &sweep.points[3].halves[SWEEP_FIRST]), 140, 1e-9);
	struct front f = sweep_front(&sweep, SWEEP_FIRST, true);
	ck_assert_int_eq(f.count, 2);
	ck_assert_int_eq(f.points[1].setting, 3);
	front_fini(&f);
}
END_TEST

START_TEST(what_was_cheapest_by_luck_is_not_chosen)
{
	lay_days(4);
	put(0, false, 200, 0.001);
	put(1, false, 150, 0.010);
	put(2, true, 190, 0.004);
	put(3, true, 140, 0.004);
	ck_assert_int_eq(sweep_choose(&sweep, 0.004), 3);
	/* All that it loses it loses on the first day: chosen without that day it fails
	 * on it, and with it it would not have been chosen. */
	sweep.points[3].days[0].unserved_units = 120000 * 0.012;
	sweep.points[3].days[1].unserved_units = 0;
	sweep.points[3].days[2].unserved_units = 0;
	ck_assert_int_eq(sweep_choose(&sweep, 0.004), 0);
	/* Where no target serves so well there is nothing to compare with. */
	put(0, false, 200, 0.009);
	put(1, false, 150, 0.010);
	ck_assert_int_eq(sweep_choose(&sweep, 0.009), 3);
}
END_TEST

START_TEST(one_day_is_too_little_to_look_at_others)
{
	lay_days(2);
	sweep.day_count = 1;
	put(0, false, 200, 0.001);
	put(1, true, 140, 0.001);
	ck_assert_int_eq(sweep_choose(&sweep, 0.001), 1);
}
END_TEST

START_TEST(settings_become_fields_of_the_policy)
{
	struct err err = {0};
	struct str notes AUTO(str_fini);
	str_init(&notes, 4096);
	const struct sweep_setting setting = {.target = 0.8,
					      .forecast = true,
					      .forecast_target = 0.9,
					      .reactive_target = 1.2,
					      .quantile = 0.98,
					      .release = false};
	struct policy *p AUTO(policy_cleanup) =
		replay_policy(policy, strlen(policy), &notes, &err);
	sweep_apply(&setting, 50, p);
	ck_assert_int_eq(p->metrics[0].target.value_m, 40000);
	ck_assert_int_eq(p->metrics[0].forecast_target.value_m, 45000);
	ck_assert_int_eq(p->metrics[0].reactive_target.value_m, 60000);
	ck_near(p->forecast.quantile, 0.98, 0);
	ck_assert(!p->forecast.release);
	const struct workload_config w = {.capacity = 50};
	ck_near(sweep_own_target(p, &w), 0.8, 1e-12);
}
END_TEST

START_TEST(a_policy_that_cannot_be_read_is_refused)
{
	struct err err = {0};
	config.policy = "maxReplicas: none\n";
	config.policy_len = strlen(config.policy);
	ck_assert_int_eq(sweep_run(&config, &sweep, &err), -1);
	ck_assert_msg(strstr(err.msg, "maxReplicas") != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sweep");
	TCase *tc = tcase_create("sweeps");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_grid_is_the_published_one);
	tcase_add_test(tc, threads_change_nothing);
	tcase_add_test(tc, a_point_is_what_a_contest_makes_of_its_settings);
	tcase_add_test(tc, forecasts_without_the_gates_leave_speak_at_once);
	tcase_add_test(tc, the_first_half_does_not_depend_on_the_second);
	tcase_add_test(tc, the_cheapest_that_serves_is_chosen_if_a_forecast_pays);
	tcase_add_test(tc, what_was_cheapest_by_luck_is_not_chosen);
	tcase_add_test(tc, one_day_is_too_little_to_look_at_others);
	tcase_add_test(tc, settings_become_fields_of_the_policy);
	tcase_add_test(tc, a_policy_that_cannot_be_read_is_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
