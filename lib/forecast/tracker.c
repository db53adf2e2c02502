#include "forecast/tracker.h"
#include "forecast/history.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <math.h>

/* Rates per minute. The error's size and the step of the quantile are slow on purpose: a
 * fast tracker widens after each surprise and pays for it all day (measured: .005 beats
 * .02, .05 and .1 hurt badly). */
#define ERROR_RATE    .001
#define OFFSET_RATE   .005
#define HOUR_RATE     (1. / (14 * MINUTES_PER_HOUR))
#define SPREAD_KEEP   (1 - 1. / (14 * MINUTES_PER_DAY))
#define SPREAD_RIDGE  1e-3
#define SPREAD_NEEDED (5 * SPREAD_DIM + 200)
#define UNIT_MAX      1e6 /* far from the range of numbers */
/* In units of the mean error: the 0.95 quantile of a normal law is 1.645 / sqrt(2 / pi)
 * of it. */
#define FIRST_OFFSET 2.06
/* While there are few scores the offset moves faster: at .05 / (1 + n / 50), which
 * reaches its own rate after 450. */
#define FAST_RATE   .05
#define FAST_SCORES 50
/* An error this many times the mean one counts as no more in the means, once these are
 * settled: one fault must not widen the band for days. */
#define ERROR_CUT      50
#define SETTLED_SCORES 500
#define RELATIVE_MAX   1000

void tracker_init(struct tracker *t, struct spread *spread)
{
	*t = (struct tracker){.relative = 1, .offset = FIRST_OFFSET, .spread = spread};
	if (!spread)
		return;
	*spread = (struct spread){.unit = 1};
	ridge_init(&spread->ridge, SPREAD_DIM, spread->storage);
}

static void spread_row(const struct spread *s, const struct circumstances *made,
		       double *ret_x)
{
	pair *x = (pair *)ret_x;

	/* In pairs, as they are read: see ridge.c. */
	x[0] = (pair){1, made->prediction};
	x[1] = (pair){sqrt(larger(made->prediction, 0)), made->deviation};
	x[2] = (pair){made->movement, (double)s->hour_error[made->hour]};
}

struct thinning thinning_of(int32_t minutes)
{
	return (struct thinning){
		.minutes = minutes,
		.discount = exp2(-(double)minutes / MINUTES_PER_DAY),
		.spread_growth = pow(SPREAD_KEEP, -minutes),
	};
}

/* A running mean that weighs all values alike until they are 1 / rate. */
static double blend(double mean, double value, double rate, double minutes, double scores)
{
	double share = larger(smaller(rate * minutes, 1), minutes / (scores + minutes));

	return mean + share * (value - mean);
}

static void learn_spread(struct spread *s, const struct score *score, double size)
{
	double x[SPREAD_DIM];
	int32_t hour = score->made.hour;
	double minutes = score->thinning->minutes;

	spread_row(s, &score->made, x);
	ridge_learn(&s->ridge, x, size, s->unit);
	s->unit *= score->thinning->spread_growth;
	if (s->unit > UNIT_MAX) {
		ridge_scale(&s->ridge, 1 / s->unit);
		s->unit = 1;
	}
	s->hour_error[hour] = (float)blend(s->hour_error[hour], size, HOUR_RATE, minutes,
					   s->hour_scores[hour]);
	s->hour_scores[hour] =
		(float)smaller(s->hour_scores[hour] + minutes, 1 / HOUR_RATE);
}

double tracker_step(const struct tracker *t, const struct score *score)
{
	double rate = larger(OFFSET_RATE, FAST_RATE / (1 + t->scores / FAST_SCORES));

	return rate * score->thinning->minutes * 3 * t->relative * score->weight;
}

/* One step down the gradient of the weighted pinball loss in z (Angelopoulos, Candes,
 * Tibshirani 2023, "P control"). Nothing is learned where errors were all zero. */
static void learn_offset(struct tracker *t, const struct score *score, double error)
{
	if (!(score->scale > 0))
		return;

	double z = within(error / score->scale, -RELATIVE_MAX, RELATIVE_MAX);

	t->relative = blend(t->relative, fabs(z), ERROR_RATE, score->thinning->minutes,
			    t->scores);
	t->offset += tracker_step(t, score) * ((z > t->offset) - (1 - score->quantile));
}

void tracker_score(struct tracker *t, const struct score *score)
{
	double error = score->actual - score->made.prediction;
	double limit = t->error > 0 && t->scores >= SETTLED_SCORES ? ERROR_CUT * t->error
								   : INFINITY;
	double cut = within(error, -limit, limit);
	double miss =
		score->actual - tracker_upper(t, score->made.prediction, score->scale);
	double pinball = miss > 0 ? score->quantile * miss : (score->quantile - 1) * miss;
	double keep = score->thinning->discount;
	double minutes = score->thinning->minutes;

	t->loss = keep * t->loss + minutes * pinball;
	t->weight = keep * t->weight + minutes;
	t->error = blend(t->error, fabs(cut), ERROR_RATE, minutes, t->scores);
	t->bias = blend(t->bias, cut, ERROR_RATE, minutes, t->scores);
	learn_offset(t, score, cut);
	if (t->spread)
		learn_spread(t->spread, score, fabs(cut));
	t->scores += minutes;
}

void tracker_refit(struct tracker *t)
{
	if (t->spread && t->spread->ridge.samples >= SPREAD_NEEDED)
		ridge_solve(&t->spread->ridge, SPREAD_RIDGE);
}

double tracker_scale(const struct tracker *t, const struct circumstances *now)
{
	double x[SPREAD_DIM];

	if (!t->spread || !t->spread->ridge.solved)
		return t->error;
	spread_row(t->spread, now, x);

	double size = ridge_predict(&t->spread->ridge, x);
	double bounded = smaller(larger(size, t->error / 3), t->error * 3);

	return sqrt(bounded * sqrt(t->error * bounded));
}

double tracker_upper(const struct tracker *t, double prediction, double scale)
{
	return prediction + scale * t->offset;
}

double tracker_loss(const struct tracker *t)
{
	return t->weight > 0 ? t->loss / t->weight : NAN;
}
