#include "prom/job.h"

#include <stdlib.h>
#include <string.h>

/* VictoriaMetrics takes 16 KiB; a list of pods in a built-in query may be longer. */
#define REQUEST_MAX ((size_t)1 << 20)
/* A second try comes this much later, plus as much again by chance. */
#define SECOND_TRY_MS 100
/* A server that wants more patience than this is asked in the next cycle. */
#define PATIENCE_MS 2000

static void on_answer(void *arg, const struct http_response *response);

static void tell_failure(void *arg)
{
	struct job *j = arg;
	struct err failure = j->failure;
	job_deliver(j, j->failed, &failure, NULL);
}

/* Callers are never called back from within their own call. */
static void fail_soon(struct job *j, enum prom_outcome outcome, const struct err *why)
{
	j->failed = outcome;
	j->failure = *why;
	timer_set(j->source->reactor, &j->timer, 0, tell_failure, j);
}

/* --- asking --- */

static void put_time(struct str *out, const char *name, int64_t ms)
{
	str_printf(out, "&%s=%s%lld.%03d", name, ms < 0 ? "-" : "",
		   llabs((long long)ms / MS_PER_S), abs((int)(ms % MS_PER_S)));
}

static void put_form(struct str *out, const struct job *j)
{
	str_puts(out, "query=");
	http_escape(out, j->promql);
	if (!j->range.step_ms) {
		if (j->range.start_ms != PROM_NOW)
			put_time(out, "time", j->range.start_ms);
	} else {
		put_time(out, "start", j->part.start_ms);
		put_time(out, "end", j->part.end_ms);
		put_time(out, "step", j->part.step_ms);
	}
	str_puts(out, j->source->parameters);
}

static bool goes_by_get(const struct job *j)
{
	const struct prom_source *s = j->source;
	return s->method == PROM_GET || s->post_refused || j->as_get;
}

static void send_part(struct job *j)
{
	struct err err = {0};
	struct str form AUTO(str_fini);
	str_init(&form, REQUEST_MAX);
	put_form(&form, j);
	bool get = goes_by_get(j);
	const struct http_request request = {
		.method = get ? "GET" : "POST",
		.path = j->range.step_ms ? "/api/v1/query_range" : "/api/v1/query",
		.query = get ? str_text(&form) : NULL,
		.body = get ? NULL : str_text(&form),
		.content_type = "application/x-www-form-urlencoded",
		.background = j->range.step_ms != 0,
		.done = on_answer,
		.arg = j,
	};
	if (form.cut)
		err_set(&err, ERR_INVALID, "the query is longer than %zu bytes",
			REQUEST_MAX);
	else
		j->exchange = http_send(j->source->client, &request, &err);
	if (!j->exchange)
		fail_soon(j, PROM_FAILED, &err);
}

static void finish_range(struct job *j)
{
	struct err err = {0};
	struct prom_result joined = {0};
	if (!j->chunk_count) {
		err_set(&err, ERR_RETRY, "no series");
		job_deliver(j, PROM_EMPTY, &err, NULL);
	} else if (j->chunk_count == 1) {
		job_deliver(j, PROM_OK, NULL, &j->chunks[0]);
	} else if (prom_stitch(j->chunks, j->chunk_count, &j->source->limits, &joined,
			       &err) < 0) {
		job_deliver(j, PROM_FAILED, &err, NULL);
	} else {
		job_deliver(j, PROM_OK, NULL, &joined);
		prom_result_fini(&joined);
	}
}

static bool next_part(struct job *j)
{
	j->tries = 0;
	return prom_range_part(&j->rest, j->source->points_per_query, &j->part);
}

void job_start(struct job *j)
{
	struct err err = {0};
	if (!j->range.step_ms || next_part(j)) {
		send_part(j);
		return;
	}
	err_set(&err, ERR_RETRY, "no series: no multiple of the step lies in the range");
	fail_soon(j, PROM_EMPTY, &err);
}

static void go_on(struct job *j)
{
	if (next_part(j))
		send_part(j);
	else
		finish_range(j);
}

/* --- trying again --- */

static void try_again(void *arg)
{
	send_part(arg);
}

static bool is_passing(const struct http_response *r)
{
	switch (r->failed) {
	case HTTP_ANSWERED:
		return r->status == 429 || (r->status >= 502 && r->status <= 504);
	case HTTP_NOT_SENT:
	case HTTP_TOO_LARGE:
		return false;
	default:
		return true;
	}
}

/* Once, and only what failed quickly: a server that is slow is not asked twice. */
static bool try_later(struct job *j, const struct http_response *r)
{
	if (j->tries > 0 || !is_passing(r) || r->retry_after_ms > PATIENCE_MS ||
	    4 * r->elapsed_ms > j->source->timeout_ms)
		return false;
	int64_t wait_ms = SECOND_TRY_MS + (int64_t)(SECOND_TRY_MS * rng_uniform(&j->rng));
	if (wait_ms < r->retry_after_ms)
		wait_ms = r->retry_after_ms;
	j->tries++;
	timer_set(j->source->reactor, &j->timer, wait_ms, try_again, j);
	return true;
}

/* Some proxies and services know only GET. 403 is the answer of those that allow methods
 * by a list, and of a missing right: GET tells which. */
static bool refuses_method(const struct http_response *r)
{
	return r->failed == HTTP_ANSWERED &&
	       (r->status == 405 || r->status == 403 || r->status == 501);
}

static bool try_get(struct job *j, const struct http_response *r)
{
	struct prom_source *s = j->source;
	if (s->method != PROM_POST_OR_GET || s->post_refused)
		return false;
	if (j->as_get) {
		s->post_refused = r->failed == HTTP_ANSWERED && !refuses_method(r);
		j->as_get = false;
		return false;
	}
	if (!refuses_method(r))
		return false;
	j->as_get = true;
	send_part(j);
	return true;
}

/* --- answers --- */

static void keep_chunk(struct job *j, const struct prom_result *result)
{
	j->chunks = xrealloc(j->chunks, (j->chunk_count + 1) * sizeof(*j->chunks));
	j->chunks[j->chunk_count++] = *result;
}

static size_t samples_of(const struct prom_result *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->series_count; i++)
		n += r->series[i].sample_count;
	return n;
}

/* What the chunks so far leave of the limit. */
static struct prom_limits limits_left(const struct job *j)
{
	struct prom_limits left = j->source->limits;
	for (size_t i = 0; i < j->chunk_count; i++)
		left.max_samples -= samples_of(&j->chunks[i]);
	return left;
}

/* 413 and 414: the query itself is too long. 422: Prometheus would have had to load too
 * many samples. A 200 that is no good answer may be over one of our own limits. */
static bool is_too_much(int status)
{
	return status == 200 || status == 413 || status == 414 || status == 422;
}

static void take_answer(struct job *j, const struct http_response *r)
{
	const struct prom_body body = {
		.status = r->status,
		.content_type = r->content_type,
		.text = r->body,
		.len = r->len,
	};
	struct prom_limits left = limits_left(j);
	struct prom_result result = {0};
	struct err err = {0};
	enum prom_outcome outcome =
		prom_decode(&body, &left, &j->source->scratch, &result, &err);
	bool is_range = j->range.step_ms != 0;
	if (outcome == PROM_FAILED || outcome == PROM_REFUSED)
		j->smaller_may_work = is_too_much(r->status);
	if (outcome == PROM_OK)
		keep_chunk(j, &result);
	if (is_range && (outcome == PROM_OK || outcome == PROM_EMPTY))
		go_on(j);
	else
		job_deliver(j, outcome, &err, &result);
}

static void on_answer(void *arg, const struct http_response *r)
{
	struct job *j = arg;
	j->exchange = NULL;
	j->elapsed_ms += r->elapsed_ms;
	if (try_get(j, r) || try_later(j, r))
		return;
	j->smaller_may_work = r->failed == HTTP_TOO_LARGE;
	if (r->failed != HTTP_ANSWERED)
		job_deliver(j, PROM_FAILED, &r->err, NULL);
	else
		take_answer(j, r);
}
