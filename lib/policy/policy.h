/* What the user asked for: one policy, read from the `policy.yaml` of a labelled
 * ConfigMap and validated. Fields and defaults are autoscaling/v2's where it has them;
 * Foretop's own stand under `forecast` and at the top. */
#ifndef FORETOP_POLICY_POLICY_H
#define FORETOP_POLICY_POLICY_H

#include "base/base.h"
#include "policy/config.h"

#define POLICY_METRICS_MAX 8
#define POLICY_RULES_MAX   16
#define POLICY_SEASONS_MAX 4

enum policy_mode { MODE_RECOMMEND, MODE_SCALE };

enum metric_type {
	METRIC_RESOURCE,
	METRIC_CONTAINER_RESOURCE,
	METRIC_PODS,
	METRIC_OBJECT,
	METRIC_EXTERNAL,
};

enum target_type { TARGET_UTILIZATION, TARGET_VALUE, TARGET_AVERAGE_VALUE };

struct metric_target {
	enum target_type type;
	int64_t value_m;         /* milli-units; TARGET_VALUE and TARGET_AVERAGE_VALUE */
	int32_t utilization_pct; /* percent of the request; TARGET_UTILIZATION */
};

struct policy_metric {
	enum metric_type type;
	char *name;          /* resource ("cpu", "memory") or metric name */
	char *container;     /* METRIC_CONTAINER_RESOURCE; else NULL */
	char *query;         /* PromQL of the current value; NULL: built in (Resource,
				ContainerResource) */
	char *history_query; /* PromQL of the workload's total for forecasts; NULL:
				`query`, or built in */
	char *source;        /* named Prometheus; "default" unless given */
	struct metric_target target;
	/* What a pod carries under the forecast's quantile, and where the reactive part
	 * acts as a safety net; both in the target's own unit (percent, or milli-units).
	 * Default: the target. */
	struct metric_target forecast_target;
	struct metric_target reactive_target;
	bool forecast; /* may be forecast: false for memory, which is reactive only */
};

enum rule_type { RULE_PODS, RULE_PERCENT };
enum select_policy { SELECT_MAX, SELECT_MIN, SELECT_DISABLED };

struct scaling_rule {
	enum rule_type type;
	int32_t value;    /* > 0 */
	int32_t period_s; /* in (0, 1800] */
};

/* One direction of `behavior`, after the API's defaulting (reference: autoscaling/v2
 * HPAScalingRules). */
struct scaling_rules {
	bool has_stabilization;
	int32_t stabilization_s; /* in [0, 3600]; without has_stabilization the
				    controller's default holds */
	enum select_policy select;
	struct scaling_rule rules[POLICY_RULES_MAX];
	int32_t count;
	bool has_tolerance;
	double tolerance; /* fraction >= 0 */
};

enum forecast_mode { FORECAST_AUTO, FORECAST_DISABLED, FORECAST_ALWAYS };
#define MODEL_HOLT_WINTERS      (1u << 0)
#define MODEL_LINEAR_REGRESSION (1u << 1)

struct policy_forecast {
	enum forecast_mode mode; /* default FORECAST_AUTO */
	unsigned models;         /* MODEL_*; default both */
	int64_t horizon_ms;      /* 0: Auto = lead time and delays */
	int64_t lead_time_ms;    /* configured lead time; 0: none, 120 s until enough pods
				    were measured */
	int64_t history_ms;      /* default 14 d, in [1 d, 35 d] */
	double quantile;         /* default 0.95, in [0.5, 0.999] */
	bool seasons_auto;       /* default true */
	int64_t seasons_ms[POLICY_SEASONS_MAX];
	int32_t season_count;
};

/* What is scaled: a kind with a scale subresource, in the policy's own namespace. */
struct policy_target {
	char *api_version, *kind, *name;
};

struct policy {
	char *ns, *name;    /* of the ConfigMap */
	char *uid;          /* of the ConfigMap; "" when unknown */
	int64_t created_ms; /* of the ConfigMap: the oldest policy of a target stays in
			       force */
	uint64_t hash;      /* of the text: observedPolicyHash */
	struct policy_target target;
	enum policy_mode mode;
	int32_t min_replicas; /* >= 0, default 1 */
	int32_t max_replicas; /* >= 1 and >= min */
	struct policy_metric metrics[POLICY_METRICS_MAX];
	int32_t metric_count; /* >= 1 */
	bool has_behavior;    /* chooses the HPA's second normalisation path */
	struct scaling_rules up, down;
	struct policy_forecast forecast;
	bool pause;
};

/* Parses and validates the text of one policy: YAML or JSON, at most 1 MiB. ns, name: of
 * the ConfigMap, for the result; uid and created_ms are the caller's to fill in. Every
 * problem is one line "line 7: PATH: what is wrong: what is allowed" (PATH as in
 * metrics[0].external.target.averageValue, without `spec`), in the API's own words for
 * the HPA's fields; the first one is returned in *err (ERR_INVALID), cut to what fits.
 * NULL then. The caller owns the result (policy_free). */
struct policy *policy_parse(const char *ns, const char *name, const char *text,
			    size_t len, struct err *err);
/* Every problem of a policy's text, one to a line, appended to *ret_lines; at most 16 KiB
 * of them. Returns how many there are: 0 means that policy_parse takes it. */
int policy_check(const char *text, size_t len, struct str *ret_lines);
/* Accepts NULL. */
void policy_free(struct policy *p);
void policy_cleanup(struct policy **p);

/* The policy as it is in force, all defaults written out, as YAML. The caller frees the
 * text. */
char *policy_text(const struct policy *p);

/* "Scale", "Recommend"; "External", ...: the words of the text. */
const char *policy_mode_name(enum policy_mode mode);
const char *metric_type_name(enum metric_type type);
const char *forecast_mode_name(enum forecast_mode mode);

#endif
