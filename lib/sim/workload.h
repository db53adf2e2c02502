/* One simulated Deployment: pods that are paid from their creation, Ready a lead time
 * later, and serve a demand. Pure: time comes in, the same calls give the same world. */
#ifndef FORETOP_SIM_WORKLOAD_H
#define FORETOP_SIM_WORKLOAD_H

#include "sim/trace.h"

#include <stdbool.h>

#define WORKLOAD_PODS_MAX 20000

struct workload_config {
	const char *ns, *name;      /* borrowed */
	const struct trace *demand; /* borrowed */
	double capacity;            /* units per second that a Ready pod serves, > 0 */
	int64_t lead_ms;            /* creation -> Ready */
	int64_t lead_jitter_ms;     /* up to this much is added, uniform, by seed */
	/* Not NULL: creation -> Ready is one of these, each as likely, by seed; lead_ms
	 * is the longest of them then. Borrowed. */
	const int64_t *leads_ms;
	int32_t lead_count;
	int32_t replicas; /* pods at the start, Ready at once */
	/* Of a pod, idle and at full capacity; between them by utilisation. CPU never
	 * goes above full; memory_full is at least memory_idle. Cores and bytes. */
	double cpu_idle, cpu_full, cpu_request;
	double memory_idle, memory_full, memory_request;
	/* How Prometheus looks at it; 0: every 15 s, known 5 s later. */
	int64_t scrape_every_ms, scrape_delay_ms;
	uint64_t seed;
};

struct world_pod {
	int32_t serial; /* counts up within the workload, never used again */
	int64_t created_ms, ready_ms;
	double work_before; /* the workload's work_s when it became Ready */
};

/* What happened since the start or since workload_reset_outcome. */
struct outcome {
	double pod_h;          /* paid */
	double demand_units;   /* arrived */
	double unserved_units; /* above the Ready capacity */
	double short_min;      /* minutes with demand above the Ready capacity */
	double elapsed_h;
	int32_t actions;      /* changes of replicas */
	int32_t largest_step; /* pods */
};
/* unserved / demand, in [0, 1]; 0 without demand. */
double outcome_unserved_ratio(const struct outcome *o);

struct workload {
	struct workload_config config;
	int64_t now_ms;
	int32_t replicas;       /* wanted */
	struct world_pod *pods; /* oldest first; owned */
	int32_t pod_count, pod_cap;
	int32_t ready_count;
	int32_t next_serial;
	struct rng rng;
	struct outcome outcome;
	uint64_t changes; /* counts pods created, removed and become Ready */
	/* Since the start. Every Ready pod works equally hard, so one sum serves all. */
	double work_s; /* utilisation of a Ready pod, in [0, 1], times seconds */
	double cpu_s;  /* of all pods, cores times seconds */
	struct scraped {
		double work_s, cpu_s;
	} * scraped; /* at each scrape from first_scrape_ms on; owned */
	size_t scrape_count, scrape_cap;
	int64_t first_scrape_ms;
};

/* Starts at now_ms. */
void workload_init(struct workload *w, const struct workload_config *config,
		   int64_t now_ms);
/* Accepts NULL and zeroed. */
void workload_fini(struct workload *w);

/* Lets time pass up to to_ms (nothing when it is not later), with exact integrals over
 * every step of the demand and every pod that becomes Ready. */
void workload_advance(struct workload *w, int64_t to_ms);
/* Sets replicas at the present moment, in [0, WORKLOAD_PODS_MAX] (saturated). More: pods
 * are created. Fewer: those not Ready go first, then the newest, at once. Counts as an
 * action when it changes. */
void workload_scale(struct workload *w, int32_t replicas);
/* Forgets the outcome: counts from here on. */
void workload_reset_outcome(struct workload *w);

/* Pods that are Ready at the present moment. */
int32_t workload_ready(const struct workload *w);
bool world_pod_ready(const struct world_pod *p, int64_t at_ms);
/* When the next pod becomes Ready; INT64_MAX: none is starting. */
int64_t workload_next_ready_ms(const struct workload *w);
/* Demand / (Ready pods * capacity) at the present moment, uncapped; INFINITY with demand
 * and no Ready pod, 0 without both. */
double workload_utilisation(const struct workload *w);

/* Metrics as Prometheus knows them at at_ms: scraped, evaluated late. window_ms: of the
 * rate. */
/* rate() of the requests that arrive at the service, served or not. */
double workload_requests_rate(const struct workload *w, int64_t window_ms, int64_t at_ms);
/* The first and the last scrape that a rate of at_ms sees. */
struct cpu_window {
	int64_t first_ms, last_ms;
	bool known; /* there are two */
};
struct cpu_window workload_cpu_window(const struct workload *w, int64_t window_ms,
				      int64_t at_ms);
/* rate() of one pod's CPU, cores; NaN without two scrapes of it in the window. */
double workload_pod_cpu(const struct workload *w, const struct world_pod *p,
			const struct cpu_window *window);
/* rate() of the CPU of all pods, cores. Before the start: what serving the demand would
 * have taken, the pods' idle share left out. */
double workload_cpu_rate(const struct workload *w, int64_t window_ms, int64_t at_ms);
/* When the newest scrape that is known at at_ms was taken. */
int64_t workload_scraped_ms(const struct workload *w, int64_t at_ms);
/* Memory of one pod at the present moment, bytes. */
double workload_pod_memory(const struct workload *w, const struct world_pod *p);

#endif
