/* One policy inside the engine: all its memory, allocated when it is prepared. Private to
 * engine. */
#ifndef FORETOP_ENGINE_SLOT_H
#define FORETOP_ENGINE_SLOT_H

#include "engine/engine.h"
#include "engine/feed.h"
#include "engine/places.h"

#define EVENT_NOTE_SIZE 600
/* A pod may report several containers. */
#define VALUES_PER_POD 8
/* How much longer the window is that releases look at. */
#define RELEASE_MIN 2
struct metric_slot {
	struct metric_values values; /* of the newest answer; points into the fields below
				      */
	struct pod_value *pod_values; /* pods_room of the policy */
	bool answered;                /* in this cycle */
	char unknown[160];
	int64_t lost_ms; /* unknown in every cycle since then; 0: known */
	/* Of a lost metric: from the newest minute on that ended; NULL: the policy does
	 * not follow it then. */
	struct forecast *ahead;
	struct feed feed;
};

/* Where a write stands. One at a time, each step waits for its answer. */
enum write_state {
	WRITE_IDLE,
	WRITE_SAVING, /* the record goes first when replicas go down */
	WRITE_SCALING,
	WRITE_READING, /* after a conflict, or when no answer came */
};

struct write {
	enum write_state state;
	int64_t since_ms; /* of this state */
	struct write_ref ref;
	int32_t from, to;
	int32_t tries; /* conflicts in a row since the cycle's own decision */
	bool released; /* decision.released of the decision behind it */
	bool doubt;   /* it failed or was given up, and may have gone through all the same
		       */
	bool failing; /* the last one failed: said once */
	bool noted;   /* the memory knows of it already, see write_note */
	struct write_note *note; /* in the engine's pool; NULL: no write is under way */
};

/* What only a write under way needs. */
struct write_note {
	/* A scale-down stands in the saved memory before it is written: the memory
	 * without it. */
	struct decide_memory before;
	char reason[512];
};

struct target_state {
	uint64_t key; /* hash of namespace, kind, name */
	bool seen, missing;
	bool rolling; /* pods of more than one revision exist */
	int32_t replicas, status_replicas;
	int32_t unavailable;      /* replicas that are not available */
	char selector_error[128]; /* "": the selector is good */
	char why[256];            /* missing: it cannot be read; "": it is not there */
	char resource_version[32], uid[64];
};

/* What else scales the target. */
struct autoscaler_state {
	enum {
		AUTOSCALER_UNASKED, /* nobody looks */
		AUTOSCALER_AWAITED,
		AUTOSCALER_UNKNOWN, /* `problem` */
		AUTOSCALER_NONE,
		AUTOSCALER_PRESENT,
	} standing;
	bool scaled_object;
	char name[254], uid[64], resource_version[32];
	union {
		char owner[160];   /* AUTOSCALER_PRESENT */
		char problem[200]; /* AUTOSCALER_UNKNOWN */
	};
	int32_t min, max, original;
	bool marked;
	int64_t expires_ms;
};

/* Mode Floor. */
struct floor {
	int32_t base;     /* size that the newest decision began with; 0: none yet */
	int32_t wanted;   /* the minimum that it asks for; 0: none yet */
	int32_t from, to; /* of the write under way, or of the one that met a conflict */
	int32_t tries;    /* conflicts in a row since the cycle's own decision */
	int64_t since_ms; /* a write is under way since then; 0: none is */
	bool again;       /* the write met a conflict: once more with a newer version */
	bool failing;     /* the last one failed: said once */
	struct write_ref ref;
	char version[32]; /* sent as precondition */
	char reason[512]; /* lives on with the action */
};

/* The newest answer to a guard's query. */
struct guard_slot {
	bool answered; /* in this cycle */
	double value;  /* NaN: unknown */
	char unknown[96];
};

#define SCHEDULE_TEXT_SIZE 224
/* The policy's bounds with those of the schedules that are open. */
struct schedule_bounds {
	int32_t min, max;
	/* The schedule that each comes from, for people; "": the policy. */
	char min_text[SCHEDULE_TEXT_SIZE], max_text[SCHEDULE_TEXT_SIZE];
	bool conflict; /* the floor was above the ceiling */
};

/* Since when a policy wants much less, and of which source. */
#define SHRINK_BEFORE (-1) /* since before this process looked */
struct shrink {
	uint64_t source;  /* hash of its name; 0: the policy takes no part */
	int64_t since_ms; /* 0: it does not */
};

/* One source's breaker. */
#define BREAKERS_MAX 32
struct breaker {
	uint64_t source; /* 0: a free place */
	int64_t tripped_ms, until_ms;
	int32_t together, all; /* policies that wanted much less, of so many */
};

/* What was said last, to tell news from repetition. */
struct news {
	int32_t current, desired, unknown_count;
	int32_t hold, stabilization, limit, by_forecast, paused;
};

/* As many at a time as there are writes. What was never used costs nothing. */
struct write_pool {
	struct write_note *items;
	int32_t *spare; /* given back: the newest goes out first */
	int32_t spare_count, used;
};

/* What each cycle looks at stands together at the front, what is large or seldom asked
 * for behind it: of ten thousand policies none is in the processor's cache any more when
 * its turn comes again. */
struct prepared {
	uint32_t index;          /* its place in the engine */
	struct write_pool *pool; /* the engine's, from its place on */
	char *ns, *name;
	struct policy *policy;   /* NULL: never valid */
	char *invalid;           /* why the newest text was refused; NULL: it was not */
	bool conflict;           /* an older policy has the target */
	bool held;               /* it was in force for its target until now */
	bool rested;             /* nothing was decided in the newest cycle, on purpose */
	struct floor *floor;     /* mode Floor; else NULL */
	int64_t paused_until_ms; /* by EVENT_PAUSE; 0: it is not */
	/* cycle */
	int64_t next_cycle_ms, deadline_ms;
	int64_t asked_ms; /* when the values at hand were asked for */
	uint64_t cycle;   /* 0: none is open */
	int32_t waiting;
	int32_t metric_count;        /* of the policy */
	struct metric_slot *metrics; /* so many, as in `status` */
	struct guard_slot *guards;
	struct schedule_interval *intervals; /* SCHEDULE_INTERVALS_MAX; NULL: the policy
						has no schedules */
	int32_t interval_count;
	int64_t schedule_until_ms; /* 0: not told yet */
	bool schedule_conflict;    /* said */
	int32_t backfills; /* of its queries for days of history, as counted in the engine
			    */
	struct write write;
	/* what is published */
	int64_t status_sent_ms;
	int32_t saved_wanted; /* recommendation that the sent record ends with, inside of
				 what matters */
	bool changed;  /* a condition or number that the status object has not seen yet */
	bool reworded; /* a message that the status object has not seen yet */
	const char *held_by; /* of the newest decision; NULL: it was not held */
	struct news news;
	struct shadow *shadow; /* NULL: no metric is forecast; owned */
	struct gate gate;
	/* pods */
	struct pod *pods;
	uint8_t *pod_marks;          /* POD_GIVEN, POD_WAS_READY; beside pods */
	struct pod_index *pod_index; /* of pods, by name; owned */
	int32_t pod_count;
	int32_t pods_room; /* there is memory for so many, grown by engine_make_room */
	int32_t pods_max;  /* at most */
	uint64_t *lost;    /* pods_max keys of pods that had no room; NULL while there may
			      be more room */
	int32_t lost_count;
	bool lost_more; /* more than fit into `lost`; until the next list */
	bool pods_synced, resetting;
	/* lead.newest_ms and newest_count of the record this process began with */
	int64_t lead_before_ms;
	int32_t lead_before_count;
	bool lead_unknown; /* no lead time was known when the list began */
	struct target_state target;
	struct decision decision;
	struct policy_status status;
	struct state_record record; /* decide's memory and lead times live in it */
	struct autoscaler_state autoscaler;
};

enum { POD_GIVEN = 1, POD_WAS_READY = 2 };

/* How long the first values after a gap are watched: rates and averages are right again
 * when their ranges are full of new samples; the HPA's own window. */
#define GAP_HOLD_MS (5 * MS_PER_MIN)
/* How long a breaker holds: twice the HPA's stabilization window, enough to look, not
 * enough to cost a fortune. */
#define BREAKER_HOLD_MS (10 * MS_PER_MIN)
#define ACTIONS_MAX     256
/* A tick takes up no more policies than there is room for; the rest follow at the next
 * step, at once. */
#define ACTIONS_ROOM (4 * POLICY_METRICS_MAX + POLICY_GUARDS_MAX)
/* Range queries for days of history under way at a time, over all policies: a start must
 * not flood Prometheus. */
#define BACKFILLS_MAX 4
/* Answers that are being learned, beside those. */
#define CHUNKS (3 * BACKFILLS_MAX)
/* A write without an answer is given up after this, and the target is read again. */
#define WRITE_ANSWER_MS (60 * MS_PER_S)

struct engine {
	struct engine_config config;
	struct write_pool pool;
	struct prepared **slots;           /* NULL: a place that is free again */
	int32_t count;                     /* places in use or free, from the start */
	int32_t free_from;                 /* no place before it is free */
	struct place_index names, targets; /* of slots; targets: of valid policies */
	struct due_tree due;               /* next tick of each */
	uint8_t *work;                     /* of each: EVENT_WORK has something to do */
	int32_t working;
	uint8_t *waits; /* of each: its turn to read days of history has not come */
	int32_t waiting, wait_at;
	struct shrink *shrinks;
	struct breaker breakers[BREAKERS_MAX];
	uint64_t breaker_trips;
	uint64_t decided[CAUSE_COUNT]; /* by policies of all time */
	int64_t downs_period;          /* number of the sync period in which */
	int32_t downs;                 /* so many were lowered */
	int32_t work_at;
	int64_t now_ms;           /* of the newest event */
	uint64_t numbers;         /* cycles, queries and writes, never reused */
	uint64_t serials;         /* of policies and their versions, likewise */
	int32_t backfills;        /* queries for days of history under way */
	struct chunk *chunks;     /* CHUNKS */
	struct heard *heard;      /* of whoever works, see struct feed */
	struct prepared *refused; /* had no place; kept for the actions that speak of it
				   */
	struct action *items;
	char (*notes)[EVENT_NOTE_SIZE]; /* of an Event, beside items */
	struct actions actions;
	struct pod_value *values; /* of an answer, while it is read */
	int32_t values_max;
	void *scratch;          /* of a forecaster's size */
	struct hpa_words words; /* of whoever decides or writes */
};

/* engine.c */
/* Appends an action; the room was checked before. */
struct action *emit(struct engine *e, struct prepared *s, enum action_type type);
bool has_room(const struct engine *e);
/* In force: valid, not in conflict. */
bool slot_active(const struct prepared *s);
/* Puts a policy in its place, or NULL to free it; what was there is the caller's. */
void slot_put(struct engine *e, int32_t i, struct prepared *s);
/* The policy of this name, or NULL. */
struct prepared *slot_named(const struct engine *e, const char *ns, const char *name);
/* The policies with the target of `of`, by place: the first one, the next one behind
 * `after`, NULL: no more. */
struct prepared *slot_with_target(const struct engine *e, const struct prepared *of,
				  const struct prepared *after);
/* Brings up to date when a place is due, what works in it and waits; of all places. */
void slot_refresh(struct engine *e, int32_t i);
void slots_refresh(struct engine *e);

/* policies.c */
/* Why it was refused, for people; "" when nobody said. */
const char *refused_why(const struct prepared *s);
void policies_set(struct engine *e, const struct event *event);
void policies_gone(struct engine *e, const struct event *event);

/* inherit.c */
/* Hands what `from` knows of their common target over to `to`: memory, learned forecasts,
 * pods seen before. Both remain valid. */
void inherit(struct prepared *to, struct prepared *from);

/* target.c */
uint64_t target_key(const char *ns, const char *kind, const char *name);
bool same_target(const struct prepared *a, const struct prepared *b);
bool version_older(const char *a, const char *b);
void target_event(struct engine *e, const struct event *event);

/* cycle.c */
void cycle_tick(struct engine *e, struct prepared *s, int64_t now_ms);
/* A metric was answered, one way or the other: decides when it was the last. */
void cycle_answered(struct engine *e, struct prepared *s, int64_t now_ms);
void cycle_decide(struct engine *e, struct prepared *s, int64_t now_ms);
/* A new target or policy does not wait for its place on the grid. */
void cycle_soon(struct prepared *s, int64_t now_ms);

/* values.c: answers to QUERY_CURRENT */
/* It has a value for each pod, not one in all. */
bool values_per_pod(const struct policy_metric *m);
void values_unknown(struct prepared *s, int32_t m, const char *why);
void values_take(struct engine *e, struct prepared *s, const struct event *event);
void values_failed(struct engine *e, struct prepared *s, const struct event *event);
/* Why a row is no value, for people, or NULL; may use buf. */
const char *value_problem(const struct value_row *row, int64_t now_ms, char *buf,
			  size_t size);

/* explain.c */
/* winner, proposals and clamps of a decision of this policy, into an object. */
void explain_decision(cJSON *o, const struct policy *policy, const struct decision *d);

/* holds.c */
/* Every reason to hold that is known before the decision, the most telling first. */
void holds_collect(struct engine *e, struct prepared *s, int64_t now_ms,
		   struct hold_reasons *ret_holds);
/* The condition Held, and Events, after the decision. */
void holds_tell(struct engine *e, struct prepared *s, const struct hold_reasons *holds,
		int64_t now_ms);
/* A rollout is respected right now. */
bool holds_rollout(const struct prepared *s);
/* "08:02:11Z". Returns buf. */
char *clock_text(int64_t ms, char buf[16]);

/* guard.c */
/* Asks for every guard, as part of the cycle that has begun. */
void guards_ask(struct engine *e, struct prepared *s);
void guards_answer(struct engine *e, struct prepared *s, const struct event *event,
		   const struct query_ref *q);
/* At the end of a cycle; late: why those have no value that did not answer. */
void guards_judge(struct prepared *s, const char *late, int64_t now_ms);
void guards_hold(struct prepared *s, int64_t now_ms, struct hold_reasons *holds);
/* Events of guards that changed. */
void guards_tell(struct engine *e, struct prepared *s, int64_t now_ms);

/* schedule.c */
void schedule_take(struct engine *e, const struct event *event);
/* The same text opens at the same times. */
void schedule_inherit(struct prepared *to, const struct prepared *from);
/* The bounds in force. holds: those that a schedule yields to. */
void schedule_bounds(const struct engine *e, const struct prepared *s,
		     const struct hold_reasons *holds, int64_t now_ms,
		     struct schedule_bounds *ret);
/* Nothing is lowered while it is not known when schedules open. */
void schedule_hold(const struct prepared *s, int64_t now_ms, struct hold_reasons *holds);
void schedule_tell(struct engine *e, struct prepared *s, const struct schedule_bounds *b);
/* Did a floor end in (since_ms, now_ms]? */
bool schedule_closed_since(const struct prepared *s, int64_t since_ms, int64_t now_ms);

/* manual.c */
/* The target was seen, before the slot takes it over. */
void manual_see(struct engine *e, struct prepared *s, const struct target_info *info,
		int64_t now_ms);
/* We are about to write `replicas`; we have. */
void manual_mean(struct prepared *s, int32_t replicas);
void manual_wrote(struct prepared *s, int32_t replicas);
void manual_hold(const struct engine *e, const struct prepared *s, int64_t now_ms,
		 struct hold_reasons *holds);

/* breaker.c */
/* Notes what the newest decision wants, within `bounds`. */
void breaker_note(struct engine *e, struct prepared *s, const struct policy *bounds,
		  int64_t now_ms);
/* Adds a reason when the newest decision would lower and must not. */
void breaker_check(struct engine *e, struct prepared *s, int64_t now_ms,
		   struct hold_reasons *holds);
/* The hold of a breaker that tripped before. */
void breaker_hold(const struct engine *e, const struct prepared *s, int64_t now_ms,
		  struct hold_reasons *holds);
/* The policy at this place goes, or loses its force. */
void breaker_forget(struct engine *e, int32_t place);
void breaker_clock_back(struct engine *e, int64_t now_ms);

/* autoscaler.c: what else scales the target */
/* "HorizontalPodAutoscaler" with "minReplicas", or "ScaledObject" with "minReplicaCount".
 */
const char *autoscaler_kind(const struct autoscaler_state *a);
const char *autoscaler_minimum(const struct autoscaler_state *a);
void autoscaler_event(struct engine *e, struct prepared *s, const struct event *event);
/* Why the policy may not act on its target now, for people and as a condition's reason;
 * false: it may. */
bool autoscaler_obstacle(const struct prepared *s, const char **ret_reason, char *buf,
			 size_t size);

/* floor.c: mode Floor */
/* The size that a decision begins with: an HPA goes to a raised minimum by itself. */
int32_t floor_base(const struct prepared *s);
/* Notes how the target was scaled since the last decision, by whom ever. */
void floor_note(struct engine *e, struct prepared *s, int64_t now_ms);
/* Narrows the bounds to what the HPA allows. */
void floor_bounds(const struct prepared *s, struct schedule_bounds *b);
/* Begins the write that the newest decision asks for, if any. `asked`: the least that
 * schedules ask for, forecast or not; 0: they do not. */
void floor_move(struct engine *e, struct prepared *s, const struct hold_reasons *holds,
		int32_t asked, int64_t now_ms);
/* Gives the minimum back while nothing is decided; why: for people. */
void floor_withdraw(struct engine *e, struct prepared *s, const char *why,
		    int64_t now_ms);
/* What the status says of it. */
void floor_publish(struct prepared *s);
/* The HPA was seen anew. */
void floor_seen(struct engine *e, struct prepared *s, int64_t now_ms);
void floor_answer(struct engine *e, struct prepared *s, const struct event *event);

/* rest.c: when nothing is decided on purpose */
/* Is it paused by anyone, or stopped by an autoscaler? Text of why, with "" no. */
bool rest_why(const struct prepared *s, int64_t now_ms, char *buf, size_t size);
void rest_take(struct engine *e, const struct event *event);
/* The condition Paused: its reason, with its message in buf; NULL: not paused. */
const char *rest_paused(const struct prepared *s, int64_t now_ms, char *buf, size_t size);
/* True when nothing is to be decided now; then that is said. */
bool rest_now(struct engine *e, struct prepared *s, int64_t now_ms);

/* history.c */
/* Minute of the day of a metric's fits: spread by the series and not by who asks for it,
 * so that policies that forecast the same series say the same. Built-in queries are the
 * target's own. */
int32_t history_refit_minute(const struct prepared *s, int32_t m);
void history_ask(struct engine *e, struct prepared *s, int64_t now_ms);
void history_take(struct prepared *s, const struct event *event);
void history_failed(struct prepared *s, const struct event *event);
/* When history_ask has something to do next; INT64_MAX: not before an answer.
 * ret_waits: it has now, once others have read theirs. */
int64_t history_due_ms(const struct engine *e, const struct prepared *s, bool *ret_waits);
bool history_has_work(const struct prepared *s);
void history_work(struct engine *e, struct prepared *s, int64_t now_ms);
/* A forecast that is still read from history may be about to ask for more: nothing is
 * lowered meanwhile. */
bool history_loading(const struct prepared *s, int64_t now_ms);
/* How many of its queries for days of history are under way. */
int32_t history_backfills(const struct prepared *s);
/* Another day of history may be asked for now. */
bool history_may_backfill(const struct engine *e);
/* Gives back the chunks that nothing stands in any more. */
void history_give_back(struct prepared *s);
/* Young enough to be acted on. */
bool forecast_is_fresh(const struct forecast *f, int64_t now_ms);
/* The clock went back to now_ms: what was learned of the time after it is dropped. */
void history_clock_back(const struct engine *e, struct prepared *s, int64_t now_ms);
/* Who makes its forecasts. */
const struct forecast_maker *history_maker(const struct engine *e);

/* loss.c */
/* Notes which metrics of this cycle are unknown, and since when. */
void loss_note(struct prepared *s, int64_t now_ms);
/* The forecast of this metric, whose value is unknown, may raise. */
bool loss_follows(const struct prepared *s, int32_t m, int64_t now_ms);
/* The forecast to act on: the newest, or, once that is too old for a metric that is lost
 * and followed, what follows from it. At most once a minute it is worked out anew. */
const struct forecast *loss_forecast(struct engine *e, struct prepared *s, int32_t m,
				     int64_t now_ms);

/* derived.c: metrics whose need follows from the forecast of another one */
/* Has the policy any? Once its metrics are prepared. */
bool derived_any(const struct prepared *s);
/* Learns from the values of the cycle that has ended. */
void derived_note(struct prepared *s, int64_t now_ms);
/* Adds the proposals of those that are known well enough. */
void derived_propose(struct prepared *s, int64_t now_ms, struct forecast_proposal *all);
void derived_to_json(cJSON *o, const struct state_record *r);
void derived_from_json(const cJSON *list, struct state_record *r);

/* gate.c */
/* What a forecaster says, for the shadow; alone: it is the policy's only one. */
struct heard *heard_new(bool alone);
/* Before a forecaster works: what the engine's own holds is another one's. */
void gate_listen(const struct engine *e);
/* forecast_config.heed, with a struct heard as its context. */
void heard_listen(void *context, const struct forecast_minute *said);
/* With what the policy's virtual deployments remember. */
struct shadow *gate_shadow_new(const struct policy *policy);
/* For a policy with an objective. */
struct plan *plan_new(void);
/* What a forecaster has just told, at the quantile that the objective has chosen; as it
 * is without one. */
void gate_plan(const struct prepared *s, int32_t m, struct forecast *f);
/* The share of the load that an objective is at work for; 0: none. */
double gate_objective(const struct prepared *s);
/* The quantile that is planned for. */
double gate_quantile(const struct prepared *s);
/* The forecasters begin anew, all together: so do the shadow and the gate. */
void gate_begin(struct prepared *s, int32_t window_min);
/* Lives through the minutes that all forecasters have told of. */
void gate_catch_up(const struct engine *e, struct prepared *s);
/* One sentence on the gate, with the two costs. */
void gate_tell(const struct prepared *s, char *buf, size_t size);
/* The metric's forecaster has to wait for the others, or evidence would be lost. */
bool gate_far_ahead(const struct prepared *s, int32_t m);

/* pods.c */
/* Makes room for so many pods, in [pods_room, pods_max]. Allocates. */
void pods_reserve(struct prepared *s, int32_t room);
void pods_event(struct engine *e, struct prepared *s, const struct event *event);
/* One of the target's pods, or NULL: a query may answer for a whole namespace. */
const struct pod *pods_find(const struct prepared *s, uint64_t key);
/* Pods that match the selector and had no room. */
int64_t pods_lost(const struct prepared *s);

/* lead.c */
void lead_note(struct lead_samples *l, int64_t created_ms, int64_t ready_ms);
/* A pod is gone that was there for age_ms and never became Ready. */
void lead_note_never(struct lead_samples *l, int64_t age_ms);
/* Lead time in force and where it comes from. */
int64_t lead_time_ms(const struct prepared *s, enum lead_source *ret_source);
/* Brings the status up to date after a new sample or policy. */
void lead_publish(struct prepared *s);
/* From the end of a minute until the pods are Ready that its value called for. */
int64_t lead_delay_ms(const struct engine_config *c, int64_t lead_ms);
/* The rung of the window ladder, in minutes, for the lead time; `before` is the rung in
 * use (0: none), kept while it is not clearly too long. */
int32_t lead_window_min(const struct engine_config *c, int64_t lead_ms, int32_t before);

/* record_holds.c */
/* What holds a size, to and from the record's JSON. */
void record_add_holds(cJSON *o, const struct state_record *r);
void record_read_holds(const cJSON *o, struct state_record *r);
/* Nothing in it may lie in the future, or hold longer than from now on. */
void record_bound_holds(struct state_record *r, int64_t now_ms);

/* record.c */
/* Takes over a record of unknown quality. The time since its newest recommendation, when
 * nobody recommended anything, counts as one more of the same. */
void record_resume(struct state_record *r, int64_t now_ms);
/* The pending write did not come to the target: its change is forgotten. */
void record_take_back(struct state_record *r);
/* It did, and then: at_ms counts instead of when it was decided. */
void record_move(struct state_record *r, int64_t at_ms);

/* write.c */
/* May the policy write at all? */
bool write_allowed(const struct engine *e, const struct prepared *s);
/* Begins the write that the newest decision asks for, if it may; true when one began. */
bool write_begin(struct engine *e, struct prepared *s, int64_t now_ms);
void write_answer(struct engine *e, struct prepared *s, const struct event *event);
/* The target was seen: settles whether a write in doubt went through. */
void write_target_seen(struct engine *e, struct prepared *s,
		       const struct target_info *info, int64_t now_ms);
/* The target is seen for the first time, and before manual_see: if it is larger than the
 * record knows, by a write of ours, a process was killed before it could record that. It
 * is remembered then, as if its answer had come. */
void write_unrecorded(struct engine *e, struct prepared *s,
		      const struct target_info *info, int64_t now_ms);
/* The target is known anew while it was being read. */
void write_target_read(struct engine *e, struct prepared *s, int64_t now_ms);
void write_read_failed(struct prepared *s);
/* Gives up what has waited too long for its answer. */
void write_tick(struct engine *e, struct prepared *s, int64_t now_ms);
/* Forgets a write; with `keep_sent` one that is on its way to the server is still
 * answered. */
void write_drop(struct prepared *s, bool keep_sent);
/* What was noted of a write stands, and it is not under way any more. */
void write_keep_note(struct prepared *s);

/* publish.c: conditions, Events and the status object */
void emit_event(struct engine *e, struct prepared *s, bool warning, const char *reason,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* What was decided: numbers, reason, conditions, and a line when it is news. */
void publish_decision(struct engine *e, struct prepared *s, int64_t now_ms);
/* Nothing is decided: s->decision says what is held and why. */
void publish_hold(struct engine *e, struct prepared *s, const char *why, int64_t now_ms);
/* The condition Held; reason is a constant. */
void publish_held(struct prepared *s, bool held, const char *reason, const char *text,
		  int64_t now_ms);
/* What became of a write. */
void publish_written(struct engine *e, struct prepared *s, int64_t now_ms);
/* Ready, Conflict and Paused, from what stands in the slot. */
void publish_standing(struct engine *e, struct prepared *s, int64_t now_ms);
/* An older policy has the target. */
void publish_conflict(struct engine *e, struct prepared *s, const struct prepared *older,
		      int64_t now_ms);
/* Something else stops the policy: Conflict in mode Scale, AbleToScale in mode Floor. */
void publish_obstacle(struct engine *e, struct prepared *s, const char *reason,
		      const char *text, int64_t now_ms);
/* Writes the status object if it has not seen the newest yet, or is old. */
void publish_if_due(struct engine *e, struct prepared *s, int64_t now_ms);
void publish_status(struct engine *e, struct prepared *s, int64_t now_ms);
/* ACTION_SAVE: the status object too, with an answer. */
void publish_save(struct engine *e, struct prepared *s, int64_t now_ms);

#endif
