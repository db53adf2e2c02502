#include "forecast/smoothing_start.h"

#include "base/base.h"
#include "unit/harness.h"

#define DAY   24
#define WEEK  168
#define COUNT (8 * WEEK)

struct fixture {
	struct smoothing s;
	double storage[DAY + WEEK], x[COUNT];
};

static void fixture_init(struct fixture *f, int32_t day, int32_t week)
{
	const struct smoothing_config config = {.seasons = {day, week}, .horizon = 48};

	smoothing_init(&f->s, &config, f->storage);
}

/* Sums to zero over a day. */
static double day_at(int32_t t)
{
	return 10 * sin(2 * M_PI * t / DAY) + 4 * cos(4 * M_PI * t / DAY);
}

/* Two quiet days a week: sums to zero over a week, and over it at every hour. */
static double week_at(int32_t t)
{
	return t % WEEK >= 5 * DAY ? -20 : 8;
}

static void fill(struct fixture *f, double level, double noise, uint64_t seed, bool week)
{
	struct rng rng;

	rng_init(&rng, seed);
	for (int32_t t = 0; t < COUNT; t++)
		f->x[t] = level + day_at(t) + (week ? week_at(t) : 0) +
			  noise * rng_normal(&rng);
}

/* How many values are looked at: half of them, four cycles at most, and two at least
 * where three are there. {values, looked at} */
static const int32_t looks[][2] = {{8 * DAY, 4 * DAY}, {20 * DAY, 4 * DAY},
				   {7 * DAY, 3 * DAY}, {6 * DAY - 1, 2 * DAY},
				   {3 * DAY, 2 * DAY}, {3 * DAY - 1, 0}};

START_TEST(half_of_the_values_are_looked_at)
{
	struct fixture f;

	fixture_init(&f, DAY, 0);
	fill(&f, 100, 0, 1, false);
	ck_assert_int_eq(smoothing_start(&f.s, f.x, looks[_i][0]), looks[_i][1]);
}
END_TEST

START_TEST(a_season_without_noise_is_found_whole)
{
	struct fixture f;
	double least = INFINITY, most = -INFINITY;

	fixture_init(&f, DAY, 0);
	fill(&f, 100, 0, 1, false);
	smoothing_start(&f.s, f.x, 10 * DAY);
	ck_near(f.s.level, 100, 1e-9);
	for (int32_t t = 0; t < DAY; t++) {
		ck_near(f.s.seasons[0].values[t], day_at(t), 1e-9);
		least = fmin(least, day_at(t));
		most = fmax(most, day_at(t));
	}
	ck_near(f.s.swing, most - least, 1e-9);
	/* Nothing is left, so what the season itself is tells the size. */
	ck_assert(f.s.size >= 0 && f.s.size < most);
}
END_TEST

START_TEST(day_and_week_are_told_apart)
{
	struct fixture f;

	fixture_init(&f, DAY, WEEK);
	fill(&f, 100, 0, 1, true);
	ck_assert_int_eq(smoothing_start(&f.s, f.x, COUNT), 4 * WEEK);
	for (int32_t t = 0; t < WEEK; t++)
		ck_near(f.s.level + f.s.seasons[0].values[t % DAY] +
				f.s.seasons[1].values[t],
			100 + day_at(t) + week_at(t), 1e-6);
	/* What differs from day to day counts as chance for the day: a share of it is
	 * left to the week. */
	for (int32_t t = 0; t < DAY; t++)
		ck_near(f.s.seasons[0].values[t], day_at(t),
			.15 * fabs(day_at(t)) + 1e-6);
}
END_TEST

/* With too few weeks the day alone is averaged. */
START_TEST(a_season_that_is_not_known_long_enough_is_left_out)
{
	struct fixture f;

	fixture_init(&f, DAY, WEEK);
	fill(&f, 100, 0, 1, false);
	ck_assert_int_eq(smoothing_start(&f.s, f.x, 3 * WEEK - 1), 4 * DAY);
	for (int32_t t = 0; t < WEEK; t++)
		ck_near(f.s.seasons[1].values[t], 0, 0);
	ck_near(f.s.seasons[0].values[6], day_at(6), 1e-9);
}
END_TEST

/* Averages of noise are drawn towards zero, as far as they are chance: what is left is
 * much smaller than the average of four, 5 * sqrt(2 / pi) / 2 = 2.0, and now and then
 * nothing. */
START_TEST(a_season_of_chance_is_not_believed)
{
	double size = 0;

	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct fixture f;
		struct rng rng;

		fixture_init(&f, DAY, 0);
		rng_init(&rng, seed);
		for (int32_t t = 0; t < 8 * DAY; t++)
			f.x[t] = 100 + 5 * rng_normal(&rng);
		smoothing_start(&f.s, f.x, 8 * DAY);
		for (int32_t t = 0; t < DAY; t++)
			size += fabs(f.s.seasons[0].values[t]) / DAY / 50;
		ck_near(f.s.level, 100, 5); /* the first cycle's mean */
		ck_near(f.s.size, 5 * sqrt(2 / M_PI), 1.5);
	}
	ck_assert_msg(size < .4 * 2.0, "mean size %g", size);
}
END_TEST

START_TEST(missing_values_are_passed_over)
{
	struct fixture f;

	fixture_init(&f, DAY, 0);
	fill(&f, 100, 0, 1, false);
	for (int32_t t = 0; t < 10 * DAY; t++)
		if (t % 5 == _i)
			f.x[t] = NAN;
	smoothing_start(&f.s, f.x, 10 * DAY);
	for (int32_t t = 0; t < DAY; t++)
		ck_near(f.s.seasons[0].values[t] + f.s.level, 100 + day_at(t), 1.5);
}
END_TEST

START_TEST(without_seasons_the_level_is_the_mean)
{
	struct fixture f;

	fixture_init(&f, 0, 0);
	for (int32_t t = 0; t < 40; t++)
		f.x[t] = t % 2 ? 7 : 3;
	ck_assert_int_eq(smoothing_start(&f.s, f.x, 40), 0);
	ck_near(f.s.level, 5, 1e-12);
	ck_near(f.s.size, 2, 1e-12);
}
END_TEST

/* A load that grows from cycle to cycle: the growth is not taken for a season. */
START_TEST(a_line_is_taken_off_before_seasons_are_averaged)
{
	struct fixture f;

	fixture_init(&f, DAY, 0);
	for (int32_t t = 0; t < 10 * DAY; t++)
		f.x[t] = 100 + day_at(t) + 2. * t / DAY;
	ck_assert_int_eq(smoothing_start(&f.s, f.x, 10 * DAY), 4 * DAY);
	for (int32_t t = 0; t < DAY; t++)
		ck_near(f.s.seasons[0].values[t], day_at(t), .6);
	/* Where the first value stands. */
	ck_near(f.s.level, 100 + 2 * .5, .1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smoothing_start");
	TCase *tc = tcase_create("smoothing_start");

	tcase_add_loop_test(tc, half_of_the_values_are_looked_at, 0,
			    (int)ARRAY_LEN(looks));
	tcase_add_test(tc, a_season_without_noise_is_found_whole);
	tcase_add_test(tc, day_and_week_are_told_apart);
	tcase_add_test(tc, a_season_that_is_not_known_long_enough_is_left_out);
	tcase_add_test(tc, a_season_of_chance_is_not_believed);
	tcase_add_loop_test(tc, missing_values_are_passed_over, 0, 5);
	tcase_add_test(tc, without_seasons_the_level_is_the_mean);
	tcase_add_test(tc, a_line_is_taken_off_before_seasons_are_averaged);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
