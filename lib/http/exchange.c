#include "http/exchange.h"

#include "http/failure.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Data that nobody acknowledges, and probes that nobody answers, end a connection: a dead
 * peer is noticed although a request without an end is open. */
#define TCP_UNANSWERED_MS 20000
#define TCP_PROBE_IDLE_S  15
#define TCP_PROBE_EVERY_S 5
#define TCP_PROBES        3
/* A pooled connection is given up after this age, so that load spreads over servers that
 * joined later. */
#define CONNECTION_AGE_S 300
/* Room that is made for an answer because the server announces it. */
#define BELIEVED_BYTES (1 << 20)

static bool is_stream(const struct http_exchange *x)
{
	return x->on_data != NULL;
}

/* --- a request that waits --- */

/* Only printable ASCII without spaces may stand in a request line. */
static bool is_clean(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

static int check_request(const struct http_request *q, struct err *err)
{
	if (!q->path || q->path[0] != '/' || !is_clean(q->path) ||
	    strpbrk(q->path, "?#") || (q->query && !is_clean(q->query)))
		return err_set(err, ERR_INVALID, "malformed path or query of a request");
	for (size_t i = 0; i < q->header_count; i++)
		if (!header_is_clean(&q->headers[i]))
			return err_set(err, ERR_INVALID, "malformed header of a request");
	return 0;
}

static void copy_request(struct http_exchange *x, const struct http_request *q)
{
	bool has_query = q->query && q->query[0];
	x->method = xstrdup(q->method ? q->method : "GET");
	x->url = xasprintf("%s%s%s%s", x->endpoint->url, q->path, has_query ? "?" : "",
			   has_query ? q->query : "");
	x->body_len = q->body && !q->body_len ? strlen(q->body) : q->body_len;
	if (q->body) {
		x->body = xmalloc(x->body_len + 1);
		memcpy(x->body, q->body, x->body_len);
		x->body[x->body_len] = '\0';
	}
	x->content_type = xstrdup(q->content_type ? q->content_type : "application/json");
	x->accept = xstrdup(q->accept ? q->accept : "application/json");
	for (size_t i = 0; i < q->header_count; i++)
		x->headers =
			header_add(x->headers, q->headers[i].name, q->headers[i].value);
}

static enum exchange_lane lane_of(const struct http_request *q)
{
	if (q->on_data)
		return LANE_STREAM;
	return q->background ? LANE_BACKGROUND : LANE_NORMAL;
}

struct http_exchange *exchange_new(struct reactor *r, const struct endpoint *e,
				   const struct http_request *q, struct err *err)
{
	if (check_request(q, err) < 0)
		return NULL;
	struct http_exchange *x = xcalloc(1, sizeof(*x));
	x->reactor = r;
	x->endpoint = e;
	x->lane = lane_of(q);
	x->timeout_ms = q->timeout_ms;
	if (x->timeout_ms <= 0 && x->lane != LANE_STREAM)
		x->timeout_ms = e->timeout_ms;
	x->first_byte_ms = q->first_byte_ms;
	x->on_data = q->on_data;
	x->done = q->done;
	x->arg = q->arg;
	str_init(&x->in, e->max_response_bytes);
	copy_request(x, q);
	return x;
}

static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data)); /* one may be Authorization */
	curl_slist_free_all(list);
}

/* A connection whose answer did not come is not worth a second request. */
static void stop_transfer(struct http_exchange *x)
{
	timer_cancel(&x->deliver);
	timer_cancel(&x->first_byte);
	if (!x->running)
		return;
	x->running = false;
	curl_easy_setopt(x->transfer.easy, CURLOPT_FORBID_REUSE, 1L);
	transfer_stop(x->reactor, &x->transfer);
}

void exchange_free(struct http_exchange *x)
{
	if (!x)
		return;
	if (x->gone)
		*x->gone = true;
	stop_transfer(x);
	if (x->transfer.easy)
		curl_easy_cleanup(x->transfer.easy);
	free_headers(x->headers);
	str_fini(&x->in);
	free(x->method);
	free(x->url);
	free(x->body);
	free(x->content_type);
	free(x->accept);
	free(x);
}

/* --- the end --- */

/* A server that wants more has lost its clock; curl gives up to 2^63 - 1 seconds. */
#define RETRY_AFTER_MAX_S 86400

static int64_t retry_after_ms(curl_off_t seconds)
{
	if (seconds <= 0)
		return -1;
	return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * MS_PER_S;
}

static void fill_answer(struct http_exchange *x, struct http_response *r)
{
	CURL *easy = x->transfer.easy;
	long status = 0;
	curl_off_t after_s = 0, total_us = 0;
	const char *type = NULL;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after_s);
	curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total_us);
	r->status = x->answered ? (int)status : 0;
	r->content_type = type ? type : "";
	r->retry_after_ms = retry_after_ms(after_s);
	r->elapsed_ms = total_us / 1000;
	r->body = str_text(&x->in);
	r->len = x->in.len;
}

static void finish(struct http_exchange *x, CURLcode result)
{
	struct http_response response = {.body = "", .content_type = ""};
	fill_answer(x, &response);
	if (result != CURLE_OK || x->too_large || x->late)
		failure_describe(x, result, &response);
	stop_transfer(x);
	client_ended(x);
	client_observe(x, &response);
	x->done(x->arg, &response);
	exchange_free(x);
}

/* Hands over what came of a stream. False when the callback ended the exchange. */
static bool deliver(struct http_exchange *x)
{
	if (!x->in.len)
		return true;
	size_t len = x->in.len;
	char *data AUTO_FREE = str_take(&x->in);
	bool gone = false;
	x->gone = &gone;
	x->on_data(x->arg, data, len);
	if (!gone)
		x->gone = NULL;
	return !gone;
}

static bool is_success(const struct http_exchange *x)
{
	long status = 0;
	curl_easy_getinfo(x->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

/* A pooled connection that the server has closed looks alive while its farewell of TLS
 * waits to be read. curl finds that out by sending, goes on to the next one, and gives up
 * after a few: a server that closed all idle ones would fail the next request. Nothing
 * came back on any of them, which is when curl sends again too: once more, on a new one.
 */
static bool start_afresh(struct http_exchange *x, CURLcode result)
{
	CURL *easy = x->transfer.easy;
	struct err err = {0};
	long connects = 0;
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	if (result != CURLE_SEND_ERROR || connects || x->answered || x->afresh)
		return false;
	x->afresh = true;
	x->running = false;
	transfer_stop(x->reactor, &x->transfer);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	x->running = transfer_start(x->reactor, &x->transfer, &err) == 0;
	return x->running;
}

static void on_transfer_done(struct transfer *t, CURLcode result)
{
	struct http_exchange *x = (struct http_exchange *)t;
	if (start_afresh(x, result))
		return;
	if (is_stream(x) && is_success(x) && !deliver(x))
		return;
	/* curl is content with a 100 whose head is broken. */
	if (result == CURLE_OK && !x->answered)
		result = CURLE_GOT_NOTHING;
	if (result == CURLE_OK && !x->too_large) {
		/* The connection is whole and may serve the next request. */
		x->running = false;
		transfer_stop(x->reactor, &x->transfer);
	}
	finish(x, result);
}

static void on_deliver(void *arg)
{
	deliver(arg);
}

static void on_first_byte_late(void *arg)
{
	struct http_exchange *x = arg;
	x->late = true;
	finish(x, CURLE_OK);
}

/* --- what curl calls --- */

/* Room for the whole answer at once, where the server says how much that is. What it says
 * is believed up to a limit: it may lie, or mean the compressed form. */
static void expect_body(struct http_exchange *x)
{
	curl_off_t len = -1;
	curl_easy_getinfo(x->transfer.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len);
	if (len > 0 && len <= BELIEVED_BYTES && (size_t)len <= x->in.limit)
		str_reserve(&x->in, (size_t)len);
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_exchange *x = arg;
	size_t len = size * count;
	if (!x->in.cap && !is_stream(x))
		expect_body(x);
	if (str_add(&x->in, data, len) < 0) {
		x->too_large = true;
		return 0;
	}
	/* Callers may cancel and send in their callback, curl must not be entered from
	 * its own: hence the way over a timer. */
	if (is_stream(x) && is_success(x))
		timer_set(x->reactor, &x->deliver, 0, on_deliver, x);
	return len;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	(void)line;
	struct http_exchange *x = arg;
	long status = 0;
	curl_easy_getinfo(x->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	/* What curl reads from a line that is none: "HTTP/2222222222" is a status. */
	if (status > 999) {
		x->no_status = true;
		return 0;
	}
	if (status >= 200 && !x->answered) {
		x->answered = true;
		timer_cancel(&x->first_byte);
	}
	return size * count;
}

/* curl's times do not tell a slow connect from a slow handshake. */
static CURLcode on_handshake(CURL *easy, void *ssl_ctx, void *arg)
{
	(void)easy;
	(void)ssl_ctx;
	struct http_exchange *x = arg;
	x->handshake = true;
	return CURLE_OK;
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	(void)purpose;
	const int unanswered_ms = TCP_UNANSWERED_MS, probes = TCP_PROBES;
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms,
		   sizeof(unanswered_ms));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	return CURL_SOCKOPT_OK;
}

/* --- the start --- */

static void set_blob(CURL *easy, CURLoption option, const char *pem)
{
	if (!pem)
		return;
	struct curl_blob blob = {
		.data = (void *)pem, .len = strlen(pem), .flags = CURL_BLOB_COPY};
	curl_easy_setopt(easy, option, &blob);
}

static void set_tls(CURL *easy, const struct endpoint *e)
{
	const char *ca = secret_text(&e->secrets[SECRET_CA]);
	if (ca) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		set_blob(easy, CURLOPT_CAINFO_BLOB, ca);
	}
	set_blob(easy, CURLOPT_SSLCERT_BLOB, secret_text(&e->secrets[SECRET_CERT]));
	set_blob(easy, CURLOPT_SSLKEY_BLOB, secret_text(&e->secrets[SECRET_KEY]));
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (e->insecure) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void set_transport(CURL *easy, const struct endpoint *e)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, e->proxy);
	/* Otherwise curl asks the environment whom to spare. */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, e->connect_to);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, http_user_agent());
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)TCP_PROBE_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)TCP_PROBE_EVERY_S);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_AGE_S);
}

static void set_limits(CURL *easy, const struct http_exchange *x)
{
	const struct endpoint *e = x->endpoint;
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)e->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)x->timeout_ms);
	if (is_stream(x))
		return;
	/* Refuses early what the header announces; on_body counts what really comes. */
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
			 (curl_off_t)e->max_response_bytes);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static void set_headers(CURL *easy, struct http_exchange *x)
{
	for (const struct curl_slist *l = x->endpoint->headers; l; l = l->next)
		x->headers = list_add(x->headers, l->data);
	x->headers = header_add(x->headers, "Accept", x->accept);
	if (x->body)
		x->headers = header_add(x->headers, "Content-Type", x->content_type);
	if (x->endpoint->authorization)
		x->headers = header_add(x->headers, "Authorization",
					x->endpoint->authorization);
	/* No waiting for "100 Continue". */
	x->headers = list_add(x->headers, "Expect:");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
}

static void set_request(CURL *easy, struct http_exchange *x)
{
	bool is_post = !strcmp(x->method, "POST");
	curl_easy_setopt(easy, CURLOPT_URL, x->url);
	if (x->body || is_post) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->body ? x->body : "");
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)x->body_len);
	}
	if (!strcmp(x->method, "HEAD"))
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (!is_post)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, x->method);
	set_headers(easy, x);
}

static void set_callbacks(CURL *easy, struct http_exchange *x)
{
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_handshake);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, x);
}

int exchange_start(struct http_exchange *x, struct err *err)
{
	CURL *easy = curl_easy_init();
	if (!easy)
		return err_set(err, ERR_RETRY, "curl: no memory for a request");
	x->transfer = (struct transfer){.easy = easy, .done = on_transfer_done};
	set_callbacks(easy, x);
	set_transport(easy, x->endpoint);
	set_tls(easy, x->endpoint);
	set_limits(easy, x);
	set_request(easy, x);
	if (transfer_start(x->reactor, &x->transfer, err) < 0)
		return -1;
	x->running = true;
	if (x->first_byte_ms > 0)
		timer_set(x->reactor, &x->first_byte, x->first_byte_ms,
			  on_first_byte_late, x);
	return 0;
}
