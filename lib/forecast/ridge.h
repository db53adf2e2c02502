/* Linear regression with a ridge, kept as normal equations: a row is learned in O(dim^2)
 * and then forgotten. */
#ifndef FORETOP_FORECAST_RIDGE_H
#define FORETOP_FORECAST_RIDGE_H

#include <stdbool.h>
#include <stdint.h>

#define RIDGE_DIM_MAX 24

/* Doubles that a regression of this dimension needs: the lower triangle, row by row, the
 * moments and the solution. */
#define RIDGE_PACKED(dim)  ((dim) * ((dim) + 1) / 2)
#define RIDGE_STORAGE(dim) (RIDGE_PACKED(dim) + 2 * (dim))

struct ridge {
	int32_t dim;      /* in [1, RIDGE_DIM_MAX] */
	bool solved;      /* `solution` is valid */
	int64_t samples;  /* rows learned */
	double *gram;     /* borrowed: sum of keep^age weight x x', packed */
	double *moment;   /* borrowed: sum of keep^age weight x y */
	double *solution; /* borrowed: dim coefficients */
};

/* `storage` holds RIDGE_STORAGE(dim) doubles and outlives the regression. */
void ridge_init(struct ridge *r, int32_t dim, double *storage);

/* A row with its target. keep in (0, 1]: what remains of everything learned before;
 * weight > 0. */
void ridge_learn(struct ridge *r, const double *x, double y, double keep, double weight);

/* Solves (S + penalty I) z = D b with S = D A D of unit diagonal, D = diag(A)^-1/2,
 * solution = D z: a penalty in units of each column's own size. penalty > 0. Columns that
 * were always zero get the coefficient 0. 0, or -1 when the system is not positive
 * definite to working precision (the old solution stays). */
int ridge_solve(struct ridge *r, double penalty);

/* x . solution; 0 before the first solution. */
double ridge_predict(const struct ridge *r, const double *x);

#endif
