/* A history and its forecast as a picture: in the terminal and as SVG. */
#ifndef FORETOP_PLOT_H
#define FORETOP_PLOT_H

#include "base/base.h"

#include <stdbool.h>

struct plot {
	const char *title;
	int64_t start_ms, step_ms; /* of history[0]; step_ms > 0 */
	const double *history;     /* count values, NaN: missing */
	int32_t count;             /* > 0 */
	/* What follows the history at once; horizon values each. */
	int32_t horizon; /* > 0 */
	const double *mean;
	/* level_count rows of horizon values, the widest band last. */
	int32_t level_count;
	const double *lower, *upper;
};

#define PLOT_COLUMNS 72
#define PLOT_ROWS    16

/* Appends PLOT_ROWS lines with their scale, a line of times (UTC) and a legend; the
 * history's bars reach from the smallest to the largest value of a column. utf8: block
 * characters, else ASCII. */
void plot_draw(const struct plot *p, bool utf8, struct str *out);

/* Appends a complete SVG document; every band is drawn. */
void plot_svg(const struct plot *p, struct str *out);

#endif
