/* What a simulation comes to, for people and programs. */
#ifndef FORETOP_VERDICT_H
#define FORETOP_VERDICT_H

#include "sim/sim.h"

/* Everything that is printed; all borrowed. */
struct verdict {
	const char *name; /* of the trace */
	const struct trace *demand;
	const struct policy *policy;
	const char *notes; /* what is different from the policy's text, one line each */
	double capacity;
	int64_t lead_ms, start_ms, end_ms;
	const char *lead; /* for people */
	const struct contest_result *result;
};

/* Demand that a pod carries under a target of the policy's metric. */
double verdict_load(const struct verdict *v, const struct metric_target *target);
/* What the policy saves against the HPA's rules at its target, at equal or better
 * service, in a sentence; or that it saves nothing. */
void verdict_sentence(const struct verdict *v, struct str *out);
void verdict_table(const struct verdict *v, struct str *out);
/* sweep: under that key; ownership passes; NULL: none. */
void verdict_json(const struct verdict *v, cJSON *sweep, struct str *out);

#endif
