#include "sim/promapi.h"

#include "unit/harness.h"
#include "unit/serve/client.h"

static struct reactor *r;
static struct promapi *p;
static struct fetch f;
static struct clock engine_clock;

static void seconds(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	(void)arg;
	promapi_rows_add(rows, NULL, 0, (double)at_ms / 1000);
}

static void start(const char *token)
{
	struct err err = {0};
	const struct promapi_config config = {.listen = "127.0.0.1:0",
					      .bearer_token = token,
					      .clock = &engine_clock,
					      .slow_ms = 100};
	promapi_free(p);
	p = promapi_new(r, &config, &err);
	ck_assert_msg(p != NULL, "%s", err.msg);
	promapi_register(p, "sum(rate(x{a=\"b\"}[1m]))", seconds, NULL);
}

static void setup(void)
{
	struct err err = {0};
	r = reactor_new(&err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	clock_init_scaled(&engine_clock, 1000000000, 0.001);
	p = NULL;
	start(NULL);
}

static void teardown(void)
{
	fetch_fini(&f);
	promapi_free(p);
	reactor_free(r);
}

static void ask(const char *method, const char *path, const char *form)
{
	char *url AUTO_FREE = xasprintf("%s%s", promapi_url(p), path);
	fetch_fini(&f);
	fetch_init(&f, r, method, url, form);
	fetch_go(&f);
}

#define EXPR "query=sum(rate(x%7Ba%3D%22b%22%7D%5B1m%5D))"

START_TEST(queries_are_answered_by_get_and_post)
{
	static const struct {
		const char *method, *path, *form;
		long status;
		const char *answer;
	} rows[] = {
		{"GET", "/api/v1/query?" EXPR "&time=5.5", NULL, 200, "[5.500,\"5.5\"]"},
		{"POST", "/api/v1/query", EXPR "&time=5", 200, "[5.000,\"5\"]"},
		{"POST", "/api/v1/query", EXPR "&time=1970-01-01T00%3A01%3A00Z", 200,
		 "[60.000,\"60\"]"},
		{"POST", "/api/v1/query", EXPR, 200, "[1000000.0"},
		{"POST", "/api/v1/query", "query=sum+(+rate(x{a=\"b\"}[1m]+)+)&time=1",
		 200,
		 "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":"
		 "[{"
		 "\"metric\":{},\"value\":[1.000,\"1\"]}]}}"},
		{"POST", "/api/v1/query", "query=other&time=1", 200, "\"result\":[]"},
		{"POST", "/api/v1/query_range", EXPR "&start=0&end=120&step=60", 200,
		 "\"values\":[[0.000,\"0\"],[60.000,\"60\"],[120.000,\"120\"]]"},
		{"GET", "/api/v1/query_range?" EXPR "&start=0&end=119&step=1m", NULL, 200,
		 "\"values\":[[0.000,\"0\"],[60.000,\"60\"]]"},
		{"POST", "/api/v1/query_range", EXPR "&start=0&end=11000&step=1", 200,
		 "[11000.000,\"11000\"]"},
		{"POST", "/api/v1/query_range", EXPR "&start=0&end=11001&step=1", 400,
		 "exceeded maximum resolution of 11,000 points per timeseries"},
		{"POST", "/api/v1/query_range", EXPR "&start=2&end=1&step=1", 400,
		 "end timestamp must not be before start time"},
		{"POST", "/api/v1/query_range", EXPR "&start=1&end=2&step=0", 400,
		 "zero or negative query resolution"},
		{"POST", "/api/v1/query_range", EXPR "&start=x&end=2&step=1", 400,
		 "invalid parameter \\\"start\\\": cannot parse \\\"x\\\" to a valid "
		 "timestamp"},
		{"POST", "/api/v1/query_range", EXPR "&start=1&end=2&step=x", 400,
		 "cannot parse \\\"x\\\" to a valid duration"},
		{"POST", "/api/v1/query", "time=5", 400,
		 "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid "
		 "parameter \\\"query\\\""},
		{"DELETE", "/api/v1/query", NULL, 405, "Method Not Allowed"},
		{"GET", "/api/v1/other", NULL, 404, "404 page not found"},
		{"GET", "/-/ready", NULL, 200, "Prometheus Server is Ready."},
	};
	ask(rows[_i].method, rows[_i].path, rows[_i].form);
	ck_assert_int_eq(f.status, rows[_i].status);
	ck_assert_msg(strstr(str_text(&f.body), rows[_i].answer) != NULL, "%s",
		      str_text(&f.body));
}
END_TEST

START_TEST(faults_show_as_real_ones_do)
{
	static const struct {
		enum promapi_fault fault;
		long status;
		const char *answer;
	} rows[] = {
		{PROMAPI_HTML, 200, "<html>"},
		{PROMAPI_EMPTY, 200, "\"result\":[]"},
		{PROMAPI_NAN, 200, "[1000000.000,\"NaN\"]"},
		{PROMAPI_STALE, 200, "\"value\":[1000000.0"},
		{PROMAPI_FUTURE, 200, "[1003600.000,\"1000000\"]"},
		{PROMAPI_WARNINGS, 200, "]},\"warnings\":[\"remote store"},
		{PROMAPI_ERROR, 500,
		 "{\"status\":\"error\",\"errorType\":\"internal\",\"error\":\"opening "
		 "storage failed\"}"},
		{PROMAPI_BUSY, 503, "Service Unavailable"},
		{PROMAPI_DENIED, 401, "Unauthorized"},
	};
	promapi_fault(p, rows[_i].fault);
	bool stale = rows[_i].fault == PROMAPI_STALE;
	ask("POST", "/api/v1/query", stale ? EXPR "&time=1000900" : EXPR "&time=1000000");
	ck_assert_int_eq(f.status, rows[_i].status);
	ck_assert_msg(strstr(str_text(&f.body), rows[_i].answer) != NULL, "%s",
		      str_text(&f.body));
	promapi_fault(p, PROMAPI_OK);
	ask("POST", "/api/v1/query", EXPR "&time=7");
	ck_assert_ptr_nonnull(strstr(str_text(&f.body), "[7.000,\"7\"]"));
	ck_assert_uint_eq(promapi_requests(p), 2);
}
END_TEST

START_TEST(a_server_that_is_down_refuses_connections_and_comes_back)
{
	char *url AUTO_FREE = xstrdup(promapi_url(p));
	promapi_fault(p, PROMAPI_DOWN);
	ask("GET", "/-/ready", NULL);
	ck_assert_int_eq(f.result, CURLE_COULDNT_CONNECT);
	promapi_fault(p, PROMAPI_OK);
	ck_assert_str_eq(promapi_url(p), url);
	ask("GET", "/-/ready", NULL);
	ck_assert_int_eq(f.status, 200);
}
END_TEST

START_TEST(slow_answers_come_late_and_leaving_is_no_harm)
{
	promapi_fault(p, PROMAPI_SLOW);
	int64_t before = monotonic_ms();
	ask("POST", "/api/v1/query", EXPR "&time=7");
	ck_assert_int_ge(monotonic_ms() - before, 95);
	ck_assert_ptr_nonnull(strstr(str_text(&f.body), "[7.000,\"7\"]"));
	char *url AUTO_FREE = xasprintf("%s/-/ready", promapi_url(p));
	fetch_fini(&f);
	fetch_init(&f, r, "GET", url, NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && promapi_requests(p) < 2; i++)
		spin(r, 2);
	fetch_fini(&f);
	spin(r, 150);
	fetch_init(&f, r, "GET", url, NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && promapi_requests(p) < 3; i++)
		spin(r, 2);
	promapi_free(p); /* with an answer that waits */
	p = NULL;
}
END_TEST

START_TEST(a_cut_answer_breaks_off)
{
	promapi_fault(p, PROMAPI_CUT);
	ask("POST", "/api/v1/query_range", EXPR "&start=0&end=11000&step=1");
	ck_assert_int_eq(f.status, 200);
	ck_assert_int_ne(f.result, CURLE_OK);
	ck_assert(f.body.len > 1000);
}
END_TEST

START_TEST(unknown_expressions_are_remembered)
{
	ck_assert_ptr_null(promapi_unknown(p));
	ask("POST", "/api/v1/query", "query=rate(other%5B1m%5D)");
	ck_assert_str_eq(promapi_unknown(p), "rate(other[1m])");
}
END_TEST

START_TEST(a_token_is_wanted)
{
	start("secret");
	ask("GET", "/-/ready", NULL);
	ck_assert_int_eq(f.status, 401);
	char *url AUTO_FREE = xasprintf("%s/-/ready", promapi_url(p));
	fetch_fini(&f);
	fetch_init(&f, r, "GET", url, NULL);
	fetch_header(&f, "Authorization: Bearer secret");
	fetch_go(&f);
	ck_assert_int_eq(f.status, 200);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("promapi");
	TCase *tc = tcase_create("server");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, queries_are_answered_by_get_and_post, 0, 18);
	tcase_add_loop_test(tc, faults_show_as_real_ones_do, 0, 9);
	tcase_add_test(tc, a_server_that_is_down_refuses_connections_and_comes_back);
	tcase_add_test(tc, slow_answers_come_late_and_leaving_is_no_harm);
	tcase_add_test(tc, a_cut_answer_breaks_off);
	tcase_add_test(tc, unknown_expressions_are_remembered);
	tcase_add_test(tc, a_token_is_wanted);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
