#include "unit/prom/rig.h"

/* Answers written out whole, so that tables can hold them; the connection is closed to
 * mark their end. */
#define ANSWER(status, body)                                                             \
	{                                                                                \
		.bytes = "HTTP/1.1 " status "\r\nContent-Type: application/json\r\n"     \
			 "Connection: close\r\n\r\n" body,                               \
		.after = SERVER_CLOSE                                                    \
	}
#define SUCCESS(type, result)                                                            \
	ANSWER("200 OK", "{\"status\":\"success\",\"data\":{\"resultType\":\"" type      \
			 "\",\"result\":" result "}}")
#define ONE                                                                              \
	SUCCESS("vector", "[{\"metric\":{\"pod\":\"a\"},\"value\":[1700000000,\"1\"]}]")
#define REFUSE ANSWER("405 Method Not Allowed", "")
#define BUSY   ANSWER("503 Service Unavailable", "")

static const struct prom_source_config plain = {.name = "default"};

static void assert_says(const struct rig_answer *a, const char *text)
{
	ck_assert_msg(strstr(a->err.msg, text) != NULL, "no \"%s\" in: %s", text,
		      a->err.msg);
}

START_TEST(an_instant_query_goes_as_a_form_and_comes_back_as_samples)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	const struct prom_parameter extra[] = {{"partial_response", "false"},
					       {"namespace", "a&b"}};
	rig_init(&g, replies, 1,
		 &(struct prom_source_config){.parameters = extra, .parameter_count = 2});
	const struct rig_answer *a = rig_ask(&g, "sum(up{job=\"x\"})");
	ck_assert_msg(a->outcome == PROM_OK, "%s", a->err.msg);
	ck_assert_int_eq(a->first.t_ms, 1700000000000);
	ck_near(a->first.v, 1, 0);
	assert_sent(&g, 0, "POST /prom/api/v1/query HTTP/1.1\r\n");
	assert_sent(&g, 0, "\r\nContent-Type: application/x-www-form-urlencoded\r\n");
	assert_sent(&g, 0,
		    "\r\n\r\nquery=sum%28up%7Bjob%3D%22x%22%7D%29&time=1700000000.000"
		    "&timeout=9.000&partial_response=false&namespace=a%26b");
	rig_fini(&g);
}
END_TEST

START_TEST(the_present_is_left_to_the_clock_of_the_server)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1, &plain);
	prom_query(g.source, "up", PROM_NOW, rig_done, rig_tag(&g, 0));
	rig_wait(&g, 1);
	ck_assert_int_eq(g.answers[0].first.t_ms, 1700000000000);
	assert_sent(&g, 0, "\r\n\r\nquery=up&timeout=9.000");
	rig_fini(&g);
}
END_TEST

START_TEST(a_source_that_knows_only_get_is_asked_by_get)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1, &(struct prom_source_config){.method = PROM_GET});
	ck_assert_int_eq(rig_ask(&g, "up")->outcome, PROM_OK);
	assert_sent(
		&g, 0,
		"GET /prom/api/v1/query?query=up&time=1700000000.000&timeout=9.000 HTTP");
	rig_fini(&g);
}
END_TEST

START_TEST(a_refused_post_is_tried_as_get_and_remembered_when_that_works)
{
	struct rig g;
	const struct server_reply replies[] = {REFUSE, ONE, ONE};
	rig_init(&g, replies, 3, &plain);
	ck_assert_int_eq(rig_ask(&g, "up")->outcome, PROM_OK);
	ck_assert_int_eq(rig_ask(&g, "down")->outcome, PROM_OK);
	assert_sent(&g, 0, "POST ");
	assert_sent(&g, 1, "GET /prom/api/v1/query?query=up&");
	assert_sent(&g, 2, "GET /prom/api/v1/query?query=down&");
	rig_fini(&g);
}
END_TEST

START_TEST(a_missing_right_is_not_taken_for_a_dislike_of_post)
{
	struct rig g;
	const struct server_reply replies[] = {
		ANSWER("403 Forbidden", "{\"message\":\"no\"}")};
	rig_init(&g, replies, 1, &plain);
	assert_says(rig_ask(&g, "up"), "source default: status 403: no");
	rig_ask(&g, "up");
	assert_sent(&g, 0, "POST ");
	assert_sent(&g, 1, "GET ");
	assert_sent(&g, 2, "POST ");
	rig_fini(&g);
}
END_TEST

START_TEST(post_stays_post_when_so_configured)
{
	struct rig g;
	const struct server_reply replies[] = {REFUSE};
	rig_init(&g, replies, 1, &(struct prom_source_config){.method = PROM_POST});
	assert_says(rig_ask(&g, "up"), "status 405");
	ck_assert_uint_eq(rig_requests(&g), 1);
	rig_fini(&g);
}
END_TEST

/* --- a second try --- */

static const struct {
	struct server_reply first;
	size_t requests;
	const char *says; /* NULL: the second try helped */
} tries[] = {
	{BUSY, 2, NULL},
	{ANSWER("429 Too Many Requests", "slow down"), 2, NULL},
	{{.bytes = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n"
		   "Content-Length: 0\r\n\r\n"},
	 2,
	 NULL},
	{{.bytes = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\n"
		   "Content-Length: 9\r\n\r\nslow down"},
	 1,
	 "source default: answered with text, not JSON (status 429): slow down"},
	{{.after = SERVER_CLOSE}, 2, NULL},
	{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
	  .after = SERVER_CLOSE},
	 2,
	 NULL},
	{{.after = SERVER_FREEZE}, 1, "time-out after"},
	{ANSWER("500 Internal Server Error", "oops"), 1,
	 "source default: answered with text, not JSON (status 500): oops"},
	{ANSWER("400 Bad Request", "{\"status\":\"error\",\"errorType\":\"bad_data\","
				   "\"error\":\"parse error\"}"),
	 1, "source default: status 400: bad_data: parse error"},
	{{.bytes = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
		   "Content-Length: 6\r\n\r\n<html>"},
	 2,
	 NULL},
};

START_TEST(what_passes_is_tried_once_more)
{
	struct rig g;
	const struct server_reply replies[] = {tries[_i].first, ONE};
	rig_init(&g, replies, 2,
		 &(struct prom_source_config){.http = {.timeout_ms = 2000}});
	const struct rig_answer *a = rig_ask(&g, "up");
	if (tries[_i].says)
		assert_says(a, tries[_i].says);
	else
		ck_assert_msg(a->outcome == PROM_OK, "%s", a->err.msg);
	ck_assert_uint_eq(rig_requests(&g), tries[_i].requests);
	rig_fini(&g);
}
END_TEST

START_TEST(a_second_failure_is_final)
{
	struct rig g;
	const struct server_reply replies[] = {
		BUSY,
		{.bytes = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
			  "Content-Length: 6\r\n\r\n<html>"},
		ONE,
	};
	rig_init(&g, replies, 3, &plain);
	const struct rig_answer *a = rig_ask(&g, "up");
	ck_assert_int_eq(a->outcome, PROM_FAILED);
	ck_assert_str_eq(a->err.msg, "source default: answered with HTML, not JSON "
				     "(status 502): is the URL right?");
	ck_assert_int_eq(rig_ask(&g, "up")->outcome, PROM_OK);
	rig_fini(&g);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_named)
{
	struct rig g;
	int port;
	close(server_listen(&port));
	char url[64];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1, &(struct prom_source_config){.http = {.base_url = url}});
	const struct rig_answer *a = rig_ask(&g, "up");
	ck_assert_int_eq(a->outcome, PROM_FAILED);
	char says[128];
	snprintf(says, sizeof(says),
		 "source default: 127.0.0.1:%d: connecting: Connection refused", port);
	ck_assert_str_eq(a->err.msg, says);
	rig_fini(&g);
}
END_TEST

START_TEST(a_token_file_that_is_missing_fails_the_query)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1,
		 &(struct prom_source_config){.http = {.token_file = "/nonexistent"}});
	const struct rig_answer *a = rig_ask(&g, "up");
	ck_assert_int_eq(a->outcome, PROM_FAILED);
	assert_says(a, "source default: /nonexistent: No such file");
	ck_assert_uint_eq(rig_requests(&g), 0);
	rig_fini(&g);
}
END_TEST

START_TEST(an_answer_above_the_limit_is_refused)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1,
		 &(struct prom_source_config){.http = {.max_response_bytes = 50}});
	assert_says(rig_ask(&g, "up"), "answer larger than 50 bytes");
	ck_assert_uint_eq(rig_requests(&g), 1);
	rig_fini(&g);
}
END_TEST

/* --- ranges --- */

#define SERIES(values) "{\"metric\":{\"pod\":\"a\"},\"values\":" values "}"

START_TEST(a_range_is_aligned_cut_and_joined_in_order)
{
	struct rig g;
	const struct server_reply replies[] = {
		SUCCESS("matrix", "[" SERIES("[[60,\"1\"],[120,\"2\"]]") "]"),
		SUCCESS("matrix", "[]"),
		SUCCESS("matrix", "[" SERIES("[[300,\"5\"]]") "]"),
	};
	rig_init(&g, replies, 3, &(struct prom_source_config){.points_per_query = 2});
	const struct rig_answer *a = rig_ask_range(&g, 1, 359999, 60000);
	ck_assert_msg(a->outcome == PROM_OK, "%s", a->err.msg);
	ck_assert_uint_eq(a->series_count, 1);
	ck_assert_uint_eq(a->sample_count, 3);
	ck_assert_int_eq(a->first.t_ms, 60000);
	ck_assert_int_eq(a->last.t_ms, 300000);
	ck_near(a->last.v, 5, 0);
	assert_sent(&g, 0, "POST /prom/api/v1/query_range HTTP/1.1\r\n");
	assert_sent(&g, 0, "query=up&start=60.000&end=120.000&step=60.000&timeout=");
	assert_sent(&g, 1, "&start=180.000&end=240.000&step=60.000&");
	assert_sent(&g, 2, "&start=300.000&end=300.000&step=60.000&");
	ck_assert_uint_eq(rig_requests(&g), 3);
	rig_fini(&g);
}
END_TEST

START_TEST(one_failed_part_fails_the_range)
{
	struct rig g;
	const struct server_reply replies[] = {
		SUCCESS("matrix", "[" SERIES("[[60,\"1\"]]") "]"),
		ANSWER("422 Unprocessable Entity", "{\"status\":\"error\",\"errorType\":"
						   "\"execution\",\"error\":\"x\"}"),
		ONE,
	};
	rig_init(&g, replies, 3, &(struct prom_source_config){.points_per_query = 1});
	const struct rig_answer *a = rig_ask_range(&g, 60000, 300000, 60000);
	ck_assert_int_eq(a->outcome, PROM_REFUSED);
	assert_says(a, "source default: status 422: execution: x");
	ck_assert_uint_eq(rig_requests(&g), 2);
	rig_fini(&g);
}
END_TEST

START_TEST(a_range_without_data_or_without_a_point_is_empty)
{
	struct rig g;
	const struct server_reply replies[] = {SUCCESS("matrix", "[]")};
	rig_init(&g, replies, 1, &(struct prom_source_config){.points_per_query = 2});
	ck_assert_int_eq(rig_ask_range(&g, 60000, 240000, 60000)->outcome, PROM_EMPTY);
	ck_assert_uint_eq(rig_requests(&g), 2);
	const struct rig_answer *a = rig_ask_range(&g, 60001, 119999, 60000);
	ck_assert_int_eq(a->outcome, PROM_EMPTY);
	assert_says(a, "no multiple of the step lies in the range");
	ck_assert_uint_eq(rig_requests(&g), 2);
	rig_fini(&g);
}
END_TEST

START_TEST(the_parts_of_a_range_share_one_limit_of_samples)
{
	struct rig g;
	const struct server_reply replies[] = {
		SUCCESS("matrix", "[" SERIES("[[60,\"1\"],[120,\"1\"]]") "]"),
		SUCCESS("matrix", "[" SERIES("[[180,\"1\"],[240,\"1\"]]") "]"),
	};
	rig_init(&g, replies, 2,
		 &(struct prom_source_config){
			 .points_per_query = 2,
			 .limits = {.max_series = 10, .max_samples = 3},
		 });
	const struct rig_answer *a = rig_ask_range(&g, 60000, 240000, 60000);
	ck_assert_int_eq(a->outcome, PROM_FAILED);
	assert_says(a, "more samples than the limit");
	rig_fini(&g);
}
END_TEST

/* --- sharing, cancelling, freeing --- */

START_TEST(equal_queries_share_one_request)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1, &plain);
	rig_query(&g, "up", 1);
	rig_query(&g, "up", 2);
	rig_query(&g, "down", 3);
	prom_query(g.source, "up", NOW_MS + 1, rig_done, rig_tag(&g, 4));
	rig_wait(&g, 4);
	ck_assert_uint_eq(rig_requests(&g), 3);
	int tags = 0;
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(g.answers[i].outcome, PROM_OK);
		tags |= 1 << g.answers[i].tag;
	}
	ck_assert_int_eq(tags, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
	/* Answers are not kept: the same question later is a new one. */
	rig_ask(&g, "up");
	ck_assert_uint_eq(rig_requests(&g), 4);
	rig_fini(&g);
}
END_TEST

START_TEST(who_cancels_hears_nothing_and_the_others_do)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1, &plain);
	/* The tags of those who never hear of it stay theirs. */
	struct rig_tag *first = rig_tag(&g, 1), *second = rig_tag(&g, 2);
	struct prom_query *q1 = prom_query(g.source, "up", NOW_MS, rig_done, first);
	rig_query(&g, "up", 3);
	struct prom_query *q2 = prom_query(g.source, "down", NOW_MS, rig_done, second);
	prom_cancel(q1);
	prom_cancel(q2);
	prom_cancel(NULL);
	rig_wait(&g, 1);
	ck_assert_int_eq(g.answers[0].tag, 3);
	ck_assert_int_eq(g.answer_count, 1);
	free(first);
	free(second);
	rig_fini(&g);
	ck_assert_uint_eq(g.server.request_count, 1);
}
END_TEST

START_TEST(a_callback_may_cancel_one_that_shares_its_answer)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1, &plain);
	struct rig_tag *second = rig_tag(&g, 2);
	rig_query(&g, "up", 1);
	g.cancel_in_done = prom_query(g.source, "up", NOW_MS, rig_done, second);
	bool is_last = _i == 0;
	if (!is_last)
		rig_query(&g, "up", 3);
	rig_wait(&g, is_last ? 1 : 2);
	ck_assert_int_eq(g.answers[0].tag, 1);
	ck_assert_int_eq(g.answers[1].tag, is_last ? 0 : 3);
	free(second);
	rig_fini(&g);
}
END_TEST

START_TEST(a_callback_may_ask_the_same_again)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1, &plain);
	g.ask_in_done = true;
	rig_query(&g, "up", 1);
	rig_wait(&g, 2);
	ck_assert_int_eq(g.answers[1].tag, 99);
	ck_assert_uint_eq(rig_requests(&g), 2);
	rig_fini(&g);
}
END_TEST

START_TEST(a_callback_may_free_the_source)
{
	struct rig g;
	const struct server_reply replies[] = {ONE};
	rig_init(&g, replies, 1,
		 &(struct prom_source_config){.http = {.max_in_flight = 1}});
	struct rig_tag *second = rig_tag(&g, 2), *third = rig_tag(&g, 3);
	g.free_in_done = true;
	rig_query(&g, "up", 1);
	prom_query(g.source, "up", NOW_MS, rig_done, second);
	prom_query(g.source, "down", NOW_MS, rig_done, third);
	rig_wait(&g, 1);
	ck_assert_int_eq(g.answer_count, 1);
	ck_assert_int_eq(g.answers[0].tag, 1);
	free(second);
	free(third);
	rig_fini(&g);
}
END_TEST

START_TEST(a_source_is_freed_with_queries_in_every_state)
{
	struct rig g;
	const struct server_reply replies[] = {BUSY};
	rig_init(&g, replies, 1,
		 &(struct prom_source_config){.http = {.max_in_flight = 1}});
	struct rig_tag *tags[3];
	static const char *const texts[] = {"a", "b", "c"};
	for (int i = 0; i < 3; i++) {
		tags[i] = rig_tag(&g, i);
		prom_query(g.source, texts[i], NOW_MS, rig_done, tags[i]);
	}
	/* One waits for its second try, one is on its way, one is queued. */
	while (rig_requests(&g) < 2)
		lws_service(reactor_lws(g.reactor), 0);
	rig_fini(&g);
	for (int i = 0; i < 3; i++)
		free(tags[i]);
}
END_TEST

static const struct prom_parameter nameless[] = {{NULL, "x"}};

static const struct {
	struct prom_source_config config;
	const char *says;
} refused[] = {
	{{.http = {.base_url = "http://h"}}, "a source needs a name"},
	{{.name = "x"}, "source x: no URL"},
	{{.name = "x", .http = {.base_url = "http://u:p@h"}},
	 "source x: credentials in the URL: give them as basic auth"},
	{{.name = "x",
	  .http = {.base_url = "http://h"},
	  .parameters = nameless,
	  .parameter_count = 1},
	 "source x: parameter 1 needs a name and a value"},
};

START_TEST(wrong_settings_are_refused)
{
	struct err err = {0};
	ck_assert_ptr_null(prom_source_new(NULL, &refused[_i].config, &err));
	ck_assert_str_eq(err.msg, refused[_i].says);
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("prom source");
	TCase *t = tcase_create("source");
	tcase_add_test(t, an_instant_query_goes_as_a_form_and_comes_back_as_samples);
	tcase_add_test(t, the_present_is_left_to_the_clock_of_the_server);
	tcase_add_test(t, a_source_that_knows_only_get_is_asked_by_get);
	tcase_add_test(t, a_refused_post_is_tried_as_get_and_remembered_when_that_works);
	tcase_add_test(t, a_missing_right_is_not_taken_for_a_dislike_of_post);
	tcase_add_test(t, post_stays_post_when_so_configured);
	tcase_add_loop_test(t, what_passes_is_tried_once_more, 0, ARRAY_LEN(tries));
	tcase_add_test(t, a_second_failure_is_final);
	tcase_add_test(t, a_server_that_is_not_there_is_named);
	tcase_add_test(t, a_token_file_that_is_missing_fails_the_query);
	tcase_add_test(t, an_answer_above_the_limit_is_refused);
	tcase_add_test(t, a_range_is_aligned_cut_and_joined_in_order);
	tcase_add_test(t, one_failed_part_fails_the_range);
	tcase_add_test(t, a_range_without_data_or_without_a_point_is_empty);
	tcase_add_test(t, the_parts_of_a_range_share_one_limit_of_samples);
	tcase_add_test(t, equal_queries_share_one_request);
	tcase_add_test(t, who_cancels_hears_nothing_and_the_others_do);
	tcase_add_loop_test(t, a_callback_may_cancel_one_that_shares_its_answer, 0, 2);
	tcase_add_test(t, a_callback_may_ask_the_same_again);
	tcase_add_test(t, a_callback_may_free_the_source);
	tcase_add_test(t, a_source_is_freed_with_queries_in_every_state);
	tcase_add_loop_test(t, wrong_settings_are_refused, 0, ARRAY_LEN(refused));
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	return run_suite(s);
}
