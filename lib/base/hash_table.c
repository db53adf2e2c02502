#include "base/hash_table.h"

#include "base/mem.h"

#include <stdlib.h>

#define SIZE_MIN 8

static struct hash_link **chain_of(const struct hash_table *t, uint64_t hash)
{
	/* FNV's upper bits differ as well as its lower ones; both take part. */
	return &t->chains[(hash ^ hash >> 32) & (t->size - 1)];
}

static void grow(struct hash_table *t)
{
	struct hash_table old = *t;
	t->size = old.size ? 2 * old.size : SIZE_MIN;
	t->chains = xcalloc(t->size, sizeof(t->chains[0]));
	for (size_t i = 0; i < old.size; i++) {
		/* To the ends of the new chains, so that the order stays. */
		for (struct hash_link *l = old.chains[i], *next; l; l = next) {
			next = l->next;
			struct hash_link **at = chain_of(t, l->hash);
			while (*at)
				at = &(*at)->next;
			l->next = NULL;
			*at = l;
		}
	}
	free(old.chains);
}

void hash_table_fini(struct hash_table *t)
{
	free(t->chains);
	*t = (struct hash_table){0};
}

void hash_table_add(struct hash_table *t, struct hash_link *link, uint64_t hash)
{
	if (t->count == t->size)
		grow(t);
	struct hash_link **at = chain_of(t, hash);
	link->hash = hash;
	link->next = *at;
	*at = link;
	t->count++;
}

void hash_table_remove(struct hash_table *t, struct hash_link *link)
{
	struct hash_link **at = chain_of(t, link->hash);
	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	t->count--;
}

static struct hash_link *same_hash(struct hash_link *l, uint64_t hash)
{
	while (l && l->hash != hash)
		l = l->next;
	return l;
}

struct hash_link *hash_table_find(const struct hash_table *t, uint64_t hash)
{
	return t->size ? same_hash(*chain_of(t, hash), hash) : NULL;
}

struct hash_link *hash_table_next(const struct hash_link *link)
{
	return same_hash(link->next, link->hash);
}
