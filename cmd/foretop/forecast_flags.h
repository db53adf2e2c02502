/* The flags of `foretop forecast`. */
#ifndef FORETOP_FORECAST_FLAGS_H
#define FORETOP_FORECAST_FLAGS_H

#include "cluster.h"
#include "demand.h"
#include "prospect.h"

enum output { OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON, OUTPUT_SVG };

struct forecast_flags {
	struct demand_source from;
	const char
		*policy; /* "[NS/]NAME" in the cluster, which gives the query; or NULL */
	const char *metric; /* of it; NULL: the first that may be forecast */
	struct cluster_flags cluster;
	int64_t step_ms;     /* 0: Auto */
	int64_t horizon_ms;  /* 0: a day, or as much of it as the steps allow */
	int32_t level_count; /* >= 1, ascending */
	double levels[PATH_LEVELS_MAX];
	bool find_seasons;
	int64_t seasons_ms[PROSPECT_SEASONS]; /* ascending */
	int32_t season_count;
	bool backtest;
	int32_t origins;
	enum output output;
};

/* -1: go on; else the exit code (after --help, or a mistake that was told). A policy's
 * query, source and history are left to be filled in. */
int forecast_flags_parse(struct forecast_flags *ret_flags, int argc, char **argv);

#endif
