#include "forecast/path_combine.h"
#include "forecast/scalar.h"

#include <math.h>

#define POWER 3
/* What is cut off on either side before forecasts are averaged: the mean between the
 * quartiles keeps most of a mean's gain on near equals and a median's calm. */
#define TRIM .25

void combine_score(struct combine_scores *c, double keep, double y,
		   const float forecast[PATH_MODEL_COUNT], double combined)
{
	for (int m = 0; m < PATH_MODEL_COUNT; m++) {
		if (isnan(forecast[m]))
			continue;
		c->error[m] = keep * c->error[m] + fabs(y - forecast[m]);
		c->count[m] = keep * c->count[m] + 1;
	}
	if (isnan(combined))
		return;
	c->combined = keep * c->combined + fabs(y - combined);
	c->combined_count = keep * c->combined_count + 1;
}

double combine_loss(const struct combine_scores *c, enum path_model m)
{
	return c->count[m] > 0 ? c->error[m] / c->count[m] : NAN;
}

enum path_model combine_baseline(const struct combine_scores *c)
{
	enum path_model best = PATH_LAST_VALUE;

	for (enum path_model m = PATH_LAST_VALUE; m < PATH_BASELINES; m++)
		if (combine_loss(c, m) < combine_loss(c, best))
			best = m;
	return best;
}

/* Without any score: the models alike (not the mean, which rarely is best), or, when
 * there is none, the seasons, or the last value. */
static void first_weights(const bool speaks[PATH_MODEL_COUNT],
			  double ret_weight[PATH_MODEL_COUNT])
{
	static const struct {
		enum path_model from, to;
	} ranks[] = {
		{PATH_BASELINES, PATH_SEASON_MEAN},
		{PATH_SHORT_NAIVE, PATH_TREND},
		{PATH_LAST_VALUE, PATH_HOUR_MEAN},
	};

	for (size_t r = 0; r < ARRAY_LEN(ranks); r++) {
		int count = 0;

		for (enum path_model m = ranks[r].from; m < ranks[r].to; m++)
			count += speaks[m];
		for (enum path_model m = ranks[r].from; m < ranks[r].to; m++)
			ret_weight[m] = speaks[m] ? 1. / count : 0;
		if (count)
			return;
	}
}

void combine_weights(const struct combine_scores *c, const bool speaks[PATH_MODEL_COUNT],
		     double ret_weight[PATH_MODEL_COUNT])
{
	double least = INFINITY, sum = 0;

	for (int m = 0; m < PATH_MODEL_COUNT; m++) {
		ret_weight[m] = 0;
		if (speaks[m] && c->count[m] > 0 && combine_loss(c, m) < least)
			least = combine_loss(c, m);
	}
	if (isinf(least)) {
		first_weights(speaks, ret_weight);
		return;
	}
	for (int m = 0; m < PATH_MODEL_COUNT; m++) {
		if (!speaks[m] || !(c->count[m] > 0))
			continue;

		double loss = combine_loss(c, m), ratio = loss > 0 ? least / loss : 1;

		_Static_assert(POWER == 3, "the power is written out");
		ret_weight[m] = ratio * ratio * ratio;
		sum += ret_weight[m];
	}
	for (int m = 0; m < PATH_MODEL_COUNT; m++)
		ret_weight[m] /= sum;
}

double combine_mean(const double weight[PATH_MODEL_COUNT],
		    const float forecast[PATH_MODEL_COUNT])
{
	double share[PATH_MODEL_COUNT], value[PATH_MODEL_COUNT], total = 0, below = 0;
	double sum = 0, used = 0;
	int count = 0;

	for (int m = 0; m < PATH_MODEL_COUNT; m++) {
		int at = count;

		if (isnan(forecast[m]) || !(weight[m] > 0))
			continue;
		for (; at > 0 && value[at - 1] > forecast[m]; at--) {
			value[at] = value[at - 1];
			share[at] = share[at - 1];
		}
		value[at] = forecast[m];
		share[at] = weight[m];
		total += weight[m];
		count++;
	}
	for (int i = 0; i < count; i++) {
		double low = larger(below, TRIM * total);
		double high = smaller(below + share[i], (1 - TRIM) * total);

		below += share[i];
		if (high <= low)
			continue;
		sum += (high - low) * value[i];
		used += high - low;
	}
	return used > 0 ? sum / used : NAN;
}
