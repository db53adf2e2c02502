#include "forecast/lag_ridge.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <math.h>
#include <string.h>

#define ROWS_A_LAG 4
/* Steps of a path that are worked out side by side; the last four lags, and what of an
 * hour is nearer than that, are added step by step. */
#define CHUNK OCTET_LANES

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

/* CHUNK values from *z on. */
static inline void add_chunk(float coefficient, const float *z, octet *sum)
{
	*sum += coefficient * *(const octet *)(const void *)z;
}

/* What the lags from number `first` on give to the steps s to s + count - 1: they reach
 * back beyond the chunk, so no step waits for another. In floats, as the path is. */
static inline void sum_far(const struct lag_ridge *r, const float *newest, int32_t s,
			   int32_t count, int32_t first, const float *path, octet *sum)
{
	for (int32_t i = first; i < r->lags.count; i++) {
		int32_t back = s - r->lags.lag[i];
		float z[CHUNK] = {0};

		if (back + CHUNK <= 0) {
			add_chunk((float)r->coefficient[i], newest + back + 1, sum);
			continue;
		}
		if (back >= 0 && count == CHUNK) {
			add_chunk((float)r->coefficient[i], path + back, sum);
			continue;
		}
		for (int32_t k = 0; k < count; k++)
			z[k] = back + k < 0 ? newest[back + k + 1] : path[back + k];
		add_chunk((float)r->coefficient[i], z, sum);
	}
}

/* One step's value: `far` and what the lags before number `near` give. */
static inline double sum_near(const struct lag_ridge *r, const float *newest, int32_t s,
			      int32_t near, const float *path, double far)
{
	double sum = r->constant + far;

	/* The newest last: all others are there before it. */
	for (int32_t i = near - 1; i >= 0; i--) {
		int32_t back = s - r->lags.lag[i];

		sum += r->coefficient[i] * (back < 0 ? newest[back + 1] : path[back]);
	}
	return sum;
}

WIDE_CLONES
void lag_ridge_forecast(const struct lag_ridge *r, const float *newest, int32_t steps,
			float *ret_path)
{
	int32_t near = 0; /* lags that reach into the chunk itself */

	while (near < r->lags.count && r->lags.lag[near] < CHUNK)
		near++;
	for (int32_t s = 0; s < steps; s += CHUNK) {
		int32_t count = steps - s < CHUNK ? steps - s : CHUNK;
		octet sum = {0};

		sum_far(r, newest, s, count, near, ret_path, &sum);
		for (int32_t k = 0; k < count; k++)
			ret_path[s + k] = (float)within(
				sum_near(r, newest, s + k, near, ret_path, sum[k]),
				r->least, r->most);
	}
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
