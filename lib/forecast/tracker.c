#include "forecast/tracker.h"
#include "forecast/history.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <assert.h>
#include <math.h>

/* Rates per minute. The error's size and the step of the quantile are slow on purpose: a
 * fast tracker widens after each surprise and pays for it all day (measured: .005 beats
 * .02, .05 and .1 hurt badly). */
#define ERROR_RATE    .001
#define OFFSET_RATE   .005
#define HOUR_MINUTES  (14 * MINUTES_PER_HOUR)
#define HOUR_RATE     (1. / HOUR_MINUTES)
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
/* Beyond so many scores the slow rates hold: of the means, and of the offset long before.
 */
#define SLOW_SCORES (2 / ERROR_RATE)
/* An error this many times the mean one counts as no more in the means, once these are
 * settled: one fault must not widen the band for days. */
#define ERROR_CUT      50
#define SETTLED_SCORES 500
#define RELATIVE_MAX   1000
/* The least scale in mean errors: 3^-3/4, see tracker_scales. */
#define SCALE_LEAST .43869

/* Lanes are done four at a time. */
#define QUADS (TRACKER_LANES / QUAD_LANES)
static_assert(TRACKER_LANES % QUAD_LANES == 0, "whole registers");
static_assert(HOUR_MINUTES <= UINT16_MAX, "counted in short numbers");

typedef uint16_t quad_count __attribute__((vector_size(QUAD_LANES * sizeof(uint16_t)),
					   aligned(2), may_alias));

WIDE_PART quad_double *quads(double *v)
{
	return (quad_double *)(void *)v;
}

WIDE_PART quad_double quad_at(const double *v, int32_t q)
{
	return *(const quad_double *)(const void *)(v + q * QUAD_LANES);
}

/* Kept short. */
WIDE_PART quad_double quad_of(const float *v, int32_t q)
{
	return __builtin_convertvector(*(const four *)(const void *)(v + q * QUAD_LANES),
				       quad_double);
}

WIDE_PART quad_double all(double v)
{
	return (quad_double){v, v, v, v};
}

void tracker_init(struct tracker *t, int32_t plain)
{
	*t = (struct tracker){.plain = plain};
	for (int32_t i = 0; i < TRACKER_LANES; i++) {
		t->relative[i] = 1;
		t->offset[i] = FIRST_OFFSET;
		t->spread.unit[i] = 1;
	}
}

struct thinning thinning_of(int32_t minutes)
{
	return (struct thinning){
		.minutes = minutes,
		.discount = exp2(-(double)minutes / MINUTES_PER_DAY),
		.spread_growth = pow(SPREAD_KEEP, -minutes),
	};
}

/* The regressors of four lanes; a prediction of 0 where there is none. */
struct spread_row {
	quad_double x[SPREAD_DIM];
};

WIDE_PART void spread_row(const struct spread *s, quad_double prediction,
			  const struct circumstances *made, int32_t q,
			  struct spread_row *ret)
{
	ret->x[0] = all(1);
	ret->x[1] = prediction;
	ret->x[2] = quad_root(quad_larger(prediction, all(0)));
	ret->x[3] = all(made->deviation);
	ret->x[4] = all(made->movement);
	ret->x[5] = quad_of(s->hour_error[made->hour], q);
}

/* What a value counts in a running mean that weighs all alike until they are 1 / rate.
 * `settled`: they are, so that nothing need be divided. */
WIDE_PART quad_double share_of(double rate, double minutes, quad_double scores,
			       bool settled)
{
	quad_double share = all(smaller(rate * minutes, 1));

	return settled ? share : quad_larger(share, minutes / (scores + minutes));
}

WIDE_PART quad_double blend(quad_double mean, quad_double value, quad_double share)
{
	return mean + share * (value - mean);
}

/* Before weights leave the range of numbers. */
static void rescale(struct spread *s, int32_t lane)
{
	double factor = 1 / s->unit[lane];

	for (int32_t i = 0; i < SPREAD_SUMS; i++)
		s->gram[i][lane] *= factor;
	for (int32_t i = 0; i < SPREAD_DIM; i++)
		s->moment[i][lane] *= factor;
	s->unit[lane] = 1;
}

WIDE_PART void learn_hour(struct spread *s, int32_t hour, double minutes,
			  quad_double size, quad_mask learns, int32_t q)
{
	four *error = (four *)(void *)&s->hour_error[hour][q * QUAD_LANES];
	quad_count *count = (quad_count *)(void *)&s->hour_minutes[hour][q * QUAD_LANES];
	quad_double before = __builtin_convertvector(*error, quad_double);
	quad_double scores = __builtin_convertvector(*count, quad_double);
	quad_double share = share_of(HOUR_RATE, minutes, scores, false);
	quad_double more = quad_smaller(scores + minutes, all(HOUR_MINUTES));

	*error = __builtin_convertvector(
		quad_chosen(learns, blend(before, size, share), before), four);
	*count = __builtin_convertvector(quad_chosen(learns, more, scores), quad_count);
}

/* Lanes that do not learn add nothing. */
WIDE_PART void learn_spread(struct spread *s, const struct score *score,
			    quad_double prediction, quad_double size, quad_mask learns,
			    int32_t q)
{
	quad_double *unit = quads(s->unit) + q;
	four *rows = (four *)(void *)(s->rows + q * QUAD_LANES);
	quad_double weight = quad_chosen(learns, *unit, all(0));
	quad_double target = quad_chosen(learns, size, all(0));
	struct spread_row row;

	spread_row(s, quad_chosen(learns, prediction, all(0)), &score->made, q, &row);
#pragma GCC unroll 6
	for (int32_t i = 0; i < SPREAD_DIM; i++) {
		quad_double factor = weight * row.x[i];

#pragma GCC unroll 6
		for (int32_t k = 0; k <= i; k++)
			quads(s->gram[SPREAD_AT(i, k)])[q] += factor * row.x[k];
		quads(s->moment[i])[q] += factor * target;
	}
	*rows += __builtin_convertvector(quad_chosen(learns, all(1), all(0)), four);
	*unit = quad_chosen(learns, *unit * score->thinning->spread_growth, *unit);
	learn_hour(s, score->made.hour, score->thinning->minutes, target, learns, q);
}

double tracker_step(const struct tracker *t, int32_t lane, const struct score *score)
{
	double rate =
		larger(OFFSET_RATE, FAST_RATE / (1 + t->scores[lane] / FAST_SCORES));

	return rate * score->thinning->minutes * 3 * t->relative[lane] * score->weight;
}

/* A young lane may have said a scale that rests on a few errors which happened to be
 * tiny: measured by it the next one would be a thousand of them, and lift the quantile
 * for days. None of n errors is above n times their mean: a scale counts as no less than
 * what the lane could say now that it knows the error as well. */
WIDE_PART quad_double grown_up(const struct tracker *t, quad_double scale,
			       quad_double scores, int32_t q)
{
	quad_double least = SCALE_LEAST * quad_at(t->error, q);

	return quad_chosen(scores < SLOW_SCORES, quad_larger(scale, least), scale);
}

/* One step down the gradient of the weighted pinball loss in z (Angelopoulos, Candes,
 * Tibshirani 2023, "P control"). Nothing is learned where errors were all zero. */
WIDE_PART void learn_offset(struct tracker *t, const struct score *score,
			    quad_double error, quad_double share, quad_mask known,
			    int32_t q)
{
	quad_double scale = quad_of(score->scale, q), scores = quad_at(t->scores, q);
	quad_double *relative = quads(t->relative) + q, *offset = quads(t->offset) + q;
	quad_mask moves = known & (scale > 0);
	quad_double rate = all(OFFSET_RATE), z;

	if (!t->settled) {
		rate = quad_larger(rate, FAST_RATE / (1 + scores / (double)FAST_SCORES));
		scale = grown_up(t, scale, scores, q);
	}
	z = error / quad_chosen(moves, scale, all(1));
	z = quad_smaller(quad_larger(z, all(-RELATIVE_MAX)), all(RELATIVE_MAX));

	quad_double mean = blend(*relative, quad_size(z), share);
	quad_double step = rate * score->thinning->minutes * 3. * mean * score->weight;
	quad_double above = quad_chosen(z > *offset, all(1), all(0));

	*offset = quad_chosen(moves, *offset + step * (above - (1 - score->quantile)),
			      *offset);
	*relative = quad_chosen(moves, mean, *relative);
}

WIDE_PART void learn_loss(struct tracker *t, const struct score *score,
			  quad_double prediction, quad_mask known, int32_t q)
{
	quad_double *loss = quads(t->loss) + q, *weight = quads(t->weight) + q;
	double keep = score->thinning->discount, minutes = score->thinning->minutes;
	quad_double miss = score->actual - (prediction + quad_of(score->scale, q) *
								 quad_at(t->offset, q));
	quad_double pinball = quad_chosen(miss > 0, score->quantile * miss,
					  (score->quantile - 1) * miss);

	*loss = quad_chosen(known, keep * *loss + minutes * pinball, *loss);
	*weight = quad_chosen(known, keep * *weight + minutes, *weight);
}

/* Errors of settled lanes, cut. */
WIDE_PART quad_double cut_errors(const struct tracker *t, quad_double error, int32_t q)
{
	quad_double usual = quad_at(t->error, q);
	quad_mask settled = (usual > 0) & (quad_at(t->scores, q) >= SETTLED_SCORES);
	quad_double limit = quad_chosen(settled, ERROR_CUT * usual, all(INFINITY));

	return quad_smaller(quad_larger(error, -limit), limit);
}

WIDE_PART void score_quad(struct tracker *t, const struct score *score, int32_t q)
{
	static const quad_double lane = {0, 1, 2, 3};
	quad_double *error = quads(t->error) + q, *bias = quads(t->bias) + q;
	quad_double *scores = quads(t->scores) + q;
	quad_double prediction = quad_of(score->prediction, q);
	quad_mask known = prediction == prediction;
	quad_double cut = cut_errors(t, score->actual - prediction, q);
	quad_double share =
		share_of(ERROR_RATE, score->thinning->minutes, *scores, t->settled);

	learn_loss(t, score, prediction, known, q);
	*error = quad_chosen(known, blend(*error, quad_size(cut), share), *error);
	*bias = quad_chosen(known, blend(*bias, cut, share), *bias);
	learn_offset(t, score, cut, share, known, q);
	learn_spread(&t->spread, score, prediction, quad_size(cut),
		     known & (lane + q * QUAD_LANES >= t->plain), q);
	*scores += quad_chosen(known, all(score->thinning->minutes), all(0));
}

WIDE_CLONES
void tracker_score(struct tracker *t, const struct score *score)
{
	for (int32_t q = 0; q < QUADS; q++)
		score_quad(t, score, q);
	for (int32_t i = 0; i < TRACKER_LANES; i++)
		if (t->spread.unit[i] > UNIT_MAX)
			rescale(&t->spread, i);
}

/* (S + penalty I) z = D b, S = D A D of unit diagonal, solution = D z, as in ridge.h. */
struct spread_system {
	quad_double scale[SPREAD_DIM], lower[SPREAD_SUMS], inverse[SPREAD_DIM],
		z[SPREAD_DIM];
};

/* The Cholesky factor; in the lanes returned all pivots are positive. */
WIDE_PART quad_mask factorise(const struct spread *s, struct spread_system *ret,
			      int32_t q)
{
	quad_mask positive = all(0) == all(0);

	for (int32_t i = 0; i < SPREAD_DIM; i++) {
		quad_double diagonal = quad_at(s->gram[SPREAD_AT(i, i)], q);
		quad_double pivot = all(1 + SPREAD_RIDGE);
		quad_double *row = &ret->lower[SPREAD_AT(i, 0)];

		ret->scale[i] =
			quad_chosen(diagonal > 0, 1 / quad_root(diagonal), all(0));
		for (int32_t k = 0; k < i; k++) {
			const quad_double *other = &ret->lower[SPREAD_AT(k, 0)];
			quad_double rest = ret->scale[i] * ret->scale[k] *
					   quad_at(s->gram[SPREAD_AT(i, k)], q);

			for (int32_t m = 0; m < k; m++)
				rest -= row[m] * other[m];
			row[k] = rest * ret->inverse[k];
			pivot -= row[k] * row[k];
		}
		positive &= pivot > 0;
		ret->inverse[i] = 1 / quad_root(quad_larger(pivot, all(1e-300)));
	}
	return positive;
}

WIDE_PART void substitute(const struct spread *s, struct spread_system *system, int32_t q)
{
	quad_double *z = system->z;

	for (int32_t i = 0; i < SPREAD_DIM; i++) {
		z[i] = system->scale[i] * quad_at(s->moment[i], q);
		for (int32_t k = 0; k < i; k++)
			z[i] -= system->lower[SPREAD_AT(i, k)] * z[k];
		z[i] *= system->inverse[i];
	}
	for (int32_t i = SPREAD_DIM - 1; i >= 0; i--) {
		for (int32_t k = i + 1; k < SPREAD_DIM; k++)
			z[i] -= system->lower[SPREAD_AT(k, i)] * z[k];
		z[i] *= system->inverse[i];
	}
}

WIDE_CLONES
void tracker_refit(struct tracker *t)
{
	struct spread *s = &t->spread;
	struct spread_system system;

	t->settled = true;
	for (int32_t i = 0; i < TRACKER_LANES; i++)
		t->settled = t->settled && t->scores[i] >= SLOW_SCORES;
	for (int32_t q = 0; q < QUADS; q++) {
		quad_mask solved =
			factorise(s, &system, q) & (quad_of(s->rows, q) >= SPREAD_NEEDED);

		substitute(s, &system, q);
		for (int32_t i = 0; i < SPREAD_DIM; i++) {
			quad_double *own = quads(s->solution[i]) + q;

			*own = quad_chosen(solved, system.scale[i] * system.z[i], *own);
		}
		quads(s->solved)[q] = quad_chosen(solved, all(1), quads(s->solved)[q]);
	}
}

WIDE_CLONES
void tracker_scales(const struct tracker *t, const double prediction[TRACKER_LANES],
		    const struct circumstances *now, double ret_scale[TRACKER_LANES])
{
	const struct spread *s = &t->spread;

	for (int32_t q = 0; q < QUADS; q++) {
		quad_double p = quad_at(prediction, q), error = quad_at(t->error, q);
		quad_mask solved = quad_at(s->solved, q) > 0;
		quad_double size = all(0), bounded, scale;
		struct spread_row row;

		spread_row(s, p, now, q, &row);
#pragma GCC unroll 6
		for (int32_t i = 0; i < SPREAD_DIM; i++)
			size += quad_at(s->solution[i], q) * row.x[i];
		bounded = quad_smaller(quad_larger(size, error / 3), error * 3);
		scale = quad_chosen(
			solved, quad_root(bounded * quad_root(error * bounded)), error);
		quads(ret_scale)[q] = quad_chosen(p == p, scale, all(NAN));
	}
}

double tracker_scale(const struct tracker *t, int32_t lane, double prediction,
		     const struct circumstances *now)
{
	const struct spread *s = &t->spread;
	double error = t->error[lane], size = 0, bounded;

	if (isnan(prediction))
		return NAN;
	if (!(s->solved[lane] > 0))
		return error;

	const double x[SPREAD_DIM] = {1,
				      prediction,
				      sqrt(larger(prediction, 0)),
				      now->deviation,
				      now->movement,
				      (double)s->hour_error[now->hour][lane]};

	for (int32_t i = 0; i < SPREAD_DIM; i++)
		size += s->solution[i][lane] * x[i];
	bounded = within(size, error / 3, error * 3);
	return sqrt(bounded * sqrt(error * bounded));
}

double tracker_upper(const struct tracker *t, int32_t lane, double prediction,
		     double scale)
{
	return prediction + scale * t->offset[lane];
}

WIDE_CLONES
void tracker_losses(const struct tracker *t, double ret_loss[TRACKER_LANES])
{
	for (int32_t q = 0; q < QUADS; q++) {
		quad_double weight = quad_at(t->weight, q);

		quads(ret_loss)[q] =
			quad_chosen(weight > 0, quad_at(t->loss, q) / weight, all(NAN));
	}
}
