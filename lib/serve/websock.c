#include "serve/connection.h"

#include <stdlib.h>
#include <string.h>

struct frame {
	struct frame *next;
	size_t len;
	bool first, last;     /* of its message */
	unsigned char room[]; /* LWS_PRE bytes for the frame's head, then the text */
};

struct websock {
	struct connection *connection;
	struct request request;
	void *data;
	struct frame *first, **last;
	size_t queued;  /* bytes */
	struct str in;  /* of a frame that comes in pieces */
	int close_code; /* 0: stay open */
	bool open;      /* `opened` was called */
	bool dead;      /* being cut: sends fail */
	bool midway;    /* the last fragment of a message is still to come */
	bool busy;      /* something was queued since the last `drained` */
};

/* Frames written in one go before other sockets of the loop get their turn. */
#define FRAMES_A_TURN 64

struct websock *websock_new(struct connection *c, struct request *request)
{
	struct websock *w = xcalloc(1, sizeof(*w));
	w->connection = c;
	w->request = *request;
	*request = (struct request){0};
	w->request.body = "";
	w->last = &w->first;
	str_init(&w->in, c->server->config.body_limit);
	c->websock = w;
	return w;
}

void websock_opened(struct websock *w)
{
	const struct httpd_config *config = &w->connection->server->config;
	w->open = true;
	if (config->opened)
		config->opened(w, config->arg);
}

void websock_detach(struct websock *w)
{
	const struct httpd_config *config = &w->connection->server->config;
	w->dead = true;
	if (w->open && config->closed)
		config->closed(w, config->arg);
	w->connection->websock = NULL;
	for (struct frame *f = w->first, *next; f; f = next) {
		next = f->next;
		free(f);
	}
	request_fini(&w->request);
	str_fini(&w->in);
	free(w);
}

const struct request *websock_request(const struct websock *w)
{
	return &w->request;
}

void websock_set_data(struct websock *w, void *data)
{
	w->data = data;
}

void *websock_data(const struct websock *w)
{
	return w->data;
}

size_t websock_queued(const struct websock *w)
{
	return w->queued;
}

int websock_send(struct websock *w, const char *text, size_t len)
{
	return websock_send_part(w, text, len, true);
}

int websock_send_part(struct websock *w, const char *text, size_t len, bool last)
{
	if (w->dead || w->close_code)
		return -1;
	if (w->queued + len > w->connection->server->config.queue_limit) {
		websock_abort(w);
		return -1;
	}
	struct frame *f = xmalloc(sizeof(*f) + LWS_PRE + len);
	f->next = NULL;
	f->len = len;
	f->first = !w->midway;
	f->last = last;
	w->midway = !last;
	memcpy(f->room + LWS_PRE, text, len);
	*w->last = f;
	w->last = &f->next;
	w->queued += len;
	w->busy = true;
	lws_callback_on_writable(w->connection->wsi);
	return 0;
}

void websock_close(struct websock *w, int code)
{
	if (w->dead || w->close_code)
		return;
	w->close_code = code;
	lws_callback_on_writable(w->connection->wsi);
}

void websock_abort(struct websock *w)
{
	if (w->dead)
		return;
	w->dead = true;
	connection_kill(w->connection);
}

static int write_frame(struct websock *w)
{
	struct frame *f = w->first;
	int flags = lws_write_ws_flags(LWS_WRITE_TEXT, f->first, f->last);
	int n = lws_write(w->connection->wsi, f->room + LWS_PRE, f->len,
			  (enum lws_write_protocol)flags);
	int ret = n < (int)f->len ? -1 : 0;
	w->first = f->next;
	if (!w->first)
		w->last = &w->first;
	w->queued -= f->len;
	free(f);
	return ret;
}

int websock_write(struct websock *w)
{
	struct lws *wsi = w->connection->wsi;
	if (w->dead)
		return 0; /* its end is scheduled */
	for (int i = 0; i < FRAMES_A_TURN && w->first && !lws_send_pipe_choked(wsi); i++)
		if (write_frame(w) < 0)
			return -1;
	/* A client that takes nothing for that long is gone. */
	if (w->first || lws_send_pipe_choked(wsi)) {
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, WRITE_TIMEOUT_S);
		lws_callback_on_writable(wsi);
		return 0;
	}
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	if (w->close_code) {
		lws_close_reason(wsi, (enum lws_close_status)w->close_code, NULL, 0);
		return -1;
	}
	const struct httpd_config *config = &w->connection->server->config;
	if (w->busy && config->drained) {
		w->busy = false;
		config->drained(w, config->arg);
	}
	return 0;
}

int websock_read(struct websock *w, const char *data, size_t len, bool final)
{
	const struct httpd_config *config = &w->connection->server->config;
	if (!config->received)
		return 0;
	if (str_add(&w->in, data, len) < 0) {
		lws_close_reason(w->connection->wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
				 NULL, 0);
		return -1;
	}
	if (!final)
		return 0;
	config->received(w, str_text(&w->in), w->in.len, config->arg);
	str_clear(&w->in);
	return 0;
}
