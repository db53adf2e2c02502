#include "kube/discovery.h"

#include "unit/kube/api.h"

static const char resources[] =
	"{\"kind\":\"APIResourceList\",\"resources\":["
	"{\"name\":\"things/status\",\"kind\":\"Thing\",\"namespaced\":true},"
	"{\"name\":\"things\",\"kind\":\"Thing\",\"namespaced\":true},"
	"{\"name\":\"things/scale\",\"kind\":\"Scale\",\"namespaced\":true},"
	"{\"name\":\"nodes\",\"kind\":\"Node\",\"namespaced\":false}]}";

static struct api api;
static struct kube_resource got;
static bool got_resource;
static int status;

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	if (status == 200)
		api_reply(q->peer, 200, "", resources);
	else
		api_refuse(q->peer, status, "X", "y");
}

static void on_resource(void *arg, const struct kube_resource *resource,
			const struct err *err)
{
	(void)arg;
	got_resource = resource != NULL;
	if (resource)
		got = *resource;
	else
		ck_assert_int_ne(err->code, ERR_NONE);
	api_stop(&api);
}

static void ask(const char *kind, int with_status)
{
	status = with_status;
	kube_discover(api.kube, "example.com/v1", kind, on_resource, NULL);
	api_run(&api);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	api_client(&api);
}

static void teardown(void)
{
	api_fini(&api);
}

START_TEST(kinds_are_found_with_their_scale)
{
	ask("Thing", 200);
	ck_assert(got_resource && got.known && got.namespaced && got.scalable);
	ck_assert_str_eq(got.plural, "things");
	ck_assert_str_eq(got.group_version, "example.com/v1");
	ask("Node", 200);
	ck_assert(got_resource && got.known && !got.namespaced && !got.scalable);
	ask("Nothing", 200);
	ck_assert(got_resource && !got.known && !got.scalable);
	ck_assert(!strncmp(str_text(&api.log), "GET /apis/example.com/v1\n", 25));
}
END_TEST

START_TEST(a_group_that_is_not_served_is_no_error_but_a_refusal_is)
{
	ask("Thing", 404);
	ck_assert(got_resource && !got.known);
	ask("Thing", 503);
	ck_assert(!got_resource);
}
END_TEST

START_TEST(the_apps_kinds_are_known_without_asking)
{
	struct kube_resource r;
	ck_assert(kube_resource_of_kind("apps/v1", "StatefulSet", &r));
	ck_assert_str_eq(r.plural, "statefulsets");
	ck_assert_str_eq(r.group_version, "apps/v1");
	ck_assert(r.known && r.scalable && r.namespaced);
	ck_assert(!kube_resource_of_kind("apps/v1", "DaemonSet", &r));
	ck_assert(!kube_resource_of_kind("apps/v1beta1", "Deployment", &r));
}
END_TEST

START_TEST(paths_follow_the_api)
{
	static const struct {
		const char *group_version, *plural, *ns, *path;
	} cases[] = {
		{"v1", "pods", "shop", "/api/v1/namespaces/shop/pods"},
		{"v1", "pods", NULL, "/api/v1/pods"},
		{"apps/v1", "deployments", "a b",
		 "/apis/apps/v1/namespaces/a%20b/deployments"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *path AUTO_FREE = kube_collection_path(cases[i].group_version,
							    cases[i].plural, cases[i].ns);
		ck_assert_str_eq(path, cases[i].path);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube discovery");
	TCase *t = tcase_create("discovery");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, kinds_are_found_with_their_scale);
	tcase_add_test(t, a_group_that_is_not_served_is_no_error_but_a_refusal_is);
	tcase_add_test(t, the_apps_kinds_are_known_without_asking);
	tcase_add_test(t, paths_follow_the_api);
	suite_add_tcase(s, t);
	return run_suite(s);
}
