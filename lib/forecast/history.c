#include "forecast/history.h"
#include "forecast/sums.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define SPAN_LIMIT 256
/* No demand is larger: beyond it sums of squares would leave the range of numbers. */
#define VALUE_LIMIT 1e30
/* What is larger than a thousand times the usual is a fault of measurement (even a job
 * that runs for two minutes a day stays below), unless it stays for ten minutes: then it
 * is the load. */
#define FAULT_FACTOR  1000
#define FAULT_MINUTES 10
#define FAULT_VALUES  60 /* that many make something usual */
/* How far the recent lags and means look back, bridges over gaps included. */
#define RECENT_REACH 75

static_assert(HISTORY_MARKS == 3 * 64, "history_learnable looks at three words");

void history_init(struct history *h)
{
	ring_init(&h->minutes, h->minute_values, HISTORY_MINUTES, MS_PER_MIN);
	ring_init(&h->means, h->mean_values, HISTORY_MEANS, CELL_MINUTES * MS_PER_MIN);
	ring_init(&h->maxima, h->maximum_values, HISTORY_MAXIMA,
		  CELL_MINUTES * MS_PER_MIN);
	h->newest = INT64_MIN;
	h->values = 0;
	h->usual = 0;
	h->refused = 0;
	h->cell_sum = h->cell_maximum = 0;
	h->cell_count = 0;
	memset(h->marks, 0, sizeof(h->marks));
}

int64_t cell_of(int64_t minute)
{
	return minute / CELL_MINUTES - (minute % CELL_MINUTES < 0);
}

int32_t hour_of(int64_t minute)
{
	int64_t rest = minute % MINUTES_PER_DAY;

	return (int32_t)((rest < 0 ? rest + MINUTES_PER_DAY : rest) / MINUTES_PER_HOUR);
}

/* The value, or NaN where it is not to be believed. */
static double believed(struct history *h, double value)
{
	double size = fabs(value);

	if (!(size <= VALUE_LIMIT))
		return NAN;
	if (h->usual > 0 && h->values >= FAULT_VALUES && size > FAULT_FACTOR * h->usual) {
		if (++h->refused < FAULT_MINUTES)
			return NAN;
		h->usual = size;
	}
	h->refused = 0;
	h->usual +=
		(size - h->usual) /
		(double)(h->values < MINUTES_PER_DAY ? h->values + 1 : MINUTES_PER_DAY);
	return value;
}

static int32_t mark_of(int64_t minute)
{
	int64_t rest = minute % HISTORY_MARKS;

	return (int32_t)(rest < 0 ? rest + HISTORY_MARKS : rest);
}

static bool is_marked(const struct history *h, int64_t minute)
{
	int32_t bit = mark_of(minute);

	return h->marks[bit / 64] >> (bit % 64) & 1;
}

static void mark(struct history *h, int64_t minute, bool unlearned)
{
	int32_t bit = mark_of(minute);
	uint64_t mask = UINT64_C(1) << (bit % 64);

	h->marks[bit / 64] =
		unlearned ? h->marks[bit / 64] | mask : h->marks[bit / 64] & ~mask;
}

/* Marks of minutes passed over are gone. */
static void move_marks(struct history *h, int64_t minute, bool unlearned)
{
	bool far = h->newest == INT64_MIN || minute - h->newest >= HISTORY_MARKS;

	for (int64_t i = far ? minute - HISTORY_MARKS : h->newest; ++i < minute;)
		mark(h, i, false);
	mark(h, minute, unlearned);
	if (is_marked(h, minute - RECENT_REACH))
		ring_put(&h->minutes, (minute - RECENT_REACH) * MS_PER_MIN, NAN);
}

bool history_learnable(const struct history *h, int64_t first, int32_t count)
{
	if ((h->marks[0] | h->marks[1] | h->marks[2]) == 0)
		return true;
	for (int64_t i = first; i < first + count; i++) {
		if (is_marked(h, i))
			return false;
	}
	return true;
}

static void add_to_cell(struct history *h, double kept)
{
	h->cell_maximum = h->cell_count ? fmax(h->cell_maximum, kept) : kept;
	h->cell_sum += kept;
	h->cell_count++;
}

static void add(struct history *h, int64_t minute, double value, bool unlearned)
{
	if (h->newest == INT64_MIN || cell_of(minute) != cell_of(h->newest)) {
		h->cell_sum = h->cell_maximum = 0;
		h->cell_count = 0;
	}
	move_marks(h, minute, unlearned);
	ring_put(&h->minutes, minute * MS_PER_MIN, believed(h, value));
	h->newest = minute;

	double kept = history_at(h, minute);

	h->values += !isnan(kept);
	if (!isnan(kept) && !unlearned)
		add_to_cell(h, kept);
	ring_put(&h->means, minute * MS_PER_MIN, history_open_cell(h));
	ring_put(&h->maxima, minute * MS_PER_MIN, h->cell_count ? h->cell_maximum : NAN);
}

/* A cell anew, from those of its minutes that may be learned from. */
static void fill_cell(struct history *h, int64_t cell)
{
	int64_t first = cell * CELL_MINUTES;
	double sum = 0, maximum = -INFINITY;
	int32_t count = 0;

	for (int64_t i = first; i < first + CELL_MINUTES && i <= h->newest; i++) {
		double v = history_at(h, i);

		if (isnan(v) || is_marked(h, i))
			continue;
		sum += v;
		maximum = fmax(maximum, v);
		count++;
	}
	if (count == 0)
		return;
	ring_put(&h->means, first * MS_PER_MIN, sum / count);
	ring_put(&h->maxima, first * MS_PER_MIN, maximum);
	if (cell != cell_of(h->newest))
		return;
	h->cell_sum = sum;
	h->cell_maximum = maximum;
	h->cell_count = count;
}

void history_believe(struct history *h, int64_t minute)
{
	if (!is_marked(h, minute))
		return;
	mark(h, minute, false);
	fill_cell(h, cell_of(minute));
}

void history_add(struct history *h, int64_t minute, double value)
{
	add(h, minute, value, false);
}

void history_add_unlearned(struct history *h, int64_t minute, double value)
{
	add(h, minute, value, true);
}

double history_at(const struct history *h, int64_t minute)
{
	return ring_value(&h->minutes, minute);
}

double history_open_cell(const struct history *h)
{
	return h->cell_count ? h->cell_sum / h->cell_count : NAN;
}

double history_cell(const struct history *h, int64_t cell)
{
	return ring_value(&h->means, cell);
}

static double largest_of(const struct ring *r, int64_t first, int32_t count)
{
	float scratch[SPAN_LIMIT];
	struct sum s = sum_largest(ring_span(r, first, count, scratch), count);

	return s.count > 0 && s.count * 5 >= count * 4 ? (double)s.largest : NAN;
}

double history_maximum(const struct history *h, int64_t first, int32_t count)
{
	return largest_of(&h->minutes, first, count);
}

double history_cell_maximum(const struct history *h, int64_t first, int32_t count)
{
	int64_t from = cell_of(first), to = cell_of(first + count - 1);

	return largest_of(&h->maxima, from, (int32_t)(to - from + 1));
}
