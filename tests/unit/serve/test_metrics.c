#include "serve/metrics.h"

#include "unit/harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { UP, REPLICAS, REQUESTS, LATENCY, LIVE, FAMILIES };

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
	[LIVE] = {.name = "foretop_live",
		  .help = "Of what is there.",
		  .kind = FAMILY_GAUGE,
		  .labels = {"policy"},
		  .live = true},
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

static const char *written_as(enum metrics_format format)
{
	str_clear(&out);
	ck_assert_int_eq(metrics_write(m, format, &out), 0);
	return str_text(&out);
}

static const char *written(void)
{
	return written_as(METRICS_TEXT);
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

static void set_live(const char *policy, double v)
{
	metrics_set(m, LIVE, LABELS(policy), v);
}

START_TEST(what_is_not_set_again_has_gone)
{
	metrics_begin(m);
	set_live("a", 1);
	set_live("b", 2);
	metrics_set(m, REPLICAS, LABELS("shop", "a"), 3);
	metrics_end(m);
	ck_near(metrics_value(m, LIVE, LABELS("a")), 1, 0);
	metrics_begin(m);
	set_live("b", 4);
	set_live("c", 5);
	metrics_end(m);
	ck_assert(isnan(metrics_value(m, LIVE, LABELS("a"))));
	ck_near(metrics_value(m, LIVE, LABELS("b")), 4, 0);
	ck_near(metrics_value(m, LIVE, LABELS("c")), 5, 0);
	/* The others stay. */
	ck_near(metrics_value(m, REPLICAS, LABELS("shop", "a")), 3, 0);
	metrics_begin(m);
	metrics_end(m);
	ck_assert_ptr_null(strstr(written(), "foretop_live"));
	set_live("a", 6);
	ck_assert_ptr_nonnull(strstr(written(), "foretop_live{policy=\"a\"} 6\n"));
}
END_TEST

START_TEST(thousands_of_series_are_found_again_and_dropped)
{
	metrics_free(m);
	m = metrics_new(table, FAMILIES, 10000);
	metrics_begin(m);
	for (int i = 0; i < 5000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		set_live(name, i);
	}
	metrics_end(m);
	ck_near(metrics_value(m, LIVE, LABELS("p4321")), 4321, 0);
	ck_assert_uint_eq(metrics_series(m), 5001);
	metrics_begin(m);
	set_live("p4321", 1);
	metrics_end(m);
	ck_assert_uint_eq(metrics_series(m), 2);
	ck_near(metrics_value(m, LIVE, LABELS("p4321")), 1, 0);
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

START_TEST(openmetrics_names_counters_and_bounds_its_own_way)
{
	metrics_add(m, REQUESTS, LABELS("200"), 2);
	metrics_observe(m, LATENCY, LABELS("a\"b"), 1);
	metrics_set(m, REPLICAS, LABELS("shop", "a"), 1);
	ck_assert_str_eq(written_as(METRICS_OPENMETRICS),
			 "# HELP foretop_up Is it there.\n"
			 "# TYPE foretop_up gauge\n"
			 "foretop_up 0\n"
			 "# HELP foretop_replicas Replicas, as \\\\wanted\\\\\\nnow.\n"
			 "# TYPE foretop_replicas gauge\n"
			 "foretop_replicas{target_namespace=\"shop\",policy=\"a\"} 1\n"
			 "# HELP rest_client_requests Requests by code.\n"
			 "# TYPE rest_client_requests counter\n"
			 "rest_client_requests_total{code=\"200\"} 2\n"
			 "# HELP foretop_step_seconds Time of a step.\n"
			 "# TYPE foretop_step_seconds histogram\n"
			 "foretop_step_seconds_bucket{policy=\"a\\\"b\",le=\"0.001\"} 0\n"
			 "foretop_step_seconds_bucket{policy=\"a\\\"b\",le=\"0.5\"} 0\n"
			 "foretop_step_seconds_bucket{policy=\"a\\\"b\",le=\"2.0\"} 1\n"
			 "foretop_step_seconds_bucket{policy=\"a\\\"b\",le=\"+Inf\"} 1\n"
			 "foretop_step_seconds_sum{policy=\"a\\\"b\"} 1\n"
			 "foretop_step_seconds_count{policy=\"a\\\"b\"} 1\n"
			 "# EOF\n");
}
END_TEST

static const struct {
	const char *accept;
	enum metrics_format format;
} accepts[] = {
	{"", METRICS_TEXT},
	{"*/*", METRICS_TEXT},
	{"text/plain", METRICS_TEXT},
	{"application/openmetrics-text", METRICS_OPENMETRICS},
	{"application/openmetrics-text; version=1.0.0; charset=utf-8",
	 METRICS_OPENMETRICS},
	{"application/openmetrics-text;version=2.0.0", METRICS_TEXT},
	{"application/openmetrics-text;version=0.0.1", METRICS_TEXT},
	{"application/openmetrics-text;q=0", METRICS_TEXT},
	{"text/plain;q=0.9, application/openmetrics-text;q=0.4", METRICS_TEXT},
	{"text/plain;q=0.5,application/openmetrics-text ; q=0.5", METRICS_OPENMETRICS},
	/* Prometheus 2.42 */
	{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
	 "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	 METRICS_OPENMETRICS},
	{"application/openmetrics-textile", METRICS_TEXT},
	{";;,,;q=,application/openmetrics-text;q", METRICS_OPENMETRICS},
};

START_TEST(openmetrics_is_given_to_those_who_ask_for_it)
{
	ck_assert_int_eq(metrics_negotiate(accepts[_i].accept), accepts[_i].format);
	ck_assert_str_eq(metrics_content_type(METRICS_OPENMETRICS),
			 "application/openmetrics-text; version=1.0.0; charset=utf-8");
	ck_assert_str_eq(metrics_content_type(METRICS_TEXT),
			 "text/plain; version=0.0.4; charset=utf-8");
}
END_TEST

START_TEST(a_full_text_is_an_error)
{
	struct str small AUTO(str_fini);
	str_init(&small, 30);
	ck_assert_int_eq(metrics_write(m, METRICS_TEXT, &small), -1);
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
	tcase_add_test(tc, what_is_not_set_again_has_gone);
	tcase_add_test(tc, thousands_of_series_are_found_again_and_dropped);
	tcase_add_test(tc, openmetrics_names_counters_and_bounds_its_own_way);
	tcase_add_loop_test(tc, openmetrics_is_given_to_those_who_ask_for_it, 0,
			    ARRAY_LEN(accepts));
	tcase_add_test(tc, the_limit_drops_new_series_and_counts_them);
	tcase_add_test(tc, a_full_text_is_an_error);
	tcase_add_loop_test_raise_signal(tc, a_table_against_the_conventions_aborts,
					 SIGABRT, 0, 7);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
