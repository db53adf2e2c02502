/* Demand over time: what arrives at a service, in units per second, constant within a
 * step (a line between points would give the next point away). Pure. */
#ifndef FORETOP_SIM_TRACE_H
#define FORETOP_SIM_TRACE_H

#include "series/series.h"

#include <stdbool.h>

struct trace {
	int64_t start_ms, step_ms; /* step_ms > 0 */
	double *values;            /* count values >= 0; owned */
	double *sums; /* count + 1: units that arrived before each step; owned */
	bool *known;  /* count: false where a value was missing; owned */
	size_t count;
};

/* Takes over `values` (heap, count >= 1). Missing values (NaN) become the last known one,
 * at the beginning the first known one, negative ones 0. */
struct trace *trace_new(int64_t start_ms, int64_t step_ms, double *values, size_t count);
/* Multiplies every value; factor > 0. */
void trace_scale(struct trace *t, double factor);
/* The value below which `share` of the steps lie, share in [0, 1]: by linear
 * interpolation between ranks. */
double trace_percentile(const struct trace *t, double share);
/* Steps whose value was missing. */
size_t trace_missing(const struct trace *t);
/* Accepts NULL. */
void trace_free(struct trace *t);
void trace_cleanup(struct trace **t);

/* Reads CSV text: lines `unix_seconds,value`, or, with `column`, a wide table whose
 * header line names it (the first column is the time). Blank lines and lines that begin
 * with # are skipped, a header line is recognised by its first field. Times ascend by one
 * constant step; steps left out are gaps. `file` is for messages. NULL with *err =
 * ERR_INVALID that names file and line. */
struct trace *trace_parse(const char *file, const char *text, size_t len,
			  const char *column, struct err *err);

/* From samples as they came, in any order and with a step that may drift a little: each
 * in the middle of its place on a regular grid, so that small drifts do not leave holes.
 * step_ms > 0: the samples of a query with that step, which speak of the step that ends
 * at their time; 0: those of a table, which speak of the one that begins there, and the
 * step is their usual one. Sorts the samples. NULL with *err = ERR_INVALID: steps below
 * a second, or too many. */
struct trace *trace_of_samples(struct sample *samples, size_t count, int64_t step_ms,
			       struct err *err);

/* Two weeks and more of a plausible shop: a daily profile (quiet night, steep ramp within
 * half an hour in the morning, dip at lunch, evening peak), weaker weekends, slow drift
 * and noise by seed. */
/* A crowd that no day before has seen: demand times `factor`, reached over rise_ms, kept
 * for hold_ms, gone over fall_ms. */
struct shop_burst {
	int64_t at_ms;
	int64_t rise_ms, hold_ms, fall_ms; /* > 0 */
	double factor;                     /* 0: there is none */
};
struct shop_config {
	int64_t start_ms; /* should be a midnight UTC; the ramp is at 08:00 UTC */
	int64_t step_ms;  /* usually a minute */
	size_t count;     /* steps */
	double peak;      /* typical demand at a weekday's peak, units per second */
	double noise;     /* relative standard deviation of a step, usually 0.03 */
	uint64_t seed;
	struct shop_burst burst;
};
struct trace *trace_shop(const struct shop_config *config);

int64_t trace_end_ms(const struct trace *t);
/* Demand at a moment; before the start and after the end the trace repeats by whole days
 * (by its whole length when it is shorter than a day). */
double trace_at(const struct trace *t, int64_t at_ms);
/* When the step that holds a moment ends; later than at_ms. */
int64_t trace_step_end(const struct trace *t, int64_t at_ms);
/* The last value that is known at a moment: that of the newest step that has ended. */
double trace_known(const struct trace *t, int64_t at_ms);
/* Mean demand over [from_ms, to_ms), exact; to_ms > from_ms. */
double trace_mean(const struct trace *t, int64_t from_ms, int64_t to_ms);
/* Largest demand within (from_ms, to_ms]: what a perfect forecast would say. */
double trace_max(const struct trace *t, int64_t from_ms, int64_t to_ms);

/* What rate(x[window]) says at a moment about a counter of this demand that is scraped
 * every every_ms (at whole multiples) and evaluated delay_ms late: the mean between the
 * oldest and the newest scrape in the window. NaN when it holds fewer than two, or while
 * any value between them is missing: nobody knows it there. */
struct scrape {
	int64_t every_ms, window_ms, delay_ms;
};
double trace_rate(const struct trace *t, const struct scrape *scrape, int64_t at_ms);
/* The scrapes that such a window holds: false when they are fewer than two. */
bool scrape_window(const struct scrape *scrape, int64_t at_ms, int64_t *ret_first_ms,
		   int64_t *ret_last_ms);

#endif
