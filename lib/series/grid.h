/* Samples onto a regular grid: one value a step, NaN where nothing is known. */
#ifndef FORETOP_SERIES_GRID_H
#define FORETOP_SERIES_GRID_H

#include "base/base.h"
#include "series/sample.h"

/* What a step says of the samples within it. Means suit models of demand, maxima those of
 * its peaks. */
enum grid_value { GRID_MEAN, GRID_MAXIMUM };

struct grid {
	int64_t start_ms, step_ms; /* step i covers [start + i * step, start + (i + 1) *
				      step); step_ms > 0 */
	int32_t count;             /* steps, >= 0 */
	enum grid_value value;
	const struct time_range
		*excludes; /* their samples count as missing; may overlap */
	int32_t exclude_count;
};

/* Fills ret_values (count of them) from sorted samples (samples_sort). Several samples of
 * one time count as one: their mean. Samples outside of the grid and those that are not
 * finite are passed over. O(samples * excludes), nothing is allocated. Returns how many
 * steps are missing. */
int32_t grid_fill(const struct grid *grid, const struct sample *sorted, size_t count,
		  double *ret_values);

#endif
