#include "kube/hpa.h"

#include "unit/kube/api.h"

#define HPA(annotations, min)                                                            \
	"{\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\",\"uid\":\"u\","          \
	"\"resourceVersion\":\"8\"" annotations "},\"spec\":{" min                       \
	"\"maxReplicas\":10,\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":"    \
	"\"Deployment\",\"name\":\"web\"}}}"
#define MARK(original, floor)                                                            \
	",\"annotations\":{\"foretop.io/original-min-replicas\":\"" original             \
	"\",\"foretop.io/floor\":\"" floor                                               \
	"\",\"foretop.io/floor-expires\":\"2026-03-02T08:15:00Z\"}"
#define EIGHT_FIFTEEN INT64_C(1772439300000)

static struct api api;
static char seen_body[1024], seen_head[256];
static long status;
static enum err_code code;
static int answer_status;

static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	snprintf(seen_body, sizeof(seen_body), "%s", q->body);
	snprintf(seen_head, sizeof(seen_head), "%s %s", q->method, q->target);
	if (answer_status == 200)
		api_reply(q->peer, 200, "", "{}");
	else
		api_refuse(q->peer, answer_status, "Conflict", "modified");
}

static void on_done(void *arg, const struct kube_reply *reply)
{
	ck_assert_ptr_eq(arg, &api);
	status = reply->status;
	code = reply->err.code;
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

static const struct {
	const char *text;
	int32_t min, original;
	bool marked;
	int64_t expires_ms;
} cases[] = {
	{HPA("", "\"minReplicas\":3,"), 3, 3, false, 0},
	{HPA("", ""), 1, 1, false, 0}, /* the API's default */
	{HPA(MARK("3", "8"), "\"minReplicas\":8,"), 8, 3, true, EIGHT_FIFTEEN},
	/* Somebody wrote another minimum since: theirs counts. */
	{HPA(MARK("3", "8"), "\"minReplicas\":5,"), 5, 5, true, EIGHT_FIFTEEN},
	{HPA(MARK("three", "8"), "\"minReplicas\":8,"), 8, 8, true, EIGHT_FIFTEEN},
	{HPA(MARK("-1", "8"), "\"minReplicas\":8,"), 8, 8, true, EIGHT_FIFTEEN},
	{HPA(",\"annotations\":{\"foretop.io/floor-expires\":\"soon\"}",
	     "\"minReplicas\":8,"),
	 8, 8, true, 0},
};

START_TEST(the_minimum_of_the_user_is_told_from_ours)
{
	cJSON *tree AUTO(json_cleanup) =
		json_parse(cases[_i].text, strlen(cases[_i].text), NULL);
	struct kube_hpa hpa;
	struct err err = {0};
	ck_assert_msg(kube_hpa_read(tree, KUBE_HPA, &hpa, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(hpa.min, cases[_i].min);
	ck_assert_int_eq(hpa.max, 10);
	ck_assert_int_eq(hpa.original, cases[_i].original);
	ck_assert(hpa.marked == cases[_i].marked);
	ck_assert_int_eq(hpa.expires_ms, cases[_i].expires_ms);
	ck_assert_str_eq(hpa.target_kind, "Deployment");
	ck_assert_str_eq(hpa.target_name, "web");
	ck_assert_str_eq(hpa.owner_kind, "");
}
END_TEST

START_TEST(its_controlling_owner_is_told)
{
	const char *text = HPA(",\"ownerReferences\":[{\"kind\":\"X\",\"name\":\"y\"},{"
			       "\"kind\":\"ScaledObject\",\"name\":\"web\","
			       "\"controller\":true}]",
			       "");
	cJSON *tree AUTO(json_cleanup) = json_parse(text, strlen(text), NULL);
	struct kube_hpa hpa;
	ck_assert_int_eq(kube_hpa_read(tree, KUBE_HPA, &hpa, NULL), 0);
	ck_assert_str_eq(hpa.owner_kind, "ScaledObject");
	ck_assert_str_eq(hpa.owner_name, "web");
}
END_TEST

#define SCALED_OBJECT(annotations, spec)                                                 \
	"{\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\",\"uid\":\"u\","          \
	"\"resourceVersion\":\"8\"" annotations "},\"spec\":{" spec                      \
	"\"scaleTargetRef\":{\"name\":\"web\"}}}"

static const struct {
	const char *text;
	int32_t min, max, original;
	bool marked;
} keda_cases[] = {
	/* KEDA's defaults */
	{SCALED_OBJECT("", ""), 0, 100, 0, false},
	{SCALED_OBJECT("", "\"minReplicaCount\":2,\"maxReplicaCount\":20,"), 2, 20, 2,
	 false},
	{SCALED_OBJECT(MARK("0", "8"), "\"minReplicaCount\":8,"), 8, 100, 0, true},
};

START_TEST(a_scaled_object_is_read_with_its_own_fields_and_defaults)
{
	cJSON *tree AUTO(json_cleanup) =
		json_parse(keda_cases[_i].text, strlen(keda_cases[_i].text), NULL);
	struct kube_hpa so;
	struct err err = {0};
	ck_assert_msg(kube_hpa_read(tree, KUBE_SCALED_OBJECT, &so, &err) == 0, "%s",
		      err.msg);
	ck_assert_int_eq(so.kind, KUBE_SCALED_OBJECT);
	ck_assert_int_eq(so.min, keda_cases[_i].min);
	ck_assert_int_eq(so.max, keda_cases[_i].max);
	ck_assert_int_eq(so.original, keda_cases[_i].original);
	ck_assert_int_eq(so.marked, keda_cases[_i].marked);
	ck_assert_str_eq(so.target_api_version, "apps/v1");
	ck_assert_str_eq(so.target_kind, "Deployment");
	ck_assert_str_eq(so.target_name, "web");
}
END_TEST

START_TEST(a_scaled_object_that_is_none_is_refused)
{
	static const char *const wrong[] = {
		"{\"metadata\":{\"name\":\"web\",\"uid\":\"u\",\"resourceVersion\":\"8\"}"
		","
		"\"spec\":{}}",
		SCALED_OBJECT("", "\"minReplicaCount\":-1,"),
		SCALED_OBJECT("", "\"maxReplicaCount\":3000000000,"),
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		cJSON *tree AUTO(json_cleanup) =
			json_parse(wrong[i], strlen(wrong[i]), NULL);
		struct kube_hpa so;
		struct err err = {0};
		ck_assert_int_eq(kube_hpa_read(tree, KUBE_SCALED_OBJECT, &so, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.msg, "ScaledObject web"));
	}
}
END_TEST

START_TEST(a_scaled_object_is_changed_in_its_own_field)
{
	struct kube_hpa so = {.kind = KUBE_SCALED_OBJECT,
			      .ns = "shop",
			      .name = "web",
			      .uid = "u",
			      .version = "8",
			      .min = 8,
			      .original = 0};
	struct kube_hpa_change change;
	kube_hpa_release(&so, &change);
	ck_assert_int_eq(change.kind, KUBE_SCALED_OBJECT);
	kube_hpa_change(api.kube, &change, on_done, &api);
	api_run(&api);
	ck_assert_str_eq(seen_head,
			 "PATCH /apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects/web"
			 "?fieldManager=foretop");
	ck_assert_ptr_nonnull(strstr(seen_body, "\"spec\":{\"minReplicaCount\":0}"));
}
END_TEST

static const char *const unusable[] = {
	"{}",
	"{\"metadata\":{\"name\":\"web\",\"uid\":\"u\"},\"spec\":{}}",
	"{\"metadata\":{\"name\":\"web\",\"uid\":\"u\",\"resourceVersion\":\"8\"},"
	"\"spec\":{\"maxReplicas\":10}}",
	HPA("", "\"minReplicas\":-1,"),
};

START_TEST(an_object_that_is_no_hpa_is_refused)
{
	cJSON *tree AUTO(json_cleanup) =
		json_parse(unusable[_i], strlen(unusable[_i]), NULL);
	struct kube_hpa hpa;
	struct err err = {0};
	ck_assert_int_eq(kube_hpa_read(tree, KUBE_HPA, &hpa, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

START_TEST(a_raise_notes_the_original_and_an_expiry)
{
	struct kube_hpa_change change = {.ns = "shop",
					 .name = "web",
					 .uid = "u",
					 .version = "8",
					 .min = 8,
					 .original = 3,
					 .expires_ms = EIGHT_FIFTEEN};
	kube_hpa_change(api.kube, &change, on_done, &api);
	api_run(&api);
	ck_assert_int_eq(code, ERR_NONE);
	ck_assert_str_eq(seen_head, "PATCH /apis/autoscaling/v2/namespaces/shop/"
				    "horizontalpodautoscalers/web?fieldManager=foretop");
	ck_assert_str_eq(
		seen_body,
		"{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"8\",\"annotations\":{"
		"\"foretop.io/original-min-replicas\":\"3\",\"foretop.io/floor\":\"8\","
		"\"foretop.io/floor-expires\":\"2026-03-02T08:15:00Z\"}},\"spec\":{"
		"\"minReplicas\":8}}");
}
END_TEST

static const struct {
	int32_t min, original;
	const char *spec;
} releases[] = {
	{8, 3, ",\"spec\":{\"minReplicas\":3}"},
	{5, 5, ""}, /* somebody else's minimum stays untouched */
};

START_TEST(a_release_removes_what_is_ours_and_nothing_else)
{
	struct kube_hpa hpa = {.ns = "shop",
			       .name = "web",
			       .uid = "u",
			       .version = "8",
			       .min = releases[_i].min,
			       .original = releases[_i].original};
	struct kube_hpa_change change;
	char expected[512];
	kube_hpa_release(&hpa, &change);
	change.dry_run = true;
	kube_hpa_change(api.kube, &change, on_done, &api);
	api_run(&api);
	snprintf(expected, sizeof(expected),
		 "{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"8\",\"annotations\":"
		 "{\"foretop.io/original-min-replicas\":null,\"foretop.io/floor\":null,"
		 "\"foretop.io/floor-expires\":null}}%s}",
		 releases[_i].spec);
	ck_assert_str_eq(seen_body, expected);
	ck_assert_ptr_nonnull(strstr(seen_head, "&dryRun=All"));
}
END_TEST

START_TEST(a_conflict_is_told_as_one)
{
	struct kube_hpa_change change = {
		.ns = "shop", .name = "web", .uid = "u", .version = "8", .min = 8};
	answer_status = 409;
	kube_hpa_change(api.kube, &change, on_done, &api);
	api_run(&api);
	ck_assert_int_eq(status, 409);
	ck_assert_int_eq(code, ERR_CONFLICT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube hpa");
	TCase *pure = tcase_create("reading");
	TCase *calls = tcase_create("writing");
	tcase_add_loop_test(pure, the_minimum_of_the_user_is_told_from_ours, 0,
			    ARRAY_LEN(cases));
	tcase_add_test(pure, its_controlling_owner_is_told);
	tcase_add_loop_test(pure,
			    a_scaled_object_is_read_with_its_own_fields_and_defaults, 0,
			    ARRAY_LEN(keda_cases));
	tcase_add_test(pure, a_scaled_object_that_is_none_is_refused);
	tcase_add_test(calls, a_scaled_object_is_changed_in_its_own_field);
	tcase_add_loop_test(pure, an_object_that_is_no_hpa_is_refused, 0,
			    ARRAY_LEN(unusable));
	tcase_add_checked_fixture(calls, setup, teardown);
	tcase_add_test(calls, a_raise_notes_the_original_and_an_expiry);
	tcase_add_loop_test(calls, a_release_removes_what_is_ours_and_nothing_else, 0,
			    ARRAY_LEN(releases));
	tcase_add_test(calls, a_conflict_is_told_as_one);
	suite_add_tcase(s, pure);
	suite_add_tcase(s, calls);
	return run_suite(s);
}
