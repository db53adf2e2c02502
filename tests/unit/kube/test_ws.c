#include "kube/ws.h"

#include "unit/kube/stream.h"

static struct api api;
static struct stream_record record;
static struct http_client *http;
static struct ws_endpoint *endpoint;
static struct ws *ws;
static void (*script)(const struct api_request *q);

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	script(q);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	record = (struct stream_record){.api = &api};
	str_init(&record.told, 1024 * 1024);
}

static void teardown(void)
{
	ws_endpoint_free(endpoint);
	endpoint = NULL;
	ws_endpoint_free(NULL);
	http_client_free(http);
	api_fini(&api);
	str_fini(&record.told);
}

static void open_endpoint(void)
{
	struct http_client_config config = {.base_url = api.config.server,
					    .token = api.config.token};
	http = http_client_new(api.reactor, &config, NULL);
	ck_assert_ptr_nonnull(http);
	endpoint = ws_endpoint_new(api.reactor, &api.config, http);
}

static void run(const char *stop_at)
{
	struct stream_handler handler = stream_handler_of(&record);
	if (!endpoint)
		open_endpoint();
	record.stop_at = stop_at;
	ws = ws_open(endpoint, "/watch?x=y", &handler);
	ck_assert_uint_eq(record.told.len, 0);
	api_run(&api);
}

static void two_messages(const struct api_request *q)
{
	ck_assert_str_eq(q->target, "/prefix/watch?x=y");
	api_upgrade(q);
	api_event(q->peer, "one");
	api_event(q->peer, "two");
	api_end(q->peer);
}

START_TEST(messages_come_whole_and_the_end_is_orderly)
{
	struct err err = {0};
	char *url AUTO_FREE = xasprintf("http://127.0.0.1:%d/prefix", api.port);
	kube_config_fini(&api.config);
	ck_assert_int_eq(kube_config_for_server(url, &api.config, &err), 0);
	script = two_messages;
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "open [one] [two] closed");
	ck_assert(record.end.orderly);
	ck_assert_str_eq(record.end.status.err.msg, "");
}
END_TEST

static void fragments(const struct api_request *q)
{
	api_upgrade(q);
	api_frame(q->peer, 0x01, "a", 1); /* text, not final */
	api_frame(q->peer, 0x89, "", 0);  /* a ping in between */
	api_frame(q->peer, 0x00, "b", 1);
	api_frame(q->peer, 0x80, "c", 1);
}

START_TEST(fragments_are_put_together)
{
	script = fragments;
	run("[abc] ");
	ck_assert_str_eq(str_text(&record.told), "open [abc] ");
	ck_assert_int_gt(ws_last_contact_ms(ws), 0);
	ws_close(ws);
}
END_TEST

static void odd_close(const struct api_request *q)
{
	api_upgrade(q);
	q->peer->close_when_sent = true;
	api_frame(q->peer, 0x88, "\x03\xf3", 2); /* 1011 */
}

START_TEST(another_close_code_is_told)
{
	script = odd_close;
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "open closed");
	ck_assert(!record.end.orderly);
	ck_assert_str_eq(record.end.status.err.msg,
			 "the server closed the watch with code 1011");
}
END_TEST

static void cut_after_open(const struct api_request *q)
{
	api_upgrade(q);
	shutdown(q->peer->watch.fd, SHUT_RDWR);
}

START_TEST(a_cut_connection_is_told)
{
	script = cut_after_open;
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "open closed");
	ck_assert(!record.end.orderly);
	ck_assert_str_eq(record.end.status.err.msg, "the connection was lost");
}
END_TEST

static int refusal;

static void refuse(const struct api_request *q)
{
	if (refusal == 0)
		shutdown(q->peer->watch.fd, SHUT_RDWR);
	else
		api_reply(q->peer, refusal,
			  refusal == 429 ? "Retry-After: 4\r\n"
					 : "Location: http://127.0.0.1:1/\r\n",
			  "{}");
}

static const struct {
	int status;
	const char *text;
} refusals[] = {
	{200, "WebSocket handshake: 200 refused"},
	{302, "WebSocket handshake: 302 redirect, not followed (is this the API server's "
	      "URL?)"},
	{401, "WebSocket handshake: 401 unauthorized (the token or certificate is not "
	      "accepted)"},
	{403, "WebSocket handshake: 403 forbidden without a text (a Role that is not "
	      "bound, or a proxy)"},
	{410, "WebSocket handshake: 410 gone"},
	{429, "WebSocket handshake: 429 too many requests"},
	{503, "WebSocket handshake: 503 unavailable"},
};

START_TEST(a_refused_handshake_carries_its_status)
{
	refusal = refusals[_i].status;
	script = refuse;
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "refused");
	ck_assert_int_eq(record.end.status.status, refusal);
	ck_assert_str_eq(record.end.status.err.msg, refusals[_i].text);
	ck_assert_int_eq(record.end.status.retry_after_ms, refusal == 429 ? 4000 : 0);
}
END_TEST

START_TEST(a_connection_that_ends_in_the_handshake_is_unreached)
{
	refusal = 0;
	script = refuse;
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "unreached");
	ck_assert_ptr_nonnull(
		strstr(record.end.status.err.msg, "WebSocket to 127.0.0.1:"));
}
END_TEST

START_TEST(nobody_there_is_unreached)
{
	api_close_listener(&api);
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "unreached");
}
END_TEST

START_TEST(a_name_is_resolved_first)
{
	free(api.config.host);
	api.config.host = xstrdup("localhost");
	script = fragments;
	run("[abc] ");
	ws_close(ws);
}
END_TEST

START_TEST(a_name_that_does_not_resolve_is_unreached)
{
	free(api.config.host);
	api.config.host = xstrdup("name.invalid");
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "unreached");
	ck_assert_ptr_nonnull(strstr(record.end.status.err.msg, "name.invalid"));
}
END_TEST

static void long_token(const struct api_request *q)
{
	const char *header = strcasestr(q->head, "\r\nAuthorization: Bearer ");
	ck_assert_ptr_nonnull(header);
	ck_assert_uint_eq(strcspn(header + 24, "\r"), 20000);
	api_upgrade(q);
}

START_TEST(long_tokens_fit)
{
	api.config.token = xasprintf("%020000d", 0);
	script = long_token;
	run("open ");
	ws_close(ws);
}
END_TEST

static void close_it(struct stream_record *r)
{
	(void)r;
	ws_close(TAKE(ws));
	api_stop(&api);
}

START_TEST(it_may_be_closed_by_its_own_callbacks)
{
	script = two_messages;
	free(api.config.path);
	api.config.path = xstrdup("/prefix");
	record.on_event = close_it;
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "open ");
}
END_TEST

static void never(const struct api_request *q)
{
	(void)q;
	api_stop(&api);
}

START_TEST(it_may_be_closed_before_during_and_after_the_handshake)
{
	struct stream_handler handler = stream_handler_of(&record);
	open_endpoint();
	ws_close(ws_open(endpoint, "/x", &handler));
	script = never;
	run(NULL);
	ws_close(ws);
	ws_close(NULL);
	script = fragments;
	run("[abc] ");
	ws_close(ws);
	ck_assert_str_eq(str_text(&record.told), "open [abc] ");
}
END_TEST

/* Closes the connection some rounds of the reactor after the server agreed, then waits
 * for the server to see it. */
struct late_close {
	struct timer timer;
	int rounds;
};
static struct late_close late_close;

static void wait_until_alone(void *arg)
{
	struct late_close *c = arg;
	if (!api.peers)
		api_stop(&api);
	else
		timer_set(api.reactor, &c->timer, 1, wait_until_alone, c);
}

static void close_late(void *arg)
{
	struct late_close *c = arg;
	if (c->rounds-- > 0) {
		timer_set(api.reactor, &c->timer, 0, close_late, c);
		return;
	}
	ws_close(TAKE(ws));
	wait_until_alone(c);
}

static void agree_and_close(const struct api_request *q)
{
	api_upgrade(q);
	close_late(&late_close);
}

/* The answer may lie there already when the connection is closed, and libwebsockets then
 * takes it in before it comes to the closing. */
START_TEST(a_handshake_that_succeeds_too_late_leaves_no_connection)
{
	script = agree_and_close;
	late_close.rounds = _i;
	run(NULL);
	ck_assert_int_eq(api.accepted, 1);
	ck_assert(!record.ended);
}
END_TEST

START_TEST(what_cannot_go_over_a_websocket_is_known_before)
{
	open_endpoint();
	char *fits AUTO_FREE = xasprintf("/%01800d", 0);
	char *too_long AUTO_FREE = xasprintf("/%02000d", 0);
	ck_assert(ws_endpoint_can(endpoint, fits));
	ck_assert(!ws_endpoint_can(endpoint, too_long));
	api.config.tls_server_name = xasprintf("%0121d", 0);
	ck_assert(!ws_endpoint_can(endpoint, fits));
}
END_TEST

/* Which proxies libwebsockets can go through. */
static const struct {
	const char *url;
	bool can;
} proxies[] = {
	{"http://proxy:1/", true},
	{"http://me:word@proxy:1/", true},
	{"https://proxy:1/", false},
	{"socks5h://proxy:1/", false},
	{"http://"
	 "me:0123456789012345678901234567890123456789012345678901234567890123456789"
	 "012345678901234567890123456789@proxy:1/",
	 false},
};

START_TEST(through_other_proxies_a_watch_goes_over_http)
{
	api.config.proxy_url = xstrdup(proxies[_i].url);
	open_endpoint();
	ck_assert(ws_endpoint_can(endpoint, "/x") == proxies[_i].can);
}
END_TEST

/* A proxy in the place of the server, and then the server behind it. */
static bool tunnelled;
static void proxy_and_server(const struct api_request *q)
{
	if (!strcmp(q->method, "CONNECT")) {
		ck_assert_str_eq(q->target, "api.invalid:6443");
		ck_assert_ptr_nonnull(strstr(q->head, "basic bWU6cEBzcw==\r\n"));
		ck_assert_ptr_null(strstr(q->head, "Bearer"));
		tunnelled = true;
		api_bytes(q->peer, "HTTP/1.1 200 OK\r\n\r\n", 19);
		return;
	}
	ck_assert(tunnelled);
	ck_assert_ptr_nonnull(strstr(q->head, "Bearer abc\r\n"));
	ck_assert_ptr_nonnull(strstr(q->head, "Impersonate-User: jane\r\n"));
	ck_assert_ptr_nonnull(strstr(q->head, "Impersonate-Extra-a%2Fb: c\r\n"));
	api_upgrade(q);
	api_event(q->peer, "one");
	api_end(q->peer);
}

static void through_a_proxy(void)
{
	struct err err = {0};
	kube_config_fini(&api.config);
	ck_assert_int_eq(
		kube_config_for_server("http://api.invalid:6443", &api.config, &err), 0);
	api.config.proxy_url = xasprintf("http://me:p%%40ss@localhost:%d/", api.port);
	api.config.token = xstrdup("abc");
	const char text[] = "{as: jane, as-user-extra: {a/b: [c]}}";
	struct yaml_node *user AUTO(yaml_node_cleanup) = NULL;
	ck_assert_int_eq(yaml_parse(text, strlen(text), &user, &err), 0);
	ck_assert_int_eq(impersonation_read(user, &api.config.as, &err), 0);
}

START_TEST(a_proxy_resolves_the_name_and_sees_no_token)
{
	through_a_proxy();
	script = proxy_and_server;
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "open [one] closed");
}
END_TEST

static void proxy_refuses(const struct api_request *q)
{
	api_reply(q->peer, 407, "Proxy-Authenticate: Basic\r\n", "no");
}

START_TEST(a_proxy_that_refuses_is_told)
{
	through_a_proxy();
	script = proxy_refuses;
	run(NULL);
	ck_assert_str_eq(str_text(&record.told), "unreached");
	ck_assert_msg(strstr(record.end.status.err.msg, "ERROR proxy did not reply") !=
			      NULL,
		      "%s", record.end.status.err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube ws");
	TCase *t = tcase_create("ws");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, messages_come_whole_and_the_end_is_orderly);
	tcase_add_test(t, fragments_are_put_together);
	tcase_add_test(t, another_close_code_is_told);
	tcase_add_test(t, a_cut_connection_is_told);
	tcase_add_loop_test(t, a_refused_handshake_carries_its_status, 0,
			    ARRAY_LEN(refusals));
	tcase_add_test(t, a_connection_that_ends_in_the_handshake_is_unreached);
	tcase_add_test(t, nobody_there_is_unreached);
	tcase_add_test(t, a_name_is_resolved_first);
	tcase_add_test(t, a_name_that_does_not_resolve_is_unreached);
	tcase_add_test(t, long_tokens_fit);
	tcase_add_test(t, it_may_be_closed_by_its_own_callbacks);
	tcase_add_test(t, it_may_be_closed_before_during_and_after_the_handshake);
	tcase_add_loop_test(t, a_handshake_that_succeeds_too_late_leaves_no_connection, 0,
			    40);
	tcase_add_test(t, what_cannot_go_over_a_websocket_is_known_before);
	tcase_add_loop_test(t, through_other_proxies_a_watch_goes_over_http, 0,
			    ARRAY_LEN(proxies));
	tcase_add_test(t, a_proxy_resolves_the_name_and_sees_no_token);
	tcase_add_test(t, a_proxy_that_refuses_is_told);
	suite_add_tcase(s, t);
	return run_suite(s);
}
