/* Policies come, change, are refused and go. What was learned stays where the new text
 * still asks for it. */
#include "engine/slot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool needs_pods_of(const struct policy_metric *m)
{
	return m->type == METRIC_RESOURCE || m->type == METRIC_CONTAINER_RESOURCE ||
	       m->type == METRIC_PODS;
}

static void prepare_metrics(struct prepared *p)
{
	for (int32_t m = 0; m < p->policy->metric_count; m++) {
		const struct policy_metric *spec = &p->policy->metrics[m];
		struct metric_slot *metric = &p->metrics[m];
		p->status.metrics[m].current = NAN;
		if (needs_pods_of(spec)) {
			/* A pod may report several containers. */
			metric->pod_values_max = 8 * p->pods_max;
			metric->pod_values = xcalloc((size_t)metric->pod_values_max,
						     sizeof(metric->pod_values[0]));
		}
		if (p->policy->forecast.mode == FORECAST_DISABLED || !spec->forecast)
			continue;
		p->status.metrics[m].forecast_on = true;
		metric->forecaster_memory = xmalloc(forecaster_size());
		metric->pending = xcalloc(HISTORY_CHUNK_MIN, sizeof(metric->pending[0]));
	}
}

static void prepare_policy(const struct engine *e, struct prepared *p)
{
	const struct policy *policy = p->policy;
	char key[600];
	snprintf(key, sizeof(key), "%s/%s/%s", p->ns, policy->target.kind,
		 policy->target.name);
	p->target.key = hash_text(key);
	/* Twice maxReplicas: a rollout runs old and new pods side by side. */
	int64_t most = 2 * (int64_t)policy->max_replicas + 32;
	p->pods_max = most < e->config.pods_max ? (int32_t)most : e->config.pods_max;
	p->pods = xcalloc((size_t)p->pods_max, sizeof(p->pods[0]));
	p->pod_marks = xcalloc((size_t)p->pods_max, sizeof(p->pod_marks[0]));
	prepare_metrics(p);
}

struct prepared *engine_prepare(const struct engine *e, const char *ns, const char *name,
				struct policy *policy, const char *invalid,
				const struct state_record *record)
{
	struct prepared *p = xcalloc(1, sizeof(*p));
	p->ns = xstrdup(ns);
	p->name = xstrdup(name);
	p->policy = policy;
	snprintf(p->invalid, sizeof(p->invalid), "%s", invalid ? invalid : "");
	if (policy)
		prepare_policy(e, p);
	if (record)
		p->record = *record;
	p->status = (struct policy_status){
		.ns = p->ns,
		.name = p->name,
		.policy = policy,
		.current = DECIDE_NO_REPLICAS,
		.desired = DECIDE_NO_REPLICAS,
		.reactive = DECIDE_NO_REPLICAS,
		.predicted = DECIDE_NO_REPLICAS,
		.record = &p->record,
	};
	for (int32_t m = 0; policy && m < policy->metric_count; m++) {
		p->status.metrics[m].forecast_on =
			p->metrics[m].forecaster_memory != NULL;
		p->status.metrics[m].current = NAN;
	}
	return p;
}

void engine_prepared_free(struct prepared *p)
{
	if (!p)
		return;
	for (int32_t m = 0; m < POLICY_METRICS_MAX; m++) {
		free(p->metrics[m].pod_values);
		free(p->metrics[m].forecaster_memory);
		free(p->metrics[m].pending);
	}
	policy_free(p->policy);
	free(p->pods);
	free(p->pod_marks);
	free(p->ns);
	free(p->name);
	free(p);
}

static int32_t find(const struct engine *e, const char *ns, const char *name)
{
	for (int32_t i = 0; i < e->count; i++)
		if (e->slots[i] && !strcmp(e->slots[i]->name, name) &&
		    !strcmp(e->slots[i]->ns, ns))
			return i;
	return -1;
}

static bool is_older(const struct policy *a, const struct policy *b)
{
	if (a->created_ms != b->created_ms)
		return a->created_ms < b->created_ms;
	int order = strcmp(a->ns, b->ns);
	return (order ? order : strcmp(a->name, b->name)) < 0;
}

/* The oldest valid policy of a target is in force, the others wait and say so. */
static void settle_conflicts(struct engine *e, int64_t now_ms)
{
	for (int32_t i = 0; i < e->count; i++) {
		struct prepared *s = e->slots[i];
		bool conflict = false;
		if (!s)
			continue;
		for (int32_t j = 0; s->policy && j < e->count && !conflict; j++) {
			const struct prepared *o = e->slots[j];
			conflict = o && o != s && o->policy &&
				   o->target.key == s->target.key &&
				   is_older(o->policy, s->policy);
		}
		if (conflict == s->conflict)
			continue;
		s->conflict = conflict;
		s->cycle = 0;
		if (conflict)
			emit_event(
				e, s, true, "TargetConflict",
				"an older policy is in force for %s %s; this one waits",
				s->policy->target.kind, s->policy->target.name);
		cycle_soon(s, now_ms);
		publish_standing(e, s, now_ms);
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_series(const struct prepared *a, const struct prepared *b, int32_t m)
{
	const struct policy_metric *x = &a->policy->metrics[m],
				   *y = &b->policy->metrics[m];
	const struct policy_forecast *f = &a->policy->forecast, *g = &b->policy->forecast;
	return a->metrics[m].forecaster_memory && b->metrics[m].forecaster_memory &&
	       x->type == y->type && same_text(x->name, y->name) &&
	       same_text(x->container, y->container) && same_text(x->query, y->query) &&
	       same_text(x->history_query, y->history_query) &&
	       same_text(x->source, y->source) && f->models == g->models &&
	       f->history_ms == g->history_ms && f->quantile == g->quantile &&
	       f->horizon_ms == g->horizon_ms;
}

/* Carries over what the old version knew: the target's state, the decisions' memory,
 * learned forecasts. */
static void inherit(struct prepared *s, struct prepared *old)
{
	if (!old->policy || old->target.key != s->target.key)
		return;
	s->record = old->record;
	s->target = old->target;
	s->status.scaled_ms = old->status.scaled_ms;
	s->prepared_ms = old->prepared_ms;
	/* A write under way is answered to the new version. */
	s->write = old->write;
	s->write_ref = old->write_ref;
	s->write_to = old->write_to;
	s->tries = old->tries;
	s->decision = old->decision;
	memcpy(s->write_reason, old->write_reason, sizeof(s->write_reason));
	for (int32_t m = 0; m < s->policy->metric_count && m < old->policy->metric_count;
	     m++) {
		if (!same_series(s, old, m))
			continue;
		struct metric_slot *to = &s->metrics[m], *from = &old->metrics[m];
		struct pod_value *values = to->pod_values;
		int32_t max = to->pod_values_max;
		float *pending = to->pending;
		void *memory = to->forecaster_memory;
		*to = *from;
		to->pod_values = values;
		to->pod_values_max = max;
		to->values = (struct metric_values){.unknown = "not asked yet"};
		from->pending = pending;
		from->forecaster_memory = memory;
		from->forecaster = NULL;
		s->status.metrics[m].forecast = old->status.metrics[m].forecast;
		s->status.metrics[m].window_min = old->status.metrics[m].window_min;
		/* An answer under way is for the old number of the cycle, but the same
		 * place and series. */
	}
}

/* A refused text leaves the last good version in force and says so. */
static void refuse(struct engine *e, struct prepared *s, const char *invalid,
		   int64_t now_ms)
{
	bool news = strcmp(s->invalid, invalid) != 0 ||
		    !s->status.conditions[PC_READY].reason;
	if (invalid != s->invalid)
		snprintf(s->invalid, sizeof(s->invalid), "%s", invalid);
	if (news)
		emit_event(e, s, true, "PolicyInvalid", "%s%s", invalid,
			   s->policy ? "; the last valid version stays in force" : "");
	publish_standing(e, s, now_ms);
}

static int32_t free_place(struct engine *e)
{
	for (int32_t i = 0; i < e->count; i++)
		if (!e->slots[i])
			return i;
	return e->count < e->config.policies_max ? e->count++ : -1;
}

void policies_set(struct engine *e, const struct event *event)
{
	struct prepared *s = event->u.policy_set.prepared;
	int32_t i = find(e, s->ns, s->name);
	if (i >= 0 && !s->policy) {
		refuse(e, e->slots[i], s->invalid, event->now_ms);
		engine_prepared_free(s);
		return;
	}
	if (i < 0)
		i = free_place(e);
	if (i < 0) {
		engine_prepared_free(s);
		return;
	}
	struct prepared *old = e->slots[i];
	s->index = (uint32_t)i;
	s->prepared_ms = event->now_ms;
	s->next_cycle_ms = event->now_ms;
	e->slots[i] = s;
	if (old && s->policy)
		inherit(s, old);
	else
		decide_memory_import(&s->record.memory, &s->record.memory, event->now_ms);
	engine_prepared_free(old);
	settle_conflicts(e, event->now_ms);
	if (s->policy)
		publish_standing(e, s, event->now_ms);
	else
		refuse(e, s, s->invalid, event->now_ms);
}

void policies_gone(struct engine *e, const struct event *event)
{
	int32_t i = find(e, event->u.policy_gone.ns, event->u.policy_gone.name);
	if (i < 0)
		return;
	engine_prepared_free(e->slots[i]);
	e->slots[i] = NULL;
	settle_conflicts(e, event->now_ms);
}
