/* /metrics and the probes: the table of families.c filled in. */
#include "loop/families.h"
#include "loop/shards.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Some 60 series of 150 bytes for each of 10,000 policies. */
#define SERIES_MAX 1000000
#define CONTROLLER "foretop"

struct telemetry {
	struct loop *loop;
	struct metrics *metrics;
	struct face *face;
	char host[280]; /* of the API server, as client-go tells it */
};

/* --- policies --- */

/* The labels of all series of a policy, with room for two of their own. */
struct policy_labels {
	const char *at[METRIC_LABELS_MAX];
};

static const char *const *with(const struct policy_labels *p, const char *fourth,
			       const char *fifth, struct policy_labels *ret)
{
	*ret = *p;
	ret->at[3] = fourth;
	ret->at[4] = fifth;
	return ret->at;
}

static void put_replicas(struct metrics *m, enum family family,
			 const struct policy_labels *p, int32_t replicas)
{
	if (replicas != DECIDE_NO_REPLICAS)
		metrics_set(m, family, p->at, replicas);
}

static void put_metric(struct metrics *m, const struct policy_labels *p,
		       const struct policy_status *s, int32_t i)
{
	const struct metric_status *st = &s->metrics[i];
	struct policy_labels own;
	const char *const *labels = with(p, s->policy->metrics[i].name, NULL, &own);
	metrics_set(m, F_DEMAND, labels, st->known ? st->current : NAN);
	if (!st->forecast_on)
		return;
	metrics_set(m, F_ANOMALIES, labels, (double)st->anomalies);
	metrics_set(m, F_USABLE, labels, st->forecast_usable);
	if (st->forecast.state != FORECAST_READY)
		return;
	metrics_set(m, F_FORECAST, labels, st->forecast.mean);
	metrics_set(m, F_UPPER, labels, st->forecast.upper);
	metrics_set(m, F_SKILL, labels, st->forecast.skill);
	metrics_set(m, F_COVERAGE, labels, st->forecast.coverage);
	metrics_set(m, F_WINDOW, labels, st->window_min * 60.0);
}

static void put_gate(struct metrics *m, const struct policy_labels *p,
		     const struct policy_status *s)
{
	struct policy_labels own;
	if (!status_has_forecast(s))
		return;
	metrics_set(m, F_GATE_OPEN, p->at, s->gate.open);
	metrics_set(m, F_GATE_COST, with(p, "forecast", NULL, &own),
		    gate_cost_ours(&s->gate));
	metrics_set(m, F_GATE_COST, with(p, "reactive", NULL, &own),
		    gate_cost_reactive(&s->gate));
	metrics_set(m, F_GATE_EVIDENCE, p->at, 60.0 * (double)s->gate.evidence_min);
	metrics_set(m, F_CAPPED, p->at, s->capped);
}

static void put_conditions(struct metrics *m, const struct policy_labels *p,
			   const struct policy_status *s)
{
	struct policy_labels own;
	for (int c = 0; c < PC_COUNT; c++)
		if (s->conditions[c].status != STATUS_UNKNOWN)
			metrics_set(m, F_CONDITION,
				    with(p, policy_condition_name(c), NULL, &own),
				    s->conditions[c].status == STATUS_TRUE);
}

static void put_counts(struct metrics *m, const struct policy_labels *p,
		       const struct policy_status *s)
{
	const struct counts *n = &s->counts;
	struct policy_labels own;
	for (int c = 0; c < CAUSE_COUNT; c++) {
		const char *cause = cause_name(c);
		metrics_set(m, F_DECISIONS, with(p, cause, NULL, &own),
			    (double)n->decided[c]);
		metrics_set(m, F_WRITES, with(p, "up", cause, &own),
			    (double)n->raised[c]);
		metrics_set(m, F_WRITES, with(p, "down", cause, &own),
			    (double)n->lowered[c]);
	}
	for (int c = 0; c < CLAMP_COUNT; c++)
		metrics_set(m, F_CLAMPS, with(p, clamp_name(c), NULL, &own),
			    (double)n->clamped[c]);
	metrics_set(m, F_CONFLICTS, p->at, (double)s->conflicts);
	metrics_set(m, F_FAILURES, p->at, (double)s->failures);
}

static void put_time(struct metrics *m, enum family family, const struct policy_labels *p,
		     int64_t ms)
{
	if (ms > 0)
		metrics_set(m, family, p->at, (double)ms / MS_PER_S);
}

static void put_sizes(struct metrics *m, const struct policy_labels *p,
		      const struct policy_status *s)
{
	put_replicas(m, F_CURRENT, p, s->current);
	put_replicas(m, F_DESIRED, p, s->desired);
	put_replicas(m, F_REACTIVE, p, s->reactive);
	put_replicas(m, F_PREDICTED, p, s->predicted);
	metrics_set(m, F_READY_PODS, p->at, s->ready_pods);
	metrics_set(m, F_MIN, p->at, s->policy->min_replicas);
	metrics_set(m, F_MAX, p->at, s->policy->max_replicas);
	if (s->floor.autoscaler) {
		metrics_set(m, F_FLOOR, p->at, s->floor.min);
		metrics_set(m, F_FLOOR_OWN, p->at, s->floor.original);
	}
}

static void put_policy(struct metrics *m, const struct policy_status *s)
{
	const struct policy *policy = s->policy;
	struct policy_labels own;
	struct policy_labels p = {{s->ns, s->name, policy ? policy->target.name : ""}};
	put_conditions(m, &p, s);
	if (!policy)
		return;
	metrics_set(m, F_INFO,
		    with(&p, policy->target.kind, policy_mode_name(policy->mode), &own),
		    1);
	put_sizes(m, &p, s);
	metrics_set(m, F_LEAD, p.at, (double)s->lead_ms / MS_PER_S);
	put_time(m, F_DECIDED_AT, &p, s->decided_ms);
	put_time(m, F_SCALED_AT, &p, s->scaled_ms);
	put_gate(m, &p, s);
	put_counts(m, &p, s);
	for (int32_t i = 0; i < policy->metric_count; i++)
		put_metric(m, &p, s, i);
}

/* --- the process --- */

static void put_known(struct metrics *m, enum family family, double v)
{
	if (!isnan(v))
		metrics_set(m, family, NO_LABELS, v);
}

static void put_process(struct metrics *m)
{
	struct process_stats s;
	process_stats_read(&s);
	put_known(m, F_CPU, s.cpu_s);
	put_known(m, F_RSS, s.resident_bytes);
	put_known(m, F_RSS_ANON, s.resident_anon_bytes);
	put_known(m, F_VIRTUAL, s.virtual_bytes);
	put_known(m, F_OPEN_FDS, s.open_fds);
	put_known(m, F_MAX_FDS, s.max_fds);
	put_known(m, F_START, s.start_time_s);
}

static void put_decided(struct telemetry *t)
{
	const struct engine *e = t->loop->engine;
	double errors = (double)engine_decided(e, CAUSE_UNKNOWN), all = 0;
	for (int c = 0; c < CAUSE_COUNT; c++)
		all += (double)engine_decided(e, c);
	metrics_set(t->metrics, F_RECONCILES, LABELS(CONTROLLER, "success"),
		    all - errors);
	metrics_set(t->metrics, F_RECONCILES, LABELS(CONTROLLER, "error"), errors);
	metrics_set(t->metrics, F_RECONCILE_ERRORS, LABELS(CONTROLLER), errors);
}

static void put_kube(struct telemetry *t)
{
	struct kube_events_info events;
	kube_events_info(t->loop->events, &events);
	metrics_set(t->metrics, F_QUEUE_DEPTH, LABELS("kubernetes-requests", CONTROLLER),
		    kube_waiting(t->loop->kube));
	metrics_set(t->metrics, F_QUEUE_DEPTH, LABELS("events", CONTROLLER),
		    (double)events.waiting);
	metrics_set(t->metrics, F_EVENTS_LOST, NO_LABELS,
		    (double)(events.dropped + events.failed));
}

static void put_shards(struct telemetry *t)
{
	const struct shards *s = t->loop->shards;
	struct metrics *m = t->metrics;
	for (int32_t i = 0; i < shards_count(s); i++)
		metrics_set(m, F_LEADER, LABELS(shards_lease_name(s, i)),
			    shards_mine(s, i));
	metrics_set(m, F_SHARDS, NO_LABELS, shards_count(s));
	metrics_set(m, F_SHARDS_HELD, NO_LABELS, shards_held(s));
	metrics_set(m, F_REPLICAS, NO_LABELS, shards_replicas(s));
}

static void before_scrape(void *arg)
{
	struct telemetry *t = arg;
	struct metrics *m = t->metrics;
	const struct engine *e = t->loop->engine;
	int32_t served = 0;
	metrics_begin(m);
	for (int32_t i = 0; i < engine_policy_count(e); i++) {
		const struct policy_status *s = engine_policy_status(e, i);
		if (!s)
			continue;
		served++;
		put_policy(m, s);
	}
	put_process(m);
	metrics_end(m);
	put_decided(t);
	put_kube(t);
	metrics_set(m, F_POLICIES, NO_LABELS, served);
	metrics_set(m, F_TURNED_AWAY, NO_LABELS, book_turned_away(t->loop->book));
	metrics_set(m, F_BREAKER, NO_LABELS, (double)engine_breaker_trips(e));
	put_shards(t);
	metrics_set(m, F_DROPPED, NO_LABELS, (double)metrics_dropped(m));
}

/* --- what is known from the start is there with 0 --- */

static const char *const query_kinds[] = {[QUERY_CURRENT] = "current",
					  [QUERY_HISTORY] = "history",
					  [QUERY_GUARD] = "guard"};
static const char *const query_causes[] = {"empty", "partial", "refused", "failed",
					   QUERY_LATE};

static void touch_source(struct metrics *m, const char *source)
{
	for (size_t k = 0; k < ARRAY_LEN(query_kinds); k++) {
		metrics_touch(m, F_QUERIES, LABELS(source, query_kinds[k]));
		for (size_t c = 0; c < ARRAY_LEN(query_causes); c++)
			metrics_touch(m, F_QUERY_FAILURES,
				      LABELS(source, query_kinds[k], query_causes[c]));
	}
	metrics_touch(m, F_PROM_REQUESTS, LABELS(source, "200"));
	metrics_touch(m, F_PROM_REQUESTS, LABELS(source, "<error>"));
	metrics_touch(m, F_PROM_DURATION, LABELS(source));
}

static void touch(struct telemetry *t)
{
	static const char *const writes[] = {"scale", "floor", "status"};
	static const char *const watches[] = {"policies", "targets", "pods",
					      "horizontalpodautoscalers"};
	struct metrics *m = t->metrics;
	metrics_set(m, F_BUILD_INFO, LABELS(FORETOP_VERSION), 1);
	metrics_set(m, F_DRY_RUN, NO_LABELS, t->loop->config.dry_run);
	for (size_t i = 0; i < ARRAY_LEN(writes); i++)
		metrics_touch(m, F_WRITE_ERRORS, LABELS(writes[i]));
	for (size_t i = 0; i < ARRAY_LEN(watches); i++) {
		metrics_touch(m, F_WATCH_BREAKS, LABELS(watches[i]));
		metrics_touch(m, F_WATCH_EXPIRED, LABELS(watches[i]));
	}
	metrics_touch(m, F_REST_REQUESTS, LABELS("200", "GET", t->host));
	metrics_touch(m, F_REST_REQUESTS, LABELS("<error>", "GET", t->host));
	metrics_touch(m, F_REST_DURATION, LABELS("GET", t->host));
	telemetry_reloaded(t, true);
}

static void name_host(struct telemetry *t)
{
	const char *server = kube_configuration(t->loop->kube)->server;
	const char *host = strstr(server, "://");
	host = host ? host + 3 : server;
	snprintf(t->host, sizeof(t->host), "%.*s", (int)strcspn(host, "/"), host);
}

struct telemetry *telemetry_new(struct loop *l, const char *listen, struct err *err)
{
	struct telemetry *t = xcalloc(1, sizeof(*t));
	t->loop = l;
	int count;
	const struct metric_family *families = loop_families(&count);
	t->metrics = metrics_new(families, count, SERIES_MAX);
	name_host(t);
	touch(t);
	struct face_config config = {
		.listen = listen,
		.metrics = t->metrics,
		.before_scrape = before_scrape,
		.arg = t,
	};
	t->face = face_new(l->config.reactor, &config, err);
	if (!t->face) {
		telemetry_free(t);
		return NULL;
	}
	face_set_ready(t->face, false, "waiting for the first list of policies");
	log_info("Listens", KV_TEXT("url", face_url(t->face)));
	return t;
}

void telemetry_free(struct telemetry *t)
{
	if (!t)
		return;
	face_free(t->face);
	metrics_free(t->metrics);
	free(t);
}

/* --- what happens --- */

void telemetry_count(struct telemetry *t, const struct action *a)
{
	if (a->type == ACTION_EVENT)
		metrics_add(t->metrics, F_EVENTS, LABELS(a->u.event.reason), 1);
}

void telemetry_stepped(struct telemetry *t, int64_t took_us)
{
	metrics_observe(t->metrics, F_STEP, NO_LABELS, (double)took_us / 1e6);
}

void telemetry_late(struct telemetry *t, int64_t late_ms)
{
	metrics_observe(t->metrics, F_LATENESS, NO_LABELS,
			late_ms > 0 ? (double)late_ms / MS_PER_S : 0);
}

void telemetry_reloaded(struct telemetry *t, bool good)
{
	const struct controller_config *c = t->loop->config.controller;
	metrics_set(t->metrics, F_RELOADED, NO_LABELS, good);
	if (!good)
		return;
	metrics_set(t->metrics, F_RELOADED_AT, NO_LABELS, (double)wall_ms() / MS_PER_S);
	for (int32_t i = 0; i < c->source_count; i++)
		touch_source(t->metrics, c->sources[i].name);
}

void telemetry_asked(struct telemetry *t, const char *source, enum query_kind kind)
{
	metrics_add(t->metrics, F_QUERIES, LABELS(source, query_kinds[kind]), 1);
}

void telemetry_query_failed(struct telemetry *t, const char *source, enum query_kind kind,
			    const char *cause)
{
	metrics_add(t->metrics, F_QUERY_FAILURES,
		    LABELS(source, query_kinds[kind], cause), 1);
}

/* As client-go says it. */
static const char *code_text(const struct http_response *r, char *buf, size_t size)
{
	if (!r->status)
		return "<error>";
	snprintf(buf, size, "%d", r->status);
	return buf;
}

void telemetry_prom_request(struct telemetry *t, const char *source,
			    const struct http_response *r)
{
	char code[16];
	metrics_add(t->metrics, F_PROM_REQUESTS,
		    LABELS(source, code_text(r, code, sizeof(code))), 1);
	metrics_observe(t->metrics, F_PROM_DURATION, LABELS(source),
			(double)r->elapsed_ms / MS_PER_S);
}

void telemetry_kube_request(struct telemetry *t, const char *method, bool stream,
			    const struct http_response *r)
{
	char code[16];
	metrics_add(t->metrics, F_REST_REQUESTS,
		    LABELS(code_text(r, code, sizeof(code)), method, t->host), 1);
	if (!stream)
		metrics_observe(t->metrics, F_REST_DURATION, LABELS(method, t->host),
				(double)r->elapsed_ms / MS_PER_S);
}

void telemetry_watch_broke(struct telemetry *t, const char *resource)
{
	metrics_add(t->metrics, F_WATCH_BREAKS, LABELS(resource), 1);
}

void telemetry_watch_expired(struct telemetry *t, const char *resource)
{
	metrics_add(t->metrics, F_WATCH_EXPIRED, LABELS(resource), 1);
}

void telemetry_write_failed(struct telemetry *t, const char *kind)
{
	metrics_add(t->metrics, F_WRITE_ERRORS, LABELS(kind), 1);
}

void telemetry_ready(struct telemetry *t, bool ready, const char *text)
{
	face_set_ready(t->face, ready, text);
}

const char *telemetry_url(const struct telemetry *t)
{
	return face_url(t->face);
}
