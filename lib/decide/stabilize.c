/* The first step of normalize.h: what was wanted lately holds back what is wanted now. */
#include "decide/normalize.h"

#include "decide/numbers.h"

int64_t downscale_window_ms(const struct policy *policy,
			    const struct decide_config *config)
{
	if (policy->has_behavior && policy->down.has_stabilization)
		return policy->down.stabilization_s * MS_PER_S;
	return config->downscale_stabilization_ms;
}

int64_t upscale_window_ms(const struct policy *policy)
{
	if (policy->has_behavior && policy->up.has_stabilization)
		return policy->up.stabilization_s * MS_PER_S;
	return 0;
}

/* The newest entry that is large enough to hold `replicas` is the one that has to leave
 * the window. */
static int64_t held_until_ms(const struct decide_memory *m, int32_t replicas,
			     int64_t window_ms)
{
	int64_t newest_ms = INT64_MIN; /* something holds, so there is one */
	for (int32_t i = 0; i < m->log_count; i++)
		if (m->log[i].replicas >= replicas && m->log[i].at_ms > newest_ms)
			newest_ms = m->log[i].at_ms;
	return newest_ms + window_ms;
}

/* A release caps what past recommendations may hold; it never goes below what is wanted
 * now. */
static int32_t capped(struct normalization *n, int32_t held)
{
	if (n->release == DECIDE_NO_REPLICAS)
		return held;
	int32_t cap = max_int32(n->desired, n->release);
	n->released = held > cap && cap < n->current;
	return min_int32(held, cap);
}

static void tell_held_down(struct normalization *n, const struct decide_memory *memory)
{
	n->stabilization = STABILIZED_DOWN;
	n->until_ms = held_until_ms(memory, n->stabilized,
				    downscale_window_ms(n->policy, n->config));
}

void stabilize_legacy(struct normalization *n, struct decide_memory *memory)
{
	int64_t cutoff_ms = n->now_ms - downscale_window_ms(n->policy, n->config);
	int32_t best = n->desired, slot = DECIDE_MEMORY_APPEND;

	for (int32_t i = 0; i < memory->log_count; i++) {
		if (memory->log[i].at_ms < cutoff_ms)
			slot = i;
		else
			best = max_int32(best, memory->log[i].replicas);
	}
	n->stabilized = capped(n, best);
	if (n->stabilized != n->desired)
		tell_held_down(n, memory);
	decide_memory_remember(memory, slot, n->desired, n->now_ms);
}

void stabilize_behavior(struct normalization *n, struct decide_memory *memory)
{
	int64_t up_cutoff_ms = n->now_ms - upscale_window_ms(n->policy);
	int64_t down_cutoff_ms = n->now_ms - downscale_window_ms(n->policy, n->config);
	int32_t up = n->desired, down = n->desired, slot = DECIDE_MEMORY_APPEND;

	for (int32_t i = 0; i < memory->log_count; i++) {
		const struct recommendation *r = &memory->log[i];
		if (r->at_ms > up_cutoff_ms)
			up = min_int32(up, r->replicas);
		if (r->at_ms > down_cutoff_ms)
			down = max_int32(down, r->replicas);
		if (r->at_ms < up_cutoff_ms && r->at_ms < down_cutoff_ms)
			slot = i;
	}
	down = capped(n, down);
	n->stabilized = max_int32(n->current, up);
	n->stabilized = min_int32(n->stabilized, down);
	if (n->stabilized != n->desired && n->desired >= n->current)
		n->stabilization = STABILIZED_UP;
	else if (n->stabilized != n->desired)
		tell_held_down(n, memory);
	decide_memory_remember(memory, slot, n->desired, n->now_ms);
}
