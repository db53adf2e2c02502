/* How far from the mean the outcome may lie at one knot: as far as other models disagree
 * with it, and beyond that quantiles of past errors below and above, each moved by what
 * it missed. */
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

/* The levels in use. */
struct interval_levels {
	int32_t count;
	double level[PATH_LEVELS_MAX];
	double normal[PATH_LEVELS_MAX]; /* the normal law's: 1.96 for .95 */
};

void interval_levels_init(struct interval_levels *levels, int32_t count,
			  const double *level);

/* How far below and above the mean others' forecasts lie, >= 0, in units of errors. */
struct dissent {
	double below, above;
};

/* Quantile of the standard normal distribution, p in (0, 1). */
double normal_quantile(double p);

/* Sets the offsets of level number l to those of a normal distribution of this deviation
 * (>= 0). */
void interval_seed(struct interval *i, const struct interval_levels *levels, int32_t l,
		   double deviation);

/* The part of dissent that an interval of this level reaches out. */
double interval_reach(const struct interval_levels *levels, int32_t l);

/* Learns an error, outcome minus mean, and the dissent when it was made. The quantile
 * tracker ("P control", Angelopoulos, Candes, Tibshirani 2023) with a step that grows
 * with what was missed too often or too seldom so far: the share that is covered returns
 * to its level. */
void interval_score(struct interval *i, const struct interval_levels *levels, double keep,
		    double error, const struct dissent *dissent);

#endif
