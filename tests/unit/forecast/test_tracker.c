#include "forecast/tracker.h"

#include "base/base.h"
#include "forecast/history.h"
#include "unit/harness.h"

/* Scores `count` minutes of a prediction of 100 whose errors are `size` times a standard
 * normal number. */
struct world {
	struct tracker tracker;
	struct spread spread;
	struct thinning thinning;
	struct rng noise;
	double quantile;
	int64_t minute;
	int64_t above; /* outcomes above the upper quantile */
};

static void world_init(struct world *w, double quantile, int32_t thinning)
{
	tracker_init(&w->tracker, &w->spread);
	w->thinning = thinning_of(thinning);
	w->quantile = quantile;
	w->minute = w->above = 0;
	rng_init(&w->noise, 5);
}

static struct circumstances now(const struct world *w, double deviation)
{
	return (struct circumstances){
		.prediction = 100, .deviation = deviation, .hour = hour_of(w->minute)};
}

static void score_error(struct world *w, double error, double deviation)
{
	struct circumstances made = now(w, deviation);
	double scale = tracker_scale(&w->tracker, &made);
	struct score score = {
		.made = made,
		.scale = scale,
		.actual = 100 + error,
		.quantile = w->quantile,
		.weight = 1,
		.thinning = &w->thinning,
	};

	w->above += score.actual > tracker_upper(&w->tracker, 100, scale);
	tracker_score(&w->tracker, &score);
	w->minute += (int64_t)w->thinning.minutes;
	if (w->minute % 60 == 0)
		tracker_refit(&w->tracker);
}

static void score_many(struct world *w, int count, double size)
{
	for (int i = 0; i < count; i++)
		score_error(w, size * rng_normal(&w->noise), 0);
}

static double upper(const struct world *w, double deviation)
{
	struct circumstances c = now(w, deviation);

	return tracker_upper(&w->tracker, 100, tracker_scale(&w->tracker, &c));
}

/* {quantile, the normal law's} */
static const double quantiles[][2] = {
	{.5, 0}, {.9, 1.2816}, {.95, 1.6449}, {.99, 2.3263}};

START_TEST(the_upper_quantile_of_normal_errors_is_found)
{
	struct world w;

	world_init(&w, quantiles[_i][0], 1);
	score_many(&w, 20000, 10);
	ck_near(upper(&w, 0), 100 + 10 * quantiles[_i][1], 2.5);
	w.above = 0;
	score_many(&w, 20000, 10);
	ck_near((double)w.above / 20000, 1 - quantiles[_i][0], .01);
}
END_TEST

START_TEST(thinned_scores_find_the_same_quantile)
{
	struct world w;

	world_init(&w, .95, 4);
	score_many(&w, 10000, 10);
	ck_near(upper(&w, 0), 116.4, 3);
	ck_near(w.tracker.scores, 40000, 0);
}
END_TEST

START_TEST(the_means_of_errors_are_means_at_first)
{
	static const double errors[] = {4, -2, 10};
	struct world w;

	world_init(&w, .9, 1);
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		score_error(&w, errors[i], 0);
	ck_near(w.tracker.error, 16. / 3, 1e-12);
	ck_near(w.tracker.bias, 4, 1e-12);
}
END_TEST

START_TEST(the_loss_is_the_pinball_loss)
{
	struct world w;

	world_init(&w, .9, 1);
	w.tracker.offset = 0; /* the upper quantile is the prediction itself */
	ck_assert(isnan(tracker_loss(&w.tracker)));
	score_error(&w, 10, 0);
	ck_near(tracker_loss(&w.tracker), .9 * 10, 1e-9);
	world_init(&w, .9, 1);
	w.tracker.offset = 0;
	score_error(&w, -10, 0);
	ck_near(tracker_loss(&w.tracker), .1 * 10, 1e-9);
}
END_TEST

START_TEST(a_loss_counts_half_after_a_day)
{
	struct thinning minute = thinning_of(1), four = thinning_of(4);

	ck_near(pow(minute.discount, 1440), .5, 1e-12);
	ck_near(pow(four.discount, 360), .5, 1e-12);
	ck_near(pow(minute.spread_growth, 4), four.spread_growth, 1e-12);
}
END_TEST

START_TEST(errors_that_vary_with_the_unrest_widen_the_band_then)
{
	struct world w;

	world_init(&w, .9, 1);
	for (int i = 0; i < 20000; i++) {
		double unrest = i % 2 ? 2 : 20;

		score_error(&w, unrest * rng_normal(&w.noise), unrest);
	}
	/* Three quarters of the strength; the ratio is cut at 9. */
	double quiet = upper(&w, 2) - 100, restless = upper(&w, 20) - 100;

	ck_assert(restless > 1.5 * quiet);
	ck_assert(restless <= pow(9, .75) * 1.001 * quiet);
}
END_TEST

START_TEST(the_scale_stays_within_its_bounds)
{
	struct world w;

	world_init(&w, .9, 1);
	for (int i = 0; i < 5000; i++)
		score_error(&w, (i % 2 ? 1 : 30) * rng_normal(&w.noise), i % 2 ? 1 : 30);

	struct circumstances wild = now(&w, 1e9), calm = now(&w, -1e9);
	double g = w.tracker.error;

	ck_near(tracker_scale(&w.tracker, &wild), g * pow(3, .75), 1e-9 * g);
	ck_near(tracker_scale(&w.tracker, &calm), g / pow(3, .75), 1e-9 * g);
}
END_TEST

START_TEST(perfect_predictions_need_no_margin)
{
	struct world w;

	world_init(&w, .95, 1);
	for (int i = 0; i < 1000; i++)
		score_error(&w, 0, 0);
	ck_near(upper(&w, 0), 100, 0);
	ck_near(tracker_loss(&w.tracker), 0, 0);
	score_error(&w, 5, 0);
	ck_assert(isfinite(upper(&w, 0)));
	ck_assert(upper(&w, 0) > 100);
}
END_TEST

START_TEST(one_fault_does_not_widen_the_band_much)
{
	struct world w;

	world_init(&w, .95, 1);
	score_many(&w, 5000, 10);

	double before = upper(&w, 0) - 100;

	score_error(&w, 1e12, 0);
	ck_assert(upper(&w, 0) - 100 < 1.5 * before);
}
END_TEST

START_TEST(larger_errors_that_stay_do_widen_it)
{
	struct world w;

	world_init(&w, .95, 1);
	score_many(&w, 5000, 10);
	score_many(&w, 5000, 1000);
	ck_assert(upper(&w, 0) - 100 > 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tracker");
	TCase *tc = tcase_create("tracker");

	tcase_add_loop_test(tc, the_upper_quantile_of_normal_errors_is_found, 0, 4);
	tcase_add_test(tc, thinned_scores_find_the_same_quantile);
	tcase_add_test(tc, the_means_of_errors_are_means_at_first);
	tcase_add_test(tc, the_loss_is_the_pinball_loss);
	tcase_add_test(tc, a_loss_counts_half_after_a_day);
	tcase_add_test(tc, errors_that_vary_with_the_unrest_widen_the_band_then);
	tcase_add_test(tc, the_scale_stays_within_its_bounds);
	tcase_add_test(tc, perfect_predictions_need_no_margin);
	tcase_add_test(tc, one_fault_does_not_widen_the_band_much);
	tcase_add_test(tc, larger_errors_that_stay_do_widen_it);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
