#include "kube/http_watch.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BYTE_MS 10000

struct http_watch {
	struct stream_handler handler;
	struct http_exchange *exchange;
	struct timer timer; /* a start that failed, or until the watch counts as open */
	struct str line;    /* the beginning of an event */
	int64_t contact_ms;
	bool open;
	bool *gone; /* set while a callback runs */
	struct stream_end end;
};

void http_watch_close(struct http_watch *w)
{
	if (!w)
		return;
	if (w->gone)
		*w->gone = true;
	http_cancel(w->exchange);
	timer_cancel(&w->timer);
	str_fini(&w->line);
	free(w);
}

static void finish(struct http_watch *w)
{
	struct stream_handler handler = w->handler;
	struct stream_end end = w->end;
	w->exchange = NULL;
	http_watch_close(w);
	handler.on_end(handler.arg, &end);
}

static void on_failed_start(void *arg)
{
	finish(arg);
}

/* False when the callback closed the watch: it is gone. */
static bool mark_open(struct http_watch *w)
{
	bool gone = false;
	if (w->open)
		return true;
	w->open = true;
	timer_cancel(&w->timer);
	w->gone = &gone;
	w->handler.on_open(w->handler.arg);
	if (!gone)
		w->gone = NULL;
	return !gone;
}

static void on_open_timer(void *arg)
{
	mark_open(arg);
}

/* TAKEN_CLOSED: a callback closed the watch, it is gone. */
enum taken { TAKEN, TAKEN_CLOSED, TAKEN_TOO_LONG };

/* Hands over the whole lines of `data` and keeps the rest. */
static enum taken take_lines(struct http_watch *w, const char *data, size_t len)
{
	const char *end;
	while ((end = memchr(data, '\n', len))) {
		size_t n = (size_t)(end - data);
		if (str_add(&w->line, data, n) < 0)
			return TAKEN_TOO_LONG;
		data += n + 1;
		len -= n + 1;
		if (!w->line.len)
			continue;
		bool gone = false;
		size_t size = w->line.len;
		char *line AUTO_FREE = str_take(&w->line);
		w->gone = &gone;
		w->handler.on_message(w->handler.arg, line, size);
		if (gone)
			return TAKEN_CLOSED;
		w->gone = NULL;
	}
	return str_add(&w->line, data, len) < 0 ? TAKEN_TOO_LONG : TAKEN;
}

static void on_data(void *arg, const char *data, size_t len)
{
	struct http_watch *w = arg;
	w->contact_ms = monotonic_ms();
	if (!mark_open(w))
		return;
	if (take_lines(w, data, len) != TAKEN_TOO_LONG)
		return;
	w->end.kind = STREAM_TOO_LARGE;
	err_set(&w->end.status.err, ERR_RETRY, "a watch event is larger than %zu bytes",
		STREAM_MESSAGE_MAX);
	http_cancel(TAKE(w->exchange));
	finish(w);
}

static void on_done(void *arg, const struct http_response *r)
{
	struct http_watch *w = arg;
	bool success = r->status >= 200 && r->status < 300;
	if (r->failed && !success) {
		w->end.kind = STREAM_UNREACHED;
		w->end.status.err = r->err;
		w->end.status.err.code = ERR_RETRY;
	} else if (!success) {
		w->end.kind = STREAM_REFUSED;
		w->end.has_body = r->len > 0;
		kube_status_read("watch", r->status, r->body, r->len, r->retry_after_ms,
				 &w->end.status);
	} else {
		w->end.kind = STREAM_CLOSED;
		w->end.orderly = !r->failed;
		if (r->failed)
			err_set(&w->end.status.err, ERR_RETRY, "%s", r->err.msg);
	}
	finish(w);
}

struct http_watch *http_watch_open(struct reactor *r, struct http_client *http,
				   const char *path, const char *query,
				   const struct stream_handler *handler)
{
	struct http_watch *w = xcalloc(1, sizeof(*w));
	w->handler = *handler;
	str_init(&w->line, STREAM_MESSAGE_MAX);
	struct http_request request = {
		.path = path,
		.query = query,
		.first_byte_ms = FIRST_BYTE_MS,
		.on_data = on_data,
		.done = on_done,
		.arg = w,
	};
	w->exchange = http_send(http, &request, &w->end.status.err);
	if (w->exchange)
		timer_set(r, &w->timer, FIRST_BYTE_MS + 100, on_open_timer, w);
	else
		timer_set(r, &w->timer, 0, on_failed_start, w);
	return w;
}

int64_t http_watch_last_contact_ms(const struct http_watch *w)
{
	return w->contact_ms;
}
