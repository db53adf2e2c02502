/* Clients for tests of servers: libcurl and a libwebsockets WebSocket in the server's own
 * loop, with bounded waits. */
#ifndef FORETOP_TESTS_CLIENT_H
#define FORETOP_TESTS_CLIENT_H

#include "io/io.h"
#include "unit/harness.h"

#include <string.h>

#define WAIT_MS 60000 /* a test that waits longer has failed */

/* --- waiting in the loop --- */
struct waiting {
	struct reactor *reactor;
	bool late;
	const bool *flag;
	struct timer watchdog, poll;
};

static inline void waiting_late(void *arg)
{
	struct waiting *w = arg;
	w->late = true;
	reactor_stop(w->reactor);
}

static inline void waiting_poll(void *arg)
{
	struct waiting *w = arg;
	if (*w->flag)
		reactor_stop(w->reactor);
	else
		timer_set(w->reactor, &w->poll, 2, waiting_poll, w);
}

/* Serves the loop until *flag is true; false when it took too long. */
static inline bool wait_for(struct reactor *r, const bool *flag)
{
	struct waiting w = {.reactor = r, .flag = flag};
	timer_set(r, &w.watchdog, WAIT_MS, waiting_late, &w);
	timer_set(r, &w.poll, 0, waiting_poll, &w);
	reactor_run(r);
	timer_cancel(&w.watchdog);
	timer_cancel(&w.poll);
	return !w.late;
}

/* Serves the loop for some real time. */
static inline void spin(struct reactor *r, int64_t ms)
{
	struct waiting w = {.reactor = r};
	timer_set(r, &w.watchdog, ms, waiting_late, &w);
	reactor_run(r);
}

/* --- HTTP --- */
struct fetch {
	struct transfer transfer;
	struct reactor *reactor;
	struct curl_slist *headers;
	struct str body, head;
	CURLcode result;
	long status;
	bool done;
};

static inline size_t fetch_body(char *data, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	return str_add(&f->body, data, size * n) == 0 ? size * n : 0;
}

static inline size_t fetch_head(char *data, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	return str_add(&f->head, data, size * n) == 0 ? size * n : 0;
}

static inline void fetch_done(struct transfer *t, CURLcode result)
{
	struct fetch *f = (struct fetch *)t;
	f->result = result;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &f->status);
	transfer_stop(f->reactor, t);
	f->done = true;
}

/* Prepares a request; options may be set on f->transfer.easy before fetch_go. */
static inline void fetch_init(struct fetch *f, struct reactor *r, const char *method,
			      const char *url, const char *body)
{
	*f = (struct fetch){.reactor = r};
	str_init(&f->body, 64u << 20);
	str_init(&f->head, 1u << 20);
	CURL *easy = curl_easy_init();
	f->transfer = (struct transfer){.easy = easy, .done = fetch_done};
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, fetch_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, (void *)f);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, fetch_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, (void *)f);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)WAIT_MS);
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	if (body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)strlen(body));
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
	}
}

static inline void fetch_header(struct fetch *f, const char *line)
{
	f->headers = curl_slist_append(f->headers, line);
	curl_easy_setopt(f->transfer.easy, CURLOPT_HTTPHEADER, f->headers);
}

static inline void fetch_start(struct fetch *f)
{
	ck_assert_int_eq(transfer_start(f->reactor, &f->transfer, NULL), 0);
}

/* Starts it and waits for its end. */
static inline void fetch_go(struct fetch *f)
{
	fetch_start(f);
	ck_assert_msg(wait_for(f->reactor, &f->done), "the request did not end");
}

static inline void fetch_fini(struct fetch *f)
{
	if (!f->transfer.easy)
		return;
	if (!f->done)
		transfer_stop(f->reactor, &f->transfer);
	curl_easy_cleanup(f->transfer.easy);
	curl_slist_free_all(f->headers);
	str_fini(&f->body);
	str_fini(&f->head);
	f->transfer.easy = NULL;
}

/* GET with one more header. */
static inline void fetch_with(struct fetch *f, struct reactor *r, const char *url,
			      const char *header)
{
	fetch_init(f, r, "GET", url, NULL);
	fetch_header(f, header);
	fetch_go(f);
}

/* The whole thing; the caller finishes *f. */
static inline void fetch(struct fetch *f, struct reactor *r, const char *method,
			 const char *url, const char *body)
{
	fetch_init(f, r, method, url, body);
	fetch_go(f);
}

/* --- WebSocket --- */
struct ws_client {
	struct lws *wsi;
	struct str text; /* frames, each ended by a newline */
	int frames;
	bool opened, gone, refused;
	int refused_status, close_code;
	const char *origin, *say; /* `say` is sent once after the opening */
	const char *authorization;
};

static inline int ws_client_on_lws(struct lws *wsi, enum lws_callback_reasons reason,
				   void *user, void *in, size_t len)
{
	(void)user;
	struct ws_client *c = lws_get_opaque_user_data(wsi);
	unsigned char buf[LWS_PRE + 512], **p = in;
	if (!c)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		if (c->authorization)
			return lws_add_http_header_by_token(
				wsi, WSI_TOKEN_HTTP_AUTHORIZATION,
				(const unsigned char *)c->authorization,
				(int)strlen(c->authorization), p, *p + len);
		return 0;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		c->opened = true;
		if (c->say)
			lws_callback_on_writable(wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		if (!c->say)
			return 0;
		memcpy(buf + LWS_PRE, c->say, strlen(c->say));
		lws_write(wsi, buf + LWS_PRE, strlen(c->say), LWS_WRITE_TEXT);
		c->say = NULL;
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		str_add(&c->text, in, len);
		if (lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi)) {
			str_puts(&c->text, "\n");
			c->frames++;
		}
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (len >= 2)
			c->close_code =
				((unsigned char *)in)[0] << 8 | ((unsigned char *)in)[1];
		return 0;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		c->refused = true;
		c->refused_status = (int)lws_http_client_http_response(wsi);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		c->gone = true;
		return 0;
	default:
		return 0;
	}
}

/* Connects to 127.0.0.1; origin NULL sends none. Waits until it is open or refused. */
static inline void ws_client_open(struct ws_client *c, struct reactor *r, int port,
				  const char *path, bool tls)
{
	static const struct lws_protocols client_protocols[] = {
		{.name = "test-client",
		 .callback = ws_client_on_lws,
		 .rx_buffer_size = 65536},
		{0},
	};
	struct lws_vhost *vhost = lws_get_vhost_by_name(reactor_lws(r), "test-client");
	if (!vhost) {
		struct lws_context_creation_info info = {
			.port = CONTEXT_PORT_NO_LISTEN,
			.vhost_name = "test-client",
			.protocols = client_protocols,
			.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
			.http_proxy_address = "",
		};
		vhost = lws_create_vhost(reactor_lws(r), &info);
		lws_init_vhost_client_ssl(&info, vhost);
	}
	str_init(&c->text, 64u << 20);
	struct lws_client_connect_info info = {
		.context = reactor_lws(r),
		.vhost = vhost,
		.address = "127.0.0.1",
		.host = "localhost",
		.port = port,
		.path = path,
		.origin = c->origin,
		.local_protocol_name = "test-client",
		.alpn = "http/1.1",
		.ssl_connection = tls ? LCCSCF_USE_SSL | LCCSCF_ALLOW_SELFSIGNED |
						  LCCSCF_ALLOW_INSECURE |
						  LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK
				      : 0,
		.opaque_user_data = c,
	};
	c->wsi = lws_client_connect_via_info(&info);
	for (int i = 0; i < 1000 && !c->opened && !c->gone; i++)
		spin(r, 5);
	ck_assert_msg(c->opened || c->gone, "the WebSocket neither opened nor failed");
}

static inline void ws_client_fini(struct ws_client *c)
{
	if (!c->gone && c->wsi)
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	str_fini(&c->text);
}

#endif
