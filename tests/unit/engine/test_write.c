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

/* A scale-up from 3 to 5 is on its way. */
static void begin_up(void)
{
	rig_start(&r, REACTIVE, 3);
	rig_value(&r, 500);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
}

#define DOWN_AT_ONCE                                                                     \
	REACTIVE "behavior: {scaleDown: {stabilizationWindowSeconds: 0, policies: "      \
		 "[{type: Pods, value: 1, periodSeconds: 60}]}}\n"

/* The record of a scale-down from 5 to 4 is being saved. */
static void begin_down(void)
{
	rig_start(&r, DOWN_AT_ONCE, 5);
	rig_value(&r, 500);
	rig_cycle(&r, 200);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SAVE));
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
}

static int32_t downs_known(void)
{
	const struct scale_events *down = &rig_slot(&r)->record.memory.down;
	int32_t sum = 0;
	for (int32_t i = 0; i < down->count; i++)
		sum += down->items[i].change;
	return sum;
}

START_TEST(a_scale_up_is_written_at_once_with_its_preconditions)
{
	begin_up();
	const struct action *a = rig_find(&r, ACTION_SCALE);
	ck_assert_int_eq(a->u.scale.from, 3);
	ck_assert_int_eq(a->u.scale.to, 5);
	ck_assert_str_eq(a->u.scale.resource_version, "10");
	ck_assert_str_eq(a->u.scale.uid, "uid-1");
	ck_assert_str_eq(a->u.scale.reason, rig_status(&r)->reason);
}
END_TEST

static const enum event_type answers[] = {EVENT_SCALED, EVENT_SCALE_FAILED};

/* Policies share the room for what the HPA would say. */
START_TEST(an_answer_says_nothing_of_what_another_policy_decided)
{
	begin_up();
	r.e->words.conditions[CONDITION_SCALING_ACTIVE] =
		(struct condition){CONDITION_FALSE, "Another", "its metric is unknown"};
	rig_written(&r, answers[_i], "11");
	ck_assert_int_eq(rig_condition(&r, PC_SCALING_ACTIVE), STATUS_TRUE);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_ABLE_TO_SCALE].reason,
			 _i ? "FailedUpdateScale" : "SucceededRescale");
}
END_TEST

/* There is as much room as writes can be under way at a time. */
START_TEST(what_a_write_needs_is_given_back_after_it)
{
	begin_up();
	ck_assert_int_eq(r.e->pool.used, 1);
	ck_assert_int_eq(r.e->pool.spare_count, 0);
	rig_written(&r, answers[_i], "11");
	ck_assert_int_eq(r.e->pool.spare_count, 1);
	rig_cycle(&r, 900);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
	ck_assert_int_eq(r.e->pool.used, 1);
	ck_assert_int_eq(r.e->pool.spare_count, 0);
	rig_policy_gone(&r, "checkout");
	ck_assert_int_eq(r.e->pool.spare_count, 1);
}
END_TEST

START_TEST(the_record_goes_before_a_scale_down_and_knows_of_it)
{
	begin_down();
	ck_assert_int_eq(downs_known(), 1);
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_int_eq(rig_find(&r, ACTION_SCALE)->u.scale.to, 4);
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(downs_known(), 1); /* once, not twice */
	ck_assert_ptr_nonnull(rig_event(&r, "ScaledDown"));
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_STATUS));
	ck_assert_int_eq(rig_status(&r)->current, 4);
	ck_assert_int_eq(rig_status(&r)->writes, 1);
}
END_TEST

START_TEST(nothing_is_lowered_without_a_saved_record)
{
	begin_down();
	rig_written(&r, EVENT_SAVE_FAILED, "disk full");
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
	ck_assert_int_eq(downs_known(), 0);
	ck_assert_int_eq(rig_condition(&r, PC_ABLE_TO_SCALE), STATUS_FALSE);
	ck_assert_int_eq(rig_status(&r)->failures, 1);
	ck_assert_int_eq(rig_status(&r)->current, 5);
}
END_TEST

static const enum event_type refusals[] = {EVENT_CONFLICT, EVENT_SCALE_FAILED};

START_TEST(a_scale_down_that_was_refused_is_not_remembered)
{
	begin_down();
	rig_written(&r, EVENT_SAVED, NULL);
	rig_written(&r, refusals[_i], "no");
	ck_assert_int_eq(downs_known(), 0);
}
END_TEST

START_TEST(one_write_at_a_time)
{
	begin_up();
	rig_cycle(&r, 900);
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
	ck_assert_ptr_null(rig_find(&r, ACTION_DECIDED));
	rig_written(&r, EVENT_SCALED, "11");
	rig_cycle(&r, 900);
	ck_assert_int_eq(rig_find(&r, ACTION_SCALE)->u.scale.from, 5);
}
END_TEST

START_TEST(new_values_replace_a_scale_down_that_waits_for_its_record)
{
	begin_down();
	struct write_ref old = r.write;
	rig_cycle(&r, 800);
	ck_assert_int_eq(rig_find(&r, ACTION_SCALE)->u.scale.to, 8);
	ck_assert_int_eq(downs_known(), 0);
	struct write_ref fresh = r.write;
	r.write = old;
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_int_eq(r.did->count, 0);
	r.write = fresh;
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(rig_status(&r)->current, 8);
}
END_TEST

START_TEST(a_target_that_changed_while_the_record_was_saved_is_decided_afresh)
{
	begin_down();
	rig_target(&r, 3, "12");
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
	ck_assert_int_eq(rig_find(&r, ACTION_SAVE) != NULL, 1);
	ck_assert_int_eq(rig_slot(&r)->write.from, 3);
	ck_assert_int_eq(rig_slot(&r)->write.to, 2);
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_str_eq(rig_find(&r, ACTION_SCALE)->u.scale.resource_version, "12");
}
END_TEST

/* Of several metrics one is answered before the others: unknown never lowers. */
START_TEST(a_metric_lost_while_the_record_was_saved_lowers_nothing)
{
	begin_down();
	struct prepared *s = rig_slot(&r);
	s->metrics[0].values.unknown = "connection refused";
	s->status.metrics[0].known = false;
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
	ck_assert_ptr_null(rig_find(&r, ACTION_SAVE));
	ck_assert_int_eq(downs_known(), 0);
	ck_assert_int_eq(s->write.state, WRITE_IDLE);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "-> hold 5"));
	rig_cycle(&r, 200); /* it is back */
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_int_eq(rig_find(&r, ACTION_SCALE)->u.scale.to, 4);
}
END_TEST

START_TEST(a_failed_write_is_said_once_until_one_goes_through)
{
	begin_up();
	rig_written(&r, EVENT_SCALE_FAILED, "forbidden");
	ck_assert_ptr_nonnull(rig_event(&r, "ScaleFailed"));
	for (int i = 0; i < 3; i++) {
		rig_cycle(&r, 500);
		ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
		ck_assert_int_eq(rig_condition(&r, PC_ABLE_TO_SCALE), STATUS_FALSE);
		rig_written(&r, EVENT_SCALE_FAILED, "forbidden");
		ck_assert_ptr_null(rig_event(&r, "ScaleFailed"));
	}
	ck_assert_int_eq(rig_status(&r)->failures, 4);
	rig_cycle(&r, 500);
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(rig_condition(&r, PC_ABLE_TO_SCALE), STATUS_TRUE);
	rig_cycle(&r, 900);
	rig_written(&r, EVENT_SCALE_FAILED, "forbidden");
	ck_assert_ptr_nonnull(rig_event(&r, "ScaleFailed"));
}
END_TEST

START_TEST(a_conflict_reads_again_then_decides_again_at_once)
{
	begin_up();
	uint64_t first = r.write.number;
	rig_written(&r, EVENT_CONFLICT, NULL);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_READ_TARGET));
	rig_target(&r, 4, "20");
	const struct action *a = rig_find(&r, ACTION_SCALE);
	ck_assert_uint_ne(a->u.scale.ref.number, first);
	ck_assert_int_eq(a->u.scale.from, 4);
	ck_assert_str_eq(a->u.scale.resource_version, "20");
}
END_TEST

START_TEST(five_conflicts_in_a_row_are_answered_the_sixth_waits)
{
	begin_up();
	for (int i = 0; i < 5; i++) {
		char version[16];
		snprintf(version, sizeof(version), "%d", 20 + i);
		rig_written(&r, EVENT_CONFLICT, NULL);
		ck_assert_ptr_nonnull(rig_find(&r, ACTION_READ_TARGET));
		rig_target(&r, 3, version);
		ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
	}
	rig_written(&r, EVENT_CONFLICT, NULL);
	ck_assert_ptr_null(rig_find(&r, ACTION_READ_TARGET));
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_IDLE);
	ck_assert_int_eq(rig_status(&r)->conflicts, 6);
	rig_cycle(&r, 500);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
	rig_written(&r, EVENT_CONFLICT, NULL);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_READ_TARGET));
}
END_TEST

START_TEST(old_values_are_not_decided_on_again)
{
	begin_up();
	rig_written(&r, EVENT_CONFLICT, NULL);
	r.now_ms += 26 * MS_PER_S;
	rig_target(&r, 3, "20");
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
	ck_assert_int_le(engine_next_tick_ms(r.e), r.now_ms);
}
END_TEST

START_TEST(a_read_that_failed_leaves_it_to_the_next_cycle)
{
	begin_up();
	rig_written(&r, EVENT_CONFLICT, NULL);
	rig_target_event(&r, EVENT_READ_FAILED, "checkout", 0, "", "");
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_IDLE);
	rig_cycle(&r, 500);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
}
END_TEST

/* Lets a minute pass, with cycles that are answered. */
static void wait_for_give_up(void)
{
	int64_t until = r.now_ms + WRITE_ANSWER_MS;
	while (r.now_ms < until && !rig_find(&r, ACTION_READ_TARGET)) {
		rig_next(&r);
		if (rig_find(&r, ACTION_QUERY) && !rig_find(&r, ACTION_READ_TARGET))
			rig_value(&r, 500);
	}
	ck_assert_int_eq(r.now_ms, until);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_READ_TARGET));
}

START_TEST(a_write_without_an_answer_is_given_up_after_a_minute)
{
	begin_up();
	wait_for_give_up();
	ck_assert_ptr_nonnull(rig_event(&r, "ScaleFailed"));
	/* A late answer finds nobody. */
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(r.did->count, 0);
	ck_assert_int_eq(rig_status(&r)->writes, 0);
	rig_target(&r, 3, "10");
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
}
END_TEST

START_TEST(a_save_without_an_answer_is_given_up_too)
{
	begin_down();
	r.now_ms += WRITE_ANSWER_MS;
	rig_tick(&r);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_READ_TARGET));
	ck_assert_int_eq(downs_known(), 0);
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
}
END_TEST

START_TEST(a_read_without_an_answer_is_given_up_as_well)
{
	begin_up();
	rig_written(&r, EVENT_CONFLICT, NULL);
	r.now_ms += WRITE_ANSWER_MS;
	rig_tick(&r);
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_IDLE);
}
END_TEST

START_TEST(a_write_in_doubt_that_went_through_is_remembered)
{
	rig_start(&r, DOWN_AT_ONCE, 5);
	rig_value(&r, 500);
	rig_cycle(&r, 200);
	rig_written(&r, EVENT_SAVED, NULL);
	rig_written(&r, EVENT_SCALE_FAILED, "connection reset");
	ck_assert_int_eq(downs_known(), 0);
	rig_target(&r, 4, "11");
	ck_assert_int_eq(downs_known(), 1);
	/* Seen again, it is not noted again. */
	rig_target(&r, 4, "12");
	ck_assert_int_eq(downs_known(), 1);
}
END_TEST

START_TEST(the_watch_may_be_ahead_of_the_answer)
{
	begin_up();
	rig_target(&r, 5, "11");
	rig_target(&r, 6, "12");
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(rig_slot(&r)->target.replicas, 6);
	ck_assert_str_eq(rig_slot(&r)->target.resource_version, "12");
	ck_assert_int_eq(rig_status(&r)->writes, 1);
}
END_TEST

START_TEST(an_answer_without_a_version_keeps_the_known_one)
{
	begin_up();
	rig_written(&r, EVENT_SCALED, NULL);
	ck_assert_int_eq(rig_slot(&r)->target.replicas, 5);
	ck_assert_str_eq(rig_slot(&r)->target.resource_version, "10");
}
END_TEST

START_TEST(answers_that_do_not_fit_are_ignored)
{
	begin_up();
	rig_written(&r, EVENT_SAVED, NULL);
	ck_assert_int_eq(r.did->count, 0);
	r.write.number += 7;
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(r.did->count, 0);
	r.write.slot = 99;
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(r.did->count, 0);
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_SCALING);
}
END_TEST

START_TEST(a_target_that_goes_takes_its_write_along)
{
	begin_up();
	rig_target_event(&r, EVENT_TARGET_GONE, "checkout", 0, "", "");
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(rig_status(&r)->writes, 0);
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_IDLE);
}
END_TEST

START_TEST(an_object_made_anew_does_not_get_the_old_ones_answer)
{
	begin_up();
	rig_target_event(&r, EVENT_TARGET, "checkout", 3, "30", "uid-2");
	ck_assert_int_eq(rig_slot(&r)->write.state, WRITE_IDLE);
	rig_written(&r, EVENT_SCALED, "11");
	ck_assert_int_eq(rig_slot(&r)->target.replicas, 3);
	ck_assert_uint_eq(rig_status(&r)->writes, 0);
}
END_TEST

START_TEST(what_was_noted_for_a_lost_target_is_not_taken_back_later)
{
	begin_down();
	rig_written(&r, EVENT_SAVED, NULL);
	rig_target_event(&r, EVENT_TARGET_GONE, "checkout", 0, "", "");
	ck_assert_int_eq(downs_known(), 1);
	rig_target(&r, 4, "20");
	rig_cycle(&r, 900);
	ck_assert_int_eq(rig_find(&r, ACTION_SCALE)->u.scale.to, 9);
	rig_written(&r, EVENT_SCALED, "21");
	ck_assert_int_eq(downs_known(), 1);
}
END_TEST

static const struct {
	const char *edit; /* in place of mode: Scale */
	bool dry_run;
} silent[] = {{"mode: Recommend", false}, {"mode: Scale", true}};

START_TEST(recommend_and_dry_run_write_nothing)
{
	struct engine_config c;
	engine_config_default(&c);
	c.dry_run = silent[_i].dry_run;
	rig_close(&r);
	rig_open(&r, &c);
	char text[1024];
	snprintf(text, sizeof(text), "%s%s", silent[_i].edit,
		 strstr(REACTIVE, "\nminReplicas"));
	char whole[2048];
	snprintf(whole, sizeof(whole), "%.*s%s",
		 (int)(strstr(REACTIVE, "mode:") - REACTIVE), REACTIVE, text);
	rig_start(&r, whole, 3);
	for (int i = 0; i < 30; i++) {
		rig_value(&r, i < 5 ? 500 : 0);
		ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
		ck_assert_ptr_null(rig_find(&r, ACTION_SAVE));
		if (i == 0)
			ck_assert_int_eq(rig_status(&r)->desired, 5);
		rig_until_asked(&r);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("write");
	TCase *t = tcase_create("write");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, a_scale_up_is_written_at_once_with_its_preconditions);
	tcase_add_loop_test(t, an_answer_says_nothing_of_what_another_policy_decided, 0,
			    ARRAY_LEN(answers));
	tcase_add_loop_test(t, what_a_write_needs_is_given_back_after_it, 0,
			    ARRAY_LEN(answers));
	tcase_add_test(t, the_record_goes_before_a_scale_down_and_knows_of_it);
	tcase_add_test(t, nothing_is_lowered_without_a_saved_record);
	tcase_add_loop_test(t, a_scale_down_that_was_refused_is_not_remembered, 0,
			    ARRAY_LEN(refusals));
	tcase_add_test(t, one_write_at_a_time);
	tcase_add_test(t, new_values_replace_a_scale_down_that_waits_for_its_record);
	tcase_add_test(
		t, a_target_that_changed_while_the_record_was_saved_is_decided_afresh);
	tcase_add_test(t, a_metric_lost_while_the_record_was_saved_lowers_nothing);
	tcase_add_test(t, a_failed_write_is_said_once_until_one_goes_through);
	tcase_add_test(t, a_conflict_reads_again_then_decides_again_at_once);
	tcase_add_test(t, five_conflicts_in_a_row_are_answered_the_sixth_waits);
	tcase_add_test(t, old_values_are_not_decided_on_again);
	tcase_add_test(t, a_read_that_failed_leaves_it_to_the_next_cycle);
	tcase_add_test(t, a_write_without_an_answer_is_given_up_after_a_minute);
	tcase_add_test(t, a_save_without_an_answer_is_given_up_too);
	tcase_add_test(t, a_read_without_an_answer_is_given_up_as_well);
	tcase_add_test(t, a_write_in_doubt_that_went_through_is_remembered);
	tcase_add_test(t, the_watch_may_be_ahead_of_the_answer);
	tcase_add_test(t, an_answer_without_a_version_keeps_the_known_one);
	tcase_add_test(t, answers_that_do_not_fit_are_ignored);
	tcase_add_test(t, a_target_that_goes_takes_its_write_along);
	tcase_add_test(t, an_object_made_anew_does_not_get_the_old_ones_answer);
	tcase_add_test(t, what_was_noted_for_a_lost_target_is_not_taken_back_later);
	tcase_add_loop_test(t, recommend_and_dry_run_write_nothing, 0, ARRAY_LEN(silent));
	suite_add_tcase(s, t);
	return run_suite(s);
}
