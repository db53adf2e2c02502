#include "serve/page.h"

#include "serve/asset.h"
#include "serve/doorman.h"
#include "serve/view.h"
#include "serve/visitor.h"

#include <stdlib.h>
#include <string.h>

#define TEXT         "text/plain; charset=utf-8"
#define HTML         "text/html; charset=utf-8"
#define JSON         "application/json"
#define ANSWER_LIMIT (64u << 20) /* of our own making: only against runaway growth */
#define SEARCH_MAX   253
#define REFRESH_MS   5000
/* Nothing from elsewhere, nothing inline, in nobody's frame. */
#define POLICY                                                                           \
	"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "      \
	"connect-src 'self'; form-action 'self'; base-uri 'none'; "                      \
	"frame-ancestors 'none'"

struct page {
	struct page_config config;
	struct httpd *httpd;
	struct doorman *doorman; /* NULL: everybody may look */
	struct pasts pasts;
};

/* --- documents --- */

static void reply_text(struct exchange *x, int status, const char *text)
{
	char *line AUTO_FREE = xasprintf("%s\n", text);
	exchange_reply_text(x, status, TEXT, line);
}

static void reply_html(struct exchange *x, int status, const struct str *out)
{
	if (out->cut)
		reply_text(x, 500, "the answer is too large");
	else
		exchange_reply(x, status, HTML, str_text(out), out->len);
}

static void reply_error(struct exchange *x, int status, const char *text)
{
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "error", text);
	char *json AUTO_FREE = json_text(o);
	exchange_reply_text(x, status, JSON, json);
}

static void answer_list(struct exchange *x, const struct page_view *v)
{
	struct str out AUTO(str_fini);
	const struct request *q = exchange_request(x);
	char *search AUTO_FREE = xstrndup(request_arg(q, "q", ""), SEARCH_MAX);
	long page = strtol(request_arg(q, "page", "1"), NULL, 10);
	const struct list_wish wish = {
		.search = search,
		.show = request_arg(q, "show", ""),
		.page = page > INT32_MAX ? INT32_MAX
			: page < 1       ? 1
					 : (int32_t)page,
	};
	str_init(&out, ANSWER_LIMIT);
	page_list_write(&out, v, &wish);
	reply_html(x, 200, &out);
}

static void answer_note(struct exchange *x, const struct page_view *v, int status,
			const char *title, const char *text)
{
	struct str out AUTO(str_fini);
	str_init(&out, ANSWER_LIMIT);
	page_note_write(&out, v, title, text);
	reply_html(x, status, &out);
}

/* "NAMESPACE/NAME"; -1: there is none. */
static int32_t find_policy(const struct page_view *v, const char *key)
{
	const char *slash = strchr(key, '/');
	size_t len = slash ? (size_t)(slash - key) : 0;
	for (int32_t i = 0; slash && i < v->now.count; i++) {
		const struct policy_status *s = v->now.policies[i];
		if (s && strlen(s->ns) == len && !strncmp(s->ns, key, len) &&
		    !strcmp(s->name, slash + 1))
			return i;
	}
	return -1;
}

static char *standby_text(const struct page_view *v)
{
	return xasprintf("Only the replica that leads knows numbers of policies%s%s.",
			 *v->now.leader ? ": now that is " : "", v->now.leader);
}

static const struct page_other *find_other(const struct page_view *v, const char *key)
{
	const char *slash = strchr(key, '/');
	size_t len = slash ? (size_t)(slash - key) : 0;
	for (int32_t i = 0; slash && i < v->now.other_count; i++) {
		const struct page_other *o = &v->now.others[i];
		if (strlen(o->ns) == len && !strncmp(o->ns, key, len) &&
		    !strcmp(o->name, slash + 1))
			return o;
	}
	return NULL;
}

static void answer_policy(struct exchange *x, const struct page_view *v, const char *key)
{
	struct str out AUTO(str_fini);
	int32_t i = find_policy(v, key);
	const struct page_other *other = find_other(v, key);
	str_init(&out, ANSWER_LIMIT);
	if (i < 0 && other) {
		page_other_write(&out, v, other);
		reply_html(x, 503, &out);
	} else if (!v->now.leading) {
		char *text AUTO_FREE = standby_text(v);
		answer_note(x, v, 503, "This replica stands by", text);
	} else if (i < 0) {
		answer_note(x, v, 404, "No such policy",
			    "It may have been deleted, or is not served by this "
			    "controller.");
	} else {
		page_policy_write(&out, v, i);
		reply_html(x, 200, &out);
	}
}

static void answer_api(struct exchange *x, const struct page_view *v, const char *key)
{
	int32_t i = *key ? find_policy(v, key) : -1;
	const struct page_other *other = *key ? find_other(v, key) : NULL;
	if (i < 0 && other) {
		char *json AUTO_FREE = api_other(v, other);
		exchange_reply_text(x, 503, JSON, json);
	} else if (*key && !v->now.leading) {
		char *text AUTO_FREE =
			*v->now.leader ? xasprintf("this replica stands by: led by %s",
						   v->now.leader)
				       : xstrdup("this replica stands by");
		reply_error(x, 503, text);
	} else if (*key && i < 0) {
		reply_error(x, 404, "there is no such policy");
	} else {
		char *json AUTO_FREE = *key ? api_policy(v, i) : api_policies(v);
		exchange_reply_text(x, 200, JSON, json);
	}
}

/* What stands behind the prefix, or NULL. */
static const char *behind(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);
	return strncmp(path, prefix, len) == 0 ? path + len : NULL;
}

static void answer(struct page *p, struct exchange *x)
{
	const char *path = exchange_request(x)->path, *key;
	struct page_view view = {.pasts = &p->pasts, .refresh_ms = p->config.refresh_ms};
	p->config.look(p->config.arg, &view.now);
	if (!strcmp(path, "/"))
		answer_list(x, &view);
	else if (!strcmp(path, "/api/v1/policies"))
		answer_api(x, &view, "");
	else if ((key = behind(path, "/api/v1/policies/")) && *key)
		answer_api(x, &view, key);
	else if ((key = behind(path, "/policies/")))
		answer_policy(x, &view, key);
	else if (behind(path, "/api/"))
		reply_error(x, 404, "there is nothing at this path");
	else
		answer_note(x, &view, 404, "Not found", "There is no such page.");
}

/* --- callers --- */

struct visit {
	struct page *page;
	struct exchange *exchange;
	struct doorman_caller *caller;
};

static void turn_away(struct exchange *x, const struct doorman_word *word)
{
	if (word->status == 401)
		exchange_header(x, "WWW-Authenticate", "Bearer realm=\"foretop\"");
	if (word->status == 503)
		exchange_header(x, "Retry-After", "2");
	reply_text(x, word->status, word->text);
}

static void let_in(struct page *p, struct exchange *x, const struct doorman_word *word)
{
	if (word->status == 200)
		answer(p, x);
	else
		turn_away(x, word);
}

static void on_word(void *arg, const struct doorman_word *word)
{
	struct visit *visit = arg;
	exchange_on_gone(visit->exchange, NULL, NULL);
	let_in(visit->page, visit->exchange, word);
	free(visit);
}

static void on_gone(struct exchange *x, void *arg)
{
	struct visit *visit = arg;
	(void)x;
	doorman_forget(visit->caller);
	free(visit);
}

static void check_caller(struct page *p, struct exchange *x)
{
	const char *authorization = exchange_request(x)->authorization;
	struct doorman_word word;
	if (doorman_knows(p->doorman, authorization, monotonic_ms(), &word)) {
		let_in(p, x, &word);
		return;
	}
	struct visit *visit = xcalloc(1, sizeof(*visit));
	visit->page = p;
	visit->exchange = x;
	visit->caller = doorman_ask(p->doorman, authorization, on_word, visit);
	exchange_on_gone(x, on_gone, visit);
}

static void add_headers(struct exchange *x)
{
	exchange_header(x, "Content-Security-Policy", POLICY);
	exchange_header(x, "X-Content-Type-Options", "nosniff");
	exchange_header(x, "Referrer-Policy", "no-referrer");
	exchange_header(x, "Cross-Origin-Resource-Policy", "same-origin");
	exchange_header(x, "Cache-Control", "no-store");
}

static void on_request(struct exchange *x, void *arg)
{
	struct page *p = arg;
	const struct request *q = exchange_request(x);
	const struct visitor_rules rules = {.hosts = p->config.hosts,
					    .host_count = p->config.host_count,
					    .tls = p->config.cert_file != NULL};
	const char *problem = visitor_problem(q, &rules);
	const struct asset *asset = asset_find(q->path);
	add_headers(x);
	if (problem) {
		reply_text(x, 403, problem);
	} else if (q->method != METHOD_GET && q->method != METHOD_HEAD) {
		exchange_header(x, "Allow", "GET, HEAD");
		reply_text(x, 405, "only GET and HEAD are allowed");
	} else if (asset) {
		exchange_reply(x, 200, asset->type, asset->data,
			       (size_t)(asset->end - asset->data));
	} else if (p->doorman) {
		check_caller(p, x);
	} else {
		answer(p, x);
	}
}

/* --- the page --- */

struct page *page_new(struct reactor *r, const struct page_config *config,
		      struct err *err)
{
	struct page *p = xcalloc(1, sizeof(*p));
	const struct httpd_config server = {
		.listen = config->listen,
		.cert_file = config->cert_file,
		.key_file = config->key_file,
		.body_limit = 4096,
		.connections_max = 64,
		.handle = on_request,
		.arg = p,
	};
	p->config = *config;
	if (!p->config.refresh_ms)
		p->config.refresh_ms = REFRESH_MS;
	if (config->review)
		p->doorman = doorman_new(config->review);
	p->httpd = httpd_new(r, &server, err);
	if (!p->httpd) {
		page_free(p);
		return NULL;
	}
	return p;
}

void page_free(struct page *p)
{
	if (!p)
		return;
	httpd_free(p->httpd); /* callers that wait are gone with it */
	doorman_free(p->doorman);
	pasts_fini(&p->pasts);
	free(p);
}

void page_remember(struct page *p)
{
	struct page_now now;
	p->config.look(p->config.arg, &now);
	if (!now.leading)
		return;
	for (int32_t i = 0; i < now.count; i++)
		if (now.policies[i])
			pasts_add(&p->pasts, i, now.policies[i], now.now_ms);
}

const char *page_url(const struct page *p)
{
	return httpd_url(p->httpd);
}
