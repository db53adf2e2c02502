/* How the API server names a kind. */
#ifndef FORETOP_KUBE_DISCOVERY_H
#define FORETOP_KUBE_DISCOVERY_H

#include "kube/client.h"

struct kube_resource {
	char group_version[128]; /* "apps/v1", "v1" */
	char plural[128];        /* "deployments" */
	bool namespaced;
	bool scalable; /* has a scale subresource */
	bool known;    /* false: the server has no such kind */
};

/* `resource` is NULL on error, and borrowed for the call otherwise. */
typedef void (*kube_discovered)(void *arg, const struct kube_resource *resource,
				const struct err *err);

/* Asks the server for the resource of a kind: GET /apis/GROUP/VERSION. The apps kinds are
 * known without asking (kube_resource_of_kind). */
struct kube_call *kube_discover(struct kube *k, const char *group_version,
				const char *kind, kube_discovered done, void *arg);
/* Reads an APIResourceList (or NULL: nothing is known). Pure. */
void kube_resource_read(const cJSON *answer, const char *group_version, const char *kind,
			struct kube_resource *ret_resource);
/* Deployment, StatefulSet and ReplicaSet of apps/v1. True when it is one of them. */
bool kube_resource_of_kind(const char *group_version, const char *kind,
			   struct kube_resource *ret_resource);
/* "/apis/apps/v1", or "/api/v1" for the core group "v1". The caller frees. */
char *kube_group_path(const char *group_version);
/* "/apis/apps/v1/namespaces/NS/deployments"; ns NULL: all namespaces (or a cluster-wide
 * kind). The caller frees. */
char *kube_collection_path(const char *group_version, const char *plural, const char *ns);

#endif
