/* Which of the candidates speaks for a window, and how well it has done. */
#ifndef FORETOP_FORECAST_SELECT_H
#define FORETOP_FORECAST_SELECT_H

#include "forecast/window.h"

/* predictions, scales: one for each candidate, NaN where it has none. The allowed model
 * with the lowest discounted loss speaks, or yesterday's value where it is better still;
 * `baseline` is the best of the other baselines. */
void select_outlook(const struct window *w, const double *predictions,
		    const double *scales, struct outlook *ret_outlook);

#endif
