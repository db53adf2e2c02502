#include "forecast/path_interval.h"
#include "forecast/lanes.h"
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

/* Below and above the mean, side by side, both counted outwards. */
struct sides {
	pair end;   /* of the interval, dissent included */
	pair error; /* beyond the mean */
	pair_mask missed;
};

static struct sides sides_of(const struct interval *i,
			     const struct interval_levels *levels, int32_t l,
			     double error, const struct dissent *dissent)
{
	pair away = {dissent->below, dissent->above};
	pair offset = {-i->lower[l], i->upper[l]};
	struct sides s = {
		.end = offset + interval_reach(levels, l) * away,
		.error = {-error, error},
	};

	s.missed = s.error > s.end;
	return s;
}

/* The moves outwards; `owed` is what was missed too often so far. Without branches: a
 * miss is never guessed. */
static pair moves(pair *owed, double share, pair_mask missed, double unit)
{
	const pair none = {0};
	pair debt = *owed, direction = pair_chosen(missed, none + 1, none) - share;
	pair haste =
		pair_chosen(debt * direction > 0, 1 + pair_size(debt) / DEBT, none + 1);
	pair most = pair_chosen(missed, none + HASTE, none + RETREAT);

	*owed += direction;
	return STEP * unit * direction * pair_smaller(haste, most);
}

static void move_level(struct interval *i, double share, int32_t l, pair_mask missed)
{
	double bound = BOUND * i->largest;
	pair owed = {i->missed_below[l], i->missed_above[l]};
	pair offset = {-i->lower[l], i->upper[l]};

	offset += moves(&owed, share, missed, MOST_MEAN * i->size);
	offset = pair_smaller(pair_larger(offset, (pair){-bound, -bound}),
			      (pair){bound, bound});
	i->lower[l] = -offset[0];
	i->upper[l] = offset[1];
	i->missed_below[l] = owed[0];
	i->missed_above[l] = owed[1];
}

void interval_score(struct interval *i, const struct interval_levels *levels, double keep,
		    double error, const struct dissent *dissent)
{
	double size = fabs(error);
	double rate = larger(SIZE_RATE, 1 / (i->scores + 1));

	i->size += rate * (size - i->size);
	i->largest = larger(i->largest, size);
	i->scores++;
	for (int32_t l = 0; l < levels->count; l++) {
		struct sides s = sides_of(i, levels, l, error, dissent);
		pair_mask inside = s.error <= s.end;

		if (l == 0) {
			i->covered = keep * i->covered + (inside[0] & inside[1] & 1);
			i->counted = keep * i->counted + 1;
		}
		move_level(i, (1 - levels->level[l]) / 2, l, s.missed);
	}
}
