/* A scripted API server in the test's own loop: HTTP, chunked answers, WebSocket, TLS.
 * Each request is handed to the test, which answers it now or later. */
#ifndef FORETOP_TESTS_KUBE_API_H
#define FORETOP_TESTS_KUBE_API_H

#include "kube/kube.h"
#include "unit/harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct api;

struct api_peer {
	struct fd_watch watch; /* first */
	struct api_peer *next;
	struct api *api;
	SSL *ssl;
	struct str in, out;
	size_t sent; /* bytes of out */
	struct timer flush;
	bool websocket, close_when_sent, greeted;
	int pings; /* received */
};

struct api_request {
	struct api_peer *peer;
	char method[8];
	const char *target; /* path and query */
	const char *head;   /* whole, with the request line */
	const char *body;
};

struct api {
	struct reactor *reactor;
	struct fd_watch listener;
	int port;
	SSL_CTX *tls; /* NULL: plain */
	struct api_peer *peers;
	int accepted;
	void (*handle)(struct api *api, const struct api_request *request);
	struct str log; /* "GET /target\n" for each request */
	struct timer watchdog;
	struct kube *kube;
	struct kube_config config;
};

/* --- sending --- */

static inline void api_cut(struct api_peer *p);

static inline ssize_t api_write(struct api_peer *p, const char *data, size_t len)
{
	if (!p->ssl)
		return send(p->watch.fd, data, len, MSG_NOSIGNAL);
	int n = SSL_write(p->ssl, data, (int)(len < 16384 ? len : 16384));
	if (n <= 0)
		errno = EAGAIN;
	return n > 0 ? n : -1;
}

static inline void api_flush(void *arg)
{
	struct api_peer *p = arg;
	while (p->sent < p->out.len) {
		ssize_t n = api_write(p, p->out.data + p->sent, p->out.len - p->sent);
		if (n < 0 && errno != EAGAIN) {
			api_cut(p);
			return;
		}
		if (n < 0)
			break;
		p->sent += (size_t)n;
	}
	if (p->sent < p->out.len) {
		timer_set(p->api->reactor, &p->flush, 1, api_flush, p);
		return;
	}
	str_clear(&p->out);
	p->sent = 0;
	if (p->close_when_sent)
		shutdown(p->watch.fd, SHUT_WR);
}

static inline void api_bytes(struct api_peer *p, const void *data, size_t len)
{
	ck_assert_int_eq(str_add(&p->out, data, len), 0);
	api_flush(p);
}

/* headers: "Name: value\r\n" lines or "". */
static inline void api_reply(struct api_peer *p, int status, const char *headers,
			     const char *body)
{
	char *text AUTO_FREE = xasprintf(
		"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: "
		"%zu\r\n\r\n%s",
		status, headers, strlen(body), body);
	api_bytes(p, text, strlen(text));
}

/* A Status object as the API server sends it. */
static inline void api_refuse(struct api_peer *p, int status, const char *reason,
			      const char *message)
{
	char *body AUTO_FREE = xasprintf(
		"{\"kind\":\"Status\",\"code\":%d,\"reason\":\"%s\",\"message\":\"%s\"}",
		status, reason, message);
	api_reply(p, status, "", body);
}

static inline void api_chunks_begin(struct api_peer *p)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	api_bytes(p, head, sizeof(head) - 1);
}

static inline void api_chunk(struct api_peer *p, const char *text)
{
	char *chunk AUTO_FREE = xasprintf("%zx\r\n%s\r\n", strlen(text), text);
	api_bytes(p, chunk, strlen(chunk));
}

static inline void api_chunks_end(struct api_peer *p)
{
	api_bytes(p, "0\r\n\r\n", 5);
}

/* Answers the handshake of a request (RFC 6455). */
static inline void api_upgrade(const struct api_request *q)
{
	const char *key = strcasestr(q->head, "\r\nSec-WebSocket-Key:");
	ck_assert_ptr_nonnull(key);
	key += 20;
	key += strspn(key, " ");
	char *joined AUTO_FREE = xasprintf("%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
					   (int)strcspn(key, "\r"), key);
	unsigned char hash[20], accept[32];
	SHA1((const unsigned char *)joined, strlen(joined), hash);
	EVP_EncodeBlock(accept, hash, sizeof(hash));
	char *head AUTO_FREE =
		xasprintf("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			  accept);
	q->peer->websocket = true;
	api_bytes(q->peer, head, strlen(head));
}

static inline void api_frame(struct api_peer *p, unsigned first, const char *data,
			     size_t len)
{
	unsigned char head[10] = {(unsigned char)first};
	size_t n = 2;
	if (len < 126) {
		head[1] = (unsigned char)len;
	} else if (len < 65536) {
		head[1] = 126;
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
		n = 4;
	} else {
		head[1] = 127;
		for (int i = 0; i < 8; i++)
			head[2 + i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
		n = 10;
	}
	ck_assert_int_eq(str_add(&p->out, (const char *)head, n), 0);
	api_bytes(p, data, len);
}

/* One event of a watch: a text frame, or a line of a chunked answer. */
static inline void api_event(struct api_peer *p, const char *text)
{
	char *line AUTO_FREE = xasprintf("%s\n", text);
	if (p->websocket)
		api_frame(p, 0x81, line, strlen(line));
	else
		api_chunk(p, line);
}

/* {"metadata": {...}} of namespace "n". */
static inline char *api_object(const char *name, const char *version)
{
	return xasprintf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\",\"uid\":"
			 "\"uid-%s\",\"resourceVersion\":\"%s\"}}",
			 name, name, version);
}

static inline void api_change(struct api_peer *p, const char *type, const char *name,
			      const char *version)
{
	char *object AUTO_FREE = api_object(name, version);
	char *event AUTO_FREE =
		xasprintf("{\"type\":\"%s\",\"object\":%s}", type, object);
	api_event(p, event);
}

static inline void api_bookmark(struct api_peer *p, const char *version, bool initial_end)
{
	char *event AUTO_FREE = xasprintf(
		"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":"
		"\"%s\"%s}}}",
		version,
		initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}"
			    : "");
	api_event(p, event);
}

static inline void api_error_event(struct api_peer *p, int code, const char *reason)
{
	char *event AUTO_FREE = xasprintf(
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":%d,"
		"\"reason\":\"%s\",\"message\":\"told\"}}",
		code, reason);
	api_event(p, event);
}

/* Ends a watch in order. */
static inline void api_end(struct api_peer *p)
{
	p->close_when_sent = p->websocket;
	if (p->websocket)
		api_frame(p, 0x88, "\x03\xe8", 2);
	else
		api_chunks_end(p);
}

/* --- receiving --- */

static inline void api_cut(struct api_peer *p)
{
	struct api_peer **at = &p->api->peers;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	timer_cancel(&p->flush);
	fd_watch_stop(p->api->reactor, &p->watch);
	SSL_free(p->ssl);
	close(p->watch.fd);
	str_fini(&p->in);
	str_fini(&p->out);
	free(p);
}

/* True while the peer is still connected. */
static inline bool api_connected(const struct api *api, const struct api_peer *peer)
{
	for (const struct api_peer *p = api->peers; p; p = p->next)
		if (p == peer)
			return true;
	return false;
}

/* Takes one whole request out of the buffer and hands it over. */
static inline bool api_dispatch(struct api_peer *p)
{
	char *end = p->in.len ? strstr(p->in.data, "\r\n\r\n") : NULL;
	if (!end)
		return false;
	const char *length = strcasestr(p->in.data, "\r\nContent-Length:");
	size_t head = (size_t)(end - p->in.data) + 4;
	size_t body = length && length < end ? (size_t)atoi(length + 17) : 0;
	if (p->in.len < head + body)
		return false;
	char *text AUTO_FREE = xstrndup(p->in.data, head);
	char *content AUTO_FREE = xstrndup(p->in.data + head, body);
	memmove(p->in.data, p->in.data + head + body, p->in.len - head - body + 1);
	p->in.len -= head + body;
	struct api_request request = {.peer = p, .head = text, .body = content};
	char *target AUTO_FREE = xmalloc(head);
	ck_assert_int_eq(sscanf(text, "%7s %s", request.method, target), 2);
	request.target = target;
	str_printf(&p->api->log, "%s %s\n", request.method, target);
	p->api->handle(p->api, &request);
	return true;
}

/* Frames of a client: pings are answered, the rest is ignored. */
static inline void api_take_frames(struct api_peer *p)
{
	while (p->in.len >= 6) {
		unsigned char first = (unsigned char)p->in.data[0];
		size_t n = (unsigned char)p->in.data[1] & 0x7f;
		if (n > 125 || p->in.len < 6 + n)
			return;
		if (first == 0x89) {
			p->pings++;
			api_frame(p, 0x8a, "", 0);
		}
		memmove(p->in.data, p->in.data + 6 + n, p->in.len - 6 - n + 1);
		p->in.len -= 6 + n;
	}
}

static inline ssize_t api_read(struct api_peer *p, char *buf, size_t size)
{
	if (!p->ssl)
		return recv(p->watch.fd, buf, size, 0);
	if (!p->greeted) {
		int done = SSL_accept(p->ssl);
		p->greeted = done == 1;
		if (done != 1) {
			errno = SSL_get_error(p->ssl, done) == SSL_ERROR_WANT_READ
					? EAGAIN
					: EIO;
			return -1;
		}
	}
	int n = SSL_read(p->ssl, buf, (int)size);
	if (n > 0)
		return n;
	errno = SSL_get_error(p->ssl, n) == SSL_ERROR_WANT_READ ? EAGAIN : EIO;
	return -1;
}

static inline void api_on_peer(struct fd_watch *w)
{
	struct api_peer *p = (struct api_peer *)w;
	struct api *api = p->api;
	char buf[16384];
	ssize_t n;
	while ((n = api_read(p, buf, sizeof(buf))) > 0)
		ck_assert_int_eq(str_add(&p->in, buf, (size_t)n), 0);
	bool over = n == 0 || errno != EAGAIN;
	while (api_connected(api, p) && !p->websocket && api_dispatch(p))
		;
	if (api_connected(api, p) && p->websocket)
		api_take_frames(p);
	if (over && api_connected(api, p))
		api_cut(p);
}

static inline void api_on_listener(struct fd_watch *w)
{
	struct api *api = w->arg;
	struct api_peer *p = xcalloc(1, sizeof(*p));
	p->watch.fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_int_ge(p->watch.fd, 0);
	p->watch.ready = api_on_peer;
	p->api = api;
	p->next = api->peers;
	api->peers = p;
	api->accepted++;
	str_init(&p->in, 64 * 1024 * 1024);
	str_init(&p->out, 64 * 1024 * 1024);
	if (api->tls) {
		p->ssl = SSL_new(api->tls);
		SSL_set_mode(p->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
					     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		SSL_set_fd(p->ssl, p->watch.fd);
	}
	ck_assert_int_eq(fd_watch_start(api->reactor, &p->watch, NULL), 0);
}

/* --- the whole --- */

static inline void api_late(void *arg)
{
	struct api *api = arg;
	ck_abort_msg("nothing more came within a minute; so far:\n%s",
		     str_text(&api->log));
}

static inline void api_listen(struct api *api)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)api->port)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	getsockname(fd, (struct sockaddr *)&at, &size);
	api->port = ntohs(at.sin_port);
	api->listener = (struct fd_watch){.fd = fd, .ready = api_on_listener, .arg = api};
	ck_assert_int_eq(fd_watch_start(api->reactor, &api->listener, NULL), 0);
}

/* Starts the loop and the server. tls passes ownership; NULL: plain HTTP. */
static inline void api_init(struct api *api,
			    void (*handle)(struct api *, const struct api_request *),
			    SSL_CTX *tls)
{
	struct err err = {0};
	*api = (struct api){.handle = handle, .tls = tls};
	str_init(&api->log, 1024 * 1024);
	api->reactor = reactor_new(&err);
	ck_assert_msg(api->reactor != NULL, "%s", err.msg);
	api_listen(api);
	timer_set(api->reactor, &api->watchdog, 60000, api_late, api);
	char *url AUTO_FREE =
		xasprintf("%s://127.0.0.1:%d", tls ? "https" : "http", api->port);
	ck_assert_int_eq(kube_config_for_server(url, &api->config, &err), 0);
}

/* A client of the server, after changes of api->config. */
static inline struct kube *api_client(struct api *api)
{
	struct err err = {0};
	struct kube_options options = {.config = &api->config};
	api->kube = kube_new(api->reactor, &options, &err);
	ck_assert_msg(api->kube != NULL, "%s", err.msg);
	return api->kube;
}

static inline void api_run(struct api *api)
{
	reactor_run(api->reactor);
}

static inline void api_stop(struct api *api)
{
	reactor_stop(api->reactor);
}

static inline void api_close_listener(struct api *api)
{
	if (!api->listener.fd)
		return;
	fd_watch_stop(api->reactor, &api->listener);
	close(api->listener.fd);
	api->listener.fd = 0;
}

static inline void api_fini(struct api *api)
{
	timer_cancel(&api->watchdog);
	kube_free(api->kube);
	while (api->peers)
		api_cut(api->peers);
	api_close_listener(api);
	kube_config_fini(&api->config);
	reactor_free(api->reactor);
	SSL_CTX_free(api->tls);
	str_fini(&api->log);
}

#endif
