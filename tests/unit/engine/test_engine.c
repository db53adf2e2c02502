#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	struct engine_config c;
	engine_config_default(&c);
	c.policies_max = 300;
	rig_open(&r, &c);
}

static void close_rig(void)
{
	rig_close(&r);
}

START_TEST(an_engine_without_policies_needs_nothing)
{
	ck_assert_int_eq(engine_next_tick_ms(r.e), INT64_MAX);
	ck_assert(!engine_has_work(r.e));
	ck_assert_int_eq(engine_policy_count(r.e), 0);
	rig_tick(&r);
	ck_assert_int_eq(r.did->count, 0);
	struct event work = {.type = EVENT_WORK};
	rig_step(&r, &work);
	ck_assert_int_eq(r.did->count, 0);
}
END_TEST

static void give_many(int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		char name[16], text[1024];
		snprintf(name, sizeof(name), "w%d", i);
		snprintf(text, sizeof(text),
			 "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			 "%s}\n"
			 "mode: Scale\nmaxReplicas: 9\nmetrics:\n" EXTERNAL NO_FORECAST,
			 name);
		rig_policy(&r, name, text);
		rig_target_event(&r, EVENT_TARGET, name, 3, "10", name);
		rig_pods_mark(&r, EVENT_PODS_SYNCED, name);
	}
}

START_TEST(more_policies_than_one_step_has_room_for_follow_at_once)
{
	int asked = 0, steps = 0;
	give_many(300);
	while (engine_next_tick_ms(r.e) <= r.now_ms && steps < 100) {
		rig_tick(&r);
		ck_assert_int_le(r.did->count, ACTIONS_MAX);
		asked += rig_count(&r, ACTION_QUERY);
		steps++;
	}
	ck_assert_int_gt(steps, 1);
	ck_assert_int_eq(asked, 300);
	ck_assert_int_gt(engine_next_tick_ms(r.e), r.now_ms);
}
END_TEST

START_TEST(policies_spread_over_the_period)
{
	int seconds[15] = {0}, used = 0;
	give_many(100);
	while (engine_next_tick_ms(r.e) <= r.now_ms)
		rig_tick(&r);
	for (int i = 0; i < 100; i++)
		seconds[(r.e->slots[i]->next_cycle_ms - MONDAY) / MS_PER_S % 15]++;
	for (int i = 0; i < 15; i++)
		used += seconds[i] > 0;
	ck_assert_int_ge(used, 13);
}
END_TEST

START_TEST(a_tick_too_early_does_nothing)
{
	rig_start(&r, REACTIVE, 3);
	rig_value(&r, 300);
	rig_tick(&r);
	ck_assert_int_eq(r.did->count, 0);
	r.now_ms = engine_next_tick_ms(r.e) - 1;
	rig_tick(&r);
	ck_assert_int_eq(r.did->count, 0);
	rig_next(&r);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_QUERY));
}
END_TEST

START_TEST(work_goes_round)
{
	static const char *const names[] = {"a", "b"};
	struct event work = {.type = EVENT_WORK};
	for (int i = 0; i < 2; i++) {
		char text[1024];
		snprintf(text, sizeof(text),
			 "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
			 "%s}\n"
			 "maxReplicas: 9\nmetrics:\n" EXTERNAL
			 "forecast: {history: 1d}\n",
			 names[i]);
		rig_policy(&r, names[i], text);
		rig_pods_mark(&r, EVENT_PODS_SYNCED, names[i]);
		rig_tick(&r);
		struct event event = {.type = EVENT_HISTORY};
		event.u.history.query = r.history;
		rig_step(&r, &event);
	}
	const struct feed *a = &r.e->slots[0]->metrics[0].feed,
			  *b = &r.e->slots[1]->metrics[0].feed;
	rig_step(&r, &work);
	rig_step(&r, &work);
	ck_assert_int_gt(a->pending_next, 0);
	ck_assert_int_gt(b->pending_next, 0);
	ck_assert_int_lt(a->pending_next, a->pending_count);
}
END_TEST

START_TEST(a_status_is_there_for_each_place_and_null_for_a_free_one)
{
	rig_policy(&r, "checkout", REACTIVE);
	ck_assert_int_eq(engine_policy_count(r.e), 1);
	ck_assert_str_eq(engine_policy_status(r.e, 0)->name, "checkout");
	rig_policy_gone(&r, "checkout");
	ck_assert_ptr_null(engine_policy_status(r.e, 0));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("engine");
	TCase *t = tcase_create("engine");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, an_engine_without_policies_needs_nothing);
	tcase_add_test(t, more_policies_than_one_step_has_room_for_follow_at_once);
	tcase_add_test(t, policies_spread_over_the_period);
	tcase_add_test(t, a_tick_too_early_does_nothing);
	tcase_add_test(t, work_goes_round);
	tcase_add_test(t, a_status_is_there_for_each_place_and_null_for_a_free_one);
	suite_add_tcase(s, t);
	return run_suite(s);
}
