/* A history on a regular grid in memory of the caller: the newest `cap` cells, NaN where
 * nothing is known. */
#ifndef FORETOP_SERIES_RING_H
#define FORETOP_SERIES_RING_H

#include <math.h>
#include <stdint.h>

struct ring {
	float *cells;    /* borrowed: cap values, round and round */
	int32_t cap;     /* > 0 */
	int32_t newest;  /* where the newest cell stands among them */
	int64_t step_ms; /* > 0 */
	int64_t next; /* number of the cell after the newest one; cell n covers [n * step,
			 (n + 1) * step) */
	int64_t first; /* number of the oldest cell that is held; first == next while
			  empty */
};

/* An empty ring over `cells` (cap floats, owned by the caller and outliving the ring). */
void ring_init(struct ring *r, float *cells, int32_t cap, int64_t step_ms);

/* Sets the cell that holds t_ms. A newer cell than any so far moves the ring on, with NaN
 * in between; a cell older than the ring holds is ignored; a second value for a cell
 * replaces the first. Values that are not finite are NaN. */
void ring_put(struct ring *r, int64_t t_ms, double v);

/* The value of the cell that holds t_ms, NaN when it is missing or outside. */
double ring_at(const struct ring *r, int64_t t_ms);
/* Start of the newest cell, INT64_MIN while empty; of the oldest. */
int64_t ring_newest_ms(const struct ring *r);
int64_t ring_oldest_ms(const struct ring *r);
/* How many cells hold a value. O(cap). */
int32_t ring_count(const struct ring *r);

/* Number of the cell that holds t_ms: floor(t_ms / step_ms). */
int64_t ring_cell(const struct ring *r, int64_t t_ms);
/* Where a cell that is held stands. Counted back from the newest: divisions
 * are slow. */
static inline int32_t ring_slot(const struct ring *r, int64_t cell)
{
	int64_t at = r->newest - (r->next - 1 - cell);

	return (int32_t)(at < 0 ? at + r->cap : at);
}
/* The value of the cell of this number, NaN when it is missing or outside. */
static inline double ring_value(const struct ring *r, int64_t cell)
{
	if (cell < r->first || cell >= r->next)
		return NAN;
	return r->cells[ring_slot(r, cell)];
}
/* Copies the cells [first, first + count) to ret_values, oldest first, NaN where they are
 * missing or outside. */
void ring_copy(const struct ring *r, int64_t first, int32_t count, float *ret_values);
/* The same without a copy where the cells lie in one piece: they are borrowed until the
 * ring changes. Otherwise they are copied to `scratch` (count floats). */
static inline const float *ring_span(const struct ring *r, int64_t first, int32_t count,
				     float *scratch)
{
	if (first >= r->first && first + count <= r->next) {
		int32_t start = ring_slot(r, first);

		if (start + count <= r->cap)
			return r->cells + start;
	}
	ring_copy(r, first, count, scratch);
	return scratch;
}

#endif
