#include "policy/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct choice policy_modes[] = {
	{"Recommend", MODE_RECOMMEND},
	{"Scale", MODE_SCALE},
	{"Floor", MODE_FLOOR},
	{NULL, 0},
};

const struct choice policy_metrics_losses[] = {
	{"Hold", LOSS_HOLD},
	{"FollowForecast", LOSS_FOLLOW_FORECAST},
	{NULL, 0},
};

#define LOSS_LIMIT_DEFAULT                                                               \
	(30 * MS_PER_MIN) /* an outage of Prometheus, found and mended */
#define LOSS_LIMIT_MIN MS_PER_MIN
#define LOSS_LIMIT_MAX (6 * MS_PER_H)

/* The target */

/* k8s.io/apimachinery IsValidPathSegmentName. */
void policy_check_segment(const struct place *at, const char *name)
{
	if (!name)
		return;
	if (strcmp(name, ".") == 0)
		place_invalid(at, "may not be '.'");
	else if (strcmp(name, "..") == 0)
		place_invalid(at, "may not be '..'");
	else if (strchr(name, '/'))
		place_invalid(at, "may not contain '/'");
	else if (strchr(name, '%'))
		place_invalid(at, "may not contain '%'");
}

void policy_read_reference(const struct place *at, struct policy_target *ret)
{
	static const struct field fields[] = {
		{.name = "apiVersion",
		 .read = field_text,
		 .offset = offsetof(struct policy_target, api_version)},
		{.name = "kind",
		 .read = field_text,
		 .offset = offsetof(struct policy_target, kind)},
		{.name = "name",
		 .read = field_text,
		 .offset = offsetof(struct policy_target, name)},
	};
	struct place kind = place_field(at, "kind"), name = place_field(at, "name");
	fields_read(at, fields, ARRAY_LEN(fields), ret);
	place_require(at, "kind", NULL);
	place_require(at, "name", NULL);
	policy_check_segment(&kind, ret->kind);
	policy_check_segment(&name, ret->name);
}

char *policy_group_kind(const char *api_version, const char *kind)
{
	size_t group = api_version ? strcspn(api_version, "/") : 0;
	if (!kind || !api_version || !api_version[group] ||
	    (group == 4 && strncmp(api_version, "apps", 4) == 0))
		return xstrdup(kind);
	return xasprintf("%s.%.*s", kind, (int)group, api_version);
}

/* Without a group nobody knows which API serves the kind; replication controllers are the
 * one scalable kind of v1. */
static void check_api_version(const struct place *target, const struct policy_target *t)
{
	struct place at = place_field(target, "apiVersion");
	const char *version = t->api_version ? t->api_version : "";
	const char *slash = strchr(version, '/');
	char quote[PLACE_QUOTE_MAX + 4], detail[128];
	if (at.node && at.node->kind != YAML_SCALAR)
		return;
	if (slash && strchr(slash + 1, '/')) {
		snprintf(detail, sizeof(detail), "unexpected GroupVersion string: %s",
			 place_quote(version, quote));
		place_invalid(&at, detail);
	} else if (!slash &&
		   !(t->kind && strcmp(t->kind, "ReplicationController") == 0)) {
		place_problem(&at,
			      "Invalid value: \"%s\": apiVersion must specify API group",
			      place_quote(version, quote));
	}
}

static void read_target(const struct place *at, const struct field *f, void *object)
{
	struct policy *p = object;
	(void)f;
	policy_read_reference(at, &p->target);
	free(p->target.group_kind);
	p->target.group_kind = policy_group_kind(p->target.api_version, p->target.kind);
	if (at->node->kind == YAML_MAP)
		check_api_version(at, &p->target);
}

/* The top */

#define PASTE_SPEC "a whole object was given: paste only the fields under its \"spec\""

static const struct field policy_fields[] = {
	{.name = "scaleTargetRef", .read = read_target},
	{.name = "mode",
	 .read = field_choice,
	 .offset = offsetof(struct policy, mode),
	 .table = policy_modes},
	{.name = "minReplicas",
	 .read = field_int32,
	 .offset = offsetof(struct policy, min_replicas),
	 .max = INT32_MAX,
	 .low = "must be greater than or equal to 0"},
	{.name = "maxReplicas",
	 .read = field_int32,
	 .offset = offsetof(struct policy, max_replicas),
	 .min = 1,
	 .max = INT32_MAX,
	 .low = "must be greater than 0"},
	{.name = "metrics", .read = policy_read_metrics},
	{.name = "behavior", .read = policy_read_behavior},
	{.name = "forecast", .read = policy_read_forecast},
	{.name = "pause", .read = field_bool, .offset = offsetof(struct policy, pause)},
	{.name = "onMetricsLoss",
	 .read = field_choice,
	 .offset = offsetof(struct policy, on_metrics_loss),
	 .table = policy_metrics_losses},
	{.name = "metricsLossLimit",
	 .read = field_duration,
	 .offset = offsetof(struct policy, metrics_loss_limit_ms),
	 .min = LOSS_LIMIT_MIN,
	 .max = LOSS_LIMIT_MAX},
	{.name = "schedule", .read = policy_read_schedules},
	{.name = "guards", .read = policy_read_guards},
	{.name = "holds", .read = policy_read_holds},
	{.name = "targetCPUUtilizationPercentage",
	 .low = "a field of autoscaling/v1: write metrics: [{type: Resource, resource: "
		"{name: cpu, "
		"target: {type: Utilization, averageUtilization: N}}}]"},
	{.name = "apiVersion", .low = PASTE_SPEC},
	{.name = "kind", .low = PASTE_SPEC},
	{.name = "metadata", .low = PASTE_SPEC},
	{.name = "spec", .low = PASTE_SPEC},
	{.name = "status", .low = PASTE_SPEC},
};

bool policy_has_metric_at_zero(const struct policy *p)
{
	for (int32_t i = 0; i < p->metric_count; i++)
		if (p->metrics[i].type == METRIC_OBJECT ||
		    p->metrics[i].type == METRIC_EXTERNAL)
			return true;
	return false;
}

/* Only with right numbers: what is wrong by itself has been said. */
static void check_bounds(const struct place *root, const struct policy *p)
{
	struct place max = place_field(root, "maxReplicas"),
		     metrics = place_field(root, "metrics");
	if (max.node && p->max_replicas >= 1 && p->max_replicas < p->min_replicas)
		place_problem(&max,
			      "Invalid value: %d: must be greater than or equal to "
			      "`minReplicas`",
			      p->max_replicas);
	if (p->min_replicas == 0 && !policy_has_metric_at_zero(p))
		place_problem(
			&metrics,
			"Forbidden: must specify at least one Object or External metric "
			"to support scaling to zero replicas");
}

static void read_policy(const struct place *root, struct policy *p)
{
	p->min_replicas = 1;
	p->metrics_loss_limit_ms = LOSS_LIMIT_DEFAULT;
	policy_default_behavior(p);
	policy_default_forecast(p);
	fields_read(root, policy_fields, ARRAY_LEN(policy_fields), p);
	if (root->node->kind != YAML_MAP)
		return;
	struct place target = place_field(root, "scaleTargetRef");
	if (!target.node)
		place_problem(
			&target,
			"Required value: {apiVersion, kind, name} of what is scaled");
	place_require(root, "maxReplicas", "must be greater than 0");
	struct place metrics = place_field(root, "metrics");
	if (!metrics.node ||
	    (metrics.node->kind == YAML_LIST && metrics.node->count == 0))
		policy_default_metrics(p);
	policy_default_holds(p);
	check_bounds(root, p);
	policy_check_schedules(root, p);
}

/* Room for as many as a text may have. */
static struct policy *new_policy(void)
{
	struct policy *p = xcalloc(1, sizeof(*p));
	p->metrics = xcalloc(POLICY_METRICS_MAX, sizeof(p->metrics[0]));
	p->schedules = xcalloc(POLICY_SCHEDULES_MAX, sizeof(p->schedules[0]));
	p->guards = xcalloc(POLICY_GUARDS_MAX, sizeof(p->guards[0]));
	return p;
}

static void *fit(void *items, int32_t count, size_t size)
{
	return xrealloc(items, (count ? (size_t)count : 1) * size);
}

/* Of thousands of policies most have one metric and none of the rest. */
static void give_room_back(struct policy *p)
{
	struct policy_forecast *f = &p->forecast;
	p->metrics = fit(p->metrics, p->metric_count, sizeof(p->metrics[0]));
	f->excludes = fit(f->excludes, f->exclude_count, sizeof(f->excludes[0]));
	p->schedules = fit(p->schedules, p->schedule_count, sizeof(p->schedules[0]));
	p->guards = fit(p->guards, p->guard_count, sizeof(p->guards[0]));
}

static struct policy *parse(const char *text, size_t len, struct problems *problems)
{
	struct policy *p = new_policy();
	struct err err;
	AUTO(yaml_node_cleanup) struct yaml_node *tree = place_tree(text, len, &err);
	struct place root = place_root(tree, problems);
	if (tree)
		read_policy(&root, p);
	else
		problems_add(problems, err.msg);
	return p;
}

struct policy *policy_parse(const char *ns, const char *name, const char *text,
			    size_t len, struct err *err)
{
	struct problems problems;
	problems_init(&problems);
	AUTO(policy_cleanup) struct policy *p = parse(text, len, &problems);
	int rc = problems_first(&problems, err);
	problems_fini(&problems);
	if (rc < 0)
		return NULL;
	p->ns = xstrdup(ns);
	p->name = xstrdup(name);
	p->uid = xstrdup("");
	p->hash = hash_bytes(text, len);
	give_room_back(p);
	return TAKE(p);
}

int policy_check(const char *text, size_t len, struct str *ret_lines)
{
	struct problems problems;
	problems_init(&problems);
	policy_free(parse(text, len, &problems));
	str_puts(ret_lines, str_text(&problems.lines));
	int count = problems.count;
	problems_fini(&problems);
	return count;
}

void policy_target_fini(struct policy_target *target)
{
	free(target->api_version);
	free(target->kind);
	free(target->name);
	free(target->group_kind);
	*target = (struct policy_target){0};
}

void policy_borrow(const struct policy *p, struct policy_metric *room,
		   struct policy *ret_copy)
{
	memcpy(room, p->metrics, (size_t)p->metric_count * sizeof(room[0]));
	*ret_copy = *p;
	ret_copy->metrics = room;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	free(p->ns);
	free(p->name);
	free(p->uid);
	policy_target_fini(&p->target);
	for (int32_t i = 0; i < p->metric_count; i++)
		policy_metric_fini(&p->metrics[i]);
	policy_forecast_fini(&p->forecast);
	for (int32_t i = 0; i < p->schedule_count; i++)
		policy_schedule_fini(&p->schedules[i]);
	for (int32_t i = 0; i < p->guard_count; i++)
		policy_guard_fini(&p->guards[i]);
	free(p->metrics);
	free(p->schedules);
	free(p->guards);
	free(p);
}

void policy_keep_metric(struct policy *p, int32_t index)
{
	for (int32_t i = 0; i < p->metric_count; i++)
		if (i != index)
			policy_metric_fini(&p->metrics[i]);
	p->metrics[0] = p->metrics[index];
	p->metric_count = 1;
}

void policy_disable_forecast(struct policy *p)
{
	p->forecast.mode = FORECAST_DISABLED;
	policy_default_holds(p);
}

void policy_cleanup(struct policy **p)
{
	policy_free(*p);
}

const char *policy_mode_name(enum policy_mode mode)
{
	return choice_name(policy_modes, (int)mode);
}

const char *metrics_loss_name(enum metrics_loss loss)
{
	return choice_name(policy_metrics_losses, (int)loss);
}
