#include "forecast/path_combine.h"
#include "forecast/lanes.h"

#include <math.h>
#include <string.h>

#define POWER 3
/* What is cut off on either side before forecasts are averaged: the mean between the
 * quartiles keeps most of a mean's gain on near equals and a median's calm. */
#define TRIM .25

#define FOURS (COMBINE_LANES / FOUR_LANES)

static const four *fours(const float *v)
{
	return (const four *)(const void *)v;
}

void combine_score(struct combine_scores *c, double keep, double y,
		   const float forecast[COMBINE_LANES], double combined)
{
	four *error = (four *)(void *)c->error, *count = (four *)(void *)c->count;
	float kept = (float)keep, outcome = (float)y;

	for (int32_t i = 0; i < FOURS; i++) {
		four f = fours(forecast)[i];
		four_mask said = f == f;

		error[i] = four_chosen(said, kept * error[i] + four_size(outcome - f),
				       error[i]);
		count[i] = four_chosen(said, kept * count[i] + 1, count[i]);
	}
	if (isnan(combined))
		return;
	c->combined = keep * c->combined + fabs(y - combined);
	c->combined_count = keep * c->combined_count + 1;
}

double combine_loss(const struct combine_scores *c, enum path_model m)
{
	return c->count[m] > 0 ? (double)(c->error[m] / c->count[m]) : (double)NAN;
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
			  float ret_weight[COMBINE_LANES])
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
			ret_weight[m] = speaks[m] ? 1 / (float)count : 0;
		if (count)
			return;
	}
}

static inline float least_of(four v)
{
	float a = v[0] < v[1] ? v[0] : v[1], b = v[2] < v[3] ? v[2] : v[3];

	return a < b ? a : b;
}

static inline float sum_of(four v)
{
	return (v[0] + v[2]) + (v[1] + v[3]);
}

void combine_weights(const struct combine_scores *c, const bool speaks[PATH_MODEL_COUNT],
		     float ret_weight[COMBINE_LANES])
{
	int32_t may[COMBINE_LANES] = {0};
	four loss[FOURS], least = {INFINITY, INFINITY, INFINITY, INFINITY}, sum = {0};
	four *weight = (four *)(void *)ret_weight;
	float best;

	for (int m = 0; m < PATH_MODEL_COUNT; m++)
		may[m] = -speaks[m];
	for (int32_t i = 0; i < FOURS; i++) {
		four count = fours(c->count)[i];
		four_mask used = ((const four_mask *)(const void *)may)[i] & (count > 0);

		loss[i] = four_chosen(used, fours(c->error)[i] / count,
				      (four){0} + INFINITY);
		least = four_smaller(loss[i], least);
	}
	best = least_of(least);
	if (isinf(best)) {
		memset(ret_weight, 0, COMBINE_LANES * sizeof(*ret_weight));
		first_weights(speaks, ret_weight);
		return;
	}
	for (int32_t i = 0; i < FOURS; i++) {
		four_mask perfect = loss[i] == 0;
		four ratio = best / four_chosen(perfect, (four){0} + 1, loss[i]);

		ratio = four_chosen(perfect, (four){0} + 1, ratio);
		_Static_assert(POWER == 3, "the power is written out");
		weight[i] = ratio * ratio * ratio;
		sum += weight[i];
	}
	for (int32_t i = 0; i < FOURS; i++)
		weight[i] /= sum_of(sum);
}

/* Which models come after each one. */
static const int32_t later[PATH_MODEL_COUNT][COMBINE_LANES] = {
	{0, -1, -1, -1, -1, -1, -1, -1, -1}, {0, 0, -1, -1, -1, -1, -1, -1, -1},
	{0, 0, 0, -1, -1, -1, -1, -1, -1},   {0, 0, 0, 0, -1, -1, -1, -1, -1},
	{0, 0, 0, 0, 0, -1, -1, -1, -1},     {0, 0, 0, 0, 0, 0, -1, -1, -1},
	{0, 0, 0, 0, 0, 0, 0, -1, -1},       {0, 0, 0, 0, 0, 0, 0, 0, -1},
};

/* Adds the share of model m to what lies below each one with a larger forecast; of equal
 * ones the first lies below. */
static inline void put_below(const four *value, int m, float v, float share, four *below)
{
	const four_mask *after = (const four_mask *)(const void *)later[m];

#pragma GCC unroll 3
	for (int32_t i = 0; i < FOURS; i++) {
		four_mask less = (v < value[i]) | ((v == value[i]) & after[i]);

		below[i] += (four)(less & (four_mask)((four){0} + share));
	}
}

float combine_mean(const float weight[COMBINE_LANES], const float forecast[COMBINE_LANES])
{
	four value[FOURS], share[FOURS], below[FOURS] = {{0}}, total = {0};
	four sum = {0}, used = {0};

#pragma GCC unroll 3
	for (int32_t i = 0; i < FOURS; i++) {
		four f = fours(forecast)[i], w = fours(weight)[i];
		four_mask counts = (f == f) & (w > 0);

		value[i] = (four)(counts & (four_mask)f);
		share[i] = (four)(counts & (four_mask)w);
		total += share[i];
	}
	/* What says nothing lies below nobody: it is not a number. */
	for (int m = 0; m < PATH_MODEL_COUNT; m++)
		if (weight[m] > 0)
			put_below(value, m, forecast[m], weight[m], below);

	float all = sum_of(total);
	four least = (four){0} + (float)TRIM * all;
	four most = (four){0} + (float)(1 - TRIM) * all;

#pragma GCC unroll 3
	for (int32_t i = 0; i < FOURS; i++) {
		four low = four_larger(below[i], least);
		four high = four_smaller(below[i] + share[i], most);
		four part = four_larger(high - low, (four){0});

		sum += part * value[i];
		used += part;
	}
	return sum_of(used) > 0 ? sum_of(sum) / sum_of(used) : NAN;
}
