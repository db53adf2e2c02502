/* One cycle of one policy: ask, wait for the answers or the deadline, decide, write. */
#include "engine/slot.h"

#include <math.h>
#include <stdio.h>

/* Spreads policies over the period. Those of a namespace that ask for the usage of its
 * containers stay together: one query serves them all. */
static uint64_t place_of(const struct prepared *s)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (!s->policy->metrics[m].query)
			return hash_text(s->ns);
	return s->target.key;
}

/* The grid of a policy starts at a place of its own, so that policies spread over the
 * period, and stays there over restarts. */
static int64_t next_on_grid(const struct engine *e, const struct prepared *s,
			    int64_t now_ms)
{
	int64_t period = e->config.sync_period_ms;
	int64_t phase = e->config.in_step ? 0 : (int64_t)(place_of(s) % (uint64_t)period);
	phase -= phase % e->config.place_step_ms;
	int64_t since = ((now_ms - phase) % period + period) % period;
	return now_ms - since + period;
}

void cycle_soon(struct prepared *s, int64_t now_ms)
{
	if (now_ms < s->next_cycle_ms)
		s->next_cycle_ms = now_ms;
}

static void ask(struct engine *e, struct prepared *s, int64_t now_ms)
{
	s->cycle = ++e->numbers;
	s->deadline_ms = now_ms + e->config.answer_deadline_ms;
	s->waiting = s->policy->metric_count;
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		s->metrics[m].answered = false;
		struct action *a = emit(e, s, ACTION_QUERY);
		a->u.query.ref = (struct query_ref){.slot = s->index,
						    .metric = (uint32_t)m,
						    .kind = QUERY_CURRENT,
						    .cycle = s->cycle};
	}
	guards_ask(e, s);
}

static void close_cycle(struct engine *e, struct prepared *s, int64_t now_ms)
{
	s->cycle = 0;
	s->asked_ms = s->deadline_ms - e->config.answer_deadline_ms;
	s->write.tries = 0;
	/* What was to be written once the record is saved is decided afresh: newer values
	 * are here. */
	if (s->write.state == WRITE_SAVING)
		write_drop(s, true);
	guards_judge(s, "no answer in time", now_ms);
	derived_note(s, now_ms);
	cycle_decide(e, s, now_ms);
}

void cycle_answered(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (--s->waiting == 0)
		close_cycle(e, s, now_ms);
}

static void close_late(struct engine *e, struct prepared *s, int64_t now_ms)
{
	char why[64], waited[48];
	snprintf(why, sizeof(why), "no answer within %s",
		 duration_format(e->config.answer_deadline_ms, waited, sizeof(waited)));
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (!s->metrics[m].answered)
			values_unknown(s, m, why);
	close_cycle(e, s, now_ms);
}

/* A target or pods that nobody has told of yet are waited for; a missing target is said.
 */
static void begin(struct engine *e, struct prepared *s, int64_t now_ms)
{
	publish_standing(e, s, now_ms);
	if (rest_now(e, s, now_ms))
		return;
	if (s->target.missing)
		cycle_decide(e, s, now_ms);
	else if (s->target.seen && s->pods_synced && !s->cycle)
		ask(e, s, now_ms);
}

void cycle_tick(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (!slot_active(s))
		return;
	write_tick(e, s, now_ms);
	history_ask(e, s, now_ms);
	if (s->cycle && now_ms >= s->deadline_ms)
		close_late(e, s, now_ms);
	if (now_ms < s->next_cycle_ms)
		return;
	s->next_cycle_ms = next_on_grid(e, s, now_ms);
	begin(e, s, now_ms);
}

static bool usable(const struct prepared *s, int32_t m, const struct forecast *f,
		   int64_t now_ms)
{
	if (!s->status.metrics[m].forecast_on || f->state != FORECAST_READY ||
	    !isfinite(f->upper))
		return false;
	if (!forecast_is_fresh(f, now_ms))
		return false;
	if (s->metrics[m].values.unknown && !loss_follows(s, m, now_ms))
		return false;
	switch (s->policy->forecast.mode) {
	case FORECAST_ALWAYS:
		return true;
	case FORECAST_AUTO:
		return s->gate.open;
	case FORECAST_DISABLED:
		return false;
	}
	return false;
}

static void propose(struct engine *e, struct prepared *s, int64_t now_ms,
		    struct forecast_proposal *ret)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		struct metric_status *st = &s->status.metrics[m];
		const struct forecast *f = loss_forecast(e, s, m, now_ms);
		st->forecast_usable = usable(s, m, f, now_ms);
		ret[m] = (struct forecast_proposal){
			.usable = st->forecast_usable,
			.mean = f->mean,
			.upper = f->upper,
			.release = f->release,
			.quantile = gate_quantile(s),
			.objective = gate_objective(s),
			.window_ms = st->window_min * MS_PER_MIN,
			.model = model_name(f->model),
		};
	}
	derived_propose(s, now_ms, ret);
}

/* Does any metric need the pods themselves, not just their number? */
static bool looks_at_pods(const struct policy *p)
{
	for (int32_t m = 0; m < p->metric_count; m++) {
		const struct policy_metric *spec = &p->metrics[m];
		if ((spec->type != METRIC_OBJECT && spec->type != METRIC_EXTERNAL) ||
		    spec->target.type == TARGET_VALUE)
			return true;
	}
	return false;
}

static void scale_view(const struct prepared *s, struct scale_view *ret, char *error,
		       size_t size)
{
	*ret = (struct scale_view){.spec_replicas = floor_base(s),
				   .status_replicas = s->target.status_replicas};
	/* What a rollout keeps beside the pods that it replaces is not there twice. */
	if (holds_rollout(s)) {
		ret->serving_max = s->target.replicas;
		if (ret->status_replicas > s->target.replicas)
			ret->status_replicas = s->target.replicas;
	}
	if (s->target.missing && s->target.why[0]) {
		ret->error = s->target.why;
	} else if (s->target.missing) {
		snprintf(error, size, "%s %s/%s not found", s->policy->target.kind, s->ns,
			 s->policy->target.name);
		ret->error = error;
	} else if (s->target.selector_error[0]) {
		ret->selector = SELECTOR_INVALID;
		ret->selector_error = s->target.selector_error;
	} else if (pods_lost(s) && looks_at_pods(s->policy)) {
		snprintf(error, size,
			 "%lld more pods match its selector than the %d that there is "
			 "room for",
			 (long long)pods_lost(s), s->pods_max);
		ret->selector = SELECTOR_INVALID;
		ret->selector_error = error;
	}
}

/* Others may set a target to zero after we did and somebody took it up again. */
static void forget_zero(struct prepared *s)
{
	if (s->target.seen && s->target.replicas > 0)
		s->record.memory.scaled_to_zero = false;
}

/* The policy with the bounds of its schedules, in `copy` where they differ. */
static const struct policy *within_bounds(const struct prepared *s,
					  const struct schedule_bounds *b,
					  struct policy *copy)
{
	if (b->min == s->policy->min_replicas && b->max == s->policy->max_replicas)
		return s->policy;
	*copy = *s->policy;
	copy->min_replicas = b->min;
	copy->max_replicas = b->max;
	return copy;
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

/* A reason that only the decision itself could show: many others decide the same. */
static void ask_breaker(struct engine *e, struct prepared *s,
			const struct decide_input *in, struct hold_reasons *holds)
{
	int32_t known = holds->count;
	breaker_note(e, s, in->policy, in->now_ms);
	breaker_check(e, s, in->now_ms, holds);
	if (holds->count > known)
		decide_hold(in, &s->decision);
}

void cycle_decide(struct engine *e, struct prepared *s, int64_t now_ms)
{
	char error[256];
	if (s->write.state != WRITE_IDLE || !slot_active(s) ||
	    rest_why(s, now_ms, error, sizeof(error)))
		return;
	struct metric_values values[POLICY_METRICS_MAX];
	struct forecast_proposal forecasts[POLICY_METRICS_MAX];
	struct hold_reasons holds;
	struct schedule_bounds bounds;
	struct policy scheduled;
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		values[m] = s->metrics[m].values;
	loss_note(s, now_ms);
	propose(e, s, now_ms, forecasts);
	holds_collect(e, s, now_ms, &holds);
	schedule_bounds(e, s, &holds, now_ms, &bounds);
	int32_t asked = bounds.min_text[0] ? bounds.min : 0;
	floor_bounds(s, &bounds);
	floor_note(e, s, now_ms);
	struct decide_input in = {
		.policy = within_bounds(s, &bounds, &scheduled),
		.config = &e->config.decide,
		.now_ms = now_ms,
		.pods = s->pods,
		.pod_count = s->pod_count,
		.values = values,
		.forecasts = forecasts,
		.follow_forecast_on_loss =
			s->policy->on_metrics_loss == LOSS_FOLLOW_FORECAST,
		.release_allowed = s->policy->forecast.release && s->gate.open,
		.over_reactive_max =
			gate_proved(&s->gate) ? 0 : s->policy->forecast.max_over_reactive,
		.holds = &holds,
		.min_reason = or_null(bounds.min_text),
		.max_reason = or_null(bounds.max_text),
	};
	scale_view(s, &in.scale, error, sizeof(error));
	forget_zero(s);
	decide(&in, &s->record.memory, &s->decision);
	ask_breaker(e, s, &in, &holds);
	if (in.scale.error)
		snprintf(s->decision.reason, sizeof(s->decision.reason),
			 "%s -> nothing is decided", in.scale.error);
	publish_decision(e, s, now_ms);
	schedule_tell(e, s, &bounds);
	guards_tell(e, s, now_ms);
	holds_tell(e, s, &holds, now_ms);
	floor_move(e, s, &holds, asked, now_ms);
	if (!write_begin(e, s, now_ms))
		publish_if_due(e, s, now_ms);
}
