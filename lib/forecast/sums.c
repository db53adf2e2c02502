#include "forecast/sums.h"

#include <math.h>

/* Every 64-bit processor has registers for four floats, and the order of the additions
 * does not depend on which one it is. A float holds the sum of an hour to a millionth. */
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t four_int __attribute__((vector_size(16), aligned(4), may_alias));

#define LANES 4
/* By how many values are left: those of the last four that were not counted yet. */
static const four_int last_lanes[LANES] = {
	{0, 0, 0, 0}, {0, 0, 0, -1}, {0, 0, -1, -1}, {0, -1, -1, -1}};

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

static struct sum sum_few(const float *values, int32_t count)
{
	struct sum s = {.largest = -INFINITY};

	for (int32_t i = 0; i < count; i++) {
		s.total += values[i] == values[i] ? (double)values[i] : 0;
		s.count += values[i] == values[i];
		s.largest = values[i] > s.largest ? values[i] : s.largest;
	}
	return s;
}

struct sum sum_of(const float *values, int32_t count)
{
	four total = {0}, largest = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
	four_int known = {0};
	int32_t i = 0;

	if (count < LANES)
		return sum_few(values, count);
	for (; i + LANES <= count; i += LANES) {
		four v = load(values + i);
		four_int mask = v == v;

		total += masked(v, mask);
		known += mask; /* -1 for true */
		largest = larger_of(v, largest);
	}
	if (i < count) {
		four v = load(values + count - LANES);
		four_int mask = (v == v) & last_lanes[count - i];

		total += masked(v, mask);
		known += mask;
		largest = larger_of(v, largest);
	}

	struct sum s = {
		.total = across(total),
		.count = -(known[0] + known[1] + known[2] + known[3]),
		.largest = largest[0],
	};

	for (int k = 1; k < LANES; k++)
		s.largest = largest[k] > s.largest ? largest[k] : s.largest;
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
