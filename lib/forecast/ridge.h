/* Linear regression with a ridge, kept as normal equations: a row is learned in O(dim^2)
 * and then forgotten. */
#ifndef FORETOP_FORECAST_RIDGE_H
#define FORETOP_FORECAST_RIDGE_H

#include <stdbool.h>
#include <stdint.h>

#define RIDGE_DIM_MAX 24

/* The lower triangle, row by row, each row padded to an even number of entries: they are
 * worked on in pairs. Where row i begins; RIDGE_PACKED(dim) entries in all. */
#define RIDGE_PACKED(i) (2 * (((i) + 1) / 2) * (((i) + 2) / 2))
#define RIDGE_EVEN(dim) (((dim) + 1) / 2 * 2)
/* Doubles that a regression of this dimension needs: the triangle, the moments and the
 * solution. */
#define RIDGE_STORAGE(dim) (RIDGE_PACKED(dim) + 2 * RIDGE_EVEN(dim))

struct ridge {
	int32_t dim;      /* in [1, RIDGE_DIM_MAX] */
	bool solved;      /* `solution` is valid */
	int64_t samples;  /* rows learned */
	double *gram;     /* borrowed: sum of weight x x', packed */
	double *moment;   /* borrowed: sum of weight x y */
	double *solution; /* borrowed: dim coefficients */
};

/* `storage` holds RIDGE_STORAGE(dim) doubles and outlives the regression. */
void ridge_init(struct ridge *r, int32_t dim, double *storage);

/* A row with its target; weight > 0. x: RIDGE_EVEN(dim) finite numbers, of which the
 * first dim count. To forget slowly, let the weights of new rows grow: a solution depends
 * on their ratios only. */
void ridge_learn(struct ridge *r, const double *x, double y, double weight);

/* The same of numbers that were kept short: RIDGE_FLOATS(dim) of them. */
#define RIDGE_FLOATS(dim) (((dim) + 3) / 4 * 4)
void ridge_learn_floats(struct ridge *r, const float *row, double y, double weight);

/* Multiplies all weights so far by `factor` > 0, before they grow out of range. */
void ridge_scale(struct ridge *r, double factor);

/* Adds the rows that `other` has learned, as far as it knows these columns; other->dim >=
 * r->dim. */
void ridge_add(struct ridge *r, const struct ridge *other);

/* Solves (S + penalty I) z = D b with S = D A D of unit diagonal, D = diag(A)^-1/2,
 * solution = D z: a penalty in units of each column's own size. penalty > 0. Columns that
 * were always zero get the coefficient 0. 0, or -1 when the system is not positive
 * definite to working precision (the old solution stays). */
int ridge_solve(struct ridge *r, double penalty);

/* x . solution; 0 before the first solution. x as for ridge_learn. */
double ridge_predict(const struct ridge *r, const double *x);

#endif
