#include "http/backoff.h"

void backoff_init(struct backoff *b, int64_t first_ms, int64_t max_ms, int64_t reset_ms)
{
	*b = (struct backoff){
		.first_ms = first_ms, .max_ms = max_ms, .reset_ms = reset_ms};
}

int64_t backoff_failed(struct backoff *b, int64_t now_ms, int64_t retry_after_ms,
		       struct rng *rng)
{
	if (!b->next_ms || now_ms - b->failed_ms > b->reset_ms)
		b->next_ms = b->first_ms;
	int64_t wait_ms = b->next_ms + (int64_t)((double)b->next_ms * rng_uniform(rng));
	b->next_ms = b->next_ms > b->max_ms / 2 ? b->max_ms : b->next_ms * 2;
	b->failed_ms = now_ms;
	if (retry_after_ms > 10 * b->max_ms)
		retry_after_ms = 10 * b->max_ms;
	return wait_ms > retry_after_ms ? wait_ms : retry_after_ms;
}

void backoff_succeeded(struct backoff *b)
{
	b->next_ms = 0;
}
