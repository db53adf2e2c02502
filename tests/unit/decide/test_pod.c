#include "unit/decide/rig.h"

#include "decide/pod.h"

static const struct resource_request cpu_100[] = {{"cpu", 100}};
static const struct resource_request both[] = {{"memory", 64000}, {"cpu", 50}};
static const struct container_info two[] = {
	{"web", false, cpu_100, 1, 0},
	{"sidecar", false, both, 2, 0},
};

static struct policy policy_of(enum metric_type type, char *resource, char *container)
{
	/* Of the newest two. */
	static struct policy_metric rooms[2][POLICY_METRICS_MAX];
	static int turn;
	struct policy p = {.metrics = rooms[turn++ % 2], .metric_count = 1};
	p.metrics[0] = (struct policy_metric){
		.type = type, .name = resource, .container = container};
	return p;
}

static struct pod fill(const struct policy *policy, const struct pod_info *info)
{
	struct pod pod;
	memset(&pod, 0xff, sizeof(pod));
	pod_set(&pod, info, policy, true);
	return pod;
}

START_TEST(requests_of_containers_are_summed)
{
	struct policy p = policy_of(METRIC_RESOURCE, "cpu", NULL);
	struct pod_info info = {.name = "a", .containers = two, .container_count = 2};
	struct pod pod = fill(&p, &info);
	ck_assert_int_eq(pod.request_m[0], 150);
	ck_assert_int_eq(pod.request_m[1], REQUEST_UNUSED);
	ck_assert_uint_eq(pod.key, hash_text("a"));
	ck_assert_int_eq(pod.containers, 2);
	ck_assert_str_eq(pod.lacking, "");
	ck_assert_int_eq(pod.lacking_for, 0);
}
END_TEST

START_TEST(container_without_a_request_is_named)
{
	struct policy p = policy_of(METRIC_RESOURCE, "memory", NULL);
	p.metrics[1] = (struct policy_metric){.type = METRIC_RESOURCE, .name = "cpu"};
	p.metric_count = 2;
	struct pod_info info = {.name = "a", .containers = two, .container_count = 2};
	struct pod pod = fill(&p, &info);
	ck_assert_int_eq(pod.request_m[0], REQUEST_MISSING);
	ck_assert_int_eq(pod.request_m[1], 150);
	ck_assert_str_eq(pod.lacking, "web");
	ck_assert_int_eq(pod.lacking_for, 1);
}
END_TEST

START_TEST(only_sidecars_among_init_containers_count)
{
	static const struct container_info init[] = {
		{"migrate", false, cpu_100, 1, 0},
		{"proxy", true, both, 2, 0},
	};
	struct policy p = policy_of(METRIC_RESOURCE, "cpu", NULL);
	struct pod_info info = {
		.name = "a",
		.containers = two,
		.container_count = 1,
		.init_containers = init,
		.init_container_count = 2,
	};
	struct pod pod = fill(&p, &info);
	ck_assert_int_eq(pod.request_m[0], 150);
	ck_assert_int_eq(pod.containers, 2);
	p = policy_of(METRIC_CONTAINER_RESOURCE, "cpu", "proxy");
	ck_assert_int_eq(fill(&p, &info).request_m[0], 50);
	p = policy_of(METRIC_CONTAINER_RESOURCE, "cpu", "migrate");
	ck_assert_int_eq(fill(&p, &info).request_m[0], REQUEST_NO_CONTAINER);
}
END_TEST

START_TEST(every_sidecar_counts_from_the_first_on)
{
	static const struct resource_request none[] = {{"cpu", 0}};
	static const struct container_info init[] = {
		{"idle", true, none, 1, 0},
		{"proxy", true, cpu_100, 1, 0},
		{"log", true, NULL, 0, 0},
	};
	struct policy p = policy_of(METRIC_RESOURCE, "cpu", NULL);
	struct pod_info info = {
		.name = "a",
		.containers = two,
		.container_count = 1,
		.init_containers = init,
		.init_container_count = 2,
	};
	ck_assert_int_eq(fill(&p, &info).request_m[0], 200);
	ck_assert_int_eq(fill(&p, &info).containers, 3);
	info.init_container_count = 3;
	ck_assert_int_eq(fill(&p, &info).request_m[0], REQUEST_MISSING);
	ck_assert_str_eq(fill(&p, &info).lacking, "log");
	info.init_containers = init + 1;
	info.init_container_count = 1;
	ck_assert_int_eq(fill(&p, &info).request_m[0], 200);
	p = policy_of(METRIC_CONTAINER_RESOURCE, "cpu", "proxy");
	ck_assert_int_eq(fill(&p, &info).request_m[0], 100);
}
END_TEST

START_TEST(limit_is_that_of_cpu_and_as_small_as_it_is)
{
	static const struct container_info limited[] = {{"web", false, both, 2, 1}};
	struct policy p = policy_of(METRIC_RESOURCE, "cpu", NULL);
	struct pod_info info = {.name = "a", .containers = limited, .container_count = 1};
	ck_assert_int_eq(fill(&p, &info).limit_m[0], 1);
	p = policy_of(METRIC_RESOURCE, "memory", NULL);
	ck_assert_int_eq(fill(&p, &info).limit_m[0], 0);
}
END_TEST

START_TEST(named_container_counts_alone_whatever_the_pod_requests)
{
	static const struct resource_request level[] = {{"cpu", 800}};
	struct policy p = policy_of(METRIC_CONTAINER_RESOURCE, "cpu", "sidecar");
	struct pod_info info = {
		.name = "a",
		.containers = two,
		.container_count = 2,
		.requests = level,
		.request_count = 1,
	};
	ck_assert_int_eq(fill(&p, &info).request_m[0], 50);
}
END_TEST

START_TEST(pod_level_requests_replace_the_sum_where_they_are_on)
{
	static const struct resource_request level[] = {{"cpu", 800}};
	struct policy p = policy_of(METRIC_RESOURCE, "cpu", NULL);
	struct policy memory = policy_of(METRIC_RESOURCE, "memory", NULL);
	struct pod_info info = {
		.name = "a",
		.containers = two,
		.container_count = 2,
		.requests = level,
		.request_count = 1,
	};
	struct pod pod;
	ck_assert_int_eq(fill(&p, &info).request_m[0], 800);
	ck_assert_int_eq(fill(&memory, &info).request_m[0], REQUEST_NO_POD_LEVEL);
	pod_set(&pod, &info, &p, false);
	ck_assert_int_eq(pod.request_m[0], 150);
}
END_TEST

START_TEST(sums_of_requests_saturate)
{
	static const struct resource_request huge[] = {{"cpu", INT64_MAX}};
	static const struct container_info c[] = {{"a", false, huge, 1, 0},
						  {"b", false, huge, 1, 0}};
	struct policy p = policy_of(METRIC_RESOURCE, "cpu", NULL);
	struct pod_info info = {.name = "a", .containers = c, .container_count = 2};
	ck_assert_int_eq(fill(&p, &info).request_m[0], INT64_MAX);
}
END_TEST

START_TEST(long_names_are_cut_and_still_joined_by_the_whole_name)
{
	char name[300];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	struct container_info c = {.name = name};
	struct policy p = policy_of(METRIC_RESOURCE, "cpu", NULL);
	struct pod_info info = {.name = name, .containers = &c, .container_count = 1};
	struct pod pod = fill(&p, &info);
	ck_assert_uint_eq(strlen(pod.name), POD_NAME_SIZE - 1);
	ck_assert_uint_eq(strlen(pod.lacking), sizeof(pod.lacking) - 1);
	ck_assert_uint_eq(pod.key, hash_text(name));
	ck_assert_int_eq(pod.lacking_for, 1);
}
END_TEST

START_TEST(what_the_watch_says_is_kept)
{
	struct policy p = policy_of(METRIC_PODS, "qps", NULL);
	struct pod_info info = {
		.name = "a",
		.phase = POD_PENDING,
		.ready = READY_FALSE,
		.deleted = true,
		.created_ms = 1,
		.start_ms = POD_TIME_NONE,
		.ready_since_ms = 3,
	};
	struct pod pod = fill(&p, &info);
	ck_assert_int_eq(pod.phase, POD_PENDING);
	ck_assert_int_eq(pod.ready, READY_FALSE);
	ck_assert(pod.deleted);
	ck_assert_int_eq(pod.created_ms, 1);
	ck_assert_int_eq(pod.start_ms, POD_TIME_NONE);
	ck_assert_int_eq(pod.ready_since_ms, 3);
	ck_assert_int_eq(pod.request_m[0], REQUEST_UNUSED);
}
END_TEST

START_TEST(words_of_the_api_are_read)
{
	ck_assert_int_eq(pod_phase_parse("Pending"), POD_PENDING);
	ck_assert_int_eq(pod_phase_parse("Running"), POD_RUNNING);
	ck_assert_int_eq(pod_phase_parse("Succeeded"), POD_SUCCEEDED);
	ck_assert_int_eq(pod_phase_parse("Failed"), POD_FAILED);
	ck_assert_int_eq(pod_phase_parse("running"), POD_PHASE_UNKNOWN);
	ck_assert_int_eq(pod_phase_parse(NULL), POD_PHASE_UNKNOWN);
	ck_assert_int_eq(pod_ready_parse("True"), READY_TRUE);
	ck_assert_int_eq(pod_ready_parse("False"), READY_FALSE);
	ck_assert_int_eq(pod_ready_parse("Unknown"), READY_UNKNOWN);
	ck_assert_int_eq(pod_ready_parse(NULL), READY_NONE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pod");
	TCase *t = tcase_create("pod");
	tcase_add_test(t, requests_of_containers_are_summed);
	tcase_add_test(t, container_without_a_request_is_named);
	tcase_add_test(t, only_sidecars_among_init_containers_count);
	tcase_add_test(t, every_sidecar_counts_from_the_first_on);
	tcase_add_test(t, limit_is_that_of_cpu_and_as_small_as_it_is);
	tcase_add_test(t, named_container_counts_alone_whatever_the_pod_requests);
	tcase_add_test(t, pod_level_requests_replace_the_sum_where_they_are_on);
	tcase_add_test(t, sums_of_requests_saturate);
	tcase_add_test(t, long_names_are_cut_and_still_joined_by_the_whole_name);
	tcase_add_test(t, what_the_watch_says_is_kept);
	tcase_add_test(t, words_of_the_api_are_read);
	suite_add_tcase(s, t);
	return run_suite(s);
}
