#include "unit/engine/rig.h"

#define RESPECT REACTIVE "holds: {respectManualScale: 10m}\n"

static void see(struct rig *r, int32_t replicas, const char *version, enum scaler scaler)
{
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.target.info = (struct target_info){.replicas = replicas,
						   .status_replicas = replicas,
						   .resource_version = version,
						   .uid = "uid-1",
						   .scaler = scaler};
	rig_step(r, &event);
}

static void start(struct rig *r, const char *text)
{
	rig_open(r, NULL);
	rig_start(r, text, 5);
	rig_value(r, 500);
}

START_TEST(change_of_others_holds_both_ways_and_says_until_when)
{
	struct rig r;
	start(&r, RESPECT);
	see(&r, 12, "11", SCALER_UNKNOWN);
	ck_assert_ptr_nonnull(rig_event(&r, "ManualScale"));
	int64_t at_ms = r.now_ms;
	ck_assert_str_eq(rig_event(&r, "ManualScale")->u.event.note,
			 "others set replicas from 5 to 12 -> respected until 08:10:00Z");
	rig_cycle(&r, 3000);
	ck_assert_int_eq(rig_status(&r)->desired, 12);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason,
				     "others set replicas from 5 to 12 at 08:00:00Z, "
				     "respected until 08:10:00Z -> hold 12 instead of"));
	while (r.now_ms - at_ms < 10 * MS_PER_MIN) {
		ck_assert_int_eq(rig_status(&r)->desired, 12);
		rig_cycle(&r, 300);
	}
	rig_cycle(&r, 2000);
	ck_assert_int_eq(rig_status(&r)->desired, 20);
	rig_close(&r);
}
END_TEST

START_TEST(what_we_wrote_ourselves_is_no_wish_of_others)
{
	struct rig r;
	start(&r, RESPECT);
	rig_cycle(&r, 800);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
	/* The watch is quicker than the answer. */
	see(&r, 8, "11", SCALER_UNKNOWN);
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(rig_slot(&r)->record.size.manual_ms, 0);
	/* The answer is lost, the write went through. */
	rig_cycle(&r, 1000);
	rig_written(&r, EVENT_SCALE_FAILED, "timeout");
	see(&r, 10, "12", SCALER_UNKNOWN);
	ck_assert_int_eq(rig_slot(&r)->record.size.manual_ms, 0);
	/* A conflict with our own write that went through. */
	rig_cycle(&r, 1500);
	rig_written(&r, EVENT_CONFLICT, NULL);
	see(&r, 15, "13", SCALER_UNKNOWN);
	ck_assert_int_eq(rig_slot(&r)->record.size.manual_ms, 0);
	see(&r, 14, "14", SCALER_UNKNOWN);
	ck_assert_int_gt(rig_slot(&r)->record.size.manual_ms, 0);
	rig_close(&r);
}
END_TEST

START_TEST(managed_fields_know_better_than_memory)
{
	struct rig r;
	start(&r, RESPECT);
	see(&r, 12, "11", SCALER_US);
	ck_assert_int_eq(rig_slot(&r)->record.size.manual_ms, 0);
	rig_cycle(&r, 2000);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
	see(&r, 20, "12", SCALER_OTHERS);
	ck_assert_int_gt(rig_slot(&r)->record.size.manual_ms, 0);
	rig_close(&r);
}
END_TEST

START_TEST(nothing_is_respected_unless_asked_for)
{
	static const char *const texts[] = {
		REACTIVE, REACTIVE "holds: {respectManualScale: 0s}\n",
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
		"checkout}\nminReplicas: 2\nmaxReplicas: 40\nmetrics:\n" EXTERNAL
		"holds: {respectManualScale: 10m}\n", /* Recommend: nothing is ours */
	};
	struct rig r;
	start(&r, texts[_i]);
	see(&r, 12, "11", SCALER_UNKNOWN);
	ck_assert_int_eq(rig_slot(&r)->record.size.manual_ms, 0);
	rig_cycle(&r, 2000);
	ck_assert_int_eq(rig_status(&r)->desired, 20);
	rig_close(&r);
}
END_TEST

START_TEST(bounds_hold_for_people_too)
{
	struct rig r;
	start(&r, RESPECT);
	see(&r, 50, "11", SCALER_UNKNOWN);
	rig_cycle(&r, 500);
	ck_assert_int_eq(rig_status(&r)->desired, 40);
	rig_written(&r, EVENT_SAVED, NULL);
	rig_written(&r, EVENT_SCALED, "12");
	/* And what they meant is respected inside of them. */
	rig_cycle(&r, 500);
	ck_assert_int_eq(rig_status(&r)->desired, 40);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "from 5 to 50"));
	rig_close(&r);
}
END_TEST

/* A new process on the record that the old one would leave behind. */
static void restart(struct rig *r)
{
	struct state_record record;
	cJSON *json = status_to_json(rig_status(r), r->now_ms);
	record_from_json(json_at(json, "record"), &record);
	cJSON_Delete(json);
	int64_t now_ms = r->now_ms;
	rig_close(r);
	rig_open(r, NULL);
	r->now_ms = now_ms + 5 * MS_PER_S;
	rig_set(r, engine_prepare(r->e, "shop", "checkout",
				  rig_parse("checkout", RESPECT, 0), NULL, &record));
}

START_TEST(a_wish_survives_a_restart)
{
	struct rig r;
	start(&r, RESPECT);
	see(&r, 12, "11", SCALER_UNKNOWN);
	restart(&r);
	see(&r, 12, "11", SCALER_UNKNOWN);
	rig_pods(&r, 12);
	rig_cycle(&r, 3000);
	ck_assert_int_eq(rig_status(&r)->desired, 12);
	/* Once more, while nobody looked. */
	restart(&r);
	see(&r, 9, "14", SCALER_UNKNOWN);
	ck_assert_ptr_nonnull(rig_event(&r, "ManualScale"));
	rig_close(&r);
}
END_TEST

START_TEST(a_write_that_was_under_way_is_ours_after_a_restart)
{
	struct rig r;
	start(&r, RESPECT "behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\n");
	rig_cycle(&r, 300);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SAVE));
	restart(&r);
	see(&r, 3, "11", SCALER_UNKNOWN);
	ck_assert_int_eq(rig_slot(&r)->record.size.manual_ms, 0);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("manual");
	TCase *t = tcase_create("manual");
	tcase_add_test(t, change_of_others_holds_both_ways_and_says_until_when);
	tcase_add_test(t, what_we_wrote_ourselves_is_no_wish_of_others);
	tcase_add_test(t, managed_fields_know_better_than_memory);
	tcase_add_loop_test(t, nothing_is_respected_unless_asked_for, 0, 3);
	tcase_add_test(t, bounds_hold_for_people_too);
	tcase_add_test(t, a_wish_survives_a_restart);
	tcase_add_test(t, a_write_that_was_under_way_is_ours_after_a_restart);
	suite_add_tcase(s, t);
	return run_suite(s);
}
