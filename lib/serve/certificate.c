#include "serve/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define DAY_S     (24L * 3600)
#define DAYS      3650
#define ALT_NAMES "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:::1"

static int add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	int ok = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok ? 0 : -1;
}

static int fill(X509 *cert, EVP_PKEY *key)
{
	uint32_t serial = 0;
	X509_NAME *name = X509_get_subject_name(cert);
	RAND_bytes((unsigned char *)&serial, sizeof(serial));
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial | 1u);
	X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(cert), DAYS * DAY_S);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"foretop-simulation", -1, -1,
				   0);
	X509_set_issuer_name(cert, name);
	if (add_extension(cert, NID_basic_constraints, "critical,CA:TRUE") < 0 ||
	    add_extension(cert, NID_subject_key_identifier, "hash") < 0 ||
	    add_extension(cert, NID_subject_alt_name, ALT_NAMES) < 0)
		return -1;
	return X509_sign(cert, key, EVP_sha256()) > 0 ? 0 : -1;
}

static char *bio_text(BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	return xstrndup(data, (size_t)len);
}

static int write_pem(X509 *cert, EVP_PKEY *key, struct certificate *ret)
{
	BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());
	int ok = PEM_write_bio_X509(cert_bio, cert) == 1 &&
		 PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) == 1;
	if (ok)
		*ret = (struct certificate){bio_text(cert_bio), bio_text(key_bio)};
	BIO_free(cert_bio);
	BIO_free(key_bio);
	return ok ? 0 : -1;
}

int certificate_make(struct certificate *ret_certificate, struct err *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	int ret = -1;
	if (key && cert && fill(cert, key) == 0)
		ret = write_pem(cert, key, ret_certificate);
	if (ret < 0)
		err_set(err, ERR_FATAL, "making a certificate: %s",
			ERR_reason_error_string(ERR_get_error()));
	X509_free(cert);
	EVP_PKEY_free(key);
	return ret;
}

void certificate_fini(struct certificate *c)
{
	if (!c)
		return;
	free(c->cert_pem);
	free(c->key_pem);
	*c = (struct certificate){0};
}
