#include "sim/apiserver.h"

#include <string.h>

int32_t apiscale_replicas(const cJSON *workload)
{
	/* Absent is 1, as the API server defaults it. */
	return (int32_t)json_int(workload, "spec.replicas", 1);
}

/* matchLabels as a selector text: "app=checkout,tier=web". */
static char *selector_text(const cJSON *workload)
{
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	const cJSON *labels = json_at(workload, "spec.selector.matchLabels"), *label;
	cJSON_ArrayForEach (label, labels) {
		if (cJSON_IsString(label))
			str_printf(&text, "%s%s=%s", text.len ? "," : "", label->string,
				   label->valuestring);
	}
	return str_take(&text);
}

cJSON *apiscale_of(const cJSON *workload)
{
	static const char *const copied[] = {"name", "namespace", "uid",
					     "resourceVersion", "creationTimestamp"};
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(workload, "metadata");
	cJSON *scale = cJSON_CreateObject();
	cJSON_AddStringToObject(scale, "kind", "Scale");
	cJSON_AddStringToObject(scale, "apiVersion", "autoscaling/v1");
	cJSON *meta = cJSON_AddObjectToObject(scale, "metadata");
	for (size_t i = 0; i < ARRAY_LEN(copied); i++)
		cJSON_AddStringToObject(meta, copied[i], json_str(from, copied[i], ""));
	int32_t replicas = apiscale_replicas(workload);
	cJSON *spec = cJSON_AddObjectToObject(scale, "spec");
	/* omitempty: none at all is left out. */
	if (replicas != 0)
		cJSON_AddNumberToObject(spec, "replicas", replicas);
	cJSON *status = cJSON_AddObjectToObject(scale, "status");
	cJSON_AddNumberToObject(status, "replicas",
				(double)json_int(workload, "status.replicas", 0));
	char *selector AUTO_FREE = selector_text(workload);
	cJSON_AddStringToObject(status, "selector", selector);
	return scale;
}

void apiscale_own(cJSON *workload, const char *manager, int64_t now_ms)
{
	char time[32];
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(workload, "metadata");
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "managedFields");
	cJSON *entry = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(meta, "managedFields"), entry);
	cJSON_AddStringToObject(entry, "manager", manager);
	cJSON_AddStringToObject(entry, "operation", "Update");
	cJSON_AddStringToObject(entry, "apiVersion", "apps/v1");
	cJSON_AddStringToObject(entry, "time", time_format(now_ms, time, sizeof(time)));
	cJSON_AddStringToObject(entry, "fieldsType", "FieldsV1");
	cJSON *fields = cJSON_AddObjectToObject(entry, "fieldsV1");
	cJSON *spec = cJSON_AddObjectToObject(fields, "f:spec");
	cJSON_AddObjectToObject(spec, "f:replicas");
	cJSON_AddStringToObject(entry, "subresource", "scale");
}
