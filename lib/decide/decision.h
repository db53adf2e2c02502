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

/* What the HPA would say of a decision. */
struct hpa_words {
	struct condition conditions[CONDITION_TYPES];
	char rescale[192]; /* its reason: "All metrics below target"; or "" */
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
	HOLD_DOWN,     /* decide_input.holds, against less */
	HOLD_UP,       /* and against more */
	HOLD_UNKNOWN,  /* a metric is unknown: no scale-down, or no metric at all */
	HOLD_DISABLED, /* the target stands at zero and we did not put it there */
	HOLD_SELECTOR, /* the target's pods cannot be told */
	HOLD_TARGET,   /* the scale could not be read */
};

/* One metric's numbers in this cycle. Replicas are DECIDE_NO_REPLICAS where there is no
 * proposal of the kind. */
struct metric_decision {
	bool known;         /* its value was there and a size followed from it */
	bool forecast_used; /* its forecast made a proposal */
	int32_t reactive;   /* proposal of the replica calculator */
	int32_t predicted;  /* proposal of the forecast */
	bool surpassed;     /* which its value exceeds: predict_surpassed */
	bool capped;        /* which asked for more: decide_input.over_reactive_max */
	int32_t at_limit;   /* pods at their CPU limit when half or more are; else 0 */
	double seen;        /* then: the least that demand can be, cores */
	int32_t release;    /* what a release by forecast may go down to */
	/* Percent of the request for Utilization targets; else 0. */
	int32_t utilization_pct;
	/* Average per pod, or the value for Value targets; milli-units. */
	int64_t value_m;
	/* Values are used of so many of the pods that are not gone or going; 0 of 0 where
	 * pods are not looked at. */
	int32_t pods_counted, pods_listed;
	/* Where the reactive part acted: the metric's target, or its reactive target
	 * while a forecast carries it that is not surpassed. */
	struct metric_target target;
	/* Demand that a pod carries under the forecast target, units; NaN without one. */
	double capacity;
	/* When not known: the HPA's reason ("FailedGetResourceMetric"; else NULL) and the
	 * cause, for people. */
	const char *failure;
	char error[160];
};

struct decision {
	int32_t current; /* spec.replicas of the scale that was decided on */
	int32_t desired; /* >= 0; equal to current: nothing to write */
	/* On the way there, each DECIDE_NO_REPLICAS when it did not come to that: the
	 * best reactive proposal, the best of the forecasts', the best of all, and what
	 * stabilization made of it before rates and bounds. */
	int32_t reactive, predicted, wanted, stabilized;
	int32_t winner;   /* index of the metric whose proposal won, or -1 */
	bool by_forecast; /* and the proposal was its forecast's */
	/* What over_reactive_max was counted from; DECIDE_NO_REPLICAS without it. */
	int32_t cap_base;
	bool released; /* the forecast's release cut the stabilization short */
	enum hold hold;
	/* HOLD_DOWN and HOLD_UP: the reason's name (a constant), and the size that would
	 * have been written; else NULL and DECIDE_NO_REPLICAS. */
	const char *held_by;
	int32_t held_from;
	enum limit limit;
	enum stabilization stabilization;
	/* STABILIZED_DOWN: when the recommendation that holds leaves the window; else 0.
	 */
	int64_t until_ms;
	int32_t unknown_count; /* metrics that are not known */
	/* One for each metric of the policy: the memory is the decision's owner's, who
	 * sets both before anything is decided. */
	struct metric_decision *metrics;
	int32_t metric_count;
	/* Many decisions may share one, the owner's too: what it holds is the newest
	 * one's. NULL: nobody asks. */
	struct hpa_words *words;
	char reason[512]; /* "fact -> action" */
};

/* Nothing is known and the size stays: what a decision begins with. */
void decision_clear(struct decision *d, int32_t current);
/* What the HPA says from now on stands alone. */
void decision_clear_words(struct decision *d);
/* The decision of a policy with perhaps other metrics, without its words: those that it
 * has not are empty, those that are left over go. */
void decision_copy(struct decision *to, const struct decision *from);

/* "ScaleUpLimit", ...: the HPA's reason of ScalingLimited. */
const char *limit_reason(enum limit limit);
/* "AbleToScale", ... */
const char *condition_type_name(enum condition_type type);

#endif
