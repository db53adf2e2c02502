/* What the world gets to see of a policy: conditions, Events, the status object.
 * Transitions are said once. */
#include "engine/slot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HEARTBEAT_MS (10 * MS_PER_MIN)

void emit_event(struct engine *e, struct prepared *s, bool warning, const char *reason,
		const char *fmt, ...)
{
	if (!has_room(e))
		return;
	va_list ap;
	va_start(ap, fmt);
	/* The text must outlive the step; a step says fewer things of one policy than
	 * there are places. */
	char *note = s->event_notes[s->event_next];
	s->event_next = (s->event_next + 1) % EVENT_NOTES;
	vsnprintf(note, sizeof(s->event_notes[0]), fmt, ap);
	va_end(ap);
	struct action *a = emit(e, s, ACTION_EVENT);
	a->u.event.reason = reason;
	a->u.event.note = note;
	a->u.event.warning = warning;
}

/* True when the condition's status changed, and not just because it was set for the first
 * time. */
static bool set(struct prepared *s, enum policy_condition c, int status,
		const char *reason, const char *message, int64_t now_ms)
{
	struct status_condition *sc = &s->status.conditions[c];
	int before = sc->status;
	if (before != status) {
		sc->since_ms = now_ms;
		sc->status = status;
		s->changed = true;
	}
	if (!sc->reason || strcmp(sc->reason, reason))
		s->changed = true;
	sc->reason = reason;
	if (message != sc->message)
		snprintf(sc->message, sizeof(sc->message), "%s", message);
	return before != status && before != STATUS_UNKNOWN;
}

void publish_condition(struct prepared *s, enum policy_condition c, int status,
		       const char *reason, const char *message, int64_t now_ms)
{
	set(s, c, status, reason, message, now_ms);
}

static void publish_metrics(struct engine *e, struct prepared *s, int64_t now_ms)
{
	const struct decision *d = &s->decision;
	if (d->hold == HOLD_TARGET || d->hold == HOLD_SELECTOR ||
	    d->hold == HOLD_DISABLED)
		return; /* the metrics were not looked at */
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		if (d->metrics[m].known || !d->metrics[m].error[0])
			continue;
		char text[256];
		snprintf(text, sizeof(text), "%s: %s", s->policy->metrics[m].name,
			 d->metrics[m].error);
		bool was_bad =
			s->status.conditions[PC_METRICS_AVAILABLE].status == STATUS_FALSE;
		set(s, PC_METRICS_AVAILABLE, STATUS_FALSE, "MetricUnknown", text, now_ms);
		if (!was_bad)
			emit_event(e, s, true, "MetricsUnavailable",
				   "%s; replicas are not lowered", text);
		return;
	}
	if (set(s, PC_METRICS_AVAILABLE, STATUS_TRUE, "MetricsKnown",
		"every metric has a value", now_ms))
		emit_event(e, s, false, "MetricsRecovered",
			   "every metric has a value again");
}

static const char *forecast_reason(const struct prepared *s, int32_t m,
				   const char **ret_text)
{
	const struct metric_status *st = &s->status.metrics[m];
	*ret_text = st->forecast.reason;
	if (st->forecast_usable)
		return "ForecastTrusted";
	if (!s->metrics[m].loaded) {
		*ret_text = "history is being read";
		return "ForecastLoading";
	}
	if (st->forecast.state != FORECAST_READY)
		return "ForecastWaiting";
	if (isfinite(st->forecast.skill) && st->forecast.skill < 0)
		return "ForecastUntrusted";
	*ret_text = "its newest minute is too old to act on";
	return "ForecastStale";
}

static void publish_forecast(struct prepared *s, int64_t now_ms)
{
	if (s->policy->forecast.mode == FORECAST_DISABLED) {
		set(s, PC_FORECAST_TRUSTED, STATUS_FALSE, "ForecastDisabled",
		    "forecast.mode is Disabled", now_ms);
		return;
	}
	const char *reason = "NoForecast",
		   *text = "no metric of this policy can be forecast";
	bool trusted = false;
	for (int32_t m = 0; m < s->policy->metric_count && !trusted; m++) {
		if (!s->status.metrics[m].forecast_on)
			continue;
		reason = forecast_reason(s, m, &text);
		trusted = s->status.metrics[m].forecast_usable;
	}
	set(s, PC_FORECAST_TRUSTED, trusted ? STATUS_TRUE : STATUS_FALSE, reason, text,
	    now_ms);
}

static void publish_hpa(struct prepared *s, int64_t now_ms)
{
	static const enum policy_condition ours[CONDITION_TYPES] = {
		[CONDITION_ABLE_TO_SCALE] = PC_ABLE_TO_SCALE,
		[CONDITION_SCALING_ACTIVE] = PC_SCALING_ACTIVE,
		[CONDITION_SCALING_LIMITED] = PC_SCALING_LIMITED,
		[CONDITION_SCALED_TO_ZERO] = PC_COUNT,
	};
	for (int c = 0; c < CONDITION_TYPES; c++) {
		const struct condition *hpa = &s->decision.conditions[c];
		if (ours[c] == PC_COUNT ||
		    (hpa->status != CONDITION_TRUE && hpa->status != CONDITION_FALSE))
			continue;
		set(s, ours[c],
		    hpa->status == CONDITION_TRUE ? STATUS_TRUE : STATUS_FALSE,
		    hpa->reason, hpa->message, now_ms);
	}
}

/* A decision is worth a line when another number, winner or hold came out than the last
 * time. */
static bool is_news(struct prepared *s)
{
	const struct decision *d = &s->decision;
	uint64_t now = ((uint64_t)(uint32_t)d->desired << 32) ^
		       ((uint64_t)(uint32_t)d->current << 16) ^ ((uint64_t)d->hold << 8) ^
		       ((uint64_t)d->by_forecast << 4) ^
		       ((uint64_t)(uint32_t)d->unknown_count << 1) ^ 1;
	bool news = now != s->last_news;
	s->last_news = now;
	return news;
}

void publish_decision(struct engine *e, struct prepared *s, int64_t now_ms)
{
	const struct decision *d = &s->decision;
	struct policy_status *st = &s->status;
	st->current = s->target.replicas;
	st->desired = d->desired;
	st->reactive = d->reactive;
	st->predicted = d->predicted;
	st->decided_ms = now_ms;
	st->decisions++;
	snprintf(st->reason, sizeof(st->reason), "%s", d->reason);
	st->pods = s->pod_count;
	st->ready_pods = 0;
	for (int32_t i = 0; i < s->pod_count; i++)
		st->ready_pods += s->pods[i].ready == READY_TRUE && !s->pods[i].deleted;
	publish_hpa(s, now_ms);
	publish_metrics(e, s, now_ms);
	publish_forecast(s, now_ms);
	if (is_news(s)) {
		s->changed = true;
		if (has_room(e))
			emit(e, s, ACTION_DECIDED);
	}
	if (s->changed || now_ms - s->status_sent_ms >= HEARTBEAT_MS)
		publish_status(e, s, now_ms);
}

void publish_standing(struct engine *e, struct prepared *s, int64_t now_ms)
{
	bool refused = s->invalid[0];
	set(s, PC_READY, refused || !s->policy ? STATUS_FALSE : STATUS_TRUE,
	    refused ? "PolicyInvalid" : "PolicyValid",
	    refused ? s->invalid : "the policy is valid and in force", now_ms);
	set(s, PC_CONFLICT, s->conflict ? STATUS_TRUE : STATUS_FALSE,
	    s->conflict ? "OlderPolicy" : "NoConflict",
	    s->conflict ? "an older policy is in force for the same target"
			: "no other policy has this target",
	    now_ms);
	bool paused = s->policy && s->policy->pause;
	set(s, PC_PAUSED, paused ? STATUS_TRUE : STATUS_FALSE,
	    paused ? "PausedByPolicy" : "NotPaused", paused ? "pause: true" : "", now_ms);
	if (s->changed)
		publish_status(e, s, now_ms);
}

void publish_status(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (!has_room(e))
		return;
	s->changed = false;
	s->status_sent_ms = now_ms;
	emit(e, s, ACTION_STATUS);
}
