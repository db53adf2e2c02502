#include "forecast/path.h"
#include "forecast/path_inside.h"
#include "forecast/logarithm.h"
#include "forecast/scalar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOUR_S 3600
#define DAY_S  86400
/* The first fit comes with two short seasons, or so many values. */
#define FIRST_FIT 64
/* Fewer values than this tell nothing. */
#define LEAST_VALUES 10
/* Scores are half forgotten after three short seasons (drift), but not before 48 origins:
 * fewer do not rank models. */
#define HALF_LIFE_SEASONS 3
#define HALF_LIFE_ORIGINS 48

static const char *const names[PATH_MODEL_COUNT] = {
	[PATH_LAST_VALUE] = "last value",
	[PATH_HOUR_MEAN] = "mean of the last hour",
	[PATH_SHORT_NAIVE] = "value a season ago",
	[PATH_LONG_NAIVE] = "value a long season ago",
	[PATH_TREND] = "trend of the last minutes",
	[PATH_LAG_LEVEL] = "linear regression on lags",
	[PATH_LAG_LOG] = "linear regression on lags of logarithms",
	[PATH_HOLT_WINTERS] = "Holt-Winters",
	[PATH_SEASON_MEAN] = "mean of the last season",
};

const char *path_model_name(enum path_model m)
{
	return names[m];
}

static int seasons_check(const struct path_config *c, struct err *err)
{
	for (int i = 0; i < 2; i++)
		if (c->seasons[i] && (c->seasons[i] < 2 || c->seasons[i] > c->capacity))
			return err_set(err, ERR_INVALID,
				       "season of %d steps: not in [2, %d]",
				       (int)c->seasons[i], (int)c->capacity);
	if (c->seasons[1] && c->seasons[1] <= c->seasons[0])
		return err_set(err, ERR_INVALID, "seasons: the shorter one comes first");
	if (c->seasons[1] && !c->seasons[0])
		return err_set(err, ERR_INVALID, "seasons: the first one is missing");
	return 0;
}

int path_config_check(const struct path_config *config, struct err *err)
{
	if (config->capacity < PATH_CAPACITY_MIN || config->capacity > PATH_CAPACITY_MAX)
		return err_set(err, ERR_INVALID, "capacity %d: not in [%d, %d]",
			       (int)config->capacity, PATH_CAPACITY_MIN,
			       PATH_CAPACITY_MAX);
	if (config->step_s < 1)
		return err_set(err, ERR_INVALID, "step of %d s", (int)config->step_s);
	if (config->horizon < 1 || config->horizon > PATH_HORIZON_MAX)
		return err_set(err, ERR_INVALID, "horizon %d: not in [1, %d]",
			       (int)config->horizon, PATH_HORIZON_MAX);
	if (config->level_count < 0 || config->level_count > PATH_LEVELS_MAX)
		return err_set(err, ERR_INVALID, "%d levels: not in [0, %d]",
			       (int)config->level_count, PATH_LEVELS_MAX);
	for (int32_t i = 0; i < config->level_count; i++)
		if (!(config->levels[i] > 0 && config->levels[i] < 1))
			return err_set(err, ERR_INVALID, "level %g: not in (0, 1)",
				       config->levels[i]);
	return seasons_check(config, err);
}

static size_t aligned(size_t bytes)
{
	return (bytes + 15) / 16 * 16;
}

/* A week of short steps is better known, and smaller, by the hour. */
static struct smoothing_config smoothing_of(const struct path_config *c)
{
	int32_t hour = HOUR_S / c->step_s;
	struct smoothing_config config = {.horizon = c->horizon};

	if (config.horizon > SMOOTHING_HORIZON_MAX)
		config.horizon = SMOOTHING_HORIZON_MAX;
	for (int i = 0; i < 2; i++)
		if (c->seasons[i] <= SMOOTHING_SEASON_MAX)
			config.seasons[i] = c->seasons[i];
	if (hour > 1 && config.seasons[1] % hour == 0 && config.seasons[1] > 2 * hour)
		config.spans[1] = hour;
	return config;
}

/* Doubles of the seasons. */
static size_t storage_of(const struct path_config *c)
{
	struct smoothing_config config = smoothing_of(c);

	return c->use_holt_winters ? smoothing_storage(&config) : 0;
}

size_t path_size(const struct path_config *config)
{
	size_t room = (size_t)path_series_room(config->capacity);

	return aligned(sizeof(struct path)) + 2 * aligned(room * sizeof(float)) +
	       aligned(room) + aligned(storage_of(config) * sizeof(double));
}

/* Memory that is being given out. A path that only measures gets addresses that nobody
 * uses. */
struct carver {
	char *base;
	size_t used;
};

static void *carve(struct carver *c, size_t bytes)
{
	size_t at = c->used;

	c->used += aligned(bytes);
	return c->base ? c->base + at : NULL;
}

/* What follows one another in a fit lies in the same place. Returns the bytes in all. */
static size_t carve_workspace(const struct path_config *config, void *memory,
			      struct path_workspace *ret)
{
	struct smoothing_config smoothing = smoothing_of(config);
	int32_t room = path_series_room(config->capacity);
	size_t horizon = (size_t)config->horizon, most;
	struct carver shared = {memory, 0}, one;

	for (int i = 0; i < 2; i++)
		ret->paths[i] = carve(&shared, LAG_WORK(horizon) * sizeof(float));
	one = shared;
	ret->regression = carve(&one, sizeof(*ret->regression));
	most = one.used;
	one = shared;
	ret->replayed = carve(&one, PATH_REPLAYED((size_t)room) * sizeof(*ret->replayed));
	most = one.used > most ? one.used : most;
	one = shared;
	if (config->use_holt_winters) {
		ret->storage = carve(&one, storage_of(config) * sizeof(double));
		ret->y = carve(&one, (size_t)room * sizeof(double));
		ret->smoothing = carve(&one, smoothing_fit_workspace(&smoothing, room) *
						     sizeof(double));
	}
	return one.used > most ? one.used : most;
}

size_t path_workspace_size(const struct path_config *config)
{
	struct path_workspace nowhere;

	return carve_workspace(config, NULL, &nowhere);
}

static void place_knot(struct path *p, int32_t first, int32_t last)
{
	struct path_knot *k = &p->knot[p->knots];
	double half;

	k->first = first;
	k->last = last;
	k->centre = (first + last) / 2;
	k->shift = 0;
	while ((PATH_WAITING_MAX - 2) << k->shift < last)
		k->shift++;
	k->stride = 1 << k->shift;
	k->due = INT64_MAX;
	half = larger(HALF_LIFE_SEASONS * p->config.seasons[0] / (double)k->stride,
		      HALF_LIFE_ORIGINS);
	p->keep[p->knots] = 1 - M_LN2 / half;
	for (int i = 0; i < PATH_WAITING_MAX; i++)
		k->dues[i] = -1;
	p->knots++;
}

/* Knots grow by a factor, so that the nearer horizon, which changes faster, has more of
 * them; the last is the horizon. */
static void place_knots(struct path *p)
{
	int32_t last = 0;

	for (int i = 0; i < PATH_KNOTS_MAX && last < p->config.horizon; i++) {
		double share = (double)i / (PATH_KNOTS_MAX - 1);
		int32_t at = (int32_t)lround(
			exponential(share * logarithm(p->config.horizon)));
		int32_t first = last + 1;

		last = at > last ? at : first;
		place_knot(p, first, last);
	}
}

struct path *path_init(void *memory, const struct path_config *config, void *workspace)
{
	struct carver c = {memory, 0};
	struct path *p = carve(&c, sizeof(*p));
	size_t room = (size_t)path_series_room(config->capacity);

	memset(p, 0, sizeof(*p));
	p->config = *config;
	p->series.v = carve(&c, room * sizeof(float));
	p->series.log = carve(&c, room * sizeof(float));
	p->series.known = carve(&c, room);
	p->smoothing.config = smoothing_of(&p->config);
	p->smoothing.storage = carve(&c, storage_of(config) * sizeof(double));
	carve_workspace(config, workspace ? workspace : c.base + c.used, &p->work);
	path_series_init(&p->series, config->capacity, config->seasons[0]);
	baselines_init(&p->baselines, config->step_s, config->seasons);
	place_knots(p);
	interval_levels_init(&p->levels, config->level_count, config->levels);
	shape_init(&p->shape, config->seasons[0]);
	shape_factors(&p->shape, p->knots, p->factor);
	return p;
}

static double log_of(const struct path *p, double v)
{
	double floor = 1e-3 * p->series.offset + 1e-37;

	return logarithm(larger(v + p->series.offset, floor));
}

double path_error(const struct path *p, bool logs, int32_t n, double mean)
{
	return logs ? (double)p->series.log[n - 1] - log_of(p, mean)
		    : (double)p->series.v[n - 1] - mean;
}

struct dissent path_dissent(const struct path *p, bool logs,
			    const float forecast[COMBINE_LANES], double mean)
{
	double least = mean, most = mean;

	for (enum path_model m = PATH_LAG_LEVEL; m <= PATH_HOLT_WINTERS; m++) {
		if (isnan(forecast[m]))
			continue;
		least = smaller(least, forecast[m]);
		most = larger(most, forecast[m]);
	}
	if (!logs)
		return (struct dissent){mean - least, most - mean};

	double middle = log_of(p, mean);

	return (struct dissent){middle - log_of(p, least), log_of(p, most) - middle};
}

double path_apply(const struct path *p, bool logs, double mean, double error)
{
	double offset = p->series.offset;
	double range = p->series.most - p->series.least;
	double v = logs ? (mean + offset) * exponential(error) - offset : mean + error;

	double least = p->series.least - range;

	if (p->series.least >= 0)
		least = larger(least, 0);
	return within(v, least, p->series.most + range);
}

void path_speakers(const struct path *p, int32_t n, bool ret_speaks[PATH_MODEL_COUNT])
{
	const struct path_models *m = &p->models;

	memset(ret_speaks, 0, PATH_MODEL_COUNT * sizeof(*ret_speaks));
	ret_speaks[PATH_LAST_VALUE] = ret_speaks[PATH_HOUR_MEAN] = n > 0;
	ret_speaks[PATH_TREND] = n >= p->baselines.line;
	for (int i = 0; i < 2; i++)
		ret_speaks[PATH_SHORT_NAIVE + i] =
			p->config.seasons[i] && n >= p->config.seasons[i];
	ret_speaks[PATH_SEASON_MEAN] = p->config.seasons[0] && n >= p->config.seasons[0];
	ret_speaks[PATH_HOLT_WINTERS] = p->smoothing.model.fitted && p->smoothing.at == n;
	ret_speaks[PATH_LAG_LEVEL] =
		m->level.solved && n >= m->level.lags.lag[m->level.lags.count - 1];
	ret_speaks[PATH_LAG_LOG] =
		m->log.solved && n >= m->log.lags.lag[m->log.lags.count - 1];
}

void path_smooth(struct path *p, int32_t n)
{
	struct path_smoothing *s = &p->smoothing;

	if (!s->model.fitted)
		return;
	for (; s->at < n; s->at++)
		smoothing_step(&s->model,
			       p->series.known[s->at] ? p->series.v[s->at] : NAN);
}

/* What is left of a load whose season does not repeat: far ahead, its mean. */
static float season_mean(const struct path *p, int32_t n)
{
	const float *v = p->series.v + n - p->config.seasons[0];
	double sum = 0;

	for (int32_t i = 0; i < p->config.seasons[0]; i++)
		sum += v[i];
	return (float)(sum / p->config.seasons[0]);
}

/* The logarithm back to the value. */
static float value_of(const struct path *p, float log)
{
	return (float)(exponential(log) - p->series.offset);
}

/* The paths of the regressions that speak. */
static void forecast_lags(const struct path *p, int32_t n, int32_t steps,
			  struct path_view *view)
{
	const struct lag_ridge *const ridges[] = {&p->models.level, &p->models.log};
	const float *const newest[] = {p->series.v + n - 1, p->series.log + n - 1};
	const float *paths[2] = {NULL, NULL};

	if (view->speaks[PATH_LAG_LEVEL] && view->speaks[PATH_LAG_LOG])
		lag_ridge_forecast_both(ridges, newest, steps, p->work.paths, paths);
	else if (view->speaks[PATH_LAG_LEVEL])
		paths[0] =
			lag_ridge_forecast(ridges[0], newest[0], steps, p->work.paths[0]);
	else if (view->speaks[PATH_LAG_LOG])
		paths[1] =
			lag_ridge_forecast(ridges[1], newest[1], steps, p->work.paths[1]);
	view->level = paths[0];
	view->log = paths[1];
}

void path_view_init(const struct path *p, int32_t n, int32_t steps,
		    const bool speaks[PATH_MODEL_COUNT], struct path_view *ret_view)
{
	ret_view->n = n;
	memcpy(ret_view->speaks, speaks, sizeof(ret_view->speaks));
	baselines_at(&p->baselines, p->series.v, n, &ret_view->baseline);
	if (speaks[PATH_SEASON_MEAN])
		ret_view->season_mean = season_mean(p, n);
	forecast_lags(p, n, steps, ret_view);
}

void path_view_at(const struct path *p, const struct path_view *view, int32_t h,
		  float ret[COMBINE_LANES])
{
	const bool *speaks = view->speaks;

	for (int m = PATH_BASELINES; m < COMBINE_LANES; m++)
		ret[m] = NAN;
	baselines_forecast(&p->baselines, &view->baseline, p->series.v, view->n, h, ret);
	for (int m = 0; m < PATH_BASELINES; m++)
		if (!speaks[m])
			ret[m] = NAN;
	if (p->fitted || p->stage == FIT_REPLAY)
		ret[PATH_TREND] = (float)within(ret[PATH_TREND], p->models.level.least,
						p->models.level.most);
	if (speaks[PATH_SEASON_MEAN])
		ret[PATH_SEASON_MEAN] = view->season_mean;
	if (speaks[PATH_LAG_LEVEL])
		ret[PATH_LAG_LEVEL] = view->level[h - 1];
	if (speaks[PATH_HOLT_WINTERS])
		ret[PATH_HOLT_WINTERS] = (float)smoothing_ahead(&p->smoothing.model, h);
	if (speaks[PATH_LAG_LOG])
		ret[PATH_LAG_LOG] = value_of(p, view->log[h - 1]);
}

/* The step that origin number i scores for a knot: its steps in turn, by the golden
 * ratio, so that few origins are spread evenly. */
static int32_t scored_step(const struct path_knot *k, int64_t i)
{
	double turns = (double)(i % 1000) * 0.6180339887498949;

	return k->last - (int32_t)((turns - (int32_t)turns) * (k->last - k->first + 1));
}

static int32_t stride_of(const struct path *p, int32_t k)
{
	int32_t stride = p->knot[k].stride, least = p->seeded ? 1 : REPLAY_STRIDE;

	return stride > least ? stride : least;
}

/* Whether it is this knot's turn to be spoken for. */
static bool is_origin(const struct path *p, int32_t k, int64_t number)
{
	return (number & (stride_of(p, k) - 1)) == 0;
}

/* How far the paths must go from this origin: to the last knot whose turn it is. 0: no
 * knot's. */
static int32_t steps_wanted(const struct path *p, int64_t number)
{
	for (int32_t k = p->knots - 1; k >= 0; k--)
		if (is_origin(p, k, number))
			return scored_step(&p->knot[k], number >> p->knot[k].shift);
	return 0;
}

/* What is said for one knot. */
static void remember_knot(struct path *p, int32_t i, int64_t number,
			  const struct path_view *view)
{
	struct path_knot *k = &p->knot[i];
	int64_t index = number >> k->shift, slot = index % PATH_WAITING_MAX;
	int32_t ahead = scored_step(k, index);
	struct path_said *said = &k->said[slot];
	float weight[COMBINE_LANES];

	k->dues[slot] = number + ahead;
	if (k->dues[slot] < k->due)
		k->due = k->dues[slot];
	path_view_at(p, view, ahead, said->forecast);
	combine_weights(&p->scores[i], view->speaks, weight);
	said->combined = combine_mean(weight, said->forecast);
}

void path_remember(struct path *p, int32_t n)
{
	int64_t number = p->series.first + n - 1;
	int32_t steps = steps_wanted(p, number);
	bool speaks[PATH_MODEL_COUNT];
	struct path_view view;

	if (!steps)
		return;
	path_speakers(p, n, speaks);
	path_view_init(p, n, steps, speaks, &view);
	for (int32_t i = 0; i < p->knots; i++)
		if (is_origin(p, i, number))
			remember_knot(p, i, number, &view);
}

/* Keeps an error of a replay until that ends. */
static void keep_replayed(struct path *p, int32_t k, int32_t part, double error,
			  double log)
{
	p->work.replayed[p->replayed++] = (struct path_replayed){
		(float)error, (float)log, (uint8_t)k, (uint8_t)part};
}

static void score_said(struct path *p, int32_t k, const struct path_said *said, int32_t n)
{
	int64_t number = p->series.first + n - 1;
	int32_t stride = stride_of(p, k), part = shape_part(&p->shape, number);
	double error = path_error(p, p->log_errors, n, said->combined);
	double factor = p->factor[part];
	struct dissent dissent =
		path_dissent(p, p->log_errors, said->forecast, said->combined);

	combine_score(&p->scores[k], p->keep[k], p->series.v[n - 1], said->forecast,
		      said->combined);
	dissent.below /= factor;
	dissent.above /= factor;
	interval_score(&p->intervals[k], &p->levels, p->keep[k], error / factor,
		       &dissent);
	shape_note(&p->shape, k, stride, part, error);
	if (p->seeded)
		return;

	double log = p->series.use_log ? path_error(p, true, n, said->combined) : 0;

	if (p->series.use_log)
		shape_note(&p->log_shape, k, stride, part, log);
	keep_replayed(p, k, part, error, log);
}

/* Scores what was said for this value, and finds what is due next. */
static void score_knot(struct path *p, int32_t k, int64_t number, int32_t n)
{
	struct path_knot *knot = &p->knot[k];
	int64_t next = INT64_MAX;
	uint32_t met = 0;

	/* Without branches: hardly any of them would be guessed. */
	for (int i = 0; i < PATH_WAITING_MAX; i++) {
		int64_t due = knot->dues[i], later = due > number ? due : INT64_MAX;

		met |= (uint32_t)(due == number) << i;
		next = later < next ? later : next;
	}
	knot->due = next;
	for (int i = 0; met; i++, met >>= 1)
		if (met & 1)
			score_said(p, k, &knot->said[i], n);
}

void path_score(struct path *p, int32_t n)
{
	int64_t number = p->series.first + n - 1;

	if (!p->series.known[n - 1])
		return;
	for (int32_t k = 0; k < p->knots; k++)
		if (p->knot[k].due <= number)
			score_knot(p, k, number, n);
}

static int32_t refit_steps(const struct path *p)
{
	int32_t day = DAY_S / p->config.step_s;

	if (p->config.refit_steps > 0)
		return p->config.refit_steps;
	if (p->config.seasons[0])
		return p->config.seasons[0];
	return day > FIRST_FIT ? day : FIRST_FIT;
}

/* Whether a fit is due with the values so far. */
static bool fit_is_due(const struct path *p)
{
	int64_t length = p->series.first + p->series.n;
	int64_t first =
		p->config.seasons[0] ? 2 * (int64_t)p->config.seasons[0] : FIRST_FIT;

	if (p->config.refit_steps < 0)
		return false;
	if (!p->fitted)
		return length == first || length == PATH_CAPACITY_MAX;
	return length - p->fit_values >= refit_steps(p);
}

bool path_learn(struct path *p, double v)
{
	if (p->stage != FIT_IDLE)
		return false;

	int64_t first = p->series.first;

	path_series_add(&p->series, v);
	if (!p->series.n)
		return true;
	p->smoothing.at -= (int32_t)(p->series.first - first);
	path_smooth(p, p->series.n);
	if (p->fitted) {
		path_score(p, p->series.n);
		path_remember(p, p->series.n);
	}
	if (fit_is_due(p))
		p->stage = FIT_BEGIN;
	return true;
}

void path_fit(struct path *p)
{
	if (p->series.values >= LEAST_VALUES)
		p->stage = FIT_BEGIN;
}

bool path_work(struct path *p)
{
	return path_fit_slice(p);
}
