/* Do the rights suffice for a policy, of the caller or of the controller's account? */
#ifndef FORETOP_RIGHTS_H
#define FORETOP_RIGHTS_H

#include "validate.h"

struct rights;

/* account: "NS/NAME" of a service account, NULL: the caller's own. All is borrowed. */
struct rights *rights_new(struct cluster *c, const char *account, const char *foretop_ns);
/* Accepts NULL. */
void rights_free(struct rights *r);
/* Asks for each right that a policy of this mode takes in its namespace, and for those
 * that the controller takes in its own; each is asked once. */
void rights_check(struct rights *r, const struct policy *policy,
		  const struct kube_resource *target, struct findings *f);

#endif
