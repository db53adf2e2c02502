#include "forecast/logarithm.h"

#include <math.h>

/* log 2 in two parts: the first has enough trailing zeros that its products with
 * exponents are exact. */
#define LOG2_HIGH 0x1.62e42fee00000p-1
#define LOG2_LOW  0x1.a39ef35793c76p-33

/* log m = 2 atanh(t), t = (m - 1) / (m + 1): |t| < 0.172, and the first term left out,
 * 2 t^25 / 25, is below 2^-66. */
double logarithm(double v)
{
	int exponent;
	double m = frexp(v, &exponent);

	if (m < M_SQRT1_2) {
		m *= 2;
		exponent--;
	}

	double t = (m - 1) / (m + 1);
	double square = t * t, sum = 0;

	for (int n = 23; n >= 3; n -= 2)
		sum = (sum + 1. / n) * square;
	return exponent * LOG2_HIGH + (2 * t + (2 * t * sum + exponent * LOG2_LOW));
}

/* e^x = 2^k e^r with |r| <= log(2) / 2: the first term left out, r^14 / 14!, is below
 * 2^-57. */
double exponential(double x)
{
	if (!(x >= -708))
		return 0;

	double bounded = x > 709 ? 709 : x;
	double k = floor(bounded * M_LOG2E + .5);
	double r = bounded - k * LOG2_HIGH - k * LOG2_LOW;
	double sum = 1;

	for (int n = 13; n >= 1; n--)
		sum = 1 + sum * r / n;
	return ldexp(sum, (int)k);
}
