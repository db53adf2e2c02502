/* Watches over a chunked HTTP answer: the way round middle boxes that know no WebSocket.
 */
#ifndef FORETOP_KUBE_HTTP_WATCH_H
#define FORETOP_KUBE_HTTP_WATCH_H

#include "http/http.h"
#include "kube/stream.h"

struct http_watch;

/* path and query as for http_send; copied, like the handler. The status line must come
 * within 10 s; on_open comes with the first data, or when those 10 s have passed well. */
struct http_watch *http_watch_open(struct reactor *r, struct http_client *http,
				   const char *path, const char *query,
				   const struct stream_handler *handler);
/* Ends it without calling back. Accepts NULL; not after on_end. */
void http_watch_close(struct http_watch *w);
int64_t http_watch_last_contact_ms(const struct http_watch *w);

#endif
