/* The HTTP client and the chunked watch, fed with the bytes of a server over a socket:
 * each request ends once, with an answer within its limits or with a reason. */
#include "fuzz/wire.h"

#include "http/http.h"
#include "kube/http_watch.h"

#include <stdio.h>
#include <string.h>

#define BODY_LIMIT 1024

static void on_answer(void *arg, const struct http_response *r)
{
	bool *done = arg;
	must(!*done, "ended twice");
	must(r->body && r->content_type && !r->body[r->len], "no end");
	must(r->len <= BODY_LIMIT, "%zu bytes", r->len);
	must(r->status == 0 || (r->status >= 200 && r->status <= 999), "%d", r->status);
	must(*http_phase_name(r->failed), "phase %d", (int)r->failed);
	must(r->retry_after_ms >= -1 && r->retry_after_ms <= MS_PER_DAY, "%lld",
	     (long long)r->retry_after_ms);
	must(r->elapsed_ms >= 0, "%lld", (long long)r->elapsed_ms);
	if (r->failed)
		must_explain(&r->err);
	else
		must(r->status, "no status");
	*done = true;
}

static struct http_client *client(int port)
{
	static struct http_client *made;
	char url[48];
	struct err err = {0};
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	struct http_client_config config = {.base_url = url,
					    .max_response_bytes = BODY_LIMIT};
	if (!made)
		made = http_client_new(wire_reactor(), &config, &err);
	must(made, "%s", err.msg);
	return made;
}

static void ask(struct http_client *c)
{
	struct err err = {0};
	bool done = false;
	struct http_request request = {.path = "/", .done = on_answer, .arg = &done};
	must(http_send(c, &request, &err), "%s", err.msg);
	wire_run_until(&done);
	must(!http_client_in_flight(c) && !http_client_queued(c), "not over");
}

/* --- a watch --- */

struct watched {
	int opened;
	bool ended;
};

static void on_open(void *arg)
{
	struct watched *w = arg;
	must(!w->opened++ && !w->ended, "opened twice");
}

static void on_message(void *arg, const char *text, size_t len)
{
	struct watched *w = arg;
	must(w->opened && !w->ended, "not open");
	must(len && len <= STREAM_MESSAGE_MAX && !text[len], "%zu bytes", len);
	must(!memchr(text, '\n', len), "two lines");
}

static void on_end(void *arg, const struct stream_end *end)
{
	struct watched *w = arg;
	must(!w->ended, "ended twice");
	must(!w->opened == (end->kind == STREAM_UNREACHED ||
			    end->kind == STREAM_REFUSED) ||
		     end->kind == STREAM_CLOSED,
	     "kind %d", (int)end->kind);
	if (!end->orderly)
		must_explain(&end->status.err);
	w->ended = true;
}

static void watch(struct http_client *c)
{
	struct watched w = {0};
	struct stream_handler handler = {on_open, on_message, on_end, &w};
	must(http_watch_open(wire_reactor(), c, "/", "watch=1", &handler), "not opened");
	wire_run_until(&w.ended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire_server server;
	if (!server.port)
		wire_server_start(&server);
	server.answer = data;
	server.size = size;
	ask(client(server.port));
	watch(client(server.port));
	return 0;
}
