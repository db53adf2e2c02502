/* What following a forecast would have cost, and what not following it: two virtual
 * deployments beside the real one that live through the same minutes.
 *
 * One follows the policy as it is under an open gate (reactive part at the reactive
 * target, the forecast's proposal at the forecast target, release by forecast), the other
 * the reactive rule alone at the user's target. Both obey tolerance, stabilization, rates
 * and bounds by the very functions that real decisions use. Their pods are paid from
 * their creation and Ready a delay later.
 *
 * One step a minute, O(metrics + what stabilization looks at), nothing is allocated.
 * Several metrics: the maximum. Metrics without a forecast are left out on both sides, as
 * are the differences between single pods: the question is what the forecast is worth,
 * not what every pod would have done. */
#ifndef FORETOP_DECIDE_SHADOW_H
#define FORETOP_DECIDE_SHADOW_H

#include "decide/config.h"
#include "decide/shadow_memory.h"

/* Longest time from a decision to Ready that is told apart. */
#define SHADOW_DELAY_MAX_MIN 126
#define SHADOW_SLOTS         (SHADOW_DELAY_MAX_MIN + 1)

/* What one metric said of a minute, in units of its demand. */
struct shadow_metric {
	double demand;         /* within the minute; NaN: unknown */
	double upper, release; /* forecast at its end; NaN: none */
	/* Demand that a pod carries under the metric's three targets; NaN: cannot be
	 * told. */
	double target, forecast_target, reactive_target;
};

struct shadow_minute {
	const struct policy *policy; /* as in force now: bounds and `behavior` */
	const struct decide_config *config;
	int64_t end_ms;   /* of the minute, a multiple of one */
	int64_t delay_ms; /* from the minute's end to Ready: data, cycle, lead time */
	double quantile;  /* of the upper values */
	const struct shadow_metric *metrics;
	int32_t count;
};

/* One virtual deployment. */
struct shadow_fleet {
	int32_t replicas; /* those Ready and those starting */
	int32_t ready;
	/* By the minute (modulo) within which they become Ready. */
	int32_t starting[SHADOW_SLOTS];
	struct shadow_log log;
};

#define SHADOW_FLEETS 2

/* A zeroed one is valid and has seen nothing. */
struct shadow {
	int64_t end_ms; /* of the newest minute; 0: none */
	struct shadow_fleet ours, reactive;
	/* SHADOW_FLEETS, ours first, borrowed; may be NULL for a policy without
	 * `behavior`, which notes no scale events. */
	struct shadow_events *events;
};

/* Sees nothing any more. */
void shadow_forget(struct shadow *s);
/* Goes on where `from` stands. */
void shadow_take(struct shadow *to, const struct shadow *from);

/* What a minute cost a deployment. */
struct shadow_cost {
	double pods; /* paid */
	/* Load above what the Ready pods carry, in pods' worth. A pod carries as much as
	 * the user calls acceptable: the forecast target, or the target with its
	 * tolerance. Load beyond maxReplicas is not counted: no rule could serve it. */
	double unserved;
};

struct shadow_costs {
	struct shadow_cost ours, reactive;
	double needed; /* pods' worth of load in all, counted as for `unserved` */
	bool forecast; /* every metric had a forecast at the minute's end */
};

/* Lives through one minute, then decides at its end for both. False when the minute says
 * nothing: a metric is unknown (both keep their size), or it is the first after a gap
 * (both begin with what it needs). Minutes that are not newer than the last are ignored.
 */
bool shadow_live(struct shadow *s, const struct shadow_minute *m,
		 struct shadow_costs *ret_costs);

#endif
