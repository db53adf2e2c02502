/* Certificates made for one test: a self-signed P-256 pair that is its own CA. */
#ifndef FORETOP_TESTS_HTTP_CERTIFICATE_H
#define FORETOP_TESTS_HTTP_CERTIFICATE_H

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct certificate {
	EVP_PKEY *key;
	X509 *cert;
	char *cert_pem, *key_pem;
};

static inline char *certificate_text(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	char *text = calloc(1, (size_t)len + 1);
	memcpy(text, data, (size_t)len);
	BIO_free(bio);
	return text;
}

/* san: "DNS:name,IP:127.0.0.1". */
static inline void certificate_init(struct certificate *c, const char *name,
				    const char *san)
{
	c->key = EVP_EC_gen("P-256");
	c->cert = X509_new();
	X509_set_version(c->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c->cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(c->cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(c->cert), 3600);
	X509_set_pubkey(c->cert, c->key);
	X509_NAME *subject = X509_get_subject_name(c->cert);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c->cert, subject);
	X509V3_CTX v3;
	X509V3_set_ctx_nodb(&v3);
	X509V3_set_ctx(&v3, c->cert, c->cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, san);
	X509_add_ext(c->cert, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(c->cert, c->key, EVP_sha256());
	BIO *cert = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(cert, c->cert);
	PEM_write_bio_PrivateKey(key, c->key, NULL, NULL, 0, NULL, NULL);
	c->cert_pem = certificate_text(cert);
	c->key_pem = certificate_text(key);
}

static inline void certificate_fini(struct certificate *c)
{
	X509_free(c->cert);
	EVP_PKEY_free(c->key);
	free(c->cert_pem);
	free(c->key_pem);
}

/* A server's settings with this certificate; with `client` it asks for that very
 * certificate and refuses others. */
static inline SSL_CTX *certificate_server(const struct certificate *c,
					  const struct certificate *client)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(ctx, c->cert);
	SSL_CTX_use_PrivateKey(ctx, c->key);
	if (client) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), client->cert);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
	}
	return ctx;
}

#endif
