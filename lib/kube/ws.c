#include "kube/ws.h"

#include "io/io.h"
#include "kube/proxy.h"
#include "kube/resolve.h"
#include "kube/vhost.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Bytes that wait for an answer this long end the connection. */
#define TCP_USER_TIMEOUT_MS 30000U
/* libwebsockets keeps Host, Origin and SNI in buffers of 128 bytes. */
#define NAME_MAX_LENGTH 120
/* A message buffer larger than this is given back after use. */
#define KEEP_BYTES (256U * 1024)
/* libwebsockets keeps a proxy's login in a buffer of 96 bytes. */
#define LOGIN_MAX_LENGTH 90

struct ws_endpoint {
	struct reactor *reactor;
	const struct kube_config *config;
	struct http_client *http;
	struct vhost *vhost; /* of the newest generation; NULL before the first connect */
	bool proxied;        /* the way goes through `proxy` */
	bool unreachable;    /* through a proxy of a kind that libwebsockets has not */
	struct proxy proxy;
	struct http_header *headers; /* of every handshake */
	size_t header_count;
};

struct ws {
	struct ws_endpoint *endpoint; /* not touched once detached */
	struct vhost *vhost;
	struct stream_handler handler;
	char *target;
	struct lws *wsi;
	struct timer timer; /* first the start, then the attempt's deadline */
	struct resolve *resolve;
	struct str message;
	int64_t contact_ms;
	bool connecting; /* inside lws_client_connect_via_info */
	bool destroyed;  /* libwebsockets gave the connection up meanwhile */
	bool open, detached;
	struct stream_end end; /* what is known about the end so far */
};

/* A server that sends nothing is asked after 20 s, and given up after 30. */
static const lws_retry_bo_t validity = {
	.secs_since_valid_ping = 20,
	.secs_since_valid_hangup = 30,
};

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		  size_t len);

#define PROTOCOL "foretop-watch"
static const struct lws_protocols protocols[] = {
	{.name = PROTOCOL, .callback = on_lws, .rx_buffer_size = 65536},
	{0},
};

/* --- endpoint --- */

static bool login_too_long(const struct proxy *p)
{
	return p->login && strlen(p->login) > LOGIN_MAX_LENGTH;
}

struct ws_endpoint *ws_endpoint_new(struct reactor *r, const struct kube_config *config,
				    struct http_client *http)
{
	struct ws_endpoint *e = xcalloc(1, sizeof(*e));
	*e = (struct ws_endpoint){.reactor = r, .config = config, .http = http};
	e->header_count = impersonation_headers(&config->as, &e->headers);
	e->proxied = config->proxy_url && proxy_read(config->proxy_url, &e->proxy) == 0;
	e->unreachable = config->proxy_url && (!e->proxied || login_too_long(&e->proxy));
	return e;
}

void ws_endpoint_free(struct ws_endpoint *e)
{
	if (!e)
		return;
	vhost_retire(e->vhost);
	proxy_fini(&e->proxy);
	free(e->headers);
	free(e);
}

/* What the certificate must carry. */
static const char *certificate_name(const struct kube_config *c)
{
	return c->tls_server_name ? c->tls_server_name : c->host;
}

/* Host header and SNI. libwebsockets cuts names at the first colon, so an IPv6 address
 * gets a name that each API server answers to; the certificate is checked by vhost.c. */
static const char *host_name(const struct kube_config *c)
{
	const char *name = certificate_name(c);
	return strchr(name, ':') ? "kubernetes.default.svc" : name;
}

bool ws_endpoint_can(const struct ws_endpoint *e, const char *target)
{
	return !e->unreachable &&
	       strlen(certificate_name(e->config)) <= NAME_MAX_LENGTH &&
	       strlen(e->config->path) + strlen(target) <= WS_TARGET_MAX;
}

/* Trust and client certificate as they are now. 0 or -1. */
static int refresh_vhost(struct ws_endpoint *e, struct err *err)
{
	struct http_secrets secrets;
	if (http_client_secrets(e->http, &secrets, err) < 0)
		return -1;
	if (e->vhost && vhost_generation(e->vhost) == secrets.tls_generation)
		return 0;
	struct vhost_options options = {
		.tls = e->config->tls,
		.tls_options = {.ca_pem = secrets.ca_pem,
				.cert_pem = secrets.cert_pem,
				.key_pem = secrets.key_pem,
				.name = certificate_name(e->config),
				.insecure = e->config->insecure},
		.generation = secrets.tls_generation,
		.protocols = protocols,
	};
	struct vhost *vhost = vhost_new(e->reactor, &options, err);
	if (!vhost)
		return -1;
	vhost_retire(e->vhost);
	e->vhost = vhost;
	return 0;
}

/* --- the end of a connection --- */

static void ws_free(struct ws *ws)
{
	timer_cancel(&ws->timer);
	resolve_cancel(ws->resolve);
	str_fini(&ws->message);
	free(ws->target);
	free(ws);
}

static void finish(struct ws *ws)
{
	struct stream_handler handler = ws->handler;
	struct stream_end end = ws->end;
	bool tell = !ws->detached;
	ws_free(ws);
	if (tell)
		handler.on_end(handler.arg, &end);
}

static void unreached(struct ws *ws, const char *why)
{
	const struct kube_config *c = ws->endpoint->config;
	ws->end.kind = STREAM_UNREACHED;
	err_set(&ws->end.status.err, ERR_RETRY, "WebSocket to %s:%d: %s", c->host,
		c->port, why);
}

/* Takes the connection out of libwebsockets, later, whatever state it is in. */
static void kill_connection(struct ws *ws)
{
	lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

void ws_close(struct ws *ws)
{
	if (!ws)
		return;
	ws->detached = true;
	if (!ws->wsi) {
		ws_free(ws);
		return;
	}
	timer_cancel(&ws->timer);
	kill_connection(ws);
}

static void attempt_too_long(void *arg)
{
	struct ws *ws = arg;
	struct stream_handler handler = ws->handler;
	unreached(ws, "no answer to the handshake within 10 s");
	struct stream_end end = ws->end;
	ws_close(ws);
	handler.on_end(handler.arg, &end);
}

/* --- connecting --- */

static int ssl_flags(const struct kube_config *c)
{
	if (!c->tls)
		return LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
	/* The name is checked by the TLS context itself (tls.c). */
	int flags = LCCSCF_USE_SSL | LCCSCF_HTTP_NO_FOLLOW_REDIRECT |
		    LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
	if (c->insecure)
		flags |= LCCSCF_ALLOW_SELFSIGNED | LCCSCF_ALLOW_INSECURE |
			 LCCSCF_ALLOW_EXPIRED;
	return flags;
}

/* Who is asked for in the CONNECT of a proxy, which resolves names itself. */
static char *asked_for(const struct kube_config *c)
{
	return xasprintf(strchr(c->host, ':') ? "[%s]" : "%s", c->host);
}

/* address: of the server, or of the proxy on the way to it. */
static void connect_to(struct ws *ws, const char *address)
{
	struct ws_endpoint *e = ws->endpoint;
	struct err err = {0};
	if (refresh_vhost(e, &err) < 0 ||
	    (e->proxied && vhost_set_proxy(e->vhost, &e->proxy, address, &err) < 0)) {
		unreached(ws, err.msg);
		finish(ws);
		return;
	}
	ws->vhost = e->vhost;
	char *server AUTO_FREE = e->proxied ? asked_for(e->config) : xstrdup(address);
	char *path AUTO_FREE = xasprintf("%s%s", e->config->path, ws->target);
	struct lws_client_connect_info info = {
		.context = reactor_lws(e->reactor),
		.vhost = vhost_lws(ws->vhost),
		.address = server,
		.port = e->config->port,
		.path = path,
		.host = host_name(e->config),
		/* The API server refuses a handshake without an Origin (403, no body). */
		.origin = host_name(e->config),
		.local_protocol_name = PROTOCOL,
		.ssl_connection = ssl_flags(e->config),
		.alpn = "http/1.1",
		.opaque_user_data = ws,
		.pwsi = &ws->wsi,
		.retry_and_idle_policy = &validity,
		.ietf_version_or_minus_one = -1,
	};
	timer_set(e->reactor, &ws->timer, WS_ATTEMPT_MS, attempt_too_long, ws);
	log_take_library_line();
	vhost_connected(ws->vhost);
	ws->connecting = true;
	bool started = lws_client_connect_via_info(&info) != NULL;
	ws->connecting = false;
	if (started && !ws->destroyed)
		return;
	if (!ws->destroyed)
		vhost_disconnected(ws->vhost);
	if (!ws->end.status.err.msg[0])
		unreached(ws, "cannot connect");
	finish(ws);
}

static void on_resolved(void *arg, const char *address, const struct err *err)
{
	struct ws *ws = arg;
	ws->resolve = NULL;
	if (address) {
		connect_to(ws, address);
		return;
	}
	unreached(ws, err->msg);
	finish(ws);
}

static void start(void *arg)
{
	struct ws *ws = arg;
	const struct ws_endpoint *e = ws->endpoint;
	const char *host = e->proxied ? e->proxy.host : e->config->host;
	int port = e->proxied ? e->proxy.port : e->config->port;
	struct err err;
	if (resolve_is_address(host)) {
		connect_to(ws, host);
		return;
	}
	ws->resolve = resolve_start(e->reactor, host, port, WS_ATTEMPT_MS, on_resolved,
				    ws, &err);
	if (ws->resolve)
		return;
	unreached(ws, err.msg);
	finish(ws);
}

struct ws *ws_open(struct ws_endpoint *e, const char *target,
		   const struct stream_handler *handler)
{
	struct ws *ws = xcalloc(1, sizeof(*ws));
	ws->endpoint = e;
	ws->handler = *handler;
	ws->target = xstrdup(target);
	str_init(&ws->message, STREAM_MESSAGE_MAX);
	timer_set(e->reactor, &ws->timer, 0, start, ws);
	return ws;
}

int64_t ws_last_contact_ms(const struct ws *ws)
{
	return ws->contact_ms;
}

/* --- libwebsockets' callbacks --- */

static int add_header(struct lws *wsi, const char *name, const char *value,
		      unsigned char **p, unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value,
					   (int)strlen(value), p, end);
}

static int add_impersonation(struct ws *ws, struct lws *wsi, unsigned char **p,
			     unsigned char *end)
{
	const struct ws_endpoint *e = ws->endpoint;
	for (size_t i = 0; i < e->header_count; i++) {
		char *name AUTO_FREE = xasprintf("%s:", e->headers[i].name);
		if (!add_header(wsi, name, e->headers[i].value, p, end))
			continue;
		unreached(ws, "whom to impersonate is too long for a WebSocket "
			      "handshake");
		return -1;
	}
	return 0;
}

static int add_headers(struct ws *ws, struct lws *wsi, unsigned char **p, size_t room)
{
	unsigned char *end = *p + room;
	struct http_secrets secrets;
	if (http_client_secrets(ws->endpoint->http, &secrets, NULL) < 0)
		return -1;
	if (add_header(wsi, "accept:", "application/json", p, end) ||
	    add_header(wsi, "user-agent:", http_user_agent(), p, end) ||
	    add_impersonation(ws, wsi, p, end))
		return -1;
	if (secrets.authorization &&
	    add_header(wsi, "authorization:", secrets.authorization, p, end)) {
		unreached(ws, "the token is too long for a WebSocket handshake");
		return -1;
	}
	return 0;
}

/* No 101: an HTTP answer, or none at all. */
static void on_connection_error(struct ws *ws, struct lws *wsi, const char *text)
{
	if (ws->end.status.err.msg[0])
		return;
	long status = (long)lws_http_client_http_response(wsi);
	if (status < 100) {
		/* libwebsockets gives the reason of a failed TLS handshake in its log
		 * only. */
		const char *line = log_library_line();
		unreached(ws, *line ? line : *text ? text : "no answer");
		return;
	}
	char retry[16] = "";
	if (lws_hdr_copy(wsi, retry, sizeof(retry), WSI_TOKEN_HTTP_RETRY_AFTER) < 0)
		retry[0] = '\0';
	int64_t wait_ms = *retry ? strtol(retry, NULL, 10) * MS_PER_S : -1;
	ws->end.kind = STREAM_REFUSED;
	kube_status_read("WebSocket handshake", status, "", 0, wait_ms, &ws->end.status);
}

static void on_established(struct ws *ws, struct lws *wsi)
{
	unsigned int limit = TCP_USER_TIMEOUT_MS;
	setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit,
		   sizeof(limit));
	timer_cancel(&ws->timer);
	ws->open = true;
	ws->contact_ms = monotonic_ms();
	ws->end.kind = STREAM_CLOSED;
	err_set(&ws->end.status.err, ERR_RETRY, "the connection was lost");
	ws->handler.on_open(ws->handler.arg);
}

/* -1 closes the connection. */
static int on_receive(struct ws *ws, struct lws *wsi, const char *data, size_t len)
{
	ws->contact_ms = monotonic_ms();
	lws_validity_confirmed(wsi);
	if (str_add(&ws->message, data, len) < 0) {
		ws->end.kind = STREAM_TOO_LARGE;
		err_set(&ws->end.status.err, ERR_RETRY,
			"a watch event is larger than %zu bytes", STREAM_MESSAGE_MAX);
		return -1;
	}
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
		return 0;
	ws->handler.on_message(ws->handler.arg, str_text(&ws->message), ws->message.len);
	if (ws->message.cap > KEEP_BYTES)
		str_fini(&ws->message);
	else
		str_clear(&ws->message);
	return ws->detached ? -1 : 0;
}

static void on_peer_close(struct ws *ws, const unsigned char *data, size_t len)
{
	int code = len >= 2 ? data[0] << 8 | data[1] : 1000;
	ws->end.orderly = code == 1000;
	if (ws->end.orderly)
		ws->end.status.err = (struct err){0};
	else
		err_set(&ws->end.status.err, ERR_RETRY,
			"the server closed the watch with code %d", code);
}

static void on_destroy(struct ws *ws, struct lws *wsi)
{
	lws_set_opaque_user_data(wsi, NULL);
	vhost_disconnected(ws->vhost);
	ws->destroyed = true;
	if (ws->connecting)
		return; /* connect_to goes on */
	if (!ws->end.status.err.msg[0] && !ws->open && !ws->detached)
		unreached(ws, "the connection ended during the handshake");
	finish(ws);
}

/* A step of the handshake that succeeds makes libwebsockets forget that the connection is
 * to be killed. -1 closes it. */
static int on_detached(struct ws *ws, enum lws_callback_reasons reason)
{
	if (reason == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER)
		return -1;
	if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED)
		kill_connection(ws);
	return 0;
}

/* The one callback of the virtual hosts. Only WSI_DESTROY ends a connection: of the other
 * endings libwebsockets 4.1 leaves some out. */
static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		  size_t len)
{
	if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION)
		return vhost_verify(wsi, user, len != 0);
	if (reason == LWS_CALLBACK_PROTOCOL_INIT ||
	    reason == LWS_CALLBACK_PROTOCOL_DESTROY)
		return 0; /* come with a connection that is none */
	struct ws *ws = wsi ? lws_get_opaque_user_data(wsi) : NULL;
	if (!ws)
		return 0;
	if (reason == LWS_CALLBACK_WSI_DESTROY) {
		on_destroy(ws, wsi);
		return 0;
	}
	if (ws->detached)
		return on_detached(ws, reason);
	switch ((int)reason) { /* a few of many */
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return add_headers(ws, wsi, in, len);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_connection_error(ws, wsi, in ? in : "");
		return 0;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		on_established(ws, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return on_receive(ws, wsi, in, len);
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		ws->contact_ms = monotonic_ms();
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		on_peer_close(ws, in, len);
		return 0;
	}
	return 0;
}
