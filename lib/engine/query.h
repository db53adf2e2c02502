/* How answers find back to what was asked. Opaque to everybody but the engine: copied
 * from the action to the event. */
#ifndef FORETOP_ENGINE_QUERY_H
#define FORETOP_ENGINE_QUERY_H

#include <stdint.h>

enum query_kind {
	QUERY_CURRENT, /* instant: what the metric says now */
	QUERY_HISTORY, /* range: the workload's total, one value a minute */
	QUERY_GUARD,   /* instant: what a guard's query says now */
};

struct query_ref {
	uint32_t slot, metric; /* of the policy's metrics, or of its guards */
	enum query_kind kind;
	uint64_t cycle; /* answers of an old cycle only feed history */
};

struct write_ref {
	uint32_t slot;
	uint64_t number;
};

#endif
