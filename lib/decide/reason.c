#include "decide/reason.h"

#include "decide/calculator.h"
#include "decide/normalize.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_SIZE 32

static bool is_resource(const struct policy_metric *m, const char *name)
{
	return (m->type == METRIC_RESOURCE || m->type == METRIC_CONTAINER_RESOURCE) &&
	       strcmp(m->name, name) == 0;
}

static void add_name(struct fixed *t, const struct policy_metric *m)
{
	fixed_puts(t, m->name);
	if (m->type == METRIC_CONTAINER_RESOURCE)
		fixed_printf(t, " of container %s", m->container);
}

static const char *unit_name(const struct policy_metric *m)
{
	return is_resource(m, "cpu") ? " cores" : "";
}

static void add_reactive(struct fixed *t, const struct decide_input *in,
			 const struct policy_metric *m, const struct metric_decision *md)
{
	char value[NUMBER_SIZE], target[NUMBER_SIZE];
	bool binary = is_resource(m, "memory");
	bool total = m->type == METRIC_OBJECT || m->type == METRIC_EXTERNAL;
	if (md->target.type != TARGET_UTILIZATION) {
		number_format((double)md->value_m / 1000, binary, value, sizeof(value));
		number_format((double)md->target.value_m / 1000, binary, target,
			      sizeof(target));
	}

	add_name(t, m);
	switch (md->target.type) {
	case TARGET_UTILIZATION:
		fixed_printf(t, " %d%% of request, target %d%%", md->utilization_pct,
			     md->target.utilization_pct);
		break;
	case TARGET_VALUE:
		fixed_printf(t, " %s, target %s", value, target);
		break;
	case TARGET_AVERAGE_VALUE:
		if (total && in->scale.status_replicas == 0)
			fixed_printf(t, " %s, target %s per pod", value, target);
		else
			fixed_printf(t, " %s%s per pod, target %s", value, unit_name(m),
				     target);
		break;
	}
	if (md->pods_counted < md->pods_listed)
		fixed_printf(t, ", %d of %d pods counted", md->pods_counted,
			     md->pods_listed);
}

static void add_forecast(struct fixed *t, const struct decide_input *in,
			 const struct decision *d)
{
	const struct policy_metric *m = &in->policy->metrics[d->winner];
	const struct forecast_proposal *f = &in->forecasts[d->winner];
	char upper[NUMBER_SIZE], capacity[NUMBER_SIZE], own[NUMBER_SIZE];
	char window[48];
	bool binary = is_resource(m, "memory");
	double carried = d->metrics[d->winner].capacity * d->current;

	number_format(f->upper, binary, upper, sizeof(upper));
	number_format(carried, binary, capacity, sizeof(capacity));
	add_name(t, m);
	fixed_printf(t, " forecast %s%s", upper, unit_name(m));
	if (f->derived)
		fixed_printf(t, " beside %s per pod",
			     number_format(f->per_pod, binary, own, sizeof(own)));
	fixed_printf(t, " within %s (q%.4g",
		     duration_format(f->window_ms, window, sizeof(window)),
		     f->quantile * 100);
	if (f->objective > 0)
		fixed_printf(t, " serves %.6g%%", f->objective * 100);
	fixed_printf(t, ")%s capacity %s", d->wanted > d->current ? " >" : ",", capacity);
	if (d->metrics[d->winner].capped)
		fixed_printf(t, ", capped at %.3gx the reactive %d",
			     in->over_reactive_max, d->cap_base);
}

/* Why the reactive part is back at the user's target. */
static void add_surpassed(struct fixed *t, const struct decide_input *in,
			  const struct decision *d)
{
	const struct policy_metric *m = &in->policy->metrics[d->winner];
	char upper[NUMBER_SIZE];
	if (!d->metrics[d->winner].surpassed)
		return;
	number_format(in->forecasts[d->winner].upper, is_resource(m, "memory"), upper,
		      sizeof(upper));
	fixed_printf(t, ", more than the %s%s of the forecast", upper, unit_name(m));
}

static void add_unknowns(struct fixed *t, const struct decide_input *in,
			 const struct decision *d)
{
	int32_t told = 0;
	for (int32_t i = 0; i < in->policy->metric_count; i++) {
		const struct metric_decision *md = &d->metrics[i];
		if (md->known)
			continue;
		fixed_puts(t, told++ > 0 ? ", " : "");
		add_name(t, &in->policy->metrics[i]);
		fixed_printf(t, " unknown (%s)", md->error);
	}
}

static void add_winner(struct fixed *t, const struct decide_input *in,
		       const struct decision *d)
{
	if (d->by_forecast) {
		add_forecast(t, in, d);
	} else {
		add_reactive(t, in, &in->policy->metrics[d->winner],
			     &d->metrics[d->winner]);
		add_surpassed(t, in, d);
	}
	const struct metric_decision *md = &d->metrics[d->winner];
	char seen[NUMBER_SIZE];
	if (md->at_limit > 0)
		fixed_printf(t, ", %d %s at the CPU limit: demand is %s cores or more",
			     md->at_limit, md->at_limit == 1 ? "pod" : "pods",
			     number_format(md->seen, false, seen, sizeof(seen)));
	if (d->unknown_count > 0) {
		fixed_puts(t, "; ");
		add_unknowns(t, in, d);
	}
}

static void add_until(struct fixed *t, const struct decision *d)
{
	char time[32];
	time_format(d->until_ms, time, sizeof(time));
	const char *clock = strchr(time, 'T');
	fixed_printf(t, " until %s", clock ? clock + 1 : time);
}

static void add_stabilization(struct fixed *t, const struct decide_input *in,
			      const struct decision *d)
{
	switch (d->stabilization) {
	case STABILIZED_NOT:
		break;
	case STABILIZED_DOWN:
		if (!d->released)
			fixed_printf(t, ", %" PRId64 "s downscale stabilization",
				     downscale_window_ms(in->policy, in->config) /
					     MS_PER_S);
		break;
	case STABILIZED_UP:
		fixed_printf(t, ", %" PRId64 "s upscale stabilization",
			     upscale_window_ms(in->policy) / MS_PER_S);
		break;
	}
}

static void add_limit(struct fixed *t, const struct decide_input *in,
		      const struct decision *d)
{
	switch (d->limit) {
	case LIMIT_NONE:
		break;
	case LIMIT_TOO_FEW:
		fixed_printf(t, ", %s", in->min_reason ? in->min_reason : "minReplicas");
		break;
	case LIMIT_TOO_MANY:
		fixed_printf(t, ", %s", in->max_reason ? in->max_reason : "maxReplicas");
		break;
	case LIMIT_SCALE_UP_RATE:
		fixed_puts(t, ", scale-up limit");
		break;
	case LIMIT_SCALE_DOWN_RATE:
		fixed_puts(t, ", scale-down limit");
		break;
	}
}

/* What kept the result from being what was wanted. */
static void add_guards(struct fixed *t, const struct decide_input *in,
		       const struct decision *d)
{
	bool waits = d->stabilization == STABILIZED_DOWN && !d->released;
	if (waits && d->desired == d->current)
		add_until(t, d);
	if (d->wanted != d->desired && !(waits && d->desired == d->current))
		fixed_printf(t, ", %d wanted", d->wanted);
	add_stabilization(t, in, d);
	if (waits && d->desired != d->current)
		add_until(t, d);
	add_limit(t, in, d);
	if (d->released)
		fixed_puts(t, ", released by forecast");
}

/* The reactive value differs from its target, but by less than the tolerance. */
static bool within_tolerance(const struct decide_input *in, const struct decision *d)
{
	const struct metric_decision *md = &d->metrics[d->winner];
	double ratio = md->target.type == TARGET_UTILIZATION
			       ? (double)md->utilization_pct / md->target.utilization_pct
			       : (double)md->value_m / (double)md->target.value_m;
	return !d->by_forecast && d->wanted == d->current && ratio != 1.0 &&
	       tolerance_within(tolerance_of(in->policy, in->config), ratio);
}

static void write_computed(struct fixed *t, const struct decide_input *in,
			   const struct decision *d)
{
	bool guarded = d->stabilization != STABILIZED_NOT || d->limit != LIMIT_NONE;
	add_winner(t, in, d);
	if (d->desired != d->current)
		fixed_printf(t, " -> %d to %d", d->current, d->desired);
	else
		fixed_printf(t, " -> %s %d", guarded ? "hold" : "keep", d->current);
	if (guarded || d->released)
		add_guards(t, in, d);
	else if (within_tolerance(in, d))
		fixed_puts(t, ", within tolerance");
}

static void write_bounds(struct fixed *t, const struct decide_input *in,
			 const struct decision *d)
{
	bool above = d->limit == LIMIT_TOO_MANY;
	const char *why = above ? in->max_reason : in->min_reason;
	if (why)
		fixed_puts(t, why);
	else if (above)
		fixed_printf(t, "%d replicas > maxReplicas %d", d->current,
			     in->policy->max_replicas);
	else
		fixed_printf(t, "%d replicas < minReplicas %d", d->current,
			     in->policy->min_replicas);
	fixed_printf(t, " -> %d to %d", d->current, d->desired);
}

static void write_unknown(struct fixed *t, const struct decide_input *in,
			  const struct decision *d)
{
	add_unknowns(t, in, d);
	if (d->winner >= 0)
		fixed_printf(t, ", the rest would go to %d", d->wanted);
	fixed_printf(t, " -> hold %d", d->current);
}

static void write_held(struct fixed *t, const struct decide_input *in,
		       const struct decision *d)
{
	const struct hold_reason *why =
		hold_reasons_find(in->holds, d->current, d->held_from);
	add_winner(t, in, d);
	fixed_printf(t, "; %s -> hold %d instead of %d", why ? why->text : d->held_by,
		     d->current, d->held_from);
}

void reason_write(const struct decide_input *in, struct decision *d)
{
	struct fixed t;
	fixed_init(&t, d->reason, sizeof(d->reason));

	switch (d->hold) {
	case HOLD_NONE:
		if (d->winner >= 0)
			write_computed(&t, in, d);
		else
			write_bounds(&t, in, d);
		return;
	case HOLD_DOWN:
	case HOLD_UP:
		write_held(&t, in, d);
		return;
	case HOLD_UNKNOWN:
		write_unknown(&t, in, d);
		return;
	case HOLD_DISABLED:
		fixed_puts(
			&t,
			"the target was set to 0 replicas by others -> hold 0, scaling "
			"is disabled");
		return;
	case HOLD_SELECTOR:
		fixed_printf(&t, "pods unknown (%s) -> hold %d",
			     in->scale.selector_error ? in->scale.selector_error
						      : "no selector",
			     d->current);
		return;
	case HOLD_TARGET:
		fixed_printf(&t, "scale unknown (%s) -> hold %d", in->scale.error,
			     d->current);
		return;
	}
}
