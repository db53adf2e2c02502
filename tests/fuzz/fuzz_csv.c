/* Tables in CSV: rows in the order of the text, never more than lines, times and values
 * that are numbers, and refusals that name the place. */
#include "fuzz/fuzz.h"

#include "series/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "load.csv"

struct seen {
	int rows, line;
	int stop_at; /* `take` refuses this row; 0: none */
};

static int take(void *arg, const struct csv_row *row, struct err *err)
{
	struct seen *seen = arg;
	must(row->line > seen->line, "line %d after %d", row->line, seen->line);
	must_equal(row->file, FILE_NAME);
	must(llabs(row->t_ms) <= INT64_C(100000000000000), "%lld", (long long)row->t_ms);
	must(isnan(row->v) || isfinite(row->v), "%g", row->v);
	seen->line = row->line;
	if (++seen->rows == seen->stop_at)
		return err_set(err, ERR_CONFLICT, "enough");
	return 0;
}

static int lines_of(const uint8_t *data, size_t size)
{
	int lines = 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || i + 1 == size;
	return lines;
}

static void check(const struct csv_source *source, int stop_at)
{
	struct seen seen = {.stop_at = stop_at};
	struct err err = {0};
	int line = 0, column = 0,
	    lines = lines_of((const uint8_t *)source->text, source->len);
	int result = csv_read(source, take, &seen, &err);
	must(seen.rows <= lines && seen.line <= lines, "%d rows of %d lines, last %d",
	     seen.rows, lines, seen.line);
	if (stop_at && seen.rows == stop_at) {
		must(result < 0 && err.code == ERR_CONFLICT, "went on");
		return;
	}
	if (result == 0)
		return;
	must_explain(&err);
	must(err.code == ERR_INVALID, "code %d", (int)err.code);
	must(sscanf(err.msg, FILE_NAME ":%d:%d: ", &line, &column) == 2, "%s", err.msg);
	must(line > seen.line && line <= lines && column >= 1 &&
		     (size_t)column <= source->len + 1,
	     "%s", err.msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_source source = {
		.file = FILE_NAME, .text = (const char *)data, .len = size};
	check(&source, 0);
	check(&source, 2);
	source.column = "load";
	check(&source, 0);
	return 0;
}
