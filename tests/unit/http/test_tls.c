#include "unit/http/rig.h"

#define OK_TEXT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

static const struct server_reply ok[] = {{.bytes = OK_TEXT}};
static const struct http_request get = {.path = "/x"};
static struct certificate own, other, client;

static void make_certificates(void)
{
	certificate_init(&own, "own", "DNS:api.internal,IP:127.0.0.1");
	certificate_init(&other, "other", "DNS:api.internal,IP:127.0.0.1");
	certificate_init(&client, "client", "DNS:client");
}

static void drop_certificates(void)
{
	certificate_fini(&own);
	certificate_fini(&other);
	certificate_fini(&client);
}

static void start(struct rig *g, const struct certificate *wanted_of_client)
{
	rig_init(g, ok, 1, certificate_server(&own, wanted_of_client));
}

static void assert_fails(const struct http_response *r, const char *says)
{
	ck_assert_msg(r->failed == HTTP_TLS, "%s: %s", http_phase_name(r->failed),
		      r->err.msg);
	ck_assert_msg(strstr(r->err.msg, says) != NULL, "%s", r->err.msg);
}

START_TEST(the_own_ca_is_trusted)
{
	struct rig g;
	start(&g, NULL);
	rig_connect(&g, &(struct http_client_config){.ca_pem = own.cert_pem});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_msg(r->status == 200, "%s", r->err.msg);
	rig_fini(&g);
}
END_TEST

START_TEST(another_ca_is_not)
{
	struct rig g;
	start(&g, NULL);
	rig_connect(&g, &(struct http_client_config){.ca_pem = other.cert_pem});
	assert_fails(rig_ask(&g, &get), "in the TLS handshake: SSL certificate problem");
	rig_fini(&g);
}
END_TEST

START_TEST(the_systems_cas_do_not_know_a_private_one)
{
	struct rig g;
	start(&g, NULL);
	rig_connect(&g, &(struct http_client_config){0});
	assert_fails(rig_ask(&g, &get), "SSL certificate problem");
	rig_fini(&g);
}
END_TEST

START_TEST(insecure_takes_any_certificate)
{
	struct rig g;
	start(&g, NULL);
	rig_connect(&g, &(struct http_client_config){.insecure = true});
	ck_assert_int_eq(rig_ask(&g, &get)->status, 200);
	rig_fini(&g);
}
END_TEST

START_TEST(a_name_that_is_not_in_the_certificate_is_refused)
{
	struct rig g;
	start(&g, NULL);
	rig_connect(&g, &(struct http_client_config){.base_url = rig_url(&g, "localhost"),
						     .ca_pem = own.cert_pem});
	assert_fails(rig_ask(&g, &get), "localhost");
	rig_fini(&g);
}
END_TEST

START_TEST(a_tls_server_name_stands_in_for_the_host_in_the_certificate_only)
{
	struct rig g;
	start(&g, NULL);
	rig_connect(&g, &(struct http_client_config){
				.base_url = rig_url(&g, "localhost"),
				.ca_pem = own.cert_pem,
				.tls_server_name = "api.internal",
			});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_msg(r->status == 200, "%s", r->err.msg);
	char host[64];
	snprintf(host, sizeof(host), "\r\nHost: localhost:%d\r\n", g.server.port);
	ck_assert_ptr_nonnull(strstr(g.server.requests[0], host));
	rig_fini(&g);
}
END_TEST

START_TEST(a_ca_given_at_run_time_counts_from_the_next_request)
{
	struct rig g;
	start(&g, NULL);
	rig_connect(&g, &(struct http_client_config){.ca_pem = other.cert_pem});
	struct http_secrets before, after;
	ck_assert_int_eq(http_client_secrets(g.client, &before, NULL), 0);
	assert_fails(rig_ask(&g, &get), "SSL certificate problem");
	http_client_set_ca(g.client, own.cert_pem);
	ck_assert_int_eq(rig_ask(&g, &get)->status, 200);
	ck_assert_int_eq(http_client_secrets(g.client, &after, NULL), 0);
	ck_assert_uint_ne(before.tls_generation, after.tls_generation);
	ck_assert_str_eq(after.ca_pem, own.cert_pem);
	/* Trust that was taken away does not live on in a pooled connection. */
	http_client_set_ca(g.client, other.cert_pem);
	assert_fails(rig_ask(&g, &get), "SSL certificate problem");
	rig_fini(&g);
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

START_TEST(a_rotated_ca_file_is_read_again)
{
	struct rig g;
	char path[] = "/tmp/foretop-ca-XXXXXX";
	close(mkstemp(path));
	write_file(path, other.cert_pem);
	start(&g, NULL);
	rig_connect(&g, &(struct http_client_config){.ca_file = path});
	assert_fails(rig_ask(&g, &get), "SSL certificate problem");
	write_file(path, own.cert_pem);
	ck_assert_int_eq(rig_ask(&g, &get)->status, 200);
	unlink(path);
	ck_assert_int_eq(rig_ask(&g, &get)->status, 200);
	rig_fini(&g);
}
END_TEST

START_TEST(a_client_certificate_is_shown)
{
	struct rig g;
	start(&g, &client);
	rig_connect(&g, &(struct http_client_config){
				.ca_pem = own.cert_pem,
				.cert_pem = client.cert_pem,
				.key_pem = client.key_pem,
			});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_msg(r->status == 200, "%s", r->err.msg);
	rig_fini(&g);
}
END_TEST

START_TEST(without_the_wanted_client_certificate_the_alert_is_passed_on)
{
	struct rig g;
	start(&g, &client);
	rig_connect(&g, &(struct http_client_config){.ca_pem = own.cert_pem});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_int_ne(r->failed, HTTP_ANSWERED);
	ck_assert_msg(strstr(r->err.msg, "certificate required") != NULL, "%s",
		      r->err.msg);
	rig_fini(&g);
}
END_TEST

START_TEST(a_broken_key_is_said_before_anything_is_sent)
{
	struct rig g;
	start(&g, &client);
	rig_connect(&g, &(struct http_client_config){
				.ca_pem = own.cert_pem,
				.cert_pem = client.cert_pem,
				.key_pem = "no key",
			});
	const struct http_response *r = rig_ask(&g, &get);
	ck_assert_int_eq(r->failed, HTTP_NOT_SENT);
	ck_assert_msg(strstr(r->err.msg, "no key") == NULL, "%s", r->err.msg);
	rig_fini(&g);
}
END_TEST

START_TEST(a_plain_server_behind_https_is_named_as_a_tls_failure)
{
	struct rig g;
	rig_init(&g, ok, 1, NULL);
	char url[64];
	snprintf(url, sizeof(url), "https://127.0.0.1:%d", g.server.port);
	rig_connect(&g,
		    &(struct http_client_config){.base_url = url, .timeout_ms = 2000});
	ck_assert_int_eq(rig_ask(&g, &get)->failed, HTTP_TLS);
	rig_fini(&g);
}
END_TEST

#define IDLE 8 /* more than curl tries */

/* The server's side: threads of its own. */
static int open_connections(struct server *s)
{
	int count = 0;
	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < s->connection_count; i++)
		count += s->open_fds[i] >= 0;
	pthread_mutex_unlock(&s->lock);
	return count;
}

START_TEST(a_server_that_closed_many_idle_connections_gets_a_new_one)
{
	struct rig g;
	static const struct http_request put = {.method = "PUT", .body = "{}"};
	struct server_reply replies[IDLE + 1];
	for (int i = 0; i < IDLE; i++)
		replies[i] =
			(struct server_reply){.bytes = OK_TEXT, .after = SERVER_CLOSE};
	replies[IDLE] = (struct server_reply){.bytes = OK_TEXT};
	rig_init(&g, replies, IDLE + 1, certificate_server(&own, NULL));
	rig_connect(&g, &(struct http_client_config){.ca_pem = own.cert_pem,
						     .max_in_flight = IDLE});
	for (int i = 0; i < IDLE; i++)
		rig_send(&g, &get, i);
	rig_wait(&g, IDLE);
	ck_assert_int_eq(g.server.connection_count, IDLE);
	while (open_connections(&g.server))
		usleep(1000);
	const struct http_response *r = rig_ask(&g, _i ? &put : &get);
	ck_assert_msg(r->status == 200, "%s", r->err.msg);
	ck_assert_uint_eq(g.server.request_count, IDLE + 1);
	ck_assert_int_eq(g.server.request_connection[IDLE], IDLE);
	rig_fini(&g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http tls");
	TCase *t = tcase_create("tls");
	tcase_add_unchecked_fixture(t, make_certificates, drop_certificates);
	tcase_add_test(t, the_own_ca_is_trusted);
	tcase_add_test(t, another_ca_is_not);
	tcase_add_test(t, the_systems_cas_do_not_know_a_private_one);
	tcase_add_test(t, insecure_takes_any_certificate);
	tcase_add_test(t, a_name_that_is_not_in_the_certificate_is_refused);
	tcase_add_test(t,
		       a_tls_server_name_stands_in_for_the_host_in_the_certificate_only);
	tcase_add_test(t, a_ca_given_at_run_time_counts_from_the_next_request);
	tcase_add_test(t, a_rotated_ca_file_is_read_again);
	tcase_add_test(t, a_client_certificate_is_shown);
	tcase_add_test(t, without_the_wanted_client_certificate_the_alert_is_passed_on);
	tcase_add_test(t, a_broken_key_is_said_before_anything_is_sent);
	tcase_add_test(t, a_plain_server_behind_https_is_named_as_a_tls_failure);
	tcase_add_loop_test(t, a_server_that_closed_many_idle_connections_gets_a_new_one,
			    0, 2);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	return run_suite(s);
}
