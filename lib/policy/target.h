/* The target of a metric: how many units, and of what. Private to policy. */
#ifndef FORETOP_POLICY_TARGET_H
#define FORETOP_POLICY_TARGET_H

#include "policy/parts.h"

/* As written; 0, and -1 for the type, mean absent or wrong. */
struct target_draft {
	int type; /* enum target_type */
	int64_t value_m, average_m;
	int32_t utilization_pct;
};

void target_read(const struct place *at, struct target_draft *draft);
/* What a metric of this type asks of its target, in the API's own words. */
void target_check(const struct place *target, enum metric_type type,
		  const struct target_draft *draft);
/* The target that is acted on. Only for Object does `type` choose: for all others the HPA
 * follows the number that is set, whatever `type` says. */
struct metric_target target_chosen(enum metric_type type,
				   const struct target_draft *draft);

/* `forecast` of a metric, whose own targets are set already: target, reactiveTarget. */
void target_read_forecast(const struct place *at, struct policy_metric *m);

#endif
