#include "forecast/path_interval.h"
#include "forecast/logarithm.h"
#include "forecast/scalar.h"

#include <math.h>

/* Step of the tracker in units of the size of nearly all errors: 2.5 means of |error|
 * hold 95 % of normal ones. */
#define STEP      .02
#define MOST_MEAN 2.5
/* Errors a miss too many that double the step. */
#define RETREAT 10
#define HASTE   4.
#define DEBT    12.
/* Of the running mean of |error|. */
#define SIZE_RATE .005
/* Models that disagree know less than the errors of calmer times say, and which of them
 * errs is not known: an interval reaches out to either side by this part of what the
 * farthest forecast is away, for each deviation that it holds on that side; at 95 % by
 * half. By cross-validation on earlier ends of hourly series: a sixth to a third do as
 * well, and weighing the models by their past losses does worse. */
#define REACH .25
/* Offsets stay below this many times the largest error seen. */
#define BOUND 1.5

/* Newton's steps on the distribution from a logistic start: three digits a step near the
 * middle, enough in the tails after eight. */
double normal_quantile(double p)
{
	double tail = p < .5 ? p : 1 - p, x = 0;

	if (tail < .5)
		x = sqrt(-2 * logarithm(2 * tail)) * .9;
	for (int i = 0; i < 40; i++) {
		double density = exponential(-x * x / 2) / sqrt(2 * M_PI);
		double step = (.5 * erfc(x / M_SQRT2) - tail) / density;

		x += within(step, -.5, .5);
		if (fabs(step) < 1e-14)
			break;
	}
	return p < .5 ? -x : x;
}

void interval_levels_init(struct interval_levels *levels, int32_t count,
			  const double *level)
{
	levels->count = count;
	for (int32_t l = 0; l < count; l++) {
		levels->level[l] = level[l];
		levels->normal[l] = normal_quantile(.5 + level[l] / 2);
	}
}

void interval_seed(struct interval *i, const struct interval_levels *levels, int32_t l,
		   double deviation)
{
	i->upper[l] = levels->normal[l] * deviation;
	i->lower[l] = -i->upper[l];
	i->largest = larger(i->largest, 3 * deviation);
}

double interval_reach(const struct interval_levels *levels, int32_t l)
{
	return REACH * levels->normal[l];
}

double interval_lower(const struct interval *i, const struct interval_levels *levels,
		      int32_t l, const struct dissent *dissent)
{
	return i->lower[l] - interval_reach(levels, l) * dissent->below;
}

double interval_upper(const struct interval *i, const struct interval_levels *levels,
		      int32_t l, const struct dissent *dissent)
{
	return i->upper[l] + interval_reach(levels, l) * dissent->above;
}

/* The move outwards of one side; `missed` is what it missed too often so far. */
static double move(double *missed, double share, bool miss, double unit)
{
	double direction = miss - share, debt = *missed;
	double haste = debt * direction > 0 ? 1 + fabs(debt) / DEBT : 1;

	*missed += direction;
	return STEP * unit * direction * smaller(haste, miss ? HASTE : RETREAT);
}

void interval_score(struct interval *i, const struct interval_levels *levels, double keep,
		    double error, const struct dissent *dissent)
{
	double size = fabs(error);
	double rate = larger(SIZE_RATE, 1 / (i->scores + 1));

	if (levels->count) {
		bool inside = error >= interval_lower(i, levels, 0, dissent) &&
			      error <= interval_upper(i, levels, 0, dissent);

		i->covered = keep * i->covered + inside;
		i->counted = keep * i->counted + 1;
	}
	i->size += rate * (size - i->size);
	i->largest = larger(i->largest, size);
	i->scores++;

	double unit = MOST_MEAN * i->size, bound = BOUND * i->largest;

	for (int32_t l = 0; l < levels->count; l++) {
		double share = (1 - levels->level[l]) / 2;
		bool above = error > interval_upper(i, levels, l, dissent);
		bool below = error < interval_lower(i, levels, l, dissent);

		i->upper[l] += move(&i->missed_above[l], share, above, unit);
		i->lower[l] -= move(&i->missed_below[l], share, below, unit);
		i->upper[l] = within(i->upper[l], -bound, bound);
		i->lower[l] = within(i->lower[l], -bound, bound);
	}
}
