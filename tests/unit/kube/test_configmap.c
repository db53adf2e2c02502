#include "kube/configmap.h"

#include "unit/kube/api.h"

static struct api api;
static long status;
static struct err got_err;
static char reason[32], version[32], seen_body[512];
static int answer_status;

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	snprintf(seen_body, sizeof(seen_body), "%s", q->body);
	if (answer_status < 300)
		api_reply(q->peer, answer_status, "",
			  "{\"metadata\":{\"resourceVersion\":\"9\"}}");
	else
		api_refuse(q->peer, answer_status,
			   answer_status == 404 ? "NotFound" : "AlreadyExists", "x");
}

static void on_reply(void *arg, const struct kube_reply *reply)
{
	(void)arg;
	status = reply->status;
	got_err = reply->err;
	snprintf(reason, sizeof(reason), "%s", reply->reason);
	snprintf(version, sizeof(version), "%s",
		 json_str(reply->object, "metadata.resourceVersion", ""));
	api_stop(&api);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	api_client(&api);
	answer_status = 200;
}

static void teardown(void)
{
	api_fini(&api);
}

static void put(const char *from_version)
{
	cJSON *data = cJSON_CreateObject(), *annotations = cJSON_CreateObject();
	cJSON_AddStringToObject(data, "status.json", "{}");
	cJSON_AddStringToObject(annotations, "a", "b");
	struct kube_configmap map = {.ns = "sys",
				     .name = "st",
				     .version = from_version,
				     .status_label = "v1",
				     .annotations = from_version ? annotations : NULL,
				     .data = data};
	kube_configmap_put(api.kube, &map, on_reply, NULL);
	cJSON_Delete(data);
	cJSON_Delete(annotations);
	api_run(&api);
}

START_TEST(a_missing_one_is_told_apart)
{
	answer_status = 404;
	kube_configmap_get(api.kube, "sys", "st", on_reply, NULL);
	api_run(&api);
	ck_assert_int_eq(status, 404);
	ck_assert_str_eq(reason, "NotFound");
	ck_assert_str_eq(str_text(&api.log),
			 "GET /api/v1/namespaces/sys/configmaps/st\n");
}
END_TEST

START_TEST(without_a_version_it_is_created)
{
	answer_status = 201;
	put(NULL);
	ck_assert_int_eq(got_err.code, ERR_NONE);
	ck_assert_str_eq(version, "9");
	ck_assert_str_eq(str_text(&api.log), "POST /api/v1/namespaces/sys/"
					     "configmaps?fieldManager=foretop\n");
	ck_assert_str_eq(seen_body,
			 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
			 "\"name\":\"st\",\"namespace\":\"sys\",\"labels\":{"
			 "\"app.kubernetes.io/part-of\":\"foretop\",\"foretop.io/"
			 "status\":\"v1\"}},\"data\":{\"status.json\":\"{}\"}}");
}
END_TEST

START_TEST(with_a_version_exactly_that_one_is_replaced)
{
	put("8");
	ck_assert_str_eq(str_text(&api.log), "PUT /api/v1/namespaces/sys/configmaps/"
					     "st?fieldManager=foretop\n");
	ck_assert_ptr_nonnull(strstr(seen_body, "\"resourceVersion\":\"8\""));
	ck_assert_ptr_nonnull(strstr(seen_body, "\"annotations\":{\"a\":\"b\"}"));
}
END_TEST

START_TEST(one_that_is_there_already_is_a_conflict)
{
	answer_status = 409;
	put("");
	ck_assert_int_eq(got_err.code, ERR_CONFLICT);
	ck_assert_str_eq(reason, "AlreadyExists");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube configmap");
	TCase *t = tcase_create("configmap");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_missing_one_is_told_apart);
	tcase_add_test(t, without_a_version_it_is_created);
	tcase_add_test(t, with_a_version_exactly_that_one_is_replaced);
	tcase_add_test(t, one_that_is_there_already_is_a_conflict);
	suite_add_tcase(s, t);
	return run_suite(s);
}
