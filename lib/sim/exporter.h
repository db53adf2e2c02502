/* Private to sim: what Prometheus would know of the simulated workloads: the expressions
 * that Foretop asks, answered from the world. */
#ifndef FORETOP_SIM_EXPORTER_H
#define FORETOP_SIM_EXPORTER_H

#include "sim/promapi.h"
#include "sim/world.h"

struct exporter;

/* Borrows all three for its life. */
struct exporter *exporter_new(struct promapi *api, struct world *world,
			      const struct clock *clock);
/* After promapi_free. Accepts NULL. */
void exporter_free(struct exporter *e);

/* Answers for this workload: `requests` (the service's demand), its sum, the same by pod,
 * and the built-in queries for CPU and memory. */
void exporter_add(struct exporter *e, struct workload *w, const char *requests);

#endif
