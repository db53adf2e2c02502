/* Actions become requests, answers become events. */
#include "loop/shards.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often queries that nobody waits for any more are looked for. */
#define SWEEP_MS 500

/* One action under way. */
struct deed {
	struct deed *next, **link; /* link: what points here */
	struct performer *performer;
	struct query_ref query;
	struct write_ref write;
	struct prom_query *asked;
	const struct prom_source *source; /* that is asked; lives while `asked` does */
	int64_t late_ms;        /* of a query: when its cycle is over, monotonic */
	struct kube_call *call; /* a write */
	int32_t shard;          /* of a write */
	struct timer later; /* failures that are known at once are told later: never from
			       within a step */
	struct floor_wish *floor;
	char why[256];
};

/* A floor that waits until it is known that nobody has paused its policy. Owned texts. */
struct floor_wish {
	struct kube_hpa_change change; /* of the texts here */
	char *ns, *policy, *autoscaler, *uid, *version, *reason;
	int32_t from;
};

struct performer {
	struct loop *loop;
	struct deed *deeds;
	struct batches *batches;
	struct timer sweep;
	bool sweeping;
	uint64_t events; /* given to kube_events_post */
};

struct performer *performer_new(struct loop *l)
{
	struct performer *p = xcalloc(1, sizeof(*p));
	p->loop = l;
	p->batches = batches_new(l);
	return p;
}

static struct deed *begin(struct performer *p)
{
	struct deed *d = xcalloc(1, sizeof(*d));
	d->performer = p;
	d->next = p->deeds;
	d->link = &p->deeds;
	if (d->next)
		d->next->link = &d->next;
	p->deeds = d;
	return d;
}

static void floor_wish_free(struct floor_wish *w)
{
	if (!w)
		return;
	free(w->ns);
	free(w->policy);
	free(w->autoscaler);
	free(w->uid);
	free(w->version);
	free(w->reason);
	free(w);
}

static void end(struct deed *d)
{
	*d->link = d->next;
	if (d->next)
		d->next->link = d->link;
	timer_cancel(&d->later);
	floor_wish_free(d->floor);
	free(d);
}

void performer_free(struct performer *p)
{
	if (!p)
		return;
	timer_cancel(&p->sweep);
	batches_free(p->batches);
	while (p->deeds) {
		prom_cancel(p->deeds->asked);
		kube_cancel(p->deeds->call);
		end(p->deeds);
	}
	free(p);
}

bool performer_writing(const struct performer *p, int32_t shard)
{
	for (const struct deed *d = p->deeds; d; d = d->next)
		if (d->call && d->shard == shard)
			return true;
	return false;
}

void performer_drop_writes(struct performer *p, int32_t shard)
{
	for (struct deed *d = p->deeds, *next; d; d = next) {
		next = d->next;
		if (!d->call || d->shard != shard)
			continue;
		kube_cancel(d->call);
		end(d);
	}
}

/* --- queries --- */

static void tell_query_failed(struct deed *d, const char *why)
{
	struct event event = {.type = EVENT_QUERY_FAILED};
	event.u.query_failed.query = d->query;
	event.u.query_failed.why = why;
	loop_step(d->performer->loop, &event);
}

static void query_failed_later(void *arg)
{
	struct deed *d = arg;
	tell_query_failed(d, d->why);
	end(d);
}

void performer_drop_queries(struct performer *p)
{
	static const char why[] = "the controller's configuration changed";
	batches_drop(p->batches, why);
	for (struct deed *d = p->deeds; d; d = d->next) {
		if (!d->asked)
			continue;
		prom_cancel(d->asked);
		d->asked = NULL;
		snprintf(d->why, sizeof(d->why), "%s", why);
		timer_set(p->loop->config.reactor, &d->later, 0, query_failed_later, d);
	}
}

static void count_failure(const struct deed *d, const char *cause)
{
	struct telemetry *t = d->performer->loop->telemetry;
	if (t)
		telemetry_query_failed(t, prom_source_name(d->source), d->query.kind,
				       cause);
}

static void give_rows(struct deed *d, const struct value_row *rows, size_t count)
{
	struct event event = {.type = EVENT_VALUES};
	event.u.values.query = d->query;
	event.u.values.rows = rows;
	event.u.values.count = (int32_t)count;
	loop_step(d->performer->loop, &event);
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static void give_vector(struct deed *d, const struct prom_result *result)
{
	struct value_row *rows AUTO_FREE = xcalloc(result->series_count, sizeof(*rows));
	for (size_t i = 0; i < result->series_count; i++) {
		const struct prom_series *s = &result->series[i];
		rows[i] = (struct value_row){.pod = or_null(s->pod),
					     .container = or_null(s->container),
					     .value = s->samples[0].v,
					     .time_ms = s->samples[0].t_ms};
	}
	give_rows(d, rows, result->series_count);
}

static void on_current(void *arg, const struct prom_answer *answer)
{
	struct deed *d = arg;
	d->asked = NULL;
	if (answer->outcome != PROM_OK)
		count_failure(d, prom_outcome_name(answer->outcome));
	if (answer->outcome != PROM_OK)
		tell_query_failed(d, answer->err.msg);
	else
		give_vector(d, answer->result);
	end(d);
}

/* A cycle ends at its deadline without the answers that are late. Their requests end then
 * too: a server that hangs must not be behind a queue of old questions when it is back.
 */
static void drop_late(void *arg)
{
	struct performer *p = arg;
	int64_t now_ms = monotonic_ms();
	p->sweeping = false;
	for (struct deed *d = p->deeds, *next; d; d = next) {
		next = d->next;
		if (!d->asked || d->query.kind == QUERY_HISTORY)
			continue;
		if (d->late_ms > now_ms) {
			p->sweeping = true;
			continue;
		}
		count_failure(d, QUERY_LATE);
		prom_cancel(d->asked);
		end(d);
	}
	if (p->sweeping)
		timer_set(p->loop->config.reactor, &p->sweep, SWEEP_MS, drop_late, p);
}

/* A clock that is sped up leaves no time for any answer: those get a while all the same.
 */
int64_t loop_patience_ms(const struct loop *l)
{
	int64_t wait_ms =
		clock_delay_ms(l->config.clock, loop_now(l) + l->answer_deadline_ms);
	return wait_ms > SWEEP_MS ? wait_ms : SWEEP_MS;
}

/* The present is the server's: by a clock of ours that is an hour behind it would tell
 * the demand of an hour ago, and nobody could see it. */
static void ask_current(struct deed *d, struct prom_source *source, const char *text)
{
	struct performer *p = d->performer;
	if (!p->sweeping)
		timer_set(p->loop->config.reactor, &p->sweep, SWEEP_MS, drop_late, p);
	p->sweeping = true;
	d->late_ms = monotonic_ms() + loop_patience_ms(p->loop);
	d->asked = prom_query(source, text, PROM_NOW, on_current, d);
}

static void give_history(struct deed *d, const struct sample *samples, size_t count)
{
	struct event event = {.type = EVENT_HISTORY};
	event.u.history.query = d->query;
	event.u.history.samples = samples;
	event.u.history.count = (int32_t)count;
	loop_step(d->performer->loop, &event);
}

static void on_history(void *arg, const struct prom_answer *answer)
{
	struct deed *d = arg;
	d->asked = NULL;
	if (answer->outcome == PROM_EMPTY) {
		/* Nothing was recorded then: a gap, and an answer. */
		give_history(d, NULL, 0);
	} else if (answer->outcome != PROM_OK) {
		count_failure(d, prom_outcome_name(answer->outcome));
		log_error("Could not read history", KV_TEXT("err", answer->err.msg));
		tell_query_failed(d, answer->err.msg);
	} else if (answer->result->series_count != 1) {
		count_failure(d, prom_outcome_name(PROM_REFUSED));
		snprintf(d->why, sizeof(d->why),
			 "the history query returned %zu series, one is needed",
			 answer->result->series_count);
		log_error("Could not read history", KV_TEXT("err", d->why));
		tell_query_failed(d, d->why);
	} else {
		give_history(d, answer->result->series[0].samples,
			     answer->result->series[0].sample_count);
	}
	end(d);
}

/* The text to ask for. 0, or -1 with *err. */
static int expression(const struct action *a, struct str *out, struct err *err)
{
	const struct policy *policy = a->policy;
	const struct query_ref *query = &a->u.query.ref;
	if (query->kind == QUERY_GUARD)
		return str_puts(out, policy->guards[query->metric].query);
	if (query->kind == QUERY_HISTORY)
		return loop_history_query(policy, (int32_t)query->metric, out, err);
	const struct policy_metric *m = &policy->metrics[query->metric];
	if (!m->query)
		return err_set(err, ERR_INVALID,
			       "resource %s has no built-in query: give one", m->name);
	return str_puts(out, m->query);
}

/* A Resource's own query goes out with those of other policies. False: it is none. */
static bool ask_builtin(struct performer *p, const struct action *a,
			struct prom_source *source)
{
	const struct query_ref *query = &a->u.query.ref;
	const struct policy_metric *m = &a->policy->metrics[query->metric];
	struct usage_wish wish = {
		.source = source,
		.ns = a->policy->ns,
		.container = m->container,
	};
	if (query->kind != QUERY_CURRENT || m->query ||
	    prom_resource_parse(m->name, &wish.resource) < 0)
		return false;
	batches_ask(p->batches, &wish, query);
	return true;
}

static void ask(struct performer *p, const struct action *a)
{
	const struct query_ref *query = &a->u.query.ref;
	struct err err = {0};
	const char *name = query->kind == QUERY_GUARD
				   ? a->policy->guards[query->metric].source
				   : a->policy->metrics[query->metric].source;
	struct prom_source *source =
		sources_find(p->loop->sources, name, a->policy->ns, &err);
	if (source && ask_builtin(p, a, source))
		return;
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	struct deed *d = begin(p);
	d->query = *query;
	if (!source || expression(a, &text, &err) < 0) {
		snprintf(d->why, sizeof(d->why), "%s",
			 err.msg[0] ? err.msg : "the query is too long");
		timer_set(p->loop->config.reactor, &d->later, 0, query_failed_later, d);
		return;
	}
	d->source = source;
	if (p->loop->telemetry)
		telemetry_asked(p->loop->telemetry, prom_source_name(source),
				d->query.kind);
	if (query->kind != QUERY_HISTORY) {
		ask_current(d, source, str_text(&text));
		return;
	}
	struct prom_range range = {a->u.query.start_ms, a->u.query.end_ms,
				   a->u.query.step_ms};
	d->asked = prom_query_range(source, str_text(&text), &range, on_history, d);
}

/* --- scale --- */

static int32_t shard_of(const struct performer *p, const struct action *a)
{
	return shards_of(p->loop->shards, a->policy->ns, a->policy->target.name);
}

static void tell_scale_failed(void *arg)
{
	struct deed *d = arg;
	struct event event = {.type = EVENT_SCALE_FAILED};
	event.u.written.write = d->write;
	event.u.written.why = d->why;
	loop_step(d->performer->loop, &event);
	end(d);
}

static void on_scaled(void *arg, const struct kube_scale *scale,
		      const struct kube_reply *reply)
{
	struct deed *d = arg;
	struct loop *l = d->performer->loop;
	d->call = NULL;
	if (!scale && reply->err.code != ERR_CONFLICT) {
		log_error("Could not write replicas", KV_TEXT("err", reply->err.msg));
		if (l->telemetry)
			telemetry_write_failed(l->telemetry, "scale");
		snprintf(d->why, sizeof(d->why), "%s", reply->err.msg);
		tell_scale_failed(d);
		return;
	}
	struct event event = {.type = scale ? EVENT_SCALED : EVENT_CONFLICT};
	event.u.written.write = d->write;
	event.u.written.resource_version = scale ? scale->version : NULL;
	loop_step(l, &event);
	end(d);
}

static void scale(struct performer *p, const struct action *a)
{
	struct deed *d = begin(p);
	d->write = a->u.scale.ref;
	d->shard = shard_of(p, a);
	/* Asked right before the write: a process that was frozen wakes up believing that
	 * it leads. */
	if (!loop_may_write_shard(p->loop, d->shard)) {
		snprintf(d->why, sizeof(d->why), "the lead may have been lost");
		timer_set(p->loop->config.reactor, &d->later, 0, tell_scale_failed, d);
		return;
	}
	struct kube_resource resource = {0};
	bool known = scope_resource(p->loop->scope, a->policy, &resource);
	assert(known); /* the engine has seen the target */
	(void)known;
	struct kube_target target = {resource.group_version, resource.plural,
				     a->policy->ns, a->policy->target.name,
				     shards_permit(p->loop->shards, d->shard)};
	struct kube_scale wanted = {.replicas = a->u.scale.to};
	snprintf(wanted.version, sizeof(wanted.version), "%s",
		 a->u.scale.resource_version);
	snprintf(wanted.uid, sizeof(wanted.uid), "%s", a->u.scale.uid);
	log_info("Scales", KV_TEXT("namespace", a->policy->ns),
		 KV_TEXT("kind", a->policy->target.kind),
		 KV_TEXT("target", a->policy->target.name),
		 KV_NUM("from", a->u.scale.from), KV_NUM("to", a->u.scale.to),
		 KV_TEXT("reason", a->u.scale.reason));
	d->call = kube_scale_put(p->loop->kube, &target, &wanted, false, on_scaled, d);
}

/* --- floor --- */

static void tell_floor_failed(void *arg)
{
	struct deed *d = arg;
	struct event event = {.type = EVENT_FLOOR_FAILED};
	event.u.written.write = d->write;
	event.u.written.why = d->why;
	loop_step(d->performer->loop, &event);
	end(d);
}

static void on_floored(void *arg, const struct kube_reply *reply)
{
	struct deed *d = arg;
	struct loop *l = d->performer->loop;
	d->call = NULL;
	if (!reply->object && reply->err.code != ERR_CONFLICT) {
		log_error("Could not write minReplicas", KV_TEXT("err", reply->err.msg));
		if (l->telemetry)
			telemetry_write_failed(l->telemetry, "floor");
		snprintf(d->why, sizeof(d->why), "%s", reply->err.msg);
		tell_floor_failed(d);
		return;
	}
	struct event event = {.type = reply->object ? EVENT_FLOORED
						    : EVENT_FLOOR_CONFLICT};
	event.u.written.write = d->write;
	event.u.written.resource_version =
		json_str(reply->object, "metadata.resourceVersion", NULL);
	loop_step(l, &event);
	end(d);
}

static struct floor_wish *floor_wish(const struct deed *d, const struct action *a)
{
	struct floor_wish *w = xcalloc(1, sizeof(*w));
	w->ns = xstrdup(a->policy->ns);
	w->policy = xstrdup(a->policy->name);
	w->autoscaler = xstrdup(a->u.floor.autoscaler);
	w->uid = xstrdup(a->u.floor.uid);
	w->version = xstrdup(a->u.floor.resource_version);
	w->reason = xstrdup(a->u.floor.reason);
	w->from = a->u.floor.from;
	w->change = (struct kube_hpa_change){
		.kind = a->u.floor.scaled_object ? KUBE_SCALED_OBJECT : KUBE_HPA,
		.ns = w->ns,
		.name = w->autoscaler,
		.uid = w->uid,
		.version = w->version,
		.min = a->u.floor.to,
		.original = a->u.floor.original,
		.expires_ms = a->u.floor.expires_ms,
		.permit = shards_permit(d->performer->loop->shards, d->shard),
	};
	return w;
}

static void write_floor(struct deed *d)
{
	struct loop *l = d->performer->loop;
	const struct floor_wish *w = d->floor;
	if (!loop_may_write_shard(l, d->shard)) {
		snprintf(d->why, sizeof(d->why), "the lead may have been lost");
		timer_set(l->config.reactor, &d->later, 0, tell_floor_failed, d);
		return;
	}
	log_info("Sets the minimum", KV_TEXT("namespace", w->ns),
		 KV_TEXT("kind", kube_scaler_kind(w->change.kind)),
		 KV_TEXT("autoscaler", w->autoscaler), KV_NUM("from", w->from),
		 KV_NUM("to", w->change.min), KV_TEXT("reason", w->reason));
	d->call = kube_hpa_change(l->kube, &w->change, on_floored, d);
}

static void on_pauses_read(void *arg, const struct err *err)
{
	struct deed *d = arg;
	struct loop *l = d->performer->loop;
	if (err) {
		snprintf(d->why, sizeof(d->why), "could not read what is paused: %.200s",
			 err->msg);
		tell_floor_failed(d);
		return;
	}
	if (!pauses_has(l->pauses, d->floor->ns, d->floor->policy)) {
		write_floor(d);
		return;
	}
	/* The engine knows by now. */
	struct event event = {.type = EVENT_FLOOR_DROPPED};
	event.u.written.write = d->write;
	loop_step(l, &event);
	end(d);
}

/* `foretop pause`, then `foretop release`: between them nothing tells us of the pause,
 * and a minimum that was given back would be raised again. So the pause is read after the
 * version of the HPA on which the raise stands: a release after that read changes the
 * version. One that is raised already needs none of it, as a release changes it too. */
static void set_floor(struct performer *p, const struct action *a)
{
	struct deed *d = begin(p);
	d->write = a->u.floor.ref;
	d->shard = shard_of(p, a);
	d->floor = floor_wish(d, a);
	if (a->u.floor.first && loop_may_write_shard(p->loop, d->shard))
		pauses_read(p->loop->pauses, on_pauses_read, d);
	else
		write_floor(d);
}

/* --- events --- */

static void post(struct performer *p, const struct action *a)
{
	const struct policy_status *s = a->status;
	log_info(a->u.event.reason, KV_TEXT("namespace", s->ns),
		 KV_TEXT("policy", s->name), KV_TEXT("note", a->u.event.note));
	/* A policy that was never valid is told of by who leads the shard of its name. */
	if (!loop_may_write(p->loop, s->ns, a->policy ? a->policy->target.name : s->name))
		return;
	struct kube_object_ref policy = {"v1", "ConfigMap", s->ns, s->name, NULL};
	struct kube_event event = {
		.regarding = policy,
		.reason = a->u.event.reason,
		.action = a->u.event.reason,
		.note = a->u.event.note,
		.warning = a->u.event.warning,
	};
	if (a->policy) {
		policy.uid = or_null(a->policy->uid);
		event.related = policy;
		event.regarding = (struct kube_object_ref){
			a->policy->target.api_version, a->policy->target.kind, s->ns,
			a->policy->target.name, or_null(s->record->target_uid)};
	}
	p->events++;
	kube_events_post(p->loop->events, &event);
}

bool performer_idle(const struct performer *p)
{
	struct kube_events_info info;
	kube_events_info(p->loop->events, &info);
	return !p->deeds && batches_idle(p->batches) &&
	       info.posted + info.repeated + info.dropped + info.failed >= p->events;
}

void perform(struct performer *p, const struct action *a)
{
	switch (a->type) {
	case ACTION_QUERY:
		ask(p, a);
		return;
	case ACTION_SCALE:
		scale(p, a);
		return;
	case ACTION_FLOOR:
		set_floor(p, a);
		return;
	case ACTION_SAVE:
		book_save(p->loop->book, a->status, &a->u.save.ref);
		return;
	case ACTION_READ_TARGET:
		scope_read(p->loop->scope, a->policy);
		return;
	case ACTION_STATUS:
		book_status(p->loop->book, a->status);
		return;
	case ACTION_EVENT:
		post(p, a);
		return;
	case ACTION_DECIDED:
		return;
	}
}
