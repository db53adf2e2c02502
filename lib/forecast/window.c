#include "forecast/window.h"
#include "forecast/scalar.h"
#include "forecast/select.h"

#include <math.h>

#define LINEAR_KEEP  (1 - 1. / (14 * MINUTES_PER_DAY))
#define LINEAR_RIDGE 1e-5
/* Weight of rows above and below the regression: an expectile of 0.8, which leans to the
 * side where load is lost. */
#define WEIGHT_ABOVE .8
#define WEIGHT_BELOW .2

static const int32_t linear_dims[LINEAR_COUNT] = {FEATURES_RECENT, FEATURES_DAY,
						  FEATURES_WEEK};

static int64_t samples_needed(int32_t dim)
{
	return 5 * dim + 200;
}

void window_init(struct window *w, const struct window_config *config)
{
	double *storage = w->linear_storage;

	w->minutes = config->minutes;
	w->stride = (config->minutes + PENDING_MAX - 2) / (PENDING_MAX - 1);
	w->thinning = thinning_of(w->stride);
	w->quantile = config->quantile;
	w->load = w->unserved = w->size = 0;
	w->outcomes = 0;
	for (int32_t i = 0; i < LINEAR_COUNT; i++) {
		ridge_init(&w->linear[i], linear_dims[i], storage);
		storage += RIDGE_STORAGE(linear_dims[i]);
	}
	for (int32_t i = 0; i < FC_MODEL_COUNT; i++)
		tracker_init(&w->trackers[i]);
	for (int32_t i = 0; i < PENDING_MAX; i++)
		w->pending[i].minute = INT64_MIN;
	for (int32_t i = 0; i < FC_MODEL_COUNT; i++)
		w->allowed[i] = i < FC_LINEAR_RECENT ||
				(i == FC_HOLT_WINTERS ? config->use_holt_winters
						      : config->use_linear);
}

static struct pending *pending_of(struct window *w, int64_t minute)
{
	int64_t slot = minute / w->stride % PENDING_MAX;

	return &w->pending[slot < 0 ? slot + PENDING_MAX : slot];
}

static void learn_row(struct window *w, const struct history *h, int64_t minute,
		      double actual)
{
	struct feature_row row;

	feature_row_recent(h, minute, &row);
	if (!row.learnable)
		return;
	feature_row_seasons(h, minute, w->minutes, &row);
	for (int32_t i = 0; i < LINEAR_COUNT && linear_dims[i] <= row.known; i++) {
		struct ridge *r = &w->linear[i];
		bool above = actual > ridge_predict(r, row.x);

		ridge_learn(r, row.x, actual, LINEAR_KEEP,
			    above ? WEIGHT_ABOVE : WEIGHT_BELOW);
		if (r->samples == samples_needed(r->dim))
			ridge_solve(r, LINEAR_RIDGE);
	}
}

static void score_all(struct window *w, const struct pending *made, double actual)
{
	struct score score = {
		.made = {.deviation = made->deviation,
			 .movement = made->movement,
			 .minute = made->minute},
		.actual = actual,
		.quantile = w->quantile,
		.thinning = &w->thinning,
	};

	for (int32_t i = 0; i < FC_MODEL_COUNT; i++) {
		if (isnan(made->prediction[i]))
			continue;
		score.made.prediction = made->prediction[i];
		score.scale = made->scale[i];
		tracker_score(&w->trackers[i], &score);
	}
	if (isnan(made->upper))
		return;

	w->load = w->thinning.discount * w->load + larger(actual, 0);
	w->unserved =
		w->thinning.discount * w->unserved + larger(actual - made->upper, 0);
}

void window_learn(struct window *w, const struct history *h)
{
	int64_t minute = h->newest - w->minutes;
	double actual = history_maximum(h, minute + 1, w->minutes);

	if (isnan(actual))
		return;
	w->size += (fabs(actual) - w->size) / (double)(w->outcomes + 1);
	if (w->outcomes < MINUTES_PER_DAY - 1)
		w->outcomes++;
	learn_row(w, h, minute, actual);

	const struct pending *made = pending_of(w, minute);

	if (made->minute == minute)
		score_all(w, made, actual);
}

void window_refit(struct window *w)
{
	for (int32_t i = 0; i < LINEAR_COUNT; i++) {
		if (w->linear[i].samples >= samples_needed(w->linear[i].dim))
			ridge_solve(&w->linear[i], LINEAR_RIDGE);
	}
	for (int32_t i = 0; i < FC_MODEL_COUNT; i++)
		tracker_refit(&w->trackers[i]);
}

/* No further outside of what the row has seen than that is wide: a regression must not
 * run away on input that it never met. */
static double bounded(double prediction, const struct feature_row *row, int32_t dim)
{
	double least = row->x[FEATURE_LAST], most = row->x[FEATURE_LAST];

	for (int32_t i = FEATURE_LAST + 1; i < dim; i++) {
		least = smaller(least, row->x[i]);
		most = larger(most, row->x[i]);
	}
	return within(prediction, least - (most - least), most + (most - least));
}

static void predict_linear(const struct window *w, const struct feature_row *row,
			   double ret_predictions[FC_MODEL_COUNT])
{
	for (int32_t i = 0; i < LINEAR_COUNT && linear_dims[i] <= row->known; i++) {
		const struct ridge *r = &w->linear[i];

		if (r->solved)
			ret_predictions[FC_LINEAR_RECENT + i] =
				bounded(ridge_predict(r, row->x), row, r->dim);
	}
}

static void predict_all(const struct window *w, const struct history *h,
			const struct holt_winters *hw, const struct feature_row *row,
			double ret_predictions[FC_MODEL_COUNT])
{
	for (int32_t i = 0; i < FC_MODEL_COUNT; i++)
		ret_predictions[i] = NAN;
	if (row->known) {
		ret_predictions[FC_LAST_VALUE] = row->x[FEATURE_LAST];
		ret_predictions[FC_HOUR_MEAN] = row->x[FEATURE_MEAN_60];
	}
	ret_predictions[FC_SEASONAL_NAIVE] =
		history_maximum(h, h->newest - MINUTES_PER_DAY + 1, w->minutes);
	predict_linear(w, row, ret_predictions);
	if (hw->fitted)
		ret_predictions[FC_HOLT_WINTERS] =
			holt_winters_maximum(hw, h->newest + 1, w->minutes);
}

void window_predict(struct window *w, const struct history *h,
		    const struct holt_winters *hw, const struct feature_row *recent,
		    struct outlook *ret_outlook)
{
	struct feature_row row = *recent;
	double predictions[FC_MODEL_COUNT], scales[FC_MODEL_COUNT];
	struct pending made = {.minute = h->newest};

	feature_row_seasons(h, h->newest, w->minutes, &row);
	predict_all(w, h, hw, &row, predictions);
	made.deviation = (float)row.deviation;
	made.movement = (float)row.movement;
	for (int32_t i = 0; i < FC_MODEL_COUNT; i++) {
		struct circumstances now = {
			.prediction = predictions[i],
			.deviation = row.deviation,
			.movement = row.movement,
			.minute = h->newest,
		};

		scales[i] = isnan(predictions[i]) ? NAN
						  : tracker_scale(&w->trackers[i], &now);
		made.prediction[i] = (float)predictions[i];
		made.scale[i] = (float)scales[i];
	}
	select_outlook(w, predictions, scales, ret_outlook);
	made.upper = ret_outlook->known ? (float)ret_outlook->upper : NAN;
	if (h->newest % w->stride == 0)
		*pending_of(w, h->newest) = made;
}

int64_t window_minutes_needed(const struct window *w)
{
	/* The longest of the recent lags, the rows of the first solution, the window
	 * after the last of them, then predictions and their windows. */
	int64_t linear = 20 + samples_needed(FEATURES_RECENT) + w->minutes;
	int64_t holt_winters = 3 * MINUTES_PER_DAY + MINUTES_PER_HOUR;
	int64_t model = w->allowed[FC_LINEAR_RECENT]  ? linear
			: w->allowed[FC_HOLT_WINTERS] ? holt_winters
						      : 0;

	return model + w->minutes + SCORES_NEEDED + w->stride;
}
