#include "serve/face.h"

#include "unit/harness.h"
#include "unit/serve/client.h"

static struct reactor *r;
static struct face *face;
static struct metrics *m;
static struct fetch f;
static int scrapes;

static const struct metric_family table[] = {
	{.name = "foretop_policies", .help = "Policies.", .kind = FAMILY_GAUGE},
};

static void before_scrape(void *arg)
{
	(void)arg;
	metrics_set(m, 0, NO_LABELS, ++scrapes);
}

static void start(struct face_config config)
{
	struct err err = {0};
	config.listen = "127.0.0.1:0";
	face = face_new(r, &config, &err);
	ck_assert_msg(face != NULL, "%s", err.msg);
}

static void setup(void)
{
	struct err err = {0};
	r = reactor_new(&err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	m = metrics_new(table, 1, 10);
	scrapes = 0;
	start((struct face_config){.metrics = m, .before_scrape = before_scrape});
}

static void teardown(void)
{
	fetch_fini(&f);
	face_free(face);
	metrics_free(m);
	reactor_free(r);
}

static void ask(const char *method, const char *path)
{
	char *url AUTO_FREE = xasprintf("%s%s", face_url(face), path);
	fetch_fini(&f);
	fetch(&f, r, method, url, NULL);
	ck_assert_int_eq(f.result, CURLE_OK);
}

START_TEST(paths_and_methods_are_told_apart)
{
	static const struct {
		const char *method, *path;
		long status;
		const char *body;
	} rows[] = {
		{"GET", "/livez", 200, "ok\n"},
		{"GET", "/healthz", 200, "ok\n"},
		{"GET", "/readyz", 503, "starting\n"},
		{"GET", "/api/v1/policies", 404, "not found\n"},
		{"GET", "/nowhere", 404, "not found\n"},
		{"GET", "/livez/", 404, "not found\n"},
		{"DELETE", "/metrics", 405, "only GET and HEAD are allowed\n"},
		{"DELETE", "/debug/flags/v", 405, NULL},
		{"POST", "/nowhere", 411, NULL},
		{"HEAD", "/livez", 200, ""},
	};
	ask(rows[_i].method, rows[_i].path);
	ck_assert_int_eq(f.status, rows[_i].status);
	if (rows[_i].body)
		ck_assert_str_eq(str_text(&f.body), rows[_i].body);
	if (rows[_i].status == 405)
		ck_assert_ptr_nonnull(strstr(str_text(&f.head), "Allow: GET, HEAD\r\n"));
}
END_TEST

START_TEST(readiness_follows_the_flag_with_its_text)
{
	face_set_ready(face, true, "ok");
	ask("GET", "/readyz");
	ck_assert_int_eq(f.status, 200);
	ck_assert_str_eq(str_text(&f.body), "ok\n");
	face_set_ready(face, false, "the API server is silent");
	ask("GET", "/readyz");
	ck_assert_int_eq(f.status, 503);
	ck_assert_str_eq(str_text(&f.body), "the API server is silent\n");
}
END_TEST

START_TEST(metrics_are_brought_up_to_date)
{
	ask("GET", "/metrics");
	ask("GET", "/metrics");
	ck_assert_ptr_nonnull(strstr(str_text(&f.body), "foretop_policies 2\n"));
	ck_assert_ptr_nonnull(strstr(str_text(&f.head),
				     "content-type: text/plain; version=0.0.4; "
				     "charset=utf-8\r\n"));
	ck_assert_ptr_nonnull(strstr(str_text(&f.head), "Vary: Accept\r\n"));
}
END_TEST

START_TEST(openmetrics_is_served_on_request)
{
	char *url AUTO_FREE = xasprintf("%s/metrics", face_url(face));
	fetch_fini(&f);
	fetch_with(&f, r, url, "Accept: application/openmetrics-text; version=1.0.0");
	ck_assert_int_eq(f.status, 200);
	ck_assert_str_eq(str_text(&f.body), "# HELP foretop_policies Policies.\n"
					    "# TYPE foretop_policies gauge\n"
					    "foretop_policies 1\n"
					    "# EOF\n");
	ck_assert_ptr_nonnull(strstr(str_text(&f.head),
				     "content-type: application/openmetrics-text; "
				     "version=1.0.0; charset=utf-8\r\n"));
}
END_TEST

static void put(const char *body)
{
	char *url AUTO_FREE = xasprintf("%s/debug/flags/v", face_url(face));
	fetch_fini(&f);
	fetch(&f, r, "PUT", url, body);
	ck_assert_int_eq(f.result, CURLE_OK);
}

START_TEST(the_verbosity_is_set_at_run_time)
{
	static const char *const wrong[] = {"", "much", "-1", "11", "4 5", "4;"};
	log_configure(&(struct log_config){.verbosity = -1});
	put("4");
	ck_assert_int_eq(f.status, 200);
	ck_assert_str_eq(str_text(&f.body), "successfully set verbosity to 4\n");
	ck_assert(log_enabled(LOG_DEBUG));
	ask("GET", "/debug/flags/v");
	ck_assert_str_eq(str_text(&f.body), "4\n");
	put("0\n");
	ck_assert(!log_enabled(LOG_DEBUG) && log_enabled(LOG_INFO));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		put(wrong[i]);
		ck_assert_int_eq(f.status, 400);
		ck_assert_int_eq(log_verbosity(), 0);
	}
}
END_TEST

START_TEST(the_landing_page_links_to_metrics)
{
	ask("GET", "/");
	ck_assert_int_eq(f.status, 200);
	ck_assert_ptr_nonnull(strstr(str_text(&f.body), "href=\"/metrics\""));
}
END_TEST

START_TEST(without_metrics_their_path_is_not_there)
{
	face_free(face);
	start((struct face_config){0});
	ask("GET", "/api/v1/policies");
	ck_assert_int_eq(f.status, 404);
	ask("GET", "/metrics");
	ck_assert_int_eq(f.status, 404);
	ask("GET", "/livez");
	ck_assert_int_eq(f.status, 200);
}
END_TEST

START_TEST(a_taken_port_is_an_error)
{
	struct err err = {0};
	char *taken AUTO_FREE = xasprintf("127.0.0.1:%d", face_port(face));
	const struct face_config config = {.listen = taken};
	ck_assert_ptr_null(face_new(r, &config, &err));
	ck_assert_int_eq(err.code, ERR_RETRY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("face");
	TCase *tc = tcase_create("paths");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, paths_and_methods_are_told_apart, 0, 10);
	tcase_add_test(tc, readiness_follows_the_flag_with_its_text);
	tcase_add_test(tc, metrics_are_brought_up_to_date);
	tcase_add_test(tc, openmetrics_is_served_on_request);
	tcase_add_test(tc, the_verbosity_is_set_at_run_time);
	tcase_add_test(tc, the_landing_page_links_to_metrics);
	tcase_add_test(tc, without_metrics_their_path_is_not_there);
	tcase_add_test(tc, a_taken_port_is_an_error);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
