/* Sums and maxima over values of which some are missing (NaN), four at a time. */
#ifndef FORETOP_FORECAST_SUMS_H
#define FORETOP_FORECAST_SUMS_H

#include <math.h>
#include <stdint.h>

struct sum {
	double total;  /* of the known values */
	int32_t count; /* how many these are */
	float largest; /* -INFINITY without any */
};

struct sum sum_of(const float *values, int32_t count);
/* The same without the total, which is NaN. */
struct sum sum_largest(const float *values, int32_t count);
struct sum sum_together(struct sum a, struct sum b);

/* NaN without a known value. */
static inline double sum_mean(const struct sum *s)
{
	return s->count ? s->total / s->count : NAN;
}

/* Mean absolute change from one of the `count` values to the next, over those where both
 * are known; 0 without any. */
double sum_movement(const float *values, int32_t count);

#endif
