#include "sim/trace.h"

#include <math.h>
#include <stdlib.h>

#define STEPS_MAX (10u * 1000 * 1000) /* gaps included */

struct reader {
	int64_t start_ms, step_ms, last_ms;
	double *values;
	size_t count, cap;
};

static int refuse(const struct csv_row *row, const char *what, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s:%d:1: %s: %.15g", row->file, row->line, what,
		       (double)row->t_ms / 1000);
}

static int append(struct reader *r, double value, const struct csv_row *row,
		  struct err *err)
{
	if (r->count >= STEPS_MAX)
		return refuse(row, "too many steps up to the time", err);
	if (r->count == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 4096;
		r->values = xrealloc(r->values, r->cap * sizeof(double));
	}
	r->values[r->count++] = value;
	return 0;
}

static int add_row(void *arg, const struct csv_row *row, struct err *err)
{
	struct reader *r = arg;
	if (r->count == 0)
		r->start_ms = row->t_ms;
	else if (row->t_ms <= r->last_ms)
		return refuse(row, "the time does not ascend", err);
	else if (r->count == 1)
		r->step_ms = row->t_ms - r->last_ms;
	else if ((row->t_ms - r->last_ms) % r->step_ms != 0)
		return refuse(row, "the time is not on the first two lines' step", err);
	/* Steps that were left out. */
	for (; r->count > 1 && r->last_ms + r->step_ms < row->t_ms;
	     r->last_ms += r->step_ms)
		if (append(r, NAN, row, err) < 0)
			return -1;
	r->last_ms = row->t_ms;
	return append(r, row->v, row, err);
}

struct trace *trace_parse(const char *file, const char *text, size_t len,
			  const char *column, struct err *err)
{
	struct csv_source source = {
		.file = file, .text = text, .len = len, .column = column};
	struct reader r = {0};
	if (csv_read(&source, add_row, &r, err) < 0) {
		free(r.values);
		return NULL;
	}
	if (r.count < 2) {
		err_set(err, ERR_INVALID, "%s: fewer than two values", file);
		free(r.values);
		return NULL;
	}
	return trace_new(r.start_ms, r.step_ms, r.values, r.count);
}

struct trace *trace_of_samples(struct sample *samples, size_t count, int64_t step_ms,
			       struct err *err)
{
	samples_sort(samples, count);
	int64_t step = step_ms ? step_ms : samples_step_ms(samples, count);
	int64_t first = samples[0].t_ms, last = samples[count - 1].t_ms;
	if (step < MS_PER_S) {
		err_set(err, ERR_INVALID,
			"fewer than two values, or less than a second apart");
		return NULL;
	}
	int64_t steps = (last - first + step / 2) / step + 1;
	if (steps > (int64_t)STEPS_MAX) {
		err_set(err, ERR_INVALID, "%lld steps of %g s: at most %u are allowed",
			(long long)steps, (double)step / 1000, STEPS_MAX);
		return NULL;
	}
	struct grid grid = {
		.start_ms = first - step / 2, .step_ms = step, .count = (int32_t)steps};
	double *values = xcalloc((size_t)steps, sizeof(double));
	grid_fill(&grid, samples, count, values);
	return trace_new(step_ms ? first - step : first, step, values, (size_t)steps);
}
