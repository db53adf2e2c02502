#include "forecast/features.h"

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

struct mean {
	double sum;
	int32_t count;
};

static double mean_of(const float *values, int32_t count)
{
	struct mean m = {0};

	for (int32_t i = 0; i < count; i++) {
		if (!known(values[i]))
			continue;
		m.sum += values[i];
		m.count++;
	}
	return m.count ? m.sum / m.count : NAN;
}

static double maximum_of(const float *values, int32_t count)
{
	float largest = -INFINITY;

	for (int32_t i = 0; i < count; i++)
		largest = values[i] > largest ? values[i] : largest;
	return largest;
}

static double deviation_of(const float *values, int32_t count, double mean)
{
	struct mean m = {0};

	for (int32_t i = 0; i < count; i++) {
		if (!known(values[i]))
			continue;
		m.sum += (values[i] - mean) * (values[i] - mean);
		m.count++;
	}
	return m.count ? sqrt(m.sum / m.count) : 0;
}

static double movement_of(const float *values, int32_t count)
{
	struct mean m = {0};

	for (int32_t i = 1; i < count; i++) {
		double change = fabs((double)values[i] - (double)values[i - 1]);

		if (isnan(change))
			continue;
		m.sum += change;
		m.count++;
	}
	return m.count ? m.sum / m.count : 0;
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

static bool add_recent(struct feature_row *row, const struct history *h, int64_t minute)
{
	float span[SPAN];
	const float *newest = &span[SPAN - 1];

	ring_copy(&h->minutes, minute - SPAN + 1, SPAN, span);
	if (isnan(bridged(newest)))
		return false;
	row->learnable = known(*newest);
	row->x[FEATURE_ONE] = 1;
	add_lags(row, newest);

	/* The newest value may be all there is, and older than the shortest of these. */
	double last = row->x[FEATURE_LAST];
	double maximum = maximum_of(newest - 4, 5);

	row->x[FEATURE_MEAN_15] = mean_of(newest - 14, 15);
	row->x[FEATURE_MEAN_60] = mean_of(newest - 59, 60);
	row->x[FEATURE_MAX_5] = isfinite(maximum) ? maximum : last;
	row->x[FEATURE_MAX_15] = maximum_of(newest - 14, 15);
	row->x[FEATURE_MAX_60] =
		fmax(maximum_of(newest - 59, 45), row->x[FEATURE_MAX_15]);
	row->deviation = deviation_of(newest - 14, 15, row->x[FEATURE_MEAN_15]);
	row->movement = movement_of(newest - 59, 60);
	return true;
}

/* Mean over the 15 minutes around `minute`, none newer than `newest`. */
static double centred_mean(const struct history *h, int64_t minute)
{
	float span[2 * CENTRED + 1];

	ring_copy(&h->minutes, minute - CENTRED, 2 * CENTRED + 1, span);
	return mean_of(span, 2 * CENTRED + 1);
}

static double centred_cell_mean(const struct history *h, int64_t minute)
{
	float span[3];

	ring_copy(&h->means, cell_of(minute) - 1, 3, span);
	return mean_of(span, 3);
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

void feature_row_build(const struct history *h, int64_t minute, int32_t window,
		       struct feature_row *ret_row)
{
	ret_row->known = 0;
	ret_row->learnable = false;
	ret_row->deviation = ret_row->movement = 0;
	if (!add_recent(ret_row, h, minute))
		return;
	ret_row->known = FEATURES_RECENT;
	if (!add_day(ret_row, h, minute, window))
		return;
	ret_row->known = FEATURES_DAY;
	if (add_week(ret_row, h, minute, window))
		ret_row->known = FEATURES_WEEK;
}
