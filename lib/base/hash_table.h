/* A hash table of structs that carry their own link: chains that grow in number with what
 * is in them. Equal hashes are the caller's to tell apart. */
#ifndef FORETOP_BASE_HASH_TABLE_H
#define FORETOP_BASE_HASH_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* A member of the caller's struct, best the first: then a cast finds the struct. */
struct hash_link {
	struct hash_link *next;
	uint64_t hash;
};

/* A zeroed one is valid and empty. */
struct hash_table {
	struct hash_link **chains;
	size_t size; /* of chains, a power of two; 0: none yet */
	size_t count;
};

/* Frees the chains, not what was in them. */
void hash_table_fini(struct hash_table *t);
/* The newest of equal hashes is found first. The table borrows the link. */
void hash_table_add(struct hash_table *t, struct hash_link *link, uint64_t hash);
/* The link must be in the table. */
void hash_table_remove(struct hash_table *t, struct hash_link *link);
/* The first one of this hash, the next one of the same hash; NULL: no more. */
struct hash_link *hash_table_find(const struct hash_table *t, uint64_t hash);
struct hash_link *hash_table_next(const struct hash_link *link);

#endif
