#include "series/ring.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Floor division: cells before the epoch keep their width. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static void fill_nan(float *cells, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		cells[i] = NAN;
}

void ring_init(struct ring *r, float *cells, int32_t cap, int64_t step_ms)
{
	*r = (struct ring){.cells = cells, .cap = cap, .step_ms = step_ms};
	fill_nan(cells, cap);
}

/* Moves on so that `cell` is the newest one; what is passed over is missing. */
static void move_on(struct ring *r, int64_t cell)
{
	bool empty = r->first == r->next;

	if (empty || cell - r->next >= r->cap) {
		fill_nan(r->cells, r->cap);
		r->first = empty ? cell : cell - r->cap + 1;
		r->newest = 0;
	} else {
		for (int64_t n = r->next; n <= cell; n++) {
			r->newest = r->newest + 1 < r->cap ? r->newest + 1 : 0;
			r->cells[r->newest] = NAN;
		}
	}
	r->next = cell + 1;
	if (r->next - r->first > r->cap)
		r->first = r->next - r->cap;
}

void ring_put(struct ring *r, int64_t t_ms, double v)
{
	int64_t cell = ring_cell(r, t_ms);
	float value = (float)v;

	if (r->first == r->next || cell >= r->next)
		move_on(r, cell);
	else if (cell < r->first)
		return;
	r->cells[ring_slot(r, cell)] = isfinite(value) ? value : NAN;
}

double ring_at(const struct ring *r, int64_t t_ms)
{
	return ring_value(r, ring_cell(r, t_ms));
}

int64_t ring_newest_ms(const struct ring *r)
{
	return r->first == r->next ? INT64_MIN : (r->next - 1) * r->step_ms;
}

int64_t ring_oldest_ms(const struct ring *r)
{
	return r->first == r->next ? INT64_MIN : r->first * r->step_ms;
}

int32_t ring_count(const struct ring *r)
{
	int32_t count = 0;

	for (int32_t i = 0; i < r->cap; i++)
		count += !isnan(r->cells[i]);
	return count;
}

int64_t ring_cell(const struct ring *r, int64_t t_ms)
{
	return floor_div(t_ms, r->step_ms);
}

void ring_copy(const struct ring *r, int64_t first, int32_t count, float *ret_values)
{
	int64_t from = first > r->first ? first : r->first;
	int64_t to = first + count < r->next ? first + count : r->next;

	if (from >= to) {
		fill_nan(ret_values, count);
		return;
	}
	fill_nan(ret_values, from - first);
	fill_nan(ret_values + (to - first), first + count - to);

	int32_t start = ring_slot(r, from);
	int64_t length = to - from;
	int64_t straight = length < r->cap - start ? length : r->cap - start;

	memcpy(ret_values + (from - first), r->cells + start,
	       (size_t)straight * sizeof(float));
	memcpy(ret_values + (from - first) + straight, r->cells,
	       (size_t)(length - straight) * sizeof(float));
}
