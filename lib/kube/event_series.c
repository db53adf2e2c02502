#include "kube/event_series.h"

#include <stdlib.h>

void event_series_forget(struct series *s)
{
	free(s->ns);
	free(s->name);
	*s = (struct series){0};
}

void event_series_fini(struct event_series *e)
{
	for (size_t i = 0; i < SERIES_MAX; i++)
		event_series_forget(&e->items[i]);
}

struct series *event_series_find(struct event_series *e, uint64_t key)
{
	for (size_t i = 0; i < SERIES_MAX; i++)
		if (e->items[i].key == key)
			return &e->items[i];
	return NULL;
}

/* A free place, or the one that was not seen for the longest. */
static struct series *place(struct event_series *e)
{
	struct series *oldest = NULL;
	for (size_t i = 0; i < SERIES_MAX; i++) {
		struct series *s = &e->items[i];
		if (!s->key)
			return s;
		if (!s->under_way && (!oldest || s->seen_ms < oldest->seen_ms))
			oldest = s;
	}
	if (oldest)
		event_series_forget(oldest);
	return oldest;
}

static struct rate *rate_of(struct event_series *e, uint64_t object, int64_t now_ms)
{
	struct object_rate *oldest = &e->objects[0];
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		struct object_rate *o = &e->objects[i];
		if (o->key == object) {
			o->used_ms = now_ms;
			return &o->rate;
		}
		if (o->used_ms < oldest->used_ms)
			oldest = o;
	}
	*oldest = (struct object_rate){.key = object, .used_ms = now_ms};
	rate_init(&oldest->rate, OBJECT_PER_S, OBJECT_BURST, now_ms);
	return &oldest->rate;
}

enum series_verdict event_series_note(struct event_series *e, uint64_t key,
				      uint64_t object, int64_t now_ms,
				      struct series **ret_series)
{
	struct series *s = event_series_find(e, key);
	if (s && (s->under_way || now_ms - s->seen_ms <= SERIES_END_MS)) {
		s->count++;
		s->seen_ms = now_ms;
		*ret_series = s;
		return SERIES_REPEATED;
	}
	*ret_series = NULL;
	if (rate_take(rate_of(e, object, now_ms), now_ms) != 0)
		return SERIES_SPAM;
	if (s)
		event_series_forget(s);
	else
		s = place(e);
	if (!s)
		return SERIES_SPAM;
	*s = (struct series){.key = key, .seen_ms = now_ms, .count = 1};
	*ret_series = s;
	return SERIES_NEW;
}

struct series *event_series_due(struct event_series *e, int64_t repeat_ms, int64_t now_ms,
				int64_t *ret_wait_ms)
{
	*ret_wait_ms = -1;
	for (size_t i = 0; i < SERIES_MAX; i++) {
		struct series *s = &e->items[i];
		if (!s->key || !s->sent || s->under_way || s->count == s->sent)
			continue;
		int64_t wait = s->sent_ms + repeat_ms - now_ms;
		if (wait <= 0)
			return s;
		if (*ret_wait_ms < 0 || wait < *ret_wait_ms)
			*ret_wait_ms = wait;
	}
	return NULL;
}
