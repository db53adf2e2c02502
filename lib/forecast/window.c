#include "forecast/window.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"
#include "forecast/select.h"

#include <assert.h>
#include <math.h>

static_assert(FC_MODEL_COUNT == TRACKER_LANES, "a lane for each model");

/* In mean errors of the one who speaks: a correction, not a second quantile. */
#define SHIFT_MAX    2
#define SHIFT_PACE   .4
#define SHIFT_SCORES (2 * MINUTES_PER_DAY)
/* One huge outcome must not move the quantile far. */
#define WEIGHT_MAX 10

static int32_t stride_of(int32_t minutes)
{
	int32_t stride = (minutes + PENDING_MAX - 2) / (PENDING_MAX - 1);

	return stride < STRIDE_MIN ? STRIDE_MIN : stride;
}

static bool may_speak(const struct window_config *config, enum model m)
{
	bool day = config->seasons != FORECAST_SEASONS_NONE;

	switch (m) {
	case FC_SEASONAL_NAIVE:
		return day;
	case FC_HOLT_WINTERS:
		return day && config->use_holt_winters;
	case FC_LINEAR_RECENT:
		return config->use_linear;
	case FC_LINEAR_DAY:
		return day && config->use_linear;
	case FC_LINEAR_WEEK:
		return config->seasons == FORECAST_SEASONS_DAY_AND_WEEK &&
		       config->use_linear;
	case FC_COMBINATION:
		return config->use_linear || (day && config->use_holt_winters);
	case FC_LAST_VALUE:
	case FC_HOUR_MEAN:
	case FC_MODEL_COUNT:
		break;
	}
	return true;
}

void window_init(struct window *w, const struct window_config *config)
{
	w->minutes = config->minutes;
	w->stride = stride_of(config->minutes);
	w->phase = config->phase % w->stride;
	w->thinning = thinning_of(w->stride);
	w->quantile = config->quantile;
	w->load = w->unserved = w->size = w->shift = 0;
	w->outcomes = 0;
	nested_init(&w->linear, w->stride);
	tracker_init(&w->tracker, FC_SEASONAL_NAIVE);
	for (int32_t i = 0; i < FC_MODEL_COUNT; i++)
		w->allowed[i] = may_speak(config, i);
	for (int32_t i = 0; i < PENDING_MAX; i++)
		w->pending[i].minute = INT64_MIN;
}

/* Whether what is predicted at this minute will be learned from: one minute of each
 * stride, and the sequence of Thue and Morse says which, every day alike. It has no
 * period: whatever a load does every few minutes is met as often as it happens (of steps
 * held for two minutes a fixed one would meet all jumps or none). */
static bool counts(const struct window *w, int64_t minute)
{
	int32_t day = MINUTES_PER_DAY / w->stride * w->stride;
	int32_t m = (int32_t)(minute % day);

	m = m < 0 ? m + day : m;
	return (m + __builtin_popcount((unsigned)(m / w->stride))) % w->stride ==
	       w->phase;
}

static struct pending *pending_of(struct window *w, int64_t minute)
{
	int64_t slot = minute / w->stride % PENDING_MAX;

	return &w->pending[slot < 0 ? slot + PENDING_MAX : slot];
}

static void learn_row(struct window *w, const struct pending *made, double actual)
{
	if (made->known)
		nested_learn(&w->linear, made->x, made->known, actual);
}

/* The share of the load in an outcome, 1 on average. */
static double weight_of(const struct window *w, double actual)
{
	return w->size > 0 ? within(actual / w->size, 0, WEIGHT_MAX) : 1;
}

/* At first as fast as the offset itself, later at two fifths: what it corrects changes
 * slowly, and at full speed it would answer to every bad hour a second time. */
static void learn_shift(struct window *w, const struct pending *made,
			const struct score *score)
{
	const struct tracker *t = &w->tracker;
	double limit = SHIFT_MAX * t->relative[made->speaker];
	double pace = SHIFT_PACE;
	double direction = (score->actual > (double)made->upper) - (1 - w->quantile);

	if (t->scores[made->speaker] < SHIFT_SCORES / SHIFT_PACE)
		pace = larger(pace, 1 / (1 + t->scores[made->speaker] / SHIFT_SCORES));
	w->shift = within(w->shift + pace * direction *
					     tracker_step(t, made->speaker, score),
			  -limit, limit);
}

static void score_all(struct window *w, const struct pending *made, double actual)
{
	struct score score = {
		.made = {.deviation = made->deviation,
			 .movement = made->movement,
			 .hour = hour_of(made->minute)},
		.prediction = made->prediction,
		.scale = made->scale,
		.actual = actual,
		.quantile = w->quantile,
		.weight = weight_of(w, actual),
		.thinning = &w->thinning,
	};

	tracker_score(&w->tracker, &score);
	if (isnan(made->upper))
		return;
	learn_shift(w, made, &score);
	w->load = w->thinning.discount * w->load + larger(actual, 0);
	w->unserved =
		w->thinning.discount * w->unserved + larger(actual - made->upper, 0);
}

bool window_learnable(const struct window *w, const struct history *h, int64_t end)
{
	return history_learnable(h, end - w->minutes, w->minutes + 1);
}

void window_learn(struct window *w, const struct history *h, int64_t end)
{
	int64_t minute = end - w->minutes;

	if (!counts(w, minute) || !window_learnable(w, h, end))
		return;

	double actual = history_maximum(h, minute + 1, w->minutes);

	if (isnan(actual))
		return;
	w->size += (fabs(actual) - w->size) / (double)(w->outcomes + 1);
	if (w->outcomes < MINUTES_PER_DAY - 1)
		w->outcomes++;

	const struct pending *made = pending_of(w, minute);

	if (made->minute != minute)
		return;
	learn_row(w, made, actual);
	score_all(w, made, actual);
}

void window_refit(struct window *w)
{
	nested_solve(&w->linear);
	tracker_refit(&w->tracker);
}

static void predict_all(const struct window *w, const struct history *h,
			struct holt_winters *hw, const struct feature_row *row,
			double ret_predictions[FC_MODEL_COUNT])
{
	ret_predictions[FC_LAST_VALUE] = row->known ? row->x[FEATURE_LAST] : NAN;
	ret_predictions[FC_HOUR_MEAN] = row->known ? row->x[FEATURE_MEAN_60] : NAN;
	ret_predictions[FC_SEASONAL_NAIVE] =
		row->known >= FEATURES_DAY
			? row->x[FEATURE_DAY_TARGET]
			: history_maximum(h, h->newest - MINUTES_PER_DAY + 1, w->minutes);
	nested_predict(&w->linear, row, &ret_predictions[FC_LINEAR_RECENT]);
	ret_predictions[FC_HOLT_WINTERS] =
		hw->fitted ? holt_winters_maximum(hw, h->newest + 1, w->minutes) : NAN;
	ret_predictions[FC_COMBINATION] = NAN;
}

/* Keeps what all candidates say until the outcome is known. */
static void remember(struct pending *made, const struct feature_row *row,
		     const double *predictions, const double *scales, double upper)
{
	made->upper = (float)upper;
	made->deviation = (float)row->deviation;
	made->movement = (float)row->movement;
	made->known = (int8_t)(row->learnable ? row->known : 0);
	feature_row_keep(row, made->x);
	floats_of(predictions, FC_MODEL_COUNT, made->prediction);
	floats_of(scales, FC_MODEL_COUNT, made->scale);
}

void window_predict(struct window *w, const struct history *h, struct holt_winters *hw,
		    struct feature_row *row, struct outlook *ret_outlook)
{
	double predictions[FC_MODEL_COUNT], scales[FC_MODEL_COUNT];
	struct circumstances now = {.deviation = row->deviation,
				    .movement = row->movement,
				    .hour = hour_of(h->newest)};
	bool scored = counts(w, h->newest);
	struct choice choice;

	feature_row_seasons(h, h->newest, w->minutes, row);
	predict_all(w, h, hw, row, predictions);
	select_choose(w, predictions, &choice);

	int32_t m = choice.speaks == FC_MODEL_COUNT ? 0 : (int32_t)choice.speaks;

	/* All of them where all will be scored. */
	if (scored)
		tracker_scales(&w->tracker, predictions, &now, scales);
	else
		scales[m] = tracker_scale(&w->tracker, m, predictions[m], &now);
	select_outlook(w, &choice, predictions[m], scales[m], ret_outlook);
	if (!scored)
		return;

	struct pending *made = pending_of(w, h->newest);

	made->minute = h->newest;
	made->speaker = (int8_t)m;
	remember(made, row, predictions, scales,
		 ret_outlook->known ? ret_outlook->upper : NAN);
}

int64_t window_minutes_needed(const struct window *w)
{
	/* The longest of the recent lags, the rows of the first solution, the window
	 * after the last of them, then predictions and their windows. */
	int64_t linear = 20 + nested_needed(NEST_RECENT) + w->stride + w->minutes;
	int64_t holt_winters = 3 * MINUTES_PER_DAY + MINUTES_PER_HOUR;
	int64_t model = w->allowed[FC_LINEAR_RECENT]  ? linear
			: w->allowed[FC_HOLT_WINTERS] ? holt_winters
						      : 0;

	return model + w->minutes + SCORES_NEEDED + w->stride;
}
