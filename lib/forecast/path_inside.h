/* What a path is made of; for path*.c only. */
#ifndef FORETOP_FORECAST_PATH_INSIDE_H
#define FORETOP_FORECAST_PATH_INSIDE_H

#include "forecast/baseline.h"
#include "forecast/gram_fit.h"
#include "forecast/lag_ridge.h"
#include "forecast/path_combine.h"
#include "forecast/path_interval.h"
#include "forecast/path_series.h"
#include "forecast/path_shape.h"
#include "forecast/smoothing_fit.h"

/* Forecasts wait for their outcomes: of each knot at most so many, from origins that are
 * `stride` steps apart. The nearest knots are scored with every value. */
#define PATH_WAITING_MAX 14

/* What was said at an origin for one knot. */
struct path_said {
	float forecast[COMBINE_LANES];
	float combined;
};

/* A knot stands for the steps after the knot before it up to its own; origins take turns
 * among these. One that was always scored at the same step would praise the last value
 * where that step is a whole season. */
struct path_knot {
	int32_t first, last, centre; /* steps ahead */
	int32_t stride, shift;       /* a power of two, and which */
	int64_t due;                 /* of the first outcome that is waited for */
	/* Numbers of the values that it was said of; -1: none. Apart from what was said:
	 * they are looked through for every outcome. */
	int64_t dues[PATH_WAITING_MAX];
	struct path_said said[PATH_WAITING_MAX];
};

/* The models' parameters, as they are in use. */
struct path_models {
	struct lag_ridge level, log;
};

/* Holt-Winters: the model in use stands where the newest value is. */
struct path_smoothing {
	struct smoothing_config config;
	struct smoothing model;
	struct smoothing_fit fit;
	double *storage; /* borrowed: the model's */
	int32_t at;      /* the model knows v[0] to v[at - 1] */
};

/* An error of a replay. */
struct path_replayed {
	float error, log; /* of values, and of logarithms where there are any */
	uint8_t knot, part;
};

/* Work memory, borrowed. It may be others' as well. */
struct path_workspace {
	/* For the length of a call: LAG_WORK(config.horizon) each. */
	float *paths[2];
	/* For the length of a fit, which does one of these after the other: */
	struct gram_fit *regression;
	double *storage, *y, *smoothing;
	struct path_replayed *replayed; /* PATH_REPLAYED(room of the series) */
};

/* At most so many errors has a replay of half of n values: of all knots from every fourth
 * origin. */
#define PATH_REPLAYED(n) ((n) + 2 * PATH_KNOTS_MAX)
_Static_assert(SHAPE_PARTS <= UINT8_MAX, "a part fits");

enum fit_stage {
	FIT_IDLE,
	FIT_BEGIN,
	FIT_LEVEL, /* a regression is being fitted */
	FIT_LOG,
	FIT_SMOOTHING,
	FIT_REPLAY, /* the last values are forecast as if they were not known */
};

struct path {
	struct path_config config;
	struct path_series series;
	struct baselines baselines;
	struct path_models models;
	int32_t knots;
	struct path_knot knot[PATH_KNOTS_MAX];
	double keep[PATH_KNOTS_MAX]; /* of the scores, from one to the next */
	struct combine_scores scores[PATH_KNOTS_MAX];
	struct interval_levels levels;
	struct interval intervals[PATH_KNOTS_MAX];
	/* Intervals hold errors divided by the factor of the target's part of the season.
	 */
	struct shape shape, log_shape; /* log_shape: of a replay */
	float factor[SHAPE_PARTS];
	bool log_errors; /* errors are differences of logarithms */
	/* What stood before a replay that is going on. */
	struct interval told[PATH_KNOTS_MAX];
	float told_factor[SHAPE_PARTS];
	bool told_log_errors;
	bool fitted, seeded;
	int64_t fit_values;  /* length of the series (missing included) at the last fit */
	int64_t seed_values; /* the same, when losses and intervals were last seeded */
	enum fit_stage stage;
	int32_t fit_end;  /* the fit in hand uses v[0] to v[fit_end - 1] */
	int32_t replay;   /* next index of the replay */
	int32_t replayed; /* errors of it so far */
	struct path_smoothing smoothing;
	struct path_workspace work;
};

/* A back-test forecasts from every fourth origin at most: neighbours share most of their
 * errors. */
#define REPLAY_STRIDE 4

/* Forecasts at the knots from v[n - 1] on, and remembers them. */
void path_remember(struct path *p, int32_t n);
/* Scores all that was said for v[n - 1]. */
void path_score(struct path *p, int32_t n);
/* Models that can speak from v[n - 1] on. */
void path_speakers(const struct path *p, int32_t n, bool ret_speaks[PATH_MODEL_COUNT]);

/* The models' forecasts from one origin on. */
struct path_view {
	int32_t n;
	bool speaks[PATH_MODEL_COUNT];
	struct baseline_origin baseline;
	float season_mean;
	const float *level,
		*log; /* of the regressions, in p->work.paths; log: logarithms */
};
/* Begins the view from v[n - 1] on, `steps` far; the paths of the regressions go to
 * p->work.paths, so there is one view at a time. */
void path_view_init(const struct path *p, int32_t n, int32_t steps,
		    const bool speaks[PATH_MODEL_COUNT], struct path_view *ret_view);
/* What each model says h steps ahead, NaN where it does not speak. */
void path_view_at(const struct path *p, const struct path_view *view, int32_t h,
		  float ret[COMBINE_LANES]);

/* The error of a forecast of v[n - 1] in the units of the intervals, and back. */
double path_error(const struct path *p, bool logs, int32_t n, double mean);
/* How far others' forecasts lie from the mean, in the units of the intervals: those of
 * the models that learn, whatever their losses. */
struct dissent path_dissent(const struct path *p, bool logs,
			    const float forecast[COMBINE_LANES], double mean);
/* Bounded: at most the range seen beyond it, and not below 0 where nothing was. */
double path_apply(const struct path *p, bool logs, double mean, double error);

/* Moves Holt-Winters on to v[n - 1]. */
void path_smooth(struct path *p, int32_t n);

/* Sets the intervals from the errors of the replay that has ended. */
void path_seed(struct path *p);

/* Called when a fit begins and for each slice; true while more is due. */
bool path_fit_slice(struct path *p);

#endif
