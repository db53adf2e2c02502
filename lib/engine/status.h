/* What is known of one policy, for the status object, /metrics, the API and `get`. */
#ifndef FORETOP_ENGINE_STATUS_H
#define FORETOP_ENGINE_STATUS_H

#include "decide/decide.h"
#include "engine/counts.h"
#include "engine/record.h"
#include "forecast/forecast.h"

enum policy_condition {
	PC_READY,
	PC_ABLE_TO_SCALE,
	PC_SCALING_ACTIVE,
	PC_SCALING_LIMITED,
	PC_FORECAST_TRUSTED,
	PC_METRICS_AVAILABLE,
	PC_CONFLICT,
	PC_PAUSED,
	PC_HELD, /* something beyond the HPA's rules keeps the size as it is */
	PC_COUNT,
};
const char *policy_condition_name(enum policy_condition c);

/* metav1.Condition. */
struct status_condition {
	enum { STATUS_UNKNOWN, STATUS_TRUE, STATUS_FALSE } status;
	const char *reason; /* CamelCase, constant; NULL while unknown */
	char message[256];
	int64_t since_ms; /* of the last change of `status` */
};

enum lead_source { LEAD_DEFAULT, LEAD_CONFIGURED, LEAD_MEASURED };

struct metric_status {
	bool known;
	double current; /* demand: the total in the metric's unit; NaN unknown */
	struct forecast forecast;
	int32_t window_min;   /* the rung of the window ladder in use */
	bool forecast_on;     /* it is asked for and fed */
	bool forecast_usable; /* it may propose */
	uint64_t anomalies;   /* that began since it was first forecast */
	/* How a metric that is not forecast itself depends on pods and on `line_of`, the
	 * name of the one that is; NULL: no such metric. */
	struct usage_line line;
	const char *line_of;
};

/* Mode Floor. */
struct floor_status {
	const char *kind, *autoscaler; /* and its name; NULL: there is none */
	int32_t min, original; /* its minReplicas now, and as its user asked for */
	int64_t expires_ms;    /* of a raised one; 0: it is not raised */
	int32_t wanted;        /* what the newest decision makes of it */
};

struct policy_status {
	const char *ns, *name;
	const struct policy *policy; /* the version in force; NULL: none ever was valid */
	uint64_t serial; /* nothing else that an engine served has it; 0: none */
	struct status_condition conditions[PC_COUNT];
	int32_t current, desired, reactive, predicted; /* DECIDE_NO_REPLICAS: unknown */
	int32_t pods, ready_pods;
	struct metric_status *metrics; /* as many as the policy has */
	/* As of the last decision. */
	struct gate gate;
	bool capped; /* a forecast asked for more than it may before it has proved itself
		      */
	int64_t lead_ms;
	enum lead_source lead_source;
	int32_t lead_samples;
	struct floor_status floor;
	bool rests; /* nothing is decided on purpose: paused, or in the way of others */
	int64_t decided_ms; /* 0: no decision yet */
	const char *reason; /* of the last decision, or why there is none; borrowed */
	const struct decision *decision; /* the last one; NULL: none to speak of */
	int64_t scaled_ms;               /* 0: never */
	uint64_t decisions, writes, conflicts,
		failures;                  /* since the policy was prepared */
	struct counts counts;              /* likewise */
	const struct state_record *record; /* as of now */
};

/* Is any metric of the policy in force forecast? */
bool status_has_forecast(const struct policy_status *s);

/* The status object's JSON written for each policy; the caller owns it. `record` holds
 * what record_from_json reads, and as `record.policy` the text of the version in force
 * (policy_parse reads it): the last valid one, should the policy object's text be refused
 * when a process starts. */
cJSON *status_to_json(const struct policy_status *s, int64_t now_ms);
/* The same without the record, for people. */
cJSON *status_summary(const struct policy_status *s);

#endif
