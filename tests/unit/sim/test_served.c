#include "sim/served.h"

#include "kube/kube.h"
#include "prom/prom.h"
#include "unit/harness.h"
#include "unit/serve/client.h"

#define START_MS INT64_C(1768780800000) /* 2026-01-19T00:00:00Z */
#define SPEED    1000.0

static struct reactor *r;
static struct served *s;
static struct clock engine_clock;
static struct trace *demand;
static struct fetch f;
static int steps;

static void on_step(void *arg)
{
	(*(int *)arg)++;
}

static void start(bool tls)
{
	struct err err = {0};
	const struct served_workload workloads[] = {
		{.workload = {.ns = "shop",
			      .name = "checkout",
			      .demand = demand,
			      .capacity = 100,
			      .lead_ms = 30 * MS_PER_S,
			      .replicas = 3,
			      .cpu_full = 1,
			      .cpu_request = 0.5,
			      .memory_idle = 1 << 20,
			      .memory_request = 1 << 21},
		 .policy = "mode: Scale\n"},
		{.workload = {.ns = "shop",
			      .name = "search",
			      .demand = demand,
			      .capacity = 50,
			      .replicas = 1},
		 .requests_query = "sum(search)"},
	};
	const struct served_config config = {
		.clock = &engine_clock, .tls = tls, .workloads = workloads, .count = 2};
	served_free(s);
	s = served_new(r, &config, &err);
	ck_assert_msg(s != NULL, "%s", err.msg);
	served_on_step(s, on_step, &steps);
}

static void setup(void)
{
	struct err err = {0};
	r = reactor_new(&err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	clock_init_scaled(&engine_clock, START_MS, SPEED);
	const struct shop_config shop = {.start_ms = START_MS - 14 * MS_PER_DAY,
					 .step_ms = MS_PER_MIN,
					 .count = 15 * 1440,
					 .peak = 1000,
					 .noise = 0.03,
					 .seed = 1};
	demand = trace_shop(&shop);
	s = NULL;
	steps = 0;
	start(false);
}

static void teardown(void)
{
	fetch_fini(&f);
	served_free(s);
	trace_free(demand);
	reactor_free(r);
}

/* Asks one of the two servers; the answer is parsed, the caller owns it. */
static cJSON *ask(const char *base, const char *method, const char *path,
		  const char *body)
{
	char *url AUTO_FREE = xasprintf("%s%s", base, path);
	fetch_fini(&f);
	fetch_init(&f, r, method, url, body);
	fetch_header(&f, "Authorization: Bearer simulated");
	if (base == served_kube_url(s))
		fetch_header(&f, "Content-Type: application/json");
	if (served_ca_pem(s)) {
		struct curl_blob ca = {(void *)(uintptr_t)served_ca_pem(s),
				       strlen(served_ca_pem(s)), CURL_BLOB_COPY};
		curl_easy_setopt(f.transfer.easy, CURLOPT_CAINFO_BLOB, &ca);
	}
	fetch_go(&f);
	ck_assert_msg(f.status == 200, "%s: %d %ld %s", path, f.result, f.status,
		      str_text(&f.body));
	return json_parse(str_text(&f.body), f.body.len, NULL);
}

static cJSON *kube(const char *method, const char *path, const char *body)
{
	return ask(served_kube_url(s), method, path, body);
}

/* The only value of an instant query. */
static double query(const char *expression, double time_s)
{
	char *escaped = curl_easy_escape(NULL, expression, 0);
	char *body AUTO_FREE = xasprintf("query=%s&time=%.3f", escaped, time_s);
	curl_free(escaped);
	cJSON *answer AUTO(json_cleanup) =
		ask(served_prom_url(s), "POST", "/api/v1/query", body);
	const cJSON *rows = json_at(answer, "data.result");
	if (cJSON_GetArraySize(rows) != 1)
		return NAN;
	const cJSON *value = json_at(cJSON_GetArrayItem(rows, 0), "value");
	return atof(cJSON_GetArrayItem(value, 1)->valuestring);
}

START_TEST(the_cluster_shows_what_the_world_holds)
{
	cJSON *d AUTO(json_cleanup) =
		kube("GET", "/apis/apps/v1/namespaces/shop/deployments/checkout", NULL);
	ck_assert_int_eq(json_int(d, "spec.replicas", 0), 3);
	ck_assert_int_eq(json_int(d, "status.readyReplicas", 0), 3);
	ck_assert_int_eq(json_int(d, "status.observedGeneration", 0), 1);
	cJSON *pods AUTO(json_cleanup) = kube(
		"GET", "/api/v1/namespaces/shop/pods?labelSelector=app%3Dcheckout", NULL);
	ck_assert_int_eq(cJSON_GetArraySize(json_at(pods, "items")), 3);
	const cJSON *pod = cJSON_GetArrayItem(json_at(pods, "items"), 0);
	ck_assert_str_eq(json_str(pod, "status.phase", ""), "Running");
	const cJSON *container = cJSON_GetArrayItem(json_at(pod, "spec.containers"), 0);
	ck_assert_str_eq(json_str(container, "resources.requests.cpu", ""), "500m");
	ck_assert_str_eq(json_str(container, "resources.requests.memory", ""), "2Mi");
	cJSON *maps AUTO(json_cleanup) =
		kube("GET", "/api/v1/configmaps?labelSelector=foretop.io/policy", NULL);
	ck_assert_int_eq(cJSON_GetArraySize(json_at(maps, "items")), 1);
	const cJSON *map = cJSON_GetArrayItem(json_at(maps, "items"), 0);
	ck_assert_str_eq(json_str(map, "metadata.name", ""), "checkout");
	const cJSON *data = json_at(map, "data");
	ck_assert_str_eq(cJSON_GetObjectItem(data, "policy.yaml")->valuestring,
			 "mode: Scale\n");
}
END_TEST

START_TEST(the_clients_of_the_product_read_its_objects)
{
	cJSON *d AUTO(json_cleanup) =
		kube("GET", "/apis/apps/v1/namespaces/shop/deployments/checkout", NULL);
	struct err err = {0};
	struct kube_workload w;
	ck_assert_msg(kube_workload_read(d, "Deployment", &w, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(w.replicas, 3);
	ck_assert_int_eq(w.ready_replicas, 3);
	ck_assert(w.observed && !w.rolling);
	ck_assert_ptr_nonnull(w.selector);
	kube_workload_fini(&w);
}
END_TEST

START_TEST(replicas_written_through_scale_become_ready_pods)
{
	const char *scale = "/apis/apps/v1/namespaces/shop/deployments/checkout/scale";
	struct workload *w = world_find(served_world(s), "shop", "checkout");
	cJSON_Delete(kube("PUT", scale, "{\"spec\":{\"replicas\":5}}"));
	ck_assert_int_eq(w->replicas, 5);
	ck_assert_uint_eq(kubeapi_count(served_kube(s), KUBEAPI_PODS), 6);
	int64_t created_ms = w->pods[4].created_ms;
	for (int i = 0; i < 400 && workload_ready(w) < 5; i++)
		spin(r, 5);
	ck_assert_int_eq(workload_ready(w), 5);
	ck_assert_int_eq(w->pods[4].ready_ms - created_ms, 30 * MS_PER_S);
	char name[96];
	snprintf(name, sizeof(name), "checkout-6d4cf56db6-%05x", 4);
	cJSON *pod AUTO(json_cleanup) =
		kubeapi_get(served_kube(s), KUBEAPI_PODS, "shop", name);
	char created[32], ready[32];
	time_format(created_ms, created, sizeof(created));
	time_format(created_ms + 30 * MS_PER_S, ready, sizeof(ready));
	ck_assert_str_eq(json_str(pod, "metadata.creationTimestamp", ""), created);
	const cJSON *condition = cJSON_GetArrayItem(json_at(pod, "status.conditions"), 3);
	ck_assert_str_eq(json_str(condition, "type", ""), "Ready");
	ck_assert_str_eq(json_str(condition, "status", ""), "True");
	ck_assert_str_eq(json_str(condition, "lastTransitionTime", ""), ready);
	cJSON_Delete(kube("PUT", scale, "{\"spec\":{\"replicas\":1}}"));
	ck_assert_uint_eq(kubeapi_count(served_kube(s), KUBEAPI_PODS), 2);
	cJSON *d AUTO(json_cleanup) =
		kubeapi_get(served_kube(s), KUBEAPI_DEPLOYMENTS, "shop", "checkout");
	ck_assert_int_eq(json_int(d, "status.replicas", 0), 1);
	ck_assert_int_eq(json_int(d, "status.observedGeneration", 0), 3);
	ck_assert(steps > 0);
}
END_TEST

/* Phase and Ready condition of the newest pod of checkout: "Running False". */
static const char *newest_pod(void)
{
	static char text[64];
	const struct workload *w = world_find(served_world(s), "shop", "checkout");
	char name[96];
	snprintf(name, sizeof(name), "checkout-6d4cf56db6-%05x",
		 (unsigned)w->pods[w->pod_count - 1].serial);
	cJSON *pod AUTO(json_cleanup) =
		kubeapi_get(served_kube(s), KUBEAPI_PODS, "shop", name);
	const cJSON *ready = cJSON_GetArrayItem(json_at(pod, "status.conditions"), 3);
	snprintf(text, sizeof(text), "%s %s", json_str(pod, "status.phase", "none"),
		 json_str(ready, "status", "none"));
	return text;
}

START_TEST(pods_go_through_the_phases_of_a_start)
{
	static const struct {
		int after_s;
		const char *pod;
	} rows[] = {{0, "Pending False"},
		    {7, "Pending False"},
		    {8, "Running False"},
		    {29, "Running False"},
		    {30, "Running True"}};
	int64_t now_ms = START_MS + MS_PER_H;
	clock_init_scaled(&engine_clock, now_ms, 1e-6); /* it stands */
	served_catch_up(s);
	cJSON_Delete(kube("PUT",
			  "/apis/apps/v1/namespaces/shop/deployments/checkout/scale",
			  "{\"spec\":{\"replicas\":4}}"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		clock_init_scaled(&engine_clock, now_ms + rows[i].after_s * 1000, 1e-6);
		served_catch_up(s);
		ck_assert_str_eq(newest_pod(), rows[i].pod);
	}
}
END_TEST

START_TEST(prometheus_knows_the_past_but_not_the_future)
{
	char *expression AUTO_FREE = served_requests_query("shop", "checkout");
	int64_t past_ms = START_MS - 5 * MS_PER_DAY + 30 * MS_PER_H;
	const struct scrape scrape = {15000, 60000, 5000};
	ck_near(query(expression, (double)past_ms / 1000),
		trace_rate(demand, &scrape, past_ms), 1e-6);
	ck_assert(isnan(query(expression, (double)START_MS / 1000 + 9 * 3600)));
	ck_assert(query("sum(search)", (double)START_MS / 1000) > 0);
	ck_assert(isnan(query("sum(other)", (double)START_MS / 1000)));
	char *by_pod AUTO_FREE = served_pods_query("shop", "search");
	char *sum AUTO_FREE = xasprintf("sum(%s)", by_pod);
	double now_s = (double)clock_now_ms(&engine_clock) / 1000;
	ck_near(query(by_pod, now_s), query(sum, now_s), 1e-6);
}
END_TEST

START_TEST(the_built_in_queries_are_answered)
{
	const char *ns = "shop";
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	served_catch_up(s);
	spin(r, 100); /* some scrapes pass */
	const struct prom_pods pods = {.namespaces = &ns, .namespace_count = 1};
	ck_assert_int_eq(prom_usage_query(PROM_CPU, &pods, &text), 0);
	char *escaped = curl_easy_escape(NULL, str_text(&text), 0);
	char *body AUTO_FREE = xasprintf("query=%s", escaped);
	curl_free(escaped);
	cJSON_Delete(ask(served_prom_url(s), "POST", "/api/v1/query", body));
	const struct prom_limits limits = {100, 1000};
	const struct prom_body answer = {200, "application/json", str_text(&f.body),
					 f.body.len};
	struct prom_result result = {0};
	struct err err = {0};
	ck_assert_msg(prom_decode(&answer, &limits, NULL, &result, &err) == PROM_OK, "%s",
		      err.msg);
	size_t n;
	struct prom_usage *usages = prom_usages(&result, &n);
	ck_assert_uint_eq(n, 4);
	ck_assert_int_eq(strncmp(usages[0].pod, "checkout-6d4cf56db6-0000", 24), 0);
	ck_assert_str_eq(usages[0].container, "app");
	ck_assert(usages[0].sample.v > 0 && usages[0].sample.v <= 1);
	ck_assert_int_eq(usages[0].sample.t_ms % 15000, 0);
	free(usages);
	prom_result_fini(&result);
	const struct prom_workload whole = {
		.ns = ns, .kind = "Deployment", .name = "checkout"};
	str_clear(&text);
	prom_workload_query(PROM_CPU, &whole, &text);
	double cpu = query(str_text(&text), (double)START_MS / 1000 - 3600);
	ck_near(cpu, trace_mean(demand, START_MS - 3720000, START_MS - 3600000) / 100,
		0.05);
	str_clear(&text);
	prom_workload_query(PROM_MEMORY, &whole, &text);
	ck_near(query(str_text(&text), (double)clock_now_ms(&engine_clock) / 1000),
		3 << 20, 1);
	ck_assert(isnan(query(str_text(&text), (double)START_MS / 1000 - 3600)));
}
END_TEST

START_TEST(tls_and_kubeconfig_fit_together)
{
	start(true);
	ck_assert(strncmp(served_kube_url(s), "https://", 8) == 0);
	ck_assert(strncmp(served_prom_url(s), "https://", 8) == 0);
	cJSON_Delete(kube("GET", "/api/v1/namespaces/shop/pods", NULL));
	cJSON_Delete(ask(served_prom_url(s), "GET", "/api/v1/query?query=up", NULL));
	char *text AUTO_FREE = served_kubeconfig(s);
	struct yaml_node *root AUTO(yaml_node_cleanup) = NULL;
	struct err err = {0};
	ck_assert_msg(yaml_parse(text, strlen(text), &root, &err) == 0, "%s", err.msg);
	const struct yaml_node *cluster =
		yaml_get(&yaml_get(root, "clusters")->items[0], "cluster");
	ck_assert_str_eq(yaml_str(cluster, "server", ""), served_kube_url(s));
	ck_assert(strlen(yaml_str(cluster, "certificate-authority-data", "")) > 500);
}
END_TEST

START_TEST(policies_can_be_changed)
{
	ck_assert_int_eq(
		served_put_policy(s, "shop", "checkout", "mode: Recommend\n", NULL), 0);
	ck_assert_uint_eq(kubeapi_count(served_kube(s), KUBEAPI_CONFIGMAPS), 1);
	ck_assert_int_eq(served_put_policy(s, "bank", "new", "x", NULL), 0);
	ck_assert_uint_eq(kubeapi_count(served_kube(s), KUBEAPI_CONFIGMAPS), 2);
	ck_assert_int_eq(served_put_policy(s, "bank", "", "x", NULL), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("served");
	TCase *tc = tcase_create("world");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_cluster_shows_what_the_world_holds);
	tcase_add_test(tc, the_clients_of_the_product_read_its_objects);
	tcase_add_test(tc, replicas_written_through_scale_become_ready_pods);
	tcase_add_test(tc, pods_go_through_the_phases_of_a_start);
	tcase_add_test(tc, prometheus_knows_the_past_but_not_the_future);
	tcase_add_test(tc, the_built_in_queries_are_answered);
	tcase_add_test(tc, tls_and_kubeconfig_fit_together);
	tcase_add_test(tc, policies_can_be_changed);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
