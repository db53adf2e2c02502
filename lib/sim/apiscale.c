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
