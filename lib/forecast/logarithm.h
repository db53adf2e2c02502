/* Logarithm and exponential in plain arithmetic: the C library's differ in the last bit
 * from processor to processor, and forecasts must not. */
#ifndef FORETOP_FORECAST_LOGARITHM_H
#define FORETOP_FORECAST_LOGARITHM_H

/* Natural logarithm of v > 0, normal and finite; right to about one unit in the last
 * place. */
double logarithm(double v);

/* e^x; 0 below -708, e^709 above 709. */
double exponential(double x);

#endif
