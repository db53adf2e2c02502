#include "http/failure.h"

#include "unit/http/rig.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what curl says, in our words --- */

static struct endpoint endpoint = {.authority = "db:9090", .max_response_bytes = 10};
static struct http_exchange x;
static struct http_response response;

static void setup(void)
{
	x = (struct http_exchange){.endpoint = &endpoint};
	response = (struct http_response){0};
	x.transfer.easy = curl_easy_init();
	ck_assert_ptr_nonnull(x.transfer.easy);
}

static void teardown(void)
{
	curl_easy_cleanup(x.transfer.easy);
}

static const struct {
	CURLcode result;
	enum http_phase failed;
	const char *says;
} ends[] = {
	{CURLE_URL_MALFORMAT, HTTP_NOT_SENT, "db:9090: preparing the request: "},
	{CURLE_OUT_OF_MEMORY, HTTP_NOT_SENT, "db:9090: preparing the request: "},
	{CURLE_SSL_CERTPROBLEM, HTTP_NOT_SENT, "db:9090: preparing the request: "},
	{CURLE_SSL_CACERT_BADFILE, HTTP_NOT_SENT, "db:9090: preparing the request: "},
	{CURLE_SSL_CIPHER, HTTP_NOT_SENT, "db:9090: preparing the request: "},
	{CURLE_COULDNT_RESOLVE_HOST, HTTP_RESOLVE, "db:9090: resolving the name: "},
	{CURLE_COULDNT_RESOLVE_PROXY, HTTP_RESOLVE, "db:9090: resolving the name: "},
	{CURLE_COULDNT_CONNECT, HTTP_CONNECT, "db:9090: connecting: "},
	{CURLE_SSL_CONNECT_ERROR, HTTP_TLS, "db:9090: in the TLS handshake: "},
	{CURLE_PEER_FAILED_VERIFICATION, HTTP_TLS, "db:9090: in the TLS handshake: "},
	{CURLE_SEND_ERROR, HTTP_SEND, "db:9090: sending the request: "},
};

START_TEST(each_end_names_how_far_it_had_come)
{
	failure_describe(&x, ends[_i].result, &response);
	ck_assert_int_eq(response.failed, ends[_i].failed);
	ck_assert(!response.timed_out);
	ck_assert_int_eq(response.err.code, ERR_RETRY);
	ck_assert_msg(!strncmp(response.err.msg, ends[_i].says, strlen(ends[_i].says)),
		      "%s", response.err.msg);
	/* And a cause, behind it. */
	ck_assert_uint_gt(strlen(response.err.msg), strlen(ends[_i].says));
}
END_TEST

START_TEST(what_broke_off_in_an_answer_is_the_answers)
{
	x.answered = true;
	failure_describe(&x, CURLE_RECV_ERROR, &response);
	ck_assert_int_eq(response.failed, HTTP_BODY);
}
END_TEST

START_TEST(the_cause_is_the_most_exact_one_that_is_known)
{
	strcpy(x.error, "curl's own words");
	failure_describe(&x, CURLE_SSL_CONNECT_ERROR, &response);
	ck_assert_str_eq(response.err.msg,
			 "db:9090: in the TLS handshake: curl's own words");
	failure_describe(&x, CURLE_GOT_NOTHING, &response);
	ck_assert_ptr_nonnull(strstr(response.err.msg,
				     ": the connection was closed without an answer"));
	x.no_status = true;
	failure_describe(&x, CURLE_WEIRD_SERVER_REPLY, &response);
	ck_assert_ptr_nonnull(
		strstr(response.err.msg, ": the status line is not one of HTTP"));
}
END_TEST

/* Whichever way curl ends a transfer that was told to: it is no time-out, and asking
 * again would not help. */
START_TEST(too_much_is_too_much)
{
	static const CURLcode results[] = {CURLE_WRITE_ERROR, CURLE_FILESIZE_EXCEEDED,
					   CURLE_OPERATION_TIMEDOUT};
	x.answered = x.too_large = true;
	failure_describe(&x, results[_i], &response);
	ck_assert_int_eq(response.failed, HTTP_TOO_LARGE);
	ck_assert(!response.timed_out);
	ck_assert_int_eq(response.err.code, ERR_INVALID);
	ck_assert_str_eq(response.err.msg, "db:9090: answer larger than 10 bytes");
}
END_TEST

START_TEST(a_stream_that_is_late_says_how_late)
{
	x.late = true;
	x.first_byte_ms = 250;
	x.answered = true;
	failure_describe(&x, CURLE_OK, &response);
	ck_assert(response.timed_out);
	ck_assert_int_eq(response.failed, HTTP_BODY);
	ck_assert_str_eq(response.err.msg,
			 "db:9090: time-out after 250 ms reading the answer");
}
END_TEST

/* --- time-outs of real connections --- */

/* Port of a listener whose queue is full: what comes now gets no answer at all. */
static int full_port(int fds[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fds[0], 0);
	ck_assert_int_eq(bind(fds[0], (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fds[0], 0), 0);
	ck_assert_int_eq(getsockname(fds[0], (struct sockaddr *)&at, &len), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fds[1], (struct sockaddr *)&at, sizeof(at)), 0);
	return ntohs(at.sin_port);
}

/* Nothing was sent: a write that ends so has not happened for sure. */
START_TEST(a_connection_that_does_not_come_about_was_connecting)
{
	static const struct http_request put = {.method = "PUT", .body = "{}"};
	int fds[2];
	struct rig g;
	int port = full_port(fds);
	char *url AUTO_FREE = xasprintf("%s://127.0.0.1:%d", _i ? "https" : "http", port);
	rig_init(&g, NULL, 0, NULL);
	rig_connect(&g, &(struct http_client_config){.base_url = url, .timeout_ms = 100});
	const struct http_response *r = rig_ask(&g, &put);
	ck_assert(r->timed_out);
	ck_assert_msg(r->failed == HTTP_CONNECT, "%s", r->err.msg);
	ck_assert_msg(strstr(r->err.msg, " ms connecting") != NULL, "%s", r->err.msg);
	rig_fini(&g);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http failure");
	TCase *t = tcase_create("words");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_end_names_how_far_it_had_come, 0, ARRAY_LEN(ends));
	tcase_add_test(t, what_broke_off_in_an_answer_is_the_answers);
	tcase_add_test(t, the_cause_is_the_most_exact_one_that_is_known);
	tcase_add_loop_test(t, too_much_is_too_much, 0, 3);
	tcase_add_test(t, a_stream_that_is_late_says_how_late);
	suite_add_tcase(s, t);
	t = tcase_create("connections");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_connection_that_does_not_come_about_was_connecting, 0,
			    2);
	suite_add_tcase(s, t);
	return run_suite(s);
}
