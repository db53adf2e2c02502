/* What the engine does, as lines of a story. */
#include "stories/world.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "08:00:15 " when that is not the time of the line above. Whole seconds: the engine
 * spreads its policies over the period by a hash, and that place is nobody's business. */
static void tell_time(struct world *w)
{
	int64_t s = (w->now_ms - w->day_ms) / MS_PER_S;
	if (s == (w->line_ms - w->day_ms) / MS_PER_S)
		return;
	str_printf(w->out, "%02lld:%02lld:%02lld ", (long long)(s / 3600),
		   (long long)(s / 60 % 60), (long long)(s % 60));
}

void tell(struct world *w, const char *fmt, ...)
{
	char text[2048];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	str_puts(w->out, "  -> ");
	tell_time(w);
	str_printf(w->out, "%s\n", text);
}

const char *query_name(const struct action *a)
{
	const struct query_ref *ref = &a->u.query.ref;
	return ref->kind == QUERY_GUARD ? a->policy->guards[ref->metric].name
					: a->policy->metrics[ref->metric].name;
}

static void tell_query(struct world *w, const struct action *a)
{
	const char *metric = query_name(a);
	char from[32], to[32];
	bool history = a->u.query.ref.kind == QUERY_HISTORY;
	if (world_saying(history ? w->history : w->always, metric, false))
		return; /* asked and answered, cycle by cycle */
	if (history)
		tell(w, "history %s from %s to %s", metric,
		     time_format(a->u.query.start_ms, from, sizeof(from)),
		     time_format(a->u.query.end_ms, to, sizeof(to)));
	else
		tell(w, "query %s", metric);
}

static void tell_size(char *buf, size_t size, int32_t replicas)
{
	if (replicas == DECIDE_NO_REPLICAS)
		snprintf(buf, size, "?");
	else
		snprintf(buf, size, "%d", replicas);
}

static void tell_decided(struct world *w, const struct policy_status *s)
{
	char from[16], to[16];
	tell_size(from, sizeof(from), s->current);
	tell_size(to, sizeof(to), s->desired);
	tell(w, "decided %s to %s: %s", from, to, s->reason);
}

static void tell_floor(struct world *w, const struct action *a)
{
	char expires[32];
	const char *what = a->u.floor.scaled_object ? "minReplicaCount" : "minReplicas";
	if (a->u.floor.original >= 0 && a->u.floor.from == a->u.floor.to)
		return; /* renewed, every few minutes */
	if (a->u.floor.original < 0)
		tell(w, "give %s of %s back: %d to %d", what, a->u.floor.autoscaler,
		     a->u.floor.from, a->u.floor.to);
	else
		tell(w, "%s of %s %d to %d, its own is %d, expires %s", what,
		     a->u.floor.autoscaler, a->u.floor.from, a->u.floor.to,
		     a->u.floor.original,
		     time_format(a->u.floor.expires_ms, expires, sizeof(expires)));
}

void tell_action(struct world *w, const struct action *a)
{
	switch (a->type) {
	case ACTION_QUERY:
		tell_query(w, a);
		return;
	case ACTION_SAVE:
		tell(w, "save the record");
		return;
	case ACTION_SCALE:
		tell(w, "scale %s %d to %d with rv %s", a->policy->target.name,
		     a->u.scale.from, a->u.scale.to, a->u.scale.resource_version);
		return;
	case ACTION_FLOOR:
		tell_floor(w, a);
		return;
	case ACTION_READ_TARGET:
		tell(w, "read %s", a->policy->target.name);
		return;
	case ACTION_STATUS:
		if (!w->quiet_status)
			tell(w, "status of %s", a->status->name);
		return;
	case ACTION_EVENT:
		tell(w, "%s %s on %s: %s", a->u.event.warning ? "Warning" : "Event",
		     a->u.event.reason, a->status->name, a->u.event.note);
		return;
	case ACTION_DECIDED:
		tell_decided(w, a->status);
		return;
	}
}

/* Conditions that are as they should be are not worth a line the first time. */
static bool is_usual(enum policy_condition c, const struct status_condition *now)
{
	bool good = c == PC_READY || c == PC_ABLE_TO_SCALE || c == PC_SCALING_ACTIVE ||
		    c == PC_METRICS_AVAILABLE;
	if (c == PC_FORECAST_TRUSTED)
		return now->reason && !strcmp(now->reason, "ForecastDisabled");
	return now->status == (good ? STATUS_TRUE : STATUS_FALSE);
}

static void tell_condition(struct world *w, const char *policy, enum policy_condition c,
			   struct status_condition *said,
			   const struct status_condition *now)
{
	bool first = said->status == STATUS_UNKNOWN;
	bool same = said->status == now->status &&
		    (c != PC_FORECAST_TRUSTED || !now->reason || !said->reason ||
		     !strcmp(now->reason, said->reason));
	*said = *now;
	if (same || (first && is_usual(c, now)))
		return;
	/* What a forecast rests on is for its own tests to say; not why it is refused. */
	bool more = now->message[0] && (c != PC_FORECAST_TRUSTED ||
					!strcmp(now->reason, "ForecastUntrusted"));
	tell(w, "%s %s of %s: %s%s%s", policy_condition_name(c),
	     now->status == STATUS_TRUE ? "True" : "False", policy, now->reason,
	     more ? ", " : "", more ? now->message : "");
}

void tell_conditions(struct world *w)
{
	for (int32_t i = 0; i < engine_policy_count(w->engine); i++) {
		const struct policy_status *s = engine_policy_status(w->engine, i);
		struct story_policy *p = s ? world_policy(w, s->name, false) : NULL;
		for (int c = 0; p && c < PC_COUNT; c++)
			if (s->conditions[c].status != STATUS_UNKNOWN)
				tell_condition(w, p->name, (enum policy_condition)c,
					       &p->said[c], &s->conditions[c]);
	}
}

static void tell_window(struct world *w, struct story_policy *p,
			const struct policy_status *s, int32_t m)
{
	static const char *const sources[] = {[LEAD_DEFAULT] = "by default",
					      [LEAD_CONFIGURED] = "as configured",
					      [LEAD_MEASURED] = "measured"};
	int32_t window = s->metrics[m].window_min;
	char lead[48];
	if (!window || (window == p->said_window[m] && s->lead_source == p->said_lead))
		return;
	p->said_window[m] = window;
	tell(w, "%s of %s is forecast for %d min: lead time %s %s",
	     s->policy->metrics[m].name, p->name, window,
	     duration_format(s->lead_ms, lead, sizeof(lead)), sources[s->lead_source]);
}

void tell_windows(struct world *w)
{
	for (int32_t i = 0; i < engine_policy_count(w->engine); i++) {
		const struct policy_status *s = engine_policy_status(w->engine, i);
		struct story_policy *p = s ? world_policy(w, s->name, false) : NULL;
		for (int32_t m = 0; p && s->policy && m < s->policy->metric_count; m++)
			tell_window(w, p, s, m);
		if (p)
			p->said_lead = s->lead_source;
	}
}
