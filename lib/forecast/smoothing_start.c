#include "forecast/smoothing_start.h"
#include "forecast/scalar.h"

#include <math.h>

/* Older cycles say less than the load's change since then. */
#define CYCLES_MAX 4

/* Means of the cycles that are known by half, and their middles in steps. */
struct cycles {
	int32_t count;
	double mean[CYCLES_MAX], middle[CYCLES_MAX];
};

static void find_cycles(struct cycles *c, const double *x, int32_t length, int32_t number)
{
	c->count = 0;
	for (int32_t i = 0; i < number; i++) {
		double sum = 0;
		int32_t known = 0;

		for (int32_t t = i * length; t < (i + 1) * length; t++) {
			if (isnan(x[t]))
				continue;
			sum += x[t];
			known++;
		}
		if (known * 2 < length)
			continue;
		c->mean[c->count] = sum / known;
		c->middle[c->count++] = (i + .5) * length - .5;
	}
}

/* On the line from middle to middle, flat before the first and after the last. */
static double line_at(const struct cycles *c, int32_t t)
{
	int32_t i = 0;

	if (t <= c->middle[0])
		return c->mean[0];
	while (i + 1 < c->count && t > c->middle[i + 1])
		i++;
	if (i + 1 == c->count)
		return c->mean[i];
	return c->mean[i] + (c->mean[i + 1] - c->mean[i]) * (t - c->middle[i]) /
				    (c->middle[i + 1] - c->middle[i]);
}

/* What is left of x at t without the seasons before `i`. */
static double rest_at(const struct smoothing *s, const struct cycles *c, const double *x,
		      int32_t t, int32_t i)
{
	double rest = x[t] - line_at(c, t);

	for (int32_t j = 0; j < i; j++) {
		const struct smoothing_season *season = &s->seasons[j];

		if (season->length)
			rest -= season->values[t % season->length / season->span];
	}
	return rest;
}

/* Share of the variance of averages over `cycles` >= 2 cycles that is not chance: between
 * them, against what is left around them (the James-Stein estimate). */
static double believed(double between, double within_slots, double cycles)
{
	if (!(between > 0))
		return 0;
	return larger(1 - within_slots / ((cycles - 1) * between), 0);
}

/* Averages by slot over the first `count` values. */
static void average(struct smoothing *s, const struct cycles *c, const double *x,
		    int32_t count, int32_t i)
{
	struct smoothing_season *season = &s->seasons[i];
	int32_t slots = season->length / season->span;
	double between = 0, around = 0, unit = 0;
	int32_t known_all = 0;

	for (int32_t slot = 0; slot < slots; slot++) {
		double sum = 0, sizes = 0;
		int32_t known = 0;

		for (int32_t t = slot * season->span; t < count; t += season->length) {
			for (int32_t k = 0; k < season->span; k++) {
				double rest = rest_at(s, c, x, t + k, i);

				if (isnan(rest))
					continue;
				sum += rest;
				sizes += fabs(rest);
				known++;
			}
		}
		season->values[slot] = known ? sum / known : 0;
		unit += sizes;
		known_all += known;
	}
	if (!known_all || unit <= 0)
		return;
	unit /= known_all;
	for (int32_t t = 0; t < count; t++) {
		double value = season->values[t % season->length / season->span] / unit;
		double rest = rest_at(s, c, x, t, i) / unit;

		if (isnan(rest))
			continue;
		between += value * value;
		around += (rest - value) * (rest - value);
	}

	double share = believed(between, around, (double)count / season->length);

	for (int32_t slot = 0; slot < slots; slot++)
		season->values[slot] *= share;
}

/* Mean of what is known, NaN without anything. */
static double mean_of(const double *x, int32_t count)
{
	double sum = 0;
	int32_t known = 0;

	for (int32_t t = 0; t < count; t++) {
		if (isnan(x[t]))
			continue;
		sum += x[t];
		known++;
	}
	return known ? sum / known : NAN;
}

/* Mean size of what level and seasons do not explain. */
static double mean_rest(const struct smoothing *s, const struct cycles *c,
			const double *x, int32_t count)
{
	double sum = 0;
	int32_t known = 0;

	for (int32_t t = 0; t < count; t++) {
		double rest = rest_at(s, c, x, t, SMOOTHING_SEASONS);

		if (isnan(rest))
			continue;
		sum += fabs(rest);
		known++;
	}
	return known ? sum / known : 0;
}

/* Cycles to look at: two say what is chance, and half of the values are left to see how
 * well a start does. 0: too few. */
static int32_t cycles_to_use(int32_t length, int32_t count)
{
	int32_t half = length ? count / 2 / length : 0;

	if (half > CYCLES_MAX)
		return CYCLES_MAX;
	return half >= 2 ? half : length && count / length > 2 ? 2 : 0;
}

int32_t smoothing_start(struct smoothing *s, const double *x, int32_t count)
{
	struct cycles all = {.count = 1, .mean = {mean_of(x, count)}}, cycles;
	int32_t seen = 0, last;

	/* The longest that is known well enough, and those shorter than it. */
	for (last = SMOOTHING_SEASONS - 1; last >= 0 && !seen; last--) {
		int32_t length = s->seasons[last].length;
		int32_t number = cycles_to_use(length, count);

		find_cycles(&cycles, x, length, number);
		if (cycles.count)
			seen = number * length;
	}
	if (!seen)
		cycles = all;
	for (int32_t i = 0; seen && i <= last + 1; i++) {
		if (s->seasons[i].length)
			average(s, &cycles, x, seen, i);
	}
	s->level = line_at(&cycles, 0);
	smoothing_renormalise(s);
	s->size = mean_rest(s, &cycles, x, seen ? seen : count);
	if (!(s->size > 0))
		s->size = mean_rest(s, &all, x, count);
	return seen;
}
