#include "prom/range.h"

/* The largest multiple of step that is not above t, also before 1970. */
static int64_t floor_to(int64_t t, int64_t step)
{
	int64_t rest = t % step;
	return t - (rest < 0 ? rest + step : rest);
}

bool prom_range_align(struct prom_range *r)
{
	int64_t start = floor_to(r->start_ms + r->step_ms - 1, r->step_ms);
	int64_t end = floor_to(r->end_ms, r->step_ms);
	if (start > end)
		return false;
	r->start_ms = start;
	r->end_ms = end;
	return true;
}

/* The last point of a part that may hold `points` of them. */
static int64_t last_point(const struct prom_range *rest, int64_t points)
{
	int64_t span = (points - 1) * rest->step_ms;
	if (rest->end_ms - rest->start_ms <= span)
		return rest->end_ms;
	int64_t last = rest->start_ms + span;
	if (span < MS_PER_DAY)
		return last;
	int64_t midnight = floor_to(last + rest->step_ms, MS_PER_DAY);
	return rest->start_ms + floor_to(midnight - 1 - rest->start_ms, rest->step_ms);
}

bool prom_range_part(struct prom_range *rest, int64_t points, struct prom_range *ret_part)
{
	if (rest->start_ms > rest->end_ms)
		return false;
	*ret_part = *rest;
	ret_part->end_ms = last_point(rest, points);
	rest->start_ms = ret_part->end_ms + rest->step_ms;
	return true;
}
