/* What the user asked for: one policy, read from the `policy.yaml` of a labelled
 * ConfigMap and validated. Fields and defaults are autoscaling/v2's where it has them;
 * Foretop's own stand under `forecast` and `holds` and at the top.
 *
 * The promise to users of the HPA: with every field left out that autoscaling/v2 does not
 * have, decisions equal the HPA's (until a forecast has proved itself). So the holds that
 * the HPA does not know are off unless they are written, or `forecast` is written and its
 * mode is not Disabled. */
#ifndef FORETOP_POLICY_POLICY_H
#define FORETOP_POLICY_POLICY_H

#include "base/base.h"
#include "policy/config.h"
#include "policy/cron.h"

#define POLICY_METRICS_MAX   8
#define POLICY_RULES_MAX     16
#define POLICY_SEASONS_MAX   4
#define POLICY_EXCLUDES_MAX  32
#define POLICY_SCHEDULES_MAX 16
#define POLICY_GUARDS_MAX    8

/* Decide and report; write replicas; raise the minimum of an HPA or a ScaledObject. */
enum policy_mode { MODE_RECOMMEND, MODE_SCALE, MODE_FLOOR };

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
	bool forecast; /* may be forecast by itself: false for memory, see
			  engine/derived.c */
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
	bool written;            /* `forecast` stands in the text, empty or not */
	enum forecast_mode mode; /* default FORECAST_AUTO */
	unsigned models;         /* MODEL_*; default both */
	int64_t horizon_ms;      /* 0: Auto = lead time and delays */
	int64_t lead_time_ms;    /* configured lead time; 0: none, 120 s until enough pods
				    were measured */
	int64_t history_ms;      /* default 14 d, in [1 d, 35 d] */
	double quantile;         /* default 0.95, in [0.5, 0.999]; with an objective only
				    where its controller starts */
	double objective;        /* share of the load that is to be served, in (0.9, 1);
				    0: none, the quantile holds */
	bool seasons_auto;       /* default true */
	int64_t seasons_ms[POLICY_SEASONS_MAX];
	int32_t season_count;
	int64_t step_ms; /* of the models, divides an hour; 0: Auto */
	char *time_zone; /* of calendar terms; default "UTC". A well-formed name: io knows
			    whether the zone exists */
	int32_t time_zone_line; /* in the text; 0: not given */
	struct zone *zone; /* that zone's clock over history and years ahead, once io has
			      read it; NULL: not yet, or UTC */
	struct time_range *excludes; /* at most POLICY_EXCLUDES_MAX, not learned from; in
					the order of the text, may overlap */
	int32_t exclude_count;
	double max_over_reactive; /* how many times the reactive proposal a forecast may
				     ask for before it has proved itself; default 2, in
				     [1, 100] */
	bool release; /* default true: under an open gate a lower forecast ends the wait
			 of a scale-down */
};

/* What happens while no metric has a value: stay, or let the forecast raise, never lower,
 * for at most metrics_loss_limit_ms. */
enum metrics_loss { LOSS_HOLD, LOSS_FOLLOW_FORECAST };

/* A floor, a ceiling or both, from each minute that `cron` matches on the zone's clock
 * for `duration_ms` of elapsed time. */
struct policy_schedule {
	struct cron cron;
	char *cron_text;
	char *time_zone; /* default "UTC"; well-formed, see policy_forecast */
	int32_t time_zone_line;
	int64_t duration_ms;  /* in [1 min, 31 d] */
	int32_t min_replicas; /* -1: none; at most the policy's maximum */
	int32_t max_replicas; /* -1: none; > 0, at least the policy's minimum */
};

/* One opening of a schedule in UTC: [start_ms, end_ms). */
struct schedule_interval {
	int32_t schedule; /* index in the policy's schedules */
	int64_t start_ms, end_ms;
	int64_t end_offset_ms; /* wall time - UTC in the schedule's zone at end_ms: people
				  are told its end on their own clock */
	int32_t min_replicas;  /* -1: none */
	int32_t max_replicas;  /* -1: none */
};

/* Of all schedules of one policy: a week of openings by the hour. */
#define SCHEDULE_INTERVALS_MAX 192

enum guard_action { GUARD_HOLD, GUARD_HOLD_DOWN, GUARD_HOLD_UP };

/* A circuit breaker: acts once the query's value has been beyond the limit for `for_ms`.
 */
struct policy_guard {
	char *name;  /* RFC 1123 label, unique in the policy */
	char *query; /* PromQL of one value */
	char *source;
	bool above;     /* acts above the limit; else below it */
	double limit;   /* finite */
	int64_t for_ms; /* in [0, 1 h] */
	enum guard_action action;
};

/* Reasons to wait that the HPA does not have. */
struct policy_holds {
	bool scale_down_during_rollout;  /* may shrink while a rollout is in progress */
	int64_t respect_manual_scale_ms; /* a `kubectl scale` stands that long; 0: not */
	bool scale_down_rollout_written; /* given in the text; else by `forecast` */
	bool respect_manual_scale_written; /* the same */
};

/* What is scaled: a kind with a scale subresource, in the policy's own namespace. */
struct policy_target {
	char *api_version, *kind, *name;
	/* The kind, behind it the group unless that is apps or the core:
	 * "Rollout.argoproj.io". What tells kinds of one name apart. */
	char *group_kind;
};

struct policy {
	char *ns, *name;    /* of the ConfigMap */
	char *uid;          /* of the ConfigMap; "" when unknown */
	int64_t created_ms; /* of the ConfigMap: the oldest policy of a target stays in
			       force */
	uint64_t hash;      /* of the text: observedPolicyHash */
	struct policy_target target;
	enum policy_mode mode;
	int32_t min_replicas;          /* >= 0, default 1 */
	int32_t max_replicas;          /* >= 1 and >= min */
	struct policy_metric *metrics; /* at most POLICY_METRICS_MAX */
	int32_t metric_count;          /* >= 1 */
	bool has_behavior;             /* chooses the HPA's second normalisation path */
	struct scaling_rules up, down;
	struct policy_forecast forecast;
	enum metrics_loss on_metrics_loss; /* default LOSS_HOLD */
	int64_t metrics_loss_limit_ms;     /* default 30 min, in [1 min, 6 h] */
	struct policy_schedule *schedules; /* at most POLICY_SCHEDULES_MAX */
	int32_t schedule_count;
	struct policy_guard *guards; /* at most POLICY_GUARDS_MAX */
	int32_t guard_count;
	struct policy_holds holds;
	bool pause;
};

/* Forecasting was asked for in so many words: `forecast` is written and not Disabled. */
bool policy_forecasting(const struct policy *p);
/* Has it demand that can be seen without a pod: what it takes to leave zero again? */
bool policy_has_metric_at_zero(const struct policy *p);

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
/* What a rehearsal needs: only the metric `index` is left, as metrics[0]; and the policy
 * as if its text said `forecast: {mode: Disabled}`. Before it is prepared. */
void policy_keep_metric(struct policy *p, int32_t index);
void policy_disable_forecast(struct policy *p);
void policy_cleanup(struct policy **p);
/* The clock of its forecasts' time zone, copied; before the policy is prepared. */
void policy_set_zone(struct policy *p, const struct zone *zone);
/* A copy to change numbers in: texts and lists stay the policy's, but metrics are in room
 * [metric_count], the caller's. Not for policy_free. */
void policy_borrow(const struct policy *p, struct policy_metric *room,
		   struct policy *ret_copy);

/* The policy as it is in force, all defaults written out, as YAML. The caller frees the
 * text. */
char *policy_text(const struct policy *p);

/* "Scale", "Recommend"; "External", ...: the words of the text. */
const char *policy_mode_name(enum policy_mode mode);
const char *metric_type_name(enum metric_type type);
const char *forecast_mode_name(enum forecast_mode mode);
const char *metrics_loss_name(enum metrics_loss loss);
const char *guard_action_name(enum guard_action action);

/* "Deployment" of "apps/v1", "Rollout.argoproj.io" of "argoproj.io/v1alpha1": see
 * policy_target. Either may be NULL. The caller frees; NULL without a kind. */
char *policy_group_kind(const char *api_version, const char *kind);

#endif
