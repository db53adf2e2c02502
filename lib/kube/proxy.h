/* The way to the API server through a proxy: which one the environment names, and what
 * libwebsockets must be told of one. */
#ifndef FORETOP_KUBE_PROXY_H
#define FORETOP_KUBE_PROXY_H

#include "base/base.h"

/* The proxy that the environment names for a server, as programs in Go (kubectl) read it:
 * HTTPS_PROXY for TLS, HTTP_PROXY otherwise (or their names in small letters), unless
 * NO_PROXY exempts the server; localhost and loopback addresses never go through it.
 * host: a name or an address, IPv6 without brackets. 0 with *ret_url, which the caller
 * frees (NULL: none), or -1 with *err = ERR_INVALID. */
int proxy_of_environment(bool tls, const char *host, int port, char **ret_url,
			 struct err *err);
/* A proxy's URL for curl, with scheme (http:// where there is none) and port, so that it
 * means what it means to kubectl. The caller frees *ret_url. 0, or -1 with *err =
 * ERR_INVALID, whose text quotes nothing: there may be a password in it. */
int proxy_normalize(const char *text, char **ret_url, struct err *err);

/* Does a list like "10.0.0.0/8,.svc,example.com:8443" exempt the server? An address must
 * be equal or in the range, ".a" and "*.a" mean what ends so, "a" that and itself; with a
 * port only that port; "*" all. NULL: it does not. */
bool proxy_exempts(const char *list, const char *host, int port);

/* A proxy that speaks CONNECT in the clear (http://). */
struct proxy {
	char *host; /* IPv6 without brackets */
	int port;
	char *login; /* "user:password", or NULL */
};
/* 0, or -1 when the URL is NULL, none, or of another scheme. The caller frees with
 * proxy_fini. */
int proxy_read(const char *url, struct proxy *ret_proxy);
/* Wipes the login. Accepts zeroed. */
void proxy_fini(struct proxy *p);

#endif
