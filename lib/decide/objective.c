#include "decide/objective.h"

#include "forecast/forecast.h"

#include <math.h>

/* As long as the gate remembers its costs. */
#define HALF_LIFE_MIN 2880.0
/* A level up or down takes a day: each level halves what is missed, and a day has seen
 * every hour once. */
#define DAY_MIN 1440.0

void objective_begin(struct objective *o, double share, double quantile)
{
	bool known = share > 0 && share == o->share;
	*o = (struct objective){
		.share = share,
		.level = known ? o->level : levels_of_quantile(quantile),
		.moved_ms = known ? o->moved_ms : 0,
	};
}

void objective_heed(struct objective *o, const struct shadow_costs *costs, int64_t end_ms)
{
	double keep = exp2(-1 / HALF_LIFE_MIN);
	if (!costs->forecast)
		return;
	o->weight = keep * o->weight + 1;
	o->load = keep * o->load + costs->needed;
	o->lost = keep * o->lost + costs->ours.unserved;
	if (end_ms <= o->moved_ms)
		return;
	o->moved_ms = end_ms;
	if (!(o->load > 0))
		return;
	double too_much = costs->ours.unserved / (1 - o->share) - costs->needed;
	double moved = o->level + too_much / (o->load / o->weight) / DAY_MIN;
	o->level = fmin(fmax(moved, 0), LEVELS_COUNT - 1);
}

double objective_quantile(const struct objective *o)
{
	return levels_quantile(o->level);
}

double objective_served(const struct objective *o)
{
	return 1 - o->lost / o->load; /* 0 / 0 is NaN */
}
