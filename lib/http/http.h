/* Front header of http: requests to one endpoint (an API server, a Prometheus) over
 * libcurl in the process's one loop. HTTP/1.1, because a frozen HTTP/2 connection
 * swallows every later request (libcurl 7.88.1 never checks its pings).
 *
 * No text that leaves this folder holds a secret, and nothing is logged here. */
#ifndef FORETOP_HTTP_HTTP_H
#define FORETOP_HTTP_HTTP_H

#include "base/base.h"
#include "http/backoff.h"
#include "io/io.h"

struct http_header {
	const char *name, *value;
};

struct http_response;
/* Hears of each request that has ended, right before its `done`: for counting. stream: it
 * had an on_data. */
typedef void http_observer(void *arg, const char *method, bool stream,
			   const struct http_response *response);

/* One endpoint's settings. Every string is copied; NULL and 0 mean "not given". A file is
 * read again when it changes: the old content stays in force while a read fails or finds
 * an empty file. Of a pair of bytes and file, the bytes win. */
struct http_client_config {
	const char *base_url; /* "https://host:port/prefix"; no credentials, no query */

	const char *ca_pem, *ca_file;     /* trust these only; neither: the system's */
	const char *cert_pem, *cert_file; /* client certificate (chain) */
	const char *key_pem, *key_file;   /* its key */
	bool insecure;                    /* do not check the server's certificate */
	const char *tls_server_name; /* in the certificate; "Host:" stays the URL's */
	const char *connect_to;      /* "address:port" to connect to instead */
	const char *proxy;           /* URL; NULL: none, the environment is not asked */

	const char *token, *token_file;       /* Authorization: Bearer */
	const char *username;                 /* Authorization: Basic */
	const char *password, *password_file; /* the file's last line feed is dropped */
	const struct http_header *headers;    /* sent with every request */
	size_t header_count;

	int64_t connect_timeout_ms; /* name, TCP and TLS; 0: 3000 */
	int64_t timeout_ms; /* a whole request, waiting in the queue apart; 0: 5000 */
	size_t max_response_bytes; /* after decompression; 0: 8 MiB */
	int max_in_flight; /* more wait in the queue; streams do not count; 0: 8 */
	int max_queued;    /* more are refused; 0: 20000 */

	http_observer *observe; /* NULL: nobody; must not touch the client */
	void *observe_arg;
};

/* How far a request that failed had come: from HTTP_SEND on the server may have acted on
 * it. */
enum http_phase {
	HTTP_ANSWERED = 0, /* nothing failed: there is a status */
	HTTP_NOT_SENT,     /* credentials unreadable, request malformed */
	HTTP_RESOLVE,
	HTTP_CONNECT,
	HTTP_TLS,
	HTTP_SEND,
	HTTP_FIRST_BYTE,
	HTTP_BODY,
	HTTP_TOO_LARGE, /* the body passed max_response_bytes */
};

/* What came back; all of it is borrowed and gone when the callback returns. */
struct http_response {
	enum http_phase failed; /* HTTP_ANSWERED, or where it ended */
	bool timed_out;         /* failed, because its time was up */
	struct err err; /* set when failed: "time-out after 200 ms waiting for the first
			   byte" */
	/* 200..999, 3xx too (never followed); 0 when none came. What is above 599 counts
	 * as a server's failure (RFC 9110, 15). */
	int status;
	const char *body; /* NUL-terminated, never NULL; "" for a 2xx stream */
	size_t len;
	const char *content_type; /* never NULL */
	int64_t retry_after_ms;   /* at most a day; -1 without such a header */
	int64_t elapsed_ms;       /* from the start of the transfer */
};

/* What to ask. Everything is copied by http_send but `arg`. */
struct http_request {
	const char *method; /* "GET", "POST", "PUT", ...; NULL: "GET" */
	const char *path; /* "/api/v1/query": appended to the base URL, already escaped */
	const char *query;        /* "a=b&c=d", already escaped (http_escape) */
	const char *body;         /* NULL: none */
	size_t body_len;          /* 0: strlen(body) */
	const char *content_type; /* of the body; NULL: application/json */
	const char *accept;       /* NULL: application/json */
	const struct http_header *headers;
	size_t header_count;
	int64_t timeout_ms; /* 0: the client's; for streams 0 means none */
	/* Streams only, 0 means none: the status line must come within this time. */
	int64_t first_byte_ms;
	/* Waits until no other request waits, and takes at most half of the places in
	 * flight: for back-fills beside the requests of a cycle. */
	bool background;

	/* A stream: bytes of a 2xx answer as they come, in order, cut anywhere, no limit
	 * on their sum (each call carries at most max_response_bytes). Not compressed. */
	void (*on_data)(void *arg, const char *data, size_t len);
	/* Called once, from the loop, never from within http_send. It may send, cancel
	 * and free the client. */
	void (*done)(void *arg, const struct http_response *response);
	void *arg;
};

struct http_client;
struct http_exchange; /* a request on its way */

/* Checks the settings; opens nothing yet. Files are read with the first request. NULL
 * with *err = ERR_INVALID when the URL or a setting is wrong (the text quotes no secret).
 */
struct http_client *http_client_new(struct reactor *r, const struct http_client_config *c,
				    struct err *err);
/* Drops everything on its way without calling back. Accepts NULL. Before reactor_free. */
void http_client_free(struct http_client *c);
void http_client_cleanup(struct http_client **c);

/* Sends, or queues. The result is valid until `done` is called or it is cancelled. NULL
 * with *err = ERR_RETRY when the queue is full or a credential cannot be read: `done` is
 * not called then. */
struct http_exchange *http_send(struct http_client *c, const struct http_request *request,
				struct err *err);
/* No callback comes after it; from any callback but the request's own `done`. Accepts
 * NULL. */
void http_cancel(struct http_exchange *x);

/* Requests that are being transferred (streams included), and that wait for a place. */
int http_client_in_flight(const struct http_client *c);
int http_client_queued(const struct http_client *c);

/* New trust or credentials at run time, for requests that start from now on; connections
 * that trust the old ones are not used again. They win over configured files; NULL goes
 * back to the files. Copied. */
void http_client_set_ca(struct http_client *c, const char *ca_pem);
void http_client_set_certificate(struct http_client *c, const char *cert_pem,
				 const char *key_pem);
void http_client_set_token(struct http_client *c, const char *token);
/* Reads every file again with the next request, changed or not (after a 401). */
void http_client_reload(struct http_client *c);

/* What a WebSocket client of the same endpoint needs. Borrowed until the next call with
 * this client, files re-read as for a request. */
struct http_secrets {
	const char *authorization;               /* "Bearer ...", "Basic ...", or NULL */
	const char *ca_pem, *cert_pem, *key_pem; /* NULL: not given */
	uint64_t tls_generation; /* another number after CA, certificate or key changed */
};
/* 0, or -1 with *err = ERR_RETRY when a file was never readable. */
int http_client_secrets(struct http_client *c, struct http_secrets *ret_secrets,
			struct err *err);

/* "foretop/0.1.0 (linux/amd64)". A name that starts with curl, Wget or Mozilla makes the
 * API server pretty-print. */
const char *http_user_agent(void);

/* Appends text percent-encoded for a query or form (RFC 3986 unreserved characters stay).
 * 0, or -1 when out's limit is passed. */
int http_escape(struct str *out, const char *text);

/* "resolve", "connect", ...: for metrics and logs. */
const char *http_phase_name(enum http_phase phase);

#endif
