/* What must hold whatever happens in whatever order: seeded random events, the engine's
 * actions checked one by one. */
#include "unit/engine/rig.h"

#include "unit/allocations.h"

#define STEPS 12000
#ifndef SEEDS
#define SEEDS 6
#endif
#define POLICIES 5
#define TARGETS  3
#define OPEN_MAX 64

static const char *const targets[TARGETS] = {"checkout", "basket", "search"};

/* Two policies share the first target. */
static const struct {
	const char *name, *target, *rest;
} texts[POLICIES] = {
	{"a", "checkout", EXTERNAL NO_FORECAST},
	{"b", "checkout", EXTERNAL "forecast: {mode: Always, history: 1d}\n"},
	{"c", "basket",
	 CPU EXTERNAL NO_FORECAST
	 "behavior: {scaleDown: {stabilizationWindowSeconds: 0}, scaleUp: {policies: "
	 "[{type: Pods, value: 3, periodSeconds: 60}]}}\n"},
	{"d", "search",
	 EXTERNAL
	 "forecast: {mode: Always, history: 1d, leadTime: 30s}\n"
	 "behavior: {scaleDown: {stabilizationWindowSeconds: 30}}\n"
	 "guards: [{name: a, query: a, above: 1500, action: HoldDown, for: 30s}, "
	 "{name: b, query: b, below: 100, action: Hold}]\n"
	 "schedule: [{cron: \"0 8 * * *\", duration: 1h, minReplicas: 4}]\n"
	 "holds: {respectManualScale: 1m}\n"},
	{"e", "search", EXTERNAL "pause: true\n" NO_FORECAST},
};

/* The world as far as a check or the next event needs it. */
struct chaos {
	struct rng rng;
	struct rig rig;
	uint64_t digest; /* of all actions */
	struct query_ref open[OPEN_MAX];
	int64_t start_ms[OPEN_MAX];
	int32_t open_count;
	struct {
		struct write_ref ref;
		bool save;
		bool moot; /* answered, too old, or its target or its policy's force is
			      gone */
		int64_t sent_ms;
		char policy[16], target[16], uid[64];
	} writes[OPEN_MAX];
	int32_t write_count;
	uint64_t saved; /* number of the newest write whose record was saved */
	int64_t version;
	uint64_t scales, downs;
};

static int32_t below(struct chaos *c, int32_t n)
{
	return (int32_t)(rng_next(&c->rng) % (uint64_t)n);
}

static void digest(struct chaos *c, const void *data, size_t len)
{
	c->digest = (c->digest ^ hash_bytes(data, len)) * 0x100000001b3u;
}

static void digest_action(struct chaos *c, const struct action *a)
{
	digest(c, &a->type, sizeof(a->type));
	digest(c, a->status->name, strlen(a->status->name));
	digest(c, a->status->reason, strlen(a->status->reason));
	if (a->type == ACTION_SCALE)
		digest(c, &a->u.scale.to, sizeof(a->u.scale.to));
	if (a->type == ACTION_QUERY)
		digest(c, &a->u.query.ref.cycle, sizeof(a->u.query.ref.cycle));
	if (a->type == ACTION_EVENT)
		digest(c, a->u.event.note, strlen(a->u.event.note));
}

static void check_scale(struct chaos *c, const struct action *a)
{
	const struct policy *p = a->policy;
	int32_t from = a->u.scale.from, to = a->u.scale.to;
	bool down = to < from;
	ck_assert_int_ge(to, p->min_replicas);
	ck_assert_int_le(to, p->max_replicas);
	ck_assert_int_ne(to, from);
	ck_assert(p->mode == MODE_SCALE && !p->pause);
	ck_assert(a->status->conditions[PC_CONFLICT].status != STATUS_TRUE);
	for (int32_t m = 0; down && from <= p->max_replicas && m < p->metric_count; m++)
		ck_assert(a->status->metrics[m].known);
	/* The record first. */
	ck_assert(!down || c->saved == a->u.scale.ref.number);
	for (int32_t i = 0; i < c->write_count; i++)
		ck_assert_msg(c->writes[i].save || c->writes[i].moot ||
				      c->writes[i].ref.slot != a->u.scale.ref.slot,
			      "two writes at a time");
	c->scales++;
	c->downs += down;
}

static void add_write(struct chaos *c, const struct action *a,
		      const struct write_ref *ref)
{
	if (c->write_count == OPEN_MAX)
		memmove(c->writes, c->writes + 1,
			sizeof(c->writes[0]) * (size_t)--c->write_count);
	int32_t i = c->write_count++;
	c->writes[i].ref = *ref;
	c->writes[i].save = a->type == ACTION_SAVE;
	c->writes[i].moot = false;
	c->writes[i].sent_ms = c->rig.now_ms;
	snprintf(c->writes[i].policy, sizeof(c->writes[i].policy), "%s", a->status->name);
	snprintf(c->writes[i].target, sizeof(c->writes[i].target), "%s",
		 a->policy->target.name);
	snprintf(c->writes[i].uid, sizeof(c->writes[i].uid), "%s",
		 a->status->record->target_uid);
}

/* Another policy, or none, has the place of this one. */
static bool lost_force(const struct chaos *c, int32_t i)
{
	int32_t slot = (int32_t)c->writes[i].ref.slot;
	const struct policy_status *s = engine_policy_status(c->rig.e, slot);
	return !s || strcmp(s->name, c->writes[i].policy) ||
	       s->conditions[PC_CONFLICT].status == STATUS_TRUE ||
	       (s->policy && strcmp(s->policy->target.name, c->writes[i].target));
}

static void note_moot(struct chaos *c, const struct event *event)
{
	bool gone = event->type == EVENT_TARGET_GONE || event->type == EVENT_TARGET;
	for (int32_t i = 0; i < c->write_count; i++) {
		const char *uid = c->rig.e->slots[c->writes[i].ref.slot]
					  ? c->rig.e->slots[c->writes[i].ref.slot]
						    ->record.target_uid
					  : "";
		if (lost_force(c, i) ||
		    (gone && !strcmp(event->u.target.ref.name, c->writes[i].target) &&
		     (event->type == EVENT_TARGET_GONE || strcmp(uid, c->writes[i].uid))))
			c->writes[i].moot = true;
		/* The clock may go back later. */
		if (c->rig.now_ms - c->writes[i].sent_ms >= WRITE_ANSWER_MS)
			c->writes[i].moot = true;
		if (c->writes[i].sent_ms > c->rig.now_ms)
			c->writes[i].sent_ms = c->rig.now_ms;
	}
}

static void add_query(struct chaos *c, const struct action *a)
{
	if (c->open_count == OPEN_MAX) {
		memmove(c->open, c->open + 1, sizeof(c->open[0]) * (OPEN_MAX - 1));
		memmove(c->start_ms, c->start_ms + 1,
			sizeof(c->start_ms[0]) * (OPEN_MAX - 1));
		c->open_count--;
	}
	c->start_ms[c->open_count] = a->u.query.start_ms;
	c->open[c->open_count++] = a->u.query.ref;
}

static void step(struct chaos *c, struct event *event)
{
	bool sets = event->type == EVENT_POLICY_SET;
	int64_t before = allocations;
	rig_step(&c->rig, event);
	ck_assert_msg(sets || allocations == before, "a step allocates");
	note_moot(c, event);
	for (int32_t i = 0; i < c->rig.did->count; i++) {
		const struct action *a = &c->rig.did->items[i];
		digest_action(c, a);
		if (a->type == ACTION_SCALE) {
			check_scale(c, a);
			add_write(c, a, &a->u.scale.ref);
		} else if (a->type == ACTION_SAVE) {
			add_write(c, a, &a->u.save.ref);
		} else if (a->type == ACTION_QUERY) {
			add_query(c, a);
		}
	}
}

static void set_policy(struct chaos *c)
{
	int32_t i = below(c, POLICIES);
	char text[2048];
	snprintf(text, sizeof(text),
		 "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}\n"
		 "mode: %s\nminReplicas: %d\nmaxReplicas: %d\nmetrics:\n%s",
		 texts[i].target, below(c, 8) ? "Scale" : "Recommend", 1 + below(c, 4),
		 5 + below(c, 20), texts[i].rest);
	bool invalid = below(c, 5) == 0;
	struct policy *p = rig_parse(texts[i].name, text, i);
	if (invalid) {
		policy_free(p);
		p = NULL;
	}
	struct event event = {.type = EVENT_POLICY_SET};
	event.u.policy_set.prepared = engine_prepare(c->rig.e, "shop", texts[i].name, p,
						     invalid ? "broken" : NULL, NULL);
	step(c, &event);
}

static void open_schedules(struct chaos *c)
{
	int64_t start_ms = c->rig.now_ms + below(c, 600000) - 300000;
	struct schedule_interval interval = {
		.schedule = below(c, 3) - 1,
		.start_ms = start_ms,
		.end_ms = start_ms + below(c, 600000),
		.min_replicas = below(c, 40) - 1,
		.max_replicas = below(c, 40) - 1,
	};
	const struct policy_status *s = engine_policy_status(c->rig.e, below(c, 4));
	struct event event = {.type = EVENT_SCHEDULE};
	event.u.schedule.ns = "shop";
	event.u.schedule.name = "d";
	event.u.schedule.hash = s && s->policy ? s->policy->hash : 0;
	event.u.schedule.intervals = &interval;
	event.u.schedule.count = 1;
	event.u.schedule.until_ms = c->rig.now_ms + below(c, 3000000);
	step(c, &event);
}

static void lose_policy(struct chaos *c)
{
	struct event event = {.type = EVENT_POLICY_GONE};
	event.u.policy_gone.ns = "shop";
	event.u.policy_gone.name = texts[below(c, POLICIES)].name;
	step(c, &event);
}

static void change_target(struct chaos *c)
{
	char version[24];
	int32_t kind = below(c, 20);
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref =
		(struct target_ref){"shop", "Deployment", targets[below(c, TARGETS)]};
	if (kind == 0)
		event.type = EVENT_TARGET_GONE;
	if (kind == 1)
		event.type = EVENT_READ_FAILED;
	c->version += below(c, 3);
	snprintf(version, sizeof(version), "%lld", (long long)c->version - below(c, 3));
	event.u.target.fresh = kind == 2;
	event.u.target.info =
		(struct target_info){.replicas = below(c, 30),
				     .status_replicas = below(c, 30),
				     .resource_version = version,
				     .uid = below(c, 30) ? "uid-1" : "uid-2"};
	step(c, &event);
}

static void change_pods(struct chaos *c)
{
	static const enum event_type types[] = {EVENT_POD,         EVENT_POD,
						EVENT_POD_GONE,    EVENT_PODS_SYNCED,
						EVENT_PODS_SYNCED, EVENT_PODS_RESET};
	char name[16];
	snprintf(name, sizeof(name), "p%d", below(c, 40));
	struct resource_request cpu = {"cpu", 100 + below(c, 900)};
	struct container_info container = {
		.name = "main", .requests = &cpu, .request_count = below(c, 10) > 0};
	int64_t created_ms = c->rig.now_ms - below(c, 600000);
	struct pod_info info = {
		.name = name,
		.phase = (enum pod_phase)below(c, 5),
		.ready = (enum pod_ready)below(c, 4),
		.deleted = below(c, 10) == 0,
		.created_ms = below(c, 10) ? created_ms : POD_TIME_NONE,
		.start_ms = below(c, 10) ? created_ms : POD_TIME_NONE,
		.ready_since_ms = below(c, 10) ? c->rig.now_ms : POD_TIME_NONE,
		.containers = &container,
		.container_count = 1,
	};
	struct event event = {.type = types[below(c, ARRAY_LEN(types))]};
	event.u.pod.ref =
		(struct target_ref){"shop", "Deployment", targets[below(c, TARGETS)]};
	if (event.type == EVENT_POD_GONE)
		event.u.pod.name = name;
	else
		event.u.pod.info = &info;
	step(c, &event);
}

static double some_value(struct chaos *c)
{
	static const double odd[] = {NAN, INFINITY, -1, 0, 1e300, 1e-9};
	int32_t kind = below(c, 40);
	return kind < (int32_t)ARRAY_LEN(odd) ? odd[kind] : 3000 * rng_uniform(&c->rng);
}

static void answer_values(struct chaos *c, const struct query_ref *q)
{
	struct value_row rows[4];
	char names[4][16];
	int32_t count = below(c, 10) ? 1 : below(c, 5);
	for (int32_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "p%d", below(c, 40));
		rows[i] = (struct value_row){
			.pod = below(c, 4) ? names[i] : NULL,
			.container = below(c, 2) ? "main" : NULL,
			.value = some_value(c),
			.time_ms = c->rig.now_ms - (below(c, 10) ? 0 : below(c, 400000)),
		};
	}
	struct event event = {.type = EVENT_VALUES};
	event.u.values.query = *q;
	event.u.values.rows = rows;
	event.u.values.count = count;
	step(c, &event);
}

static void answer_history(struct chaos *c, const struct query_ref *q, int64_t start_ms)
{
	static struct sample samples[64];
	int32_t count = below(c, ARRAY_LEN(samples));
	for (int32_t i = 0; i < count; i++)
		samples[i] = (struct sample){start_ms + i * MS_PER_MIN, some_value(c)};
	struct event event = {.type = EVENT_HISTORY};
	event.u.history.query = *q;
	event.u.history.samples = samples;
	event.u.history.count = count;
	step(c, &event);
}

/* Any open query, seldom one that was answered already or never asked. */
static void answer_query(struct chaos *c)
{
	if (!c->open_count)
		return;
	int32_t i = below(c, 3) ? c->open_count - 1 : below(c, c->open_count);
	struct query_ref q = c->open[i];
	if (below(c, 50) == 0)
		q.slot = (uint32_t)below(c, 9);
	if (below(c, 50) == 0)
		q.metric = (uint32_t)below(c, 9);
	if (below(c, 6) == 0) {
		struct event event = {.type = EVENT_QUERY_FAILED};
		event.u.query_failed.query = q;
		event.u.query_failed.why = "connection refused";
		step(c, &event);
	} else if (q.kind == QUERY_HISTORY) {
		answer_history(c, &q, c->start_ms[i]);
	} else {
		answer_values(c, &q);
	}
}

static void answer_write(struct chaos *c)
{
	if (!c->write_count)
		return;
	int32_t i = below(c, c->write_count);
	struct event event = {.type = EVENT_SCALED};
	if (c->writes[i].save)
		event.type = below(c, 6) ? EVENT_SAVED : EVENT_SAVE_FAILED;
	else if (below(c, 3) == 0)
		event.type = below(c, 2) ? EVENT_CONFLICT : EVENT_SCALE_FAILED;
	char version[24];
	c->version++;
	snprintf(version, sizeof(version), "%lld", (long long)c->version);
	event.u.written.write = c->writes[i].ref;
	event.u.written.resource_version = below(c, 9) ? version : NULL;
	event.u.written.why = "because";
	if (event.type == EVENT_SAVED)
		c->saved = event.u.written.write.number;
	c->writes[i].moot = true;
	if (below(c, 10)) { /* else it comes once more */
		c->write_count--;
		memmove(&c->writes[i], &c->writes[i + 1],
			sizeof(c->writes[0]) * (size_t)(c->write_count - i));
	}
	step(c, &event);
}

static void pass_time(struct chaos *c)
{
	int64_t next = engine_next_tick_ms(c->rig.e);
	int32_t kind = below(c, 60);
	if (kind == 0)
		c->rig.now_ms += below(c, 600000);
	else if (kind == 1)
		c->rig.now_ms -= below(c, 100000);
	else if (kind < 30)
		c->rig.now_ms += below(c, 3000);
	else if (next != INT64_MAX && next > c->rig.now_ms)
		c->rig.now_ms = next;
	struct event event = {.type = EVENT_TICK};
	step(c, &event);
	/* Unless there was no room, nothing is left that is due. */
	ck_assert(c->rig.did->count + ACTIONS_ROOM > ACTIONS_MAX ||
		  engine_next_tick_ms(c->rig.e) > c->rig.now_ms);
}

static void work(struct chaos *c)
{
	struct event event = {.type = EVENT_WORK};
	for (int i = 0; i < 5; i++)
		step(c, &event);
}

static void random_step(struct chaos *c)
{
	int32_t kind = below(c, 1000);
	if (kind < 4)
		set_policy(c);
	else if (kind < 5)
		lose_policy(c);
	else if (kind < 15)
		open_schedules(c);
	else if (kind < 80)
		change_target(c);
	else if (kind < 300)
		change_pods(c);
	else if (kind < 320)
		work(c);
	else if (kind < 600)
		answer_query(c);
	else if (kind < 720)
		answer_write(c);
	else
		pass_time(c);
}

static uint64_t run(uint64_t seed, struct chaos *c)
{
	struct engine_config config;
	engine_config_default(&config);
	config.policies_max = 4;
	config.pods_max = 25;
	*c = (struct chaos){.version = 100};
	rng_init(&c->rng, seed);
	rig_open(&c->rig, &config);
	for (int i = 0; i < 3 * POLICIES; i++)
		set_policy(c);
	for (int i = 0; i < STEPS; i++)
		random_step(c);
	rig_close(&c->rig);
	return c->digest;
}

START_TEST(whatever_happens_the_promises_hold_and_repeat)
{
	static struct chaos c;
	uint64_t seed = 1000 + (uint64_t)_i;
	uint64_t first = run(seed, &c);
	/* A run in which nothing happens would prove nothing. */
	ck_assert_uint_gt(c.scales, 50);
	ck_assert_uint_gt(c.downs, 3);
	ck_assert_uint_eq(run(seed, &c), first);
}
END_TEST

START_TEST(another_seed_is_another_story)
{
	static struct chaos c;
	ck_assert_uint_ne(run(1, &c), run(2, &c));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("property");
	TCase *t = tcase_create("property");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, whatever_happens_the_promises_hold_and_repeat, 0, SEEDS);
	tcase_add_test(t, another_seed_is_another_story);
	suite_add_tcase(s, t);
	return run_suite(s);
}
