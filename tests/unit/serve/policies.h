/* Policies with everything that the page tells, for tests of what is shown. */
#ifndef FORETOP_TESTS_SERVE_POLICIES_H
#define FORETOP_TESTS_SERVE_POLICIES_H

#include "serve/view.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define NOW_MS INT64_C(1768811475000) /* 2026-01-19T08:31:15Z */

struct shown {
	struct policy_status status;
	struct metric_status metrics[POLICY_METRICS_MAX];
	struct decision decision;
	struct metric_decision decided[POLICY_METRICS_MAX];
	struct state_record record;
};

/* A policy that scales, with a forecast that is followed. Strings are borrowed. */
static inline void shown_init(struct shown *s, const char *ns, const char *name)
{
	static const char text[] =
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
		"mode: Scale\n"
		"minReplicas: 2\n"
		"maxReplicas: 40\n"
		"metrics:\n"
		"- type: External\n"
		"  external: {metric: {name: requests}, target: {type: AverageValue, "
		"averageValue: \"100\"}}\n"
		"  query: up\n"
		"forecast: {mode: Auto}\n";
	struct err err;
	struct policy *policy = policy_parse(ns, name, text, sizeof(text) - 1, &err);
	ck_assert_msg(policy != NULL, "%s", err.msg);
	*s = (struct shown){0};
	s->decision.winner = -1;
	s->decision.metrics = s->decided;
	s->decision.metric_count = POLICY_METRICS_MAX;
	s->status = (struct policy_status){
		.ns = ns,
		.name = name,
		.policy = policy,
		.current = 4,
		.desired = 7,
		.reactive = 5,
		.predicted = 7,
		.pods = 4,
		.ready_pods = 4,
		.lead_ms = 90000,
		.decided_ms = NOW_MS - 5000,
		.scaled_ms = NOW_MS - 65000,
		.reason =
			"requests forecast 640 within 5m (q95) > capacity 400 -> 4 to 7",
		.decision = &s->decision,
		.record = &s->record,
		.metrics = s->metrics,
	};
	for (int c = 0; c < PC_COUNT; c++)
		s->status.conditions[c] =
			(struct status_condition){.status = STATUS_TRUE,
						  .reason = "Fine",
						  .message = "all is well",
						  .since_ms = NOW_MS - 3600000};
	static const int usually_false[] = {PC_CONFLICT, PC_PAUSED, PC_HELD,
					    PC_SCALING_LIMITED};
	for (size_t i = 0; i < ARRAY_LEN(usually_false); i++)
		s->status.conditions[usually_false[i]].status = STATUS_FALSE;
	s->status.metrics[0] = (struct metric_status){
		.known = true,
		.current = 380,
		.forecast = {.state = FORECAST_READY,
			     .mean = 590,
			     .upper = 640,
			     .release = 650,
			     .model = FC_LINEAR_DAY,
			     .skill = 0.31,
			     .coverage = 0.96},
		.window_min = 5,
		.forecast_on = true,
		.forecast_usable = true,
	};
}

static inline void shown_fini(struct shown *s)
{
	policy_free((struct policy *)s->status.policy);
}

#endif
