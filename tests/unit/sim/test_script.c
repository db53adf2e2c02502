/* Scripts of faults, played to the served world over real sockets. */
#include "sim/script.h"

#include "unit/harness.h"
#include "unit/serve/client.h"

#define START_MS INT64_C(1768780800000) /* 2026-01-19T00:00:00Z */
#define SPEED    200.0

static struct reactor *r;
static struct clock engine_clock;
static struct trace *demand;
static struct served *s;
static struct script *script;
static struct fetch f;
static int around[FAULT_KINDS];

static void setup(void)
{
	double *load = xcalloc(1, sizeof(*load));
	struct err err = {0};
	r = reactor_new(&err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	clock_init_scaled(&engine_clock, START_MS, SPEED);
	load[0] = 400;
	demand = trace_new(START_MS - MS_PER_H, MS_PER_MIN, load, 1);
	const struct served_workload workload = {.workload = {.ns = "shop",
							      .name = "checkout",
							      .demand = demand,
							      .capacity = 100,
							      .replicas = 4}};
	const struct served_config config = {
		.clock = &engine_clock, .workloads = &workload, .count = 1};
	s = served_new(r, &config, &err);
	ck_assert_msg(s != NULL, "%s", err.msg);
	script = NULL;
	memset(around, 0, sizeof(around));
}

static void teardown(void)
{
	fetch_fini(&f);
	script_free(script);
	served_free(s);
	trace_free(demand);
	reactor_free(r);
}

static void on_around(void *arg, const struct fault *fault)
{
	(void)arg;
	around[fault->kind]++;
}

static void begin(const char *text)
{
	struct fault faults[16];
	struct err err = {0};
	int count = faults_parse(text, faults, 16, &err);
	ck_assert_msg(count > 0, "%s", err.msg);
	const struct script_config config = {.reactor = r,
					     .served = s,
					     .clock = &engine_clock,
					     .faults = faults,
					     .count = count,
					     .around = on_around};
	script = script_new(&config);
}

static void wait_for_time(int64_t since_start_ms)
{
	while (clock_now_ms(&engine_clock) < START_MS + since_start_ms)
		spin(r, 5);
	spin(r, 5);
}

/* Rows that Prometheus answers with; -1: no answer. */
static int rows(void)
{
	char *query AUTO_FREE = served_requests_query("shop", "checkout");
	struct str url AUTO(str_fini);
	str_init(&url, 4096);
	char *coded = curl_easy_escape(NULL, query, 0);
	str_printf(&url, "%s/api/v1/query?query=%s", served_prom_url(s), coded);
	curl_free(coded);
	fetch_fini(&f);
	fetch(&f, r, "GET", str_text(&url), NULL);
	cJSON *tree AUTO(json_cleanup) = json_parse(str_text(&f.body), f.body.len, NULL);
	return tree ? cJSON_GetArraySize(json_at(tree, "data.result")) : -1;
}

/* 200 engine seconds are a real one: what lasts, lasts long enough to be looked at. */
START_TEST(what_lasts_begins_and_ends_at_its_time)
{
	wait_for_time(90 * MS_PER_S); /* two scrapes make a rate */
	ck_assert_int_eq(rows(), 1);
	begin("0s prom empty for=200s\n"
	      "0s kube down for=100s\n");
	spin(r, 20);
	ck_assert_int_eq(rows(), 0);
	wait_for_time(330 * MS_PER_S);
	ck_assert_int_eq(rows(), 1);
	char *url AUTO_FREE = xasprintf("%s/livez", served_kube_url(s));
	fetch_fini(&f);
	fetch_init(&f, r, "GET", url, NULL);
	fetch_header(&f, "Authorization: Bearer simulated");
	fetch_go(&f);
	ck_assert_int_eq(f.status, 200);
	ck_assert_int_le(script_end_ms(script), clock_now_ms(&engine_clock));
}
END_TEST

START_TEST(the_last_fault_of_prometheus_counts)
{
	wait_for_time(90 * MS_PER_S);
	begin("0s prom empty for=100s\n"
	      "20s prom down for=300s\n");
	wait_for_time(230 * MS_PER_S); /* the first has ended, the second not */
	ck_assert_int_eq(rows(), -1);
	wait_for_time(460 * MS_PER_S);
	ck_assert_int_eq(rows(), 1);
}
END_TEST

START_TEST(what_is_around_the_servers_is_left_to_the_caller)
{
	begin("0s world clock for=1h\n"
	      "1s world kill for=20s\n"
	      "2s world kill for=20s\n");
	wait_for_time(10 * MS_PER_S);
	ck_assert_int_eq(around[FAULT_CLOCK], 1);
	ck_assert_int_eq(around[FAULT_KILL], 2);
	ck_assert_int_ge(script_end_ms(script), START_MS + 22 * MS_PER_S);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("script");
	TCase *tc = tcase_create("script");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_lasts_begins_and_ends_at_its_time);
	tcase_add_test(tc, the_last_fault_of_prometheus_counts);
	tcase_add_test(tc, what_is_around_the_servers_is_left_to_the_caller);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
