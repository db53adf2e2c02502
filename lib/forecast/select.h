/* Which of the candidates speaks for a window, and how well it has done. */
#ifndef FORETOP_FORECAST_SELECT_H
#define FORETOP_FORECAST_SELECT_H

#include "forecast/window.h"

struct choice {
	enum model speaks;   /* FC_MODEL_COUNT when nobody can */
	enum model baseline; /* the best of the other baselines; FC_MODEL_COUNT: none */
	double skill;        /* as in struct outlook */
};

/* predictions: one for each candidate, NaN where it has none. The allowed model with the
 * lowest discounted loss speaks, or yesterday's value where it is better still. */
void select_choose(const struct window *w, const double *predictions,
		   struct choice *ret_choice);

/* What the chosen one says. prediction, scale: its own, any number when nobody speaks. */
void select_outlook(const struct window *w, const struct choice *choice,
		    double prediction, double scale, struct outlook *ret_outlook);

#endif
