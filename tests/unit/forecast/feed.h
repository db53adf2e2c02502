/* Loads for the tests of the forecaster, and ways to feed them. */
#ifndef FORETOP_TESTS_FORECAST_FEED_H
#define FORETOP_TESTS_FORECAST_FEED_H

#include "forecast/forecast.h"

#include "unit/harness.h"

#include <math.h>
#include <string.h>

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

/* The same to the last bit, NaN included. */
static inline bool same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static inline void ck_same(const struct forecast *a, const struct forecast *b)
{
	ck_assert_int_eq(a->state, b->state);
	ck_assert_int_eq(a->made_for_ms, b->made_for_ms);
	ck_assert(same_bits(a->last, b->last));
	ck_assert(same_bits(a->mean, b->mean));
	ck_assert(same_bits(a->upper, b->upper));
	ck_assert(same_bits(a->release, b->release));
	ck_assert_int_eq(a->model, b->model);
	ck_assert_int_eq(a->baseline, b->baseline);
	ck_assert(same_bits(a->skill, b->skill));
	ck_assert(same_bits(a->coverage, b->coverage));
	ck_assert_int_eq(a->learned_min, b->learned_min);
	ck_assert_int_eq(a->anomaly.kind, b->anomaly.kind);
	ck_assert_int_eq(a->anomaly.hold_until_ms, b->anomaly.hold_until_ms);
	ck_assert_int_eq(a->anomaly.count, b->anomaly.count);
	ck_assert_str_eq(a->anomaly.text, b->anomaly.text);
	ck_assert_str_eq(a->reason, b->reason);
}

/* What holds for every forecast of every input. */
static inline void ck_sane(const struct forecast *f)
{
	ck_assert(f->reason[0]);
	ck_assert_int_lt(f->model, FC_MODEL_COUNT);
	ck_assert_int_lt(f->baseline, FC_LINEAR_RECENT);
	if (f->state != FORECAST_READY) {
		ck_assert(isnan(f->upper) && isnan(f->mean) && isnan(f->release));
		return;
	}
	ck_assert(isfinite(f->upper) && isfinite(f->mean) && isfinite(f->release));
	ck_assert(f->mean >= 0 && f->mean <= f->upper && f->upper <= f->release);
	ck_assert(isnan(f->skill) || (f->skill >= -1 && f->skill <= 1));
	ck_assert(isnan(f->coverage) || (f->coverage >= 0 && f->coverage <= 1));
}

#endif
