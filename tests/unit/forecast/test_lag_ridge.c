#include "forecast/gram_fit.h"
#include "forecast/lag_ridge.h"

#include "base/base.h"

#include "unit/harness.h"

#define N 400

static void lags_are(const struct lags *lags, const int32_t *want, int32_t count)
{
	ck_assert_int_eq(lags->count, count);
	for (int32_t i = 0; i < count; i++)
		ck_assert_int_eq(lags->lag[i], want[i]);
}

START_TEST(hourly_lags_are_around_days_and_weeks)
{
	const int32_t seasons[] = {24, 168};
	const int32_t want[] = {1,  2,  3,  4,   23,  24,  25,  26,  48,
				49, 72, 73, 144, 145, 167, 168, 169, 170};
	struct lags lags;

	lags_choose(seasons, 60, 700, &lags);
	lags_are(&lags, want, 18);
}
END_TEST

START_TEST(lags_that_cannot_be_taught_are_left_out)
{
	const int32_t seasons[] = {24, 168}, none[] = {0, 0};
	const int32_t day[] = {1, 2, 3, 4, 23, 24, 25, 26, 48, 49, 72, 73};
	const int32_t short_ones[] = {1, 2, 3, 4, 6, 12, 24};
	struct lags lags;

	lags_choose(seasons, 60, 170, &lags);
	lags_are(&lags, day, 12);
	lags_choose(none, 5, 300, &lags);
	lags_are(&lags, short_ones, 7);
	lags_choose(none, 5, 7, &lags);
	ck_assert_int_eq(lags.count, 0);
}
END_TEST

/* y = .6 y[-1] + .3 y[-4] + 1 + e, without lags 2 and 3. */
static void fitted(struct lag_ridge *r, float *z, uint8_t *known)
{
	static const int32_t none[2] = {0, 0};
	struct rng rng;
	struct gram_fit fit;

	rng_init(&rng, 11);
	for (int32_t t = 0; t < N; t++) {
		z[t] = t < 4 ? 10
			     : (float)(.6 * z[t - 1] + .3 * z[t - 4] + 1 +
				       .5 * rng_normal(&rng));
		known[t] = 1;
	}
	lags_choose(none, 60, N, &r->lags);

	struct lag_rows rows = {&r->lags, z, known, 10};

	gram_fit_begin(&fit, r->lags.count);
	gram_fit_to(&fit, N - 4);
	while (gram_fit_work(
		&fit, &(const struct gram_source){.fill = lag_rows_fill, .model = &rows}))
		;
	lag_ridge_take(r, &fit.solution, rows.centre);
	r->least = -1e9;
	r->most = 1e9;
}

START_TEST(an_autoregression_is_found_again)
{
	struct lag_ridge r = {0};
	float z[N];
	uint8_t known[N];

	fitted(&r, z, known);
	ck_assert(r.solved);
	ck_near(r.coefficient[0], .6, .12);
	ck_near(r.coefficient[1], 0, .12);
	ck_near(r.coefficient[3], .3, .12);
	ck_near(r.deviation, .5, .08);
}
END_TEST

START_TEST(a_path_is_the_recursion)
{
	struct lag_ridge r = {0};
	float z[N], work[LAG_WORK(20)], longer[N + 20];
	const float *path;
	uint8_t known[N];

	fitted(&r, z, known);
	path = lag_ridge_forecast(&r, z + N - 1, 20, work);
	for (int32_t t = 0; t < N + 20; t++) {
		if (t < N) {
			longer[t] = z[t];
			continue;
		}
		longer[t] = (float)r.constant;
		for (int i = 0; i < r.lags.count; i++)
			longer[t] += (float)r.coefficient[i] * longer[t - r.lags.lag[i]];
		ck_near(path[t - N], longer[t], 1e-4);
	}
	r.most = 5;
	path = lag_ridge_forecast(&r, z + N - 1, 20, work);
	for (int h = 0; h < 20; h++)
		ck_assert(path[h] <= 5);
}
END_TEST

START_TEST(lags_across_the_newest_value_read_both_sides_of_it)
{
	enum { PAST = 30, STEPS = 45 };
	const struct lag_ridge r = {
		.lags = {5, {1, 4, 9, 10, 24}},
		.constant = 1,
		.coefficient = {.3, -.2, .4, .1, .3},
		.least = -1e9,
		.most = 1e9,
	};
	float z[PAST], work[LAG_WORK(STEPS)];
	const float *path;
	double want[PAST + STEPS];

	for (int t = 0; t < PAST; t++)
		want[t] = z[t] = (float)(t * t % 17);
	path = lag_ridge_forecast(&r, z + PAST - 1, STEPS, work);
	for (int t = PAST; t < PAST + STEPS; t++) {
		want[t] = r.constant;
		for (int i = 0; i < r.lags.count; i++)
			want[t] += r.coefficient[i] * want[t - r.lags.lag[i]];
		ck_near(path[t - PAST], want[t], 1e-4);
	}
}
END_TEST

/* With the lags 1 to 4, which both paths take side by side, and without. */
static const struct lags pairs_of_lags[][2] = {
	{{6, {1, 2, 3, 4, 12, 25}}, {5, {1, 2, 3, 4, 25}}},
	{{6, {1, 2, 3, 4, 12, 25}}, {3, {1, 4, 25}}},
};

START_TEST(two_paths_at_once_are_the_same_as_one_after_the_other)
{
	enum { PAST = 30, STEPS = 45 };
	float z[2][PAST], work[2][LAG_WORK(STEPS)], alone[LAG_WORK(STEPS)];
	struct lag_ridge r[2];
	const float *paths[2], *path;

	for (int i = 0; i < 2; i++) {
		r[i] = (struct lag_ridge){
			.lags = pairs_of_lags[_i][i],
			.constant = 1 + i,
			.coefficient = {.5, -.2, .4, .1, .3, -.1},
			.least = -20,
			.most = 15 - i,
		};
		for (int t = 0; t < PAST; t++)
			z[i][t] = (float)(t * t % (17 + i));
	}
	lag_ridge_forecast_both((const struct lag_ridge *const[]){&r[0], &r[1]},
				(const float *const[]){&z[0][PAST - 1], &z[1][PAST - 1]},
				STEPS, (float *const[]){work[0], work[1]}, paths);
	for (int i = 0; i < 2; i++) {
		path = lag_ridge_forecast(&r[i], &z[i][PAST - 1], STEPS, alone);
		ck_assert_mem_eq(paths[i], path, STEPS * sizeof(*path));
		for (int h = 0; h < STEPS; h++)
			ck_assert(path[h] >= -20 && path[h] <= 15 - i);
	}
}
END_TEST

START_TEST(deviations_grow_like_those_of_an_autoregression)
{
	const int32_t horizons[] = {1, 2, 40};
	struct lag_ridge r = {.lags = {1, {1}}, .solved = true, .coefficient = {.8}};
	float work[40];
	double deviation[3];

	r.deviation = 3;
	lag_ridge_deviations(&r, horizons, 3, work, deviation);
	ck_near(deviation[0], 3, 1e-6);
	ck_near(deviation[1], 3 * sqrt(1.64), 1e-6);
	ck_near(deviation[2], 3 / sqrt(1 - .64), 1e-5);
	r.coefficient[0] = 3;
	lag_ridge_deviations(&r, horizons, 3, work, deviation);
	ck_assert(deviation[2] <= 3 * sqrt(1 + 39 * 4) + 1e-6);
}
END_TEST

START_TEST(missing_targets_do_not_count)
{
	const struct lags lags = {1, {1}};
	float z[40];
	uint8_t known[40];
	struct gram_block block;

	for (int t = 0; t < 40; t++) {
		z[t] = (float)t;
		known[t] = t != 3;
	}

	struct lag_rows rows = {&lags, z, known, 5};

	lag_rows_fill(&rows, 0, 10, &block);
	ck_near(block.column[0][0], 1, 0);
	ck_near(block.column[1][0], 0 - 5, 0);
	ck_near(block.column[2][0], 1 - 5, 0);
	ck_near(block.column[0][2], 0, 0); /* its target is value 3 */
	ck_near(block.column[2][2], 0, 0);
	ck_near(block.column[0][10], 0, 0); /* beyond the end */
	ck_near(block.column[1][10], 0, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lag_ridge");
	TCase *tc = tcase_create("lag_ridge");

	tcase_add_test(tc, hourly_lags_are_around_days_and_weeks);
	tcase_add_test(tc, lags_that_cannot_be_taught_are_left_out);
	tcase_add_test(tc, an_autoregression_is_found_again);
	tcase_add_test(tc, a_path_is_the_recursion);
	tcase_add_test(tc, lags_across_the_newest_value_read_both_sides_of_it);
	tcase_add_loop_test(tc, two_paths_at_once_are_the_same_as_one_after_the_other, 0,
			    ARRAY_LEN(pairs_of_lags));
	tcase_add_test(tc, deviations_grow_like_those_of_an_autoregression);
	tcase_add_test(tc, missing_targets_do_not_count);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
