/* A time range on a step's grid, and its cutting into queries that a server accepts. */
#ifndef FORETOP_PROM_RANGE_H
#define FORETOP_PROM_RANGE_H

#include "base/base.h"

struct prom_range {
	int64_t start_ms, end_ms; /* both included */
	int64_t step_ms;          /* > 0 */
};

/* Prometheus refuses (end - start) / step > 11000 ("exceeded maximum resolution of 11,000
 * points per timeseries"); the odd point is left out. */
#define PROM_POINTS_MAX 11000

/* Moves both ends inwards to multiples of the step: aligned queries are cached by Mimir's
 * and Thanos' query frontends, and their points fall on the same grid again next time.
 * False when no multiple lies in the range. */
bool prom_range_align(struct prom_range *r);

/* The first part of an aligned range: at most `points` (> 0) samples of one series; parts
 * that are longer than a day end a step before a multiple of a day, where query frontends
 * split. True and *ret_part set, and *rest moved behind it; false when *rest is used up.
 */
bool prom_range_part(struct prom_range *rest, int64_t points,
		     struct prom_range *ret_part);

#endif
