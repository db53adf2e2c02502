#include "kube/pod.h"

#include "unit/harness.h"

#include <string.h>

static cJSON *tree(const char *text)
{
	struct err err = {0};
	cJSON *t = json_parse(text, strlen(text), &err);
	ck_assert_msg(t != NULL, "%s", err.msg);
	return t;
}

static const char whole[] =
	"{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"shop\",\"uid\":\"u1\","
	"\"resourceVersion\":\"42\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\","
	"\"labels\":{\"app\":\"web\"},\"ownerReferences\":["
	"{\"kind\":\"Other\",\"name\":\"o\",\"uid\":\"x\"},"
	"{\"kind\":\"ReplicaSet\",\"name\":\"web-5d\",\"uid\":\"rs\",\"controller\":true}"
	"]},"
	"\"spec\":{\"containers\":["
	"{\"name\":\"main\",\"resources\":{\"limits\":{\"cpu\":\"1.5\"},\"requests\":{"
	"\"cpu\":\"100m\",\"memory\":"
	"\"64Mi\"}}},{\"name\":\"bare\"}],"
	"\"initContainers\":[{\"name\":\"proxy\",\"restartPolicy\":\"Always\","
	"\"resources\":{\"requests\":{\"cpu\":\"0.5\"}}},{\"name\":\"setup\"}],"
	"\"resources\":{\"requests\":{\"cpu\":\"2\"}}},"
	"\"status\":{\"phase\":\"Running\",\"startTime\":\"2026-01-01T00:00:02Z\","
	"\"conditions\":["
	"{\"type\":\"PodScheduled\",\"status\":\"True\",\"lastTransitionTime\":"
	"\"2026-01-01T00:00:01Z\"},"
	"{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":"
	"\"2026-01-01T00:00:09Z\"}]}}";

START_TEST(a_whole_pod_is_read)
{
	struct err err = {0};
	struct kube_pod pod = {0};
	int64_t midnight;
	ck_assert_int_eq(time_parse("2026-01-01T00:00:00Z", &midnight, &err), 0);
	cJSON *object = tree(whole);
	ck_assert_msg(kube_pod_read(object, &pod, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(pod.ns, "shop");
	ck_assert_str_eq(pod.name, "web-1");
	ck_assert_str_eq(pod.uid, "u1");
	ck_assert_str_eq(pod.version, "42");
	ck_assert_str_eq(json_str(pod.labels, "app", ""), "web");
	ck_assert_str_eq(pod.owner_kind, "ReplicaSet");
	ck_assert_str_eq(pod.owner_name, "web-5d");
	ck_assert_str_eq(pod.owner_uid, "rs");
	ck_assert_str_eq(pod.info.name, "web-1");
	ck_assert_int_eq(pod.info.phase, POD_RUNNING);
	ck_assert_int_eq(pod.info.ready, READY_TRUE);
	ck_assert(!pod.info.deleted && !pod.finished);
	ck_assert_int_eq(pod.info.created_ms, midnight);
	ck_assert_int_eq(pod.scheduled_ms, midnight + 1000);
	ck_assert_int_eq(pod.info.start_ms, midnight + 2000);
	ck_assert_int_eq(pod.info.ready_since_ms, midnight + 9000);
	kube_pod_fini(&pod);
	cJSON_Delete(object);
}
END_TEST

START_TEST(requests_are_milli_units_in_their_places)
{
	struct err err = {0};
	struct kube_pod pod = {0};
	cJSON *object = tree(whole);
	ck_assert_int_eq(kube_pod_read(object, &pod, &err), 0);
	const struct pod_info *p = &pod.info;
	ck_assert_int_eq(p->container_count, 2);
	ck_assert_str_eq(p->containers[0].name, "main");
	ck_assert_int_eq(p->containers[0].request_count, 2);
	ck_assert_int_eq(p->containers[0].cpu_limit_m, 1500);
	ck_assert_int_eq(p->init_containers[0].cpu_limit_m, 0);
	ck_assert_str_eq(p->containers[0].requests[0].resource, "cpu");
	ck_assert_int_eq(p->containers[0].requests[0].value_m, 100);
	ck_assert_str_eq(p->containers[0].requests[1].resource, "memory");
	ck_assert_int_eq(p->containers[0].requests[1].value_m,
			 INT64_C(64) * 1024 * 1024 * 1000);
	ck_assert_str_eq(p->containers[1].name, "bare");
	ck_assert_int_eq(p->containers[1].request_count, 0);
	ck_assert_int_eq(p->init_container_count, 2);
	ck_assert_str_eq(p->init_containers[0].name, "proxy");
	ck_assert(p->init_containers[0].restart_always);
	ck_assert_int_eq(p->init_containers[0].requests[0].value_m, 500);
	ck_assert(!p->init_containers[1].restart_always);
	ck_assert_int_eq(p->request_count, 1);
	ck_assert_int_eq(p->requests[0].value_m, 2000);
	kube_pod_fini(&pod);
	cJSON_Delete(object);
}
END_TEST

START_TEST(a_pending_pod_has_neither_times_nor_ready)
{
	struct err err = {0};
	struct kube_pod pod = {0};
	cJSON *object =
		tree("{\"metadata\":{\"name\":\"p\",\"uid\":\"u\",\"deletionTimestamp\":"
		     "\"2026-01-01T00:00:00Z\"},\"status\":{\"phase\":\"Pending\","
		     "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\","
		     "\"lastTransitionTime\":\"2026-01-01T00:00:01Z\"}]}}");
	ck_assert_int_eq(kube_pod_read(object, &pod, &err), 0);
	ck_assert_int_eq(pod.info.phase, POD_PENDING);
	ck_assert_int_eq(pod.info.ready, READY_NONE);
	ck_assert(pod.info.deleted);
	ck_assert_int_eq(pod.info.start_ms, POD_TIME_NONE);
	ck_assert_int_eq(pod.info.created_ms, POD_TIME_NONE);
	ck_assert_int_eq(pod.info.ready_since_ms, POD_TIME_NONE);
	ck_assert_int_eq(pod.scheduled_ms, POD_TIME_NONE);
	ck_assert_str_eq(pod.owner_kind, "");
	ck_assert_ptr_null(pod.labels);
	ck_assert_int_eq(pod.info.container_count, 0);
	kube_pod_fini(&pod);
	cJSON_Delete(object);
}
END_TEST

START_TEST(one_struct_serves_pods_of_all_sizes)
{
	static const char *const texts[] = {
		"{\"metadata\":{\"name\":\"small\",\"uid\":\"u\"},\"status\":{\"phase\":"
		"\"Succeeded\"}}",
		whole,
		"{\"metadata\":{\"name\":\"small\",\"uid\":\"u\"},\"status\":{\"phase\":"
		"\"Failed\"}}",
	};
	struct err err = {0};
	struct kube_pod pod = {0};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cJSON *object = tree(texts[i]);
		ck_assert_int_eq(kube_pod_read(object, &pod, &err), 0);
		ck_assert_int_eq(pod.finished, i != 1);
		ck_assert_int_eq(pod.info.container_count, i == 1 ? 2 : 0);
		ck_assert_int_eq(pod.info.request_count, i == 1 ? 1 : 0);
		cJSON_Delete(object);
	}
	kube_pod_fini(&pod);
	kube_pod_fini(&pod);
	kube_pod_fini(NULL);
}
END_TEST

static const struct {
	const char *text, *message;
} bad[] = {
	{"{}", "without name or uid"},
	{"{\"metadata\":{\"name\":\"p\"}}", "without name or uid"},
	{"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\",\"namespace\":\"n\"},\"spec\":{"
	 "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"x\"}}}]}"
	 "}",
	 "pod n/p: container c: request of cpu"},
	{"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{\"containers\":["
	 "{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":1}}}]}}",
	 "request of cpu is no string"},
	{"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{\"resources\":"
	 "{\"requests\":{\"cpu\":\"-1\"}}}}",
	 "request of cpu is negative"},
	{"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{\"containers\":["
	 "{\"name\":\"c\",\"resources\":{\"requests\":[\"1\"]}}]}}",
	 "pod /p: container c: requests are not a map"},
};

START_TEST(a_pod_that_cannot_be_read_says_why)
{
	struct err err = {0};
	struct kube_pod pod = {0};
	cJSON *object = tree(bad[_i].text);
	ck_assert_int_eq(kube_pod_read(object, &pod, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, bad[_i].message) != NULL, "%s", err.msg);
	kube_pod_fini(&pod);
	cJSON_Delete(object);
}
END_TEST

START_TEST(the_number_of_containers_is_limited)
{
	struct err err = {0};
	struct kube_pod pod = {0};
	cJSON *object = tree("{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{}}");
	cJSON *list = cJSON_AddArrayToObject(
		cJSON_GetObjectItemCaseSensitive(object, "spec"), "containers");
	for (int i = 0; i < 513; i++)
		cJSON_AddItemToArray(list, cJSON_CreateObject());
	ck_assert_int_eq(kube_pod_read(object, &pod, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "more than 512 containers"));
	cJSON_Delete(object);
	kube_pod_fini(&pod);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube pod");
	TCase *t = tcase_create("pod");
	tcase_add_test(t, a_whole_pod_is_read);
	tcase_add_test(t, requests_are_milli_units_in_their_places);
	tcase_add_test(t, a_pending_pod_has_neither_times_nor_ready);
	tcase_add_test(t, one_struct_serves_pods_of_all_sizes);
	tcase_add_loop_test(t, a_pod_that_cannot_be_read_says_why, 0, ARRAY_LEN(bad));
	tcase_add_test(t, the_number_of_containers_is_limited);
	suite_add_tcase(s, t);
	return run_suite(s);
}
