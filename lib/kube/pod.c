#include "kube/pod.h"

#include <stdlib.h>
#include <string.h>

/* Beyond what fits into an object of the API server's size limit. */
#define CONTAINERS_MAX 512
#define REQUESTS_MAX   4096

static int64_t time_at(const cJSON *object, const char *path)
{
	const char *text = json_str(object, path, NULL);
	int64_t ms = POD_TIME_NONE;
	if (text)
		time_parse(text, &ms, NULL);
	return ms;
}

static void read_owner(const cJSON *object, struct kube_pod *pod)
{
	pod->owner_kind = pod->owner_name = pod->owner_uid = "";
	const cJSON *owner, *list = json_at(object, "metadata.ownerReferences");
	cJSON_ArrayForEach (owner, list) {
		if (!json_bool(owner, "controller", false))
			continue;
		pod->owner_kind = json_str(owner, "kind", "");
		pod->owner_name = json_str(owner, "name", "");
		pod->owner_uid = json_str(owner, "uid", "");
	}
}

static const cJSON *condition_of(const cJSON *object, const char *type)
{
	const cJSON *condition, *list = json_at(object, "status.conditions");
	cJSON_ArrayForEach (condition, list)
		if (!strcmp(json_str(condition, "type", ""), type))
			return condition;
	return NULL;
}

static void read_conditions(const cJSON *object, struct kube_pod *pod)
{
	const cJSON *ready = condition_of(object, "Ready");
	pod->info.ready = pod_ready_parse(ready ? json_str(ready, "status", "") : NULL);
	pod->info.ready_since_ms = time_at(ready, "lastTransitionTime");
	const cJSON *scheduled = condition_of(object, "PodScheduled");
	pod->scheduled_ms = !strcmp(json_str(scheduled, "status", ""), "True")
				    ? time_at(scheduled, "lastTransitionTime")
				    : POD_TIME_NONE;
}

/* Makes room for everything at once, because container_info points into the requests. */
static int reserve(struct kube_pod *pod, const cJSON *spec, struct err *err)
{
	static const char *const lists[] = {"containers", "initContainers"};
	size_t containers = 0, requests = 0;
	const cJSON *container;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const cJSON *list = json_at(spec, lists[i]);
		cJSON_ArrayForEach (container, list) {
			const cJSON *map = json_at(container, "resources.requests");
			containers++;
			requests += (size_t)cJSON_GetArraySize(map);
		}
	}
	requests += (size_t)cJSON_GetArraySize(json_at(spec, "resources.requests"));
	if (containers > CONTAINERS_MAX || requests > REQUESTS_MAX)
		return err_set(err, ERR_INVALID,
			       "more than %d containers or %d resource requests",
			       CONTAINERS_MAX, REQUESTS_MAX);
	/* Even of nothing, so that the arrays are never NULL. */
	if (!pod->containers || containers > pod->containers_cap) {
		pod->containers =
			xrealloc(pod->containers, containers * sizeof(*pod->containers));
		pod->containers_cap = containers;
	}
	if (!pod->requests || requests > pod->requests_cap) {
		pod->requests =
			xrealloc(pod->requests, requests * sizeof(*pod->requests));
		pod->requests_cap = requests;
	}
	return 0;
}

/* Appends the quantities of a map at *used, which grows. */
static int read_requests(struct kube_pod *pod, const cJSON *map, size_t *used,
			 struct err *err)
{
	const cJSON *entry;
	if (map && !cJSON_IsNull(map) && !cJSON_IsObject(map))
		return err_set(err, ERR_INVALID, "requests are not a map");
	cJSON_ArrayForEach (entry, map) {
		int64_t milli;
		if (!cJSON_IsString(entry))
			return err_set(err, ERR_INVALID, "request of %s is no string",
				       entry->string);
		if (quantity_parse(entry->valuestring, &milli, err) < 0)
			return err_wrap(err, "request of %s", entry->string);
		if (milli < 0)
			return err_set(err, ERR_INVALID, "request of %s is negative",
				       entry->string);
		pod->requests[(*used)++] = (struct resource_request){
			.resource = entry->string,
			.value_m = milli,
		};
	}
	return 0;
}

/* 0 when there is none, or none that can be read: it serves to tell more, no size follows
 * from it alone. */
static int64_t cpu_limit(const cJSON *container)
{
	const char *text = json_str(json_at(container, "resources.limits"), "cpu", "");
	int64_t milli = 0;
	return quantity_parse(text, &milli, NULL) == 0 && milli > 0 ? milli : 0;
}

struct room {
	size_t containers, requests; /* used so far */
};

static int read_containers(struct kube_pod *pod, const cJSON *list, struct room *room,
			   struct err *err)
{
	const cJSON *container;
	cJSON_ArrayForEach (container, list) {
		size_t first = room->requests;
		const char *name = json_str(container, "name", "");
		if (read_requests(pod, json_at(container, "resources.requests"),
				  &room->requests, err) < 0)
			return err_wrap(err, "container %s", name);
		pod->containers[room->containers++] = (struct container_info){
			.name = name,
			.restart_always = !strcmp(
				json_str(container, "restartPolicy", ""), "Always"),
			.requests = pod->requests + first,
			.request_count = (int32_t)(room->requests - first),
			.cpu_limit_m = cpu_limit(container),
		};
	}
	return 0;
}

static int read_spec(const cJSON *spec, struct kube_pod *pod, struct err *err)
{
	struct room room = {0};
	if (reserve(pod, spec, err) < 0 ||
	    read_containers(pod, json_at(spec, "containers"), &room, err) < 0)
		return -1;
	size_t containers = room.containers;
	if (read_containers(pod, json_at(spec, "initContainers"), &room, err) < 0)
		return -1;
	size_t requests = room.requests;
	if (read_requests(pod, json_at(spec, "resources.requests"), &room.requests, err) <
	    0)
		return -1;
	pod->info.containers = pod->containers;
	pod->info.container_count = (int32_t)containers;
	pod->info.init_containers = pod->containers + containers;
	pod->info.init_container_count = (int32_t)(room.containers - containers);
	pod->info.requests = pod->requests + requests;
	pod->info.request_count = (int32_t)(room.requests - requests);
	return 0;
}

int kube_pod_read(const cJSON *object, struct kube_pod *pod, struct err *err)
{
	pod->ns = json_str(object, "metadata.namespace", "");
	pod->name = json_str(object, "metadata.name", "");
	pod->uid = json_str(object, "metadata.uid", "");
	pod->version = json_str(object, "metadata.resourceVersion", "");
	pod->labels = json_at(object, "metadata.labels");
	if (!*pod->name || !*pod->uid)
		return err_set(err, ERR_INVALID, "pod \"%s\" without name or uid",
			       pod->name);
	const char *phase = json_str(object, "status.phase", NULL);
	pod->info = (struct pod_info){
		.name = pod->name,
		.phase = pod_phase_parse(phase),
		.deleted = json_at(object, "metadata.deletionTimestamp") != NULL,
		.created_ms = time_at(object, "metadata.creationTimestamp"),
		.start_ms = time_at(object, "status.startTime"),
	};
	pod->finished =
		phase && (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"));
	read_owner(object, pod);
	read_conditions(object, pod);
	if (read_spec(json_at(object, "spec"), pod, err) < 0)
		return err_wrap(err, "pod %s/%s", pod->ns, pod->name);
	return 0;
}

void kube_pod_fini(struct kube_pod *pod)
{
	if (!pod)
		return;
	free(pod->containers);
	free(pod->requests);
	*pod = (struct kube_pod){0};
}
