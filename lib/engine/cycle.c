/* One cycle of one policy: ask, wait for the answers or the deadline, decide, write. */
#include "engine/slot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An instant query answers with the time it was asked for; more than this apart means a
 * clock that is wrong, or a cache that answers for another time. */
#define SKEW_MAX_MS (150 * MS_PER_S)
/* Range of the built-in rates: what a Resource sample covers. */
#define VALUE_WINDOW_MS MS_PER_MIN

/* Milli-units rounded up, as Kubernetes does, but only after rounding to nano: 0.1 cores
 * must not become 101 m. */
static int64_t milli_up(double v)
{
	double nano = round(v * 1e9);
	double milli =
		isfinite(nano) && fabs(nano) < 0x1p62 ? ceil(nano / 1e6) : ceil(v * 1e3);
	if (milli >= 0x1p63)
		return INT64_MAX;
	return milli <= -0x1p63 ? INT64_MIN : (int64_t)milli;
}

static bool per_pod(const struct policy_metric *m)
{
	switch (m->type) {
	case METRIC_RESOURCE:
	case METRIC_CONTAINER_RESOURCE:
	case METRIC_PODS:
		return true;
	case METRIC_OBJECT:
	case METRIC_EXTERNAL:
		return false;
	}
	return false;
}

/* The grid of a policy starts at a place of its own, so that policies spread over the
 * period, and stays there over restarts. */
static int64_t next_on_grid(const struct engine *e, const struct prepared *s,
			    int64_t now_ms)
{
	int64_t period = e->config.sync_period_ms;
	int64_t phase = (int64_t)(s->target.key % (uint64_t)period);
	int64_t since = ((now_ms - phase) % period + period) % period;
	return now_ms - since + period;
}

void cycle_soon(struct prepared *s, int64_t now_ms)
{
	if (now_ms < s->next_cycle_ms)
		s->next_cycle_ms = now_ms;
}

static void set_unknown(struct prepared *s, int32_t m, const char *why)
{
	struct metric_slot *metric = &s->metrics[m];
	metric->answered = true;
	snprintf(metric->unknown, sizeof(metric->unknown), "%s", why);
	metric->values = (struct metric_values){.unknown = metric->unknown};
	s->status.metrics[m].known = false;
	s->status.metrics[m].current = NAN;
}

static void begin(struct engine *e, struct prepared *s, int64_t now_ms)
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
		a->u.query.time_ms = now_ms;
	}
}

static void close_late(struct engine *e, struct prepared *s, int64_t now_ms)
{
	char why[64];
	snprintf(why, sizeof(why), "no answer within %lld s",
		 (long long)(e->config.answer_deadline_ms / MS_PER_S));
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (!s->metrics[m].answered)
			set_unknown(s, m, why);
	s->cycle = 0;
	cycle_decide(e, s, now_ms);
}

void cycle_tick(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (!slot_active(s))
		return;
	s->status.lead_ms = lead_time_ms(s, &s->status.lead_source);
	s->status.lead_samples = s->record.lead.count;
	history_ask(e, s, now_ms);
	if (s->cycle && now_ms >= s->deadline_ms)
		close_late(e, s, now_ms);
	if (now_ms < s->next_cycle_ms)
		return;
	s->next_cycle_ms = next_on_grid(e, s, now_ms);
	publish_standing(e, s, now_ms);
	/* A target whose state is not known yet is waited for; a missing one is said
	 * below. */
	if (s->cycle || s->policy->pause || !(s->target.seen || s->target.missing))
		return;
	if (s->target.missing)
		cycle_decide(e, s, now_ms);
	else if (s->pods_synced)
		begin(e, s, now_ms);
}

static const char *row_problem(const struct value_row *row, int64_t now_ms, char *buf,
			       size_t size)
{
	if (!isfinite(row->value))
		return "the value is not a number";
	int64_t apart = now_ms - row->time_ms;
	if (apart <= SKEW_MAX_MS && apart >= -SKEW_MAX_MS)
		return NULL;
	char age[48];
	duration_format(apart > 0 ? apart : -apart, age, sizeof(age));
	snprintf(buf, size,
		 apart > 0 ? "the sample is %s old" : "the sample is %s in the future",
		 age);
	return buf;
}

static void take_total(struct prepared *s, int32_t m, const struct event *event)
{
	struct metric_slot *metric = &s->metrics[m];
	char buf[96];
	if (event->u.values.count != 1) {
		snprintf(buf, sizeof(buf), "the query returned %d series, one is needed",
			 event->u.values.count);
		set_unknown(s, m,
			    event->u.values.count ? buf : "the query returned no series");
		return;
	}
	const struct value_row *row = &event->u.values.rows[0];
	const char *problem = row_problem(row, event->now_ms, buf, sizeof(buf));
	if (problem) {
		set_unknown(s, m, problem);
		return;
	}
	metric->answered = true;
	metric->values = (struct metric_values){.total_m = milli_up(row->value)};
	s->status.metrics[m].known = true;
	s->status.metrics[m].current = row->value;
}

static void take_pods(struct prepared *s, int32_t m, const struct event *event)
{
	struct metric_slot *metric = &s->metrics[m];
	const struct policy_metric *spec = &s->policy->metrics[m];
	char buf[96];
	const char *problem = "the query returned no series";
	double total = 0;
	int32_t n = 0;
	for (int32_t i = 0; i < event->u.values.count && n < metric->pod_values_max;
	     i++) {
		const struct value_row *row = &event->u.values.rows[i];
		const char *bad = row_problem(row, event->now_ms, buf, sizeof(buf));
		if (!row->pod || bad) {
			problem = bad ? bad
				      : "the query returned series without a pod label";
			continue;
		}
		if (!pods_known(s, hash_text(row->pod)))
			continue;
		if (spec->container &&
		    (!row->container || strcmp(row->container, spec->container)))
			continue;
		metric->pod_values[n++] = (struct pod_value){
			.key = hash_text(row->pod),
			.value_m = milli_up(row->value),
			.time_ms = row->time_ms,
			.window_ms = VALUE_WINDOW_MS,
			.containers = row->container && !spec->container ? 1 : 0,
		};
		total += row->value;
	}
	if (!n) {
		set_unknown(s, m, problem);
		return;
	}
	metric->answered = true;
	metric->values =
		(struct metric_values){.pods = metric->pod_values,
				       .count = pod_values_merge(metric->pod_values, n)};
	s->status.metrics[m].known = true;
	s->status.metrics[m].current = total;
}

static void answered(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (--s->waiting > 0)
		return;
	s->cycle = 0;
	cycle_decide(e, s, now_ms);
}

void cycle_values(struct engine *e, struct prepared *s, const struct event *event)
{
	int32_t m = (int32_t)event->u.values.query.metric;
	if (!s->cycle || event->u.values.query.cycle != s->cycle ||
	    s->metrics[m].answered)
		return;
	if (per_pod(&s->policy->metrics[m]))
		take_pods(s, m, event);
	else
		take_total(s, m, event);
	answered(e, s, event->now_ms);
}

void cycle_failed(struct engine *e, struct prepared *s, const struct event *event)
{
	int32_t m = (int32_t)event->u.query_failed.query.metric;
	if (!s->cycle || event->u.query_failed.query.cycle != s->cycle ||
	    s->metrics[m].answered)
		return;
	set_unknown(s, m, event->u.query_failed.why);
	answered(e, s, event->now_ms);
}

/* A forecast for a window that began long ago says nothing of the next minutes. */
#define FORECAST_AGE_MAX_MS (4 * MS_PER_MIN)

static bool usable(const struct prepared *s, int32_t m, int64_t now_ms)
{
	const struct metric_status *st = &s->status.metrics[m];
	const struct forecast *f = &st->forecast;
	if (!st->forecast_on || !s->metrics[m].loaded || f->state != FORECAST_READY)
		return false;
	if (now_ms - f->made_for_ms > FORECAST_AGE_MAX_MS || !isfinite(f->upper))
		return false;
	switch (s->policy->forecast.mode) {
	case FORECAST_ALWAYS:
		return true;
	case FORECAST_AUTO:
		return isfinite(f->skill) && f->skill >= 0;
	case FORECAST_DISABLED:
		return false;
	}
	return false;
}

static void propose(struct prepared *s, int64_t now_ms, struct forecast_proposal *ret)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		struct metric_status *st = &s->status.metrics[m];
		const struct forecast *f = &st->forecast;
		st->forecast_usable = usable(s, m, now_ms);
		ret[m] = (struct forecast_proposal){
			.usable = st->forecast_usable,
			.mean = f->mean,
			.upper = f->upper,
			.release = NAN,
			.quantile = s->policy->forecast.quantile,
			.window_ms = st->window_min * MS_PER_MIN,
			.model = model_name(f->model),
		};
	}
}

static void scale_view(const struct prepared *s, struct scale_view *ret, char *error,
		       size_t size)
{
	*ret = (struct scale_view){.spec_replicas = s->target.replicas,
				   .status_replicas = s->target.status_replicas};
	if (s->target.missing) {
		snprintf(error, size, "%s %s/%s not found", s->policy->target.kind, s->ns,
			 s->policy->target.name);
		ret->error = error;
	} else if (s->pods_lost) {
		snprintf(error, size,
			 "%lld more pods match its selector than the %d that maxReplicas "
			 "allows for",
			 (long long)s->pods_lost, s->pods_max);
		ret->selector = SELECTOR_INVALID;
		ret->selector_error = error;
	}
}

/* Before a restarted process has read its history again, it does not know what it knew:
 * it may raise, not lower. */
static void hold_while_loading(struct prepared *s, int64_t now_ms)
{
	struct decision *d = &s->decision;
	if (d->desired >= d->current || !history_loading(s, now_ms))
		return;
	d->desired = d->current;
	snprintf(d->reason, sizeof(d->reason), "history is still being read -> hold %d",
		 d->current);
}

void cycle_decide(struct engine *e, struct prepared *s, int64_t now_ms)
{
	if (s->write != WRITE_IDLE)
		return;
	struct metric_values values[POLICY_METRICS_MAX];
	struct forecast_proposal forecasts[POLICY_METRICS_MAX];
	char error[256];
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		values[m] = s->metrics[m].values;
	propose(s, now_ms, forecasts);
	struct decide_input in = {
		.policy = s->policy,
		.config = &e->config.decide,
		.now_ms = now_ms,
		.pods = s->pods,
		.pod_count = s->pod_count,
		.values = values,
		.forecasts = forecasts,
	};
	scale_view(s, &in.scale, error, sizeof(error));
	decide(&in, &s->record.memory, &s->decision);
	hold_while_loading(s, now_ms);
	s->decided = true;
	publish_decision(e, s, now_ms);
	write_begin(e, s, now_ms);
}
