/* The part of the record that tells what holds a size, as JSON. */
#include "engine/slot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void add_ms(cJSON *o, const char *key, int64_t ms)
{
	if (ms)
		cJSON_AddNumberToObject(o, key, (double)ms);
}

/* A stored time; 0 for what is none. */
static int64_t read_ms(const cJSON *o, const char *key)
{
	int64_t ms = json_int(o, key, 0);
	return ms > 0 ? ms : 0;
}

static int32_t read_replicas(const cJSON *o, const char *key)
{
	int64_t v = json_int(o, key, 0);
	return v >= 0 && v <= INT32_MAX ? (int32_t)v : 0;
}

static cJSON *size_to_json(const struct size_record *z)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddNumberToObject(o, "known", z->known_replicas);
	cJSON_AddNumberToObject(o, "meant", z->meant);
	if (z->manual_ms) {
		add_ms(o, "manualMs", z->manual_ms);
		cJSON_AddNumberToObject(o, "manualFrom", z->manual_from);
		cJSON_AddNumberToObject(o, "manualTo", z->manual_to);
	}
	return o;
}

static void size_from_json(const cJSON *o, struct size_record *z)
{
	z->known = cJSON_IsNumber(json_at(o, "known"));
	z->known_replicas = read_replicas(o, "known");
	z->meant = read_replicas(o, "meant");
	z->manual_ms = read_ms(o, "manualMs");
	z->manual_from = read_replicas(o, "manualFrom");
	z->manual_to = read_replicas(o, "manualTo");
}

static void add_episode(cJSON *o, const char *key, const struct episode *ep)
{
	if (!ep->since_ms)
		return;
	cJSON *item = cJSON_AddObjectToObject(o, key);
	add_ms(item, "sinceMs", ep->since_ms);
	add_ms(item, "seenMs", ep->seen_ms);
	cJSON_AddBoolToObject(item, "over", ep->over);
}

static void read_episode(const cJSON *o, struct episode *ep)
{
	ep->since_ms = read_ms(o, "sinceMs");
	ep->seen_ms = read_ms(o, "seenMs");
	ep->over = json_bool(o, "over", false);
}

static cJSON *guard_to_json(const struct guard_state *g)
{
	cJSON *o = cJSON_CreateObject();
	char key[20];
	snprintf(key, sizeof(key), "%016" PRIx64, g->key);
	cJSON_AddStringToObject(o, "key", key);
	cJSON_AddNumberToObject(o, "standing", g->standing);
	cJSON_AddNumberToObject(o, "said", g->said);
	cJSON_AddNumberToObject(o, "value", isfinite(g->value) ? g->value : 0);
	add_ms(o, "sinceMs", g->since_ms);
	add_ms(o, "knownMs", g->known_ms);
	return o;
}

static void guard_from_json(const cJSON *o, struct guard_state *g)
{
	int64_t standing = json_int(o, "standing", 0), said = json_int(o, "said", 0);
	const cJSON *value = json_at(o, "value");
	g->key = strtoull(json_str(o, "key", ""), NULL, 16);
	g->since_ms = read_ms(o, "sinceMs");
	g->known_ms = read_ms(o, "knownMs");
	bool finite = cJSON_IsNumber(value) && isfinite(value->valuedouble);
	g->value = finite ? value->valuedouble : 0;
	if (standing >= GUARD_CLEAR && standing <= GUARD_TRIPPED)
		g->standing = (enum guard_standing)standing;
	if (said >= 0 && said <= GUARD_SAID_UNKNOWN)
		g->said = (int)said;
}

void record_add_holds(cJSON *o, const struct state_record *r)
{
	const struct hold_record *h = &r->holds;
	if (r->size.known)
		cJSON_AddItemToObject(o, "size", size_to_json(&r->size));
	cJSON *holds = cJSON_AddObjectToObject(o, "holds");
	cJSON *guards = h->guard_count ? cJSON_AddArrayToObject(holds, "guards") : NULL;
	for (int32_t i = 0; i < h->guard_count; i++)
		cJSON_AddItemToArray(guards, guard_to_json(&h->guards[i]));
	add_episode(holds, "rollout", &h->rollout);
	add_episode(holds, "unavailable", &h->unavailable);
	add_episode(holds, "anomaly", &h->anomaly);
	add_ms(holds, "lostMs", h->lost_ms);
	add_ms(holds, "gapFromMs", h->gap_from_ms);
	add_ms(holds, "gapUntilMs", h->gap_until_ms);
	add_ms(holds, "breakerUntilMs", h->breaker_until_ms);
}

void record_read_holds(const cJSON *o, struct state_record *r)
{
	struct hold_record *h = &r->holds;
	const cJSON *guard, *holds = json_at(o, "holds");
	size_from_json(json_at(o, "size"), &r->size);
	cJSON_ArrayForEach (guard, json_at(holds, "guards"))
		if (h->guards && h->guard_count < POLICY_GUARDS_MAX)
			guard_from_json(guard, &h->guards[h->guard_count++]);
	read_episode(json_at(holds, "rollout"), &h->rollout);
	read_episode(json_at(holds, "unavailable"), &h->unavailable);
	read_episode(json_at(holds, "anomaly"), &h->anomaly);
	h->lost_ms = read_ms(holds, "lostMs");
	h->gap_from_ms = read_ms(holds, "gapFromMs");
	h->gap_until_ms = read_ms(holds, "gapUntilMs");
	h->breaker_until_ms = read_ms(holds, "breakerUntilMs");
}

/* Nothing may last longer than it could have begun at now_ms: the clock was set back, or
 * another machine's runs ahead. */
static void not_after(int64_t *ms, int64_t latest_ms)
{
	if (*ms > latest_ms)
		*ms = latest_ms;
}

void record_bound_holds(struct state_record *r, int64_t now_ms)
{
	struct hold_record *h = &r->holds;
	not_after(&r->size.manual_ms, now_ms);
	for (int32_t i = 0; i < h->guard_count; i++) {
		not_after(&h->guards[i].since_ms, now_ms);
		not_after(&h->guards[i].known_ms, now_ms);
	}
	not_after(&h->rollout.since_ms, now_ms);
	not_after(&h->rollout.seen_ms, now_ms);
	not_after(&h->unavailable.since_ms, now_ms);
	not_after(&h->unavailable.seen_ms, now_ms);
	not_after(&h->anomaly.since_ms, now_ms);
	not_after(&h->anomaly.seen_ms, now_ms);
	not_after(&h->lost_ms, now_ms);
	not_after(&h->gap_until_ms, now_ms + GAP_HOLD_MS);
	not_after(&h->breaker_until_ms, now_ms + BREAKER_HOLD_MS);
}
