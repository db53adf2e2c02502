#include "forecast/smoothing_batch.h"

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Two lanes fit the registers of every machine. Wider vectors gain nothing here: a step
 * waits for the one before it. */
#define PAIR_LANES 2
#define PAIRS      (BATCH_LANES / PAIR_LANES)
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t pair_mask __attribute__((vector_size(16), aligned(8), may_alias));

struct work {
	pair level[PAIRS], trend[PAIRS], size[PAIRS], error[PAIRS];
	pair alpha[PAIRS], beta[PAIRS], phi[PAIRS], gamma[SMOOTHING_SEASONS][PAIRS];
	pair damped[BATCH_KNOTS][PAIRS]; /* phi + ... + phi^knot */
	pair loss[BATCH_RHOS][PAIRS];
	double fading[BATCH_KNOTS][BATCH_RHOS]; /* rho^knot */
	int32_t run[BATCH_LANES];
	bool running; /* one of them is not 0 */
	bool trends;  /* a lane has one */
	int32_t age;
	struct smoothing_season seasons[SMOOTHING_SEASONS]; /* values in scratch memory */
	pair none[PAIRS]; /* of a season that is not there: zeros, with gammas of zero */
};

/* The smaller and the larger, the second where they are equal: one instruction where the
 * compiler does not find it by itself. */
#ifdef __SSE2__
static pair pair_smaller(pair a, pair b)
{
	return (pair)_mm_min_pd((__m128d)a, (__m128d)b);
}

static pair pair_larger(pair a, pair b)
{
	return (pair)_mm_max_pd((__m128d)a, (__m128d)b);
}
#else
static pair chosen(pair_mask mask, pair yes, pair no)
{
	return (pair)((mask & (pair_mask)yes) | (~mask & (pair_mask)no));
}

static pair pair_smaller(pair a, pair b)
{
	return chosen(a < b, a, b);
}

static pair pair_larger(pair a, pair b)
{
	return chosen(a > b, a, b);
}
#endif

static pair pair_size(pair a)
{
	return (pair)((pair_mask)a & INT64_MAX);
}

size_t smoothing_batch_scratch(const struct smoothing *start)
{
	size_t slots = 0;

	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		const struct smoothing_season *season = &start->seasons[i];

		slots += (size_t)(season->length / season->span);
	}
	return slots * BATCH_LANES;
}

static void set_seasons(struct work *w, const struct smoothing *start, double *scratch)
{
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		struct smoothing_season *season = &w->seasons[i];

		*season = start->seasons[i];
		season->values = scratch;
		for (int32_t slot = 0; slot < season->length / season->span; slot++) {
			for (int32_t lane = 0; lane < BATCH_LANES; lane++)
				*scratch++ = start->seasons[i].values[slot];
		}
	}
}

static void set_lane(struct work *w, const struct smoothing_batch *batch, int32_t lane)
{
	const struct smoothing_gains *gains = &batch->gains[lane];
	int32_t p = lane / PAIR_LANES, half = lane % PAIR_LANES;

	w->level[p][half] = batch->start->level;
	w->trend[p][half] = batch->start->trend;
	w->size[p][half] = batch->start->size;
	w->error[p][half] = batch->start->error;
	w->alpha[p][half] = gains->alpha;
	w->beta[p][half] = gains->beta;
	w->phi[p][half] = gains->phi;
	w->trends = w->trends || gains->beta > 0;
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++)
		w->gamma[i][p][half] =
			batch->start->seasons[i].length ? gains->gamma[i] : 0;
	for (int32_t k = 0; k < batch->knot_count; k++)
		w->damped[k][p][half] = smoothing_damped(gains->phi, batch->knots[k]);
}

static void set_work(struct work *w, const struct smoothing_batch *batch, double *scratch)
{
	memset(w, 0, sizeof(*w));
	w->age = batch->start->age;
	set_seasons(w, batch->start, scratch);
	for (int32_t lane = 0; lane < BATCH_LANES; lane++)
		set_lane(w, batch, lane);
	for (int32_t k = 0; k < batch->knot_count; k++) {
		for (int32_t r = 0; r < BATCH_RHOS; r++)
			w->fading[k][r] =
				smoothing_power(batch->rhos[r], batch->knots[k]);
	}
}

/* The lanes' values of a season `ahead` steps after the next one. */
static inline pair *season_ahead(struct work *w, int32_t i, int32_t ahead)
{
	const struct smoothing_season *season = &w->seasons[i];
	int32_t position = season->position + ahead;

	if (!season->length)
		return w->none;
	if (position >= season->length)
		position %= season->length;
	if (season->span > 1)
		position /= season->span;
	return (pair *)(season->values + (size_t)position * BATCH_LANES);
}

/* Adds the errors of the forecasts `knots[k]` steps ahead. */
static void score_knot(struct work *w, const struct smoothing_batch *batch, int32_t k,
		       double x)
{
	const pair *first = season_ahead(w, 0, batch->knots[k] - 1);
	const pair *second = season_ahead(w, 1, batch->knots[k] - 1);
	double fading[BATCH_RHOS];

	for (int32_t r = 0; r < BATCH_RHOS; r++)
		fading[r] =
			w->age ? smoothing_power(batch->rhos[r], w->age + batch->knots[k])
			       : w->fading[k][r];
	for (int32_t p = 0; p < PAIRS; p++) {
		pair level = w->level[p] + w->trend[p] * w->damped[k][p];
		pair e = x - (level + (first[p] + second[p]));

		for (int32_t r = 0; r < BATCH_RHOS; r++)
			w->loss[r][p] += pair_size(e - fading[r] * w->error[p]);
	}
}

static void score(struct work *w, const struct smoothing_batch *batch, int32_t t)
{
	for (int32_t k = 0; k < batch->knot_count; k++) {
		int32_t target = t + batch->knots[k] - 1;

		if (target < batch->count && !isnan(batch->x[target]))
			score_knot(w, batch, k, batch->x[target]);
	}
}

/* Innovations beyond the limit, which are rare: lane by lane. */
static void follow_shifts(struct work *w, const pair limits[PAIRS],
			  const pair cuts[PAIRS])
{
	w->running = false;
	for (int32_t lane = 0; lane < BATCH_LANES; lane++) {
		int32_t p = lane / PAIR_LANES, half = lane % PAIR_LANES;
		double shift = smoothing_shift(w->error[p][half], limits[p][half],
					       &w->run[lane]);

		w->running = w->running || w->run[lane];
		if (shift == 0)
			continue;
		w->level[p][half] += shift - w->alpha[p][half] * cuts[p][half];
		w->error[p][half] = 0;
	}
}

static inline void correct(struct work *w, double x, double swing)
{
	pair *first = season_ahead(w, 0, 0), *second = season_ahead(w, 1, 0);
	pair limits[PAIRS], cuts[PAIRS];
	pair_mask beyond = {0};

#pragma GCC unroll 4
	for (int32_t p = 0; p < PAIRS; p++) {
		pair e = x - (w->level[p] + (first[p] + second[p]));
		pair size = pair_size(e);
		pair limit = pair_larger(SMOOTHING_CUT_SIZES * w->size[p],
					 (pair){swing, swing});
		pair cut = pair_larger(-limit, pair_smaller(limit, e));
		pair most = pair_smaller(SMOOTHING_SIZE_LIMITS * limit, size);

		limits[p] = limit;
		cuts[p] = cut;
		beyond |= size > limit;
		w->error[p] = e;
		w->size[p] += SMOOTHING_SIZE_RATE * (most - w->size[p]);
		w->level[p] += w->alpha[p] * cut;
		w->trend[p] += w->beta[p] * cut;
		first[p] += w->gamma[0][p] * cut;
		second[p] += w->gamma[1][p] * cut;
	}
	w->age = 0;
	if (beyond[0] | beyond[1] || w->running)
		follow_shifts(w, limits, cuts);
}

static void advance(struct work *w, double x, const struct smoothing *start)
{
	if (w->trends) {
		for (int32_t p = 0; p < PAIRS; p++) {
			w->trend[p] *= w->phi[p];
			w->level[p] += w->trend[p];
		}
	}
	if (!isnan(x))
		correct(w, x, start->swing);
	else if (++w->age > smoothing_memory(start))
		memset(w->error, 0, sizeof(w->error));
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		if (++w->seasons[i].position >= w->seasons[i].length)
			w->seasons[i].position = 0;
	}
}

void smoothing_batch_run(const struct smoothing_batch *batch, double *scratch,
			 struct smoothing_lane ret_lanes[BATCH_LANES])
{
	int32_t scored = batch->scored;
	struct work w;

	set_work(&w, batch, scratch);
	for (int32_t t = 0; t < batch->count; t++) {
		if (t == scored) {
			score(&w, batch, t);
			scored += batch->stride;
		}
		advance(&w, batch->x[t], batch->start);
	}
	for (int32_t lane = 0; lane < BATCH_LANES; lane++) {
		int32_t p = lane / PAIR_LANES, half = lane % PAIR_LANES;

		ret_lanes[lane] = (struct smoothing_lane){
			.level = w.level[p][half],
			.trend = w.trend[p][half],
			.size = w.size[p][half],
			.error = w.error[p][half],
		};
		for (int32_t r = 0; r < BATCH_RHOS; r++)
			ret_lanes[lane].loss[r] = w.loss[r][p][half];
	}
}
