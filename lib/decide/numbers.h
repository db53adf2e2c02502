/* Arithmetic that saturates where Go's is implementation specific and C's is undefined.
 */
#ifndef FORETOP_DECIDE_NUMBERS_H
#define FORETOP_DECIDE_NUMBERS_H

#include <math.h>
#include <stdint.h>

/* Wide enough for any sum or product of two milli-values. */
typedef __int128 wide;

static inline int64_t wide_to_int64(wide v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

static inline int32_t wide_to_int32(wide v)
{
	return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

/* Truncates towards zero. A NaN has no size: it becomes INT32_MAX, so that it can never
 * shrink anything. */
static inline int32_t double_to_int32(double v)
{
	if (isnan(v) || v >= (double)INT32_MAX)
		return INT32_MAX;
	return v <= (double)INT32_MIN ? INT32_MIN : (int32_t)v;
}

static inline int64_t double_to_int64(double v)
{
	if (isnan(v) || v >= (double)INT64_MAX)
		return INT64_MAX;
	return v <= (double)INT64_MIN ? INT64_MIN : (int64_t)v;
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

#endif
