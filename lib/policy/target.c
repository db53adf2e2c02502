#include "policy/target.h"

#include <stdlib.h>
#include <string.h>

const struct choice policy_target_types[] = {
	{"Utilization", TARGET_UTILIZATION},
	{"Value", TARGET_VALUE},
	{"AverageValue", TARGET_AVERAGE_VALUE},
	{NULL, 0},
};

static void read_target_type(const struct place *at, const struct field *f, void *object)
{
	struct target_draft *draft = object;
	(void)f;
	if (!scalar_check(at, "Utilization, Value or AverageValue"))
		return;
	for (const struct choice *c = policy_target_types; c->name; c++)
		if (strcmp(c->name, at->node->text) == 0)
			draft->type = c->value;
	if (draft->type < 0)
		place_invalid(at, "must be either Utilization, Value, or AverageValue");
}

static const struct field target_fields[] = {
	{.name = "type", .read = read_target_type},
	{.name = "value",
	 .read = field_quantity,
	 .offset = offsetof(struct target_draft, value_m)},
	{.name = "averageValue",
	 .read = field_quantity,
	 .offset = offsetof(struct target_draft, average_m)},
	{.name = "averageUtilization",
	 .read = field_int32,
	 .offset = offsetof(struct target_draft, utilization_pct),
	 .min = 1,
	 .max = INT32_MAX,
	 .low = "must be greater than 0"},
};

void target_read(const struct place *at, struct target_draft *draft)
{
	fields_read(at, target_fields, ARRAY_LEN(target_fields), draft);
}

/* A number that the HPA takes and then never looks at is worse than none. */
static void forbid_target(const struct place *target, const char *key, const char *detail)
{
	struct place at = place_field(target, key);
	if (at.node)
		place_problem(&at, "Forbidden: %s", detail);
}

static void check_resource_target(const struct place *target)
{
	bool utilization = place_has(target, "averageUtilization");
	if (!utilization && !place_has(target, "averageValue"))
		place_require(
			target, "averageUtilization",
			"must set either a target raw value or a target utilization");
	if (utilization)
		forbid_target(
			target, "averageValue",
			"may not set both a target raw value and a target utilization");
	forbid_target(target, "value", "allowed here: averageUtilization, averageValue");
}

static void check_pods_target(const struct place *target)
{
	place_require(target, "averageValue",
		      "must specify a positive target averageValue");
	forbid_target(target, "value", "allowed here: averageValue");
	forbid_target(target, "averageUtilization", "allowed here: averageValue");
}

static void check_external_target(const struct place *target)
{
	bool average = place_has(target, "averageValue");
	if (!average && !place_has(target, "value"))
		place_require(
			target, "averageValue",
			"must set either a target value for metric or a per-pod target");
	if (average)
		forbid_target(target, "value",
			      "may not set both a target value for metric and a per-pod "
			      "target");
	forbid_target(target, "averageUtilization", "allowed here: averageValue, value");
}

/* Object is the one type whose `type` chooses; the HPA fails at run time when the two do
 * not fit together. */
static void check_object_target(const struct place *target,
				const struct target_draft *draft)
{
	bool value = place_has(target, "value"),
	     average = place_has(target, "averageValue");
	struct place type = place_field(target, "type");
	if (!value && !average)
		place_require(target, "averageValue",
			      "must set either a target value or averageValue");
	else if (draft->type >= 0 && !(draft->type == TARGET_VALUE && value) &&
		 !(draft->type == TARGET_AVERAGE_VALUE && average))
		place_invalid(&type, value && average ? "must be Value or AverageValue"
				     : value ? "must be Value, because value is set"
					     : "must be AverageValue, because "
					       "averageValue is set");
	forbid_target(target, "averageUtilization", "allowed here: averageValue, value");
}

void target_check(const struct place *target, enum metric_type type,
		  const struct target_draft *draft)
{
	place_require(target, "type", "must specify a metric target type");
	if (target->node && target->node->kind != YAML_MAP)
		return;
	switch (type) {
	case METRIC_RESOURCE:
	case METRIC_CONTAINER_RESOURCE:
		check_resource_target(target);
		break;
	case METRIC_PODS:
		check_pods_target(target);
		break;
	case METRIC_OBJECT:
		check_object_target(target, draft);
		break;
	case METRIC_EXTERNAL:
		check_external_target(target);
		break;
	}
}

struct metric_target target_chosen(enum metric_type type,
				   const struct target_draft *draft)
{
	bool by_value = type == METRIC_OBJECT ? draft->type == TARGET_VALUE
					      : draft->average_m == 0;
	if (draft->utilization_pct)
		return (struct metric_target){TARGET_UTILIZATION, 0,
					      draft->utilization_pct};
	if (by_value)
		return (struct metric_target){TARGET_VALUE, draft->value_m, 0};
	return (struct metric_target){TARGET_AVERAGE_VALUE, draft->average_m, 0};
}

/* Percent of the request, with or without a percent sign and quotes; or a quantity, as
 * the target's. */
static void read_forecast_target(const struct place *at, const struct field *f,
				 void *object)
{
	struct metric_target *target =
		(struct metric_target *)((char *)object + f->offset);
	if (target->type != TARGET_UTILIZATION) {
		field_quantity(at,
			       &(struct field){
				       .offset = offsetof(struct metric_target, value_m)},
			       target);
		return;
	}
	if (!scalar_check(at, "a percentage of the request"))
		return;
	const char *text = at->node->text;
	char *rest;
	long percent = strtol(text, &rest, 10); /* saturates */
	if (*text < '1' || *text > '9' || (*rest && strcmp(rest, "%") != 0) ||
	    percent > INT32_MAX)
		place_wrong_type(at, "a whole percentage of the request, greater than 0");
	else
		target->utilization_pct = (int32_t)percent;
}

void target_read_forecast(const struct place *at, struct policy_metric *m)
{
	static const struct field fields[] = {
		{.name = "target",
		 .read = read_forecast_target,
		 .offset = offsetof(struct policy_metric, forecast_target)},
		{.name = "reactiveTarget",
		 .read = read_forecast_target,
		 .offset = offsetof(struct policy_metric, reactive_target)},
	};
	fields_read(at, fields, ARRAY_LEN(fields), m);
}
