/* A watch's connection as the reflector sees it, whatever carries it: WebSocket (ws.h) or
 * a chunked HTTP answer (http_watch.h). */
#ifndef FORETOP_KUBE_STREAM_H
#define FORETOP_KUBE_STREAM_H

#include "kube/status.h"

/* One event of a watch: the API server's own limit is 1.5 MiB an object in etcd's form;
 * JSON is larger. */
#define STREAM_MESSAGE_MAX ((size_t)16 * 1024 * 1024)

enum stream_end_kind {
	STREAM_UNREACHED, /* no answer: name, TCP, TLS, silence */
	STREAM_REFUSED,   /* an HTTP answer that is no watch: status says which */
	STREAM_CLOSED,    /* ended after it was open */
	STREAM_TOO_LARGE, /* a message passed STREAM_MESSAGE_MAX */
};

struct stream_end {
	enum stream_end_kind kind;
	/* status.status: of STREAM_REFUSED; 0 otherwise. status.err is set but for an
	 * orderly close. */
	struct kube_status status;
	bool orderly;  /* STREAM_CLOSED by the server's own wish */
	bool has_body; /* STREAM_REFUSED: the text is the server's, not only a number */
};

/* What a stream calls; never from within the function that opens it. */
struct stream_handler {
	void (*on_open)(void *arg);
	void (*on_message)(void *arg, const char *text, size_t len);
	/* Once; the stream is gone by itself then. */
	void (*on_end)(void *arg, const struct stream_end *end);
	void *arg;
};

#endif
