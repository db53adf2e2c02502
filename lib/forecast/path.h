/* Forecasts a path: the mean and central intervals of every step up to a horizon, for
 * series of any regular step with up to two seasons. What `foretop forecast` prints and
 * dashboards draw; decisions rest on the largest demand of a window instead
 * (forecast.h).
 *
 * Several models forecast side by side. At a few knots of the horizon each is scored
 * whenever its target becomes known, and there the models speak with weights that fall
 * with their loss; between the knots weights and intervals are interpolated. A path is a
 * pure function of its configuration and the values given: same calls, same bits. */
#ifndef FORETOP_FORECAST_PATH_H
#define FORETOP_FORECAST_PATH_H

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_CAPACITY_MIN 64
#define PATH_CAPACITY_MAX 65536
#define PATH_HORIZON_MAX  10080
#define PATH_LEVELS_MAX   4
#define PATH_KNOTS_MAX    8

/* The first PATH_BASELINES are what a model must beat; they cannot be turned off. */
enum path_model {
	PATH_LAST_VALUE,
	PATH_HOUR_MEAN,   /* mean of the last hour, of two steps at least */
	PATH_SHORT_NAIVE, /* the same step one short season ago */
	PATH_LONG_NAIVE,  /* one long season ago */
	PATH_TREND,       /* straight line through the last half hour, four steps at least
			   */
	PATH_BASELINES,
	PATH_LAG_LEVEL = PATH_BASELINES, /* ridge on seasonal lags, step after step */
	PATH_LAG_LOG,                    /* the same on logarithms */
	PATH_HOLT_WINTERS,               /* exponential smoothing */
	PATH_SEASON_MEAN,                /* of the last short season */
	PATH_MODEL_COUNT,
};
/* "last value", "linear regression on lags", ...: for reasons and tables. */
const char *path_model_name(enum path_model m);

struct path_config {
	int32_t capacity;    /* values remembered, in [PATH_CAPACITY_MIN, _MAX] */
	int32_t step_s;      /* seconds from one value to the next, >= 1 */
	int32_t seasons[2];  /* in steps, the shorter first; 0: none. In [2, capacity] */
	int32_t horizon;     /* steps, in [1, PATH_HORIZON_MAX] */
	int32_t level_count; /* in [0, PATH_LEVELS_MAX] */
	double levels[PATH_LEVELS_MAX]; /* of central intervals, in (0, 1): .95 is the
					   quantiles .025 and .975 */
	/* Values from one fit to the next; 0: one short season, without one a day; < 0:
	 * only when path_fit asks. */
	int32_t refit_steps;
	bool use_linear, use_holt_winters;
};

/* 0, or -1 with ERR_INVALID and the field that is out of range. */
int path_config_check(const struct path_config *config, struct err *err);

/* Bytes that a path of a valid configuration needs for itself, and those of work memory:
 * nothing stays there but what a fit in hand needs, so that many paths can share it. Both
 * are multiples of 16. */
size_t path_size(const struct path_config *config);
size_t path_workspace_size(const struct path_config *config);

/* A path in memory of the caller (path_size bytes, aligned like malloc's); config is
 * copied. It never allocates. `workspace`: path_workspace_size bytes, borrowed for the
 * path's life; NULL: they follow behind the path in `memory`. Paths that share one take
 * turns: none may be worked on (path_work) while another one's fit is in hand. */
struct path *path_init(void *memory, const struct path_config *config, void *workspace);

/* Gives the next value of the grid. NaN: missing; so is what is beyond 1e30 in size. Once
 * fitted it also scores what was forecast for this step and moves every model on, in O(1)
 * on average. False, and nothing taken, while a fit is due (path_work): so what is
 * learned never depends on how the work was sliced. */
bool path_learn(struct path *p, double v);

/* Asks for a fit with the values so far, now; otherwise the first comes with two short
 * seasons (or 64 values), and then one every refit_steps. */
void path_fit(struct path *p);

/* Does a slice of the fit that is due, at most about 1 ms. True while more is due. */
bool path_work(struct path *p);

enum path_state {
	PATH_WAITING, /* fewer than ten values: `reason` says what is missing */
	PATH_FITTING, /* work is due; what stood before is still told */
	PATH_READY,
};

/* Where forecasts are written: arrays of the caller. lower[i] and upper[i] belong to
 * levels[i] and hold `steps` values each; lower, upper and their members may be NULL. */
struct path_steps {
	int32_t steps; /* in [1, horizon] */
	double *mean;  /* mean[h - 1]: h steps after the newest value */
	double *lower[PATH_LEVELS_MAX], *upper[PATH_LEVELS_MAX];
};

/* The forecast as of the newest value. False, and nothing written, while PATH_WAITING.
 * Every number is finite, lower <= mean <= upper, and wider levels contain narrower
 * ones. */
bool path_predict(const struct path *p, const struct path_steps *ret_steps);

/* What one model alone says: ret_mean holds `steps` values, in [1, horizon]. False, and
 * nothing written, where it has nothing to say. */
bool path_predict_model(const struct path *p, enum path_model m, int32_t steps,
			double *ret_mean);

/* How a model does at one knot. */
struct path_score {
	double weight; /* its share in the mean, in [0, 1] */
	double loss;   /* discounted mean absolute error, units of the values; NaN unknown
			*/
	double skill;  /* 1 - loss / loss of the best baseline, in [-1, 1]; NaN unknown */
};

struct path_report {
	enum path_state state;
	int64_t learned; /* values (not NaN) so far */
	int32_t knots;
	int32_t horizon[PATH_KNOTS_MAX]; /* of each knot, in steps */
	struct path_score score[PATH_KNOTS_MAX][PATH_MODEL_COUNT];
	double loss[PATH_KNOTS_MAX];              /* of the combination */
	double skill[PATH_KNOTS_MAX];             /* of the combination */
	enum path_model baseline[PATH_KNOTS_MAX]; /* the best one */
	/* Share of outcomes inside the first level's interval; NaN unknown. */
	double coverage[PATH_KNOTS_MAX];
	char reason[240]; /* sentences for people: why waiting, or what it rests on */
};

void path_report(const struct path *p, struct path_report *ret_report);

#endif
