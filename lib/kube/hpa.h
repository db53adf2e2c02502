/* HorizontalPodAutoscalers: who scales a workload beside us, and their minReplicas, which
 * mode Floor raises for a while and gives back. */
#ifndef FORETOP_KUBE_HPA_H
#define FORETOP_KUBE_HPA_H

#include "kube/client.h"
#include "kube/version.h"

#define KUBE_HPA_GROUP_VERSION "autoscaling/v2"
#define KUBE_HPA_PLURAL        "horizontalpodautoscalers"
#define KUBE_HPA_KIND          "HorizontalPodAutoscaler"

/* Annotations of one whose minReplicas we raised: what it was, what we made of it, and
 * until when that counts without being renewed (RFC 3339). */
#define KUBE_HPA_ORIGINAL "foretop.io/original-min-replicas"
#define KUBE_HPA_FLOOR    "foretop.io/floor"
#define KUBE_HPA_EXPIRES  "foretop.io/floor-expires"

/* Texts are borrowed from the object, and "" where it has none. */
struct kube_hpa {
	const char *ns, *name, *uid, *version;
	const char *target_api_version, *target_kind, *target_name;
	const char *owner_kind, *owner_name; /* its controlling owner: KEDA's ScaledObject
						sets minReplicas itself */
	int32_t min, max;                    /* spec; an absent minReplicas is 1 */
	bool deleted;                        /* metadata.deletionTimestamp is set */
	bool marked;                         /* it has annotations of ours */
	/* The minimum that its user asked for: the annotation's while spec.minReplicas is
	 * what we made of it, else spec.minReplicas. */
	int32_t original;
	int64_t expires_ms; /* 0: not marked, or no time that can be read */
};

/* 0, or -1 with *err = ERR_INVALID when the object has no name, uid, resourceVersion or
 * target, or a size that is no size. */
int kube_hpa_read(const cJSON *object, struct kube_hpa *ret_hpa, struct err *err);

/* What is to be written. version and uid are preconditions (ERR_CONFLICT). */
struct kube_hpa_change {
	const char *ns, *name, *uid, *version;
	int32_t min;        /* spec.minReplicas; < 0: stays as it is */
	int32_t original;   /* for the annotation; < 0: all annotations of ours go */
	int64_t expires_ms; /* beside it */
	bool dry_run;       /* the server checks it and stores nothing */
};
/* A merge patch of minReplicas and the annotations, nothing else. reply->object is the
 * object afterwards. */
struct kube_call *kube_hpa_change(struct kube *k, const struct kube_hpa_change *change,
				  kube_done done, void *arg);
/* The change that gives an HPA back as its user wants it. */
void kube_hpa_release(const struct kube_hpa *hpa, struct kube_hpa_change *ret_change);

#endif
