#include "decide/normalize.h"

#include "decide/numbers.h"

int32_t percent_up(int32_t base, int32_t percent)
{
	return ceil_to_int32((double)base * (1 + (double)percent / 100));
}

int32_t percent_down(int32_t base, int32_t percent)
{
	return double_to_int32((double)base * (1 - (double)percent / 100));
}

/* Replicas at the start of the rule's period: the present size without what was changed
 * since. */
static int32_t period_start(const struct scaling_rule *rule, int32_t current,
			    const struct decide_memory *memory, int64_t now_ms)
{
	int64_t period_ms = rule->period_s * MS_PER_S;
	return wide_to_int32((wide)current -
			     scale_events_sum(&memory->up, now_ms, period_ms) +
			     scale_events_sum(&memory->down, now_ms, period_ms));
}

int32_t scale_up_limit(const struct scaling_rules *rules, int32_t current,
		       const struct decide_memory *memory, int64_t now_ms)
{
	bool least = rules->select == SELECT_MIN;
	int32_t limit = least ? INT32_MAX : INT32_MIN;

	if (rules->select == SELECT_DISABLED)
		return current;
	for (int32_t i = 0; i < rules->count; i++) {
		const struct scaling_rule *rule = &rules->rules[i];
		int32_t base = period_start(rule, current, memory, now_ms);
		int32_t allowed = rule->type == RULE_PODS
					  ? wide_to_int32((wide)base + rule->value)
					  : percent_up(base, rule->value);
		limit = least ? min_int32(limit, allowed) : max_int32(limit, allowed);
	}
	return limit;
}

int32_t scale_down_limit(const struct scaling_rules *rules, int32_t current,
			 const struct decide_memory *memory, int64_t now_ms)
{
	bool least = rules->select == SELECT_MIN;
	int32_t limit = least ? INT32_MIN : INT32_MAX;

	if (rules->select == SELECT_DISABLED)
		return current;
	for (int32_t i = 0; i < rules->count; i++) {
		const struct scaling_rule *rule = &rules->rules[i];
		int32_t base = period_start(rule, current, memory, now_ms);
		int32_t allowed = rule->type == RULE_PODS
					  ? wide_to_int32((wide)base - rule->value)
					  : percent_down(base, rule->value);
		limit = least ? max_int32(limit, allowed) : min_int32(limit, allowed);
	}
	return limit;
}

static void keep_within(struct normalization *n, int32_t bound, enum limit limit)
{
	n->replicas = bound;
	n->limit = limit;
}

void limit_legacy(struct normalization *n)
{
	double factor = n->config->scale_up_factor * n->current;
	int32_t limit = double_to_int32(fmax(factor, n->config->scale_up_minimum));
	int32_t max = n->policy->max_replicas, min = n->policy->min_replicas;

	n->replicas = n->stabilized;
	n->limit = LIMIT_NONE;
	if (n->stabilized < min)
		keep_within(n, min, LIMIT_TOO_FEW);
	else if (n->stabilized > min_int32(max, limit))
		keep_within(n, min_int32(max, limit),
			    max > limit ? LIMIT_SCALE_UP_RATE : LIMIT_TOO_MANY);
}

void limit_behavior(struct normalization *n, const struct decide_memory *memory)
{
	int32_t max = n->policy->max_replicas, min = n->policy->min_replicas;

	n->replicas = n->stabilized;
	n->limit = LIMIT_NONE;
	if (n->stabilized > n->current) {
		int32_t limit =
			scale_up_limit(&n->policy->up, n->current, memory, n->now_ms);
		limit = max_int32(limit, n->current);
		if (n->stabilized > min_int32(max, limit))
			keep_within(n, min_int32(max, limit),
				    max > limit ? LIMIT_SCALE_UP_RATE : LIMIT_TOO_MANY);
	} else if (n->stabilized < n->current) {
		int32_t limit =
			scale_down_limit(&n->policy->down, n->current, memory, n->now_ms);
		limit = min_int32(limit, n->current);
		if (n->stabilized < max_int32(min, limit))
			keep_within(n, max_int32(min, limit),
				    min < limit ? LIMIT_SCALE_DOWN_RATE : LIMIT_TOO_FEW);
	}
}

void normalize(struct normalization *n, struct decide_memory *memory)
{
	n->stabilization = STABILIZED_NOT;
	n->released = false;
	n->until_ms = 0;
	if (n->policy->has_behavior) {
		stabilize_behavior(n, memory);
		limit_behavior(n, memory);
	} else {
		stabilize_legacy(n, memory);
		limit_legacy(n);
	}
}
