#include "forecast/smoothing_fit.h"
#include "forecast/scalar.h"
#include "forecast/smoothing_start.h"
#include "base/base.h"

#include <math.h>
#include <string.h>

/* Errors are looked at from every 11th value on, or every fifth where only few steps
 * ahead are: neither has a factor in common with hours, days and weeks of usual steps, so
 * every time of the day gets its turn. */
#define ORIGIN_STRIDE     11
#define ORIGIN_STRIDE_FEW 5
#define KNOTS_FEW         3
/* A trend must win by this factor: most that look like one are gone tomorrow. */
#define TREND_GAIN .99
/* No gain so small that the search could not come back, none beyond the region in which
 * the model forgets its start. */
#define GAIN_LEAST 1e-4
#define GAINS_MOST .98

/* An error that hardly fades is a level. */
#define RHO_MOST .99
/* The level's gain where nothing ever moved. */
#define ALPHA_SILENT .1

/* How far candidates lie from the best one, as a factor of odds, in the rounds after the
 * first, which looks everywhere: halved each time, so that any point between the first
 * ones can be reached. The last round tries trends. */
static const double stretches[] = {8, 4, 2};
#define ROUND_START (-1)
#define ROUND_TREND ((int32_t)ARRAY_LEN(stretches) + 1)
#define ROUND_LAST  (ROUND_TREND + 1)
/* A refit starts here: what changes in a day is found near by. */
#define ROUND_WARM (ROUND_TREND - 1)

static const double broad_rhos[BATCH_RHOS] = {0, .4, .7, .88, .96};

/* By whether there is a second season. */
static const struct {
	double alpha, gamma[SMOOTHING_SEASONS];
} broad_points[2][BATCH_LANES] = {
	{{.01, {.05}},
	 {.01, {.25}},
	 {.06, {.05}},
	 {.06, {.25}},
	 {.2, {.05}},
	 {.2, {.25}},
	 {.55, {.05}},
	 {.5, {.25}}},
	{{.01, {.05, .05}},
	 {.01, {.05, .25}},
	 {.01, {.25, .05}},
	 {.01, {.2, .2}},
	 {.12, {.05, .05}},
	 {.12, {.05, .25}},
	 {.12, {.25, .05}},
	 {.4, {.1, .1}}},
};

/* Which way each gain goes from the best one. */
static const struct {
	int8_t alpha, gamma[SMOOTHING_SEASONS];
} ways[2][BATCH_LANES] = {
	{{1, {0}},
	 {-1, {0}},
	 {0, {1}},
	 {0, {-1}},
	 {1, {1}},
	 {1, {-1}},
	 {-1, {1}},
	 {-1, {-1}}},
	{{1, {0, 0}},
	 {-1, {0, 0}},
	 {0, {1, 0}},
	 {0, {-1, 0}},
	 {0, {0, 1}},
	 {0, {0, -1}},
	 {1, {1, 1}},
	 {-1, {-1, -1}}},
};

static const struct {
	double share, phi; /* beta = share alpha */
} trends[BATCH_LANES] = {
	{.03, .8}, {.03, .9},  {.03, .98}, {.12, .8},
	{.12, .9}, {.12, .98}, {.4, .8},   {.4, .9},
};

size_t smoothing_fit_workspace(const struct smoothing_config *config, int32_t count)
{
	return SMOOTHING_FIT_WORKSPACE(smoothing_storage(config), (size_t)count);
}

/* Seasons that the values cover twice; logs where all are positive. */
static struct smoothing_config possible(const struct smoothing_config *config,
					const double *y, int32_t count)
{
	struct smoothing_config got = *config;

	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		if (got.seasons[i] < 2 || got.seasons[i] > count / 2)
			got.seasons[i] = 0;
	}
	for (int32_t t = 0; t < count && got.logs; t++)
		got.logs = !(y[t] <= 0);
	return got;
}

/* x of all values: y itself where nothing has to be changed. */
static const double *terms(const struct smoothing_fit *fit, const double *y,
			   double *workspace)
{
	double *x = workspace + smoothing_batch_scratch(&fit->start);

	if (fit->plain)
		return y;
	if (fit->kept && fit->round != ROUND_START)
		return x;
	for (int32_t t = 0; t < fit->count; t++)
		x[t] = smoothing_inward(&fit->start, y[t]);
	return x;
}

static bool two_seasons(const struct smoothing_fit *fit)
{
	return fit->start.seasons[1].length > 0;
}

/* Gammas are per value: a slot that several steps share learns from each of them. */
static struct smoothing_gains broad(const struct smoothing_fit *fit, int32_t lane)
{
	struct smoothing_gains gains = {
		.alpha = broad_points[two_seasons(fit)][lane].alpha,
	};

	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++)
		gains.gamma[i] = broad_points[two_seasons(fit)][lane].gamma[i] /
				 fit->start.seasons[i].span;
	return gains;
}

/* Odds times a factor. */
static double moved(double gain, int32_t way, double stretch)
{
	double odds = gain / (1 - gain);

	odds = way > 0 ? odds * stretch : way < 0 ? odds / stretch : odds;
	return larger(odds / (1 + odds), GAIN_LEAST);
}

static struct smoothing_gains around(const struct smoothing_fit *fit, int32_t lane,
				     double stretch)
{
	struct smoothing_gains gains = fit->best;

	gains.alpha = moved(gains.alpha, ways[two_seasons(fit)][lane].alpha, stretch);
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++)
		gains.gamma[i] = moved(gains.gamma[i],
				       ways[two_seasons(fit)][lane].gamma[i], stretch);
	return gains;
}

static struct smoothing_gains trending(const struct smoothing_fit *fit, int32_t lane)
{
	struct smoothing_gains gains = fit->best;

	gains.beta = trends[lane].share * gains.alpha;
	gains.phi = trends[lane].phi;
	return gains;
}

/* Into the region in which the start is forgotten; nothing for seasons that are not
 * there. */
static struct smoothing_gains admissible(const struct smoothing_fit *fit,
					 struct smoothing_gains gains)
{
	double sum = gains.alpha;

	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		if (!fit->start.seasons[i].length)
			gains.gamma[i] = 0;
		sum += gains.gamma[i];
	}
	if (sum <= GAINS_MOST)
		return gains;
	gains.alpha *= GAINS_MOST / sum;
	gains.beta *= GAINS_MOST / sum;
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++)
		gains.gamma[i] *= GAINS_MOST / sum;
	return gains;
}

static void choose_rhos(const struct smoothing_fit *fit, double stretch,
			double ret_rhos[BATCH_RHOS])
{
	double rho = fit->best.rho;

	memcpy(ret_rhos, broad_rhos, sizeof(broad_rhos));
	if (stretch > 2 || rho <= 0)
		return;
	ret_rhos[1] = moved(rho, -1, stretch * stretch);
	ret_rhos[2] = moved(rho, -1, stretch);
	ret_rhos[3] = rho;
	ret_rhos[4] = smaller(moved(rho, 1, stretch), RHO_MOST);
}

/* The next step and others up to the farthest, evenly. */
static void choose_knots(struct smoothing_batch *batch, int32_t horizon)
{
	batch->knots[0] = 1;
	batch->knot_count = 1;
	for (int32_t i = 1; i < BATCH_KNOTS; i++) {
		int32_t knot = (int32_t)((int64_t)horizon * i / (BATCH_KNOTS - 1));

		if (knot > batch->knots[batch->knot_count - 1])
			batch->knots[batch->knot_count++] = knot;
	}
}

static double stretch_of(int32_t round)
{
	return round >= 1 && round < ROUND_TREND ? stretches[round - 1] : 1;
}

static void choose_candidates(const struct smoothing_fit *fit,
			      struct smoothing_batch *batch)
{
	double stretch = stretch_of(fit->round);

	choose_rhos(fit, fit->round ? stretch : stretches[0], batch->rhos);
	for (int32_t lane = 0; lane < BATCH_LANES; lane++) {
		struct smoothing_gains gains = fit->round == 0 ? broad(fit, lane)
					       : fit->round == ROUND_TREND
						       ? trending(fit, lane)
						       : around(fit, lane, stretch);

		batch->gains[lane] = admissible(fit, gains);
	}
}

static void try_candidates(struct smoothing_fit *fit, const double *x, double *workspace)
{
	struct smoothing_lane lanes[BATCH_LANES];
	struct smoothing_batch batch = {
		.start = &fit->start,
		.x = x,
		.count = fit->count,
		.scored = fit->scored,
	};
	double gain = fit->round == ROUND_TREND ? TREND_GAIN : 1;

	choose_knots(&batch, fit->horizon);
	batch.stride = batch.knot_count > KNOTS_FEW ? ORIGIN_STRIDE : ORIGIN_STRIDE_FEW;
	choose_candidates(fit, &batch);
	smoothing_batch_run(&batch, (float *)(void *)workspace, lanes);
	for (int32_t lane = 0; lane < BATCH_LANES; lane++) {
		for (int32_t r = 0; r < BATCH_RHOS; r++) {
			if (!(lanes[lane].loss[r] < fit->loss * gain))
				continue;
			gain = 1;
			fit->loss = lanes[lane].loss[r];
			fit->best = batch.gains[lane];
			fit->best.rho = batch.rhos[r];
		}
	}
}

static void finish(struct smoothing_fit *fit, const double *x,
		   struct smoothing *ret_fitted)
{
	*ret_fitted = fit->start;
	ret_fitted->gains = fit->best;
	for (int32_t t = 0; t < fit->count; t++)
		smoothing_advance(ret_fitted, x[t]);
	smoothing_renormalise(ret_fitted);
	ret_fitted->fitted = true;
	fit->running = false;
}

static int32_t count_known(const double *y, int32_t count)
{
	int32_t known = 0;

	for (int32_t t = 0; t < count; t++)
		known += fabs(y[t]) <= SMOOTHING_VALUE_MOST;
	return known;
}

bool smoothing_fit_begin(struct smoothing_fit *fit, const struct smoothing_config *config,
			 const double *y, int32_t count, double *storage)
{
	struct smoothing_config got = possible(config, y, count);
	struct smoothing *start = &fit->start;

	if (count_known(y, count) < SMOOTHING_VALUES_MIN)
		return false;
	smoothing_init(start, &got, storage);
	fit->plain = !got.logs;
	for (int32_t t = 0; t < count; t++) {
		if (!(fabs(y[t]) <= SMOOTHING_VALUE_MOST)) {
			fit->plain = fit->plain && isnan(y[t]);
			continue;
		}
		start->least = smaller(start->least, y[t]);
		start->most = larger(start->most, y[t]);
	}
	fit->count = count;
	fit->horizon = config->horizon;
	fit->round = ROUND_START;
	fit->warm = fit->kept = false;
	fit->best = (struct smoothing_gains){.alpha = ALPHA_SILENT};
	fit->loss = INFINITY;
	fit->running = true;
	return true;
}

void smoothing_fit_warm(struct smoothing_fit *fit, const struct smoothing_gains *gains)
{
	fit->best = admissible(fit, *gains);
	fit->warm = true;
}

void smoothing_fit_keep(struct smoothing_fit *fit)
{
	fit->kept = true;
}

void smoothing_fit_inward(struct smoothing_fit *fit)
{
	fit->plain = true;
}

static void begin_rounds(struct smoothing_fit *fit, const double *x)
{
	fit->scored = smoothing_start(&fit->start, x, fit->count);
	if (!(fit->start.size > 0))
		fit->round = ROUND_LAST;
	else
		fit->round = fit->warm ? ROUND_WARM : 0;
}

static bool work(struct smoothing_fit *fit, const double *x, double *workspace,
		 struct smoothing *ret_fitted)
{
	if (fit->round == ROUND_START) {
		begin_rounds(fit, x);
		return true;
	}
	if (fit->round < ROUND_LAST) {
		try_candidates(fit, x, workspace);
		fit->round++;
		return true;
	}
	finish(fit, x, ret_fitted);
	return false;
}

bool smoothing_fit_work(struct smoothing_fit *fit, const double *y, double *workspace,
			struct smoothing *ret_fitted)
{
	return work(fit, terms(fit, y, workspace), workspace, ret_fitted);
}

void smoothing_fit_run(struct smoothing_fit *fit, const double *y, double *workspace,
		       struct smoothing *ret_fitted)
{
	const double *x = terms(fit, y, workspace);

	while (work(fit, x, workspace, ret_fitted))
		;
}
