/* REST requests to one API server: a connection pool, credentials that follow their
 * files, a rate limit, and errors as an admin wants to read them. */
#ifndef FORETOP_KUBE_CLIENT_H
#define FORETOP_KUBE_CLIENT_H

/* Who writes, in managedFields. */
#define KUBE_FIELD_MANAGER "foretop"

#include "http/http.h"
#include "io/io.h"
#include "kube/config.h"

struct kube;

struct kube_options {
	const struct kube_config *config; /* copied */
	double requests_per_s;            /* on average; 0: 20 */
	int burst;                        /* 0: 40 */
	int urgent; /* urgent requests at a time, on connections of their own; 0: 2 */
	http_observer *observe; /* of every request, watches over HTTP too; NULL: none */
	void *observe_arg;
	int64_t timeout_ms; /* most that a transfer may take, also of requests that
			       name a longer time; 0: what each request says */
};

/* NULL with *err = ERR_INVALID when the configuration cannot be used. Certificates and
 * tokens are read with the first request. */
struct kube *kube_new(struct reactor *reactor, const struct kube_options *options,
		      struct err *err);
/* Ends all calls without calling back. Watches, lists, leases and events of this client
 * must be freed before. Accepts NULL. */
void kube_free(struct kube *k);
/* Borrowed. */
const struct kube_config *kube_configuration(const struct kube *k);
/* Requests that wait for the rate limit. */
int kube_waiting(const struct kube *k);

enum kube_method { KUBE_GET, KUBE_PUT, KUBE_POST, KUBE_PATCH, KUBE_DELETE };

/* Asked right before a request goes out, however long it waited for the rate limit. */
struct kube_permit {
	bool (*holds)(void *arg);
	void *arg;
};

struct kube_request {
	enum kube_method method;
	const char *path;   /* "/api/v1/namespaces/shop/configmaps/x", escaped */
	const char *query;  /* "limit=1&labelSelector=a%3Db", escaped; NULL: none */
	const cJSON *body;  /* NULL: none; of a KUBE_PATCH an RFC 7396 merge patch */
	int64_t timeout_ms; /* of the transfer; 0: 10 s */
	bool urgent;        /* goes out at once, past rate limit and queue (the Lease) */
	/* NULL: none is needed. Borrowed until `done`. One that does not hold any more:
	 * ERR_RETRY, not_executed. */
	const struct kube_permit *permit;
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
	/* The server did not execute the request for sure (connection refused, 4xx). A
	 * write that failed without this may have happened. */
	bool not_executed;
	bool too_large; /* the answer was; ask for less */
};

/* The same request would fail again, until rights or objects have changed: 403, and what
 * is ERR_INVALID. */
bool kube_reply_stands(const struct kube_reply *reply);

typedef void (*kube_done)(void *arg, const struct kube_reply *reply);

struct kube_call;

/* Sends a request, or queues it behind the rate limit. `done` is called once, later from
 * the loop, never from within this call, unless the call is cancelled. Never NULL: a
 * request that cannot even start is answered with an error the same way. The call is gone
 * when `done` is called. Nothing is ever sent twice. The answer is limited to 32 MiB. */
struct kube_call *kube_send(struct kube *k, const struct kube_request *request,
			    kube_done done, void *arg);
/* Ends a call without calling back; not from within its own `done`. Accepts NULL. */
void kube_cancel(struct kube_call *call);

/* Percent-encodes text for a path segment or a query value. The caller frees. */
char *kube_escape(const char *text);

#endif
