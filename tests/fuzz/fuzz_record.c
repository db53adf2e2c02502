/* The state record of the status object: whatever stands in it, what is read is bounded,
 * and what is written of it reads back as the same. */
#include "fuzz/fuzz.h"

#include "engine/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_events(const struct scale_events *e)
{
	must(e->count >= 0 && e->count <= SCALE_EVENTS_MAX, "%d", e->count);
	for (int32_t i = 0; i < e->count; i++)
		must(e->items[i].change >= 0, "%d", e->items[i].change);
}

static void check_holds(const struct hold_record *h)
{
	must(h->guard_count >= 0 && h->guard_count <= POLICY_GUARDS_MAX, "%d",
	     h->guard_count);
	for (int32_t i = 0; i < h->guard_count; i++) {
		const struct guard_state *g = &h->guards[i];
		must(isfinite(g->value), "%g", g->value);
		must(g->since_ms >= 0 && g->known_ms >= 0, "negative");
		must(g->standing <= GUARD_TRIPPED && g->said <= GUARD_SAID_UNKNOWN,
		     "%d, %d", (int)g->standing, (int)g->said);
	}
	must(h->rollout.since_ms >= 0 && h->unavailable.since_ms >= 0 &&
		     h->lost_ms >= 0 && h->gap_until_ms >= 0 && h->breaker_until_ms >= 0,
	     "negative");
}

static void check_bounds(const struct state_record *r)
{
	const struct decide_memory *m = &r->memory;
	must(memchr(r->target_uid, '\0', sizeof(r->target_uid)), "no end");
	must(m->log_count >= 0 && m->log_count <= RECOMMENDATIONS_MAX, "%d",
	     m->log_count);
	for (int32_t i = 0; i < m->log_count; i++)
		must(m->log[i].replicas >= 0, "%d", m->log[i].replicas);
	check_events(&m->up);
	check_events(&m->down);
	must(r->lead.count >= 0 && r->lead.count <= LEAD_SAMPLES_MAX, "%d",
	     r->lead.count);
	must(r->lead.newest_count >= 0, "%d", r->lead.newest_count);
	must(r->pending.at_ms >= 0 && r->pending.to >= 0 &&
		     r->pending.from >= r->pending.to,
	     "%d to %d", r->pending.from, r->pending.to);
	must(r->window_min >= 0 && r->shadow_lead_ms >= 0, "%d", r->window_min);
	must(r->size.known_replicas >= 0 && r->size.meant >= 0 &&
		     r->size.manual_ms >= 0 && r->size.manual_from >= 0 &&
		     r->size.manual_to >= 0,
	     "negative");
	check_holds(&r->holds);
}

static char *text_of(const struct state_record *r)
{
	cJSON *o AUTO(json_cleanup) = record_to_json(r);
	return json_text(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	cJSON *o AUTO(json_cleanup) = json_parse((const char *)data, size, &err);
	struct state_record *r AUTO_FREE = record_new();
	record_from_json(o, r); /* a NULL too: there is no record */
	check_bounds(r);
	char *first AUTO_FREE = text_of(r);
	cJSON *again AUTO(json_cleanup) = json_parse(first, strlen(first), &err);
	must(again, "%s: %s", err.msg, first);
	record_from_json(again, r);
	check_bounds(r);
	char *second AUTO_FREE = text_of(r);
	must_equal(first, second);
	return 0;
}
