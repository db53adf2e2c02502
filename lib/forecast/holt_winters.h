/* Additive Holt-Winters with a daily season on five-minute cells, damped or no trend, and
 * an AR(1) term for what the last error says about the next ones.
 *
 *   e_t = y_t - (l + phi b + s_t)
 *   l  += phi b + alpha e,   b = phi b + alpha beta e,   s_t += gamma (1 - alpha) e
 *   forecast k cells ahead = l + (phi + ... + phi^k) b + s_{t+k} + rho^k e_t
 *
 * Error-correction form: Hyndman, Koehler, Ord, Snyder, "Forecasting with Exponential
 * Smoothing" (2008), chapter 2; the AR(1) term: Taylor, "Short-term electricity demand
 * forecasting using double seasonal exponential smoothing" (2003). */
#ifndef FORETOP_FORECAST_HOLT_WINTERS_H
#define FORETOP_FORECAST_HOLT_WINTERS_H

#include "forecast/history.h"

struct holt_winters_rates {
	double alpha, beta,
		gamma; /* level in (0, 1), trend (0: none), season in [0, 1) */
	double phi;    /* damping of the trend, in [0, 1) */
	double rho;    /* AR(1), in [0, 1) */
};

struct holt_winters {
	bool fitted;
	struct holt_winters_rates rates;
	double level, trend;
	double error; /* e of the last cell, fading over missing ones */
	double size;  /* running mean of |e| */
	double swing; /* largest minus smallest season: what one day contains */
	int64_t next; /* number of the cell that comes next */
	int32_t slot; /* of `next` in the day */
	float season[CELLS_PER_DAY]; /* by cell of the day, UTC; sums to zero */
};

/* Number of a cell in its day (UTC), in [0, CELLS_PER_DAY). */
int32_t cell_of_day(int64_t cell);

/* Moves on by the cell `next`. NaN: missing, the state is carried on. An innovation
 * larger than a day's swing and six mean errors is cut to that: a spike must not become
 * tomorrow's forecast. */
void holt_winters_step(struct holt_winters *hw, double y);

/* Level, trend and season of the cell `cell` >= next, without the AR(1) term. */
double holt_winters_base(const struct holt_winters *hw, int64_t cell);

/* Largest forecast of the cells that the minutes [first, first + count) touch; first not
 * before cell `next`, count > 0. What is seen of the cell in hand is left
 * out on purpose: its first minutes say little about its last ones where load moves in
 * steps. With it, Holt-Winters alone closed less of the gap between an HPA and a perfect
 * forecast on three request and CPU traces at leads of 1, 3 and 10 minutes (once the
 * same); without it the forecast of jumping machines is higher, and costs more pods. */
double holt_winters_maximum(const struct holt_winters *hw, int64_t first, int32_t count);

#endif
