#include "forecast/anomaly.h"
#include "forecast/scalar.h"

#include <math.h>
#include <stdio.h>

/* An hour of minutes before anything is flagged: the 99th percentile is a guess before.
 */
#define WARM_SAMPLES 60
/* Flags beyond 5 robust deviations (one in two million for a normal law), and beyond
 * twice what one score in a hundred exceeds: with heavy tails five deviations are an
 * hourly matter. For the normal law both are the same. */
#define LIMIT_SCORES 5.
#define LIMIT_TAILS  2.
#define TAIL_SHARE   .01
#define TAIL_FIRST   2.576 /* the normal law's */
#define TAIL_RATE    .05
#define TAIL_LEAST   1.
#define TAIL_MOST    20.
/* Errors of 2 % of the load are never more than one deviation, so nothing within the
 * HPA's tolerance of 10 % is flagged: it would not move a pod. */
#define SCALE_LEAST .02
/* Steps of sign (in logarithms for the scale): the median moves by 1/2 % of a deviation a
 * sample. At this rate the scale of normal noise wanders by 5 % (variance rate / 1.71)
 * and follows a change within about 230 samples. */
#define SIGN_RATE    .005
#define NORMAL_SCALE 1.4826 /* from median absolute deviation to standard deviation */
#define HOUR_RATE    .01
#define HOUR_MOST    3.
#define LEVEL_RATE   .3
/* Waits at most 10 minutes and 10 samples for a flag to pass, at least 3 samples. */
#define ACCEPT_MS     (10 * MS_PER_MIN)
#define ACCEPT_LEAST  3
#define ACCEPT_MOST   10
#define HOLD_AFTER_MS (5 * MS_PER_MIN)
/* An accepted shift stays a second answer to "what is usual" while forecasts learn it. */
#define OFFSET_KEEP .98
#define OFFSET_RATE .3
/* CUSUM on scores: k = 1/2 finds shifts of one deviation fastest; h = 10 makes a false
 * alarm on independent normal scores once in 70,000 samples (Siegmund 1985, eq. 2.57:
 * (exp(2kb) - 2kb - 1) / 2k^2 a side, b = h + 1.166). Scores are cut, so that spikes do
 * not add up. */
#define CUSUM_SLACK      .5
#define CUSUM_LIMIT      10.
#define CUSUM_CUT        3.
#define CORRELATION_RATE .005
#define CORRELATION_MOST .95
/* Beyond this a value is missing, as in the history. */
#define VALUE_MOST 1e30
#define SCORE_MOST 1e9 /* stays finite where the scale is as good as nothing */
#define GAP_MOST   100.

void anomaly_init(struct anomaly *a, int64_t step_ms)
{
	*a = (struct anomaly){
		.step_ms = step_ms,
		.newest_ms = INT64_MIN,
		.level = NAN,
		.tail = TAIL_FIRST,
		.power = 1,
		.hold_until_ms = INT64_MIN,
		.rest_until_ms = INT64_MIN,
		.settled_ms = INT64_MIN,
	};
	for (size_t i = 0; i < ARRAY_LEN(a->hour_scale); i++)
		a->hour_scale[i] = 1;
}

static double accept_samples(const struct anomaly *a)
{
	return within((double)(ACCEPT_MS / a->step_ms), ACCEPT_LEAST, ACCEPT_MOST);
}

static float *hour_scale(struct anomaly *a, int64_t t_ms)
{
	int64_t rest = t_ms % MS_PER_DAY;

	return &a->hour_scale[(rest < 0 ? rest + MS_PER_DAY : rest) / MS_PER_H];
}

/* One observation on its way through the stages. */
struct trial {
	int64_t t_ms;
	double value, expected;
	double error; /* beyond the median of errors */
	/* The smaller of the error and what is left of it after the accepted shift. */
	double near;
	/* What of it lies beyond the accepted shift: a forecast that has learned a part
	 * of that shift errs by the rest. */
	double beyond;
	double scale; /* one usual error */
	double score; /* near / scale, 0 without a scale */
	double gap;   /* steps since the sample before, at least 1 */
	bool flagged;
};

/* Missed samples widen what is believed, like the steps of a random walk. */
static double steps_since(const struct anomaly *a, int64_t t_ms)
{
	if (a->newest_ms == INT64_MIN || t_ms - a->newest_ms == a->step_ms)
		return 1;
	return within((double)(t_ms - a->newest_ms) / (double)a->step_ms, 1, GAP_MOST);
}

static bool may_flag(const struct anomaly *a, int64_t t_ms)
{
	return a->samples >= WARM_SAMPLES && t_ms >= a->settled_ms;
}

/* The part of an error that the accepted shift explains. */
static double within_shift(const struct anomaly *a, double error)
{
	return within(error, smaller(a->offset, 0), larger(a->offset, 0));
}

/* Within `limit` of what other days have shown? */
static bool is_known(const struct observation *o, double limit)
{
	for (int32_t i = 0; i < o->known_count; i++) {
		if (o->value >= o->known[i].low - limit &&
		    o->value <= o->known[i].high + limit)
			return true;
	}
	return false;
}

static void measure(struct anomaly *a, const struct observation *o,
		    struct trial *ret_trial)
{
	double own = isnan(a->level) ? o->value : a->level;
	struct trial t = {
		.t_ms = o->t_ms,
		.value = o->value,
		.expected = fabs(o->expected) <= VALUE_MOST ? o->expected : own,
		.gap = steps_since(a, o->t_ms),
	};
	double usual = larger(a->usual, fabs(t.expected));

	t.error = t.value - t.expected - a->median;
	t.near =
		fabs(t.error - a->offset) < fabs(t.error) ? t.error - a->offset : t.error;
	t.beyond = t.error - within_shift(a, t.error);
	t.scale = larger(a->scale * *hour_scale(a, t.t_ms), SCALE_LEAST * usual);
	t.score = t.scale > 0 ? within(t.near / t.scale, -SCORE_MOST, SCORE_MOST) : 0;

	double limit = larger(LIMIT_SCORES, LIMIT_TAILS * a->tail) * t.scale *
		       (t.gap > 1 ? sqrt(t.gap) : 1);

	t.flagged = may_flag(a, t.t_ms) && fabs(t.beyond) > limit && !is_known(o, limit);
	*ret_trial = t;
}

static void learn_scale(struct anomaly *a, const struct trial *t)
{
	/* Once it is settled nothing is divided. */
	bool settled = a->samples >= 2 * (1 / SIGN_RATE - 1);
	double rate = settled ? SIGN_RATE : 1 / (1 + a->samples / 2);
	float *hour = hour_scale(a, t->t_ms);
	double size = fabs(t->near) * NORMAL_SCALE;
	bool up = size > a->scale * *hour;

	/* Exponentials of constants cost nothing. */
	if (a->scale > 0) {
		if (rate > SIGN_RATE)
			a->scale *= exp(up ? rate : -rate);
		else
			a->scale *= up ? exp(SIGN_RATE) : exp(-SIGN_RATE);
		*hour = (float)within(*hour * (up ? exp(HOUR_RATE) : exp(-HOUR_RATE)),
				      1 / HOUR_MOST, HOUR_MOST);
	} else {
		a->scale = t->flagged ? t->scale : size;
	}
	/* After a long calm it must find its way up again. */
	a->scale = larger(a->scale, SCALE_LEAST / 10 * a->usual);
	a->median += rate * a->scale * ((t->near > 0) - (t->near < 0));
}

/* The 99th percentile of the sizes of scores, by steps in its logarithm. */
static void learn_tail(struct anomaly *a, const struct trial *t)
{
	bool settling = t->t_ms < a->settled_ms;

	if (settling || (t->flagged && a->run > 1) || !(t->scale > 0))
		return; /* of an episode only the first counts */

	bool above = fabs(t->beyond) > a->tail * t->scale;

	a->tail = within(a->tail * (above ? exp(TAIL_RATE * (1 - TAIL_SHARE))
					  : exp(-TAIL_RATE * TAIL_SHARE)),
			 TAIL_LEAST, TAIL_MOST);
}

static void learn_levels(struct anomaly *a, const struct trial *t)
{
	double day = smaller((double)a->step_ms * (1. / (double)MS_PER_DAY), 1);
	double rate = (a->samples + 1) * day >= 1 ? day : 1 / (a->samples + 1);
	double most = a->usual > 0 ? 4 * a->usual : INFINITY;

	a->usual += rate * (smaller(fabs(t->value), most) - a->usual);
	a->level = isnan(a->level) ? t->value
				   : a->level + LEVEL_RATE * (t->value - a->level);
}

static void forget_run(struct anomaly *a)
{
	a->run = a->run_sum = a->run_size = a->run_count = 0;
	a->rise = a->fall = a->rise_n = a->fall_n = 0;
}

/* What has stayed long enough is how things are: shifted if the errors agree on a
 * direction, wider if not. */
static enum anomaly_kind accept(struct anomaly *a, const struct trial *t,
				double *ret_shift)
{
	double mean = a->run_sum / a->run_count, size = a->run_size / a->run_count;
	bool agree = fabs(mean) > size / 2;

	a->settled_ms = t->t_ms + (int64_t)accept_samples(a) * a->step_ms;
	a->hold_until_ms = INT64_MIN;
	a->level = t->value;
	if (agree)
		a->offset = mean;
	else
		a->scale = larger(a->scale, size / *hour_scale(a, t->t_ms));
	*ret_shift = agree ? mean : 0;
	forget_run(a);
	return agree ? ANOMALY_SHIFT : ANOMALY_SCATTER;
}

static void hold(struct anomaly *a, int64_t t_ms)
{
	if (t_ms < a->rest_until_ms)
		return;
	if (t_ms >= a->hold_until_ms)
		a->hold_from_ms = t_ms;

	int64_t end = a->hold_from_ms + ANOMALY_HOLD_MAX_MS;

	a->hold_until_ms = t_ms + HOLD_AFTER_MS < end ? t_ms + HOLD_AFTER_MS : end;
	if (a->hold_until_ms == end)
		a->rest_until_ms = end + ANOMALY_HOLD_MAX_MS;
}

static enum anomaly_kind judge_flagged(struct anomaly *a, const struct trial *t,
				       double *ret_shift)
{
	a->run++;
	a->run_count++;
	a->run_sum += t->error;
	a->run_size += fabs(t->error);
	hold(a, t->t_ms);
	if (a->run >= accept_samples(a))
		return accept(a, t, ret_shift);
	return ANOMALY_POINT;
}

/* Scores with heavy tails and autocorrelated ones sum up faster than normal independent
 * ones: their sums' variance is power * (1 + r) / (1 - r) times as large. Returns that
 * factor's root. */
static double learn_correlation(struct anomaly *a, double score)
{
	double r;

	a->power += CORRELATION_RATE * (score * score - a->power);
	a->covariance += CORRELATION_RATE * (score * a->score_before - a->covariance);
	a->score_before = score;
	r = a->power > 0 ? within(a->covariance / a->power, 0, CORRELATION_MOST) : 0;
	return sqrt(larger(a->power, 1) * (1 + r) / (1 - r));
}

static void cusum_add(double *sum, double *count, double score)
{
	*sum = larger(*sum + score - CUSUM_SLACK, 0);
	*count = *sum > 0 ? *count + 1 : 0;
}

/* The accepted shift is forgotten as forecasts learn it; until then it is followed, fast
 * while it is new (a ramp goes on). */
static void learn_offset(struct anomaly *a, const struct trial *t)
{
	if (a->offset == 0)
		return;
	if (!may_flag(a, t->t_ms))
		a->offset += OFFSET_RATE * (t->error - a->offset);
	else
		a->offset += (1 - OFFSET_KEEP) * (within(t->error, smaller(a->offset, 0),
							 larger(a->offset, 0)) -
						  a->offset);
}

/* Small shifts, which no single value shows. */
static enum anomaly_kind judge_calm(struct anomaly *a, const struct trial *t,
				    double *ret_shift)
{
	double cut = within(t->score, -CUSUM_CUT, CUSUM_CUT);
	double inflation = learn_correlation(a, cut);

	a->run = larger(a->run - 1, 0);
	if (a->run == 0)
		a->run_sum = a->run_size = a->run_count = 0;
	learn_offset(a, t);
	if (!may_flag(a, t->t_ms))
		return ANOMALY_NONE;

	double sure = cut / inflation;

	cusum_add(&a->rise, &a->rise_n, sure);
	cusum_add(&a->fall, &a->fall_n, -sure);
	if (a->rise <= CUSUM_LIMIT && a->fall <= CUSUM_LIMIT)
		return ANOMALY_NONE;

	double mean = a->rise > a->fall ? CUSUM_SLACK + a->rise / a->rise_n
					: -CUSUM_SLACK - a->fall / a->fall_n;

	*ret_shift = mean * inflation * t->scale;
	a->offset = *ret_shift;
	forget_run(a);
	return ANOMALY_SHIFT;
}

static void answer_hold(const struct anomaly *a, int64_t t_ms, struct anomaly_verdict *v)
{
	v->hold_down = t_ms < a->hold_until_ms;
	v->hold_until_ms = v->hold_down ? a->hold_until_ms : 0;
}

void anomaly_judge(struct anomaly *a, const struct observation *o,
		   struct anomaly_verdict *ret_verdict)
{
	struct anomaly_verdict v = {.value = o->value, .expected = o->expected};

	if (fabs(o->value) <= VALUE_MOST && o->t_ms > a->newest_ms) {
		struct trial t;

		measure(a, o, &t);
		if (t.gap > 1 && t.gap > accept_samples(a))
			forget_run(a);
		v.kind = t.flagged ? judge_flagged(a, &t, &v.shift)
				   : judge_calm(a, &t, &v.shift);
		v.expected = t.expected;
		v.score = t.score;
		v.learn = v.kind != ANOMALY_POINT;
		learn_tail(a, &t);
		learn_scale(a, &t);
		if (v.learn)
			learn_levels(a, &t);
		a->samples++;
		a->newest_ms = o->t_ms;
	}
	answer_hold(a, o->t_ms, &v);
	*ret_verdict = v;
}

void anomaly_text(const struct anomaly_verdict *v, char *ret_text)
{
	const char *held = v->hold_down ? ", scale-down held" : "";

	switch (v->kind) {
	case ANOMALY_NONE:
		ret_text[0] = '\0';
		break;
	case ANOMALY_POINT:
		snprintf(ret_text, ANOMALY_TEXT_MAX,
			 "%.4g where %.4g was expected, %.1f times the usual error: not "
			 "learned%s",
			 v->value, v->expected, fabs(v->score), held);
		break;
	case ANOMALY_SHIFT:
		snprintf(ret_text, ANOMALY_TEXT_MAX,
			 "%.4g where %.4g was expected: the level has shifted by %+.3g, "
			 "learning goes on",
			 v->value, v->expected, v->shift);
		break;
	case ANOMALY_SCATTER:
		snprintf(ret_text, ANOMALY_TEXT_MAX,
			 "%.4g where %.4g was expected: errors of this size are usual "
			 "now, learning goes on",
			 v->value, v->expected);
		break;
	}
}
