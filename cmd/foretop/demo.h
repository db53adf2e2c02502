/* Private to `foretop demo`: its parts and what they share. */
#ifndef FORETOP_DEMO_H
#define FORETOP_DEMO_H

#include "chart.h"

#include "loop/loop.h"
#include "sim/sim.h"

#define DAY_MS   (24 * MS_PER_H)
#define CAPACITY 100.0 /* requests per second that a pod serves */
#define RECENT   6     /* newest writes that stand below the chart */

/* The Deployments that get the same load. */
enum { FORETOP, HPA_70, HPA_90, WORKLOADS };

enum scenario { SCENARIO_MORNING, SCENARIO_SPIKE, SCENARIO_OUTAGE, SCENARIO_DEPLOY };

struct demo {
	double seconds; /* real time for the day */
	double speed;   /* as it was asked for; 0: by seconds */
	uint64_t seed;
	enum scenario scenario;
	bool plain, utf8;
	const char *page;   /* where to listen; NULL: no page */
	const char *listen; /* of /metrics; NULL: no face */
	int verbosity;
	struct reactor *reactor;
	struct clock clock;
	struct trace *demand;
	struct served *served;
	struct controller_config config;
	struct loop *loop;
	struct chart chart;
	struct timer draw, finish, begin, end;
	struct fd_watch signals;
	int64_t start_ms; /* of the day that is shown and counted */
	bool counting;
	char recent[RECENT][256];
	int recent_count;
	bool drawn;
	int ca_fd;
};

/* --- demo_world.c --- */
/* 0, or -1: allowed are the names that scenario_names gives, separated by commas. */
int scenario_parse(const char *text, enum scenario *ret);
const char *scenario_names(void);
/* What happens on this day, a line or two for people. */
const char *scenario_story(enum scenario s);
/* What the table shows, in a sentence. */
const char *scenario_moral(enum scenario s);
/* Servers, workloads and policies; what the scenario does to them comes by timers. */
int demo_world_start(struct demo *d, struct err *err);
void demo_world_stop(struct demo *d);
const char *demo_case_name(int i);
struct workload *demo_workload(const struct demo *d, int i);

/* --- demo_show.c --- */
void demo_draw(void *arg); /* the chart, again and again */
/* After each step of the world. */
void demo_stepped(void *arg);
/* Sees what the controller does. */
void demo_observe(void *arg, const struct action *a, int64_t now_ms);
/* The end: the table, and what to do next. */
void demo_conclude(struct demo *d);

#endif
