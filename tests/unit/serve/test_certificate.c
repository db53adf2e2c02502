#include "serve/certificate.h"

#include "unit/harness.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

static struct certificate c;
static X509 *x;

static void setup(void)
{
	struct err err = {0};
	ck_assert_msg(certificate_make(&c, &err) == 0, "%s", err.msg);
	BIO *bio = BIO_new_mem_buf(c.cert_pem, -1);
	x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ck_assert_ptr_nonnull(x);
}

static void teardown(void)
{
	X509_free(x);
	certificate_fini(&c);
	certificate_fini(NULL);
}

START_TEST(it_is_its_own_authority_and_fits_its_key)
{
	BIO *bio = BIO_new_mem_buf(c.key_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ck_assert_int_eq(X509_check_private_key(x, key), 1);
	ck_assert_int_eq(X509_verify(x, key), 1);
	ck_assert_int_eq(X509_check_ca(x), 1);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(it_names_loopback_and_nothing_else)
{
	ck_assert_int_eq(X509_check_host(x, "localhost", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_host(x, "kubernetes.default.svc", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
	ck_assert_int_eq(X509_check_ip_asc(x, "::1", 0), 1);
	ck_assert_int_eq(X509_check_host(x, "example.org", 0, 0, NULL), 0);
	ck_assert_int_eq(X509_check_ip_asc(x, "127.0.0.2", 0), 0);
}
END_TEST

START_TEST(it_is_valid_now_and_new_each_time)
{
	ck_assert_int_lt(X509_cmp_current_time(X509_get0_notBefore(x)), 0);
	ck_assert_int_gt(X509_cmp_current_time(X509_get0_notAfter(x)), 0);
	struct certificate again;
	ck_assert_int_eq(certificate_make(&again, NULL), 0);
	ck_assert_str_ne(again.cert_pem, c.cert_pem);
	ck_assert_str_ne(again.key_pem, c.key_pem);
	certificate_fini(&again);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("certificate");
	TCase *tc = tcase_create("made");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_is_its_own_authority_and_fits_its_key);
	tcase_add_test(tc, it_names_loopback_and_nothing_else);
	tcase_add_test(tc, it_is_valid_now_and_new_each_time);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
