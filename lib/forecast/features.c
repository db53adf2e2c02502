#include "forecast/features.h"
#include "forecast/scalar.h"

#include <math.h>

/* A gap up to here is bridged by the last value: longer than a missed scrape or a restart
 * of Prometheus, short against the lags that matter. */
#define BRIDGE_MINUTES 10
#define HOUR           MINUTES_PER_HOUR
#define SPAN           (HOUR + BRIDGE_MINUTES)
#define CENTRED        7 /* minutes to either side of a centred mean of 15 */

static bool known(float v)
{
	return v == v;
}

/* Sum and number of the known values. */
struct sum {
	double total;
	int32_t count;
};

static struct sum sum_of(const float *values, int32_t count)
{
	struct sum s = {0};

	for (int32_t i = 0; i < count; i++) {
		s.total += known(values[i]) ? values[i] : 0;
		s.count += known(values[i]);
	}
	return s;
}

static double mean_of(struct sum s)
{
	return s.count ? s.total / s.count : NAN;
}

static float maximum_of(const float *values, int32_t count)
{
	float largest = -INFINITY;

	for (int32_t i = 0; i < count; i++)
		largest = values[i] > largest ? values[i] : largest;
	return largest;
}

static double deviation_of(const float *values, int32_t count, double mean)
{
	struct sum s = {0};

	for (int32_t i = 0; i < count; i++) {
		double distance = known(values[i]) ? values[i] - mean : 0;

		s.total += distance * distance;
		s.count += known(values[i]);
	}
	return s.count ? sqrt(s.total / s.count) : 0;
}

static double movement_of(const float *values, int32_t count)
{
	struct sum s = {0};

	for (int32_t i = 1; i < count; i++) {
		double change = fabs((double)values[i] - (double)values[i - 1]);

		s.total += change == change ? change : 0;
		s.count += change == change;
	}
	return s.count ? s.total / s.count : 0;
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

static void add_summaries(struct feature_row *row, const float *newest)
{
	struct sum quarter = sum_of(newest - 14, 15);
	struct sum rest = sum_of(newest - 59, 45);
	struct sum hour = {quarter.total + rest.total, quarter.count + rest.count};
	double five = maximum_of(newest - 4, 5);

	row->x[FEATURE_MEAN_15] = mean_of(quarter);
	row->x[FEATURE_MEAN_60] = mean_of(hour);
	/* The last value may be older than five minutes. */
	row->x[FEATURE_MAX_5] = five > -INFINITY ? five : row->x[FEATURE_LAST];
	row->x[FEATURE_MAX_15] = larger(maximum_of(newest - 14, 10), five);
	row->x[FEATURE_MAX_60] =
		larger(maximum_of(newest - 59, 45), row->x[FEATURE_MAX_15]);
	row->deviation = deviation_of(newest - 14, 15, row->x[FEATURE_MEAN_15]);
	row->movement = movement_of(newest - 59, 60);
}

void feature_row_recent(const struct history *h, int64_t minute,
			struct feature_row *ret_row)
{
	float span[SPAN];
	const float *newest = &span[SPAN - 1];

	ret_row->known = 0;
	ret_row->learnable = false;
	ret_row->deviation = ret_row->movement = 0;
	ring_copy(&h->minutes, minute - SPAN + 1, SPAN, span);
	if (isnan(bridged(newest)))
		return;
	ret_row->learnable = known(*newest);
	ret_row->x[FEATURE_ONE] = 1;
	add_lags(ret_row, newest);
	add_summaries(ret_row, newest);
	ret_row->known = FEATURES_RECENT;
}

/* Mean over the 15 minutes around `minute`. */
static double centred_mean(const struct history *h, int64_t minute)
{
	float span[2 * CENTRED + 1];

	ring_copy(&h->minutes, minute - CENTRED, 2 * CENTRED + 1, span);
	return mean_of(sum_of(span, 2 * CENTRED + 1));
}

static double centred_cell_mean(const struct history *h, int64_t minute)
{
	float span[3];

	ring_copy(&h->means, cell_of(minute) - 1, 3, span);
	return mean_of(sum_of(span, 3));
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
	float span[BRIDGE_MINUTES];

	ring_copy(&h->minutes, then - BRIDGE_MINUTES + 1, BRIDGE_MINUTES, span);
	row->x[FEATURE_DAY_VALUE] = bridged(&span[BRIDGE_MINUTES - 1]);
	row->x[FEATURE_DAY_TARGET] = history_maximum(h, then + 1, window);
	row->x[FEATURE_DAY_TARGET_LATER] = history_maximum(h, then + window + 1, window);
	row->x[FEATURE_DAY_MEAN] = centred_mean(h, then);
	row->x[FEATURE_DAY_MEAN_LATER] = centred_mean(h, then + window);
	return all_known(&row->x[FEATURE_DAY_VALUE], FEATURES_DAY - FEATURE_DAY_VALUE);
}

static bool add_week(struct feature_row *row, const struct history *h, int64_t minute,
		     int32_t window)
{
	int64_t then = minute - MINUTES_PER_WEEK;

	row->x[FEATURE_WEEK_VALUE] = history_cell(h, cell_of(then));
	row->x[FEATURE_WEEK_TARGET] = history_cell_maximum(h, then + 1, window);
	row->x[FEATURE_WEEK_TARGET_LATER] =
		history_cell_maximum(h, then + window + 1, window);
	row->x[FEATURE_WEEK_MEAN] = centred_cell_mean(h, then);
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
