/* The target's pods as the watch gives them. */
#include "engine/slot.h"

#include <string.h>

static int32_t find(const struct prepared *s, uint64_t key)
{
	for (int32_t i = 0; i < s->pod_count; i++)
		if (s->pods[i].key == key)
			return i;
	return -1;
}

bool pods_known(const struct prepared *s, uint64_t key)
{
	return find(s, key) >= 0;
}

static void drop(struct prepared *s, int32_t i)
{
	int32_t last = --s->pod_count;
	s->pods[i] = s->pods[last];
	s->pod_marks[i] = s->pod_marks[last];
}

static void drop_ungiven(struct prepared *s)
{
	for (int32_t i = s->pod_count - 1; i >= 0; i--)
		if (!(s->pod_marks[i] & POD_GIVEN))
			drop(s, i);
}

/* The first time that a pod is seen Ready is a sample of the lead time. Pods that were
 * Ready before anybody watched count only while nothing better is known. */
static void note_lead(struct prepared *s, int32_t i)
{
	const struct pod *p = &s->pods[i];
	if (p->ready != READY_TRUE || (s->pod_marks[i] & POD_WAS_READY))
		return;
	s->pod_marks[i] |= POD_WAS_READY;
	bool watched = s->pods_synced;
	if (p->created_ms == POD_TIME_NONE || p->ready_since_ms == POD_TIME_NONE)
		return;
	if (watched || s->record.lead.count < LEAD_SAMPLES_MAX / 2)
		lead_note(&s->record.lead, p->ready_since_ms - p->created_ms);
}

static void put(struct engine *e, struct prepared *s, const struct pod_info *info)
{
	int32_t i = find(s, hash_text(info->name));
	if (i < 0) {
		if (s->pod_count == s->pods_max) {
			s->pods_lost++;
			return;
		}
		i = s->pod_count++;
		s->pod_marks[i] = 0;
	}
	pod_set(&s->pods[i], info, s->policy, e->config.decide.pod_level_requests);
	s->pod_marks[i] |= POD_GIVEN;
	note_lead(s, i);
}

void pods_event(struct engine *e, struct prepared *s, const struct event *event)
{
	if (!s->policy)
		return;
	switch (event->type) {
	case EVENT_POD:
		put(e, s, event->u.pod.info);
		return;
	case EVENT_POD_GONE: {
		int32_t i = find(s, hash_text(event->u.pod.name));
		if (i >= 0)
			drop(s, i);
		return;
	}
	case EVENT_PODS_RESET:
		for (int32_t i = 0; i < s->pod_count; i++)
			s->pod_marks[i] &= (uint8_t)~POD_GIVEN;
		s->pods_lost = 0;
		s->resetting = true;
		return;
	case EVENT_PODS_SYNCED:
		if (s->resetting)
			drop_ungiven(s);
		s->resetting = false;
		if (!s->pods_synced)
			cycle_soon(s, event->now_ms);
		s->pods_synced = true;
		return;
	default:
		return;
	}
}
