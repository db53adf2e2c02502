/* Sums of products over rows of lagged values, many rows at once. Columns of lags that
 * follow one another are the same values moved by one, so most sums follow from a
 * neighbour's by what enters at one end and leaves at the other. */
#ifndef FORETOP_FORECAST_LAG_SUMS_H
#define FORETOP_FORECAST_LAG_SUMS_H

#include "forecast/lag_ridge.h"

/* A gram_add_run: `rows` is a struct lag_rows. */
int32_t lag_sums_add(const void *rows, int32_t first, int32_t end, struct gram *g);

/* A gram_cut_run. */
int32_t lag_sums_cut(const void *rows, int32_t first, int32_t end,
		     const struct gram_solution *solution, double limit,
		     struct gram_change *change);

#endif
