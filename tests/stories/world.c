#include "stories/world.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_MAX 64 /* at one and the same time: more would never end */
#define WORK_MAX  2000000

void world_init(struct world *w, struct str *out)
{
	*w = (struct world){.out = out};
	engine_config_default(&w->config);
	time_parse("2026-03-02T00:00:00Z", &w->day_ms, NULL);
}

void world_fini(struct world *w)
{
	engine_free(w->engine);
	for (int i = 0; i < POLICIES_MAX; i++) {
		free(w->policies[i].text);
		free(w->policies[i].stored);
		free(w->policies[i].sending);
	}
	free(w->problem);
}

void world_start(struct world *w)
{
	if (!w->engine)
		w->engine = engine_new(&w->config);
}

void world_problem(struct world *w, const char *fmt, ...)
{
	char text[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!w->problem)
		w->problem = xstrdup(text);
}

/* --- actions --- */

static void note_query(struct world *w, const struct action *a)
{
	struct story_query *q = &w->asked[w->asked_next++ % ASKED_MAX];
	*q = (struct story_query){.ref = a->u.query.ref,
				  .start_ms = a->u.query.start_ms,
				  .end_ms = a->u.query.end_ms,
				  .step_ms = a->u.query.step_ms,
				  .open = true};
	snprintf(q->policy, sizeof(q->policy), "%s", a->status->name);
	snprintf(q->metric, sizeof(q->metric), "%s", query_name(a));
}

static void note_write(struct world *w, const struct action *a, bool saves)
{
	/* A minute without an answer, and the engine looks for itself. */
	if (w->write_open && !saves && !w->write_saves &&
	    w->now_ms - w->write_ms < MS_PER_MIN)
		world_problem(w, "a second write while one is under way");
	w->write = saves ? a->u.save.ref : a->u.scale.ref;
	w->write_open = true;
	w->write_ms = w->now_ms;
	w->write_saves = saves;
	snprintf(w->write_policy, sizeof(w->write_policy), "%s", a->status->name);
	snprintf(w->write_target, sizeof(w->write_target), "%s", a->policy->target.name);
	w->write_to = saves ? 0 : a->u.scale.to;
}

static void note_floor(struct world *w, const struct action *a)
{
	w->floor = a->u.floor.ref;
	w->floor_open = true;
	w->floor_to = a->u.floor.to;
	w->floor_original = a->u.floor.original;
	w->floor_expires_ms = a->u.floor.expires_ms;
	snprintf(w->floor_name, sizeof(w->floor_name), "%s", a->u.floor.autoscaler);
}

static void store(struct world *w, const struct action *a, bool asks)
{
	struct story_policy *p = world_policy(w, a->status->name, false);
	cJSON *json AUTO(json_cleanup) = status_to_json(a->status, w->now_ms);
	char **at = asks ? &p->sending : &p->stored;
	free(*at);
	*at = json_text(json);
}

static void perform(struct world *w, const struct action *a)
{
	tell_action(w, a);
	switch (a->type) {
	case ACTION_QUERY:
		note_query(w, a);
		return;
	case ACTION_SAVE:
		store(w, a, true);
		note_write(w, a, true);
		return;
	case ACTION_SCALE:
		note_write(w, a, false);
		return;
	case ACTION_STATUS:
		store(w, a, false);
		return;
	case ACTION_FLOOR:
		note_floor(w, a);
		return;
	case ACTION_READ_TARGET:
	case ACTION_EVENT:
	case ACTION_DECIDED:
		return;
	}
}

void world_settle(struct world *w)
{
	for (int i = 0; i < ASKED_MAX; i++) {
		struct story_query *q = &w->asked[i];
		struct story_answer *list =
			q->ref.kind == QUERY_HISTORY ? w->history : w->always;
		struct story_answer *a =
			q->open ? world_saying(list, q->metric, false) : NULL;
		if (a)
			world_answer(w, q, a);
	}
	if (w->write_open && w->write_saves && w->always_saved)
		world_written(w, EVENT_SAVED, NULL);
	if (w->write_open && !w->write_saves && w->always_scaled)
		world_scaled(w, NULL);
	if (w->floor_open && w->always_floored)
		world_floored(w, EVENT_FLOORED, NULL);
}

static void one_step(struct world *w, struct event *event)
{
	event->now_ms = w->now_ms;
	const struct actions *actions = engine_step(w->engine, event);
	for (int32_t i = 0; i < actions->count; i++)
		perform(w, &actions->items[i]);
	tell_conditions(w);
	tell_windows(w);
}

void world_step(struct world *w, struct event *event)
{
	one_step(w, event);
	world_settle(w);
	for (int n = 0; engine_has_work(w->engine); n++) {
		struct event work = {.type = EVENT_WORK};
		one_step(w, &work);
		world_settle(w);
		if (n > WORK_MAX) {
			world_problem(w, "the engine's work never ends");
			return;
		}
	}
}

void world_wait(struct world *w, int64_t to_ms)
{
	int ticks = 0;
	while (w->engine && engine_next_tick_ms(w->engine) <= to_ms && !w->problem) {
		int64_t next = engine_next_tick_ms(w->engine);
		ticks = next > w->now_ms ? 0 : ticks + 1;
		if (ticks > TICKS_MAX)
			world_problem(w, "the engine asks for one tick after the other");
		if (next > w->now_ms)
			w->now_ms = next;
		struct event tick = {.type = EVENT_TICK};
		world_step(w, &tick);
	}
	w->now_ms = to_ms;
}

/* --- what stands in the API server --- */

struct story_policy *world_policy(struct world *w, const char *name, bool create)
{
	struct story_policy *free_one = NULL;
	for (int i = 0; i < POLICIES_MAX; i++) {
		struct story_policy *p = &w->policies[i];
		if (!strcmp(p->name, name))
			return p;
		if (!p->name[0] && !free_one)
			free_one = p;
	}
	if (!create || !free_one)
		return NULL;
	snprintf(free_one->name, sizeof(free_one->name), "%s", name);
	free_one->created_ms = w->now_ms;
	return free_one;
}

struct story_target *world_target(struct world *w, const char *name, bool create)
{
	struct story_target *free_one = NULL;
	for (int i = 0; i < TARGETS_MAX; i++) {
		struct story_target *t = &w->targets[i];
		if (!strcmp(t->name, name))
			return t;
		if (!t->name[0] && !free_one)
			free_one = t;
	}
	if (!create || !free_one)
		return NULL;
	snprintf(free_one->name, sizeof(free_one->name), "%s", name);
	snprintf(free_one->uid, sizeof(free_one->uid), "uid-of-%.20s", name);
	snprintf(free_one->version, sizeof(free_one->version), "1");
	return free_one;
}

struct story_pod *world_pod(struct world *w, const char *target, const char *name,
			    bool create)
{
	struct story_pod *free_one = NULL;
	for (int i = 0; i < PODS_MAX; i++) {
		struct story_pod *p = &w->pods[i];
		if (!strcmp(p->name, name) && !strcmp(p->target, target))
			return p;
		if (!p->name[0] && !free_one)
			free_one = p;
	}
	if (!create || !free_one)
		return NULL;
	*free_one =
		(struct story_pod){.phase = POD_RUNNING,
				   .ready = READY_TRUE,
				   .created_ms = w->now_ms - MS_PER_H,
				   .ready_since_ms = w->now_ms - MS_PER_H + 30 * MS_PER_S,
				   .cpu_m = -1};
	snprintf(free_one->name, sizeof(free_one->name), "%s", name);
	snprintf(free_one->target, sizeof(free_one->target), "%s", target);
	return free_one;
}

void world_give_policy(struct world *w, struct story_policy *p)
{
	struct err err = {0};
	struct policy *policy = policy_parse(NS, p->name, p->text, strlen(p->text), &err);
	struct state_record *record AUTO_FREE = record_new();
	cJSON *stored AUTO(json_cleanup) =
		p->stored ? json_parse(p->stored, strlen(p->stored), NULL) : NULL;
	record_from_json(json_at(stored, "record"), record);
	if (policy)
		policy->created_ms = p->created_ms;
	world_start(w);
	/* A text that is refused right after a start: the last good one is in the status
	 * object. */
	const char *last = json_str(stored, "record.policy", NULL);
	bool first = true;
	for (int32_t i = 0; i < engine_policy_count(w->engine); i++) {
		const struct policy_status *s = engine_policy_status(w->engine, i);
		first = first && !(s && !strcmp(s->name, p->name));
	}
	if (!policy && last && first) {
		policy = policy_parse(NS, p->name, last, strlen(last), NULL);
		if (policy)
			policy->created_ms = p->created_ms;
	}
	if (policy)
		policy_set_zone(policy, world_zone(w, policy->forecast.time_zone));
	struct event event = {.type = EVENT_POLICY_SET};
	event.u.policy_set.prepared =
		engine_prepare(w->engine, NS, p->name, policy, err.msg, record);
	world_step(w, &event);
	for (int32_t i = 0; i < engine_policy_count(w->engine); i++) {
		const struct policy_status *s = engine_policy_status(w->engine, i);
		if (s && !strcmp(s->name, p->name))
			world_give_schedule(w, s);
	}
}

void world_give_target(struct world *w, const struct story_target *t, bool fresh)
{
	struct event event = {.type = t->exists ? EVENT_TARGET : EVENT_TARGET_GONE};
	event.u.target.ref = (struct target_ref){NS, "Deployment", t->name};
	event.u.target.fresh = fresh;
	event.u.target.info = (struct target_info){.replicas = t->replicas,
						   .status_replicas = t->status_replicas,
						   .resource_version = t->version,
						   .uid = t->uid,
						   .has_rollout = true,
						   .rolling = t->rolling,
						   .unavailable = t->unavailable};
	world_step(w, &event);
}

struct story_autoscaler *world_autoscaler(struct world *w, const char *target,
					  bool create)
{
	struct story_autoscaler *free_one = NULL;
	for (int i = 0; i < TARGETS_MAX; i++) {
		struct story_autoscaler *a = &w->autoscalers[i];
		if (!strcmp(a->target, target))
			return a;
		if (!a->target[0] && !free_one)
			free_one = a;
	}
	if (!create || !free_one)
		return NULL;
	*free_one = (struct story_autoscaler){.min = 1, .max = 10};
	snprintf(free_one->target, sizeof(free_one->target), "%s", target);
	snprintf(free_one->name, sizeof(free_one->name), "%s", target);
	return free_one;
}

void world_give_autoscaler(struct world *w, const struct story_autoscaler *a)
{
	char version[16];
	snprintf(version, sizeof(version), "%d", a->version);
	struct autoscaler_info info = {
		.scaled_object = a->scaled_object,
		.name = a->name,
		.uid = a->target,
		.resource_version = version,
		.owner = "",
		.min = a->min,
		.max = a->max,
		.original = a->original,
		.marked = a->marked,
		.expires_ms = a->expires_ms,
	};
	struct event event = {.type = EVENT_AUTOSCALER};
	event.u.autoscaler.ref = (struct target_ref){NS, "Deployment", a->target};
	event.u.autoscaler.info = a->exists ? &info : NULL;
	world_start(w);
	world_step(w, &event);
}

static void give_pod_event(struct world *w, const char *target, enum event_type type,
			   const char *name)
{
	struct event event = {.type = type};
	event.u.pod.ref = (struct target_ref){NS, "Deployment", target};
	event.u.pod.name = name;
	world_step(w, &event);
}

void world_give_pod(struct world *w, const struct story_pod *p)
{
	struct resource_request request = {"cpu", p->cpu_m};
	struct container_info container = {
		.name = "main", .requests = &request, .request_count = p->cpu_m >= 0};
	struct pod_info info = {
		.name = p->name,
		.phase = p->phase,
		.ready = p->ready,
		.created_ms = p->created_ms,
		.start_ms = p->created_ms,
		.ready_since_ms = p->ready_since_ms,
		.containers = &container,
		.container_count = 1,
	};
	struct event event = {.type = EVENT_POD};
	event.u.pod.ref = (struct target_ref){NS, "Deployment", p->target};
	event.u.pod.info = &info;
	world_step(w, &event);
}

void world_give_pods(struct world *w, const char *target)
{
	give_pod_event(w, target, EVENT_PODS_RESET, NULL);
	for (int i = 0; i < PODS_MAX; i++)
		if (w->pods[i].name[0] && !strcmp(w->pods[i].target, target))
			world_give_pod(w, &w->pods[i]);
	give_pod_event(w, target, EVENT_PODS_SYNCED, NULL);
}

void world_restart(struct world *w)
{
	engine_free(w->engine);
	w->engine = NULL;
	w->write_open = w->floor_open = false;
	memset(w->asked, 0, sizeof(w->asked));
	world_start(w);
	for (int i = 0; i < POLICIES_MAX; i++)
		if (w->policies[i].name[0])
			world_give_policy(w, &w->policies[i]);
	for (int i = 0; i < TARGETS_MAX; i++)
		if (w->autoscalers[i].target[0])
			world_give_autoscaler(w, &w->autoscalers[i]);
	for (int i = 0; i < TARGETS_MAX; i++) {
		if (!w->targets[i].name[0])
			continue;
		world_give_target(w, &w->targets[i], false);
		world_give_pods(w, w->targets[i].name);
	}
}

/* --- answers --- */

static bool speaks_of(const struct story_query *q, const char *metric)
{
	const char *slash = strchr(metric, '/');
	if (!slash)
		return !strcmp(q->metric, metric);
	size_t n = (size_t)(slash - metric);
	return strlen(q->policy) == n && !strncmp(q->policy, metric, n) &&
	       !strcmp(q->metric, slash + 1);
}

struct story_query *world_query(struct world *w, const char *metric, bool late)
{
	struct story_query *found = NULL;
	for (int i = 0; i < ASKED_MAX; i++) {
		struct story_query *q = &w->asked[i];
		if (!q->open || q->ref.kind == QUERY_HISTORY || !speaks_of(q, metric))
			continue;
		if (!found || (q->ref.cycle > found->ref.cycle) != late)
			found = q;
	}
	return found;
}

struct story_answer *world_saying(struct story_answer *list, const char *metric,
				  bool create)
{
	struct story_answer *free_one = NULL;
	for (int i = 0; i < ANSWERS_MAX; i++) {
		if (!strcmp(list[i].metric, metric))
			return &list[i];
		if (!list[i].metric[0] && !free_one)
			free_one = &list[i];
	}
	if (!create || !free_one)
		return NULL;
	snprintf(free_one->metric, sizeof(free_one->metric), "%s", metric);
	return free_one;
}

static bool repeats_daily(const struct story_answer *a)
{
	return a->kind == SAY_DAILY || a->kind == SAY_SHIFT || a->kind == SAY_JOB;
}

/* A working day: flat at night, a steep rise around half past eight, an evening fall; or
 * a shift, that begins at half past eight and ends at half past five, all at once;
 * or a job from two to half past two at night. */
static double shape_of_day(const struct story_answer *a, int64_t t_ms)
{
	int64_t wall_ms = a->zone ? zone_wall(a->zone, t_ms) : t_ms;
	double hour = (double)(wall_ms % MS_PER_DAY) / (double)MS_PER_H;
	if (a->kind == SAY_JOB)
		return hour >= 2 && hour < 2.5 ? a->peak : a->base;
	if (a->kind == SAY_SHIFT)
		return hour >= 8.5 && hour < 17.5 ? a->peak : a->base;
	double rise = 1 / (1 + exp(-(hour - 8.5) * 12));
	double fall = 1 / (1 + exp((hour - 18) * 4));
	return a->base + (a->peak - a->base) * rise * fall;
}

/* And each minute has a luck of its own. */
static double of_day(const struct story_answer *a, int64_t t_ms)
{
	struct rng luck;
	rng_init(&luck, (uint64_t)(t_ms / MS_PER_MIN));
	return shape_of_day(a, t_ms) * (1 + a->noise * (2 * rng_uniform(&luck) - 1));
}

static void answer_history(struct world *w, const struct story_query *q,
			   const struct story_answer *a)
{
	int32_t n = (int32_t)((q->end_ms - q->start_ms) / q->step_ms) + 1;
	if (!repeats_daily(a))
		n = 0;
	struct sample *samples = xcalloc((size_t)n, sizeof(*samples));
	for (int32_t i = 0; i < n; i++) {
		samples[i].t_ms = q->start_ms + i * q->step_ms;
		samples[i].v = of_day(a, samples[i].t_ms - MS_PER_MIN / 2);
	}
	struct event event = {.type = EVENT_HISTORY};
	event.u.history.query = q->ref;
	event.u.history.samples = samples;
	event.u.history.count = n;
	world_step(w, &event);
	free(samples);
}

static int32_t ready_pods(const struct world *w)
{
	int32_t count = 0;
	for (int i = 0; i < PODS_MAX; i++)
		count += w->pods[i].name[0] && w->pods[i].ready == READY_TRUE;
	return count;
}

/* What each Ready pod uses. */
static double used_by_pod(struct world *w, const struct story_answer *a)
{
	struct story_answer *of = world_saying(w->always, a->of, false);
	if (a->kind != SAY_USAGE)
		return a->each;
	return a->base + a->per * (of ? of_day(of, w->now_ms) : 0) / ready_pods(w);
}

static int32_t rows_of(struct world *w, const struct story_answer *a,
		       struct value_row *rows)
{
	int32_t n = 0;
	int64_t at_ms = w->now_ms + a->at_ms;
	for (int32_t i = 0; a->kind == SAY_ROWS && i < a->row_count; i++)
		rows[n++] = (struct value_row){.pod = a->rows[i].pod[0] ? a->rows[i].pod
									: NULL,
					       .value = a->rows[i].value,
					       .time_ms = at_ms};
	bool each = a->kind == SAY_EACH || a->kind == SAY_USAGE;
	for (int i = 0; each && i < PODS_MAX && n < ROWS_MAX; i++)
		if (w->pods[i].name[0] && w->pods[i].ready == READY_TRUE)
			rows[n++] = (struct value_row){.pod = w->pods[i].name,
						       .value = used_by_pod(w, a),
						       .time_ms = at_ms};
	return n;
}

static void answer_current(struct world *w, const struct story_query *q,
			   const struct story_answer *a)
{
	struct value_row rows[ROWS_MAX];
	struct story_answer now = *a;
	if (repeats_daily(a)) {
		now.kind = SAY_ROWS;
		now.row_count = 1;
		now.rows[0].pod[0] = '\0';
		now.rows[0].value = of_day(a, w->now_ms);
	}
	struct event event = {.type = EVENT_VALUES};
	event.u.values.query = q->ref;
	event.u.values.count = rows_of(w, &now, rows);
	event.u.values.rows = rows;
	world_step(w, &event);
}

void world_answer(struct world *w, struct story_query *q, const struct story_answer *a)
{
	q->open = false;
	if (a->kind == SAY_FAILURE) {
		struct event failed = {.type = EVENT_QUERY_FAILED};
		failed.u.query_failed.query = q->ref;
		failed.u.query_failed.why = a->why;
		world_step(w, &failed);
	} else if (q->ref.kind == QUERY_HISTORY) {
		answer_history(w, q, a);
	} else {
		answer_current(w, q, a);
	}
}

void world_written(struct world *w, enum event_type type, const char *why)
{
	bool save = type == EVENT_SAVED || type == EVENT_SAVE_FAILED;
	if (!w->write_open || save != w->write_saves) {
		world_problem(w, "no such write is under way");
		return;
	}
	struct story_policy *p = world_policy(w, w->write_policy, false);
	if (p && save) {
		char *text = TAKE(p->sending);
		if (type == EVENT_SAVED) {
			free(p->stored);
			p->stored = text;
		} else {
			free(text);
		}
	}
	w->write_open = false;
	struct event event = {.type = type};
	event.u.written.write = w->write;
	event.u.written.why = why;
	world_step(w, &event);
}

/* The pods that the target asks for are there, created as long ago as they need to
 * become Ready. */
static void follow_pods(struct world *w, const struct story_target *t)
{
	char name[64];
	int32_t have = 0;
	for (int i = 0; i < PODS_MAX; i++) {
		struct story_pod *p = &w->pods[i];
		if (!p->name[0] || strcmp(p->target, t->name) != 0 ||
		    have++ < t->replicas)
			continue;
		give_pod_event(w, t->name, EVENT_POD_GONE, p->name);
		*p = (struct story_pod){0};
	}
	for (; have < t->replicas; have++) {
		snprintf(name, sizeof(name), "%.30s-n%d", t->name, ++w->pods_made);
		struct story_pod *p = world_pod(w, t->name, name, true);
		if (!p) {
			world_problem(w, "too many pods");
			return;
		}
		p->created_ms = w->now_ms - 3 * MS_PER_MIN;
		p->ready_since_ms = w->now_ms;
		world_give_pod(w, p);
	}
}

void world_scaled(struct world *w, const char *version)
{
	struct story_target *t = world_target(w, w->write_target, false);
	if (!w->write_open || w->write_saves || !t) {
		world_problem(w, "no write of replicas is under way");
		return;
	}
	if (version)
		snprintf(t->version, sizeof(t->version), "%s", version);
	else
		snprintf(t->version, sizeof(t->version), "%ld", atol(t->version) + 1);
	t->replicas = t->status_replicas = w->write_to;
	w->write_open = false;
	struct event event = {.type = EVENT_SCALED};
	event.u.written.write = w->write;
	event.u.written.resource_version = t->version;
	world_step(w, &event);
	world_give_target(w, t, false);
	if (w->always_pods)
		follow_pods(w, t);
}

/* The write went through, met a conflict or failed. The HPA follows a raised minimum at
 * once; what it does with a lower one is a fact of its own. */
void world_floored(struct world *w, enum event_type type, const char *why)
{
	struct story_autoscaler *a = NULL;
	char version[16];
	for (int i = 0; i < TARGETS_MAX; i++)
		if (!strcmp(w->autoscalers[i].name, w->floor_name))
			a = &w->autoscalers[i];
	if (!w->floor_open || !a) {
		world_problem(w, "no write of minReplicas is under way");
		return;
	}
	w->floor_open = false;
	a->version += type != EVENT_FLOOR_FAILED;
	snprintf(version, sizeof(version), "%d", a->version);
	if (type == EVENT_FLOORED) {
		a->min = w->floor_to;
		a->marked = w->floor_original >= 0;
		a->original = a->marked ? w->floor_original : a->min;
		a->expires_ms = a->marked ? w->floor_expires_ms : 0;
	}
	struct event event = {.type = type};
	event.u.written.write = w->floor;
	event.u.written.resource_version = type == EVENT_FLOORED ? version : NULL;
	event.u.written.why = why;
	world_step(w, &event);
	world_give_autoscaler(w, a);
	struct story_target *t = world_target(w, a->target, false);
	if (t && t->exists && type == EVENT_FLOORED && t->replicas < a->min) {
		t->replicas = t->status_replicas = a->min;
		snprintf(t->version, sizeof(t->version), "%ld", atol(t->version) + 1);
		world_give_target(w, t, false);
	}
}
