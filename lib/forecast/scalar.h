/* The larger and the smaller of two numbers as the processor does it: fmax and fmin are
 * calls, and the hot paths are full of them. */
#ifndef FORETOP_FORECAST_SCALAR_H
#define FORETOP_FORECAST_SCALAR_H

/* Neither may be NaN. */
static inline double larger(double a, double b)
{
	return a > b ? a : b;
}

static inline double smaller(double a, double b)
{
	return a < b ? a : b;
}

static inline double within(double v, double least, double most)
{
	return smaller(larger(v, least), most);
}

#endif
