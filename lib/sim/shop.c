#include "sim/trace.h"

#include <math.h>

/* A weekday's shape: share of the peak at hours of the day, in between along a cosine.
 * The ramp at 08:00 is as steep as shops see when a campaign mail goes out. */
static const struct {
	double hour, share;
} weekday[] = {
	{0.0, 0.16},  {2.0, 0.08},  {4.5, 0.06},  {6.5, 0.10},  {8.0, 0.18},
	{8.5, 0.72},  {10.5, 0.86}, {12.0, 0.80}, {13.0, 0.58}, {14.0, 0.78},
	{17.0, 0.84}, {19.5, 1.00}, {21.0, 0.86}, {22.5, 0.42}, {24.0, 0.16},
};

static double profile(double hour)
{
	size_t i = 1;
	while (weekday[i].hour < hour)
		i++;
	double a = weekday[i - 1].hour, b = weekday[i].hour;
	double x = 0.5 - 0.5 * cos(M_PI * (hour - a) / (b - a));
	return weekday[i - 1].share + (weekday[i].share - weekday[i - 1].share) * x;
}

/* Saturdays wake up later and Sundays are quieter; the epoch began on a Thursday. */
static double day_share(int64_t day)
{
	switch ((day + 3) % 7) {
	case 5:
		return 0.82;
	case 6:
		return 0.68;
	default:
		return 1.0;
	}
}

/* What the crowd multiplies demand by. */
static double burst_share(const struct shop_burst *b, int64_t at_ms)
{
	int64_t since = at_ms - b->at_ms,
		left = b->rise_ms + b->hold_ms + b->fall_ms - since;
	if (b->factor <= 0 || since < 0 || left <= 0)
		return 1;
	double risen = (double)since / (double)b->rise_ms,
	       remains = (double)left / (double)b->fall_ms;
	return 1 + (b->factor - 1) * fmin(1, fmin(risen, remains));
}

struct trace *trace_shop(const struct shop_config *config)
{
	struct rng rng;
	rng_init(&rng, config->seed);
	double *values = xcalloc(config->count, sizeof(double));
	double slow = 0, level = 0;
	int64_t last_day = INT64_MIN;
	/* Noise with a memory of about a quarter of an hour, beside that of each step. */
	double memory = exp(-(double)config->step_ms / (15.0 * MS_PER_MIN));
	for (size_t i = 0; i < config->count; i++) {
		int64_t at = config->start_ms + config->step_ms * (int64_t)i;
		int64_t day = at / MS_PER_DAY;
		if (day != last_day)
			level = 0.04 * rng_normal(&rng); /* no two days are alike */
		last_day = day;
		double hour = (double)(at % MS_PER_DAY) / MS_PER_H;
		slow = memory * slow + sqrt(1 - memory * memory) * rng_normal(&rng);
		double relative = 1 + level + 0.7 * config->noise * slow +
				  0.7 * config->noise * rng_normal(&rng);
		values[i] = config->peak * day_share(day) * profile(hour) * relative *
			    burst_share(&config->burst, at);
	}
	return trace_new(config->start_ms, config->step_ms, values, config->count);
}
