/* What a sweep comes to, for people and programs: which settings to take, on what
 * evidence, or that there is nothing to gain. */
#ifndef FORETOP_ADVICE_H
#define FORETOP_ADVICE_H

#include "sim/sim.h"

struct advice {
	const struct sweep *sweep;   /* borrowed, as is all here */
	const struct policy *policy; /* as it was rehearsed */
	const struct policy *whole;  /* as it was written, with all its metrics */
	int32_t metric;              /* index in `whole` of the one that was rehearsed */
	/* Of the first half: the cheapest settings that serve as well as the policy's
	 * target without forecasts. An index of sweep->points. */
	int32_t chosen;
	/* Of the halves the one without any load ("first", "second"): then nothing can be
	 * chosen. NULL: there is load on both. */
	const char *idle;
	/* Whether there is a whole day that took no part in the choice, and on the second
	 * half they still serve as well, for less. */
	bool gains;
	double saved; /* share of pod-hours on the second half, against the HPA's rules */
	double unserved, hpa_unserved; /* share of the load, on the second half */
	/* Whole days of the second half; those on which fewer pods were paid and no more
	 * load was lost than the HPA's rules lost on that day or on all of the first
	 * half; and the one on which most pods were paid against the HPA's. */
	int32_t days, better, worst;
	double worst_more;
};

struct advice advice_make(const struct sweep *sweep, const struct policy *policy,
			  const struct policy *whole);

/* The recommendation in a sentence or two, with its numbers. */
void advice_sentence(const struct advice *a, struct str *out);
/* The policy to apply, as YAML; "" when there is nothing to gain. The caller frees it. */
char *advice_policy(const struct advice *a);
/* "target 70 %", or "forecast.target 100 %, reactiveTarget 120 %, quantile 0.95, release"
 * in shares of what a pod serves. */
void advice_setting(const struct sweep_setting *s, struct str *out);
void advice_table(const struct advice *a, bool utf8, struct str *out);
cJSON *advice_json(const struct advice *a);

#endif
