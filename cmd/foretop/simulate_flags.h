/* The flags of `foretop simulate`. */
#ifndef FORETOP_SIMULATE_FLAGS_H
#define FORETOP_SIMULATE_FLAGS_H

#include "cluster.h"
#include "demand.h"

enum simulate_output { SIMULATE_TABLE, SIMULATE_JSON };

#define SIMULATE_LEADS_MAX 256

struct simulate_flags {
	struct demand_source from;
	/* One of the three is given. */
	const char *policy;         /* file; "-": standard input */
	const char *cluster_policy; /* "NS/NAME" of a policy's ConfigMap */
	const char *hpa;            /* "NS/NAME" of a HorizontalPodAutoscaler */
	struct cluster_flags cluster;
	double capacity; /* 0: the metric's target, or what a pod of the cluster requests
			  */
	/* Each as likely as the others; none: the policy's leadTime, or 120 s. */
	int64_t leads_ms[SIMULATE_LEADS_MAX];
	int32_t lead_count;
	double peak_pods;       /* 0: the trace is taken as it is */
	int64_t start_ms;       /* INT64_MIN: the second half */
	const char *out;        /* file of the run; NULL: none */
	const char *report;     /* file of the page; NULL: none */
	double price_per_pod_h; /* 0: not given */
	bool sweep;
	enum simulate_output output;
};

/* 0 to go on, 1 when the help was asked for and printed, -1 with *err that names the flag
 * and what is allowed. */
int simulate_flags_parse(struct simulate_flags *ret_flags, int argc, char **argv,
			 struct err *err);

#endif
