#include "kube/status.h"

#include "unit/harness.h"

#include <string.h>

#define STATUS(code, reason, message)                                                    \
	"{\"kind\":\"Status\",\"code\":" code ",\"reason\":\"" reason                    \
	"\",\"message\":\"" message "\"}"

static const struct {
	long status;
	const char *body;
	enum err_code code;
	const char *reason, *text;
} cases[] = {
	{409, STATUS("409", "Conflict", "modified"), ERR_CONFLICT, "Conflict",
	 "PUT /x: 409 conflict: modified"},
	{409, STATUS("409", "AlreadyExists", "there"), ERR_CONFLICT, "AlreadyExists",
	 "PUT /x: 409 conflict: there"},
	{404, STATUS("404", "NotFound", "gone"), ERR_INVALID, "NotFound",
	 "PUT /x: 404 not found: gone"},
	{404, "404 page not found\n", ERR_INVALID, "",
	 "PUT /x: 404 not found: 404 page not found"},
	{403, STATUS("403", "Forbidden", "User \\\"u\\\" cannot"), ERR_RETRY, "Forbidden",
	 "PUT /x: 403 forbidden: User \"u\" cannot"},
	{403, "", ERR_RETRY, "",
	 "PUT /x: 403 forbidden without a text (a Role that is not bound, or a proxy)"},
	{401, STATUS("401", "Unauthorized", "Unauthorized"), ERR_RETRY, "Unauthorized",
	 "PUT /x: 401 unauthorized (the token or certificate is not accepted): "
	 "Unauthorized"},
	{422, STATUS("422", "Invalid", "bad"), ERR_INVALID, "Invalid",
	 "PUT /x: 422 invalid: bad"},
	{410, STATUS("410", "Expired", "too old"), ERR_CONFLICT, "Expired",
	 "PUT /x: 410 gone: too old"},
	{429, "Too many requests, please try again later.\n", ERR_RETRY, "",
	 "PUT /x: 429 too many requests: Too many requests, please try again later."},
	{500, "", ERR_RETRY, "", "PUT /x: 500 internal error"},
	{503, STATUS("503", "ServiceUnavailable", "wait"), ERR_RETRY,
	 "ServiceUnavailable", "PUT /x: 503 unavailable (is the server starting?): wait"},
	{302, "", ERR_RETRY, "",
	 "PUT /x: 302 redirect, not followed (is this the API server's URL?)"},
	{200, "<html>\n <body>\tlogin\x01</body>", ERR_RETRY, "",
	 "PUT /x: 200 refused: <html> <body> login?</body>"},
	{399, "", ERR_RETRY, "",
	 "PUT /x: 399 redirect, not followed (is this the API server's URL?)"},
	{300, "", ERR_RETRY, "",
	 "PUT /x: 300 redirect, not followed (is this the API server's URL?)"},
	{299, "", ERR_RETRY, "", "PUT /x: 299 refused"},
	{418, "[1]", ERR_RETRY, "", "PUT /x: 418 refused: [1]"},
};

START_TEST(answers_are_told_as_an_admin_needs_them)
{
	struct kube_status s;
	kube_status_read("PUT /x", cases[_i].status, cases[_i].body,
			 strlen(cases[_i].body), -1, &s);
	ck_assert_int_eq(s.err.code, cases[_i].code);
	ck_assert_str_eq(s.reason, cases[_i].reason);
	ck_assert_str_eq(s.err.msg, cases[_i].text);
	ck_assert_int_eq(s.status, cases[_i].status);
	ck_assert_int_eq(s.retry_after_ms, 0);
}
END_TEST

START_TEST(the_header_wins_over_the_details)
{
	static const char body[] = "{\"kind\":\"Status\",\"code\":429,\"details\":{"
				   "\"retryAfterSeconds\":7}}";
	struct kube_status s;
	kube_status_read("GET /x", 429, body, strlen(body), -1, &s);
	ck_assert_int_eq(s.retry_after_ms, 7000);
	kube_status_read("GET /x", 429, body, strlen(body), 3000, &s);
	ck_assert_int_eq(s.retry_after_ms, 3000);
}
END_TEST

START_TEST(a_wait_of_a_day_or_nothing_is_no_wait)
{
	static const char *const details[] = {"86400", "0", "-1", "\"5\""};
	for (size_t i = 0; i < ARRAY_LEN(details); i++) {
		struct kube_status s;
		char *body AUTO_FREE = xasprintf("{\"kind\":\"Status\",\"details\":{"
						 "\"retryAfterSeconds\":%s}}",
						 details[i]);
		kube_status_read("GET /x", 429, body, strlen(body), -1, &s);
		ck_assert_int_eq(s.retry_after_ms, 0);
	}
}
END_TEST

START_TEST(a_long_page_is_cut)
{
	char body[4000];
	struct kube_status s;
	memset(body, 'x', sizeof(body));
	kube_status_read("GET /x", 502, body, sizeof(body), -1, &s);
	ck_assert_uint_eq(strlen(s.err.msg), strlen("GET /x: 502 bad gateway: ") + 119);
}
END_TEST

START_TEST(both_forms_of_410_and_a_future_version_are_recognised)
{
	static const struct {
		const char *object;
		bool expired, too_new;
	} events[] = {
		{STATUS("410", "Expired", "x"), true, false},
		{STATUS("410", "Gone", "x"), true, false},
		{STATUS("500", "Expired", "x"), true, false},
		{STATUS("500", "InternalError", "x"), false, false},
		{STATUS("504", "Timeout", "Too large resource version: 9, current: 3"),
		 false, true},
		{"{\"kind\":\"Status\",\"code\":504,\"reason\":\"Timeout\",\"details\":{"
		 "\"causes\":[{\"reason\":\"ResourceVersionTooLarge\"}]}}",
		 false, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		struct kube_status s;
		cJSON *object =
			json_parse(events[i].object, strlen(events[i].object), NULL);
		kube_status_of_object("watch", object, &s);
		cJSON_Delete(object);
		ck_assert_int_eq(kube_status_is_expired(&s), events[i].expired);
		ck_assert_int_eq(kube_status_is_too_new(&s), events[i].too_new);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube status");
	TCase *t = tcase_create("status");
	tcase_add_loop_test(t, answers_are_told_as_an_admin_needs_them, 0,
			    ARRAY_LEN(cases));
	tcase_add_test(t, the_header_wins_over_the_details);
	tcase_add_test(t, a_wait_of_a_day_or_nothing_is_no_wait);
	tcase_add_test(t, a_long_page_is_cut);
	tcase_add_test(t, both_forms_of_410_and_a_future_version_are_recognised);
	suite_add_tcase(s, t);
	return run_suite(s);
}
