/* A client, the loop it runs in and the server it talks to, for one test. */
#ifndef FORETOP_TESTS_HTTP_RIG_H
#define FORETOP_TESTS_HTTP_RIG_H

#include "http/http.h"
#include "unit/harness.h"
#include "unit/http/certificate.h"
#include "unit/http/server.h"

#define RIG_ANSWERS 32

/* What a callback saw, kept beyond the callback. */
struct rig_answer {
	struct http_response response; /* body and content_type are copies */
	int tag;                       /* which request */
};

struct rig {
	struct reactor *reactor;
	struct http_client *client;
	struct server server;
	struct timer watchdog;
	struct rig_answer answers[RIG_ANSWERS];
	int answer_count, wanted;
	struct str stream;
	int stream_calls;
	struct http_exchange *exchange; /* of the stream */
	bool cancel_in_stream, stop_in_stream, free_in_done;
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

static inline void rig_done(void *arg, const struct http_response *response)
{
	struct rig_tag *t = arg;
	struct rig *g = t->rig;
	ck_assert_int_lt(g->answer_count, RIG_ANSWERS);
	struct rig_answer *a = &g->answers[g->answer_count++];
	a->response = *response;
	a->response.body = xstrndup(response->body, response->len);
	a->response.content_type = xstrdup(response->content_type);
	a->tag = t->tag;
	free(t);
	if (g->free_in_done) {
		http_client_free(g->client);
		g->client = NULL;
	}
	if (g->answer_count >= g->wanted)
		reactor_stop(g->reactor);
}

static inline void rig_data(void *arg, const char *data, size_t len)
{
	struct rig_tag *t = arg;
	struct rig *g = t->rig;
	str_add(&g->stream, data, len);
	g->stream_calls++;
	if (g->stop_in_stream)
		reactor_stop(g->reactor);
	if (g->cancel_in_stream) {
		http_cancel(g->exchange);
		free(t);
		reactor_stop(g->reactor);
	}
}

/* The server's URL; valid until the next call. */
static inline const char *rig_url(const struct rig *g, const char *host)
{
	static char url[128];
	snprintf(url, sizeof(url), "%s://%s:%d/prefix", g->server.tls ? "https" : "http",
		 host, g->server.port);
	return url;
}

/* Starts the loop and the server; rig_connect makes the client. */
static inline void rig_init(struct rig *g, const struct server_reply *replies,
			    size_t count, SSL_CTX *tls)
{
	struct err err = {0};
	*g = (struct rig){0};
	str_init(&g->stream, 1 << 20);
	g->reactor = reactor_new(&err);
	ck_assert_msg(g->reactor != NULL, "%s", err.msg);
	server_start(&g->server, replies, count, tls);
	timer_set(g->reactor, &g->watchdog, 60000, rig_late, NULL);
}

/* A client of the server; base_url NULL means http(s)://127.0.0.1:PORT/prefix. */
static inline void rig_connect(struct rig *g, const struct http_client_config *config)
{
	struct err err = {0};
	struct http_client_config c = *config;
	if (!c.base_url)
		c.base_url = rig_url(g, "127.0.0.1");
	http_client_free(g->client);
	g->client = http_client_new(g->reactor, &c, &err);
	ck_assert_msg(g->client != NULL, "%s", err.msg);
}

static inline struct http_exchange *rig_send(struct rig *g,
					     const struct http_request *request, int tag)
{
	struct err err = {0};
	struct rig_tag *t = xmalloc(sizeof(*t));
	*t = (struct rig_tag){.rig = g, .tag = tag};
	struct http_request q = *request;
	if (!q.path)
		q.path = "/x";
	q.done = rig_done;
	q.arg = t;
	struct http_exchange *x = http_send(g->client, &q, &err);
	ck_assert_msg(x != NULL, "%s", err.msg);
	return x;
}

/* Runs the loop until `count` more answers are there. */
static inline void rig_wait(struct rig *g, int count)
{
	g->wanted = g->answer_count + count;
	reactor_run(g->reactor);
}

/* One request from start to end; the answer is the rig's. */
static inline const struct http_response *rig_ask(struct rig *g,
						  const struct http_request *request)
{
	rig_send(g, request, 0);
	rig_wait(g, 1);
	return &g->answers[g->answer_count - 1].response;
}

static inline void rig_fini(struct rig *g)
{
	timer_cancel(&g->watchdog);
	http_client_free(g->client);
	reactor_free(g->reactor);
	server_stop(&g->server);
	server_fini(&g->server);
	if (g->server.tls)
		SSL_CTX_free(g->server.tls);
	str_fini(&g->stream);
	for (int i = 0; i < g->answer_count; i++) {
		free((char *)g->answers[i].response.body);
		free((char *)g->answers[i].response.content_type);
	}
}

#endif
