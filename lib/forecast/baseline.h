/* What anyone would say without a model. */
#ifndef FORETOP_FORECAST_BASELINE_H
#define FORETOP_FORECAST_BASELINE_H

#include <stdint.h>

#define BASELINES 5

struct baselines {
	int32_t hour;       /* steps of the mean, >= 2 */
	int32_t line;       /* steps of the trend, >= 4 */
	int32_t seasons[2]; /* in steps; 0: none */
};

/* For steps of `step_s` seconds. */
void baselines_init(struct baselines *b, int32_t step_s, const int32_t seasons[2]);

/* What does not change along the path. */
struct baseline_origin {
	double last, mean, slope, middle, centre;
};

/* v: n values, oldest first, the newest is the origin; n >= 1. */
void baselines_at(const struct baselines *b, const float *v, int32_t n,
		  struct baseline_origin *ret_origin);

/* The forecasts h >= 1 steps after v[n - 1], in the order of enum path_model; NaN where
 * the season is not there or was not seen yet. */
void baselines_forecast(const struct baselines *b, const struct baseline_origin *o,
			const float *v, int32_t n, int32_t h, float ret[BASELINES]);

#endif
