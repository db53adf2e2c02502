/* Series for the tests of Holt-Winters, hour by hour. */
#ifndef FORETOP_TESTS_FORECAST_FEED_SMOOTHING_H
#define FORETOP_TESTS_FORECAST_FEED_SMOOTHING_H

#include "forecast/smoothing.h"

#include "base/base.h"
#include "unit/harness.h"

#define DAY   24
#define WEEK  168
#define COUNT 850
#define AHEAD 48

/* Loads by step. */
typedef double load_function(int t, struct rng *noise);

static inline double wave(int t, int length)
{
	return -cos(2 * M_PI * t / length);
}

static inline double smooth(int t, struct rng *noise)
{
	(void)noise;
	return 100 + 40 * wave(t, DAY) + 20 * wave(t, WEEK);
}

static inline double noisy(int t, struct rng *noise)
{
	return smooth(t, NULL) + 5 * rng_normal(noise);
}

struct series {
	double y[COUNT + AHEAD];
};

static inline struct series series_of(load_function *load)
{
	struct series s;
	struct rng noise;

	rng_init(&noise, 11);
	for (int t = 0; t < COUNT + AHEAD; t++)
		s.y[t] = load(t, &noise);
	return s;
}

static const struct smoothing_config additive = {.seasons = {DAY, WEEK},
						 .horizon = AHEAD};
static const struct smoothing_config by_factors = {
	.seasons = {DAY, WEEK}, .logs = true, .horizon = AHEAD};
static const struct smoothing_config shared = {
	.seasons = {DAY, WEEK}, .spans = {0, 6}, .horizon = AHEAD};
static const struct smoothing_config seasonless = {.horizon = AHEAD};

/* Everything that can happen on the way: a gap longer than a day, spikes, a new level. */
static inline struct series eventful(void)
{
	struct series series = series_of(noisy);

	for (int t = 500; t < 540; t++)
		series.y[t] = NAN;
	series.y[420] = series.y[600] = NAN;
	series.y[430] = 1e5;
	for (int t = 700; t < COUNT; t++)
		series.y[t] += 2000;
	return series;
}

#endif
