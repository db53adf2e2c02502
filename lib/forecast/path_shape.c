#include "forecast/path_shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Errors are forgotten after so many seasons. */
#define MEMORY 14
/* Parts to either side that are looked at as well, with falling weight. */
#define AROUND 2
/* Weight of "no difference", in errors: those of one origin go together, and the knots
 * share their origins, so that few of them are news (hourly series, by cross-validation;
 * half and twice of it do as well). */
#define DOUBT 30

void shape_init(struct shape *s, int32_t season)
{
	memset(s, 0, sizeof(*s));
	s->season = season;
	s->parts = season > SHAPE_PARTS ? SHAPE_PARTS : season ? season : 1;
	s->steps = season / s->parts;
}

int32_t shape_part(const struct shape *s, int64_t number)
{
	return s->season ? (int32_t)(number % s->season * s->parts / s->season) : 0;
}

void shape_note(struct shape *s, int32_t knot, int32_t stride, int32_t part, double error)
{
	int32_t often = s->steps / stride;
	float most = MEMORY * (float)(often > 1 ? often : 1);
	float *count = &s->count[knot][part], *size = &s->size[knot][part];

	*count = *count < most ? *count + 1 : most;
	*size += ((float)fabs(error) - *size) / *count;
}

double shape_size(const struct shape *s, int32_t knot)
{
	double sum = 0, count = 0;

	for (int32_t i = 0; i < s->parts; i++) {
		sum += (double)s->size[knot][i] * (double)s->count[knot][i];
		count += (double)s->count[knot][i];
	}
	return count > 0 ? sum / count : 0;
}

/* Sums of the errors of a part in units of their knots' means, and their number. */
static void sum_part(const struct shape *s, int32_t knots, const double *unit,
		     int32_t part, double *ret_sum, double *ret_count)
{
	*ret_sum = *ret_count = 0;
	for (int32_t k = 0; k < knots; k++) {
		double count = (double)s->count[k][part];

		if (!(unit[k] > 0))
			continue;
		*ret_sum += count * (double)s->size[k][part] / unit[k];
		*ret_count += count;
	}
}

void shape_factors(const struct shape *s, int32_t knots, float ret_factor[SHAPE_PARTS])
{
	double unit[PATH_KNOTS_MAX], sum[SHAPE_PARTS], count[SHAPE_PARTS], squares = 0;

	for (int32_t k = 0; k < knots; k++)
		unit[k] = shape_size(s, k);
	for (int32_t i = 0; i < s->parts; i++)
		sum_part(s, knots, unit, i, &sum[i], &count[i]);
	for (int32_t i = 0; i < s->parts; i++) {
		double total = DOUBT, weight = DOUBT;

		for (int32_t d = -AROUND; d <= AROUND; d++) {
			int32_t part = (i + d + AROUND * s->parts) % s->parts;
			double share = 1 - (double)abs(d) / (AROUND + 1);

			total += share * sum[part];
			weight += share * count[part];
		}
		ret_factor[i] = (float)(total / weight);
		squares += total / weight * (total / weight);
	}
	for (int32_t i = 0; i < s->parts; i++)
		ret_factor[i] /= (float)sqrt(squares / s->parts);
}
