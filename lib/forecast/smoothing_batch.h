/* Eight Holt-Winters at once: the same values, the same start, other gains. What a lane
 * does is smoothing_advance in floats, whatever the others do: enough to tell which one
 * does best. */
#ifndef FORETOP_FORECAST_SMOOTHING_BATCH_H
#define FORETOP_FORECAST_SMOOTHING_BATCH_H

#include "forecast/smoothing.h"

#define BATCH_LANES 8
#define BATCH_KNOTS 6
#define BATCH_RHOS  5

struct smoothing_batch {
	const struct smoothing
		*start;  /* level, size > 0, swing, seasons; its gains count not */
	const double *x; /* count values, NaN: missing */
	int32_t count;
	/* Errors count of forecasts made before the values scored, scored + stride, ...;
	 * those of the steps ahead in knots, ascending. */
	int32_t scored, stride;
	int32_t knots[BATCH_KNOTS], knot_count;
	double rhos[BATCH_RHOS];
	struct smoothing_gains gains[BATCH_LANES]; /* rho apart */
};

/* What became of a lane, without its seasons. */
struct smoothing_lane {
	double level, trend, size, error;
	double loss[BATCH_RHOS]; /* sums of absolute errors in units of start->size */
};

/* Doubles of scratch memory for smoothing_batch_run. */
size_t smoothing_batch_scratch(const struct smoothing *start);

/* One pass through all values. The scratch memory holds the seasons afterwards, in units
 * of start->size: that of slot i of both seasons together and lane j at i * BATCH_LANES
 * + j. */
void smoothing_batch_run(const struct smoothing_batch *batch, float *scratch,
			 struct smoothing_lane ret_lanes[BATCH_LANES]);

#endif
