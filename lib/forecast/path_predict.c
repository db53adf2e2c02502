/* What a path says, and what it rests on. */
#include "forecast/path_inside.h"
#include "forecast/logarithm.h"
#include "forecast/scalar.h"

#include <math.h>
#include <stdio.h>

#define LEAST_VALUES 10

/* Where a step lies between two knots. */
struct between {
	int32_t low, high;
	double share; /* of the higher one, by the logarithm of the horizon */
};

static struct between between_of(const struct path *p, int32_t h)
{
	int32_t high = 0;

	while (high < p->knots - 1 && p->knot[high].centre < h)
		high++;
	if (p->knot[high].centre <= h || high == 0)
		return (struct between){high, high, 0};

	double low = p->knot[high - 1].centre, top = p->knot[high].centre;

	return (struct between){high - 1, high,
				logarithm(h / low) / logarithm(top / low)};
}

static double mix(double a, double b, double share)
{
	return a + share * (b - a);
}

/* The interval of each level around the mean; wider levels contain narrower ones, and all
 * of them the mean. */
static void write_intervals(const struct path *p, const struct path_steps *ret,
			    const struct between *at, const float forecast[COMBINE_LANES],
			    int32_t i)
{
	double mean = ret->mean[i];
	bool before = p->fitted && p->stage == FIT_REPLAY && !p->seeded;
	const struct interval *from = before ? p->told : p->intervals;
	const struct interval *a = &from[at->low], *b = &from[at->high];
	bool logs = before ? p->told_log_errors : p->log_errors;
	int64_t number = p->series.first + p->series.n + i;
	double factor =
		(before ? p->told_factor : p->factor)[shape_part(&p->shape, number)];
	double lower[PATH_LEVELS_MAX], upper[PATH_LEVELS_MAX];
	struct dissent dissent = path_dissent(p, logs, forecast, mean);

	for (int32_t l = 0; l < p->config.level_count; l++) {
		double reach = interval_reach(&p->levels, l);
		double down = factor * mix(a->lower[l], b->lower[l], at->share) -
			      reach * dissent.below;
		double up = factor * mix(a->upper[l], b->upper[l], at->share) +
			    reach * dissent.above;

		lower[l] = smaller(path_apply(p, logs, mean, down), mean);
		upper[l] = larger(path_apply(p, logs, mean, up), mean);
	}
	for (int32_t l = 0; l < p->config.level_count; l++) {
		double down = lower[l], up = upper[l];

		for (int32_t k = 0; k < p->config.level_count; k++) {
			if (p->config.levels[k] > p->config.levels[l])
				continue;
			down = smaller(down, lower[k]);
			up = larger(up, upper[k]);
		}
		if (ret->lower[l])
			ret->lower[l][i] = down;
		if (ret->upper[l])
			ret->upper[l][i] = up;
	}
}

bool path_predict(const struct path *p, const struct path_steps *ret_steps)
{
	float weight[PATH_KNOTS_MAX][COMBINE_LANES];
	bool speaks[PATH_MODEL_COUNT];
	struct path_view view;

	if (p->series.values < LEAST_VALUES)
		return false;
	path_speakers(p, p->series.n, speaks);
	path_view_init(p, p->series.n, ret_steps->steps, speaks, &view);
	for (int32_t k = 0; k < p->knots; k++)
		combine_weights(&p->scores[k], speaks, weight[k]);
	for (int32_t h = 1; h <= ret_steps->steps; h++) {
		struct between at = between_of(p, h);
		float forecast[COMBINE_LANES], mixed[COMBINE_LANES];
		double mean;

		path_view_at(p, &view, h, forecast);
		for (int m = 0; m < COMBINE_LANES; m++)
			mixed[m] = (float)mix(weight[at.low][m], weight[at.high][m],
					      at.share);
		mean = combine_mean(mixed, forecast);
		ret_steps->mean[h - 1] = isnan(mean) ? forecast[0] : mean;
		write_intervals(p, ret_steps, &at, forecast, h - 1);
	}
	return true;
}

bool path_predict_model(const struct path *p, enum path_model m, int32_t steps,
			double *ret_mean)
{
	bool speaks[PATH_MODEL_COUNT];
	struct path_view view;

	path_speakers(p, p->series.n, speaks);
	if (!speaks[m])
		return false;
	path_view_init(p, p->series.n, steps, speaks, &view);
	for (int32_t h = 1; h <= steps; h++) {
		float forecast[COMBINE_LANES];

		path_view_at(p, &view, h, forecast);
		ret_mean[h - 1] = forecast[m];
	}
	return true;
}

/* The model with the largest share over the knots. */
static enum path_model loudest(const struct path_report *r)
{
	enum path_model best = PATH_LAST_VALUE;
	double most = -1;

	for (enum path_model m = 0; m < PATH_MODEL_COUNT; m++) {
		double sum = 0;

		for (int32_t k = 0; k < r->knots; k++)
			sum += r->score[k][m].weight;
		if (sum > most) {
			most = sum;
			best = m;
		}
	}
	return best;
}

static void write_reason(const struct path *p, struct path_report *r)
{
	int64_t length = p->series.first + p->series.n;
	int32_t m = p->config.seasons[0], w = p->config.seasons[1];
	const char *missing = "";

	if (r->state == PATH_WAITING) {
		snprintf(r->reason, sizeof(r->reason),
			 "waiting: %lld of %d values are there; the first forecast comes "
			 "in %lld steps",
			 (long long)r->learned, LEAST_VALUES,
			 (long long)(LEAST_VALUES - r->learned));
		return;
	}
	if (m && length < 2 * (int64_t)m)
		missing = "; no whole pair of seasons was seen yet";
	else if (w && length < 3 * (int64_t)w)
		missing =
			"; less than three long seasons were seen, so what repeats with "
			"them rests on one or two";
	int at = snprintf(r->reason, sizeof(r->reason), "mostly %s, from %lld values; ",
			  path_model_name(loudest(r)), (long long)r->learned);
	size_t room = sizeof(r->reason) - (size_t)at;
	int32_t last = r->knots - 1, ahead = r->horizon[last];
	double percent = 100 * r->skill[last];

	if (isnan(percent))
		snprintf(r->reason + at, room,
			 "not compared with the baselines %d steps ahead yet%s",
			 (int)ahead, missing);
	else if (fabs(percent) < .5)
		snprintf(r->reason + at, room, "%d steps ahead as good as %s%s",
			 (int)ahead, path_model_name(r->baseline[last]), missing);
	else
		snprintf(r->reason + at, room, "%d steps ahead %.0f %% %s than %s%s",
			 (int)ahead, fabs(percent), percent > 0 ? "better" : "worse",
			 path_model_name(r->baseline[last]), missing);
}

static double skill_of(double loss, double baseline)
{
	if (isnan(loss) || isnan(baseline))
		return NAN;
	if (!(baseline > 0))
		return loss > 0 ? -1 : 0;
	return within(1 - loss / baseline, -1, 1);
}

void path_report(const struct path *p, struct path_report *ret_report)
{
	struct path_report *r = ret_report;
	bool speaks[PATH_MODEL_COUNT];

	r->state = p->series.values < LEAST_VALUES ? PATH_WAITING
		   : p->stage != FIT_IDLE          ? PATH_FITTING
						   : PATH_READY;
	r->learned = p->series.values;
	r->knots = p->knots;
	path_speakers(p, p->series.n, speaks);
	for (int32_t k = 0; k < p->knots; k++) {
		const struct combine_scores *c = &p->scores[k];
		float weight[COMBINE_LANES];

		combine_weights(c, speaks, weight);
		r->horizon[k] = p->knot[k].last;
		r->baseline[k] = combine_baseline(c);

		double baseline = combine_loss(c, r->baseline[k]);

		for (enum path_model m = 0; m < PATH_MODEL_COUNT; m++)
			r->score[k][m] = (struct path_score){
				.weight = weight[m],
				.loss = combine_loss(c, m),
				.skill = skill_of(combine_loss(c, m), baseline),
			};
		r->loss[k] =
			c->combined_count > 0 ? c->combined / c->combined_count : NAN;
		r->skill[k] = skill_of(r->loss[k], baseline);

		const struct interval *i = &p->intervals[k];

		r->coverage[k] = i->counted > 0 ? i->covered / i->counted : NAN;
	}
	write_reason(p, r);
}
