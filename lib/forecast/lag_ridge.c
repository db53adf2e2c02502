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

int32_t lags_longest(const int32_t seasons[2], double minutes, int32_t n)
{
	struct lags lags;

	lags_choose(seasons, minutes, n, &lags);
	return lags.count ? lags.lag[lags.count - 1] : 0;
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

/* What the lags from number `near` on give to the steps s to s + CHUNK - 1: they reach
 * back beyond the chunk, so no step waits for another. In floats, as the path is. */
WIDE_PART void sum_far(const float *coefficient, const struct lag_ridge *r,
		       const float *newest, int32_t s, int32_t near, const float *path,
		       octet *ret_sum)
{
	octet sum = {0};

	sum += (float)r->constant;
	for (int32_t i = near; i < r->lags.count; i++) {
		int32_t back = s - r->lags.lag[i];
		const float *z = back + CHUNK <= 0 ? newest + back + 1 : path + back;

		sum += coefficient[i] * *(const octet *)(const void *)z;
	}
	*ret_sum = sum;
}

/* Adds what the lags 1 to 4 give, step after step; the newest last: all others are there
 * before it. */
WIDE_PART void recur_four(const float *b, const octet *far, float least, float most,
			  float *path)
{
	float x1 = path[-1], x2 = path[-2], x3 = path[-3], x4 = path[-4];

	for (int32_t k = 0; k < CHUNK; k++) {
		float x = ((*far)[k] + b[3] * x4 + (b[2] * x3 + b[1] * x2)) + b[0] * x1;

		x = x > least ? x : least;
		x = x < most ? x : most;
		path[k] = x;
		x4 = x3;
		x3 = x2;
		x2 = x1;
		x1 = x;
	}
}

WIDE_PART void recur(const float *b, const struct lag_ridge *r, int32_t near,
		     const octet *far, float *path)
{
	for (int32_t k = 0; k < CHUNK; k++) {
		float x = (*far)[k];

		for (int32_t i = near - 1; i >= 0; i--)
			x += b[i] * path[k - r->lags.lag[i]];
		path[k] = (float)within(x, r->least, r->most);
	}
}

WIDE_CLONES
const float *lag_ridge_forecast(const struct lag_ridge *r, const float *newest,
				int32_t steps, float *work)
{
	float b[GRAM_DIM_MAX], *path = work + CHUNK;
	int32_t near = 0; /* lags that reach into the chunk itself */
	int32_t reach = 0;

	while (near < r->lags.count && r->lags.lag[near] < CHUNK)
		reach = r->lags.lag[near++];
	for (int32_t i = 0; i < r->lags.count; i++)
		b[i] = (float)r->coefficient[i];
	/* A chunk of lagged values that begins before the path lies in one piece. */
	for (int32_t k = 1; k <= CHUNK; k++)
		path[-k] = k <= r->lags.lag[r->lags.count - 1] ? newest[1 - k] : 0;
	for (int32_t s = 0; s < steps; s += CHUNK) {
		octet far;

		sum_far(b, r, newest, s, near, path, &far);
		if (near == 4 && reach == 4)
			recur_four(b, &far, (float)r->least, (float)r->most, path + s);
		else
			recur(b, r, near, &far, path + s);
	}
	return path;
}

/* The lesser of each two, by bits: every processor has these. */
WIDE_PART void keep_within(octet *x, float least, float most)
{
	octet low = {0}, high = {0};

	low += least;
	high += most;

	octet_mask below = *x<low, above = *x> high;

	*x = (octet)((below & (octet_mask)low) | (above & (octet_mask)high) |
		     (~(below | above) & (octet_mask)*x));
}

/* The values up to the origins, lane by lane. */
WIDE_PART void line_up(const struct lag_origins *from, int32_t longest, float *ret)
{
	for (int32_t j = 0; j < LAG_LANES; j++) {
		int32_t lane = j < from->lanes ? j : from->lanes - 1;
		const float *oldest = from->newest + lane * from->apart - longest + 1;

		for (int32_t i = 0; i < longest; i++)
			ret[i * LAG_LANES + j] = oldest[i];
	}
}

WIDE_CLONES
const float *lag_ridge_forecast_lanes(const struct lag_ridge *r,
				      const struct lag_origins *from, int32_t steps,
				      float *work)
{
	int32_t longest = r->lags.lag[r->lags.count - 1];
	float *path = work + (size_t)longest * LAG_LANES, b[GRAM_DIM_MAX];
	ptrdiff_t back[GRAM_DIM_MAX];

	line_up(from, longest, work);
	for (int32_t i = 0; i < r->lags.count; i++) {
		b[i] = (float)r->coefficient[i];
		back[i] = -(ptrdiff_t)r->lags.lag[i] * LAG_LANES;
	}
	for (float *at = path; at < path + (size_t)steps * LAG_LANES; at += LAG_LANES) {
		octet x = {0};

		x += (float)r->constant;
		/* The newest last: all others are there before it. */
		for (int32_t i = r->lags.count - 1; i >= 0; i--)
			x += b[i] * *(const octet *)(const void *)(at + back[i]);
		keep_within(&x, (float)r->least, (float)r->most);
		*(octet *)(void *)at = x;
	}
	return path;
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
