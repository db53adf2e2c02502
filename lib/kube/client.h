/* REST requests to one API server: a connection pool, credentials that follow their
 * files, a rate limit, and errors as an admin wants to read them. */
#ifndef FORETOP_KUBE_CLIENT_H
#define FORETOP_KUBE_CLIENT_H

#include "io/io.h"
#include "kube/config.h"

struct kube;

struct kube_options {
	const struct kube_config *config; /* copied */
	const char *user_agent;    /* "foretop/1.0 (linux/amd64)"; must not start with
				      curl, Wget or Mozilla: the server would indent */
	const char *field_manager; /* "foretop" */
	double requests_per_s;     /* 0: 20 */
	int burst;                 /* 0: 40 */
};

/* NULL with *err when the configuration cannot be used (ERR_INVALID), or a file of it
 * cannot be read (ERR_RETRY). */
struct kube *kube_new(struct reactor *reactor, const struct kube_options *options,
		      struct err *err);
/* Ends all calls without calling back. Watches, leases and events of this client must be
 * freed before. Accepts NULL. */
void kube_free(struct kube *k);
/* Borrowed. */
const struct kube_config *kube_configuration(const struct kube *k);

enum kube_method { KUBE_GET, KUBE_PUT, KUBE_POST, KUBE_PATCH, KUBE_DELETE };

struct kube_request {
	enum kube_method method;
	const char *path;    /* "/api/v1/namespaces/shop/configmaps/x", escaped */
	const char *query;   /* "limit=1&labelSelector=a%3Db", escaped; NULL: none */
	const cJSON *body;   /* NULL: none; a KUBE_PATCH is an RFC 7396 merge patch */
	int64_t timeout_ms;  /* 0: 10 s */
	size_t answer_limit; /* bytes; 0: 16 MiB */
	bool urgent;         /* goes out at once, past the rate limit (the Lease) */
};

struct kube_reply {
	long status;            /* HTTP's; 0 when there was no answer */
	const char *reason;     /* of a Status: "Conflict", "NotFound", ...; "" if none */
	int64_t retry_after_ms; /* asked for by the server; 0: not */
	const cJSON *object;    /* the answer; NULL on error. Borrowed for the callback */
	/* ERR_NONE: it worked. ERR_CONFLICT: 409 and 410, read again. ERR_INVALID: the
	 * server refuses this request as it is (400, 404, 405, 413, 415, 422). ERR_RETRY:
	 * all else, 401 and 403 included, which are never final. */
	struct err err;
	/* The server did not execute the request for sure (connection refused, 429). A
	 * write that failed without this may have happened. */
	bool not_executed;
};

typedef void (*kube_done)(void *arg, const struct kube_reply *reply);

struct kube_call;

/* Sends a request, or queues it behind the rate limit. `done` is called once, later from
 * the loop, never from within this call, unless the call is cancelled. Never NULL: a
 * request that cannot even start is answered with an error the same way. The call is gone
 * when `done` returns. Nothing is ever sent twice. */
struct kube_call *kube_send(struct kube *k, const struct kube_request *request,
			    kube_done done, void *arg);
/* Ends a call without calling back. Accepts NULL. */
void kube_cancel(struct kube_call *call);

/* Percent-encodes text for a path segment or a query value. The caller frees. */
char *kube_escape(const char *text);

#endif
