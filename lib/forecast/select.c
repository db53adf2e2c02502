#include "forecast/select.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <math.h>

/* How long a candidate must have been scored before it is compared with others: a whole
 * day, so that nobody is judged by a quiet night; three for the week's model, whose rows
 * are young. Until then it speaks only if nobody else can. */
static const double scores_to_compete[FC_MODEL_COUNT] = {
	[FC_LAST_VALUE] = SCORES_NEEDED,       [FC_HOUR_MEAN] = SCORES_NEEDED,
	[FC_SEASONAL_NAIVE] = MINUTES_PER_DAY, [FC_LINEAR_RECENT] = SCORES_NEEDED,
	[FC_LINEAR_DAY] = MINUTES_PER_DAY,     [FC_LINEAR_WEEK] = 3 * MINUTES_PER_DAY,
	[FC_HOLT_WINTERS] = MINUTES_PER_DAY,   [FC_COMBINATION] = SCORES_NEEDED,
};
/* Losses this small against the load are equal: rounding must not decide. */
#define LOSS_FLOOR 1e-4
/* The model of the day is the one to beat. */
#define DAY_FAVOUR .98

struct candidates {
	const struct window *w;
	const double *predictions;
	double losses[FC_MODEL_COUNT];
};

static double favoured_loss(const struct candidates *c, enum model m)
{
	return m == FC_LINEAR_DAY ? DAY_FAVOUR * c->losses[m] : c->losses[m];
}

/* The lowest loss among the candidates [first, last] that may speak, predict now and have
 * been scored enough; FC_MODEL_COUNT when none. `except`: not this one. */
static enum model best_of(const struct candidates *c, enum model first, enum model last,
			  bool compete, enum model except)
{
	enum model best = FC_MODEL_COUNT;

	for (enum model m = first; m <= last; m++) {
		double needed = compete ? scores_to_compete[m] : SCORES_NEEDED;

		if (m == except || !c->w->allowed[m] || isnan(c->predictions[m]) ||
		    c->w->tracker.scores[m] < needed)
			continue;
		if (best == FC_MODEL_COUNT ||
		    favoured_loss(c, m) < favoured_loss(c, best))
			best = m;
	}
	return best;
}

static bool any_model(const struct window *w, bool scored)
{
	for (enum model m = FC_LINEAR_RECENT; m <= FC_HOLT_WINTERS; m++) {
		if (w->allowed[m] && (!scored || w->tracker.scores[m] >= SCORES_NEEDED))
			return true;
	}
	return false;
}

/* Whether yesterday's values did better than model `m` (a load that repeats itself to the
 * minute). */
static bool yesterday_is_better(const struct candidates *c, enum model m)
{
	return c->w->allowed[FC_SEASONAL_NAIVE] &&
	       !isnan(c->predictions[FC_SEASONAL_NAIVE]) &&
	       c->w->tracker.scores[FC_SEASONAL_NAIVE] >= MINUTES_PER_DAY &&
	       c->losses[FC_SEASONAL_NAIVE] < c->losses[m];
}

static bool is_comparable(const struct candidates *c, enum model m)
{
	return c->w->allowed[m] && !isnan(c->predictions[m]) &&
	       c->w->tracker.scores[m] >= scores_to_compete[m];
}

/* (least / loss)^8; 1 where both are nothing. */
WIDE_CLONES
static void shares_of(const double losses[FC_MODEL_COUNT], double least,
		      double ret_shares[FC_MODEL_COUNT])
{
	for (int32_t i = 0; i < FC_MODEL_COUNT; i += QUAD_LANES) {
		quad_double loss = *(const quad_double *)(const void *)(losses + i);
		quad_double one = {1, 1, 1, 1};
		quad_double ratio = quad_chosen(loss > 0, least / loss, one);
		quad_double square = ratio * ratio, fourth = square * square;

		*(quad_double *)(void *)(ret_shares + i) = fourth * fourth;
	}
}

/* The first of those that are in the combination with this loss. */
static enum model heaviest_of(const struct candidates *c, double least)
{
	enum model m = FC_SEASONAL_NAIVE;

	while (m <= FC_HOLT_WINTERS && !(is_comparable(c, m) && c->losses[m] == least))
		m++;
	return m;
}

/* Sets the combination's prediction; the one that weighs most in it, FC_COMBINATION:
 * nobody is in it. */
static enum model combine(const struct candidates *c, double *ret_mean)
{
	double sum = 0, total = 0, least = INFINITY, shares[FC_MODEL_COUNT];
	bool any = false;

	/* Which one it is can wait: everything else waits for how small it is. */
	for (enum model m = FC_SEASONAL_NAIVE; m <= FC_HOLT_WINTERS; m++)
		least = is_comparable(c, m) ? smaller(c->losses[m], least) : least;
	shares_of(c->losses, least, shares);
	for (enum model m = FC_SEASONAL_NAIVE; m <= FC_HOLT_WINTERS; m++) {
		if (!is_comparable(c, m))
			continue;
		sum += shares[m] * c->predictions[m];
		total += shares[m];
		any = any || m != FC_SEASONAL_NAIVE;
	}
	*ret_mean = any ? sum / total : NAN;
	return heaviest_of(c, least);
}
_Static_assert(FC_HOLT_WINTERS + 1 == FC_COMBINATION, "heaviest_of ends there");

/* The mean of the models, the best one before that can be said, or yesterday where it is
 * better still. The other baselines know no more than a reactive rule and fill in only
 * where all models lack input, never before a model has earned its first word. */
static enum model speaker(const struct candidates *c)
{
	const enum model nobody = FC_MODEL_COUNT;
	enum model m = is_comparable(c, FC_COMBINATION) ? FC_COMBINATION : nobody;

	if (m == nobody)
		m = best_of(c, FC_LINEAR_RECENT, FC_HOLT_WINTERS, true, nobody);
	if (m == nobody)
		m = best_of(c, FC_LINEAR_RECENT, FC_HOLT_WINTERS, false, nobody);
	if (m != nobody)
		return yesterday_is_better(c, m) ? FC_SEASONAL_NAIVE : m;
	if (any_model(c->w, true) || !any_model(c->w, false))
		return best_of(c, FC_LAST_VALUE, FC_SEASONAL_NAIVE, false, nobody);
	return nobody;
}

static double skill_of(const struct candidates *c, enum model m, enum model baseline)
{
	if (m == FC_MODEL_COUNT || baseline == FC_MODEL_COUNT)
		return NAN;

	double floor = LOSS_FLOOR * c->w->size;
	double own = c->losses[m] + floor, other = c->losses[baseline] + floor;

	if (!(other > 0))
		return own > 0 ? -1 : 0;
	return larger(1 - own / other, -1);
}

void select_choose(const struct window *w, double predictions[FC_MODEL_COUNT],
		   struct choice *ret_choice)
{
	struct candidates c = {.w = w, .predictions = predictions};
	enum model heaviest;

	tracker_losses(&w->tracker, c.losses);
	heaviest = combine(&c, &predictions[FC_COMBINATION]);
	ret_choice->speaks = speaker(&c);
	ret_choice->mostly =
		ret_choice->speaks == FC_COMBINATION ? heaviest : ret_choice->speaks;
	ret_choice->baseline =
		best_of(&c, FC_LAST_VALUE, FC_SEASONAL_NAIVE, false, ret_choice->speaks);
	ret_choice->skill = skill_of(&c, ret_choice->speaks, ret_choice->baseline);
}

void select_outlook(const struct window *w, const struct choice *choice,
		    double prediction, double scale, struct outlook *ret_outlook)
{
	enum model m = choice->speaks;

	*ret_outlook = (struct outlook){.known = m != FC_MODEL_COUNT};
	if (!ret_outlook->known)
		return;

	bool alone = choice->baseline == FC_MODEL_COUNT;

	ret_outlook->upper =
		larger(tracker_upper(&w->tracker, (int32_t)m, prediction, scale) +
			       scale * w->shift,
		       0);
	ret_outlook->mean =
		within(prediction + w->tracker.bias[m], 0, ret_outlook->upper);
	ret_outlook->model = m;
	ret_outlook->mostly = choice->mostly;
	ret_outlook->baseline = alone ? FC_LAST_VALUE : choice->baseline;
	ret_outlook->skill = choice->skill;
	ret_outlook->coverage = w->load > 0 ? 1 - w->unserved / w->load : NAN;
}
