/* A policy as it stands in the cluster, for commands that need nothing else of it. */
#ifndef FORETOP_LIVE_H
#define FORETOP_LIVE_H

#include "cluster.h"

#include "policy/policy.h"

/* Reads the policy "[NS/]NAME" and closes the cluster again. NULL with *err: no such
 * policy, or its text is refused. The caller frees it (policy_free). */
struct policy *live_policy(const struct cluster_flags *f, const char *name,
			   struct err *err);
/* The index of the metric of this name; NULL: the first that may be forecast. -1 with
 * *err that lists the names. */
int32_t live_metric(const struct policy *policy, const char *name, struct err *err);

#endif
