/* A small HTTP/1.1 server in the process's one loop: requests with bounded bodies,
 * answers at once or later, chunked streams, and WebSockets on the paths that the user
 * allows. TLS by own certificate. Used for the product's own face and for the served
 * simulation.
 *
 * All callbacks run in the loop. Everything that the network can grow has a limit. */
#ifndef FORETOP_SERVE_HTTPD_H
#define FORETOP_SERVE_HTTPD_H

#include "io/io.h"
#include "serve/request.h"

#include <stdbool.h>

struct httpd;    /* one listening server */
struct exchange; /* one request and its answer */
struct websock;  /* one open WebSocket of a client */

struct httpd_config {
	const char *listen; /* "127.0.0.1:8080", "[::1]:0" (port 0: the kernel's choice),
			       ":8080" (every address, IPv6 and IPv4) */
	/* TLS when a certificate is given: PEM text (chain allowed), or files that are
	 * read once. Borrowed during httpd_new. */
	const char *cert_pem, *key_pem;
	const char *cert_file, *key_file;
	/* Limits; 0 takes the default in brackets. */
	size_t body_limit;   /* bytes of a request body; above: 413 [4 MiB] */
	size_t queue_limit;  /* bytes waiting for one stream or WebSocket; above: the
				connection is closed [16 MiB] */
	int connections_max; /* more are closed at once [256] */
	int idle_s;          /* a kept-alive connection without a request [30] */

	/* Called with each complete request. Answers it, now or later (exchange_*). */
	void (*handle)(struct exchange *x, void *arg);
	/* A client asks for a WebSocket: 0 accepts, an HTTP status refuses. NULL: 400
	 * to all. `q` is borrowed for the call. */
	int (*upgrade)(const struct request *q, void *arg);
	void (*opened)(struct websock *w, void *arg); /* may be NULL */
	/* A frame of the client, whole. NULL: frames are ignored. */
	void (*received)(struct websock *w, const char *text, size_t len, void *arg);
	/* What was queued has been written: more may be sent. May be NULL. */
	void (*drained)(struct websock *w, void *arg);
	/* `w` is gone after this call. May be NULL. */
	void (*closed)(struct websock *w, void *arg);
	void *arg;
};

/* Listens. NULL with *err set: ERR_INVALID (address, certificate), ERR_RETRY (the port is
 * taken). `r` is borrowed and must outlive the server. */
struct httpd *httpd_new(struct reactor *r, const struct httpd_config *config,
			struct err *err);
/* Closes the listener and all connections: pending exchanges get their `gone`, WebSockets
 * their `closed`. Not from a callback of this server. Accepts NULL. */
void httpd_free(struct httpd *h);
void httpd_cleanup(struct httpd **h);

/* "127.0.0.1:41234", "[::1]:41234": where it listens. Borrowed. */
const char *httpd_address(const struct httpd *h);
/* "http://127.0.0.1:41234" or "https://...". Borrowed. */
const char *httpd_url(const struct httpd *h);
int httpd_port(const struct httpd *h);
int httpd_connections(const struct httpd *h);

/* Stops listening (connections are refused) and cuts all connections without a farewell,
 * like a killed process. Not from a callback of this server: from a timer. */
void httpd_suspend(struct httpd *h);
/* Listens again on the same port. 0, or -1 with ERR_RETRY. Nothing when it listens. */
int httpd_resume(struct httpd *h, struct err *err);

/* --- one exchange --- valid until it was answered to its end, or `gone` was called. */
/* Borrowed from the exchange. */
const struct request *exchange_request(const struct exchange *x);
/* `gone` is called once, instead of an answer's end, when the client went away or the
 * server closes. For handlers that answer later; others need not set it: an answer to a
 * client that left is dropped. */
void exchange_on_gone(struct exchange *x, void (*gone)(struct exchange *x, void *arg),
		      void *arg);
/* A header for the answer; before exchange_reply or exchange_stream. At most 8; name and
 * value are copied. */
void exchange_header(struct exchange *x, const char *name, const char *value);
/* The whole answer; ends the exchange. The body is copied. content_type may be NULL when
 * len is 0. 405 wants an Allow header by exchange_header. */
void exchange_reply(struct exchange *x, int status, const char *content_type,
		    const char *body, size_t len);
/* The same with a text. */
void exchange_reply_text(struct exchange *x, int status, const char *content_type,
			 const char *text);
/* Starts a chunked answer. `drained` (may be NULL) is called with `gone`'s argument when
 * all that was queued has been written. */
void exchange_stream(struct exchange *x, int status, const char *content_type,
		     void (*drained)(struct exchange *x, void *arg));
/* Queues a chunk; copied. 0, or -1 when the queue is full: the connection is closed then
 * and `gone` follows from the loop, not from within this call. */
int exchange_send(struct exchange *x, const char *data, size_t len);
/* Bytes queued and not yet handed to the socket. */
size_t exchange_queued(const struct exchange *x);
/* Ends a stream after what is queued; x is not to be used any more. */
void exchange_end(struct exchange *x);
/* Cuts the connection without ending the answer; x is not to be used any more and `gone`
 * is not called. */
void exchange_abort(struct exchange *x);

/* --- one WebSocket --- valid until `closed`. */
/* The request that opened it. Borrowed. */
const struct request *websock_request(const struct websock *w);
void websock_set_data(struct websock *w, void *data);
void *websock_data(const struct websock *w);
/* Queues one text frame; copied. 0, or -1 when the queue is full or the socket is
 * closing: it is closed then and `closed` follows from the loop. */
int websock_send(struct websock *w, const char *text, size_t len);
/* The same with a part of a message, a fragment of its own; `last` completes it. */
int websock_send_part(struct websock *w, const char *text, size_t len, bool last);
size_t websock_queued(const struct websock *w);
/* Closes with a code (1000: normal) after what is queued. `closed` follows. */
void websock_close(struct websock *w, int code);
/* Cuts it at once, without a close frame. `closed` follows from the loop. */
void websock_abort(struct websock *w);

#endif
