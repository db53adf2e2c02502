#include "sim/kubeapi.h"

#include "unit/harness.h"
#include "unit/serve/client.h"

#define PODS       "/api/v1/namespaces/shop/pods"
#define DEPLOYMENT "/apis/apps/v1/namespaces/shop/deployments/checkout"
#define LEASES     "/apis/coordination.k8s.io/v1/namespaces/shop/leases"

static struct reactor *r;
static struct kubeapi *k;
static struct clock engine_clock;
static struct fetch f;
static struct ws_client c;
static cJSON *answer; /* of the last request */
static int scaled_to, scaled_calls;

static void on_scaled(void *arg, enum kubeapi_resource resource, const char *ns,
		      const char *name, int32_t replicas)
{
	(void)arg;
	ck_assert_int_eq(resource, KUBEAPI_DEPLOYMENTS);
	ck_assert_str_eq(ns, "shop");
	ck_assert_str_eq(name, "checkout");
	scaled_to = replicas;
	scaled_calls++;
}

static void put(enum kubeapi_resource resource, const char *json)
{
	struct err err = {0};
	ck_assert_msg(kubeapi_put(k, resource, json, &err) == 0, "%s", err.msg);
}

static void put_pod(const char *name, const char *app, int n)
{
	char *json AUTO_FREE = xasprintf("{\"metadata\":{\"namespace\":\"shop\",\"name\":"
					 "\"%s\",\"labels\":{\"app\":\"%s\"}},\"n\":%d}",
					 name, app, n);
	put(KUBEAPI_PODS, json);
}

static void start(const char *token)
{
	struct err err = {0};
	const struct kubeapi_config config = {.listen = "127.0.0.1:0",
					      .bearer_token = token,
					      .clock = &engine_clock,
					      .scaled = on_scaled};
	kubeapi_free(k);
	k = kubeapi_new(r, &config, &err);
	ck_assert_msg(k != NULL, "%s", err.msg);
	put(KUBEAPI_DEPLOYMENTS,
	    "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"checkout\"},\"spec\":{"
	    "\"replicas\":3,\"selector\":{\"matchLabels\":{\"app\":\"checkout\",\"t\":"
	    "\"w\"}}},\"status\":{\"replicas\":2}}");
}

static void setup(void)
{
	struct err err = {0};
	r = reactor_new(&err);
	ck_assert_msg(r != NULL, "%s", err.msg);
	clock_init_scaled(&engine_clock, 1700000000000, 1);
	k = NULL;
	c = (struct ws_client){.origin = "https://localhost"};
	scaled_to = scaled_calls = 0;
	start(NULL);
}

static void teardown(void)
{
	ws_client_fini(&c);
	cJSON_Delete(answer);
	answer = NULL;
	fetch_fini(&f);
	kubeapi_free(k);
	reactor_free(r);
}

static char *url_of(const char *path)
{
	return xasprintf("%s%s", kubeapi_url(k), path);
}

/* Asks, checks the status and parses the answer. */
static void ask(const char *method, const char *path, const char *body, long status)
{
	char *url AUTO_FREE = url_of(path);
	fetch_fini(&f);
	fetch_init(&f, r, method, url, body);
	fetch_header(&f, strcmp(method, "PATCH") == 0
				 ? "Content-Type: application/merge-patch+json"
				 : "Content-Type: application/json");
	fetch_go(&f);
	ck_assert_msg(f.status == status, "%s %s: %ld %s", method, path, f.status,
		      str_text(&f.body));
	cJSON_Delete(answer);
	answer = json_parse(str_text(&f.body), f.body.len, NULL);
}

static const char *said(const char *path)
{
	return json_str(answer, path, "");
}

/* --- reading and writing one object --- */

START_TEST(objects_are_created_read_replaced_and_deleted)
{
	ask("POST", "/api/v1/namespaces/shop/configmaps",
	    "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":\"1\"}"
	    "}",
	    201);
	ck_assert_str_eq(said("apiVersion"), "v1");
	ck_assert_str_eq(said("metadata.namespace"), "shop");
	ck_assert_str_eq(said("metadata.creationTimestamp"), "2023-11-14T22:13:20Z");
	char *first AUTO_FREE = xstrdup(said("metadata.resourceVersion"));
	ask("GET", "/api/v1/namespaces/shop/configmaps/c", NULL, 200);
	ck_assert_str_eq(said("data.a"), "1");
	ck_assert_str_eq(said("metadata.resourceVersion"), first);
	ask("PUT", "/api/v1/namespaces/shop/configmaps/c",
	    "{\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":\"2\"}}", 200);
	ck_assert_str_ne(said("metadata.resourceVersion"), first);
	ask("DELETE", "/api/v1/namespaces/shop/configmaps/c", NULL, 200);
	ck_assert_str_eq(said("status"), "Success");
	ask("GET", "/api/v1/namespaces/shop/configmaps/c", NULL, 404);
	ck_assert_str_eq(said("reason"), "NotFound");
	ck_assert_str_eq(said("message"), "configmaps \"c\" not found");
}
END_TEST

START_TEST(what_is_there_cannot_be_created_again)
{
	const char *lease = "{\"metadata\":{\"name\":\"l\"},\"spec\":{}}";
	ask("POST", LEASES, lease, 201);
	ask("POST", LEASES, lease, 409);
	ck_assert_str_eq(said("reason"), "AlreadyExists");
	ck_assert_str_eq(said("details.kind"), "leases");
}
END_TEST

START_TEST(an_old_version_conflicts)
{
	ask("POST", LEASES, "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"t\":0}}", 201);
	char *version AUTO_FREE = xstrdup(said("metadata.resourceVersion"));
	char *body AUTO_FREE =
		xasprintf("{\"metadata\":{\"name\":\"l\","
			  "\"resourceVersion\":\"%s\"},\"spec\":{\"t\":1}}",
			  version);
	ask("PUT", LEASES "/l", body, 200);
	ask("PUT", LEASES "/l", body, 409);
	ck_assert_str_eq(said("reason"), "Conflict");
	ck_assert_ptr_nonnull(strstr(said("message"), "the object has been modified"));
	/* A Lease is never replaced blindly. */
	ask("PUT", LEASES "/l", "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"t\":2}}",
	    422);
	ask("DELETE", LEASES "/l", "{\"preconditions\":{\"uid\":\"other\"}}", 409);
	ask("DELETE", LEASES "/l", NULL, 200);
}
END_TEST

START_TEST(bad_requests_are_told_why)
{
	static const struct {
		const char *method, *path, *body;
		long status;
	} rows[] = {
		{"POST", "/api/v1/namespaces/shop/configmaps", "{", 400},
		{"POST", "/api/v1/namespaces/shop/configmaps", "[]", 400},
		{"POST", "/api/v1/namespaces/shop/configmaps", "{}", 422},
		{"POST", "/api/v1/namespaces/shop/configmaps",
		 "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"}}", 400},
		{"POST", "/api/v1/namespaces/shop/configmaps",
		 "{\"metadata\":{\"name\":\"x\",\"namespace\":\"bank\"}}", 400},
		{"POST", "/api/v1/namespaces/shop/configmaps/x", "{}", 405},
		{"PUT", "/api/v1/namespaces/shop/configmaps", "{}", 405},
		{"PUT", "/api/v1/namespaces/shop/configmaps/x", "{}", 404},
		{"PUT", DEPLOYMENT, "{\"metadata\":{\"name\":\"y\"}}", 400},
		{"PUT", DEPLOYMENT "/scale", "{\"spec\":{\"replicas\":-1}}", 422},
		{"POST", "/apis/events.k8s.io/v1/namespaces/shop/events",
		 "{\"metadata\":{\"name\":\"e\"}}", 422},
		{"GET", "/api/v1/nothing", NULL, 404},
		{"GET", DEPLOYMENT "x", NULL, 404},
		{"GET", PODS "?limit=x", NULL, 400},
	};
	ask(rows[_i].method, rows[_i].path, rows[_i].body, rows[_i].status);
	ck_assert_str_eq(said("kind"), "Status");
	ck_assert_int_eq(json_int(answer, "code", 0), rows[_i].status);
}
END_TEST

START_TEST(events_need_what_the_api_needs)
{
	ask("POST", "/apis/events.k8s.io/v1/namespaces/shop/events",
	    "{\"metadata\":{\"generateName\":\"checkout.\"},\"eventTime\":"
	    "\"2026-01-19T00:00:00.000000Z\",\"reportingController\":\"foretop\","
	    "\"reportingInstance\":\"x\",\"action\":\"Scale\",\"reason\":\"Scaled\","
	    "\"type\":"
	    "\"Normal\",\"note\":\"n\"}",
	    201);
	ck_assert(strncmp(said("metadata.name"), "checkout.", 9) == 0);
	ck_assert_uint_eq(strlen(said("metadata.name")), 14);
}
END_TEST

START_TEST(merge_patches_change_what_they_name)
{
	put(KUBEAPI_CONFIGMAPS, "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"c\"},"
				"\"data\":{\"a\":\"1\",\"b\":\"2\"}}");
	ask("PATCH", "/api/v1/namespaces/shop/configmaps/c",
	    "{\"data\":{\"a\":null,\"c\":\"3\"},\"metadata\":{\"labels\":{\"l\":\"x\"}}}",
	    200);
	ck_assert_str_eq(said("data.a"), "");
	ck_assert_str_eq(said("data.b"), "2");
	ck_assert_str_eq(said("data.c"), "3");
	ck_assert_str_eq(said("metadata.labels.l"), "x");
	ask("PATCH", "/api/v1/namespaces/shop/configmaps/c",
	    "{\"metadata\":{\"resourceVersion\":\"1\"}}", 409);
}
END_TEST

START_TEST(the_status_is_written_apart)
{
	ask("PUT", DEPLOYMENT,
	    "{\"metadata\":{\"name\":\"checkout\"},\"spec\":{\"replicas\":3,\"x\":1},"
	    "\"status\":{\"replicas\":99}}",
	    200);
	ck_assert_int_eq(json_int(answer, "status.replicas", 0), 2);
	ck_assert_int_eq(json_int(answer, "metadata.generation", 0), 2);
	ask("PUT", DEPLOYMENT "/status",
	    "{\"metadata\":{\"name\":\"checkout\"},\"spec\":{\"replicas\":77},"
	    "\"status\":{\"replicas\":9}}",
	    200);
	ck_assert_int_eq(json_int(answer, "status.replicas", 0), 9);
	ck_assert_int_eq(json_int(answer, "spec.replicas", 0), 3);
	ck_assert_int_eq(scaled_calls, 0);
}
END_TEST

/* --- scale --- */

START_TEST(scale_shows_replicas_and_selector)
{
	ask("GET", DEPLOYMENT "/scale", NULL, 200);
	ck_assert_str_eq(said("kind"), "Scale");
	ck_assert_str_eq(said("apiVersion"), "autoscaling/v1");
	ck_assert_int_eq(json_int(answer, "spec.replicas", 0), 3);
	ck_assert_int_eq(json_int(answer, "status.replicas", 0), 2);
	ck_assert_str_eq(said("status.selector"), "app=checkout,t=w");
	ck_assert_str_eq(said("metadata.name"), "checkout");
}
END_TEST

START_TEST(replicas_are_written_under_conditions)
{
	ask("GET", DEPLOYMENT "/scale", NULL, 200);
	char *uid AUTO_FREE = xstrdup(said("metadata.uid"));
	char *version AUTO_FREE = xstrdup(said("metadata.resourceVersion"));
	char *body AUTO_FREE = xasprintf(
		"{\"kind\":\"Scale\",\"apiVersion\":\"autoscaling/v1\",\"metadata\":{"
		"\"name\":\"checkout\",\"namespace\":\"shop\",\"uid\":\"%s\","
		"\"resourceVersion\":\"%s\"},\"spec\":{\"replicas\":5}}",
		uid, version);
	ask("PUT", DEPLOYMENT "/scale?dryRun=All", body, 200);
	ck_assert_int_eq(json_int(answer, "spec.replicas", 0), 5);
	ck_assert_int_eq(scaled_calls, 0);
	ask("PUT", DEPLOYMENT "/scale", body, 200);
	ck_assert_int_eq(json_int(answer, "spec.replicas", 0), 5);
	ck_assert_str_ne(said("metadata.resourceVersion"), version);
	ck_assert_int_eq(scaled_to, 5);
	ask("PUT", DEPLOYMENT "/scale", body, 409);
	ck_assert_int_eq(scaled_calls, 1);
	ask("PATCH", DEPLOYMENT "/scale", "{\"spec\":{\"replicas\":6}}", 200);
	ck_assert_int_eq(scaled_to, 6);
	ask("PUT", DEPLOYMENT "/scale",
	    "{\"metadata\":{\"uid\":\"other\"},\"spec\":{\"replicas\":9}}", 409);
	ck_assert_ptr_nonnull(strstr(said("message"), "UID in precondition: other"));
	ask("PUT", DEPLOYMENT "/scale", "{\"spec\":{}}", 200);
	ck_assert_int_eq(scaled_to, 0);
}
END_TEST

START_TEST(every_write_is_recorded)
{
	ask("PUT", DEPLOYMENT "/scale", "{\"spec\":{\"replicas\":5}}", 200);
	ask("PUT", DEPLOYMENT "/scale",
	    "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"replicas\":6}}", 409);
	ask("GET", DEPLOYMENT, NULL, 200);
	ck_assert_uint_eq(kubeapi_audit_count(k), 2);
	const struct audit_entry *e = kubeapi_audit(k, 0);
	ck_assert_int_eq(e->method, METHOD_PUT);
	ck_assert_int_eq(e->resource, KUBEAPI_DEPLOYMENTS);
	ck_assert_str_eq(e->ns, "shop");
	ck_assert_str_eq(e->name, "checkout");
	ck_assert_str_eq(e->subresource, "scale");
	ck_assert_int_eq(e->from, 3);
	ck_assert_int_eq(e->to, 5);
	ck_assert_int_eq(e->status, 200);
	ck_assert(e->engine_ms >= 1700000000000);
	ck_assert_int_eq(kubeapi_audit(k, 1)->status, 409);
	ck_assert_int_eq(kubeapi_audit(k, 1)->to, -1);
}
END_TEST

/* --- lists --- */

START_TEST(lists_come_in_consistent_pages)
{
	for (int i = 0; i < 5; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		put_pod(name, i < 4 ? "web" : "db", i);
	}
	ask("GET", PODS "?labelSelector=app%3Dweb&limit=3", NULL, 200);
	ck_assert_str_eq(said("kind"), "PodList");
	ck_assert_int_eq(cJSON_GetArraySize(json_at(answer, "items")), 3);
	ck_assert_int_eq(json_int(answer, "metadata.remainingItemCount", 0), 1);
	ck_assert_ptr_null(
		strstr(str_text(&f.body), "\"kind\":\"Pod\"")); /* items have none
								 */
	char *version AUTO_FREE = xstrdup(said("metadata.resourceVersion"));
	char *path AUTO_FREE = xasprintf(PODS "?labelSelector=app%%3Dweb&limit=3&"
					      "continue=%s",
					 said("metadata.continue"));
	put_pod("p3", "web", 99);
	kubeapi_delete(k, KUBEAPI_PODS, "shop", "p0");
	ask("GET", path, NULL, 200);
	ck_assert_str_eq(said("metadata.resourceVersion"), version);
	ck_assert_int_eq(cJSON_GetArraySize(json_at(answer, "items")), 1);
	const cJSON *item = cJSON_GetArrayItem(json_at(answer, "items"), 0);
	ck_assert_int_eq(json_int(item, "n", 0), 3); /* as it was at the first page */
	ck_assert_ptr_null(json_at(answer, "metadata.continue"));
	ask("GET", "/api/v1/pods", NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(json_at(answer, "items")), 4);
}
END_TEST

START_TEST(old_continue_tokens_and_versions_are_gone)
{
	for (int i = 0; i < 3; i++) {
		char name[8];
		snprintf(name, sizeof(name), "p%d", i);
		put_pod(name, "web", i);
	}
	ask("GET", PODS "?limit=1", NULL, 200);
	char *path AUTO_FREE =
		xasprintf(PODS "?limit=1&continue=%s", said("metadata.continue"));
	kubeapi_compact(k);
	ask("GET", path, NULL, 410);
	ck_assert_str_eq(said("reason"), "Expired");
	ask("GET", PODS "?resourceVersion=99999", NULL, 504);
	const cJSON *cause = cJSON_GetArrayItem(json_at(answer, "details.causes"), 0);
	ck_assert_str_eq(json_str(cause, "reason", ""), "ResourceVersionTooLarge");
	ask("GET", PODS "?resourceVersion=1&resourceVersionMatch=Exact", NULL, 410);
	ask("GET", PODS "?resourceVersion=1", NULL, 200);
	ask("GET", PODS "?resourceVersion=0", NULL, 200);
	char *newest AUTO_FREE = xasprintf(PODS "?resourceVersion=%llu",
					   (unsigned long long)kubeapi_version(k));
	ask("GET", newest, NULL, 200);
}
END_TEST

/* --- watches --- */

static void watch(const char *path)
{
	ws_client_open(&c, r, atoi(strrchr(kubeapi_url(k), ':') + 1), path, false);
}

static void frames(int wanted)
{
	for (int i = 0; i < 1000 && c.frames < wanted; i++)
		spin(r, 5);
	ck_assert_msg(c.frames == wanted, "%d frames, want %d: %s", c.frames, wanted,
		      str_text(&c.text));
}

/* Types and names of all frames so far: "ADDED:a MODIFIED:b". */
static const char *story_of(const char *text)
{
	static char story[4096];
	size_t n = 0;
	story[0] = '\0';
	for (const char *line = text; *line; line += strcspn(line, "\n")) {
		line += strspn(line, "\n");
		size_t len = strcspn(line, "\n");
		cJSON *event AUTO(json_cleanup) = json_parse(line, len, NULL);
		if (!event)
			continue;
		n += (size_t)snprintf(story + n, sizeof(story) - n, "%s%s:%s",
				      n ? " " : "", json_str(event, "type", "?"),
				      json_str(event, "object.metadata.name",
					       json_str(event, "object.reason", "")));
	}
	return story;
}

static char *path_from(const char *query, uint64_t version)
{
	return xasprintf(PODS "?watch=true&resourceVersion=%llu%s",
			 (unsigned long long)version, query);
}

START_TEST(a_watch_tells_what_happens_after_its_version)
{
	put_pod("before", "web", 0);
	char *path AUTO_FREE = path_from("", kubeapi_version(k));
	put(KUBEAPI_CONFIGMAPS, "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"y\"}}");
	put_pod("a", "web", 1);
	watch(path);
	frames(1);
	put_pod("a", "web", 2);
	kubeapi_delete(k, KUBEAPI_PODS, "shop", "a");
	put(KUBEAPI_PODS, "{\"metadata\":{\"namespace\":\"bank\",\"name\":\"x\"}}");
	put(KUBEAPI_CONFIGMAPS, "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"x\"}}");
	put_pod("b", "web", 1);
	frames(4);
	ck_assert_str_eq(story_of(str_text(&c.text)),
			 "ADDED:a MODIFIED:a DELETED:a ADDED:b");
	ck_assert_ptr_nonnull(strstr(str_text(&c.text),
				     "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\","
				     "\"apiVersion\":\"v1\",\"metadata\":"));
	ck_assert_uint_eq(kubeapi_watches(k), 1);
}
END_TEST

START_TEST(selected_watches_see_objects_come_and_go)
{
	char *path AUTO_FREE = path_from("&labelSelector=app%3Dweb", kubeapi_version(k));
	watch(path);
	put_pod("a", "db", 1);
	put_pod("a", "web", 1);
	put_pod("a", "web", 2);
	put_pod("a", "db", 3);
	put_pod("a", "db", 4);
	frames(3);
	ck_assert_str_eq(story_of(str_text(&c.text)), "ADDED:a MODIFIED:a DELETED:a");
}
END_TEST

START_TEST(a_watch_without_a_version_begins_with_what_is_there)
{
	put_pod("a", "web", 1);
	put_pod("b", "web", 1);
	watch(_i ? PODS "?watch=1&resourceVersion=0" : PODS "?watch=1");
	frames(2);
	put_pod("b", "web", 2);
	frames(3);
	ck_assert_str_eq(story_of(str_text(&c.text)), "ADDED:a ADDED:b MODIFIED:b");
}
END_TEST

START_TEST(a_watch_list_ends_its_first_state_with_a_bookmark)
{
	put_pod("a", "web", 1);
	watch(PODS "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
		   "allowWatchBookmarks=true&resourceVersion=");
	frames(2);
	const char *last = strstr(str_text(&c.text), "BOOKMARK");
	ck_assert_ptr_nonnull(last);
	ck_assert_ptr_nonnull(strstr(last, "\"k8s.io/initial-events-end\":\"true\""));
	char *version AUTO_FREE = xasprintf("\"resourceVersion\":\"%llu\"",
					    (unsigned long long)kubeapi_version(k));
	ck_assert_ptr_nonnull(strstr(last, version));
	put_pod("a", "web", 2);
	frames(3);
}
END_TEST

START_TEST(thousands_of_pods_are_sent_before_the_bookmark)
{
	for (int i = 0; i < 3000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%04d", i);
		put_pod(name, "web", i);
	}
	watch(PODS "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
		   "allowWatchBookmarks=true");
	put_pod("late", "web", 1);
	frames(3002);
	const char *bookmark = strstr(str_text(&c.text), "BOOKMARK");
	ck_assert_ptr_nonnull(bookmark);
	ck_assert_ptr_nonnull(strstr(bookmark, "\"late\""));
}
END_TEST

START_TEST(a_server_without_watch_lists_refuses_them)
{
	kubeapi_allow_watchlist(k, false);
	watch(PODS "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
	ck_assert(c.refused);
	ck_assert_int_eq(c.refused_status, 422);
}
END_TEST

START_TEST(bookmarks_move_quiet_watches_on)
{
	char *path AUTO_FREE = path_from("&allowWatchBookmarks=true", kubeapi_version(k));
	watch(path);
	put(KUBEAPI_CONFIGMAPS, "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"x\"}}");
	kubeapi_send_bookmarks(k);
	frames(1);
	char *version AUTO_FREE = xasprintf("\"resourceVersion\":\"%llu\"",
					    (unsigned long long)kubeapi_version(k));
	ck_assert_ptr_nonnull(strstr(str_text(&c.text), "{\"type\":\"BOOKMARK\""));
	ck_assert_ptr_nonnull(strstr(str_text(&c.text), version));
}
END_TEST

START_TEST(bookmarks_come_only_to_those_who_want_them)
{
	char *path AUTO_FREE = path_from("", kubeapi_version(k));
	watch(path);
	kubeapi_send_bookmarks(k);
	put_pod("a", "web", 1);
	frames(1);
	ck_assert_str_eq(story_of(str_text(&c.text)), "ADDED:a");
}
END_TEST

START_TEST(a_watch_from_the_newest_version_outlives_compaction)
{
	put_pod("a", "web", 1);
	kubeapi_compact(k);
	char *path AUTO_FREE = path_from("", kubeapi_version(k));
	watch(path);
	put_pod("b", "web", 1);
	frames(1);
	kubeapi_compact(k); /* what was sent is not missed */
	put_pod("b", "web", 2);
	frames(2);
	ck_assert_str_eq(story_of(str_text(&c.text)), "ADDED:b MODIFIED:b");
}
END_TEST

START_TEST(a_first_state_can_be_broken_off)
{
	char padding[2000];
	memset(padding, 'x', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = '\0';
	for (int i = 0; i < 1500; i++) {
		char *json AUTO_FREE = xasprintf("{\"metadata\":{\"namespace\":\"shop\","
						 "\"name\":\"p%d\"},\"x\":\"%s\"}",
						 i, padding);
		put(KUBEAPI_PODS, json);
	}
	watch(PODS "?watch=1");
	kubeapi_cut_watches(k);
	ck_assert(wait_for(r, &c.gone));
	ck_assert_int_lt(c.frames, 1500);
	ck_assert_uint_eq(kubeapi_watches(k), 0);
}
END_TEST

START_TEST(a_watch_from_a_forgotten_version_expires)
{
	char *path AUTO_FREE = path_from("", kubeapi_version(k));
	put_pod("a", "web", 1);
	kubeapi_compact(k);
	watch(path);
	ck_assert(wait_for(r, &c.gone));
	ck_assert_str_eq(story_of(str_text(&c.text)), "ERROR:Expired");
	ck_assert_ptr_nonnull(strstr(str_text(&c.text), "\"code\":410"));
	ck_assert_int_eq(c.close_code, 1000);
	ck_assert_uint_eq(kubeapi_watches(k), 0);
}
END_TEST

START_TEST(handshakes_are_refused_as_the_real_server_does)
{
	static const struct {
		const char *path, *origin;
		int status;
		bool off;
	} rows[] = {
		{PODS "?watch=1", NULL, 403, false},
		{PODS "?watch=1", "https://localhost", 403, true},
		{PODS, "https://localhost", 400, false},
		{"/api/v1/nothing?watch=1", "https://localhost", 404, false},
		{PODS "?watch=1&resourceVersion=abc", "https://localhost", 500, false},
		{PODS "?watch=1&labelSelector==", "https://localhost", 400, false},
		{PODS "/p?watch=1", "https://localhost", 405, false},
	};
	c.origin = rows[_i].origin;
	kubeapi_allow_websocket(k, !rows[_i].off);
	watch(rows[_i].path);
	ck_assert(c.refused);
	ck_assert_int_eq(c.refused_status, rows[_i].status);
}
END_TEST

START_TEST(a_watch_ends_after_its_time)
{
	char *path AUTO_FREE =
		path_from("&timeoutSeconds=1&allowWatchBookmarks=1", kubeapi_version(k));
	watch(path);
	ck_assert(wait_for(r, &c.gone));
	ck_assert_int_eq(c.close_code, 1000);
	ck_assert_ptr_nonnull(strstr(story_of(str_text(&c.text)), "BOOKMARK"));
}
END_TEST

START_TEST(watches_can_be_ended_cut_and_silenced)
{
	char *path AUTO_FREE = path_from("", kubeapi_version(k));
	watch(path);
	kubeapi_silence_watches(k, true);
	put_pod("a", "web", 1);
	spin(r, 30);
	ck_assert_int_eq(c.frames, 0);
	kubeapi_silence_watches(k, false);
	frames(1);
	if (_i)
		kubeapi_cut_watches(k);
	else
		kubeapi_end_watches(k);
	ck_assert(wait_for(r, &c.gone));
	ck_assert_int_eq(c.close_code, _i ? 0 : 1000);
	ck_assert_uint_eq(kubeapi_watches(k), 0);
}
END_TEST

START_TEST(watches_work_over_chunked_http_too)
{
	put_pod("a", "web", 1);
	char *url AUTO_FREE = url_of(PODS "?watch=true");
	fetch_init(&f, r, "GET", url, NULL);
	fetch_start(&f);
	for (int i = 0; i < 200 && f.body.len == 0; i++)
		spin(r, 5);
	put_pod("a", "web", 2);
	kubeapi_delete(k, KUBEAPI_PODS, "shop", "a");
	for (int i = 0; i < 200 && !strstr(str_text(&f.body), "DELETED"); i++)
		spin(r, 5);
	ck_assert_str_eq(story_of(str_text(&f.body)), "ADDED:a MODIFIED:a DELETED:a");
	ck_assert_uint_eq(kubeapi_watches(k), 1);
	if (_i == 0) {
		kubeapi_end_watches(k);
		ck_assert(wait_for(r, &f.done));
		ck_assert_int_eq(f.result, CURLE_OK);
	} else if (_i == 1) {
		kubeapi_cut_watches(k);
		ck_assert(wait_for(r, &f.done));
		ck_assert_int_ne(f.result, CURLE_OK);
	} else {
		fetch_fini(&f); /* the client leaves */
		for (int i = 0; i < 200 && kubeapi_watches(k); i++)
			spin(r, 5);
	}
	ck_assert_uint_eq(kubeapi_watches(k), 0);
}
END_TEST

START_TEST(an_http_watch_expires_in_its_stream)
{
	put_pod("a", "web", 1);
	put_pod("b", "web", 1);
	kubeapi_compact(k);
	ask("GET", PODS "?watch=1&resourceVersion=1001", NULL, 200);
	ck_assert_str_eq(story_of(str_text(&f.body)), "ERROR:Expired");
}
END_TEST

/* --- faults --- */

START_TEST(writes_fail_as_often_as_told)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
		{403, "Forbidden"},     {409, "Conflict"},           {429, ""},
		{500, "InternalError"}, {503, "ServiceUnavailable"},
	};
	kubeapi_fail_writes(k, 2, rows[_i].status, KUBEAPI_DEPLOYMENTS);
	ask("POST", LEASES, "{\"metadata\":{\"name\":\"l\"},\"spec\":{}}", 201);
	for (int i = 0; i < 2; i++) {
		ask("PUT", DEPLOYMENT "/scale", "{\"spec\":{\"replicas\":9}}",
		    rows[_i].status);
		ck_assert_str_eq(said("reason"), rows[_i].reason);
	}
	bool retry_after = strstr(str_text(&f.head), "Retry-After: 1\r\n") != NULL;
	ck_assert_int_eq(retry_after, rows[_i].status == 429 || rows[_i].status == 503);
	ck_assert_int_eq(scaled_calls, 0);
	ask("PUT", DEPLOYMENT "/scale", "{\"spec\":{\"replicas\":9}}", 200);
	ck_assert_int_eq(kubeapi_audit(k, 1)->status, rows[_i].status);
}
END_TEST

START_TEST(reads_fail_as_often_as_told)
{
	kubeapi_fail_reads(k, 1, 410, KUBEAPI_PODS);
	ask("GET", PODS, NULL, 410);
	ask("GET", PODS, NULL, 200);
	kubeapi_fail_reads(k, 1, 410, KUBEAPI_PODS);
	watch(PODS "?watch=1");
	ck_assert(c.opened);
	ck_assert(wait_for(r, &c.gone));
	ck_assert_str_eq(story_of(str_text(&c.text)), "ERROR:Expired");
	ws_client_fini(&c);
	c = (struct ws_client){.origin = "https://localhost"};
	kubeapi_fail_reads(k, 1, 403, KUBEAPI_RESOURCES);
	watch(PODS "?watch=1");
	ck_assert_int_eq(c.refused_status, 403);
	ask("GET", PODS, NULL, 200);
}
END_TEST

START_TEST(an_answer_can_be_lost_after_the_write)
{
	kubeapi_lose_answers(k, 1, KUBEAPI_DEPLOYMENTS);
	char *url AUTO_FREE = url_of(DEPLOYMENT "/scale");
	fetch_init(&f, r, "PUT", url, "{\"spec\":{\"replicas\":7}}");
	fetch_header(&f, "Content-Type: application/json");
	fetch_go(&f);
	ck_assert_int_ne(f.result, CURLE_OK);
	ck_assert_int_eq(scaled_to, 7);
	ask("GET", DEPLOYMENT "/scale", NULL, 200);
	ck_assert_int_eq(json_int(answer, "spec.replicas", 0), 7);
}
END_TEST

START_TEST(a_restart_cuts_everything_and_forgets_history)
{
	char *path AUTO_FREE = path_from("", kubeapi_version(k));
	char *url AUTO_FREE = xstrdup(kubeapi_url(k));
	watch(path);
	put_pod("a", "web", 1);
	frames(1);
	kubeapi_restart(k, 50);
	ck_assert(wait_for(r, &c.gone));
	char *ready AUTO_FREE = url_of("/readyz");
	fetch_init(&f, r, "GET", ready, NULL);
	fetch_go(&f);
	ck_assert_int_eq(f.result, CURLE_COULDNT_CONNECT);
	spin(r, 80);
	ck_assert_str_eq(kubeapi_url(k), url);
	ask("GET", "/readyz", NULL, 200);
	ask("GET", DEPLOYMENT, NULL, 200);
	ask("GET", path, NULL, 200);
	ck_assert_str_eq(story_of(str_text(&f.body)), "ERROR:Expired");
}
END_TEST

START_TEST(a_token_is_wanted_of_all)
{
	start("secret");
	ask("GET", PODS, NULL, 401);
	ck_assert_str_eq(said("reason"), "Unauthorized");
	watch(PODS "?watch=1");
	ck_assert_int_eq(c.refused_status, 401);
	ws_client_fini(&c);
	c = (struct ws_client){.origin = "https://localhost",
			       .authorization = "Bearer secret"};
	watch(PODS "?watch=1");
	ck_assert(c.opened);
}
END_TEST

START_TEST(groups_say_what_they_hold)
{
	ask("GET", "/apis/apps/v1", NULL, 200);
	ck_assert_str_eq(said("groupVersion"), "apps/v1");
	ck_assert_ptr_nonnull(
		strstr(str_text(&f.body), "\"name\":\"deployments/scale\""));
	ask("GET", "/api/v1", NULL, 200);
	ck_assert_ptr_null(strstr(str_text(&f.body), "deployments"));
	ask("GET", "/version", NULL, 200);
	ck_assert_str_eq(said("gitVersion"), "v1.37.2");
	ask("GET", "/apis/apps/v2", NULL, 404);
	ask("GET", "/api", NULL, 404);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kubeapi");
	TCase *tc = tcase_create("server");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, objects_are_created_read_replaced_and_deleted);
	tcase_add_test(tc, what_is_there_cannot_be_created_again);
	tcase_add_test(tc, an_old_version_conflicts);
	tcase_add_loop_test(tc, bad_requests_are_told_why, 0, 14);
	tcase_add_test(tc, events_need_what_the_api_needs);
	tcase_add_test(tc, merge_patches_change_what_they_name);
	tcase_add_test(tc, the_status_is_written_apart);
	tcase_add_test(tc, scale_shows_replicas_and_selector);
	tcase_add_test(tc, replicas_are_written_under_conditions);
	tcase_add_test(tc, every_write_is_recorded);
	tcase_add_test(tc, lists_come_in_consistent_pages);
	tcase_add_test(tc, old_continue_tokens_and_versions_are_gone);
	tcase_add_test(tc, a_watch_tells_what_happens_after_its_version);
	tcase_add_test(tc, selected_watches_see_objects_come_and_go);
	tcase_add_loop_test(tc, a_watch_without_a_version_begins_with_what_is_there, 0,
			    2);
	tcase_add_test(tc, a_watch_list_ends_its_first_state_with_a_bookmark);
	tcase_add_test(tc, thousands_of_pods_are_sent_before_the_bookmark);
	tcase_add_test(tc, a_server_without_watch_lists_refuses_them);
	tcase_add_test(tc, bookmarks_move_quiet_watches_on);
	tcase_add_test(tc, bookmarks_come_only_to_those_who_want_them);
	tcase_add_test(tc, a_watch_from_the_newest_version_outlives_compaction);
	tcase_add_test(tc, a_first_state_can_be_broken_off);
	tcase_add_test(tc, a_watch_from_a_forgotten_version_expires);
	tcase_add_loop_test(tc, handshakes_are_refused_as_the_real_server_does, 0, 7);
	tcase_add_test(tc, a_watch_ends_after_its_time);
	tcase_add_loop_test(tc, watches_can_be_ended_cut_and_silenced, 0, 2);
	tcase_add_loop_test(tc, watches_work_over_chunked_http_too, 0, 3);
	tcase_add_test(tc, an_http_watch_expires_in_its_stream);
	tcase_add_loop_test(tc, writes_fail_as_often_as_told, 0, 5);
	tcase_add_test(tc, reads_fail_as_often_as_told);
	tcase_add_test(tc, an_answer_can_be_lost_after_the_write);
	tcase_add_test(tc, a_restart_cuts_everything_and_forgets_history);
	tcase_add_test(tc, a_token_is_wanted_of_all);
	tcase_add_test(tc, groups_say_what_they_hold);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
