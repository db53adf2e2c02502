/* From Prometheus' history into the forecasters: a day a query, a slice of learning at a
 * time.
 *
 * History and live values take the same way: whole minutes from range queries on one grid
 * that starts at a day's border. A process that was restarted therefore learns the same
 * values in the same order as one that was not. */
#include "engine/slot.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define RETRY_MS (15 * MS_PER_S)
/* A forecaster takes a few minutes at a time, a slice of work an hour of them. */
#define SLICE_ROUNDS (60 / FORECAST_QUEUE)
#define LATE_MS      (HISTORY_LATE_MIN * MS_PER_MIN)
/* Loading two weeks takes seconds; when the source does not answer, holding for ever
 * would be worse. */
#define LOADING_MAX_MS (10 * MS_PER_MIN)
/* A query that nobody answered, not even with a failure, is asked again after this:
 * longer than any source's time-out. */
#define ANSWER_MAX_MS (6 * MS_PER_MIN)

/* A forecast for a window that began long ago says nothing of the next minutes. */
#define FORECAST_AGE_MAX_MS (4 * MS_PER_MIN)

bool forecast_is_fresh(const struct forecast *f, int64_t now_ms)
{
	return now_ms - f->made_for_ms <= FORECAST_AGE_MAX_MS;
}

static int64_t floor_to(int64_t ms, int64_t unit)
{
	return ms - ((ms % unit) + unit) % unit;
}

static_assert(POLICY_EXCLUDES_MAX <= FORECAST_EXCLUDES_MAX, "all of them are heeded");

int32_t history_refit_minute(const struct prepared *s, int32_t m)
{
	const struct policy_metric *spec = &s->policy->metrics[m];
	const char *query = spec->history_query ? spec->history_query : spec->query;
	uint64_t key = query ? hash_text(query) : s->target.key;
	return (int32_t)(key % (MS_PER_DAY / MS_PER_MIN));
}

static enum forecast_seasons seasons_of(const struct policy_forecast *f)
{
	if (f->seasons_auto)
		return FORECAST_SEASONS_DAY_AND_WEEK;
	for (int32_t i = 0; i < f->season_count; i++)
		if (f->seasons_ms[i] == 7 * MS_PER_DAY)
			return FORECAST_SEASONS_DAY_AND_WEEK;
	return f->season_count ? FORECAST_SEASONS_DAY : FORECAST_SEASONS_NONE;
}

static struct forecaster *begin_default(void *context, void *memory,
					const struct forecast_config *config)
{
	(void)context;
	return forecaster_init(memory, config);
}

const struct forecast_maker *history_maker(const struct engine *e)
{
	static const struct forecast_maker own = {
		.init = begin_default,
		.add = forecaster_add,
		.work = forecaster_work,
		.predict = forecaster_predict,
		.look_ahead = forecaster_look_ahead,
	};
	return e->config.maker ? e->config.maker : &own;
}

static void begin(const struct engine *e, struct prepared *s, int32_t m,
		  int32_t window_min, int64_t now_ms)
{
	const struct forecast_maker *maker = history_maker(e);
	struct feed *feed = &s->metrics[m].feed;
	const struct policy_forecast *f = &s->policy->forecast;
	struct forecast_config config = {
		.window_min = window_min,
		.release_min = RELEASE_MIN,
		.quantile = f->quantile,
		.use_linear = f->models & MODEL_LINEAR_REGRESSION,
		.use_holt_winters = f->models & MODEL_HOLT_WINTERS,
		.seasons = seasons_of(f),
		.zone = feed->calendar ? &feed->calendar->zone : NULL,
		.refit_minute = history_refit_minute(s, m),
		.excludes = feed->calendar ? feed->calendar->excludes : NULL,
		.exclude_count = f->exclude_count,
		.heed = heard_listen,
		.heed_context = feed->heard ? feed->heard : e->heard,
	};
	feed->forecaster = maker->init(maker->context, feed->memory, &config);
	feed->window_min = window_min;
	feed->cursor_ms = floor_to(now_ms - f->history_ms, MS_PER_DAY);
	feed->pending_count = feed->pending_next = 0;
	feed->asked_number = 0;
	feed->working = feed->loaded = false;
	feed->began_ms = now_ms;
	feed->retry_ms = 0;
}

/* All together: the shadow wants the same minutes of all of them. */
static void begin_all(const struct engine *e, struct prepared *s, int32_t window_min,
		      int64_t now_ms)
{
	gate_begin(s, window_min);
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->metrics[m].feed.memory)
			begin(e, s, m, window_min, now_ms);
}

/* End of the newest minute that can be asked for. */
static int64_t newest_ms(const struct engine *e, int64_t now_ms)
{
	return floor_to(now_ms - e->config.settle_ms, MS_PER_MIN);
}

/* For the others to catch up; for ever would be worse. */
static bool must_wait(const struct prepared *s, int32_t m, int64_t now_ms)
{
	return gate_far_ahead(s, m) &&
	       now_ms - s->metrics[m].feed.began_ms <= LOADING_MAX_MS;
}

static bool is_backfill(const struct feed *feed)
{
	return feed->asked_number && feed->asked_end_ms - feed->asked_start_ms > LATE_MS;
}

static struct chunk *spare_chunk(const struct engine *e)
{
	for (int32_t i = 0; i < CHUNKS; i++)
		if (!e->chunks[i].used)
			return &e->chunks[i];
	return NULL;
}

bool history_may_backfill(const struct engine *e)
{
	return e->backfills < BACKFILLS_MAX && spare_chunk(e);
}

void history_give_back(struct prepared *s)
{
	for (int32_t m = 0; m < s->metric_count; m++) {
		struct feed *feed = &s->metrics[m].feed;
		if (!feed->chunk || feed->asked_number || feed->working)
			continue;
		feed->chunk->used = false;
		feed->chunk = NULL;
	}
}

static float *pending_of(struct feed *feed)
{
	return feed->chunk ? feed->chunk->minutes : feed->recent;
}

static void ask(struct engine *e, struct prepared *s, int32_t m, int64_t now_ms)
{
	struct feed *feed = &s->metrics[m].feed;
	int64_t newest = newest_ms(e, now_ms);
	if (feed->asked_number || feed->working || now_ms < feed->retry_ms ||
	    feed->cursor_ms + MS_PER_MIN > newest || !has_room(e))
		return;
	bool days = newest - feed->cursor_ms > LATE_MS;
	if ((days && !history_may_backfill(e)) || must_wait(s, m, now_ms))
		return;
	if (days && !feed->chunk) {
		feed->chunk = spare_chunk(e);
		feed->chunk->used = true;
	}
	int64_t end = feed->cursor_ms + HISTORY_CHUNK_MIN * MS_PER_MIN;
	feed->asked_number = ++e->numbers;
	feed->asked_ms = now_ms;
	feed->asked_start_ms = feed->cursor_ms;
	feed->asked_end_ms = end < newest ? end : newest;
	e->backfills += is_backfill(feed);
	s->backfills += is_backfill(feed);
	struct action *a = emit(e, s, ACTION_QUERY);
	a->u.query.ref = (struct query_ref){.slot = s->index,
					    .metric = (uint32_t)m,
					    .kind = QUERY_HISTORY,
					    .cycle = feed->asked_number};
	/* The value at a point of time speaks of the minute before it. */
	a->u.query.start_ms = feed->asked_start_ms + MS_PER_MIN;
	a->u.query.end_ms = feed->asked_end_ms;
	a->u.query.step_ms = MS_PER_MIN;
}

static int32_t window_wanted(const struct engine *e, const struct prepared *s)
{
	int64_t horizon_ms = s->policy->forecast.horizon_ms;
	if (horizon_ms <= 0)
		return lead_window_min(&e->config, s->status.lead_ms,
				       s->record.window_min);
	int64_t minutes = (horizon_ms + MS_PER_MIN - 1) / MS_PER_MIN;
	return minutes > FORECAST_WINDOW_MAX ? FORECAST_WINDOW_MAX : (int32_t)minutes;
}

/* A lead time that left its rung means another quantity to forecast: it is learned from
 * history again. Not while anything is under way, or loading might never end. */
static void follow_lead(const struct engine *e, struct prepared *s, int64_t now_ms)
{
	int32_t window = window_wanted(e, s);
	bool other = false;
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		const struct feed *feed = &s->metrics[m].feed;
		if (feed->forecaster && (feed->asked_number || feed->working))
			return;
		other |= feed->memory && feed->window_min != window;
	}
	/* The list of pods may bring lead times. */
	if (other && s->pods_synced)
		begin_all(e, s, window, now_ms);
}

static void give_up_waiting(struct feed *feed, int64_t now_ms)
{
	if (feed->asked_number && now_ms - feed->asked_ms >= ANSWER_MAX_MS)
		feed->asked_number = 0;
}

void history_ask(struct engine *e, struct prepared *s, int64_t now_ms)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		give_up_waiting(&s->metrics[m].feed, now_ms);
	follow_lead(e, s, now_ms);
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->metrics[m].feed.forecaster)
			ask(e, s, m, now_ms);
}

/* Puts the samples on the grid of minutes; returns the end of the newest minute that has
 * a value. */
static int64_t fill_pending(struct feed *feed, const struct sample *samples,
			    int32_t count)
{
	int64_t start = feed->asked_start_ms, newest = INT64_MIN;
	int64_t minutes = (feed->asked_end_ms - start) / MS_PER_MIN;
	float *pending = pending_of(feed);
	for (int64_t i = 0; i < minutes; i++)
		pending[i] = NAN;
	for (int32_t i = 0; i < count; i++) {
		int64_t end = floor_to(samples[i].t_ms + MS_PER_MIN / 2, MS_PER_MIN);
		if (end <= start || end > feed->asked_end_ms ||
		    !(fabs(samples[i].v) <= FLT_MAX))
			continue;
		pending[(end - start) / MS_PER_MIN - 1] = (float)samples[i].v;
		if (end > newest)
			newest = end;
	}
	return newest;
}

void history_take(struct prepared *s, const struct event *event)
{
	struct feed *feed = &s->metrics[event->u.history.query.metric].feed;
	if (!feed->asked_number || event->u.history.query.cycle != feed->asked_number)
		return;
	feed->asked_number = 0;
	int64_t newest =
		fill_pending(feed, event->u.history.samples, event->u.history.count);
	int64_t end = feed->asked_end_ms, late = event->now_ms - LATE_MS;
	if (end > late && newest < end) {
		end = floor_to(newest > late ? newest : late, MS_PER_MIN);
		if (end < feed->asked_start_ms)
			end = feed->asked_start_ms;
		feed->retry_ms = event->now_ms + RETRY_MS;
	}
	feed->pending_ms = feed->asked_start_ms;
	feed->pending_next = 0;
	feed->pending_count = (int32_t)((end - feed->asked_start_ms) / MS_PER_MIN);
	feed->cursor_ms = end;
	feed->working = true;
}

void history_failed(struct prepared *s, const struct event *event)
{
	struct feed *feed = &s->metrics[event->u.query_failed.query.metric].feed;
	if (!feed->asked_number ||
	    event->u.query_failed.query.cycle != feed->asked_number)
		return;
	feed->asked_number = 0;
	feed->retry_ms = event->now_ms + RETRY_MS;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t feed_due_ms(const struct engine *e, const struct prepared *s, int32_t m,
			   bool *waits)
{
	const struct feed *feed = &s->metrics[m].feed;
	if (!feed->memory || feed->working)
		return INT64_MAX;
	if (!feed->forecaster)
		return s->pods_synced ? 0 : INT64_MAX;
	if (feed->asked_number)
		return feed->asked_ms + ANSWER_MAX_MS;
	int64_t due =
		later(feed->cursor_ms + MS_PER_MIN + e->config.settle_ms, feed->retry_ms);
	if (must_wait(s, m, e->now_ms))
		due = later(due, feed->began_ms + LOADING_MAX_MS + 1);
	if (due > e->now_ms || history_may_backfill(e) ||
	    newest_ms(e, e->now_ms) - feed->cursor_ms <= LATE_MS)
		return due;
	*waits = true;
	return INT64_MAX;
}

int64_t history_due_ms(const struct engine *e, const struct prepared *s, bool *ret_waits)
{
	int64_t due = INT64_MAX;
	*ret_waits = false;
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		int64_t next = feed_due_ms(e, s, m, ret_waits);
		due = next < due ? next : due;
	}
	return due;
}

int32_t history_backfills(const struct prepared *s)
{
	int32_t count = 0;
	for (int32_t m = 0; s->policy && m < s->policy->metric_count; m++)
		count += is_backfill(&s->metrics[m].feed);
	return count;
}

bool history_has_work(const struct prepared *s)
{
	if (!slot_active(s))
		return false;
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		if (s->metrics[m].feed.working)
			return true;
	return false;
}

static void give_minutes(const struct forecast_maker *maker, struct feed *feed)
{
	while (feed->pending_next < feed->pending_count) {
		int64_t t = feed->pending_ms + feed->pending_next * MS_PER_MIN;
		if (!maker->add(feed->forecaster, t,
				(double)pending_of(feed)[feed->pending_next]))
			return;
		feed->pending_next++;
	}
}

/* Until the present is reached, what an earlier forecaster said of it stands: it grows
 * old by itself. */
static void predict(const struct engine *e, struct prepared *s, int32_t m, int64_t now_ms)
{
	struct feed *feed = &s->metrics[m].feed;
	if (!feed->loaded && feed->cursor_ms + LATE_MS < now_ms)
		return;
	struct metric_status *st = &s->status.metrics[m];
	int64_t before = st->forecast.anomaly.count;
	history_maker(e)->predict(feed->forecaster, &st->forecast);
	gate_plan(s, m, &st->forecast);
	st->window_min = feed->window_min;
	/* Those that its history holds are no news. */
	if (feed->loaded && st->forecast.anomaly.count > before)
		st->anomalies += (uint64_t)(st->forecast.anomaly.count - before);
	/* The first forecast is worth a decision of its own. */
	if (!feed->loaded)
		cycle_soon(s, now_ms);
	feed->loaded = true;
}

/* Learns a slice of what is pending; true while there is more. */
static bool learn(struct engine *e, struct prepared *s, struct feed *feed)
{
	const struct forecast_maker *maker = history_maker(e);
	bool more = false;
	for (int i = 0; i < SLICE_ROUNDS && !more; i++) {
		gate_listen(e);
		give_minutes(maker, feed);
		more = maker->work(feed->forecaster);
		gate_catch_up(e, s);
		if (feed->pending_next == feed->pending_count)
			return more;
	}
	return true;
}

void history_work(struct engine *e, struct prepared *s, int64_t now_ms)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		struct feed *feed = &s->metrics[m].feed;
		if (!feed->working)
			continue;
		if (learn(e, s, feed))
			return;
		feed->working = false;
		predict(e, s, m, now_ms);
		ask(e, s, m, now_ms);
		return;
	}
}

bool history_loading(const struct prepared *s, int64_t now_ms)
{
	for (int32_t m = 0; m < s->policy->metric_count; m++) {
		const struct feed *feed = &s->metrics[m].feed;
		if (feed->memory && !feed->loaded &&
		    (!feed->forecaster || now_ms - feed->began_ms <= LOADING_MAX_MS))
			return true;
	}
	return false;
}

void history_clock_back(const struct engine *e, struct prepared *s, int64_t now_ms)
{
	bool ahead = false;
	int32_t window_min = 0;
	for (int32_t m = 0; s->policy && m < s->policy->metric_count; m++) {
		struct feed *feed = &s->metrics[m].feed;
		if (!feed->forecaster)
			continue;
		if (feed->retry_ms > now_ms + RETRY_MS)
			feed->retry_ms = now_ms;
		if (feed->asked_ms > now_ms)
			feed->asked_ms = now_ms;
		if (feed->began_ms > now_ms)
			feed->began_ms = now_ms;
		/* Learned from times that have not been yet. */
		ahead |= feed->cursor_ms > now_ms + LATE_MS;
		window_min = feed->window_min;
	}
	if (s->record.objective.moved_ms > now_ms)
		s->record.objective.moved_ms = now_ms;
	if (ahead)
		begin_all(e, s, window_min, now_ms);
}
