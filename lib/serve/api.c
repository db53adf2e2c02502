/* JSON for programs. Its shape is described in the README and only grows. */
#include "serve/view.h"

#include <math.h>

static cJSON *envelope(const struct page_view *v)
{
	char text[32];
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "version", FORETOP_VERSION);
	cJSON_AddStringToObject(o, "instance", v->now.instance);
	cJSON_AddBoolToObject(o, "leading", v->now.leading);
	cJSON_AddStringToObject(o, "leader", v->now.leader);
	cJSON *shards =
		v->now.shard_count > 1 ? cJSON_AddArrayToObject(o, "shards") : NULL;
	for (int32_t i = 0; shards && i < v->now.shard_count; i++)
		cJSON_AddItemToArray(shards, cJSON_CreateString(v->now.shards[i].holder));
	cJSON_AddStringToObject(o, "time",
				time_format(v->now.now_ms, text, sizeof(text)));
	return o;
}

/* Where policies are split: the shard, and who leads it. */
static void add_place(cJSON *o, const struct page_view *v, int32_t shard)
{
	cJSON_AddNumberToObject(o, "shard", shard);
	cJSON_AddStringToObject(o, "leader", v->now.shards[shard].holder);
}

static cJSON *others(const struct page_view *v)
{
	cJSON *list = cJSON_CreateArray();
	for (int32_t i = 0; i < v->now.other_count; i++) {
		const struct page_other *other = &v->now.others[i];
		cJSON *o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "namespace", other->ns);
		cJSON_AddStringToObject(o, "policy", other->name);
		add_place(o, v, other->shard);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static cJSON *summary(const struct page_view *v, int32_t i)
{
	cJSON *o = status_summary(v->now.policies[i]);
	if (v->now.policy_shards && v->now.policy_shards[i] >= 0)
		add_place(o, v, v->now.policy_shards[i]);
	return o;
}

char *api_other(const struct page_view *v, const struct page_other *other)
{
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	char *leader AUTO_FREE = frame_leader(v, other);
	cJSON_AddStringToObject(o, "error", leader);
	add_place(o, v, other->shard);
	return json_text(o);
}

char *api_policies(const struct page_view *v)
{
	cJSON *o AUTO(json_cleanup) = envelope(v);
	cJSON *list = cJSON_AddArrayToObject(o, "policies");
	for (int32_t i = 0; i < v->now.count; i++)
		if (v->now.policies[i])
			cJSON_AddItemToArray(list, summary(v, i));
	if (v->now.shard_count > 1)
		cJSON_AddItemToObject(o, "others", others(v));
	return json_text(o);
}

static void add_finite(cJSON *o, const char *key, double v)
{
	if (isfinite(v))
		cJSON_AddNumberToObject(o, key, v);
}

static void add_replicas(cJSON *o, const char *key, int32_t replicas)
{
	if (replicas != DECIDE_NO_REPLICAS)
		cJSON_AddNumberToObject(o, key, replicas);
}

static cJSON *point(const struct past_point *p)
{
	char text[32];
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "time",
				time_format(past_point_ms(p), text, sizeof(text)));
	add_finite(o, "demand", p->demand);
	add_finite(o, "forecast", p->mean);
	add_finite(o, "upper", p->upper);
	add_replicas(o, "currentReplicas", p->current);
	add_replicas(o, "desiredReplicas", p->desired);
	add_replicas(o, "readyPods", p->ready);
	return o;
}

static cJSON *history(const struct policy_status *s, const struct past *past)
{
	cJSON *o = cJSON_CreateObject();
	int32_t m = past_metric(s);
	if (m >= 0)
		cJSON_AddStringToObject(o, "metric", s->policy->metrics[m].name);
	cJSON_AddNumberToObject(o, "stepSeconds", (double)PAST_STEP_MS / 1000);
	cJSON *points = cJSON_AddArrayToObject(o, "points");
	for (int32_t i = 0; past && i < past->count; i++)
		cJSON_AddItemToArray(points, point(past_at(past, i)));
	return o;
}

char *api_policy(const struct page_view *v, int32_t i)
{
	const struct policy_status *s = v->now.policies[i];
	cJSON *o AUTO(json_cleanup) = envelope(v);
	cJSON *policy = summary(v, i);
	cJSON_AddItemToObject(policy, "history", history(s, pasts_find(v->pasts, i, s)));
	cJSON_AddItemToObject(o, "policy", policy);
	return json_text(o);
}
