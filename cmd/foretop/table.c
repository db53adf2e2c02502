#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP 3

void table_init(struct table *t, int columns)
{
	*t = (struct table){.columns = columns};
}

static void forget(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	t->count = 0;
}

void table_fini(struct table *t)
{
	forget(t);
	free(t->cells);
	*t = (struct table){0};
}

/* Characters of UTF-8 text. */
static size_t width_of(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_cell(struct table *t, const char *text)
{
	size_t column = t->count % (size_t)t->columns;
	const char *shown = text && *text ? text : "<none>";
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->cells = xrealloc(t->cells, t->cap * sizeof(t->cells[0]));
	}
	t->cells[t->count++] = xstrdup(shown);
	if (width_of(shown) > t->widths[column])
		t->widths[column] = width_of(shown);
}

void table_cellf(struct table *t, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	table_cell(t, text);
}

void table_print(struct table *t, const char *indent, struct str *out)
{
	for (size_t i = 0; i < t->count; i++) {
		size_t column = i % (size_t)t->columns;
		bool last = column + 1 == (size_t)t->columns;
		size_t pad = t->widths[column] + GAP - width_of(t->cells[i]);
		str_printf(out, "%s%s%*s", column ? "" : indent, t->cells[i],
			   last ? 0 : (int)pad, "");
		if (last)
			str_puts(out, "\n");
	}
	forget(t);
}

/* As kubectl: two units where the second one still says something. */
char *age_format(int64_t ms, char *buf, size_t size)
{
	long long s = ms < 0 ? 0 : ms / MS_PER_S, m = s / 60, h = m / 60, d = h / 24;
	if (s < 120)
		snprintf(buf, size, "%llds", s);
	else if (m < 10)
		snprintf(buf, size, s % 60 ? "%lldm%llds" : "%lldm", m, s % 60);
	else if (h < 3)
		snprintf(buf, size, "%lldm", m);
	else if (h < 8)
		snprintf(buf, size, m % 60 ? "%lldh%lldm" : "%lldh", h, m % 60);
	else if (h < 48)
		snprintf(buf, size, "%lldh", h);
	else if (d < 8)
		snprintf(buf, size, h % 24 ? "%lldd%lldh" : "%lldd", d, h % 24);
	else if (d < 730)
		snprintf(buf, size, "%lldd", d);
	else
		snprintf(buf, size, "%lldy", d / 365);
	return buf;
}
