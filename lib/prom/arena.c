#include "prom/arena.h"

#include "base/base.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Small answers stay small; large ones grow by half of what they have. */
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

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t unit = sizeof(max_align_t);
	size_t rounded = (size + unit - 1) / unit * unit;
	struct arena_block *b = a->newest;
	if (!b || b->size - b->used < rounded) {
		size_t space = next_size(a, rounded);
		b = xmalloc(sizeof(*b) + space);
		*b = (struct arena_block){.older = a->newest, .size = space};
		a->newest = b;
	}
	void *p = (char *)b->data + b->used;
	b->used += rounded;
	return p;
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
	void *p = arena_alloc(a, size);
	if (size)
		memcpy(p, data, size);
	return p;
}

void arena_fini(struct arena *a)
{
	while (a->newest) {
		struct arena_block *older = a->newest->older;
		free(a->newest);
		a->newest = older;
	}
}
