#include "unit/http/rig.h"

#define OK_TEXT                                                                          \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"                          \
	"Content-Length: 2\r\n\r\n{}"

static const struct server_reply ok[] = {{.bytes = OK_TEXT}};
static const struct http_request get = {.path = "/x"};

static size_t requests_seen(struct rig *g)
{
	pthread_mutex_lock(&g->server.lock);
	size_t n = g->server.request_count;
	pthread_mutex_unlock(&g->server.lock);
	return n;
}

static const char *request_text(struct rig *g, size_t n)
{
	ck_assert_uint_gt(requests_seen(g), n);
	return g->server.requests[n];
}

static void assert_sent(struct rig *g, size_t n, const char *part)
{
	const char *text = request_text(g, n);
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

static void assert_not_sent(struct rig *g, size_t n, const char *part)
{
	const char *text = request_text(g, n);
	ck_assert_msg(strcasestr(text, part) == NULL, "\"%s\" in:\n%s", part, text);
}

static void assert_says(const struct http_response *r, const char *part)
{
	ck_assert_msg(strstr(r->err.msg, part) != NULL, "no \"%s\" in: %s", part,
		      r->err.msg);
}

/* --- a request as it leaves --- */

START_TEST(a_get_carries_prefix_query_agent_and_no_expect)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	const struct http_request q = {.path = "/api/v1/query", .query = "a=b%20c"};
	const struct http_response *r = rig_ask(&g, &q);
	ck_assert_int_eq(r->failed, HTTP_ANSWERED);
	ck_assert_int_eq(r->status, 200);
	ck_assert_str_eq(r->body, "{}");
	ck_assert_str_eq(r->content_type, "application/json");
	ck_assert_int_eq(r->retry_after_ms, -1);
	assert_sent(&g, 0, "GET /prefix/api/v1/query?a=b%20c HTTP/1.1\r\n");
	assert_sent(&g, 0, "\r\nUser-Agent: foretop/");
	assert_sent(&g, 0, "\r\nAccept: application/json\r\n");
	assert_sent(&g, 0, "\r\nAccept-Encoding: gzip\r\n");
	assert_not_sent(&g, 0, "expect:");
	assert_not_sent(&g, 0, "authorization:");
	rig_fini(&g);
}
END_TEST

START_TEST(a_put_carries_its_body_and_type)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	const struct http_header extra = {.name = "X-Own", .value = "1"};
	const struct http_request q = {
		.method = "PUT",
		.body = "{\"spec\":1}",
		.content_type = "application/merge-patch+json",
		.headers = &extra,
		.header_count = 1,
	};
	rig_ask(&g, &q);
	assert_sent(&g, 0, "PUT /prefix/x HTTP/1.1\r\n");
	assert_sent(&g, 0, "\r\nContent-Type: application/merge-patch+json\r\n");
	assert_sent(&g, 0, "\r\nX-Own: 1\r\n");
	assert_sent(&g, 0, "\r\n\r\n{\"spec\":1}");
	rig_fini(&g);
}
END_TEST

START_TEST(a_large_body_goes_at_once)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	/* From 1 MiB on libcurl would wait for "100 Continue" first. */
	const size_t len = 2 << 20;
	char *body AUTO_FREE = xmalloc(len + 1);
	memset(body, 'x', len);
	body[len] = '\0';
	const struct http_response *r =
		rig_ask(&g, &(struct http_request){.method = "PUT", .body = body});
	ck_assert_int_eq(r->status, 200);
	assert_not_sent(&g, 0, "expect:");
	ck_assert_uint_eq(strspn(strstr(request_text(&g, 0), "\r\n\r\n") + 4, "x"), len);
	rig_fini(&g);
}
END_TEST

START_TEST(a_post_without_a_body_says_length_0)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	rig_ask(&g, &(struct http_request){.method = "POST"});
	assert_sent(&g, 0, "POST /prefix/x HTTP/1.1\r\n");
	assert_sent(&g, 0, "\r\nContent-Length: 0\r\n");
	rig_fini(&g);
}
END_TEST

START_TEST(basic_auth_and_extra_headers_go_with_every_request)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	const struct http_header tenant = {.name = "X-Scope-OrgID", .value = "team-a"};
	rig_connect(&g, &(struct http_client_config){
				.username = "Aladdin",
				.password = "open sesame",
				.headers = &tenant,
				.header_count = 1,
			});
	rig_ask(&g, &get);
	rig_ask(&g, &get);
	for (size_t i = 0; i < 2; i++) {
		/* The example of RFC 7617. */
		assert_sent(&g, i,
			    "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
		assert_sent(&g, i, "\r\nX-Scope-OrgID: team-a\r\n");
	}
	ck_assert_int_eq(g.server.connection_count, 1);
	rig_fini(&g);
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

START_TEST(a_rotated_token_file_is_read_again_and_an_empty_one_is_not)
{
	struct rig g;
	char path[] = "/tmp/foretop-token-XXXXXX";
	close(mkstemp(path));
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.token_file = path});
	write_file(path, "first\n");
	rig_ask(&g, &get);
	write_file(path, "second-token\n");
	rig_ask(&g, &get);
	write_file(path, "");
	rig_ask(&g, &get);
	write_file(path, "two\nlines\n");
	rig_ask(&g, &get);
	unlink(path);
	rig_ask(&g, &get);
	write_file(path, "third");
	rig_ask(&g, &get);
	unlink(path);
	assert_sent(&g, 0, "\r\nAuthorization: Bearer first\r\n");
	for (size_t i = 1; i <= 4; i++)
		assert_sent(&g, i, "\r\nAuthorization: Bearer second-token\r\n");
	assert_sent(&g, 5, "\r\nAuthorization: Bearer third\r\n");
	rig_fini(&g);
}
END_TEST

START_TEST(without_a_readable_token_nothing_is_sent)
{
	struct rig g;
	struct err err = {0};
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.token_file = "/nonexistent/token"});
	ck_assert_ptr_null(http_send(
		g.client, &(struct http_request){.path = "/x", .done = rig_done}, &err));
	ck_assert_int_eq(err.code, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/token"));
	rig_fini(&g);
	ck_assert_uint_eq(g.server.request_count, 0);
}
END_TEST

START_TEST(a_token_set_at_run_time_wins_until_it_is_taken_back)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.token = "configured"});
	http_client_set_token(g.client, "from-a-plugin");
	rig_ask(&g, &get);
	http_client_set_token(g.client, NULL);
	rig_ask(&g, &get);
	assert_sent(&g, 0, "Bearer from-a-plugin\r\n");
	assert_not_sent(&g, 1, "authorization");
	rig_fini(&g);
}
END_TEST

START_TEST(the_environments_proxy_is_not_asked)
{
	struct rig g;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	ck_assert_int_eq(rig_ask(&g, &get)->status, 200);
	rig_fini(&g);
}
END_TEST

START_TEST(a_configured_proxy_gets_the_whole_url)
{
	struct rig g;
	setenv("NO_PROXY", "*", 1); /* of the environment, which has no say here */
	rig_init(&g, ok, 1, NULL);
	char proxy[64];
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", g.server.port);
	rig_connect(&g, &(struct http_client_config){
				.base_url = "http://metrics.invalid:9090/p/",
				.proxy = proxy,
			});
	rig_ask(&g, &get);
	assert_sent(&g, 0, "GET http://metrics.invalid:9090/p/x HTTP/1.1\r\n");
	rig_fini(&g);
}
END_TEST

START_TEST(connect_to_changes_the_address_and_not_the_host)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	char to[64];
	snprintf(to, sizeof(to), "127.0.0.1:%d", g.server.port);
	rig_connect(&g, &(struct http_client_config){
				.base_url = "http://metrics.invalid:9090",
				.connect_to = to,
			});
	rig_ask(&g, &get);
	assert_sent(&g, 0, "\r\nHost: metrics.invalid:9090\r\n");
	rig_fini(&g);
}
END_TEST

/* --- answers --- */

static const struct {
	const char *bytes;
	int status;
	const char *body;
	int64_t retry_after_ms;
} answers[] = {
	{"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", 404, "none", -1},
	{"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
	 429, "", 7000},
	{"HTTP/1.1 503 Busy\r\nRetry-After: 9223372036854775807\r\nContent-Length: 0\r\n"
	 "\r\n",
	 503, "", 86400000},
	{"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"
	 "Content-Length: 0\r\n\r\n",
	 503, "", 86400000},
	{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 503, "", -1},
	{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: "
	 "0\r\n\r\n",
	 302, "", -1},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n"
	 "0\r\n\r\n",
	 200, "abcde", -1},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, "", -1},
};

START_TEST(every_status_is_an_answer)
{
	struct rig g;
	const struct server_reply reply = {.bytes = answers[_i].bytes};
	rig_init(&g, &reply, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_msg(r->failed == HTTP_ANSWERED, "%s", r->err.msg);
	ck_assert_int_eq(r->status, answers[_i].status);
	ck_assert_str_eq(r->body, answers[_i].body);
	ck_assert_int_eq(r->retry_after_ms, answers[_i].retry_after_ms);
	rig_fini(&g);
}
END_TEST

/* gzip -9 of {"status":"success"} and of 65536 spaces. */
static const char gzip_small[] =
	"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n"
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\x2e\x49\x2c\x29\x2d\x56"
	"\xb2\x52\x2a\x2e\x4d\x4e\x4e\x2d\x2e\x56\xaa\x05\x00\x98\x41\xd2\x7d\x14\x00"
	"\x00\x00";
static const char gzip_bomb[] =
	"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 97\r\n\r\n"
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x81\x00\x00\x00\x00\x80\x20"
	"\x95\xfd\x29\x17\xa9\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x6a\x94\x19\x2c\xb4\x00\x00"
	"\x01\x00";

START_TEST(gzip_is_unpacked)
{
	struct rig g;
	const struct server_reply reply = {.bytes = gzip_small,
					   .len = sizeof(gzip_small) - 1};
	rig_init(&g, &reply, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	ck_assert_str_eq(rig_ask(&g, &get)->body, "{\"status\":\"success\"}");
	rig_fini(&g);
}
END_TEST

/* --- failures --- */

#define HEAD_100 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"

static const struct {
	struct server_reply reply;
	enum http_phase failed;
	bool timed_out;
	const char *says;
} failures[] = {
	{{.after = SERVER_CLOSE},
	 HTTP_FIRST_BYTE,
	 false,
	 "waiting for the first byte: the connection was closed without an answer"},
	{{.bytes = "HTTP/1.1 100 Continue\r\n\0\r\n\r\n",
	  .len = 28,
	  .after = SERVER_CLOSE},
	 HTTP_FIRST_BYTE,
	 false,
	 "waiting for the first byte: the connection was closed without an answer"},
	{{.after = SERVER_FREEZE}, HTTP_FIRST_BYTE, true, "waiting for the first byte"},
	{{.bytes = HEAD_100 "abc", .after = SERVER_CLOSE},
	 HTTP_BODY,
	 false,
	 "97 bytes remaining"},
	{{.bytes = HEAD_100 "abc", .after = SERVER_FREEZE},
	 HTTP_BODY,
	 true,
	 "reading the answer"},
	{{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	  .after = SERVER_CLOSE},
	 HTTP_BODY,
	 false,
	 "reading the answer: "},
	{{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
	  .after = SERVER_CLOSE},
	 HTTP_BODY,
	 false,
	 "reading the answer: "},
	{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"},
	 HTTP_TOO_LARGE,
	 false,
	 "answer larger than 1000 bytes"},
	{{.bytes = gzip_bomb, .len = sizeof(gzip_bomb) - 1},
	 HTTP_TOO_LARGE,
	 false,
	 "answer larger than 1000 bytes"},
	{{.bytes = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
		   "Content-Length: 5\r\n\r\nhello"},
	 HTTP_BODY,
	 false,
	 "reading the answer: "},
	{{.bytes = "<html>no header at all</html>", .after = SERVER_CLOSE},
	 HTTP_FIRST_BYTE,
	 false,
	 "waiting for the first byte: "},
	/* Of HTTP/1.1 curl takes three digits, of other versions what comes. */
	{{.bytes = "HTTP/2222222222 Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  .after = SERVER_CLOSE},
	 HTTP_FIRST_BYTE,
	 false,
	 "waiting for the first byte: the status line is not one of HTTP"},
};

START_TEST(a_broken_answer_names_its_phase)
{
	struct rig g;
	rig_init(&g, &failures[_i].reply, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.max_response_bytes = 1000,
						     .timeout_ms = 1000});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_msg(r->failed == failures[_i].failed, "%s: %s",
		      http_phase_name(r->failed), r->err.msg);
	ck_assert_int_eq(r->timed_out, failures[_i].timed_out);
	assert_says(r, failures[_i].says);
	char authority[64];
	snprintf(authority, sizeof(authority), "127.0.0.1:%d: ", g.server.port);
	assert_says(r, authority);
	ck_assert_int_eq(r->err.code,
			 r->failed == HTTP_TOO_LARGE ? ERR_INVALID : ERR_RETRY);
	rig_fini(&g);
}
END_TEST

START_TEST(a_refused_connection_says_so)
{
	struct rig g;
	int port;
	close(server_listen(&port));
	char url[64];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.base_url = url});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_int_eq(r->failed, HTTP_CONNECT);
	assert_says(r, "connecting: Connection refused");
	rig_fini(&g);
}
END_TEST

START_TEST(a_name_that_does_not_exist_says_so)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	/* RFC 6761: .invalid never resolves. */
	rig_connect(&g, &(struct http_client_config){.base_url = "http://prom.invalid",
						     .timeout_ms = 5000});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_int_eq(r->failed, HTTP_RESOLVE);
	assert_says(r, "prom.invalid:80: ");
	assert_says(r, "resolving the name");
	rig_fini(&g);
}
END_TEST

START_TEST(after_a_frozen_connection_the_next_request_opens_a_new_one)
{
	struct rig g;
	static const struct server_reply replies[] = {
		{.bytes = OK_TEXT},
		{.after = SERVER_FREEZE},
		{.bytes = OK_TEXT},
		{.bytes = OK_TEXT},
	};
	rig_init(&g, replies, 4, NULL);
	rig_connect(&g, &(struct http_client_config){.timeout_ms = 2000});
	ck_assert_int_eq(rig_ask(&g, &get)->status, 200);
	ck_assert(rig_ask(&g, &get)->timed_out);
	ck_assert_int_eq(rig_ask(&g, &get)->status, 200);
	ck_assert_int_eq(rig_ask(&g, &get)->status, 200);
	static const int connections[] = {0, 0, 1, 1};
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(g.server.request_connection[i], connections[i]);
	rig_fini(&g);
}
END_TEST

START_TEST(a_request_has_its_own_time_limit)
{
	struct rig g;
	const struct server_reply frozen = {.after = SERVER_FREEZE};
	rig_init(&g, &frozen, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.timeout_ms = 60000});
	const struct http_response *r =
		rig_ask(&g, &(struct http_request){.timeout_ms = 100});
	ck_assert(r->timed_out);
	ck_assert_int_ge(r->elapsed_ms, 100);
	ck_assert_int_lt(r->elapsed_ms, 5000);
	rig_fini(&g);
}
END_TEST

/* --- the queue --- */

START_TEST(background_requests_wait_for_the_others)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.max_in_flight = 1});
	const struct http_request background = {.background = true};
	rig_send(&g, &background, 1);
	rig_send(&g, &background, 2);
	rig_send(&g, &get, 3);
	rig_send(&g, &get, 4);
	ck_assert_int_eq(http_client_queued(g.client), 4);
	rig_wait(&g, 4);
	static const int order[] = {3, 4, 1, 2};
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(g.answers[i].tag, order[i]);
	ck_assert_int_eq(g.server.connection_count, 1);
	ck_assert_int_eq(http_client_queued(g.client), 0);
	ck_assert_int_eq(http_client_in_flight(g.client), 0);
	rig_fini(&g);
}
END_TEST

START_TEST(no_more_than_allowed_are_in_flight_and_half_of_them_background)
{
	struct rig g;
	const struct server_reply frozen = {.after = SERVER_FREEZE};
	rig_init(&g, &frozen, 1, NULL);
	rig_connect(&g,
		    &(struct http_client_config){.max_in_flight = 4, .timeout_ms = 2000});
	for (int i = 0; i < 4; i++)
		rig_send(&g, &(struct http_request){.background = true}, i);
	rig_send(&g, &(struct http_request){.timeout_ms = 50}, 9);
	rig_wait(&g, 1);
	/* The short one ended; of four background requests two had begun. */
	ck_assert_int_eq(g.answers[0].tag, 9);
	ck_assert_int_eq(http_client_in_flight(g.client), 2);
	ck_assert_int_eq(http_client_queued(g.client), 2);
	rig_wait(&g, 4);
	rig_fini(&g);
}
END_TEST

START_TEST(a_full_queue_refuses)
{
	struct rig g;
	struct err err = {0};
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.max_queued = 2});
	rig_send(&g, &get, 1);
	rig_send(&g, &get, 2);
	ck_assert_ptr_null(http_send(
		g.client, &(struct http_request){.path = "/x", .done = rig_done}, &err));
	ck_assert_int_eq(err.code, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(err.msg, "2 requests wait already"));
	rig_wait(&g, 2);
	rig_fini(&g);
}
END_TEST

static void forbidden(void *arg, const struct http_response *response)
{
	(void)arg;
	(void)response;
	ck_abort_msg("called back after a cancel");
}

START_TEST(a_cancelled_request_never_calls_back)
{
	struct rig g;
	struct err err = {0};
	static const struct server_reply replies[] = {{.after = SERVER_FREEZE},
						      {.bytes = OK_TEXT}};
	const struct http_request q = {.path = "/x", .done = forbidden};
	rig_init(&g, replies, 2, NULL);
	rig_connect(&g,
		    &(struct http_client_config){.max_in_flight = 1, .timeout_ms = 100});
	struct http_exchange *waiting = http_send(g.client, &q, &err);
	http_cancel(waiting);
	http_cancel(NULL);
	/* One on its way, ended by the client's end; one behind it. */
	rig_ask(&g, &get);
	http_send(g.client, &q, &err);
	struct http_exchange *running = http_send(g.client, &q, &err);
	http_cancel(running);
	http_client_free(TAKE(g.client));
	rig_fini(&g);
	ck_assert_uint_eq(g.server.request_count, 1);
}
END_TEST

START_TEST(a_callback_may_free_the_client)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.max_in_flight = 1});
	struct err err = {0};
	rig_send(&g, &get, 1);
	http_send(g.client, &(struct http_request){.path = "/x", .done = forbidden},
		  &err);
	g.free_in_done = true;
	rig_wait(&g, 1);
	rig_fini(&g);
}
END_TEST

/* --- streams --- */

START_TEST(a_stream_hands_its_bytes_over_as_they_come)
{
	struct rig g;
	const struct server_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "4\r\n{1}\n\r\n4\r\n{2}\n\r\n0\r\n\r\n"};
	rig_init(&g, &reply, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	const struct http_response *r =
		rig_ask(&g, &(struct http_request){.on_data = rig_data});
	ck_assert_int_eq(r->failed, HTTP_ANSWERED);
	ck_assert_str_eq(r->body, "");
	ck_assert_str_eq(str_text(&g.stream), "{1}\n{2}\n");
	assert_not_sent(&g, 0, "accept-encoding");
	rig_fini(&g);
}
END_TEST

START_TEST(a_refused_stream_has_a_body_like_any_answer)
{
	struct rig g;
	const struct server_reply reply = {
		.bytes = "HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone"};
	rig_init(&g, &reply, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	const struct http_response *r =
		rig_ask(&g, &(struct http_request){.on_data = rig_data});
	ck_assert_int_eq(r->status, 410);
	ck_assert_str_eq(r->body, "gone");
	ck_assert_int_eq(g.stream_calls, 0);
	rig_fini(&g);
}
END_TEST

START_TEST(a_stream_that_is_cut_delivers_first_and_then_fails)
{
	struct rig g;
	const struct server_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "4\r\n{1}\n\r\n4\r\n{2",
		.after = SERVER_CLOSE};
	rig_init(&g, &reply, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	const struct http_response *r =
		rig_ask(&g, &(struct http_request){.on_data = rig_data});
	ck_assert_int_eq(r->failed, HTTP_BODY);
	ck_assert_str_eq(str_text(&g.stream), "{1}\n{2");
	rig_fini(&g);
}
END_TEST

START_TEST(a_stream_may_be_cancelled_while_it_delivers)
{
	struct rig g;
	const struct server_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "4\r\n{1}\n\r\n",
		.after = SERVER_FREEZE};
	rig_init(&g, &reply, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	g.cancel_in_stream = true;
	g.exchange = rig_send(&g, &(struct http_request){.on_data = rig_data}, 1);
	rig_wait(&g, 1);
	ck_assert_int_eq(g.answer_count, 0);
	ck_assert_int_eq(g.stream_calls, 1);
	ck_assert_int_eq(http_client_in_flight(g.client), 0);
	rig_fini(&g);
}
END_TEST

START_TEST(a_stream_takes_no_place_from_requests)
{
	struct rig g;
	static const struct server_reply replies[] = {
		{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "4\r\n{1}\n\r\n",
		 .after = SERVER_FREEZE},
		{.bytes = OK_TEXT},
	};
	rig_init(&g, replies, 2, NULL);
	rig_connect(&g, &(struct http_client_config){.max_in_flight = 1});
	g.stop_in_stream = true;
	const struct http_request stream = {.on_data = rig_data, .timeout_ms = 1000};
	rig_send(&g, &stream, 1);
	rig_wait(&g, 1);
	ck_assert_int_eq(g.stream_calls, 1);
	ck_assert_int_eq(http_client_in_flight(g.client), 1);
	rig_ask(&g, &get);
	ck_assert_int_eq(g.answers[0].response.status, 200);
	rig_wait(&g, 1);
	const struct http_response *ended = &g.answers[1].response;
	ck_assert(ended->timed_out);
	ck_assert_int_eq(ended->failed, HTTP_BODY);
	rig_fini(&g);
}
END_TEST

START_TEST(a_stream_whose_status_line_is_late_fails)
{
	struct rig g;
	static const struct server_reply replies[] = {{.after = SERVER_FREEZE}};
	rig_init(&g, replies, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	const struct http_request stream = {.on_data = rig_data, .first_byte_ms = 200};
	const struct http_response *r = rig_ask(&g, &stream);
	ck_assert_int_eq(r->failed, HTTP_FIRST_BYTE);
	ck_assert(r->timed_out);
	assert_says(r, "time-out after 200 ms waiting for the first byte");
	rig_fini(&g);
}
END_TEST

/* --- settings that are refused --- */

static const struct http_header evil = {.name = "X", .value = "a\r\nY: b"};
static const struct http_header spaced = {.name = "X Y", .value = "a"};

static const struct {
	struct http_client_config config;
	const char *says;
} refused[] = {
	{{.base_url = NULL}, "no URL"},
	{{.base_url = ""}, "no URL"},
	{{.base_url = "http://user:geheim@host"}, "credentials in the URL"},
	{{.base_url = "ftp://host"}, "ftp://host: http or https expected"},
	{{.base_url = "http://host/?a=b"}, "a query or fragment is not allowed"},
	{{.base_url = "http://ho st:geheim"}, "not a URL"},
	{{.base_url = "http://host", .headers = &evil, .header_count = 1}, "header 1: "},
	{{.base_url = "http://host", .headers = &spaced, .header_count = 1},
	 "header 1: "},
	{{.base_url = "http://host", .cert_pem = "x"}, "needs its key"},
	{{.base_url = "http://host", .key_file = "x"}, "needs its key"},
	{{.base_url = "http://host", .token = "x", .username = "y"}, "exclude"},
	{{.base_url = "http://host", .password = "geheim"}, "needs a user name"},
	{{.base_url = "http://host", .proxy = "http://u:geheim@[x"}, "proxy: not a URL"},
};

START_TEST(wrong_settings_are_refused_without_quoting_secrets)
{
	struct rig g;
	struct err err = {0};
	rig_init(&g, ok, 1, NULL);
	ck_assert_ptr_null(http_client_new(g.reactor, &refused[_i].config, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, refused[_i].says) != NULL, "%s", err.msg);
	ck_assert_msg(strstr(err.msg, "geheim") == NULL, "%s", err.msg);
	rig_fini(&g);
}
END_TEST

static const struct http_request malformed[] = {
	{.path = "no-slash"},
	{.path = "/a b"},
	{.path = "/a\r\nX: y"},
	{.path = "/a?b"},
	{.path = "/a", .query = "b c"},
	{.path = "/a", .headers = &evil, .header_count = 1},
};

START_TEST(a_malformed_request_is_not_sent)
{
	struct rig g;
	struct err err = {0};
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	ck_assert_ptr_null(http_send(g.client, &malformed[_i], &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	rig_fini(&g);
}
END_TEST

START_TEST(text_is_escaped_for_forms)
{
	struct str s AUTO(str_fini);
	str_init(&s, 100);
	ck_assert_int_eq(http_escape(&s, "aZ9-._~ {a=\"\xc3\xa9\"}+&"), 0);
	ck_assert_str_eq(str_text(&s), "aZ9-._~%20%7Ba%3D%22%C3%A9%22%7D%2B%26");
	str_clear(&s);
	s.limit = 4;
	ck_assert_int_eq(http_escape(&s, "abcd"), 0);
	ck_assert_int_eq(http_escape(&s, ""), 0);
	ck_assert(!s.cut);
	ck_assert_int_eq(http_escape(&s, "e"), -1);
	ck_assert(s.cut);
	ck_assert_str_eq(str_text(&s), "abcd");
}
END_TEST

/* --- those who count --- */

struct count {
	int calls, streams, status;
	enum http_phase failed;
	char method[8];
};

static void count_one(void *arg, const char *method, bool stream,
		      const struct http_response *r)
{
	struct count *n = arg;
	n->calls++;
	n->streams += stream;
	n->status = r->status;
	n->failed = r->failed;
	snprintf(n->method, sizeof(n->method), "%s", method);
}

START_TEST(an_observer_hears_of_every_end)
{
	struct rig g;
	struct count n = {0};
	const struct http_request put = {.method = "PUT", .body = "{}"};
	const struct http_request stream = {.on_data = rig_data};
	rig_init(&g, ok, 1, NULL);
	rig_connect(&g, &(struct http_client_config){.observe = count_one,
						     .observe_arg = &n});
	rig_ask(&g, &put);
	ck_assert_int_eq(n.calls, 1);
	ck_assert_str_eq(n.method, "PUT");
	ck_assert_int_eq(n.status, 200);
	rig_ask(&g, &stream);
	ck_assert_int_eq(n.calls, 2);
	ck_assert_int_eq(n.streams, 1);
	server_stop(&g.server);
	rig_ask(&g, &get);
	ck_assert_int_eq(n.calls, 3);
	ck_assert_int_eq(n.status, 0);
	ck_assert_int_ne(n.failed, HTTP_ANSWERED);
	rig_fini(&g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http client");
	TCase *t = tcase_create("client");
	tcase_add_test(t, an_observer_hears_of_every_end);
	tcase_add_test(t, a_get_carries_prefix_query_agent_and_no_expect);
	tcase_add_test(t, a_put_carries_its_body_and_type);
	tcase_add_test(t, a_large_body_goes_at_once);
	tcase_add_test(t, a_post_without_a_body_says_length_0);
	tcase_add_test(t, basic_auth_and_extra_headers_go_with_every_request);
	tcase_add_test(t, a_rotated_token_file_is_read_again_and_an_empty_one_is_not);
	tcase_add_test(t, without_a_readable_token_nothing_is_sent);
	tcase_add_test(t, a_token_set_at_run_time_wins_until_it_is_taken_back);
	tcase_add_test(t, the_environments_proxy_is_not_asked);
	tcase_add_test(t, a_configured_proxy_gets_the_whole_url);
	tcase_add_test(t, connect_to_changes_the_address_and_not_the_host);
	tcase_add_loop_test(t, every_status_is_an_answer, 0, ARRAY_LEN(answers));
	tcase_add_test(t, gzip_is_unpacked);
	tcase_add_loop_test(t, a_broken_answer_names_its_phase, 0, ARRAY_LEN(failures));
	tcase_add_test(t, a_refused_connection_says_so);
	tcase_add_test(t, a_name_that_does_not_exist_says_so);
	tcase_add_test(t, after_a_frozen_connection_the_next_request_opens_a_new_one);
	tcase_add_test(t, a_request_has_its_own_time_limit);
	tcase_add_test(t, background_requests_wait_for_the_others);
	tcase_add_test(t, no_more_than_allowed_are_in_flight_and_half_of_them_background);
	tcase_add_test(t, a_full_queue_refuses);
	tcase_add_test(t, a_cancelled_request_never_calls_back);
	tcase_add_test(t, a_callback_may_free_the_client);
	tcase_add_test(t, a_stream_hands_its_bytes_over_as_they_come);
	tcase_add_test(t, a_refused_stream_has_a_body_like_any_answer);
	tcase_add_test(t, a_stream_that_is_cut_delivers_first_and_then_fails);
	tcase_add_test(t, a_stream_may_be_cancelled_while_it_delivers);
	tcase_add_test(t, a_stream_takes_no_place_from_requests);
	tcase_add_test(t, a_stream_whose_status_line_is_late_fails);
	tcase_add_loop_test(t, wrong_settings_are_refused_without_quoting_secrets, 0,
			    ARRAY_LEN(refused));
	tcase_add_loop_test(t, a_malformed_request_is_not_sent, 0, ARRAY_LEN(malformed));
	tcase_add_test(t, text_is_escaped_for_forms);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	return run_suite(s);
}
