#include "engine/status.h"

#include "engine/slot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the last valid policy that the status object keeps: it must stay small. */
#define POLICY_TEXT_MAX 65536

static const char *const condition_names[PC_COUNT] = {
	[PC_READY] = "Ready",
	[PC_ABLE_TO_SCALE] = "AbleToScale",
	[PC_SCALING_ACTIVE] = "ScalingActive",
	[PC_SCALING_LIMITED] = "ScalingLimited",
	[PC_FORECAST_TRUSTED] = "ForecastTrusted",
	[PC_METRICS_AVAILABLE] = "MetricsAvailable",
	[PC_CONFLICT] = "Conflict",
	[PC_PAUSED] = "Paused",
	[PC_HELD] = "Held",
};

const char *policy_condition_name(enum policy_condition c)
{
	return condition_names[c];
}

static void add_time(cJSON *o, const char *key, int64_t ms)
{
	char text[32];
	if (ms > 0)
		cJSON_AddStringToObject(o, key, time_format(ms, text, sizeof(text)));
}

static void add_replicas(cJSON *o, const char *key, int32_t replicas)
{
	if (replicas != DECIDE_NO_REPLICAS)
		cJSON_AddNumberToObject(o, key, replicas);
}

static void add_finite(cJSON *o, const char *key, double v)
{
	if (isfinite(v))
		cJSON_AddNumberToObject(o, key, v);
}

static void add_duration(cJSON *o, const char *key, int64_t ms)
{
	char text[48];
	cJSON_AddStringToObject(o, key, duration_format(ms, text, sizeof(text)));
}

static cJSON *conditions(const struct policy_status *s)
{
	static const char *const words[] = {"Unknown", "True", "False"};
	cJSON *list = cJSON_CreateArray();
	for (int c = 0; c < PC_COUNT; c++) {
		const struct status_condition *sc = &s->conditions[c];
		cJSON *o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "type", condition_names[c]);
		cJSON_AddStringToObject(o, "status", words[sc->status]);
		cJSON_AddStringToObject(o, "reason",
					sc->reason ? sc->reason : "NotDecidedYet");
		cJSON_AddStringToObject(o, "message", sc->message);
		add_time(o, "lastTransitionTime", sc->since_ms);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

/* What is odd about its newest minutes. */
static cJSON *anomaly(const struct forecast_anomaly *a)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "text", a->text);
	add_time(o, "heldUntil", a->hold_until_ms);
	return o;
}

/* What each pod needs by itself and what the load adds, and whether that is acted on. */
static cJSON *fit(const struct metric_status *m)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "load", m->line_of);
	add_finite(o, "perPod", m->line.per_pod);
	add_finite(o, "perLoad", m->line.per_load);
	add_finite(o, "evidence", m->line.evidence);
	cJSON_AddBoolToObject(o, "significant", m->line.significant);
	cJSON_AddBoolToObject(o, "followed", m->forecast_usable);
	if (m->line.reason[0])
		cJSON_AddStringToObject(o, "reason", m->line.reason);
	return o;
}

static cJSON *metric(const struct policy_metric *spec, const struct metric_status *m)
{
	cJSON *o = cJSON_CreateObject();
	const struct forecast *f = &m->forecast;
	cJSON_AddStringToObject(o, "type", metric_type_name(spec->type));
	cJSON_AddStringToObject(o, "name", spec->name);
	add_finite(o, "current", m->known ? m->current : NAN);
	if (m->line_of)
		cJSON_AddItemToObject(o, "fit", fit(m));
	if (!m->forecast_on)
		return o;
	cJSON_AddBoolToObject(o, "forecastUsable", m->forecast_usable);
	if (f->reason[0])
		cJSON_AddStringToObject(o, "forecastReason", f->reason);
	if (f->anomaly.text[0])
		cJSON_AddItemToObject(o, "anomaly", anomaly(&f->anomaly));
	if (f->state != FORECAST_READY)
		return o;
	add_finite(o, "forecast", f->mean);
	add_finite(o, "upper", f->upper);
	add_duration(o, "horizon", m->window_min * MS_PER_MIN);
	cJSON_AddStringToObject(o, "model", model_name(f->model));
	add_finite(o, "skill", f->skill);
	add_finite(o, "coverage", f->coverage);
	return o;
}

static cJSON *lead(const struct policy_status *s)
{
	static const char *const words[] = {[LEAD_DEFAULT] = "default",
					    [LEAD_CONFIGURED] = "configured",
					    [LEAD_MEASURED] = "measured"};
	cJSON *o = cJSON_CreateObject();
	add_duration(o, "duration", s->lead_ms);
	cJSON_AddStringToObject(o, "source", words[s->lead_source]);
	cJSON_AddNumberToObject(o, "samples", s->lead_samples);
	return o;
}

/* Whether the forecast is followed, and what following it would have cost. */
static cJSON *gate(const struct policy_status *s)
{
	cJSON *o = cJSON_CreateObject();
	const struct gate *g = &s->gate;
	cJSON_AddStringToObject(o, "state", g->open ? "Open" : "Shut");
	add_time(o, "since", g->since_ms);
	add_finite(o, "forecastCost", gate_cost_ours(g));
	add_finite(o, "reactiveCost", gate_cost_reactive(g));
	add_duration(o, "evidence", g->evidence_min * MS_PER_MIN);
	cJSON_AddBoolToObject(o, "proved", gate_proved(g));
	cJSON_AddBoolToObject(o, "capped", s->capped);
	return o;
}

/* Which quantile serves the share of the load that is asked for, and what it served. */
static cJSON *objective(const struct objective *q)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddNumberToObject(o, "share", q->share);
	cJSON_AddNumberToObject(o, "quantile", objective_quantile(q));
	add_finite(o, "served", objective_served(q));
	return o;
}

static cJSON *floor_json(const struct floor_status *f)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "kind", f->kind);
	cJSON_AddStringToObject(o, "autoscaler", f->autoscaler);
	cJSON_AddNumberToObject(o, "minReplicas", f->min);
	cJSON_AddNumberToObject(o, "originalMinReplicas", f->original);
	add_time(o, "expires", f->expires_ms);
	return o;
}

bool status_has_forecast(const struct policy_status *s)
{
	for (int32_t m = 0; s->policy && m < s->policy->metric_count; m++)
		if (s->metrics[m].forecast_on)
			return true;
	return false;
}

cJSON *status_summary(const struct policy_status *s)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "namespace", s->ns);
	cJSON_AddStringToObject(o, "policy", s->name);
	if (s->policy) {
		char hash[20];
		snprintf(hash, sizeof(hash), "%016" PRIx64, s->policy->hash);
		cJSON_AddStringToObject(o, "observedPolicyHash", hash);
		cJSON_AddStringToObject(o, "mode", policy_mode_name(s->policy->mode));
		cJSON_AddStringToObject(o, "target", s->policy->target.name);
		cJSON_AddStringToObject(o, "targetKind", s->policy->target.kind);
	}
	add_replicas(o, "currentReplicas", s->current);
	add_replicas(o, "desiredReplicas", s->desired);
	add_replicas(o, "reactiveReplicas", s->reactive);
	add_replicas(o, "predictedReplicas", s->predicted);
	cJSON_AddNumberToObject(o, "pods", s->pods);
	cJSON_AddNumberToObject(o, "readyPods", s->ready_pods);
	cJSON *metrics = cJSON_AddArrayToObject(o, "metrics");
	for (int32_t m = 0; s->policy && m < s->policy->metric_count; m++)
		cJSON_AddItemToArray(metrics,
				     metric(&s->policy->metrics[m], &s->metrics[m]));
	if (status_has_forecast(s))
		cJSON_AddItemToObject(o, "gate", gate(s));
	if (s->policy && s->policy->forecast.objective > 0 &&
	    s->policy->forecast.objective == s->record->objective.share)
		cJSON_AddItemToObject(o, "objective", objective(&s->record->objective));
	if (s->floor.autoscaler)
		cJSON_AddItemToObject(o, "floor", floor_json(&s->floor));
	cJSON_AddItemToObject(o, "leadTime", lead(s));
	cJSON_AddItemToObject(o, "conditions", conditions(s));
	cJSON *last = cJSON_AddObjectToObject(o, "lastDecision");
	add_time(last, "time", s->decided_ms);
	cJSON_AddStringToObject(last, "reason", s->reason);
	if (s->policy && s->decision && s->decided_ms)
		explain_decision(last, s->policy, s->decision);
	add_time(o, "lastScaleTime", s->scaled_ms);
	return o;
}

/* The version in force, for a process that starts when the present text is refused. */
static void add_policy(cJSON *record, const struct policy *policy)
{
	char *text AUTO_FREE = policy ? policy_text(policy) : NULL;
	if (text && strlen(text) <= POLICY_TEXT_MAX)
		cJSON_AddStringToObject(record, "policy", text);
}

cJSON *status_to_json(const struct policy_status *s, int64_t now_ms)
{
	cJSON *o = status_summary(s);
	struct state_record record = *s->record;
	decide_memory_export(&s->record->memory, now_ms, &record.memory);
	cJSON *kept = record_to_json(&record);
	add_policy(kept, s->policy);
	cJSON_AddItemToObject(o, "record", kept);
	add_time(o, "writtenAt", now_ms);
	return o;
}
