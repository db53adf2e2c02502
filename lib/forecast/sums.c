#include "forecast/sums.h"
#include "forecast/lanes.h"

#include <math.h>

/* Four at a time: the order of the additions does not depend on the processor. A float
 * holds the sum of an hour to a millionth. */
#define LANES FOUR_LANES
/* By how many values are left: those of the last four that were not counted yet. */
static const four_mask last_lanes[LANES] = {
	{0, 0, 0, 0}, {0, 0, 0, -1}, {0, 0, -1, -1}, {0, -1, -1, -1}};

static four load(const float *values)
{
	return *(const four *)values;
}

static four masked(four v, four_mask mask)
{
	return (four)((four_mask)v & mask);
}

static double across(four v)
{
	return ((double)v[0] + (double)v[1]) + ((double)v[2] + (double)v[3]);
}

/* Of masks that were added up: -1 for true. */
static int32_t count_of(four_mask known)
{
	four_mask halves = known + (four_mask){known[2], known[3], known[0], known[1]};

	return -(halves[0] + halves[1]);
}

/* None is NaN. */
static float largest_of(four v)
{
	four halves = four_larger(v, (four){v[2], v[3], v[0], v[1]});

	return halves[0] > halves[1] ? halves[0] : halves[1];
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

/* Of values among which some are missing; at least LANES. */
static struct sum sum_known(const float *values, int32_t count)
{
	four total = {0}, largest = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
	four_mask known = {0};
	int32_t i = 0;

	for (; i + LANES <= count; i += LANES) {
		four v = load(values + i);
		four_mask mask = v == v;

		total += masked(v, mask);
		known += mask;                     /* -1 for true */
		largest = four_larger(v, largest); /* NaN: the second */
	}
	if (i < count) {
		four v = load(values + count - LANES);
		four_mask mask = (v == v) & last_lanes[count - i];

		total += masked(v, mask);
		known += mask;
		largest = four_larger(v, largest); /* NaN: the second */
	}

	return (struct sum){
		.total = across(total),
		.count = count_of(known),
		.largest = largest_of(largest),
	};
}

struct sum sum_of(const float *values, int32_t count)
{
	four total = {0}, largest = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
	struct sum s = {.count = count};
	int32_t i = 0;

	if (count < LANES)
		return sum_few(values, count);
	/* Mostly nothing is missing: what is would show in the total. */
	for (; i + LANES <= count; i += LANES) {
		four v = load(values + i);

		total += v;
		largest = four_larger(v, largest);
	}
	if (i < count) {
		four v = load(values + count - LANES);

		total += masked(v, last_lanes[count - i]);
		largest = four_larger(v, largest);
	}
	s.total = across(total);
	if (isnan(s.total))
		return sum_known(values, count);
	s.largest = largest_of(largest);
	return s;
}

/* Without the total. */
static struct sum maximum_few(const float *values, int32_t count)
{
	struct sum s = sum_few(values, count);

	s.total = NAN;
	return s;
}

WIDE_CLONES
struct sum sum_largest(const float *values, int32_t count)
{
	float most[OCTET_LANES];
	int32_t counts[OCTET_LANES] = {0}, i = 0;

	if (count < LANES)
		return maximum_few(values, count);
	for (int32_t j = 0; j < OCTET_LANES; j++)
		most[j] = -INFINITY;
	/* Lane by lane: the compiler has one instruction for all of a line. */
	for (; i + OCTET_LANES <= count; i += OCTET_LANES) {
		for (int32_t j = 0; j < OCTET_LANES; j++) {
			float v = values[i + j];

			most[j] = v > most[j] ? v : most[j];
			counts[j] -= v == v; /* -1 for true, as in masks */
		}
	}

	four largest = four_larger(load(most), load(most + LANES));
	const four_mask *halves = (const four_mask *)(const void *)counts;
	four_mask known = halves[0] + halves[1];

	if (i + LANES <= count) {
		four v = load(values + i);

		known += v == v;
		largest = four_larger(v, largest);
		i += LANES;
	}
	if (i < count) {
		four v = load(values + count - LANES);

		known += (v == v) & last_lanes[count - i];
		largest = four_larger(v, largest);
	}

	return (struct sum){
		.total = NAN,
		.count = count_of(known),
		.largest = largest_of(largest),
	};
}

struct sum sum_together(struct sum a, struct sum b)
{
	return (struct sum){
		.total = a.total + b.total,
		.count = a.count + b.count,
		.largest = a.largest > b.largest ? a.largest : b.largest,
	};
}

/* Of values among which some are missing. */
static double movement_known(const float *values, int32_t count)
{
	four total = {0};
	four_mask known = {0};
	int32_t i = 1;

	for (; i + LANES <= count; i += LANES) {
		four change = load(values + i) - load(values + i - 1);
		four_mask mask = change == change;

		total += masked(four_size(change), mask);
		known += mask;
	}

	double moved = across(total);
	int32_t moves = count_of(known);

	for (; i < count; i++) {
		double change = fabs((double)values[i] - (double)values[i - 1]);

		moved += change == change ? change : 0;
		moves += change == change;
	}
	return moves ? moved / moves : 0;
}

double sum_movement(const float *values, int32_t count)
{
	four total = {0};
	int32_t i = 1;

	for (; i + LANES <= count; i += LANES)
		total += four_size(load(values + i) - load(values + i - 1));

	double moved = across(total);

	for (; i < count; i++)
		moved += fabs((double)values[i] - (double)values[i - 1]);
	if (isnan(moved))
		return movement_known(values, count);
	return count > 1 ? moved / (count - 1) : 0;
}
