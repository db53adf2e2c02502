/* Private to serve: what the files of the HTTP server share. */
#ifndef FORETOP_SERVE_CONNECTION_H
#define FORETOP_SERVE_CONNECTION_H

#include "serve/httpd.h"

struct frame;

/* An accepted socket; lives from accept to LWS_CALLBACK_WSI_DESTROY. */
struct connection {
	struct httpd *server;
	struct lws *wsi;
	struct connection *next, **link; /* in the server's list */
	struct exchange *exchange;       /* the request that is being answered, or NULL */
	struct websock *websock;         /* once upgraded */
	bool on_hold;
	bool body_over; /* of the request that is being answered */
};

struct httpd {
	struct httpd_config config; /* with limits filled in; strings not kept */
	struct reactor *reactor;
	struct lws_vhost *vhost;
	struct fd_watch listener; /* fd < 0: not listening */
	int port_keeper;          /* holds the port while suspended, or -1 */
	struct fd_watch hangups;  /* an epoll of the connections on hold */
	int family, port;
	char host[64]; /* numeric, without brackets */
	char address[80], url[96];
	char *cert, *key; /* PEM */
	bool tls;
	struct connection *connections;
	int connection_count;
	struct err tls_err;
};

#define EXCHANGE_HEADERS_MAX 8

enum exchange_state {
	EXCHANGE_BODY,    /* the request's body is coming in */
	EXCHANGE_HANDLED, /* with the user */
	EXCHANGE_HEADERS, /* the answer's headers are to be written */
	EXCHANGE_CONTENT, /* its content is being written, or awaited (streams) */
};

struct exchange {
	struct connection *connection; /* NULL: the client is gone, answers are dropped */
	struct request request;
	enum exchange_state state;
	struct str body; /* of the request */
	void (*gone)(struct exchange *x, void *arg);
	void (*drained)(struct exchange *x, void *arg);
	void *arg;
	int status;
	char *content_type;
	struct http_arg headers[EXCHANGE_HEADERS_MAX];
	int header_count;
	bool stream;    /* chunked */
	bool ended;     /* the user is done with it */
	bool close;     /* the connection ends with this answer */
	struct str out; /* of the answer, from `sent` on not yet written */
	size_t sent;
	bool busy; /* something was queued since the last `drained` */
};

/* Builds the request of a wsi whose headers are at hand. 0, or -1 when it cannot be
 * served (method, too many arguments). The caller finishes *q (request_fini) after a
 * success. */
int connection_read_request(struct lws *wsi, struct request *q);

/* The exchange of a request that came in; owned by the connection until it is answered.
 */
struct exchange *exchange_begin(struct connection *c, struct request *request);
/* The socket may take more. -1: close it. */
int exchange_write(struct exchange *x);
/* The connection is closing. */
void exchange_detach(struct exchange *x);

/* Takes over the request. */
struct websock *websock_new(struct connection *c, struct request *request);
int websock_write(struct websock *w);
/* A piece of a frame came in. -1: close. */
int websock_read(struct websock *w, const char *data, size_t len, bool final);
/* The connection is gone: calls `closed` when it had been opened, frees. */
void websock_detach(struct websock *w);
void websock_opened(struct websock *w);

/* libwebsockets' callback for all connections of all servers. */
int connection_on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user,
		      void *in, size_t len);
/* While the answer is with the user nothing is read, and the end of the connection is
 * looked for: libwebsockets 4.1 would do neither, but spin on waiting input. Nothing can
 * be written on hold. */
void connection_hold(struct connection *c);
void connection_release(struct connection *c);
/* The clients that left while on hold. */
void connection_on_hangup(struct fd_watch *watch);
/* Cuts it from the loop, soon. */
void connection_kill(struct connection *c);

/* Seconds that a client may take for a piece of an answer. */
#define WRITE_TIMEOUT_S 30

#endif
