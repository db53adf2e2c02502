#include "unit/engine/rig.h"

#define MANY 20

#define TEXT                                                                             \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: t%d}\n"           \
	"mode: Scale\nminReplicas: 2\nmaxReplicas: 40\nmetrics:\n" EXTERNAL              \
	"  source: %s\n%s"                                                               \
	"behavior: {scaleDown: {stabilizationWindowSeconds: 60}}\n"
#define FORECASTING "forecast: {mode: Auto}\n"

/* Policies p0, p1, ... of targets t0, t1, ...; all is answered at once. */
struct fleet {
	struct engine *e;
	int64_t now_ms;
	int32_t count;
	int32_t replicas[MANY];
	double load[MANY];
	int version;
	int writes, trips; /* writes: that lower */
	char note[600];
};

static void give(struct fleet *f, struct event *event);

static void give_target(struct fleet *f, int32_t i)
{
	char name[16], version[16];
	snprintf(name, sizeof(name), "t%d", i);
	snprintf(version, sizeof(version), "%d", ++f->version);
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", name};
	event.u.target.info = (struct target_info){.replicas = f->replicas[i],
						   .status_replicas = f->replicas[i],
						   .resource_version = version,
						   .uid = "uid",
						   .scaler = SCALER_US};
	give(f, &event);
}

static int32_t index_of(const struct action *a)
{
	return (int32_t)strtol(a->status->name + 1, NULL, 10);
}

static void perform(struct fleet *f, const struct action *a)
{
	int32_t i = index_of(a);
	struct event event = {.type = EVENT_VALUES};
	struct value_row row = {.value = f->load[i], .time_ms = f->now_ms};
	switch (a->type) {
	case ACTION_QUERY:
		event.u.values.query = a->u.query.ref;
		event.u.values.rows = &row;
		event.u.values.count = a->u.query.ref.kind == QUERY_CURRENT;
		if (a->u.query.ref.kind == QUERY_HISTORY) {
			event.type = EVENT_HISTORY;
			event.u.history.query = a->u.query.ref;
			event.u.history.count = 0;
		} else if (isnan(f->load[i])) {
			event.type = EVENT_QUERY_FAILED;
			event.u.query_failed.query = a->u.query.ref;
			event.u.query_failed.why = "down";
		}
		give(f, &event);
		return;
	case ACTION_SAVE:
		event.type = EVENT_SAVED;
		event.u.written.write = a->u.save.ref;
		give(f, &event);
		return;
	case ACTION_SCALE:
		f->writes += a->u.scale.to < a->u.scale.from;
		f->replicas[i] = a->u.scale.to;
		event.type = EVENT_SCALED;
		event.u.written.write = a->u.scale.ref;
		give(f, &event);
		give_target(f, i);
		return;
	case ACTION_EVENT:
		if (strcmp(a->u.event.reason, "BreakerTripped"))
			return;
		f->trips++;
		snprintf(f->note, sizeof(f->note), "%s", a->u.event.note);
		return;
	default:
		return;
	}
}

static void give(struct fleet *f, struct event *event)
{
	struct action items[ACTIONS_MAX];
	event->now_ms = f->now_ms;
	const struct actions *did = engine_step(f->e, event);
	int32_t count = did->count;
	memcpy(items, did->items, (size_t)count * sizeof(items[0]));
	for (int32_t k = 0; k < count; k++)
		perform(f, &items[k]);
	struct event work = {.type = EVENT_WORK};
	if (event->type != EVENT_WORK)
		while (engine_has_work(f->e))
			give(f, &work);
}

static void run_to(struct fleet *f, int64_t to_ms)
{
	while (engine_next_tick_ms(f->e) <= to_ms) {
		struct event tick = {.type = EVENT_TICK};
		if (engine_next_tick_ms(f->e) > f->now_ms)
			f->now_ms = engine_next_tick_ms(f->e);
		give(f, &tick);
	}
	f->now_ms = to_ms;
}

static void add(struct fleet *f, const char *source, const char *forecast)
{
	char text[1024], name[16], target[16];
	int32_t i = f->count++;
	snprintf(text, sizeof(text), TEXT, i, source, forecast);
	snprintf(name, sizeof(name), "p%d", i);
	snprintf(target, sizeof(target), "t%d", i);
	f->replicas[i] = 10;
	f->load[i] = 1000;
	struct event set = {.type = EVENT_POLICY_SET};
	set.u.policy_set.prepared =
		engine_prepare(f->e, "shop", name, rig_parse(name, text, 0), NULL, NULL);
	give(f, &set);
	give_target(f, i);
	struct event synced = {.type = EVENT_PODS_SYNCED};
	synced.u.pod.ref = (struct target_ref){"shop", "Deployment", target};
	give(f, &synced);
}

static void begin(struct fleet *f, int32_t count, const char *forecast)
{
	struct engine_config config;
	engine_config_default(&config);
	*f = (struct fleet){.now_ms = MONDAY};
	f->e = engine_new(&config);
	while (f->count < count)
		add(f, "default", forecast);
	/* Until no history is waited for any more. */
	run_to(f, MONDAY + MS_PER_H);
}

static void set_load(struct fleet *f, int32_t from, int32_t to, double load)
{
	for (int32_t i = from; i < to; i++)
		f->load[i] = load;
}

static const struct policy_status *status_of(const struct fleet *f, int32_t i)
{
	return engine_policy_status(f->e, i);
}

START_TEST(many_at_once_are_held_for_ten_minutes_and_then_let_go)
{
	static struct fleet f;
	begin(&f, 10, FORECASTING);
	set_load(&f, 0, 8, 300);
	int64_t since_ms = f.now_ms;
	run_to(&f, since_ms + 10 * MS_PER_MIN);
	ck_assert_int_eq(f.writes, 0);
	ck_assert_int_eq(f.trips, 1);
	ck_assert_uint_eq(engine_breaker_trips(f.e), 1);
	ck_assert_ptr_nonnull(strstr(f.note, "8 of 10 policies of this source want to "
					     "shrink by 20% or more at the same time"));
	for (int32_t i = 0; i < 8; i++) {
		const struct policy_status *s = status_of(&f, i);
		ck_assert_int_eq(s->conditions[PC_HELD].status, STATUS_TRUE);
		ck_assert_str_eq(s->conditions[PC_HELD].reason, "BreakerTripped");
		ck_assert_ptr_nonnull(
			strstr(s->reason, "8 of 10 policies of one source"));
	}
	ck_assert_int_eq(status_of(&f, 9)->conditions[PC_HELD].status, STATUS_FALSE);
	run_to(&f, since_ms + 13 * MS_PER_MIN);
	ck_assert_int_eq(f.writes, 8);
	ck_assert_int_eq(f.trips, 1);
	/* Another time it trips again. */
	set_load(&f, 0, 10, 1000);
	run_to(&f, f.now_ms + 20 * MS_PER_MIN);
	f.writes = 0;
	set_load(&f, 0, 10, 300);
	run_to(&f, f.now_ms + 5 * MS_PER_MIN);
	ck_assert_int_eq(f.trips, 2);
	ck_assert_int_eq(f.writes, 0);
	engine_free(f.e);
}
END_TEST

START_TEST(few_small_or_unequal_wishes_trip_nothing)
{
	static const struct {
		int32_t policies, shrink;
		double load;
		const char *forecast;
		bool trips;
	} cases[] = {
		{10, 6, 300, FORECASTING, true},
		{10, 5, 300, FORECASTING, false}, /* five are never many */
		{5, 5, 300, FORECASTING, false},
		{20, 6, 300, FORECASTING, false}, /* nor is 30 % */
		{20, 7, 300, FORECASTING, true},
		{10, 10, 801, FORECASTING, false}, /* to 9 */
		{10, 10, 800, FORECASTING, true},  /* to 8 */
		{10, 10, 300, "", false},          /* the HPA knows no breaker */
		{10, 10, 300, "forecast: {mode: Disabled}\n", false},
	};
	static struct fleet f;
	begin(&f, cases[_i].policies, cases[_i].forecast);
	set_load(&f, 0, cases[_i].shrink, cases[_i].load);
	run_to(&f, f.now_ms + 5 * MS_PER_MIN);
	ck_assert_int_eq(f.trips, cases[_i].trips);
	ck_assert_int_eq(f.writes, cases[_i].trips ? 0 : cases[_i].shrink);
	engine_free(f.e);
}
END_TEST

START_TEST(wishes_that_come_one_after_the_other_trip_nothing)
{
	static struct fleet f;
	begin(&f, 10, FORECASTING);
	for (int32_t i = 0; i < 10; i++) {
		set_load(&f, i, i + 1, 300);
		run_to(&f, f.now_ms + 45 * MS_PER_S);
	}
	run_to(&f, f.now_ms + 5 * MS_PER_MIN);
	ck_assert_int_eq(f.trips, 0);
	ck_assert_int_eq(f.writes, 10);
	engine_free(f.e);
}
END_TEST

START_TEST(sources_are_counted_apart)
{
	static struct fleet f;
	struct engine_config config;
	engine_config_default(&config);
	f = (struct fleet){.now_ms = MONDAY};
	f.e = engine_new(&config);
	for (int i = 0; i < 20; i++)
		add(&f, i < 10 ? "default" : "other", FORECASTING);
	run_to(&f, MONDAY + MS_PER_H);
	/* 6 of 20, but 5 and 1 of 10 each. */
	set_load(&f, 5, 11, 300);
	run_to(&f, f.now_ms + 5 * MS_PER_MIN);
	ck_assert_int_eq(f.trips, 0);
	ck_assert_int_eq(f.writes, 6);
	set_load(&f, 12, 19, 300);
	run_to(&f, f.now_ms + 5 * MS_PER_MIN);
	ck_assert_int_eq(f.trips, 1);
	ck_assert_int_eq(f.writes, 6);
	engine_free(f.e);
}
END_TEST

START_TEST(ten_are_lowered_in_a_period)
{
	static struct fleet f;
	begin(&f, 20, FORECASTING);
	/* Too little less for the breaker. */
	set_load(&f, 0, 20, 850);
	int64_t since_ms = f.now_ms;
	int before = 0, most = 0;
	for (int64_t ms = 0; ms <= 5 * MS_PER_MIN; ms += 15 * MS_PER_S) {
		run_to(&f, (since_ms / 15000) * 15000 + ms);
		most = f.writes - before > most ? f.writes - before : most;
		before = f.writes;
	}
	ck_assert_int_eq(f.writes, 20);
	ck_assert_int_le(most, 10);
	engine_free(f.e);
}
END_TEST

START_TEST(hold_survives_a_restart)
{
	static struct fleet f;
	begin(&f, 10, FORECASTING);
	set_load(&f, 0, 8, 300);
	run_to(&f, f.now_ms + 3 * MS_PER_MIN);
	struct state_record record = {0};
	cJSON *json = status_to_json(status_of(&f, 0), f.now_ms);
	record_from_json(json_at(json, "record"), &record);
	cJSON_Delete(json);
	int64_t now_ms = f.now_ms;
	engine_free(f.e);
	struct rig r;
	rig_open(&r, NULL);
	r.now_ms = now_ms;
	char text[1024];
	snprintf(text, sizeof(text), TEXT, 0, "default", FORECASTING);
	rig_set(&r, engine_prepare(r.e, "shop", "p0", rig_parse("p0", text, 0), NULL,
				   &record));
	ck_assert_int_gt(rig_slot(&r)->record.holds.breaker_until_ms, now_ms);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("breaker");
	TCase *t = tcase_create("breaker");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, many_at_once_are_held_for_ten_minutes_and_then_let_go);
	tcase_add_loop_test(t, few_small_or_unequal_wishes_trip_nothing, 0, 9);
	tcase_add_test(t, wishes_that_come_one_after_the_other_trip_nothing);
	tcase_add_test(t, sources_are_counted_apart);
	tcase_add_test(t, ten_are_lowered_in_a_period);
	tcase_add_test(t, hold_survives_a_restart);
	suite_add_tcase(s, t);
	return run_suite(s);
}
