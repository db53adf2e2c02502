#include "decide/condition.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *condition_type_name(enum condition_type type)
{
	switch (type) {
	case CONDITION_ABLE_TO_SCALE:
		return "AbleToScale";
	case CONDITION_SCALING_ACTIVE:
		return "ScalingActive";
	case CONDITION_SCALING_LIMITED:
		return "ScalingLimited";
	case CONDITION_SCALED_TO_ZERO:
		return "ScaledToZero";
	case CONDITION_TYPES:
		break;
	}
	return "";
}

const char *limit_reason(enum limit limit)
{
	switch (limit) {
	case LIMIT_NONE:
		return "DesiredWithinRange";
	case LIMIT_TOO_FEW:
		return "TooFewReplicas";
	case LIMIT_TOO_MANY:
		return "TooManyReplicas";
	case LIMIT_SCALE_UP_RATE:
		return "ScaleUpLimit";
	case LIMIT_SCALE_DOWN_RATE:
		return "ScaleDownLimit";
	}
	return "";
}

static const char *limit_message(enum limit limit)
{
	switch (limit) {
	case LIMIT_NONE:
		return "the desired count is within the acceptable range";
	case LIMIT_TOO_FEW:
		return "the desired replica count is less than the minimum replica count";
	case LIMIT_TOO_MANY:
		return "the desired replica count is more than the maximum replica count";
	case LIMIT_SCALE_UP_RATE:
		return "the desired replica count is increasing faster than the maximum "
		       "scale rate";
	case LIMIT_SCALE_DOWN_RATE:
		return "the desired replica count is decreasing faster than the maximum "
		       "scale rate";
	}
	return "";
}

static void set_constant(struct decision *d, enum condition_type type, bool status,
			 const char *reason, const char *message)
{
	struct fixed text;
	if (!d->words)
		return;
	struct condition *c = &d->words->conditions[type];
	c->status = status ? CONDITION_TRUE : CONDITION_FALSE;
	c->reason = reason;
	fixed_init(&text, c->message, sizeof(c->message));
	fixed_puts(&text, message);
}

void condition_set(struct decision *d, enum condition_type type, bool status,
		   const char *reason, const char *fmt, ...)
{
	va_list args;

	/* Most are constants, and every decision sets four. */
	set_constant(d, type, status, reason, fmt);
	if (!d->words || !strchr(fmt, '%'))
		return;
	struct condition *c = &d->words->conditions[type];
	va_start(args, fmt);
	vsnprintf(c->message, sizeof(c->message), fmt, args);
	va_end(args);
}

void condition_remove(struct decision *d, enum condition_type type)
{
	if (d->words)
		d->words->conditions[type].status = CONDITION_REMOVE;
}

void condition_set_stabilization(struct decision *d)
{
	switch (d->stabilization) {
	case STABILIZED_NOT:
		condition_set(d, CONDITION_ABLE_TO_SCALE, true, "ReadyForNewScale",
			      "recommended size matches current size");
		break;
	case STABILIZED_DOWN:
		condition_set(d, CONDITION_ABLE_TO_SCALE, true, "ScaleDownStabilized",
			      "recent recommendations were higher than current one, "
			      "applying the highest recent "
			      "recommendation");
		break;
	case STABILIZED_UP:
		condition_set(d, CONDITION_ABLE_TO_SCALE, true, "ScaleUpStabilized",
			      "recent recommendations were lower than current one, "
			      "applying the lowest recent "
			      "recommendation");
		break;
	}
}

void condition_set_limit(struct decision *d)
{
	set_constant(d, CONDITION_SCALING_LIMITED, d->limit != LIMIT_NONE,
		     limit_reason(d->limit), limit_message(d->limit));
}

void condition_set_zero(struct decision *d, bool scaled_to_zero)
{
	if (scaled_to_zero)
		condition_set(d, CONDITION_SCALED_TO_ZERO, true, "ScaledToZero",
			      "the HPA controller scaled the workload to zero");
	else
		condition_set(d, CONDITION_SCALED_TO_ZERO, false, "NotScaledToZero",
			      "the HPA controller did not scale the workload to zero");
}

char *metric_title(const struct policy_metric *m, char *buf, size_t size)
{
	const char *before = "", *behind = "";
	struct fixed text;
	switch (m->type) {
	case METRIC_RESOURCE:
		behind = " resource";
		break;
	case METRIC_CONTAINER_RESOURCE:
		behind = " container resource";
		break;
	case METRIC_PODS:
		before = "pods metric ";
		break;
	case METRIC_OBJECT:
		before = m->target.type == TARGET_VALUE ? "object metric "
							: "external metric ";
		break;
	case METRIC_EXTERNAL:
		before = "external metric ";
		break;
	}
	fixed_init(&text, buf, size);
	fixed_puts(&text, before);
	fixed_puts(&text, m->name);
	fixed_puts(&text, behind);
	if (behind[0] && m->target.type == TARGET_UTILIZATION)
		fixed_puts(&text, " utilization (percentage of request)");
	return buf;
}

const char *metric_failure(const struct policy_metric *m)
{
	switch (m->type) {
	case METRIC_RESOURCE:
		return "FailedGetResourceMetric";
	case METRIC_CONTAINER_RESOURCE:
		return "FailedGetContainerResourceMetric";
	case METRIC_PODS:
		return "FailedGetPodsMetric";
	case METRIC_OBJECT:
		return "FailedGetObjectMetric";
	case METRIC_EXTERNAL:
		return "FailedGetExternalMetric";
	}
	return "InvalidMetricSourceType";
}
