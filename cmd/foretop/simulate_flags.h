/* The flags of `foretop simulate`. */
#ifndef FORETOP_SIMULATE_FLAGS_H
#define FORETOP_SIMULATE_FLAGS_H

#include "demand.h"

enum simulate_output { SIMULATE_TABLE, SIMULATE_JSON };

struct simulate_flags {
	struct demand_source from;
	const char *policy; /* file; "-": standard input */
	double capacity;    /* 0: the metric's target */
	int64_t lead_ms;    /* 0: the policy's leadTime, or 120 s */
	double peak_pods;   /* 0: the trace is taken as it is */
	int64_t start_ms;   /* INT64_MIN: the second half */
	const char *out;    /* file of the run; NULL: none */
	enum simulate_output output;
};

/* 0 to go on, 1 when the help was asked for and printed, -1 with *err that names the flag
 * and what is allowed. */
int simulate_flags_parse(struct simulate_flags *ret_flags, int argc, char **argv,
			 struct err *err);

#endif
