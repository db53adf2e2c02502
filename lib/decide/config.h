/* The settings of decisions that do not belong to one policy. */
#ifndef FORETOP_DECIDE_CONFIG_H
#define FORETOP_DECIDE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/* The controller's settings: kube-controller-manager's flags and feature gates. */
struct decide_config {
	double tolerance;                   /* fraction, used where `behavior` has none */
	int64_t downscale_stabilization_ms; /* where `behavior` has none */
	int64_t cpu_initialization_ms;
	int64_t initial_readiness_delay_ms;
	/* Without `behavior` at most max(factor * current, minimum). */
	double scale_up_factor, scale_up_minimum;
	bool scale_to_zero;      /* HPAScaleToZero, on since 1.37 */
	bool pod_level_requests; /* PodLevelResources */
	/* Not the HPA's: decisions come without their texts (reason and rescale stay
	 * empty, a condition does not name its metric), for rehearsals in bulk. */
	bool terse;
};
/* 0.1, 300 s, 300 s, 30 s, 2, 4, on, on, with texts. */
void decide_config_default(struct decide_config *ret_config);

#endif
