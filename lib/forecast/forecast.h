/* Front header of forecast: demand of a workload, one value a minute, into "how much at
 * most within the next minutes".
 *
 * What is forecast is what is acted on: an upper quantile of the largest demand within a
 * window that starts now. A forecaster is a pure function of the values it was
 * given and of its configuration: the same values in the same order give the same
 * forecast, bit for bit, whenever the process was started.
 *
 * A minute far from what was expected, and from what other days have shown at its time,
 * is not learned; when such minutes go on for ten, they were real, and are learned late.
 */
#ifndef FORETOP_FORECAST_FORECAST_H
#define FORETOP_FORECAST_FORECAST_H

#include "base/base.h"
#include "forecast/anomaly.h"
#include "forecast/levels.h"
#include "forecast/path.h"
#include "forecast/season.h"
#include "forecast/usage.h"
#include "series/series.h"

#include <stdbool.h>

#define FORECAST_STEP_MS      MS_PER_MIN
#define FORECAST_WINDOW_MAX   120
#define FORECAST_RELEASE_MAX  10
#define FORECAST_EXCLUDES_MAX 32

/* Who speaks: the mean of the models that the policy allows and of FC_SEASONAL_NAIVE,
 * weighted by their recent losses. The baselines are always on; they are what a model
 * must beat. While the mean has nothing to say the model with the lowest loss does, the
 * first two baselines only where everyone else lacks input (a long gap). */
enum model {
	FC_LAST_VALUE,
	FC_HOUR_MEAN,
	FC_SEASONAL_NAIVE,
	FC_LINEAR_RECENT, /* ridge on recent lags only */
	FC_LINEAR_DAY,    /* with seasonal lags of a day */
	FC_LINEAR_WEEK,   /* and of a week */
	FC_HOLT_WINTERS,  /* additive, daily season, damped or no trend */
	FC_COMBINATION,   /* of all from FC_SEASONAL_NAIVE on */
	FC_MODEL_COUNT,
};
/* "last value", "linear regression (day)", ...: for reasons and status. */
const char *model_name(enum model m);

/* What was said at the end of a minute, when it was the newest one. */
struct forecast_minute {
	int64_t end_ms; /* the window begins here */
	bool known;     /* the minute has a value */
	double value;   /* as it was learned; NaN when missing */
	/* As in struct forecast; all three NaN while nothing is forecast. */
	double mean, upper, release;
};
typedef void forecast_heed(void *context, const struct forecast_minute *said);

/* The seasons that models and baselines may know of. */
enum forecast_seasons {
	FORECAST_SEASONS_DAY_AND_WEEK,
	FORECAST_SEASONS_DAY,
	FORECAST_SEASONS_NONE, /* no Holt-Winters and no "same time yesterday" either */
};

struct forecast_config {
	/* The window (now, now + window_min] in minutes, in [1, FORECAST_WINDOW_MAX]. */
	int32_t window_min;
	/* How much longer the window for releases is, in [0, FORECAST_RELEASE_MAX]; 2
	 * does well. */
	int32_t release_min;
	double quantile; /* in [0.5, 0.999] */
	/* The policy's `models`; baselines cannot be turned off. */
	bool use_linear, use_holt_winters;
	enum forecast_seasons seasons;
	/* Whose days and weeks they are; NULL: UTC. The hour that its clock shows twice
	 * is learned once, the second time: the first time what was said before stands
	 * and grows old. The one that it skips is missing. Borrowed for the forecaster's
	 * life. */
	const struct zone *zone;
	/* Minute of the day of the daily fit, in [0, 1439]: to spread the fits of
	 * many forecasters (a hash of the policy's name does). */
	int32_t refit_minute;
	/* Times whose minutes are not learned from: forecasts go on during them (of
	 * a usual day, where the season speaks), but no model, margin or later season
	 * learns of them. At most FORECAST_EXCLUDES_MAX,
	 * borrowed for the forecaster's life; may overlap. */
	const struct time_range *excludes;
	int32_t exclude_count;
	/* Called from forecaster_work once for each minute that was learned, missing ones
	 * within gaps of less than 15 days included, in the order of time, after the
	 * prediction from it: what a user of the forecaster would have been told then. It
	 * must not call the forecaster. NULL: nobody listens. `heed_context` is borrowed
	 * for the forecaster's life. */
	forecast_heed *heed;
	void *heed_context;
};

enum forecast_state {
	/* Not enough data yet, or too much of it missing now; `reason` says how much is
	 * there, how much is needed and when that will be. */
	FORECAST_WAITING,
	FORECAST_FITTING, /* work is due that may end the waiting */
	FORECAST_READY,
};

/* What is odd about the newest minutes. */
struct forecast_anomaly {
	enum anomaly_kind kind; /* of the newest minute */
	/* The newest value may be a lie: lower nothing because of it. A POINT without it
	 * has held for as long as it may. */
	bool hold_down;
	int64_t hold_until_ms; /* 0 without */
	int64_t count;         /* times so far that something odd began */
	/* What is odd, for people: of what holds, otherwise of the newest minute; "". */
	char text[ANOMALY_TEXT_MAX];
};

struct forecast {
	enum forecast_state state;
	int64_t made_for_ms; /* end of the newest minute that was learned: the window
				starts here */
	double last;         /* newest value, units of demand; NaN when missing */
	double mean;         /* expected largest demand within the window */
	double upper;        /* its configured quantile, never below 0 */
	/* The same over the longer window, never below `upper`: what a release may go
	 * down to. */
	double release;
	enum model model;    /* which one speaks */
	enum model mostly;   /* the one with the largest share in it */
	enum model baseline; /* the best baseline (beside the model, if it is one) */
	/* 1 - loss(model) / loss(baseline), pinball loss of `upper` in units of
	 * demand with a half-life of a day; cut to [-1, 1]; NaN unknown. */
	double skill;
	/* Share of the recent load (half-life a day) that `upper` covered, in [0, 1]; NaN
	 * unknown. */
	double coverage;
	int64_t learned_min;             /* minutes with a value so far */
	struct forecast_anomaly anomaly; /* in every state */
	char reason[160]; /* one sentence for people: why waiting, or what it rests on */
};

/* Bytes that one forecaster needs; a constant of the build. */
size_t forecaster_size(void);

/* A forecaster in memory of the caller (forecaster_size bytes, aligned like malloc's). It
 * never allocates. */
struct forecaster *forecaster_init(void *memory, const struct forecast_config *config);

/* Gives the value of the minute [t_ms, t_ms + 1 min), t_ms a multiple of a minute.
 * Minutes that are skipped are missing; a minute that was given already is ignored. NaN:
 * missing. Cheap: it queues up to FORECAST_QUEUE minutes that forecaster_work has not
 * learned yet. False, and nothing taken, when the queue is full. */
#define FORECAST_QUEUE 12
bool forecaster_add(struct forecaster *f, int64_t t_ms, double v);

/* Does a slice of what is due (learning, a fit), at most about 1 ms. True while more is
 * due. Deterministic: results do not depend on how the work was sliced. A forecaster
 * without due work answers for its newest minute. */
bool forecaster_work(struct forecaster *f);

/* The forecast as of the newest minute whose work is done. Unless READY, mean, upper,
 * release, skill and coverage are NaN. */
void forecaster_predict(const struct forecaster *f, struct forecast *ret_forecast);

/* The forecast that would stand if the `minutes` (in [1, 1440]) after the newest one had
 * brought no value: what is known of the season goes on where data has ended. The
 * forecaster is as before afterwards, and nobody is told. It must have no due work;
 * `scratch`: forecaster_size bytes. About 5 us a minute. */
void forecaster_look_ahead(struct forecaster *f, int32_t minutes, void *scratch,
			   struct forecast *ret_forecast);

#endif
