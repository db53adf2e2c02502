/* Private to sim: a simulated workload as the API server shows it: its Deployment and its
 * pods, kept equal to the world. */
#ifndef FORETOP_SIM_CLUSTER_H
#define FORETOP_SIM_CLUSTER_H

#include "sim/kubeapi.h"
#include "sim/workload.h"

enum shown_phase { SHOWN_PENDING, SHOWN_STARTING, SHOWN_READY };

struct shown_pod {
	int32_t serial;
	enum shown_phase phase;
};

struct shown_workload {
	struct kubeapi *api;       /* borrowed */
	struct workload *workload; /* borrowed */
	struct shown_pod *pods;    /* by serial; owned */
	int32_t count;
	uint64_t changes; /* of the workload, when it was shown last */
	bool starting;    /* some pod was not Ready then */
};

/* Creates the Deployment and its pods, as if they had been Ready for long. */
void shown_workload_init(struct shown_workload *s, struct kubeapi *api,
			 struct workload *workload);
/* Accepts NULL and zeroed. */
void shown_workload_fini(struct shown_workload *s);
/* Writes what changed since the last time: pods that came, went, started, became Ready,
 * and the Deployment's status. Cheap when nothing did. */
void shown_workload_update(struct shown_workload *s);

/* "checkout-6d4cf56db6-0001a": the name of a workload's pod. */
char *shown_pod_name(const struct workload *w, int32_t serial, char *buf, size_t size);
#define SHOWN_POD_NAME_SIZE 96
#define SHOWN_CONTAINER     "app"

#endif
