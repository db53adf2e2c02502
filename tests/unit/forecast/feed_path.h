/* An hourly load for the tests of paths, and ways to feed and ask them. */
#ifndef FORETOP_TESTS_FORECAST_FEED_PATH_H
#define FORETOP_TESTS_FORECAST_FEED_PATH_H

#include "forecast/path.h"

#include "unit/harness.h"

#define DAY     24
#define WEEK    168
#define HORIZON 48
#define LEVELS  2

static inline struct path_config hourly(void)
{
	return (struct path_config){
		.capacity = 1000,
		.step_s = 3600,
		.seasons = {DAY, WEEK},
		.horizon = HORIZON,
		.level_count = LEVELS,
		.levels = {.8, .95},
		.refit_steps = -1,
		.use_linear = true,
		.use_holt_winters = true,
	};
}

struct said {
	double mean[HORIZON], lower[LEVELS][HORIZON], upper[LEVELS][HORIZON];
};

static inline bool ask(const struct path *p, struct said *ret)
{
	const struct path_steps steps = {
		HORIZON,
		ret->mean,
		{ret->lower[0], ret->lower[1]},
		{ret->upper[0], ret->upper[1]},
	};

	return path_predict(p, &steps);
}

/* With work memory of its own; free() ends it. */
static inline struct path *alone(const struct path_config *config)
{
	size_t bytes = path_size(config) + path_workspace_size(config);

	return path_init(xmalloc(bytes), config, NULL);
}

/* Knows n values, and all of them are in its models. */
static inline struct path *learned(const struct path_config *config, const double *v,
				   int32_t n)
{
	struct path *p = alone(config);

	for (int32_t i = 0; i < n; i++) {
		ck_assert(path_learn(p, v[i]));
		while (path_work(p))
			;
	}
	path_fit(p);
	while (path_work(p))
		;
	return p;
}

#define N 700
/* A day's and a week's shape with noise; the number belongs to t alone. */
static inline void shop(double *v, int32_t n)
{
	struct rng rng;

	rng_init(&rng, 7);
	for (int32_t t = 0; t < n; t++)
		v[t] = 100 - 50 * cos(2 * M_PI * t / DAY) - 20 * (t % WEEK > 5 * DAY) +
		       3 * rng_normal(&rng);
}

static inline void all_finite(const struct said *s)
{
	for (int h = 0; h < HORIZON; h++) {
		ck_assert(isfinite(s->mean[h]));
		for (int l = 0; l < LEVELS; l++) {
			ck_assert(isfinite(s->lower[l][h]) && isfinite(s->upper[l][h]));
			ck_assert(s->lower[l][h] <= s->mean[h]);
			ck_assert(s->upper[l][h] >= s->mean[h]);
		}
		ck_assert(s->lower[1][h] <= s->lower[0][h]);
		ck_assert(s->upper[1][h] >= s->upper[0][h]);
	}
}

#endif
