/* Everything about one window: the regressions for it, what each candidate predicted, how
 * well, and who speaks. */
#ifndef FORETOP_FORECAST_WINDOW_H
#define FORETOP_FORECAST_WINDOW_H

#include "forecast/features.h"
#include "forecast/forecast.h"
#include "forecast/holt_winters.h"
#include "forecast/nested.h"
#include "forecast/tracker.h"

/* Predictions wait for their outcome. Only one of two minutes is learned from and scored
 * (the window for releases takes the other), for long windows one of three or more:
 * neighbours share most of their window, so little is lost for half of the work, and
 * memory stays fixed. */
#define STRIDE_MIN  2
#define PENDING_MAX 20

/* Minutes that must be scored before the quantile of a model means anything: with q =
 * 0.95 three of them lie above. */
#define SCORES_NEEDED 60

/* What was predicted at a minute; NaN where a candidate could not. */
struct pending {
	int64_t minute;
	float prediction[FC_MODEL_COUNT];
	float scale[FC_MODEL_COUNT];
	float upper; /* what was said; NaN when nothing was */
	float deviation, movement;
	float x[FEATURES_KEPT]; /* the row, to be learned with the outcome */
	int8_t known;           /* of it; 0: not to be learned */
	int8_t speaker;         /* who said `upper` */
};

/* What a window says for its newest minute. */
struct outlook {
	bool known;
	double mean, upper;
	enum model model, mostly, baseline;
	double skill, coverage;
};

struct window {
	int32_t minutes; /* the window: (now, now + minutes] */
	int32_t stride;  /* minutes of which one is scored */
	int32_t phase;   /* tells which, < stride */
	struct thinning thinning;
	double quantile;
	bool allowed[FC_MODEL_COUNT]; /* who may speak */
	struct nested linear;
	struct tracker tracker; /* a lane for each model */
	/* Added to the offset of whoever speaks: what is said is calibrated once more,
	 * across changes of who speaks. */
	double shift;
	double load, unserved; /* discounted sums, units of demand */
	double size;           /* running mean of the outcomes' sizes */
	int64_t outcomes;
	struct pending pending[PENDING_MAX];
};

struct window_config {
	int32_t minutes;
	int32_t phase; /* >= 0 */
	double quantile;
	bool use_linear, use_holt_winters;
	enum forecast_seasons seasons;
};

void window_init(struct window *w, const struct window_config *config);

/* Learns from the prediction whose window ends with the minute `end`, the newest one of
 * `h` or at most HISTORY_DOUBT older. */
void window_learn(struct window *w, const struct history *h, int64_t end);

/* Whether all minutes of that window may be learned from. */
bool window_learnable(const struct window *w, const struct history *h, int64_t end);

/* Solves all regressions; for once an hour. */
void window_refit(struct window *w);

/* Predicts from the newest minute of `h` on and remembers it. `row`: that minute's, whose
 * seasons are set to those of this window. */
void window_predict(struct window *w, const struct history *h, struct holt_winters *hw,
		    struct feature_row *row, struct outlook *ret_outlook);

/* Minutes with a value until the first model may speak, when none is missing. */
int64_t window_minutes_needed(const struct window *w);

#endif
