/* A pod of the API, read for decisions. */
#ifndef FORETOP_KUBE_POD_H
#define FORETOP_KUBE_POD_H

#include "base/base.h"
#include "decide/decide.h"

/* Everything is borrowed from the object that was read, except the arrays behind `info`,
 * which the pod owns: keep one struct for many reads, kube_pod_fini at the end. */
struct kube_pod {
	const char *ns, *name, *uid, *version;
	const cJSON *labels; /* NULL: none */
	const char *owner_kind, *owner_name,
		*owner_uid; /* its controller; "" when none */
	struct pod_info
		info; /* what decisions need; name, phase, ready, times, containers and
			 their requests in milli-units (memory: bytes * 1000) */
	int64_t scheduled_ms; /* transition of PodScheduled when True, else POD_TIME_NONE
			       */
	bool finished;        /* phase Succeeded or Failed */
	/* The memory behind info; private. */
	struct container_info *containers;
	struct resource_request *requests;
	size_t containers_cap, requests_cap;
};

/* Reads a v1 Pod. *pod is zeroed before its first use and is overwritten by each read.
 * More than 512 containers or 4096 requests in all, or a request that is no quantity, are
 * an error. 0, or -1 with *err = ERR_INVALID. */
int kube_pod_read(const cJSON *object, struct kube_pod *pod, struct err *err);
void kube_pod_fini(struct kube_pod *pod);

#endif
