/* One forecast at many quantiles: how many of its margins above the mean each of them
 * lies. Each level halves the share of the load that is missed, from 0.5 to 0.999, so
 * that a controller moves through them by steps of equal worth; between two levels a
 * straight line, which is exact where errors fall off exponentially.
 *
 * Pure, no allocation; a minute costs the maximum over one window. */
#ifndef FORETOP_FORECAST_LEVELS_H
#define FORETOP_FORECAST_LEVELS_H

#include <stdint.h>

#define LEVELS_COUNT 10 /* 0.5, 0.75, 0.875, ..., 0.99902 */
/* The longest window for releases: FORECAST_WINDOW_MAX + FORECAST_RELEASE_MAX. */
#define LEVELS_WINDOW_MAX 130

struct levels {
	int32_t window_min;
	int64_t newest; /* number of the newest minute; INT64_MIN before the first */
	double offsets[LEVELS_COUNT]; /* in margins above the mean, not falling */
	double relative;              /* running mean of |y - mean| / margin */
	double scores;                /* minutes whose outcome is known */
	double size;                  /* running mean of the outcomes' sizes */
	double load, unserved;        /* discounted sums over what was planned for */
	struct levels_minute {
		/* Demand within the minute; the forecast at its end, and what was planned
		 * for then. NaN: unknown. */
		float demand, mean, margin, planned;
	} minutes[LEVELS_WINDOW_MAX + 1];
};

/* The quantile of a level in [0, LEVELS_COUNT - 1], and back; others are cut to these. */
double levels_quantile(double level);
double levels_of_quantile(double quantile);

/* window_min: of the forecast that is told, in [1, LEVELS_WINDOW_MAX]. */
void levels_init(struct levels *l, int32_t window_min);

/* The next minute: its demand and the forecast that was made at its end (mean <= upper,
 * units of demand), NaN where unknown; minutes that are passed over are missing. Minutes
 * that are not newer than the last are ignored. level: that is planned on now. */
struct levels_said {
	int64_t minute; /* since the epoch */
	double demand, mean, upper;
	double level;
};
void levels_learn(struct levels *l, const struct levels_said *said);

/* The forecast at a level, never below 0; NaN when either number is. */
double levels_at(const struct levels *l, double mean, double upper, double level);

/* Share of the recent load (half-life a day) below what was planned for, in [0, 1]; NaN
 * unknown. */
double levels_coverage(const struct levels *l);

#endif
