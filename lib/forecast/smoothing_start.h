/* Where a fit starts: level and seasons as averages, which are not searched for. */
#ifndef FORETOP_FORECAST_SMOOTHING_START_H
#define FORETOP_FORECAST_SMOOTHING_START_H

#include "forecast/smoothing.h"

/* Sets level, size, swing and seasons of a new model from the first of `count` values x
 * (NaN: missing): a line through the means of the longest season's cycles is taken off,
 * the rest is averaged by slot and drawn towards zero as far as it may be chance. Looks
 * at the first half of the values, four cycles at most. The number of values looked at;
 * errors should count from there on. */
int32_t smoothing_start(struct smoothing *s, const double *x, int32_t count);

#endif
