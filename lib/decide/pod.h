/* A pod as decisions need it: small, of fixed size, filled once per change from the
 * untrimmed description. */
#ifndef FORETOP_DECIDE_POD_H
#define FORETOP_DECIDE_POD_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

#define POD_NAME_SIZE 64
#define POD_TIME_NONE INT64_MIN /* a time that the API object does not carry */

enum pod_phase { POD_PHASE_UNKNOWN, POD_PENDING, POD_RUNNING, POD_SUCCEEDED, POD_FAILED };
/* Status of the Ready condition; READY_NONE: there is no such condition. */
enum pod_ready { READY_NONE, READY_TRUE, READY_FALSE, READY_UNKNOWN };

/* Why a pod has no request for a metric, in place of one in pod.request_m. */
enum request_problem {
	REQUEST_MISSING = -1,      /* a container has none; pod.lacking says which */
	REQUEST_NO_CONTAINER = -2, /* the metric's container is not in the pod */
	REQUEST_NO_POD_LEVEL = -3, /* pod-level requests are set, but not this one */
	REQUEST_UNUSED = -4,       /* the metric does not look at requests */
};

/* The array of a policy's pods belongs to the engine. A zeroed pod is valid (phase
 * unknown, no requests). */
struct pod {
	uint64_t key;           /* hash_text of the full name: joins metric values */
	int64_t created_ms;     /* metadata.creationTimestamp, or POD_TIME_NONE */
	int64_t start_ms;       /* status.startTime, or POD_TIME_NONE; 0 is long ago */
	int64_t ready_since_ms; /* last transition of the Ready condition */
	uint8_t phase;          /* enum pod_phase */
	uint8_t ready;          /* enum pod_ready */
	bool deleted;           /* metadata.deletionTimestamp is set */
	uint8_t containers;     /* how many report usage, saturating at 255 */
	/* Milli-units or enum request_problem, by the metric's index in the policy. */
	int64_t request_m[POLICY_METRICS_MAX];
	int64_t limit_m[POLICY_METRICS_MAX]; /* of CPU metrics; 0: no limit */
	char name[POD_NAME_SIZE];            /* cut; for messages only */
	/* Cut name of the first container without a request, and the metrics (a bit each)
	 * that miss it there. */
	char lacking[32];
	uint8_t lacking_for;
};

/* The untrimmed description, all of it borrowed for the call. Requests are those of
 * spec.containers[].resources. */
struct resource_request {
	const char *resource; /* "cpu", "memory", ... */
	int64_t value_m;      /* milli-units, >= 0 */
};

struct container_info {
	const char *name;
	bool restart_always; /* init containers: restartPolicy Always, a sidecar */
	const struct resource_request *requests;
	int32_t request_count;
	int64_t cpu_limit_m; /* 0: none */
};

struct pod_info {
	const char *name;
	enum pod_phase phase;
	enum pod_ready ready;
	bool deleted;
	int64_t created_ms, start_ms, ready_since_ms; /* epoch, or POD_TIME_NONE */
	const struct container_info *containers, *init_containers;
	int32_t container_count, init_container_count;
	const struct resource_request *requests; /* pod-level: spec.resources.requests */
	int32_t request_count;
};

/* "Running" to POD_RUNNING; POD_PHASE_UNKNOWN for anything else. NULL is allowed. */
enum pod_phase pod_phase_parse(const char *text);
/* "True" to READY_TRUE; READY_UNKNOWN for anything else, READY_NONE for NULL. */
enum pod_ready pod_ready_parse(const char *status);

/* Fills *ret_pod. The requests follow the policy's metrics: after a change of the
 * policy's metrics call it again. pod_level: pod-level requests count (Kubernetes feature
 * PodLevelResources). Request of a pod: the named container's; else
 * the pod-level request; else the sum over containers and restartable init containers. */
void pod_set(struct pod *ret_pod, const struct pod_info *info,
	     const struct policy *policy, bool pod_level);

#endif
