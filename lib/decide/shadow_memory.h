/* The memory of a virtual deployment, which decides at the ends of minutes only: ages in
 * minutes, a third of what a decide_memory takes. There are two for each policy with a
 * forecast. */
#ifndef FORETOP_DECIDE_SHADOW_MEMORY_H
#define FORETOP_DECIDE_SHADOW_MEMORY_H

#include "decide/memory.h"

/* Older than any window or period: how much does not matter. */
#define SHADOW_AGE_MAX UINT8_MAX

struct shadow_recommendation {
	uint8_t age_min;
	int32_t replicas;
} __attribute__((packed));

/* Zeroed: empty. */
struct shadow_log {
	int64_t now_ms; /* ages are counted from here */
	uint8_t count;
	struct shadow_recommendation items[RECOMMENDATIONS_MAX];
};

struct shadow_change {
	uint8_t age_min;
	int32_t change; /* >= 0 */
} __attribute__((packed));

struct shadow_changes {
	uint8_t count;
	struct shadow_change items[SCALE_EVENTS_MAX];
};

/* Ages as of the log's now_ms. */
struct shadow_events {
	struct shadow_changes up, down;
};

/* now_ms: as in the memory, a multiple of a minute, as are all its times. events: NULL
 * when there are none in it. What it knows beyond both lists is not kept. */
void shadow_memory_pack(const struct decide_memory *m, int64_t now_ms,
			struct shadow_log *ret_log, struct shadow_events *ret_events);
/* The lists of a memory that was packed; of what was older than SHADOW_AGE_MAX minutes
 * then, so old. events may be NULL. */
void shadow_memory_unpack(const struct shadow_log *log,
			  const struct shadow_events *events,
			  struct decide_memory *ret_memory);

#endif
