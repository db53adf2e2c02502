#include "forecast/tracker.h"

#include "base/base.h"
#include "forecast/history.h"
#include "forecast/ridge.h"
#include "unit/harness.h"

/* The lane that is looked at. */
#define LANE 5
/* Those before it know nothing of the circumstances. */
#define PLAIN 2

/* Scores `count` minutes of a prediction of 100 whose errors are `size` times a standard
 * normal number. */
struct world {
	struct tracker tracker;
	struct thinning thinning;
	struct rng noise;
	double quantile;
	int64_t minute;
	int64_t above; /* outcomes above the upper quantile */
};

static void world_init(struct world *w, double quantile, int32_t thinning)
{
	tracker_init(&w->tracker, PLAIN);
	w->thinning = thinning_of(thinning);
	w->quantile = quantile;
	w->minute = w->above = 0;
	rng_init(&w->noise, 5);
}

static struct circumstances now(const struct world *w, double deviation)
{
	return (struct circumstances){.deviation = deviation, .hour = hour_of(w->minute)};
}

static void only_lane(float v, float ret[TRACKER_LANES])
{
	for (int i = 0; i < TRACKER_LANES; i++)
		ret[i] = i == LANE ? v : NAN;
}

static double loss_of(const struct tracker *t, int lane)
{
	double losses[TRACKER_LANES];

	tracker_losses(t, losses);
	return losses[lane];
}

static double scale_at(const struct world *w, const struct circumstances *c)
{
	double predictions[TRACKER_LANES], scales[TRACKER_LANES];

	for (int i = 0; i < TRACKER_LANES; i++)
		predictions[i] = i == LANE ? 100 : NAN;
	tracker_scales(&w->tracker, predictions, c, scales);
	for (int i = 0; i < TRACKER_LANES; i++)
		ck_assert_int_eq(isnan(scales[i]), i != LANE);
	ck_near(tracker_scale(&w->tracker, LANE, 100, c), scales[LANE], 0);
	ck_assert(isnan(tracker_scale(&w->tracker, LANE, NAN, c)));
	return scales[LANE];
}

/* `size`: the scale that was said with the prediction. */
static void score_scaled(struct world *w, double error, double deviation, double size)
{
	struct circumstances made = now(w, deviation);
	float prediction[TRACKER_LANES], scale[TRACKER_LANES];
	struct score score = {
		.made = made,
		.prediction = prediction,
		.scale = scale,
		.actual = 100 + error,
		.quantile = w->quantile,
		.weight = 1,
		.thinning = &w->thinning,
	};

	only_lane(100, prediction);
	only_lane((float)size, scale);
	w->above += score.actual > tracker_upper(&w->tracker, LANE, 100, size);
	tracker_score(&w->tracker, &score);
	w->minute += (int64_t)w->thinning.minutes;
	if (w->minute % 60 == 0)
		tracker_refit(&w->tracker);
}

static void score_error(struct world *w, double error, double deviation)
{
	struct circumstances made = now(w, deviation);

	score_scaled(w, error, deviation, scale_at(w, &made));
}

static void score_many(struct world *w, int count, double size)
{
	for (int i = 0; i < count; i++)
		score_error(w, size * rng_normal(&w->noise), 0);
}

static double upper(const struct world *w, double deviation)
{
	struct circumstances c = now(w, deviation);

	return tracker_upper(&w->tracker, LANE, 100, scale_at(w, &c));
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
	ck_near(w.tracker.scores[LANE], 40000, 0);
}
END_TEST

START_TEST(the_means_of_errors_are_means_at_first)
{
	static const double errors[] = {4, -2, 10};
	struct world w;

	world_init(&w, .9, 1);
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		score_error(&w, errors[i], 0);
	ck_near(w.tracker.error[LANE], 16. / 3, 1e-12);
	ck_near(w.tracker.bias[LANE], 4, 1e-12);
}
END_TEST

START_TEST(the_loss_is_the_pinball_loss)
{
	struct world w;

	world_init(&w, .9, 1);
	w.tracker.offset[LANE] = 0; /* the upper quantile is the prediction itself */
	ck_assert(isnan(loss_of(&w.tracker, LANE)));
	score_error(&w, 10, 0);
	ck_near(loss_of(&w.tracker, LANE), .9 * 10, 1e-9);
	world_init(&w, .9, 1);
	w.tracker.offset[LANE] = 0;
	score_error(&w, -10, 0);
	ck_near(loss_of(&w.tracker, LANE), .1 * 10, 1e-9);
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
	double g = w.tracker.error[LANE];

	ck_near(scale_at(&w, &wild), g * pow(3, .75), 1e-9 * g);
	ck_near(scale_at(&w, &calm), g / pow(3, .75), 1e-9 * g);
}
END_TEST

START_TEST(perfect_predictions_need_no_margin)
{
	struct world w;

	world_init(&w, .95, 1);
	for (int i = 0; i < 1000; i++)
		score_error(&w, 0, 0);
	ck_near(upper(&w, 0), 100, 0);
	ck_near(loss_of(&w.tracker, LANE), 0, 0);
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

#define LATE 15

/* {tiny errors at first, scores that are still to come when a scale is said} */
static const int lucky[][2] = {{1, 0},    {4, 0},    {40, 0},    {200, 0},
			       {1, LATE}, {4, LATE}, {40, LATE}, {200, LATE}};

/* A lane that was lucky at first: its margin stays of the size of the errors since. */
START_TEST(a_few_tiny_errors_at_first_do_not_widen_the_band)
{
	int tiny = lucky[_i][0], late = lucky[_i][1];
	double size[LATE + 1] = {0}, greatest = 0;
	struct world w;

	world_init(&w, .95, 2);
	for (int i = 0; i < tiny + 2000; i++) {
		double error = (i < tiny ? 1e-6 : 10) * rng_normal(&w.noise);
		struct circumstances made = now(&w, 0);

		size[i % (late + 1)] = scale_at(&w, &made);
		greatest = fmax(greatest, fabs(error));
		score_scaled(&w, error, 0, size[(i + 1) % (late + 1)]);
		ck_assert(upper(&w, 0) - 100 <= 3 * greatest);
	}
	ck_near(upper(&w, 0), 116.4, 4);
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

/* Predictions and errors of their own for every lane. */
static void predictions_of(struct rng *rng, float ret[TRACKER_LANES])
{
	for (int i = 0; i < TRACKER_LANES; i++)
		ret[i] = (float)(100 + 10 * i + 5 * rng_normal(rng));
}

/* A day of minutes, of the lanes whose bits are set; a lane that is missing has no
 * prediction. */
static void score_lanes(struct tracker *t, unsigned lanes)
{
	struct thinning thinning = thinning_of(2);
	struct rng rng;

	rng_init(&rng, 11);
	for (int64_t minute = 0; minute < 1440; minute += 2) {
		float prediction[TRACKER_LANES], scale[TRACKER_LANES];
		double wide[TRACKER_LANES], scales[TRACKER_LANES];
		struct score score = {
			.made = {.deviation = 1 + minute % 7,
				 .movement = 1 + minute % 5,
				 .hour = hour_of(minute)},
			.prediction = prediction,
			.scale = scale,
			.actual = 100 + 10 * rng_normal(&rng),
			.quantile = .95,
			.weight = 1,
			.thinning = &thinning,
		};

		predictions_of(&rng, prediction);
		for (int i = 0; i < TRACKER_LANES; i++) {
			if (!(lanes >> i & 1))
				prediction[i] = NAN;
			wide[i] = (double)prediction[i];
		}
		tracker_scales(t, wide, &score.made, scales);
		for (int i = 0; i < TRACKER_LANES; i++)
			scale[i] = (float)scales[i];
		tracker_score(t, &score);
		if (minute % 60 == 0)
			tracker_refit(t);
	}
}

/* An outcome that is the same for equal trackers. */
static void score_one(struct tracker *t, int64_t i)
{
	const struct thinning thinning = thinning_of(2);
	float prediction[TRACKER_LANES], scale[TRACKER_LANES];

	for (int lane = 0; lane < TRACKER_LANES; lane++) {
		prediction[lane] = (float)(100 + lane);
		scale[lane] = (float)(10 - lane);
	}
	tracker_score(t, &(const struct score){
				 .made = {.deviation = 3, .hour = (int32_t)i % 24},
				 .prediction = prediction,
				 .scale = scale,
				 .actual = (double)(80 + 17 * i % 60),
				 .quantile = .9,
				 .weight = 1,
				 .thinning = &thinning,
			 });
}

static double scale_of(const struct tracker *t, int lane)
{
	const struct circumstances c = {.deviation = 3, .movement = 2, .hour = 7};
	double prediction[TRACKER_LANES], scale[TRACKER_LANES];

	for (int i = 0; i < TRACKER_LANES; i++)
		prediction[i] = 100 + i;
	tracker_scales(t, prediction, &c, scale);
	ck_near(tracker_scale(t, lane, prediction[lane], &c), scale[lane], 0);
	return scale[lane];
}

/* A lane learns the same, to the bit, whether the others have something to say or not. */
START_TEST(lanes_do_not_see_each_other)
{
	struct tracker together, alone;

	tracker_init(&together, PLAIN);
	tracker_init(&alone, PLAIN);
	score_lanes(&together, 0xff);
	score_lanes(&alone, 1u << _i);
	ck_near(together.scores[_i], 1440, 0);
	ck_near(alone.scores[_i], together.scores[_i], 0);
	ck_near(alone.error[_i], together.error[_i], 0);
	ck_near(alone.bias[_i], together.bias[_i], 0);
	ck_near(alone.offset[_i], together.offset[_i], 0);
	ck_near(loss_of(&alone, _i), loss_of(&together, _i), 0);
	ck_near(scale_of(&alone, _i), scale_of(&together, _i), 0);

	double losses[TRACKER_LANES];

	tracker_losses(&alone, losses);
	for (int i = 0; i < TRACKER_LANES; i++) {
		ck_assert_int_eq(isnan(losses[i]), i != _i);
		if (i != _i)
			ck_near(alone.scores[i], 0, 0);
	}
}
END_TEST

/* From when on the slow rates hold nothing is divided any more, and nothing changes. */
START_TEST(settled_lanes_learn_as_before)
{
	struct tracker settled, other;

	tracker_init(&settled, PLAIN);
	score_lanes(&settled, 0xff);
	ck_assert(!settled.settled);
	score_lanes(&settled, 0xff);
	tracker_refit(&settled);
	ck_assert(settled.settled);
	other = settled;
	for (int64_t i = 0; i < 50; i++) {
		other.settled = false;
		score_one(&settled, i);
		score_one(&other, i);
	}
	ck_assert(settled.settled && !other.settled);
	other.settled = true;
	ck_assert_mem_eq(&settled, &other, sizeof(other));
}
END_TEST

START_TEST(one_young_lane_settles_nothing)
{
	struct tracker t;

	tracker_init(&t, PLAIN);
	score_lanes(&t, 0x7f);
	score_lanes(&t, 0x7f);
	tracker_refit(&t);
	ck_assert(!t.settled);
}
END_TEST

START_TEST(plain_lanes_expect_errors_of_one_size)
{
	struct tracker t;

	tracker_init(&t, PLAIN);
	score_lanes(&t, 0xff);
	for (int i = 0; i < TRACKER_LANES; i++)
		ck_assert_int_eq(scale_of(&t, i) == t.error[i], i < PLAIN);
}
END_TEST

/* The regression of sizes is the ridge regression that ridge.c solves. */
START_TEST(sizes_are_regressed_as_by_a_ridge)
{
	const struct circumstances c = {.deviation = 3, .movement = 2, .hour = 0};
	double storage[RIDGE_STORAGE(SPREAD_DIM)], weight = 1, hour = 0, rows = 0;
	struct thinning thinning = thinning_of(1);
	struct ridge ridge;
	struct world w;
	struct rng rng;

	world_init(&w, .9, 1);
	ridge_init(&ridge, SPREAD_DIM, storage);
	rng_init(&rng, 3);
	for (; rows < 300; rows++) {
		double deviation = 1 + rng_uniform(&rng), movement = rng_uniform(&rng);
		/* What is kept is kept short. */
		double error = (double)(float)(deviation * rng_normal(&rng));
		double size = fabs(error);
		float prediction[TRACKER_LANES], scale[TRACKER_LANES];
		const double x[SPREAD_DIM] = {1, 64, 8, deviation, movement, hour};
		const struct score score = {
			.made = {deviation, movement, 0},
			.prediction = prediction,
			.scale = scale,
			.actual = 64 + error,
			.quantile = .9,
			.weight = 1,
			.thinning = &thinning,
		};

		only_lane(64, prediction);
		only_lane(1, scale);
		ridge_learn(&ridge, x, fabs(64 + error - 64), weight);
		weight *= thinning.spread_growth;
		hour += (size - hour) / (rows + 1);
		hour = (double)(float)hour;
		tracker_score(&w.tracker, &score);
	}
	tracker_refit(&w.tracker);
	ck_assert_int_eq(ridge_solve(&ridge, 1e-3), 0);

	const double x[SPREAD_DIM] = {1, 100, 10, c.deviation, c.movement, hour};
	double g = w.tracker.error[LANE];
	double h = fmin(fmax(ridge_predict(&ridge, x), g / 3), 3 * g);

	ck_near(scale_at(&w, &c), pow(g, .25) * pow(h, .75), 1e-6 * g);
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
	tcase_add_loop_test(tc, a_few_tiny_errors_at_first_do_not_widen_the_band, 0,
			    ARRAY_LEN(lucky));
	tcase_add_test(tc, larger_errors_that_stay_do_widen_it);
	tcase_add_loop_test(tc, lanes_do_not_see_each_other, 0, TRACKER_LANES);
	tcase_add_test(tc, settled_lanes_learn_as_before);
	tcase_add_test(tc, one_young_lane_settles_nothing);
	tcase_add_test(tc, plain_lanes_expect_errors_of_one_size);
	tcase_add_test(tc, sizes_are_regressed_as_by_a_ridge);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
