/* A story of faults: a stage, a plan of demand and a script, all drawn from one seed, and
 * what must hold of it. */
#ifndef FORETOP_TESTS_STORY_H
#define FORETOP_TESTS_STORY_H

#include "faults/stage.h"

#define STORY_FAULTS 12

struct story {
	uint64_t seed;
	struct stage_config stage;
	struct plateau plan[STAGE_PLATEAUS];
	struct fault faults[STORY_FAULTS];
	int fault_count;
	bool with_forecast;
};

/* What came of it. */
struct verdict {
	int wrong_downs;    /* writes that lowered without a measured reason */
	int out_of_bounds;  /* writes outside of [min, max] */
	bool not_recovered; /* the size is not what is needed, long after the last fault
			     */
	bool restless;      /* it still writes then */
	int writes, starts;
	struct str text; /* one line for each violation */
};

void story_draw(struct story *s, uint64_t seed);
/* Plays it to its end. The caller finishes the verdict. */
void story_play(const struct story *s, struct verdict *ret_verdict);
bool verdict_good(const struct verdict *v);
void verdict_fini(struct verdict *v);

/* The script, and the demand, as text. */
void story_describe(const struct story *s, struct str *out);

#endif
