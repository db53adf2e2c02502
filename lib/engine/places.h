/* Finding places among many: by a hash, and by when they are due. Both in time that does
 * not grow with their number, and deterministic: what has the same hash, and what is due
 * at once, comes in the order of places. Private to engine. */
#ifndef FORETOP_ENGINE_PLACES_H
#define FORETOP_ENGINE_PLACES_H

#include <stdint.h>

/* Places by a hash that they share with few others. */
struct place_index {
	uint64_t mask;
	uint32_t *heads; /* place + 1, by key & mask; 0: none. The lists are ascending */
	uint32_t *next;  /* place + 1, of each place */
	uint64_t *keys;  /* of each place; 0: it is not in */
};

/* For places in [0, max); allocates, the memory of places never used stays untouched. */
void place_index_init(struct place_index *x, int32_t max);
void place_index_fini(struct place_index *x);
/* Puts a place in under a key; key 0 takes it out. */
void place_index_set(struct place_index *x, int32_t place, uint64_t key);
/* The first place of this key, != 0; the next one after `place`; -1: there is none. Names
 * may share a hash: the caller compares. */
int32_t place_index_first(const struct place_index *x, uint64_t key);
int32_t place_index_next(const struct place_index *x, int32_t place);

/* When places are due: a tournament of all of them. */
struct due_tree {
	int32_t size; /* leaves, a power of two */
	/* INT64_MAX - due of the earlier child, the root at 1; 0: never. */
	int64_t *nodes;
};

/* For places in [0, max), none of them due. */
void due_tree_init(struct due_tree *t, int32_t max);
void due_tree_fini(struct due_tree *t);
/* due_ms INT64_MAX: never. */
void due_tree_set(struct due_tree *t, int32_t place, int64_t due_ms);
int64_t due_tree_first_ms(const struct due_tree *t);
/* The first place in [from, max) that is due by now_ms, or -1. */
int32_t due_tree_next(const struct due_tree *t, int32_t from, int64_t now_ms);

#endif
