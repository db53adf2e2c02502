#include "unit/engine/rig.h"

static struct rig r;

static void pause(int64_t until_ms)
{
	struct event event = {.type = EVENT_PAUSE};
	event.u.pause.ns = "shop";
	event.u.pause.name = "checkout";
	event.u.pause.until_ms = until_ms;
	rig_step(&r, &event);
}

static void setup(void)
{
	rig_open(&r, NULL);
	rig_start(&r, REACTIVE, 5);
	rig_value(&r, 500);
}

static void teardown(void)
{
	rig_close(&r);
}

START_TEST(a_pause_stops_decisions_at_once_and_ends_by_itself)
{
	int64_t until_ms = r.now_ms + 2 * MS_PER_MIN;
	char expected[128], until[32];
	snprintf(expected, sizeof(expected), "paused until %s by foretop pause -> hold 5",
		 time_format(until_ms, until, sizeof(until)));
	pause(until_ms);
	rig_tick(&r);
	ck_assert_str_eq(rig_status(&r)->reason, expected);
	ck_assert_int_eq(rig_condition(&r, PC_PAUSED), STATUS_TRUE);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_PAUSED].reason, "PausedByCommand");
	rig_until_asked(&r);
	ck_assert_int_ge(r.now_ms, until_ms);
	rig_value(&r, 800);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
	ck_assert_int_eq(rig_condition(&r, PC_PAUSED), STATUS_FALSE);
}
END_TEST

START_TEST(one_without_end_lasts_until_it_is_resumed)
{
	pause(PAUSE_WITHOUT_END);
	for (int i = 0; i < 100; i++) {
		r.now_ms += MS_PER_H;
		rig_tick(&r);
		ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 0);
	}
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "until foretop resume"));
	pause(0);
	rig_tick(&r);
	ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 1);
	/* What was wanted meanwhile is not known: the present size counts as wanted. */
	rig_value(&r, 210);
	ck_assert_int_eq(rig_status(&r)->desired, 5);
}
END_TEST

START_TEST(what_waits_for_its_record_is_not_written_any_more)
{
	for (int i = 0; i < 30 && !rig_find(&r, ACTION_SAVE); i++)
		rig_cycle(&r, 200);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SAVE));
	pause(PAUSE_WITHOUT_END);
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
}
END_TEST

START_TEST(a_new_version_of_the_policy_is_paused_too)
{
	pause(PAUSE_WITHOUT_END);
	rig_policy(&r, "checkout", REACTIVE "holds: {respectManualScale: 10m}\n");
	rig_pods(&r, 5);
	rig_tick(&r);
	r.now_ms += MS_PER_MIN;
	rig_tick(&r);
	ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 0);
	ck_assert_int_eq(rig_condition(&r, PC_PAUSED), STATUS_TRUE);
}
END_TEST

START_TEST(others_are_not_paused)
{
	struct event event = {.type = EVENT_PAUSE};
	event.u.pause.ns = "other";
	event.u.pause.name = "checkout";
	event.u.pause.until_ms = PAUSE_WITHOUT_END;
	rig_step(&r, &event);
	rig_cycle(&r, 800);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("engine rest");
	TCase *t = tcase_create("rest");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_pause_stops_decisions_at_once_and_ends_by_itself);
	tcase_add_test(t, one_without_end_lasts_until_it_is_resumed);
	tcase_add_test(t, what_waits_for_its_record_is_not_written_any_more);
	tcase_add_test(t, a_new_version_of_the_policy_is_paused_too);
	tcase_add_test(t, others_are_not_paused);
	suite_add_tcase(s, t);
	return run_suite(s);
}
