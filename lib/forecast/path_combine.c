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
	/* Put together in registers: stored one by one they could not be loaded at once.
	 */
	const four_mask may[FOURS] = {
		-(four_mask){speaks[0], speaks[1], speaks[2], speaks[3]},
		-(four_mask){speaks[4], speaks[5], speaks[6], speaks[7]},
		-(four_mask){speaks[8]},
	};
	four loss[FOURS], least = {INFINITY, INFINITY, INFINITY, INFINITY}, sum = {0};
	four *weight = (four *)(void *)ret_weight;
	float best;

	_Static_assert(PATH_MODEL_COUNT == 9, "each is written out");
#pragma GCC unroll 3
	for (int32_t i = 0; i < FOURS; i++) {
		four count = fours(c->count)[i];
		four_mask used = may[i] & (count > 0);

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

/* All lanes: eight in one register, where the processor has such, and the rest. */
struct twelve {
	octet eight;
	four rest;
};
_Static_assert(COMBINE_LANES == OCTET_LANES + FOUR_LANES, "a lane for each");

WIDE_PART struct twelve twelve_at(const float *v)
{
	return (struct twelve){*(const octet *)(const void *)v, fours(v)[2]};
}

/* Adds the share of model m to what lies below each one with a larger forecast; of equal
 * ones the first lies below. */
WIDE_PART void put_below(const struct twelve *value, int m, float v, float share,
			 struct twelve *below)
{
	const octet_mask *after = (const octet_mask *)(const void *)later[m];
	const four_mask *rest = (const four_mask *)(const void *)&later[m][OCTET_LANES];
	octet_mask less = (v < value->eight) | ((v == value->eight) & *after);
	four_mask less_rest = (v < value->rest) | ((v == value->rest) & *rest);

	below->eight += (octet)(less & (octet_mask)((octet){0} + share));
	below->rest += (four)(less_rest & (four_mask)((four){0} + share));
}

WIDE_PART float sum_twelve(const struct twelve *v)
{
	octet e = v->eight;
	four low = {e[0], e[1], e[2], e[3]}, high = {e[4], e[5], e[6], e[7]};

	return sum_of(low + high + v->rest);
}

WIDE_CLONES
float combine_mean(const float weight[COMBINE_LANES], const float forecast[COMBINE_LANES])
{
	struct twelve f = twelve_at(forecast), w = twelve_at(weight), below = {{0}, {0}};
	octet_mask counts = (f.eight == f.eight) & (w.eight > 0);
	four_mask counts_rest = (f.rest == f.rest) & (w.rest > 0);
	struct twelve value = {(octet)(counts & (octet_mask)f.eight),
			       (four)(counts_rest & (four_mask)f.rest)};
	struct twelve share = {(octet)(counts & (octet_mask)w.eight),
			       (four)(counts_rest & (four_mask)w.rest)};

	/* What says nothing lies below nobody: it is not a number. */
	for (int m = 0; m < PATH_MODEL_COUNT; m++)
		if (weight[m] > 0)
			put_below(&value, m, forecast[m], weight[m], &below);

	float all = sum_twelve(&share);
	float least = (float)TRIM * all, most = (float)(1 - TRIM) * all;
	struct twelve part = {
		octet_larger(octet_smaller(below.eight + share.eight, (octet){0} + most) -
				     octet_larger(below.eight, (octet){0} + least),
			     (octet){0}),
		four_larger(four_smaller(below.rest + share.rest, (four){0} + most) -
				    four_larger(below.rest, (four){0} + least),
			    (four){0}),
	};
	struct twelve product = {part.eight * value.eight, part.rest * value.rest};
	float used = sum_twelve(&part);

	return used > 0 ? sum_twelve(&product) / used : NAN;
}
