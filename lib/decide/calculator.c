#include "decide/calculator.h"

#include "decide/classify.h"
#include "decide/tally.h"

struct tolerance tolerance_of(const struct policy *policy,
			      const struct decide_config *config)
{
	bool own = policy->has_behavior;
	return (struct tolerance){
		.down = own && policy->down.has_tolerance ? policy->down.tolerance
							  : config->tolerance,
		.up = own && policy->up.has_tolerance ? policy->up.tolerance
						      : config->tolerance,
	};
}

bool tolerance_within(struct tolerance t, double ratio)
{
	return 1.0 - t.down <= ratio && ratio <= 1.0 + t.up;
}

/* The call, with what every type needs at hand. */
struct calculation {
	const struct decide_input *in;
	int32_t index;
	const struct policy_metric *metric;
	const struct metric_values *values;
	const struct metric_target *target;
	struct tolerance tolerance;
	int32_t current; /* spec.replicas */
};

/* What the two per-pod calculations share once they have weighed in unready and missing
 * pods: never past the present size against the first direction, and never against the
 * second one's. */
static int32_t rebalanced(const struct calculation *c, double ratio, double ratio2,
			  int32_t count)
{
	bool turned = (ratio - 1.0) * (ratio2 - 1.0) < 0;
	if (tolerance_within(c->tolerance, ratio2) || turned)
		return c->current;
	int32_t replicas = ceil_to_int32(ratio2 * count);
	return ratio2 < 1.0 ? min_int32(replicas, c->current)
			    : max_int32(replicas, c->current);
}

static void tell_pods(const struct tally *t, struct proposal *p)
{
	p->pods_counted = t->counted.pods;
	p->pods_listed = t->counted.pods + t->unready.pods + t->missing.pods;
}

static int32_t plain_ratio(const struct calculation *c, double ratio, int32_t ready)
{
	return tolerance_within(c->tolerance, ratio) ? c->current
						     : ceil_to_int32(ratio * ready);
}

static int32_t utilization(wide usage_m, wide request_m)
{
	return wide_to_int32(wide_to_int64(usage_m * 100) / request_m);
}

static int utilization_replicas(const struct calculation *c, struct proposal *p,
				struct err *err)
{
	struct tally t;
	if (tally_pods(c->in, c->index, c->target, &t, err) ||
	    tally_check_requests(c->in, c->index, err))
		return -1;
	if (t.counted.request_m == 0)
		return err_set(err, ERR_RETRY, "no metrics returned matched known pods");

	double target = c->target->utilization_pct;
	tell_pods(&t, p);
	p->utilization_pct = utilization(t.usage_m, t.counted.request_m);
	p->value_m = wide_to_int64(t.usage_m / t.counted.pods);
	double ratio = p->utilization_pct / target;
	bool up_unready = t.unready.pods > 0 && ratio > 1.0;
	if (!up_unready && t.missing.pods == 0) {
		p->replicas = plain_ratio(c, ratio, t.counted.pods);
		return 0;
	}

	wide usage_m = t.usage_m, request_m = t.counted.request_m;
	int32_t count = t.values;
	if (ratio != 1.0) {
		usage_m += ratio < 1.0 ? t.missing_limit_m : 0;
		request_m += t.missing.request_m;
		count += t.missing.pods;
	}
	if (up_unready) {
		request_m += t.unready.request_m;
		count += t.unready.pods;
	}
	p->replicas =
		rebalanced(c, ratio, utilization(usage_m, request_m) / target, count);
	return 0;
}

/* Average per pod against a value per pod: Resource and ContainerResource AverageValue,
 * and Pods. */
static int average_replicas(const struct calculation *c, struct proposal *p,
			    struct err *err)
{
	struct tally t;
	if (tally_pods(c->in, c->index, c->target, &t, err))
		return -1;

	double target = (double)c->target->value_m;
	tell_pods(&t, p);
	p->value_m = wide_to_int64(t.values_m / t.values);
	double ratio = (double)p->value_m / target;
	bool up_unready = t.unready.pods > 0 && ratio > 1.0;
	if (!up_unready && t.missing.pods == 0) {
		p->replicas = plain_ratio(c, ratio, t.counted.pods);
		return 0;
	}

	wide sum_m = t.values_m;
	int32_t count = t.values;
	if (ratio != 1.0) {
		sum_m += ratio < 1.0 ? (wide)c->target->value_m * t.missing.pods : 0;
		count += t.missing.pods;
	}
	if (up_unready)
		count += t.unready.pods;
	double ratio2 = (double)wide_to_int64(sum_m / count) / target;
	p->replicas = rebalanced(c, ratio, ratio2, count);
	return 0;
}

/* One value for all: scales the pods that serve, not the size that was asked for. */
static int value_replicas(const struct calculation *c, struct proposal *p,
			  struct err *err)
{
	int32_t serving = 0;
	double ratio = (double)c->values->total_m / (double)c->target->value_m;

	p->value_m = c->values->total_m;
	if (c->current == 0) {
		p->replicas = ceil_to_int32(ratio);
		return 0;
	}
	if (tolerance_within(c->tolerance, ratio)) {
		p->replicas = c->current;
		return 0;
	}
	if (c->in->pod_count == 0)
		return err_set(err, ERR_RETRY,
			       "unable to calculate ready pods: no pods returned by "
			       "selector while "
			       "calculating replica count");
	for (int32_t i = 0; i < c->in->pod_count; i++)
		serving += pod_serves(&c->in->pods[i]);
	if (c->in->scale.serving_max > 0)
		serving = min_int32(serving, c->in->scale.serving_max);
	p->replicas = ceil_to_int32(ratio * serving);
	return 0;
}

/* One total against a value per pod: pods are not looked at, status.replicas is the base.
 */
static int total_replicas(const struct calculation *c, struct proposal *p)
{
	int32_t base = c->in->scale.status_replicas;
	double total = (double)c->values->total_m, target = (double)c->target->value_m;

	if (tolerance_within(c->tolerance, total / (target * base)))
		p->replicas = base;
	else
		p->replicas = ceil_to_int32(total / target);
	p->value_m = c->values->total_m;
	if (base > 0 && p->value_m != INT64_MAX)
		p->value_m = double_to_int64(ceil(total / base));
	return 0;
}

static int dispatch(const struct calculation *c, struct proposal *p, struct err *err)
{
	switch (c->metric->type) {
	case METRIC_RESOURCE:
	case METRIC_CONTAINER_RESOURCE:
		return c->target->type == TARGET_UTILIZATION
			       ? utilization_replicas(c, p, err)
			       : average_replicas(c, p, err);
	case METRIC_PODS:
		return average_replicas(c, p, err);
	case METRIC_OBJECT:
	case METRIC_EXTERNAL:
		return c->target->type == TARGET_AVERAGE_VALUE
			       ? total_replicas(c, p)
			       : value_replicas(c, p, err);
	}
	return err_set(err, ERR_INVALID, "unknown metric source type");
}

/* "unable to get metrics for resource cpu: ", as the HPA's calculator puts it. */
static int fetch_error(const struct policy_metric *m, const char *cause, struct err *err)
{
	switch (m->type) {
	case METRIC_RESOURCE:
	case METRIC_CONTAINER_RESOURCE:
		return err_set(err, ERR_RETRY,
			       "unable to get metrics for resource %s: %s", m->name,
			       cause);
	case METRIC_PODS:
	case METRIC_OBJECT:
		return err_set(err, ERR_RETRY, "unable to get metric %s: %s", m->name,
			       cause);
	case METRIC_EXTERNAL:
		return err_set(err, ERR_RETRY, "unable to get external metric %s: %s",
			       m->name, cause);
	}
	return err_set(err, ERR_INVALID, "unknown metric source type");
}

/* Empty answers are the API's errors in the HPA, not the calculator's. */
static const char *empty_answer(const struct policy_metric *m,
				const struct metric_values *values)
{
	if (values->count > 0)
		return NULL;
	switch (m->type) {
	case METRIC_RESOURCE:
	case METRIC_CONTAINER_RESOURCE:
		return "no metrics returned from resource metrics API";
	case METRIC_PODS:
		return "no metrics returned from custom metrics API";
	case METRIC_OBJECT:
	case METRIC_EXTERNAL:
		break;
	}
	return NULL;
}

int calculate(const struct decide_input *in, int32_t index,
	      const struct metric_target *target, struct proposal *ret_proposal,
	      struct err *err)
{
	const struct policy_metric *m = &in->policy->metrics[index];
	struct calculation c = {
		.in = in,
		.index = index,
		.metric = m,
		.values = &in->values[index],
		.target = target,
		.tolerance = tolerance_of(in->policy, in->config),
		.current = in->scale.spec_replicas,
	};
	struct proposal p = {.replicas = DECIDE_NO_REPLICAS};
	const char *cause =
		c.values->unknown ? c.values->unknown : empty_answer(m, c.values);

	if (cause)
		return fetch_error(m, cause, err);
	if (dispatch(&c, &p, err))
		return -1;
	*ret_proposal = p;
	return 0;
}
