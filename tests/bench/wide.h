/* Wide tables of values for the benchmarks: a header line `unix_seconds,NAME,...`, a line
 * of numbers for each step, empty where a value is missing. */
#ifndef FORETOP_TESTS_BENCH_WIDE_H
#define FORETOP_TESTS_BENCH_WIDE_H

#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wide {
	int32_t rows, columns;
	int32_t room;
	double *values; /* owned: column after column, `room` apart */
};

#define WIDE_ROWS_MAX    100000
#define WIDE_COLUMNS_MAX 1000

static inline void wide_line(struct wide *w, char *line)
{
	char *rest = line;

	strsep(&rest, ",\r\n");
	for (int32_t c = 0; c < w->columns; c++) {
		char *field = strsep(&rest, ",\r\n"), *end;
		double v = field ? strtod(field, &end) : NAN;

		w->values[(size_t)c * WIDE_ROWS_MAX + (size_t)w->rows] =
			!field || end == field ? NAN : v;
	}
	w->rows++;
}

/* 0, or -1 when the file cannot be read. */
static inline int wide_read(struct wide *w, const char *name)
{
	FILE *file = fopen(name, "r");
	char *line = NULL;
	size_t room = 0;

	memset(w, 0, sizeof(*w));
	if (!file || getline(&line, &room, file) < 0) {
		fprintf(stderr, "%s: cannot be read\n", name);
		return -1;
	}
	for (const char *at = line; (at = strchr(at, ',')); at++)
		w->columns++;
	if (w->columns > WIDE_COLUMNS_MAX)
		w->columns = WIDE_COLUMNS_MAX;
	w->values = xmalloc((size_t)w->columns * WIDE_ROWS_MAX * sizeof(double));
	while (w->rows < WIDE_ROWS_MAX && getline(&line, &room, file) >= 0)
		wide_line(w, line);
	free(line);
	fclose(file);
	return 0;
}

static inline const double *wide_column(const struct wide *w, int32_t c)
{
	return w->values + (size_t)c * WIDE_ROWS_MAX;
}

static inline const char *wide_base(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

#endif
