/* The first intervals of a path, from the errors of a replay: a deviation for each knot
 * and level. Constants by cross-validation on earlier ends of hourly series; around each
 * of them the loss is flat. */
#include "forecast/path_inside.h"
#include "forecast/logarithm.h"
#include "forecast/rank.h"
#include "forecast/scalar.h"

#include <math.h>

/* A replay's errors are of overlapping origins and of parameters that were fitted for
 * them, which helps the farther steps most: a tenth more at the horizon. */
#define GROWTH .1
/* Part of the square of a deviation that the regression's recursion tells; the rest is
 * what was seen. */
#define ANALYTIC .3
/* A factor of 1.35: within it a normal law of logarithms and one of values are alike
 * enough that the choice does no harm. */
#define MODEST_DEVIATION .3
/* Errors that tell how heavy their tails are; fewer say nothing of one in twenty. */
#define TAIL_ERRORS 60
/* A tail is believed up to this factor of the normal law's, or down to one over it. */
#define TAIL_MOST 2
/* How far the knots' deviations are drawn to a power of the horizon: each rests on few
 * origins, and what is behind them grows smoothly. */
#define EVEN .5

#define TO_SIGMA 1.2533141373155003 /* sqrt(pi / 2) */

/* Whether errors are told as factors: where there are logarithms and a standard deviation
 * at the horizon is below MODEST_DEVIATION. Beyond, the law of a product is a bad
 * guess (loads that are almost nothing for half the day), and its upper end absurd. */
static void choose_errors(struct path *p)
{
	int32_t last = p->knots - 1;
	double size = shape_size(&p->log_shape, last);

	p->log_errors = p->series.use_log && p->models.log.solved && size > 0 &&
			TO_SIGMA * size < MODEST_DEVIATION;
	if (p->log_errors)
		p->shape = p->log_shape;
	shape_factors(&p->shape, p->knots, p->factor);
	for (int32_t k = 0; k < p->knots; k++) {
		p->intervals[k].size = shape_size(&p->shape, k);
		if (p->log_errors)
			p->intervals[k].largest = 0;
	}
}

/* Sizes of the errors in units of what is usual for their knot and part of the season;
 * returns how many there are. They take the place of what was kept. */
static int32_t usual_sizes(struct path *p, float **ret_sizes)
{
	float *sizes = (float *)(void *)p->work.replayed;
	float per_part[SHAPE_PARTS], per_knot[PATH_KNOTS_MAX];
	int32_t count = 0;

	for (int32_t i = 0; i < SHAPE_PARTS; i++)
		per_part[i] = p->factor[i] > 0 ? 1 / p->factor[i] : 0;
	for (int32_t k = 0; k < p->knots; k++) {
		double size = TO_SIGMA * p->intervals[k].size;

		per_knot[k] = size > 0 ? (float)(1 / size) : 0;
	}
	for (int32_t i = 0; i < p->replayed; i++) {
		struct path_replayed r = p->work.replayed[i];
		float size = fabsf(p->log_errors ? r.log : r.error) * per_knot[r.knot] *
			     per_part[r.part];

		if (isfinite(size))
			sizes[count++] = size;
	}
	*ret_sizes = sizes;
	return count;
}

/* How much wider than a normal law with their mean size the errors need a level: three
 * quarters of the way, told as factors. Reorders the sizes. */
static double tail_of(const struct path *p, int32_t l, float *sizes, int32_t count)
{
	int32_t rank = (int32_t)(p->levels.level[l] * (count - 1) + .5);
	double tail;

	if (count < TAIL_ERRORS)
		return 1;
	tail = within((double)rank_pick(sizes, count, rank) / p->levels.normal[l],
		      1. / TAIL_MOST, TAIL_MOST);
	return sqrt(tail * sqrt(tail));
}

/* Draws the logarithms of the deviations towards a straight line over the knots, which
 * stand evenly in the logarithm of the horizon. */
static void even_out(double *deviation, int32_t knots)
{
	double log[PATH_KNOTS_MAX], mean = 0, slope = 0, squares = 0;
	double middle = (knots - 1) / 2.;

	for (int32_t k = 0; k < knots; k++) {
		if (!(deviation[k] > 0))
			return;
		log[k] = logarithm(deviation[k]);
		mean += log[k] / knots;
		slope += log[k] * (k - middle);
		squares += (k - middle) * (k - middle);
	}
	slope = squares > 0 ? slope / squares : 0;
	for (int32_t k = 0; k < knots; k++)
		deviation[k] = exponential(log[k] +
					   EVEN * (mean + slope * (k - middle) - log[k]));
}

/* What the recursion of the regression in use makes of its one-step errors; false where
 * there is none. */
static bool analytic_deviations(const struct path *p, double ret[PATH_KNOTS_MAX])
{
	const struct lag_ridge *r = p->log_errors ? &p->models.log : &p->models.level;
	int32_t centres[PATH_KNOTS_MAX];

	for (int32_t k = 0; k < p->knots; k++)
		centres[k] = p->knot[k].centre;
	if (r->solved)
		lag_ridge_deviations(r, centres, p->knots, p->work.paths[0], ret);
	return r->solved;
}

/* From mean absolute errors, which one accident of few origins moves less than squares;
 * the tails are all knots' together. */
void path_seed(struct path *p)
{
	double analytic[PATH_KNOTS_MAX] = {0}, deviation[PATH_KNOTS_MAX];
	float *sizes;

	choose_errors(p);

	bool solved = analytic_deviations(p, analytic);
	int32_t count = usual_sizes(p, &sizes);

	for (int32_t l = 0; l < p->levels.count; l++) {
		double tail = TO_SIGMA * tail_of(p, l, sizes, count);

		for (int32_t k = 0; k < p->knots; k++) {
			double seen = tail * p->intervals[k].size, told = analytic[k];
			double share = !solved                      ? 0
				       : p->intervals[k].scores > 0 ? ANALYTIC
								    : 1;
			double growth = GROWTH * p->knot[k].centre / p->config.horizon;

			deviation[k] = (1 + growth) * sqrt((1 - share) * seen * seen +
							   share * told * told);
		}
		even_out(deviation, p->knots);
		for (int32_t k = 0; k < p->knots; k++)
			interval_seed(&p->intervals[k], &p->levels, l, deviation[k]);
	}
}
