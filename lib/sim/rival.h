/* Who else could have scaled the same load: virtual deployments for comparison. Pure. */
#ifndef FORETOP_SIM_RIVAL_H
#define FORETOP_SIM_RIVAL_H

#include "decide/decide.h"
#include "sim/workload.h"

enum rival_kind {
	RIVAL_HPA,   /* the policy's metrics and bounds by the HPA's rules, no forecast */
	RIVAL_FIXED, /* the smallest size that never falls short */
	RIVAL_PERFECT, /* knows the largest demand within lead time and sync period */
};
/* "HPA", "fixed size", "perfect forecast". */
const char *rival_kind_name(enum rival_kind kind);

struct rival_config {
	enum rival_kind kind;
	struct workload_config workload;
	const struct policy *policy;        /* borrowed */
	const struct decide_config *decide; /* borrowed; NULL: the HPA's defaults */
	int64_t sync_ms;                    /* between decisions; 0: 15 s */
	bool terse;                         /* decisions without their texts */
	/* The end of the demand that must be met: RIVAL_FIXED needs it; RIVAL_PERFECT
	 * looks no further, 0: it looks on. */
	int64_t until_ms;
};

struct rival {
	enum rival_kind kind;
	struct workload workload;
	struct policy policy; /* a copy whose texts are borrowed; forecasting is off and
				 the reactive target is the user's */
	struct policy_metric metrics[POLICY_METRICS_MAX]; /* its own */
	struct decide_config decide;
	struct decide_memory memory;
	struct decision decision; /* of the last sync; RIVAL_HPA only */
	struct metric_decision decided[POLICY_METRICS_MAX]; /* of it */
	int64_t sync_ms, next_sync_ms, until_ms;
	struct pod *pods; /* room for all pods of the workload, as are values; owned */
	struct pod_value *values;
	int32_t room;
	uint64_t described; /* changes of the workload that `pods` show; 0: none yet */
};

/* Starts at now_ms. */
void rival_init(struct rival *r, const struct rival_config *config, int64_t now_ms);
/* Accepts NULL and zeroed. */
void rival_fini(struct rival *r);
/* Lives and decides up to to_ms; a decision that is due then is made. */
void rival_advance(struct rival *r, int64_t to_ms);

#endif
