#include "sim/apistore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_VERSION                                                                    \
	1000 /* clusters are never new; digits grow from 4 to 5 on the way */

struct collection {
	struct apiobject **items; /* by namespace and name */
	size_t count, cap;
};

struct apistore {
	uint64_t version, compacted;
	struct collection collections[KUBEAPI_RESOURCES];
	struct apievent *history; /* a ring: slot version % APISTORE_HISTORY */
	struct rng rng;           /* of uids */
	void (*changed)(void *arg);
	void *arg;
};

struct apistore *apistore_new(uint64_t seed, void (*changed)(void *arg), void *arg)
{
	struct apistore *s = xcalloc(1, sizeof(*s));
	s->version = s->compacted = FIRST_VERSION;
	s->history = xcalloc(APISTORE_HISTORY, sizeof(*s->history));
	rng_init(&s->rng, seed);
	s->changed = changed;
	s->arg = arg;
	return s;
}

static struct apievent *slot_of(const struct apistore *s, uint64_t version)
{
	return &s->history[version % APISTORE_HISTORY];
}

static void forget_event(struct apievent *e)
{
	apiobject_release(e->object);
	apiobject_release(e->before);
	*e = (struct apievent){0};
}

void apistore_free(struct apistore *s)
{
	if (!s)
		return;
	apistore_compact(s);
	for (int i = 0; i < KUBEAPI_RESOURCES; i++) {
		for (size_t j = 0; j < s->collections[i].count; j++)
			apiobject_release(s->collections[i].items[j]);
		free(s->collections[i].items);
	}
	free(s->history);
	free(s);
}

uint64_t apistore_version(const struct apistore *s)
{
	return s->version;
}

uint64_t apistore_compacted(const struct apistore *s)
{
	return s->compacted;
}

void apistore_compact(struct apistore *s)
{
	while (s->compacted < s->version)
		forget_event(slot_of(s, ++s->compacted));
}

const struct apievent *apistore_event(const struct apistore *s, uint64_t version)
{
	return slot_of(s, version);
}

/* --- finding --- */

static int compare(const struct apiobject *o, const char *ns, const char *name)
{
	int order = strcmp(o->ns, ns);
	return order ? order : strcmp(o->name, name);
}

/* Where the object is, or would be. */
static size_t place_of(const struct collection *c, const char *ns, const char *name,
		       bool *ret_there)
{
	size_t low = 0, high = c->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(c->items[middle], ns, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_there = low < c->count && compare(c->items[low], ns, name) == 0;
	return low;
}

struct apiobject *apistore_get(const struct apistore *s, enum kubeapi_resource resource,
			       const char *ns, const char *name)
{
	bool there;
	const struct collection *c = &s->collections[resource];
	size_t i = place_of(c, ns, name, &there);
	return there ? c->items[i] : NULL;
}

size_t apistore_count(const struct apistore *s, enum kubeapi_resource resource)
{
	return s->collections[resource].count;
}

static void insert(struct collection *c, size_t place, struct apiobject *o)
{
	if (c->count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 64;
		c->items = xrealloc(c->items, c->cap * sizeof(struct apiobject *));
	}
	memmove(&c->items[place + 1], &c->items[place],
		(c->count - place) * sizeof(struct apiobject *));
	c->items[place] = o;
	c->count++;
}

static void take_out(struct collection *c, size_t place)
{
	c->count--;
	memmove(&c->items[place], &c->items[place + 1],
		(c->count - place) * sizeof(struct apiobject *));
}

static struct apiobject **select_from(const struct collection *c,
				      const struct apiselector *select, size_t *ret_count)
{
	struct apiobject **found = xcalloc(c->count + 1, sizeof(struct apiobject *));
	size_t n = 0;
	for (size_t i = 0; i < c->count; i++)
		if (apiselector_matches(select, c->items[i]))
			found[n++] = apiobject_hold(c->items[i]);
	*ret_count = n;
	return found;
}

struct apiobject **apistore_list(const struct apistore *s,
				 const struct apiselector *select, size_t *ret_count)
{
	return select_from(&s->collections[select->resource], select, ret_count);
}

/* Takes one event back. */
static void undo(struct collection *c, const struct apievent *e)
{
	bool there;
	size_t place = place_of(c, e->object->ns, e->object->name, &there);
	switch (e->change) {
	case API_ADDED:
		take_out(c, place);
		return;
	case API_MODIFIED:
		c->items[place] = e->before;
		return;
	case API_DELETED:
		insert(c, place, e->before);
		return;
	}
}

struct apiobject **apistore_list_at(const struct apistore *s,
				    const struct apiselector *select, uint64_t version,
				    size_t *ret_count)
{
	const struct collection *now = &s->collections[select->resource];
	struct collection then = {.count = now->count, .cap = now->count + 1};
	then.items = xcalloc(then.cap, sizeof(struct apiobject *));
	for (size_t i = 0; i < now->count; i++)
		then.items[i] = now->items[i];
	for (uint64_t v = s->version; v > version; v--) {
		const struct apievent *e = slot_of(s, v);
		if (e->object->resource == select->resource)
			undo(&then, e);
	}
	struct apiobject **found = select_from(&then, select, ret_count);
	free(then.items);
	return found;
}

/* --- writing --- */

/* Takes over the references. */
static void record(struct apistore *s, enum apichange change, struct apiobject *object,
		   struct apiobject *before)
{
	struct apievent *slot = slot_of(s, s->version);
	if (slot->object) {
		forget_event(slot);
		s->compacted = s->version - APISTORE_HISTORY;
	}
	*slot = (struct apievent){change, object, before};
	s->changed(s->arg);
}

static void set_text(cJSON *o, const char *key, const char *text)
{
	cJSON_DeleteItemFromObjectCaseSensitive(o, key);
	cJSON_AddStringToObject(o, key, text);
}

static void set_version(cJSON *meta, uint64_t version)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, version);
	set_text(meta, "resourceVersion", text);
}

static void new_uid(struct apistore *s, char *buf, size_t size)
{
	uint64_t a = rng_next(&s->rng), b = rng_next(&s->rng);
	snprintf(buf, size, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(a >> 32),
		 (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
		 (unsigned)(0x8000 | (b >> 48 & 0x3fff)), b & 0xffffffffffff);
}

/* Fields that the server alone writes. */
static void complete_meta(struct apistore *s, cJSON *meta, const cJSON *old,
			  int64_t at_ms)
{
	char uid[40], time[32];
	if (old) {
		set_text(meta, "uid", json_str(old, "metadata.uid", ""));
		set_text(meta, "creationTimestamp",
			 json_str(old, "metadata.creationTimestamp", ""));
	} else {
		new_uid(s, uid, sizeof(uid));
		set_text(meta, "uid", uid);
		set_text(meta, "creationTimestamp",
			 time_format(at_ms, time, sizeof(time)));
	}
}

static void set_generation(cJSON *tree, cJSON *meta, const cJSON *old)
{
	const cJSON *spec = cJSON_GetObjectItemCaseSensitive(tree, "spec");
	int64_t generation = json_int(old, "metadata.generation", 0);
	bool same =
		old &&
		cJSON_Compare(spec, cJSON_GetObjectItemCaseSensitive(old, "spec"), true);
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "generation");
	if (spec)
		cJSON_AddNumberToObject(meta, "generation",
					(double)(same ? generation : generation + 1));
}

/* The tree as it will be stored, without its new version. */
static cJSON *completed(struct apistore *s, enum kubeapi_resource resource,
			const cJSON *given, const cJSON *old, int64_t at_ms)
{
	cJSON *tree = cJSON_Duplicate(given, true);
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(tree, "metadata");
	complete_meta(s, meta, old, at_ms);
	bool counted = apiresource_of(resource)->has_status && resource != KUBEAPI_PODS &&
		       resource != KUBEAPI_NAMESPACES;
	if (counted)
		set_generation(tree, meta, old);
	return tree;
}

static bool unchanged(cJSON *tree, const struct apiobject *now)
{
	cJSON *old AUTO(json_cleanup) = apiobject_tree(now);
	cJSON *meta = cJSON_GetObjectItemCaseSensitive(tree, "metadata");
	set_version(meta, now->version);
	cJSON_DeleteItemFromObjectCaseSensitive(old, "kind");
	cJSON_DeleteItemFromObjectCaseSensitive(old, "apiVersion");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "kind");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "apiVersion");
	return cJSON_Compare(tree, old, true);
}

struct apiobject *apistore_put(struct apistore *s, enum kubeapi_resource resource,
			       const cJSON *tree, int64_t at_ms)
{
	struct collection *c = &s->collections[resource];
	bool there;
	size_t place = place_of(c, json_str(tree, "metadata.namespace", ""),
				json_str(tree, "metadata.name", ""), &there);
	struct apiobject *before = there ? c->items[place] : NULL;
	cJSON *old AUTO(json_cleanup) = before ? apiobject_tree(before) : NULL;
	cJSON *full AUTO(json_cleanup) = completed(s, resource, tree, old, at_ms);
	if (before && unchanged(full, before))
		return before;
	s->version++;
	set_version(cJSON_GetObjectItemCaseSensitive(full, "metadata"), s->version);
	struct apiobject *o = apiobject_new(resource, s->version, full);
	if (before)
		c->items[place] = apiobject_hold(o);
	else
		insert(c, place, apiobject_hold(o));
	record(s, before ? API_MODIFIED : API_ADDED, o, before);
	return o;
}

bool apistore_delete(struct apistore *s, enum kubeapi_resource resource, const char *ns,
		     const char *name)
{
	struct collection *c = &s->collections[resource];
	bool there;
	size_t place = place_of(c, ns, name, &there);
	if (!there)
		return false;
	struct apiobject *before = c->items[place];
	take_out(c, place);
	s->version++;
	cJSON *tree AUTO(json_cleanup) = apiobject_tree(before);
	set_version(cJSON_GetObjectItemCaseSensitive(tree, "metadata"), s->version);
	record(s, API_DELETED, apiobject_new(resource, s->version, tree), before);
	return true;
}
