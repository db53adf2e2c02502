#include "forecast/smoothing_batch.h"

#include "unit/forecast/feed_smoothing.h"

#include <string.h>

static double scored_loss(struct smoothing *s, const struct series *series,
			  const struct smoothing_batch *batch)
{
	double loss = 0, path[AHEAD];

	for (int t = 0; t < COUNT; t++) {
		/* The path itself has bounds and another order of sums. */
		s->least = -1e9;
		s->most = 1e9;
		smoothing_path(s, AHEAD, path);
		for (int k = 0; k < batch->knot_count; k++) {
			int at = t + batch->knots[k] - 1;

			if (t >= batch->scored &&
			    (t - batch->scored) % batch->stride == 0 && at < COUNT &&
			    !isnan(series->y[at]))
				loss += fabs(series->y[at] - path[batch->knots[k] - 1]);
		}
		smoothing_advance(s, series->y[t]);
	}
	return loss;
}

START_TEST(a_lane_is_the_scalar_model_in_floats)
{
	static const struct smoothing_config *const configs[] = {&additive, &shared,
								 &seasonless};
	const struct smoothing_config *config = configs[_i];
	struct series series = eventful();
	double storage[DAY + WEEK], own[DAY + WEEK];
	float scratch[(DAY + WEEK) * BATCH_LANES];
	struct smoothing_lane lanes[BATCH_LANES];
	struct smoothing start;

	smoothing_init(&start, config, storage);
	start.level = 90;
	start.trend = .25;
	start.size = 7;
	start.swing = config == &seasonless ? 0 : 60;
	for (size_t i = 0; i < smoothing_storage(config); i++)
		storage[i] = 20 * wave((int)i, DAY);

	struct smoothing_batch batch = {
		.start = &start,
		.x = series.y,
		.count = COUNT,
		.scored = 336,
		.stride = 11,
		.knots = {1, 7, 48},
		.knot_count = 3,
		.rhos = {0, .3, .6, .8, .95},
	};
	for (int lane = 0; lane < BATCH_LANES; lane++)
		batch.gains[lane] =
			(struct smoothing_gains){.alpha = .02 + .1 * lane,
						 .beta = lane % 2 ? .01 * lane : 0,
						 .phi = lane % 2 ? .9 : 0,
						 .gamma = {.2 - .02 * lane, .01 * lane}};
	smoothing_batch_run(&batch, scratch, lanes);
	for (int lane = 0; lane < BATCH_LANES; lane++) {
		struct smoothing s = start;
		double *values[] = {own, own + start.seasons[0].length};

		memcpy(own, storage, sizeof(own));
		for (int i = 0; i < SMOOTHING_SEASONS; i++)
			s.seasons[i].values = values[i];
		s.gains = batch.gains[lane];
		s.gains.rho = .8;

		double loss = scored_loss(&s, &series, &batch);

		ck_near(s.level, lanes[lane].level, 1e-3);
		ck_near(s.trend, lanes[lane].trend, 1e-4);
		ck_near(s.size, lanes[lane].size, 1e-3);
		ck_near(s.error, lanes[lane].error, 1e-3);
		for (size_t i = 0; i < smoothing_storage(config); i++)
			ck_near(own[i],
				start.size *
					(double)scratch[i * BATCH_LANES + (size_t)lane],
				1e-3);
		ck_near(start.size * lanes[lane].loss[3] / loss, 1, 1e-5);
	}
}
END_TEST

/* What the others do is nothing to a lane: it may stand anywhere, to the last bit. */
START_TEST(a_lane_goes_its_own_way)
{
	struct series series = eventful();
	double storage[DAY + WEEK] = {0};
	float scratch[(DAY + WEEK) * BATCH_LANES];
	struct smoothing_lane lanes[BATCH_LANES], turned[BATCH_LANES];
	struct smoothing start;

	smoothing_init(&start, &additive, storage);
	start.level = 90;
	start.size = 7;
	ck_assert_uint_le(smoothing_batch_scratch(&start) * sizeof(double),
			  sizeof(scratch));

	struct smoothing_batch batch = {
		.start = &start,
		.x = series.y,
		.count = COUNT,
		.scored = 336,
		.stride = 11,
		.knots = {1, 48},
		.knot_count = 2,
		.rhos = {.8},
	};
	for (int lane = 0; lane < BATCH_LANES; lane++)
		batch.gains[lane] = (struct smoothing_gains){.alpha = .02 + .1 * lane,
							     .gamma = {.02 * lane, .1}};
	smoothing_batch_run(&batch, scratch, lanes);
	for (int lane = 0; lane < BATCH_LANES / 2; lane++) {
		struct smoothing_gains gains = batch.gains[lane];

		batch.gains[lane] = batch.gains[BATCH_LANES - 1 - lane];
		batch.gains[BATCH_LANES - 1 - lane] = gains;
	}
	smoothing_batch_run(&batch, scratch, turned);
	for (int lane = 0; lane < BATCH_LANES; lane++)
		ck_assert_mem_eq(&lanes[lane], &turned[BATCH_LANES - 1 - lane],
				 sizeof(*lanes));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smoothing_batch");
	TCase *tc = tcase_create("smoothing_batch");

	tcase_add_loop_test(tc, a_lane_is_the_scalar_model_in_floats, 0, 3);
	tcase_add_test(tc, a_lane_goes_its_own_way);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
