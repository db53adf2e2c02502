/* Columns as kubectl prints them: widths are those of the longest cell, and rows that are
 * printed later keep to them. */
#ifndef FORETOP_TABLE_H
#define FORETOP_TABLE_H

#include "base/base.h"

#define TABLE_COLUMNS 20

struct table {
	int columns;
	size_t widths[TABLE_COLUMNS];
	char **cells; /* of the rows that wait; owned */
	size_t count, cap;
};

/* columns in [1, TABLE_COLUMNS]. */
void table_init(struct table *t, int columns);
/* Accepts zeroed. */
void table_fini(struct table *t);
/* The next cell, from left to right; copied. NULL and "" are "<none>". */
void table_cell(struct table *t, const char *text);
void table_cellf(struct table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Appends the rows that wait, each behind `indent`, and forgets them. */
void table_print(struct table *t, const char *indent, struct str *out);

/* A span of time as kubectl writes an age: "45s", "5m30s", "150m", "3h20m", "26h",
 * "3d4h", "20d", "2y". Negative is "0s". size 24 suffices. Returns buf. */
char *age_format(int64_t ms, char *buf, size_t size);

#endif
