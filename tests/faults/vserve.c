/* lib/serve's servers on the virtual network, and the network itself. */
#include "faults/virtual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_FIRST  20000
#define LATENCY_MIN 1 /* one way, milliseconds */
#define LATENCY_MAX 4

enum post_kind { POST_REQUEST, POST_LEAVE, POST_HEAD, POST_DATA, POST_END, POST_DRAINED };

/* One thing on its way through the network. */
struct post {
	struct wire *wire;
	struct post *next, **link;
	struct timer timer;
	enum post_kind kind;
	int status; /* of a head; of an end the code */
	char *text; /* content type, or data */
	size_t len;
	int64_t retry_after_ms;
	bool flag; /* of data: last; of an end: whole */
};

struct wire {
	struct httpd *httpd;
	struct wire *next, **link;
	struct post *posts;
	int64_t latency_ms;
	struct wire_client client;
	bool client_gone, server_gone, websocket;
	struct request request;
	char *body;
	struct exchange *exchange; /* one of the two, while the server has it */
	struct websock *websock;
};

struct exchange {
	struct httpd *httpd;
	struct wire *wire; /* NULL: the client is gone */
	struct request request;
	char *body;
	int64_t retry_after_ms;
	void (*gone)(struct exchange *x, void *arg);
	void (*drained)(struct exchange *x, void *arg);
	void *arg;
};

struct websock {
	struct httpd *httpd;
	struct wire *wire; /* NULL: the client is gone */
	struct request request;
	void *data;
	bool dead;
};

struct httpd {
	struct httpd_config config;
	struct reactor *reactor;
	struct httpd *next, **link;
	struct wire *wires;
	char address[32], url[40];
	int port;
	bool listens;
};

struct squatter {
	struct squatter *next, **link;
	enum squatter_kind kind;
	char address[32];
};

static struct httpd *servers;
static struct squatter *squatters;
static int next_port = PORT_FIRST;

/* --- posts --- */

static void on_post(void *arg);

static struct post *post(struct wire *w, enum post_kind kind, struct reactor *r)
{
	struct post *p = xcalloc(1, sizeof(*p));
	struct post **at = &w->posts;
	while (*at)
		at = &(*at)->next;
	p->wire = w;
	p->kind = kind;
	p->link = at;
	*at = p;
	timer_set(r, &p->timer, kind == POST_DRAINED ? 1 : w->latency_ms, on_post, p);
	return p;
}

static void post_free(struct post *p)
{
	timer_cancel(&p->timer);
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	free(p->text);
	free(p);
}

static void wire_free(struct wire *w)
{
	while (w->posts)
		post_free(w->posts);
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	request_fini(&w->request);
	free(w->body);
	free(w);
}

/* Both sides are done with it. */
static void wire_settle(struct wire *w)
{
	if (w->client_gone && w->server_gone && !w->exchange && !w->websock)
		wire_free(w);
}

static void post_data(struct wire *w, const char *data, size_t len, bool last)
{
	struct post *p = post(w, POST_DATA, w->httpd->reactor);
	p->text = xmalloc(len + 1);
	memcpy(p->text, data, len);
	p->text[len] = '\0';
	p->len = len;
	p->flag = last;
}

static void post_end(struct wire *w, bool whole, int code)
{
	struct post *p = post(w, POST_END, w->httpd->reactor);
	p->flag = whole;
	p->status = code;
	w->server_gone = true;
}

static void post_head(struct wire *w, int status, const char *type,
		      int64_t retry_after_ms)
{
	struct post *p = post(w, POST_HEAD, w->httpd->reactor);
	p->status = status;
	p->text = xstrdup(type ? type : "");
	p->retry_after_ms = retry_after_ms;
}

/* --- the server's side of a request --- */

static void exchange_free(struct exchange *x)
{
	if (x->wire)
		x->wire->exchange = NULL;
	request_fini(&x->request);
	free(x->body);
	free(x);
}

static void begin_exchange(struct wire *w)
{
	struct exchange *x = xcalloc(1, sizeof(*x));
	x->httpd = w->httpd;
	x->wire = w;
	x->request = w->request;
	w->request = (struct request){0};
	x->body = TAKE(w->body);
	x->request.body = x->body ? x->body : "";
	x->retry_after_ms = -1;
	w->exchange = x;
	w->httpd->config.handle(x, w->httpd->config.arg);
}

/* The client is gone, or the server closes. */
static void detach_exchange(struct exchange *x)
{
	x->wire->exchange = NULL;
	x->wire = NULL;
	if (!x->gone)
		return; /* the user still holds it: freed with the answer */
	x->gone(x, x->arg);
	exchange_free(x);
}

const struct request *exchange_request(const struct exchange *x)
{
	return &x->request;
}

void exchange_on_gone(struct exchange *x, void (*gone)(struct exchange *x, void *arg),
		      void *arg)
{
	x->gone = gone;
	x->arg = arg;
}

void exchange_header(struct exchange *x, const char *name, const char *value)
{
	if (!strcmp(name, "Retry-After"))
		x->retry_after_ms = strtol(value, NULL, 10) * MS_PER_S;
}

void exchange_reply(struct exchange *x, int status, const char *content_type,
		    const char *body, size_t len)
{
	if (x->wire) {
		post_head(x->wire, status, content_type, x->retry_after_ms);
		if (len && x->request.method != METHOD_HEAD)
			post_data(x->wire, body, len, false);
		post_end(x->wire, true, 0);
	}
	exchange_free(x);
}

void exchange_reply_text(struct exchange *x, int status, const char *content_type,
			 const char *text)
{
	exchange_reply(x, status, content_type, text, strlen(text));
}

static void want_drained(struct exchange *x)
{
	if (x->drained)
		post(x->wire, POST_DRAINED, x->httpd->reactor);
}
void exchange_stream(struct exchange *x, int status, const char *content_type,
		     void (*drained)(struct exchange *x, void *arg))
{
	x->drained = drained;
	if (!x->wire)
		return;
	post_head(x->wire, status, content_type, x->retry_after_ms);
	want_drained(x);
}

int exchange_send(struct exchange *x, const char *data, size_t len)
{
	if (!x->wire)
		return 0;
	post_data(x->wire, data, len, false);
	want_drained(x);
	return 0;
}

size_t exchange_queued(const struct exchange *x)
{
	(void)x;
	return 0;
}

void exchange_end(struct exchange *x)
{
	if (x->wire)
		post_end(x->wire, true, 0);
	exchange_free(x);
}

void exchange_abort(struct exchange *x)
{
	if (x->wire)
		post_end(x->wire, false, 0);
	exchange_free(x);
}

/* --- the server's side of a WebSocket --- */

static void websock_end(struct websock *w)
{
	if (w->httpd->config.closed)
		w->httpd->config.closed(w, w->httpd->config.arg);
	if (w->wire)
		w->wire->websock = NULL;
	request_fini(&w->request);
	free(w);
}

static void begin_websock(struct wire *w)
{
	const struct httpd_config *config = &w->httpd->config;
	int status = config->upgrade ? config->upgrade(&w->request, config->arg) : 400;
	post_head(w, status ? status : 101, "", -1);
	if (status) {
		post_end(w, true, 0);
		return;
	}
	struct websock *s = xcalloc(1, sizeof(*s));
	s->httpd = w->httpd;
	s->wire = w;
	s->request = w->request;
	w->request = (struct request){0};
	w->websock = s;
	if (config->opened)
		config->opened(s, config->arg);
}

const struct request *websock_request(const struct websock *w)
{
	return &w->request;
}

void websock_set_data(struct websock *w, void *data)
{
	w->data = data;
}

void *websock_data(const struct websock *w)
{
	return w->data;
}

int websock_send_part(struct websock *w, const char *text, size_t len, bool last)
{
	if (w->dead)
		return -1;
	post_data(w->wire, text, len, last);
	post(w->wire, POST_DRAINED, w->httpd->reactor);
	return 0;
}

int websock_send(struct websock *w, const char *text, size_t len)
{
	return websock_send_part(w, text, len, true);
}

size_t websock_queued(const struct websock *w)
{
	(void)w;
	return 0;
}

/* Its end comes with the drained post behind what is queued, from the loop. */
static void websock_finish(struct websock *w, bool whole, int code)
{
	if (w->dead)
		return;
	w->dead = true;
	post_end(w->wire, whole, code);
	post(w->wire, POST_DRAINED, w->httpd->reactor);
}

void websock_close(struct websock *w, int code)
{
	websock_finish(w, true, code);
}

void websock_abort(struct websock *w)
{
	websock_finish(w, false, 0);
}

/* --- what arrives --- */

static void client_left(struct wire *w)
{
	w->server_gone = true;
	if (w->exchange)
		detach_exchange(w->exchange);
	if (w->websock) {
		struct websock *s = w->websock;
		s->dead = true;
		websock_end(s);
	}
}

static void on_drained_post(struct wire *w)
{
	struct exchange *x = w->exchange;
	struct websock *s = w->websock;
	if (x && x->drained)
		x->drained(x, x->arg);
	else if (s && s->dead)
		websock_end(s);
	else if (s && s->httpd->config.drained)
		s->httpd->config.drained(s, s->httpd->config.arg);
}

static void on_post(void *arg)
{
	struct post *p = arg;
	struct wire *w = p->wire;
	struct post now = *p;
	p->text = NULL;
	post_free(p);
	bool to_client =
		now.kind == POST_HEAD || now.kind == POST_DATA || now.kind == POST_END;
	virtual_set_side(to_client ? SIDE_CLIENT : SIDE_SERVER);
	switch (now.kind) {
	case POST_REQUEST:
		if (w->websocket)
			begin_websock(w);
		else
			begin_exchange(w);
		break;
	case POST_LEAVE:
		client_left(w);
		break;
	case POST_HEAD:
		if (!w->client_gone)
			w->client.head(w->client.arg, now.status, now.text,
				       now.retry_after_ms);
		break;
	case POST_DATA:
		if (!w->client_gone)
			w->client.data(w->client.arg, now.text, now.len, now.flag);
		break;
	case POST_END:
		if (!w->client_gone) {
			w->client_gone = true;
			w->client.ended(w->client.arg, now.flag, now.status);
		}
		break;
	case POST_DRAINED:
		on_drained_post(w);
		break;
	}
	virtual_set_side(SIDE_SERVER);
	wire_settle(w);
	free(now.text);
}

/* --- the client's side --- */

enum wire_port wire_port(const char *authority)
{
	for (struct squatter *s = squatters; s; s = s->next)
		if (!strcmp(s->address, authority))
			return s->kind == SQUATTER_DEAF     ? PORT_DEAF
			       : s->kind == SQUATTER_BABBLE ? PORT_BABBLES
							    : PORT_FALSE;
	for (struct httpd *h = servers; h; h = h->next)
		if (h->listens && !strcmp(h->address, authority))
			return PORT_SERVES;
	return PORT_REFUSES;
}

struct wire *wire_send(const char *authority, struct request *q, char *body,
		       bool websocket, const struct wire_client *client)
{
	struct httpd *h = servers;
	while (strcmp(h->address, authority) != 0)
		h = h->next;
	enum virtual_side side = virtual_side();
	virtual_set_side(SIDE_SERVER); /* the network's memory is nobody's */
	struct wire *w = xcalloc(1, sizeof(*w));
	w->httpd = h;
	w->next = h->wires;
	w->link = &h->wires;
	if (w->next)
		w->next->link = &w->next;
	h->wires = w;
	w->latency_ms = LATENCY_MIN +
			(int64_t)(virtual_chance() * (LATENCY_MAX - LATENCY_MIN + 1));
	w->client = *client;
	w->request = *q;
	*q = (struct request){0};
	w->body = body;
	w->websocket = websocket;
	post(w, POST_REQUEST, h->reactor);
	virtual_set_side(side);
	return w;
}

void wire_leave(struct wire *w)
{
	if (!w || w->client_gone)
		return;
	enum virtual_side side = virtual_side();
	virtual_set_side(SIDE_SERVER);
	w->client_gone = true;
	post(w, POST_LEAVE,
	     w->httpd->reactor); /* frees it, never from within this call */
	virtual_set_side(side);
}

/* --- the server --- */

struct httpd *httpd_new(struct reactor *r, const struct httpd_config *config,
			struct err *err)
{
	(void)err;
	struct httpd *h = xcalloc(1, sizeof(*h));
	h->config = *config;
	h->reactor = r;
	h->port = next_port++;
	h->listens = true;
	snprintf(h->address, sizeof(h->address), "127.0.0.1:%d", h->port);
	snprintf(h->url, sizeof(h->url), "http://%s", h->address);
	h->next = servers;
	h->link = &servers;
	if (h->next)
		h->next->link = &h->next;
	servers = h;
	return h;
}

/* Everybody is cut off; requests on their way are lost. */
static void cut_wire(struct wire *w)
{
	while (w->posts)
		post_free(w->posts);
	if (w->exchange)
		detach_exchange(w->exchange);
	if (w->websock) {
		struct websock *s = w->websock;
		s->dead = true;
		websock_end(s);
	}
	if (!w->client_gone) {
		post_end(w, false, 0);
		return;
	}
	wire_free(w);
}

void httpd_suspend(struct httpd *h)
{
	h->listens = false;
	for (struct wire *w = h->wires, *next; w; w = next) {
		next = w->next;
		cut_wire(w);
	}
}

int httpd_resume(struct httpd *h, struct err *err)
{
	(void)err;
	h->listens = true;
	return 0;
}

void httpd_free(struct httpd *h)
{
	if (!h)
		return;
	httpd_suspend(h);
	while (h->wires) {
		struct wire *w = h->wires;
		while (w->posts)
			post_free(w->posts);
		if (!w->client_gone) {
			w->client_gone = true;
			w->client.ended(w->client.arg, false, 0);
		}
		wire_free(w);
	}
	*h->link = h->next;
	if (h->next)
		h->next->link = h->link;
	free(h);
}

void httpd_cleanup(struct httpd **h)
{
	httpd_free(*h);
}

const char *httpd_address(const struct httpd *h)
{
	return h->address;
}

const char *httpd_url(const struct httpd *h)
{
	return h->url;
}

int httpd_port(const struct httpd *h)
{
	return h->port;
}

int httpd_connections(const struct httpd *h)
{
	int count = 0;
	for (const struct wire *w = h->wires; w; w = w->next)
		count++;
	return count;
}

/* --- squatters --- */

struct squatter *squatter_new(struct reactor *r, enum squatter_kind kind,
			      const char *address)
{
	(void)r;
	if (kind == SQUATTER_NONE)
		return NULL;
	struct squatter *s = xcalloc(1, sizeof(*s));
	s->kind = kind;
	snprintf(s->address, sizeof(s->address), "%s", address);
	s->next = squatters;
	s->link = &squatters;
	if (s->next)
		s->next->link = &s->next;
	squatters = s;
	return s;
}

void squatter_free(struct squatter *s)
{
	if (!s)
		return;
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	free(s);
}
