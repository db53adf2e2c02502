/* Observations as they come: late, twice, at any distance. A counter must have become a
 * rate before (rate() does that): nothing here undoes resets. */
#ifndef FORETOP_SERIES_SAMPLE_H
#define FORETOP_SERIES_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* One observation. NaN marks a missing value, nothing else does. */
struct sample {
	int64_t t_ms; /* milliseconds since the epoch, UTC */
	double v;
};

/* Sorts by time, and what has one time by value, missing ones last: the order in which
 * they came no longer matters. */
void samples_sort(struct sample *samples, size_t count);

/* The usual distance of sorted samples: the median over neighbours of different times,
 * the shorter one of two. 0 with fewer than two times. */
int64_t samples_step_ms(const struct sample *sorted, size_t count);

#endif
