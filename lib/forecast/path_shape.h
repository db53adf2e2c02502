/* How the size of errors depends on the part of the season that they fall into: nights
 * are forecast better than mornings. */
#ifndef FORETOP_FORECAST_PATH_SHAPE_H
#define FORETOP_FORECAST_PATH_SHAPE_H

#include "forecast/path.h"

/* An hour of a day. */
#define SHAPE_PARTS 24

struct shape {
	int32_t season;       /* steps; 0: none, all is one part */
	int32_t parts, steps; /* of the season, of each part */
	/* Running means of |error| by knot and part, and how many they rest on. */
	float size[PATH_KNOTS_MAX][SHAPE_PARTS];
	float count[PATH_KNOTS_MAX][SHAPE_PARTS];
};

void shape_init(struct shape *s, int32_t season);

/* The part that step number `number` falls into. */
int32_t shape_part(const struct shape *s, int64_t number);

/* Learns an error of what was said for a step of this part; `stride`: steps from one
 * score of the knot to the next. */
void shape_note(struct shape *s, int32_t knot, int32_t stride, int32_t part,
		double error);

/* Mean of |error| at a knot over all parts; 0 without any. */
double shape_size(const struct shape *s, int32_t knot);

/* Factors of the parts, their mean square is 1: the knots' together, smoothed over two
 * parts to either side and drawn towards 1 as far as they rest on few errors. */
void shape_factors(const struct shape *s, int32_t knots, float ret_factor[SHAPE_PARTS]);

#endif
