/* The target's pods as the watch gives them. */
#include "engine/slot.h"

#include <stdlib.h>

#define FREE_PLACE (-1)

/* Where a pod stands, by the hash of its name: open addressing, at least half of it free.
 * A query may answer for a thousand pods in a cycle, ours and others. */
struct pod_index {
	bool valid;    /* no pod has changed its place since it was made */
	uint64_t mask; /* size - 1, the size a power of two */
	int32_t places[];
};

static struct pod_index *index_new(int32_t pods_max)
{
	uint64_t size = 2;
	while (size < 2 * (uint64_t)pods_max)
		size *= 2;
	struct pod_index *x = xcalloc(1, sizeof(*x) + size * sizeof(x->places[0]));
	x->mask = size - 1;
	return x;
}

/* The values of an answer stay where they are in order, in larger memory. */
static void reserve_values(struct prepared *s, int32_t room)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		struct metric_slot *metric = &s->metrics[m];
		if (!values_per_pod(&s->policy->metrics[m]))
			continue;
		bool shown = metric->values.pods != NULL;
		metric->pod_values = xrealloc(
			metric->pod_values, (size_t)room * sizeof(metric->pod_values[0]));
		if (shown)
			metric->values.pods = metric->pod_values;
	}
}

void pods_reserve(struct prepared *s, int32_t room)
{
	size_t n = (size_t)room;
	s->pods_room = room;
	s->pods = xrealloc(s->pods, n * sizeof(s->pods[0]));
	s->pod_marks = xrealloc(s->pod_marks, n * sizeof(s->pod_marks[0]));
	free(s->pod_index);
	s->pod_index = index_new(room);
	if (room == s->pods_max)
		s->lost = xcalloc(n, sizeof(s->lost[0]));
	reserve_values(s, room);
}

/* The entry of a pod, or the free one where it would stand. */
static int32_t *entry_of(const struct prepared *s, uint64_t key)
{
	struct pod_index *x = s->pod_index;
	uint64_t at = key & x->mask;
	while (x->places[at] != FREE_PLACE && s->pods[x->places[at]].key != key)
		at = (at + 1) & x->mask;
	return &x->places[at];
}

static void make_index(const struct prepared *s)
{
	struct pod_index *x = s->pod_index;
	for (uint64_t at = 0; at <= x->mask; at++)
		x->places[at] = FREE_PLACE;
	for (int32_t i = 0; i < s->pod_count; i++)
		*entry_of(s, s->pods[i].key) = i;
	x->valid = true;
}

static int32_t find(const struct prepared *s, uint64_t key)
{
	if (!s->pod_count)
		return FREE_PLACE;
	if (!s->pod_index->valid)
		make_index(s);
	return *entry_of(s, key);
}

const struct pod *pods_find(const struct prepared *s, uint64_t key)
{
	int32_t i = find(s, key);
	return i < 0 ? NULL : &s->pods[i];
}

int64_t pods_lost(const struct prepared *s)
{
	return (int64_t)s->lost_count + s->lost_more;
}

static int32_t find_lost(const struct prepared *s, uint64_t key)
{
	for (int32_t i = 0; i < s->lost_count; i++)
		if (s->lost[i] == key)
			return i;
	return -1;
}

static void lose(struct prepared *s, uint64_t key)
{
	if (find_lost(s, key) >= 0)
		return;
	if (!s->lost || s->lost_count == s->pods_max)
		s->lost_more = true;
	else
		s->lost[s->lost_count++] = key;
}

static void find_again(struct prepared *s, uint64_t key)
{
	int32_t i = find_lost(s, key);
	if (i >= 0)
		s->lost[i] = s->lost[--s->lost_count];
}

static void drop(struct prepared *s, int32_t i)
{
	int32_t last = --s->pod_count;
	s->pod_index->valid = false;
	s->pods[i] = s->pods[last];
	s->pod_marks[i] = s->pod_marks[last];
}

static void drop_ungiven(struct prepared *s)
{
	for (int32_t i = s->pod_count - 1; i >= 0; i--)
		if (!(s->pod_marks[i] & POD_GIVEN))
			drop(s, i);
}

/* Failed pods count for nothing, but evicted ones stay listed by the hundred. */
static bool drop_failed(struct prepared *s)
{
	for (int32_t i = 0; i < s->pod_count; i++) {
		if (s->pods[i].phase != POD_FAILED)
			continue;
		drop(s, i);
		return true;
	}
	return false;
}

/* A pod that lost its readiness long after its start was Ready before: what follows is no
 * start (the HPA tells pods that were never ready in the same way). */
static bool fell_ill(const struct pod *p, const struct decide_config *c)
{
	return p->ready == READY_FALSE && p->start_ms != POD_TIME_NONE &&
	       p->ready_since_ms != POD_TIME_NONE &&
	       p->ready_since_ms > p->start_ms + c->initial_readiness_delay_ms;
}

/* Pods that were Ready before this process watched: all of them when no sample is known,
 * else those that became Ready after the newest one that is. */
static bool is_counted(struct prepared *s, int64_t ready_ms)
{
	if (s->pods_synced || s->lead_unknown || ready_ms > s->lead_before_ms)
		return false;
	return ready_ms < s->lead_before_ms || s->lead_before_count-- > 0;
}

/* The first time that a pod is seen Ready is a sample of the lead time. */
static void note_lead(struct engine *e, struct prepared *s, int32_t i)
{
	const struct pod *p = &s->pods[i];
	if (s->pod_marks[i] & POD_WAS_READY)
		return;
	if (fell_ill(p, &e->config.decide))
		s->pod_marks[i] |= POD_WAS_READY;
	if (p->ready != READY_TRUE)
		return;
	s->pod_marks[i] |= POD_WAS_READY;
	if (p->created_ms == POD_TIME_NONE || p->ready_since_ms == POD_TIME_NONE ||
	    is_counted(s, p->ready_since_ms))
		return;
	lead_note(&s->record.lead, p->created_ms, p->ready_since_ms);
	lead_publish(s);
	s->changed = true;
}

/* The place of a pod that is not there yet, or -1. */
static int32_t make_room(struct prepared *s, const struct pod_info *info)
{
	bool full = s->pod_count == s->pods_room;
	if (full && info->phase == POD_FAILED)
		return -1;
	if (full && !drop_failed(s)) {
		lose(s, hash_text(info->name));
		return -1;
	}
	find_again(s, hash_text(info->name));
	s->pod_marks[s->pod_count] = 0;
	return s->pod_count++;
}

static void put(struct engine *e, struct prepared *s, const struct pod_info *info)
{
	int32_t i = find(s, hash_text(info->name));
	if (i < 0)
		i = make_room(s, info);
	if (i < 0)
		return;
	bool fresh = i == s->pod_count - 1 && !s->pod_marks[i];
	pod_set(&s->pods[i], info, s->policy, e->config.decide.pod_level_requests);
	s->pod_marks[i] |= POD_GIVEN;
	if (fresh && s->pod_index->valid)
		*entry_of(s, s->pods[i].key) = i;
	note_lead(e, s, i);
}

/* A pod that went without ever having been Ready says that starts can take longer than it
 * was there. One that was shorter there than starts take anyway says nothing. */
static void note_never_ready(struct prepared *s, int32_t i, int64_t now_ms)
{
	const struct pod *p = &s->pods[i];
	if (s->pod_marks[i] & POD_WAS_READY || p->created_ms == POD_TIME_NONE ||
	    now_ms - p->created_ms <= s->status.lead_ms)
		return;
	lead_note_never(&s->record.lead, now_ms - p->created_ms);
	lead_publish(s);
	s->changed = true;
}

static void take_away(struct prepared *s, uint64_t key, int64_t now_ms)
{
	int32_t i = find(s, key);
	if (i < 0) {
		find_again(s, key);
		return;
	}
	note_never_ready(s, i, now_ms);
	drop(s, i);
}

static void reset(struct prepared *s)
{
	for (int32_t i = 0; i < s->pod_count; i++)
		s->pod_marks[i] &= (uint8_t)~POD_GIVEN;
	s->lost_count = 0;
	s->lost_more = false;
	s->resetting = true;
}

static void synced(struct prepared *s, int64_t now_ms)
{
	if (s->resetting)
		drop_ungiven(s);
	s->resetting = false;
	if (!s->pods_synced)
		cycle_soon(s, now_ms);
	s->pods_synced = true;
}

void pods_event(struct engine *e, struct prepared *s, const struct event *event)
{
	switch (event->type) {
	case EVENT_POD:
		put(e, s, event->u.pod.info);
		return;
	case EVENT_POD_GONE:
		take_away(s, hash_text(event->u.pod.name), event->now_ms);
		return;
	case EVENT_PODS_RESET:
		reset(s);
		return;
	case EVENT_PODS_SYNCED:
		synced(s, event->now_ms);
		return;
	default:
		return;
	}
}
