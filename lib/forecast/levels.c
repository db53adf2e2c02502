#include "forecast/forecast.h"
#include "forecast/history.h"
#include "forecast/scalar.h"

#include <assert.h>
#include <math.h>

/* The tracker's rates: slow on purpose, faster while little is known. */
#define OFFSET_RATE  .005
#define FAST_RATE    .05
#define FAST_SCORES  50
#define ERROR_RATE   .001
#define RELATIVE_MAX 50
/* An upper quantile ten margins above the mean is no forecast any more. */
#define OFFSET_MAX 10
/* One huge outcome must not move a quantile far. */
#define WEIGHT_MAX 10

static_assert(LEVELS_WINDOW_MAX == FORECAST_WINDOW_MAX + FORECAST_RELEASE_MAX,
	      "every window fits");

/* The quantiles of a normal law in units of its 0.95 quantile: what is said of a forecast
 * at 0.95 before anything is known of its errors. */
static const double first_offsets[LEVELS_COUNT] = {0,     .410,  .699,  .933,  1.132,
						   1.309, 1.470, 1.617, 1.754, 1.883};
/* And the mean size of its errors: sqrt(2 / pi) / 1.645. */
#define FIRST_RELATIVE .485

double levels_quantile(double level)
{
	return 1 - exp2(-1 - within(level, 0, LEVELS_COUNT - 1));
}

double levels_of_quantile(double quantile)
{
	double least = exp2(-LEVELS_COUNT);

	return within(-1 - log2(larger(1 - quantile, least)), 0, LEVELS_COUNT - 1);
}

static struct levels_minute *minute_at(struct levels *l, int64_t minute)
{
	int64_t slot = minute % (LEVELS_WINDOW_MAX + 1);

	return &l->minutes[slot < 0 ? slot + LEVELS_WINDOW_MAX + 1 : slot];
}

static void forget_minutes(struct levels *l)
{
	for (int32_t i = 0; i <= LEVELS_WINDOW_MAX; i++)
		l->minutes[i] = (struct levels_minute){NAN, NAN, NAN, NAN};
}

void levels_init(struct levels *l, int32_t window_min)
{
	*l = (struct levels){.window_min = window_min,
			     .newest = INT64_MIN,
			     .relative = FIRST_RELATIVE};
	for (int32_t i = 0; i < LEVELS_COUNT; i++)
		l->offsets[i] = first_offsets[i];
	forget_minutes(l);
}

/* The largest demand within the window that ends with the newest minute; NaN when one of
 * its minutes is missing. */
static double outcome(struct levels *l)
{
	double most = -INFINITY;

	for (int64_t i = l->newest - l->window_min + 1; i <= l->newest; i++) {
		double demand = (double)minute_at(l, i)->demand;

		if (isnan(demand))
			return NAN;
		most = larger(most, demand);
	}
	return most;
}

/* One step of every quantile down the gradient of its pinball loss, weighted by the load
 * in the outcome, so that a quantile is a share of the load and not of the minutes. */
static void move_offsets(struct levels *l, double z, double weight)
{
	double rate = larger(OFFSET_RATE, FAST_RATE / (1 + l->scores / FAST_SCORES));
	double step = rate * 3 * l->relative * weight;

	for (int32_t i = 0; i < LEVELS_COUNT; i++) {
		double direction = (z > l->offsets[i]) - (1 - levels_quantile(i));
		double moved =
			within(l->offsets[i] + step * direction, -OFFSET_MAX, OFFSET_MAX);

		l->offsets[i] = i > 0 ? larger(moved, l->offsets[i - 1]) : moved;
	}
}

static void score(struct levels *l, const struct levels_minute *made, double actual)
{
	double size = fabs(actual), margin = (double)made->margin;
	double keep = exp2(-1. / MINUTES_PER_DAY);

	l->scores++;
	l->size += (size - l->size) / smaller(l->scores, MINUTES_PER_DAY);
	l->load = keep * l->load + larger(actual, 0);
	l->unserved =
		keep * l->unserved + larger(actual - larger((double)made->planned, 0), 0);
	/* Nothing is learned where errors were all zero. */
	if (!(margin > 0))
		return;

	double z = within((actual - (double)made->mean) / margin, -RELATIVE_MAX,
			  RELATIVE_MAX);
	double weight = l->size > 0 ? smaller(size / l->size, WEIGHT_MAX) : 1;

	l->relative += (fabs(z) - l->relative) *
		       larger(ERROR_RATE, 1 / (FAST_SCORES + l->scores));
	move_offsets(l, z, weight);
}

double levels_at(const struct levels *l, double mean, double upper, double level)
{
	double at = within(level, 0, LEVELS_COUNT - 1);
	int32_t below = (int32_t)smaller(at, LEVELS_COUNT - 2);
	double low = l->offsets[below], high = l->offsets[below + 1];
	double offset = low + (at - below) * (high - low);

	if (isnan(mean) || isnan(upper))
		return NAN;
	return larger(mean + offset * (upper - mean), 0);
}

void levels_learn(struct levels *l, const struct levels_said *said)
{
	if (l->newest != INT64_MIN && said->minute <= l->newest)
		return;
	if (l->newest != INT64_MIN && said->minute != l->newest + 1)
		forget_minutes(l);
	l->newest = said->minute;
	*minute_at(l, l->newest) = (struct levels_minute){.demand = (float)said->demand};

	const struct levels_minute *made = minute_at(l, l->newest - l->window_min);
	double actual = outcome(l);

	if (!isnan(actual) && !isnan(made->mean))
		score(l, made, actual);

	struct levels_minute *now = minute_at(l, l->newest);

	now->mean = (float)said->mean;
	now->margin = (float)(said->upper - said->mean);
	now->planned = (float)levels_at(l, said->mean, said->upper, said->level);
}

double levels_coverage(const struct levels *l)
{
	return l->load > 0 ? 1 - l->unserved / l->load : NAN;
}
