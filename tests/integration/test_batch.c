/* Built-in queries of policies in several namespaces are asked as one, and one namespace
 * that cannot be answered costs the others nothing. */
#include "integration/bed.h"

#include "prom/prom.h"

#include <string.h>

static struct bed *b;

/* Their cycles are spread over the period: some of them meet. */
static const char *const names[] = {"a",       "b",       "c",       "d",
				    "e",       "f",       "store/a", "store/b",
				    "store/c", "store/d", "store/e", "store/f"};

static const char policy[] =
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}\n"
	"mode: Scale\n"
	"maxReplicas: 20\n"
	"metrics:\n"
	"- type: Resource\n"
	"  resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}\n"
	"forecast: {mode: Disabled}\n";

/* Both namespaces in one query, in the order of their names. */
static char *joint_query(void)
{
	static const char *const both[] = {"shop", "store"};
	const struct prom_pods pods = {.namespaces = both, .namespace_count = 2};
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	ck_assert_int_eq(prom_usage_query(PROM_CPU, &pods, &text), 0);
	return str_take(&text);
}

static int joint;

static bool count_joint(void *arg, enum seen_phase phase, const struct request *q)
{
	(void)arg;
	if (phase == SEEN_ARRIVED && q->body && strstr(q->body, "shop%7Cstore"))
		joint++;
	return false;
}

static const char *last_part(const char *name)
{
	const char *slash = strchr(name, '/');
	return slash ? slash + 1 : name;
}

static void setup(void)
{
	struct err err = {0};
	b = bed_open(names, ARRAY_LEN(names));
	joint = 0;
	promapi_on_request(b->prom, count_joint, NULL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *text AUTO_FREE = xasprintf(policy, last_part(names[i]));
		const char *ns = strchr(names[i], '/') ? "store" : "shop";
		ck_assert_int_eq(
			served_put_policy(b->served, ns, last_part(names[i]), text, &err),
			0);
	}
}

static void teardown(void)
{
	bed_close(b);
}

static int32_t replicas(const char *name)
{
	const char *ns = strchr(name, '/') ? "store" : "shop";
	cJSON *d AUTO(json_cleanup) =
		kubeapi_get(b->kube, KUBEAPI_DEPLOYMENTS, ns, last_part(name));
	return (int32_t)json_int(d, "spec.replicas", -1);
}

static bool all_scaled(void)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (replicas(names[i]) != 6)
			return false;
	return true;
}

START_TEST(each_policy_gets_the_rows_of_its_own_namespace)
{
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, all_scaled(), "four busy pods become six everywhere");
	wait_until(b, joint > 0, "both namespaces are asked for in one query");
	ck_assert_ptr_null(promapi_unknown(b->prom));
}
END_TEST

/* A longer answer than the source may give. */
#define ANSWER_MAX 65536
static void far_too_much(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	(void)arg;
	(void)at_ms;
	for (int i = 0; i < 1000; i++) {
		char pod[32];
		snprintf(pod, sizeof(pod), "pod-%d", i);
		const struct promapi_label labels[] = {{"namespace", "shop"},
						       {"pod", pod}};
		promapi_rows_add(rows, labels, ARRAY_LEN(labels), 1);
	}
}

START_TEST(an_answer_that_is_too_large_is_asked_for_in_parts)
{
	char *both AUTO_FREE = joint_query();
	char *source AUTO_FREE = xasprintf(
		"- {name: default, url: \"%s\", caFile: \"%s\", maxResponseBytes: %d}\n",
		served_prom_url(b->served), b->ca, ANSWER_MAX);
	bed_write_config(b, source, NULL);
	promapi_register(b->prom, both, far_too_much, NULL);
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, joint > 0, "both namespaces are asked for in one query");
	wait_until(b, all_scaled(), "everybody has values all the same");
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("batch", setup, teardown);
	tcase_add_test(tc, each_policy_gets_the_rows_of_its_own_namespace);
	tcase_add_test(tc, an_answer_that_is_too_large_is_asked_for_in_parts);
	return bed_run();
}
