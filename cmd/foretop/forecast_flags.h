/* The flags of `foretop forecast`. */
#ifndef FORETOP_FORECAST_FLAGS_H
#define FORETOP_FORECAST_FLAGS_H

#include "demand.h"
#include "prospect.h"

enum output { OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON, OUTPUT_SVG };

struct forecast_flags {
	struct demand_source from;
	int64_t step_ms; /* 0: Auto */
	int64_t horizon_ms;
	int32_t level_count; /* >= 1, ascending */
	double levels[PATH_LEVELS_MAX];
	bool find_seasons;
	int64_t seasons_ms[PROSPECT_SEASONS]; /* ascending */
	int32_t season_count;
	bool backtest;
	int32_t origins;
	enum output output;
};

/* 0 to go on, 1 when the help was asked for and printed, -1 with *err that names the flag
 * and what is allowed. */
int forecast_flags_parse(struct forecast_flags *ret_flags, int argc, char **argv,
			 struct err *err);

#endif
