#include "forecast/sums.h"

#include <math.h>

/* Every 64-bit processor has registers for four floats, and the order of the additions
 * does not depend on which one it is. A float holds the sum of an hour to a millionth. */
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t four_int __attribute__((vector_size(16), aligned(4), may_alias));

#define LANES_FROM 12

static four load(const float *values)
{
	return *(const four *)values;
}

static four masked(four v, four_int mask)
{
	return (four)((four_int)v & mask);
}

static four larger_of(four a, four b)
{
	four_int first = a > b;

	return (four)(((four_int)a & first) | ((four_int)b & ~first));
}

static double across(four v)
{
	return ((double)v[0] + (double)v[1]) + ((double)v[2] + (double)v[3]);
}

struct sum sum_of(const float *values, int32_t count)
{
	four total = {0}, largest = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
	four_int known = {0};
	int32_t i = 0;

	/* For a few values the lanes cost more than they bring. */
	for (; count >= LANES_FROM && i + 4 <= count; i += 4) {
		four v = load(values + i);
		four_int mask = v == v;

		total += masked(v, mask);
		known += mask; /* -1 for true */
		largest = larger_of(v, largest);
	}

	struct sum s = {.largest = -INFINITY};

	if (i > 0) {
		s.total = across(total);
		s.count = -(known[0] + known[1] + known[2] + known[3]);
		for (int k = 0; k < 4; k++)
			s.largest = largest[k] > s.largest ? largest[k] : s.largest;
	}
	for (; i < count; i++) {
		s.total += values[i] == values[i] ? (double)values[i] : 0;
		s.count += values[i] == values[i];
		s.largest = values[i] > s.largest ? values[i] : s.largest;
	}
	return s;
}

struct sum sum_together(struct sum a, struct sum b)
{
	return (struct sum){
		.total = a.total + b.total,
		.count = a.count + b.count,
		.largest = a.largest > b.largest ? a.largest : b.largest,
	};
}

double sum_mean(const struct sum *s)
{
	return s->count ? s->total / s->count : NAN;
}

double sum_movement(const float *values, int32_t count)
{
	four total = {0};
	four_int known = {0};
	int32_t i = 1;

	for (; i + 4 <= count; i += 4) {
		four change = load(values + i) - load(values + i - 1);
		four_int mask = change == change;

		total += masked(larger_of(change, -change), mask);
		known += mask;
	}

	double moved = across(total);
	int32_t moves = -(known[0] + known[1] + known[2] + known[3]);

	for (; i < count; i++) {
		double change = fabs((double)values[i] - (double)values[i - 1]);

		moved += change == change ? change : 0;
		moves += change == change;
	}
	return moves ? moved / moves : 0;
}
