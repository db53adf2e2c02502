/* foretop get: its flags and how a policy is printed, once or again and again. */
#ifndef FORETOP_GET_H
#define FORETOP_GET_H

#include "table.h"
#include "view.h"

enum get_output { GET_TABLE, GET_WIDE, GET_JSON, GET_YAML, GET_NAME };

struct get {
	struct cluster_flags flags;
	struct cluster cluster;
	const char *selector; /* -l; NULL: all */
	enum get_output output;
	bool watch, no_headers;
	struct table table;
	bool headed;    /* the header has been added */
	struct str out; /* what waits to be printed */
};

/* Adds one row, or one object; get_flush prints what was added. */
void get_add(struct get *g, const struct view *v);
void get_flush(struct get *g);
/* What of a policy a row shows, its age apart: equal rows need not be printed again. The
 * caller frees. */
char *get_row_key(const struct get *g, const struct view *v);
/* Prints policies as they are and then every change, until the process is ended. -1 with
 * *err when it cannot begin. */
int get_watch(struct get *g, struct err *err);

#endif
