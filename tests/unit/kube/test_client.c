#include "kube/client.h"

#include "unit/kube/api.h"

static struct api api;
static struct kube_reply got;
static char reason[64], name[64];
static int calls;

static void on_reply(void *arg, const struct kube_reply *reply)
{
	(void)arg;
	got = *reply;
	snprintf(reason, sizeof(reason), "%s", reply->reason);
	snprintf(name, sizeof(name), "%s", json_str(reply->object, "name", ""));
	calls++;
	api_stop(&api);
}

#define ORDINARY "/ordinary"
static int status; /* 0: cut the connection instead of an answer; < 0: none ever, but to
		      ORDINARY */
static int unanswered, wait_for_unanswered;
static const char *headers, *body;
static char seen_head[2048], seen_body[256];

static void answer(struct api *a, const struct api_request *q)
{
	(void)a;
	snprintf(seen_head, sizeof(seen_head), "%s", q->head);
	snprintf(seen_body, sizeof(seen_body), "%s", q->body);
	if (status < 0 && !strstr(q->head, ORDINARY)) {
		if (++unanswered == wait_for_unanswered)
			api_stop(&api);
		return; /* no answer ever */
	}
	if (status)
		api_reply(q->peer, status < 0 ? 200 : status, headers, body);
	else
		shutdown(q->peer->watch.fd, SHUT_RDWR);
}

static void setup(void)
{
	api_init(&api, answer, NULL);
	status = 200;
	headers = "";
	body = "{}";
	calls = 0;
	unanswered = wait_for_unanswered = 0;
}

static void teardown(void)
{
	api_fini(&api);
}

static void ask(enum kube_method method, const cJSON *content)
{
	struct kube_request request = {.method = method,
				       .path = "/api/v1/x",
				       .query = "limit=1",
				       .body = content};
	kube_send(api.kube, &request, on_reply, NULL);
	ck_assert_int_eq(calls, 0);
	api_run(&api);
	ck_assert_int_eq(calls, 1);
	calls = 0;
}

START_TEST(an_object_comes_back)
{
	api.config.token = xstrdup("secret");
	api_client(&api);
	body = "{\"name\":\"a\"}";
	ask(KUBE_GET, NULL);
	ck_assert_int_eq(got.err.code, ERR_NONE);
	ck_assert_int_eq(got.status, 200);
	ck_assert_str_eq(name, "a");
	ck_assert(!strncmp(seen_head, "GET /api/v1/x?limit=1 HTTP/1.1\r\n", 32));
	ck_assert_ptr_nonnull(strstr(seen_head, "Authorization: Bearer secret\r\n"));
	ck_assert_ptr_nonnull(strstr(seen_head, "User-Agent: foretop/"));
}
END_TEST

START_TEST(writes_carry_their_body_and_kind)
{
	static const struct {
		enum kube_method method;
		const char *line, *type;
	} cases[] = {
		{KUBE_PUT, "PUT ", "Content-Type: application/json\r\n"},
		{KUBE_POST, "POST ", "Content-Type: application/json\r\n"},
		{KUBE_PATCH, "PATCH ", "Content-Type: application/merge-patch+json\r\n"},
	};
	cJSON *content = cJSON_CreateObject();
	cJSON_AddStringToObject(content, "k", "v");
	api_client(&api);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ask(cases[i].method, content);
		ck_assert(!strncmp(seen_head, cases[i].line, strlen(cases[i].line)));
		ck_assert_ptr_nonnull(strstr(seen_head, cases[i].type));
		ck_assert_str_eq(seen_body, "{\"k\":\"v\"}");
	}
	cJSON_Delete(content);
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum err_code code;
	const char *reason;
	bool not_executed, stands;
} refusals[] = {
	{409, "{\"kind\":\"Status\",\"reason\":\"Conflict\"}", ERR_CONFLICT, "Conflict",
	 true, false},
	{400, "", ERR_INVALID, "", true, true},
	{404, "{\"kind\":\"Status\",\"reason\":\"NotFound\"}", ERR_INVALID, "NotFound",
	 true, true},
	{403, "", ERR_RETRY, "", true, true},
	{429, "Too many requests", ERR_RETRY, "", true, false},
	{500, "", ERR_RETRY, "", false, false}, /* a write may have happened */
	{200, "<html>login</html>", ERR_RETRY, "", false, false},
	{302, "", ERR_RETRY, "", false, false},
};

START_TEST(each_request_says_whom_it_is_for)
{
	char dev[] = "dev", ops[] = "ops", *groups[] = {dev, ops, NULL};
	api.config.as.user = xstrdup("jane");
	api.config.as.groups = texts_copy(groups);
	api_client(&api);
	ask(KUBE_GET, NULL);
	ck_assert_ptr_nonnull(strstr(seen_head, "\r\nImpersonate-User: jane\r\n"
						"Impersonate-Group: dev\r\n"
						"Impersonate-Group: ops\r\n"));
}
END_TEST

START_TEST(refusals_are_typed)
{
	status = refusals[_i].status;
	body = refusals[_i].body;
	headers = status == 429 ? "Retry-After: 3\r\n" : "";
	api_client(&api);
	ask(KUBE_GET, NULL);
	ck_assert_int_eq(got.err.code, refusals[_i].code);
	ck_assert_str_eq(reason, refusals[_i].reason);
	ck_assert_int_eq(got.not_executed, refusals[_i].not_executed);
	ck_assert_int_eq(kube_reply_stands(&got), refusals[_i].stands);
	ck_assert_ptr_null(got.object);
	ck_assert_int_eq(got.retry_after_ms, status == 429 ? 3000 : 0);
	ck_assert_msg(!strncmp(got.err.msg, "GET /api/v1/x: ", 15), "%s", got.err.msg);
}
END_TEST

START_TEST(a_server_that_is_not_there_executed_nothing)
{
	api_client(&api);
	api_close_listener(&api);
	ask(KUBE_PUT, NULL);
	ck_assert_int_eq(got.err.code, ERR_RETRY);
	ck_assert_int_eq(got.status, 0);
	ck_assert(got.not_executed);
	ck_assert_ptr_nonnull(strstr(got.err.msg, "Connection refused"));
}
END_TEST

START_TEST(a_write_whose_answer_was_lost_may_have_happened)
{
	status = 0;
	api_client(&api);
	ask(KUBE_PUT, NULL);
	ck_assert_int_eq(got.err.code, ERR_RETRY);
	ck_assert_int_eq(got.status, 0);
	ck_assert(!got.not_executed && !got.too_large);
}
END_TEST

START_TEST(a_request_that_cannot_start_is_answered_all_the_same)
{
	struct kube_request request = {.method = KUBE_GET, .path = "no path"};
	api_client(&api);
	kube_send(api.kube, &request, on_reply, NULL);
	ck_assert_int_eq(calls, 0);
	api_run(&api);
	ck_assert_int_eq(got.err.code, ERR_INVALID);
	ck_assert(got.not_executed);
}
END_TEST

static void must_not_come(void *arg, const struct kube_reply *reply)
{
	(void)arg;
	(void)reply;
	ck_abort_msg("a cancelled call was answered");
}

START_TEST(cancelled_and_abandoned_calls_are_never_answered)
{
	struct kube_request request = {.method = KUBE_GET, .path = "/x"};
	struct kube_options options = {
		.config = &api.config, .requests_per_s = 0.001, .burst = 3};
	api.kube = kube_new(api.reactor, &options, NULL);
	kube_cancel(kube_send(api.kube, &request, must_not_come, NULL));
	ask(KUBE_GET, NULL);
	kube_send(api.kube, &request, must_not_come, NULL); /* on its way */
	kube_send(api.kube, &request, must_not_come, NULL); /* waits for the rate */
	ck_assert_int_eq(kube_waiting(api.kube), 1);
	kube_cancel(kube_send(api.kube, &request, must_not_come, NULL));
	ck_assert_int_eq(kube_waiting(api.kube), 1);
	kube_cancel(NULL);
}
END_TEST

START_TEST(the_rate_holds_but_not_for_urgent_requests)
{
	struct kube_request request = {
		.method = KUBE_GET, .path = "/urgent", .urgent = true};
	struct kube_options options = {
		.config = &api.config, .requests_per_s = 0.001, .burst = 1};
	api.kube = kube_new(api.reactor, &options, NULL);
	ask(KUBE_GET, NULL);
	struct kube_request slow = {.method = KUBE_GET, .path = "/slow"};
	kube_send(api.kube, &slow, must_not_come, NULL);
	kube_send(api.kube, &request, on_reply, NULL);
	api_run(&api);
	ck_assert_str_eq(str_text(&api.log), "GET /api/v1/x?limit=1\nGET /urgent\n");
}
END_TEST

START_TEST(as_many_urgent_requests_are_under_way_as_was_asked_for)
{
	struct kube_request request = {
		.method = KUBE_GET, .path = "/urgent", .urgent = true};
	struct kube_options options = {.config = &api.config, .urgent = 3};
	api.kube = kube_new(api.reactor, &options, NULL);
	status = -1; /* never answered: what comes stays under way */
	for (int i = 0; i < 5; i++)
		kube_send(api.kube, &request, must_not_come, NULL);
	wait_for_unanswered = 3;
	api_run(&api);
	/* What could be sent beside them is there before this is answered. */
	struct kube_request other = {.method = KUBE_GET, .path = ORDINARY};
	kube_send(api.kube, &other, on_reply, NULL);
	api_run(&api);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(unanswered, 3);
}
END_TEST

static bool allowed;

static bool holds(void *arg)
{
	ck_assert_ptr_eq(arg, &allowed);
	return allowed;
}

static void on_reply_forbids(void *arg, const struct kube_reply *reply)
{
	(void)arg;
	ck_assert_int_eq(reply->err.code, ERR_NONE);
	allowed = false;
}

START_TEST(a_permit_is_asked_for_when_a_request_goes_out_not_when_it_is_given)
{
	const struct kube_permit permit = {holds, &allowed};
	struct kube_request request = {
		.method = KUBE_PUT, .path = "/written", .permit = &permit};
	struct kube_options options = {
		.config = &api.config, .requests_per_s = 100, .burst = 1};
	api.kube = kube_new(api.reactor, &options, NULL);
	allowed = true;
	kube_send(api.kube, &request, on_reply_forbids, NULL);
	kube_send(api.kube, &request, on_reply, NULL); /* waits for the rate */
	ck_assert_int_eq(kube_waiting(api.kube), 1);
	allowed = false;
	api_run(&api);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(got.err.code, ERR_RETRY);
	ck_assert(got.not_executed);
	ck_assert_str_eq(str_text(&api.log), "PUT /written\n");
}
END_TEST

START_TEST(after_a_429_the_next_request_waits)
{
	status = 429;
	api_client(&api);
	ask(KUBE_GET, NULL);
	struct kube_request request = {.method = KUBE_GET, .path = "/x"};
	kube_send(api.kube, &request, must_not_come, NULL);
	ck_assert_int_eq(kube_waiting(api.kube), 1);
}
END_TEST

START_TEST(no_request_takes_longer_than_the_client_allows)
{
	struct kube_options options = {.config = &api.config, .timeout_ms = 50};
	struct kube_request patient = {
		.method = KUBE_GET, .path = "/x", .timeout_ms = MS_PER_H};
	status = -1;
	api.kube = kube_new(api.reactor, &options, NULL);
	ask(KUBE_GET, NULL);
	ck_assert_int_eq(got.status, 0);
	ck_assert_msg(strstr(got.err.msg, "time-out"), "%s", got.err.msg);
	kube_send(api.kube, &patient, on_reply, NULL);
	api_run(&api);
	ck_assert_msg(strstr(got.err.msg, "time-out"), "%s", got.err.msg);
}
END_TEST

static void free_client(void *arg, const struct kube_reply *reply)
{
	(void)arg;
	(void)reply;
	kube_free(api.kube);
	api.kube = NULL;
	api_stop(&api);
}

START_TEST(the_client_may_be_freed_by_an_answer)
{
	struct kube_request request = {.method = KUBE_GET, .path = "/x"};
	api_client(&api);
	kube_send(api.kube, &request, free_client, NULL);
	api_run(&api);
	ck_assert_ptr_null(api.kube);
}
END_TEST

START_TEST(text_is_escaped_for_paths_and_queries)
{
	char *text AUTO_FREE = kube_escape("a/b c=d&e,f");
	ck_assert_str_eq(text, "a%2Fb%20c%3Dd%26e%2Cf");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube client");
	TCase *t = tcase_create("client");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_object_comes_back);
	tcase_add_test(t, writes_carry_their_body_and_kind);
	tcase_add_test(t, each_request_says_whom_it_is_for);
	tcase_add_loop_test(t, refusals_are_typed, 0, ARRAY_LEN(refusals));
	tcase_add_test(t, a_server_that_is_not_there_executed_nothing);
	tcase_add_test(t, a_write_whose_answer_was_lost_may_have_happened);
	tcase_add_test(t, a_request_that_cannot_start_is_answered_all_the_same);
	tcase_add_test(t, cancelled_and_abandoned_calls_are_never_answered);
	tcase_add_test(t, the_rate_holds_but_not_for_urgent_requests);
	tcase_add_test(
		t, a_permit_is_asked_for_when_a_request_goes_out_not_when_it_is_given);
	tcase_add_test(t, as_many_urgent_requests_are_under_way_as_was_asked_for);
	tcase_add_test(t, after_a_429_the_next_request_waits);
	tcase_add_test(t, no_request_takes_longer_than_the_client_allows);
	tcase_add_test(t, the_client_may_be_freed_by_an_answer);
	tcase_add_test(t, text_is_escaped_for_paths_and_queries);
	suite_add_tcase(s, t);
	return run_suite(s);
}
