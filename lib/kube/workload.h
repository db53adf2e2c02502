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
	/* The controller has not caught up with the spec, or old pods are still there:
	 * the rule of `kubectl rollout status`. */
	bool rolling;
	bool stalled; /* Progressing is False (ProgressDeadlineExceeded) */
	struct kube_selector *selector; /* NULL: absent or malformed, then selector_err */
	struct err selector_err;
};

/* kind: "Deployment", "StatefulSet" or "ReplicaSet" (watch items carry no kind in lists).
 * 0, or -1 with *err = ERR_INVALID when it has no name or uid. */
int kube_workload_read(const cJSON *object, const char *kind,
		       struct kube_workload *ret_workload, struct err *err);
void kube_workload_fini(struct kube_workload *w);

#endif
