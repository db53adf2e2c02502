#include "forecast/season.h"
#include "forecast/rank.h"
#include "forecast/scalar.h"
#include "forecast/spectrum.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Fewer phases than this are no profile. */
#define PHASES_LEAST 4
/* A week may stand beside a day that is established when it was seen twice; alone, a
 * period needs four cycles. */
#define CYCLES_LEAST      4
#define WEEK_CYCLES_LEAST 2
/* Mean of the cycles' terms in standard errors. Chance makes about 10 trials here, most
 * with few effective degrees of freedom, where the terms' mean is skewed. */
#define EVIDENCE_LEAST 5.
/* Peaks of the spectrum are the best of thousands. */
#define EVIDENCE_PEAK 7.
/* Less than 5 % would not change a forecast. */
#define SHARE_LEAST .05
/* A multiple of a period "explains clearly more" when it adds this much of what the
 * period explains. */
#define ADDED_LEAST .15
#define DAYS_A_WEEK 7

static const int64_t calendar_ms[] = {MS_PER_H, 8 * MS_PER_H, 12 * MS_PER_H, MS_PER_DAY,
				      DAYS_A_WEEK *MS_PER_DAY};

enum stage {
	STAGE_SQUASH,
	STAGE_CALENDAR, /* one stage for each period */
	STAGE_FUNDAMENTAL = STAGE_CALENDAR + ARRAY_LEN(calendar_ms),
	STAGE_SPECTRUM,
	STAGE_PEAK, /* one stage for each peak */
	STAGE_DONE = STAGE_PEAK + SEASON_PEAKS_MAX,
};

/* What folding on a period gives, in squashed units squared per value. */
struct fold {
	double gain;  /* explained out of sample; negative when it does harm */
	double power; /* of the filtered values */
	double evidence;
};

static int32_t capped(int32_t count)
{
	return count < SEASON_VALUES_MAX ? count : SEASON_VALUES_MAX;
}

size_t season_work_size(int32_t count)
{
	size_t n = (size_t)capped(count);

	return (2 * n + 1) * sizeof(double) + 3 * n * sizeof(float) +
	       2 * (size_t)spectrum_length((int32_t)n) * sizeof(float) +
	       (2 * n + 1) * sizeof(int32_t);
}

void season_search_init(struct season_search *s, const float *values, int32_t count,
			int64_t step_ms, void *work)
{
	int32_t n = capped(count);
	double *doubles = work;
	float *floats = (float *)(doubles + 2 * n + 1);

	*s = (struct season_search){
		.values = values + (count - n),
		.count = n,
		.step_ms = step_ms,
		.sums = doubles,
		.phases = doubles + n + 1,
		.squashed = floats,
		.rest = floats + n,
		.filtered = floats + 2 * n,
		.spectrum = floats + 3 * n,
	};
	s->known = (int32_t *)(s->spectrum + 2 * spectrum_length(n));
	s->cycles = s->known + n + 1;
}

/* Distances from the median are scaled by their own median; where more than half of the
 * values are equal, by their mean over those that differ. */
static double deviation(struct season_search *s, double median, int32_t known)
{
	float *distances = s->filtered;
	double sum = 0;
	int32_t n = 0, different = 0;

	for (int32_t i = 0; i < s->count && n < known; i++)
		if (isfinite(s->values[i]))
			distances[n++] = (float)fabs(s->values[i] - median);

	double middle = rank_pick(distances, n, n / 2);

	if (middle > 0)
		return middle;
	for (int32_t i = 0; i < n; i++) {
		sum += distances[i];
		different += distances[i] > 0;
	}
	return different ? sum / different : 0;
}

static void squash(struct season_search *s)
{
	int32_t n = 0;

	for (int32_t i = 0; i < s->count; i++)
		if (isfinite(s->values[i]))
			s->filtered[n++] = s->values[i];

	double median = n ? rank_pick(s->filtered, n, n / 2) : 0;
	double scale = n ? deviation(s, median, n) : 0;

	for (int32_t i = 0; i < s->count; i++)
		s->squashed[i] = isfinite(s->values[i]) && scale > 0
					 ? (float)asinh((s->values[i] - median) / scale)
					 : NAN;
	memcpy(s->rest, s->squashed, (size_t)s->count * sizeof(float));
}

static void sum_up(struct season_search *s, const float *x)
{
	s->sums[0] = s->known[0] = 0;
	for (int32_t i = 0; i < s->count; i++) {
		bool there = !isnan(x[i]);

		s->sums[i + 1] = s->sums[i] + (there ? x[i] : 0);
		s->known[i + 1] = s->known[i] + there;
	}
}

/* x without its centred moving mean over `width` values (at the ends: over the first or
 * last ones), to `filtered`. Missing where less than half of the window is known. */
static void filter(struct season_search *s, const float *x, int32_t width)
{
	int32_t half = width / 2, most = s->count - width;

	sum_up(s, x);
	for (int32_t i = 0; i < s->count; i++) {
		int32_t from = i - half < 0 ? 0 : i - half > most ? most : i - half;
		int32_t to = from + width, n = s->known[to] - s->known[from];

		s->filtered[i] =
			2 * n < width ? NAN
				      : x[i] - (float)((s->sums[to] - s->sums[from]) / n);
	}
}

/* Position within the cycle, kept by adding: a period need not be whole. */
struct clock {
	double period, at;
	int32_t cycle;
};

static int32_t clock_phase(const struct clock *c)
{
	return (int32_t)c->at;
}

static void clock_step(struct clock *c)
{
	c->at += 1;
	if (c->at >= c->period) {
		c->at -= c->period;
		c->cycle++;
	}
}

static void sum_phases(struct season_search *s, double period)
{
	struct clock c = {.period = period};
	size_t phases = (size_t)ceil(period) + 1;

	memset(s->phases, 0,
	       (phases < (size_t)s->count ? phases : (size_t)s->count) * sizeof(double));
	memset(s->cycles, 0,
	       (phases < (size_t)s->count ? phases : (size_t)s->count) * sizeof(int32_t));
	for (int32_t i = 0; i < s->count; i++, clock_step(&c)) {
		if (isnan(s->filtered[i]))
			continue;
		s->phases[clock_phase(&c)] += s->filtered[i];
		s->cycles[clock_phase(&c)]++;
	}
}

static bool is_week(const struct season_search *s, double period)
{
	return period * (double)s->step_ms == DAYS_A_WEEK * (double)MS_PER_DAY;
}

/* Terms of the evidence, each over a block of values: the product of values and what the
 * other cycles say, or its correlation. */
struct terms {
	bool correlate;
	double sum, squares;
	int32_t count;
	double product, power, said; /* of the open block */
};

static void terms_close(struct terms *t)
{
	double size = sqrt(t->power * t->said);
	double term = !t->correlate ? t->product : size > 0 ? t->product / size : 0;

	t->sum += term;
	t->squares += term * term;
	t->count++;
	t->product = t->power = t->said = 0;
}

/* repeats: how often a term comes: with two cycles those of both are the same. */
static double terms_evidence(const struct terms *t, double repeats)
{
	if (t->count < 2)
		return 0;

	double mean = t->sum / t->count;
	double variance =
		(t->squares / t->count - mean * mean) * t->count / (t->count - 1);

	return variance > 0 ? mean / sqrt(variance / t->count * repeats)
			    : (mean > 0 ? INFINITY : 0);
}

/* Folds `filtered` on the period, each value against the mean of the other cycles at its
 * phase. A cycle makes one term; of a week, which has few, each day does, and as a
 * correlation: weekends differ more from the daily profile than other days, which is no
 * disagreement. */
static struct fold fold(struct season_search *s, double period)
{
	bool week = is_week(s, period);
	int32_t block = (int32_t)lround(week ? period / DAYS_A_WEEK : period);
	struct clock c = {.period = period};
	struct terms t = {.correlate = week};
	double gain = 0, power = 0;
	int32_t known = 0;

	sum_phases(s, period);
	for (int32_t i = 0; i < s->count; i++, clock_step(&c)) {
		double d = s->filtered[i];
		int32_t others = s->cycles[clock_phase(&c)] - 1;

		if (i > 0 && i % block == 0)
			terms_close(&t);
		if (isnan(d) || others < 1)
			continue;

		double mean = (s->phases[clock_phase(&c)] - d) / others;

		t.product += d * mean;
		t.power += d * d;
		t.said += mean * mean;
		gain += d * d - (d - mean) * (d - mean);
		power += d * d;
		known++;
	}
	terms_close(&t);

	double cycles = (double)s->count / period;
	double repeats = cycles / larger(cycles - 1, 1);

	if (known == 0)
		return (struct fold){0};
	return (struct fold){gain / known, power / known, terms_evidence(&t, repeats)};
}

/* Takes the profile that the last fold has found out of the squashed values. */
static void remove_profile(struct season_search *s, double period)
{
	struct clock c = {.period = period};

	for (int32_t i = 0; i < s->count; i++, clock_step(&c)) {
		int32_t phase = clock_phase(&c), n = s->cycles[phase];

		s->rest[i] = s->squashed[i] - (float)(n ? s->phases[phase] / n : 0);
	}
}

static void add_season(struct season_search *s, double period, double gain, double base)
{
	struct season found = {
		.period_ms = (int64_t)llround(period * (double)s->step_ms),
		.share = within(base > 0 ? gain / base : 0, 0, 1),
		.cycles = (int32_t)(s->count / period),
	};

	s->seasons.found[s->seasons.count++] = found;
}

/* A shorter season gives way to this one, which explains more. */
static void take_over(struct season_search *s, double period)
{
	int32_t width = (int32_t)lround(period);

	filter(s, s->squashed, width);

	struct fold whole = fold(s, period);

	s->period = period;
	s->gain = whole.gain;
	s->seasons.count = 0;
	add_season(s, period, whole.gain, larger(s->base, whole.power));
	remove_profile(s, period);
}

/* Hourly means in place of `filtered`: a week has thousands of phases and was seen a few
 * times, so noise would hide its profile. */
static void smooth_hours(struct season_search *s)
{
	int32_t width = (int32_t)(MS_PER_H / s->step_ms);

	sum_up(s, s->filtered);
	for (int32_t i = 0; i < s->count; i++) {
		int32_t from = i - i % width;
		int32_t to = from + width < s->count ? from + width : s->count;
		int32_t n = s->known[to] - s->known[from];

		s->filtered[i] = n ? (float)((s->sums[to] - s->sums[from]) / n) : NAN;
	}
}

/* One period on what the season so far has left over. */
static void try_period(struct season_search *s, double period, double evidence)
{
	bool beside = is_week(s, period) && s->period > 0;
	int32_t width = (int32_t)lround(period);
	double cycles = s->count / period;

	if (width < PHASES_LEAST || cycles < (beside ? WEEK_CYCLES_LEAST : CYCLES_LEAST))
		return;
	filter(s, s->rest, width);
	if (is_week(s, period))
		smooth_hours(s);

	struct fold f = fold(s, period);
	double base = larger(s->base, is_week(s, period) ? f.power : 0);

	if (f.evidence < evidence || f.gain < SHARE_LEAST * base ||
	    (!beside && f.gain < ADDED_LEAST * s->gain))
		return;
	if (beside)
		add_season(s, period, f.gain, base);
	else
		take_over(s, period);
}

/* The variance that shares refer to: about a moving mean of a day, or of all if there is
 * less than a day. */
static void measure_base(struct season_search *s)
{
	int64_t day = MS_PER_DAY / s->step_ms;
	double sum = 0;
	int32_t n = 0;

	filter(s, s->squashed, day < s->count ? (int32_t)day : s->count);
	for (int32_t i = 0; i < s->count; i++) {
		if (isnan(s->filtered[i]))
			continue;
		sum += s->filtered[i] * s->filtered[i];
		n++;
	}
	s->base = n ? sum / n : 0;
}

/* A load of 3 hours repeats after 12 as well: the shortest whole part of the period that
 * explains about as much is the season. */
static void find_fundamental(struct season_search *s)
{
	static const int32_t parts[] = {12, 8, 6, 4, 3, 2};
	double period = s->period;

	for (size_t i = 0; i < ARRAY_LEN(parts) && s->period == period; i++) {
		double part = period / parts[i];
		int32_t width = (int32_t)lround(part);

		if (part < PHASES_LEAST)
			continue;
		filter(s, s->squashed, width);
		if (fold(s, part).gain * (1 + ADDED_LEAST) >= s->gain)
			take_over(s, part);
	}
}

/* A spectrum's peak may be a harmonic: its multiples are asked as well. */
static void try_peak(struct season_search *s, double period)
{
	if (period <= 0 || s->seasons.count > 0)
		return;
	for (int multiple = 1; multiple <= 4; multiple++)
		try_period(s, multiple * period, EVIDENCE_PEAK);
}

static void find_peaks(struct season_search *s)
{
	measure_base(s);
	spectrum_peaks(s->filtered, s->count, s->spectrum, SEASON_PEAKS_MAX, s->peaks);
}

bool season_search_work(struct season_search *s)
{
	int32_t stage = s->stage;

	if (stage >= STAGE_DONE)
		return false;
	s->stage++;
	if (stage == STAGE_SQUASH) {
		squash(s);
		measure_base(s);
		if (!(s->base > 0))
			s->stage = STAGE_DONE;
	} else if (stage < STAGE_FUNDAMENTAL) {
		int64_t period = calendar_ms[stage - STAGE_CALENDAR];

		if (period % s->step_ms == 0)
			try_period(s, (double)(period / s->step_ms), EVIDENCE_LEAST);
	} else if (stage == STAGE_FUNDAMENTAL) {
		if (s->seasons.count == 1)
			find_fundamental(s);
		if (s->seasons.count > 0)
			s->stage = STAGE_DONE;
	} else if (stage == STAGE_SPECTRUM) {
		find_peaks(s);
	} else {
		try_peak(s, s->peaks[stage - STAGE_PEAK]);
	}
	return s->stage < STAGE_DONE;
}

const struct seasons *season_search_result(const struct season_search *s)
{
	return &s->seasons;
}

void season_text(const struct season *season, char *ret_text)
{
	double minutes = (double)season->period_ms / MS_PER_MIN;
	bool hours = minutes >= 60;

	snprintf(ret_text, SEASON_TEXT_MAX,
		 "%.4g %s, explains %.0f %% of variance, %d cycles",
		 hours ? minutes / 60 : minutes, hours ? "h" : "min", 100 * season->share,
		 (int)season->cycles);
}

/* Values far out count as no more than this many standard deviations. */
#define WATCH_CUT 3.

void season_watch_init(struct season_watch *w, const struct season *season,
		       int64_t step_ms)
{
	*w = (struct season_watch){
		.share = season->share,
		.rate = (double)step_ms / (2. * (double)season->period_ms),
	};
}

void season_watch_add(struct season_watch *w, double value, double before)
{
	if (!isfinite(value) || !isfinite(before))
		return;

	double seen = w->cycles / 2; /* in memories */
	double rate = larger(w->rate, w->rate / larger(seen, w->rate));
	double limit =
		w->variance > 0 && seen > .1 ? WATCH_CUT * sqrt(w->variance) : INFINITY;

	double now = within(value - w->mean, -limit, limit);
	double then = within(before - w->mean, -limit, limit);

	w->mean += rate * .5 * (now + then);
	w->variance += rate * (.5 * (now * now + then * then) - w->variance);
	w->covariance += rate * (now * then - w->covariance);
	w->cycles += 2 * w->rate;
}

bool season_watch_doubts(const struct season_watch *w)
{
	return w->cycles >= 1 && w->covariance < .5 * w->share * w->variance;
}
