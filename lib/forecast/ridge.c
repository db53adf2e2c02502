#include "forecast/ridge.h"

#include <math.h>
#include <string.h>

void ridge_init(struct ridge *r, int32_t dim, double *storage)
{
	memset(storage, 0, RIDGE_STORAGE((size_t)dim) * sizeof(double));
	*r = (struct ridge){
		.dim = dim,
		.gram = storage,
		.moment = storage + RIDGE_PACKED(dim),
		.solution = storage + RIDGE_PACKED(dim) + dim,
	};
}

void ridge_learn(struct ridge *r, const double *x, double y, double keep, double weight)
{
	for (int32_t i = 0; i < r->dim; i++) {
		double *restrict row = r->gram + RIDGE_PACKED(i);
		double scaled = weight * x[i];

		for (int32_t k = 0; k <= i; k++)
			row[k] = keep * row[k] + scaled * x[k];
		r->moment[i] = keep * r->moment[i] + scaled * y;
	}
	r->samples++;
}

/* In place: the packed lower triangle of S + penalty I into its Cholesky factor. False
 * when a pivot is not positive. */
static bool factorise(double *lower, int32_t dim)
{
	for (int32_t i = 0; i < dim; i++) {
		double *row = lower + RIDGE_PACKED(i);

		for (int32_t k = 0; k <= i; k++) {
			const double *other = lower + RIDGE_PACKED(k);
			double sum = row[k];

			for (int32_t m = 0; m < k; m++)
				sum -= row[m] * other[m];
			if (k < i)
				row[k] = sum / other[k];
			else if (!(sum > 0))
				return false;
			else
				row[i] = sqrt(sum);
		}
	}
	return true;
}

/* L L' z = z, in place. */
static void substitute(const double *lower, int32_t dim, double *z)
{
	for (int32_t i = 0; i < dim; i++) {
		const double *row = lower + RIDGE_PACKED(i);

		for (int32_t k = 0; k < i; k++)
			z[i] -= row[k] * z[k];
		z[i] /= row[i];
	}
	for (int32_t i = dim - 1; i >= 0; i--) {
		const double *row = lower + RIDGE_PACKED(i);

		z[i] /= row[i];
		for (int32_t k = 0; k < i; k++)
			z[k] -= row[k] * z[i];
	}
}

int ridge_solve(struct ridge *r, double penalty)
{
	double lower[RIDGE_PACKED(RIDGE_DIM_MAX)], scale[RIDGE_DIM_MAX], z[RIDGE_DIM_MAX];

	for (int32_t i = 0; i < r->dim; i++) {
		double diagonal = r->gram[RIDGE_PACKED(i) + i];

		scale[i] = diagonal > 0 ? 1 / sqrt(diagonal) : 0;
		z[i] = scale[i] * r->moment[i];
	}
	for (int32_t i = 0, at = 0; i < r->dim; i++) {
		for (int32_t k = 0; k < i; k++, at++)
			lower[at] = scale[i] * scale[k] * r->gram[at];
		lower[at++] = 1 + penalty;
	}
	if (!factorise(lower, r->dim))
		return -1;
	substitute(lower, r->dim, z);
	for (int32_t i = 0; i < r->dim; i++)
		r->solution[i] = scale[i] * z[i];
	r->solved = true;
	return 0;
}

double ridge_predict(const struct ridge *r, const double *x)
{
	double sum = 0;

	for (int32_t i = 0; i < r->dim; i++)
		sum += r->solution[i] * x[i];
	return sum;
}
