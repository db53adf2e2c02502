#include "engine/places.h"

#include "base/base.h"

#include <stdlib.h>

void place_index_init(struct place_index *x, int32_t max)
{
	uint64_t size = 1;
	while (size < (uint64_t)max)
		size *= 2;
	*x = (struct place_index){.mask = size - 1};
	x->heads = xcalloc(size, sizeof(x->heads[0]));
	x->next = xcalloc((size_t)max, sizeof(x->next[0]));
	x->keys = xcalloc((size_t)max, sizeof(x->keys[0]));
}

void place_index_fini(struct place_index *x)
{
	free(x->heads);
	free(x->next);
	free(x->keys);
}

/* The link that names the place, or the first one behind it. */
static uint32_t *link_at(const struct place_index *x, uint64_t key, uint32_t place)
{
	uint32_t *at = &x->heads[key & x->mask];
	while (*at && *at - 1 < place)
		at = &x->next[*at - 1];
	return at;
}

void place_index_set(struct place_index *x, int32_t place, uint64_t key)
{
	uint32_t p = (uint32_t)place;
	if (x->keys[p] == key)
		return;
	if (x->keys[p])
		*link_at(x, x->keys[p], p) = x->next[p];
	x->keys[p] = key;
	if (!key)
		return;
	uint32_t *at = link_at(x, key, p);
	x->next[p] = *at;
	*at = p + 1;
}

static int32_t same_key(const struct place_index *x, uint32_t link, uint64_t key)
{
	while (link && x->keys[link - 1] != key)
		link = x->next[link - 1];
	return (int32_t)link - 1;
}

int32_t place_index_first(const struct place_index *x, uint64_t key)
{
	return same_key(x, x->heads[key & x->mask], key);
}

int32_t place_index_next(const struct place_index *x, int32_t place)
{
	return same_key(x, x->next[place], x->keys[place]);
}

void due_tree_init(struct due_tree *t, int32_t max)
{
	t->size = 1;
	while (t->size < max)
		t->size *= 2;
	t->nodes = xcalloc(2 * (size_t)t->size, sizeof(t->nodes[0]));
}

void due_tree_fini(struct due_tree *t)
{
	free(t->nodes);
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void due_tree_set(struct due_tree *t, int32_t place, int64_t due_ms)
{
	/* What was due before the epoch is due at once all the same. */
	int64_t left = INT64_MAX - larger(due_ms, 0);
	int32_t at = t->size + place;
	if (t->nodes[at] == left)
		return;
	t->nodes[at] = left;
	for (at /= 2; at; at /= 2)
		t->nodes[at] = larger(t->nodes[2 * at], t->nodes[2 * at + 1]);
}

int64_t due_tree_first_ms(const struct due_tree *t)
{
	return INT64_MAX - t->nodes[1];
}

int32_t due_tree_next(const struct due_tree *t, int32_t from, int64_t now_ms)
{
	int64_t least = INT64_MAX - larger(now_ms, 0);
	int32_t at = t->size + from;
	if (from >= t->size)
		return -1;
	/* Up, to the right, until something under a node is due: then down to the first.
	 */
	while (t->nodes[at] < least) {
		while (at & 1)
			at /= 2;
		if (!at)
			return -1;
		at++;
	}
	while (at < t->size)
		at = t->nodes[2 * at] >= least ? 2 * at : 2 * at + 1;
	return at - t->size;
}
