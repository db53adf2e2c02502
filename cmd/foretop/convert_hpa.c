/* HorizontalPodAutoscalers of all versions as policies. */
#include "convert.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Where autoscaling/v1 keeps what it has no fields for. */
#define V1_METRICS  "autoscaling.alpha.kubernetes.io/metrics"
#define V1_BEHAVIOR "autoscaling.alpha.kubernetes.io/behavior"

static const struct {
	const char *type, *key;
	bool resource, by_pod;
} sources[] = {
	{"Resource", "resource", true, false},
	{"ContainerResource", "containerResource", true, false},
	{"Pods", "pods", false, true},
	{"Object", "object", false, false},
	{"External", "external", false, false},
};

static int source_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (!strcmp(sources[i].type, type))
			return (int)i;
	return -1;
}

/* "{queue=\"orders\"}" of a label selector's matchLabels; "" without one. */
static void selector_text(const cJSON *selector, struct str *out)
{
	const cJSON *label, *labels = json_at(selector, "matchLabels");
	const char *gap = "{";
	cJSON_ArrayForEach (label, labels) {
		if (!cJSON_IsString(label))
			continue;
		str_printf(out, "%s%s=\"%s\"", gap, label->string, label->valuestring);
		gap = ", ";
	}
	if (*gap == ',')
		str_puts(out, "}");
	if (json_at(selector, "matchExpressions"))
		str_puts(out, " and its matchExpressions");
}

/* The blank that stands for an adapter's answer. */
static void leave_blank(struct conversion *c, cJSON *metric, int index, int source,
			const cJSON *spec)
{
	struct str labels AUTO(str_fini);
	str_init(&labels, 1024);
	selector_text(json_at(spec, "metric.selector"), &labels);
	cJSON_AddStringToObject(metric, "query", "");
	conversion_blank(
		c,
		"metrics[%d].query: fill in the PromQL of %s%s as the HPA's adapter "
		"gives it: %s",
		index, json_str(spec, "metric.name", "?"), str_text(&labels),
		sources[source].by_pod ? "one series for each pod, label pod"
				       : "one series");
}

/* A metric of v2 and v2beta2 is one of a policy; anything else is said. */
static void add_metric(struct conversion *c, cJSON *metrics, const cJSON *from, int index)
{
	const char *type = json_str(from, "type", "");
	int source = source_of(type);
	if (source < 0) {
		conversion_note(c, "metrics[%d]: type %s is not known", index, type);
		return;
	}
	cJSON *metric = cJSON_CreateObject();
	const cJSON *spec = cJSON_GetObjectItemCaseSensitive(from, sources[source].key);
	cJSON_AddStringToObject(metric, "type", type);
	convert_copy(from, sources[source].key, metric);
	if (!sources[source].resource)
		leave_blank(c, metric, index, source, spec);
	cJSON_AddItemToArray(metrics, metric);
}

/* --- v2beta1 and the annotation of v1: other names for the same --- */

static void add_target(cJSON *to, const char *type, const char *key, const cJSON *value)
{
	cJSON *target = cJSON_AddObjectToObject(to, "target");
	cJSON_AddStringToObject(target, "type", type);
	cJSON_AddItemToObject(target, key, cJSON_Duplicate(value, true));
}

static void add_identifier(cJSON *to, const cJSON *spec)
{
	cJSON *metric = cJSON_AddObjectToObject(to, "metric");
	const cJSON *selector = json_at(spec, "selector");
	cJSON_AddStringToObject(metric, "name", json_str(spec, "metricName", ""));
	if (!selector)
		selector = json_at(spec, "metricSelector");
	if (selector)
		cJSON_AddItemToObject(metric, "selector",
				      cJSON_Duplicate(selector, true));
}

/* The caller owns the metric in v2's words. */
static cJSON *modern_metric(const cJSON *old)
{
	static const struct {
		const char *key, *type, *now;
	} targets[] = {
		{"targetAverageUtilization", "Utilization", "averageUtilization"},
		{"targetAverageValue", "AverageValue", "averageValue"},
		{"averageValue", "AverageValue", "averageValue"},
		{"targetValue", "Value", "value"},
	};
	const char *type = json_str(old, "type", "");
	int source = source_of(type);
	cJSON *metric = cJSON_CreateObject();
	cJSON_AddStringToObject(metric, "type", type);
	if (source < 0)
		return metric;
	const cJSON *spec = cJSON_GetObjectItemCaseSensitive(old, sources[source].key);
	cJSON *now = cJSON_AddObjectToObject(metric, sources[source].key);
	if (sources[source].resource)
		convert_copy(spec, "name", now);
	else
		add_identifier(now, spec);
	convert_copy(spec, "container", now);
	if (cJSON_IsObject(json_at(spec, "target")))
		cJSON_AddItemToObject(now, "describedObject",
				      cJSON_Duplicate(json_at(spec, "target"), true));
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		const cJSON *value = json_at(spec, targets[i].key);
		if (!value || json_at(now, "target"))
			continue;
		add_target(now, targets[i].type, targets[i].now, value);
	}
	return metric;
}

static bool is_old(const cJSON *object)
{
	const char *version = json_str(object, "apiVersion", "");
	return !strcmp(version, "autoscaling/v1") ||
	       !strcmp(version, "autoscaling/v2beta1");
}

static cJSON *annotation(const cJSON *object, const char *key)
{
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(
		json_at(object, "metadata.annotations"), key);
	return cJSON_IsString(text)
		       ? json_parse(text->valuestring, strlen(text->valuestring), NULL)
		       : NULL;
}

/* An array of metrics in v2's words; the caller owns it. */
static cJSON *modern_metrics(const cJSON *object)
{
	cJSON *all = cJSON_CreateArray();
	cJSON *kept AUTO(json_cleanup) = annotation(object, V1_METRICS);
	const cJSON *metric, *lists[] = {json_at(object, "spec.metrics"), kept};
	const cJSON *cpu = json_at(object, "spec.targetCPUUtilizationPercentage");
	if (cpu) {
		cJSON *first = cJSON_CreateObject();
		cJSON_AddStringToObject(first, "type", "Resource");
		cJSON *resource = cJSON_AddObjectToObject(first, "resource");
		cJSON_AddStringToObject(resource, "name", "cpu");
		add_target(resource, "Utilization", "averageUtilization", cpu);
		cJSON_AddItemToArray(all, first);
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		cJSON_ArrayForEach (metric, lists[i])
			cJSON_AddItemToArray(
				all, is_old(object) ? modern_metric(metric)
						    : cJSON_Duplicate(metric, true));
	return all;
}

/* The annotation holds Go's own names of the fields, and nulls. The caller owns the
 * result. */
static cJSON *modern_behavior(const cJSON *old)
{
	const cJSON *item;
	if (!cJSON_IsObject(old) && !cJSON_IsArray(old))
		return cJSON_Duplicate(old, true);
	cJSON *now = cJSON_IsArray(old) ? cJSON_CreateArray() : cJSON_CreateObject();
	cJSON_ArrayForEach (item, old) {
		if (cJSON_IsNull(item))
			continue;
		if (cJSON_IsArray(old)) {
			cJSON_AddItemToArray(now, modern_behavior(item));
			continue;
		}
		char *key AUTO_FREE = xstrdup(item->string);
		*key = (char)tolower((unsigned char)*key);
		cJSON_AddItemToObject(now, key, modern_behavior(item));
	}
	return now;
}

int convert_hpa(const cJSON *object, struct conversion *c, struct err *err)
{
	const cJSON *spec = json_at(object, "spec");
	const cJSON *metric;
	cJSON *from AUTO(json_cleanup) = modern_metrics(object);
	cJSON *behavior AUTO(json_cleanup) = annotation(object, V1_BEHAVIOR);
	int index = 0;
	if (!json_at(spec, "scaleTargetRef"))
		return err_set(err, ERR_INVALID, "it has no spec.scaleTargetRef");
	convert_copy(spec, "scaleTargetRef", c->policy);
	cJSON_AddStringToObject(c->policy, "mode", "Recommend");
	convert_copy(spec, "minReplicas", c->policy);
	convert_copy(spec, "maxReplicas", c->policy);
	cJSON *metrics = cJSON_CreateArray();
	cJSON_ArrayForEach (metric, from)
		add_metric(c, metrics, metric, index++);
	if (index)
		cJSON_AddItemToObject(c->policy, "metrics", metrics);
	else
		cJSON_Delete(metrics);
	convert_copy(spec, "behavior", c->policy);
	if (behavior && !json_at(c->policy, "behavior"))
		cJSON_AddItemToObject(c->policy, "behavior", modern_behavior(behavior));
	return 0;
}
