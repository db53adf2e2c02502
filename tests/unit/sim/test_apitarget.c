#include "sim/apitarget.h"

#include "unit/harness.h"

#include <string.h>

START_TEST(paths_name_resources)
{
	static const struct {
		const char *path;
		enum kubeapi_resource resource;
		const char *ns, *name, *subresource;
	} rows[] = {
		{"/api/v1/namespaces/shop/pods", KUBEAPI_PODS, "shop", "", ""},
		{"/api/v1/pods", KUBEAPI_PODS, "", "", ""},
		{"/api/v1/namespaces/shop/configmaps/c", KUBEAPI_CONFIGMAPS, "shop", "c",
		 ""},
		{"/api/v1/namespaces", KUBEAPI_NAMESPACES, "", "", ""},
		{"/api/v1/namespaces/shop", KUBEAPI_NAMESPACES, "", "shop", ""},
		{"/api/v1/namespaces/shop/status", KUBEAPI_NAMESPACES, "", "shop",
		 "status"},
		{"/apis/apps/v1/deployments", KUBEAPI_DEPLOYMENTS, "", "", ""},
		{"/apis/apps/v1/namespaces/n/deployments/d/scale", KUBEAPI_DEPLOYMENTS,
		 "n", "d", "scale"},
		{"/apis/apps/v1/namespaces/n/statefulsets/d/status", KUBEAPI_STATEFULSETS,
		 "n", "d", "status"},
		{"/apis/coordination.k8s.io/v1/namespaces/n/leases/l", KUBEAPI_LEASES,
		 "n", "l", ""},
		{"/apis/events.k8s.io/v1/namespaces/n/events", KUBEAPI_EVENTS, "n", "",
		 ""},
		{"/apis/autoscaling/v2/horizontalpodautoscalers", KUBEAPI_HPAS, "", "",
		 ""},
	};
	struct apitarget t;
	struct apistatus status;
	ck_assert_int_eq(apitarget_parse(rows[_i].path, &t, &status), 0);
	ck_assert_int_eq(t.resource, rows[_i].resource);
	ck_assert_str_eq(t.ns, rows[_i].ns);
	ck_assert_str_eq(t.name, rows[_i].name);
	ck_assert_str_eq(t.subresource, rows[_i].subresource);
}
END_TEST

START_TEST(other_paths_are_not_found)
{
	static const char *const rows[] = {
		"/",
		"/api/v1",
		"/api/v2/pods",
		"/api/v1/secrets",
		"/api/v1/pods/p",
		"/api/v1/namespaces/shop/pods/p/scale",
		"/api/v1/namespaces/shop/pods/p/status/x",
		"/apis/apps/v1beta1/deployments",
		"/apis/apps/v1/namespaces/n/leases",
		"/apis/coordination.k8s.io/v1/namespaces/n/leases/l/status",
		"/a/b/c/d/e/f/g/h/i/j/k",
	};
	struct apitarget t;
	struct apistatus status = {0};
	ck_assert_int_eq(apitarget_parse(rows[_i], &t, &status), -1);
	ck_assert_int_eq(status.code, 404);
	ck_assert_str_eq(status.reason, "NotFound");
}
END_TEST

static const struct apitarget pods = {.resource = KUBEAPI_PODS, .ns = "shop"};

/* A request with arguments "a=b&c=d", borrowed from static memory. */
static struct request request_of(const char *args)
{
	static struct http_form form;
	http_form_fini(&form);
	http_form_parse(&form, args, strlen(args), NULL);
	struct request q = {.path = "/x", .arg_count = form.arg_count};
	memcpy(q.args, form.args, sizeof(form.args));
	return q;
}

START_TEST(parameters_are_read)
{
	const struct request q = request_of(
		"watch=1&resourceVersion=123&allowWatchBookmarks=true&timeoutSeconds=300&"
		"labelSelector=app%3Dweb&limit=7&continue=t");
	struct apiquery p;
	struct apistatus status;
	ck_assert(apitarget_is_watch(&q));
	ck_assert_int_eq(apiquery_parse(&pods, &q, &p, &status), 0);
	ck_assert(p.has_version && p.bookmarks && !p.initial_events && !p.exact);
	ck_assert_uint_eq(p.version, 123);
	ck_assert_int_eq(p.timeout_s, 300);
	ck_assert_uint_eq(p.limit, 7);
	ck_assert_str_eq(p.token, "t");
	ck_assert_str_eq(p.select.ns, "shop");
	ck_assert_int_eq(p.select.count, 1);
	apiquery_fini(&p);
	apiquery_fini(NULL);
}
END_TEST

START_TEST(contradictions_are_refused)
{
	static const struct {
		const char *args;
		int code;
	} rows[] = {
		{"resourceVersion=abc", 400},
		{"watch=true&resourceVersion=abc", 500},
		{"resourceVersionMatch=NotOlderThan", 422},
		{"resourceVersionMatch=Other&resourceVersion=1", 422},
		{"watch=1&sendInitialEvents=true", 422},
		{"watch=1&sendInitialEvents=true&resourceVersionMatch=Exact", 422},
		{"limit=x", 400},
		{"limit=-1", 400},
		{"timeoutSeconds=x", 400},
		{"labelSelector=%3Dx", 400},
		{"fieldSelector=spec.x%3Dy", 400},
	};
	const struct request q = request_of(rows[_i].args);
	struct apiquery p;
	struct apistatus status = {0};
	ck_assert_int_eq(apiquery_parse(&pods, &q, &p, &status), -1);
	ck_assert_int_eq(status.code, rows[_i].code);
}
END_TEST

START_TEST(a_watch_list_is_accepted)
{
	const struct request q = request_of("watch=1&sendInitialEvents=true&"
					    "resourceVersionMatch=NotOlderThan&"
					    "resourceVersion=");
	struct apiquery p;
	struct apistatus status;
	ck_assert_int_eq(apiquery_parse(&pods, &q, &p, &status), 0);
	ck_assert(p.initial_events && !p.has_version);
	apiquery_fini(&p);
}
END_TEST

START_TEST(a_status_object_says_what_it_is_about)
{
	struct apistatus s;
	ck_assert_int_eq(apistatus_set(&s, 409, "no %s", "way"), -1);
	apistatus_about(&s, KUBEAPI_DEPLOYMENTS, "checkout");
	s.retry_after_s = 2;
	char *text AUTO_FREE = apistatus_text(&s);
	ck_assert_str_eq(text,
			 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
			 "\"status\":\"Failure\",\"message\":\"no way\",\"reason\":"
			 "\"Conflict\",\"details\":{\"name\":\"checkout\",\"group\":"
			 "\"apps\",\"kind\":\"deployments\",\"retryAfterSeconds\":2},"
			 "\"code\":409}");
	ck_assert_str_eq(apistatus_reason(299), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apitarget");
	TCase *tc = tcase_create("requests");
	tcase_add_loop_test(tc, paths_name_resources, 0, 12);
	tcase_add_loop_test(tc, other_paths_are_not_found, 0, 11);
	tcase_add_test(tc, parameters_are_read);
	tcase_add_loop_test(tc, contradictions_are_refused, 0, 11);
	tcase_add_test(tc, a_watch_list_is_accepted);
	tcase_add_test(tc, a_status_object_says_what_it_is_about);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
