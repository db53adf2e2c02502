/* Watches over WebSocket, by libwebsockets in the one loop. */
#ifndef FORETOP_KUBE_WS_H
#define FORETOP_KUBE_WS_H

#include "http/http.h"
#include "kube/config.h"
#include "kube/stream.h"

/* An attempt that is not open by then has failed. A server that starts accepts TCP long
 * before it answers. */
#define WS_ATTEMPT_MS 10000
/* libwebsockets writes the request line with a limit of 2048 bytes. */
#define WS_TARGET_MAX 1900

/* What all WebSockets to one server share: trust, credentials, a virtual host of
 * libwebsockets for each generation of them. */
struct ws_endpoint;

/* Borrows the configuration and the client, whose credentials it uses. Opens nothing. */
struct ws_endpoint *ws_endpoint_new(struct reactor *r, const struct kube_config *config,
				    struct http_client *http);
/* All its connections must be closed before. Accepts NULL. */
void ws_endpoint_free(struct ws_endpoint *e);
/* False when this target or this server's name cannot go over a WebSocket at all. */
bool ws_endpoint_can(const struct ws_endpoint *e, const char *target);

struct ws;
/* target: path and query, escaped; copied. The handler is copied. Its on_end comes within
 * WS_ATTEMPT_MS if the connection does not open. */
struct ws *ws_open(struct ws_endpoint *e, const char *target,
		   const struct stream_handler *handler);
/* Ends it without calling back. Accepts NULL; not after on_end. */
void ws_close(struct ws *ws);
/* monotonic_ms of the last byte or pong; 0 before it was open. */
int64_t ws_last_contact_ms(const struct ws *ws);

#endif
