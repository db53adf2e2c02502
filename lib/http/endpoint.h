/* What all requests of one client have in common, checked once. Inside http only. */
#ifndef FORETOP_HTTP_ENDPOINT_H
#define FORETOP_HTTP_ENDPOINT_H

#include "http/http.h"
#include "http/secret.h"

enum secret_kind { SECRET_CA, SECRET_CERT, SECRET_KEY, SECRET_TOKEN, SECRET_PASSWORD };
#define SECRET_KINDS 5

struct endpoint {
	char *url;       /* scheme://host:port/prefix, no slash at the end */
	char *authority; /* "host:port" of the URL, for messages */
	struct curl_slist *connect_to; /* CURLOPT_CONNECT_TO, or NULL */
	char *proxy;                   /* never NULL; "" for none */
	char *username;                /* or NULL */
	bool insecure;
	bool tls;                   /* https */
	struct curl_slist *headers; /* of every request */
	int64_t connect_timeout_ms, timeout_ms;
	size_t max_response_bytes;
	struct secret secrets[SECRET_KINDS];
	uint64_t tls_generation;
	char *authorization; /* the header's value in force, or NULL */
};

/* 0, or -1 with *err = ERR_INVALID; then nothing is left to fini. */
int endpoint_init(struct endpoint *e, const struct http_client_config *c,
		  struct err *err);
void endpoint_fini(struct endpoint *e);

/* Reads changed files; authorization and tls_generation follow. 0, or -1 with ERR_RETRY
 * when a file was never readable. */
int endpoint_refresh(struct endpoint *e, struct err *err);
void endpoint_set(struct endpoint *e, enum secret_kind kind, const char *given);

/* False when a line break or another control character could smuggle a header in. */
bool header_is_clean(const struct http_header *h);
/* The list with a copy of the line at its end. */
struct curl_slist *list_add(struct curl_slist *list, const char *line);
/* Appends "name: value" (an empty value keeps the header, with nothing in it). */
struct curl_slist *header_add(struct curl_slist *list, const char *name,
			      const char *value);

#endif
