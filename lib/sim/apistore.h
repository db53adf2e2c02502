/* Private to sim: all objects of the simulated API server, and their recent history. One
 * resourceVersion counts all writes, as in etcd. */
#ifndef FORETOP_SIM_APISTORE_H
#define FORETOP_SIM_APISTORE_H

#include "sim/apiobject.h"
#include "sim/apiselector.h"

enum apichange { API_ADDED, API_MODIFIED, API_DELETED };

struct apievent {
	enum apichange change;
	struct apiobject *object; /* as it is now; deleted: as it was, with the version of
				     its end */
	struct apiobject *before; /* NULL for API_ADDED */
};

/* Events kept at most; older watches get 410. */
#define APISTORE_HISTORY 16384

struct apistore;

/* `changed` is called after every write. */
struct apistore *apistore_new(uint64_t seed, void (*changed)(void *arg), void *arg);
void apistore_free(struct apistore *s);

uint64_t apistore_version(const struct apistore *s);
/* A watch from an older version than this one has missed events: 410. */
uint64_t apistore_compacted(const struct apistore *s);
void apistore_compact(struct apistore *s);

/* The event that made `version`; apistore_compacted < version <= apistore_version. */
const struct apievent *apistore_event(const struct apistore *s, uint64_t version);

/* Borrowed until the next write; NULL: none. */
struct apiobject *apistore_get(const struct apistore *s, enum kubeapi_resource resource,
			       const char *ns, const char *name);
size_t apistore_count(const struct apistore *s, enum kubeapi_resource resource);
/* All that match, in the order of namespace and name, each held; the caller releases them
 * and frees the array. */
struct apiobject **apistore_list(const struct apistore *s,
				 const struct apiselector *select, size_t *ret_count);

/* The same as it was at a version, apistore_compacted <= version <= apistore_version. */
struct apiobject **apistore_list_at(const struct apistore *s,
				    const struct apiselector *select, uint64_t version,
				    size_t *ret_count);

/* Creates or replaces. Completes the metadata: uid, creationTimestamp (at_ms),
 * resourceVersion, generation (grows with the spec). An object that would not change is
 * left alone. Borrowed result. */
struct apiobject *apistore_put(struct apistore *s, enum kubeapi_resource resource,
			       const cJSON *tree, int64_t at_ms);
/* False when there is none. */
bool apistore_delete(struct apistore *s, enum kubeapi_resource resource, const char *ns,
		     const char *name);

#endif
