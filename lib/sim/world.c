#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

struct world *world_new(int64_t now_ms)
{
	struct world *w = xcalloc(1, sizeof(*w));
	w->now_ms = now_ms;
	return w;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	for (int32_t i = 0; i < w->count; i++)
		workload_fini(&w->workloads[i]);
	free(w);
}

void world_cleanup(struct world **w)
{
	world_free(*w);
}

struct workload *world_add(struct world *w, const struct workload_config *config)
{
	if (w->count == WORLD_WORKLOADS_MAX)
		return NULL;
	struct workload *added = &w->workloads[w->count++];
	workload_init(added, config, w->now_ms);
	return added;
}

struct workload *world_find(struct world *w, const char *ns, const char *name)
{
	for (int32_t i = 0; i < w->count; i++) {
		const struct workload_config *c = &w->workloads[i].config;
		if (strcmp(c->ns, ns) == 0 && strcmp(c->name, name) == 0)
			return &w->workloads[i];
	}
	return NULL;
}

void world_advance(struct world *w, int64_t to_ms)
{
	for (int32_t i = 0; i < w->count; i++)
		workload_advance(&w->workloads[i], to_ms);
	if (to_ms > w->now_ms)
		w->now_ms = to_ms;
}
