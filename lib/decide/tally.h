/* The pods of one metric, classified and summed up. */
#ifndef FORETOP_DECIDE_TALLY_H
#define FORETOP_DECIDE_TALLY_H

#include "decide/decide.h"
#include "decide/numbers.h"

/* Pods of one class, and what their requests come to. */
struct share {
	int32_t pods;
	wide request_m;
};

struct tally {
	struct share counted, unready, missing;
	/* Usage of the counted pods. */
	wide usage_m;
	/* Missing pods at max(100, target) percent of their request. */
	wide missing_limit_m;
	/* Values that are left and their sum: those of the counted pods, and those of
	 * pods that are not listed. */
	int32_t values;
	wide values_m;
};

/* -1 with *err in the HPA's words when there is no pod, or no pod whose value counts.
 * Sums are wide, so that taking values out again is exact. */
int tally_pods(const struct decide_input *in, int32_t index,
	       const struct metric_target *target, struct tally *ret_tally,
	       struct err *err);

/* -1 with *err when a pod has no request. All listed pods are asked, those that are going
 * too: one of them breaks the metric. */
int tally_check_requests(const struct decide_input *in, int32_t index, struct err *err);

#endif
