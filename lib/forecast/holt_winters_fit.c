#include "forecast/holt_winters_fit.h"

#include <math.h>
#include <string.h>

/* The multi-step error is looked at from every fifth cell: 5 has no factor in common with
 * 288, so every time of the day gets its turn. */
#define ORIGIN_STRIDE 5
#define SEASON_DAYS   4   /* at most that many days are averaged into the first season */
#define TREND_GAIN    .99 /* a trend must win by this factor */

static const double rhos[] = {0, .3, .55, .75, .9};
#define RHO_COUNT 5

/* Steps ahead at which errors are counted: the next one, half-way and the farthest. */
#define KNOT_MAX 3

struct knots {
	int32_t count;
	int32_t step[KNOT_MAX];
	double correction[KNOT_MAX][RHO_COUNT]; /* rho^step */
};

static void knots_init(struct knots *knots, int32_t steps)
{
	const int32_t wanted[KNOT_MAX] = {1, (steps + 1) / 2, steps};

	knots->count = 0;
	for (int32_t i = 0; i < KNOT_MAX; i++) {
		if (knots->count && wanted[i] <= knots->step[knots->count - 1])
			continue;
		knots->step[knots->count] = wanted[i];
		for (int32_t r = 0; r < RHO_COUNT; r++)
			knots->correction[knots->count][r] = pow(rhos[r], wanted[i]);
		knots->count++;
	}
}

/* The candidates: a grid without trend, then finer around the best one so far, then with
 * a damped trend. */
static const double grid_alphas[] = {.02, .1, .3, .6};
static const double grid_gammas[] = {.03, .12, .35};
static const struct {
	double alpha, gamma; /* factors */
	double beta, phi;
} refinements[] = {
	{.6, 1, 0, 0},   {1.6, 1, 0, 0},   {1, .5, 0, 0},  {1, 2, 0, 0},
	{1, 1, .05, .9}, {1, 1, .05, .98}, {1, 1, .2, .9}, {1, 1, .2, .98},
};
#define GRID_COUNT  (ARRAY_LEN(grid_alphas) * ARRAY_LEN(grid_gammas))
#define TRIAL_COUNT ((int32_t)(GRID_COUNT + ARRAY_LEN(refinements)))

static struct holt_winters_rates trial_rates(const struct holt_winters_fit *fit,
					     int32_t trial)
{
	if (trial < (int32_t)GRID_COUNT) {
		return (struct holt_winters_rates){
			.alpha = grid_alphas[trial / ARRAY_LEN(grid_gammas)],
			.gamma = grid_gammas[trial % ARRAY_LEN(grid_gammas)],
		};
	}

	size_t i = (size_t)trial - GRID_COUNT;

	return (struct holt_winters_rates){
		.alpha = fmin(fit->best.alpha * refinements[i].alpha, .95),
		.gamma = fmin(fit->best.gamma * refinements[i].gamma, .95),
		.beta = refinements[i].beta,
		.phi = refinements[i].phi,
	};
}

static int64_t first_known_cell(const struct history *h)
{
	int64_t cell = h->means.first;

	while (cell < h->means.next && isnan(history_cell(h, cell)))
		cell++;
	return cell;
}

/* Mean of a day's cells; NaN when less than half are known. */
static double day_mean(const struct history *h, int64_t first)
{
	double sum = 0;
	int32_t known = 0;

	for (int32_t i = 0; i < CELLS_PER_DAY; i++) {
		double y = history_cell(h, first + i);

		if (isnan(y))
			continue;
		sum += y;
		known++;
	}
	return known * 2 >= CELLS_PER_DAY ? sum / known : NAN;
}

/* Cells that no day knew take the season of their neighbour before. */
static void close_gaps(float *season)
{
	float last = 0;

	for (int32_t round = 0; round < 2; round++) {
		for (int32_t i = 0; i < CELLS_PER_DAY; i++) {
			if (isnan(season[i]))
				season[i] = round ? last : NAN;
			else
				last = season[i];
		}
	}
}

/* Average difference of each cell of the day from its day's mean, over `days` days. False
 * when no day is known well enough. */
static bool average_season(struct holt_winters_fit *fit, const struct history *h,
			   int32_t days)
{
	double sum[CELLS_PER_DAY] = {0};
	int32_t known[CELLS_PER_DAY] = {0};
	double levels = 0;
	int32_t level_days = 0;

	for (int32_t day = 0; day < days; day++) {
		int64_t first = fit->first + (int64_t)day * CELLS_PER_DAY;
		double mean = day_mean(h, first);

		if (isnan(mean))
			continue;
		levels += mean;
		level_days++;
		for (int32_t i = 0; i < CELLS_PER_DAY; i++) {
			double y = history_cell(h, first + i);

			if (isnan(y))
				continue;
			sum[cell_of_day(first + i)] += y - mean;
			known[cell_of_day(first + i)]++;
		}
	}
	if (!level_days)
		return false;
	for (int32_t i = 0; i < CELLS_PER_DAY; i++)
		fit->season[i] = known[i] ? (float)(sum[i] / known[i]) : NAN;
	close_gaps(fit->season);
	fit->level = levels / level_days;
	return true;
}

static void measure_season(struct holt_winters_fit *fit)
{
	float least = INFINITY, most = -INFINITY;
	double size = 0;

	for (int32_t i = 0; i < CELLS_PER_DAY; i++) {
		least = fminf(least, fit->season[i]);
		most = fmaxf(most, fit->season[i]);
		size += fabs(fit->season[i] - fit->season[(i + 1) % CELLS_PER_DAY]);
	}
	fit->swing = (double)most - (double)least;
	fit->size = size / CELLS_PER_DAY;
}

bool holt_winters_fit_begin(struct holt_winters_fit *fit, const struct history *h,
			    int64_t end, int32_t window)
{
	int64_t first = first_known_cell(h);
	int32_t days = (int32_t)((end - first) / CELLS_PER_DAY);

	if (days < HOLT_WINTERS_DAYS)
		return false;

	int32_t season_days = days / 2 < 2             ? 2
			      : days / 2 > SEASON_DAYS ? SEASON_DAYS
						       : days / 2;

	fit->first = first;
	fit->first_slot =
		(int32_t)(first % HISTORY_MEANS + (first < 0 ? HISTORY_MEANS : 0)) %
		HISTORY_MEANS;
	fit->last = end - 1;
	fit->scored = first + (int64_t)season_days * CELLS_PER_DAY;
	fit->steps = (window + CELL_MINUTES - 1) / CELL_MINUTES;
	if (!average_season(fit, h, season_days))
		return false;
	measure_season(fit);
	fit->trial = 0;
	fit->best_loss = INFINITY;
	fit->running = true;
	return true;
}

static void start_pass(struct holt_winters_fit *fit,
		       const struct holt_winters_rates *rates)
{
	fit->state = (struct holt_winters){
		.rates = *rates,
		.level = fit->level,
		.size = fit->size,
		.swing = fit->swing,
		.next = fit->first,
		.slot = cell_of_day(fit->first),
	};
	memcpy(fit->state.season, fit->season, sizeof(fit->season));
}

/* history_cell without its division: `cell` in [fit->first, fit->last]. */
static double cell_value(const struct holt_winters_fit *fit, const struct history *h,
			 int64_t cell)
{
	int64_t slot = fit->first_slot + (cell - fit->first);

	return h->mean_values[slot < HISTORY_MEANS ? slot : slot - HISTORY_MEANS];
}

/* Adds the absolute errors of the forecasts made before cell `next`, for each rho. */
static void add_errors(const struct holt_winters_fit *fit, const struct history *h,
		       const struct knots *knots, double losses[RHO_COUNT])
{
	const struct holt_winters *hw = &fit->state;

	for (int32_t k = 0; k < knots->count; k++) {
		int64_t cell = hw->next + knots->step[k] - 1;

		if (cell > fit->last)
			return;

		double y = cell_value(fit, h, cell);

		if (isnan(y))
			continue;

		double error = y - holt_winters_base(hw, cell);

		for (int32_t r = 0; r < RHO_COUNT; r++)
			losses[r] += fabs(error - knots->correction[k][r] * hw->error);
	}
}

static void try_candidate(struct holt_winters_fit *fit, const struct history *h)
{
	struct holt_winters_rates rates = trial_rates(fit, fit->trial);
	double losses[RHO_COUNT] = {0};
	struct knots knots;

	knots_init(&knots, fit->steps);
	start_pass(fit, &rates);
	while (fit->state.next <= fit->last) {
		int64_t cell = fit->state.next;

		if (cell >= fit->scored && cell % ORIGIN_STRIDE == 0)
			add_errors(fit, h, &knots, losses);
		holt_winters_step(&fit->state, cell_value(fit, h, cell));
	}
	for (int32_t r = 0; r < RHO_COUNT; r++) {
		if (!(losses[r] < fit->best_loss * (rates.phi > 0 ? TREND_GAIN : 1)))
			continue;
		fit->best_loss = losses[r];
		fit->best = rates;
		fit->best.rho = rhos[r];
	}
}

bool holt_winters_fit_work(struct holt_winters_fit *fit, const struct history *h,
			   struct holt_winters *ret_fitted)
{
	if (fit->trial < TRIAL_COUNT) {
		try_candidate(fit, h);
		fit->trial++;
		return true;
	}
	start_pass(fit, &fit->best);
	while (fit->state.next <= fit->last)
		holt_winters_step(&fit->state, cell_value(fit, h, fit->state.next));
	*ret_fitted = fit->state;
	ret_fitted->fitted = true;
	fit->running = false;
	return false;
}
