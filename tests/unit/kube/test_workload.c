#include "kube/workload.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define META                                                                             \
	"\"metadata\":{\"name\":\"w\",\"namespace\":\"n\",\"uid\":\"u\","                \
	"\"resourceVersion\":\"7\""

static cJSON *tree(const char *text)
{
	struct err err = {0};
	cJSON *t = json_parse(text, strlen(text), &err);
	ck_assert_msg(t != NULL, "%s: %s", text, err.msg);
	return t;
}

START_TEST(a_whole_deployment_is_read)
{
	struct err err = {0};
	struct kube_workload w;
	cJSON *object = tree(
		"{" META
		",\"generation\":3,\"creationTimestamp\":\"1970-01-01T00:00:05Z\"},"
		"\"spec\":{\"replicas\":4,\"paused\":true,\"selector\":{\"matchLabels\":"
		"{\"app\":\"web\"}}},"
		"\"status\":{\"observedGeneration\":3,\"replicas\":6,\"readyReplicas\":3,"
		"\"updatedReplicas\":2,\"availableReplicas\":1,\"conditions\":["
		"{\"type\":\"Available\",\"status\":\"False\"},"
		"{\"type\":\"Progressing\",\"status\":\"False\"}]}}");
	ck_assert_msg(kube_workload_read(object, "Deployment", &w, &err) == 0, "%s",
		      err.msg);
	ck_assert_str_eq(w.ns, "n");
	ck_assert_str_eq(w.name, "w");
	ck_assert_str_eq(w.uid, "u");
	ck_assert_str_eq(w.version, "7");
	ck_assert_int_eq(w.replicas, 4);
	ck_assert_int_eq(w.status_replicas, 6);
	ck_assert_int_eq(w.ready_replicas, 3);
	ck_assert_int_eq(w.updated_replicas, 2);
	ck_assert_int_eq(w.available_replicas, 1);
	ck_assert_int_eq(w.created_ms, 5000);
	ck_assert(w.paused && w.observed && w.rolling && w.stalled && !w.deleted);
	char *selector AUTO_FREE = kube_selector_text(w.selector);
	ck_assert_str_eq(selector, "app=web");
	kube_workload_fini(&w);
	kube_workload_fini(&w);
	cJSON_Delete(object);
}
END_TEST

START_TEST(managed_fields_tell_when_it_was_scaled_too)
{
	static const char text[] =
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"1\","
		"\"managedFields\":[{\"manager\":\"kubectl\",\"time\":\"2026-03-01T00:00:"
		"00Z"
		"\",\"fieldsV1\":{\"f:metadata\":{}}},{\"manager\":\"foretop\",\"time\":"
		"\"2026-03-02T08:00:07Z\",\"fieldsV1\":{\"f:spec\":{\"f:replicas\":{}}}}]"
		"}}";
	cJSON *o = json_parse(text, sizeof(text) - 1, NULL);
	struct kube_workload w;
	ck_assert_int_eq(kube_workload_read(o, "Deployment", &w, NULL), 0);
	ck_assert_str_eq(w.scaler, "foretop");
	ck_assert_int_eq(w.scaled_ms, 1772438407000);
	kube_workload_fini(&w);
	cJSON_Delete(o);
}
END_TEST

START_TEST(a_settled_deployment_neither_rolls_nor_stalls)
{
	struct err err = {0};
	struct kube_workload w;
	cJSON *object = tree("{" META ",\"deletionTimestamp\":\"x\"},\"spec\":{"
			     "\"replicas\":2147483647},\"status\":{\"replicas\":4,"
			     "\"updatedReplicas\":4,\"conditions\":[{\"type\":"
			     "\"Available\",\"status\":\"False\"},{\"type\":"
			     "\"Progressing\",\"status\":\"True\"}]}}");
	ck_assert_int_eq(kube_workload_read(object, "Deployment", &w, &err), 0);
	ck_assert(!w.rolling && !w.stalled && !w.paused && w.observed && w.deleted);
	ck_assert_int_eq(w.replicas, INT32_MAX);
	kube_workload_fini(&w);
	kube_workload_fini(NULL);
	cJSON_Delete(object);
}
END_TEST

START_TEST(absent_replicas_are_one_as_the_api_says)
{
	struct err err = {0};
	struct kube_workload w;
	cJSON *object = tree("{" META ",\"generation\":2},\"spec\":{\"selector\":{}}}");
	ck_assert_int_eq(kube_workload_read(object, "ReplicaSet", &w, &err), 0);
	ck_assert_int_eq(w.replicas, 1);
	ck_assert_int_eq(w.status_replicas, 0);
	ck_assert(!w.observed && !w.rolling && !w.stalled);
	ck_assert(kube_selector_is_empty(w.selector));
	kube_workload_fini(&w);
	cJSON_Delete(object);
}
END_TEST

START_TEST(a_stateful_set_rolls_while_its_revisions_differ)
{
	static const struct {
		const char *status;
		bool rolling;
	} cases[] = {
		{"{\"currentRevision\":\"a\",\"updateRevision\":\"b\"}", true},
		{"{\"currentRevision\":\"b\",\"updateRevision\":\"b\"}", false},
		{"{}", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = {0};
		struct kube_workload w;
		char *text AUTO_FREE =
			xasprintf("{" META "},\"status\":%s}", cases[i].status);
		cJSON *object = tree(text);
		ck_assert_int_eq(kube_workload_read(object, "StatefulSet", &w, &err), 0);
		ck_assert_int_eq(w.rolling, cases[i].rolling);
		kube_workload_fini(&w);
		cJSON_Delete(object);
	}
}
END_TEST

START_TEST(a_malformed_selector_leaves_the_rest_readable)
{
	struct err err = {0};
	struct kube_workload w;
	cJSON *object = tree("{" META "},\"spec\":{\"selector\":{\"matchLabels\":"
			     "{\"a\":\"/\"}}}}");
	ck_assert_int_eq(kube_workload_read(object, "Deployment", &w, &err), 0);
	ck_assert_ptr_null(w.selector);
	ck_assert_int_eq(w.selector_err.code, ERR_INVALID);
	cJSON_Delete(object);
}
END_TEST

static const struct {
	const char *text, *message;
} bad[] = {
	{"{}", "without name, uid or resourceVersion"},
	{"{\"metadata\":{\"name\":\"w\",\"uid\":\"u\"}}", "without name, uid"},
	{"{" META "},\"spec\":{\"replicas\":-1}}",
	 "Deployment n/w: spec.replicas is no number of replicas"},
	{"{" META "},\"spec\":{\"replicas\":\"3\"}}", "spec.replicas is no number"},
	{"{" META "},\"spec\":{\"replicas\":2147483648}}", "spec.replicas is no number"},
	{"{" META "},\"status\":{\"readyReplicas\":true}}", "status.readyReplicas"},
};

START_TEST(a_size_that_is_none_is_refused)
{
	struct err err = {0};
	struct kube_workload w;
	cJSON *object = tree(bad[_i].text);
	ck_assert_int_eq(kube_workload_read(object, "Deployment", &w, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, bad[_i].message) != NULL, "%s", err.msg);
	cJSON_Delete(object);
}
END_TEST

START_TEST(who_scaled_last_stands_in_managed_fields)
{
	static const struct {
		const char *fields, *scaler;
	} cases[] = {
		{"[]", ""},
		{"[{\"manager\":\"helm\",\"fieldsV1\":{\"f:spec\":{\"f:paused\":{}}}},"
		 "{\"manager\":\"foretop\",\"subresource\":\"scale\",\"fieldsV1\":{"
		 "\"f:spec\":{\"f:replicas\":{}}}}]",
		 "foretop"},
		{"[{\"manager\":\"kubectl\",\"fieldsV1\":{\"f:spec\":{\"f:replicas\":{}}}"
		 "}]",
		 "kubectl"},
		{"[{\"fieldsV1\":{\"f:spec\":{\"f:replicas\":{}}},\"time\":\"soon\"}]",
		 ""},
		{"[5]", ""},
	};
	char text[1024];
	snprintf(text, sizeof(text),
		 "{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"1\","
		 "\"managedFields\":%s}}",
		 cases[_i].fields);
	cJSON *o = json_parse(text, strlen(text), NULL);
	struct kube_workload w;
	struct err err;
	ck_assert_int_eq(kube_workload_read(o, "Deployment", &w, &err), 0);
	ck_assert_str_eq(w.scaler, cases[_i].scaler);
	kube_workload_fini(&w);
	cJSON_Delete(o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube workload");
	TCase *t = tcase_create("workload");
	tcase_add_test(t, a_whole_deployment_is_read);
	tcase_add_loop_test(t, who_scaled_last_stands_in_managed_fields, 0, 5);
	tcase_add_test(t, managed_fields_tell_when_it_was_scaled_too);
	tcase_add_test(t, a_settled_deployment_neither_rolls_nor_stalls);
	tcase_add_test(t, absent_replicas_are_one_as_the_api_says);
	tcase_add_test(t, a_stateful_set_rolls_while_its_revisions_differ);
	tcase_add_test(t, a_malformed_selector_leaves_the_rest_readable);
	tcase_add_loop_test(t, a_size_that_is_none_is_refused, 0, ARRAY_LEN(bad));
	suite_add_tcase(s, t);
	return run_suite(s);
}
