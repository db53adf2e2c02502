/* What a watch has seen: key, uid and resourceVersion of each object, to tell after a gap
 * what came, changed and went. Not the objects themselves. Pure. */
#ifndef FORETOP_KUBE_STORE_H
#define FORETOP_KUBE_STORE_H

#include "base/base.h"

#include <stdbool.h>

struct store_entry;

struct store {
	struct store_entry **slots; /* open hashing over a power of two */
	size_t size, count, limit;
	uint64_t round; /* entries not seen in the current list have an older one */
};

enum store_change {
	STORE_SAME, /* this uid at this version is known */
	STORE_ADDED,
	STORE_MODIFIED,
	STORE_REPLACED, /* another uid under the same name: the old one is gone */
	STORE_FULL,
};

struct store_key {
	const char *ns, *name; /* ns "" for cluster-wide kinds */
};

void store_init(struct store *s, size_t limit);
void store_fini(struct store *s);

/* Puts an object in. On STORE_REPLACED *ret_old_uid holds the uid that is gone (the
 * caller frees); NULL otherwise. */
enum store_change store_put(struct store *s, struct store_key key, const char *uid,
			    const char *version, char **ret_old_uid);
/* True when it was there. */
bool store_remove(struct store *s, struct store_key key);
/* True when it is there and its uid is this one. */
bool store_has(const struct store *s, struct store_key key, const char *uid);

/* A list begins: what is put from now on is marked. */
void store_list_begin(struct store *s);
/* The list is complete: removes what was not put since store_list_begin and calls `gone`
 * for each (the texts are borrowed). */
void store_list_end(struct store *s,
		    void (*gone)(void *arg, struct store_key key, const char *uid,
				 const char *version),
		    void *arg);

#endif
