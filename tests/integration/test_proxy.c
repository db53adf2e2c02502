/* The way to the API server leads through a proxy that the environment or the kubeconfig
 * names: requests and watches take it, WebSockets included, and it sees no token. */
#include "integration/bed.h"
#include "integration/relay.h"

#include <stdlib.h>
#include <string.h>

static struct bed *b;
static struct relay relay;
static char log_file[BED_PATH + 16];

static void setup(void)
{
	static const char *const names[] = {"checkout"};
	b = bed_open(names, 1);
	snprintf(log_file, sizeof(log_file), "%s/proxy.log", b->folder);
	const char *colon = strrchr(served_kube_url(b->served), ':');
	relay_start(&relay, atoi(colon + 1), log_file);
}

static void teardown(void)
{
	bed_close(b);
	relay_stop(&relay);
}

static char *replaced(const char *text, const char *old, const char *with)
{
	const char *at = strstr(text, old);
	ck_assert_ptr_nonnull(at);
	return xasprintf("%.*s%s%s", (int)(at - text), text, with, at + strlen(old));
}

/* The server by a name that only the proxy can resolve; more: further fields of it. */
static void name_server(const char *more)
{
	char *old AUTO_FREE = xasprintf("server: \"%s\"", served_kube_url(b->served));
	char *with AUTO_FREE = xasprintf("server: \"https://api.invalid:6443\", "
					 "tls-server-name: localhost%s",
					 more);
	char *text AUTO_FREE = served_kubeconfig(b->served);
	char *changed AUTO_FREE = replaced(text, old, with);
	bed_write_file(b->kubeconfig, changed);
}

/* Seen, decided, written, and seen again. */
static void it_works(void)
{
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, bed_condition(b, "checkout", "MetricsAvailable", "True", NULL),
		   "a first decision");
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "replicas are written");
	ck_assert_int_eq(bed_scaled_to(b, "checkout", 0), 8);
	wait_until(b, bed_status_int(b, "checkout", "currentReplicas") == 8,
		   "a watch tells of it");
}

static void it_was_asked_for_tunnels_alone(void)
{
	char *log AUTO_FREE = bed_text(log_file);
	int asked = 0;
	for (const char *p = log; (p = strstr(p, "HTTP/1.1\r\n")); p++)
		asked++;
	ck_assert_int_ge(asked, 3); /* the Lease, requests, a watch */
	for (const char *p = log; (p = strstr(p, "CONNECT api.invalid:6443 ")); p++)
		asked--;
	ck_assert_int_eq(asked, 0);
	ck_assert_ptr_null(strcasestr(log, "\nAuthorization"));
}

START_TEST(the_proxy_of_the_environment_carries_requests_and_watches)
{
	char *url AUTO_FREE = xasprintf("http://127.0.0.1:%d", relay.port);
	setenv("HTTPS_PROXY", url, 1);
	name_server("");
	it_works();
	it_was_asked_for_tunnels_alone();
	ck_assert_int_eq(bed_logged(&b->first, "watching over HTTP"), 0);
}
END_TEST

START_TEST(the_proxy_of_the_kubeconfig_is_shown_its_login)
{
	char *more AUTO_FREE =
		xasprintf(", proxy-url: \"http://me:p%%40ss@127.0.0.1:%d\"", relay.port);
	setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
	setenv("NO_PROXY", "*", 1);
	name_server(more);
	it_works();
	it_was_asked_for_tunnels_alone();
	char *log AUTO_FREE = bed_text(log_file);
	ck_assert_ptr_nonnull(strcasestr(log, "Proxy-Authorization: Basic bWU6cEBzcw=="));
	ck_assert_int_eq(bed_logged(&b->first, "watching over HTTP"), 0);
	ck_assert_int_eq(bed_logged(&b->first, "p@ss"), 0);
}
END_TEST

START_TEST(a_server_on_loopback_is_reached_without_the_proxy)
{
	setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
	it_works();
}
END_TEST

int main(void)
{
	TCase *tc = bed_lane("environment", setup, teardown);
	tcase_add_test(tc, the_proxy_of_the_environment_carries_requests_and_watches);
	tcase_add_test(tc, a_server_on_loopback_is_reached_without_the_proxy);
	tc = bed_lane("kubeconfig", setup, teardown);
	tcase_add_test(tc, the_proxy_of_the_kubeconfig_is_shown_its_login);
	return bed_run();
}
