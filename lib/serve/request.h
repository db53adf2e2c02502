/* An HTTP request as the server hands it to its user, and form bodies. */
#ifndef FORETOP_SERVE_REQUEST_H
#define FORETOP_SERVE_REQUEST_H

#include "base/base.h"

#include <stdbool.h>

enum http_method {
	METHOD_GET,
	METHOD_HEAD, /* handlers may answer it like GET: the server sends no body */
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
};
/* "GET", ... */
const char *http_method_name(enum http_method method);

struct http_arg {
	char *name, *value; /* percent-decoded, plus signs are blanks */
};
#define HTTP_ARGS_MAX 32 /* more are answered with 400 */

struct request {
	enum http_method method;
	char *path; /* percent-decoded, dot segments resolved; begins with a slash */
	struct http_arg args[HTTP_ARGS_MAX]; /* of the query, in their order */
	int arg_count;
	/* Headers, "" when absent. */
	char *host, *origin, *authorization, *content_type, *accept, *user_agent;
	bool from_loopback; /* the client's address is this machine's own (in a pod: the
			       pod's, as kubectl port-forward is) */
	const char *body;   /* NUL-terminated; may hold NULs before its end */
	size_t body_len;
};
/* Value of the first query argument of this name, or `fallback`. Borrowed. */
const char *request_arg(const struct request *q, const char *name, const char *fallback);
/* Decodes an application/x-www-form-urlencoded text into *form, which must be zeroed or
 * finished. 0, or -1 with ERR_INVALID (more than HTTP_ARGS_MAX fields). */
struct http_form {
	struct http_arg args[HTTP_ARGS_MAX];
	int arg_count;
};
int http_form_parse(struct http_form *form, const char *text, size_t len,
		    struct err *err);
const char *http_form_get(const struct http_form *form, const char *name,
			  const char *fallback);
/* Accepts NULL and zeroed. */
void http_form_fini(struct http_form *form);

/* Is a numeric address one of the machine's own? "127.0.0.1", "::1", and IPv4 as
 * "::ffff:127.0.0.1". */
bool request_is_loopback(const char *address);

/* What a request that lives longer than its call needs: a copy without the body. */
void request_copy(struct request *to, const struct request *from);
/* Frees what request_copy or the server put in. Accepts NULL and zeroed. */
void request_fini(struct request *q);

#endif
