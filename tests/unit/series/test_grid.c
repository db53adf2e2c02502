#include "series/grid.h"

#include "unit/harness.h"

#define STEPS 4

static void fill(const struct grid *g, struct sample *samples, size_t count,
		 double *ret_values)
{
	samples_sort(samples, count);
	int32_t missing = grid_fill(g, samples, count, ret_values);
	for (int32_t i = 0; i < g->count; i++)
		missing -= isnan(ret_values[i]);
	ck_assert_int_eq(missing, 0);
}

static void expect(const double *values, const double *wanted)
{
	for (int i = 0; i < STEPS; i++) {
		if (isnan(wanted[i]))
			ck_assert_msg(isnan(values[i]), "step %d", i);
		else
			ck_near(values[i], wanted[i], 1e-12);
	}
}

START_TEST(steps_say_what_is_within_them)
{
	static const struct {
		enum grid_value value;
		double wanted[STEPS];
	} rows[] = {
		{GRID_MEAN, {2, NAN, 5, -7}},
		{GRID_MAXIMUM, {3, NAN, 6, -7}},
	};
	/* late, irregular, outside, missing and infinite ones */
	struct sample samples[] = {
		{1030, 3},  {1000, 1},  {1129, 6},   {1100, 4},        {999, 90},
		{1160, -7}, {1200, 90}, {1070, NAN}, {1080, INFINITY},
	};
	struct grid g = {
		.start_ms = 1000, .step_ms = 50, .count = STEPS, .value = rows[_i].value};
	double values[STEPS];
	fill(&g, samples, ARRAY_LEN(samples), values);
	expect(values, rows[_i].wanted);
}
END_TEST

START_TEST(samples_of_one_time_are_one_in_any_order)
{
	static const int orders[][4] = {
		{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}};
	static const struct sample given[] = {{10, .1}, {10, .7}, {10, NAN}, {20, 1}};
	struct grid g = {.start_ms = 0, .step_ms = 100, .count = 1};
	double first = 0;
	for (size_t o = 0; o < ARRAY_LEN(orders); o++) {
		struct sample samples[4];
		double value;
		for (int i = 0; i < 4; i++)
			samples[i] = given[orders[o][i]];
		fill(&g, samples, 4, &value);
		ck_near(value, (.4 + 1) / 2, 1e-12);
		if (o == 0)
			first = value;
		ck_assert(value == first); /* to the bit */
	}
}
END_TEST

START_TEST(excluded_times_are_missing)
{
	static const struct time_range excludes[] = {{50, 100}, {120, 121}, {90, 110}};
	struct sample samples[] = {{0, 1},   {49, 3},  {50, 9},
				   {110, 4}, {120, 9}, {121, 6}};
	struct grid g = {.step_ms = 50,
			 .count = STEPS,
			 .excludes = excludes,
			 .exclude_count = ARRAY_LEN(excludes)};
	double values[STEPS];
	fill(&g, samples, ARRAY_LEN(samples), values);
	expect(values, (double[]){2, NAN, 5, NAN});
}
END_TEST

START_TEST(nothing_overflows)
{
	struct sample samples[] = {
		{0, 1.5e308}, {1, 1.5e308}, {1, 1.7e308}, {2, -1.7e308}};
	struct grid g = {.step_ms = 10, .count = 1};
	double value;
	fill(&g, samples, ARRAY_LEN(samples), &value);
	ck_assert(isfinite(value));
	g.count = 0;
	ck_assert_int_eq(grid_fill(&g, samples, ARRAY_LEN(samples), NULL), 0);
}
END_TEST

START_TEST(the_usual_distance_is_the_median)
{
	static const struct {
		struct sample samples[6];
		size_t count;
		int64_t step_ms;
	} rows[] = {
		{{{0, 1}}, 1, 0},
		{{{5, 1}, {5, 2}}, 2, 0},
		{{{0, 1}, {60, 1}}, 2, 60},
		{{{0, 1}, {300, 1}, {601, 1}, {901, 1}, {9000, 1}}, 5, 300},
		{{{300, 1}, {0, 1}, {300, 3}, {300, 2}, {600, 1}}, 5, 300},
	};
	struct sample samples[6];
	for (size_t i = 0; i < rows[_i].count; i++)
		samples[i] = rows[_i].samples[i];
	samples_sort(samples, rows[_i].count);
	ck_assert_int_eq(samples_step_ms(samples, rows[_i].count), rows[_i].step_ms);
}
END_TEST

START_TEST(missing_values_sort_behind_the_others_of_their_time)
{
	struct sample samples[] = {{2, NAN}, {2, 1}, {1, NAN}, {2, -1}};
	samples_sort(samples, 4);
	ck_assert(samples[0].t_ms == 1 && isnan(samples[0].v));
	ck_near(samples[1].v, -1, 0);
	ck_near(samples[2].v, 1, 0);
	ck_assert(isnan(samples[3].v));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("grid");
	TCase *tc = tcase_create("grid");
	tcase_add_loop_test(tc, steps_say_what_is_within_them, 0, 2);
	tcase_add_test(tc, samples_of_one_time_are_one_in_any_order);
	tcase_add_test(tc, excluded_times_are_missing);
	tcase_add_test(tc, nothing_overflows);
	tcase_add_loop_test(tc, the_usual_distance_is_the_median, 0, 5);
	tcase_add_test(tc, missing_values_sort_behind_the_others_of_their_time);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
