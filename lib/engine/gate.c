/* The shadow of a policy: what its forecasters said, minute by minute, becomes the
 * evidence that opens and shuts its gate.
 *
 * History counts like the present, because both reach the forecasters in one and the same
 * way: a process that starts has all the evidence of its history at once, and one that
 * was killed finds the same costs again. */
#include "engine/slot.h"

#include <math.h>
#include <stdio.h>

/* Minutes that are learned in one slice of work, and some. */
#define HEARD_SLICE 480
/* Beside others, one forecaster may be so far ahead: a day's answer of history. */
#define HEARD_AHEAD (HISTORY_CHUNK_MIN + HEARD_SLICE)

/* What a forecaster said of the newest minutes, for its policy's shadow. */
struct heard {
	int64_t next;  /* the minute after the newest, since the epoch */
	int32_t count; /* consecutive minutes before it, in [0, max] */
	int32_t max;
	struct heard_minute {
		float demand, mean, upper, release; /* NaN: unknown */
	} minutes[];
};

/* A forecast at the quantile that an objective chooses. */
struct plan {
	struct levels window, release;
};

struct shadow *gate_shadow_new(const struct policy *policy)
{
	size_t size = sizeof(struct shadow_events);
	size_t events = policy->has_behavior ? SHADOW_FLEETS * size : 0;
	struct shadow *s = xcalloc(1, sizeof(*s) + events);
	s->events = events ? (struct shadow_events *)(s + 1) : NULL;
	return s;
}

struct plan *plan_new(void)
{
	return xcalloc(1, sizeof(struct plan));
}

struct heard *heard_new(bool alone)
{
	int32_t max = alone ? HEARD_SLICE : HEARD_AHEAD;
	struct heard *h = xcalloc(1, sizeof(*h) + (size_t)max * sizeof(h->minutes[0]));
	h->max = max;
	return h;
}

static struct heard_minute *heard_at(struct heard *h, int64_t minute)
{
	return &h->minutes[((minute % h->max) + h->max) % h->max];
}

void heard_listen(void *context, const struct forecast_minute *said)
{
	struct heard *h = context;
	int64_t minute = said->end_ms / MS_PER_MIN - 1;
	if (h->count > 0 && minute != h->next)
		h->count = 0;
	*heard_at(h, minute) = (struct heard_minute){
		.demand = (float)(said->known ? said->value : NAN),
		.mean = (float)said->mean,
		.upper = (float)said->upper,
		.release = (float)said->release,
	};
	h->next = minute + 1;
	if (h->count < h->max)
		h->count++;
}

/* A Value target is no demand that pods share: nothing is proposed for it. */
static bool is_shadowed(const struct prepared *s, int32_t m)
{
	return s->metrics[m].feed.memory &&
	       s->policy->metrics[m].forecast_target.type != TARGET_VALUE;
}

/* The metrics of the shadow, with what their pods carry now. */
struct company {
	int32_t at[POLICY_METRICS_MAX]; /* index in the policy */
	struct shadow_metric metrics[POLICY_METRICS_MAX];
	int32_t count;
};

static void gather(const struct engine *e, const struct prepared *s, struct company *ret)
{
	struct decide_input in = {.policy = s->policy,
				  .config = &e->config.decide,
				  .pods = s->pods,
				  .pod_count = s->pod_count};
	ret->count = 0;
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		const struct policy_metric *spec = &s->policy->metrics[m];
		if (!is_shadowed(s, m))
			continue;
		ret->at[ret->count] = m;
		ret->metrics[ret->count++] = (struct shadow_metric){
			.target = decide_capacity(&in, m, &spec->target),
			.forecast_target =
				decide_capacity(&in, m, &spec->forecast_target),
			.reactive_target =
				decide_capacity(&in, m, &spec->reactive_target),
		};
	}
}

/* Times that are not learned from teach nothing about quantiles either. */
static bool is_excluded(const struct policy_forecast *f, int64_t minute)
{
	int64_t from = minute * MS_PER_MIN, to = from + MS_PER_MIN;
	for (int32_t i = 0; i < f->exclude_count; i++)
		if (from < f->excludes[i].to_ms && to > f->excludes[i].from_ms)
			return true;
	return false;
}

/* Replaces what was said at the policy's own quantile. */
static void plan_minute(const struct prepared *s, struct plan *plan, int64_t minute,
			struct shadow_metric *x, double mean)
{
	struct levels_said said = {
		.minute = minute,
		.demand = is_excluded(&s->policy->forecast, minute) ? NAN : x->demand,
		.mean = mean,
		.upper = x->upper,
		.level = s->record.objective.level,
	};
	levels_learn(&plan->window, &said);
	said.upper = x->release;
	levels_learn(&plan->release, &said);
	double upper = levels_at(&plan->window, mean, x->upper, said.level);
	double release = levels_at(&plan->release, mean, x->release, said.level);
	x->upper = upper;
	x->release = fmax(release, upper);
}

static struct heard *heard_of(const struct engine *e, const struct prepared *s, int32_t m)
{
	struct heard *own = s->metrics[m].feed.heard;
	return own ? own : e->heard;
}

/* What another policy's forecaster said there has been dealt with. */
void gate_listen(const struct engine *e)
{
	e->heard->count = 0;
}

static void hear(const struct engine *e, const struct prepared *s, struct company *c,
		 int64_t minute)
{
	for (int32_t i = 0; i < c->count; i++) {
		const struct feed *feed = &s->metrics[c->at[i]].feed;
		const struct heard_minute *said =
			heard_at(heard_of(e, s, c->at[i]), minute);
		c->metrics[i].demand = (double)said->demand;
		c->metrics[i].upper = (double)said->upper;
		c->metrics[i].release = (double)said->release;
		if (feed->plan)
			plan_minute(s, feed->plan, minute, &c->metrics[i],
				    (double)said->mean);
	}
}

double gate_objective(const struct prepared *s)
{
	double share = s->policy->forecast.objective;
	return s->record.objective.share == share ? share : 0;
}

double gate_quantile(const struct prepared *s)
{
	const struct objective *o = &s->record.objective;
	return gate_objective(s) > 0 ? objective_quantile(o)
				     : s->policy->forecast.quantile;
}

void gate_plan(const struct prepared *s, int32_t m, struct forecast *f)
{
	const struct plan *plan = s->metrics[m].feed.plan;
	double level = s->record.objective.level;
	if (!plan || f->state != FORECAST_READY)
		return;
	f->upper = levels_at(&plan->window, f->mean, f->upper, level);
	f->release =
		fmax(levels_at(&plan->release, f->mean, f->release, level), f->upper);
	f->mean = fmin(f->mean, f->upper);
	f->coverage = levels_coverage(&plan->window);
}

/* The minutes that all metrics have told of: [*ret_first, *ret_end). */
static void common_minutes(const struct engine *e, const struct prepared *s,
			   const struct company *c, int64_t *ret_first, int64_t *ret_end)
{
	*ret_first = INT64_MIN;
	*ret_end = INT64_MAX;
	for (int32_t i = 0; i < c->count; i++) {
		const struct heard *h = heard_of(e, s, c->at[i]);
		int64_t first = h->next - h->count, end = h->count ? h->next : INT64_MIN;
		*ret_first = first > *ret_first ? first : *ret_first;
		*ret_end = end < *ret_end ? end : *ret_end;
	}
}

static void forget_before(const struct engine *e, const struct prepared *s,
			  const struct company *c, int64_t first)
{
	for (int32_t i = 0; i < c->count; i++) {
		struct heard *h = heard_of(e, s, c->at[i]);
		if (h->next - h->count < first)
			h->count = h->next > first ? (int32_t)(h->next - first) : 0;
	}
}

void gate_catch_up(const struct engine *e, struct prepared *s)
{
	struct company c;
	struct shadow_costs costs;
	int64_t first, end;
	gather(e, s, &c);
	common_minutes(e, s, &c, &first, &end);
	if (c.count == 0 || first >= end)
		return;
	struct shadow_minute m = {
		.policy = s->policy,
		.config = &e->config.decide,
		.delay_ms = lead_delay_ms(&e->config, s->record.shadow_lead_ms),
		.metrics = c.metrics,
		.count = c.count,
	};
	for (int64_t minute = first; minute < end; minute++) {
		hear(e, s, &c, minute);
		m.quantile = gate_quantile(s);
		m.end_ms = (minute + 1) * MS_PER_MIN;
		if (!shadow_live(s->shadow, &m, &costs))
			continue;
		gate_heed(&s->gate, &costs, gate_quantile(s), m.end_ms);
		if (gate_objective(s) > 0 && !is_excluded(&s->policy->forecast, minute))
			objective_heed(&s->record.objective, &costs, m.end_ms);
	}
	forget_before(e, s, &c, end);
}

void gate_begin(struct prepared *s, int32_t window_min)
{
	struct state_record *r = &s->record;
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		struct feed *feed = &s->metrics[m].feed;
		if (feed->heard)
			feed->heard->count = 0;
		if (feed->plan) {
			levels_init(&feed->plan->window, window_min);
			levels_init(&feed->plan->release, window_min + RELEASE_MIN);
		}
	}
	objective_begin(&r->objective, s->policy->forecast.objective,
			s->policy->forecast.quantile);
	shadow_forget(s->shadow);
	s->gate = (struct gate){0};
	/* A restarted process takes the same lead time as the one before it. */
	if (r->window_min != window_min || r->shadow_lead_ms <= 0)
		r->shadow_lead_ms = s->status.lead_ms;
	r->window_min = window_min;
}

bool gate_far_ahead(const struct prepared *s, int32_t m)
{
	const struct heard *h = s->metrics[m].feed.heard;
	return h && is_shadowed(s, m) && h->count > HEARD_SLICE;
}

void gate_tell(const struct prepared *s, char *buf, size_t size)
{
	const struct gate *g = &s->gate;
	char watched[48], needed[48];
	if (g->evidence_min < GATE_EVIDENCE_MIN) {
		duration_format(g->evidence_min * MS_PER_MIN, watched, sizeof(watched));
		duration_format(GATE_EVIDENCE_MIN * MS_PER_MIN, needed, sizeof(needed));
		snprintf(buf, size, "watched for %s of the %s that it takes%s", watched,
			 needed,
			 s->policy->forecast.mode == FORECAST_ALWAYS
				 ? "; mode Always follows it all the same"
				 : "; reactive at the target until then");
		return;
	}
	const char *action = "";
	if (!g->open)
		action = s->policy->forecast.mode == FORECAST_ALWAYS
				 ? "; mode Always follows it all the same"
				 : "; reactive at the target until it is cheaper";
	snprintf(buf, size,
		 "of late it would have cost %.2f pods on average, load not served "
		 "included, the reactive rule %.2f%s",
		 gate_cost_ours(g), gate_cost_reactive(g), action);
}
