#include "forecast/select.h"
#include "forecast/scalar.h"

#include <math.h>

/* How long a candidate must have been scored before it is compared with others: a whole
 * day, so that nobody is judged by a quiet night; three for the week's model, whose rows
 * are young. Until then it speaks only if nobody else can. */
static const int32_t scores_to_compete[FC_MODEL_COUNT] = {
	[FC_LAST_VALUE] = SCORES_NEEDED,       [FC_HOUR_MEAN] = SCORES_NEEDED,
	[FC_SEASONAL_NAIVE] = MINUTES_PER_DAY, [FC_LINEAR_RECENT] = SCORES_NEEDED,
	[FC_LINEAR_DAY] = MINUTES_PER_DAY,     [FC_LINEAR_WEEK] = 3 * MINUTES_PER_DAY,
	[FC_HOLT_WINTERS] = MINUTES_PER_DAY,
};
/* Losses this small against the load are equal: rounding must not decide. */
#define LOSS_FLOOR 1e-4
/* The model of the day is the one to beat. */
#define DAY_FAVOUR .98

static double loss_of(const struct window *w, enum model m)
{
	double loss = tracker_loss(&w->trackers[m]);

	return m == FC_LINEAR_DAY ? DAY_FAVOUR * loss : loss;
}

/* The lowest loss among the candidates [first, last] that may speak, predict now and have
 * `scores`; FC_MODEL_COUNT when none. */
static enum model best_of(const struct window *w, const double *predictions,
			  enum model first, enum model last, bool compete)
{
	enum model best = FC_MODEL_COUNT;

	for (enum model m = first; m <= last; m++) {
		double needed = compete ? scores_to_compete[m] : SCORES_NEEDED;

		if (!w->allowed[m] || isnan(predictions[m]) ||
		    w->trackers[m].scores < needed)
			continue;
		if (best == FC_MODEL_COUNT || loss_of(w, m) < loss_of(w, best))
			best = m;
	}
	return best;
}

static bool any_model(const struct window *w, bool scored)
{
	for (enum model m = FC_LINEAR_RECENT; m < FC_MODEL_COUNT; m++) {
		if (w->allowed[m] && (!scored || w->trackers[m].scores >= SCORES_NEEDED))
			return true;
	}
	return false;
}

/* Whether yesterday's values did better than model `m` (a load that repeats itself to the
 * minute). */
static bool yesterday_is_better(const struct window *w, const double *predictions,
				enum model m)
{
	const struct tracker *yesterday = &w->trackers[FC_SEASONAL_NAIVE];

	return !isnan(predictions[FC_SEASONAL_NAIVE]) &&
	       yesterday->scores >= MINUTES_PER_DAY &&
	       tracker_loss(yesterday) < tracker_loss(&w->trackers[m]);
}

/* The best model, or yesterday where it is better still. The other baselines know no more
 * than a reactive rule and fill in only where all models lack input, never before a model
 * has earned its first word. */
static enum model speaker(const struct window *w, const double *predictions)
{
	enum model m = best_of(w, predictions, FC_LINEAR_RECENT, FC_HOLT_WINTERS, true);

	if (m == FC_MODEL_COUNT)
		m = best_of(w, predictions, FC_LINEAR_RECENT, FC_HOLT_WINTERS, false);
	if (m != FC_MODEL_COUNT)
		return yesterday_is_better(w, predictions, m) ? FC_SEASONAL_NAIVE : m;
	if (any_model(w, true) || !any_model(w, false))
		return best_of(w, predictions, FC_LAST_VALUE, FC_SEASONAL_NAIVE, false);
	return FC_MODEL_COUNT;
}

/* The best baseline beside the one that speaks. */
static enum model rival(const struct window *w, const double *predictions,
			enum model speaks)
{
	double others[FC_MODEL_COUNT];

	for (enum model m = 0; m < FC_MODEL_COUNT; m++)
		others[m] = m == speaks ? NAN : predictions[m];
	return best_of(w, others, FC_LAST_VALUE, FC_SEASONAL_NAIVE, false);
}

static double skill_of(const struct window *w, enum model m, enum model baseline)
{
	if (baseline == FC_MODEL_COUNT)
		return NAN;

	double floor = LOSS_FLOOR * w->size;
	double own = tracker_loss(&w->trackers[m]) + floor;
	double other = tracker_loss(&w->trackers[baseline]) + floor;

	if (!(other > 0))
		return own > 0 ? -1 : 0;
	return larger(1 - own / other, -1);
}

void select_outlook(const struct window *w, const double *predictions,
		    const double *scales, struct outlook *ret_outlook)
{
	enum model m = speaker(w, predictions);
	enum model baseline = rival(w, predictions, m);

	*ret_outlook = (struct outlook){.known = m != FC_MODEL_COUNT};
	if (!ret_outlook->known)
		return;

	double upper = tracker_upper(&w->trackers[m], predictions[m], scales[m]);

	ret_outlook->upper = larger(upper, 0);
	ret_outlook->mean = smaller(larger(predictions[m] + w->trackers[m].bias, 0),
				    ret_outlook->upper);
	ret_outlook->model = m;
	ret_outlook->baseline = baseline == FC_MODEL_COUNT ? FC_LAST_VALUE : baseline;
	ret_outlook->skill = skill_of(w, m, baseline);
	ret_outlook->coverage = w->load > 0 ? 1 - w->unserved / w->load : NAN;
}
