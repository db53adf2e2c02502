/* OpenSSL contexts for libwebsockets, which would trust too much by itself: of a bundle
 * it reads one certificate only, it takes an IPv6 address for a name, and keeps contexts
 * by file name when the file has changed. */
#ifndef FORETOP_KUBE_TLS_H
#define FORETOP_KUBE_TLS_H

#include "base/base.h"

#include <openssl/ssl.h>

struct tls_options {
	const char *ca_pem;             /* a bundle; NULL: the system's */
	const char *cert_pem, *key_pem; /* chain, leaf first; NULL: none */
	const char *name; /* DNS name or address that the certificate must carry */
	bool insecure;    /* accept any certificate */
};

/* A client context: TLS 1.2 or newer, HTTP/1.1. NULL with *err = ERR_RETRY (a rotation
 * may be half done). The caller frees with SSL_CTX_free. */
SSL_CTX *tls_client(const struct tls_options *options, struct err *err);

#endif
