/* The fit of a path in slices. At the first fit the newest values are then forecast as if
 * they were not known yet, which gives the first losses and intervals; afterwards these
 * are kept up by what comes. So it is again whenever the series has doubled, as long as
 * all of it is remembered: a model of two days errs by much more than one of two weeks,
 * and intervals that only crept inwards would stay as wide as it for weeks. Holt-Winters
 * is fitted to what comes before that replay. The regressions are fitted to everything,
 * replay included: without the newest values two weeks could not teach weekly lags. So
 * their replayed errors are too small, by about coefficients / rows, and they are
 * weighted a little too high until real errors take over. */
#include "forecast/path_inside.h"
#include "forecast/lag_sums.h"
#include "forecast/logarithm.h"
#include "forecast/scalar.h"

#include <math.h>
#include <string.h>

/* A slice of the replay, in values. */
#define REPLAY_SLICE 32
#define REPLAY_PART  2
/* Forecasts stay this part of the range of the values seen beyond it. */
#define RANGE_MARGIN .1
/* Outcomes of so many values, at a step of 1/50, move intervals to where they belong
 * whatever they began with; a new seed would only disturb them. */
#define SEED_ENOUGH 500

static void set_bounds(const struct path *p, struct path_models *models)
{
	const struct path_series *s = &p->series;
	double margin = RANGE_MARGIN * (s->most - s->least);

	models->level.least = s->least - margin;
	models->level.most = s->most + margin;
	if (!s->use_log)
		return;

	double low = logarithm(s->least + s->offset),
	       high = logarithm(s->most + s->offset);

	models->log.least = low - RANGE_MARGIN * (high - low);
	models->log.most = high + RANGE_MARGIN * (high - low);
}

static struct lag_rows rows_of(const struct path *p, bool use_log)
{
	const struct lag_ridge *r = use_log ? &p->models.log : &p->models.level;

	return (struct lag_rows){
		.lags = &r->lags,
		.z = use_log ? p->series.log : p->series.v,
		.known = p->series.known,
		.centre = use_log ? logarithm(p->series.mean + p->series.offset)
				  : p->series.mean,
	};
}

/* How many of the newest values the replay forecasts: as many as a long season (or seven
 * short ones) and a horizon, and no more than half of all. */
static int32_t replayed(const struct path *p)
{
	int32_t season = p->config.seasons[1]   ? p->config.seasons[1]
			 : p->config.seasons[0] ? 7 * p->config.seasons[0]
						: p->series.n;
	int32_t wanted = season + p->config.horizon;

	int32_t most = p->series.n / REPLAY_PART;

	return wanted < most ? wanted : most;
}

static void begin_ridge(struct path *p, bool use_log)
{
	struct lag_ridge *r = use_log ? &p->models.log : &p->models.level;

	lags_choose(p->config.seasons, p->config.step_s / 60., p->fit_end, &r->lags);
	gram_fit_begin(p->work.regression, r->lags.count);
	if (r->lags.count)
		gram_fit_to(p->work.regression,
			    p->fit_end - r->lags.lag[r->lags.count - 1]);
	else
		p->work.regression->solution.dim = 0;
	p->stage = use_log ? FIT_LOG : FIT_LEVEL;
}

/* Fits Holt-Winters to what comes before the replay, which then moves it on. */
static void begin_smoothing(struct path *p)
{
	struct path_smoothing *s = &p->smoothing;
	double *y = p->work.y;

	p->stage = FIT_SMOOTHING;
	s->fit.running = false;
	if (!p->config.use_holt_winters)
		return;
	/* Loads that come near zero do not vary by factors. */
	s->config.logs = p->series.use_log && p->series.offset <= 0;
	for (int32_t i = 0; i < p->replay; i++)
		y[i] = p->series.known[i] ? p->series.v[i] : NAN;
	if (!smoothing_fit_begin(&s->fit, &s->config, y, p->replay, p->work.storage))
		return;
	/* Logarithms are there already: without an offset, or there would be none here.
	 */
	for (int32_t i = 0; s->fit.start.logs && i < p->replay; i++)
		y[i] = p->series.known[i] ? (double)p->series.log[i] : NAN;
	if (s->fit.start.logs)
		smoothing_fit_inward(&s->fit);
	smoothing_fit_keep(&s->fit);
	if (s->model.fitted)
		smoothing_fit_warm(&s->fit, &s->model.gains);
}

/* The fitted model moves from the work memory to where it stays. */
static void take_smoothing(struct path *p, const struct smoothing *fitted)
{
	struct path_smoothing *s = &p->smoothing;

	memcpy(s->storage, p->work.storage,
	       smoothing_storage(&s->config) * sizeof(*s->storage));
	s->model = *fitted;
	for (int i = 0; i < SMOOTHING_SEASONS; i++)
		s->model.seasons[i].values =
			s->storage + (fitted->seasons[i].values - p->work.storage);
	s->at = p->replay;
}

/* A slice; true while more is due. */
static bool work_smoothing(struct path *p)
{
	struct smoothing_fit *fit = &p->smoothing.fit;
	struct smoothing fitted;

	if (!fit->running)
		return false;
	if (smoothing_fit_work(fit, p->work.y, p->work.smoothing, &fitted))
		return true;
	take_smoothing(p, &fitted);
	return false;
}

static int64_t length_of(const struct path *p)
{
	return p->series.first + p->series.n;
}

/* Forgets what was scored, for a new replay; what stood is told until that ends. */
static void forget_scores(struct path *p)
{
	memcpy(p->told, p->intervals, sizeof(p->told));
	p->told_log_errors = p->log_errors;
	memset(p->scores, 0, sizeof(p->scores));
	memset(p->intervals, 0, sizeof(p->intervals));
	memcpy(p->told_factor, p->factor, sizeof(p->factor));
	shape_init(&p->shape, p->config.seasons[0]);
	shape_init(&p->log_shape, p->config.seasons[0]);
	shape_factors(&p->shape, p->knots, p->factor);
	for (int32_t k = 0; k < p->knots; k++) {
		p->knot[k].due = INT64_MAX;
		for (int i = 0; i < PATH_WAITING_MAX; i++)
			p->knot[k].dues[i] = -1;
	}
	p->seeded = p->log_errors = false;
	p->replayed = 0;
}

static void begin(struct path *p)
{
	bool linear = p->config.use_linear;

	if (p->seeded && p->seed_values < SEED_ENOUGH &&
	    length_of(p) <= p->config.capacity && length_of(p) >= 2 * p->seed_values)
		p->seeded = false;
	path_series_measure(&p->series);
	p->fit_end = p->series.n;
	set_bounds(p, &p->models);
	p->replay = p->seeded ? p->fit_end : p->fit_end - replayed(p);
	if (linear && p->series.most > p->series.least)
		begin_ridge(p, false);
	else
		begin_smoothing(p);
}

/* Moves on by a few values; true in the end. */
static bool replay(struct path *p)
{
	int32_t end = smaller(p->replay + REPLAY_SLICE, p->series.n);

	for (; p->replay < end; p->replay++) {
		path_score(p, p->replay + 1);
		path_smooth(p, p->replay + 1);
		path_remember(p, p->replay + 1);
	}
	return p->replay == p->series.n;
}

static void finish(struct path *p)
{
	p->fitted = true;
	p->stage = FIT_IDLE;
	p->fit_values = length_of(p);
	path_remember(p, p->series.n);
}

/* After the replay: the same again with all values. */
static void after_replay(struct path *p)
{
	if (p->seeded) {
		shape_factors(&p->shape, p->knots, p->factor);
		finish(p);
		return;
	}
	path_seed(p);
	p->seeded = true;
	p->seed_values = length_of(p);
	finish(p);
}

static void after_models(struct path *p)
{
	p->stage = FIT_REPLAY;
	if (p->seeded)
		return;
	forget_scores(p);
	path_remember(p, p->replay);
}

bool path_fit_slice(struct path *p)
{
	struct lag_rows rows;
	const struct gram_source source = {
		.fill = lag_rows_fill,
		.add = lag_sums_add,
		.cut = lag_sums_cut,
		.model = &rows,
	};

	switch (p->stage) {
	case FIT_IDLE:
		return false;
	case FIT_BEGIN:
		begin(p);
		break;
	case FIT_LEVEL:
		rows = rows_of(p, false);
		if (gram_fit_work(p->work.regression, &source))
			break;
		lag_ridge_take(&p->models.level, &p->work.regression->solution,
			       rows.centre);
		if (p->series.use_log)
			begin_ridge(p, true);
		else
			begin_smoothing(p);
		break;
	case FIT_LOG:
		rows = rows_of(p, true);
		if (gram_fit_work(p->work.regression, &source))
			break;
		lag_ridge_take(&p->models.log, &p->work.regression->solution,
			       rows.centre);
		begin_smoothing(p);
		break;
	case FIT_SMOOTHING:
		if (!work_smoothing(p))
			after_models(p);
		break;
	case FIT_REPLAY:
		if (replay(p))
			after_replay(p);
		break;
	}
	return p->stage != FIT_IDLE;
}
