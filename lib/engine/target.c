/* The workloads that policies scale, as watches and reads of their own show them. */
#include "engine/slot.h"

#include <stdio.h>
#include <string.h>

uint64_t target_key(const char *ns, const char *kind, const char *name)
{
	char text[600];
	snprintf(text, sizeof(text), "%s/%s/%s", ns, kind, name);
	uint64_t key = hash_text(text);
	return key ? key : 1; /* 0 marks a place without a target */
}

bool same_target(const struct prepared *a, const struct prepared *b)
{
	return a->policy && b->policy && a->target.key == b->target.key &&
	       !strcmp(a->ns, b->ns) &&
	       !strcmp(a->policy->target.group_kind, b->policy->target.group_kind) &&
	       !strcmp(a->policy->target.name, b->policy->target.name);
}

/* Two names may share a hash: somebody could choose them so. */
static bool is_target(const struct prepared *s, const struct target_ref *ref)
{
	return !strcmp(s->ns, ref->ns) &&
	       !strcmp(s->policy->target.group_kind, ref->kind) &&
	       !strcmp(s->policy->target.name, ref->name);
}

/* resourceVersions of one type grow; they are compared as decimal numbers of any length
 * (KEP-5504). */
bool version_older(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	return la != lb ? la < lb : strcmp(a, b) < 0;
}

/* Another object under the old name starts afresh, unless nothing was known of any. */
static void follow_uid(struct prepared *s, const char *uid)
{
	if (!strcmp(s->record.target_uid, uid))
		return;
	if (s->record.target_uid[0]) {
		write_drop(s, false);
		record_clear(&s->record);
		lead_publish(s);
	}
	snprintf(s->record.target_uid, sizeof(s->record.target_uid), "%s", uid);
}

static void set_target(struct engine *e, struct prepared *s, const struct event *event)
{
	const struct target_info *info = &event->u.target.info;
	struct target_state *t = &s->target;
	bool same = t->seen && !strcmp(t->uid, info->uid);
	/* A watch that lags behind our own write must not take it back. */
	if (same && !event->u.target.fresh &&
	    version_older(info->resource_version, t->resource_version))
		return;
	follow_uid(s, info->uid);
	bool first = !t->seen;
	if (first)
		write_unrecorded(e, s, info, event->now_ms);
	manual_see(e, s, info, event->now_ms);
	t->seen = true;
	t->missing = false;
	snprintf(t->selector_error, sizeof(t->selector_error), "%s",
		 info->selector_error ? info->selector_error : "");
	t->replicas = info->replicas;
	t->status_replicas = info->status_replicas;
	if (info->has_rollout) {
		t->rolling = info->rolling;
		t->unavailable = info->unavailable;
	}
	snprintf(t->resource_version, sizeof(t->resource_version), "%s",
		 info->resource_version);
	snprintf(t->uid, sizeof(t->uid), "%s", info->uid);
	s->status.current = t->replicas;
	write_target_seen(e, s, info, event->now_ms);
	if (first)
		cycle_soon(s, event->now_ms);
	if (s->write.state == WRITE_READING)
		write_target_read(e, s, event->now_ms);
}

static void lose_target(struct prepared *s, const char *why, int64_t now_ms)
{
	snprintf(s->target.why, sizeof(s->target.why), "%s", why ? why : "");
	if (s->target.missing)
		return;
	s->target.seen = false;
	s->target.missing = true;
	s->cycle = 0;
	write_drop(s, false);
	cycle_soon(s, now_ms);
}

static void pass(struct engine *e, struct prepared *s, const struct event *event)
{
	switch (event->type) {
	case EVENT_TARGET:
		set_target(e, s, event);
		return;
	case EVENT_TARGET_GONE:
		lose_target(s, event->u.target.why, event->now_ms);
		return;
	case EVENT_READ_FAILED:
		write_read_failed(s);
		return;
	case EVENT_AUTOSCALER:
	case EVENT_AUTOSCALER_AWAITED:
		autoscaler_event(e, s, event);
		return;
	default:
		pods_event(e, s, event);
		return;
	}
}

static const struct target_ref *ref_of(const struct event *event)
{
	switch (event->type) {
	case EVENT_TARGET:
	case EVENT_TARGET_GONE:
	case EVENT_READ_FAILED:
		return &event->u.target.ref;
	case EVENT_AUTOSCALER:
	case EVENT_AUTOSCALER_AWAITED:
		return &event->u.autoscaler.ref;
	default:
		return &event->u.pod.ref;
	}
}

const struct policy_status *engine_policy_in_force(const struct engine *e,
						   const struct target_ref *ref)
{
	uint64_t key = target_key(ref->ns, ref->kind, ref->name);
	for (int32_t i = place_index_first(&e->targets, key); i >= 0;
	     i = place_index_next(&e->targets, i))
		if (slot_active(e->slots[i]) && is_target(e->slots[i], ref))
			return &e->slots[i]->status;
	return NULL;
}

void target_event(struct engine *e, const struct event *event)
{
	const struct target_ref *ref = ref_of(event);
	uint64_t key = target_key(ref->ns, ref->kind, ref->name);
	for (int32_t i = place_index_first(&e->targets, key); i >= 0;
	     i = place_index_next(&e->targets, i)) {
		if (!is_target(e->slots[i], ref))
			continue;
		pass(e, e->slots[i], event);
		slot_refresh(e, i);
	}
}
