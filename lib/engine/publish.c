/* What the world gets to see of a policy: conditions, Events, the status object.
 * Transitions are said once. */
#include "engine/slot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HEARTBEAT_MS (10 * MS_PER_MIN)
/* A message may carry numbers that change with every cycle. */
#define REWORDED_MS MS_PER_MIN

void emit_event(struct engine *e, struct prepared *s, bool warning, const char *reason,
		const char *fmt, ...)
{
	if (!has_room(e))
		return;
	va_list ap;
	va_start(ap, fmt);
	/* The text must outlive the step. */
	char *note = e->notes[e->actions.count];
	vsnprintf(note, EVENT_NOTE_SIZE, fmt, ap);
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
	if (message != sc->message &&
	    strncmp(sc->message, message, sizeof(sc->message) - 1) != 0) {
		s->reworded = true;
		snprintf(sc->message, sizeof(sc->message), "%s", message);
	}
	return before != status && before != STATUS_UNKNOWN;
}

static bool is(const struct prepared *s, enum policy_condition c, int status)
{
	return (int)s->status.conditions[c].status == status;
}

/* Were the metrics looked at? A target that is missing, or larger than allowed, is
 * decided on without them. */
static bool saw_metrics(const struct decision *d)
{
	return d->hold == HOLD_UNKNOWN || d->winner >= 0;
}

static int32_t first_unknown(const struct prepared *s)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (!s->decision.metrics[m].known)
			return m;
	return -1;
}

static void publish_metrics(struct engine *e, struct prepared *s, int64_t now_ms)
{
	const struct decision *d = &s->decision;
	if (!saw_metrics(d))
		return;
	int32_t m = first_unknown(s);
	if (m < 0) {
		if (set(s, PC_METRICS_AVAILABLE, STATUS_TRUE, "MetricsKnown",
			"every metric has a value", now_ms))
			emit_event(e, s, false, "MetricsRecovered",
				   "every metric has a value again");
		return;
	}
	char text[256];
	snprintf(text, sizeof(text), "%s: %s", s->policy->metrics[m].name,
		 d->metrics[m].error);
	bool said = is(s, PC_METRICS_AVAILABLE, STATUS_FALSE);
	set(s, PC_METRICS_AVAILABLE, STATUS_FALSE, "MetricUnknown", text, now_ms);
	if (!said)
		emit_event(e, s, true, "MetricsUnavailable",
			   "%s; replicas are not lowered", text);
}

/* Why the forecast of a metric is not there, or NULL. */
static const char *forecast_missing(const struct prepared *s, int32_t m, int64_t now_ms,
				    const char **ret_text)
{
	const struct metric_status *st = &s->status.metrics[m];
	*ret_text = st->forecast.reason;
	if (st->forecast_usable)
		return NULL;
	if (!s->metrics[m].feed.loaded) {
		*ret_text = "history is being read";
		return "ForecastLoading";
	}
	if (st->forecast.state != FORECAST_READY)
		return "ForecastWaiting";
	if (!forecast_is_fresh(&st->forecast, now_ms)) {
		*ret_text = "its newest minute is too old to act on";
		return "ForecastStale";
	}
	return NULL;
}

static void publish_trust(struct engine *e, struct prepared *s, int64_t now_ms)
{
	char text[256] = "";
	bool trusted = s->gate.open || s->policy->forecast.mode == FORECAST_ALWAYS;
	if (!e->config.decide.terse)
		gate_tell(s, text, sizeof(text));
	bool news = set(s, PC_FORECAST_TRUSTED, trusted ? STATUS_TRUE : STATUS_FALSE,
			trusted ? "ForecastTrusted" : "ForecastUntrusted", text, now_ms);
	if (news)
		emit_event(e, s, !trusted,
			   trusted ? "ForecastTrusted" : "ForecastUntrusted", "%s", text);
}

static void publish_forecast(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (s->policy->forecast.mode == FORECAST_DISABLED) {
		set(s, PC_FORECAST_TRUSTED, STATUS_FALSE, "ForecastDisabled",
		    "forecast.mode is Disabled", now_ms);
		return;
	}
	const char *reason = "NoForecast",
		   *text = "no metric of this policy can be forecast";
	for (int32_t m = 0; m < s->policy->metric_count && reason; m++)
		if (s->status.metrics[m].forecast_on)
			reason = forecast_missing(s, m, now_ms, &text);
	if (reason)
		set(s, PC_FORECAST_TRUSTED, STATUS_FALSE, reason, text, now_ms);
	else
		publish_trust(e, s, now_ms);
}

/* `waits`: a write follows, after one that failed; whether the target can be scaled is
 * for its answer to say. */
static void publish_hpa(struct prepared *s, bool waits, int64_t now_ms)
{
	static const enum policy_condition ours[CONDITION_TYPES] = {
		[CONDITION_ABLE_TO_SCALE] = PC_ABLE_TO_SCALE,
		[CONDITION_SCALING_ACTIVE] = PC_SCALING_ACTIVE,
		[CONDITION_SCALING_LIMITED] = PC_SCALING_LIMITED,
		[CONDITION_SCALED_TO_ZERO] = PC_COUNT,
	};
	for (int c = 0; c < CONDITION_TYPES; c++) {
		const struct condition *hpa = &s->decision.words->conditions[c];
		if (ours[c] == PC_COUNT || (ours[c] == PC_ABLE_TO_SCALE && waits) ||
		    (hpa->status != CONDITION_TRUE && hpa->status != CONDITION_FALSE))
			continue;
		set(s, ours[c],
		    hpa->status == CONDITION_TRUE ? STATUS_TRUE : STATUS_FALSE,
		    hpa->reason, hpa->message, now_ms);
	}
}

static void publish_numbers(struct prepared *s, int64_t now_ms)
{
	const struct decision *d = &s->decision;
	struct policy_status *st = &s->status;
	bool known = s->target.seen;
	st->current = known ? s->target.replicas : DECIDE_NO_REPLICAS;
	st->desired = known ? d->desired : DECIDE_NO_REPLICAS;
	floor_publish(s);
	st->reactive = d->reactive;
	st->predicted = d->predicted;
	st->gate = s->gate;
	st->capped = false;
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		st->capped |= d->metrics[m].capped;
	st->decided_ms = now_ms;
	st->pods = s->pod_count;
	st->ready_pods = 0;
	for (int32_t i = 0; i < s->pod_count; i++)
		st->ready_pods += s->pods[i].ready == READY_TRUE && !s->pods[i].deleted;
}

/* A decision is worth a line when another number, limit or hold came out than the last
 * time. */
static void publish_news(struct engine *e, struct prepared *s)
{
	const struct decision *d = &s->decision;
	struct news now = {
		.current = s->status.current,
		.desired = s->status.desired,
		.unknown_count = d->unknown_count,
		.hold = d->hold,
		.stabilization = d->stabilization,
		.limit = d->limit,
		.by_forecast = d->by_forecast,
		.paused = 1 + s->rested,
	};
	if (!memcmp(&now, &s->news, sizeof(now)))
		return;
	s->news = now;
	s->changed = true;
	if (has_room(e))
		emit(e, s, ACTION_DECIDED);
}

void publish_decision(struct engine *e, struct prepared *s, int64_t now_ms)
{
	const struct decision *d = &s->decision;
	bool writes = d->desired != d->current && write_allowed(e, s);
	bool was_lost = s->news.hold == HOLD_TARGET;
	s->status.decisions++;
	counts_decided(&s->status.counts, d);
	e->decided[decision_cause(d)]++;
	publish_numbers(s, now_ms);
	publish_hpa(s, writes && s->write.failing, now_ms);
	publish_news(e, s);
	if (d->hold == HOLD_TARGET && !was_lost)
		emit_event(e, s, true, "FailedGetScale", "%s", d->reason);
	publish_metrics(e, s, now_ms);
	publish_forecast(e, s, now_ms);
}

void publish_hold(struct engine *e, struct prepared *s, const char *why, int64_t now_ms)
{
	struct decision *d = &s->decision;
	decision_clear(d, s->target.replicas);
	if (s->target.seen)
		snprintf(d->reason, sizeof(d->reason), "%s -> hold %d", why, d->current);
	else
		snprintf(d->reason, sizeof(d->reason), "%s -> hold", why);
	publish_numbers(s, now_ms);
	publish_forecast(e, s, now_ms);
	publish_news(e, s);
	publish_if_due(e, s, now_ms);
}

void publish_held(struct prepared *s, bool held, const char *reason, const char *text,
		  int64_t now_ms)
{
	set(s, PC_HELD, held ? STATUS_TRUE : STATUS_FALSE, reason, text, now_ms);
}

void publish_written(struct engine *e, struct prepared *s, int64_t now_ms)
{
	s->status.current = s->target.replicas;
	publish_hpa(s, false, now_ms);
	publish_status(e, s, now_ms);
}

void publish_standing(struct engine *e, struct prepared *s, int64_t now_ms)
{
	char text[256] = "";
	bool refused = s->invalid || !s->policy;
	const char *paused = rest_paused(s, now_ms, text, sizeof(text));
	set(s, PC_READY, refused ? STATUS_FALSE : STATUS_TRUE,
	    refused ? "PolicyInvalid" : "PolicyValid",
	    refused ? refused_why(s) : "the policy is valid", now_ms);
	bool scaled_by_others = s->policy && s->policy->mode == MODE_SCALE &&
				s->autoscaler.standing == AUTOSCALER_PRESENT &&
				!s->conflict;
	if (!s->conflict && !scaled_by_others &&
	    set(s, PC_CONFLICT, STATUS_FALSE, "NoConflict",
		"no older policy has this target", now_ms))
		emit_event(e, s, false, "TargetTakenOver",
			   "this policy is now in force for %s %s",
			   s->policy->target.kind, s->policy->target.name);
	set(s, PC_PAUSED, paused ? STATUS_TRUE : STATUS_FALSE,
	    paused ? paused : "NotPaused", text, now_ms);
	if (s->changed || now_ms - s->status_sent_ms >= HEARTBEAT_MS)
		publish_status(e, s, now_ms);
}

void publish_conflict(struct engine *e, struct prepared *s, const struct prepared *older,
		      int64_t now_ms)
{
	char text[256];
	snprintf(text, sizeof(text), "policy %s is older and in force for %s %s",
		 older->name, s->policy->target.kind, s->policy->target.name);
	bool said = is(s, PC_CONFLICT, STATUS_TRUE);
	set(s, PC_CONFLICT, STATUS_TRUE, "OlderPolicy", text, now_ms);
	set(s, PC_SCALING_ACTIVE, STATUS_FALSE, "OlderPolicy", text, now_ms);
	snprintf(s->decision.reason, sizeof(s->decision.reason), "%s -> this one waits",
		 text);
	if (!said)
		emit_event(e, s, true, "TargetConflict", "%s", s->status.reason);
}

void publish_obstacle(struct engine *e, struct prepared *s, const char *reason,
		      const char *text, int64_t now_ms)
{
	enum policy_condition c =
		s->policy->mode == MODE_SCALE ? PC_CONFLICT : PC_ABLE_TO_SCALE;
	int status = c == PC_CONFLICT ? STATUS_TRUE : STATUS_FALSE;
	bool said = is(s, c, status) && s->status.conditions[c].reason &&
		    !strcmp(s->status.conditions[c].reason, reason);
	set(s, c, status, reason, text, now_ms);
	if (!said)
		emit_event(e, s, true, c == PC_CONFLICT ? "TargetConflict" : reason,
			   "%s -> nothing is written", text);
}

/* What a killed process would not know: the recommendation of the cycles since the record
 * was saved. It takes the last one of the record for them, so a higher one must be in
 * there at once, and a lower one soon. */
static int32_t wanted_that_matters(const struct prepared *s)
{
	const struct decision *d = &s->decision;
	if (d->wanted == DECIDE_NO_REPLICAS)
		return s->saved_wanted;
	int32_t wanted = d->wanted < d->current ? d->wanted : d->current;
	return wanted > s->policy->min_replicas ? wanted : s->policy->min_replicas;
}

static bool record_due(const struct engine *e, const struct prepared *s, int64_t now_ms)
{
	int32_t wanted = wanted_that_matters(s);
	if (!write_allowed(e, s))
		return false;
	return wanted > s->saved_wanted ||
	       (wanted < s->saved_wanted &&
		now_ms - s->status_sent_ms >= 2 * e->config.sync_period_ms);
}

void publish_if_due(struct engine *e, struct prepared *s, int64_t now_ms)
{
	int64_t age_ms = now_ms - s->status_sent_ms;
	if (s->changed || age_ms >= HEARTBEAT_MS ||
	    (s->reworded && age_ms >= REWORDED_MS) || record_due(e, s, now_ms))
		publish_status(e, s, now_ms);
}

static void sent(struct prepared *s, int64_t now_ms)
{
	s->changed = s->reworded = false;
	s->status_sent_ms = now_ms;
	if (s->policy)
		s->saved_wanted = wanted_that_matters(s);
}

void publish_status(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (!has_room(e))
		return;
	sent(s, now_ms);
	emit(e, s, ACTION_STATUS);
}

void publish_save(struct engine *e, struct prepared *s, int64_t now_ms)
{
	sent(s, now_ms);
	struct action *a = emit(e, s, ACTION_SAVE);
	a->u.save.ref = s->write.ref;
}
