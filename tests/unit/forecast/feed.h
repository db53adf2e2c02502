/* Loads for the tests of the forecaster, and ways to feed them. */
#ifndef FORETOP_TESTS_FORECAST_FEED_H
#define FORETOP_TESTS_FORECAST_FEED_H

#include "forecast/forecast.h"

#include <math.h>

#define DAY_MINUTES 1440
/* A Monday, far from the epoch. */
#define FIRST_MINUTE (INT64_C(20000) * DAY_MINUTES)

/* A load is a pure function of the minute: any part of it can be computed again. */
typedef double load_function(int64_t minute);

/* A normal number that belongs to a minute. */
static inline double noise_at(int64_t minute)
{
	struct rng r;

	rng_init(&r, (uint64_t)minute * 2654435761u + 1);
	return rng_normal(&r);
}

static inline double daily(int64_t minute)
{
	double day = 2 * M_PI * (double)(minute % DAY_MINUTES) / DAY_MINUTES;

	return 100 - 60 * cos(day) + 6 * noise_at(minute);
}

/* Threefold for an hour from 09:05 on, in steps of five minutes, every day. */
#define JUMP_MINUTE 545
#define JUMP_LOW    10
#define JUMP_HIGH   30
static inline double jumping(int64_t minute)
{
	int64_t step = minute % DAY_MINUTES / 5 * 5;

	return step >= JUMP_MINUTE && step < JUMP_MINUTE + 60 ? JUMP_HIGH : JUMP_LOW;
}

static inline struct forecaster *forecaster_new(const struct forecast_config *config)
{
	return forecaster_init(xmalloc(forecaster_size()), config);
}

static inline struct forecast_config config_of(int32_t window)
{
	return (struct forecast_config){
		.window_min = window,
		.release_min = 2,
		.quantile = .95,
		.use_linear = true,
		.use_holt_winters = true,
	};
}

/* Gives one minute (counted from FIRST_MINUTE) and does all its work. */
static inline void feed(struct forecaster *f, int64_t minute, double v)
{
	forecaster_add(f, (FIRST_MINUTE + minute) * FORECAST_STEP_MS, v);
	while (forecaster_work(f))
		;
}

static inline struct forecast asked(const struct forecaster *f)
{
	struct forecast forecast;

	forecaster_predict(f, &forecast);
	return forecast;
}

/* Feeds the minutes [from, to). */
static inline struct forecast feed_load(struct forecaster *f, load_function *load,
					int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
		feed(f, i, load(FIRST_MINUTE + i));
	return asked(f);
}

#endif
