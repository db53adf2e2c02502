/* Memory: what each pod needs by itself and what the load adds. Its total must not be
 * forecast, as more pods use more of it; once the line through both is known, its need
 * follows from the forecast of the load that the policy forecasts anyway. */
#include "engine/slot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_derived(const struct prepared *s, int32_t m)
{
	const struct policy_metric *spec = &s->policy->metrics[m];
	return !spec->forecast && spec->target.type != TARGET_VALUE;
}

/* The first metric that is forecast and that pods share; -1: none. */
static int32_t load_of(const struct prepared *s)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->metrics[m].feed.memory &&
		    s->policy->metrics[m].forecast_target.type != TARGET_VALUE)
			return m;
	return -1;
}

bool derived_any(const struct prepared *s)
{
	bool any = false;
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		any |= is_derived(s, m);
	return any && load_of(s) >= 0;
}

static void add_text(uint64_t *key, const char *text)
{
	*key = *key * 31 + hash_text(text ? text : "");
}

/* The same line is learned while both metrics are asked for in the same way. */
static uint64_t key_of(const struct prepared *s, int32_t m, int32_t load)
{
	const int32_t both[] = {m, load};
	uint64_t key = 1;
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		const struct policy_metric *spec = &s->policy->metrics[both[i]];
		add_text(&key, metric_type_name(spec->type));
		add_text(&key, spec->name);
		add_text(&key, spec->container);
		add_text(&key, spec->query);
	}
	return key ? key : 1;
}

static struct usage *usage_with(struct state_record *r, uint64_t key)
{
	for (int32_t i = 0; i < r->derived_count; i++)
		if (r->derived[i].key == key)
			return &r->derived[i].usage;
	return NULL;
}

static bool is_wanted(const struct prepared *s, int32_t load, uint64_t key)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (is_derived(s, m) && key_of(s, m, load) == key)
			return true;
	return false;
}

/* A place for a new one: at the end, or that of one that no metric asks for any more;
 * there is one, as one of the policy's metrics is the load. */
static struct usage *usage_new(struct prepared *s, int32_t load, uint64_t key)
{
	struct state_record *r = &s->record;
	int32_t place = r->derived_count;
	for (int32_t i = 0; i < r->derived_count; i++)
		if (!is_wanted(s, load, r->derived[i].key))
			place = i;
	if (place == r->derived_count)
		r->derived_count++;
	r->derived[place] = (struct derived_record){.key = key};
	return &r->derived[place].usage;
}

static void learn(struct prepared *s, int32_t m, int32_t load, int64_t now_ms)
{
	const struct metric_status *total = &s->status.metrics[m];
	const struct metric_status *served = &s->status.metrics[load];
	uint64_t key = key_of(s, m, load);
	struct usage *u = usage_with(&s->record, key);
	if (!u)
		u = usage_new(s, load, key);
	/* Pods of two revisions need not be alike. */
	if (total->known && served->known && !s->target.rolling)
		usage_note(u, now_ms, s->metrics[m].values.count, served->current,
			   total->current);
	usage_solve(u, &s->status.metrics[m].line);
	s->status.metrics[m].line_of = s->policy->metrics[load].name;
}

void derived_note(struct prepared *s, int64_t now_ms)
{
	int32_t load = load_of(s);
	for (int32_t m = 0; m < s->policy->metric_count && load >= 0; m++)
		if (is_derived(s, m))
			learn(s, m, load, now_ms);
}

void derived_propose(struct prepared *s, int64_t now_ms, struct forecast_proposal *all)
{
	int32_t load = load_of(s);
	for (int32_t m = 0; m < s->policy->metric_count && load >= 0; m++) {
		struct metric_status *st = &s->status.metrics[m];
		const struct forecast_proposal *f = &all[load];
		if (!is_derived(s, m))
			continue;
		st->forecast_usable =
			f->usable && st->line.significant &&
			(!s->metrics[m].values.unknown || loss_follows(s, m, now_ms));
		all[m] = *f;
		all[m].usable = st->forecast_usable;
		all[m].mean = st->line.per_load * f->mean;
		all[m].upper = st->line.per_load * f->upper;
		all[m].release = st->line.per_load * f->release;
		all[m].derived = true;
		all[m].per_pod = st->line.per_pod;
	}
}

/* --- the record --- */

static void add_terms(cJSON *o, const char *key, const double *terms, int32_t count)
{
	cJSON_AddItemToObject(o, key, cJSON_CreateDoubleArray(terms, count));
}

void derived_to_json(cJSON *o, const struct state_record *r)
{
	char key[20];
	cJSON *list = r->derived_count ? cJSON_AddArrayToObject(o, "derived") : NULL;
	for (int32_t i = 0; i < r->derived_count; i++) {
		const struct usage *u = &r->derived[i].usage;
		cJSON *item = cJSON_CreateObject();
		snprintf(key, sizeof(key), "%016" PRIx64, r->derived[i].key);
		cJSON_AddStringToObject(item, "key", key);
		cJSON_AddNumberToObject(item, "blocks", u->blocks);
		cJSON_AddNumberToObject(item, "count", u->count);
		cJSON_AddNumberToObject(item, "lastBlock", (double)u->last_block);
		cJSON_AddBoolToObject(item, "significant", u->significant);
		add_terms(item, "same", &u->same[0][0], USAGE_TERMS * USAGE_TERMS);
		add_terms(item, "next", &u->next[0][0], USAGE_TERMS * USAGE_TERMS);
		add_terms(item, "last", u->last, USAGE_TERMS);
		cJSON_AddItemToArray(list, item);
	}
}

/* Sums far beyond what anything uses are damage. */
static bool read_terms(const cJSON *list, double *ret_terms, int32_t count)
{
	if (cJSON_GetArraySize(list) != count)
		return false;
	for (int32_t i = 0; i < count; i++) {
		const cJSON *item = cJSON_GetArrayItem(list, i);
		if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) < 1e60))
			return false;
		ret_terms[i] = item->valuedouble;
	}
	return true;
}

static bool read_usage(const cJSON *o, struct derived_record *ret)
{
	struct usage u = {0};
	const cJSON *count = json_at(o, "count");
	int64_t blocks = json_int(o, "blocks", 0);
	u.last_block = json_int(o, "lastBlock", 0);
	u.significant = json_bool(o, "significant", false);
	if (!cJSON_IsNumber(count) || !(count->valuedouble > 0) || blocks <= 0 ||
	    blocks > INT32_MAX || count->valuedouble > (double)blocks ||
	    u.last_block <= 0 ||
	    !read_terms(json_at(o, "same"), &u.same[0][0], USAGE_TERMS * USAGE_TERMS) ||
	    !read_terms(json_at(o, "next"), &u.next[0][0], USAGE_TERMS * USAGE_TERMS) ||
	    !read_terms(json_at(o, "last"), u.last, USAGE_TERMS))
		return false;
	u.count = count->valuedouble;
	u.blocks = (int32_t)blocks;
	u.block = u.last_block + 1;
	*ret = (struct derived_record){strtoull(json_str(o, "key", ""), NULL, 16), u};
	return true;
}

void derived_from_json(const cJSON *list, struct state_record *r)
{
	const cJSON *item;
	cJSON_ArrayForEach (item, list) {
		if (r->derived && r->derived_count < POLICY_METRICS_MAX &&
		    read_usage(item, &r->derived[r->derived_count]))
			r->derived_count++;
	}
}
