/* A day in the terminal: demand, Ready pods and the forecast's upper bound, all in pods.
 */
#ifndef FORETOP_CHART_H
#define FORETOP_CHART_H

#include "base/base.h"

#define CHART_COLUMNS 72
#define CHART_ROWS    14

struct chart_cell {
	bool known;
	double demand; /* largest in the column, in pods */
	double ready;  /* smallest number of Ready pods */
	double upper;  /* largest upper bound; NaN without a forecast */
	bool shortage; /* demand stood above the Ready pods at some moment */
};

struct chart {
	int64_t start_ms, span_ms;
	struct chart_cell cells[CHART_COLUMNS];
};

void chart_init(struct chart *c, int64_t start_ms, int64_t span_ms);
/* What one moment saw; columns keep the worst of theirs. Times outside are ignored. */
void chart_add(struct chart *c, int64_t at_ms, double demand, double ready, double upper);
/* Appends CHART_ROWS + 3 lines: the picture, hours, a legend. utf8: block characters,
 * else ASCII. */
void chart_draw(const struct chart *c, bool utf8, struct str *out);

#endif
