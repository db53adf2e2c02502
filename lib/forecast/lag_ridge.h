/* Regression of a value on a few of those before it: the last ones and those around
 * whole seasons ago. Forecasts step after step, each on top of the one before.
 *
 * The lags m + 1 and w + 1 beside m and w let the regression express "the same change as
 * yesterday", which is what wins on hourly load (Doornik, Castle, Hendry, "Card
 * forecasts for M4", 2020).
 *
 * Steps are forecast one after the other. Heads of their own for single horizons, from
 * one matrix of products with a right-hand side each, were measured beside it and are not
 * used: they see the same lags of the origin whatever the horizon, so at most steps not
 * the ones that matter. Of hourly series (414, 48 steps, earlier ends held out) such
 * heads err by .98 and more in MASE where the recursion errs by .75; a quarter of them in
 * the combination adds 4 % to its error at one end and takes 1 % off at another. With the
 * lags that matter at four knots (15 min, 1 h, 6 h, 24 h) among the columns, heads on
 * logarithms of five-minute CPU err by .56 .44 .62 .65 of a day's lag where load repeats
 * (39 machines; the combination .53 .55 .67 .68), by .97 .79 1.16 1.51 elsewhere (50;
 * .70 .76 1.11 1.40): worth a model once the steps between knots have heads as well. */
#ifndef FORETOP_FORECAST_LAG_RIDGE_H
#define FORETOP_FORECAST_LAG_RIDGE_H

#include "forecast/gram.h"

struct lags {
	int32_t count;
	int32_t lag[GRAM_DIM_MAX]; /* ascending, each once */
};

/* Lags for seasons of seasons[0] and seasons[1] steps (0: none), of which those are left
 * out that `n` values cannot teach: after the longest lag there must be left half as many
 * values again as it is long, or four a lag. `minutes`: of a step. */
void lags_choose(const int32_t seasons[2], double minutes, int32_t n,
		 struct lags *ret_lags);

/* Everything that is learned. */
struct lag_ridge {
	struct lags lags;
	bool solved;
	double constant, coefficient[GRAM_DIM_MAX];
	double deviation;   /* of the errors one step ahead */
	double least, most; /* forecasts are kept within */
};

/* Where rows come from: row i is the value number lag[count - 1] + i. */
struct lag_rows {
	const struct lags *lags;
	const float *z;
	const uint8_t *known;
	double centre; /* subtracted from all */
};
/* A gram_fill. */
void lag_rows_fill(const void *rows, int32_t first, int32_t end,
		   struct gram_block *ret_block);

/* Takes the solution of rows centred at `centre`; not solved when its dim is 0. */
void lag_ridge_take(struct lag_ridge *r, const struct gram_solution *solution,
		    double centre);

/* Floats of work memory for a path of so many steps. */
#define LAG_CHUNK       8
#define LAG_WORK(steps) (((steps) + LAG_CHUNK - 1) / LAG_CHUNK * LAG_CHUNK + LAG_CHUNK)

/* The `steps` values after *newest, somewhere in `work` (LAG_WORK(steps) floats);
 * newest[0], newest[-1], ... reach back as far as the longest lag. Solved ones only. */
const float *lag_ridge_forecast(const struct lag_ridge *r, const float *newest,
				int32_t steps, float *work);

/* The same of two regressions at once, bit for bit, in less time than one after the
 * other. */
void lag_ridge_forecast_both(const struct lag_ridge *const ridge[2],
			     const float *const newest[2], int32_t steps,
			     float *const work[2], const float *ret_paths[2]);

/* Standard deviation of the error at each of `count` ascending horizons in steps, in the
 * units of z, from the weights of past innovations (psi weights; Box and Jenkins, "Time
 * Series Analysis", 5.1). `work` holds horizons[count - 1] floats. */
void lag_ridge_deviations(const struct lag_ridge *r, const int32_t *horizons,
			  int32_t count, float *work, double *ret_deviation);

#endif
