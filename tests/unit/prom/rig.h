/* A source, the loop it runs in and the server behind it, for one test. */
#ifndef FORETOP_TESTS_PROM_RIG_H
#define FORETOP_TESTS_PROM_RIG_H

#include "prom/prom.h"
#include "unit/harness.h"
#include "unit/http/server.h"

#define RIG_ANSWERS 32
#define NOW_MS      INT64_C(1700000000000)

struct rig {
	struct reactor *reactor;
	struct prom_source *source;
	struct server server;
	struct timer watchdog;
	int wanted, answer_count;
	struct rig_answer {
		int tag;
		enum prom_outcome outcome;
		struct err err;
		size_t series_count, sample_count; /* the latter of the first series */
		struct sample first, last;         /* of the first series */
	} answers[RIG_ANSWERS];
	struct prom_query *cancel_in_done;
	bool free_in_done, ask_in_done;
};

struct rig_tag {
	struct rig *rig;
	int tag;
};

static inline void rig_late(void *arg)
{
	(void)arg;
	ck_abort_msg("nothing came within 60 s");
}

static inline void rig_init(struct rig *g, const struct server_reply *replies,
			    size_t count, const struct prom_source_config *config)
{
	struct err err = {0};
	char url[64];
	*g = (struct rig){0};
	g->reactor = reactor_new(&err);
	ck_assert_msg(g->reactor != NULL, "%s", err.msg);
	server_start(&g->server, replies, count, NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/prom", g->server.port);
	struct prom_source_config c = *config;
	c.name = "default";
	c.http.base_url = c.http.base_url ? c.http.base_url : url;
	g->source = prom_source_new(g->reactor, &c, &err);
	ck_assert_msg(g->source != NULL, "%s", err.msg);
	timer_set(g->reactor, &g->watchdog, 60000, rig_late, NULL);
}

static inline void rig_fini(struct rig *g)
{
	timer_cancel(&g->watchdog);
	prom_source_free(g->source);
	reactor_free(g->reactor);
	server_stop(&g->server);
	server_fini(&g->server);
}

static inline void rig_done(void *arg, const struct prom_answer *answer);

static inline struct rig_tag *rig_tag(struct rig *g, int tag)
{
	struct rig_tag *t = xmalloc(sizeof(*t));
	*t = (struct rig_tag){.rig = g, .tag = tag};
	return t;
}

static inline struct prom_query *rig_query(struct rig *g, const char *promql, int tag)
{
	return prom_query(g->source, promql, NOW_MS, rig_done, rig_tag(g, tag));
}

static inline void rig_done(void *arg, const struct prom_answer *answer)
{
	struct rig_tag *t = arg;
	struct rig *g = t->rig;
	ck_assert_int_lt(g->answer_count, RIG_ANSWERS);
	struct rig_answer *a = &g->answers[g->answer_count++];
	*a = (struct rig_answer){
		.tag = t->tag, .outcome = answer->outcome, .err = answer->err};
	ck_assert_int_eq(answer->result != NULL, answer->outcome == PROM_OK);
	if (answer->result) {
		const struct prom_series *s = &answer->result->series[0];
		a->series_count = answer->result->series_count;
		a->sample_count = s->sample_count;
		a->first = s->samples[0];
		a->last = s->samples[s->sample_count - 1];
	}
	free(t);
	prom_cancel(TAKE(g->cancel_in_done));
	if (g->free_in_done)
		prom_source_free(TAKE(g->source));
	if (g->ask_in_done) {
		g->ask_in_done = false;
		rig_query(g, "up", 99);
	}
	if (g->answer_count >= g->wanted)
		reactor_stop(g->reactor);
}

static inline void rig_wait(struct rig *g, int count)
{
	g->wanted = g->answer_count + count;
	reactor_run(g->reactor);
}

static inline const struct rig_answer *rig_ask(struct rig *g, const char *promql)
{
	rig_query(g, promql, 0);
	rig_wait(g, 1);
	return &g->answers[g->answer_count - 1];
}

static inline const struct rig_answer *rig_ask_range(struct rig *g, int64_t start_ms,
						     int64_t end_ms, int64_t step_ms)
{
	const struct prom_range range = {start_ms, end_ms, step_ms};
	prom_query_range(g->source, "up", &range, rig_done, rig_tag(g, 0));
	rig_wait(g, 1);
	return &g->answers[g->answer_count - 1];
}

static inline size_t rig_requests(struct rig *g)
{
	pthread_mutex_lock(&g->server.lock);
	size_t n = g->server.request_count;
	pthread_mutex_unlock(&g->server.lock);
	return n;
}

static inline void assert_sent(struct rig *g, size_t n, const char *part)
{
	ck_assert_uint_gt(rig_requests(g), n);
	ck_assert_msg(strstr(g->server.requests[n], part) != NULL, "no \"%s\" in:\n%s",
		      part, g->server.requests[n]);
}

#endif
