#include "loop/loop.h"

#include "unit/harness.h"

#include <string.h>

#define HEAD                                                                             \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}\n"      \
	"minReplicas: 1\nmaxReplicas: 9\nmetrics:\n"
#define AVERAGE "target: {type: AverageValue, averageValue: \"100\"}"

static struct policy *policy;
static struct str out;

static void setup(void)
{
	str_init(&out, 4096);
}

static void teardown(void)
{
	policy_free(policy);
	policy = NULL;
	str_fini(&out);
}

static void ask(const char *metric)
{
	char *text AUTO_FREE = xasprintf(HEAD "%s", metric);
	struct err wrong = {0};
	policy = policy_parse("shop", "checkout", text, strlen(text), &wrong);
	ck_assert_msg(policy != NULL, "%s", wrong.msg);
	ck_assert_msg(loop_history_query(policy, 0, &out, &wrong) == 0, "%s", wrong.msg);
}

static const struct {
	const char *metric, *query;
} cases[] = {
	/* Of the whole workload already. */
	{"- type: External\n  external: {metric: {name: a}, " AVERAGE "}\n"
	 "  query: sum(rate(a[1m]))\n",
	 "sum(rate(a[1m]))"},
	{"- type: Object\n"
	 "  object: {metric: {name: a}, describedObject: {apiVersion: v1, kind: "
	 "Service, name: b}, target: {type: Value, value: \"5\"}}\n"
	 "  query: a\n",
	 "a"},
	/* By pod. */
	{"- type: Pods\n  pods: {metric: {name: a}, " AVERAGE "}\n"
	 "  query: sum by (pod) (rate(a[1m]))\n",
	 "sum(sum by (pod) (rate(a[1m])))"},
	{"- type: Resource\n  resource: {name: memory, " AVERAGE "}\n  query: a\n",
	 "sum(a)"},
	/* PromQL has comments, which must not swallow the end. */
	{"- type: Pods\n  pods: {metric: {name: a}, " AVERAGE "}\n"
	 "  query: |-\n    a # of the\n    # front end\n",
	 "sum(a # of the\n# front end\n)"},
	{"- type: Pods\n  pods: {metric: {name: a}, " AVERAGE "}\n"
	 "  query: \"a{b='#'}\"\n",
	 "sum(a{b='#'}\n)"},
	/* Said by the user. */
	{"- type: Pods\n  pods: {metric: {name: a}, " AVERAGE "}\n"
	 "  query: a\n  historyQuery: b\n",
	 "b"},
	{"- type: Resource\n  resource: {name: cpu, " AVERAGE "}\n  historyQuery: b\n",
	 "b"},
};

START_TEST(the_past_is_asked_for_the_whole_workload)
{
	ask(cases[_i].metric);
	ck_assert_str_eq(str_text(&out), cases[_i].query);
}
END_TEST

START_TEST(a_built_in_one_names_target_and_container)
{
	ask("- type: ContainerResource\n"
	    "  containerResource: {name: cpu, container: web, target: {type: "
	    "Utilization, averageUtilization: 50}}\n");
	ck_assert_ptr_nonnull(strstr(str_text(&out), "namespace=\"shop\""));
	ck_assert_ptr_nonnull(strstr(str_text(&out), "container=\"web\""));
	ck_assert_ptr_nonnull(strstr(str_text(&out), "checkout"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loop history_query");
	TCase *t = tcase_create("history query");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, the_past_is_asked_for_the_whole_workload, 0,
			    ARRAY_LEN(cases));
	tcase_add_test(t, a_built_in_one_names_target_and_container);
	suite_add_tcase(s, t);
	return run_suite(s);
}
