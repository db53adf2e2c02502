/* One request from the queue to its answer. Inside http only; the client decides when it
 * starts and who hears of its end. */
#ifndef FORETOP_HTTP_EXCHANGE_H
#define FORETOP_HTTP_EXCHANGE_H

#include "http/endpoint.h"

enum exchange_lane { LANE_STREAM, LANE_NORMAL, LANE_BACKGROUND };
#define LANES 3

struct http_exchange {
	struct transfer transfer; /* first: curl's end finds its exchange by it */
	struct http_client *client;
	struct http_exchange *next, **link; /* place in a list of the client */
	enum exchange_lane lane;
	bool running;

	struct reactor *reactor;         /* borrowed */
	const struct endpoint *endpoint; /* borrowed */
	char *method, *url, *body, *content_type, *accept;
	size_t body_len;
	struct curl_slist *headers; /* of this request; completed at the start */
	int64_t timeout_ms, first_byte_ms;
	void (*on_data)(void *arg, const char *data, size_t len);
	void (*done)(void *arg, const struct http_response *response);
	void *arg;

	char error[CURL_ERROR_SIZE]; /* curl's words */
	struct str in;               /* what came and was not handed over yet */
	struct timer deliver;        /* streams: hands `in` over outside of curl */
	struct timer first_byte;     /* streams: the status line is late */
	bool handshake;              /* TCP is connected, TLS began */
	bool no_status;              /* the status line is none */
	bool answered;               /* the status line of the final answer is there */
	bool too_large, late;
	bool afresh; /* the second try, on a new connection */
	bool *gone;  /* set to true when the exchange is freed inside its own callback */
};

/* A request that waits. NULL with *err = ERR_INVALID when it is malformed. */
struct http_exchange *exchange_new(struct reactor *r, const struct endpoint *e,
				   const struct http_request *request, struct err *err);
/* Starts the transfer; its end calls client_ended. 0, or -1 with *err. */
int exchange_start(struct http_exchange *x, struct err *err);
/* Stops it where it is, wipes and frees. Accepts NULL. */
void exchange_free(struct http_exchange *x);

/* Client side: takes x out of its lists; `x` is nobody's afterwards. */
void client_ended(struct http_exchange *x);
/* Client side: tells who counts. */
void client_observe(const struct http_exchange *x, const struct http_response *response);

#endif
