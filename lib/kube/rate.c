#include "kube/rate.h"

#include <math.h>

void rate_init(struct rate *r, double per_s, double burst, int64_t now_ms)
{
	*r = (struct rate){
		.per_s = per_s, .burst = burst, .tokens = burst, .filled_ms = now_ms};
}

static void refill(struct rate *r, int64_t now_ms)
{
	double add = (double)(now_ms - r->filled_ms) / 1000.0 * r->per_s;
	r->tokens = fmin(r->burst, r->tokens + add);
	r->filled_ms = now_ms;
}

int64_t rate_take(struct rate *r, int64_t now_ms)
{
	refill(r, now_ms);
	if (now_ms < r->blocked_until)
		return r->blocked_until - now_ms;
	if (r->tokens >= 1.0) {
		r->tokens -= 1.0;
		return 0;
	}
	return (int64_t)ceil((1.0 - r->tokens) / r->per_s * 1000.0) + 1;
}

void rate_block(struct rate *r, int64_t now_ms, int64_t pause_ms)
{
	if (now_ms + pause_ms > r->blocked_until)
		r->blocked_until = now_ms + pause_ms;
}
