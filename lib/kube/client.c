#include "kube/session.h"

#include "kube/login.h"
#include "kube/rate.h"
#include "kube/status.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define REQUESTS_PER_S     20.0
#define BURST              40
#define TIMEOUT_MS         10000
#define CONNECT_TIMEOUT_MS 5000
#define ANSWER_MAX         ((size_t)32 * 1024 * 1024)
/* Far more than one cycle asks for; beyond, something is wrong and waiting helps nobody.
 */
#define WAITING_MAX      20000
#define IN_FLIGHT        16
#define URGENT_IN_FLIGHT 2
/* After a 429 that names no time. */
#define PAUSE_MS       1000
#define PAUSE_MAX_MS   30000
#define WATCH_LIST_OFF MS_PER_H

struct kube {
	struct reactor *reactor;
	struct kube_config config;
	struct http_client *http, *urgent;
	struct ws_endpoint *ws;
	struct login *login; /* NULL: no credential plugin */
	struct rate rate;
	struct timer pump;
	struct kube_call *waiting, **waiting_end;
	struct kube_call *sent;
	int waiting_count;
	int64_t timeout_ms;          /* 0: none of its own */
	int64_t no_watch_list_until; /* monotonic */
	struct rng rng;
};

struct kube_call {
	struct kube_call *next, **link; /* in waiting, sent, or alone */
	struct kube *kube;
	char *method_and_path; /* "PUT /api/...": for texts */
	char *path, *query, *body;
	enum kube_method method;
	int64_t timeout_ms;
	bool urgent, queued;
	const struct kube_permit *permit;
	uint64_t credential; /* which one it went out with */
	kube_done done;
	void *arg;
	void *owned; /* NULL, or arg */
	struct http_exchange *exchange;
	struct timer timer; /* answers a request that could not start */
	struct err failure;
};

static const char *const methods[] = {
	[KUBE_GET] = "GET",     [KUBE_PUT] = "PUT",       [KUBE_POST] = "POST",
	[KUBE_PATCH] = "PATCH", [KUBE_DELETE] = "DELETE",
};

/* --- the client --- */

static struct http_client *open_http(struct kube *k, const struct kube_options *options,
				     int in_flight, struct err *err)
{
	const struct kube_config *c = &k->config;
	struct http_header *headers AUTO_FREE = NULL;
	size_t header_count = impersonation_headers(&c->as, &headers);
	struct http_client_config config = {
		.base_url = c->server,
		.ca_pem = c->ca_pem,
		.ca_file = c->ca_file,
		.cert_pem = c->cert_pem,
		.cert_file = c->cert_file,
		.key_pem = c->key_pem,
		.key_file = c->key_file,
		.insecure = c->insecure,
		.tls_server_name = c->tls_server_name,
		.proxy = c->proxy_url,
		.token = c->token,
		.token_file = c->token_file,
		.username = c->username,
		.password = c->password,
		.headers = headers,
		.header_count = header_count,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.timeout_ms = TIMEOUT_MS,
		.max_response_bytes = ANSWER_MAX,
		.max_in_flight = in_flight,
		.max_queued = WAITING_MAX,
		.observe = options->observe,
		.observe_arg = options->observe_arg,
	};
	return http_client_new(k->reactor, &config, err);
}

static void pump(void *arg);

/* A new credential, or none. Requests wait for either. */
static void on_login(void *arg, const struct exec_credential *c)
{
	struct kube *k = arg;
	struct http_client *clients[] = {k->http, k->urgent};
	for (size_t i = 0; c && i < ARRAY_LEN(clients); i++) {
		http_client_set_token(clients[i], c->token);
		http_client_set_certificate(
			clients[i], c->cert_pem ? c->cert_pem : k->config.cert_pem,
			c->key_pem ? c->key_pem : k->config.key_pem);
	}
	pump(k);
}

struct kube *kube_new(struct reactor *reactor, const struct kube_options *options,
		      struct err *err)
{
	struct kube *k = xcalloc(1, sizeof(*k));
	k->reactor = reactor;
	k->waiting_end = &k->waiting;
	k->timeout_ms = options->timeout_ms;
	kube_config_copy(options->config, &k->config);
	double per_s =
		options->requests_per_s > 0 ? options->requests_per_s : REQUESTS_PER_S;
	rate_init(&k->rate, per_s, options->burst > 0 ? options->burst : BURST,
		  monotonic_ms());
	uint64_t seed = 0;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)monotonic_ms();
	rng_init(&k->rng, seed);
	k->http = open_http(k, options, IN_FLIGHT, err);
	int urgent = options->urgent ? options->urgent : URGENT_IN_FLIGHT;
	k->urgent = k->http ? open_http(k, options, urgent, err) : NULL;
	if (!k->urgent) {
		kube_free(k);
		return NULL;
	}
	k->ws = ws_endpoint_new(reactor, &k->config, k->http);
	if (k->config.exec.command)
		k->login = login_new(reactor, &k->config, on_login, k);
	return k;
}

static void call_free(struct kube_call *call)
{
	http_cancel(call->exchange);
	timer_cancel(&call->timer);
	free(call->method_and_path);
	free(call->path);
	free(call->query);
	if (call->body)
		explicit_bzero(call->body, strlen(call->body));
	free(call->body);
	free(call->owned);
	free(call);
}

static void free_calls(struct kube_call *call)
{
	while (call) {
		struct kube_call *next = call->next;
		call_free(call);
		call = next;
	}
}

void kube_free(struct kube *k)
{
	if (!k)
		return;
	timer_cancel(&k->pump);
	free_calls(k->waiting);
	free_calls(k->sent);
	login_free(k->login);
	ws_endpoint_free(k->ws);
	http_client_free(k->http);
	http_client_free(k->urgent);
	kube_config_fini(&k->config);
	free(k);
}

const struct kube_config *kube_configuration(const struct kube *k)
{
	return &k->config;
}

int kube_waiting(const struct kube *k)
{
	return k->waiting_count;
}

/* --- lists of calls --- */

static void unlink_call(struct kube_call *call)
{
	struct kube *k = call->kube;
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	else if (k->waiting_end == &call->next)
		k->waiting_end = call->link;
	if (call->queued)
		k->waiting_count--;
	call->queued = false;
}

static void link_sent(struct kube_call *call)
{
	struct kube *k = call->kube;
	call->next = k->sent;
	call->link = &k->sent;
	if (call->next)
		call->next->link = &call->next;
	k->sent = call;
}

static void link_waiting(struct kube_call *call)
{
	struct kube *k = call->kube;
	call->next = NULL;
	call->link = k->waiting_end;
	*k->waiting_end = call;
	k->waiting_end = &call->next;
	call->queued = true;
	k->waiting_count++;
}

/* Before all that wait. */
static void link_first(struct kube_call *call)
{
	struct kube *k = call->kube;
	call->next = k->waiting;
	call->link = &k->waiting;
	if (call->next)
		call->next->link = &call->next;
	else
		k->waiting_end = &call->next;
	k->waiting = call;
	call->queued = true;
	k->waiting_count++;
}

/* --- answers --- */

/* The call is gone before the callback, so that this may free the client. */
static void answer(struct kube_call *call, const struct kube_reply *reply)
{
	kube_done done = call->done;
	void *arg = call->arg;
	void *owned = TAKE(call->owned);
	unlink_call(call);
	call_free(call);
	done(arg, reply);
	free(owned);
}

static void on_failed_start(void *arg)
{
	struct kube_call *call = arg;
	struct kube_reply reply = {
		.reason = "", .err = call->failure, .not_executed = true};
	answer(call, &reply);
}

static void answer_later(struct kube_call *call)
{
	timer_set(call->kube->reactor, &call->timer, 0, on_failed_start, call);
}

static void answer_failure(struct kube_call *call, const struct http_response *r)
{
	struct kube_reply reply = {
		.status = r->status,
		.reason = "",
		.err = r->err,
		.not_executed = r->failed == HTTP_NOT_SENT || r->failed == HTTP_RESOLVE ||
				r->failed == HTTP_CONNECT || r->failed == HTTP_TLS,
		.too_large = r->failed == HTTP_TOO_LARGE,
	};
	reply.err.code = ERR_RETRY;
	err_wrap(&reply.err, "%s", call->method_and_path);
	answer(call, &reply);
}

static void slow_down(struct kube *k, int64_t retry_after_ms)
{
	int64_t pause = retry_after_ms > 0 ? retry_after_ms : PAUSE_MS;
	rate_block(&k->rate, monotonic_ms(), pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
}

static void answer_refusal(struct kube_call *call, const struct http_response *r)
{
	struct kube *k = call->kube;
	struct kube_status s;
	kube_status_read(call->method_and_path, r->status, r->body, r->len,
			 r->retry_after_ms, &s);
	if (r->status == 429)
		slow_down(k, s.retry_after_ms);
	if (r->status == 401)
		session_unauthorized(k, call->credential);
	struct kube_reply reply = {
		.status = r->status,
		.reason = s.reason,
		.retry_after_ms = s.retry_after_ms,
		.err = s.err,
		.not_executed = r->status >= 400 && r->status < 500,
	};
	answer(call, &reply);
}

static void on_response(void *arg, const struct http_response *r)
{
	struct kube_call *call = arg;
	call->exchange = NULL;
	if (r->failed) {
		answer_failure(call, r);
		return;
	}
	if (r->status < 200 || r->status > 299) {
		answer_refusal(call, r);
		return;
	}
	struct kube_reply reply = {.status = r->status, .reason = ""};
	struct arena memory AUTO(arena_fini) = {0};
	reply.object = json_parse_in(&memory, r->body, r->len, &reply.err);
	if (!reply.object) {
		reply.err.code = ERR_RETRY;
		err_wrap(&reply.err, "%s: status %d (a proxy in between?)",
			 call->method_and_path, r->status);
	}
	answer(call, &reply);
}

/* --- sending --- */

static void start(struct kube_call *call)
{
	struct kube *k = call->kube;
	struct http_request request = {
		.method = methods[call->method],
		.path = call->path,
		.query = call->query,
		.body = call->body,
		.content_type = call->method == KUBE_PATCH
					? "application/merge-patch+json"
					: NULL,
		.timeout_ms = call->timeout_ms,
		.done = on_response,
		.arg = call,
	};
	link_sent(call);
	if (call->permit && !call->permit->holds(call->permit->arg)) {
		err_set(&call->failure, ERR_RETRY, "%s: not sent: the lead may be lost",
			call->method_and_path);
		answer_later(call);
		return;
	}
	call->credential = session_credential(k);
	call->exchange =
		http_send(call->urgent ? k->urgent : k->http, &request, &call->failure);
	if (!call->exchange)
		answer_later(call);
}

/* Without a credential a request would be refused, so it waits for one, or is answered
 * with why there is none. */
static bool pump_login(struct kube *k)
{
	struct err why = {0};
	switch (session_login(k, &why)) {
	case LOGIN_READY:
		return true;
	case LOGIN_WAITING:
		return false;
	case LOGIN_FAILED:
		break;
	}
	while (k->waiting) {
		struct kube_call *call = k->waiting;
		unlink_call(call);
		link_sent(call);
		call->failure = why;
		err_wrap(&call->failure, "%s", call->method_and_path);
		answer_later(call);
	}
	return false;
}

static void pump(void *arg)
{
	struct kube *k = arg;
	while (k->waiting && pump_login(k)) {
		struct kube_call *call = k->waiting;
		int64_t wait = call->urgent ? 0 : rate_take(&k->rate, monotonic_ms());
		if (wait) {
			timer_set(k->reactor, &k->pump, wait, pump, k);
			return;
		}
		unlink_call(call);
		start(call);
	}
}

bool kube_reply_stands(const struct kube_reply *reply)
{
	return reply->status == 403 || reply->err.code == ERR_INVALID;
}

static int64_t timeout_of(const struct kube *k, const struct kube_request *request)
{
	int64_t asked = request->timeout_ms;
	if (k->timeout_ms > 0 && (asked <= 0 || asked > k->timeout_ms))
		return k->timeout_ms;
	return asked > 0 ? asked : TIMEOUT_MS;
}

struct kube_call *kube_send(struct kube *k, const struct kube_request *request,
			    kube_done done, void *arg)
{
	struct kube_call *call = xcalloc(1, sizeof(*call));
	*call = (struct kube_call){
		.kube = k,
		.method_and_path =
			xasprintf("%s %s", methods[request->method], request->path),
		.path = xstrdup(request->path),
		.query = xstrdup(request->query),
		.body = request->body ? json_text(request->body) : NULL,
		.method = request->method,
		.timeout_ms = timeout_of(k, request),
		.urgent = request->urgent,
		.permit = request->permit,
		.done = done,
		.arg = arg,
	};
	if (!call->urgent && k->waiting_count >= WAITING_MAX) {
		err_set(&call->failure, ERR_RETRY, "%d requests wait already",
			k->waiting_count);
		link_sent(call);
		answer_later(call);
		return call;
	}
	if (call->urgent)
		link_first(call);
	else
		link_waiting(call);
	if (k->waiting == call)
		pump(k);
	return call;
}

struct kube_call *session_send(struct kube *k, const struct kube_request *request,
			       kube_done done, void *owned)
{
	struct kube_call *call = kube_send(k, request, done, owned);
	call->owned = owned;
	return call;
}

void kube_cancel(struct kube_call *call)
{
	if (!call)
		return;
	unlink_call(call);
	call_free(call);
}

char *kube_escape(const char *text)
{
	struct str out AUTO(str_fini);
	str_init(&out, 3 * strlen(text) + 1);
	http_escape(&out, text);
	return str_take(&out);
}

/* --- for this folder --- */

struct reactor *session_reactor(struct kube *k)
{
	return k->reactor;
}

struct http_client *session_http(struct kube *k)
{
	return k->http;
}

struct ws_endpoint *session_ws(struct kube *k)
{
	return k->ws;
}

enum login_state session_login(struct kube *k, struct err *err)
{
	return k->login ? login_check(k->login, err) : LOGIN_READY;
}

uint64_t session_credential(const struct kube *k)
{
	return k->login ? login_generation(k->login) : 0;
}

void session_unauthorized(struct kube *k, uint64_t credential)
{
	http_client_reload(k->http);
	http_client_reload(k->urgent);
	if (k->login)
		login_refused(k->login, credential);
}

uint64_t session_seed(struct kube *k)
{
	return rng_next(&k->rng);
}

bool session_watch_list(const struct kube *k)
{
	return monotonic_ms() >= k->no_watch_list_until;
}

void session_no_watch_list(struct kube *k)
{
	k->no_watch_list_until = monotonic_ms() + WATCH_LIST_OFF;
}
