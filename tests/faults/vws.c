/* lib/kube's WebSockets on the virtual network: what lib/kube/ws.c does with
 * libwebsockets. */
#include "faults/virtual.h"
#include "faults/vurl.h"
#include "kube/ws.h"

#include <stdlib.h>
#include <string.h>

struct ws_endpoint {
	struct reactor *reactor;
	const struct kube_config *config;
	struct http_client *http;
};

struct ws {
	struct ws_endpoint *endpoint;
	struct stream_handler handler;
	char *target, *authority;
	struct wire *wire;
	struct timer timer; /* first the start, then the attempt's deadline */
	struct str message;
	int64_t contact_ms;
	bool open, *gone;
	int status;
};

struct ws_endpoint *ws_endpoint_new(struct reactor *r, const struct kube_config *config,
				    struct http_client *http)
{
	struct ws_endpoint *e = xcalloc(1, sizeof(*e));
	*e = (struct ws_endpoint){.reactor = r, .config = config, .http = http};
	return e;
}

void ws_endpoint_free(struct ws_endpoint *e)
{
	free(e);
}

bool ws_endpoint_can(const struct ws_endpoint *e, const char *target)
{
	(void)e;
	return strlen(target) <= WS_TARGET_MAX;
}

static void ws_free(struct ws *ws)
{
	if (ws->gone)
		*ws->gone = true;
	timer_cancel(&ws->timer);
	wire_leave(TAKE(ws->wire));
	str_fini(&ws->message);
	free(ws->target);
	free(ws->authority);
	free(ws);
}

static void finish(struct ws *ws, const struct stream_end *end)
{
	struct stream_handler handler = ws->handler;
	ws_free(ws);
	handler.on_end(handler.arg, end);
}

static void unreached(struct ws *ws, const char *why)
{
	struct stream_end end = {.kind = STREAM_UNREACHED};
	err_set(&end.status.err, ERR_RETRY, "WebSocket to %s: %s", ws->authority, why);
	finish(ws, &end);
}

void ws_close(struct ws *ws)
{
	if (ws)
		ws_free(ws);
}

static void too_long(void *arg)
{
	unreached(arg, "no answer to the handshake within 10 s");
}

static void on_head(void *arg, int status, const char *type, int64_t retry_after_ms)
{
	(void)type;
	(void)retry_after_ms;
	struct ws *ws = arg;
	ws->status = status;
	if (status != 101)
		return;
	timer_cancel(&ws->timer);
	ws->open = true;
	ws->contact_ms = monotonic_ms();
	ws->handler.on_open(ws->handler.arg);
}

static void on_data(void *arg, const char *data, size_t len, bool last)
{
	struct ws *ws = arg;
	ws->contact_ms = monotonic_ms();
	if (str_add(&ws->message, data, len) < 0) {
		struct stream_end end = {.kind = STREAM_TOO_LARGE};
		err_set(&end.status.err, ERR_RETRY, "a watch event is too large");
		finish(ws, &end);
		return;
	}
	if (!last)
		return;
	bool gone = false;
	size_t size = ws->message.len;
	char *text AUTO_FREE = str_take(&ws->message);
	ws->gone = &gone;
	ws->handler.on_message(ws->handler.arg, text, size);
	if (!gone)
		ws->gone = NULL;
}

static void on_ended(void *arg, bool whole, int code)
{
	struct ws *ws = arg;
	struct stream_end end = {.kind = STREAM_CLOSED};
	ws->wire = NULL;
	if (!ws->open && ws->status) {
		end.kind = STREAM_REFUSED;
		kube_status_read("WebSocket handshake", ws->status, "", 0, -1,
				 &end.status);
	} else if (!ws->open) {
		unreached(ws, "the connection ended during the handshake");
		return;
	} else if (whole && code == 1000) {
		end.orderly = true;
	} else {
		err_set(&end.status.err, ERR_RETRY, "the connection was lost");
	}
	finish(ws, &end);
}

static void begin(void *arg)
{
	struct ws *ws = arg;
	struct http_secrets secrets;
	struct err err;
	switch (wire_port(ws->authority)) {
	case PORT_DEAF:
		timer_set(ws->endpoint->reactor, &ws->timer, WS_ATTEMPT_MS, too_long, ws);
		return;
	case PORT_BABBLES:
	case PORT_FALSE:
		unreached(ws, "the TLS handshake failed");
		return;
	case PORT_REFUSES:
		unreached(ws, "connection refused");
		return;
	case PORT_SERVES:
		break;
	}
	if (http_client_secrets(ws->endpoint->http, &secrets, &err) < 0) {
		unreached(ws, err.msg);
		return;
	}
	const struct wire_client client = {on_head, on_data, on_ended, ws};
	struct request q;
	virtual_request(&q, "GET", ws->target);
	free(q.origin);
	free(q.authorization);
	q.origin = xstrdup("https://127.0.0.1");
	q.authorization = xstrdup(secrets.authorization ? secrets.authorization : "");
	timer_set(ws->endpoint->reactor, &ws->timer, WS_ATTEMPT_MS, too_long, ws);
	ws->wire = wire_send(ws->authority, &q, NULL, true, &client);
}

struct ws *ws_open(struct ws_endpoint *e, const char *target,
		   const struct stream_handler *handler)
{
	struct ws *ws = xcalloc(1, sizeof(*ws));
	ws->endpoint = e;
	ws->handler = *handler;
	ws->target = xstrdup(target);
	ws->authority = xasprintf("%s:%d", e->config->host, e->config->port);
	str_init(&ws->message, STREAM_MESSAGE_MAX);
	timer_set(e->reactor, &ws->timer, 0, begin, ws);
	return ws;
}

int64_t ws_last_contact_ms(const struct ws *ws)
{
	return ws->contact_ms;
}
