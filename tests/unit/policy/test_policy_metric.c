#include "unit/policy/refusals.h"

#define RESOURCE(text) "metrics:\n- type: Resource\n  resource: " text "\n"
#define CONTAINER(text)                                                                  \
	"metrics:\n- type: ContainerResource\n  containerResource: " text "\n"
#define PODS(text)     "metrics:\n- type: Pods\n  query: q\n  pods: " text "\n"
#define OBJECT(text)   "metrics:\n- type: Object\n  query: q\n  object: " text "\n"
#define EXTERNAL(text) "metrics:\n- type: External\n  query: q\n  external: " text "\n"
#define CPU80          "{name: cpu, target: {type: Utilization, averageUtilization: 80}}"

static const struct refusal refusals[] = {
	{"metrics: cpu\n", "line 3: metrics: got \"cpu\": want a list"},
	{"metrics: {type: Resource}\n", "line 3: metrics: got a map: want a list"},
	{"metrics: [cpu]\n", "line 3: metrics[0]: got \"cpu\": want a map of fields"},
	{"metrics: [{}, {}, {}, {}, {}, {}, {}, {}, {}]\n",
	 "line 3: metrics: Too many: 9: must have at most 8 items"},
	/* Type and source. */
	{"metrics:\n- resource: " CPU80 "\n",
	 "line 4: metrics[0].type: Required value: must specify a metric source type"},
	{"metrics:\n- type: resource\n  resource: " CPU80 "\n",
	 "line 4: metrics[0].type: Unsupported value: \"resource\": supported values: "
	 "\"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\""},
	{"metrics:\n- type: Resource\n", "line 4: metrics[0].resource: Required value: "
					 "must populate information for the given metric "
					 "source"},
	{RESOURCE(CPU80) "  pods: {metric: {name: x}, target: {type: AverageValue, "
			 "averageValue: 1}}\n",
	 "line 6: metrics[0].pods: Forbidden: must populate the given metric source "
	 "only"},
	{"metrics:\n- type: Resource\n  resource: cpu\n",
	 "line 5: metrics[0].resource: got \"cpu\": want a map of fields"},
	{RESOURCE(CPU80) "  sources: x\n",
	 "line 6: metrics[0]: unknown field \"sources\": did you mean \"source\"?"},
	/* Resource. */
	{RESOURCE("{target: {type: Utilization, averageUtilization: 80}}"),
	 "line 5: metrics[0].resource.name: Required value: must specify a resource "
	 "name"},
	{RESOURCE("{name: '', target: {type: Utilization, averageUtilization: 80}}"),
	 "line 5: metrics[0].resource.name: Required value: must specify a resource "
	 "name"},
	{RESOURCE("{name: disk, target: {type: Utilization, averageUtilization: 80}}"),
	 "line 5: metrics[0].resource.name: Unsupported value: \"disk\": supported "
	 "values: \"cpu\", "
	 "\"memory\""},
	{RESOURCE("{name: cpu, targt: {type: Utilization, averageUtilization: 80}, "
		  "target: {type: "
		  "Utilization, averageUtilization: 80}}"),
	 "line 5: metrics[0].resource: unknown field \"targt\": did you mean "
	 "\"target\"?"},
	{RESOURCE("{name: cpu, container: x, target: {type: Utilization, "
		  "averageUtilization: 80}}"),
	 "line 5: metrics[0].resource: unknown field \"container\": allowed: name, "
	 "target"},
	{CONTAINER("{name: cpu, target: {type: Utilization, averageUtilization: 80}}"),
	 "line 5: metrics[0].containerResource.container: Required value: must specify a "
	 "container"},
	/* Metrics by name. */
	{PODS("{target: {type: AverageValue, averageValue: 1}}"),
	 "line 6: metrics[0].pods.metric.name: Required value: must specify a metric "
	 "name"},
	{PODS("{metric: {name: a/b}, target: {type: AverageValue, averageValue: 1}}"),
	 "line 6: metrics[0].pods.metric.name: Invalid value: \"a/b\": may not contain "
	 "'/'"},
	{PODS("{metric: requests, target: {type: AverageValue, averageValue: 1}}"),
	 "line 6: metrics[0].pods.metric: got \"requests\": want a map of fields"},
	{EXTERNAL("{metric: {name: x, selector: {matchLabels: [a]}}, target: {type: "
		  "AverageValue, "
		  "averageValue: 1}}"),
	 "line 6: metrics[0].external.metric.selector.matchLabels: got a list: want a "
	 "map"},
	{EXTERNAL("{metric: {name: x, selector: {app: a}}, target: {type: AverageValue, "
		  "averageValue: 1}}"),
	 "line 6: metrics[0].external.metric.selector: unknown field \"app\": allowed: "
	 "matchLabels, "
	 "matchExpressions"},
	{OBJECT("{describedObject: {kind: Ingress}, metric: {name: x}, target: {type: "
		"Value, value: 1}}"),
	 "line 6: metrics[0].object.describedObject.name: Required value"},
	{"metrics:\n- type: External\n  external: {metric: {name: x}, target: {type: "
	 "Value, value: 1}}\n",
	 "line 4: metrics[0].query: Required value: the PromQL of the metric's value"},
	{"metrics:\n- type: External\n  query: ''\n  external: {metric: {name: x}, "
	 "target: {type: Value, "
	 "value: 1}}\n",
	 "line 5: metrics[0].query: Required value: the PromQL of the metric's value"},
	{"metrics:\n- type: External\n  query: [q]\n  external: {metric: {name: x}, "
	 "target: {type: Value, "
	 "value: 1}}\n",
	 "line 5: metrics[0].query: got a list: want a text"},
	{RESOURCE("{name: cpu, query: q, target: {type: Utilization, averageUtilization: "
		  "80}}"),
	 "line 5: metrics[0].resource.query: belongs beside \"type\", one level up"},
	/* Memory is reactive only. */
	{RESOURCE("{name: memory, target: {type: AverageValue, averageValue: "
		  "1Gi}}") "  forecast: {target: "
			   "2Gi}\n",
	 "line 6: metrics[0].forecast: Forbidden: memory is not forecast by itself: "
	 "remove "
	 "it"},
	{RESOURCE(
		 "{name: memory, target: {type: AverageValue, averageValue: 1Gi}}") "  "
										    "hist"
										    "oryQ"
										    "uery"
										    ": "
										    "q\n",
	 "line 6: metrics[0].historyQuery: Forbidden: memory is not forecast by itself: "
	 "remove "
	 "it"},
};

START_TEST(wrong_metrics_are_refused_with_line_path_and_what_is_allowed)
{
	check_refusal(&refusals[_i]);
}
END_TEST

START_TEST(every_type_is_read)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(
		"metrics:\n"
		"- type: Resource\n"
		"  resource: " CPU80 "\n"
		"- type: ContainerResource\n"
		"  containerResource: {name: memory, container: app, target: {type: "
		"Utilization, "
		"averageUtilization: 70}}\n"
		"- type: Pods\n"
		"  pods: {metric: {name: packets, selector: {matchLabels: {a: b}, "
		"matchExpressions: [{key: k, "
		"operator: Exists}]}}, target: {type: AverageValue, averageValue: 1k}}\n"
		"  query: sum by (pod) (packets)\n"
		"- type: Object\n"
		"  object: {describedObject: {apiVersion: networking.k8s.io/v1, kind: "
		"Ingress, name: main}, "
		"metric: {name: hits}, target: {type: Value, value: 10k}}\n"
		"  query: sum(hits)\n"
		"  source: other\n"
		"  historyQuery: sum(hits) + 1\n"
		"- type: External\n"
		"  external: {metric: {name: queue}, target: {type: AverageValue, "
		"averageValue: 30}}\n"
		"  query: |\n"
		"    sum(\n"
		"      queue)\n");
	ck_assert_int_eq(p->metric_count, 5);
	const struct policy_metric *m = p->metrics;
	static const enum metric_type types[] = {METRIC_RESOURCE,
						 METRIC_CONTAINER_RESOURCE, METRIC_PODS,
						 METRIC_OBJECT, METRIC_EXTERNAL};
	static const char *const names[] = {"cpu", "memory", "packets", "hits", "queue"};
	static const bool forecast[] = {true, false, true, true, true};
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(m[i].type, types[i]);
		ck_assert_str_eq(m[i].name, names[i]);
		ck_assert_int_eq(m[i].forecast, forecast[i]);
		ck_assert_str_eq(m[i].source, i == 3 ? "other" : "default");
	}
	ck_assert_ptr_null(m[0].query);
	ck_assert_ptr_null(m[0].container);
	ck_assert_str_eq(m[1].container, "app");
	ck_assert_str_eq(m[2].query, "sum by (pod) (packets)");
	ck_assert_ptr_null(m[2].history_query);
	ck_assert_str_eq(m[3].history_query, "sum(hits) + 1");
	ck_assert_str_eq(m[4].query, "sum(\n  queue)\n");
}
END_TEST

START_TEST(a_resource_may_bring_its_own_query)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept(RESOURCE(CPU80) "  query: own\n");
	ck_assert_str_eq(p->metrics[0].query, "own");
}
END_TEST

START_TEST(a_query_of_8192_bytes_is_the_longest)
{
	AUTO_FREE char *query = xcalloc(1, 8194);
	memset(query, 'q', 8192);
	AUTO_FREE char *good = xasprintf("metrics:\n- type: Resource\n  resource: " CPU80
					 "\n  query: %s\n",
					 query);
	policy_free(must_accept(good));
	AUTO_FREE char *bad = xasprintf("metrics:\n- type: Resource\n  resource: " CPU80
					"\n  query: %sq\n",
					query);
	check_refusal(&(struct refusal){
		bad, "line 6: metrics[0].query: text of 8193 bytes: want at most 8192"});
}
END_TEST

START_TEST(eight_metrics_are_taken)
{
	AUTO(policy_cleanup)
	struct policy *p = must_accept("metrics:\n- &m {type: Resource, resource: " CPU80
				       "}\n- *m\n- *m\n- *m\n- *m\n- *m\n- *m\n- *m\n");
	ck_assert_int_eq(p->metric_count, 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy_metric");
	TCase *tcase = tcase_create("policy_metric");
	tcase_add_loop_test(tcase,
			    wrong_metrics_are_refused_with_line_path_and_what_is_allowed,
			    0, ARRAY_LEN(refusals));
	tcase_add_test(tcase, every_type_is_read);
	tcase_add_test(tcase, a_resource_may_bring_its_own_query);
	tcase_add_test(tcase, a_query_of_8192_bytes_is_the_longest);
	tcase_add_test(tcase, eight_metrics_are_taken);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
