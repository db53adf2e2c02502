/* Fits Holt-Winters to two weeks of cells: a search over its rates for the least error
 * over the steps that will be used. The seasons are averages, never searched. Resumable:
 * one candidate at a time. */
#ifndef FORETOP_FORECAST_HOLT_WINTERS_FIT_H
#define FORETOP_FORECAST_HOLT_WINTERS_FIT_H

#include "forecast/holt_winters.h"

/* Two days to average a first season from, one to see how well it does. */
#define HOLT_WINTERS_DAYS 3

struct holt_winters_fit {
	bool running;
	int32_t trial;  /* number of the candidate that is tried next */
	int64_t first;  /* the cells [first, last] are learned */
	int64_t scored; /* errors count from this cell on */
	int64_t last;
	int32_t first_slot; /* where cell `first` stands in the ring */
	int32_t steps;      /* of the forecast in use, in cells */
	double level;       /* at the start */
	double swing, size;
	double best_loss;
	struct holt_winters_rates best;
	float season[CELLS_PER_DAY]; /* at the start */
	struct holt_winters state;   /* of the pass in hand */
};

/* Begins a fit for windows of `window` minutes on the cells before `end`. False, and
 * nothing begun, with less than HOLT_WINTERS_DAYS of them, or where the first days are
 * mostly missing. */
bool holt_winters_fit_begin(struct holt_winters_fit *fit, const struct history *h,
			    int64_t end, int32_t window);

/* Tries one candidate, or, after the last, moves the best one through all cells and hands
 * it out. True while it runs. */
bool holt_winters_fit_work(struct holt_winters_fit *fit, const struct history *h,
			   struct holt_winters *ret_fitted);

#endif
