/* Counting checks of one run, and the runners of each schema. */
#ifndef FORETOP_TESTS_VECTORS_RUNNER_H
#define FORETOP_TESTS_VECTORS_RUNNER_H

#include "vectors/world.h"

struct run {
	const cJSON *file;
	const cJSON *item; /* the case at hand */
	int32_t passed, failed;
	bool bad; /* the case at hand has failed */
};

/* Marks the case at hand as failed and prints why. */
void run_fail(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void run_check_int(struct run *r, const char *what, int64_t got, int64_t want);
void run_check_text(struct run *r, const char *what, const char *got, const char *want);

/* One case each. */
void run_replica_calculator(struct run *r);
void run_group_pods(struct run *r);
void run_calculate_requests(struct run *r);
void run_legacy_clamp(struct run *r);
void run_legacy_stabilize(struct run *r);
void run_behavior_rate(struct run *r);
void run_behavior_limit(struct run *r);
void run_behavior_stabilize(struct run *r);
void run_scale_events(struct run *r);
void run_derived_edges(struct run *r);
void run_reconcile(struct run *r);
void run_sequence(struct run *r);

#endif
