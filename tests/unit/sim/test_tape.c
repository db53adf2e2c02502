#include "sim/tape.h"

#include "sim/replay.h"
#include "unit/harness.h"
#include "unit/sim/policy.h"

#include <stdio.h>
#include <string.h>

#define MINUTES  (3 * 1440)
#define ROWS_MAX 8000
#define CPU                                                                              \
	"{type: Resource, resource: {name: cpu, target: {type: Utilization, "            \
	"averageUtilization: 70}}, forecast: {target: 90}}"

struct run {
	struct replay_row rows[ROWS_MAX];
	int count, texts;
};

static struct trace *demand;
static struct tapes *tapes;
static struct run alone, again;

static void setup(void)
{
	const struct shop_config config = {.start_ms = START_MS,
					   .step_ms = MS_PER_MIN,
					   .count = MINUTES,
					   .peak = 1000,
					   .noise = 0.03,
					   .seed = 1};
	demand = trace_shop(&config);
	tapes = tapes_new();
}

static void teardown(void)
{
	tapes_free(tapes);
	tapes_free(NULL);
	trace_free(demand);
}

static void heed(void *arg, const struct replay_row *row)
{
	struct run *run = arg;
	ck_assert_int_lt(run->count, ROWS_MAX);
	run->texts += strlen(row->reason) > 0;
	run->rows[run->count] = *row;
	run->rows[run->count++].reason = NULL;
}

/* Twelve hours from the third day on. */
static void live(struct run *run, struct policy *policy, double capacity, bool on_tape)
{
	struct err err = {0};
	const struct replay_config config = {
		.workload = {.demand = demand,
			     .capacity = capacity,
			     .lead_ms = 180000,
			     .replicas = 8,
			     .cpu_full = 100,
			     .cpu_request = 100},
		.terse = on_tape,
		.maker = on_tape ? tapes_maker(tapes) : NULL,
		.heed = heed,
		.arg = run,
	};
	memset(run, 0, sizeof(*run));
	struct replay *r AUTO(replay_cleanup) =
		replay_new(&config, policy, START_MS + 48 * MS_PER_H, &err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	replay_advance(r, START_MS + 60 * MS_PER_H);
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void compare(const struct run *a, const struct run *b)
{
	ck_assert_int_eq(a->count, b->count);
	ck_assert_int_gt(a->count, 12 * 240);
	for (int i = 0; i < a->count; i++) {
		const struct replay_row *x = &a->rows[i], *y = &b->rows[i];
		ck_assert_int_eq(x->at_ms, y->at_ms);
		ck_assert_int_eq(x->pods, y->pods);
		ck_assert_int_eq(x->ready, y->ready);
		ck_assert_int_eq(x->desired, y->desired);
		ck_assert_int_eq(x->reactive, y->reactive);
		ck_assert(same(x->forecast, y->forecast) && same(x->upper, y->upper));
	}
}

START_TEST(who_plays_a_tape_lives_as_with_a_forecaster_of_its_own)
{
	live(&alone, policy_of(EXTERNAL, ""), 100, false);
	live(&again, policy_of(EXTERNAL, ""), 100, true);
	compare(&alone, &again);
	live(&again, policy_of(EXTERNAL, ""), 100, true);
	compare(&alone, &again);
	ck_assert_int_eq(tapes_count(tapes), 1);
	ck_assert_int_eq(tapes_strays(tapes), 0);
	ck_assert_int_eq(alone.texts, alone.count);
	ck_assert_int_eq(again.texts, 0);
}
END_TEST

START_TEST(another_quantile_has_a_tape_of_its_own)
{
	live(&again, policy_of(EXTERNAL, "forecast: {quantile: 0.5}\n"), 100, true);
	live(&again, policy_of(EXTERNAL, "forecast: {quantile: 0.99}\n"), 100, true);
	live(&alone, policy_of(EXTERNAL, "forecast: {quantile: 0.99}\n"), 100, false);
	compare(&alone, &again);
	ck_assert_int_eq(tapes_count(tapes), 2);
}
END_TEST

START_TEST(a_load_that_turns_out_different_is_forecast_anew)
{
	/* Less capacity: pods saturate, so the CPU that is seen is not the load. */
	live(&again, policy_of(CPU, "forecast: {mode: Always}\n"), 100, true);
	live(&again, policy_of(CPU, "forecast: {mode: Always, quantile: 0.95}\n"), 60,
	     true);
	live(&alone, policy_of(CPU, "forecast: {mode: Always}\n"), 60, false);
	compare(&alone, &again);
	ck_assert_int_eq(tapes_count(tapes), 1);
	ck_assert_int_ge(tapes_strays(tapes), 1);
}
END_TEST

START_TEST(a_lost_metric_that_is_followed_looks_ahead)
{
	double *values = xcalloc(MINUTES, sizeof(double));
	memcpy(values, demand->values, MINUTES * sizeof(double));
	for (int m = 50 * 60; m < 50 * 60 + 25; m++)
		values[m] = NAN;
	trace_free(demand);
	demand = trace_new(START_MS, MS_PER_MIN, values, MINUTES);
	static const char more[] =
		"forecast: {mode: Always}\nonMetricsLoss: FollowForecast\n";
	live(&alone, policy_of(EXTERNAL, more), 100, false);
	live(&again, policy_of(EXTERNAL, more), 100, true);
	compare(&alone, &again);
	ck_assert_int_eq(tapes_strays(tapes), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tape");
	TCase *tc = tcase_create("tapes");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, who_plays_a_tape_lives_as_with_a_forecaster_of_its_own);
	tcase_add_test(tc, another_quantile_has_a_tape_of_its_own);
	tcase_add_test(tc, a_load_that_turns_out_different_is_forecast_anew);
	tcase_add_test(tc, a_lost_metric_that_is_followed_looks_ahead);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
