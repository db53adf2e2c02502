/* A policy for replays.
 */
#ifndef FORETOP_TESTS_SIM_POLICY_H
#define FORETOP_TESTS_SIM_POLICY_H

#include "sim/sim.h"
#include "unit/harness.h"

#include <string.h>

/* 2026-01-19T00:00:00Z, a Monday */
#define START_MS INT64_C(1768780800000)
/* A metric whose forecast may fill the pods to 95, the rule beside it to 120. */
#define EXTERNAL                                                                         \
	"{type: External, external: {metric: {name: r}, target: {type: AverageValue, "   \
	"averageValue: \"70\"}}, query: q, forecast: {target: \"95\", reactiveTarget: "  \
	"\"120\"}}"

/* Up to 60 replicas of a Deployment, scaled by this metric (a YAML flow map); `more` goes
 * on behind it. */
static inline struct policy *policy_of(const char *metric, const char *more)
{
	struct err err = {0};
	struct str notes AUTO(str_fini);
	str_init(&notes, 4096);
	char *text AUTO_FREE = xasprintf(
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n"
		"minReplicas: 1\nmaxReplicas: 60\nmode: Scale\nmetrics:\n- %s\n%s",
		metric, more);
	struct policy *p = replay_policy(text, strlen(text), &notes, &err);
	ck_assert_msg(p != NULL, "%s", err.msg);
	return p;
}

#endif
