/* What a controller must be allowed to do, as a table, and the question to the API server
 * whether it is (a SelfSubjectAccessReview, which everybody may ask). */
#ifndef FORETOP_NEEDS_H
#define FORETOP_NEEDS_H

#include "policy/policy.h"

#define NEEDS_REVIEW_PATH "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
#define NEEDS_VERBS       4 /* at most, of one right */

enum need_where {
	NEED_SERVED, /* in the namespaces whose policies are served */
	NEED_STATUS, /* in that of the status objects */
	NEED_LEASE,  /* in that of the Lease */
};

enum need_use { NEED_ALWAYS, NEED_WRITE, NEED_SCALE, NEED_FLOOR };

struct need {
	const char *group, *resource, *subresource; /* "": none */
	const char *verbs[NEEDS_VERBS];             /* fewer: the rest NULL */
	enum need_where where;
	enum need_use use; /* not needed without it */
};

/* What the controller is for. */
struct needs_wish {
	bool write, scale, floor; /* scale and floor count with write only */
};

/* Where it works. All borrowed. */
struct needs_scope {
	const struct config_names *served; /* empty: everywhere */
	const char *status_ns, *lease_ns;
};

int needs_count(void);
/* index in [0, needs_count()). */
const struct need *needs_at(int index);
bool needs_needed(const struct need *right, const struct needs_wish *wish);
/* In how many namespaces it is needed, at least 1, and the index-th of them; "" is every
 * namespace. Borrowed from the scope. */
int needs_namespaces(const struct need *right, const struct needs_scope *scope);
const char *needs_namespace(const struct need *right, const struct needs_scope *scope,
			    int index);

/* The body of the request; the caller frees it. */
cJSON *needs_review(const struct need *right, const char *verb, const char *ns);
/* "update deployments.apps/scale in every namespace"; the caller frees it. */
char *needs_text(const struct need *right, const char *verb, const char *ns);

#endif
