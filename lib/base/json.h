/* cJSON with the checks that untrusted input needs. Numbers are doubles: resourceVersion
 * and uid are strings. */
#ifndef FORETOP_BASE_JSON_H
#define FORETOP_BASE_JSON_H

#include "base/arena.h"
#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Once, before any tree: without memory cJSON would leave out members and go on, and what
 * is written would lack a precondition or a record. From now on it ends as xmalloc does.
 */
void json_init(void);

/* Parses exactly one document of `len` bytes; anything behind it is an error that names
 * the byte. The caller owns the tree (cJSON_Delete, or AUTO(json_cleanup)). NULL with
 * *err set (ERR_INVALID) on failure. */
cJSON *json_parse(const char *text, size_t len, struct err *err);

/* The same for a tree that is only read and soon gone: it lives in the arena and goes
 * with it, never by cJSON_Delete, which spares a block of the heap for each value and
 * text. NULL also when it would pass the arena's limit: a->full then. */
const cJSON *json_parse_in(struct arena *a, const char *text, size_t len,
			   struct err *err);

/* Until json_build_end what cJSON makes lives in the arena and goes with it, never by
 * cJSON_Delete, and nothing is printed: for a tree of many values that is printed behind
 * it and soon gone. The arena has no limit. */
void json_build_in(struct arena *a);
void json_build_end(void);

/* Walks a dotted path ("metadata.name"); keys with dots cannot be named. NULL when any
 * part is absent or `o` is NULL. */
const cJSON *json_at(const cJSON *o, const char *path);
/* The string at path, or `fallback` when absent or of another type. Borrowed from the
 * tree. */
const char *json_str(const cJSON *o, const char *path, const char *fallback);
/* The number at path rounded towards zero and saturated, or `fallback` when absent, not a
 * number or not finite. */
int64_t json_int(const cJSON *o, const char *path, int64_t fallback);
bool json_bool(const cJSON *o, const char *path, bool fallback);

/* Printed without white space; the caller frees it. */
char *json_text(const cJSON *o);

void json_cleanup(cJSON **tree);

#endif
