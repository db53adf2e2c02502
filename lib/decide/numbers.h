/* Arithmetic that saturates where Go's is implementation specific and C's is undefined.
 */
#ifndef FORETOP_DECIDE_NUMBERS_H
#define FORETOP_DECIDE_NUMBERS_H

#include <math.h>
#include <stdint.h>

/* Wide enough for any sum or product of two milli-values. */
typedef __int128 wide;

static inline wide wide_within(wide v, wide least, wide most)
{
	return v < least ? least : v > most ? most : v;
}

static inline int64_t wide_to_int64(wide v)
{
	return (int64_t)wide_within(v, INT64_MIN, INT64_MAX);
}

static inline int32_t wide_to_int32(wide v)
{
	return (int32_t)wide_within(v, INT32_MIN, INT32_MAX);
}

/* Truncates towards zero. A NaN has no size: it becomes INT32_MAX, so that it can never
 * shrink anything. */
static inline int32_t double_to_int32(double v)
{
	return (int32_t)fmax(fmin(v, INT32_MAX), INT32_MIN);
}

static inline int64_t double_to_int64(double v)
{
	if (isnan(v) || v >= 0x1p63)
		return INT64_MAX;
	return (int64_t)fmax(v, -0x1p63);
}

static inline int32_t ceil_to_int32(double v)
{
	return double_to_int32(ceil(v));
}

static inline int32_t max_int32(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static inline int32_t min_int32(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static inline int64_t min_int64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif
