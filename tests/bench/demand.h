/* A trace of demand for the benchmarks that replay one: by the minute, in pods' worth. */
#ifndef FORETOP_TESTS_BENCH_DEMAND_H
#define FORETOP_TESTS_BENCH_DEMAND_H

#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARM_DAYS 7 /* or half of the trace: not scored */
#define ROWS_MAX  10000000

struct load {
	int64_t first_minute;
	int64_t minutes;
	double *values; /* pods' worth of demand by minute */
};

static inline int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* By linear interpolation between ranks. */
static inline double percentile(const double *values, int64_t count, double share)
{
	AUTO_FREE double *sorted = xcalloc((size_t)count, sizeof(*sorted));
	double rank = share * (double)(count - 1);
	int64_t below = (int64_t)rank;

	memcpy(sorted, values, (size_t)count * sizeof(*sorted));
	qsort(sorted, (size_t)count, sizeof(*sorted), by_value);
	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] +
	       (rank - (double)below) * (sorted[below + 1] - sorted[below]);
}

struct rows {
	double *times, *values;
	int64_t count;
};

static inline struct rows read_rows(const char *path)
{
	struct rows rows = {0};
	FILE *file = fopen(path, "r");
	char line[4096];
	int64_t room = 0;

	if (!file)
		return rows;
	while (fgets(line, sizeof(line), file) && rows.count < ROWS_MAX) {
		char *end, *comma = strchr(line, ',');
		double t = strtod(line, &end);

		if (end == line || !comma)
			continue;

		double v = strtod(comma + 1, &end);

		if (end == comma + 1 || isnan(v))
			continue;
		if (rows.count == room) {
			room = room ? 2 * room : 4096;
			rows.times = xrealloc(rows.times, (size_t)room * sizeof(double));
			rows.values =
				xrealloc(rows.values, (size_t)room * sizeof(double));
		}
		rows.times[rows.count] = t;
		rows.values[rows.count++] = fmax(v, 0);
	}
	fclose(file);
	return rows;
}

static inline double median_step(const struct rows *rows)
{
	AUTO_FREE double *steps = xcalloc((size_t)rows->count, sizeof(*steps));

	for (int64_t i = 0; i + 1 < rows->count; i++)
		steps[i] = rows->times[i + 1] - rows->times[i];
	return percentile(steps, rows->count - 1, .5);
}

/* On whole minutes, each with the newest value until then; the 99.9th percentile of the
 * steps is `peak`. */
static inline int load_read(const char *path, double peak, struct load *ret_load)
{
	struct rows rows = read_rows(path);

	if (rows.count < 3) {
		free(rows.times);
		free(rows.values);
		return -1;
	}

	double step = fmax(60, median_step(&rows));
	int64_t repeat = (int64_t)(step / 60);
	double span = rows.times[rows.count - 1] - rows.times[0];
	int64_t steps = (int64_t)ceil((span + 1) / step);
	double *values = xcalloc((size_t)(steps * repeat), sizeof(*values));
	AUTO_FREE double *grid = xcalloc((size_t)steps, sizeof(*grid));

	for (int64_t i = 0, at = 0; i < steps; i++) {
		double t = rows.times[0] + (double)i * step;

		while (at + 1 < rows.count && rows.times[at + 1] <= t)
			at++;
		grid[i] = rows.values[at];
	}

	double unit = percentile(grid, steps, .999) / peak;

	for (int64_t i = 0; i < steps * repeat; i++)
		values[i] = grid[i / repeat] / unit;
	*ret_load = (struct load){(int64_t)(rows.times[0] / 60), steps * repeat, values};
	free(rows.times);
	free(rows.values);
	return 0;
}

/* The first minute that counts. */
static inline int64_t load_scored_from(const struct load *load)
{
	return (int64_t)(fmin(WARM_DAYS, (double)load->minutes / 1440 / 2) * 1440);
}

#endif
