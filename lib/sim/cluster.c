#include "sim/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLICASET_HASH "6d4cf56db6"
/* Images are pulled and containers created within this share of the lead time. */
#define PENDING_SHARE 0.25

char *shown_pod_name(const struct workload *w, int32_t serial, char *buf, size_t size)
{
	snprintf(buf, size, "%.60s-" REPLICASET_HASH "-%05x", w->config.name,
		 (unsigned)serial);
	return buf;
}

static enum shown_phase phase_of(const struct world_pod *p, int64_t now_ms)
{
	int64_t lead = p->ready_ms - p->created_ms;
	if (world_pod_ready(p, now_ms))
		return SHOWN_READY;
	return now_ms < p->created_ms + (int64_t)((double)lead * PENDING_SHARE)
		       ? SHOWN_PENDING
		       : SHOWN_STARTING;
}

/* --- objects --- */

static void add_quantity(cJSON *o, const char *name, double value, bool binary)
{
	char text[24];
	if (value > 0)
		cJSON_AddStringToObject(o, name,
					quantity_format((int64_t)(value * 1000), binary,
							text, sizeof(text)));
}

/* spec of a pod, or of a template. */
static cJSON *pod_spec(const struct workload_config *c)
{
	cJSON *spec = cJSON_CreateObject(), *container = cJSON_CreateObject();
	cJSON_AddStringToObject(container, "name", SHOWN_CONTAINER);
	cJSON_AddStringToObject(container, "image", "registry.example/shop:1");
	cJSON *resources = cJSON_AddObjectToObject(container, "resources");
	cJSON *requests = cJSON_AddObjectToObject(resources, "requests");
	add_quantity(requests, "cpu", c->cpu_request, false);
	add_quantity(requests, "memory", c->memory_request, true);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(spec, "containers"), container);
	return spec;
}

static cJSON *labels_of(const struct workload_config *c)
{
	cJSON *labels = cJSON_CreateObject();
	cJSON_AddStringToObject(labels, "app", c->name);
	return labels;
}

static cJSON *named(const char *ns, const char *name)
{
	cJSON *o = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(o, "metadata");
	cJSON_AddStringToObject(meta, "name", name);
	cJSON_AddStringToObject(meta, "namespace", ns);
	return o;
}

static void add_owner(cJSON *meta, const struct workload_config *c)
{
	cJSON *owner = cJSON_CreateObject();
	char *name AUTO_FREE = xasprintf("%s-" REPLICASET_HASH, c->name);
	cJSON_AddStringToObject(owner, "apiVersion", "apps/v1");
	cJSON_AddStringToObject(owner, "kind", "ReplicaSet");
	cJSON_AddStringToObject(owner, "name", name);
	cJSON_AddStringToObject(owner, "uid", "00000000-0000-4000-8000-000000000001");
	cJSON_AddBoolToObject(owner, "controller", true);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(meta, "ownerReferences"), owner);
}

static void add_condition(cJSON *conditions, const char *type, bool holds,
			  int64_t since_ms)
{
	char time[32];
	cJSON *condition = cJSON_CreateObject();
	cJSON_AddStringToObject(condition, "type", type);
	cJSON_AddStringToObject(condition, "status", holds ? "True" : "False");
	cJSON_AddStringToObject(condition, "lastTransitionTime",
				time_format(since_ms, time, sizeof(time)));
	cJSON_AddItemToArray(conditions, condition);
}

static cJSON *pod_status(const struct world_pod *p, enum shown_phase phase)
{
	char time[32];
	bool ready = phase == SHOWN_READY;
	int64_t since_ms = ready ? p->ready_ms : p->created_ms;
	cJSON *status = cJSON_CreateObject();
	cJSON_AddStringToObject(status, "phase",
				phase == SHOWN_PENDING ? "Pending" : "Running");
	cJSON_AddStringToObject(status, "startTime",
				time_format(p->created_ms, time, sizeof(time)));
	cJSON *conditions = cJSON_AddArrayToObject(status, "conditions");
	add_condition(conditions, "PodScheduled", true, p->created_ms);
	add_condition(conditions, "Initialized", phase != SHOWN_PENDING, p->created_ms);
	add_condition(conditions, "ContainersReady", ready, since_ms);
	add_condition(conditions, "Ready", ready, since_ms);
	return status;
}

static void put_pod(struct shown_workload *s, const struct world_pod *p,
		    enum shown_phase phase)
{
	const struct workload_config *c = &s->workload->config;
	char name[SHOWN_POD_NAME_SIZE];
	shown_pod_name(s->workload, p->serial, name, sizeof(name));
	cJSON *pod AUTO(json_cleanup) = named(c->ns, name);
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(pod, "metadata");
	cJSON *labels = labels_of(c);
	cJSON_AddStringToObject(labels, "pod-template-hash", REPLICASET_HASH);
	cJSON_AddItemToObject(meta, "labels", labels);
	add_owner(meta, c);
	cJSON *spec = pod_spec(c);
	cJSON_AddStringToObject(spec, "nodeName", "node-1");
	cJSON_AddItemToObject(pod, "spec", spec);
	cJSON_AddItemToObject(pod, "status", pod_status(p, phase));
	kubeapi_put_at(s->api, KUBEAPI_PODS, pod, p->created_ms, NULL);
}

static void create_deployment(struct shown_workload *s)
{
	const struct workload_config *c = &s->workload->config;
	cJSON *deployment AUTO(json_cleanup) = named(c->ns, c->name);
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(deployment, "metadata");
	cJSON_AddItemToObject(meta, "labels", labels_of(c));
	cJSON *spec = cJSON_AddObjectToObject(deployment, "spec");
	cJSON_AddNumberToObject(spec, "replicas", s->workload->replicas);
	cJSON *selector = cJSON_AddObjectToObject(spec, "selector");
	cJSON_AddItemToObject(selector, "matchLabels", labels_of(c));
	cJSON *template = cJSON_AddObjectToObject(spec, "template");
	cJSON *template_meta = cJSON_AddObjectToObject(template, "metadata");
	cJSON_AddItemToObject(template_meta, "labels", labels_of(c));
	cJSON_AddItemToObject(template, "spec", pod_spec(c));
	kubeapi_put_at(s->api, KUBEAPI_DEPLOYMENTS, deployment,
		       s->workload->now_ms - MS_PER_DAY, NULL);
}

/* As the deployment controller reports it; a gone Deployment stays gone. */
static void update_deployment(struct shown_workload *s)
{
	const struct workload *w = s->workload;
	cJSON *tree AUTO(json_cleanup) =
		kubeapi_get(s->api, KUBEAPI_DEPLOYMENTS, w->config.ns, w->config.name);
	if (!tree)
		return;
	const struct {
		const char *key;
		int64_t value;
	} rows[] = {
		{"observedGeneration", json_int(tree, "metadata.generation", 0)},
		{"replicas", w->pod_count},
		{"updatedReplicas", w->pod_count},
		{"readyReplicas", w->ready_count},
		{"availableReplicas", w->ready_count},
		{"unavailableReplicas", w->pod_count - w->ready_count},
	};
	cJSON *status = cJSON_CreateObject();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].value) /* omitempty */
			cJSON_AddNumberToObject(status, rows[i].key,
						(double)rows[i].value);
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "status");
	cJSON_AddItemToObject(tree, "status", status);
	kubeapi_put_tree(s->api, KUBEAPI_DEPLOYMENTS, tree, NULL);
}

/* --- keeping up --- */

static void delete_pod(struct shown_workload *s, int32_t serial)
{
	char name[SHOWN_POD_NAME_SIZE];
	shown_pod_name(s->workload, serial, name, sizeof(name));
	kubeapi_delete(s->api, KUBEAPI_PODS, s->workload->config.ns, name);
}

/* Both sides are ordered by serial. */
static void update_pods(struct shown_workload *s)
{
	const struct workload *w = s->workload;
	struct shown_pod *now = xcalloc((size_t)w->pod_count + 1, sizeof(*now));
	int32_t old = 0;
	s->starting = false;
	for (int32_t i = 0; i < w->pod_count; i++) {
		const struct world_pod *p = &w->pods[i];
		enum shown_phase phase = phase_of(p, w->now_ms);
		while (old < s->count && s->pods[old].serial < p->serial)
			delete_pod(s, s->pods[old++].serial);
		bool shown = old < s->count && s->pods[old].serial == p->serial;
		if (!shown || s->pods[old].phase != phase)
			put_pod(s, p, phase);
		old += shown;
		now[i] = (struct shown_pod){p->serial, phase};
		s->starting |= phase != SHOWN_READY;
	}
	while (old < s->count)
		delete_pod(s, s->pods[old++].serial);
	free(s->pods);
	s->pods = now;
	s->count = w->pod_count;
}

void shown_workload_init(struct shown_workload *s, struct kubeapi *api,
			 struct workload *workload)
{
	*s = (struct shown_workload){.api = api, .workload = workload};
	create_deployment(s);
	update_pods(s);
	update_deployment(s);
	s->changes = workload->changes;
}

void shown_workload_fini(struct shown_workload *s)
{
	if (!s)
		return;
	free(s->pods);
	*s = (struct shown_workload){0};
}

void shown_workload_update(struct shown_workload *s)
{
	bool changed = s->changes != s->workload->changes;
	if (!changed && !s->starting)
		return;
	update_pods(s);
	if (changed)
		update_deployment(s);
	s->changes = s->workload->changes;
}
