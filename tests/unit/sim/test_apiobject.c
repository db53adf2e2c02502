#include "sim/apiobject.h"

#include "unit/harness.h"

#include <string.h>

static struct apiobject *make(const char *json)
{
	cJSON *tree AUTO(json_cleanup) = json_parse(json, strlen(json), NULL);
	ck_assert_ptr_nonnull(tree);
	return apiobject_new(KUBEAPI_DEPLOYMENTS, 7, tree);
}

START_TEST(kind_and_version_stand_in_front_once)
{
	struct apiobject *o = make("{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},"
				   "\"kind\":\"Other\",\"spec\":{\"replicas\":2}}");
	ck_assert_str_eq(o->text, "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\","
				  "\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},"
				  "\"spec\":{\"replicas\":2}}");
	ck_assert_str_eq(o->text + o->item,
			 "\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},"
			 "\"spec\":{\"replicas\":2}}");
	cJSON *tree AUTO(json_cleanup) = apiobject_tree(o);
	ck_assert_int_eq(json_int(tree, "spec.replicas", 0), 2);
	apiobject_release(o);
}
END_TEST

START_TEST(labels_are_at_hand)
{
	struct apiobject *o = make("{\"metadata\":{\"name\":\"a\",\"labels\":{\"app\":"
				   "\"x\",\"odd\":1,\"empty\":\"\"}}}");
	ck_assert_str_eq(apiobject_label(o, "app"), "x");
	ck_assert_str_eq(apiobject_label(o, "empty"), "");
	ck_assert_ptr_null(apiobject_label(o, "odd"));
	ck_assert_str_eq(o->ns, "");
	apiobject_hold(o);
	apiobject_release(o);
	ck_assert_str_eq(o->name, "a"); /* one reference is left */
	apiobject_release(o);
	apiobject_release(NULL);
}
END_TEST

START_TEST(resources_are_named_as_the_api_names_them)
{
	char buf[64];
	ck_assert_str_eq(apiresource_group_version(KUBEAPI_PODS, buf, sizeof(buf)), "v1");
	ck_assert_str_eq(apiresource_group_version(KUBEAPI_LEASES, buf, sizeof(buf)),
			 "coordination.k8s.io/v1");
	ck_assert_str_eq(apiresource_qualified(KUBEAPI_PODS, buf, sizeof(buf)), "pods");
	ck_assert_str_eq(
		apiresource_group_version(KUBEAPI_SCALEDOBJECTS, buf, sizeof(buf)),
		"keda.sh/v1alpha1");
	ck_assert_str_eq(apiresource_qualified(KUBEAPI_HPAS, buf, sizeof(buf)),
			 "horizontalpodautoscalers.autoscaling");
	for (int i = 0; i < KUBEAPI_RESOURCES; i++) {
		const struct apiresource *r = apiresource_of((enum kubeapi_resource)i);
		ck_assert(r->plural && r->kind && r->list_kind && r->group && r->version);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apiobject");
	TCase *tc = tcase_create("objects");
	tcase_add_test(tc, kind_and_version_stand_in_front_once);
	tcase_add_test(tc, labels_are_at_hand);
	tcase_add_test(tc, resources_are_named_as_the_api_names_them);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
