/* Quantiles of one forecast, learned beside it. */
#include "forecast/forecast.h"

#include "unit/harness.h"

#define MEAN   100.
#define MARGIN 40.

static struct levels l;
static struct rng noise;
static int64_t minute;

static void open_levels(int32_t window_min)
{
	levels_init(&l, window_min);
	rng_init(&noise, 7);
	minute = 29000000;
}

static void say(double demand, double mean, double margin, double level)
{
	const struct levels_said said = {.minute = minute++,
					 .demand = demand,
					 .mean = mean,
					 .upper = mean + margin,
					 .level = level};
	levels_learn(&l, &said);
}

static double exponential(void)
{
	return -log(1 - rng_uniform(&noise));
}

START_TEST(a_level_up_halves_what_is_missed)
{
	ck_near(levels_quantile(0), 0.5, 1e-12);
	ck_near(levels_quantile(1), 0.75, 1e-12);
	ck_near(levels_quantile(9), 1 - 1 / 1024., 1e-12);
	ck_near(levels_quantile(-3), 0.5, 1e-12);
	ck_near(levels_quantile(30), levels_quantile(9), 1e-12);
	for (double level = 0; level <= 9; level += 0.37)
		ck_near(levels_of_quantile(levels_quantile(level)), level, 1e-9);
	ck_near(levels_of_quantile(0.3), 0, 1e-12);
	ck_near(levels_of_quantile(1), 9, 1e-12);
}
END_TEST

START_TEST(before_anything_is_known_the_law_is_normal)
{
	open_levels(1);
	ck_near(levels_at(&l, MEAN, MEAN + MARGIN, levels_of_quantile(0.95)),
		MEAN + MARGIN, 0.02 * MARGIN);
	ck_near(levels_at(&l, MEAN, MEAN + MARGIN, 0), MEAN, 1e-9);
	ck_assert(isnan(levels_coverage(&l)));
}
END_TEST

/* Errors of another law than the forecast's: exponential ones, judged after a month. */
START_TEST(each_level_covers_its_share)
{
	double above[LEVELS_COUNT] = {0}, load = 0;
	int32_t days = 90;
	open_levels(1);
	for (int32_t i = 0; i < days * 1440; i++) {
		double demand = MEAN + MARGIN * (exponential() - 0.3);
		for (int32_t k = 0; k < LEVELS_COUNT && i > 30 * 1440; k++)
			if (demand > levels_at(&l, MEAN, MEAN + MARGIN, k))
				above[k] += demand;
		load += i > 30 * 1440 ? demand : 0;
		say(demand, MEAN, MARGIN, 3);
	}
	for (int32_t k = 0; k < LEVELS_COUNT; k++) {
		double missed = 1 - levels_quantile(k);
		/* The highest, which are seldom missed, take months. */
		ck_near(above[k] / load, missed, (k < 6 ? 0.1 : 1.5) * missed);
	}
}
END_TEST

/* By day there is ten times as much load, and it alone is missed: half of the minutes,
 * but ten elevenths of the load. */
START_TEST(a_share_is_one_of_the_load)
{
	double load = 0, above = 0;
	open_levels(1);
	for (int32_t i = 0; i < 40 * 1440; i++) {
		bool day = i % 1440 < 720;
		double mean = day ? 10 * MEAN : MEAN;
		double demand = mean + (day ? MARGIN * exponential() : -MARGIN);
		if (i > 5 * 1440) {
			load += demand;
			above += demand > levels_at(&l, mean, mean + MARGIN, 3) ? demand
										: 0;
		}
		say(demand, mean, MARGIN, 3);
	}
	ck_near(above / load, 1 - levels_quantile(3), 0.01);
}
END_TEST

START_TEST(the_outcome_is_the_largest_demand_of_the_window)
{
	open_levels(5);
	/* A peak every fifth minute: every window holds one. */
	for (int32_t i = 0; i < 5 * 1440; i++)
		say(i % 5 == 0 ? MEAN + MARGIN : 0, MEAN, MARGIN, 3);
	ck_near(levels_at(&l, MEAN, MEAN + MARGIN, 4), MEAN + MARGIN, 0.1 * MARGIN);
	/* Without the window four fifths of the minutes would lie far below. */
	ck_near(levels_at(&l, MEAN, MEAN + MARGIN, 0), MEAN + MARGIN, 0.1 * MARGIN);
}
END_TEST

START_TEST(an_outcome_with_a_hole_is_none)
{
	open_levels(3);
	say(NAN, MEAN, MARGIN, 3);
	for (int32_t i = 0; i < 9; i++)
		say(i % 3 == 2 ? NAN : MEAN, MEAN, MARGIN, 3);
	ck_near(l.scores, 0, 0);
	for (int32_t i = 0; i < 3; i++)
		say(MEAN, MEAN, MARGIN, 3);
	ck_near(l.scores, 1, 0);
	minute += 2; /* passed over */
	for (int32_t i = 0; i < 3; i++)
		say(MEAN, MEAN, MARGIN, 3);
	ck_near(l.scores, 1, 0);
	say(MEAN, MEAN, MARGIN, 3);
	ck_near(l.scores, 2, 0);
}
END_TEST

START_TEST(a_minute_counts_once_and_without_a_forecast_not_at_all)
{
	open_levels(1);
	say(MEAN, NAN, NAN, 3);
	say(MEAN, MEAN, MARGIN, 3);
	ck_near(l.scores, 0, 0);
	say(MEAN, MEAN, MARGIN, 3);
	ck_near(l.scores, 1, 0);
	minute--;
	say(900, MEAN, MARGIN, 3);
	ck_near(l.scores, 1, 0);
}
END_TEST

START_TEST(levels_never_cross_and_stay_bounded)
{
	open_levels(1);
	for (int32_t i = 0; i < 20000; i++) {
		say(i % 7 ? MEAN * exponential() : 1e9 * exponential(), MEAN,
		    i % 11 ? MARGIN : 0, 9);
		for (int32_t k = 0; k < LEVELS_COUNT; k++) {
			ck_assert(fabs(l.offsets[k]) <= 10);
			ck_assert(k == 0 || l.offsets[k] >= l.offsets[k - 1]);
		}
	}
	ck_assert(isnan(levels_at(&l, NAN, 5, 3)) && isnan(levels_at(&l, 5, NAN, 3)));
	for (int32_t i = 0; i < 60000; i++)
		say(1, MEAN, MARGIN, 9);
	ck_near(levels_at(&l, 10, 2000, 5), 0, 0); /* never below nothing */
}
END_TEST

START_TEST(coverage_is_that_of_what_was_planned_for)
{
	open_levels(1);
	say(MEAN, MEAN, MARGIN, 0);
	say(MEAN, MEAN, MARGIN, 0);
	ck_near(levels_coverage(&l), 1, 1e-9);
	for (int32_t i = 0; i < 20000; i++)
		say(2 * MEAN, MEAN, 0, 0); /* planned: the mean, whatever comes */
	ck_near(levels_coverage(&l), 0.5, 0.01);
}
END_TEST

START_TEST(the_same_minutes_give_the_same_levels)
{
	struct levels first;
	for (int run = 0; run < 2; run++) {
		open_levels(8);
		for (int32_t i = 0; i < 5000; i++)
			say(MEAN * exponential(), MEAN, MARGIN, 4);
		if (run == 0)
			first = l;
	}
	for (int32_t k = 0; k < LEVELS_COUNT; k++)
		ck_assert(first.offsets[k] == l.offsets[k]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("levels");
	TCase *t = tcase_create("levels");
	tcase_add_test(t, a_level_up_halves_what_is_missed);
	tcase_add_test(t, before_anything_is_known_the_law_is_normal);
	tcase_add_test(t, each_level_covers_its_share);
	tcase_add_test(t, a_share_is_one_of_the_load);
	tcase_add_test(t, the_outcome_is_the_largest_demand_of_the_window);
	tcase_add_test(t, an_outcome_with_a_hole_is_none);
	tcase_add_test(t, a_minute_counts_once_and_without_a_forecast_not_at_all);
	tcase_add_test(t, levels_never_cross_and_stay_bounded);
	tcase_add_test(t, coverage_is_that_of_what_was_planned_for);
	tcase_add_test(t, the_same_minutes_give_the_same_levels);
	suite_add_tcase(s, t);
	return run_suite(s);
}
