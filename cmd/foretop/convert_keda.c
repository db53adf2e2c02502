/* ScaledObjects as policies. */
#include "convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *meta(const cJSON *trigger, const char *key)
{
	const cJSON *item =
		cJSON_GetObjectItemCaseSensitive(json_at(trigger, "metadata"), key);
	return cJSON_IsString(item) ? item->valuestring : NULL;
}

static const char *type_of(const cJSON *trigger)
{
	return json_str(trigger, "type", "");
}

static cJSON *add_of_type(cJSON *metrics, const char *type)
{
	cJSON *metric = cJSON_CreateObject();
	cJSON_AddStringToObject(metric, "type", type);
	cJSON_AddItemToArray(metrics, metric);
	return metric;
}

/* metadata and metricType of a trigger as an HPA's target; value NULL: a blank. */
static void add_target(cJSON *to, const char *type, const char *value)
{
	cJSON *target = cJSON_AddObjectToObject(to, "target");
	cJSON_AddStringToObject(target, "type", type);
	if (!value)
		return;
	if (!strcmp(type, "Utilization"))
		cJSON_AddNumberToObject(target, "averageUtilization",
					strtod(value, NULL));
	else
		cJSON_AddStringToObject(
			target, !strcmp(type, "Value") ? "value" : "averageValue", value);
}

/* An External metric; the metric's index for notes. */
static int add_external(cJSON *metrics, const char *name, const char *type,
			const char *value, const char *query)
{
	cJSON *metric = add_of_type(metrics, "External");
	cJSON *external = cJSON_AddObjectToObject(metric, "external");
	cJSON_AddStringToObject(cJSON_AddObjectToObject(external, "metric"), "name",
				name);
	add_target(external, type, value);
	cJSON_AddStringToObject(metric, "query", query ? query : "");
	return cJSON_GetArraySize(metrics) - 1;
}

/* A name that is a path segment and unique in the policy. */
static char *name_of(const cJSON *trigger, int index)
{
	const char *given = json_str(trigger, "name", "");
	return *given ? xstrdup(given) : xasprintf("%s-%d", type_of(trigger), index);
}

static const char *target_type(const cJSON *trigger, const char *fallback)
{
	return json_str(trigger, "metricType", fallback);
}

/* --- prometheus --- */

/* What a source of the controller's configuration has in place of the trigger's own. */
static void note_source(struct conversion *c, const cJSON *trigger, const char *path)
{
	static const struct {
		const char *key, *now;
	} settings[] = {
		{"namespace", "queryParameters of that source"},
		{"customHeaders", "headers of that source"},
		{"queryParameters", "queryParameters of that source"},
		{"unsafeSsl", "insecureSkipVerify of that source"},
		{"timeout", "timeout of that source"},
		{"authModes", "bearerTokenFile, username or certFile of that source"},
		{"awsRegion", "a proxy that signs requests"},
	};
	const char *server = meta(trigger, "serverAddress");
	conversion_note(c,
			"%s: serverAddress %s: name it in the controller's `sources`, "
			"then here as `source` (default is assumed)",
			path, server ? server : "(none)");
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (meta(trigger, settings[i].key))
			conversion_note(c, "%s: %s: %s", path, settings[i].key,
					settings[i].now);
}

static void note_semantics(struct conversion *c, const cJSON *trigger, const char *path)
{
	const char *ignore = meta(trigger, "ignoreNullValues");
	const char *activation = meta(trigger, "activationThreshold");
	if (!ignore || !strcmp(ignore, "true"))
		conversion_note(c,
				"%s: no value counts as unknown here and lowers nothing, "
				"not as 0 (ignoreNullValues); add `or vector(0)` if no "
				"series does mean 0",
				path);
	if (activation && strtod(activation, NULL) > 0)
		conversion_note(c,
				"%s: activationThreshold %s: with minReplicas 0, any "
				"value above 0 asks for a pod",
				path, activation);
}

static void add_prometheus(struct conversion *c, cJSON *metrics, const cJSON *trigger,
			   int index, const char *path)
{
	char *name AUTO_FREE = name_of(trigger, index);
	const char *query = meta(trigger, "query");
	int at = add_external(metrics, name, target_type(trigger, "AverageValue"),
			      meta(trigger, "threshold"), query);
	if (!query)
		conversion_blank(c, "metrics[%d].query: %s has none", at, path);
	if (!meta(trigger, "threshold"))
		conversion_blank(c, "metrics[%d].external.target: %s has no threshold",
				 at, path);
	note_source(c, trigger, path);
	note_semantics(c, trigger, path);
}

/* --- cpu, memory --- */

static void add_resource(struct conversion *c, cJSON *metrics, const cJSON *trigger,
			 const char *path)
{
	const char *container = meta(trigger, "containerName");
	const char *old_type = meta(trigger, "type"); /* before KEDA 2.18 */
	const char *type = target_type(trigger, old_type ? old_type : "Utilization");
	cJSON *metric =
		add_of_type(metrics, container ? "ContainerResource" : "Resource");
	cJSON *resource = cJSON_AddObjectToObject(metric, container ? "containerResource"
								    : "resource");
	cJSON_AddStringToObject(resource, "name", type_of(trigger));
	if (container)
		cJSON_AddStringToObject(resource, "container", container);
	add_target(resource, type, meta(trigger, "value"));
	if (!meta(trigger, "value"))
		conversion_blank(c, "metrics[%d]: %s has no value",
				 cJSON_GetArraySize(metrics) - 1, path);
}

/* --- all else --- */

static void add_unknown(struct conversion *c, cJSON *metrics, const cJSON *trigger,
			int index, const char *path)
{
	char *name AUTO_FREE = name_of(trigger, index);
	int at = add_external(metrics, name, "AverageValue", NULL, NULL);
	conversion_blank(
		c,
		"metrics[%d].query and .external.target.averageValue: %s is of "
		"type %s, which asks no Prometheus: fill in the PromQL of its value "
		"and what a pod carries",
		at, path, type_of(trigger));
}

static void add_trigger(struct conversion *c, cJSON *metrics, const cJSON *trigger,
			int index)
{
	char path[48];
	const char *type = type_of(trigger);
	snprintf(path, sizeof(path), "triggers[%d]", index);
	if (!strcmp(type, "cron"))
		convert_cron_trigger(trigger, json_int(c->policy, "maxReplicas", 1), path,
				     c);
	else if (!strcmp(type, "cpu") || !strcmp(type, "memory"))
		add_resource(c, metrics, trigger, path);
	else if (!strcmp(type, "prometheus"))
		add_prometheus(c, metrics, trigger, index, path);
	else
		add_unknown(c, metrics, trigger, index, path);
	if (json_at(trigger, "authenticationRef"))
		conversion_note(c,
				"%s: authenticationRef %s: credentials stand in files of "
				"the controller's `sources`",
				path, json_str(trigger, "authenticationRef.name", ""));
}

/* --- the rest of spec --- */

static void copy_target(const cJSON *spec, cJSON *policy)
{
	const cJSON *from = json_at(spec, "scaleTargetRef");
	cJSON *to = cJSON_AddObjectToObject(policy, "scaleTargetRef");
	cJSON_AddStringToObject(to, "apiVersion",
				json_str(from, "apiVersion", "apps/v1"));
	cJSON_AddStringToObject(to, "kind", json_str(from, "kind", "Deployment"));
	cJSON_AddStringToObject(to, "name", json_str(from, "name", ""));
}

static void note_fields(struct conversion *c, const cJSON *spec)
{
	static const struct {
		const char *path, *why;
	} fields[] = {
		{"pollingInterval", "the controller's syncPeriod holds for all"},
		{"cooldownPeriod", "to and from 0 goes by the metric and "
				   "behavior.scaleDown like every other "
				   "step"},
		{"initialCooldownPeriod", "there is none"},
		{"idleReplicaCount", "there is none; minReplicas holds"},
		{"fallback", "without metrics nothing is lowered; `onMetricsLoss: "
			     "FollowForecast` lets a "
			     "forecast raise"},
		{"advanced.restoreToOriginalReplicaCount",
		 "the size stays as it is when a policy goes"},
		{"advanced.horizontalPodAutoscalerConfig.name", "there is no HPA"},
	};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (json_at(spec, fields[i].path))
			conversion_note(c, "%s: %s", fields[i].path, fields[i].why);
}

static void note_annotations(struct conversion *c, const cJSON *object)
{
	static const char *const pauses[] = {"autoscaling.keda.sh/paused",
					     "autoscaling.keda.sh/paused-replicas"};
	static const char *const others[] = {"autoscaling.keda.sh/paused-scale-in",
					     "autoscaling.keda.sh/paused-scale-out",
					     "autoscaling.keda.sh/force-activation"};
	const cJSON *all = json_at(object, "metadata.annotations");
	for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
		const cJSON *a = cJSON_GetObjectItemCaseSensitive(all, pauses[i]);
		if (!cJSON_IsString(a) || (!i && !strcmp(a->valuestring, "false")))
			continue;
		if (!json_at(c->policy, "pause"))
			cJSON_AddBoolToObject(c->policy, "pause", true);
		if (i)
			conversion_note(
				c,
				"annotation %s %s: `pause` keeps the size that is there",
				pauses[i], a->valuestring);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (cJSON_GetObjectItemCaseSensitive(all, others[i]))
			conversion_note(c, "annotation %s: not carried over", others[i]);
}

/* KEDA leaves CPU and memory to the HPA, and no formula can use them. */
static bool stands_alone(const cJSON *trigger)
{
	const char *type = type_of(trigger);
	return !strcmp(type, "cpu") || !strcmp(type, "memory") || !strcmp(type, "cron");
}

/* A formula makes one metric of all other triggers. */
static void add_formula(struct conversion *c, cJSON *metrics, const cJSON *modifiers)
{
	int at = add_external(metrics, "formula",
			      json_str(modifiers, "metricType", "AverageValue"),
			      json_str(modifiers, "target", NULL), NULL);
	conversion_blank(
		c,
		"metrics[%d].query: fill in one PromQL for scalingModifiers.formula: %s",
		at, json_str(modifiers, "formula", ""));
}

static int64_t minimum(struct conversion *c, const cJSON *spec, const cJSON *metrics)
{
	int64_t min = json_int(spec, "minReplicaCount", 0);
	const cJSON *metric;
	bool external = false;
	cJSON_ArrayForEach (metric, metrics)
		external |= !strcmp(json_str(metric, "type", ""), "External");
	if (min == 0 && !external) {
		conversion_note(c, "minReplicaCount 0: 1, as only an External metric can "
				   "start the first pod");
		min = 1;
	}
	return min;
}

int convert_scaledobject(const cJSON *object, struct conversion *c, struct err *err)
{
	const cJSON *spec = json_at(object, "spec");
	const cJSON *trigger, *triggers = json_at(spec, "triggers");
	const cJSON *modifiers = json_at(spec, "advanced.scalingModifiers");
	const cJSON *behavior =
		json_at(spec, "advanced.horizontalPodAutoscalerConfig.behavior");
	cJSON *metrics = cJSON_CreateArray();
	int index = 0;
	if (!*json_str(spec, "scaleTargetRef.name", "")) {
		cJSON_Delete(metrics);
		return err_set(err, ERR_INVALID, "it has no spec.scaleTargetRef.name");
	}
	copy_target(spec, c->policy);
	cJSON_AddStringToObject(c->policy, "mode", "Recommend");
	cJSON *min = cJSON_AddNumberToObject(c->policy, "minReplicas", 0);
	cJSON_AddNumberToObject(c->policy, "maxReplicas",
				(double)json_int(spec, "maxReplicaCount", 100));
	cJSON_ArrayForEach (trigger, triggers) {
		if (!json_at(modifiers, "formula") || stands_alone(trigger))
			add_trigger(c, metrics, trigger, index);
		index++;
	}
	if (json_at(modifiers, "formula"))
		add_formula(c, metrics, modifiers);
	cJSON_SetNumberValue(min, (double)minimum(c, spec, metrics));
	if (cJSON_GetArraySize(metrics)) {
		cJSON_AddItemToObject(c->policy, "metrics", metrics);
	} else {
		cJSON_Delete(metrics);
		conversion_note(c, "there is no metric beside cron: a policy without one "
				   "scales by CPU at 80 %%");
	}
	if (behavior)
		cJSON_AddItemToObject(c->policy, "behavior",
				      cJSON_Duplicate(behavior, true));
	note_fields(c, spec);
	note_annotations(c, object);
	return 0;
}
