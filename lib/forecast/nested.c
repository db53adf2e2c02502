#include "forecast/nested.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <assert.h>
#include <math.h>

#define KEEP_PER_MINUTE (1 - 1. / (14 * MINUTES_PER_DAY))
#define PENALTY         1e-5
static_assert(RIDGE_FLOATS(FEATURES_WEEK) <= FEATURES_KEPT, "read in whole registers");

/* Far from the range of numbers; reached once in months. */
#define UNIT_MAX 1e6

static const int32_t dims[NEST_COUNT] = {FEATURES_RECENT, FEATURES_DAY, FEATURES_WEEK};

void nested_init(struct nested *n, double minutes_per_row)
{
	double *storage = n->storage;

	n->unit = 1;
	n->growth = pow(KEEP_PER_MINUTE, -minutes_per_row);
	n->minutes_per_row = minutes_per_row;
	for (int i = 0; i < NEST_COUNT; i++) {
		ridge_init(&n->sums[i], dims[i], storage);
		storage += RIDGE_STORAGE(dims[i]);
		n->minutes[i] = 0;
	}
}

int64_t nested_needed(enum nest model)
{
	return 5 * dims[model] + 200;
}

static void solve(struct nested *n, enum nest model)
{
	double storage[RIDGE_STORAGE(RIDGE_DIM_MAX)];
	struct ridge whole;

	ridge_init(&whole, dims[model], storage);
	for (int i = (int)model; i < NEST_COUNT; i++)
		ridge_add(&whole, &n->sums[i]);
	if (ridge_solve(&whole, PENALTY))
		return;
	for (int32_t i = 0; i < dims[model]; i++)
		n->sums[model].solution[i] = whole.solution[i];
	n->sums[model].solved = true;
}

static void grow(struct nested *n)
{
	n->unit *= n->growth;
	if (n->unit < UNIT_MAX)
		return;
	for (int i = 0; i < NEST_COUNT; i++)
		ridge_scale(&n->sums[i], 1 / n->unit);
	n->unit = 1;
}

void nested_learn(struct nested *n, const float row[FEATURES_KEPT], int32_t known,
		  double actual)
{
	int deepest = NEST_RECENT;

	while (deepest < NEST_WEEK && dims[deepest + 1] <= known)
		deepest++;
	ridge_learn_floats(&n->sums[deepest], row, actual, n->unit);
	grow(n);
	for (int i = 0; i <= deepest; i++) {
		double needed = (double)nested_needed((enum nest)i);
		bool short_of = n->minutes[i] < needed;

		n->minutes[i] += n->minutes_per_row;
		if (short_of && n->minutes[i] >= needed)
			solve(n, (enum nest)i);
	}
}

void nested_solve(struct nested *n)
{
	for (int i = 0; i < NEST_COUNT; i++) {
		if (n->minutes[i] >= (double)nested_needed((enum nest)i))
			solve(n, (enum nest)i);
	}
}

/* The least and the greatest of what a row has seen. */
struct range {
	pair least, most;
};

/* Widens it by the columns [first, end), at least two of them. */
WIDE_PART void widen(struct range *r, const double *x, int32_t first, int32_t end)
{
#pragma GCC unroll 8
	for (int32_t i = first; i < end; i += 2) {
		pair v = *(const pair *)(const void *)(x + (i + 2 <= end ? i : end - 2));

		r->least = pair_smaller(v, r->least);
		r->most = pair_larger(v, r->most);
	}
}

void nested_predict(const struct nested *n, const struct feature_row *row,
		    double ret_predictions[NEST_COUNT])
{
	struct range seen = {{INFINITY, INFINITY}, {-INFINITY, -INFINITY}};

#pragma GCC unroll 3
	for (int i = 0; i < NEST_COUNT; i++) {
		const struct ridge *r = &n->sums[i];

		ret_predictions[i] = NAN;
		if (dims[i] > row->known)
			continue;
		widen(&seen, row->x, i ? dims[i - 1] : FEATURE_LAST, dims[i]);
		if (!r->solved)
			continue;

		double least = smaller(seen.least[0], seen.least[1]);
		double most = larger(seen.most[0], seen.most[1]);

		ret_predictions[i] =
			within(ridge_predict(r, row->x), least - (most - least),
			       most + (most - least));
	}
}
