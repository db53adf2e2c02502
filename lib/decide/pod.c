#include "decide/pod.h"

#include "decide/numbers.h"

#include <string.h>

enum pod_phase pod_phase_parse(const char *text)
{
	static const char *const names[] = {
		[POD_PENDING] = "Pending",
		[POD_RUNNING] = "Running",
		[POD_SUCCEEDED] = "Succeeded",
		[POD_FAILED] = "Failed",
	};

	for (size_t i = POD_PENDING; text && i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum pod_phase)i;
	return POD_PHASE_UNKNOWN;
}

enum pod_ready pod_ready_parse(const char *status)
{
	if (!status)
		return READY_NONE;
	if (strcmp(status, "True") == 0)
		return READY_TRUE;
	return strcmp(status, "False") == 0 ? READY_FALSE : READY_UNKNOWN;
}

static void copy_cut(char *to, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);
	memcpy(to, text, n);
	memset(to + n, 0, size - n);
}

static const struct resource_request *
find_request(const struct resource_request *requests, int32_t count, const char *resource)
{
	for (int32_t i = 0; i < count; i++)
		if (strcmp(requests[i].resource, resource) == 0)
			return &requests[i];
	return NULL;
}

/* What is asked for one metric while its request is worked out. */
struct lookup {
	const char *resource;
	const char *container; /* NULL: the pod as a whole */
	const char *lacking;   /* out: the container that has no request */
};

static int64_t container_request(const struct container_info *c, struct lookup *l)
{
	const struct resource_request *r =
		find_request(c->requests, c->request_count, l->resource);
	if (r)
		return r->value_m;
	l->lacking = c->name;
	return REQUEST_MISSING;
}

/* A container is found among the regular ones and the sidecars. */
static int64_t named_request(const struct pod_info *info, struct lookup *l)
{
	for (int32_t i = 0; i < info->container_count; i++)
		if (strcmp(info->containers[i].name, l->container) == 0)
			return container_request(&info->containers[i], l);
	for (int32_t i = 0; i < info->init_container_count; i++) {
		const struct container_info *c = &info->init_containers[i];
		if (c->restart_always && strcmp(c->name, l->container) == 0)
			return container_request(c, l);
	}
	return REQUEST_NO_CONTAINER;
}

static int64_t summed_request(const struct pod_info *info, struct lookup *l)
{
	wide sum = 0;
	for (int32_t i = 0; i < info->container_count; i++) {
		int64_t r = container_request(&info->containers[i], l);
		if (r < 0)
			return r;
		sum += r;
	}
	for (int32_t i = 0; i < info->init_container_count; i++) {
		if (!info->init_containers[i].restart_always)
			continue;
		int64_t r = container_request(&info->init_containers[i], l);
		if (r < 0)
			return r;
		sum += r;
	}
	return wide_to_int64(sum);
}

static int64_t pod_request(const struct pod_info *info, bool pod_level, struct lookup *l)
{
	if (l->container)
		return named_request(info, l);
	if (!pod_level || info->request_count == 0)
		return summed_request(info, l);
	const struct resource_request *r =
		find_request(info->requests, info->request_count, l->resource);
	return r ? r->value_m : REQUEST_NO_POD_LEVEL;
}

static bool needs_request(const struct policy_metric *m)
{
	return m->type == METRIC_RESOURCE || m->type == METRIC_CONTAINER_RESOURCE;
}

static void set_requests(struct pod *pod, const struct pod_info *info,
			 const struct policy *policy, bool pod_level)
{
	for (int32_t i = 0; i < POLICY_METRICS_MAX; i++) {
		pod->request_m[i] = REQUEST_UNUSED;
		if (i >= policy->metric_count || !needs_request(&policy->metrics[i]))
			continue;
		const struct policy_metric *m = &policy->metrics[i];
		struct lookup l = {
			.resource = m->name,
			.container = m->type == METRIC_CONTAINER_RESOURCE ? m->container
									  : NULL,
		};
		pod->request_m[i] = pod_request(info, pod_level, &l);
		if (!l.lacking)
			continue;
		if (!pod->lacking_for)
			copy_cut(pod->lacking, sizeof(pod->lacking), l.lacking);
		if (strncmp(pod->lacking, l.lacking, sizeof(pod->lacking) - 1) == 0)
			pod->lacking_for |= (uint8_t)(1u << i);
	}
}

static bool is_cpu(const struct policy_metric *m)
{
	return needs_request(m) && strcmp(m->name, "cpu") == 0;
}

/* Of the container, or of all that report together; 0 when one of them has none. */
static int64_t cpu_limit(const struct pod_info *info, const char *container)
{
	wide sum = 0;
	int32_t all = info->container_count + info->init_container_count;
	for (int32_t i = 0; i < all; i++) {
		bool init = i >= info->container_count;
		const struct container_info *c =
			init ? &info->init_containers[i - info->container_count]
			     : &info->containers[i];
		if ((init && !c->restart_always) ||
		    (container && strcmp(c->name, container) != 0))
			continue;
		if (c->cpu_limit_m <= 0)
			return 0;
		sum += c->cpu_limit_m;
	}
	return wide_to_int64(sum);
}

static uint8_t reporting_containers(const struct pod_info *info)
{
	int32_t n = info->container_count;
	for (int32_t i = 0; i < info->init_container_count; i++)
		n += info->init_containers[i].restart_always;
	return (uint8_t)min_int32(n, UINT8_MAX);
}

void pod_set(struct pod *ret_pod, const struct pod_info *info,
	     const struct policy *policy, bool pod_level)
{
	struct pod pod = {
		.key = hash_text(info->name),
		.created_ms = info->created_ms,
		.start_ms = info->start_ms,
		.ready_since_ms = info->ready_since_ms,
		.phase = (uint8_t)info->phase,
		.ready = (uint8_t)info->ready,
		.deleted = info->deleted,
		.containers = reporting_containers(info),
	};
	copy_cut(pod.name, sizeof(pod.name), info->name);
	set_requests(&pod, info, policy, pod_level);
	for (int32_t i = 0; i < policy->metric_count; i++)
		if (is_cpu(&policy->metrics[i]))
			pod.limit_m[i] = cpu_limit(info, policy->metrics[i].container);
	*ret_pod = pod;
}
