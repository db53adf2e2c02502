/* The seasons of a table's values, for forecasts from them. */
#ifndef FORETOP_SEASONS_H
#define FORETOP_SEASONS_H

#include "forecast/forecast.h"

/* What stands in `count` values, oldest first, step_ms apart, NaN missing, for who knows
 * no later ones. Where all of them show none, or one that does not hold any more at their
 * end, their newer half says what there is now. None where steps are longer than an hour:
 * they hide the day. */
void seasons_find(const double *values, int32_t count, int64_t step_ms,
		  struct seasons *ret);
/* Their periods as a path's configuration has them: steps, 0 for none. */
void seasons_steps(const struct seasons *s, int64_t step_ms,
		   int32_t ret_steps[SEASONS_MAX]);

#endif
