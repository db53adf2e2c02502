/* What a simulation can read of a cluster: a policy, an HPA, what a pod requests. */
#ifndef FORETOP_SIMULATE_CLUSTER_H
#define FORETOP_SIMULATE_CLUSTER_H

#include "simulate_flags.h"

/* The text of the policy that --policy or --hpa names, as for replay_policy; what is
 * different from it is appended to *ret_notes, a line each. With cpu_cores also the CPU
 * that a pod of its target requests; 0: unknown, a note says why. The caller frees the
 * text. NULL with *err. */
char *simulate_fetch(const struct simulate_flags *f, struct str *ret_notes,
		     double *ret_cpu_cores, struct err *err);

/* An HPA's object as a policy's text (JSON): its spec, with `query` for metrics that
 * bring none along. The caller frees it. NULL with *err = ERR_INVALID. */
char *simulate_policy_of_hpa(const cJSON *hpa, const char *query, struct str *ret_notes,
			     struct err *err);
/* Cores that the containers of a workload's pods request together; container: of that one
 * alone, or NULL. 0: not all of them say. */
double simulate_requested_cpu(const cJSON *workload, const char *container);

#endif
