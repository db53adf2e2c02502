#include "forecast/path_interval.h"

#include "unit/harness.h"

static const double shares[] = {.9, .5};
static const struct dissent none;

static struct interval_levels levels_of(int32_t count)
{
	struct interval_levels levels;

	interval_levels_init(&levels, count, shares);
	return levels;
}

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
	struct interval_levels levels = levels_of(2);

	interval_seed(&i, &levels, 0, 2);
	ck_near(i.upper[1], 0, 0);
	interval_seed(&i, &levels, 1, 2);
	ck_near(i.upper[0], 3.2897, 1e-4);
	ck_near(i.lower[0], -3.2897, 1e-4);
	ck_near(i.upper[1], 1.3490, 1e-4);
}
END_TEST

/* Errors that are squares of normal ones: none below zero, a long tail above. */
START_TEST(skewed_errors_are_covered_on_each_side)
{
	struct interval i = {0};
	struct interval_levels levels = levels_of(2);
	struct rng rng;
	int below = 0, above = 0;

	rng_init(&rng, 3);
	for (int32_t l = 0; l < 2; l++)
		interval_seed(&i, &levels, l, 1);
	for (int t = 0; t < 9000; t++) {
		double x = rng_normal(&rng), error = x * x - 1;

		if (t >= 1000) {
			below += error < i.lower[0];
			above += error > i.upper[0];
		}
		interval_score(&i, &levels, .99, error, &none);
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
	struct interval_levels levels = levels_of(1);
	struct rng rng;
	int missed = 0;

	rng_init(&rng, 4);
	interval_seed(&i, &levels, 0, 1);
	for (int t = 0; t < 6000; t++) {
		double error = (t < 2000 ? 1 : 10) * rng_normal(&rng);

		missed += error < i.lower[0] || error > i.upper[0];
		interval_score(&i, &levels, .99, error, &none);
	}
	ck_near(missed / 6000., .1, .01);
}
END_TEST

START_TEST(offsets_stay_near_what_was_seen)
{
	struct interval i = {0};
	struct interval_levels levels = levels_of(1);

	for (int t = 0; t < 5000; t++)
		interval_score(&i, &levels, .99, t % 2 ? 5 : -5, &none);
	ck_assert(i.upper[0] <= 7.5 && i.upper[0] >= 0);
	ck_assert(i.lower[0] >= -7.5 && i.lower[0] <= 0);
}
END_TEST

/* Whether the first level's interval holds this error. */
static bool holds(const struct interval *i, const struct interval_levels *levels,
		  double error, const struct dissent *dissent)
{
	struct interval scored = *i;

	interval_score(&scored, levels, 0, error, dissent);
	ck_near(scored.counted, 1, 0);
	return scored.covered > 0;
}

/* Half of it at 95 %, in step with the normal law's deviations at other levels. */
START_TEST(an_interval_reaches_out_to_where_others_disagree)
{
	const struct dissent up = {.above = 8}, both = {.below = 4, .above = 8};
	const double wide = .95;
	struct interval i = {0};
	struct interval_levels levels = levels_of(2), one;

	interval_levels_init(&one, 1, &wide);
	ck_near(interval_reach(&one, 0), .49, .001);
	for (int32_t l = 0; l < 2; l++)
		interval_seed(&i, &levels, l, 1);
	for (int l = 0; l < 2; l++) {
		double reach = interval_reach(&levels, l);

		ck_near(reach / levels.normal[l], interval_reach(&one, 0) / 1.959964,
			1e-6);
	}

	double reach = interval_reach(&levels, 0), near = 1e-9;

	ck_assert(holds(&i, &levels, i.upper[0] - near, &none));
	ck_assert(!holds(&i, &levels, i.upper[0] + near, &none));
	ck_assert(holds(&i, &levels, i.upper[0] + 8 * reach - near, &up));
	ck_assert(!holds(&i, &levels, i.upper[0] + 8 * reach + near, &up));
	ck_assert(holds(&i, &levels, i.lower[0] + near, &up));
	ck_assert(!holds(&i, &levels, i.lower[0] - near, &up));
	ck_assert(holds(&i, &levels, i.lower[0] - 4 * reach + near, &both));
	ck_assert(!holds(&i, &levels, i.lower[0] - 4 * reach - near, &both));
}
END_TEST

/* Every third time others disagree, and errors are that much larger to one side. */
static double error_with(struct rng *rng, int t, struct dissent *ret_dissent)
{
	double distance = t % 3 ? 0 : 10;

	*ret_dissent = (struct dissent){.above = distance};
	return rng_normal(rng) + distance * rng_uniform(rng);
}

/* The offsets answer to what is missed beyond: the share that is covered stays, and the
 * interval is narrower on average than one that knows nothing of the others. */
START_TEST(what_is_covered_stays_with_dissent_and_costs_less)
{
	struct interval knowing = {0}, plain = {0};
	struct interval_levels levels = levels_of(1);
	double width = 0, plain_width = 0;
	struct rng rng;
	int missed = 0;

	rng_init(&rng, 5);
	interval_seed(&knowing, &levels, 0, 1);
	interval_seed(&plain, &levels, 0, 1);
	for (int t = 0; t < 12000; t++) {
		struct dissent dissent;
		double error = error_with(&rng, t, &dissent);
		double reach = interval_reach(&levels, 0);
		double upper = knowing.upper[0] + reach * dissent.above;
		double lower = knowing.lower[0] - reach * dissent.below;

		if (t >= 2000) {
			missed += error > upper || error < lower;
			width += upper - lower;
			plain_width += plain.upper[0] - plain.lower[0];
		}
		interval_score(&knowing, &levels, .99, error, &dissent);
		interval_score(&plain, &levels, .99, error, &none);
	}
	ck_near(missed / 10000., .1, .01);
	ck_assert(width < .9 * plain_width);
	ck_near(knowing.covered / knowing.counted, .9, .1);
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
	tcase_add_test(tc, an_interval_reaches_out_to_where_others_disagree);
	tcase_add_test(tc, what_is_covered_stays_with_dissent_and_costs_less);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
