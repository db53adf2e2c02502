/* Where a command takes a workload's past demand from: a table in CSV, or a range query.
 */
#ifndef FORETOP_DEMAND_H
#define FORETOP_DEMAND_H

#include "series/series.h"

struct demand_source {
	const char *input;  /* CSV file, "-" standard input; NULL: the query */
	const char *column; /* of a wide table, or NULL */
	const char *query;  /* PromQL of one series */
	/* The server: an address, or a source of a controller's configuration file. */
	const char *prometheus_url, *config, *source;
	int64_t history_ms; /* how far the query reaches back */
	int64_t step_ms;    /* of the query; 0: a minute, or five from four days on */
	int64_t at_ms;      /* samples after it are left out; INT64_MAX: none */
};

struct demand {
	struct sample *items; /* in the order in which they came; owned */
	size_t count, cap;
	int64_t step_ms; /* of the query; 0: of a file, any */
};

/* Flags that say nothing of such a source are refused: 0, or -1 with *err. file_flag: of
 * `input`, "--trace". */
int demand_source_check(const struct demand_source *from, const char *file_flag,
			struct err *err);
/* 0, or -1 with *err. The caller frees the result (demand_fini). */
int demand_load(const struct demand_source *from, struct demand *ret_demand,
		struct err *err);
/* Accepts zeroed. */
void demand_fini(struct demand *d);

#endif
