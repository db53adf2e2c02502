/* Faults of the served API server and Prometheus, over real sockets. */
#include "sim/bend.h"

#include "sim/served.h"
#include "unit/harness.h"
#include "unit/serve/client.h"

#define MAPS "/api/v1/namespaces/shop/configmaps"

static struct reactor *r;
static struct clock engine_clock;
static struct kubeapi *k;
static struct promapi *p;
static struct fetch f;
static struct ws_client c;
static int arrived, done, answered, stop_at_done;

static void setup(void)
{
	struct err err = {0};
	r = reactor_new(&err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	log_configure(&(struct log_config){.verbosity = -1});
	clock_init_scaled(&engine_clock, 1700000000000, 100);
	const struct kubeapi_config kube = {.listen = "127.0.0.1:0",
					    .clock = &engine_clock};
	const struct promapi_config prom = {.listen = "127.0.0.1:0",
					    .clock = &engine_clock};
	k = kubeapi_new(r, &kube, &err);
	p = promapi_new(r, &prom, &err);
	ck_assert_msg(k && p, "%s", err.msg);
	c = (struct ws_client){.origin = "https://localhost"};
	arrived = done = answered = stop_at_done = 0;
}

static void teardown(void)
{
	ws_client_fini(&c);
	fetch_fini(&f);
	promapi_free(p);
	kubeapi_free(k);
	reactor_free(r);
}

static void bend(const char *line)
{
	struct fault fault;
	struct err err = {0};
	char *full AUTO_FREE = xasprintf("0s %s", line);
	ck_assert_msg(fault_parse(full, &fault, &err) == 0, "%s", err.msg);
	if (fault.server == FAULT_KUBE)
		kubeapi_bend(k, &fault);
	else
		promapi_bend(p, &fault);
}

static void ask(const char *base, const char *method, const char *path, const char *body)
{
	char *url AUTO_FREE = xasprintf("%s%s", base, path);
	fetch_fini(&f);
	fetch_init(&f, r, method, url, body);
	curl_easy_setopt(f.transfer.easy, CURLOPT_TIMEOUT_MS, 1500L);
	/* On a connection that was in use curl would try again by itself. */
	curl_easy_setopt(f.transfer.easy, CURLOPT_FRESH_CONNECT, 1L);
	if (body)
		fetch_header(&f, "Content-Type: application/json");
	fetch_go(&f);
}

static int created;

/* Creates another ConfigMap; true when it is in the store afterwards. */
static bool create(void)
{
	char *body AUTO_FREE = xasprintf("{\"metadata\":{\"name\":\"c%d\"}}", ++created);
	char *name AUTO_FREE = xasprintf("c%d", created);
	ask(kubeapi_url(k), "POST", MAPS, body);
	cJSON *there AUTO(json_cleanup) =
		kubeapi_get(k, KUBEAPI_CONFIGMAPS, "shop", name);
	return there != NULL;
}

static bool is_json(void)
{
	cJSON *tree AUTO(json_cleanup) = json_parse(str_text(&f.body), f.body.len, NULL);
	return tree != NULL;
}

/* --- requests --- */

static const struct {
	const char *fault;
	bool carried_out;
	CURLcode result;
	long status; /* when there is an answer */
	bool json;
} cases[] = {
	{"kube status code=503", false, CURLE_OK, 503, true},
	{"kube status code=429", false, CURLE_OK, 429, false},
	{"kube drop", false, CURLE_GOT_NOTHING, 0, false},
	{"kube hang", false, CURLE_OPERATION_TIMEDOUT, 0, false},
	{"kube delay for=10s", true, CURLE_OK, 201, true},
	{"kube lose", true, CURLE_GOT_NOTHING, 0, false},
	{"kube swallow", true, CURLE_OPERATION_TIMEDOUT, 0, false},
	{"kube drip for=20s", true, CURLE_OK, 201, true},
	{"kube garbage", true, CURLE_OK, 200, false},
	{"kube wrong", true, CURLE_OK, 200, true},
};

START_TEST(a_request_is_struck_once_and_the_next_one_is_not)
{
	bend(cases[_i].fault);
	ck_assert_int_eq(create(), cases[_i].carried_out);
	ck_assert_int_eq(f.result, cases[_i].result);
	ck_assert_int_eq(f.status, cases[_i].status);
	ck_assert_int_eq(is_json(), cases[_i].json);
	ck_assert(create());
	ck_assert_int_eq(f.status, 201);
}
END_TEST

START_TEST(an_answer_breaks_off_in_its_middle)
{
	bend("kube cut");
	ck_assert(create());
	ck_assert_int_ne(f.result, CURLE_OK);
	ck_assert_int_eq(f.status, 201);
	ck_assert_uint_gt(f.body.len, 0);
	ck_assert(!is_json());
}
END_TEST

START_TEST(an_answer_is_larger_than_clients_take)
{
	bend("kube huge");
	ck_assert(create());
	ck_assert_uint_gt(f.body.len, 32u << 20);
}
END_TEST

START_TEST(faults_strike_whom_they_name_after_those_they_skip)
{
	bend("kube status code=500 on=writes of=configmaps skip=1 times=2");
	bend("kube status code=404 of=pods");
	ask(kubeapi_url(k), "GET", MAPS, NULL);
	ck_assert_int_eq(f.status, 200);
	ck_assert(create());
	ck_assert(!create());
	ask(kubeapi_url(k), "GET", "/api/v1/pods", NULL);
	ck_assert_int_eq(f.status, 404);
	ck_assert(!create());
	ck_assert_int_eq(f.status, 500);
	ck_assert(create());
	ck_assert_int_eq(kubeapi_struck(k), 3);
	ck_assert_int_eq(promapi_struck(p), 0);
}
END_TEST

START_TEST(prometheus_is_struck_too)
{
	bend("prom status code=422");
	bend("prom garbage skip=1");
	ask(promapi_url(p), "GET", "/api/v1/query?query=up", NULL);
	ck_assert_int_eq(f.status, 422);
	ck_assert(strstr(str_text(&f.body), "\"status\":\"error\"") != NULL);
	ask(promapi_url(p), "GET", "/api/v1/query?query=up", NULL);
	ck_assert_int_eq(f.status, 200);
	ck_assert(!is_json());
	ask(promapi_url(p), "GET", "/api/v1/query?query=up", NULL);
	ck_assert(is_json());
	ck_assert_int_eq(promapi_struck(p), 2);
	ck_assert_int_eq(kubeapi_struck(k), 0);
}
END_TEST

static bool on_seen(void *arg, enum seen_phase phase, const struct request *q)
{
	(void)arg;
	ck_assert_str_eq(q->path, MAPS);
	arrived += phase == SEEN_ARRIVED;
	done += phase == SEEN_DONE;
	answered += phase == SEEN_ANSWERED;
	return phase == SEEN_ARRIVED ? arrived == 2 : phase == SEEN_DONE && stop_at_done;
}

START_TEST(requests_are_seen_and_can_be_stopped_at_two_moments)
{
	kubeapi_on_request(k, on_seen, NULL);
	ck_assert(create());
	ck_assert_int_eq(arrived * 100 + done * 10 + answered, 111);
	ck_assert(!create()); /* stopped before it is carried out */
	ck_assert_int_eq(f.result, CURLE_GOT_NOTHING);
	stop_at_done = 1;
	ck_assert(create());
	ck_assert_int_eq(f.result, CURLE_GOT_NOTHING);
	ck_assert_int_eq(arrived * 100 + done * 10 + answered, 321);
}
END_TEST

/* --- events --- */

static void put_map(const char *name)
{
	struct err err = {0};
	char *json AUTO_FREE = xasprintf(
		"{\"metadata\":{\"namespace\":\"shop\",\"name\":\"%s\"}}", name);
	ck_assert_int_eq(kubeapi_put(k, KUBEAPI_CONFIGMAPS, json, &err), 0);
}

static void watch(void)
{
	char *path AUTO_FREE = xasprintf(MAPS "?watch=true&resourceVersion=%llu",
					 (unsigned long long)kubeapi_version(k));
	ws_client_open(&c, r, atoi(strrchr(kubeapi_url(k), ':') + 1), path, false);
	ck_assert(c.opened);
}

static void wait_frames(int count)
{
	for (int i = 0; i < 1000 && c.frames < count && !c.gone; i++)
		spin(r, 5);
	ck_assert_int_ge(c.frames, count);
}

static void wait_gone(void)
{
	for (int i = 0; i < 1000 && !c.gone; i++)
		spin(r, 5);
	ck_assert(c.gone);
}

static int position(const char *name)
{
	char *quoted AUTO_FREE = xasprintf("\"%s\"", name);
	const char *at = strstr(str_text(&c.text), quoted);
	return at ? (int)(at - str_text(&c.text)) : -1;
}

START_TEST(an_event_comes_twice)
{
	watch();
	bend("kube twice");
	put_map("a");
	put_map("b");
	wait_frames(3);
	ck_assert_int_lt(position("a"), position("b"));
}
END_TEST

START_TEST(two_events_change_places)
{
	watch();
	bend("kube swap");
	put_map("a");
	put_map("b");
	put_map("c");
	wait_frames(3);
	ck_assert_int_lt(position("b"), position("a"));
	ck_assert_int_lt(position("a"), position("c"));
}
END_TEST

START_TEST(an_event_that_waits_for_the_next_comes_without_it_after_a_while)
{
	watch();
	bend("kube swap");
	put_map("a");
	wait_frames(1);
}
END_TEST

START_TEST(an_event_comes_in_fragments_of_one_message)
{
	watch();
	bend("kube pieces");
	put_map("a");
	wait_frames(1);
	ck_assert_int_ge(position("a"), 0);
	ck_assert_int_eq(str_text(&c.text)[0], '{');
}
END_TEST

START_TEST(a_watch_breaks_in_the_middle_of_an_event)
{
	watch();
	bend("kube break");
	put_map("a");
	wait_gone();
	ck_assert_int_eq(c.frames, 0);
	ck_assert_int_eq(c.close_code, 0);
	ck_assert_uint_gt(c.text.len, 0);
}
END_TEST

START_TEST(an_event_is_no_json_or_larger_than_clients_take)
{
	watch();
	bend("kube noise");
	bend("kube big skip=1");
	put_map("a");
	wait_frames(1);
	ck_assert_ptr_null(strchr(str_text(&c.text), '}'));
	put_map("b");
	wait_frames(2);
	ck_assert_uint_gt(c.text.len, 16u << 20);
	wait_gone();
}
END_TEST

START_TEST(a_watch_ends_with_a_410)
{
	watch();
	bend("kube expire");
	put_map("a");
	wait_frames(1);
	wait_gone();
	ck_assert(strstr(str_text(&c.text), "\"code\":410") != NULL);
	ck_assert_int_eq(c.close_code, 1000);
}
END_TEST

/* --- stale reads --- */

static const char *names(void)
{
	static char text[256];
	cJSON *list AUTO(json_cleanup) = json_parse(str_text(&f.body), f.body.len, NULL);
	const cJSON *item;
	text[0] = '\0';
	cJSON_ArrayForEach (item, json_at(list, "items"))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
			 json_str(item, "metadata.name", "?"));
	return text;
}

START_TEST(a_server_that_lags_shows_the_past_to_those_who_allow_it)
{
	put_map("a");
	put_map("b");
	put_map("c");
	watch();
	kubeapi_lag(k, true);
	kubeapi_delete(k, KUBEAPI_CONFIGMAPS, "shop", "a");
	put_map("d");
	ck_assert(create()); /* writes, and single reads, see the present */
	ask(kubeapi_url(k), "GET", MAPS "?resourceVersion=0", NULL);
	ck_assert_str_eq(names(), "a b c ");
	ask(kubeapi_url(k), "GET", MAPS, NULL);
	ck_assert(strstr(names(), "b c c1 d ") == names());
	char *future AUTO_FREE = xasprintf(MAPS "?resourceVersion=%llu",
					   (unsigned long long)kubeapi_version(k));
	ask(kubeapi_url(k), "GET", future, NULL);
	ck_assert_int_eq(f.status, 504);
	ck_assert_int_eq(c.frames, 0);
	kubeapi_lag(k, false);
	wait_frames(3);
	ask(kubeapi_url(k), "GET", MAPS "?resourceVersion=0", NULL);
	ck_assert(strstr(names(), "b c c1 d ") == names());
}
END_TEST

/* --- somebody else on the port --- */

static const struct {
	enum squatter_kind kind;
	CURLcode plain, tls;
} squatters[] = {
	{SQUATTER_NONE, CURLE_COULDNT_CONNECT, CURLE_COULDNT_CONNECT},
	{SQUATTER_DEAF, CURLE_OPERATION_TIMEDOUT, CURLE_OPERATION_TIMEDOUT},
	{SQUATTER_BABBLE, CURLE_UNSUPPORTED_PROTOCOL, CURLE_SSL_CONNECT_ERROR},
	{SQUATTER_FALSE, CURLE_OK, CURLE_PEER_FAILED_VERIFICATION},
};

START_TEST(somebody_else_has_the_port_for_a_while)
{
	char *tls AUTO_FREE = xasprintf("https%s", strchr(kubeapi_url(k), ':'));
	kubeapi_leave(k, squatters[_i].kind, 2500);
	ask(tls, "GET", "/livez", NULL);
	ck_assert_int_eq(f.result, squatters[_i].tls);
	for (int i = 0; i < 200 && f.status != 200; i++) {
		spin(r, 20);
		ask(kubeapi_url(k), "GET", "/livez", NULL);
	}
	ck_assert_str_eq(str_text(&f.body), "ok");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bend");
	TCase *tc = tcase_create("requests");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_request_is_struck_once_and_the_next_one_is_not, 0,
			    ARRAY_LEN(cases));
	tcase_add_test(tc, an_answer_breaks_off_in_its_middle);
	tcase_add_test(tc, an_answer_is_larger_than_clients_take);
	tcase_add_test(tc, faults_strike_whom_they_name_after_those_they_skip);
	tcase_add_test(tc, prometheus_is_struck_too);
	tcase_add_test(tc, requests_are_seen_and_can_be_stopped_at_two_moments);
	suite_add_tcase(s, tc);
	tc = tcase_create("events");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, an_event_comes_twice);
	tcase_add_test(tc, two_events_change_places);
	tcase_add_test(tc,
		       an_event_that_waits_for_the_next_comes_without_it_after_a_while);
	tcase_add_test(tc, an_event_comes_in_fragments_of_one_message);
	tcase_add_test(tc, a_watch_breaks_in_the_middle_of_an_event);
	tcase_add_test(tc, an_event_is_no_json_or_larger_than_clients_take);
	tcase_add_test(tc, a_watch_ends_with_a_410);
	suite_add_tcase(s, tc);
	tc = tcase_create("server");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_server_that_lags_shows_the_past_to_those_who_allow_it);
	tcase_add_loop_test(tc, somebody_else_has_the_port_for_a_while, 0,
			    ARRAY_LEN(squatters));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
