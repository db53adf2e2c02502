/* What policies act on, private to its two files: scope.c, what is watched; scope_poll.c,
 * targets of kinds that are not. */
#ifndef FORETOP_LOOP_SCOPE_INSIDE_H
#define FORETOP_LOOP_SCOPE_INSIDE_H

#include "loop/inside.h"

/* A workload of a watched namespace, trimmed to what decisions need. */
struct target {
	struct target *next;
	char *name, *uid;
	char version[KUBE_VERSION_SIZE];
	int32_t replicas, status_replicas, unavailable;
	bool rolling;
	enum scaler scaler;
	int64_t scaled_ms;              /* when; 0: not told */
	struct kube_selector *selector; /* NULL: missing or malformed */
	char *selector_text;
	char selector_error[128]; /* "": it is good */
	bool wanted;              /* a policy has it */
};

/* All workloads of one kind in one namespace. */
struct shelf {
	struct shelf *next;
	struct area *area;
	char *kind; /* group_kind of a policy_target */
	struct kube_resource resource;
	struct kube_watch *watch;
	struct poller *poller; /* in the place of a watch */
	struct target *targets;
	char **wanted; /* names that policies want, seen or not */
	size_t wanted_count;
	bool synced;
};

/* One namespace. */
struct area {
	struct area *next;
	struct scope *scope;
	char *ns;
	struct shelf *shelves;
	struct kube_watch *pods;
	struct kube_pod pod; /* reused for every read */
	struct timer restart;
};

struct scope {
	struct loop *loop;
	struct area *areas;
	struct target_read *reads; /* of single targets, under way */
};

/* Takes over what a workload shows now; the engine is told when a policy wants it. `seen`
 * has texts of its caller's, and a selector that is taken when it is another one. */
void shelf_put(struct shelf *shelf, struct target *seen);
/* There is none of this name (any more). why: it may be there, and cannot be read; NULL:
 * it is not. */
void shelf_drop(struct shelf *shelf, const char *name, const char *why);
struct target *shelf_find(const struct shelf *shelf, const char *name);

/* --- scope_poll.c: kinds beyond Deployment, StatefulSet and ReplicaSet --- */

/* Asks the server for the resource of the kind, then once a period for the scale of each
 * target that is wanted. */
struct poller *poller_new(struct shelf *shelf, const struct policy_target *target);
/* Accepts NULL. */
void poller_free(struct poller *p);
/* A target is wanted (again): its scale is read soon. */
void poller_want(struct poller *p, const char *name);

#endif
