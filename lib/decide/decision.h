/* What was decided and why, as a value: the engine writes it, publishes it and forgets
 * it. */
#ifndef FORETOP_DECIDE_DECISION_H
#define FORETOP_DECIDE_DECISION_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

#define DECIDE_NO_REPLICAS (-1) /* no proposal of this kind */

/* In the order in which the HPA sets them; ScaledToZero exists only with scale-to-zero.
 */
enum condition_type {
	CONDITION_ABLE_TO_SCALE,
	CONDITION_SCALING_ACTIVE,
	CONDITION_SCALING_LIMITED,
	CONDITION_SCALED_TO_ZERO,
	CONDITION_TYPES,
};
/* CONDITION_KEEP: this decision says nothing about it, what stood before stands. */
enum condition_status {
	CONDITION_KEEP,
	CONDITION_TRUE,
	CONDITION_FALSE,
	CONDITION_REMOVE
};

struct condition {
	enum condition_status status;
	const char *reason; /* the HPA's: "ValidMetricFound"; a constant, never freed */
	char message[224];  /* the HPA's */
};

/* What stood between the combined proposal and the decision. */
enum limit {
	LIMIT_NONE,            /* DesiredWithinRange */
	LIMIT_TOO_FEW,         /* minReplicas */
	LIMIT_TOO_MANY,        /* maxReplicas */
	LIMIT_SCALE_UP_RATE,   /* ScaleUpLimit */
	LIMIT_SCALE_DOWN_RATE, /* ScaleDownLimit */
};

enum stabilization { STABILIZED_NOT, STABILIZED_DOWN, STABILIZED_UP };

/* Why nothing was computed, or why the computed size was not followed. */
enum hold {
	HOLD_NONE,
	HOLD_DOWN,     /* decide_input.hold_down */
	HOLD_UNKNOWN,  /* a metric is unknown: no scale-down, or no metric at all */
	HOLD_DISABLED, /* the target stands at zero and we did not put it there */
	HOLD_SELECTOR, /* the target's pods cannot be told */
	HOLD_TARGET,   /* the scale could not be read */
};

/* One metric's numbers in this cycle. */
struct metric_decision {
	bool known;          /* the reactive value was known and computable */
	bool forecast_used;  /* its forecast made a proposal */
	const char *failure; /* when not known: the HPA's reason,
				"FailedGetResourceMetric"; else NULL */
	char error[160];     /* when not known: the cause, for people */
	int32_t reactive;  /* proposal of the replica calculator, or DECIDE_NO_REPLICAS */
	int32_t predicted; /* proposal of the forecast, or DECIDE_NO_REPLICAS */
	int32_t release;   /* what a release by forecast may go down to, or
			      DECIDE_NO_REPLICAS */
	int32_t utilization_pct; /* Utilization targets: percent of the request; else 0 */
	int64_t value_m; /* average per pod, or the value (TARGET_VALUE), milli-units */
	int32_t pods_counted; /* per-pod metrics: pods whose value is used */
	int32_t pods_listed;  /* of so many that are not gone or going; 0 where pods are
				 not looked at */
	struct metric_target target; /* that the reactive part used: the metric's, or its
					reactive target */
	double capacity; /* demand that one pod carries under the forecast target, units
			    of demand; NaN unknown */
};

struct decision {
	int32_t current; /* spec.replicas of the scale that was decided on */
	int32_t desired; /* in [0, INT32_MAX]; equal to current: nothing to write */
	int32_t wanted;  /* combined proposal before every guard, or DECIDE_NO_REPLICAS */
	int32_t reactive;   /* best reactive proposal, before every guard, or
			       DECIDE_NO_REPLICAS */
	int32_t predicted;  /* best forecast proposal, before every guard, or
			       DECIDE_NO_REPLICAS */
	int32_t stabilized; /* after stabilization, before rates and bounds, or
			       DECIDE_NO_REPLICAS */
	int32_t winner;     /* index of the metric whose proposal won, or -1 */
	bool by_forecast;   /* the winning proposal is a forecast's */
	bool released;      /* stabilization was cut short by the forecast's release */
	enum hold hold;
	enum limit limit;
	enum stabilization stabilization;
	int64_t until_ms; /* STABILIZED_DOWN: when the highest recommendation leaves the
			     window; else 0 */
	int32_t unknown_count; /* metrics that are not known */
	struct metric_decision metrics[POLICY_METRICS_MAX];
	struct condition conditions[CONDITION_TYPES];
	char rescale[192]; /* the HPA's reason of a rescale: "All metrics below target";
			      "" without one */
	char reason[512];  /* "fact -> action" */
};

/* "ScaleUpLimit", ...: the HPA's reason of ScalingLimited. */
const char *limit_reason(enum limit limit);
/* "AbleToScale", ... */
const char *condition_type_name(enum condition_type type);

#endif
