/* One metric's value and the pods into a number of replicas: the HPA's replica
 * calculator. */
#ifndef FORETOP_DECIDE_CALCULATOR_H
#define FORETOP_DECIDE_CALCULATOR_H

#include "decide/decide.h"

/* How far from the target is still right, per direction, as fractions. */
struct tolerance {
	double down, up;
};
/* `behavior`'s where it has them, else the controller's. */
struct tolerance tolerance_of(const struct policy *policy,
			      const struct decide_config *config);
/* 1 - down <= ratio <= 1 + up, in the very form that the HPA has used since 1.33: other
 * forms round otherwise. */
bool tolerance_within(struct tolerance t, double ratio);

/* What one metric proposes. */
struct proposal {
	int32_t replicas;
	int32_t utilization_pct; /* Utilization targets, before unready and missing pods
				    are weighed in; else 0 */
	int32_t pods_counted, pods_listed; /* as in struct metric_decision */
	int64_t value_m; /* average per pod, or the value; milli-units */
};

/* The proposal of metric `index` of the policy with `target` in place of its own (the
 * reactive target while a forecast carries the risk). -1 with *err (ERR_RETRY) in the
 * HPA's words when the value is unknown or does not fit the pods. One deviation: per-pod
 * values of which none belongs to a listed pod are unknown for every type, where the HPA
 * would count foreign pods' averages. */
int calculate(const struct decide_input *in, int32_t index,
	      const struct metric_target *target, struct proposal *ret_proposal,
	      struct err *err);

#endif
