/* Kubernetes Events (events.k8s.io/v1): best effort, never in the way of anything. */
#ifndef FORETOP_KUBE_EVENTS_H
#define FORETOP_KUBE_EVENTS_H

#include "kube/client.h"

struct kube_events;

struct kube_events_options {
	const char *controller; /* "foretop.io/foretop" */
	const char *instance;   /* the pod's name; cut at 128 bytes */
	/* For tests; 0: the defaults. */
	int64_t repeat_ms; /* 30 s: repeats of an Event are counted and patched this often
			    */
	size_t queue;      /* 256: waiting Events; the oldest are dropped beyond */
	int64_t retry_ms;  /* 10 s: after a failure that may pass; five tries in all */
};

struct kube_object_ref {
	const char *api_version, *kind, *ns, *name, *uid; /* uid NULL: unknown */
};

struct kube_event {
	struct kube_object_ref regarding; /* the target; its namespace is the Event's */
	struct kube_object_ref related;   /* the policy; kind NULL: none */
	const char *reason;               /* CamelCase */
	const char *action;               /* CamelCase, what was done: "Scale" */
	const char *note;                 /* cut at 1 KiB */
	bool warning;
};

struct kube_events *kube_events_new(struct kube *k,
				    const struct kube_events_options *options);
/* Drops what waits. Accepts NULL. */
void kube_events_free(struct kube_events *e);
/* Posts an Event, or counts it in one that says the same (regarding, reason, action,
 * note) and was posted within the last 6 minutes. At most 25 of one regarding object at
 * once, then one in 10 s. */
void kube_events_post(struct kube_events *e, const struct kube_event *event);

struct kube_events_info {
	uint64_t posted, repeated, dropped, failed;
	size_t waiting;
	char last_error[256]; /* of the last failure; "": none yet */
};
void kube_events_info(const struct kube_events *e, struct kube_events_info *ret_info);

#endif
