/* Three regressions on nested rows: recent lags alone, with those of a day, with those of
 * a week. A row is summed up once, where its last known column is; each model is solved
 * from the sums of all rows that know its columns. */
#ifndef FORETOP_FORECAST_NESTED_H
#define FORETOP_FORECAST_NESTED_H

#include "forecast/features.h"
#include "forecast/ridge.h"

enum nest { NEST_RECENT, NEST_DAY, NEST_WEEK, NEST_COUNT };

#define NESTED_STORAGE                                                                   \
	(RIDGE_STORAGE(FEATURES_RECENT) + RIDGE_STORAGE(FEATURES_DAY) +                  \
	 RIDGE_STORAGE(FEATURES_WEEK))

struct nested {
	/* The sums of the rows that know this and no more; but the solution of the model
	 * that uses so many columns. */
	struct ridge sums[NEST_COUNT];
	double unit;   /* weight of the next row: it grows instead of the old fading */
	double growth; /* from one row to the next */
	double minutes_per_row;
	double minutes[NEST_COUNT]; /* that each model has learned */
	double storage[NESTED_STORAGE];
};

/* One row is learned every `minutes_per_row` >= 1 minutes and stands for all of them. */
void nested_init(struct nested *n, double minutes_per_row);

/* A row as feature_row_keep kept it, `known` >= FEATURES_RECENT of it, and what came
 * after it. A model that has enough rows for the first time is solved at once. */
void nested_learn(struct nested *n, const float row[FEATURES_KEPT], int32_t known,
		  double actual);

/* Solves all that have enough rows; O(1), for once an hour. */
void nested_solve(struct nested *n);

/* Minutes of rows that a model needs before it is solved. */
int64_t nested_needed(enum nest model);

/* What the models say of a row; NaN where it is not known far enough, or no solution is
 * there. Bounded by what the row has seen and once as much to either side: a regression
 * must not run away on input that it never met. */
void nested_predict(const struct nested *n, const struct feature_row *row,
		    double ret_predictions[NEST_COUNT]);

#endif
