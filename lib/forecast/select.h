/* Which of the candidates speaks for a window, and how well it has done. */
#ifndef FORETOP_FORECAST_SELECT_H
#define FORETOP_FORECAST_SELECT_H

#include "forecast/window.h"

struct choice {
	enum model speaks;   /* FC_MODEL_COUNT when nobody can */
	enum model mostly;   /* whose share in that is the largest */
	enum model baseline; /* the best of the other baselines; FC_MODEL_COUNT: none */
	double skill;        /* as in struct outlook */
};

/* predictions: one for each candidate, NaN where it has none; that of FC_COMBINATION is
 * set: the mean of what the allowed models and yesterday say, as far as they have been
 * scored enough to be compared, weighted by the inverse eighth power of their discounted
 * losses (a loss half as much again as the best counts a 25th: near equals are averaged,
 * whose errors partly cancel, losers are not heard); NaN where no such model speaks. It
 * speaks; before it can, the allowed model with the lowest loss, and in place of either
 * yesterday's value where that is better still. */
void select_choose(const struct window *w, double predictions[FC_MODEL_COUNT],
		   struct choice *ret_choice);

/* What the chosen one says. prediction, scale: its own, any number when nobody speaks. */
void select_outlook(const struct window *w, const struct choice *choice,
		    double prediction, double scale, struct outlook *ret_outlook);

#endif
