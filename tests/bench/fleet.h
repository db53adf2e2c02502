/* What the benchmark of many policies runs against, and the process under test. */
#ifndef FORETOP_TESTS_BENCH_FLEET_H
#define FORETOP_TESTS_BENCH_FLEET_H

#include "prom/prom.h"
#include "sim/cluster.h"
#include "sim/sim.h"

#include <sys/types.h>

#define FLEET_CYCLE_MS      15000
#define FLEET_PER_NAMESPACE 50

/* BUILT_IN: all on CPU; OWN: each with a query of its own; FORECAST: that too, and
 * forecasts on. */
enum fleet_query { FLEET_BUILT_IN, FLEET_OWN, FLEET_FORECAST };

struct fleet_config {
	int count; /* of policies */
	enum fleet_query query;
	int pods;        /* of each */
	int days;        /* of history, with forecasts */
	int churn_per_s; /* changes of pods */
	int cycles;      /* that are measured */
};

/* One workload whose demand is raised, once. */
struct fleet_raise {
	int64_t answered_ms; /* a query was told of it, monotonic; 0: not yet */
	int64_t written_ms;  /* its replicas were written; 0: not yet */
	bool raised;
};

struct fleet {
	struct fleet_config config;
	struct reactor *reactor;
	struct clock clock;
	struct kubeapi *kube;
	struct promapi *prom;
	struct trace *demand;
	struct workload *workloads;
	struct shown_workload *shown;
	struct fleet_row {
		struct fleet *fleet;
		struct fleet_raise raise;
		char *name;
	} * rows; /* one for each policy */
	char **namespaces;
	char wanted[65536]; /* namespaces of the query under way, "a|b" */
	uint64_t ranges;    /* range queries so far */
	uint64_t changes;   /* of pods */
	int64_t churn_began_ms;
	char folder[64];
	pid_t pid;
	struct timer slice, churn;
};

_Noreturn void fleet_die(const char *what);

/* fleet_world.c: the served cluster and its Prometheus. The caller frees it. */
struct fleet *fleet_new(const struct fleet_config *config);
void fleet_free(struct fleet *f);
/* From now on the demand of `count` workloads, spread over all, is half as much again. */
void fleet_raise(struct fleet *f, int count);
/* Pods change from now on, config.churn_per_s of them. */
void fleet_churn(struct fleet *f);

/* fleet_process.c: foretop itself, from the folder beside the benchmarks. */
void fleet_start(struct fleet *f);
void fleet_stop(struct fleet *f);
/* Serves for so long. When the process ends meanwhile it tells how, shows the end of its
 * log and exits. */
void fleet_serve(struct fleet *f, int64_t ms);
/* User and system time so far, ms; a field of /proc/PID/status, MiB; lines of the log
 * that hold `part`. */
double fleet_cpu_ms(struct fleet *f);
double fleet_memory_mib(struct fleet *f, const char *field);
int fleet_logged(const struct fleet *f, const char *part);

#endif
