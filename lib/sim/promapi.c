#include "sim/promapi.h"

#include "sim/bend.h"
#include "sim/promeval.h"
#include "sim/squatter.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JSON            "application/json"
#define TEXT            "text/plain; charset=utf-8"
#define ANSWER_LIMIT    (256u << 20)
#define EXPRESSIONS_MAX 4096
#define SLOW_MS         3000
#define HOUR_MS         MS_PER_H
/* Prometheus refuses (end - start) / step above it. */
#define POINTS_MAX 11000

struct expression {
	char *text; /* without white space */
	promapi_eval *eval;
	void *arg;
};

/* An answer that waits. */
struct slow {
	struct promapi *api;
	struct exchange *exchange;
	struct timer timer;
};

struct promapi {
	struct promapi_config config;
	char *token;
	struct reactor *reactor;
	struct httpd *httpd;
	struct expression *expressions;
	size_t count, cap;
	promapi_lookup *otherwise;
	void *otherwise_arg;
	enum promapi_fault fault;
	int64_t fault_ms; /* engine time at which it began */
	char *unknown;
	uint64_t requests;
	struct bends bends;
	struct squatter *squatter;
};

/* --- expressions --- */

static char *without_blanks(const char *text)
{
	char *copy = xmalloc(strlen(text) + 1), *to = copy;
	for (; *text; text++)
		if (!isspace((unsigned char)*text))
			*to++ = *text;
	*to = '\0';
	return copy;
}

static struct expression *find(const struct promapi *p, const char *text)
{
	char *wanted AUTO_FREE = without_blanks(text);
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->expressions[i].text, wanted) == 0)
			return &p->expressions[i];
	return NULL;
}

void promapi_register(struct promapi *p, const char *expression, promapi_eval *eval,
		      void *arg)
{
	struct expression *e = find(p, expression);
	if (!e) {
		if (p->count == EXPRESSIONS_MAX)
			return;
		if (p->count == p->cap) {
			p->cap = p->cap ? p->cap * 2 : 16;
			p->expressions = xrealloc(p->expressions,
						  p->cap * sizeof(*p->expressions));
		}
		e = &p->expressions[p->count++];
		e->text = without_blanks(expression);
	}
	e->eval = eval;
	e->arg = arg;
}

void promapi_otherwise(struct promapi *p, promapi_lookup *lookup, void *arg)
{
	p->otherwise = lookup;
	p->otherwise_arg = arg;
}

const char *promapi_unknown(const struct promapi *p)
{
	return p->unknown;
}

uint64_t promapi_requests(const struct promapi *p)
{
	return p->requests;
}

/* --- parameters --- */

/* Unix seconds with a fraction, or RFC 3339. */
static int read_time(const char *text, int64_t *ret_ms)
{
	char *end;
	double seconds = strtod(text, &end);
	if (*text && !*end && fabs(seconds) < 1e12) {
		*ret_ms = llround(seconds * 1000);
		return 0;
	}
	return time_parse(text, ret_ms, NULL);
}

/* Seconds with a fraction, or a duration like 1m30s. */
static int read_step(const char *text, int64_t *ret_ms)
{
	char *end;
	double seconds = strtod(text, &end);
	if (*text && !*end && fabs(seconds) < 1e9) {
		*ret_ms = llround(seconds * 1000);
		return 0;
	}
	return duration_parse(text, ret_ms, NULL);
}

/* A parameter of the form first, then of the URL, as Go's FormValue does. */
static const char *parameter(const struct request *q, const struct http_form *form,
			     const char *name)
{
	const char *value = http_form_get(form, name, NULL);
	return value ? value : request_arg(q, name, "");
}

static void reply_error(struct promapi *p, struct exchange *x, int status,
			const char *type, const char *text)
{
	cJSON *body AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "status", "error");
	cJSON_AddStringToObject(body, "errorType", type);
	cJSON_AddStringToObject(body, "error", text);
	char *json AUTO_FREE = json_text(body);
	bends_reply_text(&p->bends, x, status, JSON, json);
}

static void reply_invalid(struct promapi *p, struct exchange *x, const char *name,
			  const char *text)
{
	char *message AUTO_FREE = xasprintf("invalid parameter \"%s\": %s", name, text);
	reply_error(p, x, 400, "bad_data", message);
}

static void reply_unreadable(struct promapi *p, struct exchange *x, const char *name,
			     const char *value, const char *kind)
{
	char *text AUTO_FREE =
		xasprintf("cannot parse \"%s\" to a valid %s", value, kind);
	reply_invalid(p, x, name, text);
}

/* --- answers --- */

static struct promeval prepare(struct promapi *p, const char *query)
{
	const struct expression *found = find(p, query);
	struct promeval e = {.bend = {.frozen_ms = INT64_MAX}};
	if (found) {
		e.eval = found->eval;
		e.arg = found->arg;
	} else if (p->otherwise) {
		e.eval = p->otherwise(p->otherwise_arg, query, &e.arg);
	}
	if (!e.eval) {
		free(p->unknown);
		p->unknown = xstrdup(query);
	}
	if (p->fault == PROMAPI_EMPTY)
		e.eval = NULL;
	e.bend.nan = p->fault == PROMAPI_NAN;
	e.bend.stamp_ms = p->fault == PROMAPI_FUTURE ? HOUR_MS : 0;
	if (p->fault == PROMAPI_STALE)
		e.bend.frozen_ms = p->fault_ms;
	return e;
}

static void cut_gone(struct exchange *x, void *arg)
{
	(void)x;
	(void)arg;
}

static void cut_now(struct exchange *x, void *arg)
{
	(void)arg;
	exchange_abort(x);
}

static void reply_data(struct promapi *p, struct exchange *x, const struct str *data)
{
	struct str body AUTO(str_fini);
	str_init(&body, ANSWER_LIMIT + 1024);
	str_puts(&body, "{\"status\":\"success\",\"data\":");
	str_puts(&body, str_text(data));
	if (p->fault == PROMAPI_WARNINGS)
		str_puts(&body,
			 ",\"warnings\":[\"remote store unreachable: results may be "
			 "incomplete\"]");
	str_puts(&body, "}");
	if (data->cut || body.cut) {
		reply_error(p, x, 503, "execution", "the answer is too large");
	} else if (p->fault == PROMAPI_CUT) {
		exchange_on_gone(x, cut_gone, NULL);
		exchange_stream(x, 200, JSON, cut_now);
		exchange_send(x, str_text(&body), body.len / 2);
	} else {
		bends_reply(&p->bends, x, 200, JSON, str_text(&body), body.len);
	}
}

static void answer_instant(struct promapi *p, struct exchange *x,
			   const struct http_form *form)
{
	const struct request *q = exchange_request(x);
	const char *time = parameter(q, form, "time");
	int64_t at_ms = clock_now_ms(p->config.clock);
	if (*time && read_time(time, &at_ms) < 0) {
		reply_unreadable(p, x, "time", time, "timestamp");
		return;
	}
	struct str data AUTO(str_fini);
	str_init(&data, ANSWER_LIMIT);
	const struct promeval e = prepare(p, parameter(q, form, "query"));
	promeval_vector(&e, at_ms, &data);
	reply_data(p, x, &data);
}

static void answer_range(struct promapi *p, struct exchange *x,
			 const struct http_form *form)
{
	const struct request *q = exchange_request(x);
	const char *start = parameter(q, form, "start"), *end = parameter(q, form, "end"),
		   *step = parameter(q, form, "step");
	int64_t start_ms, end_ms, step_ms;
	if (read_time(start, &start_ms) < 0) {
		reply_unreadable(p, x, "start", start, "timestamp");
	} else if (read_time(end, &end_ms) < 0) {
		reply_unreadable(p, x, "end", end, "timestamp");
	} else if (end_ms < start_ms) {
		reply_invalid(p, x, "end", "end timestamp must not be before start time");
	} else if (read_step(step, &step_ms) < 0) {
		reply_unreadable(p, x, "step", step, "duration");
	} else if (step_ms <= 0) {
		reply_invalid(p, x, "step",
			      "zero or negative query resolution step widths are not "
			      "accepted. Try a positive integer");
	} else if ((end_ms - start_ms) / step_ms > POINTS_MAX) {
		reply_error(
			p, x, 400, "bad_data",
			"exceeded maximum resolution of 11,000 points per timeseries. "
			"Try decreasing the query resolution (?step=XX)");
	} else {
		struct str data AUTO(str_fini);
		str_init(&data, ANSWER_LIMIT);
		const struct promeval e = prepare(p, parameter(q, form, "query"));
		promeval_matrix(&e, start_ms, end_ms, step_ms, &data);
		reply_data(p, x, &data);
	}
}

static void answer_query(struct promapi *p, struct exchange *x, bool range)
{
	const struct request *q = exchange_request(x);
	struct http_form form AUTO(http_form_fini) = {0};
	struct err err;
	if (q->method != METHOD_GET && q->method != METHOD_POST) {
		exchange_header(x, "Allow", "GET, OPTIONS, POST");
		bends_reply_text(&p->bends, x, 405, TEXT, "Method Not Allowed\n");
		return;
	}
	bool is_form =
		strncmp(q->content_type, "application/x-www-form-urlencoded", 33) == 0;
	if (q->method == METHOD_POST && is_form &&
	    http_form_parse(&form, q->body, q->body_len, &err) < 0) {
		reply_error(p, x, 400, "bad_data", err.msg);
		return;
	}
	if (!*parameter(q, &form, "query"))
		reply_invalid(p, x, "query",
			      "unknown position: parse error: no expression found in "
			      "input");
	else if (range)
		answer_range(p, x, &form);
	else
		answer_instant(p, x, &form);
}

static void answer_path(struct promapi *p, struct exchange *x)
{
	const char *path = exchange_request(x)->path;
	if (strcmp(path, "/api/v1/query") == 0)
		answer_query(p, x, false);
	else if (strcmp(path, "/api/v1/query_range") == 0)
		answer_query(p, x, true);
	else if (strcmp(path, "/-/ready") == 0)
		bends_reply_text(&p->bends, x, 200, TEXT,
				 "Prometheus Server is Ready.\n");
	else if (strcmp(path, "/-/healthy") == 0)
		bends_reply_text(&p->bends, x, 200, TEXT,
				 "Prometheus Server is Healthy.\n");
	else
		bends_reply_text(&p->bends, x, 404, TEXT, "404 page not found\n");
}

/* --- faults --- */

static void slow_gone(struct exchange *x, void *arg)
{
	(void)x;
	struct slow *s = arg;
	timer_cancel(&s->timer);
	free(s);
}

static void slow_over(void *arg)
{
	struct slow *s = arg;
	struct exchange *x = s->exchange;
	exchange_on_gone(x, NULL, NULL);
	answer_path(s->api, x);
	free(s);
}

static void answer_slowly(struct promapi *p, struct exchange *x)
{
	struct slow *s = xcalloc(1, sizeof(*s));
	int64_t delay_ms = p->config.slow_ms ? p->config.slow_ms : SLOW_MS;
	s->api = p;
	s->exchange = x;
	exchange_on_gone(x, slow_gone, s);
	timer_set(p->reactor, &s->timer, delay_ms, slow_over, s);
}

static void carry_out(struct exchange *x, void *arg)
{
	struct promapi *p = arg;
	if (p->token && strcmp(exchange_request(x)->authorization, p->token) != 0) {
		bends_reply_text(&p->bends, x, 401, TEXT, "Unauthorized\n");
		return;
	}
	switch (p->fault) {
	case PROMAPI_HTML:
		bends_reply_text(&p->bends, x, 200, "text/html",
				 "<html><body><h1>Sign in</h1></body></html>\n");
		return;
	case PROMAPI_ERROR:
		reply_error(p, x, 500, "internal", "opening storage failed");
		return;
	case PROMAPI_BUSY:
		exchange_header(x, "Retry-After", "1");
		bends_reply_text(&p->bends, x, 503, TEXT, "Service Unavailable\n");
		return;
	case PROMAPI_DENIED:
		bends_reply_text(&p->bends, x, 401, TEXT, "Unauthorized\n");
		return;
	case PROMAPI_SLOW:
		answer_slowly(p, x);
		return;
	case PROMAPI_OK:
	case PROMAPI_DOWN:
	case PROMAPI_EMPTY:
	case PROMAPI_NAN:
	case PROMAPI_STALE:
	case PROMAPI_FUTURE:
	case PROMAPI_WARNINGS:
	case PROMAPI_CUT:
		answer_path(p, x);
		return;
	}
}

static void on_request(struct exchange *x, void *arg)
{
	static const struct bend_request about = {.on = FAULT_READS, .of = ""};
	struct promapi *p = arg;
	p->requests++;
	switch (bends_take(&p->bends, x, &about, carry_out, p)) {
	case BEND_GO_ON:
		carry_out(x, p);
		return;
	case BEND_REFUSE:
		reply_error(p, x, p->bends.now.code, "internal",
			    "the fault script says so");
		return;
	case BEND_DEALT:
		return;
	}
}

void promapi_bend(struct promapi *p, const struct fault *fault)
{
	bends_arm(&p->bends, fault);
}

int promapi_struck(const struct promapi *p)
{
	return p->bends.struck;
}

void promapi_on_request(struct promapi *p, request_seen *seen, void *arg)
{
	p->bends.seen = seen;
	p->bends.seen_arg = arg;
}

void promapi_leave(struct promapi *p, enum squatter_kind squatter)
{
	promapi_fault(p, PROMAPI_DOWN);
	p->squatter = squatter_new(p->reactor, squatter, httpd_address(p->httpd));
}

void promapi_fault(struct promapi *p, enum promapi_fault fault)
{
	struct err err;
	squatter_free(TAKE(p->squatter));
	p->fault = fault;
	p->fault_ms = clock_now_ms(p->config.clock);
	if (fault == PROMAPI_DOWN)
		httpd_suspend(p->httpd);
	else if (httpd_resume(p->httpd, &err) < 0)
		log_error("The simulated Prometheus cannot listen again",
			  KV_TEXT("err", err.msg));
}

/* --- the server --- */

struct promapi *promapi_new(struct reactor *r, const struct promapi_config *config,
			    struct err *err)
{
	struct promapi *p = xcalloc(1, sizeof(*p));
	p->config = *config;
	p->reactor = r;
	bends_init(&p->bends, r, config->clock);
	if (config->bearer_token)
		p->token = xasprintf("Bearer %s", config->bearer_token);
	const struct httpd_config server = {
		.listen = config->listen,
		.cert_pem = config->cert_pem,
		.key_pem = config->key_pem,
		.handle = on_request,
		.arg = p,
	};
	p->httpd = httpd_new(r, &server, err);
	if (!p->httpd) {
		promapi_free(p);
		return NULL;
	}
	return p;
}

void promapi_free(struct promapi *p)
{
	if (!p)
		return;
	squatter_free(p->squatter);
	httpd_free(p->httpd);
	bends_fini(&p->bends);
	for (size_t i = 0; i < p->count; i++)
		free(p->expressions[i].text);
	free(p->expressions);
	free(p->unknown);
	free(p->token);
	free(p);
}

const char *promapi_url(const struct promapi *p)
{
	return httpd_url(p->httpd);
}
