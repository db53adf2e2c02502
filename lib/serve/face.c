#include "serve/face.h"

#include <stdlib.h>
#include <string.h>

#define TEXT         "text/plain; charset=utf-8"
#define VERBOSITY    "/debug/flags/v"
#define ANSWER_LIMIT (256u << 20) /* of our own making: only against runaway growth */

struct face {
	struct face_config config;
	struct httpd *httpd;
	bool ready;
	char *ready_text;
};

static const char landing[] =
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<title>Foretop</title></head><body>\n"
	"<h1>Foretop " FORETOP_VERSION "</h1>\n<ul>\n"
	"<li><a href=\"/metrics\">/metrics</a>: Prometheus metrics</li>\n"
	"<li><a href=\"/readyz\">/readyz</a>, <a href=\"/livez\">/livez</a>: "
	"health</li>\n"
	"</ul>\n</body></html>\n";

static void answer_landing(struct face *f, struct exchange *x)
{
	(void)f;
	exchange_header(x, "Content-Security-Policy", "default-src 'none'");
	exchange_reply_text(x, 200, "text/html; charset=utf-8", landing);
}

static void answer_livez(struct face *f, struct exchange *x)
{
	(void)f;
	exchange_reply_text(x, 200, TEXT, "ok\n");
}

static void answer_readyz(struct face *f, struct exchange *x)
{
	char *text AUTO_FREE = xasprintf("%s\n", f->ready_text);
	exchange_reply_text(x, f->ready ? 200 : 503, TEXT, text);
}

static void answer_built(struct exchange *x, const char *content_type,
			 const struct str *text)
{
	if (text->cut)
		exchange_reply_text(x, 500, TEXT, "the answer is too large\n");
	else
		exchange_reply(x, 200, content_type, str_text(text), text->len);
}

static void answer_metrics(struct face *f, struct exchange *x)
{
	enum metrics_format format = metrics_negotiate(exchange_request(x)->accept);
	struct str text AUTO(str_fini);
	str_init(&text, ANSWER_LIMIT);
	if (f->config.before_scrape)
		f->config.before_scrape(f->config.arg);
	metrics_write(f->config.metrics, format, &text);
	exchange_header(x, "Vary", "Accept");
	answer_built(x, metrics_content_type(format), &text);
}

/* As in Kubernetes' components: curl -X PUT -d 4 .../debug/flags/v */
static void put_verbosity(struct exchange *x)
{
	const struct request *q = exchange_request(x);
	char *end, *text AUTO_FREE = xstrndup(q->body, q->body_len);
	long v = strtol(text, &end, 10);
	end += strspn(end, " \r\n");
	if (!q->from_loopback) {
		exchange_reply_text(x, 403, TEXT,
				    "only from the machine itself, like kubectl "
				    "port-forward\n");
	} else if (end == text || *end || v < 0 || v > LOG_VERBOSITY_MAX) {
		exchange_reply_text(x, 400, TEXT, "a number from 0 to 10 is needed\n");
	} else {
		char *answer AUTO_FREE =
			xasprintf("successfully set verbosity to %ld\n", v);
		log_set_verbosity((int)v);
		log_info("Set the verbosity", KV_NUM("v", v));
		exchange_reply_text(x, 200, TEXT, answer);
	}
}

static void answer_verbosity(struct face *f, struct exchange *x)
{
	char *text AUTO_FREE = xasprintf("%d\n", log_verbosity());
	(void)f;
	exchange_reply_text(x, 200, TEXT, text);
}

static const struct route {
	const char *path;
	void (*answer)(struct face *f, struct exchange *x);
} routes[] = {
	{"/", answer_landing},        {"/livez", answer_livez},
	{"/readyz", answer_readyz},   {"/healthz", answer_livez},
	{"/metrics", answer_metrics}, {VERBOSITY, answer_verbosity},
};

static const struct route *find_route(const struct face *f, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		bool missing = routes[i].answer == answer_metrics && !f->config.metrics;
		return missing ? NULL : &routes[i];
	}
	return NULL;
}

static void on_request(struct exchange *x, void *arg)
{
	struct face *f = arg;
	const struct request *q = exchange_request(x);
	const struct route *route = find_route(f, q->path);
	exchange_header(x, "X-Content-Type-Options", "nosniff");
	if (!route) {
		exchange_reply_text(x, 404, TEXT, "not found\n");
	} else if (route->answer == answer_verbosity && q->method == METHOD_PUT) {
		put_verbosity(x);
	} else if (q->method != METHOD_GET && q->method != METHOD_HEAD) {
		exchange_header(x, "Allow", "GET, HEAD");
		exchange_reply_text(x, 405, TEXT, "only GET and HEAD are allowed\n");
	} else {
		route->answer(f, x);
	}
}

struct face *face_new(struct reactor *r, const struct face_config *config,
		      struct err *err)
{
	struct face *f = xcalloc(1, sizeof(*f));
	const struct httpd_config server = {
		.listen = config->listen,
		.body_limit = 4096,
		.connections_max = 64,
		.handle = on_request,
		.arg = f,
	};
	f->config = *config;
	f->ready_text = xstrdup("starting");
	f->httpd = httpd_new(r, &server, err);
	if (!f->httpd) {
		face_free(f);
		return NULL;
	}
	return f;
}

void face_free(struct face *f)
{
	if (!f)
		return;
	httpd_free(f->httpd);
	free(f->ready_text);
	free(f);
}

void face_cleanup(struct face **f)
{
	face_free(*f);
}

void face_set_ready(struct face *f, bool ready, const char *text)
{
	char *copy = xstrdup(text);
	free(f->ready_text);
	f->ready_text = copy;
	f->ready = ready;
}

const char *face_url(const struct face *f)
{
	return httpd_url(f->httpd);
}

int face_port(const struct face *f)
{
	return httpd_port(f->httpd);
}
