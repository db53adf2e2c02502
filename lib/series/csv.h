/* Times and values from a table in CSV. */
#ifndef FORETOP_SERIES_CSV_H
#define FORETOP_SERIES_CSV_H

#include "base/base.h"

#include <stddef.h>

struct csv_row {
	const char *file; /* for messages; borrowed */
	int line;         /* from 1 */
	int64_t t_ms;     /* milliseconds since the epoch */
	double v;         /* NaN: the field is empty or says nan */
};

/* Takes a row; 0, or -1 with *err, which ends the reading. */
typedef int csv_take(void *arg, const struct csv_row *row, struct err *err);

/* Reads lines `unix_seconds,value`, or, with `column`, a wide table whose header line
 * names it (the first column is the time; without `column` the second one is the value).
 * Fractions of a second are allowed. Blank lines and lines that begin with # are skipped,
 * a header line is recognised by its first field. `file` is for messages. Every row goes
 * to `take`, in the order of the text. 0, or -1 with *err: that of `take`, or ERR_INVALID
 * that names file, line and column: "load.csv:7:12: not a value: \"3x\"". */
struct csv_source {
	const char *file, *text;
	size_t len;
	const char *column; /* or NULL */
};
int csv_read(const struct csv_source *source, csv_take *take, void *arg, struct err *err);

#endif
