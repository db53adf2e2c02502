#include "sim/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX (10u * 1000 * 1000) /* gaps included */

struct reader {
	const char *file, *at, *end;
	int line;
	int column; /* of the value, the time is 0 */
	int64_t start_ms, step_ms, last_ms;
	double *values;
	size_t count, cap;
};

/* The next line without its end; false behind the last one. */
static bool next_line(struct reader *r, const char **ret_text, size_t *ret_len)
{
	if (r->at >= r->end)
		return false;
	const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
	if (!stop)
		stop = r->end;
	size_t len = (size_t)(stop - r->at);
	*ret_text = r->at;
	*ret_len = len && r->at[len - 1] == '\r' ? len - 1 : len;
	r->at = stop + 1;
	r->line++;
	return true;
}

/* Field number i as a new string without blanks and quotes around it; NULL: there is
 * none. */
static char *field(const char *line, size_t len, int i)
{
	const char *end = line + len;
	for (; i > 0; i--) {
		line = memchr(line, ',', (size_t)(end - line));
		if (!line)
			return NULL;
		line++;
	}
	const char *stop = memchr(line, ',', (size_t)(end - line));
	if (!stop)
		stop = end;
	while (line < stop && strchr(" \t\"", *line))
		line++;
	while (line < stop && strchr(" \t\"", stop[-1]))
		stop--;
	return xstrndup(line, (size_t)(stop - line));
}

static bool read_number(const char *text, double *ret_value)
{
	char *end;
	*ret_value = strtod(text, &end);
	return *text && !*end;
}

static int refuse(const struct reader *r, struct err *err, const char *what,
		  const char *text)
{
	return err_set(err, ERR_INVALID, "%s:%d: %s \"%s\"", r->file, r->line, what,
		       text);
}

static int find_column(struct reader *r, const char *line, size_t len, const char *column,
		       struct err *err)
{
	for (int i = 1;; i++) {
		char *name AUTO_FREE = field(line, len, i);
		if (!name)
			return refuse(r, err, "no column", column);
		if (strcmp(name, column) == 0) {
			r->column = i;
			return 0;
		}
	}
}

static int append(struct reader *r, double value, const char *time, struct err *err)
{
	if (r->count >= STEPS_MAX)
		return refuse(r, err, "too many steps up to", time);
	if (r->count == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 4096;
		r->values = xrealloc(r->values, r->cap * sizeof(double));
	}
	r->values[r->count++] = value;
	return 0;
}

static int add_row(struct reader *r, int64_t at_ms, double value, const char *time,
		   struct err *err)
{
	if (r->count == 0)
		r->start_ms = at_ms;
	else if (at_ms <= r->last_ms)
		return refuse(r, err, "the time does not ascend:", time);
	else if (r->count == 1)
		r->step_ms = at_ms - r->last_ms;
	else if ((at_ms - r->last_ms) % r->step_ms != 0)
		return refuse(r, err,
			      "the time is not on the first two lines' step:", time);
	/* Steps that were left out. */
	for (; r->count > 1 && r->last_ms + r->step_ms < at_ms; r->last_ms += r->step_ms)
		if (append(r, NAN, time, err) < 0)
			return -1;
	r->last_ms = at_ms;
	return append(r, value, time, err);
}

static int read_row(struct reader *r, const char *line, size_t len, struct err *err)
{
	char *time AUTO_FREE = field(line, len, 0);
	char *text AUTO_FREE = field(line, len, r->column);
	double seconds, value = NAN;
	if (!read_number(time, &seconds) || !(fabs(seconds) < 1e11))
		return refuse(r, err, "not a time in Unix seconds:", time);
	if (!text)
		return refuse(r, err, "no value at", time);
	if (*text && !read_number(text, &value))
		return refuse(r, err, "not a value:", text);
	if (isinf(value))
		return refuse(r, err, "not a finite value:", text);
	return add_row(r, llround(seconds * 1000), value, time, err);
}

static bool is_header(const char *line, size_t len)
{
	char *first AUTO_FREE = field(line, len, 0);
	double number;
	return !read_number(first, &number);
}

static int read_all(struct reader *r, const char *column, struct err *err)
{
	const char *line;
	size_t len;
	bool first = true;
	while (next_line(r, &line, &len)) {
		if (len == 0 || *line == '#')
			continue;
		bool header = first && is_header(line, len);
		if (first && column && !header)
			return refuse(r, err, "no header line that names", column);
		first = false;
		if (header && column && find_column(r, line, len, column, err) < 0)
			return -1;
		if (!header && read_row(r, line, len, err) < 0)
			return -1;
	}
	if (r->count < 2)
		return err_set(err, ERR_INVALID, "%s:%d: fewer than two values", r->file,
			       r->line);
	return 0;
}

struct trace *trace_parse(const char *file, const char *text, size_t len,
			  const char *column, struct err *err)
{
	struct reader r = {.file = file, .at = text, .end = text + len, .column = 1};
	if (read_all(&r, column, err) < 0) {
		free(r.values);
		return NULL;
	}
	return trace_new(r.start_ms, r.step_ms, r.values, r.count);
}
