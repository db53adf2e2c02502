#include "sim/workload.h"

#include "unit/harness.h"

#include <string.h>

static struct trace *demand; /* 100, 300, 300, 0 units per second, a minute each */
static struct workload w;

static struct workload_config config;

static void setup(void)
{
	double *values = xcalloc(4, sizeof(double));
	memcpy(values, (const double[]){100, 300, 300, 0}, 4 * sizeof(double));
	demand = trace_new(0, MS_PER_MIN, values, 4);
	config = (struct workload_config){
		.ns = "shop",
		.name = "checkout",
		.demand = demand,
		.capacity = 100,
		.lead_ms = 30000,
		.replicas = 1,
		.cpu_idle = 0.1,
		.cpu_full = 0.9,
		.cpu_request = 1,
		.memory_idle = 50,
		.memory_full = 150,
	};
	workload_init(&w, &config, 0);
}

static void teardown(void)
{
	workload_fini(&w);
	workload_fini(NULL);
	trace_free(demand);
}

START_TEST(demand_above_the_ready_capacity_is_not_served)
{
	/* One pod serves 100: 200 of the second minute's 300 are lost. */
	workload_advance(&w, 120000);
	const struct outcome *o = &w.outcome;
	ck_near(o->demand_units, 60 * 100 + 60 * 300, 1e-9);
	ck_near(o->unserved_units, 60 * 200, 1e-9);
	ck_near(outcome_unserved_ratio(o), 0.5, 1e-12);
	ck_near(o->short_min, 1, 1e-12);
	ck_near(o->pod_h, 2 / 60.0, 1e-12);
	ck_near(o->elapsed_h, 2 / 60.0, 1e-12);
	ck_assert_int_eq(o->actions, 0);
}
END_TEST

START_TEST(pods_are_paid_from_creation_and_serve_once_ready)
{
	workload_advance(&w, 60000);
	workload_scale(&w, 3);
	ck_assert_int_eq(w.pod_count, 3);
	ck_assert_int_eq(workload_ready(&w), 1);
	ck_assert_int_eq(workload_next_ready_ms(&w), 90000);
	workload_advance(&w, 89999);
	ck_assert_int_eq(workload_ready(&w), 1);
	workload_advance(&w, 120000);
	ck_assert_int_eq(workload_ready(&w), 3);
	ck_assert_int_eq(workload_next_ready_ms(&w), INT64_MAX);
	/* 30 s short of 200, then enough; one pod for a minute, three for another. */
	ck_near(w.outcome.unserved_units, 30 * 200, 1e-9);
	ck_near(w.outcome.short_min, 0.5, 1e-9);
	ck_near(w.outcome.pod_h, 4 / 60.0, 1e-9);
	ck_assert_int_eq(w.outcome.actions, 1);
	ck_assert_int_eq(w.outcome.largest_step, 2);
}
END_TEST

START_TEST(the_way_in_which_time_passes_does_not_matter)
{
	struct workload other;
	workload_init(&other, &config, 0);
	workload_advance(&w, 60000);
	workload_scale(&w, 2);
	workload_advance(&w, 240000);
	for (int64_t t = 0; t <= 240000; t += 700) {
		workload_advance(&other, t);
		if (t == 59500) {
			workload_advance(&other, 60000);
			workload_scale(&other, 2);
		}
	}
	workload_advance(&other, 240000);
	workload_advance(&other, 100); /* the past is nothing */
	ck_near(other.outcome.unserved_units, w.outcome.unserved_units, 1e-6);
	ck_near(other.outcome.pod_h, w.outcome.pod_h, 1e-9);
	ck_near(other.cpu_s, w.cpu_s, 1e-9);
	ck_assert_uint_eq(other.scrape_count, w.scrape_count);
	ck_assert_uint_eq(other.changes, w.changes);
	workload_fini(&other);
}
END_TEST

START_TEST(scale_down_takes_those_not_ready_first_then_the_newest)
{
	workload_scale(&w, 3); /* serials 1 and 2 */
	workload_advance(&w, 30000);
	workload_scale(&w, 5); /* 3 and 4, not Ready */
	workload_advance(&w, 40000);
	workload_scale(&w, 4);
	ck_assert_int_eq(w.pods[3].serial, 3);
	workload_scale(&w, 2);
	ck_assert_int_eq(w.pod_count, 2);
	ck_assert_int_eq(w.pods[0].serial, 0);
	ck_assert_int_eq(w.pods[1].serial, 1);
	ck_assert_int_eq(workload_ready(&w), 2);
	ck_assert_int_eq(w.outcome.actions, 4);
	workload_scale(&w, 3);
	ck_assert_int_eq(w.pods[2].serial, 5);
	workload_scale(&w, -1);
	ck_assert_int_eq(w.pod_count, 0);
	ck_assert_int_eq(w.ready_count, 0);
	workload_scale(&w, INT32_MAX);
	ck_assert_int_eq(w.pod_count, WORKLOAD_PODS_MAX);
}
END_TEST

START_TEST(a_slow_pod_goes_before_newer_ones_that_are_ready)
{
	w.config.lead_ms = 100000;
	workload_scale(&w, 2); /* serial 1 */
	w.config.lead_ms = 10000;
	workload_scale(&w, 4); /* 2 and 3 */
	workload_advance(&w, 20000);
	ck_assert_int_eq(workload_ready(&w), 3);
	workload_scale(&w, 3);
	ck_assert_int_eq(w.pods[0].serial, 0);
	ck_assert_int_eq(w.pods[1].serial, 2);
	ck_assert_int_eq(w.pods[2].serial, 3);
	ck_assert_int_eq(workload_ready(&w), 3);
}
END_TEST

START_TEST(the_lead_time_is_jittered_by_seed)
{
	config.lead_jitter_ms = 10000;
	config.seed = 7;
	struct workload a, b;
	workload_init(&a, &config, 0);
	workload_init(&b, &config, 0);
	workload_scale(&a, 50);
	workload_scale(&b, 50);
	int64_t least = INT64_MAX, most = 0;
	for (int i = 1; i < 50; i++) {
		int64_t ready = a.pods[i].ready_ms;
		ck_assert_int_eq(ready, b.pods[i].ready_ms);
		least = ready < least ? ready : least;
		most = ready > most ? ready : most;
	}
	ck_assert(least >= 30000 && least < 32000);
	ck_assert(most < 40000 && most > 38000);
	workload_fini(&a);
	workload_fini(&b);
}
END_TEST

START_TEST(utilisation_is_demand_by_ready_capacity)
{
	ck_near(workload_utilisation(&w), 1, 1e-12);
	workload_advance(&w, 60000);
	ck_near(workload_utilisation(&w), 3, 1e-12);
	workload_scale(&w, 0);
	ck_assert(isinf(workload_utilisation(&w)));
	workload_advance(&w, 180000);
	ck_near(workload_utilisation(&w), 0, 0);
}
END_TEST

START_TEST(cpu_follows_utilisation_and_stops_at_full)
{
	/* First minute: full; second: 3 times the capacity, still full. */
	workload_advance(&w, 120000);
	ck_near(w.cpu_s, 120 * 0.9, 1e-9);
	workload_scale(&w, 3);
	workload_advance(&w, 150000);
	/* The old one is full, the new ones idle until they are Ready. */
	ck_near(w.cpu_s, 120 * 0.9 + 30 * (0.9 + 2 * 0.1), 1e-9);
	workload_advance(&w, 240000);
	/* Ready: 30 s at utilisation 1, then a minute without demand. */
	ck_near(w.cpu_s, 120 * 0.9 + 30 * 1.1 + 30 * 3 * 0.9 + 60 * 3 * 0.1, 1e-9);
}
END_TEST

/* Of the last minute, as it is known at at_ms. */
static double cpu_of(int pod, int64_t at_ms)
{
	const struct cpu_window window = workload_cpu_window(&w, 60000, at_ms);
	return workload_pod_cpu(&w, &w.pods[pod], &window);
}

START_TEST(a_pods_cpu_is_seen_through_scrapes)
{
	workload_advance(&w, 180000);
	workload_scale(&w, 3);
	/* Known at 185 s: scrapes at 135 to 180. */
	ck_near(cpu_of(0, 185000), 0.9, 1e-9);
	ck_assert(isnan(cpu_of(1, 185000)));
	workload_advance(&w, 270000);
	/* Scrapes of the new pod at 195 and 210: idle. */
	ck_near(cpu_of(1, 215000), 0.1, 1e-9);
	/* No demand until 240, then a third of the capacity of three pods. */
	ck_near(cpu_of(0, 245000), 0.1, 1e-9);
	ck_near(cpu_of(1, 275000), 0.1 + 0.8 * 30 / 45.0 / 3.0, 1e-9);
	/* What is not scraped yet is not known. */
	ck_assert(isnan(cpu_of(0, 400000)));
	ck_assert_int_eq(workload_scraped_ms(&w, 215000), 210000);
	ck_assert_int_eq(workload_scraped_ms(&w, 214999), 195000);
}
END_TEST

START_TEST(the_cpu_of_all_pods_has_a_past_from_before_the_start)
{
	workload_advance(&w, 120000);
	ck_near(workload_cpu_rate(&w, 60000, 110000), 0.9, 1e-9);
	/* The minute before the start has the trace's end: 0 there, 300 before. */
	ck_near(workload_cpu_rate(&w, 60000, -5000), 0, 1e-9);
	ck_near(workload_cpu_rate(&w, 60000, -65000), 300 / 100.0 * 0.8, 1e-9);
	ck_near(workload_requests_rate(&w, 60000, 95000), (15 * 100 + 30 * 300) / 45.0,
		1e-9);
	ck_near(workload_requests_rate(&w, 60000, -65000), 300, 1e-9);
}
END_TEST

START_TEST(memory_has_a_base_and_follows_the_load)
{
	ck_near(workload_pod_memory(&w, &w.pods[0]), 150, 1e-9);
	workload_scale(&w, 2);
	ck_near(workload_pod_memory(&w, &w.pods[1]), 50, 1e-9);
	workload_advance(&w, 30000);
	ck_near(workload_pod_memory(&w, &w.pods[1]), 100, 1e-9);
}
END_TEST

START_TEST(counting_can_start_anew)
{
	workload_advance(&w, 120000);
	workload_reset_outcome(&w);
	workload_advance(&w, 180000);
	ck_near(w.outcome.demand_units, 60 * 300, 1e-9);
	ck_near(w.outcome.unserved_units, 60 * 200, 1e-9);
	ck_near(outcome_unserved_ratio(&(struct outcome){0}), 0, 0);
}
END_TEST

/* By seed: the same pods take the same time in every world. */
START_TEST(of_several_lead_times_each_pod_gets_one)
{
	static const int64_t leads[] = {10000, 20000, 50000};
	int seen[3] = {0};
	workload_fini(&w);
	config.leads_ms = leads;
	config.lead_count = 3;
	config.lead_ms = 50000;
	workload_init(&w, &config, 0);
	workload_scale(&w, 301);
	for (int32_t i = 1; i < w.pod_count; i++)
		for (int l = 0; l < 3; l++)
			seen[l] += w.pods[i].ready_ms == leads[l];
	ck_assert_int_eq(seen[0] + seen[1] + seen[2], 300);
	for (int l = 0; l < 3; l++)
		ck_assert_int_gt(seen[l], 70);
	workload_advance(&w, 20000);
	ck_assert_int_eq(w.ready_count, 1 + seen[0] + seen[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("workload");
	TCase *tc = tcase_create("life");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, of_several_lead_times_each_pod_gets_one);
	tcase_add_test(tc, demand_above_the_ready_capacity_is_not_served);
	tcase_add_test(tc, pods_are_paid_from_creation_and_serve_once_ready);
	tcase_add_test(tc, the_way_in_which_time_passes_does_not_matter);
	tcase_add_test(tc, scale_down_takes_those_not_ready_first_then_the_newest);
	tcase_add_test(tc, a_slow_pod_goes_before_newer_ones_that_are_ready);
	tcase_add_test(tc, the_lead_time_is_jittered_by_seed);
	tcase_add_test(tc, utilisation_is_demand_by_ready_capacity);
	tcase_add_test(tc, cpu_follows_utilisation_and_stops_at_full);
	tcase_add_test(tc, a_pods_cpu_is_seen_through_scrapes);
	tcase_add_test(tc, the_cpu_of_all_pods_has_a_past_from_before_the_start);
	tcase_add_test(tc, memory_has_a_base_and_follows_the_load);
	tcase_add_test(tc, counting_can_start_anew);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
