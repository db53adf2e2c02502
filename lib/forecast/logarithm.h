/* Logarithm and exponential in plain arithmetic: the C library's differ in the last bit
 * from processor to processor, and forecasts must not. */
#ifndef FORETOP_FORECAST_LOGARITHM_H
#define FORETOP_FORECAST_LOGARITHM_H

#include <stdint.h>

/* Natural logarithm of v > 0, normal and finite; right to about one unit in the last
 * place. */
double logarithm(double v);

/* e^x; 0 below -708, e^709 above 709. */
double exponential(double x);

/* The same of max(v + offset, least) for `count` values, least > 0: the same bits as one
 * by one. */
void logarithms(const float *v, int32_t count, double offset, double least, float *ret);

#endif
