/* HorizontalPodAutoscalers and KEDA's ScaledObjects: who scales a workload beside us, and
 * their minReplicas or minReplicaCount, which mode Floor raises for a while and gives
 * back. */
#ifndef FORETOP_KUBE_HPA_H
#define FORETOP_KUBE_HPA_H

#include "kube/client.h"
#include "kube/version.h"

#define KUBE_HPA_GROUP_VERSION "autoscaling/v2"
#define KUBE_HPA_PLURAL        "horizontalpodautoscalers"
#define KUBE_HPA_KIND          "HorizontalPodAutoscaler"

#define KUBE_KEDA_GROUP_VERSION   "keda.sh/v1alpha1"
#define KUBE_SCALED_OBJECT_PLURAL "scaledobjects"
#define KUBE_SCALED_OBJECT_KIND   "ScaledObject"

enum kube_scaler { KUBE_HPA, KUBE_SCALED_OBJECT, KUBE_SCALERS };

/* Their collection in a namespace, or (NULL) in all of them. The caller frees. */
char *kube_scaler_path(enum kube_scaler kind, const char *ns);
/* "HorizontalPodAutoscaler", "ScaledObject"; and the field that mode Floor moves. */
const char *kube_scaler_kind(enum kube_scaler kind);
const char *kube_scaler_minimum(enum kube_scaler kind);

/* Annotations of one whose minReplicas we raised: what it was, what we made of it, and
 * until when that counts without being renewed (RFC 3339). */
#define KUBE_HPA_ORIGINAL "foretop.io/original-min-replicas"
#define KUBE_HPA_FLOOR    "foretop.io/floor"
#define KUBE_HPA_EXPIRES  "foretop.io/floor-expires"

/* Texts are borrowed from the object, and "" where it has none. */
struct kube_hpa {
	enum kube_scaler kind;
	const char *ns, *name, *uid, *version;
	const char *target_api_version, *target_kind, *target_name;
	const char *owner_kind, *owner_name; /* its controlling owner: KEDA's ScaledObject
						sets minReplicas itself */
	/* spec; absent: 1 of an HPA, 0 and 100 of a ScaledObject */
	int32_t min, max;
	bool deleted; /* metadata.deletionTimestamp is set */
	bool marked;  /* it has annotations of ours */
	/* The minimum that its user asked for: the annotation's while spec.minReplicas is
	 * what we made of it, else spec.minReplicas. */
	int32_t original;
	int64_t expires_ms; /* 0: not marked, or no time that can be read */
};

/* object: what `kind` says. 0, or -1 with *err = ERR_INVALID when the object has no name,
 * uid, resourceVersion or target, or a size that is no size. */
int kube_hpa_read(const cJSON *object, enum kube_scaler kind, struct kube_hpa *ret_hpa,
		  struct err *err);

/* What is to be written. version and uid are preconditions (ERR_CONFLICT). */
struct kube_hpa_change {
	enum kube_scaler kind;
	const char *ns, *name, *uid, *version;
	int32_t min;        /* spec.minReplicas; < 0: stays as it is */
	int32_t original;   /* for the annotation; < 0: all annotations of ours go */
	int64_t expires_ms; /* beside it */
	bool dry_run;       /* the server checks it and stores nothing */
	const struct kube_permit *permit; /* as in struct kube_request */
};
/* A merge patch of minReplicas and the annotations, nothing else. reply->object is the
 * object afterwards. */
struct kube_call *kube_hpa_change(struct kube *k, const struct kube_hpa_change *change,
				  kube_done done, void *arg);
/* The change that gives an HPA back as its user wants it. */
void kube_hpa_release(const struct kube_hpa *hpa, struct kube_hpa_change *ret_change);

#endif
