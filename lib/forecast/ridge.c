#include "forecast/ridge.h"
#include "forecast/lanes.h"

#include <math.h>
#include <string.h>

/* Two neighbours at a time: every 64-bit processor has registers for that, and the result
 * does not depend on which one it is. */
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));

static const pair *pairs(const double *v)
{
	return (const pair *)v;
}

static const quad_double *quads(const double *v)
{
	return (const quad_double *)v;
}

/* Sum of a[i] b[i] over the first `count` entries. */
WIDE_PART double dot(const double *a, const double *b, int32_t count)
{
	quad_double quad = {0};
	int32_t i = 0;

	for (; i + QUAD_LANES <= count; i += QUAD_LANES)
		quad += *quads(a + i) * *quads(b + i);

	pair sum = {quad[0] + quad[2], quad[1] + quad[3]};

	for (; i + 2 <= count; i += 2)
		sum += *pairs(a + i) * *pairs(b + i);
	return sum[0] + sum[1] + (i < count ? a[i] * b[i] : 0);
}

/* to += factor from, over `count` entries rounded up to pairs. */
WIDE_PART void add_times(double *to, const double *from, double factor, int32_t count)
{
	int32_t i = 0;

	for (; i + QUAD_LANES <= RIDGE_EVEN(count); i += QUAD_LANES)
		*(quad_double *)(to + i) += factor * *quads(from + i);
	if (i < count)
		*(pair *)(to + i) += factor * *pairs(from + i);
}

void ridge_init(struct ridge *r, int32_t dim, double *storage)
{
	memset(storage, 0, RIDGE_STORAGE((size_t)dim) * sizeof(double));
	*r = (struct ridge){
		.dim = dim,
		.gram = storage,
		.moment = storage + RIDGE_PACKED(dim),
		.solution = storage + RIDGE_PACKED(dim) + RIDGE_EVEN(dim),
	};
}

/* The same for the small ones, of which every forecaster has a dozen: nothing is left to
 * count at run time. */
#define SMALL_DIM 6
WIDE_PART void learn_small(struct ridge *r, const double *x, double y, double weight)
{
#pragma GCC unroll 6
	for (int32_t i = 0; i < SMALL_DIM; i++)
		add_times(r->gram + RIDGE_PACKED(i), x, weight * x[i], i + 1);
	add_times(r->moment, x, weight * y, SMALL_DIM);
}

WIDE_CLONES
void ridge_learn(struct ridge *r, const double *x, double y, double weight)
{
	r->samples++;
	if (r->dim == SMALL_DIM) {
		learn_small(r, x, y, weight);
		return;
	}
	for (int32_t i = 0; i < r->dim; i++)
		add_times(r->gram + RIDGE_PACKED(i), x, weight * x[i], i + 1);
	add_times(r->moment, x, weight * y, r->dim);
}

void ridge_scale(struct ridge *r, double factor)
{
	for (int32_t i = 0; i < RIDGE_PACKED(r->dim) + RIDGE_EVEN(r->dim); i++)
		r->gram[i] *= factor;
}

void ridge_add(struct ridge *r, const struct ridge *other)
{
	for (int32_t i = 0; i < RIDGE_PACKED(r->dim); i++)
		r->gram[i] += other->gram[i];
	for (int32_t i = 0; i < r->dim; i++)
		r->moment[i] += other->moment[i];
	r->samples += other->samples;
}

/* In place: the packed lower triangle of S + penalty I into its Cholesky factor, with
 * inverses on the diagonal: divisions are slow. False when a pivot is not positive. */
WIDE_PART bool factorise(double *lower, int32_t dim)
{
	for (int32_t i = 0; i < dim; i++) {
		double *row = lower + RIDGE_PACKED(i);

		for (int32_t k = 0; k < i; k++) {
			const double *other = lower + RIDGE_PACKED(k);

			row[k] = (row[k] - dot(row, other, k)) * other[k];
		}

		double pivot = row[i] - dot(row, row, i);

		if (!(pivot > 0))
			return false;
		row[i] = 1 / sqrt(pivot);
	}
	return true;
}

/* L L' z = z, in place. */
WIDE_PART void substitute(const double *lower, int32_t dim, double *z)
{
	for (int32_t i = 0; i < dim; i++) {
		const double *row = lower + RIDGE_PACKED(i);

		z[i] = (z[i] - dot(row, z, i)) * row[i];
	}
	for (int32_t i = dim - 1; i >= 0; i--) {
		const double *row = lower + RIDGE_PACKED(i);

		z[i] *= row[i];
		for (int32_t k = 0; k < i; k++)
			z[k] -= row[k] * z[i];
	}
}

WIDE_CLONES
int ridge_solve(struct ridge *r, double penalty)
{
	double lower[RIDGE_PACKED(RIDGE_DIM_MAX)], scale[RIDGE_DIM_MAX], z[RIDGE_DIM_MAX];

	for (int32_t i = 0; i < r->dim; i++) {
		double diagonal = r->gram[RIDGE_PACKED(i) + i];

		scale[i] = diagonal > 0 ? 1 / sqrt(diagonal) : 0;
		z[i] = scale[i] * r->moment[i];
	}
	for (int32_t i = 0; i < r->dim; i++) {
		for (int32_t k = 0, at = RIDGE_PACKED(i); k < i; k++, at++)
			lower[at] = scale[i] * scale[k] * r->gram[at];
		lower[RIDGE_PACKED(i) + i] = 1 + penalty;
	}
	if (!factorise(lower, r->dim))
		return -1;
	substitute(lower, r->dim, z);
	for (int32_t i = 0; i < r->dim; i++)
		r->solution[i] = scale[i] * z[i];
	r->solved = true;
	return 0;
}

WIDE_CLONES
double ridge_predict(const struct ridge *r, const double *x)
{
	return dot(r->solution, x, r->dim);
}
