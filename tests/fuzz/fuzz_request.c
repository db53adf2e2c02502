/* The HTTP server fed with the bytes of a client over a socket: requests that reach their
 * handler are whole and within the limits, answers are HTTP, WebSocket frames come whole,
 * and no connection is left behind. */
#include "fuzz/wire.h"

#include "serve/httpd.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_LIMIT 512
/* A request takes four rounds: accept, read, handle, write. */
#define ROUNDS      6
#define ROUNDS_LAST 1000

static void check_path(const char *path)
{
	must(path && *path == '/', "path \"%s\"", path);
	for (const char *p = path; (p = strstr(p, "/..")); p += 3)
		must(p[3] && p[3] != '/', "path \"%s\"", path);
	for (const char *p = path; (p = strstr(p, "/.")); p += 2)
		must(p[2] && p[2] != '/', "path \"%s\"", path);
}

static void check_request(const struct request *q)
{
	must(*http_method_name(q->method), "method %d", (int)q->method);
	check_path(q->path);
	must(q->arg_count >= 0 && q->arg_count <= HTTP_ARGS_MAX, "%d", q->arg_count);
	for (int i = 0; i < q->arg_count; i++)
		must(q->args[i].name && q->args[i].value, "argument %d", i);
	must(q->host && q->origin && q->authorization && q->content_type && q->accept &&
		     q->user_agent,
	     "no header");
	must(q->body && q->body_len <= BODY_LIMIT && !q->body[q->body_len], "%zu bytes",
	     q->body_len);
}

static void handle(struct exchange *x, void *arg)
{
	(void)arg;
	const struct request *q = exchange_request(x);
	struct request copy;
	check_request(q);
	request_copy(&copy, q);
	must_equal(copy.path, q->path);
	request_fini(&copy);
	exchange_header(x, "X-Method", http_method_name(q->method));
	exchange_reply(x, 200, "text/plain", q->body, q->body_len);
}

static int upgrade(const struct request *q, void *arg)
{
	(void)arg;
	check_path(q->path);
	return 0;
}

static void received(struct websock *w, const char *text, size_t len, void *arg)
{
	(void)arg;
	must(text && !text[len], "no end");
	websock_send(w, text, strlen(text));
}

static struct httpd *server(void)
{
	static struct httpd *httpd;
	struct err err = {0};
	struct httpd_config config = {
		.listen = "127.0.0.1:0",
		.body_limit = BODY_LIMIT,
		.handle = handle,
		.upgrade = upgrade,
		.received = received,
	};
	if (!httpd)
		httpd = httpd_new(wire_reactor(), &config, &err);
	must(httpd, "%s", err.msg);
	return httpd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char answer[16] = "";
	struct httpd *httpd = server();
	int fd = wire_connect(httpd_port(httpd));
	if (size && send(fd, data, size, MSG_NOSIGNAL) < 0)
		must(false, "not sent");
	wire_rounds(ROUNDS);
	ssize_t n = recv(fd, answer, sizeof(answer) - 1, 0);
	must(n <= 0 || strncmp(answer, "HTTP/1.", n < 7 ? (size_t)n : 7) == 0,
	     "answered \"%s\"", answer);
	close(fd);
	for (int i = 0; i < ROUNDS_LAST && httpd_connections(httpd); i++)
		wire_rounds(1);
	must(httpd_connections(httpd) == 0, "%d connections are left",
	     httpd_connections(httpd));
	return 0;
}
