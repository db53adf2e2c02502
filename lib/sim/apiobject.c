#include "sim/apiobject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct apiresource resources[KUBEAPI_RESOURCES] = {
	[KUBEAPI_CONFIGMAPS] = {.plural = "configmaps",
				.kind = "ConfigMap",
				.list_kind = "ConfigMapList",
				.group = "",
				.version = "v1",
				.namespaced = true},
	[KUBEAPI_PODS] = {.plural = "pods",
			  .kind = "Pod",
			  .list_kind = "PodList",
			  .group = "",
			  .version = "v1",
			  .namespaced = true,
			  .has_status = true},
	[KUBEAPI_NAMESPACES] = {.plural = "namespaces",
				.kind = "Namespace",
				.list_kind = "NamespaceList",
				.group = "",
				.version = "v1",
				.has_status = true},
	[KUBEAPI_DEPLOYMENTS] = {.plural = "deployments",
				 .kind = "Deployment",
				 .list_kind = "DeploymentList",
				 .group = "apps",
				 .version = "v1",
				 .namespaced = true,
				 .scalable = true,
				 .has_status = true},
	[KUBEAPI_STATEFULSETS] = {.plural = "statefulsets",
				  .kind = "StatefulSet",
				  .list_kind = "StatefulSetList",
				  .group = "apps",
				  .version = "v1",
				  .namespaced = true,
				  .scalable = true,
				  .has_status = true},
	[KUBEAPI_REPLICASETS] = {.plural = "replicasets",
				 .kind = "ReplicaSet",
				 .list_kind = "ReplicaSetList",
				 .group = "apps",
				 .version = "v1",
				 .namespaced = true,
				 .scalable = true,
				 .has_status = true},
	[KUBEAPI_LEASES] = {.plural = "leases",
			    .kind = "Lease",
			    .list_kind = "LeaseList",
			    .group = "coordination.k8s.io",
			    .version = "v1",
			    .namespaced = true,
			    .needs_version = true},
	[KUBEAPI_EVENTS] = {.plural = "events",
			    .kind = "Event",
			    .list_kind = "EventList",
			    .group = "events.k8s.io",
			    .version = "v1",
			    .namespaced = true},
	[KUBEAPI_HPAS] = {.plural = "horizontalpodautoscalers",
			  .kind = "HorizontalPodAutoscaler",
			  .list_kind = "HorizontalPodAutoscalerList",
			  .group = "autoscaling",
			  .version = "v2",
			  .namespaced = true,
			  .has_status = true},
	[KUBEAPI_SCALEDOBJECTS] = {.plural = "scaledobjects",
				   .kind = "ScaledObject",
				   .list_kind = "ScaledObjectList",
				   .group = "keda.sh",
				   .version = "v1alpha1",
				   .namespaced = true,
				   .has_status = true},
	[KUBEAPI_FLEETS] = {.plural = "fleets",
			    .kind = "Fleet",
			    .list_kind = "FleetList",
			    .group = "sim.foretop.io",
			    .version = "v1",
			    .namespaced = true,
			    .scalable = true,
			    .has_status = true},
};

const struct apiresource *apiresource_of(enum kubeapi_resource resource)
{
	return &resources[resource];
}

const char *apiresource_group_version(enum kubeapi_resource resource, char *buf,
				      size_t size)
{
	const struct apiresource *r = &resources[resource];
	snprintf(buf, size, "%s%s%s", r->group, *r->group ? "/" : "", r->version);
	return buf;
}

const char *apiresource_qualified(enum kubeapi_resource resource, char *buf, size_t size)
{
	const struct apiresource *r = &resources[resource];
	snprintf(buf, size, "%s%s%s", r->plural, *r->group ? "." : "", r->group);
	return buf;
}

static void read_labels(struct apiobject *o, const cJSON *tree)
{
	const cJSON *labels = json_at(tree, "metadata.labels"), *label;
	if (!cJSON_IsObject(labels))
		return;
	o->labels = xcalloc((size_t)cJSON_GetArraySize(labels), sizeof(*o->labels));
	cJSON_ArrayForEach (label, labels) {
		if (!cJSON_IsString(label))
			continue;
		o->labels[o->label_count++] = (struct apilabel){
			.key = xstrdup(label->string),
			.value = xstrdup(label->valuestring),
		};
	}
}

/* Kind and apiVersion stand in front, as the API server writes them. */
static void write_text(struct apiobject *o, const cJSON *tree)
{
	char group_version[64];
	cJSON *body AUTO(json_cleanup) = cJSON_Duplicate(tree, true);
	cJSON_DeleteItemFromObjectCaseSensitive(body, "kind");
	cJSON_DeleteItemFromObjectCaseSensitive(body, "apiVersion");
	char *rest AUTO_FREE = json_text(body);
	apiresource_group_version(o->resource, group_version, sizeof(group_version));
	char *head AUTO_FREE = xasprintf("{\"kind\":\"%s\",\"apiVersion\":\"%s\",",
					 resources[o->resource].kind, group_version);
	o->text = xasprintf("%s%s", head, rest + 1);
	o->len = strlen(o->text);
	o->item = strlen(head);
}

struct apiobject *apiobject_new(enum kubeapi_resource resource, uint64_t version,
				const cJSON *tree)
{
	struct apiobject *o = xcalloc(1, sizeof(*o));
	o->references = 1;
	o->resource = resource;
	o->version = version;
	o->ns = xstrdup(json_str(tree, "metadata.namespace", ""));
	o->name = xstrdup(json_str(tree, "metadata.name", ""));
	read_labels(o, tree);
	write_text(o, tree);
	return o;
}

struct apiobject *apiobject_hold(struct apiobject *o)
{
	o->references++;
	return o;
}

void apiobject_release(struct apiobject *o)
{
	if (!o || --o->references > 0)
		return;
	for (int i = 0; i < o->label_count; i++) {
		free(o->labels[i].key);
		free(o->labels[i].value);
	}
	free(o->labels);
	free(o->ns);
	free(o->name);
	free(o->text);
	free(o);
}

cJSON *apiobject_tree(const struct apiobject *o)
{
	return json_parse(o->text, o->len, NULL);
}

const char *apiobject_label(const struct apiobject *o, const char *key)
{
	for (int i = 0; i < o->label_count; i++)
		if (strcmp(o->labels[i].key, key) == 0)
			return o->labels[i].value;
	return NULL;
}
