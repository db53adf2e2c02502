#include "forecast/history.h"
#include "forecast/sums.h"

#include <math.h>

#define SPAN_LIMIT 256
/* No demand is larger: beyond it sums of squares would leave the range of numbers. */
#define VALUE_LIMIT 1e30
/* What is larger than a thousand times the usual is a fault of measurement (even a job
 * that runs for two minutes a day stays below), unless it stays for ten minutes: then it
 * is the load. */
#define FAULT_FACTOR  1000
#define FAULT_MINUTES 10
#define FAULT_VALUES  60 /* that many make something usual */

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

void history_add(struct history *h, int64_t minute, double value)
{
	if (h->newest == INT64_MIN || cell_of(minute) != cell_of(h->newest)) {
		h->cell_sum = h->cell_maximum = 0;
		h->cell_count = 0;
	}
	ring_put(&h->minutes, minute * MS_PER_MIN, believed(h, value));
	h->newest = minute;

	double kept = history_at(h, minute);

	if (!isnan(kept)) {
		h->cell_maximum = h->cell_count ? fmax(h->cell_maximum, kept) : kept;
		h->cell_sum += kept;
		h->cell_count++;
		h->values++;
	}
	ring_put(&h->means, minute * MS_PER_MIN, history_open_cell(h));
	ring_put(&h->maxima, minute * MS_PER_MIN, h->cell_count ? h->cell_maximum : NAN);
}

double history_at(const struct history *h, int64_t minute)
{
	return ring_at(&h->minutes, minute * MS_PER_MIN);
}

double history_open_cell(const struct history *h)
{
	return h->cell_count ? h->cell_sum / h->cell_count : NAN;
}

double history_cell(const struct history *h, int64_t cell)
{
	return ring_at(&h->means, cell * CELL_MINUTES * MS_PER_MIN);
}

static double largest_of(const struct ring *r, int64_t first, int32_t count)
{
	float scratch[SPAN_LIMIT];
	struct sum s = sum_of(ring_span(r, first, count, scratch), count);

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
