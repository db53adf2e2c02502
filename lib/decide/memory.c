#include "decide/memory.h"

#include "decide/numbers.h"

#include <string.h>

/* The API's upper bounds of a stabilization window and of a policy's period
 * (autoscaling/v2). */
#define WINDOW_LONGEST_MS (3600 * MS_PER_S)
#define PERIOD_LONGEST_MS (1800 * MS_PER_S)
/* A record whose newest recommendation is older than this tells nothing about the time
 * between: the log is seeded with the present size again, as after a restart of the HPA.
 */
#define GAP_LONGEST_MS (300 * MS_PER_S)
/* How far clocks of two machines may differ before a stored time is taken for nonsense.
 */
#define CLOCK_SKEW_MS (60 * MS_PER_S)

/* Whenever `old` is inside a window, so is `young`; and where `young` is at least as
 * large, `old` can never be the largest one that counts, where it is at most as large
 * never the smallest one. */
static bool outlives(const struct decide_memory *m, int32_t young, int32_t old)
{
	int64_t young_ms = m->log[young].at_ms, old_ms = m->log[old].at_ms;
	return young_ms > old_ms || (young_ms == old_ms && young > old);
}

/* Can entry i never again be chosen as the largest (scale-down) or, with `both`, as the
 * smallest (scale-up) one? */
static bool superseded(const struct decide_memory *m, int32_t i, bool both)
{
	const struct recommendation *r = &m->log[i];
	bool as_largest = false, as_smallest = false;

	for (int32_t k = 0; k < m->log_count; k++) {
		const struct recommendation *o = &m->log[k];
		if (!outlives(m, k, i))
			continue;
		as_largest |= o->replicas >= r->replicas;
		as_smallest |= o->replicas <= r->replicas;
	}
	return as_largest && (as_smallest || !both);
}

static void drop_superseded(struct decide_memory *m, bool both)
{
	bool drop[RECOMMENDATIONS_MAX];
	int32_t kept = 0;

	for (int32_t i = 0; i < m->log_count; i++)
		drop[i] = superseded(m, i, both);
	for (int32_t i = 0; i < m->log_count; i++)
		if (!drop[i])
			m->log[kept++] = m->log[i];
	m->log_count = kept;
}

static bool recommended_before(const void *a, const void *b)
{
	const struct recommendation *x = a, *y = b;
	return x->at_ms < y->at_ms;
}

static bool happened_before(const void *a, const void *b)
{
	const struct scale_event *x = a, *y = b;
	return x->at_ms < y->at_ms;
}

static bool same_minute(int64_t a_ms, int64_t b_ms)
{
	return a_ms / MS_PER_MIN == b_ms / MS_PER_MIN;
}

/* Too old for any window; or from the future, as after a clock was set back. What is left
 * lies within so few minutes that there is room for each. */
static bool out_of_reach(int64_t at_ms, int64_t now_ms, int64_t longest_ms)
{
	return at_ms < now_ms - longest_ms || at_ms > now_ms + CLOCK_SKEW_MS;
}

/* Entries of one minute become one that holds as high and as long as any of them. */
static void merge_minutes(struct decide_memory *m, int64_t now_ms)
{
	int32_t kept = 0;

	/* Slots are used again, so the order of the array is not that of time. */
	sort_in_place(m->log, (size_t)m->log_count, sizeof(m->log[0]),
		      recommended_before);
	for (int32_t i = 0; i < m->log_count; i++) {
		struct recommendation r = m->log[i];
		if (out_of_reach(r.at_ms, now_ms, WINDOW_LONGEST_MS))
			continue;
		if (kept > 0 && same_minute(m->log[kept - 1].at_ms, r.at_ms))
			r.replicas = max_int32(r.replicas, m->log[--kept].replicas);
		m->log[kept++] = r;
	}
	m->log_count = kept;
}

static void make_room(struct decide_memory *m, int64_t now_ms)
{
	drop_superseded(m, true);
	if (m->log_count == RECOMMENDATIONS_MAX)
		drop_superseded(m, false);
	if (m->log_count == RECOMMENDATIONS_MAX)
		merge_minutes(m, now_ms);
}

void decide_memory_remember(struct decide_memory *m, int32_t slot, int32_t replicas,
			    int64_t now_ms)
{
	if (slot < 0 && m->log_count == RECOMMENDATIONS_MAX)
		make_room(m, now_ms);
	if (slot < 0)
		slot = m->log_count++;
	m->log[slot] = (struct recommendation){.at_ms = now_ms, .replicas = replicas};
}

void decide_memory_lower(struct decide_memory *m, int32_t replicas)
{
	for (int32_t i = 0; i < m->log_count; i++)
		m->log[i].replicas = min_int32(m->log[i].replicas, replicas);
}

int32_t scale_events_sum(const struct scale_events *e, int64_t now_ms, int64_t period_ms)
{
	wide sum = 0;
	for (int32_t i = 0; i < e->count; i++)
		if (e->items[i].at_ms > now_ms - period_ms)
			sum += e->items[i].change;
	return wide_to_int32(sum);
}

/* Events of one minute become one at the time of the last of them. */
static void merge_event_minutes(struct scale_events *e, int64_t now_ms)
{
	int32_t kept = 0;

	sort_in_place(e->items, (size_t)e->count, sizeof(e->items[0]), happened_before);
	for (int32_t i = 0; i < e->count; i++) {
		struct scale_event event = e->items[i];
		if (out_of_reach(event.at_ms, now_ms, PERIOD_LONGEST_MS))
			continue;
		if (kept > 0 && same_minute(e->items[kept - 1].at_ms, event.at_ms))
			event.change = wide_to_int32((wide)event.change +
						     e->items[--kept].change);
		e->items[kept++] = event;
	}
	e->count = kept;
}

void scale_events_add(struct scale_events *e, int32_t change, int64_t now_ms,
		      int64_t longest_ms)
{
	int32_t slot = DECIDE_MEMORY_APPEND;
	for (int32_t i = 0; i < e->count; i++) {
		if (e->items[i].at_ms >= now_ms - longest_ms)
			continue;
		e->items[i].outdated = true;
		slot = i;
	}
	if (slot < 0 && e->count == SCALE_EVENTS_MAX)
		merge_event_minutes(e, now_ms);
	if (slot < 0)
		slot = e->count++;
	e->items[slot] = (struct scale_event){.at_ms = now_ms, .change = change};
}

int64_t scaling_rules_longest_ms(const struct scaling_rules *r)
{
	int32_t longest_s = 0;
	for (int32_t i = 0; i < r->count; i++)
		longest_s = max_int32(longest_s, r->rules[i].period_s);
	return longest_s * MS_PER_S;
}

/* Copies the log's entries between two times (inclusive) that are sizes at all. */
static void copy_log(struct decide_memory *to, const struct decide_memory *from,
		     int64_t oldest_ms, int64_t newest_ms)
{
	int32_t count = min_int32(from->log_count, RECOMMENDATIONS_MAX);
	for (int32_t i = 0; i < count; i++) {
		const struct recommendation *r = &from->log[i];
		if (r->at_ms >= oldest_ms && r->at_ms <= newest_ms && r->replicas >= 0)
			to->log[to->log_count++] = *r;
	}
}

static void copy_events(struct scale_events *to, const struct scale_events *from,
			int64_t oldest_ms, int64_t newest_ms)
{
	int32_t count = min_int32(from->count, SCALE_EVENTS_MAX);
	for (int32_t i = 0; i < count; i++) {
		const struct scale_event *e = &from->items[i];
		if (e->at_ms >= oldest_ms && e->at_ms <= newest_ms && e->change >= 0)
			to->items[to->count++] = *e;
	}
}

static void copy_valid(struct decide_memory *to, const struct decide_memory *from,
		       int64_t now_ms)
{
	int64_t newest_ms = now_ms + CLOCK_SKEW_MS;
	struct decide_memory m = {
		.seeded = from->seeded,
		.scaled_to_zero = from->scaled_to_zero,
		.last_scale_ms =
			from->last_scale_ms <= newest_ms ? from->last_scale_ms : 0,
	};
	copy_log(&m, from, now_ms - WINDOW_LONGEST_MS, newest_ms);
	copy_events(&m.up, &from->up, now_ms - PERIOD_LONGEST_MS, newest_ms);
	copy_events(&m.down, &from->down, now_ms - PERIOD_LONGEST_MS, newest_ms);
	*to = m;
}

void decide_memory_export(const struct decide_memory *m, int64_t now_ms,
			  struct decide_memory *ret_record)
{
	copy_valid(ret_record, m, now_ms);
	drop_superseded(ret_record, true);
}

static int64_t newest_recommendation_ms(const struct decide_memory *m)
{
	int64_t newest_ms = INT64_MIN;
	for (int32_t i = 0; i < m->log_count; i++)
		if (m->log[i].at_ms > newest_ms)
			newest_ms = m->log[i].at_ms;
	return newest_ms;
}

void decide_memory_import(struct decide_memory *m, const struct decide_memory *record,
			  int64_t now_ms)
{
	struct decide_memory copy;
	copy_valid(&copy, record, now_ms);
	if (newest_recommendation_ms(&copy) < now_ms - GAP_LONGEST_MS)
		copy.seeded = false;
	*m = copy;
}
