#include "sim/replay.h"

#include "unit/harness.h"
#include "unit/sim/policy.h"

#include <stdio.h>
#include <string.h>

#define MINUTES  (3 * 1440)
#define ROWS_MAX 20000

static struct trace *demand;
static struct replay *replay;
static struct replay_row rows[ROWS_MAX];
static int row_count;
static char last_reason[512];

/* A shop for three days, at most about 1,000 units per second. */
static struct trace *shop(uint64_t seed)
{
	const struct shop_config config = {.start_ms = START_MS,
					   .step_ms = MS_PER_MIN,
					   .count = MINUTES,
					   .peak = 1000,
					   .noise = 0.03,
					   .seed = seed};
	return trace_shop(&config);
}

static void setup(void)
{
	demand = shop(1);
	row_count = 0;
}

static void teardown(void)
{
	replay_free(replay);
	replay_free(NULL);
	replay = NULL;
	trace_free(demand);
}

static void heed(void *arg, const struct replay_row *row)
{
	(void)arg;
	ck_assert_int_lt(row_count, ROWS_MAX);
	snprintf(last_reason, sizeof(last_reason), "%s", row->reason);
	rows[row_count] = *row;
	rows[row_count++].reason = NULL;
}

static void start(const char *metric, const char *more, int64_t at_ms)
{
	struct err err = {0};
	const struct replay_config config = {
		.workload = {.demand = demand,
			     .capacity = 100,
			     .lead_ms = 180000,
			     .replicas = 8,
			     .cpu_full = 100,
			     .cpu_request = 100},
		.heed = heed,
	};
	replay = replay_new(&config, policy_of(metric, more), at_ms, &err);
	ck_assert_msg(replay != NULL, "%s", err.msg);
}

static double at_hour(double h)
{
	return START_MS + h * MS_PER_H;
}

#define ALWAYS "forecast: {mode: Always, leadTime: 180s}\n"

START_TEST(it_decides_at_every_sync_and_follows_the_load)
{
	start(EXTERNAL, "", (int64_t)at_hour(48));
	replay_advance(replay, (int64_t)at_hour(60));
	/* One at the start, one for each 15 s after it. */
	ck_assert_int_eq(replay_tally(replay)->decisions, 12 * 240 + 1);
	for (int i = 0; i < row_count; i++)
		ck_assert_int_eq(rows[i].at_ms % 15000, 0);
	double load = trace_at(demand, (int64_t)at_hour(60));
	ck_near(replay_workload(replay)->replicas, load / 70, load / 70 * 0.25 + 1);
	ck_assert_int_eq(replay_workload(replay)->outcome.actions > 3, true);
	ck_assert_msg(strstr(last_reason, "r ") != NULL, "%s", last_reason);
}
END_TEST

START_TEST(the_rows_alone_give_the_score_again)
{
	/* A lead time and steps that are no multiples of the sync period. */
	double *values = xcalloc(MINUTES, sizeof(double));
	memcpy(values, demand->values, MINUTES * sizeof(double));
	trace_free(demand);
	demand = trace_new(START_MS, 57000, values, MINUTES);
	start("{type: External, external: {metric: {name: r}, target: {type: "
	      "AverageValue, averageValue: \"95\"}}, query: q}",
	      "forecast: {mode: Disabled}\n", START_MS + 20 * MS_PER_H);
	replay_advance(replay, START_MS + 26 * MS_PER_H);
	replay_reset(replay);
	row_count--; /* what stands at this moment counts from here */
	rows[0] = rows[row_count];
	row_count = 1;
	int64_t end = START_MS + 44 * MS_PER_H;
	replay_end(replay, end);
	double pod_h = 0, units = 0, unserved = 0, minutes = 0;
	int actions = 0;
	for (int i = 0; i < row_count; i++) {
		int64_t until = i + 1 < row_count ? rows[i + 1].at_ms : end;
		double s = (double)(until - rows[i].at_ms) / 1000;
		double lack = rows[i].demand - rows[i].ready * 100.0;
		pod_h += rows[i].pods * s / 3600;
		units += rows[i].demand * s;
		unserved += lack > 0 ? lack * s : 0;
		minutes += lack > 0 ? s / 60 : 0;
		actions += i > 0 && rows[i].pods != rows[i - 1].pods;
	}
	const struct outcome *o = &replay_workload(replay)->outcome;
	ck_near(o->pod_h, pod_h, 1e-6);
	ck_near(o->demand_units, units, 1e-3);
	ck_near(o->unserved_units, unserved, 1e-3);
	ck_near(o->short_min, minutes, 1e-6);
	ck_assert_int_eq(o->actions, actions);
	ck_assert_int_gt(actions, 10);
	ck_assert(unserved > 0);
}
END_TEST

/* Steps of 15 s, with another load from the turn on, and then the end. */
static void turn_demand(int64_t turn_ms, double after)
{
	const struct shop_config config = {.start_ms = START_MS,
					   .step_ms = 15 * MS_PER_S,
					   .count = MINUTES * 4,
					   .peak = 1000,
					   .noise = 0.03,
					   .seed = 1};
	struct trace *whole AUTO(trace_cleanup) = trace_shop(&config);
	size_t turn = (size_t)((turn_ms - START_MS) / config.step_ms);
	size_t count = after > 0 ? turn + 240 : whole->count;
	double *values = xcalloc(count, sizeof(double));
	for (size_t i = 0; i < count; i++)
		values[i] = i >= turn && after > 0 ? after : whole->values[i];
	trace_free(demand);
	demand = trace_new(START_MS, config.step_ms, values, count);
}

/* At every place within a minute: what is learned of a minute must have been. */
START_TEST(nothing_that_comes_later_changes_what_was_done_before)
{
	static struct replay_row before[ROWS_MAX];
	int64_t turn = START_MS + 50 * MS_PER_H + _i * 15 * MS_PER_S;
	turn_demand(turn, 0);
	start(EXTERNAL, ALWAYS, START_MS + 48 * MS_PER_H);
	replay_advance(replay, turn);
	int count = row_count;
	ck_assert_int_gt(count, 480);
	memcpy(before, rows, sizeof(rows[0]) * (size_t)count);
	replay_free(replay);
	row_count = 0;
	turn_demand(turn, 5000);
	start(EXTERNAL, ALWAYS, START_MS + 48 * MS_PER_H);
	replay_advance(replay, turn);
	ck_assert_int_eq(row_count, count);
	/* The row of the turn itself shows the demand that begins then. */
	ck_assert(rows[count - 1].demand > before[count - 1].demand);
	rows[count - 1].demand = before[count - 1].demand;
	bool forecast = false;
	for (int i = 0; i < count; i++) {
		forecast |= rows[i].upper > 0;
		ck_assert(rows[i].upper == before[i].upper ||
			  (isnan(rows[i].upper) && isnan(before[i].upper)));
		ck_assert_int_eq(rows[i].at_ms, before[i].at_ms);
		ck_assert_int_eq(rows[i].ready, before[i].ready);
		ck_assert_int_eq(rows[i].pods, before[i].pods);
		ck_assert_int_eq(rows[i].desired, before[i].desired);
		ck_assert_int_eq(rows[i].reactive, before[i].reactive);
		ck_assert(rows[i].demand == before[i].demand);
	}
	ck_assert(forecast);
}
END_TEST

START_TEST(what_was_before_the_trace_is_not_known)
{
	start(EXTERNAL, ALWAYS, START_MS + 10 * MS_PER_H);
	replay_advance(replay, START_MS + 10 * MS_PER_H);
	const struct forecast *f = &replay_status(replay)->metrics[0].forecast;
	/* All whole minutes of the trace so far, and none of the days before it. */
	ck_assert_int_le(f->learned_min, 600);
	ck_assert_int_ge(f->learned_min, 598);
}
END_TEST

START_TEST(a_gap_in_the_trace_holds_the_size)
{
	for (int m = 50 * 60; m < 51 * 60; m++)
		demand->values[m] = NAN;
	double *values = xcalloc(MINUTES, sizeof(double));
	memcpy(values, demand->values, MINUTES * sizeof(double));
	trace_free(demand);
	demand = trace_new(START_MS, MS_PER_MIN, values, MINUTES);
	start(EXTERNAL, "", START_MS + 49 * MS_PER_H);
	replay_advance(replay, START_MS + 50 * MS_PER_H + 2 * MS_PER_MIN);
	int32_t size = replay_workload(replay)->replicas;
	replay_advance(replay, START_MS + 51 * MS_PER_H - MS_PER_MIN);
	ck_assert_int_eq(replay_workload(replay)->replicas, size);
	ck_assert_msg(strstr(last_reason, "no series") != NULL, "%s", last_reason);
	replay_advance(replay, START_MS + 53 * MS_PER_H);
	ck_assert_msg(strstr(last_reason, "no series") == NULL, "%s", last_reason);
}
END_TEST

START_TEST(pods_that_are_looked_at_one_by_one_lead_to_the_same_size)
{
	static const char *const metrics[] = {
		EXTERNAL,
		"{type: Pods, pods: {metric: {name: r}, target: {type: AverageValue, "
		"averageValue: \"70\"}}, query: q}",
		"{type: Resource, resource: {name: cpu, target: {type: Utilization, "
		"averageUtilization: 70}}}",
		"{type: ContainerResource, containerResource: {name: cpu, container: "
		"app, target: {type: Utilization, averageUtilization: 70}}}",
	};
	start(metrics[_i], "forecast: {mode: Disabled}\n", START_MS + 48 * MS_PER_H);
	replay_advance(replay, START_MS + 59 * MS_PER_H);
	double load = trace_at(demand, START_MS + 59 * MS_PER_H);
	ck_near(replay_workload(replay)->replicas, load / 70, load / 70 * 0.2 + 1);
	ck_assert_int_eq(replay_status(replay)->conditions[PC_METRICS_AVAILABLE].status,
			 STATUS_TRUE);
}
END_TEST

START_TEST(cpu_is_learned_from_before_the_start)
{
	start("{type: Resource, resource: {name: cpu, target: {type: Utilization, "
	      "averageUtilization: 70}}, forecast: {target: 90}}",
	      ALWAYS, START_MS + 48 * MS_PER_H);
	replay_advance(replay, START_MS + 48 * MS_PER_H);
	const struct forecast *f = &replay_status(replay)->metrics[0].forecast;
	ck_assert_int_ge(f->learned_min, 48 * 60 - 2);
	ck_assert_int_eq(f->state, FORECAST_READY);
	ck_near(f->last, trace_at(demand, START_MS + 48 * MS_PER_H - MS_PER_MIN), 20);
}
END_TEST

START_TEST(the_lead_time_is_measured_from_the_pods)
{
	start(EXTERNAL, "", START_MS + 48 * MS_PER_H);
	replay_advance(replay, START_MS + 66 * MS_PER_H);
	ck_assert_int_eq(replay_status(replay)->lead_source, LEAD_MEASURED);
	ck_assert_int_eq(replay_status(replay)->lead_ms, 180000);
}
END_TEST

START_TEST(schedules_open_and_guards_stay_silent)
{
	start(EXTERNAL,
	      "schedule:\n- {cron: \"0 3 * * *\", timeZone: Europe/Paris, duration: 1h, "
	      "minReplicas: 40}\n"
	      "guards: [{name: errors, query: q, above: 0.05, action: Hold}]\n",
	      START_MS + 48 * MS_PER_H);
	replay_advance(replay, START_MS + 49 * MS_PER_H + 30 * MS_PER_MIN);
	ck_assert_int_lt(replay_workload(replay)->replicas, 30);
	/* 03:00 in Paris is 02:00 UTC. */
	replay_advance(replay, START_MS + 50 * MS_PER_H + 30 * MS_PER_MIN);
	ck_assert_int_ge(replay_workload(replay)->replicas, 40);
	replay_advance(replay, START_MS + 52 * MS_PER_H);
	ck_assert_int_lt(replay_workload(replay)->replicas, 30);
	/* And on the next day, long after the first plan was told. */
	replay_advance(replay, START_MS + 71 * MS_PER_H + 30 * MS_PER_MIN);
	ck_assert_int_lt(replay_workload(replay)->replicas, 30);
}
END_TEST

START_TEST(an_unknown_time_zone_is_refused)
{
	struct err err = {0};
	const struct replay_config config = {
		.workload = {.demand = demand, .capacity = 100}};
	ck_assert(replay_new(&config,
			     policy_of(EXTERNAL, "forecast: {timeZone: Mars/Base}\n"),
			     START_MS, &err) == NULL);
	ck_assert_msg(strstr(err.msg, "Mars/Base") != NULL, "%s", err.msg);
}
END_TEST

/* --- the text of a policy --- */

static struct policy *read_text(const char *text, char **ret_notes, struct err *err)
{
	struct str notes;
	str_init(&notes, 4096);
	struct policy *p = replay_policy(text, strlen(text), &notes, err);
	*ret_notes = str_take(&notes);
	return p;
}

START_TEST(a_configmap_is_read_with_what_is_different)
{
	struct err err = {0};
	char *notes AUTO_FREE = NULL;
	struct policy *p AUTO(policy_cleanup) = read_text(
		"apiVersion: v1\nkind: ConfigMap\n"
		"metadata: {name: b, namespace: shop}\ndata:\n  policy.yaml: |\n"
		"    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n"
		"    maxReplicas: 9\n    mode: Recommend\n    pause: true\n    metrics:\n"
		"    - {type: Resource, resource: {name: memory, target: {type: "
		"AverageValue, averageValue: 1Gi}}}\n"
		"    - " EXTERNAL "\n"
		"    guards: [{name: g, query: q, above: 1, action: Hold}]\n",
		&notes, &err);
	ck_assert_msg(p != NULL, "%s", err.msg);
	ck_assert_str_eq(p->ns, "shop");
	ck_assert_str_eq(p->name, "b");
	ck_assert_int_eq(p->metric_count, 1);
	ck_assert_str_eq(p->metrics[0].name, "r");
	ck_assert_int_eq(p->mode, MODE_SCALE);
	ck_assert(!p->pause);
	ck_assert_str_eq(
		notes,
		"the ConfigMap has no label foretop.io/policy: \"v1\": foretop run would "
		"not see it\n"
		"metrics[0] (memory) is left out: the trace is metrics[1] (r)\n"
		"guards[0] (g) stays silent: it has no data\n"
		"pause is taken as false\nmode Recommend is taken as Scale\n");
}
END_TEST

START_TEST(problems_name_the_line_of_the_file)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"kind: ConfigMap\ndata: {}\n", "data has no key \"policy.yaml\""},
		{"kind: ConfigMap\nmetadata: {name: b}\ndata:\n  policy.yaml: |\n"
		 "    maxReplicas: 9\n    maxReplica: 8\n",
		 "line 6: "},
		{"maxReplicas: none\n", "line 1: maxReplicas"},
		{"a: [\n", "line "},
		{"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n"
		 "maxReplicas: 9\nmetrics:\n- {type: Resource, resource: {name: memory, "
		 "target: {type: AverageValue, averageValue: 1Gi}}}\n",
		 "none has a demand that pods share"},
	};
	struct err err = {0};
	char *notes AUTO_FREE = NULL;
	struct policy *p AUTO(policy_cleanup) = read_text(cases[_i].text, &notes, &err);
	ck_assert(p == NULL);
	ck_assert_msg(strstr(err.msg, cases[_i].says) != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("replay");
	TCase *tc = tcase_create("replays");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_decides_at_every_sync_and_follows_the_load);
	tcase_add_test(tc, the_rows_alone_give_the_score_again);
	tcase_add_loop_test(tc, nothing_that_comes_later_changes_what_was_done_before, 0,
			    4);
	tcase_add_test(tc, what_was_before_the_trace_is_not_known);
	tcase_add_test(tc, a_gap_in_the_trace_holds_the_size);
	tcase_add_loop_test(tc, pods_that_are_looked_at_one_by_one_lead_to_the_same_size,
			    0, 4);
	tcase_add_test(tc, cpu_is_learned_from_before_the_start);
	tcase_add_test(tc, the_lead_time_is_measured_from_the_pods);
	tcase_add_test(tc, schedules_open_and_guards_stay_silent);
	tcase_add_test(tc, an_unknown_time_zone_is_refused);
	suite_add_tcase(suite, tc);
	tc = tcase_create("policies");
	tcase_add_test(tc, a_configmap_is_read_with_what_is_different);
	tcase_add_loop_test(tc, problems_name_the_line_of_the_file, 0, 5);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
