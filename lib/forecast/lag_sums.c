#include "forecast/lag_sums.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <string.h>

/* Rows at a time: what is converted stays in the nearest cache. */
#define RUN 128
/* Fewer rows in a row that all count are not worth it. */
#define RUN_LEAST 32
#define COLUMNS   (GRAM_DIM_MAX + 1)

/* Columns of a run: number 0 is the target, number i the lag lag[i - 1]. */
struct columns {
	int32_t count, rows;
	const double *x[COLUMNS];
	bool follows[COLUMNS]; /* its lag is one more than that of the column before */
	double values[COLUMNS * (RUN + 1)];
};

static const quad_double *quads(const double *v)
{
	return (const quad_double *)(const void *)v;
}

/* Rows from `first` on that all count, RUN at most; 0: too few. */
static int32_t run_of(const struct lag_rows *from, int32_t first, int32_t end)
{
	int32_t rows = end - first < RUN ? end - first : RUN;
	const uint8_t *known =
		from->known + first + from->lags->lag[from->lags->count - 1];
	const uint8_t *missing =
		rows >= RUN_LEAST ? memchr(known, 0, (size_t)rows) : known;

	if (missing)
		rows = (int32_t)(missing - known);
	return rows >= RUN_LEAST ? rows : 0;
}

static int32_t lag_of(const struct lags *lags, int32_t column)
{
	return column ? lags->lag[column - 1] : 0;
}

WIDE_PART void convert(const float *z, int32_t count, double centre, double *restrict ret)
{
	int32_t i = 0;

	for (; i + QUAD_LANES <= count; i += QUAD_LANES)
		for (int32_t k = 0; k < QUAD_LANES; k++)
			ret[i + k] = z[i + k] - centre;
	for (; i < count; i++)
		ret[i] = z[i] - centre;
}

/* Each run of lags that follow one another is converted once. */
WIDE_PART void fill_columns(const struct lag_rows *from, int32_t first, int32_t rows,
			    struct columns *ret)
{
	const struct lags *lags = from->lags;
	const float *target = from->z + first + lags->lag[lags->count - 1];
	double *values = ret->values;

	ret->count = lags->count + 1;
	ret->rows = rows;
	for (int32_t i = 0; i < ret->count;) {
		int32_t next = i + 1, lag;

		ret->follows[i] = false;
		while (next < ret->count &&
		       lag_of(lags, next) == lag_of(lags, next - 1) + 1)
			ret->follows[next++] = true;
		lag = lag_of(lags, next - 1);
		convert(target - lag, rows + next - 1 - i, from->centre, values);
		for (int32_t k = i; k < next; k++)
			ret->x[k] = values + (next - 1 - k);
		values += rows + next - 1 - i;
		i = next;
	}
}

/* Products of one column with four others: it is loaded only once. */
WIDE_PART void dot_four(const double *a, const double *const b[4], int32_t rows,
			double ret[4])
{
	quad_double s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
	int32_t r = 0;

	for (; r + QUAD_LANES <= rows; r += QUAD_LANES) {
		quad_double v = *quads(a + r);

		s0 += v * *quads(b[0] + r);
		s1 += v * *quads(b[1] + r);
		s2 += v * *quads(b[2] + r);
		s3 += v * *quads(b[3] + r);
	}
	ret[0] = (s0[0] + s0[2]) + (s0[1] + s0[3]);
	ret[1] = (s1[0] + s1[2]) + (s1[1] + s1[3]);
	ret[2] = (s2[0] + s2[2]) + (s2[1] + s2[3]);
	ret[3] = (s3[0] + s3[2]) + (s3[1] + s3[3]);
	for (; r < rows; r++)
		for (int32_t k = 0; k < 4; k++)
			ret[k] += a[r] * b[k][r];
}

/* A list of columns whose products with a column are wanted. */
struct wanted {
	int32_t count;
	int32_t column[4];
};

WIDE_PART void multiply_wanted(const struct columns *c, const double *a, struct wanted *w,
			       double *product)
{
	const double *b[4];
	double ret[4];

	for (int32_t k = 0; k < 4; k++)
		b[k] = k < w->count ? c->x[w->column[k]] : a;
	dot_four(a, b, c->rows, ret);
	for (int32_t k = 0; k < w->count; k++)
		product[w->column[k]] = ret[k];
	w->count = 0;
}

/* Products of column i with those up to it; `above`: those of column i - 1. */
WIDE_PART void multiply(const struct columns *c, int32_t i, const double *above,
			double *product)
{
	struct wanted wanted = {0};
	int32_t last = c->rows - 1;

	for (int32_t k = 0; k <= i; k++) {
		if (c->follows[i] && c->follows[k]) {
			product[k] = above[k - 1] + c->x[i][0] * c->x[k][0] -
				     c->x[i - 1][last] * c->x[k - 1][last];
			continue;
		}
		wanted.column[wanted.count++] = k;
		if (wanted.count == 4)
			multiply_wanted(c, c->x[i], &wanted, product);
	}
	if (wanted.count)
		multiply_wanted(c, c->x[i], &wanted, product);
}

/* Sums of four columns: each addition waits for the one before it, but not for those of
 * the other columns. */
WIDE_PART void sum_four(const double *const x[4], int32_t rows, double ret[4])
{
	double s0 = 0, s1 = 0, s2 = 0, s3 = 0;

	for (int32_t r = 0; r < rows; r++) {
		s0 += x[0][r];
		s1 += x[1][r];
		s2 += x[2][r];
		s3 += x[3][r];
	}
	ret[0] = s0;
	ret[1] = s1;
	ret[2] = s2;
	ret[3] = s3;
}

WIDE_PART void sum_columns(const struct columns *c, double *ret_sums)
{
	const double *x[4];
	int32_t column[4], count = 0;
	double sums[4];

	for (int32_t i = 0; i < c->count; i++) {
		if (!c->follows[i])
			column[count++] = i;
		if (count < 4 && (i + 1 < c->count || !count))
			continue;
		for (int32_t k = 0; k < 4; k++)
			x[k] = c->x[column[k < count ? k : 0]];
		sum_four(x, c->rows, sums);
		for (int32_t k = 0; k < count; k++)
			ret_sums[column[k]] = sums[k];
		count = 0;
	}
	for (int32_t i = 1; i < c->count; i++)
		if (c->follows[i])
			ret_sums[i] =
				ret_sums[i - 1] + c->x[i][0] - c->x[i - 1][c->rows - 1];
}

WIDE_CLONES
int32_t lag_sums_add(const void *rows, int32_t first, int32_t end, struct gram *g)
{
	const struct lag_rows *from = rows;
	int32_t run = run_of(from, first, end), target = g->dim + 1;
	double products[2][COLUMNS], sums[COLUMNS];
	struct columns c;

	if (!run)
		return 0;
	fill_columns(from, first, run, &c);
	sum_columns(&c, sums);
	g->sums[0] += run;
	for (int32_t i = 0; i < c.count; i++) {
		double *product = products[i % 2];
		int32_t row = i ? i : target;

		g->sums[GRAM_AT(row, 0)] += sums[i];
		multiply(&c, i, products[1 - i % 2], product);
		g->sums[GRAM_AT(target, row)] += product[0];
		for (int32_t k = 1; k <= i; k++)
			g->sums[GRAM_AT(i, k)] += product[k];
	}
	return run;
}

/* How far sixteen targets are to be moved, from `r` on; whether any is. */
#define PART (4 * QUAD_LANES)
WIDE_PART bool cut_part(const struct columns *c, int32_t r, const struct gram_solution *s,
			double limit, double *ret)
{
	quad_double rest[PART / QUAD_LANES];
	bool any = false;

	for (int32_t q = 0; q < PART / QUAD_LANES; q++)
		rest[q] = quads(c->x[0] + r)[q] - s->constant;
	for (int32_t i = 1; i < c->count; i++) {
		const quad_double *x = quads(c->x[i] + r);
		double b = s->coefficient[i - 1];

		rest[0] -= b * x[0];
		rest[1] -= b * x[1];
		rest[2] -= b * x[2];
		rest[3] -= b * x[3];
	}
	for (int32_t k = 0; k < PART; k++) {
		double v = rest[k / QUAD_LANES][k % QUAD_LANES];

		ret[k] = within(v, -limit, limit) - v;
		any |= ret[k] != 0;
	}
	return any;
}

WIDE_PART double cut_row(const struct columns *c, int32_t r,
			 const struct gram_solution *s, double limit)
{
	double rest = c->x[0][r] - s->constant;

	for (int32_t i = 1; i < c->count; i++)
		rest -= s->coefficient[i - 1] * c->x[i][r];
	return within(rest, -limit, limit) - rest;
}

WIDE_PART void note_changes(const struct columns *c, const double *moved,
			    struct gram_change *change)
{
	change->any = true;
	for (int32_t r = 0; r < c->rows; r++)
		change->sums[0] += moved[r];
	for (int32_t i = 1; i < c->count; i += 4) {
		const double *b[4];
		double sums[4];

		for (int32_t k = 0; k < 4; k++)
			b[k] = i + k < c->count ? c->x[i + k] : moved;
		dot_four(moved, b, c->rows, sums);
		for (int32_t k = 0; k < 4 && i + k < c->count; k++)
			change->sums[i + k] += sums[k];
	}
}

WIDE_CLONES
int32_t lag_sums_cut(const void *rows, int32_t first, int32_t end,
		     const struct gram_solution *solution, double limit,
		     struct gram_change *change)
{
	const struct lag_rows *from = rows;
	int32_t run = run_of(from, first, end), r = 0;
	double moved[RUN];
	bool any = false;
	struct columns c;

	if (!run)
		return 0;
	fill_columns(from, first, run, &c);
	for (; r + PART <= run; r += PART)
		any |= cut_part(&c, r, solution, limit, moved + r);
	for (; r < run; r++) {
		moved[r] = cut_row(&c, r, solution, limit);
		any |= moved[r] != 0;
	}
	if (any)
		note_changes(&c, moved, change);
	return run;
}
