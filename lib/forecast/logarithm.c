#include "forecast/logarithm.h"
#include "forecast/lanes.h"
#include "forecast/scalar.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* log 2 in two parts: the first has enough trailing zeros that its products with
 * exponents are exact. */
#define LOG2_HIGH 0x1.62e42fee00000p-1
#define LOG2_LOW  0x1.a39ef35793c76p-33

/* A double is 2^(exponent - EXPONENT_ONE) times 1.mantissa. */
#define MANTISSA_BITS 52
#define EXPONENT_ONE  1023

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static double double_of(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static const double halves[] = {1, .5};

/* 2^k, k in [-1022, 1023] */
static double power_of_two(int k)
{
	return double_of((uint64_t)(k + EXPONENT_ONE) << MANTISSA_BITS);
}

/* log m = 2 atanh(t), t = (m - 1) / (m + 1): |t| < 0.172, and the first term left out,
 * 2 t^25 / 25, is below 2^-66. Odd and even terms are summed side by side: one sum alone
 * would wait for itself. Written for one number and for four: the same steps give the
 * same bits. */
#define LOG_ATANH(m)                                                                     \
	t = (m - 1.) / (m + 1.);                                                         \
	s = t * t;                                                                       \
	q = s * s;                                                                       \
	odd = ((((1. / 23 * q + 1. / 19) * q + 1. / 15) * q + 1. / 11) * q + 1. / 7) *   \
		      q +                                                                \
	      1. / 3;                                                                    \
	even = (((1. / 21 * q + 1. / 17) * q + 1. / 13) * q + 1. / 9) * q + 1. / 5;      \
	sum = s * (odd + s * even)
#define LOG_OF(exponent)                                                                 \
	(exponent * LOG2_HIGH + (2. * t + (2. * t * sum + exponent * LOG2_LOW)))

#define MANTISSA_MASK ((INT64_C(1) << MANTISSA_BITS) - 1)

double logarithm(double v)
{
	uint64_t bits = bits_of(v);
	int exponent = (int)(bits >> MANTISSA_BITS) - EXPONENT_ONE;
	double m = double_of((bits & MANTISSA_MASK) | (uint64_t)EXPONENT_ONE
							      << MANTISSA_BITS);
	double t, s, q, odd, even, sum;
	/* Not a branch: it would be guessed wrong half of the time. */
	int above = m > M_SQRT2;

	m *= halves[above];
	exponent += above;
	LOG_ATANH(m);
	return LOG_OF(exponent);
}

/* A whole number below 2^52 in its last bits makes a double 2^52 larger than it. */
#define WHOLE 0x1p52

WIDE_PART quad_double log_quad(quad_double v)
{
	const quad_double one = {1, 1, 1, 1}, half = {.5, .5, .5, .5}, none = {0};
	quad_mask bits = (quad_mask)v;
	quad_mask whole = (bits >> MANTISSA_BITS) | (quad_mask)(none + WHOLE);
	quad_double exponent = (quad_double)whole - (WHOLE + EXPONENT_ONE);
	quad_double m = (quad_double)((bits & MANTISSA_MASK) | (quad_mask)one);
	quad_mask above = m > M_SQRT2;
	quad_double t, s, q, odd, even, sum;

	m *= quad_chosen(above, half, one);
	exponent += quad_chosen(above, one, none);
	LOG_ATANH(m);
	return LOG_OF(exponent);
}

WIDE_CLONES
void logarithms(const float *v, int32_t count, double offset, double least, float *ret)
{
	const quad_double none = {0};
	int32_t i = 0;

	for (; i + QUAD_LANES <= count; i += QUAD_LANES) {
		quad_double x = __builtin_convertvector(
			*(const four *)(const void *)(v + i), quad_double);

		x = quad_larger(x + offset, none + least);
		*(four *)(void *)(ret + i) = __builtin_convertvector(log_quad(x), four);
	}
	for (; i < count; i++)
		ret[i] = (float)logarithm(larger((double)v[i] + offset, least));
}

/* e^x = 2^k e^r with |r| <= log(2) / 2: the first term left out, r^14 / 14!, is below
 * 2^-57. Odd and even terms side by side. */
double exponential(double x)
{
	if (!(x >= -708))
		return 0;

	double bounded = x > 709 ? 709 : x;
	int k = (int)(bounded * M_LOG2E + (bounded < 0 ? -.5 : .5));
	double r = bounded - k * LOG2_HIGH - k * LOG2_LOW, s = r * r;
	double even = (((((1. / 479001600 * s + 1. / 3628800) * s + 1. / 40320) * s +
			 1. / 720) *
				s +
			1. / 24) *
			       s +
		       1. / 2);
	double odd = ((((1. / 6227020800 * s + 1. / 39916800) * s + 1. / 362880) * s +
		       1. / 5040) *
			      s +
		      1. / 120) *
			     s +
		     1. / 6;

	return (1 + (r + s * (even + r * odd))) * power_of_two(k);
}
