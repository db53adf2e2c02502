#include "serve/past.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void pasts_fini(struct pasts *p)
{
	for (int32_t i = 0; i < p->count; i++) {
		if (p->items[i])
			free(p->items[i]->key);
		free(p->items[i]);
	}
	free(p->items);
	*p = (struct pasts){0};
}

int32_t past_metric(const struct policy_status *s)
{
	for (int32_t m = 0; s->policy && m < s->policy->metric_count; m++)
		if (s->metrics[m].forecast_on)
			return m;
	return s->policy ? 0 : -1;
}

/* A key is "namespace/name/metric". */
static const char *metric_of(const struct policy_status *s)
{
	int32_t m = past_metric(s);
	return m < 0 ? "" : s->policy->metrics[m].name;
}

static char *key_of(const struct policy_status *s)
{
	return xasprintf("%s/%s/%s", s->ns, s->name, metric_of(s));
}

/* What stands behind `part` and a slash at the front of the key; NULL: another. */
static const char *behind(const char *key, const char *part)
{
	size_t len = strlen(part);
	return !strncmp(key, part, len) && key[len] == '/' ? key + len + 1 : NULL;
}

/* Is it the key of this policy? Names hold no slash, and no key is built. */
static bool is_key_of(const char *key, const struct policy_status *s)
{
	const char *name = behind(key, s->ns);
	const char *metric = name ? behind(name, s->name) : NULL;
	return metric && !strcmp(metric, metric_of(s));
}

static void grow(struct pasts *p, int32_t count)
{
	p->items = xrealloc(p->items, (size_t)count * sizeof(*p->items));
	memset(p->items + p->count, 0, (size_t)(count - p->count) * sizeof(*p->items));
	p->count = count;
}

/* Points that a ring may have when there are so many places. */
static int32_t points_of(int32_t places)
{
	int64_t points = PASTS_BYTES / (int64_t)sizeof(struct past_point) / places;
	if (points > PAST_POINTS)
		return PAST_POINTS;
	return points < PAST_POINTS_MIN ? PAST_POINTS_MIN : (int32_t)points;
}

static struct past *past_new(int32_t cap)
{
	struct past *p = xcalloc(1, sizeof(*p) + (size_t)cap * sizeof(p->points[0]));
	p->cap = cap;
	return p;
}

/* As much of the newest as still has room. */
static struct past *shrink(struct past *from, int32_t cap)
{
	struct past *to = past_new(cap);
	int32_t count = from->count < cap ? from->count : cap;
	to->key = from->key;
	to->serial = from->serial;
	to->metric = from->metric;
	to->count = count;
	for (int32_t i = 0; i < count; i++)
		to->points[i] = *past_at(from, from->count - count + i);
	free(from);
	return to;
}

/* The ring of this place for this policy, emptied when it was another one's. */
static struct past *take(struct pasts *p, int32_t i, const struct policy_status *s)
{
	if (i >= p->count)
		grow(p, i + 1);
	int32_t cap = points_of(p->count);
	if (!p->items[i])
		p->items[i] = past_new(cap);
	if (p->items[i]->cap > cap)
		p->items[i] = shrink(p->items[i], cap);
	struct past *past = p->items[i];
	int32_t m = past_metric(s);
	/* Asked of all policies in each cycle: most of the time without looking at texts,
	 * which are in no cache. */
	if (s->serial && past->serial == s->serial && past->metric == m)
		return past;
	past->serial = s->serial;
	past->metric = m;
	if (past->key && is_key_of(past->key, s))
		return past;
	free(past->key);
	past->key = key_of(s);
	past->first = past->count = 0;
	return past;
}

/* i in [0, count]: at count where the next one goes, when there is room. */
static int32_t index_of(const struct past *p, int32_t i)
{
	return (p->first + i) % p->cap;
}

const struct past_point *past_at(const struct past *p, int32_t i)
{
	return &p->points[index_of(p, i)];
}

int64_t past_point_ms(const struct past_point *p)
{
	return (int64_t)p->step * PAST_STEP_MS;
}

static struct past_point point_of(const struct policy_status *s, uint32_t step)
{
	int32_t m = past_metric(s);
	struct past_point now = {
		.step = step,
		.demand = NAN,
		.mean = NAN,
		.upper = NAN,
		.current = s->current,
		.desired = s->desired,
		.ready = s->ready_pods,
	};
	if (m < 0)
		return now;
	const struct metric_status *metric = &s->metrics[m];
	if (metric->known)
		now.demand = (float)metric->current;
	if (metric->forecast_on && metric->forecast.state == FORECAST_READY) {
		now.mean = (float)metric->forecast.mean;
		now.upper = (float)metric->forecast.upper;
	}
	return now;
}

/* The same two minutes again. */
static void merge(struct past_point *p, const struct past_point *now)
{
	float demand = fmaxf(p->demand, now->demand); /* ignores NaN */
	int32_t ready = p->ready < now->ready ? p->ready : now->ready;
	*p = *now;
	p->demand = demand;
	p->ready = ready;
}

void pasts_add(struct pasts *p, int32_t i, const struct policy_status *s, int64_t now_ms)
{
	if (!s->decided_ms)
		return;
	struct past *past = take(p, i, s);
	struct past_point now = point_of(s, (uint32_t)(now_ms / PAST_STEP_MS));
	struct past_point *last = NULL;
	if (past->count)
		last = &past->points[index_of(past, past->count - 1)];
	if (last && now.step <= last->step) {
		now.step = last->step; /* the clock was put back: time goes on here */
		merge(last, &now);
		return;
	}
	if (past->count == past->cap) {
		past->first = index_of(past, 1);
		past->count--;
	}
	past->points[index_of(past, past->count++)] = now;
}

const struct past *pasts_find(const struct pasts *p, int32_t i,
			      const struct policy_status *s)
{
	if (i >= p->count || !p->items[i] || !p->items[i]->key ||
	    !is_key_of(p->items[i]->key, s))
		return NULL;
	return p->items[i];
}
