/* Front header of engine: engine_step(event) -> actions, where the stages meet.
 *
 * No clock, no socket, no file: time is in every event, answers come back as events.
 * Deterministic: the same events give the same actions. A step does not allocate; what a
 * policy needs is allocated when it is prepared (engine_prepare). `run`, `demo`, the
 * stories and the tests drive this one function. */
#ifndef FORETOP_ENGINE_ENGINE_H
#define FORETOP_ENGINE_ENGINE_H

#include "engine/action.h"
#include "engine/event.h"
#include "engine/record.h"
#include "engine/status.h"

struct engine;

/* Who makes forecasts in place of forecast/: the functions of forecast/forecast.h, each
 * with its promises. For rehearsals, which know what was said of a load before. */
struct forecast_maker {
	void *context;
	/* memory: forecaster_size bytes, as long as the forecaster is used. */
	struct forecaster *(*init)(void *context, void *memory,
				   const struct forecast_config *config);
	bool (*add)(struct forecaster *f, int64_t t_ms, double v);
	bool (*work)(struct forecaster *f);
	void (*predict)(const struct forecaster *f, struct forecast *ret_forecast);
	void (*look_ahead)(struct forecaster *f, int32_t minutes, void *scratch,
			   struct forecast *ret_forecast);
};

struct engine_config {
	int32_t policies_max; /* > 0 */
	int32_t pods_max; /* per policy, > 0: pods beyond are counted, not looked at */
	/* Memory for so many pods of a policy at first, and for more by engine_make_room;
	 * 0: for as many as it may have from the start. */
	int32_t pods_start;
	int64_t sync_period_ms;     /* a policy's cycle, > 0 */
	int64_t answer_deadline_ms; /* after the start of a cycle; later answers are
				       unknown to it */
	int64_t settle_ms; /* a minute's history is asked for this long after it ended */
	struct decide_config decide;
	bool dry_run; /* decide and report everything, never emit ACTION_SCALE */
	/* Cycles begin at whole multiples of the period; else every policy has a place of
	 * its own within it, so that many do not ask all at once. */
	bool in_step;
	/* Such places are multiples of this, > 0: policies that begin together cost a
	 * process fewer awakenings than as many apart. */
	int64_t place_step_ms;
	const struct forecast_maker *maker; /* borrowed; NULL: forecast/ itself */
};
/* 10,000 policies, 2,000 pods each, 15 s, 10 s, 10 s, the HPA's defaults. */
void engine_config_default(struct engine_config *ret_config);

struct engine *engine_new(const struct engine_config *config);
void engine_free(struct engine *e);

/* Allocates all that one policy needs. policy: ownership passes; NULL when the text could
 * not be used, `invalid` says why then (copied); with both, `policy` is the last valid
 * version from the status object and `invalid` says why the present text was refused.
 * record: what the status object held, or NULL. The result goes into EVENT_POLICY_SET, or
 * to engine_prepared_free. */
struct prepared *engine_prepare(const struct engine *e, const char *ns, const char *name,
				struct policy *policy, const char *invalid,
				const struct state_record *record);
void engine_prepared_free(struct prepared *p);

/* With pods_start: before each EVENT_POD of a pod that may be new. Allocates where the
 * target's pods have filled their memory; what it may not grow beyond is as before. */
void engine_make_room(struct engine *e, const struct target_ref *ref);

/* Takes one event and gives what is to be done. The event is borrowed for the call (but
 * for what a field says passes); the actions and everything they point to are borrowed
 * until the next step. */
const struct actions *engine_step(struct engine *e, const struct event *event);

/* When the next EVENT_TICK is needed at the latest; INT64_MAX: not before another event.
 */
int64_t engine_next_tick_ms(const struct engine *e);
/* True while EVENT_WORK would learn or fit something. */
bool engine_has_work(const struct engine *e);

/* Status of every policy, for /metrics, the API and status objects: i in [0,
 * engine_policy_count), NULL where a policy
 * has gone. Borrowed until the next step. */
int32_t engine_policy_count(const struct engine *e);
const struct policy_status *engine_policy_status(const struct engine *e, int32_t i);
/* The same by name; NULL: there is none. */
const struct policy_status *engine_policy_named(const struct engine *e, const char *ns,
						const char *name);
/* Of the policy that is in force for a target; NULL: there is none. */
const struct policy_status *engine_policy_in_force(const struct engine *e,
						   const struct target_ref *ref);
/* How often the breaker over the policies of a source has tripped. */
uint64_t engine_breaker_trips(const struct engine *e);
/* Decisions so far of all policies, those that are gone included. */
uint64_t engine_decided(const struct engine *e, enum cause cause);

#endif
