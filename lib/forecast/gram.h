/* Ridge regression for a batch of rows: sums of products, one factorisation, any number
 * of penalties.
 *
 * The columns are centred and scaled to unit variance, so one penalty fits all:
 *   (S + lambda I) b = c,   S = Z'Z / n, c = Z'y / n.
 * S is brought to tridiagonal form once, S = Q T Q' (Householder; Golub and Van Loan,
 * "Matrix Computations", 8.3.1). After that a penalty costs O(dim), and so does the
 * leave-one-out error of a row: e / (1 - h), h = 1/n + z'(S + lambda I)^-1 z / n (Allen
 * 1974, PRESS). */
#ifndef FORETOP_FORECAST_GRAM_H
#define FORETOP_FORECAST_GRAM_H

#include <stdbool.h>
#include <stdint.h>

#define GRAM_DIM_MAX 24 /* regressors, the constant apart */
#define GRAM_COLUMNS (GRAM_DIM_MAX + 2)
#define GRAM_BLOCK   32
#define GRAM_SAMPLE  6 /* blocks at most that gram_choose looks at */
/* Where the product of columns i >= k stands in the sums. */
#define GRAM_AT(i, k) ((i) * ((i) + 1) / 2 + (k))
#define GRAM_PACKED   GRAM_AT(GRAM_COLUMNS, 0)

/* Rows, column by column: column 0 is 1 where a row counts and 0 where it does not (all
 * its other columns are 0 then), columns 1 to dim the regressors, column dim + 1 the
 * target. */
struct gram_block {
	double column[GRAM_COLUMNS][GRAM_BLOCK];
} __attribute__((aligned(64)));

struct gram {
	int32_t dim;
	double sums[GRAM_PACKED]; /* of products of columns: lower triangle, row by row */
};

void gram_init(struct gram *g, int32_t dim);
void gram_add(struct gram *g, const struct gram_block *block);
/* Rows that counted. */
double gram_rows(const struct gram *g);

/* The factorised system. */
struct gram_system {
	int32_t dim;
	double rows;
	double mean[GRAM_DIM_MAX + 1]; /* of the regressors and the target */
	double scale[GRAM_DIM_MAX];    /* 1 / deviation; 0: constant, left out */
	double diagonal[GRAM_DIM_MAX], off[GRAM_DIM_MAX]; /* T */
	double reflector[GRAM_DIM_MAX][GRAM_DIM_MAX];     /* Q */
	double moment[GRAM_DIM_MAX];                      /* Q'c */
};

struct gram_solution {
	int32_t dim;
	double constant, coefficient[GRAM_DIM_MAX]; /* of the columns as they came */
	double lambda;
	double error;     /* root mean square of the leave-one-out errors looked at */
	double deviation; /* robust: 1.4826 medians of |leave-one-out error| */
};

/* False with fewer than dim + 2 rows, or where sums are not finite. */
bool gram_factorise(const struct gram *g, struct gram_system *ret_system);

/* lambda > 0. */
void gram_solve(const struct gram_system *s, double lambda,
		struct gram_solution *ret_solution);

/* Chooses lambda by the mean absolute leave-one-out error over `count` blocks of rows (at
 * most GRAM_SAMPLE) that were added, and solves.
 * Only here `error` and `deviation` are set. */
void gram_choose(const struct gram_system *s, const struct gram_block *blocks,
		 int32_t count, struct gram_solution *ret_solution);

/* Targets that are to be moved: sums of new - old, and of its products with each of the
 * regressors. All zero: none is. */
struct gram_change {
	bool any;
	double sums[GRAM_COLUMNS - 1];
};

/* Notes that the block's targets farther than `limit` from what is predicted are moved to
 * there. */
void gram_cut(const struct gram_solution *solution, const struct gram_block *block,
	      double limit, struct gram_change *change);

/* The regressors stay, targets change: moment += sum of z (new - old) / n. */
void gram_shift_targets(struct gram_system *s, const struct gram_change *change);

#endif
