/* A new version of a policy, or another policy that takes the target over, goes on with
 * what was known. */
#include "engine/slot.h"

#include <string.h>

static bool same_excludes(const struct policy_forecast *f,
			  const struct policy_forecast *g)
{
	return f->exclude_count == g->exclude_count &&
	       memcmp(f->excludes, g->excludes,
		      (size_t)f->exclude_count * sizeof(f->excludes[0])) == 0;
}

static bool same_seasons(const struct policy_forecast *f, const struct policy_forecast *g)
{
	return f->seasons_auto == g->seasons_auto && f->season_count == g->season_count;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_series(const struct policy *a, const struct policy_metric *x,
			const struct policy *b, const struct policy_metric *y)
{
	const struct policy_forecast *f = &a->forecast, *g = &b->forecast;
	return x->type == y->type && same_text(x->name, y->name) &&
	       same_text(x->container, y->container) && same_text(x->query, y->query) &&
	       same_text(x->history_query, y->history_query) &&
	       same_text(x->source, y->source) && f->models == g->models &&
	       f->history_ms == g->history_ms && f->quantile == g->quantile &&
	       f->objective == g->objective && same_text(f->time_zone, g->time_zone) &&
	       same_seasons(f, g) && same_excludes(f, g);
}

/* The feeds change places: each slot keeps as much memory as it had. */
static void move_feed(struct prepared *to, int32_t i, struct prepared *from, int32_t k)
{
	struct feed fresh = to->metrics[i].feed;
	fresh.forecaster = NULL;
	fresh.window_min = 0;
	fresh.asked_number = 0;
	fresh.working = fresh.loaded = false;
	to->metrics[i].feed = from->metrics[k].feed;
	from->metrics[k].feed = fresh;
	/* An answer finds its way by place and metric. */
	if (to->index != from->index || i != k)
		to->metrics[i].feed.asked_number = 0;
	to->status.metrics[i] = from->status.metrics[k];
}

/* The metric of `from` that asks for the same series as metric i of `to`, or -1. */
static int32_t find_feed(const struct prepared *to, int32_t i,
			 const struct prepared *from)
{
	for (int32_t k = 0; k < from->policy->metric_count; k++)
		if (from->metrics[k].feed.forecaster &&
		    same_series(to->policy, &to->policy->metrics[i], from->policy,
				&from->policy->metrics[k]))
			return k;
	return -1;
}

/* All of them or none: the shadow wants the same minutes of all, so beside a new one the
 * others read their history again; what they said last stands meanwhile. */
static void inherit_feeds(struct prepared *to, struct prepared *from)
{
	bool all = to->shadow && from->shadow;
	for (int32_t i = 0; i < to->policy->metric_count; i++) {
		if (!to->metrics[i].feed.memory)
			continue;
		int32_t k = find_feed(to, i, from);
		all &= k >= 0;
		if (k >= 0) {
			to->status.metrics[i].forecast = from->status.metrics[k].forecast;
			to->status.metrics[i].window_min =
				from->status.metrics[k].window_min;
			to->status.metrics[i].anomalies =
				from->status.metrics[k].anomalies;
		}
	}
	if (!all)
		return;
	for (int32_t i = 0; i < to->policy->metric_count; i++)
		if (to->metrics[i].feed.memory)
			move_feed(to, i, from, find_feed(to, i, from));
	shadow_take(to->shadow, from->shadow);
	to->gate = from->gate;
}

/* The pods are listed again for the new policy's requests; who was Ready before is known.
 */
static void inherit_pods(struct prepared *to, const struct prepared *from)
{
	if (to->pods_synced || to->pod_count)
		return;
	to->pod_count = from->pod_count < to->pods_room ? from->pod_count : to->pods_room;
	memcpy(to->pods, from->pods, (size_t)to->pod_count * sizeof(to->pods[0]));
	for (int32_t i = 0; i < to->pod_count; i++)
		to->pod_marks[i] = from->pod_marks[i] & (uint8_t)~POD_GIVEN;
	to->resetting = true;
	to->lead_unknown = false;
}

/* A write under way is answered to the place that asked for it. */
static void inherit_floor(struct prepared *to, const struct prepared *from)
{
	if (to->autoscaler.standing == AUTOSCALER_UNASKED)
		to->autoscaler = from->autoscaler;
	if (!to->floor || !from->floor)
		return;
	*to->floor = *from->floor;
	if (to->index != from->index)
		to->floor->since_ms = 0;
}

static void inherit_status(struct prepared *to, const struct prepared *from)
{
	to->status.scaled_ms = from->status.scaled_ms;
	to->status.current = from->status.current;
	to->status.pods = from->status.pods;
	to->status.ready_pods = from->status.ready_pods;
	if (to->index != from->index)
		return;
	/* The same policy: its counters and conditions go on. */
	to->status.decisions = from->status.decisions;
	to->status.writes = from->status.writes;
	to->status.conflicts = from->status.conflicts;
	to->status.failures = from->status.failures;
	to->status.counts = from->status.counts;
	to->status.decided_ms = from->status.decided_ms;
	memcpy(to->status.conditions, from->status.conditions,
	       sizeof(to->status.conditions));
	to->status_sent_ms = from->status_sent_ms;
	to->news = from->news;
}

void inherit(struct prepared *to, struct prepared *from)
{
	if (from->record.target_uid[0] || !to->record.target_uid[0])
		record_copy(&to->record, &from->record);
	if (!to->target.seen)
		to->target = from->target;
	inherit_floor(to, from);
	inherit_pods(to, from);
	inherit_feeds(to, from);
	inherit_status(to, from);
	if (to->index == from->index) {
		decision_copy(&to->decision, &from->decision);
		to->write = from->write;
		from->write.note = NULL;
		write_drop(to, true);
	}
	schedule_inherit(to, from);
	lead_publish(to);
}
