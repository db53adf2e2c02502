/* Which Events are new, which repeat one that was posted, and which are too many. Pure.
 */
#ifndef FORETOP_KUBE_EVENT_SERIES_H
#define FORETOP_KUBE_EVENT_SERIES_H

#include "base/base.h"
#include "kube/rate.h"

#include <stdbool.h>

/* A series ends when it was not seen for so long (events.k8s.io). */
#define SERIES_END_MS (6 * MS_PER_MIN)
#define SERIES_MAX    512
/* client-go's spam filter, refilled faster, because decisions are worth reading. */
#define OBJECT_BURST 25
#define OBJECT_PER_S 0.1
#define OBJECTS_MAX  256

struct series {
	uint64_t key; /* 0: free */
	int64_t seen_ms, sent_ms;
	int32_t count;   /* occurrences, the first included */
	int32_t sent;    /* of them told to the server; 0: the Event is not there yet */
	bool under_way;  /* a request about it is waiting or sent */
	char *ns, *name; /* of the Event */
};

struct object_rate {
	uint64_t key;
	int64_t used_ms;
	struct rate rate;
};

struct event_series {
	struct series items[SERIES_MAX];
	struct object_rate objects[OBJECTS_MAX];
};

enum series_verdict { SERIES_NEW, SERIES_REPEATED, SERIES_SPAM };

/* An occurrence of `key` (what the Event says) about `object`. *ret_series: the series it
 * belongs to, NULL with SERIES_SPAM. A new one has ns and name NULL, which the caller
 * sets.
 */
enum series_verdict event_series_note(struct event_series *e, uint64_t key,
				      uint64_t object, int64_t now_ms,
				      struct series **ret_series);
/* The series with this key, or NULL. */
struct series *event_series_find(struct event_series *e, uint64_t key);
/* One whose count the server should learn now: repeated, and told more than repeat_ms
 * ago; or NULL. *ret_wait_ms: when to look again if there may be one later, or -1. */
struct series *event_series_due(struct event_series *e, int64_t repeat_ms, int64_t now_ms,
				int64_t *ret_wait_ms);
void event_series_forget(struct series *s);
void event_series_fini(struct event_series *e);

#endif
