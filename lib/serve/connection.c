#include "serve/connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* --- reading a request --- */

static const struct {
	enum lws_token_indexes token;
	enum http_method method;
} methods[] = {
	{WSI_TOKEN_GET_URI, METHOD_GET},         {WSI_TOKEN_HEAD_URI, METHOD_HEAD},
	{WSI_TOKEN_POST_URI, METHOD_POST},       {WSI_TOKEN_PUT_URI, METHOD_PUT},
	{WSI_TOKEN_PATCH_URI, METHOD_PATCH},     {WSI_TOKEN_DELETE_URI, METHOD_DELETE},
	{WSI_TOKEN_OPTIONS_URI, METHOD_OPTIONS},
};

static char *header(struct lws *wsi, enum lws_token_indexes token)
{
	int len = lws_hdr_total_length(wsi, token);
	char *text = xcalloc(1, (size_t)len + 1);
	if (len > 0)
		lws_hdr_copy(wsi, text, len + 1, token);
	return text;
}

/* libwebsockets resolves dot segments, but not at the end of a line that is broken. */
static bool has_dot_segment(const char *path)
{
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		if ((n == 1 || n == 2) && strspn(p, ".") >= n)
			return true;
		p += n + (p[n] == '/');
	}
	return false;
}

static int read_path(struct lws *wsi, struct request *q)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (lws_hdr_total_length(wsi, methods[i].token) <= 0)
			continue;
		q->method = methods[i].method;
		q->path = header(wsi, methods[i].token);
		return q->path[0] == '/' && !has_dot_segment(q->path) ? 0 : -1;
	}
	return -1;
}

/* libwebsockets has split and decoded the arguments already. */
static int read_args(struct lws *wsi, struct request *q)
{
	int total = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
	if (total <= 0)
		return 0;
	char *text AUTO_FREE = xmalloc((size_t)total + 1);
	for (int i = 0;; i++) {
		int n = lws_hdr_copy_fragment(wsi, text, total + 1,
					      WSI_TOKEN_HTTP_URI_ARGS, i);
		if (n < 0)
			return 0;
		if (n == 0)
			continue;
		if (q->arg_count == HTTP_ARGS_MAX)
			return -1;
		text[n] = '\0';
		char *equals = strchr(text, '=');
		size_t name_len = equals ? (size_t)(equals - text) : (size_t)n;
		q->args[q->arg_count++] = (struct http_arg){
			.name = xstrndup(text, name_len),
			.value = xstrdup(equals ? equals + 1 : ""),
		};
	}
}

static bool is_local(struct lws *wsi)
{
	char peer[64] = "";
	lws_get_peer_simple(wsi, peer, sizeof(peer));
	return request_is_loopback(peer);
}

int connection_read_request(struct lws *wsi, struct request *q)
{
	*q = (struct request){.body = ""};
	if (read_path(wsi, q) < 0 || read_args(wsi, q) < 0) {
		request_fini(q);
		return -1;
	}
	q->host = header(wsi, WSI_TOKEN_HOST);
	q->origin = header(wsi, WSI_TOKEN_ORIGIN);
	q->authorization = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION);
	q->content_type = header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE);
	q->accept = header(wsi, WSI_TOKEN_HTTP_ACCEPT);
	q->user_agent = header(wsi, WSI_TOKEN_HTTP_USER_AGENT);
	q->from_loopback = is_local(wsi);
	return 0;
}

/* --- requests --- */

static int refuse(struct lws *wsi, int status)
{
	unsigned char buf[LWS_PRE + 512], *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf);
	unsigned int code = (unsigned int)status | LWSAHH_FLAG_NO_SERVER_NAME;
	if (lws_add_http_header_status(wsi, code, &p, end) ||
	    lws_add_http_header_content_length(wsi, 0, &p, end) ||
	    lws_add_http_header_by_name(wsi, (const unsigned char *)"connection:",
					(const unsigned char *)"close", 5, &p, end) ||
	    lws_finalize_http_header(wsi, &p, end))
		return -1;
	lws_write(wsi, start, (size_t)(p - start), LWS_WRITE_HTTP_HEADERS);
	return -1;
}

static void handle(struct connection *c)
{
	struct exchange *x = c->exchange;
	const struct httpd_config *config = &c->server->config;
	x->state = EXCHANGE_HANDLED;
	x->request.body = str_text(&x->body);
	x->request.body_len = x->body.len;
	/* The user may take its time. */
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	config->handle(x, config->arg);
	if (c->exchange && c->exchange->state == EXCHANGE_HANDLED)
		connection_hold(c);
}

static void refuse_body(struct exchange *x, int status, const char *text)
{
	x->close = true; /* what follows on this connection is not a request */
	exchange_reply_text(x, status, "text/plain; charset=utf-8", text);
}

/* The headers of a request are in. */
static int on_request(struct connection *c)
{
	struct request q;
	if (connection_read_request(c->wsi, &q) < 0)
		return refuse(c->wsi, HTTP_STATUS_BAD_REQUEST);
	struct exchange *x = exchange_begin(c, &q);
	c->body_over = false;
	char *length AUTO_FREE = header(c->wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	char *encoding AUTO_FREE = header(c->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
	enum http_method m = x->request.method;
	unsigned long long bytes = strtoull(length, NULL, 10);
	if (encoding[0] ||
	    (!length[0] && (m == METHOD_POST || m == METHOD_PUT || m == METHOD_PATCH)))
		refuse_body(x, 411, "a Content-Length is needed\n");
	else if (bytes && (m == METHOD_GET || m == METHOD_HEAD || m == METHOD_OPTIONS))
		refuse_body(x, 400, "this method takes no body\n");
	else if (bytes > c->server->config.body_limit)
		refuse_body(x, 413, "the body is too large\n");
	else if (bytes == 0)
		handle(c);
	return 0;
}

static int on_body(struct connection *c, const char *data, size_t len)
{
	struct exchange *x = c->exchange;
	if (x && x->state == EXCHANGE_BODY && str_add(&x->body, data, len) < 0)
		refuse_body(x, 413, "the body is too large\n");
	return 0;
}

/* With bytes of a next request behind a body, libwebsockets (4.1.6) says again and again
 * that the body is complete, and serves nothing else until the answer is written: nobody
 * may keep the loop like that. */
static int on_body_complete(struct connection *c)
{
	if (c->body_over)
		return -1;
	c->body_over = true;
	if (c->exchange && c->exchange->state == EXCHANGE_BODY)
		handle(c);
	return 0;
}

/* A client asks for another protocol. 0: go on, 1: answered, -1: hang up. */
static int on_upgrade(struct connection *c, const char *protocol)
{
	const struct httpd_config *config = &c->server->config;
	struct request q;
	if (c->websock || connection_read_request(c->wsi, &q) < 0)
		return refuse(c->wsi, HTTP_STATUS_BAD_REQUEST);
	int status = HTTP_STATUS_BAD_REQUEST;
	if (config->upgrade && strcasecmp(protocol, "websocket") == 0)
		status = config->upgrade(&q, config->arg);
	if (status == 0)
		websock_new(c, &q);
	request_fini(&q);
	return status ? refuse(c->wsi, status) : 0;
}

/* --- the life of a connection --- */

void connection_hold(struct connection *c)
{
	if (c->on_hold)
		return;
	struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
	lws_rx_flow_control(c->wsi, 0);
	c->on_hold = epoll_ctl(c->server->hangups.fd, EPOLL_CTL_ADD,
			       lws_get_socket_fd(c->wsi), &ev) == 0;
}

void connection_release(struct connection *c)
{
	if (!c->on_hold)
		return;
	c->on_hold = false;
	epoll_ctl(c->server->hangups.fd, EPOLL_CTL_DEL, lws_get_socket_fd(c->wsi), NULL);
	lws_rx_flow_control(c->wsi, 1);
}

void connection_on_hangup(struct fd_watch *watch)
{
	struct epoll_event events[16];
	int n = epoll_wait(watch->fd, events, ARRAY_LEN(events), 0);
	for (int i = 0; i < n; i++)
		connection_kill(events[i].data.ptr);
}

static void forget_user(struct connection *c)
{
	connection_release(c);
	if (c->exchange)
		exchange_detach(c->exchange);
	if (c->websock)
		websock_detach(c->websock);
}

static void connection_free(struct connection *c)
{
	forget_user(c);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->server->connection_count--;
	free(c);
}

void connection_kill(struct connection *c)
{
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

int connection_on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user,
		      void *in, size_t len)
{
	(void)user;
	struct connection *c = lws_get_opaque_user_data(wsi);
	if (!c)
		return 0; /* not of an accepted socket, or still being adopted */
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return on_request(c);
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(c, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return on_body_complete(c);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return c->exchange ? exchange_write(c->exchange) : 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(c, in);
	case LWS_CALLBACK_ESTABLISHED:
		if (c->websock)
			websock_opened(c->websock);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return c->websock ? websock_write(c->websock) : 0;
	case LWS_CALLBACK_RECEIVE:
		return c->websock
			       ? websock_read(c->websock, in, len,
					      lws_is_final_fragment(wsi) &&
						      !lws_remaining_packet_payload(wsi))
			       : 0;
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLOSED_HTTP:
		forget_user(c);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		lws_set_opaque_user_data(wsi, NULL);
		connection_free(c);
		return 0;
	default:
		return 0;
	}
}
