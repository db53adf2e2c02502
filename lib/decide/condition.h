/* The HPA's conditions, with its reasons and messages. */
#ifndef FORETOP_DECIDE_CONDITION_H
#define FORETOP_DECIDE_CONDITION_H

#include "decide/decision.h"

/* Sets one condition; reason is a constant. The message is cut where it does not fit. */
void condition_set(struct decision *d, enum condition_type type, bool status,
		   const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

void condition_remove(struct decision *d, enum condition_type type);

/* AbleToScale and ScalingLimited from what stabilization and limits did. */
void condition_set_stabilization(struct decision *d);
void condition_set_limit(struct decision *d);
/* ScaledToZero after a write. */
void condition_set_zero(struct decision *d, bool scaled_to_zero);

/* The HPA's name of the metric for its messages ("cpu resource utilization (percentage of
 * request)"), and its reason when the metric fails ("FailedGetResourceMetric"). Returns
 * buf. */
char *metric_title(const struct policy_metric *m, char *buf, size_t size);
const char *metric_failure(const struct policy_metric *m);

#endif
