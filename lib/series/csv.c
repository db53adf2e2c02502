#include "series/csv.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_SECONDS_MAX 1e11 /* beyond it people give milliseconds */

struct reader {
	const struct csv_source *source;
	const char *at;
	int line;
	int field; /* of the value; the time is field 0 */
};

/* A line, or a field of one. */
struct span {
	const char *text;
	size_t len;
};

/* The next line without its end; false behind the last one. */
static bool next_line(struct reader *r, struct span *ret_line)
{
	const char *end = r->source->text + r->source->len;
	if (r->at >= end)
		return false;
	const char *stop = memchr(r->at, '\n', (size_t)(end - r->at));
	if (!stop)
		stop = end;
	size_t len = (size_t)(stop - r->at);
	if (len && r->at[len - 1] == '\r')
		len--;
	*ret_line = (struct span){r->at, len};
	r->at = stop + 1;
	r->line++;
	return true;
}

static bool is_padding(char c)
{
	return c == ' ' || c == '\t' || c == '"';
}

/* Field number i without blanks and quotes around it; false: there is none. */
static bool find_field(struct span line, int i, struct span *ret_field)
{
	const char *at = line.text, *end = line.text + line.len;
	for (; i > 0; i--) {
		at = memchr(at, ',', (size_t)(end - at));
		if (!at)
			return false;
		at++;
	}
	const char *stop = memchr(at, ',', (size_t)(end - at));
	if (!stop)
		stop = end;
	while (at < stop && is_padding(*at))
		at++;
	while (at < stop && is_padding(stop[-1]))
		stop--;
	*ret_field = (struct span){at, (size_t)(stop - at)};
	return true;
}

static bool read_number(struct span field, double *ret_value)
{
	char text[64], *end;
	if (!field.len || field.len >= sizeof(text))
		return false;
	memcpy(text, field.text, field.len);
	text[field.len] = '\0';
	*ret_value = strtod(text, &end);
	return end == text + field.len;
}

#define SHOWN_MAX 60 /* of a field that is refused */

/* What a terminal would take for a command, or not for a letter, is shown as '?'. */
static const char *show(struct span field, char buf[SHOWN_MAX + 1])
{
	size_t shown = field.len < SHOWN_MAX ? field.len : SHOWN_MAX;
	for (size_t i = 0; i < shown; i++)
		buf[i] = (char)(isprint((unsigned char)field.text[i]) ? field.text[i]
								      : '?');
	buf[shown] = '\0';
	return buf;
}

static int refuse(const struct reader *r, struct span line, struct span field,
		  const char *what, struct err *err)
{
	char shown[SHOWN_MAX + 1];
	return err_set(err, ERR_INVALID, "%s:%d:%d: %s \"%s\"", r->source->file, r->line,
		       (int)(field.text - line.text) + 1, what, show(field, shown));
}

static int find_column(struct reader *r, struct span line, struct err *err)
{
	const char *column = r->source->column;
	struct span name;
	for (int i = 1; find_field(line, i, &name); i++) {
		if (name.len == strlen(column) && !memcmp(name.text, column, name.len)) {
			r->field = i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "%s:%d:1: no column \"%s\" in the header line",
		       r->source->file, r->line, column);
}

static int read_row(const struct reader *r, struct span line, struct csv_row *ret_row,
		    struct err *err)
{
	struct span time, value;
	double seconds, v = NAN;
	find_field(line, 0, &time);
	if (!read_number(time, &seconds) || !isfinite(seconds))
		return refuse(r, line, time, "not a time in Unix seconds:", err);
	if (fabs(seconds) >= UNIX_SECONDS_MAX)
		return refuse(
			r, line, time,
			"not a time in Unix seconds (are these milliseconds?):", err);
	if (!find_field(line, r->field, &value))
		return err_set(err, ERR_INVALID, "%s:%d:%zu: no value behind the time",
			       r->source->file, r->line, line.len + 1);
	if (value.len && !read_number(value, &v))
		return refuse(r, line, value, "not a value:", err);
	if (isinf(v))
		return refuse(r, line, value, "not a finite value:", err);
	*ret_row = (struct csv_row){.file = r->source->file,
				    .line = r->line,
				    .t_ms = llround(seconds * 1000),
				    .v = v};
	return 0;
}

static bool is_header(struct span line)
{
	struct span first;
	double number;
	find_field(line, 0, &first);
	return !read_number(first, &number);
}

/* Spreadsheets begin their UTF-8 with a mark that would make a time a name. */
static size_t mark_length(const struct csv_source *source)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t len = sizeof(mark) - 1;
	return source->len >= len && !memcmp(source->text, mark, len) ? len : 0;
}

int csv_read(const struct csv_source *source, csv_take *take, void *arg, struct err *err)
{
	size_t skip = mark_length(source);
	struct reader r = {.source = source, .at = source->text + skip, .field = 1};
	struct span line;
	bool first = true;
	while (next_line(&r, &line)) {
		if (!line.len || *line.text == '#')
			continue;
		bool header = first && is_header(line);
		if (first && source->column && !header)
			return err_set(err, ERR_INVALID,
				       "%s:%d:1: no header line that names \"%s\"",
				       source->file, r.line, source->column);
		first = false;
		if (header && source->column && find_column(&r, line, err) < 0)
			return -1;
		struct csv_row row;
		if (!header &&
		    (read_row(&r, line, &row, err) < 0 || take(arg, &row, err) < 0))
			return -1;
	}
	return 0;
}
