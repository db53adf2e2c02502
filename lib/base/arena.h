/* Memory that grows in blocks, never moves and is freed at once. */
#ifndef FORETOP_BASE_ARENA_H
#define FORETOP_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;
/* Zeroed it is empty and without a limit. */
struct arena {
	struct arena_block *newest;
	size_t most;  /* bytes that its blocks may take in all; 0: any number */
	size_t taken; /* that they take */
	bool full;    /* something did not fit any more */
};

/* Aligned for any type, not cleared. NULL when it would take more than `most`, never
 * without such a limit. */
void *arena_alloc(struct arena *a, size_t size);
/* While it is empty: one block for about so many bytes, at most 1 MiB, instead of several
 * that grow. */
void arena_reserve(struct arena *a, size_t size);
/* A copy of size bytes; NULL as arena_alloc. */
void *arena_copy(struct arena *a, const void *data, size_t size);
/* Empties it; the limit stays, and a block of at most 1 MiB for what comes next. Large
 * blocks that come and go all the time are dear: malloc keeps those that are free in
 * order. Accepts zeroed. */
void arena_clear(struct arena *a);
/* Frees everything; the limit stays. Accepts zeroed. */
void arena_fini(struct arena *a);

#endif
