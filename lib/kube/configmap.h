/* ConfigMaps that this program owns: status objects. */
#ifndef FORETOP_KUBE_CONFIGMAP_H
#define FORETOP_KUBE_CONFIGMAP_H

#include "kube/client.h"
#include "kube/version.h"

#define KUBE_PART_OF_LABEL "app.kubernetes.io/part-of"
#define KUBE_STATUS_LABEL  "foretop.io/status"

/* Reads one. reply->status 404 (reason "NotFound"): there is none. */
struct kube_call *kube_configmap_get(struct kube *k, const char *ns, const char *name,
				     kube_done done, void *arg);

struct kube_configmap {
	const char *ns, *name;
	const char *version; /* replaces exactly this version (ERR_CONFLICT otherwise); ""
				or NULL: creates it (ERR_CONFLICT with reason
				"AlreadyExists" when it is there) */
	const char *status_label;         /* value of foretop.io/status, such as "v1" */
	const cJSON *annotations;         /* {"key": "text"}; NULL: none */
	const cJSON *data;                /* {"key": "text"} */
	const struct kube_permit *permit; /* as in struct kube_request */
};
/* Writes it whole, with the labels app.kubernetes.io/part-of=foretop and
 * foretop.io/status. json_str(reply->object, "metadata.resourceVersion", "") is the new
 * version. */
struct kube_call *kube_configmap_put(struct kube *k, const struct kube_configmap *map,
				     kube_done done, void *arg);

#endif
