#include "forecast/smoothing_batch.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <math.h>
#include <string.h>

_Static_assert(BATCH_LANES == OCTET_LANES, "all lanes in one register");

/* Values are told in units of the mean error, from the first level on; no farther than
 * floats have room for sums of. */
#define FAR 1e18

/* One that is not there is a season of one step, of zeros with gammas of zero. */
struct lane_season {
	float *values, *now;     /* slot by slot, those of all lanes; of the next step */
	int32_t length, span;    /* steps */
	int32_t position, phase; /* of the next step; within its slot */
};

/* What a value changes. */
struct lanes {
	octet level, trend, size, error;
};

struct work {
	float none[BATCH_LANES];
	struct lanes now;
	octet alpha, beta, phi, gamma[SMOOTHING_SEASONS];
	octet damped[BATCH_KNOTS]; /* phi + ... + phi^knot */
	octet loss[BATCH_RHOS];
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
	w->now.trend[lane] = (float)(batch->start->trend / w->unit);
	w->now.size[lane] = (float)(batch->start->size / w->unit);
	w->now.error[lane] = (float)(batch->start->error / w->unit);
	w->alpha[lane] = (float)gains->alpha;
	w->beta[lane] = (float)gains->beta;
	w->phi[lane] = (float)gains->phi;
	w->trends = w->trends || gains->beta > 0;
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++)
		w->gamma[i][lane] =
			batch->start->seasons[i].length ? (float)gains->gamma[i] : 0;
	for (int32_t k = 0; k < batch->knot_count; k++)
		w->damped[k][lane] = (float)smoothing_damped(gains->phi, batch->knots[k]);
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
WIDE_PART float told(const struct work *w, double x)
{
	return (float)within((x - w->base) / w->unit, -FAR, FAR);
}

/* The lanes' values of a season `ahead` steps after the next one. */
WIDE_PART const octet *season_ahead(const struct lane_season *season, int32_t ahead)
{
	int32_t position = season->position + ahead;

	if (position >= season->length)
		position %= season->length;
	if (season->span > 1)
		position /= season->span;
	return (const octet *)(const void *)(season->values +
					     (size_t)position * BATCH_LANES);
}

WIDE_PART void move_on(struct lane_season *season)
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
WIDE_PART void score_knot(struct work *w, const struct smoothing_batch *batch, int32_t k,
			  float x)
{
	const octet *first = season_ahead(&w->seasons[0], batch->knots[k] - 1);
	const octet *second = season_ahead(&w->seasons[1], batch->knots[k] - 1);
	const float *fading = w->fading[k];
	float aged[BATCH_RHOS];

	if (w->age) {
		fade(w, batch, k, aged);
		fading = aged;
	}

	octet level = w->now.level + w->now.trend * w->damped[k];
	octet e = x - (level + (*first + *second));

#pragma GCC unroll 5
	for (int32_t r = 0; r < BATCH_RHOS; r++)
		w->loss[r] += octet_size(e - fading[r] * w->now.error);
}

WIDE_PART void score(struct work *w, const struct smoothing_batch *batch, int32_t t)
{
	for (int32_t k = 0; k < batch->knot_count; k++) {
		int32_t target = t + batch->knots[k] - 1;

		if (target < batch->count && !isnan(batch->x[target]))
			score_knot(w, batch, k, told(w, batch->x[target]));
	}
}

/* Innovations beyond the limit, which are rare: lane by lane. */
static void follow_shifts(struct work *w, const octet *limits, const octet *cuts)
{
	w->running = false;
	for (int32_t lane = 0; lane < BATCH_LANES; lane++) {
		float shift =
			(float)smoothing_shift((double)w->now.error[lane],
					       (double)(*limits)[lane], &w->run[lane]);

		w->running = w->running || w->run[lane];
		if (shift == 0)
			continue;
		w->now.level[lane] += shift - w->alpha[lane] * (*cuts)[lane];
		w->now.error[lane] = 0;
	}
}

/* Goes on to the values [t, end). What a value changes stays in registers: the next step
 * waits for it. */
WIDE_PART void advance(struct work *w, const struct smoothing_batch *batch, int32_t t,
		       int32_t end)
{
	struct lanes now = w->now;

	for (; t < end; t++) {
		double x = batch->x[t];

		if (w->trends) {
			now.trend *= w->phi;
			now.level += now.trend;
		}
		if (!isnan(x)) {
			octet *first = (octet *)(void *)w->seasons[0].now;
			octet *second = (octet *)(void *)w->seasons[1].now;
			octet e = told(w, x) - (now.level + (*first + *second));
			octet size = octet_size(e);
			octet limit = octet_larger(SMOOTHING_CUT_SIZES * now.size,
						   (octet){0} + w->swing);
			octet cut = octet_larger(-limit, octet_smaller(limit, e));
			octet most = octet_smaller(SMOOTHING_SIZE_LIMITS * limit, size);

			now.error = e;
			now.size += (float)SMOOTHING_SIZE_RATE * (most - now.size);
			now.level += w->alpha * cut;
			now.trend += w->beta * cut;
			*first += w->gamma[0] * cut;
			*second += w->gamma[1] * cut;
			w->age = 0;
			if (w->running || octet_any(size > limit)) {
				w->now = now;
				follow_shifts(w, &limit, &cut);
				now = w->now;
			}
		} else if (++w->age > smoothing_memory(batch->start)) {
			now.error = (octet){0};
		}
		move_on(&w->seasons[0]);
		move_on(&w->seasons[1]);
	}
	w->now = now;
}

WIDE_CLONES
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
		ret_lanes[lane] = (struct smoothing_lane){
			.level = w.base + w.unit * (double)w.now.level[lane],
			.trend = w.unit * (double)w.now.trend[lane],
			.size = w.unit * (double)w.now.size[lane],
			.error = w.unit * (double)w.now.error[lane],
		};
		for (int32_t r = 0; r < BATCH_RHOS; r++)
			ret_lanes[lane].loss[r] = (double)w.loss[r][lane];
	}
}
