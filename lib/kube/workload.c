#include "kube/workload.h"

#include <string.h>

/* An absent field is the fallback; a size below zero or beyond int32 is no size. */
static int read_size(const cJSON *object, const char *path, int32_t fallback,
		     int32_t *ret_size, struct err *err)
{
	const cJSON *field = json_at(object, path);
	if (!field || cJSON_IsNull(field)) {
		*ret_size = fallback;
		return 0;
	}
	int64_t value = json_int(object, path, -1);
	if (value < 0 || value > INT32_MAX)
		return err_set(err, ERR_INVALID, "%s is no number of replicas", path);
	*ret_size = (int32_t)value;
	return 0;
}

static int read_sizes(const cJSON *object, struct kube_workload *w, struct err *err)
{
	if (read_size(object, "spec.replicas", 1, &w->replicas, err) < 0 ||
	    read_size(object, "status.replicas", 0, &w->status_replicas, err) < 0 ||
	    read_size(object, "status.readyReplicas", 0, &w->ready_replicas, err) < 0 ||
	    read_size(object, "status.updatedReplicas", 0, &w->updated_replicas, err) <
		    0 ||
	    read_size(object, "status.availableReplicas", 0, &w->available_replicas,
		      err) < 0)
		return -1;
	return 0;
}

static bool is_stalled(const cJSON *object)
{
	const cJSON *condition, *list = json_at(object, "status.conditions");
	cJSON_ArrayForEach (condition, list)
		if (!strcmp(json_str(condition, "type", ""), "Progressing"))
			return !strcmp(json_str(condition, "status", ""), "False");
	return false;
}

/* A Deployment counts its new pods; a StatefulSet names its revisions; a ReplicaSet has
 * one revision only. */
static bool is_rolling(const cJSON *object, const char *kind,
		       const struct kube_workload *w)
{
	if (!strcmp(kind, "Deployment"))
		return w->status_replicas > w->updated_replicas;
	if (!strcmp(kind, "StatefulSet"))
		return strcmp(json_str(object, "status.currentRevision", ""),
			      json_str(object, "status.updateRevision", "")) != 0;
	return false;
}

/* metadata.managedFields: the field's owner is who set it to another value last. */
static void find_scaler(const cJSON *object, struct kube_workload *w)
{
	const cJSON *entry, *list = json_at(object, "metadata.managedFields");
	w->scaler = "";
	cJSON_ArrayForEach (entry, list) {
		if (!json_at(entry, "fieldsV1.f:spec.f:replicas"))
			continue;
		const char *time = json_str(entry, "time", "");
		w->scaler = json_str(entry, "manager", "");
		if (time_parse(time, &w->scaled_ms, NULL) < 0)
			w->scaled_ms = 0;
		return;
	}
}

int kube_workload_read(const cJSON *object, const char *kind,
		       struct kube_workload *ret_workload, struct err *err)
{
	struct kube_workload w = {
		.ns = json_str(object, "metadata.namespace", ""),
		.name = json_str(object, "metadata.name", ""),
		.uid = json_str(object, "metadata.uid", ""),
		.version = json_str(object, "metadata.resourceVersion", ""),
		.generation = json_int(object, "metadata.generation", 0),
		.observed_generation = json_int(object, "status.observedGeneration", 0),
		.deleted = json_at(object, "metadata.deletionTimestamp") != NULL,
		.paused = json_bool(object, "spec.paused", false),
	};
	if (!*w.name || !*w.uid || !*w.version)
		return err_set(err, ERR_INVALID,
			       "%s \"%s\" without name, uid or resourceVersion", kind,
			       w.name);
	if (read_sizes(object, &w, err) < 0)
		return err_wrap(err, "%s %s/%s", kind, w.ns, w.name);
	const char *created = json_str(object, "metadata.creationTimestamp", NULL);
	if (created)
		time_parse(created, &w.created_ms, NULL);
	w.observed = w.observed_generation >= w.generation;
	w.stalled = is_stalled(object);
	find_scaler(object, &w);
	w.rolling = is_rolling(object, kind, &w);
	w.selector =
		kube_selector_read(json_at(object, "spec.selector"), &w.selector_err);
	*ret_workload = w;
	return 0;
}

void kube_workload_fini(struct kube_workload *w)
{
	if (!w)
		return;
	kube_selector_free(w->selector);
	w->selector = NULL;
}
