#include "loop/loop.h"

#include "loop/shards.h"

#include <stdlib.h>
#include <string.h>

/* To the API server, in the engine's time: a day in a minute asks as much as a day. */
#define REQUESTS_PER_S 20
#define REQUEST_BURST  40

/* Most workloads have few pods: memory for more comes with them. */
#define PODS_START 4

/* Lists and days of history take much for a moment, a start for minutes. */
#define TRIM_MS MS_PER_MIN

/* A hundred policies begin their cycles at thirty moments: an idle machine spends more on
 * waking a process than the process on a policy. */
#define PLACE_STEP_MS 500

static void arm(struct loop *l);

int64_t loop_now(const struct loop *l)
{
	return clock_now_ms(l->config.clock);
}

const char *loop_status_namespace(const struct loop *l)
{
	const char *ns = l->config.controller->status_namespace;
	return ns ? ns : kube_configuration(l->kube)->namespace_;
}

struct config_names loop_named(const struct loop *l)
{
	if (l->config.only_namespace)
		return (struct config_names){(char **)&l->config.only_namespace, 1};
	return l->config.controller->serve;
}

bool loop_serves(const struct loop *l, const char *ns)
{
	const char *only = l->config.only_namespace;
	return only ? !strcmp(only, ns) : config_serves(l->config.controller, ns);
}

bool loop_may_write_shard(const struct loop *l, int32_t shard)
{
	return !l->config.dry_run && !l->stopping && shards_may_write(l->shards, shard);
}

bool loop_may_write(const struct loop *l, const char *ns, const char *target)
{
	return loop_may_write_shard(l, shards_of(l->shards, ns, target));
}

bool loop_writing(const struct loop *l, int32_t shard)
{
	return performer_writing(l->performer, shard) || book_writing(l->book, shard) ||
	       autoscalers_writing(l->autoscalers, shard);
}

/* One line per decision that says something new, the same text as in the Event, the
 * status and the API. */
static void log_decision(const struct loop *l, const struct action *a)
{
	const struct policy_status *s = a->status;
	const struct decision *d = s->decision;
	const char *limit = d && d->limit != LIMIT_NONE ? limit_reason(d->limit) : "";
	const char *held = d && d->held_by ? d->held_by : "";
	log_info("Decided", KV_OBJECT("policy", s->ns, s->name),
		 KV_TEXT("target", a->policy ? a->policy->target.name : ""),
		 KV_TEXT("mode", a->policy ? policy_mode_name(a->policy->mode) : ""),
		 KV_NUM("current", s->current), KV_NUM("desired", s->desired),
		 KV_NUM("reactive", s->reactive), KV_NUM("predicted", s->predicted),
		 KV_TEXT("by", d ? cause_name(decision_cause(d)) : ""),
		 KV_TEXT("limit", limit), KV_TEXT("heldBy", held),
		 KV_BOOL("dryRun", l->config.dry_run), KV_TEXT("reason", s->reason));
}

void loop_step(struct loop *l, struct event *event)
{
	if (l->stopping)
		return;
	int64_t began_us = monotonic_us();
	event->now_ms = loop_now(l);
	const struct actions *actions = engine_step(l->engine, event);
	for (int32_t i = 0; i < actions->count; i++) {
		const struct action *a = &actions->items[i];
		if (l->config.observe)
			l->config.observe(l->config.arg, a, event->now_ms);
		if (a->type == ACTION_DECIDED)
			log_decision(l, a);
		if (l->telemetry)
			telemetry_count(l->telemetry, a);
		perform(l->performer, a);
	}
	arm(l);
	if (l->telemetry)
		telemetry_stepped(l->telemetry, monotonic_us() - began_us);
}

static void on_tick(void *arg)
{
	struct loop *l = arg;
	struct event event = {.type = EVENT_TICK};
	if (l->telemetry)
		telemetry_late(l->telemetry,
			       loop_now(l) - engine_next_tick_ms(l->engine));
	loop_step(l, &event);
}

static void on_work(void *arg)
{
	struct event event = {.type = EVENT_WORK};
	loop_step(arg, &event);
}

static void arm(struct loop *l)
{
	int64_t next = engine_next_tick_ms(l->engine);
	if (next == INT64_MAX)
		timer_cancel(&l->tick);
	else
		timer_set(l->config.reactor, &l->tick,
			  clock_delay_ms(l->config.clock, next), on_tick, l);
	if (engine_has_work(l->engine))
		timer_set(l->config.reactor, &l->work, 0, on_work, l);
}

static void on_trim(void *arg)
{
	struct loop *l = arg;
	mem_trim();
	timer_set(l->config.reactor, &l->trim, TRIM_MS, on_trim, l);
}

/* --- the election --- */

/* A connection that went silent says nothing of what it missed, and a shard that comes
 * back is decided by what is, not by what was. */
static void distrust(struct loop *l)
{
	log_info("Reads everything anew: the API server was not reached of late");
	book_distrust(l->book);
	scope_distrust(l->scope);
	autoscalers_distrust(l->autoscalers);
}

/* What the watches told stands: they go on where they broke. */
void loop_hurry(struct loop *l)
{
	if (l->stopping)
		return;
	log_info("The API server answers again, watches do not wait any longer");
	book_hurry(l->book);
	scope_hurry(l->scope);
	autoscalers_hurry(l->autoscalers);
}

void loop_gain(struct loop *l, int32_t shard, bool doubt)
{
	if (l->stopping)
		return;
	if (doubt)
		distrust(l);
	if (shards_count(l->shards) == 1)
		log_info("Began to lead",
			 KV_TEXT("instance",
				 l->config.instance ? l->config.instance : ""));
	else
		log_info("Took a shard", KV_NUM("shard", shard),
			 KV_NUM("of", shards_count(l->shards)),
			 KV_NUM("held", shards_held(l->shards)));
	pauses_follow(l->pauses);
	autoscalers_sweep(l->autoscalers);
	if (!l->working)
		calendar_start(l);
	l->working = true;
}

/* The process lives on: what it knows of the shard's policies it forgets, and who takes
 * them over reads it from their status objects. */
void loop_lose(struct loop *l, int32_t shard)
{
	if (l->stopping)
		return;
	book_close(l->book, shard);
	performer_drop_writes(l->performer, shard);
	autoscalers_drop(l->autoscalers, shard);
	log_info("Has left a shard", KV_NUM("shard", shard),
		 KV_NUM("of", shards_count(l->shards)),
		 KV_NUM("held", shards_held(l->shards)));
}

void loop_lost(struct loop *l, const char *holder, const char *why)
{
	l->stopping = true;
	log_error("Lost the lead, ends at once", KV_TEXT("leader", holder),
		  KV_TEXT("why", why));
	if (l->config.on_lost)
		l->config.on_lost(l->config.arg);
}

static void engine_settings(const struct loop_config *config, struct engine_config *ret)
{
	const struct controller_config *c = config->controller;
	engine_config_default(ret);
	ret->policies_max = c->max_policies;
	ret->sync_period_ms = c->sync_period_ms;
	/* A cycle must be over before the next one begins. */
	ret->answer_deadline_ms = c->sync_period_ms * 2 / 3;
	ret->decide.tolerance = c->hpa.tolerance;
	ret->decide.downscale_stabilization_ms = c->hpa.downscale_stabilization_ms;
	ret->decide.cpu_initialization_ms = c->hpa.cpu_initialization_ms;
	ret->decide.initial_readiness_delay_ms = c->hpa.initial_readiness_delay_ms;
	ret->dry_run = config->dry_run;
	ret->pods_start = PODS_START;
	ret->place_step_ms = PLACE_STEP_MS;
}

static void on_kube_request(void *arg, const char *method, bool stream,
			    const struct http_response *response)
{
	const struct loop *l = arg;
	if (l->telemetry)
		telemetry_kube_request(l->telemetry, method, stream, response);
}

double loop_pace(const struct loop *l)
{
	return l->config.clock->speed > 1 ? l->config.clock->speed : 1;
}

static int open_clients(struct loop *l, struct err *err)
{
	struct kube_options options = {
		.config = l->config.kube,
		.requests_per_s = REQUESTS_PER_S * loop_pace(l),
		.burst = (int)(REQUEST_BURST * loop_pace(l)),
		/* A slow server must not keep one shard's Lease waiting for another's. */
		.urgent = 2 + l->config.controller->election.shards / 2,
		.observe = on_kube_request,
		.observe_arg = l,
		.timeout_ms = l->config.request_timeout_ms,
	};
	l->kube = kube_new(l->config.reactor, &options, err);
	if (!l->kube)
		return err_wrap(err, "Kubernetes client");
	l->sources = sources_new(l, l->config.controller, err);
	if (!l->sources)
		return -1;
	struct kube_events_options events = {.controller = "foretop.io/foretop",
					     .instance = l->config.instance};
	l->events = kube_events_new(l->kube, &events);
	return 0;
}

static int start(struct loop *l, struct err *err)
{
	if (open_clients(l, err) < 0)
		return -1;
	struct engine_config settings;
	engine_settings(&l->config, &settings);
	l->answer_deadline_ms = settings.answer_deadline_ms;
	l->engine = engine_new(&settings);
	l->shards = shards_new(l);
	l->performer = performer_new(l);
	l->scope = scope_new(l);
	l->autoscalers = autoscalers_new(l);
	l->pauses = pauses_new(l);
	l->book = book_new(l);
	if (l->config.listen) {
		l->telemetry = telemetry_new(l, l->config.listen, err);
		if (!l->telemetry)
			return -1;
	}
	if (l->config.page && *l->config.page->listen)
		l->pages = pages_new(l, l->config.page);
	timer_set(l->config.reactor, &l->trim, TRIM_MS, on_trim, l);
	if (book_watch(l->book, err) < 0)
		return -1;
	return shards_start(l->shards, err);
}

struct loop *loop_new(const struct loop_config *config, struct err *err)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	l->config = *config;
	if (start(l, err) < 0) {
		loop_free(l);
		return NULL;
	}
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	l->stopping = true;
	timer_cancel(&l->tick);
	timer_cancel(&l->work);
	timer_cancel(&l->calendar);
	timer_cancel(&l->trim);
	telemetry_free(l->telemetry);
	pages_free(l->pages);
	book_free(l->book);
	scope_free(l->scope);
	autoscalers_free(l->autoscalers);
	pauses_free(l->pauses);
	performer_free(l->performer);
	sources_free(l->sources);
	kube_events_free(l->events);
	shards_free(l->shards);
	kube_free(l->kube);
	engine_free(l->engine);
	free(l);
}

void loop_cleanup(struct loop **l)
{
	loop_free(*l);
}

void loop_shutdown(struct loop *l, int64_t bound_ms, void (*done)(void *arg), void *arg)
{
	l->stopping = true;
	timer_cancel(&l->tick);
	timer_cancel(&l->work);
	timer_cancel(&l->calendar);
	shards_release(l->shards, bound_ms, done, arg);
}

int loop_reload(struct loop *l, const struct controller_config *controller,
		struct err *err)
{
	struct sources *fresh = sources_new(l, controller, err);
	if (!fresh)
		return -1;
	/* Queries under way are dropped with their source; their cycle ends at its
	 * deadline. */
	performer_drop_queries(l->performer);
	sources_free(l->sources);
	l->sources = fresh;
	l->config.controller = controller;
	if (l->telemetry)
		telemetry_reloaded(l->telemetry, true);
	return 0;
}

void loop_reload_failed(struct loop *l)
{
	if (l->telemetry)
		telemetry_reloaded(l->telemetry, false);
}

const struct engine *loop_engine(const struct loop *l)
{
	return l->engine;
}

bool loop_leading(const struct loop *l)
{
	return shards_held(l->shards) > 0;
}

bool loop_settled(const struct loop *l)
{
	if (!shards_placed(l->shards) || !book_synced(l->book) || !book_fed(l->book))
		return false;
	for (int32_t i = 0; i < engine_policy_count(l->engine); i++) {
		const struct policy_status *s = engine_policy_status(l->engine, i);
		if (!s || !s->policy ||
		    s->conditions[PC_CONFLICT].status == STATUS_TRUE || s->rests)
			continue;
		const struct status_condition *f = &s->conditions[PC_FORECAST_TRUSTED];
		if (!s->decisions || (f->reason && !strcmp(f->reason, "ForecastLoading")))
			return false;
	}
	return true;
}

const char *loop_trouble(const struct loop *l)
{
	return book_trouble(l->book);
}

bool loop_idle(const struct loop *l)
{
	return performer_idle(l->performer) && book_idle(l->book);
}

const char *loop_url(const struct loop *l)
{
	return l->telemetry ? telemetry_url(l->telemetry) : NULL;
}

const char *loop_page_url(const struct loop *l)
{
	return l->pages ? pages_url(l->pages) : NULL;
}
