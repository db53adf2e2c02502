/* What policies act on, private to its files: scope.c, the targets that are watched;
 * scope_poll.c, those of kinds that are not; pods.c, their pods. */
#ifndef FORETOP_LOOP_SCOPE_INSIDE_H
#define FORETOP_LOOP_SCOPE_INSIDE_H

#include "loop/patrol.h"

/* A workload, trimmed to what decisions need, or the name of one that a policy has. */
struct target {
	struct hash_link link; /* by namespace, kind and name; first */
	struct target *next;   /* of its area */
	struct area *area;
	struct shelf *shelf;
	char *name;
	bool wanted; /* a policy has it */
	bool seen;   /* it exists */
	bool stale;  /* it did, before the list that is under way */
	char *uid;
	char version[KUBE_VERSION_SIZE];
	int32_t replicas, status_replicas, unavailable;
	bool rolling;
	enum scaler scaler;
	int64_t scaled_ms;              /* when; 0: not told */
	struct kube_selector *selector; /* NULL: missing or malformed */
	char *selector_text;
	char selector_error[128]; /* "": it is good */
	/* Its pods. */
	struct label *label;    /* that all of them have; NULL: none that is known */
	struct member *members; /* that match */
	struct pod_list *list;  /* of its own, under way */
	bool pods_due;          /* they are to be told, by whatever comes next */
};

/* Workloads of one kind. */
struct kind {
	struct kind *next;
	struct scope *scope;
	char *name; /* group_kind of a policy_target */
	struct kube_resource resource;
	struct patrol *patrol; /* NULL: it is not watched */
};

/* Those of them in one namespace. */
struct shelf {
	struct shelf *next;
	struct area *area;
	const char *kind;              /* name of the kind; borrowed */
	struct kube_resource resource; /* once it is known */
	struct patrol *patrol;         /* the kind's */
	struct poller *poller;         /* in its place */
	char **wanted; /* of a poller: names that policies want, seen or not */
	size_t wanted_count;
	bool in_use; /* policies have some of them */
	bool synced;
};

/* One namespace. */
struct area {
	struct hash_link link; /* by name; first */
	struct area *next;
	struct scope *scope;
	char *ns;
	struct target *targets;
	struct shelf *shelves;
	struct timer pods; /* they are told anew when it fires */
};

struct scope {
	struct loop *loop;
	struct hash_table by_name; /* areas */
	struct area *areas;
	struct hash_table targets;
	struct kind *kinds;
	struct target_read *reads; /* of single targets, under way */
	/* pods.c */
	struct patrol *pods;
	struct hash_table labels;  /* struct label, of targets that are wanted */
	int pods_due, lists;       /* targets with such */
	struct hash_table members; /* struct member, by namespace and name of the pod */
	struct kube_pod pod;       /* reused for every read */
	struct timer restart;      /* of the watch over all */
	struct timer prune;
};

/* The area of a namespace, or NULL. */
struct area *scope_area(const struct scope *s, const char *ns);

/* Takes over what a workload shows now; the engine is told when a policy wants it. `seen`
 * has texts of its caller's, and a selector that is taken when it is another one. */
void shelf_put(struct shelf *shelf, struct target *seen);
/* There is none of this name (any more). why: it may be there, and cannot be read; NULL:
 * it is not. */
void shelf_drop(struct shelf *shelf, const char *name, const char *why);
/* NULL: it was not seen, or has gone. */
struct target *shelf_find(const struct shelf *shelf, const char *name);

/* --- scope_poll.c: kinds beyond Deployment, StatefulSet and ReplicaSet --- */

/* Asks the server for the resource of the kind, then once a period for the scale of each
 * target that is wanted. */
struct poller *poller_new(struct shelf *shelf, const struct policy_target *target);
/* Accepts NULL. */
void poller_free(struct poller *p);
/* A policy has the target, for the first time or again; and none has it any more. */
void poller_add(struct poller *p, const char *name);
void poller_drop(struct poller *p, const char *name);
/* A target is wanted (again): its scale is read soon. */
void poller_want(struct poller *p, const char *name);

/* --- pods.c --- */
void pods_open(struct scope *s);
/* Before the targets are freed; and after. */
void pods_close(struct scope *s);
void pods_fini(struct scope *s);
/* Tells the pods of the target from the start, soon: the engine has a new policy for it,
 * or its selector is another. */
void pods_tell(struct target *t);
/* A target is wanted that was not, or selects others than before. */
void pods_follow(struct target *t);
/* Nothing of it may be pointed at any more. */
void pods_forget(struct target *t);
/* No target of the area is wanted. */
void pods_leave(struct area *a);
/* All pods are read anew. */
void pods_distrust(struct scope *s);
void pods_hurry(struct scope *s);
/* All targets of the area are known that policies want: their pods may be told. */
void pods_start_soon(struct area *a);

#endif
