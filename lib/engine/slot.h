/* One policy inside the engine: all its memory, allocated when it is prepared. Private to
 * engine. */
#ifndef FORETOP_ENGINE_SLOT_H
#define FORETOP_ENGINE_SLOT_H

#include "engine/engine.h"

#define EVENT_NOTES 4 /* texts of Events that one step can hold per policy */
#define HISTORY_CHUNK_MIN                                                                \
	1440 /* a day a query: under every server's limit, a bounded answer */

struct metric_slot {
	/* this cycle */
	struct metric_values values; /* what decide reads; points into the fields below */
	struct pod_value *pod_values;
	int32_t pod_values_max;
	bool answered;
	char unknown[160];
	/* history and forecast */
	void *forecaster_memory; /* NULL: not forecast */
	struct forecaster *forecaster;
	float *pending; /* HISTORY_CHUNK_MIN minutes that the forecaster has not taken yet
			 */
	int32_t pending_count, pending_next;
	int64_t pending_ms; /* start of the first pending minute */
	int64_t cursor_ms;  /* start of the first minute that was never answered */
	int64_t asked_start_ms, asked_end_ms;
	uint64_t asked_number; /* 0: nothing is under way */
	int64_t began_ms;
	bool working;
	int64_t retry_ms;
	bool loaded; /* caught up with the present once since the (re)start */
};

/* Where a write stands. One at a time, each step waits for its answer. */
enum write_state {
	WRITE_IDLE,
	WRITE_SAVING, /* the record goes first when replicas go down */
	WRITE_SCALING,
	WRITE_READING, /* after a conflict */
};

struct target_state {
	uint64_t key; /* hash of namespace, kind, name */
	bool seen, missing;
	int32_t replicas, status_replicas;
	char resource_version[32], uid[64];
};

struct prepared {
	uint32_t index; /* its place in the engine */
	char *ns, *name;
	struct policy *policy; /* NULL: never valid */
	char invalid[256];     /* why the newest text was refused; "" */
	bool conflict;         /* an older policy has the target */
	struct target_state target;
	struct pod *pods;
	uint8_t *pod_marks; /* POD_GIVEN, POD_WAS_READY; beside pods */
	int32_t pod_count, pods_max;
	int64_t pods_lost; /* pods that had no room since the last sync */
	bool pods_synced, resetting;
	struct state_record record; /* decide's memory and lead times live in it */
	struct metric_slot metrics[POLICY_METRICS_MAX];
	int64_t prepared_ms; /* 0 until the first event */
	/* cycle */
	int64_t next_cycle_ms, deadline_ms;
	uint64_t cycle; /* 0: none is open */
	int32_t waiting;
	struct decision decision;
	bool decided;
	/* write */
	enum write_state write;
	struct write_ref write_ref;
	int32_t write_to, tries;
	char write_reason[512];
	/* what is published */
	struct policy_status status;
	int64_t status_sent_ms;
	bool changed; /* a condition or number that the status object has not seen yet */
	uint64_t last_news;
	char event_notes[EVENT_NOTES][600];
	int32_t event_next;
};

enum { POD_GIVEN = 1, POD_WAS_READY = 2 };

#define ACTIONS_MAX 256
/* A tick takes up no more policies than there is room for; the rest follow at the next
 * step, at once. */
#define ACTIONS_ROOM (4 * POLICY_METRICS_MAX)

struct engine {
	struct engine_config config;
	struct prepared **slots; /* NULL: a place that is free again */
	int32_t count;           /* places in use or free, from the start */
	uint64_t numbers;        /* cycles and writes, never reused */
	int32_t work_at;
	struct action *items;
	struct actions actions;
};

/* Appends an action; the room was checked before. */
struct action *emit(struct engine *e, struct prepared *s, enum action_type type);
bool has_room(const struct engine *e);
void emit_event(struct engine *e, struct prepared *s, bool warning, const char *reason,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* In force: valid, not in conflict. */
bool slot_active(const struct prepared *s);

/* policies.c */
void policies_set(struct engine *e, const struct event *event);
void policies_gone(struct engine *e, const struct event *event);

/* cycle.c */
void cycle_tick(struct engine *e, struct prepared *s, int64_t now_ms);
void cycle_values(struct engine *e, struct prepared *s, const struct event *event);
void cycle_failed(struct engine *e, struct prepared *s, const struct event *event);
void cycle_decide(struct engine *e, struct prepared *s, int64_t now_ms);
/* A new target or policy does not wait for its place on the grid. */
void cycle_soon(struct prepared *s, int64_t now_ms);

/* history.c */
void history_begin(struct prepared *s, int32_t m, int64_t now_ms);
void history_ask(struct engine *e, struct prepared *s, int64_t now_ms);
void history_take(struct prepared *s, const struct event *event);
void history_failed(struct prepared *s, const struct event *event);
/* When history_ask has something to ask next; INT64_MAX: not before an answer. */
int64_t history_due_ms(const struct engine *e, const struct prepared *s);
bool history_has_work(const struct prepared *s);
void history_work(struct engine *e, struct prepared *s, int64_t now_ms);
/* A forecast that is still read from history may be about to ask for more: nothing is
 * lowered meanwhile. */
bool history_loading(const struct prepared *s, int64_t now_ms);

/* pods.c */
/* Is it one of the target's pods? A query may answer for a whole namespace. */
bool pods_known(const struct prepared *s, uint64_t key);
void pods_event(struct engine *e, struct prepared *s, const struct event *event);
/* lead.c */
void lead_note(struct lead_samples *l, int64_t ms);
/* Lead time in force and where it comes from. */
int64_t lead_time_ms(const struct prepared *s, enum lead_source *ret_source);
/* The rung of the window ladder, in minutes, for the lead time; `before` is the rung in
 * use (0: none), kept while it is not clearly too long. */
int32_t lead_window_min(const struct engine_config *c, int64_t lead_ms, int32_t before);

/* write.c */
void write_begin(struct engine *e, struct prepared *s, int64_t now_ms);
void write_answer(struct engine *e, struct prepared *s, const struct event *event);
void write_target_read(struct engine *e, struct prepared *s, int64_t now_ms);

/* publish.c: conditions and the status object */
void publish_condition(struct prepared *s, enum policy_condition c, int status,
		       const char *reason, const char *message, int64_t now_ms);
void publish_decision(struct engine *e, struct prepared *s, int64_t now_ms);
void publish_standing(struct engine *e, struct prepared *s, int64_t now_ms);
void publish_status(struct engine *e, struct prepared *s, int64_t now_ms);

#endif
