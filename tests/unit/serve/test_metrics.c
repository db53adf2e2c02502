#include "serve/metrics.h"

#include "unit/harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { UP, REPLICAS, REQUESTS, LATENCY, FAMILIES };

static const struct metric_family table[] = {
	[UP] = {.name = "foretop_up", .help = "Is it there.", .kind = FAMILY_GAUGE},
	[REPLICAS] = {.name = "foretop_replicas",
		      .help = "Replicas, as \\wanted\\\nnow.",
		      .kind = FAMILY_GAUGE,
		      .labels = {"target_namespace", "policy"}},
	[REQUESTS] = {.name = "rest_client_requests_total",
		      .help = "Requests by code.",
		      .kind = FAMILY_COUNTER,
		      .labels = {"code"}},
	[LATENCY] = {.name = "foretop_step_seconds",
		     .help = "Time of a step.",
		     .kind = FAMILY_HISTOGRAM,
		     .labels = {"policy"},
		     .bounds = {0.001, 0.5, 2},
		     .bound_count = 3},
};

static struct metrics *m;
static struct str out;

static void setup(void)
{
	m = metrics_new(table, FAMILIES, 1000);
	str_init(&out, 1 << 20);
}

static void teardown(void)
{
	metrics_free(m);
	str_fini(&out);
}

static const char *written(void)
{
	str_clear(&out);
	ck_assert_int_eq(metrics_write(m, &out), 0);
	return str_text(&out);
}

START_TEST(families_without_labels_exist_and_others_wait)
{
	ck_assert_str_eq(written(), "# HELP foretop_up Is it there.\n"
				    "# TYPE foretop_up gauge\n"
				    "foretop_up 0\n");
}
END_TEST

START_TEST(help_and_type_stand_once_and_values_are_escaped)
{
	metrics_set(m, REPLICAS, LABELS("shop", "a\"b\\c\nd"), 3);
	metrics_set(m, REPLICAS, LABELS("shop", "two"), 0.1);
	ck_assert_ptr_nonnull(strstr(
		written(), "# HELP foretop_replicas Replicas, as \\\\wanted\\\\\\nnow.\n"
			   "# TYPE foretop_replicas gauge\n"
			   "foretop_replicas{target_namespace=\"shop\","
			   "policy=\"a\\\"b\\\\c\\nd\"} 3\n"
			   "foretop_replicas{target_namespace=\"shop\",policy=\"two\"} "
			   "0.1\n"));
}
END_TEST

START_TEST(numbers_keep_every_bit_and_name_the_special_ones)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{0.1 + 0.2, "foretop_up 0.30000000000000004\n"},
		{1e15, "foretop_up 1e+15\n"},
		{123456789, "foretop_up 123456789\n"},
		{NAN, "foretop_up NaN\n"},
		{INFINITY, "foretop_up +Inf\n"},
		{-INFINITY, "foretop_up -Inf\n"},
	};
	metrics_set(m, UP, NO_LABELS, rows[_i].v);
	ck_assert_ptr_nonnull(strstr(written(), rows[_i].text));
}
END_TEST

START_TEST(counters_add_and_start_at_zero_when_touched)
{
	metrics_touch(m, REQUESTS, LABELS("200"));
	ck_assert_ptr_nonnull(
		strstr(written(), "rest_client_requests_total{code=\"200\"} 0\n"));
	metrics_add(m, REQUESTS, LABELS("200"), 1);
	metrics_add(m, REQUESTS, LABELS("200"), 2);
	metrics_add(m, REQUESTS, LABELS("500"), 1);
	ck_near(metrics_value(m, REQUESTS, LABELS("200")), 3, 0);
	ck_near(metrics_value(m, REQUESTS, LABELS("500")), 1, 0);
	ck_assert(isnan(metrics_value(m, REQUESTS, LABELS("404"))));
}
END_TEST

START_TEST(histograms_are_cumulative_with_bounds_included)
{
	const double values[] = {0.001, 0.2, 0.5, 1, 7, NAN};
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		metrics_observe(m, LATENCY, LABELS("a"), values[i]);
	ck_assert_ptr_nonnull(strstr(
		written(), "# TYPE foretop_step_seconds histogram\n"
			   "foretop_step_seconds_bucket{policy=\"a\",le=\"0.001\"} 1\n"
			   "foretop_step_seconds_bucket{policy=\"a\",le=\"0.5\"} 3\n"
			   "foretop_step_seconds_bucket{policy=\"a\",le=\"2\"} 4\n"
			   "foretop_step_seconds_bucket{policy=\"a\",le=\"+Inf\"} 5\n"
			   "foretop_step_seconds_sum{policy=\"a\"} 8.701\n"
			   "foretop_step_seconds_count{policy=\"a\"} 5\n"));
}
END_TEST

START_TEST(a_deleted_object_leaves_no_series)
{
	metrics_set(m, REPLICAS, LABELS("shop", "a"), 1);
	metrics_set(m, REPLICAS, LABELS("shop", "b"), 2);
	metrics_set(m, REPLICAS, LABELS("bank", "a"), 3);
	metrics_observe(m, LATENCY, LABELS("a"), 1);
	const struct metric_label both[] = {{"policy", "a"},
					    {"target_namespace", "shop"}};
	ck_assert_uint_eq(metrics_forget(m, both, 2), 1);
	ck_assert(isnan(metrics_value(m, REPLICAS, LABELS("shop", "a"))));
	ck_near(metrics_value(m, REPLICAS, LABELS("bank", "a")), 3, 0);
	ck_near(metrics_value(m, REPLICAS, LABELS("shop", "b")), 2, 0);
	ck_assert_uint_eq(metrics_forget(m, both, 1), 2);
	ck_assert_ptr_null(strstr(written(), "policy=\"a\""));
	ck_assert_ptr_null(strstr(written(), "foretop_step_seconds"));
	ck_assert_uint_eq(metrics_forget(m, both, 0), 0);
}
END_TEST

START_TEST(thousands_of_series_are_found_again_and_forgotten)
{
	metrics_free(m);
	m = metrics_new(table, FAMILIES, 10000);
	for (int i = 0; i < 5000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		metrics_set(m, REPLICAS, LABELS("shop", name), i);
	}
	ck_near(metrics_value(m, REPLICAS, LABELS("shop", "p4321")), 4321, 0);
	ck_assert_uint_eq(metrics_series(m), 5001);
	ck_assert_uint_eq(
		metrics_forget(m, &(struct metric_label){"target_namespace", "shop"}, 1),
		5000);
	ck_assert_uint_eq(metrics_series(m), 1);
}
END_TEST

START_TEST(the_limit_drops_new_series_and_counts_them)
{
	metrics_free(m);
	m = metrics_new(table, FAMILIES, 2);
	metrics_set(m, REPLICAS, LABELS("shop", "a"), 1);
	metrics_set(m, REPLICAS, LABELS("shop", "b"), 2);
	metrics_observe(m, LATENCY, LABELS("a"), 1);
	metrics_set(m, REPLICAS, LABELS("shop", "a"), 5);
	ck_assert_uint_eq(metrics_series(m), 2);
	ck_assert_uint_eq(metrics_dropped(m), 2);
	ck_near(metrics_value(m, REPLICAS, LABELS("shop", "a")), 5, 0);
}
END_TEST

START_TEST(a_full_text_is_an_error)
{
	struct str small AUTO(str_fini);
	str_init(&small, 30);
	ck_assert_int_eq(metrics_write(m, &small), -1);
}
END_TEST

START_TEST(a_table_against_the_conventions_aborts)
{
	static const struct metric_family wrong[] = {
		{.name = "requests", .help = "h", .kind = FAMILY_COUNTER},
		{.name = "size_total", .help = "h", .kind = FAMILY_GAUGE},
		{.name = "9lives", .help = "h", .kind = FAMILY_GAUGE},
		{.name = "a:b", .help = "h", .kind = FAMILY_GAUGE},
		{.name = "h_seconds", .help = "h", .kind = FAMILY_HISTOGRAM},
		{.name = "x", .help = "h", .kind = FAMILY_GAUGE, .labels = {"le"}},
		{.name = "x", .kind = FAMILY_GAUGE},
	};
	metrics_free(metrics_new(&wrong[_i], 1, 10));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tc = tcase_create("registry");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, families_without_labels_exist_and_others_wait);
	tcase_add_test(tc, help_and_type_stand_once_and_values_are_escaped);
	tcase_add_loop_test(tc, numbers_keep_every_bit_and_name_the_special_ones, 0, 6);
	tcase_add_test(tc, counters_add_and_start_at_zero_when_touched);
	tcase_add_test(tc, histograms_are_cumulative_with_bounds_included);
	tcase_add_test(tc, a_deleted_object_leaves_no_series);
	tcase_add_test(tc, thousands_of_series_are_found_again_and_forgotten);
	tcase_add_test(tc, the_limit_drops_new_series_and_counts_them);
	tcase_add_test(tc, a_full_text_is_an_error);
	tcase_add_loop_test_raise_signal(tc, a_table_against_the_conventions_aborts,
					 SIGABRT, 0, 7);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
