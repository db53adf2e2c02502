/* Which pods count for a metric, and which of them for how much. */
#ifndef FORETOP_DECIDE_CLASSIFY_H
#define FORETOP_DECIDE_CLASSIFY_H

#include "decide/decide.h"

enum pod_class {
	POD_COUNTS,  /* its value is used */
	POD_UNREADY, /* not serving yet: its value is dropped */
	POD_MISSING, /* should have a value and has none */
	POD_IGNORED, /* gone or going: as if it were not there */
};

/* value: the pod's, or NULL. cpu: readiness matters, because starting up costs CPU that
 * is no load. */
enum pod_class pod_classify(const struct pod *pod, const struct pod_value *value,
			    bool cpu, const struct decide_config *config, int64_t now_ms);

/* Serves now: phase Running and Ready True, what Value targets are multiplied with. */
bool pod_serves(const struct pod *pod);

#endif
