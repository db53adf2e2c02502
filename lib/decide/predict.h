/* One metric's forecast into replicas: planned demand over what a pod carries.
 */
#ifndef FORETOP_DECIDE_PREDICT_H
#define FORETOP_DECIDE_PREDICT_H

#include "decide/decide.h"

struct prediction {
	int32_t replicas; /* ceil(upper / capacity) */
	int32_t release; /* ceil(release / capacity), at least nothing; DECIDE_NO_REPLICAS
			    without a release value */
	double capacity; /* demand per pod under the forecast target, units of demand */
};

/* Pods that carry `demand` at `capacity` each (> 0), rounded up but for rounding errors;
 * saturates. */
int32_t predict_pods(double demand, double capacity);

/* False when the metric has no forecast that can be turned into pods: mode Disabled, not
 * usable, not finite, a Value target (which is no demand that pods share), or a
 * Utilization target while no pod says what it requests; or one that was derived and
 * leaves less than a fifth of the target for what the load adds. */
bool predict(const struct decide_input *in, int32_t index,
	     struct prediction *ret_prediction);

/* Far more demand than the forecast's upper quantile of the largest: something goes on
 * that the forecast does not know of. A low quantile is missed by design, and its misses
 * say nothing; a quarter above a high one is no noise of any load that can be forecast.
 */
#define PREDICT_SURPASSED          1.25
#define PREDICT_SURPASSED_QUANTILE 0.9

static inline bool predict_surpassed(double demand, double upper, double quantile)
{
	return quantile >= PREDICT_SURPASSED_QUANTILE &&
	       demand > PREDICT_SURPASSED * upper;
}

#endif
