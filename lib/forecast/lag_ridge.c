#include "forecast/lag_ridge.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define ROWS_A_LAG 4
/* Steps of a path that are worked out side by side; the last four lags, and what of an
 * hour is nearer than that, are added step by step. */
#define CHUNK LAG_CHUNK

static void add_lag(struct lags *lags, int32_t lag, int32_t longest)
{
	int32_t at = 0;

	if (lag < 1 || lag > longest || lags->count == GRAM_DIM_MAX)
		return;
	while (at < lags->count && lags->lag[at] < lag)
		at++;
	if (at < lags->count && lags->lag[at] == lag)
		return;
	memmove(lags->lag + at + 1, lags->lag + at,
		(size_t)(lags->count - at) * sizeof(*lags->lag));
	lags->lag[at] = lag;
	lags->count++;
}

/* The longest lag that n values can teach. */
static int32_t longest_lag(int32_t n)
{
	int32_t by_length = (int32_t)((int64_t)n * 2 / 3);
	int32_t by_rows = n - ROWS_A_LAG * GRAM_DIM_MAX;

	return by_length < by_rows ? by_length : by_rows;
}

void lags_choose(const int32_t seasons[2], double minutes, int32_t n,
		 struct lags *ret_lags)
{
	static const int32_t around[] = {-1, 0, 1, 2};
	int32_t longest = longest_lag(n), m = seasons[0], w = seasons[1];
	struct lags lags = {0};

	for (int32_t i = 1; i <= 4; i++)
		add_lag(&lags, i, n / 8);
	for (int32_t i = 0; w && w + 2 <= longest && i < 4; i++)
		add_lag(&lags, w + around[i], longest);
	for (int32_t i = 0; m && m + 2 <= longest && i < 4; i++)
		add_lag(&lags, m + around[i], longest);
	/* Steps shorter than a quarter of an hour: half an hour, an hour and two say what
	   four steps do not. */
	for (int32_t i = 0; minutes < 15 && i < 3; i++)
		add_lag(&lags, (int32_t)((30 << i) / minutes), n / 8);
	for (int32_t k = 2; m && k <= 3; k++) {
		add_lag(&lags, k * m, longest);
		add_lag(&lags, k * m + 1, longest);
	}
	if (m && w > 2 * m) {
		add_lag(&lags, w - m, longest);
		add_lag(&lags, w - m + 1, longest);
	}
	*ret_lags = lags;
}

static void fill_column(const float *z, int32_t count, double centre,
			double *restrict column)
{
	/* Known to the compiler as so many, they are converted side by side. */
	if (count == GRAM_BLOCK) {
		for (int32_t r = 0; r < GRAM_BLOCK; r++)
			column[r] = z[r] - centre;
		return;
	}
	for (int32_t r = 0; r < count; r++)
		column[r] = z[r] - centre;
	for (int32_t r = count; r < GRAM_BLOCK; r++)
		column[r] = 0;
}

void lag_rows_fill(const void *rows, int32_t first, int32_t end,
		   struct gram_block *ret_block)
{
	const struct lag_rows *from = rows;
	int32_t p = from->lags->count, at = first + from->lags->lag[p - 1];
	int32_t count = end - first < GRAM_BLOCK ? end - first : GRAM_BLOCK;

	for (int32_t r = 0; r < GRAM_BLOCK; r++)
		ret_block->column[0][r] = r < count && from->known[at + r];
	for (int32_t i = 0; i < p; i++)
		fill_column(from->z + at - from->lags->lag[i], count, from->centre,
			    ret_block->column[i + 1]);
	fill_column(from->z + at, count, from->centre, ret_block->column[p + 1]);
	for (int32_t r = 0; r < count; r++) {
		if (from->known[at + r])
			continue;
		for (int32_t i = 1; i <= p + 1; i++)
			ret_block->column[i][r] = 0;
	}
}

void lag_ridge_take(struct lag_ridge *r, const struct gram_solution *solution,
		    double centre)
{
	r->solved = solution->dim == r->lags.count && r->lags.count > 0;
	if (!r->solved)
		return;
	r->constant = solution->constant + centre;
	for (int32_t i = 0; i < r->lags.count; i++) {
		r->coefficient[i] = solution->coefficient[i];
		r->constant -= centre * r->coefficient[i];
	}
	r->deviation = solution->error;
}

/* A regression as paths need it. */
struct recursion {
	int32_t count, near; /* lags; those that reach into the chunk itself come first */
	bool four;           /* the near ones are 1, 2, 3 and 4 */
	float b[GRAM_DIM_MAX], constant, least, most;
	ptrdiff_t lag[GRAM_DIM_MAX];
};

WIDE_PART void recursion_of(const struct lag_ridge *r, struct recursion *ret)
{
	ret->count = r->lags.count;
	ret->near = 0;
	for (int32_t i = 0; i < ret->count; i++) {
		ret->b[i] = (float)r->coefficient[i];
		ret->lag[i] = r->lags.lag[i];
		ret->near += r->lags.lag[i] < CHUNK;
	}
	ret->four = ret->near == 4 && ret->lag[3] == 4;
	ret->constant = (float)r->constant;
	ret->least = (float)r->least;
	ret->most = (float)r->most;
}

/* What the far lags give to the steps s to s + CHUNK - 1: they reach back beyond the
 * chunk, so no step waits for another. In floats, as the path is. */
WIDE_PART void sum_far(const struct recursion *r, const float *newest, int32_t s,
		       const float *path, octet *ret_sum)
{
	octet sum = {0};
	int32_t i = r->near;

	sum += r->constant;
	for (; i < r->count && r->lag[i] < s + CHUNK; i++)
		sum += r->b[i] * *(const octet *)(const void *)(path + s - r->lag[i]);
	for (; i < r->count; i++)
		sum += r->b[i] *
		       *(const octet *)(const void *)(newest + 1 + s - r->lag[i]);
	*ret_sum = sum;
}

/* Adds what the lags 1 to 4 give, step after step; the newest last: all others are there
 * before it. */
WIDE_PART void recur_four(const struct recursion *r, const octet *far, float *path)
{
	float x1 = path[-1], x2 = path[-2], x3 = path[-3], x4 = path[-4];
	float b1 = r->b[0], b2 = r->b[1], b3 = r->b[2], b4 = r->b[3];

#pragma GCC unroll 8
	for (int32_t k = 0; k < CHUNK; k++) {
		float x = ((*far)[k] + b4 * x4 + (b3 * x3 + b2 * x2)) + b1 * x1;

		x = x > r->least ? x : r->least;
		x = x < r->most ? x : r->most;
		path[k] = x;
		x4 = x3;
		x3 = x2;
		x2 = x1;
		x1 = x;
	}
}

WIDE_PART void recur(const struct recursion *r, const octet *far, float *path)
{
	for (int32_t k = 0; k < CHUNK; k++) {
		float x = (*far)[k];

		for (int32_t i = r->near - 1; i >= 0; i--)
			x += r->b[i] * path[k - r->lag[i]];
		x = x > r->least ? x : r->least;
		path[k] = x < r->most ? x : r->most;
	}
}

/* A path that is being worked out. */
struct walk {
	struct recursion r;
	const float *newest;
	float *path;
};

WIDE_PART void walk_init(struct walk *w, const struct lag_ridge *ridge,
			 const float *newest, float *work)
{
	float *path = work + CHUNK;

	recursion_of(ridge, &w->r);
	w->newest = newest;
	w->path = path;
	/* A chunk of lagged values that begins before the path lies in one piece. */
	for (int32_t k = 1; k <= CHUNK; k++)
		path[-k] = k <= w->r.lag[w->r.count - 1] ? newest[1 - k] : 0;
}

/* The steps s to s + CHUNK - 1. */
WIDE_PART void walk_on(const struct walk *w, int32_t s)
{
	octet far;

	sum_far(&w->r, w->newest, s, w->path, &far);
	if (w->r.four)
		recur_four(&w->r, &far, w->path + s);
	else
		recur(&w->r, &far, w->path + s);
}

/* Two paths side by side: each step waits for the one before it, but not for the other
 * path's. recur_four() in two lanes, with the same bits. */
WIDE_PART void walk_both(const struct walk *a, const struct walk *b, int32_t steps)
{
	const struct recursion *p = &a->r, *q = &b->r;
	const four b1 = {p->b[0], q->b[0]}, b2 = {p->b[1], q->b[1]};
	const four b3 = {p->b[2], q->b[2]}, b4 = {p->b[3], q->b[3]};
	const four least = {p->least, q->least}, most = {p->most, q->most};
	four x1 = {a->path[-1], b->path[-1]}, x2 = {a->path[-2], b->path[-2]};
	four x3 = {a->path[-3], b->path[-3]}, x4 = {a->path[-4], b->path[-4]};

	for (int32_t s = 0; s < steps; s += CHUNK) {
		octet far, others;

		sum_far(p, a->newest, s, a->path, &far);
		sum_far(q, b->newest, s, b->path, &others);
#pragma GCC unroll 8
		for (int32_t k = 0; k < CHUNK; k++) {
			four x = {far[k], others[k]};

			x = (x + b4 * x4 + (b3 * x3 + b2 * x2)) + b1 * x1;
			x = four_smaller(four_larger(x, least), most);
			a->path[s + k] = x[0];
			b->path[s + k] = x[1];
			x4 = x3;
			x3 = x2;
			x2 = x1;
			x1 = x;
		}
	}
}

WIDE_CLONES
const float *lag_ridge_forecast(const struct lag_ridge *ridge, const float *newest,
				int32_t steps, float *work)
{
	struct walk w;

	walk_init(&w, ridge, newest, work);
	for (int32_t s = 0; s < steps; s += CHUNK)
		walk_on(&w, s);
	return w.path;
}

WIDE_CLONES
void lag_ridge_forecast_both(const struct lag_ridge *const ridge[2],
			     const float *const newest[2], int32_t steps,
			     float *const work[2], const float *ret_paths[2])
{
	struct walk w[2];

	for (int i = 0; i < 2; i++) {
		walk_init(&w[i], ridge[i], newest[i], work[i]);
		ret_paths[i] = w[i].path;
	}
	if (w[0].r.four && w[1].r.four) {
		walk_both(&w[0], &w[1], steps);
		return;
	}
	for (int i = 0; i < 2; i++)
		lag_ridge_forecast(ridge[i], newest[i], steps, work[i]);
}

void lag_ridge_deviations(const struct lag_ridge *r, const int32_t *horizons,
			  int32_t count, float *work, double *ret_deviation)
{
	double squares = 0;
	int32_t knot = 0;

	for (int32_t s = 0; knot < count; s++) {
		double psi = s == 0;

		for (int32_t i = 0; i < r->lags.count && r->lags.lag[i] <= s; i++)
			psi += r->coefficient[i] * work[s - r->lags.lag[i]];
		/* An unstable regression would run away; its forecasts are kept within
		   bounds, and so are its errors. */
		psi = within(psi, -2, 2);
		work[s] = (float)psi;
		squares += psi * psi;
		while (knot < count && horizons[knot] == s + 1)
			ret_deviation[knot++] = r->deviation * sqrt(squares);
	}
}
