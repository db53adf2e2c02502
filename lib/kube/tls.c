#include "kube/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

/* The oldest reason in OpenSSL's queue, which is the cause; empties the queue. */
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_get_error());
	ERR_clear_error();
	return text ? text : "unknown error";
}

/* OpenSSL would ask for the passphrase on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static void bio_cleanup(BIO **bio)
{
	BIO_free(*bio);
}

static void ctx_cleanup(SSL_CTX **ctx)
{
	SSL_CTX_free(*ctx);
}

static int trust(SSL_CTX *ctx, const char *pem, struct err *err)
{
	BIO *bio AUTO(bio_cleanup) = BIO_new_mem_buf(pem, -1);
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	int count = 0;
	X509 *cert;
	while ((cert = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL))) {
		X509_STORE_add_cert(store, cert);
		X509_free(cert);
		count++;
	}
	ERR_clear_error(); /* the end of the bundle is "no start line" */
	if (!count)
		return err_set(err, ERR_RETRY, "no certificate in the CA bundle");
	return 0;
}

static int use_chain(SSL_CTX *ctx, const char *pem, struct err *err)
{
	BIO *bio AUTO(bio_cleanup) = BIO_new_mem_buf(pem, -1);
	X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
	bool good = leaf && SSL_CTX_use_certificate(ctx, leaf) == 1;
	X509_free(leaf);
	if (!good)
		return err_set(err, ERR_RETRY, "client certificate: %s", reason());
	X509 *issuer;
	while ((issuer = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)))
		if (SSL_CTX_add0_chain_cert(ctx, issuer) != 1) {
			X509_free(issuer);
			return err_set(err, ERR_RETRY, "client certificate chain: %s",
				       reason());
		}
	ERR_clear_error();
	return 0;
}

static int use_key(SSL_CTX *ctx, const char *pem, struct err *err)
{
	BIO *bio AUTO(bio_cleanup) = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	bool good = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	if (!good)
		return err_set(err, ERR_RETRY, "client key: %s", reason());
	return 0;
}

/* The name is checked by the context itself, so that no flag of libwebsockets and no
 * colon in an address can switch it off. */
static int expect_name(SSL_CTX *ctx, const char *name, struct err *err)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	/* As Go does: a certificate of the bundle is trusted though it is no root. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	unsigned char address[16];
	bool literal = inet_pton(AF_INET, name, address) == 1 ||
		       inet_pton(AF_INET6, name, address) == 1;
	int set = literal ? X509_VERIFY_PARAM_set1_ip_asc(param, name)
			  : X509_VERIFY_PARAM_set1_host(param, name, 0);
	if (!*name || set != 1)
		return err_set(err, ERR_RETRY, "\"%s\" is no name for a certificate",
			       name);
	return 0;
}

SSL_CTX *tls_client(const struct tls_options *options, struct err *err)
{
	static const unsigned char http_1_1[] = "\x08http/1.1";
	SSL_CTX *ctx AUTO(ctx_cleanup) = SSL_CTX_new(TLS_client_method());
	if (!ctx) {
		err_set(err, ERR_RETRY, "TLS: %s", reason());
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_alpn_protos(ctx, http_1_1, sizeof(http_1_1) - 1);
	SSL_CTX_set_verify(ctx, options->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
			   NULL);
	if (options->ca_pem ? trust(ctx, options->ca_pem, err) < 0
			    : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return NULL;
	if (!options->insecure && expect_name(ctx, options->name, err) < 0)
		return NULL;
	if (options->cert_pem && options->key_pem &&
	    (use_chain(ctx, options->cert_pem, err) < 0 ||
	     use_key(ctx, options->key_pem, err) < 0))
		return NULL;
	return TAKE(ctx);
}
