#include "forecast/baseline.h"

#include <math.h>

#define HOUR_S   3600
#define HOUR_MIN 2
#define HOUR_MAX 240
#define LINE_S   1800
#define LINE_MIN 4
#define LINE_MAX 120

static int32_t clamp(int32_t v, int32_t least, int32_t most)
{
	return v < least ? least : v > most ? most : v;
}

void baselines_init(struct baselines *b, int32_t step_s, const int32_t seasons[2])
{
	b->hour = clamp(HOUR_S / step_s, HOUR_MIN, HOUR_MAX);
	b->line = clamp(LINE_S / step_s, LINE_MIN, LINE_MAX);
	b->seasons[0] = seasons[0];
	b->seasons[1] = seasons[1];
}

void baselines_at(const struct baselines *b, const float *v, int32_t n,
		  struct baseline_origin *ret_origin)
{
	int32_t hour = b->hour < n ? b->hour : n, line = b->line < n ? b->line : n;
	double sum = 0, tilt = 0, squares = 0, middle = 0;

	for (int32_t i = 0; i < hour; i++)
		sum += v[n - 1 - i];
	for (int32_t i = 0; i < line; i++)
		middle += v[n - 1 - i];
	for (int32_t i = 0; i < line; i++) {
		double x = (line - 1) / 2. - i;

		tilt += x * v[n - 1 - i];
		squares += x * x;
	}
	ret_origin->last = v[n - 1];
	ret_origin->mean = sum / hour;
	ret_origin->middle = middle / line;
	ret_origin->slope = squares > 0 ? tilt / squares : 0;
	ret_origin->centre = (line - 1) / 2.;
}

static float naive(const float *v, int32_t n, int32_t h, int32_t season)
{
	if (!season)
		return NAN;

	int32_t back = (h + season - 1) / season * season - h;

	return back < n ? v[n - 1 - back] : NAN;
}

void baselines_forecast(const struct baselines *b, const struct baseline_origin *o,
			const float *v, int32_t n, int32_t h, float ret[BASELINES])
{
	ret[0] = (float)o->last;
	ret[1] = (float)o->mean;
	ret[2] = naive(v, n, h, b->seasons[0]);
	ret[3] = naive(v, n, h, b->seasons[1]);
	ret[4] = (float)(o->middle + o->slope * (o->centre + h));
}
