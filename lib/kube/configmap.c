#include "kube/configmap.h"

#include "kube/discovery.h"
#include "kube/session.h"

#include <stdlib.h>

static char *path_of(const char *ns, const char *name)
{
	char *collection AUTO_FREE = kube_collection_path("v1", "configmaps", ns);
	if (!name)
		return TAKE(collection);
	char *escaped AUTO_FREE = kube_escape(name);
	return xasprintf("%s/%s", collection, escaped);
}

struct kube_call *kube_configmap_get(struct kube *k, const char *ns, const char *name,
				     kube_done done, void *arg)
{
	char *path AUTO_FREE = path_of(ns, name);
	struct kube_request request = {.method = KUBE_GET, .path = path};
	return kube_send(k, &request, done, arg);
}

static cJSON *body_of(const struct kube_configmap *map, bool create)
{
	cJSON *body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "apiVersion", "v1");
	cJSON_AddStringToObject(body, "kind", "ConfigMap");
	cJSON *metadata = cJSON_AddObjectToObject(body, "metadata");
	cJSON_AddStringToObject(metadata, "name", map->name);
	cJSON_AddStringToObject(metadata, "namespace", map->ns);
	if (!create)
		cJSON_AddStringToObject(metadata, "resourceVersion", map->version);
	cJSON *labels = cJSON_AddObjectToObject(metadata, "labels");
	cJSON_AddStringToObject(labels, KUBE_PART_OF_LABEL, "foretop");
	cJSON_AddStringToObject(labels, KUBE_STATUS_LABEL, map->status_label);
	if (map->annotations)
		cJSON_AddItemToObject(metadata, "annotations",
				      cJSON_Duplicate(map->annotations, true));
	cJSON_AddItemToObject(body, "data", cJSON_Duplicate(map->data, true));
	return body;
}

struct kube_call *kube_configmap_put(struct kube *k, const struct kube_configmap *map,
				     kube_done done, void *arg)
{
	bool create = !map->version || !*map->version;
	char *path AUTO_FREE = path_of(map->ns, create ? NULL : map->name);
	cJSON *body AUTO(json_cleanup) = body_of(map, create);
	struct kube_request request = {
		.method = create ? KUBE_POST : KUBE_PUT,
		.path = path,
		.query = FIELD_MANAGER,
		.body = body,
		.permit = map->permit,
	};
	return kube_send(k, &request, done, arg);
}
