#include "prom/prom.h"
#include "unit/harness.h"

#include <string.h>

static char *usage_query(enum prom_resource resource, const struct prom_pods *pods)
{
	struct str out;
	str_init(&out, 100000);
	ck_assert_int_eq(prom_usage_query(resource, pods, &out), 0);
	return str_take(&out);
}

static char *workload_query(enum prom_resource resource, const struct prom_workload *w)
{
	struct str out;
	str_init(&out, 100000);
	ck_assert_int_eq(prom_workload_query(resource, w, &out), 0);
	return str_take(&out);
}

static const char *const shop[] = {"shop"};
static const char *const two[] = {"shop", "b.c"};
static const char *const pods[] = {"web-1", "web-2"};

static const struct {
	enum prom_resource resource;
	struct prom_pods pods;
	const char *text;
} usages[] = {
	{PROM_CPU,
	 {.namespaces = shop, .namespace_count = 1},
	 "sum by (namespace,pod,container) (max by "
	 "(namespace,pod,container,cpu) (rate(container_cpu_usage_seconds_total"
	 "{namespace=\"shop\",container!=\"\",container!=\"POD\"}[120s]))) * on "
	 "(namespace,pod,container) group_left (time) count_values by "
	 "(namespace,pod,container) (\"time\",max by (namespace,pod,container) "
	 "(timestamp(container_cpu_usage_seconds_total{namespace=\"shop\",container!="
	 "\"\",container!=\"POD\"})))"},
	{PROM_MEMORY,
	 {.namespaces = two,
	  .namespace_count = 2,
	  .pods = pods,
	  .pod_count = 2,
	  .container = "app"},
	 "max by (namespace,pod,container) "
	 "(container_memory_working_set_bytes{namespace=~\"shop|b\\\\.c\",pod=~\"web-1|"
	 "web-2\",container=\"app\"}) * on (namespace,pod,container) group_left (time) "
	 "count_values by (namespace,pod,container) (\"time\","
	 "max by (namespace,pod,container) (timestamp("
	 "container_memory_working_set_bytes{namespace=~\"shop|b\\\\.c\",pod=~\"web-1|"
	 "web-2\",container=\"app\"})))"},
};

START_TEST(usage_asks_for_values_and_their_times_at_once)
{
	char *text AUTO_FREE = usage_query(usages[_i].resource, &usages[_i].pods);
	ck_assert_str_eq(text, usages[_i].text);
}
END_TEST

START_TEST(windows_are_written_exactly)
{
	const struct prom_pods p = {
		.namespaces = shop, .namespace_count = 1, .window_ms = 90500};
	char *text AUTO_FREE = usage_query(PROM_CPU, &p);
	ck_assert_ptr_nonnull(strstr(text, "}[90500ms])"));
}
END_TEST

#define CPU_BY_POD                                                                       \
	"sum(sum by (namespace,pod) (sum by (namespace,pod,container) (max by "          \
	"(namespace,pod,container,cpu) (rate(container_cpu_usage_seconds_total"          \
	"{namespace=\"shop\",container!=\"\",container!=\"POD\"}[120s])))) * on "        \
	"(namespace,pod) ("
#define THROUGH(kind)                                                                    \
	"max by (namespace,pod) (label_replace(kube_pod_owner{namespace=\"shop\","       \
	"owner_kind=\"ReplicaSet\"},\"replicaset\",\"$1\",\"owner_name\",\"(.+)\") * "   \
	"on (namespace,replicaset) group_left () max by (namespace,replicaset) "         \
	"(kube_replicaset_owner{namespace=\"shop\",owner_kind=\"" kind                   \
	"\",owner_name=\"web\"}))"
#define DIRECT(kind)                                                                     \
	"max by (namespace,pod) (kube_pod_owner{namespace=\"shop\",owner_kind=\"" kind   \
	"\",owner_name=\"web\"})"

static const struct {
	const char *kind, *text;
} workloads[] = {
	{"Deployment", CPU_BY_POD THROUGH("Deployment") "))"},
	{"StatefulSet", CPU_BY_POD DIRECT("StatefulSet") "))"},
	{"ReplicaSet", CPU_BY_POD DIRECT("ReplicaSet") "))"},
	{"Rollout", CPU_BY_POD THROUGH("Rollout") " or " DIRECT("Rollout") "))"},
};

START_TEST(history_finds_pods_by_their_owner)
{
	const struct prom_workload w = {
		.ns = "shop", .kind = workloads[_i].kind, .name = "web"};
	char *text AUTO_FREE = workload_query(PROM_CPU, &w);
	ck_assert_str_eq(text, workloads[_i].text);
}
END_TEST

START_TEST(history_of_one_container_selects_it)
{
	const struct prom_workload w = {
		.ns = "shop", .kind = "StatefulSet", .name = "web", .container = "app"};
	char *text AUTO_FREE = workload_query(PROM_MEMORY, &w);
	ck_assert_str_eq(
		text,
		"sum(sum by (namespace,pod) (max by (namespace,pod,container) "
		"(container_memory_working_set_bytes{namespace=\"shop\","
		"container=\"app\"})) * on (namespace,pod) (" DIRECT("StatefulSet") "))");
}
END_TEST

/* As many as are asked for at once (loop/batch.c), with the longest names that Kubernetes
 * allows, against the limit of VictoriaMetrics. */
START_TEST(a_hundred_namespaces_fit_into_16_kibibytes)
{
	char name[64];
	const char *names[100];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		names[i] = name;
	const struct prom_pods p = {.namespaces = names,
				    .namespace_count = ARRAY_LEN(names),
				    .container = name};
	char *text AUTO_FREE = usage_query(PROM_CPU, &p);
	ck_assert_uint_le(strlen(text), 16384);
}
END_TEST

START_TEST(a_query_that_does_not_fit_is_refused)
{
	struct str out AUTO(str_fini);
	str_init(&out, 300);
	ck_assert_int_eq(prom_usage_query(PROM_CPU, &usages[0].pods, &out), -1);
	const struct prom_workload w = {.ns = "shop", .kind = "Deployment", .name = "w"};
	str_clear(&out);
	ck_assert_int_eq(prom_workload_query(PROM_CPU, &w, &out), -1);
}
END_TEST

static const struct {
	const char *text, *quoted, *regex;
} quotes[] = {
	{"plain-1", "\"plain-1\"", "\"plain-1\""},
	{"", "\"\"", "\"\""},
	{"a\"b", "\"a\\\"b\"", "\"a\\\"b\""},
	{"a\\b", "\"a\\\\b\"", "\"a\\\\\\\\b\""},
	{"a.b|c", "\"a.b|c\"", "\"a\\\\.b\\\\|c\""},
	{"x\"} or up{a=\"", "\"x\\\"} or up{a=\\\"\"", "\"x\\\"\\\\} or up\\\\{a=\\\"\""},
	{"a\nb\x7f", "\"a\\x0ab\\x7f\"", "\"a\\x0ab\\x7f\""},
	{"\xc3\xa9", "\"\xc3\xa9\"", "\"\xc3\xa9\""},
};

START_TEST(texts_cannot_leave_their_quotes)
{
	struct str out AUTO(str_fini);
	str_init(&out, 1000);
	ck_assert_int_eq(prom_quote(&out, quotes[_i].text), 0);
	ck_assert_str_eq(str_text(&out), quotes[_i].quoted);
	str_clear(&out);
	ck_assert_int_eq(prom_quote_regex(&out, quotes[_i].text), 0);
	ck_assert_str_eq(str_text(&out), quotes[_i].regex);
	str_clear(&out);
	out.limit = 1;
	ck_assert_int_eq(prom_quote(&out, quotes[_i].text), -1);
	ck_assert_int_eq(prom_quote_regex(&out, quotes[_i].text), -1);
}
END_TEST

START_TEST(resources_are_known_by_name)
{
	enum prom_resource r = PROM_MEMORY;
	ck_assert_int_eq(prom_resource_parse("cpu", &r), 0);
	ck_assert_int_eq(r, PROM_CPU);
	ck_assert_int_eq(prom_resource_parse("memory", &r), 0);
	ck_assert_int_eq(r, PROM_MEMORY);
	ck_assert_int_eq(prom_resource_parse("ephemeral-storage", &r), -1);
	ck_assert_int_eq(r, PROM_MEMORY);
}
END_TEST

#define ROW(pod, container, time, value)                                                 \
	"{\"metric\":{\"container\":\"" container                                        \
	"\",\"namespace\":\"shop\",\"pod\":\"" pod "\"" time                             \
	"},\"value\":[1700000000,\"" value "\"]}"
#define TIME(text) ",\"time\":\"" text "\""

static const struct prom_usage *find_usage(const struct prom_usage *rows, size_t count,
					   const char *pod, const char *container)
{
	size_t i = 0;
	while (i < count &&
	       (strcmp(rows[i].pod, pod) != 0 || strcmp(rows[i].container, container)))
		i++;
	ck_assert_msg(i < count, "no row of %s/%s", pod, container);
	return &rows[i];
}

START_TEST(usages_are_values_with_their_times_by_key)
{
	static const char text[] =
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":"
		"[" ROW("b", "app", TIME("1699999980"), "2") "," ROW(
			"a", "side", "",
			"0.5") "," ROW("a", "app", TIME("1699999990.5"),
				       "1.5") "," ROW("c", "app", TIME("soon"),
						      "1") "," ROW("d", "app",
								   TIME("1e300"),
								   "1") "," ROW("e",
										"app",
										TIME("1."
										     "699"
										     "999"
										     "97e"
										     "+0"
										     "9"),
										"NaN") "]"
										       "}"
										       "}";
	static const struct {
		const char *pod, *container;
		double v;
		int64_t t_ms;
	} want[] = {
		{"a", "app", 1.5, 1699999990500}, {"a", "side", 0.5, INT64_MIN},
		{"b", "app", 2, 1699999980000},   {"c", "app", 1, INT64_MIN},
		{"d", "app", 1, INT64_MIN},       {"e", "app", NAN, 1699999970000},
	};
	const struct prom_body body = {
		.status = 200, .content_type = "", .text = text, .len = sizeof(text) - 1};
	const struct prom_limits limits = {.max_series = 10, .max_samples = 10};
	struct prom_result r = {0};
	size_t count = 0;
	ck_assert_int_eq(prom_decode(&body, &limits, NULL, &r, NULL), PROM_OK);
	struct prom_usage *rows AUTO_FREE = prom_usages(&r, &count);
	ck_assert_uint_eq(count, ARRAY_LEN(want));
	for (size_t i = 0; i < count; i++) {
		const struct prom_usage *row =
			find_usage(rows, count, want[i].pod, want[i].container);
		ck_assert_str_eq(row->ns, "shop");
		ck_assert_uint_eq(row->key, hash_text(row->pod));
		ck_assert_int_eq(row->sample.t_ms, want[i].t_ms);
		if (isnan(want[i].v))
			ck_assert(isnan(row->sample.v));
		else
			ck_near(row->sample.v, want[i].v, 0);
		ck_assert(i == 0 || rows[i - 1].key <= rows[i].key);
		ck_assert(i == 0 || rows[i - 1].key < rows[i].key ||
			  strcmp(rows[i - 1].container, rows[i].container) < 0);
	}
	prom_result_fini(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("prom builtin");
	TCase *t = tcase_create("builtin");
	tcase_add_loop_test(t, usage_asks_for_values_and_their_times_at_once, 0,
			    ARRAY_LEN(usages));
	tcase_add_test(t, windows_are_written_exactly);
	tcase_add_loop_test(t, history_finds_pods_by_their_owner, 0,
			    ARRAY_LEN(workloads));
	tcase_add_test(t, history_of_one_container_selects_it);
	tcase_add_test(t, a_hundred_namespaces_fit_into_16_kibibytes);
	tcase_add_test(t, a_query_that_does_not_fit_is_refused);
	tcase_add_loop_test(t, texts_cannot_leave_their_quotes, 0, ARRAY_LEN(quotes));
	tcase_add_test(t, resources_are_known_by_name);
	tcase_add_test(t, usages_are_values_with_their_times_by_key);
	suite_add_tcase(s, t);
	return run_suite(s);
}
