/* A decision for programs: who won, what each metric proposed, what stood in the way. */
#include "engine/slot.h"

static void add_replicas(cJSON *o, const char *key, int32_t replicas)
{
	if (replicas != DECIDE_NO_REPLICAS)
		cJSON_AddNumberToObject(o, key, replicas);
}

static void add_time(cJSON *o, const char *key, int64_t ms)
{
	char text[32];
	if (ms > 0)
		cJSON_AddStringToObject(o, key, time_format(ms, text, sizeof(text)));
}

static cJSON *proposal(const struct policy_metric *m, const struct metric_decision *md)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "metric", m->name);
	if (m->container)
		cJSON_AddStringToObject(o, "container", m->container);
	add_replicas(o, "reactive", md->reactive);
	add_replicas(o, "forecast", md->predicted);
	add_replicas(o, "release", md->release);
	if (!md->known)
		cJSON_AddStringToObject(o, "unknown", md->error);
	return o;
}

static cJSON *clamp(cJSON *list, const char *type)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "type", type);
	cJSON_AddItemToArray(list, o);
	return o;
}

static void add_stabilization(cJSON *list, const struct decision *d)
{
	static const char *const names[] = {
		[STABILIZED_DOWN] = "ScaleDownStabilized",
		[STABILIZED_UP] = "ScaleUpStabilized",
	};
	if (d->stabilization == STABILIZED_NOT)
		return;
	cJSON *o =
		clamp(list, d->released ? "ReleasedByForecast" : names[d->stabilization]);
	add_replicas(o, "replicas", d->stabilized);
	if (!d->released)
		add_time(o, "until", d->until_ms);
}

static const char *hold_name(enum hold hold)
{
	switch (hold) {
	case HOLD_NONE:
	case HOLD_DOWN:
	case HOLD_UP:
		return NULL;
	case HOLD_UNKNOWN:
		return "MetricsUnknown";
	case HOLD_DISABLED:
		return "ScalingDisabled";
	case HOLD_SELECTOR:
		return "SelectorUnknown";
	case HOLD_TARGET:
		return "TargetUnknown";
	}
	return NULL;
}

static cJSON *clamps(const struct decision *d)
{
	cJSON *list = cJSON_CreateArray();
	add_stabilization(list, d);
	if (d->limit != LIMIT_NONE)
		clamp(list, limit_reason(d->limit));
	if (d->held_by)
		add_replicas(clamp(list, d->held_by), "insteadOf", d->held_from);
	if (hold_name(d->hold))
		clamp(list, hold_name(d->hold));
	return list;
}

void explain_decision(cJSON *o, const struct policy *policy, const struct decision *d)
{
	if (d->winner >= 0 && d->winner < policy->metric_count) {
		cJSON *winner = cJSON_AddObjectToObject(o, "winner");
		cJSON_AddStringToObject(winner, "metric",
					policy->metrics[d->winner].name);
		cJSON_AddStringToObject(winner, "by",
					d->by_forecast ? "forecast" : "reactive");
		add_replicas(winner, "replicas", d->wanted);
	}
	cJSON *proposals = cJSON_AddArrayToObject(o, "proposals");
	bool looked = d->winner >= 0 || d->unknown_count > 0;
	for (int32_t m = 0; looked && m < policy->metric_count; m++)
		cJSON_AddItemToArray(proposals,
				     proposal(&policy->metrics[m], &d->metrics[m]));
	cJSON_AddItemToObject(o, "clamps", clamps(d));
}
