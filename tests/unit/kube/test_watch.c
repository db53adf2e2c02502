#include "kube/watch.h"

#include "unit/http/certificate.h"
#include "unit/kube/api.h"

static struct api api;
static struct kube_watch *watch;
static struct str told;           /* "+a@1 ~a@2 -a@3 =" and so on */
static struct str states;         /* texts of on_state, one a line */
static const char *stop_at;       /* stops when `told` ends like this */
static const char *stop_at_state; /* stops when a state holds this */
static void (*script)(const struct api_request *q, int number);
static int requests;
static struct api_peer *peer; /* of the last watch */

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && !strcmp(text + n - m, end);
}

static void note(const char *text)
{
	str_puts(&told, text);
	if (stop_at && ends_with(str_text(&told), stop_at))
		api_stop(&api);
}

static void on_object(void *arg, enum kube_change change, const cJSON *object)
{
	static const char marks[] = {
		[KUBE_ADDED] = '+', [KUBE_MODIFIED] = '~', [KUBE_DELETED] = '-'};
	ck_assert_ptr_eq(arg, &api);
	char *text AUTO_FREE = xasprintf(
		"%c%s@%s ", marks[change], json_str(object, "metadata.name", ""),
		json_str(object, "metadata.resourceVersion", ""));
	note(text);
}

static void on_synced(void *arg)
{
	(void)arg;
	note("= ");
}

static void on_state(void *arg, const char *text, const struct err *err)
{
	(void)arg;
	str_printf(&states, "%s\n", err ? err->msg : text);
	if (stop_at_state && strstr(str_text(&states), stop_at_state))
		api_stop(&api);
}

static void on_expired(void *arg, const struct err *err)
{
	(void)arg;
	ck_assert_msg(strstr(err->msg, "410 "), "%s", err->msg);
	note("410 ");
}

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	if (strstr(q->target, "watch=true"))
		peer = q->peer;
	script(q, ++requests);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	str_init(&told, 65536);
	str_init(&states, 65536);
	stop_at = stop_at_state = NULL;
	requests = 0;
	peer = NULL;
}

static void teardown(void)
{
	kube_watch_free(watch);
	watch = NULL;
	api_fini(&api);
	str_fini(&told);
	str_fini(&states);
}

static void start(enum kube_transport transport)
{
	struct kube_watch_options options = {
		.path = "/api/v1/pods",
		.label_selector = "app=web",
		.transport = transport,
		.on_object = on_object,
		.on_synced = on_synced,
		.on_state = on_state,
		.on_expired = on_expired,
		.arg = &api,
		.back_off_ms = 1,
	};
	struct err err = {0};
	if (!api.kube)
		api_client(&api);
	watch = kube_watch_new(api.kube, &options, &err);
	ck_assert_msg(watch != NULL, "%s", err.msg);
	ck_assert_uint_eq(told.len, 0);
}

static void run_until(const char *end)
{
	stop_at = end;
	api_run(&api);
}

static void run_until_state(const char *part)
{
	stop_at_state = part;
	if (!strstr(str_text(&states), part))
		api_run(&api);
}

static bool asks(const struct api_request *q, const char *part)
{
	return strstr(q->target, part) != NULL;
}

static void reply_list(const struct api_request *q, const char *version,
		       const char *items, const char *token)
{
	char *body AUTO_FREE =
		xasprintf("{\"metadata\":{\"resourceVersion\":\"%s\",\"continue\":"
			  "\"%s\"},\"items\":[%s]}",
			  version, token, items);
	api_reply(q->peer, 200, "", body);
}

/* --- the first state --- */

static void watch_list_script(const struct api_request *q, int number)
{
	ck_assert_int_eq(number, 1);
	ck_assert_str_eq(q->method, "GET");
	ck_assert(!strncmp(q->target, "/api/v1/pods?labelSelector=app%3Dweb&watch=true",
			   47));
	ck_assert(asks(q, "&allowWatchBookmarks=true&timeoutSeconds="));
	ck_assert(ends_with(q->target, "&sendInitialEvents=true&resourceVersionMatch="
				       "NotOlderThan&resourceVersion="));
	ck_assert_ptr_nonnull(strcasestr(q->head, "\r\nOrigin: "));
	ck_assert_ptr_nonnull(strcasestr(q->head, "\r\nAuthorization: Bearer tok\r\n"));
	ck_assert_ptr_nonnull(strcasestr(q->head, "\r\nUser-Agent: foretop/"));
	ck_assert_ptr_null(strcasestr(q->head, "\r\nSec-WebSocket-Protocol:"));
	api_upgrade(q);
	api_change(q->peer, "ADDED", "a", "7");
	api_change(q->peer, "ADDED", "b", "3"); /* not in the order of versions */
	api_bookmark(q->peer, "9", true);
	api_change(q->peer, "MODIFIED", "a", "10");
	api_change(q->peer, "DELETED", "b", "11");
}

START_TEST(the_first_state_comes_over_the_websocket)
{
	struct kube_watch_info info;
	script = watch_list_script;
	api.config.token = xstrdup("tok");
	start(KUBE_AUTO);
	run_until("-b@11 ");
	ck_assert_str_eq(str_text(&told), "+a@7 +b@3 = ~a@10 -b@11 ");
	ck_assert_str_eq(str_text(&states), "watching over WebSocket\n");
	kube_watch_info(watch, &info);
	ck_assert(info.synced && info.watching);
	ck_assert_int_eq(info.transport, KUBE_WEBSOCKET);
	ck_assert_uint_eq(info.objects, 1);
	ck_assert_str_eq(info.version, "11");
	ck_assert_uint_eq(info.lists, 1);
	ck_assert_uint_eq(info.events, 5);
	ck_assert_int_ge(info.last_contact_ms, monotonic_ms() - 15000);
}
END_TEST

static void paged_script(const struct api_request *q, int number)
{
	char *a AUTO_FREE = api_object("a", "1"), *b AUTO_FREE = api_object("b", "2");
	if (number == 1 && asks(q, "sendInitialEvents")) {
		api_refuse(q->peer, 422, "Invalid", "no WatchList here");
		requests--;
		return;
	}
	if (number == 1) {
		ck_assert(ends_with(q->target, "?labelSelector=app%3Dweb&limit=250"));
		reply_list(q, "20", a, "t/1");
	} else if (number == 2) {
		ck_assert(ends_with(q->target, "&limit=250&continue=t%2F1"));
		reply_list(q, "20", b, "");
	} else {
		ck_assert(ends_with(q->target, "&resourceVersion=20"));
		if (strcasestr(q->head, "\r\nUpgrade:"))
			api_upgrade(q);
		else
			api_chunks_begin(q->peer);
		api_change(q->peer, "ADDED", "c", "21");
	}
}

START_TEST(else_in_pages_followed_by_a_watch)
{
	static const enum kube_transport transports[] = {KUBE_WEBSOCKET, KUBE_HTTP};
	script = paged_script;
	start(transports[_i]);
	run_until("+c@21 ");
	ck_assert_str_eq(str_text(&told), "+a@1 +b@2 = +c@21 ");
	ck_assert_str_eq(str_text(&states),
			 _i ? "watching over HTTP\n" : "watching over WebSocket\n");
	/* A second watch of this client knows that the server has no WatchList. */
	kube_watch_free(watch);
	str_clear(&told);
	requests = 0;
	start(transports[_i]);
	run_until("+c@21 ");
	ck_assert_int_eq(requests, 3);
}
END_TEST

/* --- gaps --- */

static void expired_script(const struct api_request *q, int number)
{
	api_upgrade(q);
	if (number == 1) {
		api_change(q->peer, "ADDED", "stays", "1");
		api_change(q->peer, "ADDED", "goes", "2");
		api_change(q->peer, "ADDED", "changes", "3");
		api_bookmark(q->peer, "4", true);
		api_error_event(q->peer, 410, "Expired");
		api_end(q->peer);
	} else {
		ck_assert(ends_with(q->target, "NotOlderThan&resourceVersion=4"));
		api_change(q->peer, "ADDED", "stays", "1");
		api_change(q->peer, "ADDED", "changes", "30");
		api_bookmark(q->peer, "31", true);
	}
}

START_TEST(after_410_the_difference_is_told)
{
	struct kube_watch_info info;
	script = expired_script;
	start(KUBE_AUTO);
	run_until("= ");
	run_until("= ");
	ck_assert_str_eq(str_text(&told),
			 "+stays@1 +goes@2 +changes@3 = 410 ~changes@30 -goes@2 = ");
	kube_watch_info(watch, &info);
	ck_assert_uint_eq(info.expired, 1);
	ck_assert_uint_eq(info.failures, 0);
	ck_assert_str_eq(str_text(&states), "watching over WebSocket\n");
}
END_TEST

static void renewal_script(const struct api_request *q, int number)
{
	static const char *const versions[] = {"", "5", "6", "80"};
	char *want AUTO_FREE = xasprintf("resourceVersion=%s", versions[number - 1]);
	ck_assert_msg(ends_with(q->target, want), "%s", q->target);
	if (strcasestr(q->head, "\r\nUpgrade:"))
		api_upgrade(q);
	else
		api_chunks_begin(q->peer);
	switch (number) {
	case 1:
		api_bookmark(q->peer, "5", true);
		api_end(q->peer); /* in order */
		return;
	case 2:
		api_change(q->peer, "ADDED", "a", "6");
		api_flush(q->peer);
		shutdown(q->peer->watch.fd, SHUT_RDWR); /* cut */
		return;
	case 3:
		api_bookmark(q->peer, "80", false);
		api_end(q->peer);
		return;
	default:
		api_change(q->peer, "MODIFIED", "a", "81");
	}
}

START_TEST(a_watch_that_ends_goes_on_where_it_stood)
{
	script = renewal_script;
	start(KUBE_WEBSOCKET);
	run_until("~a@81 ");
	ck_assert_str_eq(str_text(&told), "= +a@6 ~a@81 ");
	ck_assert_int_eq(requests, 4);
}
END_TEST

static void bad_event_script(const struct api_request *q, int number)
{
	static const char *const bad[] = {
		"{\"type\":\"ADDED\",\"object\":{}}",
		"half a li",
		("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500,"
		 "\"message\":\"broken\"}}"),
	};
	api_upgrade(q);
	api_bookmark(q->peer, "5", true);
	if (number <= 3)
		api_event(q->peer, bad[number - 1]);
}

START_TEST(what_cannot_be_understood_ends_in_a_new_list)
{
	script = bad_event_script;
	start(KUBE_AUTO);
	for (int i = 0; i < 4; i++)
		run_until("= ");
	ck_assert_int_eq(requests, 4);
	ck_assert_ptr_nonnull(
		strstr(str_text(&states),
		       "watch of /api/v1/pods: watch event without resourceVersion\n"));
	ck_assert_ptr_nonnull(strstr(str_text(&states), "watch event: not JSON"));
	ck_assert_ptr_nonnull(strstr(str_text(&states), "500 internal error: broken\n"));
}
END_TEST

/* An ADDED event of object "big" with so many MiB of data. */
static char *large_event(size_t mib)
{
	struct str event AUTO(str_fini);
	char *block AUTO_FREE = xmalloc(1024 * 1024);
	memset(block, '0', 1024 * 1024);
	str_init(&event, 64 * 1024 * 1024);
	str_puts(&event, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"big\","
			 "\"uid\":\"u\",\"resourceVersion\":\"6\"},\"data\":\"");
	for (size_t i = 0; i < mib; i++)
		str_add(&event, block, 1024 * 1024);
	str_puts(&event, "\"}}");
	return str_take(&event);
}

static void large_script(const struct api_request *q, int number)
{
	char *kept AUTO_FREE = large_event(4), *refused AUTO_FREE = large_event(17);
	api_upgrade(q);
	api_bookmark(q->peer, "5", true);
	if (number > 1)
		return;
	api_event(q->peer, kept);
	api_event(q->peer, refused);
}

START_TEST(large_events_are_put_together_up_to_a_limit)
{
	script = large_script;
	start(KUBE_AUTO);
	run_until_state("a watch event is larger than 16777216 bytes");
	ck_assert_str_eq(str_text(&told), "= +big@6 ");
	run_until("-big@6 = ");
}
END_TEST

static bool restored;

static void restore_script(const struct api_request *q, int number)
{
	char *a AUTO_FREE = api_object("a", "3");
	(void)number;
	if (!asks(q, "watch=true")) {
		reply_list(q, restored ? "3" : "50", a, "");
		return;
	}
	api_chunks_begin(q->peer);
	if (restored) {
		ck_assert(ends_with(q->target, "resourceVersion=3"));
		api_change(q->peer, "ADDED", "done", "4");
		return;
	}
	restored = true;
	api_error_event(q->peer, 410, "Gone");
	api_chunks_end(q->peer);
}

START_TEST(a_server_with_a_reset_history_is_believed_after_three_times)
{
	restored = false;
	script = restore_script;
	start(KUBE_HTTP);
	run_until("+done@4 ");
	ck_assert_ptr_nonnull(strstr(str_text(&states), "older than what was seen"));
	/* Though a stands at its old version, it is told again: it may be another. */
	ck_assert_str_eq(str_text(&told), "+a@3 = 410 ~a@3 = +done@4 ");
	ck_assert_int_eq(requests, 7);
}
END_TEST

/* --- refusals and the way round --- */

static void no_websocket_script(const struct api_request *q, int number)
{
	char *a AUTO_FREE = api_object("a", "1");
	(void)number;
	if (strcasestr(q->head, "\r\nUpgrade:")) {
		api_reply(q->peer, 200, "", "{}");
	} else if (!asks(q, "watch=true")) {
		reply_list(q, "5", a, "");
	} else {
		api_chunks_begin(q->peer);
		api_change(q->peer, "MODIFIED", "a", "6");
	}
}

START_TEST(where_websockets_do_not_pass_http_does)
{
	script = no_websocket_script;
	start(KUBE_AUTO);
	run_until("~a@6 ");
	ck_assert_str_eq(str_text(&told), "+a@1 = ~a@6 ");
	ck_assert_str_eq(str_text(&states), "watching over HTTP, for want of a "
					    "WebSocket: WebSocket handshake: 200 "
					    "refused\n");
}
END_TEST

static bool allowed;

static void forbidden_script(const struct api_request *q, int number)
{
	(void)number;
	if (allowed && strcasestr(q->head, "\r\nUpgrade:")) {
		api_upgrade(q);
		api_bookmark(q->peer, "5", true);
	} else if (strcasestr(q->head, "\r\nUpgrade:")) {
		api_reply(q->peer, 403, "", "");
	} else {
		api_refuse(q->peer, 403, "Forbidden", "pods is forbidden");
	}
}

START_TEST(a_refusal_is_told_with_the_servers_reason_and_is_never_final)
{
	allowed = false;
	script = forbidden_script;
	start(KUBE_AUTO);
	run_until_state("pods is forbidden");
	ck_assert_str_eq(str_text(&states),
			 "GET /api/v1/pods: 403 forbidden: pods is forbidden\n");
	allowed = true;
	run_until("= ");
	ck_assert_ptr_nonnull(
		strstr(str_text(&states), "forbidden\nwatching over WebSocket\n"));
}
END_TEST

START_TEST(a_server_that_comes_late_is_found)
{
	script = watch_list_script;
	api.config.token = xstrdup("tok");
	api_close_listener(&api);
	start(KUBE_AUTO);
	run_until_state("WebSocket to 127.0.0.1:");
	api_listen(&api);
	run_until("-b@11 ");
}
END_TEST

/* Bounded by the time of a test alone: the pause is an hour. */
static void start_patient(void)
{
	const struct kube_watch_options options = {
		.path = "/api/v1/pods",
		.label_selector = "app=web",
		.on_object = on_object,
		.on_synced = on_synced,
		.on_state = on_state,
		.arg = &api,
		.back_off_ms = MS_PER_H,
	};
	struct err err = {0};
	api_client(&api);
	watch = kube_watch_new(api.kube, &options, &err);
	ck_assert_msg(watch != NULL, "%s", err.msg);
}

START_TEST(one_that_waits_goes_on_when_it_is_hurried)
{
	script = watch_list_script;
	api.config.token = xstrdup("tok");
	api_close_listener(&api);
	start_patient();
	run_until_state("WebSocket to 127.0.0.1:");
	api_listen(&api);
	kube_watch_hurry(watch);
	run_until("-b@11 ");
}
END_TEST

START_TEST(one_that_is_under_way_is_not_disturbed_by_hurry)
{
	script = watch_list_script; /* takes one request */
	api.config.token = xstrdup("tok");
	start_patient();
	kube_watch_hurry(watch); /* before it began */
	run_until("-b@11 ");
	kube_watch_hurry(watch); /* while it stands */
	api_change(peer, "ADDED", "c", "12");
	run_until("+c@12 ");
	struct kube_watch_info info;
	kube_watch_info(watch, &info);
	ck_assert(info.watching);
	ck_assert_uint_eq(info.watches, 1);
}
END_TEST

static void busy_script(const struct api_request *q, int number)
{
	if (number == 1)
		api_reply(q->peer, 429, "Retry-After: 3000\r\n", "");
	else
		api_stop(&api);
}

START_TEST(a_pause_that_the_server_named_is_kept)
{
	script = busy_script;
	start_patient();
	run_until_state("429");
	kube_watch_hurry(watch);
	/* Another one begins after it and comes first. */
	const struct kube_watch_options options = {.path = "/api/v1/nodes",
						   .on_object = on_object};
	struct kube_watch *other = kube_watch_new(api.kube, &options, NULL);
	api_run(&api);
	ck_assert_ptr_nonnull(strstr(str_text(&api.log), "\nGET /api/v1/nodes?"));
	ck_assert_int_eq(requests, 2);
	kube_watch_free(other);
}
END_TEST

static void too_many_script(const struct api_request *q, int number)
{
	(void)number;
	char *a AUTO_FREE = api_object("a", "1"), *b AUTO_FREE = api_object("b", "2");
	char *both AUTO_FREE = xasprintf("%s,%s", a, b);
	reply_list(q, "5", both, "");
}

START_TEST(more_objects_than_allowed_are_an_error)
{
	struct kube_watch_options options = {.path = "/api/v1/pods",
					     .transport = KUBE_HTTP,
					     .max_objects = 1,
					     .on_object = on_object,
					     .on_state = on_state,
					     .arg = &api};
	script = too_many_script;
	api_client(&api);
	watch = kube_watch_new(api.kube, &options, NULL);
	run_until_state("list of /api/v1/pods: too many objects");
}
END_TEST

/* --- TLS --- */

static struct certificate server_cert, client_cert;

static void start_tls(const char *san, bool ask_for_client)
{
	api_fini(&api);
	certificate_init(&server_cert, "server", san);
	certificate_init(&client_cert, "client", "DNS:client");
	api_init(&api, handle,
		 certificate_server(&server_cert, ask_for_client ? &client_cert : NULL));
	api.config.ca_pem = xstrdup(server_cert.cert_pem);
	api.config.token = xstrdup("tok");
	script = watch_list_script;
}

static void end_tls(void)
{
	certificate_fini(&server_cert);
	certificate_fini(&client_cert);
}

START_TEST(websockets_pass_tls_with_the_right_names)
{
	static const struct {
		const char *san, *name;
		bool insecure;
	} cases[] = {
		{"IP:127.0.0.1", NULL, false},
		{"DNS:api.example", "api.example", false},
		{"DNS:other", NULL, true},
	};
	start_tls(cases[_i].san, false);
	api.config.tls_server_name = xstrdup(cases[_i].name);
	api.config.insecure = cases[_i].insecure;
	if (cases[_i].insecure)
		free(TAKE(api.config.ca_pem));
	start(KUBE_WEBSOCKET);
	run_until("-b@11 ");
	end_tls();
}
END_TEST

START_TEST(websockets_refuse_servers_with_the_wrong_name_or_issuer)
{
	static const struct {
		const char *san, *name, *text;
		bool other_ca;
	} cases[] = {
		{"DNS:localhost", NULL, "IP address mismatch", false},
		{"IP:127.0.0.1", "api.example", "hostname mismatch", false},
		{"IP:127.0.0.1", ":wrong", "hostname mismatch", false},
		{"IP:127.0.0.1", NULL, "certificate", true},
	};
	start_tls(cases[_i].san, false);
	api.config.tls_server_name = xstrdup(cases[_i].name);
	if (cases[_i].other_ca) {
		free(api.config.ca_pem);
		api.config.ca_pem = xstrdup(client_cert.cert_pem);
	}
	start(KUBE_WEBSOCKET);
	run_until_state(cases[_i].text);
	ck_assert_uint_eq(told.len, 0);
	ck_assert_int_eq(requests, 0);
	end_tls();
}
END_TEST

START_TEST(websockets_show_their_client_certificate)
{
	start_tls("IP:127.0.0.1", true);
	api.config.cert_pem = xstrdup(client_cert.cert_pem);
	api.config.key_pem = xstrdup(client_cert.key_pem);
	start(KUBE_WEBSOCKET);
	run_until("-b@11 ");
	end_tls();
}
END_TEST

/* --- the owner's side --- */

START_TEST(a_relist_tells_what_changed_meanwhile)
{
	script = expired_script;
	start(KUBE_AUTO);
	run_until("= ");
	kube_watch_relist(watch);
	run_until("= ");
	ck_assert(ends_with(str_text(&told), "~changes@30 -goes@2 = "));
}
END_TEST

static void silent_script(const struct api_request *q, int number)
{
	(void)q;
	(void)number;
	api_stop(&api); /* and never answer */
}

START_TEST(a_watch_may_be_freed_at_any_moment)
{
	script = silent_script;
	start(KUBE_AUTO); /* before anything happened */
	kube_watch_free(watch);
	start(KUBE_WEBSOCKET); /* in the handshake */
	api_run(&api);
	kube_watch_free(watch);
	start(KUBE_HTTP); /* in the list */
	api_run(&api);
	kube_watch_free(watch);
	script = watch_list_script;
	requests = 0;
	free(api.config.token);
	api.config.token = xstrdup("tok");
	kube_free(api.kube);
	api.kube = NULL;
	start(KUBE_AUTO); /* in the stream */
	run_until("-b@11 ");
	kube_watch_free(watch);
	watch = NULL;
	kube_watch_free(watch);
}
END_TEST

START_TEST(a_path_that_is_none_is_refused)
{
	static const char *const paths[] = {NULL, "", "api/v1/pods", "/a?b=c", "/a b"};
	api_client(&api);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct err err = {0};
		struct kube_watch_options options = {.path = paths[i],
						     .on_object = on_object};
		ck_assert_ptr_null(kube_watch_new(api.kube, &options, &err));
		ck_assert_int_eq(err.code, ERR_INVALID);
	}
}
END_TEST

static void long_script(const struct api_request *q, int number)
{
	(void)number;
	ck_assert_ptr_null(strcasestr(q->head, "\r\nUpgrade:"));
	if (!asks(q, "watch=true")) {
		reply_list(q, "5", "", "");
		return;
	}
	api_chunks_begin(q->peer);
	api_change(q->peer, "ADDED", "a", "6");
}

START_TEST(what_is_too_long_for_a_websocket_goes_over_http)
{
	char *selector AUTO_FREE = xasprintf("a in (%01900d)", 0);
	struct kube_watch_options options = {.path = "/api/v1/pods",
					     .label_selector = selector,
					     .on_object = on_object,
					     .arg = &api};
	script = long_script;
	api_client(&api);
	watch = kube_watch_new(api.kube, &options, NULL);
	run_until("+a@6 ");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube watch");
	TCase *t = tcase_create("watch");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_first_state_comes_over_the_websocket);
	tcase_add_loop_test(t, else_in_pages_followed_by_a_watch, 0, 2);
	tcase_add_test(t, after_410_the_difference_is_told);
	tcase_add_test(t, a_watch_that_ends_goes_on_where_it_stood);
	tcase_add_test(t, what_cannot_be_understood_ends_in_a_new_list);
	tcase_add_test(t, large_events_are_put_together_up_to_a_limit);
	tcase_add_test(t, a_server_with_a_reset_history_is_believed_after_three_times);
	tcase_add_test(t, where_websockets_do_not_pass_http_does);
	tcase_add_test(t, a_refusal_is_told_with_the_servers_reason_and_is_never_final);
	tcase_add_test(t, a_server_that_comes_late_is_found);
	tcase_add_test(t, one_that_waits_goes_on_when_it_is_hurried);
	tcase_add_test(t, one_that_is_under_way_is_not_disturbed_by_hurry);
	tcase_add_test(t, a_pause_that_the_server_named_is_kept);
	tcase_add_test(t, more_objects_than_allowed_are_an_error);
	tcase_add_loop_test(t, websockets_pass_tls_with_the_right_names, 0, 3);
	tcase_add_loop_test(t, websockets_refuse_servers_with_the_wrong_name_or_issuer, 0,
			    4);
	tcase_add_test(t, websockets_show_their_client_certificate);
	tcase_add_test(t, a_relist_tells_what_changed_meanwhile);
	tcase_add_test(t, a_watch_may_be_freed_at_any_moment);
	tcase_add_test(t, a_path_that_is_none_is_refused);
	tcase_add_test(t, what_is_too_long_for_a_websocket_goes_over_http);
	suite_add_tcase(s, t);
	return run_suite(s);
}
