/* From Prometheus' history into the forecasters: a day a query, a slice of learning at a
 * time.
 *
 * History and live values take the same way: whole minutes from range queries on one grid
 * that starts at a day's border. A process that was restarted therefore learns the same
 * values in the same order as one that was not. */
#include "engine/slot.h"

#include <math.h>
#include <string.h>

#define RETRY_MS (15 * MS_PER_S)
/* A minute that is missing at the very end of an answer may still come; after this long
 * it is a gap. */
#define LATE_MS (5 * MS_PER_MIN)
/* Loading two weeks takes seconds; when the source does not answer, holding for ever
 * would be worse. */
#define LOADING_MAX_MS (10 * MS_PER_MIN)

static int64_t floor_to(int64_t ms, int64_t unit)
{
	return ms - ((ms % unit) + unit) % unit;
}

void history_begin(struct prepared *s, int32_t m, int64_t now_ms)
{
	struct metric_slot *metric = &s->metrics[m];
	struct metric_status *status = &s->status.metrics[m];
	const struct policy_forecast *f = &s->policy->forecast;
	struct forecast_config config = {
		.window_min = status->window_min,
		.release_min = 2,
		.quantile = f->quantile,
		.use_linear = f->models & MODEL_LINEAR_REGRESSION,
		.use_holt_winters = f->models & MODEL_HOLT_WINTERS,
	};
	metric->forecaster = forecaster_init(metric->forecaster_memory, &config);
	metric->cursor_ms = floor_to(now_ms - f->history_ms, MS_PER_DAY);
	metric->pending_count = metric->pending_next = 0;
	metric->asked_number = 0;
	metric->working = metric->loaded = false;
	metric->began_ms = now_ms;
	metric->retry_ms = 0;
}

static void ask(struct engine *e, struct prepared *s, int32_t m, int64_t now_ms)
{
	struct metric_slot *metric = &s->metrics[m];
	int64_t newest = floor_to(now_ms - e->config.settle_ms, MS_PER_MIN);
	if (metric->asked_number || metric->pending_next < metric->pending_count ||
	    now_ms < metric->retry_ms)
		return;
	if (metric->cursor_ms + MS_PER_MIN > newest || !has_room(e))
		return;
	int64_t end = metric->cursor_ms + HISTORY_CHUNK_MIN * MS_PER_MIN;
	metric->asked_number = ++e->numbers;
	metric->asked_start_ms = metric->cursor_ms;
	metric->asked_end_ms = end < newest ? end : newest;
	struct action *a = emit(e, s, ACTION_QUERY);
	a->u.query.ref = (struct query_ref){.slot = s->index,
					    .metric = (uint32_t)m,
					    .kind = QUERY_HISTORY,
					    .cycle = metric->asked_number};
	/* The value at a point of time speaks of the minute before it. */
	a->u.query.start_ms = metric->asked_start_ms + MS_PER_MIN;
	a->u.query.end_ms = metric->asked_end_ms;
	a->u.query.step_ms = MS_PER_MIN;
}

/* A lead time that left its rung means another quantity to forecast: learn it from
 * history again. */
static void follow_lead(struct engine *e, struct prepared *s, int32_t m, int64_t now_ms)
{
	struct metric_status *status = &s->status.metrics[m];
	int32_t window =
		lead_window_min(&e->config, s->status.lead_ms, status->window_min);
	int64_t horizon_ms = s->policy->forecast.horizon_ms;
	if (horizon_ms > 0) {
		int64_t minutes = (horizon_ms + MS_PER_MIN - 1) / MS_PER_MIN;
		window = minutes > 120 ? 120 : (int32_t)minutes;
	}
	if (window == status->window_min)
		return;
	status->window_min = window;
	history_begin(s, m, now_ms);
}

void history_ask(struct engine *e, struct prepared *s, int64_t now_ms)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		if (!s->status.metrics[m].forecast_on)
			continue;
		follow_lead(e, s, m, now_ms);
		ask(e, s, m, now_ms);
	}
}

void history_take(struct prepared *s, const struct event *event)
{
	const struct sample *samples = event->u.history.samples;
	int32_t count = event->u.history.count;
	struct metric_slot *metric = &s->metrics[event->u.history.query.metric];
	if (!metric->asked_number || event->u.history.query.cycle != metric->asked_number)
		return;
	metric->asked_number = 0;
	int64_t start = metric->asked_start_ms, newest = INT64_MIN;
	int32_t minutes = (int32_t)((metric->asked_end_ms - start) / MS_PER_MIN);
	for (int32_t i = 0; i < minutes; i++)
		metric->pending[i] = NAN;
	for (int32_t i = 0; i < count; i++) {
		int64_t at = (samples[i].t_ms - MS_PER_MIN - start) / MS_PER_MIN;
		if (at < 0 || at >= minutes || !isfinite(samples[i].v))
			continue;
		metric->pending[at] = (float)samples[i].v;
		if (samples[i].t_ms > newest)
			newest = samples[i].t_ms;
	}
	int64_t end = metric->asked_end_ms;
	if (end > event->now_ms - LATE_MS && newest < end) {
		end = newest > event->now_ms - LATE_MS ? newest : event->now_ms - LATE_MS;
		end = floor_to(end, MS_PER_MIN);
		if (end < start)
			end = start;
		metric->retry_ms = event->now_ms + RETRY_MS;
	}
	metric->pending_ms = start;
	metric->pending_next = 0;
	metric->pending_count = (int32_t)((end - start) / MS_PER_MIN);
	metric->cursor_ms = end;
	metric->working = true;
}

void history_failed(struct prepared *s, const struct event *event)
{
	struct metric_slot *metric = &s->metrics[event->u.query_failed.query.metric];
	if (event->u.query_failed.query.cycle != metric->asked_number)
		return;
	metric->asked_number = 0;
	metric->retry_ms = event->now_ms + RETRY_MS;
}

int64_t history_due_ms(const struct engine *e, const struct prepared *s)
{
	int64_t due = INT64_MAX;
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		const struct metric_slot *metric = &s->metrics[m];
		if (!s->status.metrics[m].forecast_on || !metric->forecaster ||
		    metric->asked_number || metric->working)
			continue;
		int64_t next = metric->cursor_ms + MS_PER_MIN + e->config.settle_ms;
		if (next < metric->retry_ms)
			next = metric->retry_ms;
		if (next < due)
			due = next;
	}
	return due;
}

bool history_has_work(const struct prepared *s)
{
	if (!slot_active(s))
		return false;
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->metrics[m].working)
			return true;
	return false;
}

static void feed(struct metric_slot *metric)
{
	while (metric->pending_next < metric->pending_count) {
		int64_t t = metric->pending_ms + metric->pending_next * MS_PER_MIN;
		if (!forecaster_add(metric->forecaster, t,
				    (double)metric->pending[metric->pending_next]))
			return;
		metric->pending_next++;
	}
}

void history_work(struct engine *e, struct prepared *s, int64_t now_ms)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		struct metric_slot *metric = &s->metrics[m];
		if (!metric->working)
			continue;
		feed(metric);
		bool more = forecaster_work(metric->forecaster);
		if (more || metric->pending_next < metric->pending_count)
			return;
		metric->working = false;
		forecaster_predict(metric->forecaster, &s->status.metrics[m].forecast);
		if (metric->cursor_ms + LATE_MS >= now_ms && !metric->loaded) {
			metric->loaded = true;
			/* The first forecast is worth a decision of its own. */
			cycle_soon(s, now_ms);
		}
		ask(e, s, m, now_ms);
		return;
	}
}

bool history_loading(const struct prepared *s, int64_t now_ms)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->status.metrics[m].forecast_on && !s->metrics[m].loaded &&
		    now_ms - s->metrics[m].began_ms <= LOADING_MAX_MS)
			return true;
	return false;
}
