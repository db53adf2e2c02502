#include "sim/trace.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Towards minus infinity; b > 0. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct trace *trace_new(int64_t start_ms, int64_t step_ms, double *values, size_t count)
{
	assert(count > 0 && step_ms > 0);
	struct trace *t = xmalloc(sizeof(*t));
	*t = (struct trace){.start_ms = start_ms,
			    .step_ms = step_ms,
			    .values = values,
			    .sums = xcalloc(count + 1, sizeof(double)),
			    .known = xcalloc(count, sizeof(bool)),
			    .count = count};
	double last = 0;
	for (size_t i = 0; i < count; i++) {
		if (!isnan(values[i])) {
			last = values[i];
			break;
		}
	}
	for (size_t i = 0; i < count; i++) {
		t->known[i] = !isnan(values[i]);
		if (t->known[i])
			last = values[i] > 0 ? values[i] : 0;
		values[i] = last;
		t->sums[i + 1] = t->sums[i] + last * (double)step_ms / 1000;
	}
	return t;
}

void trace_scale(struct trace *t, double factor)
{
	for (size_t i = 0; i < t->count; i++) {
		t->values[i] *= factor;
		t->sums[i + 1] = t->sums[i] + t->values[i] * (double)t->step_ms / 1000;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double trace_percentile(const struct trace *t, double share)
{
	double *sorted AUTO_FREE = xcalloc(t->count, sizeof(double));
	double rank = share * (double)(t->count - 1);
	size_t below = (size_t)rank;
	memcpy(sorted, t->values, t->count * sizeof(double));
	qsort(sorted, t->count, sizeof(double), by_value);
	if (below + 1 >= t->count)
		return sorted[t->count - 1];
	return sorted[below] +
	       (rank - (double)below) * (sorted[below + 1] - sorted[below]);
}

size_t trace_missing(const struct trace *t)
{
	size_t missing = 0;
	for (size_t i = 0; i < t->count; i++)
		missing += !t->known[i];
	return missing;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	free(t->values);
	free(t->sums);
	free(t->known);
	free(t);
}

void trace_cleanup(struct trace **t)
{
	trace_free(*t);
}

int64_t trace_end_ms(const struct trace *t)
{
	return t->start_ms + t->step_ms * (int64_t)t->count;
}

/* --- repetition --- */

static int64_t period(const struct trace *t)
{
	int64_t length = t->step_ms * (int64_t)t->count;
	return length >= MS_PER_DAY ? length / MS_PER_DAY * MS_PER_DAY : length;
}

/* How many periods at_ms lies outside: negative before the start. Exactly the end is
 * outside. */
static int64_t periods_outside(const struct trace *t, int64_t at_ms)
{
	if (at_ms < t->start_ms)
		return floor_div(at_ms - t->start_ms, period(t));
	if (at_ms >= trace_end_ms(t))
		return floor_div(at_ms - trace_end_ms(t), period(t)) + 1;
	return 0;
}

static size_t index_at(const struct trace *t, int64_t at_ms)
{
	at_ms -= periods_outside(t, at_ms) * period(t);
	return (size_t)((at_ms - t->start_ms) / t->step_ms);
}

double trace_at(const struct trace *t, int64_t at_ms)
{
	return t->values[index_at(t, at_ms)];
}

int64_t trace_step_end(const struct trace *t, int64_t at_ms)
{
	int64_t origin = t->start_ms + periods_outside(t, at_ms) * period(t);
	return origin + ((at_ms - origin) / t->step_ms + 1) * t->step_ms;
}

double trace_known(const struct trace *t, int64_t at_ms)
{
	return trace_at(t, at_ms - t->step_ms);
}

/* Units that arrived from the start to at_ms, which lies inside. */
static double sum_inside(const struct trace *t, int64_t at_ms)
{
	int64_t offset = at_ms - t->start_ms;
	size_t i = (size_t)(offset / t->step_ms);
	double rest = (double)(offset % t->step_ms) / 1000;
	return t->sums[i] + (i < t->count ? t->values[i] * rest : 0);
}

/* The same for any time; negative before the start. */
static double sum_at(const struct trace *t, int64_t at_ms)
{
	int64_t n = periods_outside(t, at_ms), p = period(t);
	int64_t inside = at_ms - n * p;
	if (n == 0)
		return sum_inside(t, inside);
	/* A period repeats from the end of the trace, or before its start. */
	double once = n < 0 ? sum_inside(t, t->start_ms + p)
			    : t->sums[t->count] - sum_inside(t, trace_end_ms(t) - p);
	return sum_inside(t, inside) + (double)n * once;
}

double trace_mean(const struct trace *t, int64_t from_ms, int64_t to_ms)
{
	double seconds = (double)(to_ms - from_ms) / 1000;
	return (sum_at(t, to_ms) - sum_at(t, from_ms)) / seconds;
}

double trace_max(const struct trace *t, int64_t from_ms, int64_t to_ms)
{
	double max = 0;
	for (int64_t at = from_ms + 1; at <= to_ms; at = trace_step_end(t, at))
		max = fmax(max, trace_at(t, at));
	return max;
}

/* --- scrapes --- */

bool scrape_window(const struct scrape *scrape, int64_t at_ms, int64_t *ret_first_ms,
		   int64_t *ret_last_ms)
{
	int64_t end = at_ms - scrape->delay_ms, every = scrape->every_ms;
	*ret_last_ms = floor_div(end, every) * every;
	*ret_first_ms = (floor_div(end - scrape->window_ms, every) + 1) * every;
	return *ret_first_ms < *ret_last_ms;
}

double trace_rate(const struct trace *t, const struct scrape *scrape, int64_t at_ms)
{
	int64_t first, last;
	if (!scrape_window(scrape, at_ms, &first, &last))
		return NAN;
	for (int64_t at = first; at < last; at = trace_step_end(t, at))
		if (!t->known[index_at(t, at)])
			return NAN;
	return trace_mean(t, first, last);
}
