/* The one loop of the one thread: libwebsockets' loop, with an epoll descriptor in it
 * that holds curl's sockets and the clock of all timers. libwebsockets polls every
 * connection in each of its rounds, and turns in circles for the last millisecond before
 * a timer of its own: so what is ready in the epoll descriptor is served in one go.
 * Nothing that runs in it may block. */
#ifndef FORETOP_IO_REACTOR_H
#define FORETOP_IO_REACTOR_H

#include "base/base.h"

#include <curl/curl.h>
#include <libwebsockets.h>

struct reactor;

/* Starts libcurl and a libwebsockets context without listeners. One per process at a time
 * (SIGPIPE is ignored from here on). NULL with *err = ERR_FATAL on failure. */
struct reactor *reactor_new(struct err *err);
/* Ends transfers without calling back, closes sockets. Accepts NULL. Timers and watches
 * of the caller must be cancelled before, or never be touched again. */
void reactor_free(struct reactor *r);
void reactor_cleanup(struct reactor **r);

/* Serves until reactor_stop. May be called again. */
void reactor_run(struct reactor *r);
/* From any callback of the loop: reactor_run returns after the current round. */
void reactor_stop(struct reactor *r);

/* The libwebsockets context: for vhosts of servers and WebSocket clients. Borrowed. */
struct lws_context *reactor_lws(struct reactor *r);

/* --- timers --- */
struct timer {
	int64_t due_us;  /* monotonic */
	uint64_t number; /* of the call that set it: equal times fire in its order */
	size_t place;    /* in the reactor's heap, from 1; 0: idle */
	struct reactor *reactor;
	void (*fire)(void *arg);
	void *arg;
};
/* (Re)arms a timer of the caller's memory (zeroed before its first use): `fire` is called
 * once, after delay_ms of real time (at least 1 us later, never from within this call).
 * `t` must stay valid until it fired or was cancelled. */
void timer_set(struct reactor *r, struct timer *t, int64_t delay_ms, void (*fire)(void *),
	       void *arg);
/* Accepts a zeroed and an idle timer. */
void timer_cancel(struct timer *t);

/* --- curl transfers --- */
struct transfer {
	CURL *easy; /* owned by the caller */
	/* Called from the loop when the transfer ended; `result` is curl's. The callback
	 * must call transfer_stop before it frees or reuses the handle. */
	void (*done)(struct transfer *t, CURLcode result);
};
/* Starts easy; `t` must stay valid until transfer_stop. Uses CURLOPT_PRIVATE. 0, or -1
 * with ERR_RETRY. */
int transfer_start(struct reactor *r, struct transfer *t, struct err *err);
/* Takes the handle out, whether it ended or not; the callback is not called any more. */
void transfer_stop(struct reactor *r, struct transfer *t);

/* --- other descriptors (signals, pipes of children) --- */
struct fd_watch {
	int fd;
	void (*ready)(struct fd_watch *w); /* readable, or closed by the other end */
	void *arg;
};
/* Watches for input, level-triggered. `w` must stay valid until unwatched. 0, or -1 with
 * ERR_FATAL. */
int fd_watch_start(struct reactor *r, struct fd_watch *w, struct err *err);
void fd_watch_stop(struct reactor *r, struct fd_watch *w);

#endif
