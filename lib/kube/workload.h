/* A Deployment, StatefulSet or ReplicaSet as its watch shows it. */
#ifndef FORETOP_KUBE_WORKLOAD_H
#define FORETOP_KUBE_WORKLOAD_H

#include "base/base.h"
#include "kube/selector.h"

/* Texts are borrowed from the object; `selector` is owned (kube_workload_fini). */
struct kube_workload {
	const char *ns, *name, *uid, *version;
	int32_t replicas;        /* spec.replicas; absent is 1, as the API says */
	int32_t status_replicas; /* all pods, old ones of a rollout included */
	int32_t ready_replicas, updated_replicas, available_replicas;
	int64_t generation, observed_generation;
	int64_t created_ms; /* 0 unknown */
	bool deleted;       /* metadata.deletionTimestamp is set */
	bool paused;        /* spec.paused of a Deployment */
	bool observed; /* the workload's controller has seen the newest spec: status is
			* about it
			*/
	bool rolling;  /* pods of more than one revision exist */
	/* Who wrote spec.replicas last, by managedFields: "foretop" is this program; ""
	 * when the object does not tell. */
	const char *scaler;
	int64_t scaled_ms; /* when, in whole seconds; 0: the object does not tell */
	bool stalled;      /* condition Progressing is False (ProgressDeadlineExceeded) */
	struct kube_selector *selector; /* NULL: malformed, then selector_err says why */
	struct err selector_err;
};

/* kind: "Deployment", "StatefulSet" or "ReplicaSet" (items of lists do not carry it). 0,
 * or -1 with *err = ERR_INVALID when the object has no name, uid or resourceVersion, or a
 * size that is no size. */
int kube_workload_read(const cJSON *object, const char *kind,
		       struct kube_workload *ret_workload, struct err *err);
/* Accepts NULL and zeroed. */
void kube_workload_fini(struct kube_workload *w);

#endif
