/* How far from the mean the outcome may lie at one knot: quantiles of past errors below
 * and above, each moved by what it missed. */
#ifndef FORETOP_FORECAST_PATH_INTERVAL_H
#define FORETOP_FORECAST_PATH_INTERVAL_H

#include "forecast/path.h"

struct interval {
	double lower[PATH_LEVELS_MAX], upper[PATH_LEVELS_MAX]; /* offsets of errors */
	double missed_below[PATH_LEVELS_MAX]; /* sums of (missed - share) */
	double missed_above[PATH_LEVELS_MAX];
	double size;    /* running mean of |error| */
	double largest; /* |error| so far: bounds the offsets */
	double scores;
	double covered, counted; /* by the first level; discounted */
};

/* Quantile of the standard normal distribution, p in (0, 1). */
double normal_quantile(double p);

/* Sets the offsets to those of a normal distribution of this deviation (>= 0). */
void interval_seed(struct interval *i, int32_t levels, const double *level,
		   double deviation);

/* Learns an error, outcome minus mean. The quantile tracker ("P control", Angelopoulos,
 * Candes, Tibshirani 2023) with a step that grows with what was missed too often or too
 * seldom so far: the share that is covered returns to its level. */
void interval_score(struct interval *i, int32_t levels, const double *level, double keep,
		    double error);

#endif
