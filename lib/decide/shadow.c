#include "decide/shadow.h"

#include "decide/calculator.h"
#include "decide/normalize.h"
#include "decide/numbers.h"
#include "decide/predict.h"

/* A minute has four of the HPA's cycles: so often may a rate limit be met in it. */
#define CYCLES_A_MINUTE 4

/* What is wanted at the end of a minute. */
struct wish {
	int32_t replicas;
	int32_t release; /* DECIDE_NO_REPLICAS: none */
};

static int32_t slot_of(int64_t minute)
{
	return (int32_t)(((minute % SHADOW_SLOTS) + SHADOW_SLOTS) % SHADOW_SLOTS);
}

static int32_t within_bounds(const struct policy *p, int32_t replicas)
{
	return max_int32(p->min_replicas, min_int32(p->max_replicas, replicas));
}

static bool is_known(const struct shadow_metric *m)
{
	return m->demand >= 0 && isfinite(m->demand) && m->target > 0 &&
	       m->forecast_target > 0 && m->reactive_target > 0 && isfinite(m->target) &&
	       isfinite(m->forecast_target) && isfinite(m->reactive_target);
}

static bool all_known(const struct shadow_minute *m)
{
	for (int32_t i = 0; i < m->count; i++)
		if (!is_known(&m->metrics[i]))
			return false;
	return m->count > 0;
}

static bool has_forecast(const struct shadow_metric *m)
{
	return m->upper >= 0 && isfinite(m->upper);
}

/* The HPA's rule for a total against a value per pod. */
static int32_t reactive_size(const struct shadow_minute *m, double demand, double target,
			     int32_t current)
{
	struct tolerance t = tolerance_of(m->policy, m->config);
	/* Without a pod the quotient is infinite or NaN. */
	if (tolerance_within(t, demand / (target * current)))
		return current;
	return ceil_to_int32(demand / target);
}

static struct wish wish_reactive(const struct shadow_minute *m, int32_t current)
{
	struct wish w = {.release = DECIDE_NO_REPLICAS};
	for (int32_t i = 0; i < m->count; i++)
		w.replicas = max_int32(w.replicas,
				       reactive_size(m, m->metrics[i].demand,
						     m->metrics[i].target, current));
	return w;
}

/* As decide does it: without its forecast, or with more load than that knows of, a metric
 * is reactive at the user's target; without it nothing is released. */
static struct wish wish_ours(const struct shadow_minute *m, int32_t current)
{
	struct wish w = {.release = DECIDE_NO_REPLICAS};
	bool release = m->policy->forecast.release;
	for (int32_t i = 0; i < m->count; i++) {
		const struct shadow_metric *x = &m->metrics[i];
		bool carried = has_forecast(x) &&
			       !predict_surpassed(x->demand, x->upper, m->quantile);
		double target = carried ? x->reactive_target : x->target;
		w.replicas = max_int32(w.replicas,
				       reactive_size(m, x->demand, target, current));
		if (has_forecast(x))
			w.replicas = max_int32(
				w.replicas, predict_pods(x->upper, x->forecast_target));
		release &= has_forecast(x) && x->release >= 0;
		w.release = max_int32(w.release,
				      predict_pods(x->release, x->forecast_target));
	}
	if (!release)
		w.release = DECIDE_NO_REPLICAS;
	return w;
}

/* Those that became Ready last, or never did, go first. */
static void shrink(struct shadow_fleet *f, int64_t minute, int32_t by)
{
	for (int64_t k = SHADOW_SLOTS; k-- > 0;) {
		int32_t *starting = &f->starting[slot_of(minute + k)];
		int32_t gone = min_int32(*starting, by);
		*starting -= gone;
		by -= gone;
	}
	f->ready -= by;
}

static void resize(struct shadow_fleet *f, const struct shadow_minute *m,
		   const struct normalization *n, struct decide_memory *memory)
{
	int64_t minute = m->end_ms / MS_PER_MIN - 1;
	int32_t to = within_bounds(m->policy, n->replicas);
	struct scale_change change = {f->replicas, to, m->end_ms, n->released};
	if (to == f->replicas)
		return;
	int64_t wait = min_int64(1 + m->delay_ms / MS_PER_MIN, SHADOW_DELAY_MAX_MIN);
	f->starting[slot_of(minute + wait)] += max_int32(to - f->replicas, 0);
	shrink(f, minute, max_int32(f->replicas - to, 0));
	f->replicas = to;
	decide_scaled(memory, m->policy, m->config, &change, NULL);
}

static bool decide_once(struct shadow_fleet *f, const struct shadow_minute *m,
			const struct wish *w, struct decide_memory *memory)
{
	int32_t before = f->replicas;
	struct normalization n = {
		.policy = m->policy,
		.config = m->config,
		.now_ms = m->end_ms,
		.current = f->replicas,
		.desired = w->replicas,
		.release = w->release,
	};
	normalize(&n, memory);
	resize(f, m, &n, memory);
	return f->replicas != before;
}

/* events: those of this fleet; NULL: it notes none. */
static void decide_fleet(struct shadow_fleet *f, const struct shadow_minute *m,
			 const struct wish *w, struct shadow_events *events)
{
	struct decide_memory memory;
	shadow_memory_unpack(&f->log, events, &memory);
	for (int i = 0; i < CYCLES_A_MINUTE && decide_once(f, m, w, &memory); i++)
		;
	shadow_memory_pack(&memory, m->end_ms, &f->log, events);
}

/* Pods' worth of load within the minute, as far as anyone could serve it. */
static double pods_needed(const struct shadow_minute *m)
{
	double up = 1 + tolerance_of(m->policy, m->config).up, most = NAN;
	for (int32_t i = 0; i < m->count; i++) {
		const struct shadow_metric *x = &m->metrics[i];
		double carried = fmax(x->forecast_target, x->target * up);
		most = fmax(most, x->demand / carried);
	}
	return fmin(most, m->policy->max_replicas);
}

/* The pods that are due become Ready on the way through the minute. */
static struct shadow_cost live(struct shadow_fleet *f, const struct shadow_minute *m,
			       double needed)
{
	double before = (double)(m->delay_ms % MS_PER_MIN) / (double)MS_PER_MIN;
	double late = fmax(needed - f->ready, 0);
	int32_t *due = &f->starting[slot_of(m->end_ms / MS_PER_MIN - 1)];
	f->ready += *due;
	*due = 0;
	return (struct shadow_cost){
		.pods = f->replicas,
		.unserved = before * late + (1 - before) * fmax(needed - f->ready, 0),
	};
}

static struct shadow_fleet begin(const struct shadow_minute *m)
{
	int32_t size = within_bounds(m->policy, wish_reactive(m, 0).replicas);
	return (struct shadow_fleet){.replicas = size, .ready = size};
}

void shadow_forget(struct shadow *s)
{
	*s = (struct shadow){.events = s->events};
	for (int i = 0; s->events && i < SHADOW_FLEETS; i++)
		s->events[i] = (struct shadow_events){0};
}

void shadow_take(struct shadow *to, const struct shadow *from)
{
	struct shadow_events *events = to->events;
	*to = *from;
	to->events = events;
	for (int i = 0; events && i < SHADOW_FLEETS; i++)
		events[i] = from->events ? from->events[i] : (struct shadow_events){0};
}

bool shadow_live(struct shadow *s, const struct shadow_minute *m,
		 struct shadow_costs *ret_costs)
{
	bool known = all_known(m), first = !s->end_ms;
	if (!first && m->end_ms <= s->end_ms)
		return false;
	if (first || m->end_ms - s->end_ms > MS_PER_MIN) {
		if (!known)
			return false;
		shadow_forget(s);
		s->ours = s->reactive = begin(m);
		s->end_ms = m->end_ms;
		return false;
	}
	s->end_ms = m->end_ms;
	double needed = pods_needed(m);
	ret_costs->needed = needed;
	ret_costs->ours = live(&s->ours, m, needed);
	ret_costs->reactive = live(&s->reactive, m, needed);
	if (!known)
		return false;
	struct wish ours = wish_ours(m, s->ours.replicas);
	struct wish reactive = wish_reactive(m, s->reactive.replicas);
	decide_fleet(&s->ours, m, &ours, s->events);
	decide_fleet(&s->reactive, m, &reactive, s->events ? s->events + 1 : NULL);
	ret_costs->forecast = true;
	for (int32_t i = 0; i < m->count; i++)
		ret_costs->forecast &= has_forecast(&m->metrics[i]);
	return true;
}
