#include "sim/contest.h"

#include "unit/harness.h"

#include <string.h>

/* 2026-01-19T00:00:00Z, a Monday */
#define START_MS INT64_C(1768780800000)

static struct trace *demand;
static struct contest_config config;
static int heard;
static int64_t first_heard_ms;

static const char policy[] =
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n"
	"minReplicas: 1\nmaxReplicas: 60\nmode: Scale\nmetrics:\n"
	"- {type: External, external: {metric: {name: r}, target: {type: AverageValue, "
	"averageValue: \"70\"}}, query: q, forecast: {target: \"95\", reactiveTarget: "
	"\"120\"}}\n"
	"forecast: {mode: Always, leadTime: 180s}\n";

static void heed(void *arg, const struct replay_row *row)
{
	(void)arg;
	if (!heard++)
		first_heard_ms = row->at_ms;
}

static void setup(void)
{
	const struct shop_config shop = {.start_ms = START_MS,
					 .step_ms = MS_PER_MIN,
					 .count = 4 * 1440,
					 .peak = 1500,
					 .noise = 0.03,
					 .seed = 3};
	demand = trace_shop(&shop);
	heard = 0;
	config = (struct contest_config){
		.policy = policy,
		.policy_len = strlen(policy),
		.workload = {.demand = demand, .capacity = 100, .lead_ms = 180000},
		.start_ms = START_MS + 2 * MS_PER_DAY,
		.end_ms = START_MS + 4 * MS_PER_DAY,
		.heed = heed,
	};
}

static void teardown(void)
{
	trace_free(demand);
}

static struct contest_result run(void)
{
	struct err err = {0};
	struct contest_result result;
	ck_assert_msg(contest_run(&config, &result, &err) == 0, "%s", err.msg);
	return result;
}

START_TEST(all_live_through_the_same_load)
{
	struct contest_result r = run();
	for (int i = 0; i < CONTEST_COUNT; i++) {
		ck_near(r.outcomes[i].elapsed_h, 48, 1e-9);
		ck_near(r.outcomes[i].demand_units, r.outcomes[0].demand_units, 1e-3);
		ck_assert(strlen(contestant_name((enum contestant)i)) > 0);
		ck_assert(strlen(contestant_key((enum contestant)i)) > 0);
	}
	const struct outcome *fixed = &r.outcomes[CONTEST_FIXED];
	const struct outcome *perfect = &r.outcomes[CONTEST_PERFECT];
	ck_near(fixed->unserved_units, 0, 0);
	ck_near(fixed->pod_h, 48 * r.fixed_size, 1e-6);
	ck_near(perfect->unserved_units, 0, 0);
	ck_assert(perfect->pod_h < r.outcomes[CONTEST_POLICY].pod_h);
	ck_assert(perfect->pod_h < r.outcomes[CONTEST_HPA].pod_h);
	ck_assert_int_eq(r.lead_ms, 180000);
	ck_assert_int_eq(r.window_min, 5);
}
END_TEST

START_TEST(with_forecasting_off_the_engine_is_the_hpa)
{
	struct contest_result r = run();
	const struct outcome *off = &r.outcomes[CONTEST_OFF];
	const struct outcome *hpa = &r.outcomes[CONTEST_HPA];
	ck_near(off->pod_h, hpa->pod_h, 1e-9);
	ck_near(off->unserved_units, hpa->unserved_units, 1e-6);
	ck_assert_int_eq(off->actions, hpa->actions);
	ck_assert_int_eq(off->largest_step, hpa->largest_step);
	ck_assert(fabs(off->pod_h - r.outcomes[CONTEST_POLICY].pod_h) > 1);
}
END_TEST

START_TEST(only_what_counts_is_heard)
{
	struct contest_result r = run();
	ck_assert_int_eq(first_heard_ms, config.start_ms);
	ck_assert_int_eq(heard, 2 * 24 * 240);
	/* The decision at the start is part of what stands there. */
	ck_assert_int_eq(r.tally.decisions, heard - 1);
	ck_assert_int_eq(r.tally.trusted, r.tally.decisions); /* mode Always */
	ck_assert_int_gt(r.tally.by_forecast, 1000);
	ck_assert(strlen(r.trust) > 0);
}
END_TEST

START_TEST(the_same_input_gives_the_same_result)
{
	struct contest_result a = run(), b = run();
	for (int i = 0; i < CONTEST_COUNT; i++) {
		ck_assert(a.outcomes[i].pod_h == b.outcomes[i].pod_h);
		ck_assert(a.outcomes[i].unserved_units == b.outcomes[i].unserved_units);
		ck_assert_int_eq(a.outcomes[i].actions, b.outcomes[i].actions);
	}
	ck_assert_str_eq(a.trust, b.trust);
}
END_TEST

START_TEST(nobody_looks_behind_the_end)
{
	/* The trace goes on with a burst that is not judged. */
	for (size_t i = 3 * 1440; i < demand->count; i++)
		demand->values[i] = 5000;
	config.end_ms = START_MS + 3 * MS_PER_DAY;
	struct contest_result r = run();
	ck_assert_int_lt(r.fixed_size, 25);
	ck_assert_int_lt(r.outcomes[CONTEST_PERFECT].largest_step, 15);
}
END_TEST

START_TEST(a_policy_that_cannot_be_read_is_refused)
{
	struct err err = {0};
	struct contest_result result;
	config.policy = "maxReplicas: none\n";
	config.policy_len = strlen(config.policy);
	ck_assert_int_eq(contest_run(&config, &result, &err), -1);
	ck_assert_msg(strstr(err.msg, "maxReplicas") != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contest");
	TCase *tc = tcase_create("contests");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_live_through_the_same_load);
	tcase_add_test(tc, with_forecasting_off_the_engine_is_the_hpa);
	tcase_add_test(tc, only_what_counts_is_heard);
	tcase_add_test(tc, the_same_input_gives_the_same_result);
	tcase_add_test(tc, nobody_looks_behind_the_end);
	tcase_add_test(tc, a_policy_that_cannot_be_read_is_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
