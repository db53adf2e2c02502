/* Front header of decide: demand and forecast of a workload into a number of replicas and
 * the reason for it.
 *
 * The reactive part is the HorizontalPodAutoscaler's algorithm, decision for decision
 * (autoscaling/v2; replica calculator, pod classification, several metrics, both
 * normalisation paths, scale events, conditions). A forecast is one more proposal in the
 * HPA's maximum, so that every guard holds for it too. Pure: time comes in, nothing is
 * allocated. */
#ifndef FORETOP_DECIDE_DECIDE_H
#define FORETOP_DECIDE_DECIDE_H

#include "decide/config.h"
#include "decide/decision.h"
#include "decide/gate.h"
#include "decide/hold.h"
#include "decide/memory.h"
#include "decide/objective.h"
#include "decide/pod.h"
#include "decide/values.h"

/* The scale subresource as last seen. */
enum selector_state { SELECTOR_OK, SELECTOR_INVALID, SELECTOR_AMBIGUOUS };
struct scale_view {
	const char *error; /* why the scale could not be read; NULL: it was */
	int32_t spec_replicas, status_replicas;
	/* Pods beyond these, which a rollout keeps beside those that they replace, do not
	 * add to what serves (Value targets); 0: no such bound. */
	int32_t serving_max;
	enum selector_state selector;
	const char *selector_error; /* unless SELECTOR_OK */
};

/* A metric's forecast, in units of the metric's demand (not milli): requests per second,
 * cores, the sum over all pods. */
struct forecast_proposal {
	bool usable;  /* false: nothing else is read, the metric is purely reactive */
	double mean;  /* expected largest demand within the window */
	double upper; /* its quantile: what is planned for */
	/* The same over a longer window: what a release may go down to; NaN: none. */
	double release;
	double quantile;
	double objective; /* the share of the load that it was chosen for; 0: it was given
			   */
	int64_t window_ms;
	const char *model; /* for people; borrowed */
	/* It was derived from the forecast of another metric, as what that load adds to
	 * what each pod needs by itself. */
	bool derived;
	double per_pod; /* that, units of demand; 0 unless derived */
};

struct decide_input {
	const struct policy *policy;
	const struct decide_config *config;
	int64_t now_ms;
	struct scale_view scale;
	const struct pod *pods; /* all pods of the target's selector */
	int32_t pod_count;
	/* policy->metric_count each; without forecasts NULL. */
	const struct metric_values *values;
	const struct forecast_proposal *forecasts;
	/* Down to the forecast's release value at once instead of waiting for the
	 * stabilization; needs a usable forecast with a release value for every metric.
	 */
	bool release_allowed;
	/* Not proved yet: no forecast may ask for more than this many times the best
	 * reactive proposal (or the minimum, or the present size where a metric is
	 * unknown, if that is more); 0: no such limit. */
	double over_reactive_max;
	/* The forecast of a metric whose value is unknown still proposes, upward only
	 * (onMetricsLoss: FollowForecast); else such a metric only holds. */
	bool follow_forecast_on_loss;
	/* Why the size may not be lowered or raised in this cycle; NULL: no such reason.
	 * A size outside of the bounds is corrected all the same. */
	const struct hold_reasons *holds;
	/* Why policy->min_replicas and max_replicas are what they are, for people
	 * ("schedule 0 8 * * * UTC asks for at least 8"); NULL: the policy says so. */
	const char *min_reason, *max_reason;
};

/* One cycle of one policy. Appends to the memory's log what the HPA would append, so call
 * it once per cycle. A decision with desired != current asks for a write; what was
 * written is noted with decide_scaled. */
void decide(const struct decide_input *in, struct decide_memory *memory,
	    struct decision *ret_decision);

/* Demand that a pod carries under a target of the policy's metric `index`, units of
 * demand. NaN for a Value target, and for Utilization while no pod says what it requests.
 * O(pods); reads the policy and the pods of the input only. */
double decide_capacity(const struct decide_input *in, int32_t index,
		       const struct metric_target *target);

/* Applies in->holds to a decision that was made with the same input, for a reason that
 * only the decision itself could show. */
void decide_hold(const struct decide_input *in, struct decision *decision);

/* Notes a write that went through: the scale event (only with `behavior`),
 * the time, and whether the target now stands at zero by our hand; and sets the
 * conditions of the decision behind it (NULL: none at hand) as the HPA does then. */
struct scale_change {
	int32_t from, to;
	int64_t now_ms;
	bool released; /* decision.released of the decision behind it */
};
void decide_scaled(struct decide_memory *memory, const struct policy *policy,
		   const struct decide_config *config, const struct scale_change *change,
		   struct decision *decision);

/* The write failed: AbleToScale becomes False, FailedUpdateScale. */
void decide_failed(struct decision *decision, const char *error);

#endif
