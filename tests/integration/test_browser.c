/* The page in a real Chromium: with three policies of the demo, and with 300. Skipped,
 * and said so, where there is no Chromium or no Python. */
#include "integration/bed.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MANY       300
#define BROWSER_MS 600000 /* of a browser that starts beside all other tests */
#define SCRIPT     "tests/integration/browser.py"

static struct bed *b;

static void setup(void)
{
	static const char *const names[] = {"checkout"};
	b = bed_open(names, 1);
}

static void teardown(void)
{
	bed_close(b);
}

static bool in_path(const char *name)
{
	char *path AUTO_FREE = xstrdup(getenv("PATH") ? getenv("PATH") : "");
	for (char *rest = path, *folder; (folder = strsep(&rest, ":"));) {
		char *file AUTO_FREE = xasprintf("%s/%s", folder, name);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* Lets the script look at a page until it is done; it must find nothing. */
static void look(const char *what, const char *url, const char *count)
{
	const char *const args[] = {"/usr/bin/env", "python3", SCRIPT, what, url,
				    count,          NULL};
	int64_t end_ms = monotonic_ms() + BROWSER_MS;
	bed_call_tool(b, &b->second, args);
	while (b->second.pid) {
		ck_assert_msg(monotonic_ms() < end_ms, "the browser does not end");
		bed_spin(b);
	}
	char *said AUTO_FREE = bed_text(b->second.log);
	ck_assert_msg(b->second.exit_code == 0, "%s", said);
}

/* The address that the demo tells; the caller frees it. NULL: not yet. */
static char *demo_page(void)
{
	static const char mark[] = "Its page: ";
	char *out AUTO_FREE = bed_text(b->first.out);
	const char *at = strstr(out, mark);
	if (!at || !strchr(at, '\n'))
		return NULL;
	at += sizeof(mark) - 1;
	return xstrndup(at, strcspn(at, "\n"));
}

START_TEST(three_policies_of_the_demo_are_seen_and_read_by_all)
{
	static const char *const args[] = {"demo",      "--page", "--plain",
					   "--seconds", "600",    NULL};
	char *url AUTO_FREE = NULL;
	bed_call(b, &b->first, args);
	wait_until(b, (url = demo_page()) != NULL, "the demo tells its page");
	look("shop", url, NULL);
	bed_signal(&b->first, SIGTERM);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 0);
}
END_TEST

/* Targets that are only objects: they have no pods, and need none to be shown. */
static void put_deployment(const char *name)
{
	char *object AUTO_FREE = xasprintf(
		"{\"metadata\":{\"name\":\"%s\",\"namespace\":\"shop\"},\"spec\":{"
		"\"replicas\":4,\"selector\":{\"matchLabels\":{\"app\":\"%s\"}}},"
		"\"status\":{\"replicas\":4}}",
		name, name);
	ck_assert_int_eq(kubeapi_put(b->kube, KUBEAPI_DEPLOYMENTS, object, NULL), 0);
}

/* Every tenth is refused, every ninth has no metric, every seventh is paused. */
static void put_many(void)
{
	for (int i = 0; i < MANY; i++) {
		char name[24];
		snprintf(name, sizeof(name), "many-%03d", i);
		put_deployment(name);
		const char *more = i % 10 == 9  ? "mode: Sacle\n"
				   : i % 7 == 6 ? "pause: true\n"
						: "";
		char *query AUTO_FREE =
			served_requests_query("shop", i % 9 == 8 ? "nobody" : "checkout");
		char *text AUTO_FREE = xasprintf(
			"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			"%s}\nmaxReplicas: %d\nmetrics:\n- type: External\n  external: "
			"{metric: {name: requests}, target: {type: AverageValue, "
			"averageValue: \"100\"}}\n  query: %s\n%s",
			name, 3 + i % 40, query, more);
		bed_policy_text(b, name, text);
	}
}

static bool all_decided(void)
{
	char *text AUTO_FREE = NULL;
	int count = 0;
	if (bed_get_page(b, &b->first, "/?page=1", &text) != 200)
		return false;
	for (const char *at = text;
	     (at = strstr(at, "<tr role=\"row\"><th scope=\"row\"")); at++)
		count++;
	return count == MANY && !strstr(text, "no decision yet");
}

START_TEST(three_hundred_policies_are_seen_and_found)
{
	/* Without a Lease, which a machine that is busy with a browser may lose. */
	static const char *const flags[] = {"--dry-run", NULL};
	put_many();
	bed_start(b, &b->first, "foretop-0", flags);
	wait_until(b, all_decided(), "all policies are decided on");
	char *url AUTO_FREE = bed_page_url(b, &b->first);
	look("many", url, "300");
}
END_TEST

int main(void)
{
	bool chromium = in_path("chromium") || in_path("chromium-browser") ||
			in_path("google-chrome");
	if (!chromium || !in_path("python3")) {
		puts("no Chromium or no Python here: the page was not looked at "
		     "(hack/deps "
		     "page installs them)");
		return 77;
	}
	TCase *few = bed_lane("few policies", setup, teardown),
	      *many = bed_lane("many policies", setup, teardown);
	tcase_add_test(few, three_policies_of_the_demo_are_seen_and_read_by_all);
	tcase_add_test(many, three_hundred_policies_are_seen_and_found);
	return bed_run();
}
