#include "policy/parts.h"
#include "policy/target.h"

#include <stdlib.h>
#include <string.h>

#define SOURCE_TYPES 5

const struct choice policy_metric_types[] = {
	{"ContainerResource", METRIC_CONTAINER_RESOURCE},
	{"External", METRIC_EXTERNAL},
	{"Object", METRIC_OBJECT},
	{"Pods", METRIC_PODS},
	{"Resource", METRIC_RESOURCE},
	{NULL, 0},
};

/* The field that carries each type's source. */
static const char *const source_names[SOURCE_TYPES] = {
	[METRIC_RESOURCE] = "resource", [METRIC_CONTAINER_RESOURCE] = "containerResource",
	[METRIC_PODS] = "pods",         [METRIC_OBJECT] = "object",
	[METRIC_EXTERNAL] = "external",
};

/* A metric in the making: its own fields, and its source's. */
struct metric_draft {
	struct policy_metric metric;
	int type; /* enum metric_type; -1: absent or wrong */
	struct target_draft target;
};

static void read_selector(const struct place *at, const struct field *f, void *object)
{
	static const struct field fields[] = {
		{.name = "matchLabels", .read = field_ignored_map},
		{.name = "matchExpressions", .read = field_ignored_list},
	};
	(void)f;
	fields_read(at, fields, ARRAY_LEN(fields), object);
}

static const struct field identifier_fields[] = {
	{.name = "name",
	 .read = field_text,
	 .offset = offsetof(struct metric_draft, metric.name)},
	/* The query says which series are meant. */
	{.name = "selector", .read = read_selector},
};

/* Accepted, so that an HPA's spec can be pasted; a query needs no object. */
static void read_described_object(const struct place *at, const struct field *f,
				  void *object)
{
	struct policy_target described = {0};
	(void)f;
	(void)object;
	policy_read_reference(at, &described);
	policy_target_fini(&described);
}

static void read_target(const struct place *at, const struct field *f, void *object)
{
	(void)f;
	target_read(at, &((struct metric_draft *)object)->target);
}

#define TARGET_FIELD                                                                     \
	{                                                                                \
		.name = "target", .read = read_target                                    \
	}
#define METRIC_FIELD                                                                     \
	{                                                                                \
		.name = "metric", .read = field_map, .table = identifier_fields,         \
		.table_count = ARRAY_LEN(identifier_fields)                              \
	}
#define RESOURCE_NAME_FIELD                                                              \
	{                                                                                \
		.name = "name", .read = field_text,                                      \
		.offset = offsetof(struct metric_draft, metric.name)                     \
	}

/* Foretop's own fields stand at the metric, where the HPA has only `type`. */
#define MISPLACED(field_name)                                                            \
	{                                                                                \
		.name = field_name, .low = "belongs beside \"type\", one level up"       \
	}
#define MISPLACED_FIELDS                                                                 \
	MISPLACED("query"), MISPLACED("historyQuery"), MISPLACED("source"),              \
		MISPLACED("forecast")

static const struct field resource_fields[] = {RESOURCE_NAME_FIELD, TARGET_FIELD,
					       MISPLACED_FIELDS};
static const struct field container_fields[] = {
	RESOURCE_NAME_FIELD,
	{.name = "container",
	 .read = field_text,
	 .offset = offsetof(struct metric_draft, metric.container)},
	TARGET_FIELD,
	MISPLACED_FIELDS,
};
static const struct field metric_source_fields[] = {METRIC_FIELD, TARGET_FIELD,
						    MISPLACED_FIELDS};
static const struct field object_fields[] = {
	METRIC_FIELD,
	TARGET_FIELD,
	{.name = "describedObject", .read = read_described_object},
	MISPLACED_FIELDS,
};

static const struct {
	const struct field *fields;
	size_t count;
} source_tables[SOURCE_TYPES] = {
	[METRIC_RESOURCE] = {resource_fields, ARRAY_LEN(resource_fields)},
	[METRIC_CONTAINER_RESOURCE] = {container_fields, ARRAY_LEN(container_fields)},
	[METRIC_PODS] = {metric_source_fields, ARRAY_LEN(metric_source_fields)},
	[METRIC_OBJECT] = {object_fields, ARRAY_LEN(object_fields)},
	[METRIC_EXTERNAL] = {metric_source_fields, ARRAY_LEN(metric_source_fields)},
};

static bool is_resource(int type)
{
	return type == METRIC_RESOURCE || type == METRIC_CONTAINER_RESOURCE;
}

static void check_resource(const struct place *source, const struct metric_draft *draft)
{
	struct place name = place_field(source, "name");
	const char *text = draft->metric.name;
	char quote[PLACE_QUOTE_MAX + 4];
	place_require(source, "name", "must specify a resource name");
	/* The metrics API, and so the HPA, knows no other. */
	if (text && strcmp(text, "cpu") != 0 && strcmp(text, "memory") != 0)
		place_problem(&name,
			      "Unsupported value: \"%s\": supported values: \"cpu\", "
			      "\"memory\"",
			      place_quote(text, quote));
	if (draft->type == METRIC_CONTAINER_RESOURCE)
		place_require(source, "container", "must specify a container");
}

static void check_source(const struct place *source, const struct metric_draft *draft)
{
	struct place target = place_field(source, "target");
	struct place metric = place_field(source, "metric");
	struct place name = place_field(&metric, "name");
	if (is_resource(draft->type)) {
		check_resource(source, draft);
	} else {
		place_require(&metric, "name", "must specify a metric name");
		policy_check_segment(&name, draft->metric.name);
	}
	target_check(&target, (enum metric_type)draft->type, &draft->target);
}

static void read_source(const struct place *at, struct metric_draft *draft)
{
	struct place source = place_field(at, source_names[draft->type]);
	if (!source.node) {
		place_problem(&source, "Required value: must populate information for "
				       "the given metric source");
		return;
	}
	fields_read(&source, source_tables[draft->type].fields,
		    source_tables[draft->type].count, draft);
	if (source.node->kind == YAML_MAP)
		check_source(&source, draft);
}

static const struct field metric_fields[] = {
	{.name = "type",
	 .read = field_choice,
	 .offset = offsetof(struct metric_draft, type),
	 .table = policy_metric_types},
	/* Read once the type is known. */
	{.name = "resource", .read = field_later},
	{.name = "containerResource", .read = field_later},
	{.name = "pods", .read = field_later},
	{.name = "object", .read = field_later},
	{.name = "external", .read = field_later},
	{.name = "forecast", .read = field_later},
	{.name = "query",
	 .read = field_text,
	 .offset = offsetof(struct metric_draft, metric.query),
	 .max = POLICY_QUERY_BYTES_MAX},
	{.name = "historyQuery",
	 .read = field_text,
	 .offset = offsetof(struct metric_draft, metric.history_query),
	 .max = POLICY_QUERY_BYTES_MAX},
	{.name = "source",
	 .read = field_text,
	 .offset = offsetof(struct metric_draft, metric.source)},
};

static void forbid_other_sources(const struct place *at, int type)
{
	for (int i = 0; i < SOURCE_TYPES; i++) {
		struct place other = place_field(at, source_names[i]);
		if (i != type && other.node)
			place_problem(
				&other,
				"Forbidden: must populate the given metric source only");
	}
}

/* Memory has a base per pod, so its total grows with the pods and a forecast of it would
 * feed on itself. */
static void forbid_memory_forecast(const struct place *at)
{
	static const char *const fields[] = {"forecast", "historyQuery"};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct place field = place_field(at, fields[i]);
		if (field.node)
			place_problem(
				&field,
				"Forbidden: memory is not forecast by itself: remove it");
	}
}

static void read_forecast(const struct place *at, struct policy_metric *m)
{
	struct place forecast = place_field(at, "forecast");
	m->forecast = !is_resource(m->type) || !m->name || strcmp(m->name, "memory") != 0;
	m->forecast_target = m->reactive_target = m->target;
	if (m->forecast)
		target_read_forecast(&forecast, m);
	else
		forbid_memory_forecast(at);
}

static void read_typed(const struct place *at, struct metric_draft *draft)
{
	struct policy_metric *m = &draft->metric;
	m->type = (enum metric_type)draft->type;
	read_source(at, draft);
	forbid_other_sources(at, draft->type);
	m->target = target_chosen(m->type, &draft->target);
	read_forecast(at, m);
	if (!is_resource(m->type))
		place_require(at, "query", "the PromQL of the metric's value");
}

static void read_metric(const struct place *at, struct policy_metric *ret)
{
	struct metric_draft draft = {.type = -1, .target.type = -1};
	fields_read(at, metric_fields, ARRAY_LEN(metric_fields), &draft);
	place_require(at, "type", "must specify a metric source type");
	if (draft.type >= 0)
		read_typed(at, &draft);
	if (!draft.metric.source)
		draft.metric.source = xstrdup("default");
	*ret = draft.metric;
}

void policy_read_metrics(const struct place *at, const struct field *f, void *object)
{
	(void)f;
	struct policy *p = object;
	if (!list_limit(at, POLICY_METRICS_MAX))
		return;
	for (size_t i = 0; i < at->node->count; i++) {
		struct place item = place_item(at, i);
		read_metric(&item, &p->metrics[p->metric_count++]);
	}
}

/* The API's default for an absent or empty list: 80 % of the CPU request. */
void policy_default_metrics(struct policy *p)
{
	const struct metric_target target = {TARGET_UTILIZATION, 0, 80};
	p->metric_count = 1;
	p->metrics[0] = (struct policy_metric){
		.type = METRIC_RESOURCE,
		.name = xstrdup("cpu"),
		.source = xstrdup("default"),
		.target = target,
		.forecast_target = target,
		.reactive_target = target,
		.forecast = true,
	};
}

void policy_metric_fini(struct policy_metric *m)
{
	free(m->name);
	free(m->container);
	free(m->query);
	free(m->history_query);
	free(m->source);
	*m = (struct policy_metric){0};
}

const char *metric_type_name(enum metric_type type)
{
	return choice_name(policy_metric_types, (int)type);
}
