#include "decide/shadow_memory.h"

#include <assert.h>

/* A count is a byte. */
_Static_assert(RECOMMENDATIONS_MAX <= UINT8_MAX && SCALE_EVENTS_MAX <= UINT8_MAX,
	       "the lists are longer than their count can tell");
/* The longest window is an hour. */
_Static_assert(SHADOW_AGE_MAX > 60, "an age must tell what is too old from what is not");

static uint8_t age_of(int64_t at_ms, int64_t now_ms)
{
	int64_t age_min = (now_ms - at_ms) / MS_PER_MIN;
	return age_min < SHADOW_AGE_MAX ? (uint8_t)age_min : SHADOW_AGE_MAX;
}

static int64_t time_of(uint8_t age_min, int64_t now_ms)
{
	return now_ms - age_min * MS_PER_MIN;
}

static void pack_events(const struct scale_events *e, int64_t now_ms,
			struct shadow_changes *ret)
{
	ret->count = (uint8_t)e->count;
	for (int32_t i = 0; i < e->count; i++)
		ret->items[i] = (struct shadow_change){age_of(e->items[i].at_ms, now_ms),
						       e->items[i].change};
}

static void unpack_events(const struct shadow_changes *c, int64_t now_ms,
			  struct scale_events *ret)
{
	ret->count = c->count;
	for (int32_t i = 0; i < c->count; i++)
		ret->items[i] = (struct scale_event){
			.at_ms = time_of(c->items[i].age_min, now_ms),
			.change = c->items[i].change,
		};
}

void shadow_memory_pack(const struct decide_memory *m, int64_t now_ms,
			struct shadow_log *ret_log, struct shadow_events *ret_events)
{
	assert(ret_events || (m->up.count == 0 && m->down.count == 0));
	ret_log->now_ms = now_ms;
	ret_log->count = (uint8_t)m->log_count;
	for (int32_t i = 0; i < m->log_count; i++)
		ret_log->items[i] = (struct shadow_recommendation){
			age_of(m->log[i].at_ms, now_ms), m->log[i].replicas};
	if (!ret_events)
		return;
	pack_events(&m->up, now_ms, &ret_events->up);
	pack_events(&m->down, now_ms, &ret_events->down);
}

void shadow_memory_unpack(const struct shadow_log *log,
			  const struct shadow_events *events,
			  struct decide_memory *ret_memory)
{
	*ret_memory = (struct decide_memory){.log_count = log->count};
	for (int32_t i = 0; i < log->count; i++)
		ret_memory->log[i] = (struct recommendation){
			.at_ms = time_of(log->items[i].age_min, log->now_ms),
			.replicas = log->items[i].replicas,
		};
	if (!events)
		return;
	unpack_events(&events->up, log->now_ms, &ret_memory->up);
	unpack_events(&events->down, log->now_ms, &ret_memory->down);
}
