#include "forecast/smoothing_fit.h"

#include "unit/forecast/feed_smoothing.h"

#include <string.h>

static double factors(int t, struct rng *noise)
{
	return exp(5 + 2 * wave(t, DAY) + .1 * rng_normal(noise));
}

static double walking(int t, struct rng *noise)
{
	static double level;

	level = t ? level + 2 * rng_normal(noise) : 1000;
	return level;
}

/* Up and down with no regard to the time of the day. */
static double climbing(int t, struct rng *noise)
{
	int phase = t % 100;

	return 100 + 10 * (phase < 50 ? phase : 100 - phase) + rng_normal(noise);
}

static double zeros(int t, struct rng *noise)
{
	(void)t;
	(void)noise;
	return 0;
}

static double constant(int t, struct rng *noise)
{
	(void)t;
	(void)noise;
	return 42.1;
}

static double spike(int t, struct rng *noise)
{
	(void)noise;
	return t == 300 ? 1e6 : 1;
}

static double huge(int t, struct rng *noise)
{
	return 1e300 * sin(t + rng_normal(noise));
}

static double tiny(int t, struct rng *noise)
{
	return 1e-300 * (2 + wave(t, DAY)) + 1e-301 * rng_uniform(noise);
}

static double wide(int t, struct rng *noise)
{
	(void)t;
	return pow(10, 600 * rng_uniform(noise) - 300);
}

static double negative(int t, struct rng *noise)
{
	return -noisy(t, noise);
}

static double mostly_missing(int t, struct rng *noise)
{
	return t % 85 ? NAN : noisy(t, noise);
}

static double torn(int t, struct rng *noise)
{
	return t > 400 && t < 592 ? NAN : noisy(t, noise);
}

static double late(int t, struct rng *noise)
{
	return t < 600 ? NAN : noisy(t, noise);
}

static double silence_at_the_end(int t, struct rng *noise)
{
	return t > 300 ? 0 : noisy(t, noise);
}

static double infinite(int t, struct rng *noise)
{
	return t % 7 ? noisy(t, noise) : t % 2 ? INFINITY : -1e305;
}

struct fitted {
	struct smoothing s;
	double seasons[DAY + WEEK];
	double path[AHEAD];
};

/* False where the fit refuses. `sliced`: one slice at a time, with a workspace that is
 * destroyed in between. */
static bool fit(const struct smoothing_config *config, const double *y, int32_t count,
		bool sliced, struct fitted *ret_fitted)
{
	size_t size = smoothing_fit_workspace(config, count);
	AUTO_FREE double *workspace = xcalloc(size, sizeof(*workspace));
	struct smoothing_fit work;

	if (!smoothing_fit_begin(&work, config, y, count, ret_fitted->seasons))
		return false;
	if (!sliced)
		smoothing_fit_run(&work, y, workspace, &ret_fitted->s);
	while (sliced && smoothing_fit_work(&work, y, workspace, &ret_fitted->s)) {
		for (size_t i = 0; i < size; i++)
			workspace[i] = NAN;
	}
	ck_assert(!work.running && ret_fitted->s.fitted);
	ck_assert_int_eq(ret_fitted->s.next, count);
	smoothing_path(&ret_fitted->s, AHEAD, ret_fitted->path);
	return true;
}

static struct fitted fit_of(const struct smoothing_config *config, load_function *load)
{
	struct series series = series_of(load);
	struct fitted fitted;

	ck_assert(fit(config, series.y, COUNT, false, &fitted));
	return fitted;
}

/* Whatever happens, gains are admissible and forecasts finite, at once and later. */
static void ck_usable(struct fitted *f, struct rng *noise)
{
	const struct smoothing_gains *g = &f->s.gains;
	double deviations[AHEAD];

	ck_assert(g->alpha > 0 && g->alpha + g->gamma[0] + g->gamma[1] < 1);
	ck_assert(g->gamma[0] >= 0 && g->gamma[1] >= 0);
	ck_assert(g->beta >= 0 && g->beta < g->alpha && g->phi >= 0 && g->phi < 1);
	ck_assert(g->rho >= 0 && g->rho < 1);
	for (int round = 0; round < 3; round++) {
		smoothing_path(&f->s, AHEAD, f->path);
		smoothing_deviations(&f->s, AHEAD, deviations);
		for (int k = 0; k < AHEAD; k++) {
			ck_assert(isfinite(f->path[k]));
			ck_assert(isfinite(deviations[k]) && deviations[k] >= 0);
			ck_assert(k == 0 || deviations[k] >= deviations[k - 1]);
		}
		for (int t = 0; t < 400; t++)
			smoothing_step(&f->s, round ? wide(t, noise) : noisy(t, noise));
	}
}

static load_function *const odd[] = {zeros, constant, spike,    huge,
				     tiny,  wide,     negative, mostly_missing,
				     torn,  late,     infinite, silence_at_the_end};

START_TEST(odd_input_stays_finite)
{
	static const struct smoothing_config *const configs[] = {&additive, &by_factors,
								 &shared, &seasonless};
	struct rng noise;

	rng_init(&noise, 2);
	for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
		struct fitted f = fit_of(configs[i], odd[_i]);

		for (int s = 0; s < SMOOTHING_SEASONS; s++)
			f.s.seasons[s].values = f.seasons + (s ? DAY : 0);
		if (!f.s.seasons[0].length)
			f.s.seasons[1].values = f.seasons;
		ck_usable(&f, &noise);
	}
}
END_TEST

/* Random lengths, seasons, gaps, spikes and shifts. */
START_TEST(random_series_stay_finite)
{
	struct rng rng;

	rng_init(&rng, (uint64_t)_i);
	for (int round = 0; round < 20; round++) {
		struct smoothing_config config = {
			.seasons = {(int32_t)(rng_uniform(&rng) * 30),
				    (int32_t)(rng_uniform(&rng) * 180)},
			.logs = rng_uniform(&rng) < .5,
			.horizon = 1 + (int32_t)(rng_uniform(&rng) * 200)};
		int32_t count = (int32_t)(rng_uniform(&rng) * COUNT);
		double scale = pow(10, 20 * rng_normal(&rng)), level = 5;
		AUTO_FREE double *storage = xcalloc(300, sizeof(double));
		AUTO_FREE double *workspace =
			xcalloc(smoothing_fit_workspace(&config, count), sizeof(double));
		struct series series;
		struct smoothing_fit work;
		struct fitted f;

		for (int t = 0; t < count; t++) {
			double chance = rng_uniform(&rng);

			level = chance < .01 ? 20 * rng_uniform(&rng) : level;
			series.y[t] = scale * (level + fabs(rng_normal(&rng)));
			if (chance > .97)
				series.y[t] = chance > .98 ? NAN : 1000 * series.y[t];
		}
		if (!smoothing_fit_begin(&work, &config, series.y, count, storage))
			continue;
		smoothing_fit_run(&work, series.y, workspace, &f.s);
		ck_usable(&f, &rng);
	}
}
END_TEST

START_TEST(slices_change_nothing)
{
	static const struct smoothing_config *const configs[] = {&additive, &by_factors,
								 &shared};
	struct series series = eventful();
	struct fitted whole, sliced;

	ck_assert(fit(configs[_i], series.y, COUNT, false, &whole));
	ck_assert(fit(configs[_i], series.y, COUNT, true, &sliced));
	ck_assert_mem_eq(whole.path, sliced.path, sizeof(whole.path));
	ck_assert_mem_eq(&whole.s.gains, &sliced.s.gains, sizeof(whole.s.gains));
}
END_TEST

START_TEST(a_kept_workspace_holds_the_logarithms)
{
	struct series series = eventful();
	AUTO_FREE double *workspace =
		xcalloc(smoothing_fit_workspace(&by_factors, COUNT), sizeof(*workspace));
	struct fitted whole, kept;
	struct smoothing_fit work;

	ck_assert(fit(&by_factors, series.y, COUNT, false, &whole));
	ck_assert(smoothing_fit_begin(&work, &by_factors, series.y, COUNT, kept.seasons));
	smoothing_fit_keep(&work);
	ck_assert(smoothing_fit_work(&work, series.y, workspace, &kept.s));
	for (int t = 0; t < COUNT; t++)
		series.y[t] = NAN; /* not looked at again */
	while (smoothing_fit_work(&work, series.y, workspace, &kept.s))
		;
	smoothing_path(&kept.s, AHEAD, kept.path);
	ck_assert(whole.s.logs);
	ck_assert_mem_eq(whole.path, kept.path, sizeof(whole.path));
}
END_TEST

START_TEST(what_comes_later_changes_nothing)
{
	struct series series = eventful(), other = series;
	struct fitted one, two;

	for (int t = 600; t < COUNT; t++)
		other.y[t] = 1e9 * t;
	ck_assert(fit(&additive, series.y, 600, false, &one));
	ck_assert(fit(&additive, other.y, 600, false, &two));
	ck_assert_mem_eq(one.path, two.path, sizeof(one.path));
}
END_TEST

START_TEST(forecasts_scale_with_the_values)
{
	struct series series = eventful(), doubled, larger;
	struct fitted one, two, three;

	for (int t = 0; t < COUNT; t++) {
		doubled.y[t] = 0x1p40 * series.y[t];
		larger.y[t] = 1000 * series.y[t];
	}
	ck_assert(fit(&additive, series.y, COUNT, false, &one));
	ck_assert(fit(&additive, doubled.y, COUNT, false, &two));
	ck_assert(fit(&additive, larger.y, COUNT, false, &three));
	for (int k = 0; k < AHEAD; k++) {
		ck_assert(two.path[k] == 0x1p40 * one.path[k]);
		ck_near(three.path[k] / one.path[k], 1000, 1e-6);
	}
	ck_assert(fit(&by_factors, series.y, COUNT, false, &one));
	ck_assert(fit(&by_factors, larger.y, COUNT, false, &three));
	for (int k = 0; k < AHEAD; k++)
		ck_near(three.path[k] / one.path[k], 1000, 1e-3);
}
END_TEST

START_TEST(a_history_may_begin_at_any_time_of_the_week)
{
	double y[COUNT];
	struct fitted f;

	for (int t = 0; t < COUNT; t++)
		y[t] = smooth(t + 7 * _i, NULL);
	ck_assert(fit(&additive, y, COUNT, false, &f));
	for (int k = 0; k < AHEAD; k++)
		ck_near(f.path[k], smooth(COUNT + k + 7 * _i, NULL), .5);
}
END_TEST

START_TEST(noise_averages_out)
{
	struct fitted f = fit_of(&additive, noisy);
	double total = 0;

	for (int k = 0; k < AHEAD; k++)
		total += fabs(f.path[k] - smooth(COUNT + k, NULL)) / AHEAD;
	/* Mean absolute value of the noise: 5 sqrt(2 / pi) = 3.99; last week misses by
	 * that. */
	ck_assert(total < .7 * 3.99);
}
END_TEST

START_TEST(factors_are_forecast_in_logs)
{
	struct fitted logs = fit_of(&by_factors, factors);
	double total = 0;

	ck_assert(logs.s.logs);
	for (int k = 0; k < AHEAD; k++)
		total += fabs(logs.path[k] / exp(5 + 2 * wave(COUNT + k, DAY)) - 1);
	ck_assert(total / AHEAD < .06);
	/* Nothing positive to take logs of. */
	ck_assert(!fit_of(&by_factors, negative).s.logs);
}
END_TEST

START_TEST(a_walk_is_followed_faster_than_noise)
{
	struct smoothing_config config = {.seasons = {DAY}, .horizon = 3};
	struct smoothing_gains quiet = fit_of(&additive, noisy).s.gains;
	struct smoothing_gains brisk = fit_of(&config, walking).s.gains;

	ck_assert(quiet.alpha <= .2);
	ck_assert(brisk.alpha + (1 - brisk.alpha) * brisk.rho >= .6);
}
END_TEST

START_TEST(a_trend_is_taken_where_it_pays)
{
	struct smoothing_config config = {.seasons = {DAY}, .horizon = 6};
	struct fitted rising = fit_of(&config, climbing);

	ck_assert(fit_of(&additive, noisy).s.gains.beta <= 0);
	ck_assert(rising.s.gains.beta > 0);
	/* 850 steps are eight waves and a half: the last way was up, and the top is
	 * here. */
	ck_assert(rising.s.trend > 0);
}
END_TEST

START_TEST(seasons_that_are_not_covered_twice_are_left_out)
{
	struct series series = series_of(noisy);
	struct fitted f;

	ck_assert(fit(&additive, series.y, 300, false, &f));
	ck_assert_int_eq(f.s.seasons[0].length, DAY);
	ck_assert_int_eq(f.s.seasons[1].length, 0);
	ck_assert(fit(&additive, series.y, 30, false, &f));
	ck_assert_int_eq(f.s.seasons[0].length, 0);
	ck_assert(!fit(&additive, series.y, SMOOTHING_VALUES_MIN - 1, false, &f));
	series = series_of(mostly_missing);
	ck_assert(!fit(&additive, series.y, 700, false, &f));
}
END_TEST

START_TEST(a_warm_refit_is_short_and_as_good)
{
	struct series series = series_of(noisy);
	AUTO_FREE double *workspace =
		xcalloc(smoothing_fit_workspace(&additive, COUNT), sizeof(double));
	struct fitted cold, warm;
	struct smoothing_fit work;
	int slices = 1;

	ck_assert(fit(&additive, series.y, COUNT, false, &cold));
	ck_assert(smoothing_fit_begin(&work, &additive, series.y, COUNT, warm.seasons));
	smoothing_fit_warm(&work, &cold.s.gains);
	while (smoothing_fit_work(&work, series.y, workspace, &warm.s))
		slices++;
	/* The start, two passes of candidates, and the last pass. */
	ck_assert_int_le(slices, 4);
	smoothing_path(&warm.s, AHEAD, warm.path);
	for (int k = 0; k < AHEAD; k++)
		ck_near(warm.path[k], cold.path[k], 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smoothing_fit");
	TCase *tc = tcase_create("smoothing_fit");

	tcase_add_loop_test(tc, odd_input_stays_finite, 0, ARRAY_LEN(odd));
	tcase_add_loop_test(tc, random_series_stay_finite, 0, 10);
	tcase_add_loop_test(tc, slices_change_nothing, 0, 3);
	tcase_add_test(tc, a_kept_workspace_holds_the_logarithms);
	tcase_add_test(tc, what_comes_later_changes_nothing);
	tcase_add_test(tc, forecasts_scale_with_the_values);
	tcase_add_loop_test(tc, a_history_may_begin_at_any_time_of_the_week, 0, 24);
	tcase_add_test(tc, noise_averages_out);
	tcase_add_test(tc, factors_are_forecast_in_logs);
	tcase_add_test(tc, a_walk_is_followed_faster_than_noise);
	tcase_add_test(tc, a_trend_is_taken_where_it_pays);
	tcase_add_test(tc, seasons_that_are_not_covered_twice_are_left_out);
	tcase_add_test(tc, a_warm_refit_is_short_and_as_good);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
