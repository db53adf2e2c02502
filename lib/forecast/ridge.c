#include "forecast/ridge.h"
#include "forecast/lanes.h"

#include <math.h>
#include <string.h>

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

#pragma GCC unroll 8
	for (; i + QUAD_LANES <= count; i += QUAD_LANES)
		quad += *quads(a + i) * *quads(b + i);

	pair sum = {quad[0] + quad[2], quad[1] + quad[3]};

	if (i + 2 <= count) {
		sum += *pairs(a + i) * *pairs(b + i);
		i += 2;
	}
	return sum[0] + sum[1] + (i < count ? a[i] * b[i] : 0);
}

/* to += factor from, over `count` entries rounded up to pairs. */
WIDE_PART void add_times(double *to, const double *from, double factor, int32_t count)
{
	int32_t i = 0;

#pragma GCC unroll 8
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

/* With a dimension known to the compiler nothing is left to count at run time. These are
 * those of the nested rows. */
#define WITH_DIM(dim, call)                                                              \
	switch (dim) {                                                                   \
	case 13:                                                                         \
		call(13);                                                                \
		break;                                                                   \
	case 18:                                                                         \
		call(18);                                                                \
		break;                                                                   \
	case 23:                                                                         \
		call(23);                                                                \
		break;                                                                   \
	default:                                                                         \
		call(dim);                                                               \
	}

WIDE_PART void learn(struct ridge *r, const double *x, double y, double weight,
		     int32_t dim)
{
#pragma GCC unroll 24
	for (int32_t i = 0; i < dim; i++)
		add_times(r->gram + RIDGE_PACKED(i), x, weight * x[i], i + 1);
	add_times(r->moment, x, weight * y, dim);
}

WIDE_CLONES
void ridge_learn(struct ridge *r, const double *x, double y, double weight)
{
#define LEARN(dim) learn(r, x, y, weight, dim)
	r->samples++;
	WITH_DIM(r->dim, LEARN);
}

WIDE_CLONES
void ridge_learn_floats(struct ridge *r, const float *row, double y, double weight)
{
	double x[RIDGE_DIM_MAX];

	for (int32_t i = 0; i < r->dim; i += QUAD_LANES)
		*(quad_double *)(x + i) = __builtin_convertvector(
			*(const four *)(const void *)(row + i), quad_double);
	r->samples++;
	WITH_DIM(r->dim, LEARN);
}

void ridge_scale(struct ridge *r, double factor)
{
	int32_t count = RIDGE_PACKED(r->dim) + RIDGE_EVEN(r->dim);

	for (int32_t i = 0; i < count; i++)
		r->gram[i] *= factor;
}

WIDE_CLONES
void ridge_add(struct ridge *r, const struct ridge *other)
{
	add_times(r->gram, other->gram, 1, RIDGE_PACKED(r->dim));
	for (int32_t i = 0; i < r->dim; i++)
		r->moment[i] += other->moment[i];
	r->samples += other->samples;
}

/* A triangle in blocks of four rows, each column of a block in one register; under it
 * the moments as one row more. */
#define BLOCKS (RIDGE_DIM_MAX / QUAD_LANES + 1)
struct triangle {
	quad_double at[BLOCKS][RIDGE_DIM_MAX];
	double inverse[RIDGE_DIM_MAX]; /* of the diagonal: divisions are slow */
};

static double *entry(struct triangle *t, int32_t i, int32_t k)
{
	return (double *)&t->at[i / QUAD_LANES][k] + i % QUAD_LANES;
}

static void fill_row(const double *from, const double *scale, double own, int32_t count,
		     double *ret_row)
{
	for (int32_t k = 0; k < count; k++)
		ret_row[k * QUAD_LANES] = own * scale[k] * from[k];
}

/* S + penalty I and D b. */
static void fill(const struct ridge *r, const double *scale, double penalty,
		 struct triangle *ret)
{
	int32_t last = r->dim / QUAD_LANES;

	for (int32_t k = 0; k < r->dim; k++)
		ret->at[last][k] = (quad_double){0};
	for (int32_t i = 0; i < r->dim; i++) {
		fill_row(r->gram + RIDGE_PACKED(i), scale, scale[i], i, entry(ret, i, 0));
		*entry(ret, i, i) = 1 + penalty;
		/* Above the diagonal, where nothing is looked at. */
		for (int32_t k = i + 1; k < r->dim && k % QUAD_LANES; k++)
			*entry(ret, i, k) = 0;
	}
	fill_row(r->moment, scale, 1, r->dim, entry(ret, r->dim, 0));
}

/* In place: the Cholesky factor L, and under it L^-1 D b. False when a pivot is not
 * positive. */
WIDE_PART bool factorise(struct triangle *t, int32_t dim)
{
	for (int32_t b = 0; b <= dim / QUAD_LANES; b++) {
		int32_t first = b * QUAD_LANES;
		quad_double *block = t->at[b];

		for (int32_t k = 0; k < dim && k < first + QUAD_LANES; k++) {
			const double *row = entry(t, k, 0);
			quad_double rest = block[k];

			for (int32_t m = 0; m < k; m++)
				rest -= block[m] * row[m * QUAD_LANES];
			if (k >= first) {
				double pivot = rest[k - first];

				if (!(pivot > 0))
					return false;
				t->inverse[k] = 1 / sqrt(pivot);
			}
			block[k] = rest * t->inverse[k];
		}
	}
	return true;
}

/* L' z = L^-1 D b. z: zeros beyond dim, up to whole registers. */
WIDE_PART void substitute(struct triangle *t, int32_t dim, double *ret_z)
{
	for (int32_t i = dim - 1; i >= 0; i--) {
		double rest = *entry(t, dim, i);
		int32_t b = i / QUAD_LANES + 1, k = i + 1;
		quad_double sum = {0};

		for (; k < dim && k < b * QUAD_LANES; k++)
			rest -= *entry(t, k, i) * ret_z[k];
		for (; b * QUAD_LANES < dim; b++)
			sum += t->at[b][i] * *quads(ret_z + b * QUAD_LANES);
		rest -= (sum[0] + sum[2]) + (sum[1] + sum[3]);
		ret_z[i] = rest * t->inverse[i];
	}
}

WIDE_CLONES
int ridge_solve(struct ridge *r, double penalty)
{
	double scale[RIDGE_DIM_MAX] = {0}, z[BLOCKS * QUAD_LANES] = {0};
	struct triangle t;

	for (int32_t i = 0; i < r->dim; i++) {
		double diagonal = r->gram[RIDGE_PACKED(i) + i];

		scale[i] = diagonal > 0 ? 1 / sqrt(diagonal) : 0;
	}
	fill(r, scale, penalty, &t);
	if (!factorise(&t, r->dim))
		return -1;
	substitute(&t, r->dim, z);
	for (int32_t i = 0; i < r->dim; i++)
		r->solution[i] = scale[i] * z[i];
	r->solved = true;
	return 0;
}

WIDE_CLONES
double ridge_predict(const struct ridge *r, const double *x)
{
	double y;

#define PREDICT(dim) y = dot(r->solution, x, dim)
	WITH_DIM(r->dim, PREDICT);
	return y;
}
