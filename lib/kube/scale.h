/* The scale subresource: replicas of anything that has them, with preconditions. */
#ifndef FORETOP_KUBE_SCALE_H
#define FORETOP_KUBE_SCALE_H

#include "kube/client.h"
#include "kube/version.h"

struct kube_target {
	const char *group_version; /* "apps/v1" */
	const char *plural;        /* "deployments" */
	const char *ns, *name;
	const struct kube_permit *permit; /* of writes; as in struct kube_request */
};

struct kube_scale {
	int32_t replicas; /* spec.replicas; absent is 0, as the API says */
	int32_t status_replicas;
	const char *selector; /* status.selector as text; "" when absent. Borrowed */
	char version[KUBE_VERSION_SIZE];
	char uid[KUBE_UID_SIZE];
};

/* scale is NULL on error; reply is never NULL: reply->status 404 is "no such target". */
typedef void (*kube_scaled)(void *arg, const struct kube_scale *scale,
			    const struct kube_reply *reply);

/* Reads from the quorum. */
struct kube_call *kube_scale_get(struct kube *k, const struct kube_target *target,
				 kube_scaled done, void *arg);
/* PUT of autoscaling/v1 Scale. version and uid are required: the write happens only if
 * nothing about the target changed since (ERR_CONFLICT otherwise), and not on another
 * object of the same name. replicas >= 0. The answer carries the new version. */
struct kube_call *kube_scale_put(struct kube *k, const struct kube_target *target,
				 const struct kube_scale *scale, bool dry_run,
				 kube_scaled done, void *arg);

/* Reads a Scale object: 0, or -1 with ERR_INVALID. *ret_scale borrows from `object`. */
int kube_scale_read(const cJSON *object, struct kube_scale *ret_scale, struct err *err);

#endif
