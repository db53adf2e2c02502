#include "policy/names.h"
#include "policy/parts.h"

#include <stdlib.h>
#include <string.h>

#define FOR_MAX MS_PER_H

const struct choice policy_guard_actions[] = {
	{"Hold", GUARD_HOLD},
	{"HoldDown", GUARD_HOLD_DOWN},
	{"HoldUp", GUARD_HOLD_UP},
	{NULL, 0},
};

static void read_limit(const struct place *at, const struct field *f, void *object)
{
	struct policy_guard *g = object;
	if (number_read(at, "a number", &g->limit))
		g->above = strcmp(f->name, "above") == 0;
}

static const struct field guard_fields[] = {
	{.name = "name",
	 .read = field_label,
	 .offset = offsetof(struct policy_guard, name)},
	{.name = "query",
	 .read = field_text,
	 .offset = offsetof(struct policy_guard, query),
	 .max = POLICY_QUERY_BYTES_MAX},
	{.name = "source",
	 .read = field_text,
	 .offset = offsetof(struct policy_guard, source)},
	{.name = "above", .read = read_limit},
	{.name = "below", .read = read_limit},
	{.name = "for",
	 .read = field_duration,
	 .offset = offsetof(struct policy_guard, for_ms),
	 .max = FOR_MAX},
	{.name = "action",
	 .read = field_choice,
	 .offset = offsetof(struct policy_guard, action),
	 .table = policy_guard_actions},
};

static void check_limits(const struct place *at)
{
	struct place below = place_field(at, "below");
	bool above = place_has(at, "above");
	if (at->node->kind != YAML_MAP)
		return;
	if (above && below.node)
		place_problem(&below, "Forbidden: may not set both above and below");
	else if (!above && !below.node)
		place_problem(at, "Required value: must set either above or below");
}

static void read_guard(const struct place *at, struct policy_guard *g)
{
	fields_read(at, guard_fields, ARRAY_LEN(guard_fields), g);
	place_require(at, "name", "how the guard is called in reasons");
	place_require(at, "query", "the PromQL of one value");
	place_require(at, "action",
		      "supported values: \"Hold\", \"HoldDown\", \"HoldUp\"");
	check_limits(at);
	if (!g->source)
		g->source = xstrdup("default");
}

static bool is_taken(const struct policy *p, const char *name)
{
	for (int32_t i = 0; name && i < p->guard_count; i++)
		if (p->guards[i].name && strcmp(p->guards[i].name, name) == 0)
			return true;
	return false;
}

void policy_read_guards(const struct place *at, const struct field *f, void *object)
{
	struct policy *p = object;
	(void)f;
	if (!list_limit(at, POLICY_GUARDS_MAX))
		return;
	for (size_t i = 0; i < at->node->count; i++) {
		struct place item = place_item(at, i), name = place_field(&item, "name");
		struct policy_guard *g = &p->guards[p->guard_count];
		read_guard(&item, g);
		if (is_taken(p, g->name))
			place_problem(&name, "Duplicate value: \"%s\"", g->name);
		p->guard_count++;
	}
}

void policy_guard_fini(struct policy_guard *g)
{
	free(g->name);
	free(g->query);
	free(g->source);
	*g = (struct policy_guard){0};
}

const char *guard_action_name(enum guard_action action)
{
	return choice_name(policy_guard_actions, (int)action);
}
