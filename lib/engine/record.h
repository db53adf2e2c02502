/* The little that neither Prometheus nor Kubernetes knows, kept in the status object so
 * that a killed process goes on as if it had lived: recommendations, scale events, lead
 * time samples. */
#ifndef FORETOP_ENGINE_RECORD_H
#define FORETOP_ENGINE_RECORD_H

#include "decide/decide.h"

#define LEAD_SAMPLES_MAX 64

/* Created -> Ready of pods of this workload, newest last; older ones are dropped. */
struct lead_samples {
	int32_t ms[LEAD_SAMPLES_MAX];
	int32_t count;
	/* Which pods are in: the newest moment at which one became Ready, and how many
	 * did then. A restarted process takes in those that came later. */
	int64_t newest_ms;
	int32_t newest_count;
};

struct state_record {
	char target_uid[64]; /* state follows the target: another uid starts afresh */
	struct decide_memory memory;
	struct lead_samples lead;
	/* The window that is forecast and the lead time of the shadow's pods; 0: none
	 * yet. Both are kept while a changed lead time is not far off. */
	int32_t window_min;
	int64_t shadow_lead_ms;
};

/* As JSON for the status object; the caller owns it. Size is bounded by the arrays. */
cJSON *record_to_json(const struct state_record *r);
/* Reads what record_to_json wrote; parts that are missing or wrong are left empty, so
 * that an old or damaged record never stops a start. */
void record_from_json(const cJSON *o, struct state_record *ret_record);

#endif
