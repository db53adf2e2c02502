#include "forecast/smoothing_batch.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <math.h>
#include <string.h>

/* Wider vectors gain little here: a step waits for the one before it. */
#define FOURS (BATCH_LANES / FOUR_LANES)

/* Values are told in units of the mean error, from the first level on; no farther than
 * floats have room for sums of. */
#define FAR 1e18

/* One that is not there is a season of one step, of zeros with gammas of zero. */
struct lane_season {
	float *values, *now;     /* slot by slot, those of all lanes; of the next step */
	int32_t length, span;    /* steps */
	int32_t position, phase; /* of the next step; within its slot */
};

/* What a value changes of four lanes. */
struct lanes {
	four level, trend, size, error;
};

struct work {
	float none[BATCH_LANES];
	struct lanes now[FOURS];
	four alpha[FOURS], beta[FOURS], phi[FOURS], gamma[SMOOTHING_SEASONS][FOURS];
	four damped[BATCH_KNOTS][FOURS]; /* phi + ... + phi^knot */
	four loss[BATCH_RHOS][FOURS];
	float fading[BATCH_KNOTS][BATCH_RHOS]; /* rho^knot */
	double base, unit;
	float swing;
	int32_t run[BATCH_LANES];
	bool running; /* one of them is not 0 */
	bool trends;  /* a lane has one */
	int32_t age;
	struct lane_season seasons[SMOOTHING_SEASONS];
};

size_t smoothing_batch_scratch(const struct smoothing *start)
{
	size_t slots = 0;

	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		const struct smoothing_season *season = &start->seasons[i];

		slots += (size_t)(season->length / season->span);
	}
	return slots * (BATCH_LANES * sizeof(float) / sizeof(double));
}

static void set_seasons(struct work *w, const struct smoothing *start, float *scratch)
{
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		const struct smoothing_season *from = &start->seasons[i];
		struct lane_season *to = &w->seasons[i];

		*to = (struct lane_season){w->none, w->none, 1, 1, 0, 0};
		if (!from->length)
			continue;
		*to = (struct lane_season){
			.values = scratch,
			.now = scratch + (size_t)from->slot * BATCH_LANES,
			.length = from->length,
			.span = from->span,
			.position = from->position,
			.phase = from->phase,
		};
		for (int32_t slot = 0; slot < from->length / from->span; slot++) {
			float value = (float)(from->values[slot] / w->unit);

			for (int32_t lane = 0; lane < BATCH_LANES; lane++)
				*scratch++ = value;
		}
	}
}

static void set_lane(struct work *w, const struct smoothing_batch *batch, int32_t lane)
{
	const struct smoothing_gains *gains = &batch->gains[lane];
	int32_t p = lane / FOUR_LANES, half = lane % FOUR_LANES;

	w->now[p].trend[half] = (float)(batch->start->trend / w->unit);
	w->now[p].size[half] = (float)(batch->start->size / w->unit);
	w->now[p].error[half] = (float)(batch->start->error / w->unit);
	w->alpha[p][half] = (float)gains->alpha;
	w->beta[p][half] = (float)gains->beta;
	w->phi[p][half] = (float)gains->phi;
	w->trends = w->trends || gains->beta > 0;
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++)
		w->gamma[i][p][half] =
			batch->start->seasons[i].length ? (float)gains->gamma[i] : 0;
	for (int32_t k = 0; k < batch->knot_count; k++)
		w->damped[k][p][half] =
			(float)smoothing_damped(gains->phi, batch->knots[k]);
}

static void set_work(struct work *w, const struct smoothing_batch *batch, float *scratch)
{
	memset(w, 0, sizeof(*w));
	w->base = batch->start->level;
	w->unit = batch->start->size;
	w->swing = (float)smaller(batch->start->swing / w->unit, FAR);
	w->age = batch->start->age;
	set_seasons(w, batch->start, scratch);
	for (int32_t lane = 0; lane < BATCH_LANES; lane++)
		set_lane(w, batch, lane);
	for (int32_t k = 0; k < batch->knot_count; k++) {
		for (int32_t r = 0; r < BATCH_RHOS; r++)
			w->fading[k][r] =
				(float)smoothing_power(batch->rhos[r], batch->knots[k]);
	}
}

/* The value in the lanes' terms. */
static inline float told(const struct work *w, double x)
{
	return (float)within((x - w->base) / w->unit, -FAR, FAR);
}

/* The lanes' values of a season `ahead` steps after the next one. */
static inline const four *season_ahead(const struct lane_season *season, int32_t ahead)
{
	int32_t position = season->position + ahead;

	if (position >= season->length)
		position %= season->length;
	if (season->span > 1)
		position /= season->span;
	return (const four *)(const void *)(season->values +
					    (size_t)position * BATCH_LANES);
}

static inline void move_on(struct lane_season *season)
{
	if (++season->position == season->length) {
		season->position = season->phase = 0;
		season->now = season->values;
	} else if (++season->phase == season->span) {
		season->phase = 0;
		season->now += BATCH_LANES;
	}
}

/* rho^(age + knot) of all rhos. */
static void fade(const struct work *w, const struct smoothing_batch *batch, int32_t k,
		 float ret[BATCH_RHOS])
{
	for (int32_t r = 0; r < BATCH_RHOS; r++)
		ret[r] = (float)smoothing_power(batch->rhos[r], w->age + batch->knots[k]);
}

/* Adds the errors of the forecasts `knots[k]` steps ahead. */
static inline void score_knot(struct work *w, const struct smoothing_batch *batch,
			      int32_t k, float x)
{
	const four *first = season_ahead(&w->seasons[0], batch->knots[k] - 1);
	const four *second = season_ahead(&w->seasons[1], batch->knots[k] - 1);
	const float *fading = w->fading[k];
	float aged[BATCH_RHOS];

	if (w->age) {
		fade(w, batch, k, aged);
		fading = aged;
	}
	for (int32_t p = 0; p < FOURS; p++) {
		const struct lanes *now = &w->now[p];
		four level = now->level + now->trend * w->damped[k][p];
		four e = x - (level + (first[p] + second[p]));

#pragma GCC unroll 5
		for (int32_t r = 0; r < BATCH_RHOS; r++)
			w->loss[r][p] += four_size(e - fading[r] * now->error);
	}
}

static void score(struct work *w, const struct smoothing_batch *batch, int32_t t)
{
	for (int32_t k = 0; k < batch->knot_count; k++) {
		int32_t target = t + batch->knots[k] - 1;

		if (target < batch->count && !isnan(batch->x[target]))
			score_knot(w, batch, k, told(w, batch->x[target]));
	}
}

/* Innovations beyond the limit, which are rare: lane by lane. */
static void follow_shifts(struct work *w, const four limits[FOURS],
			  const four cuts[FOURS])
{
	w->running = false;
	for (int32_t lane = 0; lane < BATCH_LANES; lane++) {
		int32_t p = lane / FOUR_LANES, half = lane % FOUR_LANES;
		float shift =
			(float)smoothing_shift((double)w->now[p].error[half],
					       (double)limits[p][half], &w->run[lane]);

		w->running = w->running || w->run[lane];
		if (shift == 0)
			continue;
		w->now[p].level[half] += shift - w->alpha[p][half] * cuts[p][half];
		w->now[p].error[half] = 0;
	}
}

/* The limit of what is believed, and what is. */
struct belief {
	four limit, cut;
};

static inline struct belief correct(struct lanes *l, const struct work *w, int32_t p,
				    float x, four *first, four *second)
{
	four e = x - (l->level + (*first + *second));
	four size = four_size(e);
	four limit = four_larger(SMOOTHING_CUT_SIZES * l->size, (four){0} + w->swing);
	four cut = four_larger(-limit, four_smaller(limit, e));
	four most = four_smaller(SMOOTHING_SIZE_LIMITS * limit, size);

	l->error = e;
	l->size += (float)SMOOTHING_SIZE_RATE * (most - l->size);
	l->level += w->alpha[p] * cut;
	l->trend += w->beta[p] * cut;
	*first += w->gamma[0][p] * cut;
	*second += w->gamma[1][p] * cut;
	return (struct belief){limit, cut};
}

static inline void drift(struct lanes *l, four phi)
{
	l->trend *= phi;
	l->level += l->trend;
}

/* Goes on to the values [t, end). What a value changes stays in registers: the next step
 * waits for it. */
static void advance(struct work *w, const struct smoothing_batch *batch, int32_t t,
		    int32_t end)
{
	_Static_assert(FOURS == 2, "both are written out");
	struct lanes a = w->now[0], b = w->now[1];

	for (; t < end; t++) {
		double x = batch->x[t];

		if (w->trends) {
			drift(&a, w->phi[0]);
			drift(&b, w->phi[1]);
		}
		if (!isnan(x)) {
			four *first = (four *)(void *)w->seasons[0].now;
			four *second = (four *)(void *)w->seasons[1].now;
			float v = told(w, x);
			struct belief in_a = correct(&a, w, 0, v, first, second);
			struct belief in_b = correct(&b, w, 1, v, first + 1, second + 1);

			w->age = 0;
			if (w->running || four_any((four_size(a.error) > in_a.limit) |
						   (four_size(b.error) > in_b.limit))) {
				w->now[0] = a;
				w->now[1] = b;
				follow_shifts(w, (four[]){in_a.limit, in_b.limit},
					      (four[]){in_a.cut, in_b.cut});
				a = w->now[0];
				b = w->now[1];
			}
		} else if (++w->age > smoothing_memory(batch->start)) {
			a.error = b.error = (four){0};
		}
		move_on(&w->seasons[0]);
		move_on(&w->seasons[1]);
	}
	w->now[0] = a;
	w->now[1] = b;
}

void smoothing_batch_run(const struct smoothing_batch *batch, float *scratch,
			 struct smoothing_lane ret_lanes[BATCH_LANES])
{
	int32_t scored = batch->scored;
	struct work w;

	set_work(&w, batch, scratch);
	for (int32_t t = 0; t < batch->count; scored += batch->stride) {
		int32_t end = scored < batch->count ? scored : batch->count;

		advance(&w, batch, t, end);
		t = end;
		if (t < batch->count)
			score(&w, batch, t);
	}
	for (int32_t lane = 0; lane < BATCH_LANES; lane++) {
		int32_t p = lane / FOUR_LANES, half = lane % FOUR_LANES;

		ret_lanes[lane] = (struct smoothing_lane){
			.level = w.base + w.unit * (double)w.now[p].level[half],
			.trend = w.unit * (double)w.now[p].trend[half],
			.size = w.unit * (double)w.now[p].size[half],
			.error = w.unit * (double)w.now[p].error[half],
		};
		for (int32_t r = 0; r < BATCH_RHOS; r++)
			ret_lanes[lane].loss[r] = (double)w.loss[r][p][half];
	}
}
