/* From a wanted size to one that the guards allow: stabilization over past
 * recommendations, then rates and bounds. Without `behavior` the HPA takes its older
 * path, with it the newer one. */
#ifndef FORETOP_DECIDE_NORMALIZE_H
#define FORETOP_DECIDE_NORMALIZE_H

#include "decide/decide.h"

/* A size on its way through the guards. */
struct normalization {
	const struct policy *policy;
	const struct decide_config *config;
	int64_t now_ms;
	int32_t current;
	int32_t desired; /* raw, >= 0 */
	/* Stabilization may not hold above this; DECIDE_NO_REPLICAS: as high as it likes.
	 */
	int32_t release;
	/* Results. */
	int32_t stabilized;
	int32_t replicas; /* after rates and bounds */
	bool released;    /* without the release it would have held higher */
	enum stabilization stabilization;
	enum limit limit;
	int64_t until_ms; /* as in struct decision */
};

/* Both steps; remembers the raw size. */
void normalize(struct normalization *n, struct decide_memory *memory);

/* The steps, each for both paths. They read and write the fields of *n that belong to
 * them. */
void stabilize_legacy(struct normalization *n, struct decide_memory *memory);
void stabilize_behavior(struct normalization *n, struct decide_memory *memory);
void limit_legacy(struct normalization *n);
void limit_behavior(struct normalization *n, const struct decide_memory *memory);

/* Stabilization windows in force. */
int64_t downscale_window_ms(const struct policy *policy,
			    const struct decide_config *config);
int64_t upscale_window_ms(const struct policy *policy);

/* What one direction's rules allow at now_ms, before it meets the present size and the
 * bounds. */
int32_t scale_up_limit(const struct scaling_rules *rules, int32_t current,
		       const struct decide_memory *memory, int64_t now_ms);
int32_t scale_down_limit(const struct scaling_rules *rules, int32_t current,
			 const struct decide_memory *memory, int64_t now_ms);

/* base * (1 + percent / 100) rounded up, and base * (1 - percent / 100) cut, in the
 * doubles that the HPA uses: 10 % more than 100 is 111. */
int32_t percent_up(int32_t base, int32_t percent);
int32_t percent_down(int32_t base, int32_t percent);

#endif
