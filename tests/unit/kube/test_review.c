#include "kube/review.h"

#include "unit/kube/api.h"

#define USER                                                                             \
	"{\"status\":{\"authenticated\":true,\"user\":{\"username\":\"jane\",\"uid\":"   \
	"\"42\",\"groups\":[\"ops\",\"system:authenticated\"],\"extra\":{\"k\":[\"v\"]}" \
	"}}}"

static struct api api;
static int token_status, access_status;
static const char *token_answer, *access_answer;
static char token_body[512], access_body[512];
static int verdict, calls;
static char user[64];
static struct err got;

static void answer(struct api_peer *peer, int status, const char *body)
{
	if (status == 201)
		api_reply(peer, 201, "", body);
	else
		api_refuse(peer, status, "Forbidden", "no right to ask");
}

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	ck_assert_str_eq(q->method, "POST");
	if (strstr(q->target, "tokenreviews")) {
		snprintf(token_body, sizeof(token_body), "%s", q->body);
		answer(q->peer, token_status, token_answer);
	} else {
		snprintf(access_body, sizeof(access_body), "%s", q->body);
		answer(q->peer, access_status, access_answer);
	}
}

static void on_review(void *arg, enum kube_review_verdict v, const char *name,
		      const struct err *err)
{
	ck_assert_ptr_eq(arg, &api);
	calls++;
	verdict = (int)v;
	got = *err;
	snprintf(user, sizeof(user), "%s", name);
	api_stop(&api);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	api_client(&api);
	token_status = access_status = 201;
	token_answer = USER;
	access_answer = "{\"status\":{\"allowed\":true}}";
	calls = 0;
	access_body[0] = '\0';
}

static void teardown(void)
{
	api_fini(&api);
}

static void review(void)
{
	kube_review_start(api.kube, "secret", on_review, &api);
	ck_assert_int_eq(calls, 0);
	api_run(&api);
	ck_assert_int_eq(calls, 1);
}

START_TEST(a_user_with_the_right_is_let_in)
{
	review();
	ck_assert_int_eq(verdict, KUBE_REVIEW_ALLOWED);
	ck_assert_str_eq(user, "jane");
	ck_assert_str_eq(str_text(&api.log),
			 "POST /apis/authentication.k8s.io/v1/tokenreviews\n"
			 "POST /apis/authorization.k8s.io/v1/subjectaccessreviews\n");
	ck_assert_str_eq(token_body,
			 "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":"
			 "\"TokenReview\",\"spec\":{\"token\":\"secret\"}}");
	ck_assert_str_eq(
		access_body,
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":"
		"\"SubjectAccessReview\",\"spec\":{\"user\":\"jane\",\"uid\":\"42\","
		"\"groups\":[\"ops\",\"system:authenticated\"],\"extra\":{\"k\":[\"v\"]},"
		"\"nonResourceAttributes\":{\"path\":\"/foretop\",\"verb\":\"get\"}}}");
}
END_TEST

START_TEST(a_user_without_the_right_is_not)
{
	access_answer = "{\"status\":{\"allowed\":false,\"reason\":\"no\"}}";
	review();
	ck_assert_int_eq(verdict, KUBE_REVIEW_FORBIDDEN);
	ck_assert_str_eq(user, "jane");
}
END_TEST

static const char *const nobody[] = {
	"{\"status\":{\"authenticated\":false,\"error\":\"invalid bearer token\"}}",
	"{\"status\":{\"user\":{\"username\":\"jane\"}}}",
	"{\"status\":{\"authenticated\":\"true\",\"user\":{\"username\":\"jane\"}}}",
	"{\"status\":{\"authenticated\":true,\"user\":{\"username\":\"\"}}}",
	"{\"status\":{\"authenticated\":true}}",
	"{}",
};

START_TEST(a_token_of_nobody_is_not_asked_about_further)
{
	token_answer = nobody[_i];
	review();
	ck_assert_int_eq(verdict, KUBE_REVIEW_UNKNOWN);
	ck_assert_str_eq(access_body, "");
}
END_TEST

START_TEST(a_server_that_does_not_say_lets_nobody_in)
{
	token_status = _i == 0 ? 403 : 201;
	access_status = _i == 1 ? 500 : 201;
	access_answer = _i == 2 ? "{\"status\":{\"allowed\":1}}" : "{}";
	review();
	ck_assert_int_eq(verdict, _i == 2 ? KUBE_REVIEW_FORBIDDEN : KUBE_REVIEW_FAILED);
	if (_i < 2)
		ck_assert(got.code != ERR_NONE && got.msg[0]);
}
END_TEST

START_TEST(a_cancelled_review_leaves_nothing_behind)
{
	struct kube_review *r = kube_review_start(api.kube, "secret", on_review, &api);
	kube_review_cancel(r);
	kube_review_cancel(NULL);
	review();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube review");
	TCase *t = tcase_create("review");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_user_with_the_right_is_let_in);
	tcase_add_test(t, a_user_without_the_right_is_not);
	tcase_add_loop_test(t, a_token_of_nobody_is_not_asked_about_further, 0,
			    ARRAY_LEN(nobody));
	tcase_add_loop_test(t, a_server_that_does_not_say_lets_nobody_in, 0, 3);
	tcase_add_test(t, a_cancelled_review_leaves_nothing_behind);
	suite_add_tcase(s, t);
	return run_suite(s);
}
