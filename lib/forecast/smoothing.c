#include "forecast/smoothing.h"
#include "forecast/logarithm.h"
#include "forecast/scalar.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Of the running mean of the sizes of errors one step ahead: 500 values. */
#define NOISE_RATE .002
/* Innovations beyond the limit in a row that make a level shift: half an hour of
 * five-minute steps, six hours of hourly ones. */
#define SHIFT_RUN 6
#define TO_SIGMA  1.2533141373155003 /* sqrt(pi / 2) */

static int32_t slots_of(const struct smoothing_config *config, int32_t i)
{
	return config->spans[i] > 1 ? config->seasons[i] / config->spans[i]
				    : config->seasons[i];
}

size_t smoothing_storage(const struct smoothing_config *config)
{
	return (size_t)slots_of(config, 0) + (size_t)slots_of(config, 1);
}

void smoothing_init(struct smoothing *s, const struct smoothing_config *config,
		    double *storage)
{
	*s = (struct smoothing){
		.logs = config->logs,
		.least = INFINITY,
		.most = -INFINITY,
	};
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		int32_t slots = slots_of(config, i);

		assert(config->spans[i] < 2 ||
		       config->seasons[i] % config->spans[i] == 0);

		s->seasons[i] = (struct smoothing_season){
			.length = config->seasons[i],
			.span = config->spans[i] > 1 ? config->spans[i] : 1,
			.values = storage,
		};
		for (int32_t slot = 0; slot < slots; slot++)
			storage[slot] = 0;
		storage += slots;
	}
}

double smoothing_power(double x, int32_t n)
{
	double power = 1;

	for (; n; n >>= 1, x *= x)
		power = n & 1 ? power * x : power;
	return power;
}

/* phi + ... + phi^n, from that last power. */
static inline double damped_sum(double phi, double power)
{
	return phi * (1 - power) / (1 - phi);
}

double smoothing_damped(double phi, int32_t n)
{
	return damped_sum(phi, smoothing_power(phi, n));
}

double smoothing_inward(const struct smoothing *s, double y)
{
	if (!(fabs(y) <= SMOOTHING_VALUE_MOST))
		return NAN;
	if (!s->logs)
		return y;
	/* A hundredth of the least: what is zero or negative now looks very small. */
	return logarithm(larger(y, larger(s->least / 100, SMOOTHING_VALUE_LEAST)));
}

double smoothing_shift(double e, double limit, int32_t *run)
{
	if (fabs(e) <= limit) {
		*run = 0;
		return 0;
	}
	*run = e > 0 ? (*run > 0 ? *run : 0) + 1 : (*run < 0 ? *run : 0) - 1;
	if (abs(*run) < SHIFT_RUN)
		return 0;
	*run = 0;
	return e;
}

/* The values of the seasons at this step; a season that is not there adds nothing. */
static double seasons_now(const struct smoothing *s)
{
	double sum = 0;

	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		if (s->seasons[i].length)
			sum += s->seasons[i].values[s->seasons[i].slot];
	}
	return sum;
}

static inline void move_on(struct smoothing_season *season)
{
	if (++season->position == season->length)
		season->position = season->slot = season->phase = 0;
	else if (++season->phase == season->span) {
		season->phase = 0;
		season->slot++;
	}
}

static void learn_noise(struct smoothing *s, double e, double limit)
{
	double rho = s->gains.rho;
	double before = s->error * (s->age ? smoothing_power(rho, s->age + 1) : rho);
	double rate = larger(1 / (s->learned + 1), NOISE_RATE);

	s->noise += rate * (smaller(fabs(e - before), limit) - s->noise);
	s->learned++;
}

/* The largest innovation that is believed: any, while nothing but silence is known. */
static double limit_now(const struct smoothing *s)
{
	double limit = larger(s->swing, SMOOTHING_CUT_SIZES * s->size);

	return limit > 0 ? limit : SMOOTHING_VALUE_MOST;
}

/* Everything that a value changes; the trend has been added to the level. */
static void correct(struct smoothing *s, double x)
{
	double e = x - (s->level + seasons_now(s));
	double limit = limit_now(s);
	double cut = within(e, -limit, limit);

	learn_noise(s, e, limit);
	s->error = e;
	s->age = 0;
	s->size += SMOOTHING_SIZE_RATE *
		   (smaller(fabs(e), SMOOTHING_SIZE_LIMITS * limit) - s->size);
	s->level += s->gains.alpha * cut;
	s->trend += s->gains.beta * cut;
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		if (s->seasons[i].length)
			s->seasons[i].values[s->seasons[i].slot] +=
				s->gains.gamma[i] * cut;
	}

	double shift = smoothing_shift(e, limit, &s->run);

	if (shift != 0) {
		s->level += shift - s->gains.alpha * cut;
		s->error = 0;
	}
}

int32_t smoothing_memory(const struct smoothing *s)
{
	return s->seasons[0].length   ? s->seasons[0].length
	       : s->seasons[1].length ? s->seasons[1].length
				      : INT32_MAX;
}

void smoothing_advance(struct smoothing *s, double x)
{
	s->trend *= s->gains.phi;
	s->level += s->trend;
	if (!isnan(x))
		correct(s, x);
	else if (++s->age > smoothing_memory(s))
		s->error = 0;
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		if (s->seasons[i].length)
			move_on(&s->seasons[i]);
	}
	s->next++;
}

static void renormalise_season(struct smoothing *s, const struct smoothing_season *season)
{
	int32_t slots = season->length / season->span;
	double sum = 0, least = INFINITY, most = -INFINITY;

	for (int32_t i = 0; i < slots; i++)
		sum += season->values[i];

	double mean = sum / slots;

	for (int32_t i = 0; i < slots; i++) {
		season->values[i] -= mean;
		least = smaller(least, season->values[i]);
		most = larger(most, season->values[i]);
	}
	s->level += mean;
	s->swing += most - least;
}

void smoothing_renormalise(struct smoothing *s)
{
	s->swing = 0;
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		if (s->seasons[i].length)
			renormalise_season(s, &s->seasons[i]);
	}
}

void smoothing_step(struct smoothing *s, double y)
{
	double x = smoothing_inward(s, y);

	if (!isnan(x)) {
		s->least = smaller(s->least, y);
		s->most = larger(s->most, y);
	}
	smoothing_advance(s, x);
	/* After the longest cycle: in it lies at least one of the other. */
	if ((s->seasons[1].length ? s->seasons[1].position : s->seasons[0].position) == 0)
		smoothing_renormalise(s);
}

/* Of forecasts. */
struct bounds {
	double least, most;
};

static struct bounds bounds_of(const struct smoothing *s)
{
	double half = s->most / 2 - s->least / 2, least = s->least - half;

	return (struct bounds){s->least >= 0 ? larger(least, 0) : least, s->most + half};
}

/* Walks over the steps ahead. */
struct walk {
	struct smoothing_season seasons[SMOOTHING_SEASONS];
	double damping, trend; /* phi^k, (phi + ... + phi^k) b */
	double correction;     /* rho^(age + k) e */
	struct bounds bounds;
};

static struct walk walk_from(const struct smoothing *s, int32_t first)
{
	double phi = s->gains.phi, damping = phi > 0 ? smoothing_power(phi, first) : 0;
	struct walk walk = {
		.damping = damping,
		.trend = phi > 0 ? s->trend * damped_sum(phi, damping) : 0,
		.correction = s->error * smoothing_power(s->gains.rho, s->age + first),
		.bounds = bounds_of(s),
	};

	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		struct smoothing_season *season = &walk.seasons[i];

		*season = s->seasons[i];
		if (!season->length)
			continue;
		season->position += first - 1;
		if (season->position >= season->length)
			season->position %= season->length;
		season->slot = season->position;
		season->phase = 0;
		if (season->span > 1) {
			season->slot = season->position / season->span;
			season->phase = season->position % season->span;
		}
	}
	return walk;
}

/* The forecast of the step that the walk stands at; goes on to the next. Inlined, the
 * walk stays in registers. */
static inline __attribute__((always_inline)) double walk_on(struct walk *walk,
							    const struct smoothing *s)
{
	double x = s->level + walk->trend;

#pragma GCC unroll 2
	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		if (!walk->seasons[i].length)
			continue;
		x += walk->seasons[i].values[walk->seasons[i].slot];
		move_on(&walk->seasons[i]);
	}
	x += walk->correction;
	walk->damping *= s->gains.phi;
	walk->trend += s->trend * walk->damping;
	walk->correction *= s->gains.rho;
	return x;
}

static double outward(const struct smoothing *s, struct bounds bounds, double x)
{
	return within(s->logs ? exponential(x) : x, bounds.least, bounds.most);
}

void smoothing_path(const struct smoothing *s, int32_t count, double *ret_path)
{
	struct walk walk = walk_from(s, 1);

	for (int32_t i = 0; i < count; i++)
		ret_path[i] = outward(s, walk.bounds, walk_on(&walk, s));
}

double smoothing_ahead(const struct smoothing *s, int32_t ahead)
{
	double phi = s->gains.phi, trend = 0;

	if (phi > 0)
		trend = s->trend * smoothing_damped(phi, ahead);

	double x = s->level + trend;

	for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
		const struct smoothing_season *season = &s->seasons[i];
		int32_t position = season->position + ahead - 1;

		if (!season->length)
			continue;
		if (position >= season->length)
			position %= season->length;
		x += season->values[season->span > 1 ? position / season->span
						     : position];
	}
	x += s->error * smoothing_power(s->gains.rho, s->age + ahead);
	return outward(s, bounds_of(s), x);
}

double smoothing_maximum(const struct smoothing *s, int32_t first, int32_t count)
{
	struct walk walk = walk_from(s, first);
	double largest = -INFINITY;

	for (int32_t i = 0; i < count; i++)
		largest = larger(largest, walk_on(&walk, s));
	return outward(s, walk.bounds, largest);
}

/* How much of its gamma a season passes on to the step j ahead: all of it where it comes
 * round, and where values are shared their neighbours' mean part. */
static double echo(const struct smoothing_season *season, int32_t j)
{
	int32_t rest = j % season->length;
	int32_t distance = rest < season->length - rest ? rest : season->length - rest;

	return larger(1 - (double)distance / season->span, 0);
}

void smoothing_deviations(const struct smoothing *s, int32_t count,
			  double *ret_deviations)
{
	const struct smoothing_gains *gains = &s->gains;
	double psi = 1, sum = 0, damping = 1, trend = 0;

	for (int32_t h = 1; h <= count; h++) {
		sum += psi * psi;
		ret_deviations[h - 1] = TO_SIGMA * s->noise * sqrt(sum);
		damping *= gains->phi;
		trend += gains->beta * damping;
		psi = gains->rho * psi + gains->alpha + trend;
		for (int32_t i = 0; i < SMOOTHING_SEASONS; i++) {
			if (s->seasons[i].length)
				psi += gains->gamma[i] * echo(&s->seasons[i], h);
		}
	}
}
