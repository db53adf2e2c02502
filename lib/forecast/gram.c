#include "forecast/gram.h"
#include "forecast/lanes.h"
#include "forecast/rank.h"
#include "forecast/scalar.h"

#include <math.h>
#include <string.h>

/* A column whose variance is below this part of its mean square is constant to working
 * precision of the floats it came from. */
#define CONSTANT_PART 1e-12

/* Penalties in units of a column's variance: from hardly any to where only what is common
 * to all columns is left. Factors of ten: the error is flat around its least value. */
static const double lambdas[] = {1e-5, 1e-4, 1e-3, 1e-2, 1e-1};
#define LAMBDA_COUNT ((int32_t)(sizeof(lambdas) / sizeof(lambdas[0])))

/* Columns of blocks begin at whole cache lines. */
typedef double quad __attribute__((vector_size(QUAD_LANES * sizeof(double))));

void gram_init(struct gram *g, int32_t dim)
{
	memset(g, 0, sizeof(*g));
	g->dim = dim;
}

/* Products of one column with four others at once: the first is loaded only once. */
WIDE_PART void dot_four(const quad *a, const quad *const b[4], double *ret_sum)
{
	quad sum[4] = {{0}, {0}, {0}, {0}};

	for (int32_t r = 0; r < GRAM_BLOCK / QUAD_LANES; r++)
		for (int32_t j = 0; j < 4; j++)
			sum[j] += a[r] * b[j][r];
	for (int32_t j = 0; j < 4; j++)
		ret_sum[j] = (sum[j][0] + sum[j][1]) + (sum[j][2] + sum[j][3]);
}

WIDE_CLONES
void gram_add(struct gram *g, const struct gram_block *block)
{
	int32_t columns = g->dim + 2;

	for (int32_t i = 0; i < columns; i++) {
		const quad *a = (const quad *)(const void *)block->column[i];

		for (int32_t k = 0; k <= i; k += 4) {
			const quad *b[4];
			double sum[4];

			for (int32_t j = 0; j < 4; j++)
				b[j] = (const quad *)(const void *)
					       block->column[k + j <= i ? k + j : i];
			dot_four(a, b, sum);
			for (int32_t j = 0; j < 4 && k + j <= i; j++)
				g->sums[GRAM_AT(i, k + j)] += sum[j];
		}
	}
}

double gram_rows(const struct gram *g)
{
	return g->sums[0];
}

/* Means, scales, the correlation matrix into `full`, with zeros up to whole registers,
 * and c into the moment. */
static void standardise(const struct gram *g, struct gram_system *s,
			double full[GRAM_DIM_MAX][GRAM_DIM_MAX])
{
	int32_t target = g->dim + 1;

	for (int32_t i = 1; i <= target; i++)
		s->mean[i - 1] = g->sums[GRAM_AT(i, 0)] / s->rows;
	for (int32_t i = 1; i < target; i++) {
		double square = g->sums[GRAM_AT(i, i)] / s->rows;
		double variance = square - s->mean[i - 1] * s->mean[i - 1];

		s->scale[i - 1] = variance > CONSTANT_PART * square && variance > 0
					  ? 1 / sqrt(variance)
					  : 0;
	}
	for (int32_t i = 1; i <= target; i++) {
		double scale = i < target ? s->scale[i - 1] : 1;

		for (int32_t k = 1; k <= i && k < target; k++) {
			double covariance = g->sums[GRAM_AT(i, k)] / s->rows -
					    s->mean[i - 1] * s->mean[k - 1];
			double v = covariance * scale * s->scale[k - 1];

			if (i == target)
				s->moment[k - 1] = v;
			else
				full[i - 1][k - 1] = full[k - 1][i - 1] = v;
		}
	}
	for (int32_t i = 0; i < g->dim; i++)
		for (int32_t k = g->dim; k % QUAD_LANES; k++)
			full[i][k] = 0;
}

/* x -= 2 v (v'x) over the entries from `first` on; v has unit length. */
static void reflect(const double *v, int32_t first, int32_t dim, double *x)
{
	double product = 0;

	for (int32_t i = first; i < dim; i++)
		product += v[i] * x[i];
	for (int32_t i = first; i < dim; i++)
		x[i] -= 2 * product * v[i];
}

/* The reflector that clears column k below the off-diagonal; a zero vector where there is
 * nothing to clear. Returns what remains at the off-diagonal. */
static double reflector_of(double full[GRAM_DIM_MAX][GRAM_DIM_MAX], int32_t k,
			   int32_t dim, double *v)
{
	double square = 0, length = 0;

	for (int32_t i = k + 1; i < dim; i++)
		square += full[i][k] * full[i][k];

	double alpha = full[k + 1][k] > 0 ? -sqrt(square) : sqrt(square);

	memset(v, 0, GRAM_DIM_MAX * sizeof(*v));
	for (int32_t i = k + 1; i < dim; i++)
		v[i] = full[i][k];
	v[k + 1] -= alpha;
	for (int32_t i = k + 1; i < dim; i++)
		length += v[i] * v[i];
	for (int32_t i = k + 1; i < dim; i++)
		v[i] = length > 0 ? v[i] / sqrt(length) : 0;
	return length > 0 ? alpha : full[k + 1][k];
}

/* A place in a row that is worked on in whole registers. */
WIDE_PART quad_double *quad_in(double *v)
{
	return (quad_double *)(void *)v;
}

/* full -= 2 v w' + 2 w v', w = A v - (v'A v) v, over rows and columns after k. What lies
 * in the same register before them takes part with zeros. */
WIDE_CLONES
static void reflect_both(double full[GRAM_DIM_MAX][GRAM_DIM_MAX], int32_t k, int32_t dim,
			 double *v)
{
	int32_t first = (k + 1) / QUAD_LANES * QUAD_LANES;
	double w[GRAM_DIM_MAX], product = 0;

	/* A is symmetric: the columns of four rows lie in one register. */
	for (int32_t i = first; i < dim; i += QUAD_LANES) {
		quad_double sum = {0};

		for (int32_t j = k + 1; j < dim; j++)
			sum += *quad_in(&full[j][i]) * v[j];
		*quad_in(w + i) = sum;
	}
	for (int32_t i = k + 1; i < dim; i++)
		product += v[i] * w[i];
	for (int32_t i = first; i < dim; i += QUAD_LANES)
		*quad_in(w + i) -= product * *quad_in(v + i);
	for (int32_t i = first; i <= k; i++)
		w[i] = 0;
	for (int32_t i = k + 1; i < dim; i++)
		for (int32_t j = first; j < dim; j += QUAD_LANES)
			*quad_in(&full[i][j]) -=
				2 * (v[i] * *quad_in(w + j) + w[i] * *quad_in(v + j));
}

static void tridiagonalise(struct gram_system *s, double full[GRAM_DIM_MAX][GRAM_DIM_MAX])
{
	for (int32_t k = 0; k < s->dim - 1; k++) {
		s->off[k] = reflector_of(full, k, s->dim, s->reflector[k]);
		reflect_both(full, k, s->dim, s->reflector[k]);
	}
	for (int32_t i = 0; i < s->dim; i++)
		s->diagonal[i] = full[i][i];
}

static void rotate(const struct gram_system *s, double *x)
{
	for (int32_t k = 0; k < s->dim - 1; k++)
		reflect(s->reflector[k], k + 1, s->dim, x);
}

static void rotate_back(const struct gram_system *s, double *x)
{
	for (int32_t k = s->dim - 2; k >= 0; k--)
		reflect(s->reflector[k], k + 1, s->dim, x);
}

bool gram_factorise(const struct gram *g, struct gram_system *ret_system)
{
	double full[GRAM_DIM_MAX][GRAM_DIM_MAX];

	if (gram_rows(g) < g->dim + 2)
		return false;
	ret_system->dim = g->dim;
	ret_system->rows = gram_rows(g);
	standardise(g, ret_system, full);
	tridiagonalise(ret_system, full);
	rotate(ret_system, ret_system->moment);
	for (int32_t i = 0; i < g->dim; i++)
		if (!isfinite(ret_system->moment[i]) ||
		    !isfinite(ret_system->diagonal[i]))
			return false;
	return true;
}

/* Pivots and multipliers of T + lambda I = L D L'. */
struct pivots {
	double inverse[GRAM_DIM_MAX], multiplier[GRAM_DIM_MAX];
};

static void pivots_of(const struct gram_system *s, double lambda, struct pivots *ret)
{
	double carry = 0;

	for (int32_t i = 0; i < s->dim; i++) {
		/* Exact arithmetic never goes below lambda. */
		double pivot = larger(s->diagonal[i] + lambda - carry, lambda);

		ret->inverse[i] = 1 / pivot;
		if (i + 1 < s->dim) {
			ret->multiplier[i] = s->off[i] / pivot;
			carry = ret->multiplier[i] * s->off[i];
		}
	}
}

static void pivots_solve(const struct pivots *p, int32_t dim, double *x)
{
	for (int32_t i = 1; i < dim; i++)
		x[i] -= p->multiplier[i - 1] * x[i - 1];
	for (int32_t i = 0; i < dim; i++)
		x[i] *= p->inverse[i];
	for (int32_t i = dim - 2; i >= 0; i--)
		x[i] -= p->multiplier[i] * x[i + 1];
}

void gram_solve(const struct gram_system *s, double lambda,
		struct gram_solution *ret_solution)
{
	struct pivots pivots;
	double *b = ret_solution->coefficient;

	pivots_of(s, lambda, &pivots);
	memcpy(b, s->moment, (size_t)s->dim * sizeof(*b));
	pivots_solve(&pivots, s->dim, b);
	rotate_back(s, b);
	ret_solution->constant = s->mean[s->dim];
	for (int32_t i = 0; i < s->dim; i++) {
		b[i] *= s->scale[i];
		ret_solution->constant -= b[i] * s->mean[i];
	}
	ret_solution->dim = s->dim;
	ret_solution->lambda = lambda;
}

/* Rows of a block side by side, entry by entry: what is done to one is done to eight. In
 * floats: the entries are of unit size, and which penalty does best shows in few digits.
 */
#define ROW_OCTETS (GRAM_BLOCK / OCTET_LANES)
struct row_lanes {
	octet entry[GRAM_DIM_MAX][ROW_OCTETS];
	octet target[ROW_OCTETS]; /* less its mean */
};
_Static_assert(ROW_OCTETS == 4, "four stay in registers");

/* reflect() for all rows. */
WIDE_PART void reflect_rows(const double *v, int32_t first, int32_t dim,
			    struct row_lanes *x)
{
	octet p0 = {0}, p1 = {0}, p2 = {0}, p3 = {0};

	for (int32_t i = first; i < dim; i++) {
		const octet *entry = x->entry[i];
		float w = (float)v[i];

		p0 += w * entry[0];
		p1 += w * entry[1];
		p2 += w * entry[2];
		p3 += w * entry[3];
	}
	for (int32_t i = first; i < dim; i++) {
		octet *entry = x->entry[i];
		float w = 2 * (float)v[i];

		entry[0] -= w * p0;
		entry[1] -= w * p1;
		entry[2] -= w * p2;
		entry[3] -= w * p3;
	}
}

/* A column of a block, standardised. */
WIDE_PART void standard_column(const double *column, double mean, double scale,
			       octet *ret)
{
	const quad *from = (const quad *)(const void *)column;

	for (int32_t r = 0; r < ROW_OCTETS; r++) {
		quad low = (from[2 * r] - mean) * scale;
		quad high = (from[2 * r + 1] - mean) * scale;

		for (int32_t k = 0; k < QUAD_LANES; k++) {
			ret[r][k] = (float)low[k];
			ret[r][QUAD_LANES + k] = (float)high[k];
		}
	}
}

/* The block's rows as the rotated, standardised regressors; `unit`: of the target. */
WIDE_PART void rotated_rows(const struct gram_system *s, const struct gram_block *block,
			    double unit, struct row_lanes *ret)
{
	for (int32_t i = 0; i < s->dim; i++)
		standard_column(block->column[i + 1], s->mean[i], s->scale[i],
				ret->entry[i]);
	standard_column(block->column[s->dim + 1], s->mean[s->dim], 1 / unit,
			ret->target);
	for (int32_t k = 0; k < s->dim - 1; k++)
		reflect_rows(s->reflector[k], k + 1, s->dim, ret);
}

/* What a penalty does to the entries of a row: with T + lambda I = L D L' and u = L^-1 z
 * leverage and fit are sums over them as they are met: z'(L D L')^-1 z = sum u^2 / d, and
 * z'(L D L')^-1 c likewise. */
struct left_out {
	float multiplier[GRAM_DIM_MAX]; /* of the entry before */
	float inverse[GRAM_DIM_MAX];    /* 1 / d */
	float weight[GRAM_DIM_MAX];     /* of u in the fit, in units of the target */
};

static void left_out_of(const struct gram_system *s, double lambda, double unit,
			struct left_out *ret)
{
	struct pivots pivots;
	double c = 0;

	pivots_of(s, lambda, &pivots);
	for (int32_t i = 0; i < s->dim; i++) {
		double multiplier = i ? pivots.multiplier[i - 1] : 0;

		c = s->moment[i] - multiplier * c;
		ret->multiplier[i] = (float)multiplier;
		ret->inverse[i] = (float)pivots.inverse[i];
		ret->weight[i] = (float)(pivots.inverse[i] * c / unit);
	}
}

/* Errors of the rows of two octets, units of the target, and one less their leverage. */
WIDE_PART void left_out_pair(const struct left_out *l, int32_t dim, float rows,
			     const struct row_lanes *x, int32_t r, octet *ret,
			     octet *ret_rest)
{
	octet u0 = {0}, u1 = {0}, leverage0 = {0}, leverage1 = {0}, fit0 = {0},
	      fit1 = {0};

	for (int32_t i = 0; i < dim; i++) {
		u0 = x->entry[i][r] - l->multiplier[i] * u0;
		u1 = x->entry[i][r + 1] - l->multiplier[i] * u1;
		fit0 += l->weight[i] * u0;
		fit1 += l->weight[i] * u1;
		leverage0 += l->inverse[i] * (u0 * u0);
		leverage1 += l->inverse[i] * (u1 * u1);
	}
	ret[0] = x->target[r] - fit0;
	ret[1] = x->target[r + 1] - fit1;
	ret_rest[0] = 1 - (leverage0 + 1) / rows;
	ret_rest[1] = 1 - (leverage1 + 1) / rows;
}

/* Of one less the leverage: beyond, a row that nothing but itself explains. */
#define REST_LEAST .05f

/* Sizes of the leave-one-out errors of the rows that count; their number. */
WIDE_PART int32_t left_out_errors(const struct left_out *l, int32_t dim, float rows,
				  const double *counts, const struct row_lanes *x,
				  float *ret_errors)
{
	float errors[GRAM_BLOCK] __attribute__((aligned(32)));
	float rest[GRAM_BLOCK] __attribute__((aligned(32)));
	int32_t count = 0;

	for (int32_t r = 0; r < ROW_OCTETS; r += 2)
		left_out_pair(l, dim, rows, x, r,
			      (octet *)(void *)(errors + r * OCTET_LANES),
			      (octet *)(void *)(rest + r * OCTET_LANES));
	for (int32_t r = 0; r < GRAM_BLOCK; r++)
		if (counts[r] > 0)
			ret_errors[count++] =
				fabsf(errors[r]) /
				(rest[r] > REST_LEAST ? rest[r] : REST_LEAST);
	return count;
}

static double median(float *values, int32_t count)
{
	return count ? (double)rank_pick(values, count, count / 2) : 0;
}

static double root_mean_square(const float *values, int32_t count)
{
	double sum = 0;

	for (int32_t i = 0; i < count; i++)
		sum += (double)values[i] * values[i];
	return count ? sqrt(sum / count) : 0;
}

static double sum_of(const float *values, int32_t count)
{
	double sum = 0;

	for (int32_t i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

/* The largest distance of a target from their mean; 1 where there is none. */
static double unit_of(const struct gram_system *s, const struct gram_block *blocks,
		      int32_t count)
{
	double most = 0;

	for (int32_t b = 0; b < count; b++)
		for (int32_t r = 0; r < GRAM_BLOCK; r++)
			most = larger(most, fabs(blocks[b].column[s->dim + 1][r] -
						 s->mean[s->dim]));
	return most > 0 ? most : 1;
}

WIDE_CLONES
void gram_choose(const struct gram_system *s, const struct gram_block *blocks,
		 int32_t count, struct gram_solution *ret_solution)
{
	struct left_out left_out[LAMBDA_COUNT];
	float errors[LAMBDA_COUNT][GRAM_SAMPLE * GRAM_BLOCK];
	double loss[LAMBDA_COUNT] = {0}, unit = unit_of(s, blocks, count);
	int32_t n = 0, best = 0;

	for (int32_t i = 0; i < LAMBDA_COUNT; i++)
		left_out_of(s, lambdas[i], unit, &left_out[i]);
	for (int32_t b = 0; b < count; b++) {
		struct row_lanes rows;
		int32_t known = 0;

		rotated_rows(s, &blocks[b], unit, &rows);
		for (int32_t i = 0; i < LAMBDA_COUNT; i++) {
			known = left_out_errors(&left_out[i], s->dim, (float)s->rows,
						blocks[b].column[0], &rows,
						errors[i] + n);
			loss[i] += sum_of(errors[i] + n, known);
		}
		n += known;
	}
	for (int32_t i = 1; i < LAMBDA_COUNT; i++)
		if (loss[i] < loss[best])
			best = i;
	gram_solve(s, lambdas[best], ret_solution);
	ret_solution->error = unit * root_mean_square(errors[best], n);
	ret_solution->deviation = 1.4826 * unit * median(errors[best], n);
}

void gram_cut(const struct gram_solution *solution, const struct gram_block *block,
	      double limit, struct gram_change *change)
{
	double moved[GRAM_BLOCK];

	for (int32_t r = 0; r < GRAM_BLOCK; r++)
		moved[r] = block->column[solution->dim + 1][r] -
			   solution->constant * block->column[0][r];
	for (int32_t i = 0; i < solution->dim; i++)
		for (int32_t r = 0; r < GRAM_BLOCK; r++)
			moved[r] -= solution->coefficient[i] * block->column[i + 1][r];
	for (int32_t r = 0; r < GRAM_BLOCK; r++) {
		moved[r] = within(moved[r], -limit, limit) - moved[r];
		change->any |= moved[r] != 0;
		change->sums[0] += moved[r];
	}
	for (int32_t i = 1; i <= solution->dim; i++)
		for (int32_t r = 0; r < GRAM_BLOCK; r++)
			change->sums[i] += block->column[i][r] * moved[r];
}

void gram_shift_targets(struct gram_system *s, const struct gram_change *change)
{
	double moment[GRAM_DIM_MAX], total = change->sums[0];

	for (int32_t i = 0; i < s->dim; i++)
		moment[i] = (change->sums[i + 1] - total * s->mean[i]) * s->scale[i] /
			    s->rows;
	rotate(s, moment);
	for (int32_t i = 0; i < s->dim; i++)
		s->moment[i] += moment[i];
	s->mean[s->dim] += total / s->rows;
}
