#include "sim/replay.h"

#include "io/io.h"
#include "prom/prom.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE_WINDOW_MS MS_PER_MIN /* of a query that the policy brings along */
#define TICKS_MAX      64         /* at one and the same time: more would never end */
#define NAME_SIZE      16
#define POD_PREFIX     "pod-"
#define CONTAINER      "app"
/* Schedules are told again before they end. */
#define CALENDAR_MS MS_PER_DAY
/* Pods that stand at the start have been there for long. */
#define AGE_MS MS_PER_DAY
/* One policy with one metric asks for a value, a day of history, its guards, one write
 * and one reading at a time. */
#define DEEDS_MAX (POLICY_GUARDS_MAX + 8)

/* An action that waits for its answer: actions live only until the next step. */
struct deed {
	enum action_type type;
	struct query_ref query;
	int64_t start_ms, end_ms, step_ms;
	struct write_ref write;
	int32_t to;
};

struct replay {
	struct engine *engine;
	struct workload workload;
	struct policy policy; /* its texts are the engine's */
	int64_t calendar_ms;
	replay_heed *heed;
	void *arg;
	struct replay_tally tally;
	struct deed deeds[DEEDS_MAX];
	int32_t deed_count;
	/* Pods and target as the engine was told of them. */
	struct shown {
		int32_t serial;
		bool ready;
	} * shown;
	int32_t shown_count, shown_room;
	uint64_t changes;
	uint64_t version;
	/* Room for one answer. */
	struct value_row *values;
	/* The pods in the order of the keys that the engine knows them by: values that
	 * come in it need no sorting. As of `labelled` changes. */
	struct pod_label {
		uint64_t key;
		int32_t pod; /* index of the workload's */
		char name[NAME_SIZE];
	} * labels;
	uint64_t labelled;
	int32_t value_room;
	uint64_t decisions; /* that were heeded */
	struct replay_row row;
};

/* --- what the engine wants --- */

static void note(struct replay *r, const struct action *a)
{
	struct deed d = {.type = a->type};
	switch (a->type) {
	case ACTION_QUERY:
		d.query = a->u.query.ref;
		d.start_ms = a->u.query.start_ms;
		d.end_ms = a->u.query.end_ms;
		d.step_ms = a->u.query.step_ms;
		break;
	case ACTION_SAVE:
		d.write = a->u.save.ref;
		break;
	case ACTION_SCALE:
		d.write = a->u.scale.ref;
		d.to = a->u.scale.to;
		break;
	case ACTION_READ_TARGET:
		break;
	case ACTION_FLOOR: /* of a mode that is not rehearsed */
	case ACTION_STATUS:
	case ACTION_EVENT:
	case ACTION_DECIDED:
		return;
	}
	assert(r->deed_count < DEEDS_MAX);
	r->deeds[r->deed_count++] = d;
}

static void step(struct replay *r, struct event *event)
{
	event->now_ms = r->workload.now_ms;
	const struct actions *actions = engine_step(r->engine, event);
	for (int32_t i = 0; i < actions->count; i++)
		note(r, &actions->items[i]);
}

/* --- the cluster --- */

static struct target_ref target_of(const struct replay *r)
{
	return (struct target_ref){r->policy.ns, r->policy.target.group_kind,
				   r->policy.target.name};
}

static void give_target(struct replay *r, bool fresh)
{
	const struct workload *w = &r->workload;
	char version[24];
	struct event event = {.type = EVENT_TARGET};
	snprintf(version, sizeof(version), "%llu", (unsigned long long)r->version);
	event.u.target.ref = target_of(r);
	event.u.target.fresh = fresh;
	event.u.target.info = (struct target_info){
		.replicas = w->replicas,
		.status_replicas = w->pod_count,
		.resource_version = version,
		.uid = "rehearsed",
		.scaler = SCALER_US,
		.has_rollout = true,
		.unavailable = w->pod_count - w->ready_count,
	};
	step(r, &event);
}

/* "pod-17": of hundreds of millions of pods that come and go in a sweep. */
static const char *pod_name(int32_t serial, char name[NAME_SIZE])
{
	char digits[NAME_SIZE];
	size_t n = 0, at = strlen(POD_PREFIX);
	do
		digits[n++] = (char)('0' + serial % 10);
	while (serial /= 10);
	memcpy(name, POD_PREFIX, at);
	while (n > 0)
		name[at++] = digits[--n];
	name[at] = 0;
	return name;
}

static void give_pod(struct replay *r, const struct world_pod *p)
{
	const struct workload *w = &r->workload;
	char name[NAME_SIZE];
	bool ready = world_pod_ready(p, w->now_ms);
	/* Those of the start were not Ready at once: it is not known how long it took. */
	bool old = p->ready_ms == p->created_ms && w->config.lead_ms > 0;
	int64_t created_ms = old ? p->created_ms - AGE_MS : p->created_ms;
	const struct resource_request requests[] = {
		{"cpu", llround(w->config.cpu_request * 1000)},
		{"memory", llround(w->config.memory_request * 1000)},
	};
	const struct container_info container = {
		.name = CONTAINER, .requests = requests, .request_count = 2};
	const struct pod_info info = {
		.name = pod_name(p->serial, name),
		.phase = POD_RUNNING,
		.ready = ready ? READY_TRUE : READY_FALSE,
		.created_ms = created_ms,
		.start_ms = created_ms,
		.ready_since_ms = !ready ? created_ms
				  : old  ? created_ms + w->config.lead_ms
					 : p->ready_ms,
		.containers = &container,
		.container_count = 1,
	};
	struct event event = {.type = EVENT_POD};
	event.u.pod.ref = target_of(r);
	event.u.pod.info = &info;
	step(r, &event);
}

static void give_pod_gone(struct replay *r, int32_t serial)
{
	char name[NAME_SIZE];
	struct event event = {.type = EVENT_POD_GONE};
	event.u.pod.ref = target_of(r);
	event.u.pod.name = pod_name(serial, name);
	step(r, &event);
}

/* Both sides are ordered by serial. */
static void show_pods(struct replay *r)
{
	const struct workload *w = &r->workload;
	int32_t old = 0;
	struct shown *now = xcalloc((size_t)w->pod_count + 1, sizeof(*now));
	for (int32_t i = 0; i < w->pod_count; i++) {
		const struct world_pod *p = &w->pods[i];
		bool ready = world_pod_ready(p, w->now_ms);
		while (old < r->shown_count && r->shown[old].serial < p->serial)
			give_pod_gone(r, r->shown[old++].serial);
		bool known = old < r->shown_count && r->shown[old].serial == p->serial;
		if (!known || r->shown[old].ready != ready)
			give_pod(r, p);
		old += known;
		now[i] = (struct shown){p->serial, ready};
	}
	while (old < r->shown_count)
		give_pod_gone(r, r->shown[old++].serial);
	free(r->shown);
	r->shown = now;
	r->shown_count = w->pod_count;
}

/* What the watches tell. */
static void show(struct replay *r)
{
	if (r->changes == r->workload.changes)
		return;
	r->changes = r->workload.changes;
	r->version++;
	show_pods(r);
	give_target(r, false);
}

/* --- Prometheus --- */

static bool is_cpu(const struct replay *r)
{
	enum metric_type type = r->policy.metrics[0].type;
	return type == METRIC_RESOURCE || type == METRIC_CONTAINER_RESOURCE;
}

static int64_t window_ms(const struct replay *r)
{
	return is_cpu(r) ? PROM_RATE_WINDOW_MS : RATE_WINDOW_MS;
}

/* The total at a moment; NaN where nobody knows it, as before the first value. */
static double total_at(const struct replay *r, int64_t at_ms)
{
	const struct workload *w = &r->workload;
	const struct scrape scrape = {w->config.scrape_every_ms, window_ms(r),
				      w->config.scrape_delay_ms};
	int64_t first, last;
	if (!scrape_window(&scrape, at_ms, &first, &last) ||
	    first < w->config.demand->start_ms)
		return NAN;
	return is_cpu(r) ? workload_cpu_rate(w, window_ms(r), at_ms)
			 : workload_requests_rate(w, window_ms(r), at_ms);
}

static void answer_history(struct replay *r, const struct deed *d)
{
	struct event event = {.type = EVENT_HISTORY};
	int64_t count = (d->end_ms - d->start_ms) / d->step_ms + 1;
	int32_t n = 0;
	struct sample *samples AUTO_FREE = xcalloc((size_t)count, sizeof(*samples));
	for (int64_t at = d->start_ms; at <= d->end_ms; at += d->step_ms) {
		double v = at <= r->workload.now_ms ? total_at(r, at) : NAN;
		if (!isnan(v))
			samples[n++] = (struct sample){at, v};
	}
	event.u.history.query = d->query;
	event.u.history.samples = samples;
	event.u.history.count = n;
	step(r, &event);
}

static double pod_value(const struct replay *r, const struct world_pod *p,
			const struct cpu_window *window, double share)
{
	if (is_cpu(r))
		return workload_pod_cpu(&r->workload, p, window);
	return world_pod_ready(p, r->workload.now_ms) ? share : NAN;
}

static void make_room(struct replay *r, int32_t count)
{
	if (r->value_room >= count)
		return;
	r->value_room = count * 2;
	size_t room = (size_t)r->value_room;
	r->values = xrealloc(r->values, room * sizeof(*r->values));
	r->labels = xrealloc(r->labels, room * sizeof(*r->labels));
}

static bool key_before(const void *left, const void *right)
{
	const struct pod_label *a = left, *b = right;
	return a->key < b->key;
}

static void label_pods(struct replay *r)
{
	const struct workload *w = &r->workload;
	if (r->labelled == w->changes)
		return;
	make_room(r, w->pod_count);
	for (int32_t i = 0; i < w->pod_count; i++) {
		struct pod_label *l = &r->labels[i];
		l->pod = i;
		l->key = hash_text(pod_name(w->pods[i].serial, l->name));
	}
	sort_in_place(r->labels, (size_t)w->pod_count, sizeof(r->labels[0]), key_before);
	r->labelled = w->changes;
}

static int32_t pod_rows(struct replay *r)
{
	const struct workload *w = &r->workload;
	int64_t time_ms = is_cpu(r) ? workload_scraped_ms(w, w->now_ms) : w->now_ms;
	const struct cpu_window window = workload_cpu_window(w, window_ms(r), w->now_ms);
	double share = is_cpu(r) ? NAN : total_at(r, w->now_ms) / w->ready_count;
	int32_t n = 0;
	label_pods(r);
	for (int32_t i = 0; i < w->pod_count; i++) {
		const struct pod_label *l = &r->labels[i];
		double v = pod_value(r, &w->pods[l->pod], &window, share);
		if (isnan(v))
			continue;
		r->values[n] =
			(struct value_row){.pod = l->name,
					   .key = l->key,
					   .container = is_cpu(r) ? CONTAINER : NULL,
					   .value = v,
					   .time_ms = time_ms};
		n++;
	}
	return n;
}

static void answer_current(struct replay *r, const struct deed *d)
{
	struct event event = {.type = EVENT_VALUES};
	struct value_row total = {.time_ms = r->workload.now_ms};
	enum metric_type type = r->policy.metrics[0].type;
	event.u.values.query = d->query;
	if (d->query.kind == QUERY_GUARD) {
		/* Neither above nor below. */
		total.value = r->policy.guards[d->query.metric].limit;
		event.u.values.rows = &total;
		event.u.values.count = 1;
	} else if (type == METRIC_EXTERNAL || type == METRIC_OBJECT) {
		total.value = total_at(r, total.time_ms);
		event.u.values.rows = &total;
		event.u.values.count = !isnan(total.value);
	} else {
		event.u.values.count = pod_rows(r);
		event.u.values.rows = r->values;
	}
	step(r, &event);
}

/* --- answers --- */

static void answer_write(struct replay *r, const struct deed *d)
{
	char version[24];
	struct event event = {.type = EVENT_SAVED};
	event.u.written.write = d->write;
	if (d->type == ACTION_SCALE) {
		workload_scale(&r->workload, d->to);
		event.type = EVENT_SCALED;
		snprintf(version, sizeof(version), "%llu",
			 (unsigned long long)++r->version);
		event.u.written.resource_version = version;
	}
	step(r, &event);
}

static void answer(struct replay *r, const struct deed *d)
{
	if (d->type == ACTION_QUERY && d->query.kind == QUERY_HISTORY)
		answer_history(r, d);
	else if (d->type == ACTION_QUERY)
		answer_current(r, d);
	else if (d->type == ACTION_READ_TARGET)
		give_target(r, true);
	else
		answer_write(r, d);
}

static void settle(struct replay *r)
{
	while (true) {
		if (r->deed_count > 0) {
			struct deed d = r->deeds[0];
			r->deed_count--;
			memmove(r->deeds, r->deeds + 1,
				(size_t)r->deed_count * sizeof(d));
			answer(r, &d);
		} else if (engine_has_work(r->engine)) {
			struct event event = {.type = EVENT_WORK};
			step(r, &event);
		} else if (r->changes != r->workload.changes) {
			show(r);
		} else {
			return;
		}
	}
}

static void tell_schedules(struct replay *r)
{
	struct err err;
	struct event event = {.type = EVENT_SCHEDULE};
	r->calendar_ms = r->workload.now_ms + CALENDAR_MS;
	if (r->policy.schedule_count == 0)
		return;
	struct schedule_plan *plan AUTO_FREE = xcalloc(1, sizeof(*plan));
	if (schedule_expand(&r->policy, r->workload.now_ms, plan, &err) < 0)
		return; /* its zones were read: schedule_localize */
	event.u.schedule.ns = r->policy.ns;
	event.u.schedule.name = r->policy.name;
	event.u.schedule.hash = r->policy.hash;
	event.u.schedule.intervals = plan->intervals;
	event.u.schedule.count = plan->count;
	event.u.schedule.until_ms = plan->until_ms;
	step(r, &event);
	/* Many openings do not fit at once. */
	if (plan->until_ms < r->calendar_ms)
		r->calendar_ms = plan->until_ms;
}

/* --- life --- */

static void heed(struct replay *r)
{
	const struct workload *w = &r->workload;
	const struct policy_status *s = replay_status(r);
	const struct metric_status *m = &s->metrics[0];
	struct replay_row row = {
		.at_ms = w->now_ms,
		.demand = trace_at(w->config.demand, w->now_ms),
		.ready = w->ready_count,
		.pods = w->pod_count,
		.desired = s->desired,
		.reactive = s->reactive,
		.forecast = m->forecast_on ? m->forecast.mean : NAN,
		.upper = m->forecast_on ? m->forecast.upper : NAN,
		.decided = s->decisions != r->decisions,
		.reason = s->reason,
	};
	if (row.decided) {
		r->tally.decisions++;
		r->tally.trusted += m->forecast_usable;
		r->tally.by_forecast += s->decision && s->decision->by_forecast;
	}
	bool news = row.decided || row.demand != r->row.demand ||
		    row.ready != r->row.ready || row.pods != r->row.pods;
	r->decisions = s->decisions;
	r->row = row;
	if (news && r->heed && s->decisions)
		r->heed(r->arg, &row);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* One moment further; what is due at it is done. */
static void live(struct replay *r, int64_t to_ms)
{
	struct workload *w = &r->workload;
	int64_t tick_ms = engine_next_tick_ms(r->engine);
	int64_t next_ms = earlier(earlier(to_ms, tick_ms), workload_next_ready_ms(w));
	next_ms = earlier(next_ms, trace_step_end(w->config.demand, w->now_ms));
	next_ms = earlier(next_ms, r->calendar_ms);
	workload_advance(w, next_ms);
	show(r);
	if (w->now_ms >= r->calendar_ms)
		tell_schedules(r);
	settle(r);
	for (int n = 0; engine_next_tick_ms(r->engine) <= w->now_ms; n++) {
		struct event tick = {.type = EVENT_TICK};
		assert(n < TICKS_MAX);
		step(r, &tick);
		settle(r);
	}
	heed(r);
}

void replay_advance(struct replay *r, int64_t to_ms)
{
	while (r->workload.now_ms < to_ms || engine_next_tick_ms(r->engine) <= to_ms)
		live(r, to_ms);
}

void replay_end(struct replay *r, int64_t to_ms)
{
	replay_advance(r, to_ms - 1);
	workload_advance(&r->workload, to_ms);
}

static void start(struct replay *r, struct policy *policy)
{
	struct event event = {.type = EVENT_POLICY_SET};
	event.u.policy_set.prepared =
		engine_prepare(r->engine, policy->ns, policy->name, policy, NULL, NULL);
	step(r, &event);
	tell_schedules(r);
	give_target(r, true);
	event = (struct event){.type = EVENT_PODS_RESET};
	event.u.pod.ref = target_of(r);
	step(r, &event);
	show_pods(r);
	event.type = EVENT_PODS_SYNCED;
	step(r, &event);
	r->changes = r->workload.changes;
	settle(r);
}

struct replay *replay_new(const struct replay_config *config, struct policy *policy,
			  int64_t now_ms, struct err *err)
{
	struct policy *owned AUTO(policy_cleanup) = policy;
	struct workload_config workload = config->workload;
	struct engine_config engine;
	if (schedule_localize(policy, now_ms, err) < 0)
		return NULL;
	struct replay *r = xcalloc(1, sizeof(*r));
	engine_config_default(&engine);
	engine.policies_max = 1;
	engine.pods_max = WORKLOAD_PODS_MAX;
	engine.in_step = true;
	engine.decide.terse = config->terse;
	engine.maker = config->maker;
	if (config->sync_ms)
		engine.sync_period_ms = config->sync_ms;
	if (policy->max_replicas < engine.pods_max)
		engine.pods_max = policy->max_replicas;
	if (workload.replicas > engine.pods_max)
		engine.pods_max = workload.replicas;
	r->policy = *policy;
	r->heed = config->heed;
	r->arg = config->arg;
	r->row.demand = NAN;
	workload.ns = policy->ns;
	workload.name = policy->target.name;
	workload_init(&r->workload, &workload, now_ms);
	r->engine = engine_new(&engine);
	start(r, TAKE(owned));
	return r;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	engine_free(r->engine);
	workload_fini(&r->workload);
	free(r->shown);
	free(r->values);
	free(r->labels);
	free(r);
}

void replay_cleanup(struct replay **r)
{
	replay_free(*r);
}

void replay_reset(struct replay *r)
{
	workload_reset_outcome(&r->workload);
	r->tally = (struct replay_tally){0};
}

const struct workload *replay_workload(const struct replay *r)
{
	return &r->workload;
}

const struct replay_tally *replay_tally(const struct replay *r)
{
	return &r->tally;
}

const struct policy_status *replay_status(const struct replay *r)
{
	return engine_policy_status(r->engine, 0);
}
