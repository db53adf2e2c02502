#include "series/grid.h"

#include <math.h>
#include <stdbool.h>

static bool is_excluded(const struct grid *g, int64_t t_ms)
{
	for (int32_t i = 0; i < g->exclude_count; i++)
		if (t_ms >= g->excludes[i].from_ms && t_ms < g->excludes[i].to_ms)
			return true;
	return false;
}

/* The mean of the samples that share the time of sorted[*i], NaN without a finite one;
 * moves *i behind them. A running mean: sums of large values would overflow. */
static double take_time(const struct sample *sorted, size_t count, size_t *i)
{
	int64_t t_ms = sorted[*i].t_ms;
	double mean = NAN;
	for (int32_t n = 1; *i < count && sorted[*i].t_ms == t_ms; (*i)++) {
		double v = sorted[*i].v;
		if (!isfinite(v))
			continue;
		mean = n == 1 ? v : mean + (v / n - mean / n);
		n++;
	}
	return mean;
}

int32_t grid_fill(const struct grid *grid, const struct sample *sorted, size_t count,
		  double *ret_values)
{
	size_t i = 0;
	int32_t missing = 0;
	while (i < count && sorted[i].t_ms < grid->start_ms)
		i++;
	for (int32_t step = 0; step < grid->count; step++) {
		int64_t end_ms = grid->start_ms + (step + 1) * grid->step_ms;
		double value = NAN;
		for (int32_t n = 1; i < count && sorted[i].t_ms < end_ms;) {
			int64_t t_ms = sorted[i].t_ms;
			double v = take_time(sorted, count, &i);
			if (isnan(v) || is_excluded(grid, t_ms))
				continue;
			if (n == 1 || (grid->value == GRID_MAXIMUM && v > value))
				value = v;
			else if (grid->value == GRID_MEAN)
				value += v / n - value / n;
			n++;
		}
		ret_values[step] = value;
		missing += isnan(value);
	}
	return missing;
}
