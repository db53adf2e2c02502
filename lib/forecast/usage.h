/* What a workload uses of something that each pod needs by itself and that grows with its
 * load, memory above all: total = a * pods + b * load.
 *
 * The total alone must not be forecast: more pods use more of it, so that its forecast
 * would feed on itself. With a and b it follows from the forecast of the load, whatever
 * the number of pods. The line is fitted to quarters of an hour, the old ones fade
 * (half-life two days), and b must be significant: a test that reckons with errors that
 * persist, as a leak's or a cache's do. Pure, O(1) a sample, no allocation. */
#ifndef FORETOP_FORECAST_USAGE_H
#define FORETOP_FORECAST_USAGE_H

#include <stdbool.h>
#include <stdint.h>

/* A day of quarters: every hour was seen once. */
#define USAGE_BLOCKS_NEEDED 96

enum usage_term { USAGE_PODS, USAGE_LOAD, USAGE_TOTAL, USAGE_TERMS };

/* A zeroed one is valid: nothing is known. */
struct usage {
	int32_t blocks;                        /* so far */
	double count;                          /* of them, discounted */
	double same[USAGE_TERMS][USAGE_TERMS]; /* sums of products of a block's terms */
	double next[USAGE_TERMS][USAGE_TERMS]; /* and with those of the block before */
	double last[USAGE_TERMS];              /* the newest block */
	int64_t last_block;                    /* its number; 0: none */
	bool significant;                      /* as of the newest block */
	/* the block that has not ended */
	int64_t block;
	double sums[USAGE_TERMS];
	int32_t samples;
};

/* The line as of the newest block. */
struct usage_line {
	double per_pod, per_load; /* a >= 0 and b; NaN: cannot be told */
	/* b in units of its own error; NaN without an error */
	double evidence;
	/* The load's part of the total, on average, in [0, 1]; NaN unknown. */
	double part;
	bool significant;
	char reason[120]; /* why it is not, for people; "" when it is */
};

/* pods > 0 used `total` while they served `load`, both in their own units, >= 0 and
 * finite. now_ms: of the sample; one that goes back in time is ignored, by an hour or
 * more it begins anew from there: the clock was wrong. */
void usage_note(struct usage *u, int64_t now_ms, double pods, double load, double total);

void usage_solve(const struct usage *u, struct usage_line *ret_line);

#endif
