/* Numbers side by side. What is done to vectors is done entry by entry, so it gives the
 * same bits on every processor; WIDE_CLONES compiles a function twice, for registers of
 * 16 and of 32 bytes, and the processor that runs it takes the one it has. */
#ifndef FORETOP_FORECAST_LANES_H
#define FORETOP_FORECAST_LANES_H

#include <stdbool.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Two neighbours: every 64-bit processor has registers for them. */
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t pair_mask __attribute__((vector_size(16), aligned(8), may_alias));
#define QUAD_LANES 4
typedef double quad_double
	__attribute__((vector_size(QUAD_LANES * sizeof(double)), aligned(8), may_alias));
#define OCTET_LANES 8
typedef float octet
	__attribute__((vector_size(OCTET_LANES * sizeof(float)), aligned(4), may_alias));

/* Four floats fit the registers of every machine. */
#define FOUR_LANES 4
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t four_mask __attribute__((vector_size(16), aligned(4), may_alias));

/* One where the mask is set, the other elsewhere. */
static inline four four_chosen(four_mask mask, four yes, four no)
{
	return (four)((mask & (four_mask)yes) | (~mask & (four_mask)no));
}

/* The smaller and the larger, the second where they are equal: one instruction where the
 * compiler does not find it by itself. */
static inline four four_smaller(four a, four b)
{
#ifdef __SSE2__
	return (four)_mm_min_ps((__m128)a, (__m128)b);
#else
	return four_chosen(a < b, a, b);
#endif
}

static inline four four_larger(four a, four b)
{
#ifdef __SSE2__
	return (four)_mm_max_ps((__m128)a, (__m128)b);
#else
	return four_chosen(a > b, a, b);
#endif
}

static inline four four_size(four a)
{
	return (four)((four_mask)a & INT32_MAX);
}

/* The same of two doubles. */
static inline pair pair_smaller(pair a, pair b)
{
#ifdef __SSE2__
	return (pair)_mm_min_pd((__m128d)a, (__m128d)b);
#else
	return (pair){a[0] < b[0] ? a[0] : b[0], a[1] < b[1] ? a[1] : b[1]};
#endif
}

static inline pair pair_larger(pair a, pair b)
{
#ifdef __SSE2__
	return (pair)_mm_max_pd((__m128d)a, (__m128d)b);
#else
	return (pair){a[0] > b[0] ? a[0] : b[0], a[1] > b[1] ? a[1] : b[1]};
#endif
}

static inline pair pair_chosen(pair_mask mask, pair yes, pair no)
{
	return (pair)((mask & (pair_mask)yes) | (~mask & (pair_mask)no));
}

static inline pair pair_size(pair a)
{
	return (pair)((pair_mask)a & INT64_MAX);
}

/* Clones are chosen by the dynamic linker of glibc, before sanitizers are ready. Not
 * "fma": it would round otherwise. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__has_attribute) &&             \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&               \
	!defined(__clang__)
#if __has_attribute(target_clones)
#define WIDE_CLONES __attribute__((target_clones("avx2", "default")))
#endif
#endif
#ifndef WIDE_CLONES
#define WIDE_CLONES
#endif

/* Of what clones are made of: a function of its own would have the narrow registers. */
#define WIDE_PART static inline __attribute__((always_inline))

/* What takes and returns wide registers is always inlined: how they would be passed does
 * not matter. */
#pragma GCC diagnostic ignored "-Wpsabi"
typedef int64_t quad_mask
	__attribute__((vector_size(QUAD_LANES * sizeof(int64_t)), aligned(8), may_alias));

/* What any vector can do. chosen: one where the mask is set, the other elsewhere;
 * smaller, larger: the second where they are equal or one is NaN. */
#define WIDE_OPERATIONS(name, vector, mask_of, all_but_sign)                             \
	WIDE_PART vector name##_chosen(mask_of mask, vector yes, vector no)              \
	{                                                                                \
		return (vector)((mask & (mask_of)yes) | (~mask & (mask_of)no));          \
	}                                                                                \
	WIDE_PART vector name##_smaller(vector a, vector b)                              \
	{                                                                                \
		return name##_chosen(a < b, a, b);                                       \
	}                                                                                \
	WIDE_PART vector name##_larger(vector a, vector b)                               \
	{                                                                                \
		return name##_chosen(a > b, a, b);                                       \
	}                                                                                \
	WIDE_PART vector name##_size(vector a)                                           \
	{                                                                                \
		return (vector)((mask_of)a & all_but_sign);                              \
	}

typedef int32_t octet_mask __attribute__((vector_size(OCTET_LANES * sizeof(int32_t)),
					  aligned(4), may_alias));

WIDE_OPERATIONS(quad, quad_double, quad_mask, INT64_MAX)
WIDE_OPERATIONS(octet, octet, octet_mask, INT32_MAX)

/* Shortens numbers; `count`: a multiple of QUAD_LANES. */
WIDE_PART void floats_of(const double *v, int32_t count, float *ret)
{
#pragma GCC unroll 6
	for (int32_t i = 0; i < count; i += QUAD_LANES)
		*(four *)(void *)(ret + i) = __builtin_convertvector(
			*(const quad_double *)(const void *)(v + i), four);
}

WIDE_PART quad_double quad_root(quad_double a)
{
#ifdef __SSE2__
	pair low = (pair)_mm_sqrt_pd((__m128d)(pair){a[0], a[1]});
	pair high = (pair)_mm_sqrt_pd((__m128d)(pair){a[2], a[3]});

	return (quad_double){low[0], low[1], high[0], high[1]};
#else
	return (quad_double){__builtin_sqrt(a[0]), __builtin_sqrt(a[1]),
			     __builtin_sqrt(a[2]), __builtin_sqrt(a[3])};
#endif
}

WIDE_PART bool octet_any(octet_mask mask)
{
	quad_mask pairs = (quad_mask)mask;

	return (pairs[0] | pairs[1] | pairs[2] | pairs[3]) != 0;
}

#endif
