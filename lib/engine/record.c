#include "engine/record.h"

#include "engine/slot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* More pods do not become Ready at one moment; from here a count can go on. */
#define COUNT_MAX (INT32_MAX / 2)

/* Pairs of numbers as [[time, value], ...]: small, and readable with kubectl. */
static void add_pair(cJSON *list, int64_t at_ms, int32_t value)
{
	cJSON *pair = cJSON_CreateArray();
	cJSON_AddItemToArray(pair, cJSON_CreateNumber((double)at_ms));
	cJSON_AddItemToArray(pair, cJSON_CreateNumber(value));
	cJSON_AddItemToArray(list, pair);
}

static void events_to_json(cJSON *o, const char *key, const struct scale_events *events)
{
	cJSON *list = cJSON_AddArrayToObject(o, key);
	for (int32_t i = 0; i < events->count; i++)
		if (!events->items[i].outdated)
			add_pair(list, events->items[i].at_ms, events->items[i].change);
}

static cJSON *objective_to_json(const struct objective *q)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddNumberToObject(o, "share", q->share);
	cJSON_AddNumberToObject(o, "level", q->level);
	cJSON_AddNumberToObject(o, "movedMs", (double)q->moved_ms);
	return o;
}

static void objective_from_json(const cJSON *o, struct objective *ret)
{
	const cJSON *share = json_at(o, "share"), *level = json_at(o, "level");
	if (cJSON_IsNumber(share) && share->valuedouble > 0 && share->valuedouble < 1 &&
	    cJSON_IsNumber(level) && level->valuedouble >= 0 &&
	    level->valuedouble <= LEVELS_COUNT - 1)
		*ret = (struct objective){.share = share->valuedouble,
					  .level = level->valuedouble,
					  .moved_ms = json_int(o, "movedMs", 0)};
}

cJSON *record_to_json(const struct state_record *r)
{
	cJSON *o = cJSON_CreateObject();
	const struct decide_memory *m = &r->memory;
	cJSON_AddStringToObject(o, "targetUid", r->target_uid);
	cJSON_AddBoolToObject(o, "seeded", m->seeded);
	cJSON_AddBoolToObject(o, "scaledToZero", m->scaled_to_zero);
	cJSON_AddNumberToObject(o, "lastScaleMs", (double)m->last_scale_ms);
	cJSON *log = cJSON_AddArrayToObject(o, "recommendations");
	for (int32_t i = 0; i < m->log_count; i++)
		add_pair(log, m->log[i].at_ms, m->log[i].replicas);
	events_to_json(o, "scaledUp", &m->up);
	events_to_json(o, "scaledDown", &m->down);
	if (r->pending.at_ms > 0) {
		cJSON *pending = cJSON_AddObjectToObject(o, "pendingWrite");
		cJSON_AddNumberToObject(pending, "atMs", (double)r->pending.at_ms);
		cJSON_AddNumberToObject(pending, "from", r->pending.from);
		cJSON_AddNumberToObject(pending, "to", r->pending.to);
	}
	cJSON *lead = cJSON_AddArrayToObject(o, "leadTimesMs");
	for (int32_t i = 0; i < r->lead.count; i++)
		cJSON_AddItemToArray(lead, cJSON_CreateNumber(r->lead.ms[i]));
	cJSON_AddNumberToObject(o, "leadNewestMs", (double)r->lead.newest_ms);
	cJSON_AddNumberToObject(o, "leadNewestCount", r->lead.newest_count);
	cJSON_AddNumberToObject(o, "windowMin", r->window_min);
	cJSON_AddNumberToObject(o, "shadowLeadMs", (double)r->shadow_lead_ms);
	if (r->objective.share > 0)
		cJSON_AddItemToObject(o, "objective", objective_to_json(&r->objective));
	derived_to_json(o, r);
	record_add_holds(o, r);
	return o;
}

/* False for anything but two finite numbers of which the second is a non-negative int32.
 */
static bool read_pair(const cJSON *pair, int64_t *ret_at_ms, int32_t *ret_value)
{
	const cJSON *at = cJSON_GetArrayItem(pair, 0),
		    *value = cJSON_GetArrayItem(pair, 1);
	if (!cJSON_IsNumber(at) || !cJSON_IsNumber(value) ||
	    !(fabs(at->valuedouble) < 0x1p53))
		return false;
	if (!(value->valuedouble >= 0 && value->valuedouble <= INT32_MAX))
		return false;
	*ret_at_ms = (int64_t)at->valuedouble;
	*ret_value = (int32_t)value->valuedouble;
	return true;
}

static void events_from_json(const cJSON *list, struct scale_events *ret)
{
	const cJSON *pair;
	cJSON_ArrayForEach (pair, list) {
		int64_t at_ms;
		int32_t change;
		if (ret->count < SCALE_EVENTS_MAX && read_pair(pair, &at_ms, &change))
			ret->items[ret->count++] =
				(struct scale_event){.at_ms = at_ms, .change = change};
	}
}

static void pending_from_json(const cJSON *o, struct pending_write *ret)
{
	int64_t at_ms = json_int(o, "atMs", 0);
	int64_t from = json_int(o, "from", 0), to = json_int(o, "to", 0);
	if (at_ms > 0 && to >= 0 && to < from && from <= INT32_MAX)
		*ret = (struct pending_write){at_ms, (int32_t)from, (int32_t)to};
}

struct state_record *record_new(void)
{
	struct {
		struct state_record record;
		struct derived_record derived[POLICY_METRICS_MAX];
		struct guard_state guards[POLICY_GUARDS_MAX];
	} *all = xcalloc(1, sizeof(*all));
	all->record.derived = all->derived;
	all->record.holds.guards = all->guards;
	return &all->record;
}

void record_clear(struct state_record *r)
{
	*r = (struct state_record){.derived = r->derived,
				   .holds = {.guards = r->holds.guards}};
}

void record_copy(struct state_record *to, const struct state_record *from)
{
	struct derived_record *derived = to->derived;
	struct guard_state *guards = to->holds.guards;
	*to = *from;
	to->derived = derived;
	to->holds.guards = guards;
	if (!derived)
		to->derived_count = 0;
	for (int32_t i = 0; i < to->derived_count; i++)
		derived[i] = from->derived[i];
	if (!guards)
		to->holds.guard_count = 0;
	for (int32_t i = 0; i < to->holds.guard_count; i++)
		guards[i] = from->holds.guards[i];
}

void record_from_json(const cJSON *o, struct state_record *ret_record)
{
	struct state_record r = {.derived = ret_record->derived,
				 .holds = {.guards = ret_record->holds.guards}};
	struct decide_memory *m = &r.memory;
	snprintf(r.target_uid, sizeof(r.target_uid), "%s", json_str(o, "targetUid", ""));
	m->seeded = json_bool(o, "seeded", false);
	m->scaled_to_zero = json_bool(o, "scaledToZero", false);
	m->last_scale_ms = json_int(o, "lastScaleMs", 0);
	const cJSON *item;
	cJSON_ArrayForEach (item, json_at(o, "recommendations")) {
		int64_t at_ms;
		int32_t replicas;
		if (m->log_count < RECOMMENDATIONS_MAX &&
		    read_pair(item, &at_ms, &replicas))
			m->log[m->log_count++] = (struct recommendation){at_ms, replicas};
	}
	events_from_json(json_at(o, "scaledUp"), &m->up);
	events_from_json(json_at(o, "scaledDown"), &m->down);
	pending_from_json(json_at(o, "pendingWrite"), &r.pending);
	cJSON_ArrayForEach (item, json_at(o, "leadTimesMs")) {
		if (r.lead.count < LEAD_SAMPLES_MAX && cJSON_IsNumber(item) &&
		    fabs(item->valuedouble) <= INT32_MAX)
			r.lead.ms[r.lead.count++] = (int32_t)item->valuedouble;
	}
	r.lead.newest_ms = json_int(o, "leadNewestMs", 0);
	int64_t newest = json_int(o, "leadNewestCount", 0);
	r.lead.newest_count = newest >= 0 && newest <= COUNT_MAX ? (int32_t)newest : 0;
	int64_t window = json_int(o, "windowMin", 0),
		lead = json_int(o, "shadowLeadMs", 0);
	bool plausible = window > 0 && window <= FORECAST_WINDOW_MAX && lead > 0 &&
			 lead <= FORECAST_WINDOW_MAX * MS_PER_MIN;
	r.window_min = plausible ? (int32_t)window : 0;
	r.shadow_lead_ms = plausible ? lead : 0;
	objective_from_json(json_at(o, "objective"), &r.objective);
	derived_from_json(json_at(o, "derived"), &r);
	record_read_holds(o, &r);
	*ret_record = r;
}

void record_take_back(struct state_record *r)
{
	struct scale_events *down = &r->memory.down;
	int32_t kept = 0;
	for (int32_t i = 0; i < down->count; i++)
		if (down->items[i].at_ms != r->pending.at_ms)
			down->items[kept++] = down->items[i];
	down->count = kept;
	if (r->pending.to == 0)
		r->memory.scaled_to_zero = false;
}

void record_move(struct state_record *r, int64_t at_ms)
{
	struct decide_memory *m = &r->memory;
	for (int32_t i = 0; i < m->down.count; i++)
		if (m->down.items[i].at_ms == r->pending.at_ms)
			m->down.items[i].at_ms = at_ms;
	if (m->last_scale_ms == r->pending.at_ms)
		m->last_scale_ms = at_ms;
}

static const struct recommendation *newest(const struct decide_memory *m)
{
	const struct recommendation *best = NULL;
	for (int32_t i = 0; i < m->log_count; i++) {
		const struct recommendation *r = &m->log[i];
		if (!best || r->at_ms > best->at_ms ||
		    (r->at_ms == best->at_ms && r->replicas > best->replicas))
			best = r;
	}
	return best;
}

void record_resume(struct state_record *r, int64_t now_ms)
{
	struct decide_memory *m = &r->memory;
	decide_memory_import(m, m, now_ms);
	record_bound_holds(r, now_ms);
	if (r->objective.moved_ms > now_ms)
		r->objective.moved_ms = now_ms;
	/* Nothing usable in it: the first decision begins with the present size. */
	const struct recommendation *last = m->seeded ? newest(m) : NULL;
	if (last && last->at_ms < now_ms)
		decide_memory_remember(m, -1, last->replicas, now_ms);
}
