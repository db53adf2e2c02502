/* Forecasts from earlier moments, each with what was known then: how well the same
 * forecast would have done. */
#ifndef FORETOP_BACKTEST_H
#define FORETOP_BACKTEST_H

#include "forecast/forecast.h"

/* One series and how to forecast it. */
struct backtest {
	int64_t start_ms, step_ms;
	const double *values; /* count, NaN: missing; borrowed */
	int32_t count;
	struct path_config config; /* of all values */
	bool find_seasons; /* by what is known at each origin; the configuration's are not
			      looked at */
	int32_t origins;   /* > 0: spread evenly over the second half of the values */
};

/* Appends a row for every origin and step: origin,unix_seconds,horizon_s,mean,lower,upper
 * (the first level); the origin is the time of the newest value that was known. 0, or -1
 * with *err = ERR_INVALID when the values are too few for the horizon. */
int backtest_csv(const struct backtest *b, struct str *out, struct err *err);

/* What came out at a few horizons, over all origins. */
struct backtest_row {
	int32_t horizon; /* steps */
	int32_t outcomes;
	double error;          /* mean |y - mean|, units; NaN without outcomes */
	double last_error;     /* the same of the last value */
	double seasonal_error; /* of the value a season before; NaN without a season */
	double covered;        /* share of outcomes inside the first level's interval */
};

/* ret_rows: up to PATH_KNOTS_MAX. Returns how many, or -1 with *err as above. */
int32_t backtest_rows(const struct backtest *b, struct backtest_row *ret_rows,
		      struct err *err);

void backtest_table(const struct backtest *b, const struct backtest_row *rows,
		    int32_t count, struct str *out);
void backtest_json(const struct backtest *b, const struct backtest_row *rows,
		   int32_t count, struct str *out);

/* The room of a path for so many values. */
int32_t backtest_capacity(int32_t count);

/* A path that has learned the first `count` values, with all its work done, in `memory`
 * (path_size and path_workspace_size bytes of the configuration). */
struct path *backtest_learn(const struct path_config *config, const double *values,
			    int32_t count, void *memory);

#endif
