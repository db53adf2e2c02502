/* A forecast as people and programs read it: table with a plot, CSV, JSON, SVG. */
#ifndef FORETOP_PROSPECT_H
#define FORETOP_PROSPECT_H

#include "forecast/forecast.h"

#define PROSPECT_SEASONS 2

struct prospect_season {
	int64_t period_ms;
	char text[128]; /* "24 h, explains 81 % of variance, 13 cycles"; or that it was
			   given */
};

/* Everything that is printed; arrays are borrowed. */
struct prospect {
	const char *name; /* of the series */
	int64_t step_ms;
	int64_t start_ms; /* of values[0] */
	const double *values;
	int32_t count;
	int32_t missing; /* of `count` */
	struct prospect_season seasons[PROSPECT_SEASONS];
	int32_t season_count;
	const struct path_report *report;
	int32_t horizon; /* steps; mean[0] is at start_ms + count * step_ms */
	const double *mean;
	int32_t level_count; /* ascending */
	const double *levels;
	const double *lower, *upper; /* level_count rows of `horizon` */
};

void prospect_table(const struct prospect *o, bool utf8, struct str *out);
/* unix_seconds,mean,lower,upper; with several levels lower_0.9,upper_0.9,... */
void prospect_csv(const struct prospect *o, struct str *out);
void prospect_json(const struct prospect *o, struct str *out);
void prospect_svg(const struct prospect *o, struct str *out);

#endif
