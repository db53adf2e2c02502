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
	wait_until(b,
		   shows(&b->first, "/api/v1/policies/shop/checkout",
			 "\"history\":{\"metric\":\"requests\",\"stepSeconds\":120,"
			 "\"points\":[{"),
		   "and its past");
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
	bed_short_lease(b);
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

/* --- shards --- */

static const char *const split[] = {"a", "b", "c", "d", "e", "f"};

static void setup_split(void)
{
	b = bed_open(split, ARRAY_LEN(split));
	char *text AUTO_FREE = bed_text(b->config);
	static const char mark[] = "leaderElection: {";
	char *at = strstr(text, mark);
	ck_assert_ptr_nonnull(at);
	at += strlen(mark);
	char *sharded AUTO_FREE =
		xasprintf("%.*sshards: 4, %s", (int)(at - text), text, at);
	bed_write_file(b->config, sharded);
	for (size_t i = 0; i < ARRAY_LEN(split); i++)
		bed_policy(b, split[i], split[i], "");
	bed_start(b, &b->first, "foretop-0", NULL);
	bed_start(b, &b->second, "foretop-1", NULL);
}

static cJSON *listed(const struct child *c)
{
	char *body AUTO_FREE = NULL;
	ck_assert_int_eq(bed_get_page(b, c, "/api/v1/policies", &body), 200);
	cJSON *o = json_parse(body, strlen(body), NULL);
	ck_assert_ptr_nonnull(o);
	return o;
}

static int entries(const cJSON *o, const char *list)
{
	return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(o, list));
}

static bool holds(const cJSON *o, const char *holder, int count)
{
	const cJSON *shard;
	cJSON_ArrayForEach (shard, cJSON_GetObjectItemCaseSensitive(o, "shards"))
		count -= !strcmp(shard->valuestring, holder);
	return count == 0;
}

/* Two shards each, and all policies with one of them. */
static bool is_shared(void)
{
	cJSON *one AUTO(json_cleanup) = listed(&b->first);
	cJSON *two AUTO(json_cleanup) = listed(&b->second);
	int all = (int)ARRAY_LEN(split);
	return holds(one, "foretop-0", 2) && holds(one, "foretop-1", 2) &&
	       holds(two, "foretop-0", 2) && holds(two, "foretop-1", 2) &&
	       entries(one, "policies") + entries(two, "policies") == all &&
	       entries(one, "others") == entries(two, "policies") &&
	       entries(two, "others") == entries(one, "policies");
}

/* Each that is there is led by `own`, in a shard that `own` holds. */
static void check_places(const cJSON *o, const char *list, const char *own)
{
	const cJSON *entry, *shards = cJSON_GetObjectItemCaseSensitive(o, "shards");
	cJSON_ArrayForEach (entry, cJSON_GetObjectItemCaseSensitive(o, list)) {
		int64_t shard = json_int(entry, "shard", -1);
		ck_assert(shard >= 0 && shard < 4);
		ck_assert_str_eq(json_str(entry, "leader", ""), own);
		ck_assert_str_eq(cJSON_GetArrayItem(shards, (int)shard)->valuestring,
				 own);
	}
}

static int others(void)
{
	cJSON *one AUTO(json_cleanup) = listed(&b->first);
	return entries(one, "others");
}

START_TEST(with_shards_each_replica_shows_its_own_and_names_the_others)
{
	wait_until(b, is_shared(), "the shards are shared");
	ck_assert_int_gt(others(), 0); /* no shard is without policies */
	cJSON *one AUTO(json_cleanup) = listed(&b->first);
	check_places(one, "policies", "foretop-0");
	check_places(one, "others", "foretop-1");
	const cJSON *other;
	cJSON_ArrayForEach (other, cJSON_GetObjectItemCaseSensitive(one, "others")) {
		char *path AUTO_FREE = xasprintf("/api/v1/policies/shop/%s",
						 json_str(other, "policy", ""));
		char *says AUTO_FREE = xasprintf("led by foretop-1 (shard %d)",
						 (int)json_int(other, "shard", -1));
		ck_assert(!shows(&b->first, path, says)); /* it is no 200 */
		char *body AUTO_FREE = NULL;
		bed_get_page(b, &b->first, path, &body);
		ck_assert_msg(strstr(body, says) != NULL, "%s", body);
	}
	bed_signal(&b->second, SIGTERM);
	ck_assert_int_eq(bed_wait_end(b, &b->second), 0);
	wait_until(b, others() == 0, "all are its own");
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
	TCase *shards = bed_lane("shards", setup_split, teardown);
	tcase_add_test(shards,
		       with_shards_each_replica_shows_its_own_and_names_the_others);
	return bed_run();
}
