#include "kube/scale.h"

#include "unit/kube/api.h"

#define SCALE                                                                            \
	"{\"kind\":\"Scale\",\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"8\"},"    \
	"\"spec\":{\"replicas\":5},\"status\":{\"replicas\":4,\"selector\":\"app=web\"}" \
	"}"

static const struct kube_target target = {"apps/v1", "deployments", "shop", "web", NULL};
static struct api api;
static struct kube_scale got;
static bool got_scale;
static char selector[64];
static long status;
static struct err got_err;
static int answer_status;
static const char *answer_body;
static char seen_body[512];

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	snprintf(seen_body, sizeof(seen_body), "%s", q->body);
	if (answer_status == 200)
		api_reply(q->peer, 200, "", answer_body);
	else
		api_refuse(q->peer, answer_status, "Conflict", "modified");
}

static void on_scale(void *arg, const struct kube_scale *scale,
		     const struct kube_reply *reply)
{
	ck_assert_ptr_eq(arg, &api);
	got_scale = scale != NULL;
	if (scale) {
		got = *scale;
		snprintf(selector, sizeof(selector), "%s", scale->selector);
	}
	status = reply->status;
	got_err = reply->err;
	api_stop(&api);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	api_client(&api);
	answer_status = 200;
	answer_body = SCALE;
}

static void teardown(void)
{
	api_fini(&api);
}

START_TEST(a_scale_is_read)
{
	kube_scale_get(api.kube, &target, on_scale, &api);
	api_run(&api);
	ck_assert(got_scale);
	ck_assert_int_eq(got.replicas, 5);
	ck_assert_int_eq(got.status_replicas, 4);
	ck_assert_str_eq(got.version, "8");
	ck_assert_str_eq(got.uid, "u");
	ck_assert_str_eq(selector, "app=web");
	ck_assert_str_eq(str_text(&api.log),
			 "GET /apis/apps/v1/namespaces/shop/deployments/web/scale\n");
}
END_TEST

START_TEST(a_write_carries_its_preconditions)
{
	struct kube_scale scale = {.replicas = 7, .version = "8", .uid = "u"};
	kube_scale_put(api.kube, &target, &scale, false, on_scale, &api);
	api_run(&api);
	ck_assert(got_scale);
	ck_assert_str_eq(seen_body,
			 "{\"apiVersion\":\"autoscaling/v1\",\"kind\":\"Scale\","
			 "\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\","
			 "\"resourceVersion\":\"8\",\"uid\":\"u\"},\"spec\":{"
			 "\"replicas\":7}}");
	kube_scale_put(api.kube, &target, &scale, true, on_scale, &api);
	api_run(&api);
	ck_assert_str_eq(str_text(&api.log),
			 "PUT /apis/apps/v1/namespaces/shop/deployments/web/"
			 "scale?fieldManager=foretop\n"
			 "PUT /apis/apps/v1/namespaces/shop/deployments/web/"
			 "scale?fieldManager=foretop&dryRun=All\n");
}
END_TEST

START_TEST(a_conflict_is_told_as_one)
{
	struct kube_scale scale = {.replicas = 7, .version = "8", .uid = "u"};
	answer_status = 409;
	kube_scale_put(api.kube, &target, &scale, false, on_scale, &api);
	api_run(&api);
	ck_assert(!got_scale);
	ck_assert_int_eq(status, 409);
	ck_assert_int_eq(got_err.code, ERR_CONFLICT);
}
END_TEST

START_TEST(an_answer_that_is_no_scale_is_an_error)
{
	answer_body = "{\"kind\":\"Deployment\"}";
	kube_scale_get(api.kube, &target, on_scale, &api);
	api_run(&api);
	ck_assert(!got_scale);
	ck_assert_int_eq(got_err.code, ERR_INVALID);
}
END_TEST

START_TEST(a_cancelled_call_leaves_nothing_behind)
{
	kube_cancel(kube_scale_get(api.kube, &target, on_scale, &api));
	kube_scale_get(api.kube, &target, on_scale, &api); /* freed with the client */
}
END_TEST

static const struct {
	const char *text;
	int replicas; /* -1: refused */
} scales[] = {
	{"{\"kind\":\"Scale\",\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"8\"}}",
	 0},
	{"{\"kind\":\"Scale\",\"metadata\":{\"uid\":\"u\"},\"spec\":{\"replicas\":1}}",
	 -1},
	{"{\"kind\":\"Scale\",\"metadata\":{\"resourceVersion\":\"8\"},\"spec\":{"
	 "\"replicas\":1}}",
	 -1},
	{"{\"kind\":\"Scale\",\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"8\"},"
	 "\"spec\":{\"replicas\":-1}}",
	 -1},
	{"{\"kind\":\"Scale\",\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"8\"},"
	 "\"spec\":{\"replicas\":\"3\"}}",
	 -1},
	{"{\"kind\":\"Scale\",\"metadata\":{\"uid\":\"u\",\"resourceVersion\":8}}", -1},
	{"null", -1},
};

START_TEST(absent_replicas_are_zero_and_nonsense_is_refused)
{
	struct err err = {0};
	struct kube_scale scale;
	cJSON *object = json_parse(scales[_i].text, strlen(scales[_i].text), &err);
	int result = kube_scale_read(object, &scale, &err);
	ck_assert_int_eq(result, scales[_i].replicas < 0 ? -1 : 0);
	if (result == 0)
		ck_assert_int_eq(scale.replicas, scales[_i].replicas);
	cJSON_Delete(object);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube scale");
	TCase *t = tcase_create("scale");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_scale_is_read);
	tcase_add_test(t, a_write_carries_its_preconditions);
	tcase_add_test(t, a_conflict_is_told_as_one);
	tcase_add_test(t, an_answer_that_is_no_scale_is_an_error);
	tcase_add_test(t, a_cancelled_call_leaves_nothing_behind);
	tcase_add_loop_test(t, absent_replicas_are_zero_and_nonsense_is_refused, 0,
			    ARRAY_LEN(scales));
	suite_add_tcase(s, t);
	return run_suite(s);
}
