#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	rig_open(&r, NULL);
	rig_policy(&r, "checkout", REACTIVE);
}

static void close_rig(void)
{
	rig_close(&r);
}

static const struct {
	const char *a, *b;
	bool older;
} versions[] = {
	{"9", "10", true},    {"10", "9", false},
	{"10", "10", false},  {"99999999999999999999", "100000000000000000000", true},
	{"100", "101", true},
};

START_TEST(versions_are_numbers_of_any_length)
{
	ck_assert_int_eq(version_older(versions[_i].a, versions[_i].b),
			 versions[_i].older);
}
END_TEST

START_TEST(a_watch_that_lags_takes_nothing_back)
{
	rig_target(&r, 3, "10");
	rig_target(&r, 9, "9");
	ck_assert_int_eq(rig_slot(&r)->target.replicas, 3);
	rig_target(&r, 4, "11");
	ck_assert_int_eq(rig_slot(&r)->target.replicas, 4);
}
END_TEST

START_TEST(a_fresh_read_is_believed_whatever_its_version)
{
	struct event event = {.type = EVENT_TARGET};
	rig_target(&r, 3, "1000");
	event.u.target.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.target.info = (struct target_info){.replicas = 7,
						   .status_replicas = 7,
						   .resource_version = "5",
						   .uid = "uid-1"};
	event.u.target.fresh = true;
	rig_step(&r, &event);
	ck_assert_int_eq(rig_slot(&r)->target.replicas, 7);
	ck_assert_str_eq(rig_slot(&r)->target.resource_version, "5");
}
END_TEST

START_TEST(another_object_under_the_old_name_starts_afresh)
{
	rig_target(&r, 3, "10");
	struct state_record *record = &rig_slot(&r)->record;
	ck_assert_str_eq(record->target_uid, "uid-1");
	record->lead.count = 25;
	record->memory.log_count = 3;
	rig_target_event(&r, EVENT_TARGET, "checkout", 3, "4", "uid-2");
	ck_assert_str_eq(record->target_uid, "uid-2");
	ck_assert_int_eq(record->lead.count, 0);
	ck_assert_int_eq(record->memory.log_count, 0);
	ck_assert_int_eq(rig_status(&r)->lead_samples, 0);
	ck_assert_str_eq(rig_slot(&r)->target.resource_version, "4");
}
END_TEST

START_TEST(a_record_of_unknown_origin_is_kept)
{
	struct state_record record = {.lead = {.count = 3}};
	rig_policy_gone(&r, "checkout");
	rig_set(&r, engine_prepare(r.e, "shop", "checkout",
				   rig_parse("checkout", REACTIVE, 0), NULL, &record));
	rig_target(&r, 3, "10");
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 3);
}
END_TEST

START_TEST(only_the_named_target_is_touched)
{
	rig_target_event(&r, EVENT_TARGET, "basket", 3, "10", "uid-1");
	ck_assert(!rig_slot(&r)->target.seen);
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref = (struct target_ref){"shop", "StatefulSet", "checkout"};
	event.u.target.info = (struct target_info){.replicas = 7,
						   .status_replicas = 7,
						   .resource_version = "5",
						   .uid = "uid-1"};
	rig_step(&r, &event);
	ck_assert(!rig_slot(&r)->target.seen);
}
END_TEST

START_TEST(names_with_the_same_hash_are_told_apart)
{
	/* No collision is at hand: one is made. */
	uint64_t key = target_key("shop", "Deployment", "basket");
	rig_slot(&r)->target.key = key;
	place_index_set(&r.e->targets, 0, key);
	rig_target_event(&r, EVENT_TARGET, "basket", 3, "10", "uid-1");
	ck_assert(!rig_slot(&r)->target.seen);
}
END_TEST

START_TEST(a_missing_target_is_said_once)
{
	rig_target_event(&r, EVENT_TARGET_GONE, "checkout", 0, "", "");
	rig_next(&r);
	ck_assert_ptr_nonnull(rig_event(&r, "FailedGetScale"));
	ck_assert_int_eq(rig_condition(&r, PC_ABLE_TO_SCALE), STATUS_FALSE);
	ck_assert_int_eq(rig_status(&r)->current, DECIDE_NO_REPLICAS);
	ck_assert_str_eq(rig_status(&r)->reason,
			 "Deployment shop/checkout not found -> nothing is decided");
	rig_next(&r);
	ck_assert_ptr_null(rig_event(&r, "FailedGetScale"));
	rig_target_event(&r, EVENT_TARGET_GONE, "checkout", 0, "", "");
	rig_next(&r);
	ck_assert_int_eq(r.did->count, 0);
	/* It comes, goes again: that is news. */
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_cycle(&r, 300);
	rig_target_event(&r, EVENT_TARGET_GONE, "checkout", 0, "", "");
	rig_next(&r);
	ck_assert_ptr_nonnull(rig_event(&r, "FailedGetScale"));
}
END_TEST

START_TEST(a_target_that_cannot_be_read_says_why)
{
	struct event event = {.type = EVENT_TARGET_GONE};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.target.why = "no matches for kind \"Deployment\"";
	rig_step(&r, &event);
	rig_next(&r);
	ck_assert_int_eq(rig_condition(&r, PC_ABLE_TO_SCALE), STATUS_FALSE);
	ck_assert_str_eq(rig_status(&r)->reason,
			 "no matches for kind \"Deployment\" -> nothing is decided");
	event.u.target.why = NULL;
	rig_step(&r, &event);
	rig_next(&r);
	ck_assert_str_eq(rig_status(&r)->reason,
			 "Deployment shop/checkout not found -> nothing is decided");
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_cycle(&r, 300);
	ck_assert_int_eq(rig_condition(&r, PC_ABLE_TO_SCALE), STATUS_TRUE);
}
END_TEST

START_TEST(without_a_selector_nothing_is_decided)
{
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.target.info = (struct target_info){.replicas = 3,
						   .status_replicas = 3,
						   .resource_version = "10",
						   .uid = "uid-1",
						   .selector_error = "no selector"};
	rig_step(&r, &event);
	rig_pods(&r, 3);
	rig_cycle(&r, 900);
	ck_assert_int_eq(rig_condition(&r, PC_SCALING_ACTIVE), STATUS_FALSE);
	ck_assert_str_eq(rig_status(&r)->conditions[PC_SCALING_ACTIVE].reason,
			 "InvalidSelector");
	ck_assert_int_eq(rig_status(&r)->desired, 3);
	rig_target(&r, 3, "11");
	rig_cycle(&r, 900);
	ck_assert_int_eq(rig_condition(&r, PC_SCALING_ACTIVE), STATUS_TRUE);
	ck_assert_int_gt(rig_status(&r)->desired, 3);
}
END_TEST

START_TEST(kinds_of_other_groups_are_other_targets)
{
	static const char fleet[] =
		"scaleTargetRef: {apiVersion: example.com/v1, kind: Deployment, name: "
		"checkout}\n"
		"maxReplicas: 10\n";
	rig_policy(&r, "fleet", fleet);
	struct event event = {.type = EVENT_TARGET};
	event.u.target.ref =
		(struct target_ref){"shop", "Deployment.example.com", "checkout"};
	event.u.target.info = (struct target_info){.replicas = 7,
						   .status_replicas = 7,
						   .resource_version = "5",
						   .uid = "uid-2"};
	rig_step(&r, &event);
	rig_target(&r, 3, "10");
	ck_assert_int_eq(r.e->slots[0]->target.replicas, 3);
	ck_assert_int_eq(r.e->slots[1]->target.replicas, 7);
	ck_assert_int_ne(r.e->slots[1]->status.conditions[PC_CONFLICT].status,
			 STATUS_TRUE);
}
END_TEST

START_TEST(a_target_that_comes_does_not_wait_for_its_cycle)
{
	rig_pods(&r, 0);
	rig_next(&r);
	ck_assert_int_gt(engine_next_tick_ms(r.e), r.now_ms);
	rig_target(&r, 3, "10");
	ck_assert_int_le(engine_next_tick_ms(r.e), r.now_ms);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("target");
	TCase *t = tcase_create("target");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_loop_test(t, versions_are_numbers_of_any_length, 0,
			    ARRAY_LEN(versions));
	tcase_add_test(t, a_watch_that_lags_takes_nothing_back);
	tcase_add_test(t, a_fresh_read_is_believed_whatever_its_version);
	tcase_add_test(t, another_object_under_the_old_name_starts_afresh);
	tcase_add_test(t, a_record_of_unknown_origin_is_kept);
	tcase_add_test(t, only_the_named_target_is_touched);
	tcase_add_test(t, names_with_the_same_hash_are_told_apart);
	tcase_add_test(t, a_missing_target_is_said_once);
	tcase_add_test(t, a_target_that_cannot_be_read_says_why);
	tcase_add_test(t, without_a_selector_nothing_is_decided);
	tcase_add_test(t, kinds_of_other_groups_are_other_targets);
	tcase_add_test(t, a_target_that_comes_does_not_wait_for_its_cycle);
	suite_add_tcase(s, t);
	return run_suite(s);
}
