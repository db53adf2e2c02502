#include "unit/engine/rig.h"

#define RESPECT REACTIVE "holds: {respectManualScale: 10m}\n"

static int64_t scaled_ms; /* what the object tells of when */

static void see(struct rig *r, int32_t replicas, const char *version, enum scaler scaler)
{
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.target.info = (struct target_info){.replicas = replicas,
						   .status_replicas = replicas,
						   .resource_version = version,
						   .uid = "uid-1",
						   .scaler = scaler,
						   .scaled_ms = scaled_ms};
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

/* The record that a process leaves behind when it is killed now. */
static struct state_record left(const struct rig *r)
{
	struct state_record record = {0};
	cJSON *json = status_to_json(rig_status(r), r->now_ms);
	record_from_json(json_at(json, "record"), &record);
	cJSON_Delete(json);
	return record;
}

/* A new process on such a record, five seconds later. */
static void restart_on(struct rig *r, const struct state_record *record, const char *text)
{
	int64_t now_ms = r->now_ms;
	rig_close(r);
	rig_open(r, NULL);
	r->now_ms = now_ms + 5 * MS_PER_S;
	rig_set(r, engine_prepare(r->e, "shop", "checkout",
				  rig_parse("checkout", text, 0), NULL, record));
}

static void restart(struct rig *r)
{
	struct state_record record = left(r);
	restart_on(r, &record, RESPECT);
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

#define SLOWLY                                                                           \
	REACTIVE                                                                         \
	"behavior: {scaleUp: {policies: [{type: Pods, value: 6, periodSeconds: "         \
	"120}]}, scaleDown: {policies: [{type: Pods, value: 2, periodSeconds: "          \
	"60}], stabilizationWindowSeconds: 0}}\n"

/* Replicas were raised, and the process killed before any record knew of it. Demand falls
 * at the same time: what was asked for holds as long as it would have. */
START_TEST(a_raise_that_no_record_knows_of_is_held_like_any_other)
{
	struct rig r;
	start(&r, REACTIVE);
	struct state_record before = left(&r);
	rig_cycle(&r, 1000);
	ck_assert_int_eq(rig_find(&r, ACTION_SCALE)->u.scale.to, 10);
	scaled_ms = r.now_ms / MS_PER_S * MS_PER_S;
	restart_on(&r, &before, REACTIVE);
	see(&r, 10, "11", SCALER_US);
	rig_pods(&r, 10);
	int64_t at_ms = r.now_ms;
	while (r.now_ms - at_ms < 5 * MS_PER_MIN - 20 * MS_PER_S) {
		rig_cycle(&r, 300);
		ck_assert_int_eq(rig_status(&r)->desired, 10);
	}
	for (int i = 0; i < 3; i++)
		rig_cycle(&r, 300);
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_close(&r);
	scaled_ms = 0;
}
END_TEST

START_TEST(a_raise_that_no_record_knows_of_counts_for_its_period)
{
	struct rig r;
	start(&r, SLOWLY);
	struct state_record before = left(&r);
	rig_cycle(&r, 1000);
	ck_assert_int_eq(rig_find(&r, ACTION_SCALE)->u.scale.to, 10);
	scaled_ms = r.now_ms / MS_PER_S * MS_PER_S;
	restart_on(&r, &before, SLOWLY);
	see(&r, 10, "11", SCALER_US);
	rig_pods(&r, 10);
	rig_cycle(&r, 3000);
	ck_assert_int_eq(rig_status(&r)->desired, 11); /* 5 of 6 are used up */
	ck_assert_int_eq(rig_slot(&r)->record.memory.up.items[0].at_ms, scaled_ms + 999);
	rig_close(&r);
	scaled_ms = 0;
}
END_TEST

START_TEST(what_others_raised_is_no_write_of_ours)
{
	struct rig r;
	start(&r, SLOWLY);
	struct state_record before = left(&r);
	restart_on(&r, &before, SLOWLY);
	see(&r, 10, "11", SCALER_OTHERS);
	ck_assert_int_eq(rig_slot(&r)->record.memory.up.count, 0);
	/* Nor is what is known already. */
	before = left(&r);
	restart_on(&r, &before, SLOWLY);
	see(&r, 10, "11", SCALER_US);
	ck_assert_int_eq(rig_slot(&r)->record.memory.up.count, 0);
	rig_close(&r);
}
END_TEST

/* The record was saved when it was decided; the write came later, and counts from then.
 */
static const struct {
	int64_t told_ms, at_ms; /* after the decision; told in whole seconds */
} moments[] = {
	{2 * MS_PER_S, 3 * MS_PER_S - 1},
	{-3 * MS_PER_S, 0},         /* another clock is behind */
	{MS_PER_MIN, 5 * MS_PER_S}, /* or ahead: not after the restart */
};

START_TEST(a_lowering_counts_from_when_it_was_written)
{
	struct rig r;
	start(&r, SLOWLY);
	r.now_ms = (r.now_ms / MS_PER_S + 1) * MS_PER_S;
	rig_cycle(&r, 300);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SAVE));
	int64_t decided_ms = rig_slot(&r)->record.pending.at_ms;
	scaled_ms = (decided_ms + moments[_i].told_ms) / MS_PER_S * MS_PER_S;
	int64_t shift_ms = decided_ms + moments[_i].told_ms - scaled_ms;
	struct state_record before = left(&r);
	restart_on(&r, &before, SLOWLY);
	see(&r, 3, "11", SCALER_US);
	const struct scale_events *down = &rig_slot(&r)->record.memory.down;
	ck_assert_int_eq(down->count, 1);
	ck_assert_int_eq(down->items[0].change, 2);
	int64_t want_ms = decided_ms + moments[_i].at_ms;
	if (_i == 0)
		want_ms -= shift_ms;
	ck_assert_int_eq(down->items[0].at_ms, want_ms);
	rig_close(&r);
	scaled_ms = 0;
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
	tcase_add_test(t, a_raise_that_no_record_knows_of_is_held_like_any_other);
	tcase_add_test(t, a_raise_that_no_record_knows_of_counts_for_its_period);
	tcase_add_test(t, what_others_raised_is_no_write_of_ours);
	tcase_add_loop_test(t, a_lowering_counts_from_when_it_was_written, 0,
			    ARRAY_LEN(moments));
	suite_add_tcase(s, t);
	return run_suite(s);
}
