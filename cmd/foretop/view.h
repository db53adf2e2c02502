/* Policies as the cluster has them: what their users wrote, and what the controller wrote
 * of them. */
#ifndef FORETOP_VIEW_H
#define FORETOP_VIEW_H

#include "cluster.h"

#define VIEW_POLICY_LABEL "foretop.io/policy"
#define VIEW_POLICY_KEY   "policy.yaml"
#define VIEW_STATUS_KEY   "status.json"

struct view {
	char *ns, *name;   /* of the policy */
	cJSON *object;     /* its ConfigMap; owned */
	cJSON *spec;       /* its text; NULL: none that can be read. Owned */
	cJSON *status;     /* NULL: none yet. Owned */
	struct err broken; /* why there is no spec */
};

/* Takes the object over. */
void view_init(struct view *v, cJSON *object);
/* Reads the status out of its ConfigMap (NULL: there is none); the object is borrowed. */
void view_take_status(struct view *v, const cJSON *object);
/* Accepts zeroed. */
void view_fini(struct view *v);

struct views {
	struct view *items; /* by namespace and name; owned */
	size_t count;
	/* Status objects could not be read: why. */
	struct err status_err;
};

/* The policies that the flags name, or all of a namespace or the cluster; `selector` of
 * their labels, or NULL. 0, or -1 with *err: the API server, or a name that is none. */
int views_read(struct cluster *c, const struct cluster_flags *f, const char *selector,
	       struct views *ret_views, struct err *err);
/* Accepts zeroed. */
void views_fini(struct views *v);

/* "foretop.io/policy", or with the user's selector behind it. The caller frees. */
char *view_selector(const char *selector);

/* Replicas at a path of the status, or -1. */
int32_t view_replicas(const struct view *v, const char *path);
/* The status' condition of this type, or NULL. Borrowed. */
const cJSON *view_condition(const struct view *v, const char *type);
bool view_is(const struct view *v, const char *condition, const char *status);
/* The time at a path of a tree, or 0. */
int64_t view_time(const cJSON *tree, const char *path);
/* One word for how it is: Paused, Invalid, Conflict, Held, Unknown, Predictive, Reactive
 * or Waiting. */
const char *view_state(const struct view *v);
/* The policy as one object: apiVersion, kind, metadata, spec, status. The caller owns it.
 */
cJSON *view_tree(const struct view *v);

#endif
