#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Small ones stay small; large ones double what they have. */
#define FIRST_BYTES ((size_t)4096)
#define MOST_BYTES  ((size_t)1 << 20)

struct arena_block {
	struct arena_block *older;
	size_t size, used;
	max_align_t data[];
};

static size_t next_size(const struct arena *a, size_t at_least)
{
	size_t size = a->newest ? a->newest->size * 2 : FIRST_BYTES;
	if (size > MOST_BYTES)
		size = MOST_BYTES;
	return size < at_least ? at_least : size;
}

static struct arena_block *add_block(struct arena *a, size_t at_least)
{
	size_t space = next_size(a, at_least);
	if (a->most && (space > a->most || a->taken > a->most - space)) {
		a->full = true;
		return NULL;
	}
	struct arena_block *b = xmalloc(sizeof(*b) + space);
	*b = (struct arena_block){.older = a->newest, .size = space};
	a->taken += space;
	a->newest = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t unit = alignof(max_align_t);
	size_t rounded = (size + unit - 1) / unit * unit;
	struct arena_block *b = a->newest;
	if (!b || b->size - b->used < rounded) {
		b = add_block(a, rounded);
		if (!b)
			return NULL;
	}
	void *p = (char *)b->data + b->used;
	b->used += rounded;
	return p;
}

void arena_reserve(struct arena *a, size_t size)
{
	if (!a->newest)
		add_block(a, size < MOST_BYTES ? size : MOST_BYTES);
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
	void *p = arena_alloc(a, size);
	if (p && size)
		memcpy(p, data, size);
	return p;
}

static void free_blocks(struct arena_block *newest)
{
	while (newest) {
		struct arena_block *older = newest->older;
		free(newest);
		newest = older;
	}
}

void arena_clear(struct arena *a)
{
	struct arena_block *kept = a->newest;
	if (!kept || kept->size > MOST_BYTES) {
		arena_fini(a);
		return;
	}
	free_blocks(kept->older);
	kept->older = NULL;
	kept->used = 0;
	a->taken = kept->size;
	a->full = false;
}

void arena_fini(struct arena *a)
{
	free_blocks(a->newest);
	a->newest = NULL;
	a->taken = 0;
	a->full = false;
}
