/* A cluster in virtual time: the served simulation, and Foretop's own loop as one or two
 * processes that can be killed and started again. One Deployment, "shop/checkout", whose
 * demand is a plan of plateaus; 100 units a pod. */
#ifndef FORETOP_TESTS_STAGE_H
#define FORETOP_TESTS_STAGE_H

#include "faults/virtual.h"
#include "loop/loop.h"
#include "sim/sim.h"

#define STAGE_ACTORS   2
#define STAGE_PLATEAUS 24
#define STAGE_UNITS    100.0 /* a pod carries */
#define STAGE_MIN      2
#define STAGE_MAX      20
#define STAGE_SYNC_MS  (15 * MS_PER_S)

/* From this time on (of the stage) the demand is this. */
struct plateau {
	int64_t from_ms;
	double demand;
};

struct stage_config {
	uint64_t seed;
	int actors;
	int32_t shards;             /* 0: one */
	int64_t stabilization_ms;   /* of scale-downs */
	const struct plateau *plan; /* copied; the first counts for all the past too */
	int plan_count;
	const char *policy; /* what is written below the metrics; "": nothing */
	bool watch_lists;   /* the server has them */
};

struct stage;

/* A Foretop process. */
struct actor {
	struct stage *stage;
	char identity[16];
	struct clock clock;
	struct controller_config config;
	struct kube_config kube;
	struct loop *loop; /* NULL: dead */
	struct timer again;
	int64_t jump_ms; /* of its clock, in all */
	int starts;
};

struct stage {
	struct stage_config config;
	struct plateau plan[STAGE_PLATEAUS];
	struct reactor *reactor;
	struct clock clock; /* of the cluster */
	struct trace *traffic;
	struct served *served;
	struct kubeapi *kube;
	struct actor actors[STAGE_ACTORS];
	int64_t start_ms;
};

/* Everything starts; the policy is there. */
void stage_open(struct stage *s, const struct stage_config *config);
void stage_close(struct stage *s);
/* Lets time pass. */
void stage_run(struct stage *s, int64_t ms);
/* Since the stage opened. */
int64_t stage_now(const struct stage *s);

/* Like SIGKILL; a new process comes after_ms later. Of a dead one: its start moves. */
void stage_kill(struct actor *a, int64_t after_ms);
/* The clock of its machine jumps. */
void stage_jump(struct actor *a, int64_t ms);
bool stage_leads(const struct stage *s);

/* The policy's text changes: another number of units a pod, another maximum. */
void stage_put_policy(struct stage *s, double units, int32_t max);

/* What the demand is at a time of the stage, and how many pods it needs in [min, max]. */
double stage_demand(const struct stage *s, int64_t at_ms);
int32_t stage_need(const struct stage *s, int64_t at_ms);
int32_t stage_replicas(const struct stage *s);

/* The writes of replicas that went through, in their order. */
struct stage_write {
	int64_t at_ms;
	int32_t from, to;
};
/* At most max; how many there are. */
int stage_writes(const struct stage *s, struct stage_write *ret_writes, int max);

#endif
