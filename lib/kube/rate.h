/* A token bucket: so many requests at once, so many a second on average. Pure. */
#ifndef FORETOP_KUBE_RATE_H
#define FORETOP_KUBE_RATE_H

#include <stdint.h>

struct rate {
	double per_s, burst;
	double tokens;
	int64_t filled_ms;     /* when tokens was computed */
	int64_t blocked_until; /* nothing goes out before, after a 429 */
};

/* per_s > 0, burst >= 1; full at now_ms. */
void rate_init(struct rate *r, double per_s, double burst, int64_t now_ms);
/* Takes one token: 0 if there was one, else how many milliseconds to wait before asking
 * again (at least 1). now_ms never steps back. */
int64_t rate_take(struct rate *r, int64_t now_ms);
/* The server asked for a pause: nothing for `pause_ms`. */
void rate_block(struct rate *r, int64_t now_ms, int64_t pause_ms);

#endif
