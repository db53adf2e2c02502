/* The page as a server: paths, methods, who is answered, and tokens. */
#include "serve/page.h"

#include "unit/kube/api.h"
#include "unit/serve/client.h"
#include "unit/serve/policies.h"

static struct api api; /* the API server that is asked about tokens; and the loop */
static struct page *page;
static struct page_now now;
static struct shown s;
static const struct policy_status *policies[1];
static struct fetch f;
static int reviews;
static struct api_peer *kept; /* a review that is not answered */
static bool keep_reviews;

static void look(void *arg, struct page_now *ret_now)
{
	ck_assert_ptr_eq(arg, &now);
	*ret_now = now;
}

/* "good" is jane's, who may; "weak" is joe's, who may not; others are nobody's. */
static void handle(struct api *a, const struct api_request *q)
{
	(void)a;
	bool good = strstr(q->body, "\"good\"") || strstr(q->body, "\"jane\"");
	bool weak = strstr(q->body, "\"weak\"") != NULL;
	if (strstr(q->body, "\"broken\"")) {
		api_refuse(q->peer, 403, "Forbidden", "no right to review");
	} else if (strstr(q->target, "subjectaccessreviews")) {
		api_reply(q->peer, 201, "",
			  good ? "{\"status\":{\"allowed\":true}}"
			       : "{\"status\":{\"allowed\":false}}");
	} else if (keep_reviews) {
		reviews++;
		kept = q->peer;
	} else {
		reviews++;
		char *body AUTO_FREE = xasprintf(
			"{\"status\":{\"authenticated\":%s,\"user\":{\"username\":\"%s\"}"
			"}}",
			good || weak ? "true" : "false", good ? "jane" : "joe");
		api_reply(q->peer, 201, "", body);
	}
}

static char *hosts[] = {"foretop.example"};

static void start(bool review)
{
	struct err err = {0};
	const struct page_config config = {
		.listen = "127.0.0.1:0",
		.hosts = hosts,
		.host_count = 1,
		.review = review ? api.kube : NULL,
		.look = look,
		.arg = &now,
	};
	page_free(page);
	page = page_new(api.reactor, &config, &err);
	ck_assert_msg(page != NULL, "%s", err.msg);
}

static void setup(void)
{
	api_init(&api, handle, NULL);
	api_client(&api);
	shown_init(&s, "shop", "checkout");
	policies[0] = &s.status;
	now = (struct page_now){.now_ms = NOW_MS,
				.leading = true,
				.leader = "foretop-0",
				.instance = "foretop-0",
				.policies = policies,
				.count = 1};
	reviews = 0;
	keep_reviews = false;
	start(false);
}

static void teardown(void)
{
	fetch_fini(&f);
	page_free(page);
	page = NULL;
	shown_fini(&s);
	api_fini(&api);
}

static void ask_with(const char *method, const char *path, const char *header)
{
	char *url AUTO_FREE = xasprintf("%s%s", page_url(page), path);
	fetch_fini(&f);
	fetch_init(&f, api.reactor, method, url, NULL);
	if (header)
		fetch_header(&f, header);
	fetch_go(&f);
	ck_assert_int_eq(f.result, CURLE_OK);
}

static void ask(const char *path)
{
	ask_with("GET", path, NULL);
}

#define body_has(what)                                                                   \
	ck_assert_msg(strstr(str_text(&f.body), what) != NULL, "no %s in %s", what,      \
		      str_text(&f.body))
#define head_has(what)                                                                   \
	ck_assert_msg(strcasestr(str_text(&f.head), what) != NULL, "no %s in %s", what,  \
		      str_text(&f.head))

static const struct {
	const char *method, *path;
	long status;
	const char *type, *body;
} paths[] = {
	{"GET", "/", 200, "text/html", "<h1>Policies</h1>"},
	{"GET", "/?q=check&show=look&page=2", 200, "text/html", "value=\"check\""},
	{"GET", "/policies/shop/checkout", 200, "text/html", "checkout</h1>"},
	{"GET", "/policies/shop/nobody", 404, "text/html", "No such policy"},
	{"GET", "/policies/shop", 404, "text/html", "No such policy"},
	{"GET", "/policies/sho/checkout", 404, "text/html", "No such policy"},
	{"GET", "/policies/", 404, "text/html", "No such policy"},
	{"GET", "/nowhere", 404, "text/html", "There is no such page."},
	{"GET", "/metrics", 404, "text/html", "There is no such page."},
	{"GET", "/assets/page.css", 200, "text/css", "prefers-color-scheme: dark"},
	{"GET", "/assets/page.js", 200, "text/javascript", "data-live"},
	{"GET", "/assets/icon.svg", 200, "image/svg+xml", "<svg"},
	{"GET", "/assets/", 404, "text/html", "There is no such page."},
	{"GET", "/api/v1/policies", 200, "application/json", "\"policy\":\"checkout\""},
	{"GET", "/api/v1/policies/shop/checkout", 200, "application/json", "\"history\""},
	{"GET", "/api/v1/policies/shop/nobody", 404, "application/json",
	 "{\"error\":\"there is no such policy\"}"},
	{"GET", "/api/v1/policies/", 404, "application/json", "nothing at this path"},
	{"GET", "/api/v2/policies", 404, "application/json", "nothing at this path"},
	{"HEAD", "/", 200, "text/html", ""},
	{"DELETE", "/", 405, "text/plain", "only GET and HEAD are allowed"},
	{"OPTIONS", "/", 405, "text/plain", "only GET and HEAD are allowed"},
	{"DELETE", "/api/v1/policies/shop/checkout", 405, "text/plain", "only GET"},
};

START_TEST(paths_and_methods_are_told_apart)
{
	ask_with(paths[_i].method, paths[_i].path, NULL);
	ck_assert_int_eq(f.status, paths[_i].status);
	body_has(paths[_i].body);
	head_has(paths[_i].type);
	if (paths[_i].status == 405)
		head_has("Allow: GET, HEAD\r\n");
	/* Whatever the answer, no browser takes it for more than it is. */
	head_has("Content-Security-Policy: default-src 'none'; style-src 'self'; "
		 "script-src 'self'; img-src 'self'; connect-src 'self'; form-action "
		 "'self'; base-uri 'none'; frame-ancestors 'none'\r\n");
	head_has("X-Content-Type-Options: nosniff\r\n");
	head_has("Cross-Origin-Resource-Policy: same-origin\r\n");
	head_has("Referrer-Policy: no-referrer\r\n");
	head_has("Cache-Control: no-store\r\n");
}
END_TEST

START_TEST(assets_are_the_files)
{
	static const char *const names[] = {"page.css", "page.js", "icon.svg"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *file AUTO_FREE = xasprintf("lib/serve/assets/%s", names[i]);
		char *path AUTO_FREE = xasprintf("/assets/%s", names[i]);
		char *text AUTO_FREE = NULL;
		size_t len;
		/* Tests run from the top of the tree. */
		ck_assert_int_eq(file_read(file, 1u << 20, &text, &len, NULL), 0);
		ask(path);
		ck_assert_uint_eq(f.body.len, len);
		ck_assert_int_eq(memcmp(f.body.data, text, len), 0);
	}
}
END_TEST

START_TEST(strangers_by_host_or_origin_get_nothing)
{
	static const struct {
		const char *header;
		long status;
	} rows[] = {
		{"Host: evil.example:8081", 403},     {"Host:", 403},
		{"Origin: http://evil.example", 403}, {"Origin: null", 403},
		{"Host: foretop.example", 200},       {"Host: localhost:1234", 200},
	};
	static const char *const all[] = {"/", "/api/v1/policies", "/assets/page.css",
					  "/policies/shop/checkout"};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		ask_with("GET", all[i], rows[_i].header);
		ck_assert_int_eq(f.status, rows[_i].status);
		if (f.status == 403)
			ck_assert_ptr_null(strstr(str_text(&f.body), "checkout"));
	}
}
END_TEST

START_TEST(a_standby_has_no_policies_to_show)
{
	now.leading = false;
	now.instance = "foretop-1";
	ask("/");
	ck_assert_int_eq(f.status, 200);
	body_has("foretop-0</b> leads");
	ask("/policies/shop/checkout");
	ck_assert_int_eq(f.status, 503);
	ask("/api/v1/policies");
	ck_assert_int_eq(f.status, 200);
	body_has("\"leading\":false,\"leader\":\"foretop-0\"");
	ask("/api/v1/policies/shop/checkout");
	ck_assert_int_eq(f.status, 503);
	body_has("{\"error\":\"this replica stands by: led by foretop-0\"}");
	page_remember(page);
	now.leading = true;
	ask("/api/v1/policies/shop/checkout");
	body_has("\"points\":[]");
}
END_TEST

START_TEST(a_policy_of_another_shard_is_not_unknown)
{
	static const struct page_shard shards[] = {{"foretop-0", true},
						   {"foretop-1", false}};
	static const struct page_other far = {"shop", "far", 1};
	now.shards = shards;
	now.shard_count = 2;
	now.others = &far;
	now.other_count = 1;
	ask("/api/v1/policies/shop/far");
	ck_assert_int_eq(f.status, 503);
	body_has("{\"error\":\"led by foretop-1 (shard 1)\",\"shard\":1,\"leader\":"
		 "\"foretop-1\"}");
	ask("/policies/shop/far");
	ck_assert_int_eq(f.status, 503);
	body_has("led by foretop-1 (shard 1)");
	ask("/policies/shop/nobody");
	ck_assert_int_eq(f.status, 404);
	ask("/api/v1/policies/shop/checkout");
	ck_assert_int_eq(f.status, 200);
	now.leading = false;
	ask("/api/v1/policies/shop/far");
	body_has("led by foretop-1 (shard 1)");
}
END_TEST

START_TEST(what_is_remembered_is_shown)
{
	page_remember(page);
	now.now_ms += 2 * MS_PER_MIN;
	page_remember(page);
	ask("/policies/shop/checkout");
	body_has("<svg");
	ask("/api/v1/policies/shop/checkout");
	body_has("\"demand\":380");
	policies[0] = NULL;
	page_remember(page);
	ask("/policies/shop/checkout");
	ck_assert_int_eq(f.status, 404);
}
END_TEST

/* --- tokens --- */

START_TEST(tokens_are_reviewed_once_in_a_while)
{
	start(true);
	for (int i = 0; i < 3; i++) {
		ask_with("GET", "/api/v1/policies", "Authorization: Bearer good");
		ck_assert_int_eq(f.status, 200);
		body_has("checkout");
	}
	ck_assert_int_eq(reviews, 1);
	ask_with("GET", "/", "authorization: bearer good");
	ck_assert_int_eq(f.status, 200);
	ck_assert_int_eq(reviews, 1);
}
END_TEST

START_TEST(who_is_not_known_or_may_not_is_turned_away)
{
	static const struct {
		const char *header;
		long status;
		const char *text;
		int reviews;
	} rows[] = {
		{NULL, 401, "a bearer token of this cluster is needed", 0},
		{"Authorization: Basic Z29vZDp4", 401, "bearer token", 0},
		{"Authorization: Bearer ", 401, "bearer token", 0},
		{"Authorization: Bearer stolen", 401, "bearer token", 1},
		{"Authorization: Bearer weak", 403, "get on the nonResourceURL /foretop",
		 1},
		{"Authorization: Bearer broken", 503, "could not be asked", 0},
	};
	start(true);
	for (int i = 0; i < 2; i++) {
		ask_with("GET", "/policies/shop/checkout", rows[_i].header);
		ck_assert_int_eq(f.status, rows[_i].status);
		body_has(rows[_i].text);
		ck_assert_ptr_null(strstr(str_text(&f.body), "checkout"));
	}
	ck_assert_int_eq(reviews, rows[_i].reviews);
	if (f.status == 401)
		head_has("WWW-Authenticate: Bearer realm=\"foretop\"\r\n");
}
END_TEST

START_TEST(what_tells_nothing_needs_no_token)
{
	start(true);
	ask("/assets/page.css");
	ck_assert_int_eq(f.status, 200);
	ask_with("DELETE", "/", NULL);
	ck_assert_int_eq(f.status, 405);
	ck_assert_int_eq(reviews, 0);
}
END_TEST

static void ask_kept(struct fetch *caller, int i)
{
	char *url AUTO_FREE = xasprintf("%s/", page_url(page));
	char *header AUTO_FREE = xasprintf("Authorization: Bearer other-%d", i);
	fetch_init(caller, api.reactor, "GET", url, NULL);
	fetch_header(caller, header);
	fetch_start(caller);
	for (int n = 0; n < 1000 && reviews <= i; n++)
		spin(api.reactor, 2);
	ck_assert_int_eq(reviews, i + 1);
}

START_TEST(strangers_can_not_keep_the_client_busy)
{
	struct fetch callers[4];
	start(true);
	ask_with("GET", "/", "Authorization: Bearer good");
	reviews = 0;
	keep_reviews = true;
	for (int i = 0; i < 4; i++)
		ask_kept(&callers[i], i);
	ask_with("GET", "/", "Authorization: Bearer one-too-many");
	ck_assert_int_eq(f.status, 503);
	head_has("Retry-After: 2\r\n");
	/* Who is known comes in all the same. */
	ask_with("GET", "/", "Authorization: Bearer good");
	ck_assert_int_eq(f.status, 200);
	/* Those who leave make room. */
	fetch_fini(&callers[0]);
	keep_reviews = false;
	for (int n = 0; n < 1000; n++) {
		ask_with("GET", "/", "Authorization: Bearer weak");
		if (f.status != 503)
			break;
		spin(api.reactor, 2);
	}
	ck_assert_int_eq(f.status, 403);
	/* The page ends while callers wait: nothing is called back. */
	page_free(page);
	page = NULL;
	for (int i = 1; i < 4; i++)
		fetch_fini(&callers[i]);
}
END_TEST

START_TEST(a_taken_port_is_an_error)
{
	struct err err = {0};
	const char *address = strstr(page_url(page), "//") + 2;
	const struct page_config config = {.listen = address, .look = look};
	ck_assert_ptr_null(page_new(api.reactor, &config, &err));
	ck_assert_int_eq(err.code, ERR_RETRY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("page");
	TCase *tc = tcase_create("page");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, paths_and_methods_are_told_apart, 0, ARRAY_LEN(paths));
	tcase_add_test(tc, assets_are_the_files);
	tcase_add_loop_test(tc, strangers_by_host_or_origin_get_nothing, 0, 6);
	tcase_add_test(tc, a_standby_has_no_policies_to_show);
	tcase_add_test(tc, a_policy_of_another_shard_is_not_unknown);
	tcase_add_test(tc, what_is_remembered_is_shown);
	tcase_add_test(tc, tokens_are_reviewed_once_in_a_while);
	tcase_add_loop_test(tc, who_is_not_known_or_may_not_is_turned_away, 0, 6);
	tcase_add_test(tc, what_tells_nothing_needs_no_token);
	tcase_add_test(tc, strangers_can_not_keep_the_client_busy);
	tcase_add_test(tc, a_taken_port_is_an_error);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
