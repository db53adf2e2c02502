/* What decisions remember from cycle to cycle: recommendations inside the stabilization
 * window and scale events inside the policies' periods. Plain arrays of fixed size, so
 * that it can be copied, stored and read back as it is. */
#ifndef FORETOP_DECIDE_MEMORY_H
#define FORETOP_DECIDE_MEMORY_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

/* 300 s of stabilization at cycles of 5 s need 61 entries. When the log is full, entries
 * that no window of any length can choose again are dropped first; only then those of one
 * minute become one, which holds up to that minute longer. An hour has 61 minutes at
 * most. */
#define RECOMMENDATIONS_MAX 128
/* When a list is full, events of one minute become one, so that sums over a period stay
 * right to that minute. Periods are 1,800 s at most. */
#define SCALE_EVENTS_MAX 64

/* Both are packed: each policy has hundreds of them, most of them never used. */
struct recommendation {
	int64_t at_ms;
	int32_t replicas; /* raw: after combining the metrics, before any limit */
} __attribute__((packed));

struct scale_event {
	int64_t at_ms;
	int32_t change; /* >= 0 */
	bool outdated;  /* its slot may be used again */
} __attribute__((packed));

struct scale_events {
	int32_t count;
	struct scale_event items[SCALE_EVENTS_MAX];
};

/* Zeroed is a valid empty memory; the first decision seeds it with the current size. */
struct decide_memory {
	bool seeded;
	bool scaled_to_zero;   /* we set the target to zero, so we may take it up again */
	int64_t last_scale_ms; /* 0: never */
	int32_t log_count;
	struct recommendation log[RECOMMENDATIONS_MAX];
	struct scale_events up, down;
};

/* Appends a recommendation, or puts it into `slot` when that is one (the place of an
 * entry that is too old). */
#define DECIDE_MEMORY_APPEND (-1)
void decide_memory_remember(struct decide_memory *m, int32_t slot, int32_t replicas,
			    int64_t now_ms);
/* Lowers what is remembered to `replicas`: what a forecast released is not called back by
 * what was wanted before. */
void decide_memory_lower(struct decide_memory *m, int32_t replicas);

/* Sum of the changes after now_ms - period_ms. */
int32_t scale_events_sum(const struct scale_events *e, int64_t now_ms, int64_t period_ms);
/* Notes a change of |change| at now_ms in the last slot that is older than longest_ms, or
 * at the end. */
void scale_events_add(struct scale_events *e, int32_t change, int64_t now_ms,
		      int64_t longest_ms);
/* The longest period of a direction's rules, ms; 0 without rules. */
int64_t scaling_rules_longest_ms(const struct scaling_rules *r);

/* Copies what still matters at now_ms: entries inside the longest window or period that
 * any policy may have, without those that can never be chosen again. Decisions from the
 * copy equal those from the original. */
void decide_memory_export(const struct decide_memory *m, int64_t now_ms,
			  struct decide_memory *ret_record);
/* Takes over a stored record of unknown quality: counts are bounded, negative sizes and
 * times in the future (more than a minute after now_ms) are dropped. After a gap of more
 * than 300 s the next decision seeds the log with the present size again. */
void decide_memory_import(struct decide_memory *m, const struct decide_memory *record,
			  int64_t now_ms);

#endif
