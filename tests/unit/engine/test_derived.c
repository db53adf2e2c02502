/* Memory's need, derived from the forecast of the load. */
#include "unit/engine/rig.h"

#define MIB (1024. * 1024)
#define MEMORY(target)                                                                   \
	"- type: Resource\n  resource: {name: memory, target: " target "}\n"
#define AVERAGE "{type: AverageValue, averageValue: 1000Mi}"
#define AHEAD   "forecast: {mode: Always, history: 2d, leadTime: 120s}\n"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
}

static void close_rig(void)
{
	rig_close(&r);
}

static void begin(const char *text)
{
	rig_policy(&r, "checkout", text);
	rig_target(&r, 4, "10");
	rig_pods(&r, 4);
}

/* `quarters` of an hour in which 2 to 9 pods use 200 Mi each and 6 Mi for each request,
 * of which memory is metric m. */
static void live(int32_t m, int32_t quarters)
{
	struct prepared *s = rig_slot(&r);
	struct metric_status *st = s->status.metrics;
	for (int32_t i = 0; i < quarters; i++) {
		double load = 900 - 700 * cos(2 * M_PI * i / 96);
		s->metrics[m].values.count = (int32_t)ceil(load / 200);
		st[1 - m].known = st[m].known = true;
		st[1 - m].current = load;
		st[m].current = MIB * (200 * s->metrics[m].values.count + 6 * load);
		derived_note(s, r.now_ms);
		r.now_ms += 15 * MS_PER_MIN;
	}
}

static void propose(int32_t m, bool usable, struct forecast_proposal *ret)
{
	struct prepared *s = rig_slot(&r);
	struct forecast_proposal all[POLICY_METRICS_MAX] = {0};
	all[1 - m] = (struct forecast_proposal){.usable = usable,
						.mean = 1000,
						.upper = 1200,
						.release = 1300,
						.quantile = 0.95,
						.window_ms = 5 * MS_PER_MIN};
	s->metrics[m].values.unknown = NULL;
	derived_propose(s, r.now_ms, all);
	*ret = all[m];
}

START_TEST(memory_follows_the_forecast_of_the_load_once_the_line_is_known)
{
	struct forecast_proposal f;
	begin(HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) EXTERNAL AHEAD);
	live(0, 50);
	propose(0, true, &f);
	ck_assert(!f.usable && !rig_slot(&r)->status.metrics[0].forecast_usable);
	live(0, 50);
	propose(0, true, &f);
	ck_assert(f.usable && f.derived);
	ck_assert(rig_slot(&r)->status.metrics[0].forecast_usable);
	ck_near(f.per_pod / MIB, 200, 0.1);
	ck_near(f.upper / MIB, 6 * 1200, 0.1);
	ck_near(f.mean / MIB, 6 * 1000, 0.1);
	ck_near(f.release / MIB, 6 * 1300, 0.1);
	ck_near(f.quantile, 0.95, 0);
	ck_assert_int_eq(f.window_ms, 5 * MS_PER_MIN);
	propose(0, false, &f);
	ck_assert(!f.usable);
}
END_TEST

START_TEST(the_status_tells_the_line_and_whether_it_is_followed)
{
	struct forecast_proposal f;
	begin(HEAD("checkout") "metrics:\n" EXTERNAL MEMORY(AVERAGE) AHEAD);
	live(1, 10);
	cJSON *young AUTO(json_cleanup) = status_summary(rig_status(&r));
	const cJSON *fit =
		json_at(cJSON_GetArrayItem(json_at(young, "metrics"), 1), "fit");
	ck_assert_str_eq(json_str(fit, "load", ""), "requests");
	ck_assert_str_eq(json_str(fit, "reason", ""),
			 "watched for 9 of the 96 quarters of an hour that it takes");
	live(1, 96);
	propose(1, true, &f);
	cJSON *old AUTO(json_cleanup) = status_summary(rig_status(&r));
	fit = json_at(cJSON_GetArrayItem(json_at(old, "metrics"), 1), "fit");
	ck_near(json_at(fit, "perPod")->valuedouble / MIB, 200, 0.1);
	ck_near(json_at(fit, "perLoad")->valuedouble / MIB, 6, 0.1);
	ck_assert(json_bool(fit, "significant", false));
	ck_assert(json_bool(fit, "followed", false));
	ck_assert_ptr_null(json_at(fit, "reason"));
	ck_assert_ptr_null(
		json_at(cJSON_GetArrayItem(json_at(old, "metrics"), 0), "fit"));
}
END_TEST

START_TEST(without_a_load_that_is_forecast_memory_is_reactive)
{
	static const char *const texts[] = {
		HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) AHEAD,
		HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) EXTERNAL NO_FORECAST,
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		begin(texts[i]);
		derived_note(rig_slot(&r), r.now_ms);
		ck_assert_int_eq(rig_slot(&r)->record.derived_count, 0);
		ck_assert_ptr_null(rig_status(&r)->metrics[0].line_of);
	}
}
END_TEST

START_TEST(cycles_that_say_nothing_are_left_out)
{
	begin(HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) EXTERNAL AHEAD);
	struct prepared *s = rig_slot(&r);
	live(0, 3);
	struct usage before = s->record.derived[0].usage;
	s->target.rolling = true; /* pods of two revisions */
	live(0, 3);
	s->target.rolling = false;
	for (int i = 0; i < 2; i++) {
		r.now_ms += 15 * MS_PER_MIN;
		s->status.metrics[0].known = i;
		s->status.metrics[1].known = !i;
		derived_note(s, r.now_ms);
	}
	ck_assert_mem_eq(&s->record.derived[0].usage, &before, sizeof(before));
}
END_TEST

START_TEST(an_unknown_memory_is_followed_only_where_that_is_asked_for)
{
	struct forecast_proposal all[POLICY_METRICS_MAX] = {0};
	static const struct {
		const char *more;
		bool usable;
	} cases[] = {{"", false}, {"onMetricsLoss: FollowForecast\n", true}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *text = xasprintf(
			HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) EXTERNAL AHEAD "%s",
			cases[i].more);
		begin(text);
		live(0, 100);
		struct prepared *s = rig_slot(&r);
		s->metrics[0].values.unknown = "no answer";
		s->metrics[0].lost_ms = r.now_ms;
		all[1] = (struct forecast_proposal){.usable = true, .upper = 1000};
		derived_propose(s, r.now_ms, all);
		ck_assert_int_eq(all[0].usable, cases[i].usable);
	}
}
END_TEST

static void round_trip(struct state_record *record)
{
	cJSON *o AUTO(json_cleanup) = record_to_json(record);
	char *text AUTO_FREE = json_text(o);
	cJSON *parsed AUTO(json_cleanup) = json_parse(text, strlen(text), NULL);
	record_from_json(parsed, record);
}

START_TEST(a_killed_process_goes_on_with_the_line)
{
	struct forecast_proposal f, after;
	const char *text = HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) EXTERNAL AHEAD;
	begin(text);
	live(0, 100);
	propose(0, true, &f);
	struct state_record *record AUTO_FREE = record_new();
	record_copy(record, &rig_slot(&r)->record);
	round_trip(record);
	rig_close(&r);
	int64_t now_ms = r.now_ms;
	rig_open(&r, NULL);
	r.now_ms = now_ms;
	rig_set(&r, engine_prepare(r.e, "shop", "checkout",
				   rig_parse("checkout", text, 0), NULL, record));
	rig_target(&r, 4, "10");
	rig_pods(&r, 4);
	live(0, 1);
	propose(0, true, &after);
	ck_assert(f.usable && after.usable);
	ck_near(after.per_pod / f.per_pod, 1, 1e-6);
	ck_near(after.upper / f.upper, 1, 1e-6);
}
END_TEST

START_TEST(a_line_of_other_metrics_is_learned_anew)
{
	begin(HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) EXTERNAL AHEAD);
	live(0, 100);
	uint64_t key = rig_slot(&r)->record.derived[0].key;
	rig_policy(&r, "checkout",
		   HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) CPU AHEAD);
	live(0, 1);
	const struct state_record *record = &rig_slot(&r)->record;
	ck_assert_int_eq(record->derived_count, 1); /* in the place of the other */
	ck_assert_uint_ne(record->derived[0].key, key);
	ck_assert_int_eq(record->derived[0].usage.blocks, 0);
	ck_assert_str_eq(rig_status(&r)->metrics[0].line_of, "cpu");
}
END_TEST

START_TEST(lines_go_where_there_is_room_for_them)
{
	begin(HEAD("checkout") "metrics:\n" MEMORY(AVERAGE) EXTERNAL AHEAD);
	live(0, 100);
	struct state_record *given AUTO_FREE = record_new(), without = {0};
	record_copy(given, &rig_slot(&r)->record);
	ck_assert_int_eq(given->derived_count, 1);
	ck_assert_ptr_ne(given->derived, rig_slot(&r)->record.derived);
	ck_assert_mem_eq(given->derived, rig_slot(&r)->record.derived,
			 sizeof(given->derived[0]));
	record_copy(&without, given);
	ck_assert_int_eq(without.derived_count, 0);
	round_trip(given);
	ck_assert_int_eq(given->derived_count, 1);
	cJSON *o AUTO(json_cleanup) = record_to_json(given);
	record_from_json(o, &without);
	ck_assert_int_eq(without.derived_count, 0);
	record_clear(given);
	ck_assert_int_eq(given->derived_count, 0);
	ck_assert_ptr_nonnull(given->derived);
	/* A policy without such metrics has none. */
	rig_policy(&r, "checkout", HEAD("checkout") "metrics:\n" EXTERNAL AHEAD);
	ck_assert_ptr_null(rig_slot(&r)->record.derived);
	ck_assert_int_eq(rig_slot(&r)->record.derived_count, 0);
}
END_TEST

/* What a damaged record could make of the numbers. */
START_TEST(a_line_that_cannot_be_is_none)
{
	static const char *const wrong[] = {
		"{}",
		"{\"key\":\"1\",\"blocks\":5,\"count\":6,\"lastBlock\":9}",
		"{\"key\":\"1\",\"blocks\":5,\"count\":4,\"lastBlock\":9,\"same\":[1],"
		"\"next\":[1],\"last\":[1]}",
		"{\"key\":\"1\",\"blocks\":5,\"count\":4,\"lastBlock\":9,\"same\":"
		"[1,1,1,1,1,1,1,1,1e99],\"next\":[0,0,0,0,0,0,0,0,0],\"last\":[1,1,1]}",
		"{\"key\":\"1\",\"blocks\":5,\"count\":4,\"lastBlock\":0,\"same\":"
		"[1,1,1,1,1,1,1,1,1],\"next\":[0,0,0,0,0,0,0,0,0],\"last\":[1,1,1]}",
	};
	struct state_record *record AUTO_FREE = record_new();
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		AUTO_FREE char *text = xasprintf("{\"derived\":[%s]}", wrong[i]);
		cJSON *o AUTO(json_cleanup) = json_parse(text, strlen(text), NULL);
		record_from_json(o, record);
		ck_assert_int_eq(record->derived_count, 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("derived");
	TCase *t = tcase_create("derived");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, memory_follows_the_forecast_of_the_load_once_the_line_is_known);
	tcase_add_test(t, the_status_tells_the_line_and_whether_it_is_followed);
	tcase_add_test(t, without_a_load_that_is_forecast_memory_is_reactive);
	tcase_add_test(t, cycles_that_say_nothing_are_left_out);
	tcase_add_test(t, an_unknown_memory_is_followed_only_where_that_is_asked_for);
	tcase_add_test(t, a_killed_process_goes_on_with_the_line);
	tcase_add_test(t, a_line_of_other_metrics_is_learned_anew);
	tcase_add_test(t, lines_go_where_there_is_room_for_them);
	tcase_add_test(t, a_line_that_cannot_be_is_none);
	suite_add_tcase(s, t);
	return run_suite(s);
}
