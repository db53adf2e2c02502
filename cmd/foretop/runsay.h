/* What `foretop run` says on standard output: what a dry run would write, the decisions
 * of
 * --once, and --diff, which sets them beside what an HPA does meanwhile. */
#ifndef FORETOP_RUNSAY_H
#define FORETOP_RUNSAY_H

#include "engine/engine.h"

enum runsay_output { RUNSAY_TABLE, RUNSAY_JSON };

/* One policy, from the first look to the last. */
struct runsay_policy {
	char *ns, *name;      /* owned */
	int32_t would;        /* what was said last; DECIDE_NO_REPLICAS: nothing */
	int32_t theirs, ours; /* said last by --diff */
	int64_t watched_ms, above_ms, below_ms;
	double their_pod_ms, our_pod_ms;
	int32_t their_changes, our_changes;
	int32_t most_above, most_below; /* pods */
};

struct runsay {
	enum runsay_output output;
	bool dry_run, diff;
	struct runsay_policy *policies;
	size_t count;
	int64_t looked_ms; /* monotonic; 0: not yet */
	bool differs;      /* something would be written, or is another size */
};

/* Looks at every policy at a moment of the monotonic clock, and says what became
 * different. */
void runsay_look(struct runsay *r, const struct engine *e, int64_t now_ms);
/* The decisions of --once, and what would be written. */
void runsay_once(struct runsay *r, const struct engine *e);
/* The sums of --diff. */
void runsay_end(struct runsay *r);
/* Accepts zeroed. */
void runsay_fini(struct runsay *r);

#endif
