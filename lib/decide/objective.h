/* Chooses the quantile that serves a given share of the load: an integral controller on
 * what the shadow deployment that follows the forecast left unserved. It runs whether the
 * gate is open or not, so that the quantile is right when it opens. */
#ifndef FORETOP_DECIDE_OBJECTIVE_H
#define FORETOP_DECIDE_OBJECTIVE_H

#include "decide/shadow.h"

/* A zeroed one is valid: no objective. */
struct objective {
	double share; /* of the load that is to be served, in (0, 1); 0: none */
	/* Which quantile is planned for: a level (forecast/levels.h), in [0, LEVELS_COUNT
	 * - 1]. */
	double level;
	int64_t moved_ms; /* end of the newest minute that moved it; 0: none */
	/* Discounted sums, half-life two days, pods' worth: load, what of it was not
	 * served; and the number of minutes. */
	double load, lost, weight;
};

/* The objective `share` from now on. What is known of an equal one goes on from its
 * level: only minutes after moved_ms move it, so that history that is lived through a
 * second time does not count twice. Another one begins at the level of `quantile`. */
void objective_begin(struct objective *o, double share, double quantile);

/* A minute's costs; with a forecast they move the level: by one up for a day's mean load
 * that was lost beyond what may be, by one down for a day in which nothing was lost.
 * end_ms: of the minute. */
void objective_heed(struct objective *o, const struct shadow_costs *costs,
		    int64_t end_ms);

/* The quantile that is planned for. */
double objective_quantile(const struct objective *o);

/* Share of the load that following the forecast has served of late, in [0, 1]; NaN before
 * the first. */
double objective_served(const struct objective *o);

#endif
