#include "kube/store.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

/* One allocation: the texts stand behind the struct, each with its end. */
struct store_entry {
	struct store_entry *next;
	uint64_t hash, round;
	uint32_t name, uid, version; /* offsets in text; the namespace is at 0 */
	char text[];
};

void store_init(struct store *s, size_t limit)
{
	*s = (struct store){
		.size = FIRST_SIZE,
		.limit = limit,
		.slots = xcalloc(FIRST_SIZE, sizeof(struct store_entry *)),
	};
}

void store_fini(struct store *s)
{
	for (size_t i = 0; i < s->size; i++)
		for (struct store_entry *e = s->slots[i], *next; e; e = next) {
			next = e->next;
			free(e);
		}
	free(s->slots);
	*s = (struct store){0};
}

static uint64_t hash_key(struct store_key key)
{
	/* The odd factor keeps ("a", "b") and ("b", "a") apart. */
	return hash_text(key.ns) * UINT64_C(0x9e3779b97f4a7c15) ^ hash_text(key.name);
}

static struct store_entry **find(const struct store *s, struct store_key key)
{
	uint64_t hash = hash_key(key);
	struct store_entry **at = &s->slots[hash & (s->size - 1)];
	while (*at && ((*at)->hash != hash || strcmp((*at)->text, key.ns) != 0 ||
		       strcmp((*at)->text + (*at)->name, key.name) != 0))
		at = &(*at)->next;
	return at;
}

static struct store_entry *new_entry(struct store_key key, const char *uid,
				     const char *version)
{
	const char *const parts[] = {key.ns, key.name, uid, version};
	uint32_t at[ARRAY_LEN(parts)], total = 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		at[i] = total;
		total += (uint32_t)strlen(parts[i]) + 1;
	}
	struct store_entry *e = xmalloc(sizeof(*e) + total);
	*e = (struct store_entry){
		.hash = hash_key(key), .name = at[1], .uid = at[2], .version = at[3]};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		memcpy(e->text + at[i], parts[i], strlen(parts[i]) + 1);
	return e;
}

static void grow(struct store *s)
{
	size_t size = s->size * 2;
	struct store_entry **slots = xcalloc(size, sizeof(struct store_entry *));
	for (size_t i = 0; i < s->size; i++)
		for (struct store_entry *e = s->slots[i], *next; e; e = next) {
			next = e->next;
			e->next = slots[e->hash & (size - 1)];
			slots[e->hash & (size - 1)] = e;
		}
	free(s->slots);
	s->slots = slots;
	s->size = size;
}

enum store_change store_put(struct store *s, struct store_key key, const char *uid,
			    const char *version, char **ret_old_uid)
{
	*ret_old_uid = NULL;
	struct store_entry **at = find(s, key), *old = *at;
	if (old && !strcmp(old->text + old->uid, uid) &&
	    !strcmp(old->text + old->version, version)) {
		old->round = s->round;
		return STORE_SAME;
	}
	if (!old && s->count >= s->limit)
		return STORE_FULL;
	struct store_entry *e = new_entry(key, uid, version);
	e->round = s->round;
	e->next = old ? old->next : NULL;
	*at = e;
	if (!old) {
		if (++s->count > s->size)
			grow(s);
		return STORE_ADDED;
	}
	bool replaced = strcmp(old->text + old->uid, uid) != 0;
	if (replaced)
		*ret_old_uid = xstrdup(old->text + old->uid);
	free(old);
	return replaced ? STORE_REPLACED : STORE_MODIFIED;
}

bool store_remove(struct store *s, struct store_key key)
{
	struct store_entry **at = find(s, key), *old = *at;
	if (!old)
		return false;
	*at = old->next;
	free(old);
	s->count--;
	return true;
}

bool store_has(const struct store *s, struct store_key key, const char *uid)
{
	struct store_entry *e = *find(s, key);
	return e && !strcmp(e->text + e->uid, uid);
}

void store_list_begin(struct store *s)
{
	s->round++;
}

void store_list_end(struct store *s,
		    void (*gone)(void *arg, struct store_key key, const char *uid,
				 const char *version),
		    void *arg)
{
	for (size_t i = 0; i < s->size; i++) {
		struct store_entry **at = &s->slots[i];
		while (*at) {
			struct store_entry *e = *at;
			if (e->round == s->round) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			s->count--;
			struct store_key key = {e->text, e->text + e->name};
			gone(arg, key, e->text + e->uid, e->text + e->version);
			free(e);
		}
	}
}
