#include "sim/workload.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCRAPES_MAX                                                                      \
	(1u << 18) /* 45 days of scrapes every 15 s; then the older half goes */

double outcome_unserved_ratio(const struct outcome *o)
{
	return o->demand_units > 0 ? o->unserved_units / o->demand_units : 0;
}

/* --- pods --- */

bool world_pod_ready(const struct world_pod *p, int64_t at_ms)
{
	return p->ready_ms <= at_ms;
}

static void add_pod(struct workload *w, int64_t lead_ms)
{
	if (w->pod_count == w->pod_cap) {
		w->pod_cap = w->pod_cap ? w->pod_cap * 2 : 16;
		w->pods = xrealloc(w->pods, (size_t)w->pod_cap * sizeof(*w->pods));
	}
	w->pods[w->pod_count++] = (struct world_pod){
		.serial = w->next_serial++,
		.created_ms = w->now_ms,
		.ready_ms = w->now_ms + lead_ms,
		.work_before = w->work_s,
	};
	w->ready_count += lead_ms <= 0;
	w->changes++;
}

static void remove_pod(struct workload *w, int32_t i)
{
	w->ready_count -= world_pod_ready(&w->pods[i], w->now_ms);
	memmove(&w->pods[i], &w->pods[i + 1],
		(size_t)(w->pod_count - i - 1) * sizeof(*w->pods));
	w->pod_count--;
	w->changes++;
}

static void shrink(struct workload *w)
{
	for (int32_t i = w->pod_count - 1; i >= 0 && w->pod_count > w->replicas; i--)
		if (!world_pod_ready(&w->pods[i], w->now_ms))
			remove_pod(w, i);
	while (w->pod_count > w->replicas)
		remove_pod(w, w->pod_count - 1);
}

static int64_t draw_lead(struct workload *w)
{
	const struct workload_config *c = &w->config;
	double draw = rng_uniform(&w->rng);
	if (c->leads_ms)
		return c->leads_ms[(int32_t)(draw * c->lead_count)];
	return c->lead_ms + (int64_t)(draw * (double)c->lead_jitter_ms);
}

void workload_scale(struct workload *w, int32_t replicas)
{
	if (replicas < 0)
		replicas = 0;
	if (replicas > WORKLOAD_PODS_MAX)
		replicas = WORKLOAD_PODS_MAX;
	int32_t step = abs(replicas - w->replicas);
	w->outcome.actions += step != 0;
	if (step > w->outcome.largest_step)
		w->outcome.largest_step = step;
	w->replicas = replicas;
	while (w->pod_count < replicas)
		add_pod(w, draw_lead(w));
	shrink(w);
}

int32_t workload_ready(const struct workload *w)
{
	return w->ready_count;
}

int64_t workload_next_ready_ms(const struct workload *w)
{
	int64_t next = INT64_MAX;
	if (w->ready_count == w->pod_count)
		return next;
	for (int32_t i = 0; i < w->pod_count; i++)
		if (!world_pod_ready(&w->pods[i], w->now_ms) &&
		    w->pods[i].ready_ms < next)
			next = w->pods[i].ready_ms;
	return next;
}

/* --- life --- */

void workload_init(struct workload *w, const struct workload_config *config,
		   int64_t now_ms)
{
	*w = (struct workload){.config = *config, .now_ms = now_ms};
	struct workload_config *c = &w->config;
	if (!c->scrape_every_ms)
		c->scrape_every_ms = 15 * MS_PER_S;
	if (!c->scrape_delay_ms)
		c->scrape_delay_ms = 5 * MS_PER_S;
	if (c->memory_full < c->memory_idle)
		c->memory_full = c->memory_idle;
	rng_init(&w->rng, c->seed);
	/* The first multiple of the interval that is not in the past. */
	w->first_scrape_ms = (now_ms + c->scrape_every_ms - 1) / c->scrape_every_ms *
			     c->scrape_every_ms;
	while (w->pod_count < c->replicas && w->pod_count < WORKLOAD_PODS_MAX)
		add_pod(w, 0);
	w->replicas = w->pod_count;
}

void workload_fini(struct workload *w)
{
	if (!w)
		return;
	free(w->pods);
	free(w->scraped);
	*w = (struct workload){0};
}

void workload_reset_outcome(struct workload *w)
{
	w->outcome = (struct outcome){0};
}

double workload_utilisation(const struct workload *w)
{
	double demand = trace_at(w->config.demand, w->now_ms);
	if (demand <= 0)
		return 0;
	return demand / (w->ready_count * w->config.capacity);
}

static int64_t next_scrape_ms(const struct workload *w)
{
	return w->first_scrape_ms + w->config.scrape_every_ms * (int64_t)w->scrape_count;
}

static void scrape(struct workload *w)
{
	if (w->scrape_count == SCRAPES_MAX) {
		size_t half = SCRAPES_MAX / 2;
		memmove(w->scraped, w->scraped + half, half * sizeof(*w->scraped));
		w->scrape_count = half;
		w->first_scrape_ms += w->config.scrape_every_ms * (int64_t)half;
	}
	if (w->scrape_count == w->scrape_cap) {
		w->scrape_cap = w->scrape_cap ? w->scrape_cap * 2 : 256;
		w->scraped = xrealloc(w->scraped, w->scrape_cap * sizeof(*w->scraped));
	}
	w->scraped[w->scrape_count++] =
		(struct scraped){.work_s = w->work_s, .cpu_s = w->cpu_s};
}

/* Counts what happens from now to to_ms, while nothing changes. */
static void live(struct workload *w, int64_t to_ms)
{
	const struct workload_config *c = &w->config;
	struct outcome *o = &w->outcome;
	double seconds = (double)(to_ms - w->now_ms) / 1000;
	double demand = trace_at(c->demand, w->now_ms);
	double capacity = w->ready_count * c->capacity;
	double work = fmin(1, workload_utilisation(w)) * seconds;
	o->elapsed_h += seconds / 3600;
	o->pod_h += w->pod_count * seconds / 3600;
	o->demand_units += demand * seconds;
	if (demand > capacity) {
		o->unserved_units += (demand - capacity) * seconds;
		o->short_min += seconds / 60;
	}
	w->work_s += work;
	w->cpu_s += w->pod_count * c->cpu_idle * seconds +
		    w->ready_count * (c->cpu_full - c->cpu_idle) * work;
	w->now_ms = to_ms;
}

static void welcome_ready(struct workload *w)
{
	for (int32_t i = 0; i < w->pod_count; i++) {
		if (w->pods[i].ready_ms != w->now_ms ||
		    w->pods[i].created_ms == w->now_ms)
			continue;
		w->pods[i].work_before = w->work_s;
		w->ready_count++;
		w->changes++;
	}
}

static int64_t min_ms(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void workload_advance(struct workload *w, int64_t to_ms)
{
	const struct trace *demand = w->config.demand;
	while (w->now_ms < to_ms) {
		if (next_scrape_ms(w) == w->now_ms)
			scrape(w);
		int64_t ready = workload_next_ready_ms(w);
		int64_t to = min_ms(min_ms(to_ms, ready), next_scrape_ms(w));
		live(w, min_ms(to, trace_step_end(demand, w->now_ms)));
		if (w->now_ms == ready)
			welcome_ready(w);
	}
	if (next_scrape_ms(w) == w->now_ms)
		scrape(w);
}

/* --- metrics --- */

static bool window(const struct workload *w, int64_t window_ms, int64_t at_ms,
		   int64_t *ret_first_ms, int64_t *ret_last_ms)
{
	const struct scrape s = {w->config.scrape_every_ms, window_ms,
				 w->config.scrape_delay_ms};
	return scrape_window(&s, at_ms, ret_first_ms, ret_last_ms);
}

double workload_requests_rate(const struct workload *w, int64_t window_ms, int64_t at_ms)
{
	const struct scrape s = {w->config.scrape_every_ms, window_ms,
				 w->config.scrape_delay_ms};
	return trace_rate(w->config.demand, &s, at_ms);
}

int64_t workload_scraped_ms(const struct workload *w, int64_t at_ms)
{
	int64_t first, last;
	window(w, w->config.scrape_every_ms, at_ms, &first, &last);
	return last;
}

/* NULL: not recorded. */
static const struct scraped *scraped_at(const struct workload *w, int64_t at_ms)
{
	if (at_ms < w->first_scrape_ms)
		return NULL;
	size_t i = (size_t)((at_ms - w->first_scrape_ms) / w->config.scrape_every_ms);
	return i < w->scrape_count ? &w->scraped[i] : NULL;
}

/* CPU that a pod used up to a scrape. */
static double pod_cpu_at(const struct workload *w, const struct world_pod *p,
			 const struct scraped *s, int64_t at_ms)
{
	const struct workload_config *c = &w->config;
	double seconds = (double)(at_ms - p->created_ms) / 1000;
	double work = world_pod_ready(p, at_ms) ? s->work_s - p->work_before : 0;
	return c->cpu_idle * seconds + (c->cpu_full - c->cpu_idle) * work;
}

struct cpu_window workload_cpu_window(const struct workload *w, int64_t window_ms,
				      int64_t at_ms)
{
	struct cpu_window c;
	c.known = window(w, window_ms, at_ms, &c.first_ms, &c.last_ms);
	return c;
}

double workload_pod_cpu(const struct workload *w, const struct world_pod *p,
			const struct cpu_window *c)
{
	int64_t first = c->first_ms, last = c->last_ms, every = w->config.scrape_every_ms;
	if (!c->known)
		return NAN;
	int64_t oldest =
		p->created_ms > w->first_scrape_ms ? p->created_ms : w->first_scrape_ms;
	if (first < oldest)
		first += (oldest - first + every - 1) / every * every;
	const struct scraped *a = scraped_at(w, first), *b = scraped_at(w, last);
	if (!a || !b || first >= last)
		return NAN;
	return (pod_cpu_at(w, p, b, last) - pod_cpu_at(w, p, a, first)) /
	       ((double)(last - first) / 1000);
}

double workload_cpu_rate(const struct workload *w, int64_t window_ms, int64_t at_ms)
{
	const struct workload_config *c = &w->config;
	int64_t first, last;
	if (!window(w, window_ms, at_ms, &first, &last))
		return NAN;
	const struct scraped *a = scraped_at(w, first), *b = scraped_at(w, last);
	if (a && b)
		return (b->cpu_s - a->cpu_s) / ((double)(last - first) / 1000);
	return workload_requests_rate(w, window_ms, at_ms) / c->capacity *
	       (c->cpu_full - c->cpu_idle);
}

double workload_pod_memory(const struct workload *w, const struct world_pod *p)
{
	const struct workload_config *c = &w->config;
	double work =
		world_pod_ready(p, w->now_ms) ? fmin(1, workload_utilisation(w)) : 0;
	return c->memory_idle + (c->memory_full - c->memory_idle) * work;
}
