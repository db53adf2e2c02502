#include "kube/tls.h"

#include "unit/harness.h"
#include "unit/http/certificate.h"

#include <string.h>

static struct certificate ours, other;

static void setup(void)
{
	certificate_init(&ours, "ours", "DNS:api.example,IP:127.0.0.1,IP:fd00::1");
	certificate_init(&other, "other", "DNS:other.example");
}

static void teardown(void)
{
	certificate_fini(&ours);
	certificate_fini(&other);
}

/* A handshake in memory: true when both sides are content. */
static bool shake(SSL_CTX *client_ctx, SSL_CTX *server_ctx)
{
	SSL *client = SSL_new(client_ctx), *server = SSL_new(server_ctx);
	BIO *a, *b;
	BIO_new_bio_pair(&a, 0, &b, 0);
	SSL_set_bio(client, a, a);
	SSL_set_bio(server, b, b);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	int done_client = 0, done_server = 0;
	for (int i = 0; i < 20 && (done_client != 1 || done_server != 1); i++) {
		done_client = SSL_do_handshake(client);
		done_server = SSL_do_handshake(server);
	}
	SSL_free(client);
	SSL_free(server);
	return done_client == 1 && done_server == 1;
}

static const struct {
	const char *name;
	bool good, foreign_ca, insecure;
} cases[] = {
	{"api.example", true, false, false}, {"127.0.0.1", true, false, false},
	{"fd00::1", true, false, false},     {"other.example", false, false, false},
	{"127.0.0.2", false, false, false},  {"fd00::2", false, false, false},
	{":wrong", false, false, false}, /* not cut to nothing */
	{"api.example", false, true, false}, {"other.example", true, true, true},
};

START_TEST(the_name_and_the_issuer_are_checked)
{
	struct err err = {0};
	struct tls_options options = {
		.ca_pem = cases[_i].foreign_ca ? other.cert_pem : ours.cert_pem,
		.name = cases[_i].name,
		.insecure = cases[_i].insecure,
	};
	SSL_CTX *server = certificate_server(&ours, NULL);
	SSL_CTX *client = tls_client(&options, &err);
	ck_assert_msg(client != NULL, "%s", err.msg);
	ck_assert_int_eq(shake(client, server), cases[_i].good);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}
END_TEST

START_TEST(each_certificate_of_a_bundle_is_trusted)
{
	char *bundle AUTO_FREE =
		xasprintf("# a comment\n%s\n%s", other.cert_pem, ours.cert_pem);
	struct tls_options options = {.ca_pem = bundle, .name = "api.example"};
	SSL_CTX *server = certificate_server(&ours, NULL);
	SSL_CTX *client = tls_client(&options, NULL);
	ck_assert(shake(client, server));
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}
END_TEST

START_TEST(the_client_certificate_is_shown)
{
	struct tls_options options = {.ca_pem = ours.cert_pem, .name = "api.example"};
	SSL_CTX *server = certificate_server(&ours, &other);
	SSL_CTX *without = tls_client(&options, NULL);
	ck_assert(!shake(without, server));
	options.cert_pem = other.cert_pem;
	options.key_pem = other.key_pem;
	SSL_CTX *with = tls_client(&options, NULL);
	ck_assert(shake(with, server));
	SSL_CTX_free(without);
	SSL_CTX_free(with);
	SSL_CTX_free(server);
}
END_TEST

START_TEST(a_chain_behind_the_client_certificate_is_taken)
{
	char *chain AUTO_FREE = xasprintf("%s%s", other.cert_pem, ours.cert_pem);
	struct err err = {0};
	struct tls_options options = {
		.name = "api.example", .cert_pem = chain, .key_pem = other.key_pem};
	SSL_CTX *client = tls_client(&options, &err); /* and the system's trust */
	ck_assert_msg(client != NULL, "%s", err.msg);
	STACK_OF(X509) *certificates = NULL;
	SSL_CTX_get0_chain_certs(client, &certificates);
	ck_assert_int_eq(sk_X509_num(certificates), 1);
	SSL_CTX_free(client);
}
END_TEST

START_TEST(old_protocols_are_refused)
{
	struct tls_options options = {.ca_pem = ours.cert_pem, .name = "api.example"};
	SSL_CTX *server = certificate_server(&ours, NULL);
	SSL_CTX_set_max_proto_version(server, TLS1_1_VERSION);
	SSL_CTX *client = tls_client(&options, NULL);
	ck_assert(!shake(client, server));
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}
END_TEST

START_TEST(material_that_cannot_be_read_is_named)
{
	const struct {
		struct tls_options options;
		const char *message;
	} bad[] = {
		{{.ca_pem = "nothing", .name = "x"}, "no certificate in the CA bundle"},
		{{.ca_pem = ours.cert_pem, .name = ""}, "\"\" is no name"},
		{{.ca_pem = ours.cert_pem,
		  .name = "x",
		  .cert_pem = "nothing",
		  .key_pem = ours.key_pem},
		 "client certificate: "},
		{{.ca_pem = ours.cert_pem,
		  .name = "x",
		  .cert_pem = ours.cert_pem,
		  .key_pem = "nothing"},
		 "client key: "},
		{{.ca_pem = ours.cert_pem,
		  .name = "x",
		  .cert_pem = ours.cert_pem,
		  .key_pem = other.key_pem},
		 "client key: "},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = {0};
		ck_assert_ptr_null(tls_client(&bad[i].options, &err));
		ck_assert_int_eq(err.code, ERR_RETRY);
		ck_assert_msg(strstr(err.msg, bad[i].message) != NULL, "%s", err.msg);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube tls");
	TCase *t = tcase_create("tls");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, the_name_and_the_issuer_are_checked, 0, ARRAY_LEN(cases));
	tcase_add_test(t, each_certificate_of_a_bundle_is_trusted);
	tcase_add_test(t, the_client_certificate_is_shown);
	tcase_add_test(t, a_chain_behind_the_client_certificate_is_taken);
	tcase_add_test(t, old_protocols_are_refused);
	tcase_add_test(t, material_that_cannot_be_read_is_named);
	suite_add_tcase(s, t);
	return run_suite(s);
}
