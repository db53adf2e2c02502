#include "sim/rival.h"

#include "unit/harness.h"

#include <string.h>

static struct trace *demand; /* 100 for ten minutes, then 450 for twenty, then 100 */
static struct policy *policy;
static struct rival rival;

static void setup(void)
{
	double *values = xcalloc(60, sizeof(double));
	for (int i = 0; i < 60; i++)
		values[i] = i >= 10 && i < 30 ? 450 : 100;
	demand = trace_new(0, MS_PER_MIN, values, 60);
}

static void teardown(void)
{
	rival_fini(&rival);
	rival_fini(NULL);
	policy_free(policy);
	policy = NULL;
	trace_free(demand);
}

static void start(enum rival_kind kind, const char *metric, int32_t replicas)
{
	struct err err = {0};
	char *text AUTO_FREE = xasprintf(
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n"
		"minReplicas: 1\nmaxReplicas: 20\nmetrics:\n- %s\n"
		"forecast: {mode: Always}\n",
		metric);
	policy = policy_parse("shop", "a", text, strlen(text), &err);
	ck_assert_msg(policy != NULL, "%s", err.msg);
	const struct rival_config config = {
		.kind = kind,
		.workload = {.ns = "shop",
			     .name = "a",
			     .demand = demand,
			     .capacity = 100,
			     .lead_ms = 60000,
			     .replicas = replicas,
			     .cpu_full = 1,
			     .cpu_request = 1},
		.policy = policy,
		.until_ms = 60 * MS_PER_MIN,
	};
	rival_init(&rival, &config, 0);
}

#define EXTERNAL                                                                         \
	"{type: External, external: {metric: {name: r}, target: {type: AverageValue, "   \
	"averageValue: \"50\"}}, query: q}"

START_TEST(the_hpa_follows_the_load_late_and_down_after_its_stabilization)
{
	start(RIVAL_HPA, EXTERNAL, 2);
	rival_advance(&rival, 10 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.replicas, 2); /* 100 / 50 */
	ck_assert_int_eq(rival.workload.outcome.actions, 0);
	rival_advance(&rival, 14 * MS_PER_MIN);
	/* 450 / 50 = 9; doubling and plus four limit each step. */
	ck_assert_int_eq(rival.workload.replicas, 9);
	ck_assert(rival.workload.outcome.actions >= 2);
	ck_assert(rival.workload.outcome.unserved_units > 60 * 250);
	rival_advance(&rival, 30 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.replicas, 9);
	rival_advance(&rival, 34 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.replicas, 9); /* held for 300 s */
	rival_advance(&rival, 38 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.replicas, 2);
	ck_assert(strlen(rival.decision.reason) > 0);
}
END_TEST

START_TEST(the_hpa_ignores_forecast_targets)
{
	char *metric AUTO_FREE =
		xasprintf("%.*s, forecast: {target: \"90\", reactiveTarget: \"100\"}}",
			  (int)strlen(EXTERNAL) - 1, EXTERNAL);
	start(RIVAL_HPA, metric, 2);
	ck_assert_int_eq(policy->metrics[0].reactive_target.value_m, 100000);
	rival_advance(&rival, 20 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.replicas, 9);
}
END_TEST

START_TEST(pod_metrics_lead_to_the_same_size)
{
	static const char *const metrics[] = {
		"{type: Resource, resource: {name: cpu, target: {type: Utilization, "
		"averageUtilization: 50}}}",
		"{type: Pods, pods: {metric: {name: r}, target: {type: AverageValue, "
		"averageValue: \"50\"}}, query: q}",
	};
	start(RIVAL_HPA, metrics[_i], 2);
	rival_advance(&rival, 29 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.ready_count, 9);
	rival_advance(&rival, 45 * MS_PER_MIN);
	/* A third of 100 by pod, rounded up to milli-units, wants a bit more than two. */
	ck_assert_int_eq(rival.workload.ready_count, _i ? 3 : 2);
}
END_TEST

START_TEST(the_perfect_forecast_is_there_in_time_and_pays_no_more)
{
	start(RIVAL_PERFECT, EXTERNAL, 1);
	rival_advance(&rival, 60 * MS_PER_MIN);
	ck_near(rival.workload.outcome.unserved_units, 0, 0);
	/* One pod, and four more from 75 s (lead and sync) before the step to its end;
	 * the trace repeats. */
	ck_near(rival.workload.outcome.pod_h, 1 + 4 * (20 + 1.25) / 60.0, 0.02);
	ck_assert_int_eq(rival.workload.outcome.actions, 2);
}
END_TEST

START_TEST(the_fixed_size_is_the_smallest_that_never_falls_short)
{
	start(RIVAL_FIXED, EXTERNAL, 1);
	rival_advance(&rival, 60 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.pod_count, 5);
	ck_near(rival.workload.outcome.unserved_units, 0, 0);
	ck_near(rival.workload.outcome.pod_h, 5, 1e-9);
	ck_assert_int_eq(rival.workload.outcome.actions, 0);
}
END_TEST

START_TEST(the_fixed_size_looks_no_further_than_the_end)
{
	start(RIVAL_FIXED, EXTERNAL, 1);
	rival_fini(&rival);
	const struct rival_config config = {
		.kind = RIVAL_FIXED,
		.workload = {.ns = "shop",
			     .name = "a",
			     .demand = demand,
			     .capacity = 100},
		.policy = policy,
		.until_ms = 10 * MS_PER_MIN, /* the load rises at this very moment */
	};
	rival_init(&rival, &config, 0);
	ck_assert_int_eq(rival.workload.pod_count, 1);
}
END_TEST

START_TEST(bounds_hold_for_all)
{
	start((enum rival_kind)_i, EXTERNAL, 3);
	rival_fini(&rival);
	policy->min_replicas = 3;
	policy->max_replicas = 4;
	const struct rival_config config = {
		.kind = (enum rival_kind)_i,
		.workload = {.ns = "shop",
			     .name = "a",
			     .demand = demand,
			     .capacity = 100,
			     .replicas = 3},
		.policy = policy,
		.until_ms = 60 * MS_PER_MIN,
	};
	rival_init(&rival, &config, 0);
	rival_advance(&rival, 9 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.replicas, _i == RIVAL_FIXED ? 4 : 3);
	rival_advance(&rival, 20 * MS_PER_MIN);
	ck_assert_int_eq(rival.workload.replicas, 4);
	ck_assert(strlen(rival_kind_name((enum rival_kind)_i)) > 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rival");
	TCase *tc = tcase_create("rivals");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
		       the_hpa_follows_the_load_late_and_down_after_its_stabilization);
	tcase_add_test(tc, the_hpa_ignores_forecast_targets);
	tcase_add_loop_test(tc, pod_metrics_lead_to_the_same_size, 0, 2);
	tcase_add_test(tc, the_perfect_forecast_is_there_in_time_and_pays_no_more);
	tcase_add_test(tc, the_fixed_size_is_the_smallest_that_never_falls_short);
	tcase_add_test(tc, the_fixed_size_looks_no_further_than_the_end);
	tcase_add_loop_test(tc, bounds_hold_for_all, 0, 3);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
