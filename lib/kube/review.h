/* Whom a bearer token belongs to, and whether they may look: TokenReview, then
 * SubjectAccessReview, as the API server's own delegates ask. */
#ifndef FORETOP_KUBE_REVIEW_H
#define FORETOP_KUBE_REVIEW_H

#include "kube/client.h"

#include <stdbool.h>

/* What callers need in RBAC: `get` on this nonResourceURL. */
#define KUBE_REVIEW_PATH "/foretop"

enum kube_review_verdict {
	KUBE_REVIEW_ALLOWED,
	KUBE_REVIEW_UNKNOWN,   /* the token is nobody's */
	KUBE_REVIEW_FORBIDDEN, /* somebody's who may not */
	KUBE_REVIEW_FAILED,    /* the server could not be asked; *err says why */
};
/* user: of the token, "" unless known; borrowed for the call, like err. */
typedef void (*kube_reviewed)(void *arg, enum kube_review_verdict verdict,
			      const char *user, const struct err *err);

struct kube_review;

/* `done` is called once, later from the loop, unless the review is cancelled; the review
 * is gone then. The token is not kept. Takes the rights to create
 * tokenreviews.authentication.k8s.io and subjectaccessreviews.authorization.k8s.io. */
struct kube_review *kube_review_start(struct kube *k, const char *token,
				      kube_reviewed done, void *arg);
/* Ends it without calling back; not from within its `done`. Accepts NULL. */
void kube_review_cancel(struct kube_review *r);

#endif
