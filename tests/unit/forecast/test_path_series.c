#include "forecast/path_series.h"

#include "base/base.h"
#include "unit/harness.h"

#define CAPACITY 64
#define ROOM     (CAPACITY + CAPACITY / 32 + 1)
#define SEASON   8

struct fixture {
	struct path_series s;
	float v[ROOM], log[ROOM];
	uint8_t known[ROOM];
};

static void fixture_init(struct fixture *f, int32_t season)
{
	f->s = (struct path_series){.v = f->v, .log = f->log, .known = f->known};
	path_series_init(&f->s, CAPACITY, season);
	ck_assert_int_eq(path_series_room(CAPACITY), ROOM);
}

static void give(struct fixture *f, const double *values, int32_t count)
{
	for (int32_t i = 0; i < count; i++)
		path_series_add(&f->s, values[i]);
}

START_TEST(values_are_kept_in_their_order)
{
	static const double values[] = {3, -1, 2.5};
	struct fixture f;

	fixture_init(&f, SEASON);
	give(&f, values, 3);
	ck_assert_int_eq(f.s.n, 3);
	ck_assert_int_eq(f.s.values, 3);
	ck_assert_int_eq(f.s.first, 0);
	for (int32_t i = 0; i < 3; i++) {
		ck_near(f.s.v[i], values[i], 0);
		ck_assert(f.s.known[i]);
	}
}
END_TEST

START_TEST(a_gap_takes_what_came_a_season_before_else_the_last_value)
{
	struct fixture f;

	fixture_init(&f, SEASON);
	path_series_add(&f.s, 5);
	path_series_add(&f.s, NAN); /* no season before it yet */
	for (int32_t i = 2; i < 12; i++)
		path_series_add(&f.s, i);
	path_series_add(&f.s, INFINITY);
	path_series_add(&f.s, -2e30);
	ck_near(f.s.v[1], 5, 0);
	ck_assert(!f.s.known[1]);
	ck_assert_int_eq(f.s.n, 14);
	ck_assert_int_eq(f.s.values, 11);
	ck_near(f.s.v[12], f.s.v[12 - SEASON], 0);
	ck_near(f.s.v[13], f.s.v[13 - SEASON], 0);
	ck_assert(!f.s.known[12] && !f.s.known[13]);
}
END_TEST

START_TEST(without_a_season_a_gap_takes_the_last_value)
{
	static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, NAN, NAN};
	struct fixture f;

	fixture_init(&f, 0);
	give(&f, values, 12);
	ck_near(f.s.v[10], 10, 0);
	ck_near(f.s.v[11], 10, 0);
}
END_TEST

START_TEST(missing_values_before_the_first_known_one_are_not_kept)
{
	static const double values[] = {NAN, 1e31, NAN, 7};
	struct fixture f;

	fixture_init(&f, SEASON);
	give(&f, values, 4);
	ck_assert_int_eq(f.s.n, 1);
	ck_assert_int_eq(f.s.first, 0);
	ck_near(f.s.v[0], 7, 0);
}
END_TEST

/* The newest CAPACITY values are always there, and numbered from the first one given. */
START_TEST(old_values_go_and_numbers_stay)
{
	struct fixture f;

	fixture_init(&f, SEASON);
	for (int32_t i = 0; i < 1000; i++) {
		path_series_add(&f.s, i);
		ck_assert_int_eq(f.s.first + f.s.n, i + 1);
		ck_assert(f.s.n <= ROOM && (f.s.n >= CAPACITY || f.s.first == 0));
		for (int32_t k = 0; k < f.s.n; k++)
			ck_near(f.s.v[k], (double)(f.s.first + k), 0);
	}
}
END_TEST

START_TEST(measures_are_those_of_the_known_values)
{
	static const double values[] = {4, NAN, 8, -2, NAN, 6};
	struct fixture f;

	fixture_init(&f, 0);
	give(&f, values, 6);
	path_series_measure(&f.s);
	ck_near(f.s.least, -2, 0);
	ck_near(f.s.most, 8, 0);
	ck_near(f.s.mean, 4, 1e-12);
	ck_assert(!f.s.use_log);
}
END_TEST

/* {least value, offset in means}: logarithms stay away from zero. */
static const double floors[][2] = {{50, 0}, {1, 0}, {.2, 1}, {0, 1}};

START_TEST(logarithms_are_of_the_values_and_follow_new_ones)
{
	struct fixture f;
	double mean = 0;

	fixture_init(&f, 0);
	for (int32_t i = 0; i < 40; i++) {
		double v = i ? 80 + i : floors[_i][0];

		path_series_add(&f.s, v);
		mean += v / 40;
	}
	path_series_measure(&f.s);
	ck_assert(f.s.use_log);
	ck_near(f.s.offset, floors[_i][1] > 0 ? .01 * mean - floors[_i][0] : 0, 1e-6);
	path_series_add(&f.s, 333);
	for (int32_t i = 0; i < 41; i++)
		ck_near(f.s.log[i], log((double)f.s.v[i] + f.s.offset), 2e-6);
}
END_TEST

START_TEST(what_is_never_above_zero_has_no_logarithms)
{
	struct fixture f;

	fixture_init(&f, 0);
	for (int32_t i = 0; i < 20; i++)
		path_series_add(&f.s, 0);
	path_series_measure(&f.s);
	ck_assert(!f.s.use_log);
}
END_TEST

/* Below all that was measured a logarithm is still a number. */
START_TEST(a_value_below_the_least_has_a_logarithm)
{
	struct fixture f;

	fixture_init(&f, 0);
	for (int32_t i = 0; i < 20; i++)
		path_series_add(&f.s, i);
	path_series_measure(&f.s);
	ck_assert(f.s.use_log && f.s.offset > 0);
	path_series_add(&f.s, -1000);
	ck_assert(isfinite(f.s.log[20]));
	ck_assert(f.s.log[20] < f.s.log[0]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path_series");
	TCase *tc = tcase_create("path_series");

	tcase_add_test(tc, values_are_kept_in_their_order);
	tcase_add_test(tc, a_gap_takes_what_came_a_season_before_else_the_last_value);
	tcase_add_test(tc, without_a_season_a_gap_takes_the_last_value);
	tcase_add_test(tc, missing_values_before_the_first_known_one_are_not_kept);
	tcase_add_test(tc, old_values_go_and_numbers_stay);
	tcase_add_test(tc, measures_are_those_of_the_known_values);
	tcase_add_loop_test(tc, logarithms_are_of_the_values_and_follow_new_ones, 0,
			    (int)ARRAY_LEN(floors));
	tcase_add_test(tc, what_is_never_above_zero_has_no_logarithms);
	tcase_add_test(tc, a_value_below_the_least_has_a_logarithm);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
