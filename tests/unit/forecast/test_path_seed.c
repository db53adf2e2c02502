/* The intervals that a path begins with: how their width follows from errors that a
 * back-test saw. */
#include "forecast/path.h"

#include "unit/forecast/feed_path.h"

/* Of normal laws: the quantile at 95 % in units of that at 80 %. */
#define NORMAL_RATIO 1.529352

/* No season, no logarithms: what is left is the noise. */
static struct said asked_about(const double *v, int32_t n)
{
	struct path_config config = hourly();
	struct said said;

	config.seasons[0] = config.seasons[1] = 0;

	AUTO_FREE struct path *p = learned(&config, v, n);

	ck_assert(ask(p, &said));
	all_finite(&said);
	return said;
}

static double ratio_at(const struct said *said, int32_t h)
{
	return (said->upper[1][h] - said->mean[h]) / (said->upper[0][h] - said->mean[h]);
}

/* One error of ten is ten times as large as the others. */
START_TEST(heavy_tails_widen_wide_intervals_more)
{
	double calm[N], heavy[N];
	struct rng rng;

	rng_init(&rng, (uint64_t)_i);
	for (int32_t t = 0; t < N; t++) {
		double x = rng_normal(&rng);

		calm[t] = 5 * x;
		heavy[t] = (rng_uniform(&rng) < .1 ? 20 : 2) * x;
	}

	struct said told_calm = asked_about(calm, N), told_heavy = asked_about(heavy, N);

	for (int32_t h = 2; h < HORIZON; h++) {
		ck_near(ratio_at(&told_calm, h), NORMAL_RATIO, .15);
		ck_assert(ratio_at(&told_heavy, h) > NORMAL_RATIO + .15);
	}
}
END_TEST

START_TEST(few_errors_tell_nothing_of_tails)
{
	double v[N];
	struct rng rng;

	rng_init(&rng, 5);
	for (int32_t t = 0; t < 64; t++)
		v[t] = (rng_uniform(&rng) < .1 ? 20 : 2) * rng_normal(&rng);

	struct said said = asked_about(v, 64);

	/* No farther than where all that was seen ends. */
	for (int32_t h = 0; h < HORIZON; h++)
		ck_near(ratio_at(&said, h), NORMAL_RATIO, 1e-3);
}
END_TEST

/* Few origins stand behind each knot of a hundred values: what one of them saw by chance
 * is evened out. */
START_TEST(farther_intervals_of_a_random_walk_are_not_narrower)
{
	double v[100];
	struct rng rng;

	rng_init(&rng, (uint64_t)_i);
	v[0] = 0;
	for (int32_t t = 1; t < 100; t++)
		v[t] = v[t - 1] + rng_normal(&rng);

	struct said said = asked_about(v, 100);

	for (int32_t h = 4; h < HORIZON; h *= 2)
		ck_assert(said.upper[1][h - 1] - said.lower[1][h - 1] >
			  .9 * (said.upper[1][h / 2 - 1] - said.lower[1][h / 2 - 1]));
}
END_TEST

START_TEST(without_errors_an_interval_is_a_point)
{
	double v[N] = {0};
	struct said said;

	for (int32_t t = 0; t < N; t++)
		v[t] = -3;
	said = asked_about(v, N);
	for (int32_t h = 0; h < HORIZON; h++)
		ck_near(said.upper[1][h], said.lower[1][h], 1e-5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path_seed");
	TCase *tc = tcase_create("path_seed");

	tcase_add_loop_test(tc, heavy_tails_widen_wide_intervals_more, 1, 5);
	tcase_add_test(tc, few_errors_tell_nothing_of_tails);
	tcase_add_loop_test(tc, farther_intervals_of_a_random_walk_are_not_narrower, 1,
			    9);
	tcase_add_test(tc, without_errors_an_interval_is_a_point);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
