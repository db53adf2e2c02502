/* A process that is killed again and again beside a twin that is not: it must never write
 * lower, and must end where the twin does.
 * usage: test_twin [SEED [RUNS]]: these runs instead of the usual ones. A failure says
 * which. */
#include "unit/engine/rig.h"

#define HOURS       6
#define WRITES_MAX  2000
#define DOWN_MAX_MS 8000
#define RUNS        40
#define FUSE_MAX    60                /* moments: some cycles */
#define LIFE_MS     (15 * MS_PER_MIN) /* of a process, on average */
/* Two cycles, and the time that a process is down. */
#define LAG_MS (2 * 15 * MS_PER_S + DOWN_MAX_MS)
/* In six hours, of which the process is down for a minute or two. A size beside the
 * twin's is no difference: decisions some seconds later see another load, and the
 * tolerance keeps what they made of it. */
#define APART_MAX_S 300

static uint64_t first_seed = 1;

/* One engine and the world it scales: everything is answered at once, the status object
 * is written when it is asked for. */
struct twin {
	struct engine *engine;
	int64_t now_ms;
	const char *text;
	int32_t replicas;
	int64_t version;
	cJSON *stored;
	struct {
		int64_t at_ms;
		int32_t replicas;
	} writes[WRITES_MAX];
	int32_t write_count;
	int32_t fuse;      /* > 0: so many moments until it dies */
	bool dead, raised; /* raised: and not yet recorded */
};

/* A moment at which a process may be killed: between a step and what it asked for,
 * between a write and its answer, between any two of either. Not between a raise and its
 * record: that raise is lost to the rules, as it is to the HPA's after a restart, so that
 * the next one comes sooner and the twins part upwards. */
static bool dies(struct twin *t)
{
	if (t->fuse > 0 && --t->fuse == 0) {
		t->dead = !t->raised;
		t->fuse = t->raised;
	}
	return t->dead;
}

/* A slow wave with bursts; a quarter of a minute long, so that both twins see the same.
 */
static double load_at(int64_t t_ms)
{
	double hours = (double)(t_ms - MONDAY - t_ms % 15000) / (double)MS_PER_H;
	double burst = fmod(hours, 1.7) < 0.2 ? 1500 : 0;
	return 1200 + 900 * sin(hours * M_PI) + burst;
}

static void give(struct twin *t, struct event *event);

static void give_target(struct twin *t)
{
	char version[24];
	snprintf(version, sizeof(version), "%lld", (long long)t->version);
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.target.info = (struct target_info){.replicas = t->replicas,
						   .status_replicas = t->replicas,
						   .resource_version = version,
						   .uid = "uid-1",
						   .scaler = SCALER_US};
	give(t, &event);
}

static void write_scale(struct twin *t, const struct write_ref *ref, int32_t to)
{
	char version[24];
	snprintf(version, sizeof(version), "%lld", (long long)++t->version);
	t->raised = to > t->replicas;
	t->replicas = to;
	ck_assert_int_lt(t->write_count, WRITES_MAX);
	t->writes[t->write_count].at_ms = t->now_ms;
	t->writes[t->write_count++].replicas = to;
	struct event event = {.type = EVENT_SCALED};
	event.u.written.write = *ref;
	event.u.written.resource_version = version;
	give(t, &event);
	give_target(t);
}

static void answer(struct twin *t, const struct query_ref *query)
{
	struct value_row row = {.value = load_at(t->now_ms), .time_ms = t->now_ms};
	struct event event = {.type = EVENT_VALUES};
	event.u.values.query = *query;
	event.u.values.rows = &row;
	event.u.values.count = 1;
	give(t, &event);
}

static void perform(struct twin *t, const struct action *a)
{
	struct event saved = {.type = EVENT_SAVED};
	if (dies(t))
		return;
	if (a->type == ACTION_QUERY) {
		answer(t, &a->u.query.ref);
	} else if (a->type == ACTION_SCALE) {
		write_scale(t, &a->u.scale.ref, a->u.scale.to);
	} else if (a->type == ACTION_SAVE) {
		saved.u.written.write = a->u.save.ref;
		give(t, &saved);
	}
}

/* Actions are borrowed until the next step, and answers are steps: they are copied. */
static void give(struct twin *t, struct event *event)
{
	struct action items[ACTIONS_MAX];
	event->now_ms = t->now_ms;
	if (dies(t))
		return;
	const struct actions *did = engine_step(t->engine, event);
	int32_t count = did->count;
	memcpy(items, did->items, (size_t)count * sizeof(items[0]));
	if (dies(t))
		return;
	for (int32_t i = 0; i < count; i++) {
		if (items[i].type != ACTION_STATUS && items[i].type != ACTION_SAVE)
			continue;
		cJSON_Delete(t->stored);
		t->stored = status_to_json(items[i].status, t->now_ms);
		t->raised = false;
	}
	for (int32_t i = 0; i < count; i++)
		perform(t, &items[i]);
}

static void start(struct twin *t)
{
	struct engine_config config;
	struct state_record *record AUTO_FREE = record_new();
	engine_config_default(&config);
	t->engine = engine_new(&config);
	record_from_json(json_at(t->stored, "record"), record);
	struct event set = {.type = EVENT_POLICY_SET};
	set.u.policy_set.prepared =
		engine_prepare(t->engine, "shop", "checkout",
			       rig_parse("checkout", t->text, 0), NULL, record);
	give(t, &set);
	give_target(t);
	struct event synced = {.type = EVENT_PODS_SYNCED};
	synced.u.pod.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	give(t, &synced);
}

static void kill_it(struct twin *t)
{
	engine_free(t->engine);
	t->engine = NULL;
	t->dead = false;
	t->fuse = 0;
}

static void run_to(struct twin *t, int64_t to_ms)
{
	while (!t->dead && engine_next_tick_ms(t->engine) <= to_ms) {
		struct event tick = {.type = EVENT_TICK};
		if (engine_next_tick_ms(t->engine) > t->now_ms)
			t->now_ms = engine_next_tick_ms(t->engine);
		give(t, &tick);
	}
	if (!t->dead)
		t->now_ms = to_ms;
}

static void born(struct twin *t, const char *text)
{
	*t = (struct twin){.now_ms = MONDAY, .text = text, .replicas = 12, .version = 10};
	start(t);
}

static void buried(struct twin *t)
{
	engine_free(t->engine);
	cJSON_Delete(t->stored);
}

static int32_t size_at(const struct twin *t, int64_t at_ms)
{
	int32_t replicas = 12;
	for (int32_t i = 0; i < t->write_count && t->writes[i].at_ms <= at_ms; i++)
		replicas = t->writes[i].replicas;
	return replicas;
}

static int32_t least_around(const struct twin *t, int64_t at_ms)
{
	int32_t least = INT32_MAX;
	for (int64_t ms = at_ms - LAG_MS; ms <= at_ms + LAG_MS; ms += MS_PER_S) {
		int32_t size = size_at(t, ms);
		least = size < least ? size : least;
	}
	return least;
}

static bool was_so_around(const struct twin *t, int64_t at_ms, int32_t replicas)
{
	for (int64_t ms = at_ms - LAG_MS; ms <= at_ms + LAG_MS; ms += MS_PER_S)
		if (abs(size_at(t, ms) - replicas) <= 1)
			return true;
	return false;
}

static const char *const texts[] = {
	REACTIVE,
	REACTIVE "behavior: {scaleDown: {policies: [{type: Pods, value: 2, "
		 "periodSeconds: 120}]}, scaleUp: {policies: [{type: Pods, value: 3, "
		 "periodSeconds: 60}]}}\n",
	REACTIVE "holds: {respectManualScale: 10m, scaleDownDuringRollout: false}\n"
		 "guards: [{name: a, query: a, above: 1900, action: HoldDown, for: 2m}, "
		 "{name: b, query: b, above: 2000, action: HoldUp, for: 1m}]\n",
};

static void live_and_die(struct twin *t, uint64_t seed, int64_t end_ms)
{
	struct rng rng;
	rng_init(&rng, seed);
	while (t->now_ms < end_ms) {
		int64_t life_ms = (int64_t)(2 * rng_uniform(&rng) * LIFE_MS);
		run_to(t, t->now_ms + life_ms < end_ms ? t->now_ms + life_ms : end_ms);
		/* Half of them in the middle of something. */
		t->fuse =
			rng_next(&rng) % 2 ? 1 + (int32_t)(rng_next(&rng) % FUSE_MAX) : 0;
		if (t->fuse)
			run_to(t, t->now_ms + 2 * MS_PER_MIN);
		kill_it(t);
		t->now_ms += (int64_t)(rng_uniform(&rng) * DOWN_MAX_MS);
		start(t);
	}
}

/* Seconds in which the killed one has a size that its twin does not have within the lag.
 */
static int64_t apart_s(const struct twin *killed, const struct twin *whole,
		       int64_t end_ms)
{
	int64_t apart = 0;
	for (int64_t ms = MONDAY; ms < end_ms; ms += 15 * MS_PER_S)
		if (!was_so_around(whole, ms, size_at(killed, ms)))
			apart += 15;
	return apart;
}

START_TEST(no_write_of_a_killed_process_is_lower_than_its_twins)
{
	static struct twin whole, killed;
	uint64_t seed = first_seed + (uint64_t)_i;
	int64_t end_ms = MONDAY + HOURS * MS_PER_H;
	const char *text = texts[seed % ARRAY_LEN(texts)];
	born(&whole, text);
	born(&killed, text);
	run_to(&whole, end_ms + MS_PER_MIN);
	live_and_die(&killed, seed, end_ms);
	ck_assert_int_gt(whole.write_count, 50);
	for (int32_t i = 0; i < killed.write_count; i++)
		ck_assert_msg(killed.writes[i].replicas >=
				      least_around(&whole, killed.writes[i].at_ms),
			      "seed %llu: %d at minute %lld is too low; again: test_twin "
			      "%llu",
			      (unsigned long long)seed, (int)killed.writes[i].replicas,
			      (long long)(killed.writes[i].at_ms - MONDAY) / MS_PER_MIN,
			      (unsigned long long)seed);
	int64_t apart = apart_s(&killed, &whole, end_ms);
	ck_assert_msg(
		apart <= APART_MAX_S, "seed %llu: %lld s apart; again: test_twin %llu",
		(unsigned long long)seed, (long long)apart, (unsigned long long)seed);
	buried(&whole);
	buried(&killed);
}
END_TEST

int main(int argc, char **argv)
{
	int runs = argc > 1 ? 1 : RUNS;
	if (argc > 1)
		first_seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		runs = atoi(argv[2]);
	Suite *s = suite_create("twin");
	TCase *t = tcase_create("twin");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, no_write_of_a_killed_process_is_lower_than_its_twins, 0,
			    runs);
	suite_add_tcase(s, t);
	return run_suite(s);
}
