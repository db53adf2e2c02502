/* When nothing is decided on purpose: a pause in the policy, one by command, or another
 * autoscaler in the way. */
#include "engine/slot.h"

#include <stdio.h>
#include <string.h>

static bool is_paused_by_command(const struct prepared *s, int64_t now_ms)
{
	return s->paused_until_ms > now_ms;
}

/* "until 2026-03-02T10:00:00Z by foretop pause" */
static void command_text(const struct prepared *s, char *buf, size_t size)
{
	char until[32];
	if (s->paused_until_ms == PAUSE_WITHOUT_END)
		snprintf(buf, size, "until foretop resume, by foretop pause");
	else
		snprintf(buf, size, "until %s by foretop pause",
			 time_format(s->paused_until_ms, until, sizeof(until)));
}

const char *rest_paused(const struct prepared *s, int64_t now_ms, char *buf, size_t size)
{
	if (s->policy && s->policy->pause) {
		snprintf(buf, size, "pause: true");
		return "PausedByPolicy";
	}
	if (is_paused_by_command(s, now_ms)) {
		command_text(s, buf, size);
		return "PausedByCommand";
	}
	return NULL;
}

bool rest_why(const struct prepared *s, int64_t now_ms, char *buf, size_t size)
{
	const char *reason;
	char text[128];
	if (s->policy->pause) {
		snprintf(buf, size, "paused by the policy");
	} else if (is_paused_by_command(s, now_ms)) {
		command_text(s, text, sizeof(text));
		snprintf(buf, size, "paused %s", text);
	} else {
		return autoscaler_obstacle(s, &reason, buf, size);
	}
	return true;
}

static void tell_obstacle(struct engine *e, struct prepared *s, int64_t now_ms)
{
	const char *reason;
	char text[256];
	if (autoscaler_obstacle(s, &reason, text, sizeof(text)))
		publish_obstacle(e, s, reason, text, now_ms);
}

bool rest_now(struct engine *e, struct prepared *s, int64_t now_ms)
{
	char why[256];
	if (s->autoscaler.standing == AUTOSCALER_AWAITED &&
	    s->policy->mode != MODE_RECOMMEND)
		return true;
	if (!rest_why(s, now_ms, why, sizeof(why))) {
		/* Nobody knows what would have been recommended meanwhile. */
		if (s->rested)
			s->record.memory.seeded = false;
		s->rested = s->status.rests = false;
		return false;
	}
	s->rested = s->status.rests = true;
	s->cycle = 0;
	tell_obstacle(e, s, now_ms);
	floor_withdraw(e, s, why, now_ms);
	publish_hold(e, s, why, now_ms);
	return true;
}

void rest_take(struct engine *e, const struct event *event)
{
	struct prepared *s = slot_named(e, event->u.pause.ns, event->u.pause.name);
	if (!s || s->paused_until_ms == event->u.pause.until_ms)
		return;
	s->paused_until_ms = event->u.pause.until_ms;
	if (!s->policy)
		return;
	/* What is on its way to the server cannot be called back. */
	if (is_paused_by_command(s, event->now_ms))
		write_drop(s, true);
	cycle_soon(s, event->now_ms);
	slot_refresh(e, (int32_t)s->index);
}
