/* What else scales a target: a HorizontalPodAutoscaler or a KEDA ScaledObject is in the
 * way of mode Scale, and what mode Floor works with. */
#include "engine/slot.h"

#include <stdio.h>
#include <string.h>

const char *autoscaler_kind(const struct autoscaler_state *a)
{
	return a->scaled_object ? "ScaledObject" : "HorizontalPodAutoscaler";
}

const char *autoscaler_minimum(const struct autoscaler_state *a)
{
	return a->scaled_object ? "minReplicaCount" : "minReplicas";
}

static void take_over(struct autoscaler_state *a, const struct autoscaler_info *info)
{
	*a = (struct autoscaler_state){
		.standing = AUTOSCALER_PRESENT,
		.scaled_object = info->scaled_object,
		.min = info->min,
		.max = info->max,
		.original = info->original,
		.marked = info->marked,
		.expires_ms = info->expires_ms,
	};
	snprintf(a->name, sizeof(a->name), "%s", info->name);
	snprintf(a->uid, sizeof(a->uid), "%s", info->uid);
	snprintf(a->owner, sizeof(a->owner), "%s", info->owner ? info->owner : "");
	snprintf(a->resource_version, sizeof(a->resource_version), "%s",
		 info->resource_version);
}

/* A watch that lags behind our own write must not take it back. */
static bool is_behind(const struct autoscaler_state *a,
		      const struct autoscaler_info *info)
{
	return a->standing == AUTOSCALER_PRESENT && !strcmp(a->uid, info->uid) &&
	       version_older(info->resource_version, a->resource_version);
}

static void see(struct engine *e, struct prepared *s, const struct event *event)
{
	struct autoscaler_state *a = &s->autoscaler;
	const struct autoscaler_info *info = event->u.autoscaler.info;
	int before = (int)a->standing;
	if (info && is_behind(a, info))
		return;
	if (info) {
		take_over(a, info);
	} else if (event->u.autoscaler.problem) {
		*a = (struct autoscaler_state){.standing = AUTOSCALER_UNKNOWN};
		snprintf(a->problem, sizeof(a->problem), "%s",
			 event->u.autoscaler.problem);
	} else {
		*a = (struct autoscaler_state){.standing = AUTOSCALER_NONE};
	}
	if (before != (int)a->standing)
		cycle_soon(s, event->now_ms);
	/* Nothing may be written any more that was decided when it was alone. */
	if (s->policy->mode == MODE_SCALE && a->standing == AUTOSCALER_PRESENT)
		write_drop(s, true);
	if (info)
		floor_seen(e, s, event->now_ms);
}

void autoscaler_event(struct engine *e, struct prepared *s, const struct event *event)
{
	if (event->type == EVENT_AUTOSCALER)
		see(e, s, event);
	else if (s->autoscaler.standing == AUTOSCALER_UNASKED)
		s->autoscaler.standing = AUTOSCALER_AWAITED;
}

static bool stops_floor(const struct prepared *s, const char **ret_reason, char *buf,
			size_t size)
{
	const struct autoscaler_state *a = &s->autoscaler;
	const struct policy_target *t = &s->policy->target;
	switch (a->standing) {
	case AUTOSCALER_UNASKED:
	case AUTOSCALER_AWAITED:
		return false;
	case AUTOSCALER_UNKNOWN:
		*ret_reason = "AutoscalerUnknown";
		snprintf(buf, size,
			 "whether a HorizontalPodAutoscaler scales it is not "
			 "known: %s",
			 a->problem);
		return true;
	case AUTOSCALER_NONE:
		*ret_reason = "NoAutoscaler";
		snprintf(buf, size,
			 "mode Floor needs a HorizontalPodAutoscaler or ScaledObject for "
			 "%s %s: there is none",
			 t->kind, t->name);
		return true;
	case AUTOSCALER_PRESENT:
		if (!a->owner[0])
			return false;
		*ret_reason = "AutoscalerOwned";
		snprintf(buf, size,
			 "%s sets minReplicas of HorizontalPodAutoscaler %s itself",
			 a->owner, a->name);
		return true;
	}
	return false;
}

bool autoscaler_obstacle(const struct prepared *s, const char **ret_reason, char *buf,
			 size_t size)
{
	switch (s->policy->mode) {
	case MODE_RECOMMEND:
		return false;
	case MODE_SCALE:
		if (s->autoscaler.standing != AUTOSCALER_PRESENT)
			return false;
		*ret_reason = autoscaler_kind(&s->autoscaler);
		snprintf(buf, size, "%s %s scales it too",
			 autoscaler_kind(&s->autoscaler), s->autoscaler.name);
		return true;
	case MODE_FLOOR:
		return stops_floor(s, ret_reason, buf, size);
	}
	return false;
}
