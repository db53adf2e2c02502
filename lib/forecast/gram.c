#include "forecast/gram.h"
#include "forecast/lanes.h"
#include "forecast/rank.h"
#include "forecast/scalar.h"

#include <math.h>
#include <string.h>

#define ROW(i) ((i) * ((i) + 1) / 2)
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
static inline void dot_four(const quad *a, const quad *const b[4], double *ret_sum)
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
				g->sums[ROW(i) + k + j] += sum[j];
		}
	}
}

double gram_rows(const struct gram *g)
{
	return g->sums[0];
}

/* Means, scales, the correlation matrix into `full` and c into the moment. */
static void standardise(const struct gram *g, struct gram_system *s,
			double full[GRAM_DIM_MAX][GRAM_DIM_MAX])
{
	int32_t target = g->dim + 1;

	for (int32_t i = 1; i <= target; i++)
		s->mean[i - 1] = g->sums[ROW(i)] / s->rows;
	for (int32_t i = 1; i < target; i++) {
		double square = g->sums[ROW(i) + i] / s->rows;
		double variance = square - s->mean[i - 1] * s->mean[i - 1];

		s->scale[i - 1] = variance > CONSTANT_PART * square && variance > 0
					  ? 1 / sqrt(variance)
					  : 0;
	}
	for (int32_t i = 1; i <= target; i++) {
		double scale = i < target ? s->scale[i - 1] : 1;

		for (int32_t k = 1; k <= i && k < target; k++) {
			double covariance = g->sums[ROW(i) + k] / s->rows -
					    s->mean[i - 1] * s->mean[k - 1];
			double v = covariance * scale * s->scale[k - 1];

			if (i == target)
				s->moment[k - 1] = v;
			else
				full[i - 1][k - 1] = full[k - 1][i - 1] = v;
		}
	}
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

/* full -= 2 v w' + 2 w v', w = A v - (v'A v) v, over rows and columns after k. */
static void reflect_both(double full[GRAM_DIM_MAX][GRAM_DIM_MAX], int32_t k, int32_t dim,
			 const double *v)
{
	double w[GRAM_DIM_MAX], product = 0;

	for (int32_t i = k + 1; i < dim; i++) {
		w[i] = 0;
		for (int32_t j = k + 1; j < dim; j++)
			w[i] += full[i][j] * v[j];
		product += v[i] * w[i];
	}
	for (int32_t i = k + 1; i < dim; i++)
		w[i] -= product * v[i];
	for (int32_t i = k + 1; i < dim; i++)
		for (int32_t j = k + 1; j < dim; j++)
			full[i][j] -= 2 * (v[i] * w[j] + w[i] * v[j]);
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

/* Rows of a block side by side, entry by entry: what is done to one is done to four. */
#define ROW_QUADS (GRAM_BLOCK / QUAD_LANES)
struct quad_rows {
	quad entry[GRAM_DIM_MAX][ROW_QUADS];
};

/* reflect() for all rows. */
static inline void reflect_rows(const double *v, int32_t first, int32_t dim,
				struct quad_rows *x)
{
	quad product[ROW_QUADS] = {{0}};

	for (int32_t i = first; i < dim; i++)
		for (int32_t r = 0; r < ROW_QUADS; r++)
			product[r] += v[i] * x->entry[i][r];
	for (int32_t r = 0; r < ROW_QUADS; r++)
		product[r] *= 2;
	for (int32_t i = first; i < dim; i++)
		for (int32_t r = 0; r < ROW_QUADS; r++)
			x->entry[i][r] -= product[r] * v[i];
}

/* The block's rows as the rotated, standardised regressors. */
static inline void rotated_rows(const struct gram_system *s,
				const struct gram_block *block, struct quad_rows *ret)
{
	for (int32_t i = 0; i < s->dim; i++) {
		const quad *column = (const quad *)(const void *)block->column[i + 1];

		for (int32_t r = 0; r < ROW_QUADS; r++)
			ret->entry[i][r] = (column[r] - s->mean[i]) * s->scale[i];
	}
	for (int32_t k = 0; k < s->dim - 1; k++)
		reflect_rows(s->reflector[k], k + 1, s->dim, ret);
}

/* Leverage (times rows, less 1) and fit of all rows. With T + lambda I = L D L' and
 * u = L^-1 z both are sums over the entries as they are met: z'(L D L')^-1 z = sum u^2 /
 * d, and c likewise. */
static inline void left_out_fits(const struct gram_system *s, const struct pivots *pivots,
				 const struct quad_rows *rows,
				 double ret_leverage[GRAM_BLOCK],
				 double ret_fit[GRAM_BLOCK])
{
	quad *leverage = (quad *)(void *)ret_leverage, *fit = (quad *)(void *)ret_fit;
	quad u[ROW_QUADS];
	double c = 0;

	for (int32_t i = 0; i < s->dim; i++) {
		double multiplier = i ? pivots->multiplier[i - 1] : 0;

		c = s->moment[i] - multiplier * c;
		for (int32_t r = 0; r < ROW_QUADS; r++) {
			u[r] = i ? rows->entry[i][r] - multiplier * u[r]
				 : rows->entry[i][r];

			quad share = u[r] * pivots->inverse[i];

			leverage[r] = i ? leverage[r] + share * u[r] : share * u[r];
			fit[r] = i ? fit[r] + share * c : share * c;
		}
	}
}

/* Sizes of the leave-one-out errors of the rows that count; their number. */
static inline int32_t left_out_errors(const struct gram_system *s,
				      const struct pivots *pivots,
				      const struct gram_block *block,
				      const struct quad_rows *rows, double *ret_errors)
{
	double leverage[GRAM_BLOCK] __attribute__((aligned(32)));
	double fit[GRAM_BLOCK] __attribute__((aligned(32)));
	int32_t count = 0;

	left_out_fits(s, pivots, rows, leverage, fit);
	for (int32_t r = 0; r < GRAM_BLOCK; r++) {
		double target = block->column[s->dim + 1][r] - s->mean[s->dim];

		if (!(block->column[0][r] > 0))
			continue;
		/* A leverage of 1 is a row that nothing but itself explains. */
		ret_errors[count++] = fabs(target - fit[r]) /
				      larger(1 - (leverage[r] + 1) / s->rows, .05);
	}
	return count;
}

static double median(const double *values, int32_t count)
{
	float copy[GRAM_SAMPLE * GRAM_BLOCK];

	if (!count)
		return 0;
	for (int32_t i = 0; i < count; i++)
		copy[i] = (float)values[i];
	return rank_pick(copy, count, count / 2);
}

static double root_mean_square(const double *values, int32_t count)
{
	double sum = 0;

	for (int32_t i = 0; i < count; i++)
		sum += values[i] * values[i];
	return count ? sqrt(sum / count) : 0;
}

WIDE_CLONES
void gram_choose(const struct gram_system *s, const struct gram_block *blocks,
		 int32_t count, struct gram_solution *ret_solution)
{
	struct pivots pivots[LAMBDA_COUNT];
	double errors[LAMBDA_COUNT][GRAM_SAMPLE * GRAM_BLOCK], loss[LAMBDA_COUNT] = {0};
	int32_t n = 0, best = 0;

	for (int32_t i = 0; i < LAMBDA_COUNT; i++)
		pivots_of(s, lambdas[i], &pivots[i]);
	for (int32_t b = 0; b < count; b++) {
		struct quad_rows rows;
		int32_t known = 0;

		rotated_rows(s, &blocks[b], &rows);
		for (int32_t i = 0; i < LAMBDA_COUNT; i++) {
			known = left_out_errors(s, &pivots[i], &blocks[b], &rows,
						errors[i] + n);
			for (int32_t r = 0; r < known; r++)
				loss[i] += errors[i][n + r];
		}
		n += known;
	}
	for (int32_t i = 1; i < LAMBDA_COUNT; i++)
		if (loss[i] < loss[best])
			best = i;
	gram_solve(s, lambdas[best], ret_solution);
	ret_solution->error = root_mean_square(errors[best], n);
	ret_solution->deviation = 1.4826 * median(errors[best], n);
}

void gram_shift_targets(struct gram_system *s, const struct gram_block *block,
			const double change[GRAM_BLOCK])
{
	double moment[GRAM_DIM_MAX], total = 0;

	for (int32_t r = 0; r < GRAM_BLOCK; r++)
		total += change[r];
	for (int32_t i = 0; i < s->dim; i++) {
		double sum = 0;

		for (int32_t r = 0; r < GRAM_BLOCK; r++)
			sum += block->column[i + 1][r] * change[r];
		moment[i] = (sum - total * s->mean[i]) * s->scale[i] / s->rows;
	}
	rotate(s, moment);
	for (int32_t i = 0; i < s->dim; i++)
		s->moment[i] += moment[i];
	s->mean[s->dim] += total / s->rows;
}

void gram_residuals(const struct gram_solution *solution, const struct gram_block *block,
		    double ret_residual[GRAM_BLOCK])
{
	for (int32_t r = 0; r < GRAM_BLOCK; r++)
		ret_residual[r] = block->column[solution->dim + 1][r] -
				  solution->constant * block->column[0][r];
	for (int32_t i = 0; i < solution->dim; i++)
		for (int32_t r = 0; r < GRAM_BLOCK; r++)
			ret_residual[r] -=
				solution->coefficient[i] * block->column[i + 1][r];
}
