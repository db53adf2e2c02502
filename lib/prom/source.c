#include "prom/job.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So long a query for the present may be shared. */
#define PRESENT_MS  500
#define TIMEOUT_MS  10000
#define IN_FLIGHT   4
#define SERIES_MAX  50000
#define SAMPLES_MAX 200000
/* The server gives up a little before the client, so that its own words arrive. */
#define SERVER_SHARE   0.9
#define PARAMETERS_MAX 65536

/* --- a source --- */

static int check_config(const struct prom_source_config *c, struct err *err)
{
	if (!c->name || !c->name[0])
		return err_set(err, ERR_INVALID, "a source needs a name");
	for (size_t i = 0; i < c->parameter_count; i++)
		if (!c->parameters[i].name || !c->parameters[i].name[0] ||
		    !c->parameters[i].value)
			return err_set(
				err, ERR_INVALID,
				"source %s: parameter %zu needs a name and a value",
				c->name, i + 1);
	return 0;
}

static char *parameters_text(const struct prom_source_config *c, int64_t timeout_ms)
{
	struct str out AUTO(str_fini);
	str_init(&out, PARAMETERS_MAX);
	str_printf(&out, "&timeout=%.3f", (double)timeout_ms * SERVER_SHARE / MS_PER_S);
	for (size_t i = 0; i < c->parameter_count; i++) {
		str_puts(&out, "&");
		http_escape(&out, c->parameters[i].name);
		str_puts(&out, "=");
		http_escape(&out, c->parameters[i].value);
	}
	return out.cut ? NULL : str_take(&out);
}

static void set_limits(struct prom_source *s, const struct prom_source_config *c)
{
	s->points_per_query =
		c->points_per_query > 0 ? c->points_per_query : PROM_POINTS_MAX;
	s->limits.max_series = c->limits.max_series ? c->limits.max_series : SERIES_MAX;
	s->limits.max_samples =
		c->limits.max_samples ? c->limits.max_samples : SAMPLES_MAX;
}

struct prom_source *prom_source_new(struct reactor *r, const struct prom_source_config *c,
				    struct err *err)
{
	if (check_config(c, err) < 0)
		return NULL;
	struct prom_source *s = xcalloc(1, sizeof(*s));
	struct http_client_config http = c->http;
	http.timeout_ms = http.timeout_ms > 0 ? http.timeout_ms : TIMEOUT_MS;
	http.max_in_flight = http.max_in_flight > 0 ? http.max_in_flight : IN_FLIGHT;
	s->reactor = r;
	s->name = xstrdup(c->name);
	s->method = c->method;
	s->timeout_ms = http.timeout_ms;
	s->parameters = parameters_text(c, http.timeout_ms);
	set_limits(s, c);
	s->client = http_client_new(r, &http, err);
	if (s->client && s->parameters)
		return s;
	if (s->client)
		err_set(err, ERR_INVALID, "parameters of more than %d bytes",
			PARAMETERS_MAX);
	err_wrap(err, "source %s", c->name);
	prom_source_free(s);
	return NULL;
}

const char *prom_source_name(const struct prom_source *s)
{
	return s->name;
}

/* --- jobs and those who wait for them --- */

static void remove_waiting(struct prom_query *q)
{
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
	else
		q->job->last = q->link;
}

static void drop_waiting(struct job *j)
{
	while (j->waiting) {
		struct prom_query *q = j->waiting;
		remove_waiting(q);
		free(q);
	}
}

static void leave_bucket(struct job *j)
{
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
}

static void free_job(struct job *j)
{
	drop_waiting(j);
	timer_cancel(&j->timer);
	http_cancel(j->exchange);
	for (size_t i = 0; i < j->chunk_count; i++)
		prom_result_fini(&j->chunks[i]);
	free(j->chunks);
	free(j->promql);
	free(j);
}

void prom_source_free(struct prom_source *s)
{
	if (!s)
		return;
	if (s->delivering) {
		drop_waiting(s->delivering);
		s->delivering->source = NULL;
	}
	for (size_t i = 0; i < JOB_BUCKETS; i++)
		while (s->buckets[i]) {
			struct job *j = s->buckets[i];
			leave_bucket(j);
			free_job(j);
		}
	http_client_free(s->client);
	arena_fini(&s->scratch);
	free(s->parameters);
	free(s->name);
	free(s);
}

void prom_source_cleanup(struct prom_source **s)
{
	prom_source_free(*s);
}

/* A callback may cancel others of the same job and free the source, so nothing is kept
 * across it but the job itself. */
void job_deliver(struct job *j, enum prom_outcome outcome, const struct err *err,
		 const struct prom_result *result)
{
	struct prom_answer answer = {
		.outcome = outcome,
		.result = outcome == PROM_OK ? result : NULL,
		.elapsed_ms = j->elapsed_ms,
		.smaller_may_work = j->smaller_may_work,
	};
	if (outcome != PROM_OK) {
		answer.err = *err;
		err_wrap(&answer.err, "source %s", j->source->name);
	}
	leave_bucket(j);
	j->delivering = true;
	j->source->delivering = j;
	while (j->waiting) {
		struct prom_query *q = j->waiting;
		remove_waiting(q);
		q->done(q->arg, &answer);
		free(q);
	}
	if (j->source)
		j->source->delivering = NULL;
	free_job(j);
}

void prom_cancel(struct prom_query *q)
{
	if (!q)
		return;
	struct job *j = q->job;
	remove_waiting(q);
	free(q);
	if (j->waiting || j->delivering)
		return;
	leave_bucket(j);
	free_job(j);
}

/* --- asking --- */

static uint64_t key_hash(const char *promql, const struct prom_range *r)
{
	const int64_t numbers[] = {r->start_ms, r->end_ms, r->step_ms};
	return hash_text(promql) ^ (hash_bytes(numbers, sizeof(numbers)) * 31);
}

/* The present of an older query is not ours any more: a server that hangs would pass its
 * silence on from cycle to cycle. */
static bool is_past(const struct job *j)
{
	bool now = !j->range.step_ms && j->range.start_ms == PROM_NOW;
	return now && monotonic_ms() - j->begun_ms > PRESENT_MS;
}

static struct job *find_job(struct prom_source *s, uint64_t hash, const char *promql,
			    const struct prom_range *r)
{
	for (struct job *j = s->buckets[hash % JOB_BUCKETS]; j; j = j->next)
		if (j->hash == hash && !is_past(j) && j->range.start_ms == r->start_ms &&
		    j->range.end_ms == r->end_ms && j->range.step_ms == r->step_ms &&
		    !strcmp(j->promql, promql))
			return j;
	return NULL;
}

static struct job *new_job(struct prom_source *s, uint64_t hash, const char *promql,
			   const struct prom_range *r)
{
	struct job *j = xcalloc(1, sizeof(*j));
	j->source = s;
	j->hash = hash;
	j->promql = xstrdup(promql);
	j->range = j->rest = *r;
	j->last = &j->waiting;
	j->begun_ms = monotonic_ms();
	rng_init(&j->rng, hash);
	j->link = &s->buckets[hash % JOB_BUCKETS];
	j->next = *j->link;
	if (j->next)
		j->next->link = &j->next;
	*j->link = j;
	return j;
}

static struct prom_query *wait_for(struct job *j, prom_done *done, void *arg)
{
	struct prom_query *q = xcalloc(1, sizeof(*q));
	*q = (struct prom_query){.job = j, .link = j->last, .done = done, .arg = arg};
	*j->last = q;
	j->last = &q->next;
	return q;
}

static struct prom_query *ask(struct prom_source *s, const char *promql,
			      const struct prom_range *r, prom_done *done, void *arg)
{
	uint64_t hash = key_hash(promql, r);
	struct job *known = find_job(s, hash, promql, r);
	if (known)
		return wait_for(known, done, arg);
	struct job *j = new_job(s, hash, promql, r);
	struct prom_query *q = wait_for(j, done, arg);
	job_start(j);
	return q;
}

struct prom_query *prom_query(struct prom_source *s, const char *promql, int64_t time_ms,
			      prom_done *done, void *arg)
{
	const struct prom_range instant = {.start_ms = time_ms, .end_ms = time_ms};
	return ask(s, promql, &instant, done, arg);
}

struct prom_query *prom_query_range(struct prom_source *s, const char *promql,
				    const struct prom_range *range, prom_done *done,
				    void *arg)
{
	assert(range->step_ms > 0);
	struct prom_range aligned = *range;
	if (!prom_range_align(&aligned))
		aligned.end_ms = aligned.start_ms - 1;
	return ask(s, promql, &aligned, done, arg);
}
