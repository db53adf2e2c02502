/* Waiting longer after each failure, with jitter, so that many clients do not come back
 * at the same moment. Pure: the caller brings time and randomness. */
#ifndef FORETOP_HTTP_BACKOFF_H
#define FORETOP_HTTP_BACKOFF_H

#include "base/base.h"

/* client-go's reflector: 800 ms doubling up to 30 s, jitter factor 1 (a wait in [d, 2d)),
 * forgotten after 2 min without a failure. */
#define BACKOFF_FIRST_MS 800
#define BACKOFF_MAX_MS   30000
#define BACKOFF_RESET_MS (2 * MS_PER_MIN)

struct backoff {
	int64_t first_ms, max_ms, reset_ms;
	int64_t next_ms;   /* the next wait without jitter; 0 before the first failure */
	int64_t failed_ms; /* when the last failure was reported */
};

/* first_ms, max_ms > 0; reset_ms: so long without a failure starts over. */
void backoff_init(struct backoff *b, int64_t first_ms, int64_t max_ms, int64_t reset_ms);
/* A failure at now_ms (any steady clock): how long to wait, in [d, 2d), at least
 * retry_after_ms (give -1 when the server named none; obeyed up to 10 * max_ms). */
int64_t backoff_failed(struct backoff *b, int64_t now_ms, int64_t retry_after_ms,
		       struct rng *rng);
/* Progress: the next failure waits first_ms again. */
void backoff_succeeded(struct backoff *b);

#endif
