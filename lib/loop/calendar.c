/* Schedules on their way to the engine: expanded into UTC when a policy comes, and again
 * as time goes on. */
#include "loop/inside.h"

#include <stdlib.h>
#include <string.h>

/* Each policy is told once in so many rounds, a minute of the engine's time apart: plans
 * reach days ahead, and many policies must not be expanded all at once. */
#define ROUNDS 60

/* Openings of all schedules in an hour, if they opened in every one. What is kept must
 * reach beyond the next time that the policy is told. */
static bool is_dense(const struct policy *policy)
{
	int openings = 0;
	for (int32_t i = 0; i < policy->schedule_count; i++)
		openings += __builtin_popcountll(policy->schedules[i].cron.minutes);
	return openings > SCHEDULE_INTERVALS_MAX / 2;
}

static void tell(struct loop *l, const struct policy *policy)
{
	if (policy->schedule_count == 0)
		return;
	struct err err;
	struct schedule_plan *plan AUTO_FREE = xcalloc(1, sizeof(*plan));
	if (schedule_expand(policy, loop_now(l), plan, &err) < 0) {
		log_error("Could not expand schedules", KV_TEXT("policy", policy->name),
			  KV_TEXT("namespace", policy->ns), KV_TEXT("err", err.msg));
		return;
	}
	struct event event = {.type = EVENT_SCHEDULE};
	event.u.schedule.ns = policy->ns;
	event.u.schedule.name = policy->name;
	event.u.schedule.hash = policy->hash;
	event.u.schedule.intervals = plan->intervals;
	event.u.schedule.count = plan->count;
	event.u.schedule.until_ms = plan->until_ms;
	loop_step(l, &event);
}

void calendar_tell(struct loop *l, const char *ns, const char *name)
{
	for (int32_t i = 0; i < engine_policy_count(l->engine); i++) {
		const struct policy_status *s = engine_policy_status(l->engine, i);
		if (!s || !s->policy || strcmp(s->name, name) || strcmp(s->ns, ns))
			continue;
		tell(l, s->policy);
		return;
	}
}

static void next_round(void *arg)
{
	struct loop *l = arg;
	l->calendar_round = (l->calendar_round + 1) % ROUNDS;
	for (int32_t i = 0; i < engine_policy_count(l->engine); i++) {
		const struct policy_status *s = engine_policy_status(l->engine, i);
		if (s && s->policy &&
		    (i % ROUNDS == l->calendar_round || is_dense(s->policy)))
			tell(l, s->policy);
	}
	calendar_start(l);
}

void calendar_start(struct loop *l)
{
	timer_set(l->config.reactor, &l->calendar,
		  clock_delay_ms(l->config.clock, loop_now(l) + MS_PER_MIN), next_round,
		  l);
}
