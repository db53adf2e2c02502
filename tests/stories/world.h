/* A small world around one engine: what stands in the API server, what Prometheus would
 * answer, and what happens when the engine's actions are carried out. */
#ifndef FORETOP_TESTS_STORIES_WORLD_H
#define FORETOP_TESTS_STORIES_WORLD_H

#include "engine/engine.h"

#define NS           "shop"
#define POLICIES_MAX 8
#define TARGETS_MAX  8
#define PODS_MAX     256
#define ASKED_MAX    512
#define ANSWERS_MAX  16
#define ROWS_MAX     256

/* A policy object and its status object. */
struct story_policy {
	char name[64];
	char *text; /* NULL: a free place */
	int64_t created_ms;
	char *stored;  /* the status object's JSON as it was last written; or NULL */
	char *sending; /* that of a SAVE under way */
	struct status_condition said[PC_COUNT];
	enum lead_source said_lead;
	int32_t said_window[POLICY_METRICS_MAX];
};

struct story_target {
	char name[64]; /* "": a free place */
	bool exists;
	int32_t replicas, status_replicas, unavailable;
	bool rolling;
	char version[32], uid[32];
};

struct story_autoscaler {
	char name[64], target[64]; /* "": a free place */
	bool exists, marked, scaled_object;
	int32_t min, max, original;
	int64_t expires_ms;
	int32_t version;
};

struct story_pod {
	char name[64], target[64]; /* "": a free place */
	enum pod_phase phase;
	enum pod_ready ready;
	int64_t created_ms, ready_since_ms;
	int64_t cpu_m; /* request; < 0: none */
};

/* A query that nobody has answered yet. */
struct story_query {
	struct query_ref ref;
	char policy[64], metric[64];
	int64_t start_ms, end_ms, step_ms;
	bool open;
};

/* What is said of a metric: once, or to every query from now on. */
struct story_answer {
	char metric[64]; /* "": a free place */
	enum {
		SAY_ROWS,
		SAY_EACH,
		SAY_NONE,
		SAY_FAILURE,
		SAY_DAILY,
		SAY_SHIFT,
		SAY_JOB,
		SAY_USAGE
	} kind;
	char why[160];
	struct {
		char pod[64]; /* "": a total */
		double value;
	} rows[ROWS_MAX];
	int32_t row_count;
	double each;             /* SAY_EACH: the same of every Ready pod */
	int64_t at_ms;           /* of the samples, relative to now */
	double base, peak;       /* SAY_DAILY, SAY_SHIFT, SAY_JOB */
	const struct zone *zone; /* whose day it is; NULL: UTC */
	/* SAY_USAGE: of every Ready pod `base`, and `per` for each unit of the load of
	 * the metric `of` that it serves. */
	double per;
	char of[64];
	double noise; /* up to this share more or less in each minute */
};

struct world {
	struct engine *engine;
	struct engine_config config;
	int64_t now_ms, day_ms;
	struct story_policy policies[POLICIES_MAX];
	struct story_target targets[TARGETS_MAX];
	struct story_autoscaler autoscalers[TARGETS_MAX];
	struct story_pod pods[PODS_MAX];
	struct story_query asked[ASKED_MAX];
	int32_t asked_next;
	struct story_answer always[ANSWERS_MAX], history[ANSWERS_MAX];
	bool always_saved, always_scaled, always_floored, always_pods, quiet_status;
	/* the floor under way */
	struct write_ref floor;
	char floor_name[64];
	int32_t floor_to, floor_original;
	int64_t floor_expires_ms;
	bool floor_open;
	/* the write under way */
	struct write_ref write;
	char write_policy[64], write_target[64];
	int32_t write_to, pods_made;
	int64_t write_ms;
	bool write_open, write_saves;
	/* what happened, as lines of the story */
	struct str *out;
	int64_t line_ms; /* time of the line: other times are told */
	char *problem;   /* why the story cannot go on; or NULL */
};

void world_init(struct world *w, struct str *out);
void world_fini(struct world *w);
/* Starts the engine when it is needed first. */
void world_start(struct world *w);
/* Notes the first problem of the story itself. */
void world_problem(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Gives one event at the present time, does what comes of it and writes it down. */
void world_step(struct world *w, struct event *event);
/* Gives the standing answers to what is open. */
void world_settle(struct world *w);
/* Lets time pass until `to_ms`, with a tick whenever the engine needs one. */
void world_wait(struct world *w, int64_t to_ms);

struct story_policy *world_policy(struct world *w, const char *name, bool create);
struct story_target *world_target(struct world *w, const char *name, bool create);
struct story_pod *world_pod(struct world *w, const char *target, const char *name,
			    bool create);
void world_give_policy(struct world *w, struct story_policy *p);
void world_give_target(struct world *w, const struct story_target *t, bool fresh);
/* One by its target. */
struct story_autoscaler *world_autoscaler(struct world *w, const char *target,
					  bool create);
void world_give_autoscaler(struct world *w, const struct story_autoscaler *a);
void world_give_pod(struct world *w, const struct story_pod *p);
/* A whole list of the target's pods. */
void world_give_pods(struct world *w, const char *target);
/* The process is killed and starts anew. */
void world_restart(struct world *w);

/* The newest query of the metric that is open; with `late` the oldest. "POLICY/METRIC" or
 * "METRIC". */
struct story_query *world_query(struct world *w, const char *metric, bool late);
void world_answer(struct world *w, struct story_query *q, const struct story_answer *a);
struct story_answer *world_saying(struct story_answer *list, const char *metric,
				  bool create);

/* Answers of the API server. */
void world_scaled(struct world *w, const char *version);
void world_floored(struct world *w, enum event_type type, const char *why);
void world_written(struct world *w, enum event_type type, const char *why);

/* zones.c: a zone by its name. */
const struct zone *world_zone(struct world *w, const char *name);
/* Tells the engine when the policy's schedules open, for the next eight days. */
void world_give_schedule(struct world *w, const struct policy_status *s);

/* tell.c: actions as lines */
/* What a query is called: its metric, or its guard. */
const char *query_name(const struct action *a);
void tell_action(struct world *w, const struct action *a);
void tell_conditions(struct world *w);
/* Windows that are forecast, and the lead times behind them. */
void tell_windows(struct world *w);
void tell(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* facts.c: one line of a story, without its time. body: the indented block below it. */
void fact(struct world *w, char *text, const char *body);
/* "set ..." lines at the top. */
void fact_setting(struct world *w, char *text);

#endif
