#include "policy/parts.h"

#include <string.h>

const struct choice policy_rule_types[] = {
	{"Percent", RULE_PERCENT},
	{"Pods", RULE_PODS},
	{NULL, 0},
};

const struct choice policy_select_policies[] = {
	{"Disabled", SELECT_DISABLED},
	{"Max", SELECT_MAX},
	{"Min", SELECT_MIN},
	{NULL, 0},
};

/* autoscaling/v2's defaults, field by field (reference:
 * SetDefaults_HorizontalPodAutoscalerBehavior). */
void policy_default_behavior(struct policy *p)
{
	p->up = (struct scaling_rules){
		.has_stabilization = true,
		.select = SELECT_MAX,
		.rules = {{RULE_PODS, 4, 15}, {RULE_PERCENT, 100, 15}},
		.count = 2,
	};
	p->down = (struct scaling_rules){
		.select = SELECT_MAX,
		.rules = {{RULE_PERCENT, 100, 15}},
		.count = 1,
	};
}

static const struct field rule_fields[] = {
	{.name = "type",
	 .read = field_choice,
	 .offset = offsetof(struct scaling_rule, type),
	 .table = policy_rule_types},
	{.name = "value",
	 .read = field_int32,
	 .offset = offsetof(struct scaling_rule, value),
	 .min = 1,
	 .max = INT32_MAX,
	 .low = "must be greater than zero"},
	{.name = "periodSeconds",
	 .read = field_int32,
	 .offset = offsetof(struct scaling_rule, period_s),
	 .min = 1,
	 .max = 1800,
	 .low = "must be greater than zero",
	 .high = "must be less than or equal to 1800"},
};

/* The API has no default for any field of a rule: an absent one is an empty one, and
 * refused as that. */
static void read_rule(const struct place *at, struct scaling_rule *rule)
{
	fields_read(at, rule_fields, ARRAY_LEN(rule_fields), rule);
	place_require(at, "type", "supported values: \"Percent\", \"Pods\"");
	place_require(at, "value", "must be greater than zero");
	place_require(at, "periodSeconds", "must be greater than zero");
}

static void read_rules(const struct place *at, const struct field *f, void *object)
{
	(void)f;
	struct scaling_rules *rules = object;
	if (!list_check(at))
		return;
	if (at->node->count == 0)
		place_problem(at, "Required value: must specify at least one Policy");
	if (!list_limit(at, POLICY_RULES_MAX))
		return;
	rules->count = (int32_t)at->node->count;
	memset(rules->rules, 0, sizeof(rules->rules));
	for (size_t i = 0; i < at->node->count; i++) {
		struct place item = place_item(at, i);
		read_rule(&item, &rules->rules[i]);
	}
}

static void read_stabilization(const struct place *at, const struct field *f,
			       void *object)
{
	struct scaling_rules *rules = object;
	rules->has_stabilization = true;
	field_int32(at, f, &rules->stabilization_s);
}

static void read_tolerance(const struct place *at, const struct field *f, void *object)
{
	struct scaling_rules *rules = object;
	rules->has_tolerance = true;
	field_fraction(at, f, &rules->tolerance);
}

static const struct field direction_fields[] = {
	{.name = "stabilizationWindowSeconds",
	 .read = read_stabilization,
	 .min = 0,
	 .max = 3600,
	 .low = "must be greater than or equal to zero",
	 .high = "must be less than or equal to 3600"},
	{.name = "selectPolicy",
	 .read = field_choice,
	 .offset = offsetof(struct scaling_rules, select),
	 .table = policy_select_policies},
	{.name = "policies", .read = read_rules},
	{.name = "tolerance", .read = read_tolerance},
};

static const struct field behavior_fields[] = {
	{.name = "scaleUp",
	 .read = field_map,
	 .offset = offsetof(struct policy, up),
	 .table = direction_fields,
	 .table_count = ARRAY_LEN(direction_fields)},
	{.name = "scaleDown",
	 .read = field_map,
	 .offset = offsetof(struct policy, down),
	 .table = direction_fields,
	 .table_count = ARRAY_LEN(direction_fields)},
};

void policy_read_behavior(const struct place *at, const struct field *f, void *object)
{
	(void)f;
	struct policy *p = object;
	p->has_behavior = true; /* even {} chooses the second path */
	fields_read(at, behavior_fields, ARRAY_LEN(behavior_fields), p);
}
