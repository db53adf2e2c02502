#include "decide/decide.h"

#include "decide/combine.h"
#include "decide/condition.h"
#include "decide/normalize.h"
#include "decide/numbers.h"
#include "decide/reason.h"

#include <assert.h>
#include <stdio.h>

#define BELOW_MINIMUM "Current number of replicas below Spec.MinReplicas"

void decide_config_default(struct decide_config *ret_config)
{
	*ret_config = (struct decide_config){
		.tolerance = 0.1,
		.downscale_stabilization_ms = 300 * MS_PER_S,
		.cpu_initialization_ms = 300 * MS_PER_S,
		.initial_readiness_delay_ms = 30 * MS_PER_S,
		.scale_up_factor = 2.0,
		.scale_up_minimum = 4.0,
		.scale_to_zero = true,
		.pod_level_requests = true,
	};
}

static bool zeroed_by_us(const struct decide_input *in,
			 const struct decide_memory *memory)
{
	return in->config->scale_to_zero && memory->scaled_to_zero;
}

/* A target that stands at zero is left alone unless we put it there: that is how people
 * pause one. */
static bool leave_at_zero(const struct decide_input *in,
			  const struct decide_memory *memory, struct decision *d)
{
	bool may_act =
		zeroed_by_us(in, memory) &&
		(in->policy->min_replicas != 0 || policy_has_metric_at_zero(in->policy));
	if (d->current != 0 || may_act)
		return false;
	condition_set(
		d, CONDITION_SCALING_ACTIVE, false, "ScalingDisabled",
		"scaling is disabled since the replica count of the target is zero");
	if (!in->config->scale_to_zero)
		condition_remove(d, CONDITION_SCALED_TO_ZERO);
	d->hold = HOLD_DISABLED;
	return true;
}

static void say(struct decision *d, const char *rescale)
{
	if (d->words)
		snprintf(d->words->rescale, sizeof(d->words->rescale), "%s", rescale);
}

/* A size outside of the bounds is corrected before any metric is looked at. */
static bool correct_bounds(const struct policy *p, struct decision *d)
{
	if (d->current == 0)
		return false;
	if (d->current > p->max_replicas) {
		d->desired = p->max_replicas;
		d->limit = LIMIT_TOO_MANY;
		say(d, "Current number of replicas above Spec.MaxReplicas");
		return true;
	}
	if (d->current < p->min_replicas) {
		d->desired = p->min_replicas;
		d->limit = LIMIT_TOO_FEW;
		say(d, BELOW_MINIMUM);
		return true;
	}
	return false;
}

/* The HPA's reason speaks of what was wanted, not of what the guards left of it. */
static void set_rescale(const struct decide_input *in, struct decision *d)
{
	char title[128];
	if (in->config->terse || !d->words)
		return;
	if (d->wanted < d->current) {
		say(d, "All metrics below target");
	} else if (d->wanted > d->current) {
		metric_title(&in->policy->metrics[d->winner], title, sizeof(title));
		snprintf(d->words->rescale, sizeof(d->words->rescale),
			 "%s%s above target", d->by_forecast ? "forecast of " : "",
			 title);
	}
}

static void keep(const struct decide_input *in, struct decision *d)
{
	const struct hold_reason *why =
		hold_reasons_find(in->holds, d->current, d->desired);
	if (!why)
		return;
	d->hold = d->desired < d->current ? HOLD_DOWN : HOLD_UP;
	d->held_by = why->name;
	d->held_from = d->desired;
	d->desired = d->current;
	d->released = false;
}

/* Back from zero by our own hand, and the minimum was raised meanwhile. With a behavior
 * the HPA's condition says nothing of it. */
static void raise_from_zero(const struct decide_input *in,
			    const struct decide_memory *memory, struct decision *d)
{
	if (d->current != 0 || !zeroed_by_us(in, memory) ||
	    d->desired >= in->policy->min_replicas)
		return;
	d->desired = in->policy->min_replicas;
	d->limit = LIMIT_TOO_FEW;
	if (d->words && !d->words->rescale[0])
		say(d, BELOW_MINIMUM);
}

static void apply_guards(const struct decide_input *in, struct decide_memory *memory,
			 struct decision *d)
{
	struct normalization n = {
		.policy = in->policy,
		.config = in->config,
		.now_ms = in->now_ms,
		.current = d->current,
		.desired = d->wanted,
		.release = combined_release(in, d),
	};
	normalize(&n, memory);
	d->stabilized = n.stabilized;
	d->stabilization = n.stabilization;
	d->released = n.released;
	d->limit = n.limit;
	d->until_ms = n.until_ms;
	d->desired = n.replicas;
	condition_set_stabilization(d);
	condition_set_limit(d);
	raise_from_zero(in, memory, d);
	keep(in, d);
}

static void seed(const struct decide_input *in, struct decide_memory *memory)
{
	if (!memory->seeded)
		decide_memory_remember(memory, DECIDE_MEMORY_APPEND,
				       in->scale.spec_replicas, in->now_ms);
	memory->seeded = true;
}

static void decide_size(const struct decide_input *in, struct decide_memory *memory,
			struct decision *d)
{
	if (in->scale.error) {
		condition_set(d, CONDITION_ABLE_TO_SCALE, false, "FailedGetScale",
			      "the HPA controller was unable to get the target's current "
			      "scale: %s",
			      in->scale.error);
		d->hold = HOLD_TARGET;
		return;
	}
	condition_set(d, CONDITION_ABLE_TO_SCALE, true, "SucceededGetScale",
		      "the HPA controller was able to get the target's current scale");
	seed(in, memory);
	if (leave_at_zero(in, memory, d) || correct_bounds(in->policy, d) ||
	    !combine(in, d))
		return;
	set_rescale(in, d);
	apply_guards(in, memory, d);
}

void decide(const struct decide_input *in, struct decide_memory *memory,
	    struct decision *ret_decision)
{
	struct decision *d = ret_decision;
	assert(d->metric_count >= in->policy->metric_count);
	decision_clear(d, in->scale.spec_replicas);
	decide_size(in, memory, d);
	if (!in->config->terse)
		reason_write(in, d);
}

void decide_hold(const struct decide_input *in, struct decision *decision)
{
	/* Bounds come before any reason to hold; there, nothing won. */
	if (decision->hold != HOLD_NONE || decision->winner < 0)
		return;
	keep(in, decision);
	if (!in->config->terse)
		reason_write(in, decision);
}

static void remember_event(struct decide_memory *memory, const struct policy *policy,
			   const struct scale_change *c)
{
	wide delta = (wide)c->to - c->from;
	if (!policy->has_behavior || delta == 0)
		return;
	struct scale_events *events = delta > 0 ? &memory->up : &memory->down;
	const struct scaling_rules *rules = delta > 0 ? &policy->up : &policy->down;
	scale_events_add(events, wide_to_int32(delta > 0 ? delta : -delta), c->now_ms,
			 scaling_rules_longest_ms(rules));
}

void decide_scaled(struct decide_memory *memory, const struct policy *policy,
		   const struct decide_config *config, const struct scale_change *change,
		   struct decision *decision)
{
	remember_event(memory, policy, change);
	/* Without `behavior` the HPA would follow an old recommendation up again. */
	if (change->released && !policy->has_behavior)
		decide_memory_lower(memory, change->to);
	memory->last_scale_ms = change->now_ms;
	memory->scaled_to_zero = config->scale_to_zero && change->from != change->to &&
				 change->to == 0 && policy->min_replicas == 0 &&
				 policy_has_metric_at_zero(policy);
	if (!decision)
		return;
	condition_set(decision, CONDITION_ABLE_TO_SCALE, true, "SucceededRescale",
		      "the HPA controller was able to update the target scale to %d",
		      change->to);
	if (config->scale_to_zero)
		condition_set_zero(decision, memory->scaled_to_zero);
	else
		condition_remove(decision, CONDITION_SCALED_TO_ZERO);
}

void decide_failed(struct decision *decision, const char *error)
{
	condition_set(decision, CONDITION_ABLE_TO_SCALE, false, "FailedUpdateScale",
		      "the HPA controller was unable to update the target scale: %s",
		      error);
}
