/* The values that a path remembers: gaps bridged, and their logarithms where these
 * exist. */
#ifndef FORETOP_FORECAST_PATH_SERIES_H
#define FORETOP_FORECAST_PATH_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct path_series {
	/* borrowed, oldest first; a gap is bridged by what came one season before, else
	   by the last value: only what was known at the time */
	float *v;
	float *log;     /* borrowed: log(v + offset); valid while use_log */
	uint8_t *known; /* borrowed: 1 where the value was given */
	int32_t n;      /* values held; the newest is v[n - 1] */
	int32_t room, capacity, season;
	int64_t first;  /* number of v[0], counted from the first value given */
	int64_t values; /* given and not missing, in all */
	bool use_log;
	double offset;            /* keeps the logarithm away from zero */
	double least, most, mean; /* of the known values, when it was last measured */
};

/* Room for `capacity` values and some more, so that old ones are dropped in bulk. */
int32_t path_series_room(int32_t capacity);

void path_series_init(struct path_series *s, int32_t capacity, int32_t season);

/* Appends a value; NaN and what is beyond 1e30: missing. Missing values before the first
 * known one are not kept. O(1) on average. */
void path_series_add(struct path_series *s, double v);

/* Least, greatest and mean of the known values; decides whether there are logarithms
 * (no value below 0, not all 0) and takes them. O(n). */
void path_series_measure(struct path_series *s);

#endif
