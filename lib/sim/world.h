/* The simulated world: workloads that live through the same time. Pure. */
#ifndef FORETOP_SIM_WORLD_H
#define FORETOP_SIM_WORLD_H

#include "sim/workload.h"

#define WORLD_WORKLOADS_MAX 64

struct world {
	int64_t now_ms;
	struct workload workloads[WORLD_WORKLOADS_MAX];
	int32_t count;
};

/* An empty world at now_ms. It is large: keep it on the heap. */
struct world *world_new(int64_t now_ms);
/* Accepts NULL. */
void world_free(struct world *w);
void world_cleanup(struct world **w);

/* Adds a workload that starts now. Its address stays valid. NULL when the world is full.
 */
struct workload *world_add(struct world *w, const struct workload_config *config);
/* NULL when there is none. */
struct workload *world_find(struct world *w, const char *ns, const char *name);
void world_advance(struct world *w, int64_t to_ms);

#endif
