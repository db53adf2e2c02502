/* How far above a prediction the demand may be: an upper quantile of past errors, scaled
 * by how large errors are now. One for each model and window. */
#ifndef FORETOP_FORECAST_TRACKER_H
#define FORETOP_FORECAST_TRACKER_H

#include "forecast/ridge.h"

/* What the size of an error is regressed on: 1, the prediction, its root, the deviation
 * of the last 15 minutes, the movement of the last hour, the mean error at this hour of
 * the day. */
#define SPREAD_DIM 6

/* How the size of errors depends on the circumstances. */
struct spread {
	struct ridge ridge;
	double unit; /* weight of the next row: it grows, old ones do not fade */
	double storage[RIDGE_STORAGE(SPREAD_DIM)];
	float hour_error[24]; /* mean |y - p| by hour of the day, UTC */
	float hour_scores[24];
};

struct tracker {
	double error;    /* g: running mean of |y - p|, units of demand */
	double bias;     /* running mean of y - p */
	double relative; /* m: running mean of |z|, z = (y - p) / scale */
	double offset;   /* c: the quantile of z */
	double loss;   /* discounted sum of pinball losses of p + scale c, units of demand
			*/
	double weight; /* discounted number of scores */
	double scores; /* minutes scored so far */
	struct spread *spread; /* borrowed; NULL: errors are of one size at all times */
};

/* Predictions are scored every `minutes` minutes; each score stands for that many. */
struct thinning {
	double minutes;       /* >= 1 */
	double discount;      /* what remains of a discounted sum: half after a day */
	double spread_growth; /* of the weights in the regression of sizes */
};

/* What was known when the prediction was made. */
struct circumstances {
	double prediction;
	double deviation, movement;
	int32_t hour; /* of the day, UTC */
};

/* One prediction with what became of it. */
struct score {
	struct circumstances made;
	double scale;    /* tracker_scale at that time */
	double actual;   /* y: what came */
	double quantile; /* q */
	/* What the outcome counts in the quantile, 1 on average: its share of the load,
	 * so that the quantile covers q of the load and not of the minutes. */
	double weight;
	const struct thinning *thinning;
};

/* `spread`: for the tracker alone, as long as it lives; set up here. NULL: none. */
void tracker_init(struct tracker *t, struct spread *spread);

/* Learns from a prediction whose outcome is known. */
void tracker_score(struct tracker *t, const struct score *score);

/* Refits the size of errors; O(1), for once an hour. */
void tracker_refit(struct tracker *t);

/* The size of the errors to expect: s = g^1/4 clip(h, g/3, 3g)^3/4, h the regression; >=
 * 0. Not h itself, which follows few errors where circumstances are rare. */
double tracker_scale(const struct tracker *t, const struct circumstances *now);

/* How far one score moves a quantile, in units of z, before the direction: slower the
 * more has been scored. */
double tracker_step(const struct tracker *t, const struct score *score);

/* p + s c, not bounded below. */
double tracker_upper(const struct tracker *t, double prediction, double scale);

/* Discounted mean pinball loss of the upper quantile, units of demand; NaN before the
 * first score. */
double tracker_loss(const struct tracker *t);

struct thinning thinning_of(int32_t minutes);

#endif
