/* Which models speak at a knot of the horizon, and how loudly. */
#ifndef FORETOP_FORECAST_PATH_COMBINE_H
#define FORETOP_FORECAST_PATH_COMBINE_H

#include "forecast/path.h"

/* A number for each model, in whole registers; what is behind the last model counts for
 * nothing. */
#define COMBINE_LANES 12
_Static_assert(COMBINE_LANES >= PATH_MODEL_COUNT, "a lane for each model");

/* Discounted sums; all zero: nothing scored. */
struct combine_scores {
	float error[COMBINE_LANES]; /* of absolute errors */
	float count[COMBINE_LANES];
	double combined, combined_count;
};

/* What came, beside what each model said (NaN: nothing). keep in (0, 1]: what remains of
 * all scores before. */
void combine_score(struct combine_scores *c, double keep, double y,
		   const float forecast[COMBINE_LANES], double combined);

/* Discounted mean absolute error; NaN before the first score. */
double combine_loss(const struct combine_scores *c, enum path_model m);

/* Shares that sum to 1 over the models with `speaks` set; of those, models that were
 * never scored only count when none was. All 0 when none speaks. A model with twice the
 * loss of the best has 1/8 of its weight: near equals are averaged, which is hard to beat
 * (Makridakis et al. 2020, "The M4 Competition"); several losers of one mind are kept
 * away by combine_mean. */
void combine_weights(const struct combine_scores *c, const bool speaks[PATH_MODEL_COUNT],
		     float ret_weight[COMBINE_LANES]);

/* The forecasts (NaN: none) put together with these weights: the mean of what lies
 * between the weighted quartiles. One model that copies yesterday's accident far ahead is
 * not heard as long as others of weight disagree, and near equals are still averaged. */
float combine_mean(const float weight[COMBINE_LANES],
		   const float forecast[COMBINE_LANES]);

/* The baseline with the least loss. */
enum path_model combine_baseline(const struct combine_scores *c);

#endif
