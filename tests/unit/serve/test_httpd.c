#include "serve/certificate.h"
#include "serve/httpd.h"

#include "unit/harness.h"
#include "unit/serve/client.h"

#include <unistd.h>

static struct reactor *r;
static struct httpd *h;
static struct fetch f;
static struct exchange *held; /* of /later and /stream */
static int gone_count;
static char big[3u << 20];

static void on_gone(struct exchange *x, void *arg)
{
	(void)arg;
	ck_assert_ptr_eq(x, held);
	held = NULL;
	gone_count++;
}

static void reply_echo(struct exchange *x)
{
	const struct request *q = exchange_request(x);
	struct str text AUTO(str_fini);
	str_init(&text, 1 << 20);
	str_printf(&text, "%s %s", http_method_name(q->method), q->path);
	for (int i = 0; i < q->arg_count; i++)
		str_printf(&text, " %s=%s", q->args[i].name, q->args[i].value);
	str_printf(&text, " [%s] %s", q->content_type, q->authorization);
	str_printf(&text, " %zu", q->body_len);
	if (q->body_len < 100)
		str_printf(&text, " %s", q->body);
	exchange_header(x, "X-Echo", "yes");
	exchange_reply_text(x, 200, "text/plain", str_text(&text));
}

static void on_request(struct exchange *x, void *arg)
{
	(void)arg;
	const char *path = exchange_request(x)->path;
	if (strcmp(path, "/big") == 0) {
		exchange_reply(x, 200, "application/octet-stream", big, sizeof(big));
	} else if (strcmp(path, "/later") == 0) {
		held = x;
		exchange_on_gone(x, on_gone, NULL);
	} else if (strcmp(path, "/held") == 0) {
		held = x;
	} else if (strcmp(path, "/stream") == 0) {
		held = x;
		exchange_on_gone(x, on_gone, NULL);
		exchange_stream(x, 200, "application/json", NULL);
	} else if (strcmp(path, "/none") == 0) {
		exchange_reply(x, 204, NULL, NULL, 0);
	} else {
		reply_echo(x);
	}
}

static void start(const struct httpd_config *extra)
{
	struct httpd_config config = *extra;
	struct err err = {0};
	config.handle = on_request;
	if (!config.listen)
		config.listen = "127.0.0.1:0";
	h = httpd_new(r, &config, &err);
	ck_assert_msg(h != NULL, "%s", err.msg);
}

static void setup(void)
{
	struct err err = {0};
	r = reactor_new(&err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i % 23);
	held = NULL;
	gone_count = 0;
	f = (struct fetch){0};
	start(&(struct httpd_config){.body_limit = 1000});
}

static void teardown(void)
{
	fetch_fini(&f);
	httpd_free(h);
	reactor_free(r);
}

static char *url(const char *path)
{
	static char text[256];
	snprintf(text, sizeof(text), "%s%s", httpd_url(h), path);
	return text;
}

START_TEST(requests_are_read_and_answered)
{
	static const struct {
		const char *method, *path, *body, *answer;
	} rows[] = {
		{"GET", "/", NULL, "GET / []  0 "},
		{"GET", "/a%20b/../c?x=1&y=a%26b&z=%3D+&n", NULL,
		 "GET /c x=1 y=a&b z==  n= []  0 "},
		{"DELETE", "/x", NULL, "DELETE /x []  0 "},
		{"OPTIONS", "/x", NULL, "OPTIONS /x []  0 "},
		{"POST", "/x", "hello", "POST /x [text/x]  5 hello"},
		{"PUT", "/x?dryRun=All", "{}", "PUT /x dryRun=All [text/x]  2 {}"},
		{"PATCH", "/x", "{}", "PATCH /x [text/x]  2 {}"},
		{"POST", "/empty", "", "POST /empty [text/x]  0 "},
	};
	fetch_init(&f, r, rows[_i].method, url(rows[_i].path), rows[_i].body);
	if (rows[_i].body)
		fetch_header(&f, "Content-Type: text/x");
	fetch_go(&f);
	ck_assert_int_eq(f.result, CURLE_OK);
	ck_assert_int_eq(f.status, 200);
	ck_assert_str_eq(str_text(&f.body), rows[_i].answer);
	ck_assert_ptr_nonnull(strstr(str_text(&f.head), "X-Echo: yes\r\n"));
	ck_assert_ptr_nonnull(strstr(str_text(&f.head), "content-type: text/plain\r\n"));
}
END_TEST

START_TEST(a_path_that_climbs_is_a_bad_request)
{
	static const char *const targets[] = {"/a/%2e%2e\r", "/a/..\r", "/..\r",
					      "/a/.\r"};
	fetch_init(&f, r, "GET", url("/"), NULL);
	curl_easy_setopt(f.transfer.easy, CURLOPT_REQUEST_TARGET, targets[_i]);
	fetch_go(&f);
	ck_assert_int_eq(f.status, 400);
}
END_TEST

START_TEST(long_tokens_and_queries_arrive_whole)
{
	char token[2001], line[2100];
	memset(token, 't', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
	char path[1200] = "/?q=";
	memset(path + 4, 'q', 1000);
	fetch_init(&f, r, "GET", url(""), NULL);
	char *whole AUTO_FREE = xasprintf("%s%s", httpd_url(h), path);
	curl_easy_setopt(f.transfer.easy, CURLOPT_URL, whole);
	fetch_header(&f, line);
	fetch_go(&f);
	ck_assert_int_eq(f.status, 200);
	ck_assert_ptr_nonnull(strstr(str_text(&f.body), token));
	ck_assert_ptr_nonnull(strstr(str_text(&f.body), path + 4));
}
END_TEST

START_TEST(large_answers_arrive_whole_and_the_connection_is_used_again)
{
	fetch(&f, r, "GET", url("/big"), NULL);
	ck_assert_int_eq(f.result, CURLE_OK);
	ck_assert_uint_eq(f.body.len, sizeof(big));
	ck_assert(memcmp(f.body.data, big, sizeof(big)) == 0);
	for (int i = 0; i < 5; i++) {
		fetch_fini(&f);
		fetch(&f, r, "GET", url("/"), NULL);
		long opened = -1;
		curl_easy_getinfo(f.transfer.easy, CURLINFO_NUM_CONNECTS, &opened);
		ck_assert_int_eq(opened, 0);
		ck_assert_int_eq(f.status, 200);
	}
	ck_assert_int_eq(httpd_connections(h), 1);
}
END_TEST

START_TEST(head_has_the_length_but_no_body)
{
	fetch(&f, r, "HEAD", url("/big"), NULL);
	ck_assert_int_eq(f.status, 200);
	ck_assert_uint_eq(f.body.len, 0);
	ck_assert_ptr_nonnull(strstr(str_text(&f.head), "content-length: 3145728\r\n"));
	fetch_fini(&f);
	fetch(&f, r, "HEAD", url("/stream"), NULL);
	ck_assert_int_eq(f.status, 200);
	ck_assert_int_eq(exchange_send(held, "x", 1), 0);
	exchange_end(held);
	fetch_fini(&f);
	fetch(&f, r, "GET", url("/none"), NULL);
	ck_assert_int_eq(f.status, 204);
}
END_TEST

START_TEST(bodies_over_the_limit_are_refused)
{
	char body[1002];
	memset(body, 'b', sizeof(body));
	body[1000] = '\0';
	fetch(&f, r, "POST", url("/x"), body);
	ck_assert_int_eq(f.status, 200);
	ck_assert_ptr_nonnull(strstr(str_text(&f.body), " 1000"));
	fetch_fini(&f);
	body[1000] = 'b';
	body[1001] = '\0';
	fetch(&f, r, "POST", url("/x"), body);
	ck_assert_int_eq(f.status, 413);
	fetch_fini(&f);
	fetch(&f, r, "GET", url("/x"), NULL);
	ck_assert_int_eq(f.status, 200);
}
END_TEST

/* libwebsockets reads no body of a GET, so nobody would ever be answered. */
START_TEST(a_get_with_a_body_is_refused)
{
	fetch(&f, r, "GET", url("/x"), "body");
	ck_assert_int_eq(f.status, 400);
}
END_TEST

START_TEST(a_body_without_a_length_is_refused)
{
	fetch_init(&f, r, "POST", url("/x"), NULL);
	fetch_header(&f, "Transfer-Encoding: chunked");
	curl_easy_setopt(f.transfer.easy, CURLOPT_POST, 1L);
	curl_easy_setopt(f.transfer.easy, CURLOPT_READFUNCTION, NULL);
	FILE *null = fopen("/dev/null", "r");
	curl_easy_setopt(f.transfer.easy, CURLOPT_READDATA, null);
	fetch_go(&f);
	fclose(null);
	ck_assert_int_eq(f.status, 411);
}
END_TEST

START_TEST(more_arguments_than_allowed_are_a_bad_request)
{
	char *path AUTO_FREE = xstrdup("/?");
	for (int i = 0; i < HTTP_ARGS_MAX + 1; i++) {
		char *longer = xasprintf("%sa%d=1&", path, i);
		free(path);
		path = longer;
	}
	fetch_init(&f, r, "GET", httpd_url(h), NULL);
	char *whole AUTO_FREE = xasprintf("%s%s", httpd_url(h), path);
	curl_easy_setopt(f.transfer.easy, CURLOPT_URL, whole);
	fetch_go(&f);
	ck_assert_int_eq(f.status, 400);
}
END_TEST

START_TEST(an_answer_may_come_later)
{
	fetch_init(&f, r, "GET", url("/later"), NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && !held; i++)
		spin(r, 5);
	ck_assert_ptr_nonnull(held);
	ck_assert(!f.done);
	exchange_reply_text(held, 202, "text/plain", "at last");
	ck_assert(wait_for(r, &f.done));
	ck_assert_int_eq(f.status, 202);
	ck_assert_str_eq(str_text(&f.body), "at last");
	ck_assert_int_eq(gone_count, 0);
}
END_TEST

START_TEST(a_client_that_leaves_is_told_about)
{
	fetch_init(&f, r, "GET", url("/later"), NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && !held; i++)
		spin(r, 5);
	ck_assert_ptr_nonnull(held);
	fetch_fini(&f); /* closes the socket */
	for (int i = 0; i < 200 && !gone_count; i++)
		spin(r, 5);
	ck_assert_int_eq(gone_count, 1);
}
END_TEST

START_TEST(an_answer_to_a_client_that_left_is_dropped)
{
	fetch_init(&f, r, "GET", url("/held"), NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && !held; i++)
		spin(r, 5);
	fetch_fini(&f);
	for (int i = 0; i < 200 && httpd_connections(h); i++)
		spin(r, 5);
	ck_assert_int_eq(httpd_connections(h), 0);
	exchange_reply_text(held, 200, "text/plain", "nobody hears it");
}
END_TEST

START_TEST(streams_arrive_as_they_are_sent)
{
	fetch_init(&f, r, "GET", url("/stream"), NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && !held; i++)
		spin(r, 5);
	ck_assert_ptr_nonnull(held);
	ck_assert_int_eq(exchange_send(held, "one\n", 4), 0);
	for (int i = 0; i < 200 && f.body.len < 4; i++)
		spin(r, 5);
	ck_assert_str_eq(str_text(&f.body), "one\n");
	ck_assert_uint_eq(exchange_queued(held), 0);
	ck_assert(!f.done);
	exchange_send(held, big, sizeof(big));
	exchange_send(held, "end\n", 4);
	exchange_end(held);
	ck_assert(wait_for(r, &f.done));
	ck_assert_int_eq(f.result, CURLE_OK);
	ck_assert_uint_eq(f.body.len, 4 + sizeof(big) + 4);
	ck_assert_str_eq(f.body.data + f.body.len - 4, "end\n");
	fetch_fini(&f);
	fetch(&f, r, "GET", url("/"), NULL);
	long opened = -1;
	curl_easy_getinfo(f.transfer.easy, CURLINFO_NUM_CONNECTS, &opened);
	ck_assert_int_eq(opened, 0);
	ck_assert_int_eq(gone_count, 0);
}
END_TEST

START_TEST(a_stream_that_is_aborted_breaks_off)
{
	fetch_init(&f, r, "GET", url("/stream"), NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && !held; i++)
		spin(r, 5);
	exchange_send(held, "one\n", 4);
	for (int i = 0; i < 200 && f.body.len < 4; i++)
		spin(r, 5);
	exchange_abort(held);
	ck_assert(wait_for(r, &f.done));
	ck_assert_int_ne(f.result, CURLE_OK);
	ck_assert_int_eq(gone_count, 0);
}
END_TEST

START_TEST(a_slow_reader_of_a_stream_is_cut)
{
	httpd_free(h);
	start(&(struct httpd_config){.queue_limit = 1000});
	fetch_init(&f, r, "GET", url("/stream"), NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && !held; i++)
		spin(r, 5);
	ck_assert_int_eq(exchange_send(held, big, 1000), 0);
	ck_assert_int_eq(exchange_send(held, big, 1), -1);
	ck_assert_int_eq(gone_count, 0);
	for (int i = 0; i < 200 && !gone_count; i++)
		spin(r, 5);
	ck_assert_int_eq(gone_count, 1);
}
END_TEST

START_TEST(connections_beyond_the_limit_are_closed)
{
	httpd_free(h);
	start(&(struct httpd_config){.connections_max = 1});
	fetch_init(&f, r, "GET", url("/held"), NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && !held; i++)
		spin(r, 5);
	struct fetch second;
	fetch(&second, r, "GET", url("/"), NULL);
	ck_assert_int_ne(second.result, CURLE_OK);
	fetch_fini(&second);
	exchange_reply_text(held, 200, "text/plain", "");
	ck_assert(wait_for(r, &f.done));
	ck_assert_int_eq(f.status, 200);
}
END_TEST

START_TEST(a_suspended_server_refuses_and_comes_back_on_its_port)
{
	int port = httpd_port(h);
	fetch_init(&f, r, "GET", url("/later"), NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && !held; i++)
		spin(r, 5);
	httpd_suspend(h);
	ck_assert_int_eq(httpd_connections(h), 0);
	ck_assert_int_eq(gone_count, 1);
	ck_assert(wait_for(r, &f.done));
	ck_assert_int_eq(f.result, CURLE_GOT_NOTHING);
	fetch_fini(&f);
	fetch(&f, r, "GET", url("/"), NULL);
	ck_assert_int_eq(f.result, CURLE_COULDNT_CONNECT);
	fetch_fini(&f);
	struct err err = {0};
	ck_assert_int_eq(httpd_resume(h, &err), 0);
	ck_assert_int_eq(httpd_resume(h, &err), 0);
	ck_assert_int_eq(httpd_port(h), port);
	fetch(&f, r, "GET", url("/"), NULL);
	ck_assert_int_eq(f.status, 200);
}
END_TEST

START_TEST(two_servers_and_ipv6_live_in_one_loop)
{
	struct err err = {0};
	const struct httpd_config config = {.listen = "[::1]:0", .handle = on_request};
	struct httpd *six = httpd_new(r, &config, &err);
	if (!six && strstr(err.msg, "Cannot assign"))
		return; /* a machine without IPv6 */
	ck_assert_msg(six != NULL, "%s", err.msg);
	ck_assert(strncmp(httpd_url(six), "http://[::1]:", 13) == 0);
	char *six_url AUTO_FREE = xasprintf("%s/six", httpd_url(six));
	fetch(&f, r, "GET", six_url, NULL);
	ck_assert_str_eq(str_text(&f.body), "GET /six []  0 ");
	fetch_fini(&f);
	httpd_free(six);
	fetch(&f, r, "GET", url("/four"), NULL);
	ck_assert_str_eq(str_text(&f.body), "GET /four []  0 ");
}
END_TEST

/* A file with this text; its name is kept in `path`. */
static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* How many certificates the server shows; its first one is trusted. */
static int chain_length(const struct certificate *trusted)
{
	struct curl_certinfo *info = NULL;
	struct curl_blob ca = {trusted->cert_pem, strlen(trusted->cert_pem),
			       CURL_BLOB_COPY};
	fetch_fini(&f);
	fetch_init(&f, r, "GET", url("/secret"), NULL);
	curl_easy_setopt(f.transfer.easy, CURLOPT_CAINFO_BLOB, &ca);
	curl_easy_setopt(f.transfer.easy, CURLOPT_CERTINFO, 1L);
	fetch_go(&f);
	ck_assert_int_eq(f.result, CURLE_OK);
	ck_assert_str_eq(str_text(&f.body), "GET /secret []  0 ");
	curl_easy_getinfo(f.transfer.easy, CURLINFO_CERTINFO, &info);
	return info->num_of_certs;
}

START_TEST(the_whole_chain_of_a_certificate_is_shown)
{
	struct certificate own, other;
	ck_assert_int_eq(certificate_make(&own, NULL), 0);
	ck_assert_int_eq(certificate_make(&other, NULL), 0);
	httpd_free(h);
	start(&(struct httpd_config){.cert_pem = own.cert_pem, .key_pem = own.key_pem});
	ck_assert_int_eq(chain_length(&own), 1);
	httpd_free(h);
	char *chain AUTO_FREE = xasprintf("%s%s", own.cert_pem, other.cert_pem);
	char cert[] = "/tmp/foretop-test-cert-XXXXXX",
	     key[] = "/tmp/foretop-test-key-XXXXXX";
	write_file(cert, chain);
	write_file(key, own.key_pem);
	start(&(struct httpd_config){.cert_file = cert, .key_file = key});
	unlink(cert);
	unlink(key);
	ck_assert_int_eq(chain_length(&own), 2);
	certificate_fini(&own);
	certificate_fini(&other);
}
END_TEST

START_TEST(a_certificate_file_that_is_not_there_is_an_error)
{
	struct err err = {0};
	const struct httpd_config config = {.listen = "127.0.0.1:0",
					    .cert_file = "/nonexistent/cert",
					    .key_file = "/nonexistent/key",
					    .handle = on_request};
	ck_assert_ptr_null(httpd_new(r, &config, &err));
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/cert"));
}
END_TEST

START_TEST(addresses_that_cannot_be_listened_on_are_errors)
{
	static const struct {
		const char *listen;
		enum err_code code;
	} rows[] = {
		{"127.0.0.1", ERR_INVALID},
		{"localhost:80", ERR_INVALID},
		{"::1:80", ERR_INVALID},
		{"127.0.0.1:99999", ERR_INVALID},
		{"127.0.0.1:http", ERR_INVALID},
		{"", ERR_INVALID},
		{NULL, ERR_RETRY}, /* taken */
	};
	struct err err = {0};
	const char *listen = rows[_i].listen ? rows[_i].listen : httpd_address(h);
	const struct httpd_config config = {.listen = listen, .handle = on_request};
	ck_assert_ptr_null(httpd_new(r, &config, &err));
	ck_assert_int_eq(err.code, rows[_i].code);
	ck_assert_ptr_nonnull(strstr(err.msg, listen));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("httpd");
	TCase *tc = tcase_create("server");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, requests_are_read_and_answered, 0, 8);
	tcase_add_loop_test(tc, a_path_that_climbs_is_a_bad_request, 0, 4);
	tcase_add_test(tc, long_tokens_and_queries_arrive_whole);
	tcase_add_test(tc, large_answers_arrive_whole_and_the_connection_is_used_again);
	tcase_add_test(tc, head_has_the_length_but_no_body);
	tcase_add_test(tc, bodies_over_the_limit_are_refused);
	tcase_add_test(tc, a_get_with_a_body_is_refused);
	tcase_add_test(tc, a_body_without_a_length_is_refused);
	tcase_add_test(tc, more_arguments_than_allowed_are_a_bad_request);
	tcase_add_test(tc, an_answer_may_come_later);
	tcase_add_test(tc, a_client_that_leaves_is_told_about);
	tcase_add_test(tc, an_answer_to_a_client_that_left_is_dropped);
	tcase_add_test(tc, streams_arrive_as_they_are_sent);
	tcase_add_test(tc, a_stream_that_is_aborted_breaks_off);
	tcase_add_test(tc, a_slow_reader_of_a_stream_is_cut);
	tcase_add_test(tc, connections_beyond_the_limit_are_closed);
	tcase_add_test(tc, a_suspended_server_refuses_and_comes_back_on_its_port);
	tcase_add_test(tc, two_servers_and_ipv6_live_in_one_loop);
	tcase_add_test(tc, the_whole_chain_of_a_certificate_is_shown);
	tcase_add_test(tc, a_certificate_file_that_is_not_there_is_an_error);
	tcase_add_loop_test(tc, addresses_that_cannot_be_listened_on_are_errors, 0, 7);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
