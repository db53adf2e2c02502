#include "forecast/path_interval.h"

#include "unit/harness.h"

static const double levels[] = {.9, .5};

/* From the usual tables. */
static const double quantiles[][2] = {
	{.975, 1.959963984540054}, {.95, 1.6448536269514722},  {.5, 0},
	{.1, -1.2815515655446004}, {.9999, 3.719016485455709},
};

START_TEST(normal_quantiles_are_those_of_the_tables)
{
	ck_near(normal_quantile(quantiles[_i][0]), quantiles[_i][1], 1e-9);
}
END_TEST

START_TEST(a_seed_is_a_normal_distribution)
{
	struct interval i = {0};

	interval_seed(&i, 2, levels, 2);
	ck_near(i.upper[0], 3.2897, 1e-4);
	ck_near(i.lower[0], -3.2897, 1e-4);
	ck_near(i.upper[1], 1.3490, 1e-4);
}
END_TEST

/* Errors that are squares of normal ones: none below zero, a long tail above. */
START_TEST(skewed_errors_are_covered_on_each_side)
{
	struct interval i = {0};
	struct rng rng;
	int below = 0, above = 0;

	rng_init(&rng, 3);
	interval_seed(&i, 2, levels, 1);
	for (int t = 0; t < 9000; t++) {
		double x = rng_normal(&rng), error = x * x - 1;

		if (t >= 1000) {
			below += error < i.lower[0];
			above += error > i.upper[0];
		}
		interval_score(&i, 2, levels, .99, error);
	}
	ck_near(below / 8000., .05, .005);
	ck_near(above / 8000., .05, .005);
	ck_assert(i.upper[0] > -i.lower[0]);
	ck_assert(i.upper[1] < i.upper[0] && i.lower[1] > i.lower[0]);
	ck_near(i.covered / i.counted, .9, .1);
}
END_TEST

START_TEST(errors_that_grow_are_covered_again)
{
	struct interval i = {0};
	struct rng rng;
	int missed = 0;

	rng_init(&rng, 4);
	interval_seed(&i, 1, levels, 1);
	for (int t = 0; t < 6000; t++) {
		double error = (t < 2000 ? 1 : 10) * rng_normal(&rng);

		missed += error < i.lower[0] || error > i.upper[0];
		interval_score(&i, 1, levels, .99, error);
	}
	ck_near(missed / 6000., .1, .01);
}
END_TEST

START_TEST(offsets_stay_near_what_was_seen)
{
	struct interval i = {0};

	for (int t = 0; t < 5000; t++)
		interval_score(&i, 1, levels, .99, t % 2 ? 5 : -5);
	ck_assert(i.upper[0] <= 7.5 && i.upper[0] >= 0);
	ck_assert(i.lower[0] >= -7.5 && i.lower[0] <= 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path_interval");
	TCase *tc = tcase_create("path_interval");

	tcase_add_loop_test(tc, normal_quantiles_are_those_of_the_tables, 0,
			    ARRAY_LEN(quantiles));
	tcase_add_test(tc, a_seed_is_a_normal_distribution);
	tcase_add_test(tc, skewed_errors_are_covered_on_each_side);
	tcase_add_test(tc, errors_that_grow_are_covered_again);
	tcase_add_test(tc, offsets_stay_near_what_was_seen);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
