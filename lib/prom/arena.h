/* Memory that grows in blocks, never moves and is freed at once. Inside prom only. */
#ifndef FORETOP_PROM_ARENA_H
#define FORETOP_PROM_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *newest;
};

/* Aligned for any type, not cleared; never NULL. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of size bytes. */
void *arena_copy(struct arena *a, const void *data, size_t size);
void arena_fini(struct arena *a);

#endif
