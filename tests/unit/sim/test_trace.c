#include "sim/trace.h"

#include "unit/harness.h"

#include <string.h>

static struct trace *t; /* 10, 20, 40 units per second, a minute each, from 60 s on */

static struct trace *of(int64_t start_ms, int64_t step_ms, const double *values, size_t n)
{
	double *copy = xcalloc(n, sizeof(double));
	memcpy(copy, values, n * sizeof(double));
	return trace_new(start_ms, step_ms, copy, n);
}

static void setup(void)
{
	t = of(60000, 60000, (const double[]){10, 20, 40}, 3);
}

static void teardown(void)
{
	trace_free(t);
	trace_free(NULL);
}

START_TEST(a_value_holds_for_its_whole_step)
{
	static const struct {
		int64_t at_ms;
		double at, known;
	} rows[] = {
		{60000, 10, 40},  {119999, 10, 40}, {120000, 20, 10}, {180000, 40, 20},
		{239999, 40, 20}, {240000, 10, 40}, {300000, 20, 10}, {420000, 10, 40},
		{59999, 40, 20},  {0, 40, 20},      {-60000, 20, 10}, {-180000, 40, 20},
	};
	ck_near(trace_at(t, rows[_i].at_ms), rows[_i].at, 0);
	ck_near(trace_known(t, rows[_i].at_ms), rows[_i].known, 0);
}
END_TEST

START_TEST(means_are_exact_over_any_span)
{
	static const struct {
		int64_t from_s, to_s;
		double mean;
	} rows[] = {
		{60, 120, 10},          {60, 240, 70.0 / 3}, {90, 150, 15},
		{119, 121, 15},         {210, 270, 25}, /* over the end: 40, then 10 again
							 */
		{240, 420, 70.0 / 3},                   /* a whole repetition */
		{30, 90, 25},                           /* over the start */
		{-840, 1320, 70.0 / 3},                 /* twelve repetitions */
		{-120, 0, 15},                          /* 10 and 20 */
	};
	ck_near(trace_mean(t, rows[_i].from_s * 1000, rows[_i].to_s * 1000),
		rows[_i].mean, 1e-9);
}
END_TEST

START_TEST(the_largest_demand_of_a_window_excludes_its_beginning)
{
	static const struct {
		int64_t from_s, to_s;
		double max;
	} rows[] = {
		{60, 119, 10},  {60, 120, 20},  {60, 180, 40},  {179, 180, 40},
		{180, 181, 40}, {239, 240, 40}, {120, 179, 20}, {200, 1000, 40},
	};
	ck_near(trace_max(t, rows[_i].from_s * 1000, rows[_i].to_s * 1000), rows[_i].max,
		0);
}
END_TEST

START_TEST(steps_end_where_the_next_begins)
{
	ck_assert_int_eq(trace_step_end(t, 60000), 120000);
	ck_assert_int_eq(trace_step_end(t, 119999), 120000);
	ck_assert_int_eq(trace_step_end(t, 239999), 240000);
	ck_assert_int_eq(trace_step_end(t, 240000), 300000);
	ck_assert_int_eq(trace_step_end(t, -1), 0);
	ck_assert_int_eq(trace_end_ms(t), 240000);
}
END_TEST

START_TEST(whole_days_are_repeated)
{
	double values[36]; /* a day and a half of hours */
	for (int i = 0; i < 36; i++)
		values[i] = i;
	struct trace *days = of(0, MS_PER_H, values, 36);
	ck_near(trace_at(days, 35 * MS_PER_H), 35, 0);
	ck_near(trace_at(days, 36 * MS_PER_H), 12, 0);
	ck_near(trace_at(days, 59 * MS_PER_H), 35, 0);
	ck_near(trace_at(days, 60 * MS_PER_H), 12, 0);
	ck_near(trace_at(days, -MS_PER_H), 23, 0);
	ck_near(trace_at(days, -25 * MS_PER_H), 23, 0);
	ck_near(trace_mean(days, 36 * MS_PER_H, 60 * MS_PER_H), 23.5, 1e-9);
	ck_near(trace_mean(days, -24 * MS_PER_H, 0), 11.5, 1e-9);
	ck_near(trace_mean(days, -48 * MS_PER_H, -24 * MS_PER_H), 11.5, 1e-9);
	trace_free(days);
}
END_TEST

START_TEST(gaps_take_the_last_value_and_negative_ones_are_nothing)
{
	struct trace *g = of(0, 1000, (const double[]){NAN, 5, NAN, -3, 7}, 5);
	const double want[] = {5, 5, 5, 0, 7};
	for (int i = 0; i < 5; i++)
		ck_near(trace_at(g, i * 1000), want[i], 0);
	ck_near(trace_mean(g, 0, 5000), 22.0 / 5, 1e-12);
	trace_free(g);
}
END_TEST

START_TEST(a_rate_is_the_mean_between_the_scrapes_of_its_window)
{
	/* Scrapes every 15 s, known 5 s late; the window is a minute. At 140 s the newest
	 * known scrape is at 135 s, the oldest in (75, 135] at 90 s: 30 s of 10 and 15 s
	 * of 20. */
	const struct scrape s = {15000, 60000, 5000};
	ck_near(trace_rate(t, &s, 140000), (30 * 10 + 15 * 20) / 45.0, 1e-9);
	ck_near(trace_rate(t, &s, 139999), 10, 1e-9);
	ck_near(trace_rate(t, &s, 185000), 20, 1e-9);
	int64_t first, last;
	ck_assert(scrape_window(&s, 140000, &first, &last));
	ck_assert_int_eq(first, 90000);
	ck_assert_int_eq(last, 135000);
	const struct scrape narrow = {60000, 60000, 0};
	ck_assert(isnan(trace_rate(t, &narrow, 140000)));
}
END_TEST

START_TEST(scaling_scales_values_and_sums)
{
	trace_scale(t, 2.5);
	ck_near(trace_at(t, 120000), 50, 0);
	ck_near(trace_mean(t, 60000, 240000), 2.5 * 70 / 3, 1e-9);
}
END_TEST

START_TEST(percentiles_lie_between_ranks)
{
	ck_near(trace_percentile(t, 0), 10, 0);
	ck_near(trace_percentile(t, 0.5), 20, 0);
	ck_near(trace_percentile(t, 0.75), 30, 1e-9);
	ck_near(trace_percentile(t, 1), 40, 0);
	ck_near(trace_at(t, 240000 - 1), 40, 0); /* still in the order of time */
}
END_TEST

START_TEST(a_rate_over_a_missing_value_is_unknown)
{
	struct trace *gap = of(0, 60000, (const double[]){10, NAN, 40, 40}, 4);
	const struct scrape scrape = {15000, 60000, 5000};
	ck_assert_uint_eq(trace_missing(gap), 1);
	ck_assert_uint_eq(trace_missing(t), 0);
	ck_near(trace_at(gap, 60000), 10, 0); /* the load goes on as it was */
	ck_near(trace_rate(gap, &scrape, 65000), 10, 0);
	ck_assert(isnan(trace_rate(gap, &scrape, 80000)));
	ck_assert(isnan(trace_rate(gap, &scrape, 165000)));
	ck_near(trace_rate(gap, &scrape, 185000), 40, 0);
	trace_free(gap);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tc = tcase_create("demand");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_value_holds_for_its_whole_step, 0, 12);
	tcase_add_loop_test(tc, means_are_exact_over_any_span, 0, 9);
	tcase_add_loop_test(tc, the_largest_demand_of_a_window_excludes_its_beginning, 0,
			    8);
	tcase_add_test(tc, steps_end_where_the_next_begins);
	tcase_add_test(tc, whole_days_are_repeated);
	tcase_add_test(tc, gaps_take_the_last_value_and_negative_ones_are_nothing);
	tcase_add_test(tc, a_rate_is_the_mean_between_the_scrapes_of_its_window);
	tcase_add_test(tc, scaling_scales_values_and_sums);
	tcase_add_test(tc, percentiles_lie_between_ranks);
	tcase_add_test(tc, a_rate_over_a_missing_value_is_unknown);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
