/* The page of the real process: where it listens, who leads, who gets it. */
#include "integration/bed.h"

#include "unit/serve/client.h"

#include <signal.h>
#include <string.h>

static struct bed *b;

static void setup(void)
{
	b = bed_open_shop();
}

static void teardown(void)
{
	bed_close(b);
}

/* Does the document hold the text now? */
static bool shows(const struct child *c, const char *path, const char *text)
{
	char *body AUTO_FREE = NULL;
	return bed_get_page(b, c, path, &body) == 200 && strstr(body, text);
}

START_TEST(decisions_are_shown_as_they_are_made)
{
	bed_lead(b, "mode: Scale\n");
	bed_demand(b, "checkout", 730);
	wait_until(b,
		   shows(&b->first, "/policies/shop/checkout", "<dt>Desired</dt><dd>8"),
		   "the policy shows it too");
	wait_until(b, bed_scaled(b, "checkout") == 1, "it is written");
	wait_until(b, shows(&b->first, "/", "requests 91.2 per pod, target 100 -&gt; "),
		   "the list says why it stays");
	wait_until(b,
		   shows(&b->first, "/api/v1/policies/shop/checkout",
			 "\"currentReplicas\":8"),
		   "the API shows the write");
	ck_assert(shows(&b->first, "/api/v1/policies", "\"leader\":\"foretop-0\""));
	ck_assert(shows(&b->first, "/api/v1/policies/shop/checkout",
			"\"history\":{\"metric\":\"requests\",\"stepSeconds\":120,"
			"\"points\":[{"));
	/* A policy that goes is gone, one that is refused says why. */
	kubeapi_delete(b->kube, KUBEAPI_CONFIGMAPS, "shop", "checkout");
	wait_until(b, bed_get_page(b, &b->first, "/policies/shop/checkout", NULL) == 404,
		   "the policy is gone");
	bed_policy_text(b, "cart", "mode: Sacle\n");
	wait_until(b, shows(&b->first, "/?show=look", "policy refused"),
		   "a refused policy wants a look");
}
END_TEST

START_TEST(a_metric_that_is_lost_wants_a_look)
{
	bed_lead(b, "mode: Scale\n");
	promapi_fault(b->prom, PROMAPI_ERROR);
	wait_until(b, shows(&b->first, "/?show=look", "metrics unknown"), "it is shown");
	ck_assert(shows(&b->first, "/policies/shop/checkout", "opening storage failed"));
	promapi_fault(b->prom, PROMAPI_OK);
	wait_until(b, shows(&b->first, "/?show=look", "No policy is like that"),
		   "it is over");
}
END_TEST

/* A target's name is whatever its author wrote; Prometheus says what it likes. */
START_TEST(what_others_wrote_is_no_markup)
{
	bed_policy_text(
		b, "checkout",
		"scaleTargetRef: {apiVersion: apps/v1, kind: '<script>x</script>', "
		"name: checkout}\nmaxReplicas: 3\n");
	bed_start(b, &b->first, "foretop-0", NULL);
	wait_until(b, shows(&b->first, "/", "shop/</span>checkout"), "it is shown");
	static const char *const paths[] = {"/", "/policies/shop/checkout"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		ck_assert(!shows(&b->first, paths[i], "<script>x"));
		ck_assert(shows(&b->first, paths[i], "&lt;script&gt;"));
	}
}
END_TEST

START_TEST(a_standby_shows_who_leads)
{
	bed_lead(b, "mode: Scale\n");
	bed_start(b, &b->second, "foretop-1", NULL);
	wait_until(b, shows(&b->second, "/", "<b>foretop-0</b> leads"),
		   "the second says who leads");
	ck_assert(!shows(&b->second, "/", "checkout"));
	ck_assert_int_eq(bed_get_page(b, &b->second, "/policies/shop/checkout", NULL),
			 503);
	ck_assert(shows(&b->second, "/api/v1/policies",
			"\"leading\":false,\"leader\":\"foretop-0\""));
	bed_signal(&b->first, SIGKILL);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 128 + SIGKILL);
	wait_until(b, shows(&b->second, "/", "shop/</span>checkout"),
		   "the second shows policies once it leads");
}
END_TEST

/* --- where it listens --- */

START_TEST(other_addresses_are_refused_without_tls_and_tokens)
{
	static const char *const flags[][8] = {
		{"--prometheus-url", "http://127.0.0.1:1", "--page", ":0", NULL},
		{"--prometheus-url", "http://127.0.0.1:1", "--page", "0.0.0.0:0", NULL},
	};
	bed_start_bare(b, &b->first, flags[_i]);
	ck_assert_int_eq(bed_wait_end(b, &b->first), 1);
	ck_assert_int_eq(bed_logged(&b->first, "is not a loopback address: want "
					       "tokenReview: true, certFile and keyFile"),
			 1);
	ck_assert_int_eq(bed_logged(&b->first, "Listens"), 0);
}
END_TEST

START_TEST(a_page_without_a_port_does_not_stop_the_scaling)
{
	const struct promapi_config config = {.listen = "127.0.0.1:0",
					      .clock = &b->clock};
	struct promapi *other = promapi_new(b->reactor, &config, NULL);
	char *page AUTO_FREE =
		xasprintf("{listen: \"%s\"}", strstr(promapi_url(other), "//") + 2);
	b->page = page;
	bed_write_config(b, NULL, NULL);
	bed_lead(b, "mode: Scale\n");
	ck_assert_int_eq(bed_logged(&b->first, "\"The page is not served\""), 1);
	bed_demand(b, "checkout", 730);
	wait_until(b, bed_scaled(b, "checkout") == 1, "it scales all the same");
	promapi_free(other);
}
END_TEST

START_TEST(without_an_address_there_is_no_page)
{
	static const char *const flags[] = {"--page", "", NULL};
	bed_policy(b, "checkout", "checkout", "mode: Scale\n");
	bed_start(b, &b->first, "foretop-0", flags);
	bed_cycles(b, "checkout", 1);
	ck_assert_int_eq(bed_logged(&b->first, "\"Shows\""), 0);
	ck_assert_int_eq(bed_get(b, &b->first, "/api/v1/policies", NULL), 404);
}
END_TEST

/* --- tokens, by the API server --- */

/* GET with a token over TLS; the status. */
static long ask(const char *url, const char *header)
{
	struct fetch f;
	fetch_init(&f, b->reactor, "GET", url, NULL);
	curl_easy_setopt(f.transfer.easy, CURLOPT_CAINFO, b->ca);
	if (header)
		fetch_header(&f, header);
	fetch_go(&f);
	ck_assert_msg(f.result == CURLE_OK, "%s", curl_easy_strerror(f.result));
	long status = f.status;
	fetch_fini(&f);
	return status;
}

START_TEST(tokens_are_reviewed_by_the_api_server)
{
	struct certificate certificate;
	ck_assert_int_eq(certificate_make(&certificate, NULL), 0);
	char *cert AUTO_FREE = xasprintf("%s/page.pem", b->folder),
		   *key AUTO_FREE = xasprintf("%s/page.key", b->folder);
	bed_write_file(cert, certificate.cert_pem);
	bed_write_file(key, certificate.key_pem);
	bed_write_file(b->ca, certificate.cert_pem); /* of the page, for `ask` */
	certificate_fini(&certificate);
	char *page AUTO_FREE = xasprintf("{listen: \"0.0.0.0:0\", tokenReview: true, "
					 "certFile: \"%s\", keyFile: \"%s\"}",
					 cert, key);
	b->page = page;
	bed_write_config(b, "- {name: default, url: \"http://127.0.0.1:1\"}\n", NULL);
	kubeapi_allow_reader(b->kube, "good", "jane", true);
	kubeapi_allow_reader(b->kube, "weak", "joe", false);
	bed_start(b, &b->first, "foretop-0", NULL);
	char *shown AUTO_FREE = bed_page_url(b, &b->first);
	char *url AUTO_FREE =
		xasprintf("https://127.0.0.1%s/api/v1/policies", strrchr(shown, ':'));
	ck_assert_int_eq(ask(url, NULL), 401);
	ck_assert_int_eq(ask(url, "Authorization: Bearer stolen"), 401);
	ck_assert_int_eq(ask(url, "Authorization: Bearer weak"), 403);
	ck_assert_int_eq(ask(url, "Authorization: Bearer good"), 200);
	ck_assert_int_eq(bed_logged(&b->first, "good"), 0); /* no token in the log */
}
END_TEST

int main(void)
{
	TCase *shown = bed_lane("what is shown", setup, teardown),
	      *address = bed_lane("where and for whom", setup, teardown);
	tcase_add_test(shown, decisions_are_shown_as_they_are_made);
	tcase_add_test(shown, a_metric_that_is_lost_wants_a_look);
	tcase_add_test(shown, what_others_wrote_is_no_markup);
	tcase_add_test(shown, a_standby_shows_who_leads);
	tcase_add_loop_test(address, other_addresses_are_refused_without_tls_and_tokens,
			    0, 2);
	tcase_add_test(address, a_page_without_a_port_does_not_stop_the_scaling);
	tcase_add_test(address, without_an_address_there_is_no_page);
	tcase_add_test(address, tokens_are_reviewed_by_the_api_server);
	return bed_run();
}
