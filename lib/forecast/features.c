#include "forecast/features.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"
#include "forecast/sums.h"

#include <math.h>

/* A gap up to here is bridged by the last value: longer than a missed scrape or a restart
 * of Prometheus, short against the lags that matter. */
#define BRIDGE_MINUTES 10
#define SPAN           (MINUTES_PER_HOUR + BRIDGE_MINUTES)
#define CENTRED        7 /* minutes to either side of a centred mean of 15 */

static bool known(float v)
{
	return v == v;
}

/* The value at *at, or the nearest older one within the bridge; NaN without. */
static double bridged(const float *at)
{
	for (int32_t back = 0; back <= BRIDGE_MINUTES - 1; back++) {
		if (known(at[-back]))
			return at[-back];
	}
	return NAN;
}

static void add_lags(struct feature_row *row, const float *newest)
{
	static const int32_t lags[] = {0, 1, 2, 3, 5, 10, 20};

	for (size_t i = 0; i < ARRAY_LEN(lags); i++) {
		double v = bridged(newest - lags[i]);

		if (isnan(v)) {
			row->learnable = false;
			v = row->x[FEATURE_LAST + i - 1];
		}
		row->x[FEATURE_LAST + i] = v;
	}
}

static double deviation_of(const float *values, int32_t count, double mean)
{
	double squares = 0;
	int32_t n = 0;

	for (int32_t i = 0; i < count; i++) {
		double distance = (double)values[i] - mean;

		squares += distance * distance;
	}
	/* Mostly nothing is missing. */
	if (!isnan(squares))
		return sqrt(squares / count);
	squares = 0;
	for (int32_t i = 0; i < count; i++) {
		double distance = known(values[i]) ? (double)values[i] - mean : 0;

		squares += distance * distance;
		n += known(values[i]);
	}
	return n ? sqrt(squares / n) : 0;
}

static void add_summaries(struct feature_row *row, const float *newest)
{
	struct sum five = sum_of(newest - 4, 5);
	struct sum quarter = sum_together(sum_of(newest - 14, 10), five);
	struct sum hour = sum_together(sum_of(newest - 59, 45), quarter);

	row->x[FEATURE_MEAN_15] = sum_mean(&quarter);
	row->x[FEATURE_MEAN_60] = sum_mean(&hour);
	/* The last value may be older than five minutes. */
	row->x[FEATURE_MAX_5] = five.count ? (double)five.largest : row->x[FEATURE_LAST];
	row->x[FEATURE_MAX_15] = (double)quarter.largest;
	row->x[FEATURE_MAX_60] = (double)hour.largest;
	row->deviation = deviation_of(newest - 14, 15, row->x[FEATURE_MEAN_15]);
	row->movement = sum_movement(newest - 59, 60);
}

/* Mean over the 15 minutes around `minute`. */
static double centred_mean(const struct history *h, int64_t minute)
{
	float scratch[2 * CENTRED + 1];
	struct sum s =
		sum_of(ring_span(&h->minutes, minute - CENTRED, 2 * CENTRED + 1, scratch),
		       2 * CENTRED + 1);

	return sum_mean(&s);
}

static double centred_cell_mean(const struct history *h, int64_t minute)
{
	float scratch[3];
	struct sum s = sum_of(ring_span(&h->means, cell_of(minute) - 1, 3, scratch), 3);

	return sum_mean(&s);
}

/* What is the same for all windows of the season that was `then`. */
static void add_seasons_then(struct feature_row *row, const struct history *h,
			     int64_t minute)
{
	int64_t day = minute - MINUTES_PER_DAY, week = minute - MINUTES_PER_WEEK;
	float scratch[BRIDGE_MINUTES];
	const float *span =
		ring_span(&h->minutes, day - BRIDGE_MINUTES + 1, BRIDGE_MINUTES, scratch);

	row->x[FEATURE_DAY_VALUE] = bridged(&span[BRIDGE_MINUTES - 1]);
	row->x[FEATURE_DAY_MEAN] = centred_mean(h, day);
	row->x[FEATURE_WEEK_VALUE] = history_cell(h, cell_of(week));
	row->x[FEATURE_WEEK_MEAN] = centred_cell_mean(h, week);
}

void feature_row_recent(const struct history *h, int64_t minute,
			struct feature_row *ret_row)
{
	float scratch[SPAN];
	const float *newest =
		ring_span(&h->minutes, minute - SPAN + 1, SPAN, scratch) + SPAN - 1;

	ret_row->known = 0;
	ret_row->learnable = false;
	ret_row->deviation = ret_row->movement = 0;
#pragma GCC unroll 24
	for (int32_t i = FEATURES_RECENT; i < FEATURES_KEPT; i++)
		ret_row->x[i] = 0;
	if (isnan(bridged(newest)))
		return;
	ret_row->learnable = known(*newest);
	ret_row->x[FEATURE_ONE] = 1;
	add_lags(ret_row, newest);
	add_summaries(ret_row, newest);
	add_seasons_then(ret_row, h, minute);
	ret_row->known = FEATURES_RECENT;
}

static bool all_known(const double *x, int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		if (isnan(x[i]))
			return false;
	}
	return true;
}

static bool add_day(struct feature_row *row, const struct history *h, int64_t minute,
		    int32_t window)
{
	int64_t then = minute - MINUTES_PER_DAY;

	row->x[FEATURE_DAY_TARGET] = history_maximum(h, then + 1, window);
	row->x[FEATURE_DAY_TARGET_LATER] = history_maximum(h, then + window + 1, window);
	row->x[FEATURE_DAY_MEAN_LATER] = centred_mean(h, then + window);
	return all_known(&row->x[FEATURE_DAY_VALUE], FEATURES_DAY - FEATURE_DAY_VALUE);
}

static bool add_week(struct feature_row *row, const struct history *h, int64_t minute,
		     int32_t window)
{
	int64_t then = minute - MINUTES_PER_WEEK;

	row->x[FEATURE_WEEK_TARGET] = history_cell_maximum(h, then + 1, window);
	row->x[FEATURE_WEEK_TARGET_LATER] =
		history_cell_maximum(h, then + window + 1, window);
	row->x[FEATURE_WEEK_MEAN_LATER] = centred_cell_mean(h, then + window);
	return all_known(&row->x[FEATURE_WEEK_VALUE], FEATURES_WEEK - FEATURE_WEEK_VALUE);
}

void feature_row_seasons(const struct history *h, int64_t minute, int32_t window,
			 struct feature_row *row)
{
	if (row->known < FEATURES_RECENT)
		return;
	row->known = FEATURES_RECENT;
	if (!add_day(row, h, minute, window))
		return;
	row->known = FEATURES_DAY;
	if (add_week(row, h, minute, window))
		row->known = FEATURES_WEEK;
}

void feature_row_keep(const struct feature_row *row, float ret_kept[FEATURES_KEPT])
{
	floats_of(row->x, FEATURES_KEPT, ret_kept);
	for (int32_t i = row->known; i < FEATURES_KEPT; i++)
		ret_kept[i] = 0;
}
