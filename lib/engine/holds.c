/* What keeps a size as it is beyond the HPA's rules: collects the reasons for one
 * decision, and tells the world of them.
 *
 * The promise to users of the HPA: none of this acts unless a field asks for it, or
 * forecasting was asked for in so many words. */
#include "engine/slot.h"

#include <stdio.h>
#include <string.h>

/* A rollout or unavailable replicas that last longer are no passing state but the state
 * of things: the size follows the load again. */
#define EPISODE_LONGEST_MS (30 * MS_PER_MIN)
/* A pod that crashes and recovers in turns (back-off at most 5 min) is one episode. */
#define EPISODE_QUIET_MS (10 * MS_PER_MIN)
/* Shorter ones lie inside the stabilization window anyway. */
#define GAP_SHORTEST_MS MS_PER_MIN

char *clock_text(int64_t ms, char buf[16])
{
	char time[32];
	const char *clock = strchr(time_format(ms, time, sizeof(time)), 'T');
	snprintf(buf, 16, "%s", clock ? clock + 1 : "?");
	return buf;
}

/* Notes whether it is there, and tells whether it holds: from its beginning for as long
 * as is reasonable. */
static bool episode_holds(struct prepared *s, struct episode *ep, bool there,
			  int64_t now_ms)
{
	if (ep->since_ms && now_ms - ep->seen_ms > EPISODE_QUIET_MS) {
		*ep = (struct episode){0};
		s->changed = true;
	}
	if (!there)
		return false;
	if (!ep->since_ms) {
		ep->since_ms = now_ms;
		s->changed = true;
	}
	ep->seen_ms = now_ms;
	return !ep->over && now_ms - ep->since_ms < EPISODE_LONGEST_MS;
}

/* Once an episode: somebody should look. */
static void tell_end(struct engine *e, struct prepared *s, struct episode *ep,
		     const char *what)
{
	char since[16];
	if (ep->over)
		return;
	ep->over = true;
	s->changed = true;
	emit_event(e, s, true, "HoldEnded", "%s since %s -> it is no longer waited for",
		   what, clock_text(ep->since_ms, since));
}

static void hold_episode(struct engine *e, struct prepared *s, struct episode *ep,
			 const char *name, const char *what, int64_t now_ms,
			 struct hold_reasons *holds)
{
	char since[16];
	if (!episode_holds(s, ep, true, now_ms)) {
		tell_end(e, s, ep, what);
		return;
	}
	struct hold_reason *r = hold_reasons_add(holds, name, true, false, "%s since %s",
						 what, clock_text(ep->since_ms, since));
	r->until_ms = ep->since_ms + EPISODE_LONGEST_MS;
	r->quiet = true;
}

bool holds_rollout(const struct prepared *s)
{
	return s->target.rolling && !s->policy->holds.scale_down_during_rollout;
}

static void hold_rollout(struct engine *e, struct prepared *s, int64_t now_ms,
			 struct hold_reasons *holds)
{
	struct hold_record *h = &s->record.holds;
	if (s->policy->holds.scale_down_during_rollout)
		return;
	char what[64];
	if (s->target.rolling)
		hold_episode(e, s, &h->rollout, "RolloutInProgress",
			     "a rollout is in progress", now_ms, holds);
	else
		episode_holds(s, &h->rollout, false, now_ms);
	if (s->target.unavailable <= 0) {
		episode_holds(s, &h->unavailable, false, now_ms);
		return;
	}
	snprintf(what, sizeof(what), "%d of %d replicas are unavailable",
		 s->target.unavailable, s->target.replicas);
	hold_episode(e, s, &h->unavailable, "ReplicasUnavailable", what, now_ms, holds);
}

/* The metric whose newest values may be a lie, or -1. A point that no longer holds in the
 * eyes of its forecaster has held for as long as it may: it is no more than the rest of
 * its episode. */
static int32_t odd_metric(const struct prepared *s, int64_t now_ms)
{
	const struct episode *ep = &s->record.holds.anomaly;
	bool lasting = ep->since_ms && now_ms - ep->seen_ms <= EPISODE_QUIET_MS;
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		const struct forecast *f = &s->status.metrics[m].forecast;
		const struct forecast_anomaly *a = &f->anomaly;
		if (!s->status.metrics[m].forecast_on)
			continue;
		if (a->hold_down ? now_ms < a->hold_until_ms
				 : lasting && a->kind == ANOMALY_POINT &&
					   forecast_is_fresh(f, now_ms))
			return m;
	}
	return -1;
}

/* What looks like a lie of the metric lowers nothing, until it has stayed for so long
 * that it must be true. */
static void hold_anomaly(struct engine *e, struct prepared *s, int64_t now_ms,
			 struct hold_reasons *holds)
{
	struct episode *ep = &s->record.holds.anomaly;
	int32_t m = policy_forecasting(s->policy) ? odd_metric(s, now_ms) : -1;
	char what[96], until[16];
	if (m < 0) {
		episode_holds(s, ep, false, now_ms);
		return;
	}
	const struct forecast_anomaly *a = &s->status.metrics[m].forecast.anomaly;
	const char *name = s->policy->metrics[m].name;
	if (!episode_holds(s, ep, true, now_ms)) {
		snprintf(what, sizeof(what),
			 "%.40s is far from what is expected again and again", name);
		tell_end(e, s, ep, what);
		return;
	}
	int64_t until_ms = ep->since_ms + EPISODE_LONGEST_MS;
	if (a->hold_down && a->hold_until_ms < until_ms)
		until_ms = a->hold_until_ms;
	struct hold_reason *r = hold_reasons_add(
		holds, "Anomaly", true, false, "%s %s%s until %s", name, a->text,
		a->hold_down ? "" : ", scale-down held", clock_text(until_ms, until));
	r->until_ms = until_ms;
	r->quiet = true;
	if (ep->since_ms == now_ms)
		emit_event(e, s, false, "Anomaly", "%s", r->text);
}

static void hold_excluded(const struct prepared *s, int64_t now_ms,
			  struct hold_reasons *holds)
{
	for (int32_t i = 0; i < s->policy->forecast.exclude_count; i++) {
		const struct time_range *r = &s->policy->forecast.excludes[i];
		char until[32];
		if (now_ms < r->from_ms || now_ms >= r->to_ms)
			continue;
		hold_reasons_add(holds, "ExcludedWindow", true, false,
				 "excluded window until %s",
				 time_format(r->to_ms, until, sizeof(until)))
			->until_ms = r->to_ms;
		return;
	}
}

static bool is_lost(const struct prepared *s)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->metrics[m].values.unknown)
			return true;
	return false;
}

/* The first values after a gap may be half of the truth: servers that come back one after
 * the other, rates over ranges with holes. */
static void hold_gap(struct prepared *s, int64_t now_ms, struct hold_reasons *holds)
{
	struct hold_record *h = &s->record.holds;
	bool lost = is_lost(s);
	char from[16], until[16];
	if (!policy_forecasting(s->policy)) {
		h->lost_ms = h->gap_until_ms = 0;
		return;
	}
	if (lost && !h->lost_ms) {
		h->lost_ms = now_ms;
		s->changed = true;
	}
	if (!lost && h->lost_ms) {
		if (now_ms - h->lost_ms >= GAP_SHORTEST_MS) {
			h->gap_from_ms = h->lost_ms;
			h->gap_until_ms = now_ms + GAP_HOLD_MS;
		}
		h->lost_ms = 0;
		s->changed = true;
	}
	if (lost || now_ms >= h->gap_until_ms)
		return;
	hold_reasons_add(holds, "SourceGap", true, false,
			 "metrics were unknown from %s, the new values are watched until "
			 "%s",
			 clock_text(h->gap_from_ms, from),
			 clock_text(h->gap_until_ms, until))
		->until_ms = h->gap_until_ms;
}

/* What a restarted process may not do yet: it may raise, not lower. */
static void hold_at_start(const struct prepared *s, int64_t now_ms,
			  struct hold_reasons *holds)
{
	/* It does not know what it knew before it has read its history again. */
	if (history_loading(s, now_ms))
		hold_reasons_add(holds, "HistoryLoading", true, false,
				 "history is still being read")
			->starting = true;
	/* The first decision stands beside the grid: a process that was not killed would
	 * not have made it. */
	if (s->status.decisions == 0)
		hold_reasons_add(holds, "FirstDecision", true, false,
				 "first decision since the start")
			->starting = true;
}

void holds_collect(struct engine *e, struct prepared *s, int64_t now_ms,
		   struct hold_reasons *ret_holds)
{
	ret_holds->count = 0;
	hold_at_start(s, now_ms, ret_holds);
	guards_hold(s, now_ms, ret_holds);
	manual_hold(e, s, now_ms, ret_holds);
	hold_gap(s, now_ms, ret_holds);
	hold_anomaly(e, s, now_ms, ret_holds);
	hold_rollout(e, s, now_ms, ret_holds);
	hold_excluded(s, now_ms, ret_holds);
	schedule_hold(s, now_ms, ret_holds);
	breaker_hold(e, s, now_ms, ret_holds);
}

/* The reason that is worth the condition: the one that held the decision, else the first
 * that stands. */
static const struct hold_reason *most_telling(const struct decision *d,
					      const struct hold_reasons *holds)
{
	const struct hold_reason *first = NULL;
	for (int32_t i = 0; i < holds->count; i++) {
		const struct hold_reason *r = &holds->items[i];
		if (r->starting)
			continue;
		if (d->held_by && !strcmp(d->held_by, r->name))
			return r;
		if (!first && !r->quiet)
			first = r;
	}
	return first;
}

static const char *what_is_held(const struct hold_reason *r)
{
	if (r->down && r->up)
		return "replicas stay";
	return r->down ? "replicas are not lowered" : "replicas are not raised";
}

/* Guards and people have Events of their own, and a full turn passes by itself. */
static bool has_event(const struct hold_reason *r)
{
	static const char *const told[] = {"RolloutInProgress", "ReplicasUnavailable",
					   "ExcludedWindow", "SourceGap",
					   "ScheduleUnknown"};
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		if (!strcmp(told[i], r->name))
			return true;
	return false;
}

void holds_tell(struct engine *e, struct prepared *s, const struct hold_reasons *holds,
		int64_t now_ms)
{
	const struct hold_reason *r = most_telling(&s->decision, holds);
	char text[256];
	if (!r) {
		publish_held(s, false, "NothingHeld", "", now_ms);
	} else {
		snprintf(text, sizeof(text), "%s -> %s", r->text, what_is_held(r));
		publish_held(s, true, r->name, text, now_ms);
	}
	const char *by = r && s->decision.held_by ? r->name : NULL;
	if (by && by != s->held_by && has_event(r))
		emit_event(e, s, !strcmp(by, "SourceGap"), by, "%s", s->decision.reason);
	s->held_by = by;
}
