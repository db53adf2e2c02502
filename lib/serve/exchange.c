#include "serve/connection.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_PIECE  32768 /* bytes handed to the socket at a time */
#define HEADER_BYTES 8192  /* all headers of an answer */
#define CHUNK_HEAD   16    /* "1FFFFFFF\r\n" */

struct exchange *exchange_begin(struct connection *c, struct request *request)
{
	struct exchange *x = xcalloc(1, sizeof(*x));
	x->connection = c;
	x->request = *request;
	*request = (struct request){0};
	x->request.body = "";
	str_init(&x->body, c->server->config.body_limit);
	str_init(&x->out, c->server->config.queue_limit);
	c->exchange = x;
	return x;
}

static void exchange_free(struct exchange *x)
{
	if (x->connection)
		x->connection->exchange = NULL;
	request_fini(&x->request);
	str_fini(&x->body);
	str_fini(&x->out);
	free(x->content_type);
	for (int i = 0; i < x->header_count; i++) {
		free(x->headers[i].name);
		free(x->headers[i].value);
	}
	free(x);
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
	assert(x->header_count < EXCHANGE_HEADERS_MAX);
	x->headers[x->header_count++] = (struct http_arg){.name = xasprintf("%s:", name),
							  .value = xstrdup(value)};
}

/* Wakes the connection up, with a limit on how long the client may take. */
static void want_write(struct exchange *x)
{
	struct lws *wsi = x->connection->wsi;
	connection_release(x->connection);
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, WRITE_TIMEOUT_S);
	lws_callback_on_writable(wsi);
}

static void start_answer(struct exchange *x, int status, const char *content_type)
{
	assert(x->state == EXCHANGE_HANDLED || x->state == EXCHANGE_BODY);
	x->state = EXCHANGE_HEADERS;
	x->status = status;
	x->content_type = content_type ? xstrdup(content_type) : NULL;
}

void exchange_reply(struct exchange *x, int status, const char *content_type,
		    const char *body, size_t len)
{
	x->ended = true;
	if (!x->connection) {
		exchange_free(x);
		return;
	}
	start_answer(x, status, content_type);
	x->out.limit = len ? len : 1; /* what the user made is not the network's */
	if (len)
		str_add(&x->out, body, len);
	want_write(x);
}

void exchange_reply_text(struct exchange *x, int status, const char *content_type,
			 const char *text)
{
	exchange_reply(x, status, content_type, text, strlen(text));
}

void exchange_stream(struct exchange *x, int status, const char *content_type,
		     void (*drained)(struct exchange *x, void *arg))
{
	start_answer(x, status, content_type);
	x->stream = true;
	x->drained = drained;
	x->busy = true;
	if (x->connection)
		want_write(x);
}

size_t exchange_queued(const struct exchange *x)
{
	return x->out.len - x->sent;
}

/* What was sent makes room: the limit is on what waits, not on what a stream carried. */
static void drop_sent(struct exchange *x)
{
	if (x->sent < WRITE_PIECE && x->sent < x->out.len)
		return;
	x->out.len -= x->sent;
	memmove(x->out.data, x->out.data + x->sent, x->out.len);
	x->sent = 0;
}

int exchange_send(struct exchange *x, const char *data, size_t len)
{
	if (!x->connection || x->request.method == METHOD_HEAD)
		return 0;
	if (x->sent > 0)
		drop_sent(x);
	if (str_add(&x->out, data, len) < 0) {
		connection_kill(x->connection);
		return -1;
	}
	x->busy = true;
	want_write(x);
	return 0;
}

void exchange_end(struct exchange *x)
{
	x->ended = true;
	if (x->connection)
		want_write(x);
	else
		exchange_free(x);
}

void exchange_abort(struct exchange *x)
{
	if (x->connection)
		connection_kill(x->connection);
	exchange_free(x);
}

void exchange_detach(struct exchange *x)
{
	x->connection->exchange = NULL;
	x->connection = NULL;
	if (x->state == EXCHANGE_BODY || x->ended) {
		exchange_free(x);
	} else if (x->gone) {
		x->gone(x, x->arg);
		exchange_free(x);
	}
	/* Without `gone` the user still holds it: freed with the answer. */
}

/* --- writing --- */

static int add_header(struct lws *wsi, const char *name, const char *value,
		      unsigned char **p, unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value,
					   (int)strlen(value), p, end);
}

static int build_headers(const struct exchange *x, unsigned char **p, unsigned char *end)
{
	struct lws *wsi = x->connection->wsi;
	unsigned int code = (unsigned int)x->status | LWSAHH_FLAG_NO_SERVER_NAME;
	if (lws_add_http_header_status(wsi, code, p, end))
		return -1;
	if (x->content_type && add_header(wsi, "content-type:", x->content_type, p, end))
		return -1;
	if (x->stream && add_header(wsi, "transfer-encoding:", "chunked", p, end))
		return -1;
	if (!x->stream && lws_add_http_header_content_length(wsi, x->out.len, p, end))
		return -1;
	if (x->close && add_header(wsi, "connection:", "close", p, end))
		return -1;
	for (int i = 0; i < x->header_count; i++)
		if (add_header(wsi, x->headers[i].name, x->headers[i].value, p, end))
			return -1;
	return lws_finalize_http_header(wsi, p, end) ? -1 : 0;
}

static int write_headers(struct exchange *x)
{
	unsigned char buf[LWS_PRE + HEADER_BYTES];
	unsigned char *start = buf + LWS_PRE, *p = start;
	if (build_headers(x, &p, buf + sizeof(buf)) < 0)
		return -1;
	size_t len = (size_t)(p - start);
	if (lws_write(x->connection->wsi, start, len, LWS_WRITE_HTTP_HEADERS) < (int)len)
		return -1;
	x->state = EXCHANGE_CONTENT;
	if (x->request.method == METHOD_HEAD) {
		str_clear(&x->out);
		x->sent = 0;
	}
	return 0;
}

/* One piece of the body; a chunk of its own in a stream. */
static int write_piece(struct exchange *x)
{
	unsigned char buf[LWS_PRE + CHUNK_HEAD + WRITE_PIECE + 2];
	unsigned char *start = buf + LWS_PRE, *p = start;
	size_t n = exchange_queued(x);
	if (n > WRITE_PIECE)
		n = WRITE_PIECE;
	if (x->stream)
		p += snprintf((char *)p, CHUNK_HEAD, "%zx\r\n", n);
	memcpy(p, x->out.data + x->sent, n);
	p += n;
	if (x->stream) {
		memcpy(p, "\r\n", 2);
		p += 2;
	}
	x->sent += n;
	size_t len = (size_t)(p - start);
	return lws_write(x->connection->wsi, start, len, LWS_WRITE_HTTP) < (int)len ? -1
										    : 0;
}

static int write_last_chunk(struct exchange *x)
{
	unsigned char buf[LWS_PRE + 8];
	memcpy(buf + LWS_PRE, "0\r\n\r\n", 5);
	return lws_write(x->connection->wsi, buf + LWS_PRE, 5, LWS_WRITE_HTTP) < 5 ? -1
										   : 0;
}

static int complete(struct exchange *x)
{
	struct lws *wsi = x->connection->wsi;
	bool close = x->close;
	if (x->stream && x->request.method != METHOD_HEAD && write_last_chunk(x) < 0)
		return -1;
	exchange_free(x);
	return lws_http_transaction_completed(wsi) || close ? -1 : 0;
}

int exchange_write(struct exchange *x)
{
	struct lws *wsi = x->connection->wsi;
	if (x->state == EXCHANGE_BODY || x->state == EXCHANGE_HANDLED)
		return 0;
	if (x->state == EXCHANGE_HEADERS) {
		if (write_headers(x) < 0)
			return -1;
	} else if (exchange_queued(x) > 0 && write_piece(x) < 0) {
		return -1;
	}
	if (exchange_queued(x) > 0 || (x->ended && lws_send_pipe_choked(wsi))) {
		want_write(x);
		return 0;
	}
	if (x->ended)
		return complete(x);
	/* A stream that waits for its user waits as long as it takes. */
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	connection_hold(x->connection);
	if (x->busy && x->drained) {
		x->busy = false;
		x->drained(x, x->arg);
	}
	return 0;
}
