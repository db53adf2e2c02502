/* lib/http's transfers on the virtual network: what lib/http/exchange.c does with curl.
 * Queues, places and credentials are the product's own (lib/http/client.c). */
#include "faults/vurl.h"
#include "faults/virtual.h"
#include "http/exchange.h"

#include <stdlib.h>
#include <string.h>

/* What a transfer has beside what struct http_exchange holds. */
struct vtransfer {
	struct http_exchange *exchange;
	struct wire *wire;
	struct timer timer, connect;
	int64_t started_ms;
	int status;
	char *type;
	int64_t retry_after_ms;
	bool again; /* it is the second try of a request whose connection broke */
	enum http_phase failed;
	struct err err;
};

static struct vtransfer *of(const struct http_exchange *x)
{
	return (struct vtransfer *)x->transfer.easy;
}

struct http_exchange *exchange_new(struct reactor *r, const struct endpoint *e,
				   const struct http_request *q, struct err *err)
{
	(void)err;
	struct http_exchange *x = xcalloc(1, sizeof(*x));
	bool has_query = q->query && q->query[0];
	x->reactor = r;
	x->endpoint = e;
	x->lane = q->on_data      ? LANE_STREAM
		  : q->background ? LANE_BACKGROUND
				  : LANE_NORMAL;
	x->timeout_ms = q->timeout_ms;
	if (x->timeout_ms <= 0 && x->lane != LANE_STREAM)
		x->timeout_ms = e->timeout_ms;
	x->first_byte_ms = q->first_byte_ms;
	x->on_data = q->on_data;
	x->done = q->done;
	x->arg = q->arg;
	x->method = xstrdup(q->method ? q->method : "GET");
	x->url = xasprintf("%s%s%s", q->path, has_query ? "?" : "",
			   has_query ? q->query : "");
	x->body = xstrdup(q->body);
	x->content_type = xstrdup(q->content_type ? q->content_type : "application/json");
	str_init(&x->in, e->max_response_bytes);
	return x;
}

static void stop(struct http_exchange *x)
{
	struct vtransfer *t = of(x);
	timer_cancel(&x->first_byte);
	if (!t)
		return;
	timer_cancel(&t->timer);
	timer_cancel(&t->connect);
	wire_leave(TAKE(t->wire));
}

void exchange_free(struct http_exchange *x)
{
	if (!x)
		return;
	if (x->gone)
		*x->gone = true;
	stop(x);
	if (of(x))
		free(of(x)->type);
	free(of(x));
	str_fini(&x->in);
	free(x->method);
	free(x->url);
	free(x->body);
	free(x->content_type);
	free(x);
}

/* --- the end --- */

static void finish(struct http_exchange *x)
{
	struct vtransfer *t = of(x);
	struct http_response r = {
		.failed = t->failed,
		.timed_out = x->late,
		.err = t->err,
		.status = x->answered ? t->status : 0,
		.body = str_text(&x->in),
		.len = x->in.len,
		.content_type = t->type ? t->type : "",
		.retry_after_ms = t->retry_after_ms,
		.elapsed_ms = monotonic_ms() - t->started_ms,
	};
	stop(x);
	client_ended(x);
	client_observe(x, &r);
	x->done(x->arg, &r);
	exchange_free(x);
}

static void fail(struct http_exchange *x, enum http_phase phase, const char *why)
{
	struct vtransfer *t = of(x);
	t->failed = phase;
	err_set(&t->err, phase == HTTP_TOO_LARGE ? ERR_INVALID : ERR_RETRY, "%s: %s",
		x->endpoint->authority, why);
	finish(x);
}

static void on_timeout(void *arg)
{
	struct http_exchange *x = arg;
	x->late = true;
	fail(x, x->answered ? HTTP_BODY : HTTP_FIRST_BYTE, "time-out");
}

static void on_no_connection(void *arg)
{
	struct http_exchange *x = arg;
	switch (wire_port(x->endpoint->authority)) {
	case PORT_DEAF:
		x->late = true;
		fail(x, HTTP_TLS, "time-out in the TLS handshake");
		return;
	case PORT_BABBLES:
		fail(x, HTTP_TLS, "in the TLS handshake: wrong version number");
		return;
	case PORT_FALSE:
		fail(x, HTTP_TLS, "in the TLS handshake: self-signed certificate");
		return;
	case PORT_SERVES: /* it came back meanwhile: this one broke */
	case PORT_REFUSES:
		fail(x, HTTP_CONNECT, "connecting: Connection refused");
		return;
	}
}

/* --- what comes back --- */

static void on_head(void *arg, int status, const char *type, int64_t retry_after_ms)
{
	struct http_exchange *x = arg;
	struct vtransfer *t = of(x);
	x->answered = true;
	t->status = status;
	t->type = xstrdup(type);
	t->retry_after_ms = retry_after_ms;
	timer_cancel(&x->first_byte);
}

static bool is_stream(const struct http_exchange *x)
{
	return x->on_data && of(x)->status >= 200 && of(x)->status < 300;
}

static void on_data(void *arg, const char *data, size_t len, bool last)
{
	(void)last;
	struct http_exchange *x = arg;
	if (!is_stream(x)) {
		if (str_add(&x->in, data, len) < 0)
			fail(x, HTTP_TOO_LARGE, "answer larger than allowed");
		return;
	}
	bool gone = false;
	x->gone = &gone;
	x->on_data(x->arg, data, len);
	if (!gone)
		x->gone = NULL;
}

static void send_request(struct http_exchange *x);

static void on_ended(void *arg, bool whole, int code)
{
	(void)code;
	struct http_exchange *x = arg;
	struct vtransfer *t = of(x);
	t->wire = NULL;
	if (whole) {
		finish(x);
	} else if (x->answered) {
		fail(x, HTTP_BODY, "reading the answer: the connection was closed");
	} else if (!t->again && virtual_chance() < 0.5 &&
		   wire_port(x->endpoint->authority) == PORT_SERVES) {
		/* curl sends a request again when a connection that it had kept breaks
		 * before a byte of the answer. */
		t->again = true;
		send_request(x);
	} else {
		fail(x, HTTP_FIRST_BYTE, "the connection was closed without an answer");
	}
}

/* --- the start --- */

static void send_request(struct http_exchange *x)
{
	const struct wire_client client = {on_head, on_data, on_ended, x};
	struct request q;
	virtual_request(&q, x->method, x->url);
	free(q.authorization);
	free(q.content_type);
	free(q.host);
	q.authorization =
		xstrdup(x->endpoint->authorization ? x->endpoint->authorization : "");
	q.content_type = xstrdup(x->body ? x->content_type : "");
	q.host = xstrdup(x->endpoint->authority);
	q.body_len = x->body ? strlen(x->body) : 0;
	of(x)->wire =
		wire_send(x->endpoint->authority, &q, xstrdup(x->body), false, &client);
}

int exchange_start(struct http_exchange *x, struct err *err)
{
	(void)err;
	struct vtransfer *t = xcalloc(1, sizeof(*t));
	t->exchange = x;
	t->started_ms = monotonic_ms();
	t->retry_after_ms = -1;
	x->transfer.easy = t;
	x->running = true;
	enum wire_port port = wire_port(x->endpoint->authority);
	if (port != PORT_SERVES) {
		timer_set(x->reactor, &t->connect,
			  port == PORT_DEAF ? x->endpoint->connect_timeout_ms : 1,
			  on_no_connection, x);
		return 0;
	}
	if (x->timeout_ms > 0)
		timer_set(x->reactor, &t->timer, x->timeout_ms, on_timeout, x);
	if (x->first_byte_ms > 0)
		timer_set(x->reactor, &x->first_byte, x->first_byte_ms, on_timeout, x);
	send_request(x);
	return 0;
}
