/* What a policy's decisions came to, counted for /metrics. */
#ifndef FORETOP_ENGINE_COUNTS_H
#define FORETOP_ENGINE_COUNTS_H

#include "decide/decide.h"

/* What the size of one decision rests on. */
enum cause {
	CAUSE_REACTIVE, /* the HPA's rule */
	CAUSE_FORECAST, /* the proposal of a forecast */
	CAUSE_BOUNDS,   /* minReplicas or maxReplicas alone: no metric was looked at */
	CAUSE_HELD,     /* a guard, a rollout, an anomaly, ...: not what came out */
	CAUSE_UNKNOWN,  /* a metric, the pods or the target are unknown */
	CAUSE_DISABLED, /* the target stands at zero, and not because of us */
	CAUSE_COUNT,
};
enum cause decision_cause(const struct decision *d);
/* "reactive", "forecast", ... */
const char *cause_name(enum cause cause);

/* What stood between the best proposal and the decision. */
enum clamp {
	CLAMP_TOO_FEW,  /* minReplicas */
	CLAMP_TOO_MANY, /* maxReplicas */
	CLAMP_UP_RATE,
	CLAMP_DOWN_RATE,
	CLAMP_STABILIZED_DOWN,
	CLAMP_STABILIZED_UP,
	CLAMP_HELD,
	CLAMP_CAPPED, /* maxOverReactive */
	CLAMP_COUNT,
};
/* As the status object calls them: "TooManyReplicas", "ScaleDownStabilized", ... */
const char *clamp_name(enum clamp clamp);

struct counts {
	uint64_t decided[CAUSE_COUNT];
	uint64_t clamped[CLAMP_COUNT]; /* decisions that it stood in the way of */
	uint64_t raised[CAUSE_COUNT], lowered[CAUSE_COUNT]; /* writes that went through */
};
void counts_decided(struct counts *c, const struct decision *d);
void counts_wrote(struct counts *c, const struct decision *d, bool raised);

#endif
