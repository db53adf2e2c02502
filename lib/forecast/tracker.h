/* How far above predictions the demand may be: upper quantiles of past errors, scaled by
 * how large errors are now. One lane for each model of a window: all are worked on side
 * by side, in the registers that the processor has. */
#ifndef FORETOP_FORECAST_TRACKER_H
#define FORETOP_FORECAST_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

#define TRACKER_LANES 8

/* What the size of an error is regressed on: 1, the prediction, its root, the deviation
 * of the last 15 minutes, the movement of the last hour, the mean error at this hour of
 * the day. */
#define SPREAD_DIM 6
/* Where the product of columns i >= k stands among the sums. */
#define SPREAD_AT(i, k) ((i) * ((i) + 1) / 2 + (k))
#define SPREAD_SUMS     SPREAD_AT(SPREAD_DIM, 0)

/* How the size of errors depends on the circumstances. */
struct spread {
	double gram[SPREAD_SUMS][TRACKER_LANES]; /* sums of weight x x' */
	double moment[SPREAD_DIM][TRACKER_LANES];
	double solution[SPREAD_DIM][TRACKER_LANES];
	double solved[TRACKER_LANES]; /* 1: the solution is valid */
	float rows[TRACKER_LANES];
	double unit[TRACKER_LANES]; /* weight of the next row: it grows, old ones do not
				       fade */
	float hour_error[24][TRACKER_LANES]; /* mean |y - p| by hour of the day, UTC */
	uint16_t hour_minutes[24][TRACKER_LANES]; /* that it rests on */
};

struct tracker {
	double error[TRACKER_LANES];    /* g: running mean of |y - p|, units of demand */
	double bias[TRACKER_LANES];     /* running mean of y - p */
	double relative[TRACKER_LANES]; /* m: running mean of |z|, z = (y - p) / scale */
	double offset[TRACKER_LANES];   /* c: the quantile of z */
	double loss[TRACKER_LANES];   /* discounted sum of pinball losses of p + scale c,
					 units of demand */
	double weight[TRACKER_LANES]; /* discounted number of scores */
	double scores[TRACKER_LANES]; /* minutes scored so far */
	int32_t plain; /* lanes before this one: errors are of one size at all times */
	bool settled;  /* all lanes have been scored so often that rates stay */
	struct spread spread;
};

/* Predictions are scored every `minutes` minutes; each score stands for that many. */
struct thinning {
	double minutes;       /* >= 1, whole */
	double discount;      /* what remains of a discounted sum: half after a day */
	double spread_growth; /* of the weights in the regression of sizes */
};

/* What was known when predictions were made. */
struct circumstances {
	double deviation, movement;
	int32_t hour; /* of the day, UTC */
};

/* Predictions of one minute with what became of them. */
struct score {
	struct circumstances made;
	/* TRACKER_LANES each: NaN: none, its lane stays as it is; tracker_scales at that
	   time */
	const float *prediction, *scale;
	double actual;   /* y: what came */
	double quantile; /* q */
	/* What the outcome counts in the quantile, 1 on average: its share of the load,
	 * so that the quantile covers q of the load and not of the minutes. */
	double weight;
	const struct thinning *thinning;
};

/* The first `plain` lanes' errors are of one size at all times. */
void tracker_init(struct tracker *t, int32_t plain);

/* Learns from predictions whose outcome is known. */
void tracker_score(struct tracker *t, const struct score *score);

/* Refits the sizes of errors; O(1), for once an hour. */
void tracker_refit(struct tracker *t);

/* The sizes of the errors to expect: s = g^1/4 clip(h, g/3, 3g)^3/4, h the regression; >=
 * 0, NaN where there is no prediction. Not h itself, which follows few errors where
 * circumstances are rare. */
void tracker_scales(const struct tracker *t, const double prediction[TRACKER_LANES],
		    const struct circumstances *now, double ret_scale[TRACKER_LANES]);

/* The same of one lane, bit for bit. */
double tracker_scale(const struct tracker *t, int32_t lane, double prediction,
		     const struct circumstances *now);

/* How far one score moves a lane's quantile, in units of z, before the direction: slower
 * the more has been scored. */
double tracker_step(const struct tracker *t, int32_t lane, const struct score *score);

/* p + s c, not bounded below. */
double tracker_upper(const struct tracker *t, int32_t lane, double prediction,
		     double scale);

/* Discounted mean pinball losses of the lanes' upper quantiles, units of demand; NaN
 * before the first score. */
void tracker_losses(const struct tracker *t, double ret_loss[TRACKER_LANES]);

struct thinning thinning_of(int32_t minutes);

#endif
