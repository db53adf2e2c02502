/* Fits Holt-Winters: a search over its gains for the least mean absolute error over the
 * steps ahead that will be used, eight candidates at a time. Levels and seasons at the
 * start are averages. Resumable: one pass through the values at a time. */
#ifndef FORETOP_FORECAST_SMOOTHING_FIT_H
#define FORETOP_FORECAST_SMOOTHING_FIT_H

#include "forecast/smoothing_batch.h"

/* Fewer values than that fit nothing. */
#define SMOOTHING_VALUES_MIN 10

struct smoothing_fit {
	bool running;
	bool warm;  /* `best` comes from an earlier fit */
	bool plain; /* y can be taken as it is */
	bool kept;  /* the workspace survives from call to call */
	int32_t round;
	int32_t count, scored;
	int32_t horizon;
	double loss; /* of the best, summed */
	struct smoothing_gains best;
	struct smoothing start; /* its seasons stand in the caller's storage */
};

/* Doubles of workspace that a fit of `count` values needs; `storage`:
 * smoothing_storage. */
#define SMOOTHING_FIT_WORKSPACE(storage, count)                                          \
	((storage) * (BATCH_LANES * sizeof(float) / sizeof(double)) + (count))
size_t smoothing_fit_workspace(const struct smoothing_config *config, int32_t count);

/* Begins a fit of the values y, oldest first, NaN: missing, none of it kept. `storage`
 * (smoothing_storage doubles) will hold the fitted model's seasons: a model that stands
 * there has nothing to say any more. False, and nothing begun nor written, with less than
 * SMOOTHING_VALUES_MIN values. */
bool smoothing_fit_begin(struct smoothing_fit *fit, const struct smoothing_config *config,
			 const double *y, int32_t count, double *storage);

/* For a refit: searches only around these gains. After begin. */
void smoothing_fit_warm(struct smoothing_fit *fit, const struct smoothing_gains *gains);

/* Promises that nobody else touches the workspace while the fit runs, so that logarithms
 * are taken once. After begin. */
void smoothing_fit_keep(struct smoothing_fit *fit);

/* From now on y is given in the model's own terms, as smoothing_inward gives them:
 * logarithms where fit->start.logs is set, NaN for what is missing. After begin. */
void smoothing_fit_inward(struct smoothing_fit *fit);

/* Tries eight candidates, or, after the last, moves the best through all values and hands
 * it out. True while it runs. y: the same values as in begin. What the workspace holds
 * need not survive from call to call, unless that was promised. */
bool smoothing_fit_work(struct smoothing_fit *fit, const double *y, double *workspace,
			struct smoothing *ret_fitted);

/* All that is left of the work at once. */
void smoothing_fit_run(struct smoothing_fit *fit, const double *y, double *workspace,
		       struct smoothing *ret_fitted);

#endif
