/* The parts of the loop, private to it. */
#ifndef FORETOP_LOOP_INSIDE_H
#define FORETOP_LOOP_INSIDE_H

#include "loop/loop.h"

/* --- sources.c: named Prometheus servers --- */
struct sources;
struct sources *sources_new(struct loop *l, const struct controller_config *c,
			    struct err *err);
void sources_free(struct sources *s);
/* NULL with *err = ERR_INVALID when there is none of this name, or the namespace may not
 * use it. */
struct prom_source *sources_find(const struct sources *s, const char *name,
				 const char *ns, struct err *err);

/* --- book.c: the policy objects, and the status object of each --- */
struct book;
struct book *book_new(struct loop *l);
void book_free(struct book *b);
/* Begins to watch; objects are kept as texts until book_feed. */
int book_watch(struct book *b, struct err *err);
bool book_synced(const struct book *b);
/* Why the policies could not be listed when it was tried last; NULL: they could, or
 * the first attempt is under way. Borrowed until the next event. */
const char *book_trouble(const struct book *b);
/* A status object of the shard is being written. */
bool book_writing(const struct book *b, int32_t shard);
/* True when no status object is being read or waits to be written. */
bool book_idle(const struct book *b);
/* True when the engine was told of every policy of this replica's shards, and it has
 * some. */
bool book_fed(const struct book *b);
/* How many policies the engine has no place for; each gets one when others go. */
int32_t book_turned_away(const struct book *b);
/* From now on the engine is told of the policies of all shards that are decided here. */
void book_feed(struct book *b);
/* What the watch told may be old: the policies are read anew, and shards that come wait
 * for that a moment. */
void book_distrust(struct book *b);
/* The server is back: watches that wait after a failure are tried now. */
void book_hurry(struct book *b);
/* Every policy that was seen, decided here or not. Texts are borrowed until the loop
 * goes on. */
typedef void book_seen(void *arg, const char *ns, const char *name, int32_t shard);
void book_each(const struct book *b, book_seen *seen, void *arg);
/* The engine is to forget the policies of a shard; what is under way for them ends. */
void book_close(struct book *b, int32_t shard);
/* Status object of the policy: written soon, or now with an answer to the engine. */
void book_status(struct book *b, const struct policy_status *status);
void book_save(struct book *b, const struct policy_status *status,
	       const struct write_ref *ref);

/* --- scope.c: targets and pods --- */
/* Policies that are renamed are gone for a moment, shards are given and taken: watches
 * stand so much longer than they are needed. */
#define SCOPE_PRUNE_MS 5000
struct scope;
struct scope *scope_new(struct loop *l);
void scope_free(struct scope *s);
/* A policy with this target came or changed: its state and pods are given to the engine,
 * now or when known. */
void scope_want(struct scope *s, const struct policy *policy);
/* Policies may have gone: soon, targets that none has any more are not followed, and
 * namespaces without any that are, not watched. */
void scope_prune(struct scope *s);
/* What the watches told may be old: everything is read anew. */
void scope_distrust(struct scope *s);
/* As of the book. */
void scope_hurry(struct scope *s);
/* How the API server names the target's kind. False: nobody knows yet. */
bool scope_resource(const struct scope *s, const struct policy *policy,
		    struct kube_resource *ret_resource);
/* Reads the target from the quorum and gives it to the engine. */
void scope_read(struct scope *s, const struct policy *policy);

/* --- autoscalers.c: HPAs beside us --- */
struct autoscalers;
struct autoscalers *autoscalers_new(struct loop *l);
void autoscalers_free(struct autoscalers *a);
/* A policy with this target came or changed: what else scales it is told to the engine,
 * now or when known. */
void autoscalers_want(struct autoscalers *a, const struct policy *policy);
/* As of the scope. */
void autoscalers_prune(struct autoscalers *a);
void autoscalers_distrust(struct autoscalers *a);
void autoscalers_hurry(struct autoscalers *a);
/* From now on floors that no policy stands behind are given back, as far as they are on
 * targets of shards that are decided here. Called again when there are more of them. */
void autoscalers_sweep(struct autoscalers *a);
/* A floor on a target of the shard is being given back. */
bool autoscalers_writing(const struct autoscalers *a, int32_t shard);
/* What is under way for the shard ends. */
void autoscalers_drop(struct autoscalers *a, int32_t shard);

/* --- pauses.c: `foretop pause` --- */
struct pauses;
struct pauses *pauses_new(struct loop *l);
void pauses_free(struct pauses *p);
/* Begins to read what is paused, or does so anew; the book is fed when the answer to a
 * question that was asked from now on is there. */
void pauses_follow(struct pauses *p);
/* Tells the engine whether this policy is paused. */
void pauses_tell(struct pauses *p, const char *ns, const char *name);
/* As last read. */
bool pauses_has(const struct pauses *p, const char *ns, const char *name);
/* Reads anew what is paused and tells the engine; then calls `done`, later, with why it
 * could not be read or NULL. Wishes of the same moment share one read. Not called when
 * the loop ends before. */
typedef void pauses_done(void *arg, const struct err *err);
void pauses_read(struct pauses *p, pauses_done *done, void *arg);

/* --- perform.c: actions --- */
struct performer;
struct performer *performer_new(struct loop *l);
void performer_free(struct performer *p);
void perform(struct performer *p, const struct action *action);
/* True when every request and every Event has its answer. */
bool performer_idle(const struct performer *p);
/* A write for the shard is under way. */
bool performer_writing(const struct performer *p, int32_t shard);
/* Ends writes for the shard, unanswered: its policies are gone. */
void performer_drop_writes(struct performer *p, int32_t shard);
/* Before sources are closed: their queries are forgotten, the cycle ends without them. */
void performer_drop_queries(struct performer *p);

/* --- batch.c: built-in queries, many as one --- */
struct usage_wish {
	struct prom_source *source; /* borrowed until batches_drop */
	enum prom_resource resource;
	const char *ns, *container; /* container NULL: every one */
};
struct batches;
struct batches *batches_new(struct loop *l);
void batches_free(struct batches *b);
/* The engine gets EVENT_VALUES or EVENT_QUERY_FAILED, later; neither when the answer is
 * too late for its cycle. */
void batches_ask(struct batches *b, const struct usage_wish *wish,
		 const struct query_ref *query);
/* Before sources are closed: all fail. why: a constant. */
void batches_drop(struct batches *b, const char *why);
bool batches_idle(const struct batches *b);

/* --- calendar.c: when schedules open --- */
/* Tells the engine of the version that it has in force. */
void calendar_tell(struct loop *l, const char *ns, const char *name);
/* From now on it is told again before its plans end. */
void calendar_start(struct loop *l);

/* --- pages.c: the page and /api/v1 --- */
struct pages;
/* NULL, and the log says why, when it cannot listen: a page is no reason not to scale. */
struct pages *pages_new(struct loop *l, const struct config_page *config);
void pages_free(struct pages *p);
const char *pages_url(const struct pages *p);

/* --- telemetry.c: /metrics and the probes --- */
struct telemetry;
struct telemetry *telemetry_new(struct loop *l, const char *listen, struct err *err);
void telemetry_free(struct telemetry *t);
void telemetry_count(struct telemetry *t, const struct action *action);
/* A step of the engine took this long; the loop came so much too late to what was due. */
void telemetry_stepped(struct telemetry *t, int64_t took_us);
void telemetry_late(struct telemetry *t, int64_t late_ms);
/* A new configuration was taken over, or refused. */
void telemetry_reloaded(struct telemetry *t, bool good);
/* A query goes to a source; it brought nothing to act on, by prom_outcome_name or
 * QUERY_LATE. */
#define QUERY_LATE "late"
void telemetry_asked(struct telemetry *t, const char *source, enum query_kind kind);
void telemetry_query_failed(struct telemetry *t, const char *source, enum query_kind kind,
			    const char *cause);
/* A request has ended. */
void telemetry_prom_request(struct telemetry *t, const char *source,
			    const struct http_response *response);
void telemetry_kube_request(struct telemetry *t, const char *method, bool stream,
			    const struct http_response *response);
/* The watch of "policies", "targets", "pods", "horizontalpodautoscalers" broke. */
void telemetry_watch_broke(struct telemetry *t, const char *resource);
/* The server had forgotten where it was (410). */
void telemetry_watch_expired(struct telemetry *t, const char *resource);
/* A write that failed: "scale", "floor", "status". */
void telemetry_write_failed(struct telemetry *t, const char *kind);
void telemetry_ready(struct telemetry *t, bool ready, const char *text);
const char *telemetry_url(const struct telemetry *t);

/* shards.h: the election */
struct shards;

struct loop {
	struct loop_config config;
	struct engine *engine;
	struct kube *kube;
	struct shards *shards;
	struct kube_events *events;
	struct sources *sources;
	struct book *book;
	struct scope *scope;
	struct autoscalers *autoscalers;
	struct pauses *pauses;
	struct performer *performer;
	struct telemetry *telemetry;
	struct pages *pages;
	struct timer tick, work, calendar, trim;
	int32_t calendar_round;
	int64_t answer_deadline_ms; /* of a cycle, engine time */
	bool working;               /* it has led, so that everything is under way */
	bool stopping;
};

/* Steps the engine with an event at the present moment and performs what comes of it.
 * Never from within an action. */
void loop_step(struct loop *l, struct event *event);
int64_t loop_now(const struct loop *l);
/* How long an answer of a cycle that begins now is waited for, real time. */
int64_t loop_patience_ms(const struct loop *l);
/* Seconds of the engine's time in a real one, at least 1: limits on how often something
 * is asked for are meant in the engine's. */
double loop_pace(const struct loop *l);
/* Where status objects, and what `foretop pause` left, stand. Borrowed. */
const char *loop_status_namespace(const struct loop *l);
/* The namespaces that are served, by name; none: all but those refused. What is asked of
 * each of them alone needs no right outside. Borrowed. */
struct config_names loop_named(const struct loop *l);
bool loop_serves(const struct loop *l, const char *ns);
/* For a policy on this workload may be written right now: with Leases that cannot have
 * been lost. */
bool loop_may_write(const struct loop *l, const char *ns, const char *target);
/* The same by the shard. */
bool loop_may_write_shard(const struct loop *l, int32_t shard);
/* Something is written for the shard and has no answer. */
bool loop_writing(const struct loop *l, int32_t shard);

/* --- the election tells --- */
/* doubt: what is known of the cluster may be old, the API server was not reached. */
void loop_gain(struct loop *l, int32_t shard, bool doubt);
void loop_lose(struct loop *l, int32_t shard);
/* A Lease was kept through an outage of the API server, which is back. */
void loop_hurry(struct loop *l);
/* The only one; the process must end. why: for people. */
void loop_lost(struct loop *l, const char *holder, const char *why);

#endif
