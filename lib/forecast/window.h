/* Everything about one window: the regressions for it, what each candidate predicted, how
 * well, and who speaks. */
#ifndef FORETOP_FORECAST_WINDOW_H
#define FORETOP_FORECAST_WINDOW_H

#include "forecast/features.h"
#include "forecast/forecast.h"
#include "forecast/holt_winters.h"
#include "forecast/ridge.h"
#include "forecast/tracker.h"

#define LINEAR_COUNT 3 /* recent, day, week: FC_LINEAR_RECENT and the two after it */
#define LINEAR_STORAGE                                                                   \
	(RIDGE_STORAGE(FEATURES_RECENT) + RIDGE_STORAGE(FEATURES_DAY) +                  \
	 RIDGE_STORAGE(FEATURES_WEEK))

/* Predictions wait for their outcome. For long windows only every second to fifth minute
 * is scored: neighbours share nearly the same window, so little is lost, and memory stays
 * fixed. */
#define PENDING_MAX 34

/* Minutes that must be scored before the quantile of a model means anything: with q =
 * 0.95 three of them lie above. */
#define SCORES_NEEDED 60

/* What was predicted at a minute; NaN where a candidate could not. */
struct pending {
	int64_t minute;
	float prediction[FC_MODEL_COUNT];
	float scale[FC_MODEL_COUNT];
	float deviation, movement;
	float upper; /* what was said; NaN when nothing was */
};

/* What a window says for its newest minute. */
struct outlook {
	bool known;
	double mean, upper;
	enum model model, baseline;
	double skill, coverage;
};

struct window {
	int32_t minutes; /* the window: (now, now + minutes] */
	int32_t stride;  /* minutes from one score to the next */
	struct thinning thinning;
	double quantile;
	bool allowed[FC_MODEL_COUNT]; /* who may speak */
	struct ridge linear[LINEAR_COUNT];
	struct tracker trackers[FC_MODEL_COUNT];
	double load, unserved; /* discounted sums, units of demand */
	double size;           /* running mean of the outcomes' sizes */
	int64_t outcomes;
	struct pending pending[PENDING_MAX];
	double linear_storage[LINEAR_STORAGE];
};

struct window_config {
	int32_t minutes;
	double quantile;
	bool use_linear, use_holt_winters;
};

void window_init(struct window *w, const struct window_config *config);

/* Learns from the prediction whose window ends with the newest minute of `h`. */
void window_learn(struct window *w, const struct history *h);

/* Solves all regressions; for once an hour. */
void window_refit(struct window *w);

/* Predicts from the newest minute of `h` on and remembers it. `recent`: that minute's
 * row. */
void window_predict(struct window *w, const struct history *h,
		    const struct holt_winters *hw, const struct feature_row *recent,
		    struct outlook *ret_outlook);

/* Minutes with a value until the first model may speak, when none is missing. */
int64_t window_minutes_needed(const struct window *w);

#endif
