#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
}

static void close_rig(void)
{
	rig_close(&r);
}

static struct feed *feed(void)
{
	return &rig_slot(&r)->metrics[0].feed;
}

/* Reads the history of a new policy up to now: nothing is in it. */
static void load(const char *text)
{
	rig_start(&r, text, 3);
	while (!feed()->loaded) {
		struct event event = {.type = EVENT_HISTORY};
		event.u.history.query = r.history;
		rig_step(&r, &event);
		struct event work = {.type = EVENT_WORK};
		while (engine_has_work(r.e))
			rig_step(&r, &work);
	}
}

START_TEST(what_was_wanted_and_learned_stays_with_a_new_text)
{
	load(FORECAST);
	rig_value(&r, 700);
	const void *memory = feed()->memory;
	const struct forecaster *forecaster = feed()->forecaster;
	int64_t cursor = feed()->cursor_ms;
	int32_t wanted = rig_slot(&r)->record.memory.log_count;
	ck_assert_int_gt(wanted, 1);
	rig_policy(&r, "checkout", FORECAST "behavior: {}\n");
	ck_assert_ptr_eq(feed()->memory, memory);
	ck_assert_ptr_eq(feed()->forecaster, forecaster);
	ck_assert_int_eq(feed()->cursor_ms, cursor);
	ck_assert(feed()->loaded);
	ck_assert_int_eq(rig_slot(&r)->record.memory.log_count, wanted);
	ck_assert_int_eq(rig_slot(&r)->target.replicas, 3);
	ck_assert_int_eq(rig_status(&r)->decisions, 1);
	ck_assert_str_ne(rig_status(&r)->reason, "");
}
END_TEST

/* They are the policy's, and the forecaster that looks at them outlives its text. */
START_TEST(excluded_times_stay_with_the_forecaster)
{
	static const char text[] =
		HEAD("checkout") "metrics:\n" EXTERNAL
				 "forecast: {mode: Always, history: 2d, leadTime: 120s, "
				 "exclude: [{from: 2020-01-01T00:00:00Z, to: "
				 "2020-01-02T00:00:00Z}]}\n";
	AUTO_FREE char *next = xasprintf("%sbehavior: {}\n", text);
	load(text);
	const struct forecaster *forecaster = feed()->forecaster;
	struct feed_calendar *calendar = feed()->calendar;
	ck_assert_mem_eq(calendar->excludes, rig_slot(&r)->policy->forecast.excludes,
			 sizeof(calendar->excludes[0]));
	rig_policy(&r, "checkout", next);
	ck_assert_ptr_eq(feed()->forecaster, forecaster);
	ck_assert_ptr_eq(feed()->calendar, calendar);
	rig_policy(&r, "checkout", FORECAST);
	ck_assert_ptr_null(feed()->calendar);
}
END_TEST

/* Texts under which another series is asked for, or another forecast made of it. */
static const char *const others[] = {
	HEAD("checkout") "metrics:\n- type: External\n"
			 "  external: {metric: {name: requests}, target: {type: "
			 "AverageValue, averageValue: \"100\"}}\n"
			 "  query: sum(rate(requests[5m]))\n"
			 "forecast: {mode: Always, history: 2d, leadTime: 120s}\n",
	HEAD("checkout") "metrics:\n" EXTERNAL
			 "forecast: {mode: Always, history: 3d, leadTime: 120s}\n",
	HEAD("checkout") "metrics:\n" EXTERNAL
			 "forecast: {mode: Always, history: 2d, quantile: 0.9}\n",
	HEAD("checkout") "metrics:\n" EXTERNAL
			 "forecast: {mode: Always, history: 2d, models: [HoltWinters]}\n",
	HEAD("checkout") "metrics:\n" EXTERNAL
			 "forecast: {mode: Always, history: 2d, objective: 99%}\n",
	HEAD("checkout") "metrics:\n" EXTERNAL
			 "forecast: {mode: Always, history: 2d, seasons: [1d]}\n",
	HEAD("checkout") "metrics:\n" EXTERNAL
			 "forecast: {mode: Always, history: 2d, timeZone: "
			 "Europe/Paris}\n",
};

START_TEST(another_series_is_learned_anew)
{
	load(FORECAST);
	rig_policy(&r, "checkout", others[_i]);
	ck_assert_ptr_null(feed()->forecaster);
	ck_assert(!feed()->loaded);
}
END_TEST

START_TEST(forecasting_can_be_turned_off_and_on)
{
	load(FORECAST);
	rig_policy(&r, "checkout", REACTIVE);
	ck_assert_ptr_null(feed()->memory);
	rig_policy(&r, "checkout", FORECAST);
	ck_assert_ptr_nonnull(feed()->memory);
	ck_assert_ptr_null(feed()->forecaster);
}
END_TEST

START_TEST(a_metric_that_moved_in_the_list_is_found_again)
{
	load(FORECAST);
	const void *memory = feed()->memory;
	rig_policy(&r, "checkout",
		   HEAD("checkout") "metrics:\n- type: Resource\n"
				    "  resource: {name: memory, target: {type: "
				    "AverageValue, averageValue: 1Gi}}\n" EXTERNAL
				    "forecast: {mode: Always, history: 2d, leadTime: "
				    "120s}\n");
	ck_assert_ptr_eq(rig_slot(&r)->metrics[1].feed.memory, memory);
	ck_assert_uint_eq(rig_slot(&r)->metrics[1].feed.asked_number, 0);
}
END_TEST

/* The shadow of several metrics needs the same minutes of all of them. */
START_TEST(beside_a_new_metric_the_others_read_their_history_again)
{
	load(FORECAST);
	struct forecast said = rig_status(&r)->metrics[0].forecast;
	rig_policy(&r, "checkout",
		   HEAD("checkout") "metrics:\n" CPU EXTERNAL
				    "forecast: {mode: Always, history: 2d, leadTime: "
				    "120s}\n");
	ck_assert_ptr_null(rig_slot(&r)->metrics[1].feed.forecaster);
	ck_assert_int_eq(rig_status(&r)->metrics[1].forecast.made_for_ms,
			 said.made_for_ms);
	ck_assert_int_eq(rig_status(&r)->metrics[1].window_min, 5);
	rig_pods(&r, 3);
	rig_next(&r);
	ck_assert_ptr_nonnull(rig_slot(&r)->metrics[0].feed.forecaster);
	ck_assert_ptr_nonnull(rig_slot(&r)->metrics[1].feed.forecaster);
}
END_TEST

START_TEST(an_answer_on_its_way_reaches_the_new_version)
{
	rig_start(&r, FORECAST, 3);
	ck_assert_uint_ne(feed()->asked_number, 0);
	rig_policy(&r, "checkout", FORECAST "behavior: {}\n");
	struct event event = {.type = EVENT_HISTORY};
	event.u.history.query = r.history;
	rig_step(&r, &event);
	ck_assert(engine_has_work(r.e));
}
END_TEST

START_TEST(who_was_ready_before_gives_no_second_lead_time)
{
	rig_start(&r, REACTIVE, 3);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 3);
	rig_policy(&r, "checkout", REACTIVE "behavior: {}\n");
	ck_assert(!rig_slot(&r)->pods_synced);
	rig_pods(&r, 2);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 3);
	ck_assert_int_eq(rig_slot(&r)->pod_count, 2);
	/* Not even when it was ill at the time of the second list. */
	struct pod_info ill = {.phase = POD_RUNNING,
			       .ready = READY_FALSE,
			       .created_ms = MONDAY,
			       .start_ms = MONDAY,
			       .ready_since_ms = MONDAY};
	rig_policy(&r, "checkout", REACTIVE);
	rig_pods_mark(&r, EVENT_PODS_RESET, "checkout");
	rig_pod(&r, "p0", &ill);
	rig_pods_mark(&r, EVENT_PODS_SYNCED, "checkout");
	rig_pod(&r, "p0", NULL);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 3);
}
END_TEST

START_TEST(fewer_pods_fit_when_the_maximum_is_lowered)
{
	rig_start(&r, REACTIVE, 50);
	char text[1024];
	snprintf(text, sizeof(text), "%s", REACTIVE);
	memcpy(strstr(text, "maxReplicas: 40"), "maxReplicas:  3", 15);
	rig_policy(&r, "checkout", text);
	ck_assert_int_eq(rig_slot(&r)->pods_max, 38);
	ck_assert_int_eq(rig_slot(&r)->pod_count, 38);
}
END_TEST

START_TEST(a_write_on_its_way_is_answered_to_the_new_version)
{
	rig_start(&r, REACTIVE, 3);
	rig_value(&r, 500);
	rig_policy(&r, "checkout", REACTIVE "behavior: {}\n");
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_SCALING);
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_uint_eq(rig_status(&r)->writes, 1);
	ck_assert_int_eq(rig_slot(&r)->target.replicas, 5);
	rig_policy(&r, "checkout", REACTIVE "behavior: {}\n");
	ck_assert_uint_eq(rig_status(&r)->writes, 1);
	ck_assert_int_eq(rig_status(&r)->scaled_ms, r.now_ms);
	/* With `behavior` the new version counts it against its rates. */
	ck_assert_int_eq(rig_slot(&r)->record.memory.up.count, 1);
}
END_TEST

START_TEST(what_was_only_about_to_be_written_is_dropped)
{
	const char *text =
		REACTIVE "behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\n";
	rig_start(&r, text, 5);
	rig_value(&r, 500);
	rig_cycle(&r, 200);
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_SAVING);
	rig_policy(&r, "checkout", REACTIVE);
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_IDLE);
	ck_assert_int_eq(rig_slot(&r)->record.memory.down.count, 0);
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_int_eq(r.did->count, 0);
}
END_TEST

static void take_over(void)
{
	rig_set(&r, engine_prepare(r.e, "shop", "heir", rig_parse("heir", FORECAST, 50),
				   NULL, NULL));
	rig_pods(&r, 3);
	rig_policy_gone(&r, "checkout");
}

START_TEST(who_takes_a_target_over_goes_on_with_what_was_known)
{
	load(FORECAST);
	rig_value(&r, 700);
	int32_t wanted = rig_slot(&r)->record.memory.log_count;
	const void *memory = feed()->memory;
	take_over();
	struct prepared *heir = r.e->slots[1];
	ck_assert_str_eq(heir->name, "heir");
	ck_assert(!heir->conflict);
	ck_assert_int_eq(heir->record.memory.log_count, wanted);
	ck_assert_ptr_eq(heir->metrics[0].feed.memory, memory);
	ck_assert(heir->metrics[0].feed.loaded);
	ck_assert_int_eq(heir->write.state, WRITE_IDLE);
	/* Counters are the policy's own. */
	ck_assert_uint_eq(heir->status.decisions, 0);
}
END_TEST

START_TEST(a_question_of_the_predecessor_is_asked_again)
{
	rig_start(&r, FORECAST, 3);
	take_over();
	ck_assert_uint_eq(r.e->slots[1]->metrics[0].feed.asked_number, 0);
	rig_tick(&r);
	ck_assert_uint_eq(r.history.slot, 1);
}
END_TEST

START_TEST(who_loses_force_and_gets_it_back_begins_to_learn_again)
{
	load(FORECAST);
	rig_value(&r, 100);
	rig_set(&r, engine_prepare(r.e, "shop", "older", rig_parse("older", FORECAST, -9),
				   NULL, NULL));
	ck_assert(rig_slot(&r)->conflict);
	ck_assert_ptr_null(feed()->forecaster);
	rig_policy_gone(&r, "older");
	ck_assert(!rig_slot(&r)->conflict);
	/* The forecast came back with the target. */
	ck_assert(feed()->loaded);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("inherit");
	TCase *t = tcase_create("inherit");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, what_was_wanted_and_learned_stays_with_a_new_text);
	tcase_add_test(t, excluded_times_stay_with_the_forecaster);
	tcase_add_loop_test(t, another_series_is_learned_anew, 0, ARRAY_LEN(others));
	tcase_add_test(t, forecasting_can_be_turned_off_and_on);
	tcase_add_test(t, a_metric_that_moved_in_the_list_is_found_again);
	tcase_add_test(t, beside_a_new_metric_the_others_read_their_history_again);
	tcase_add_test(t, an_answer_on_its_way_reaches_the_new_version);
	tcase_add_test(t, who_was_ready_before_gives_no_second_lead_time);
	tcase_add_test(t, fewer_pods_fit_when_the_maximum_is_lowered);
	tcase_add_test(t, a_write_on_its_way_is_answered_to_the_new_version);
	tcase_add_test(t, what_was_only_about_to_be_written_is_dropped);
	tcase_add_test(t, who_takes_a_target_over_goes_on_with_what_was_known);
	tcase_add_test(t, a_question_of_the_predecessor_is_asked_again);
	tcase_add_test(t, who_loses_force_and_gets_it_back_begins_to_learn_again);
	suite_add_tcase(s, t);
	return run_suite(s);
}
