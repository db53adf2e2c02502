#include "unit/engine/rig.h"

static struct rig r;

static void open_rig(void)
{
	struct engine_config c;
	engine_config_default(&c);
	c.policies_max = 4;
	rig_open(&r, &c);
}

static void close_rig(void)
{
	rig_close(&r);
}

/* A policy for checkout that was created so long after MONDAY. */
static void give(const char *name, int64_t created_ms)
{
	rig_set(&r, engine_prepare(r.e, "shop", name,
				   rig_parse(name, REACTIVE, created_ms), NULL, NULL));
}

static void give_invalid(const char *name, const char *why)
{
	rig_set(&r, engine_prepare(r.e, "shop", name, NULL, why, NULL));
}

static const struct policy_status *status(const char *name)
{
	for (int32_t i = 0; i < engine_policy_count(r.e); i++) {
		const struct policy_status *s = engine_policy_status(r.e, i);
		if (s && !strcmp(s->name, name))
			return s;
	}
	return NULL;
}

static int condition(const char *name, enum policy_condition c)
{
	return (int)status(name)->conditions[c].status;
}

START_TEST(a_new_policy_is_published_at_once)
{
	give("a", 0);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_STATUS));
	ck_assert_int_eq(condition("a", PC_READY), STATUS_TRUE);
	ck_assert_int_eq(condition("a", PC_CONFLICT), STATUS_FALSE);
	ck_assert_int_eq(condition("a", PC_PAUSED), STATUS_FALSE);
	ck_assert_int_eq(status("a")->current, DECIDE_NO_REPLICAS);
	ck_assert_ptr_eq(status("a")->policy, r.e->slots[0]->policy);
}
END_TEST

START_TEST(a_refused_text_leaves_the_last_good_version_in_force)
{
	give("a", 0);
	const struct policy *good = status("a")->policy;
	give_invalid("a", "line 3: no");
	ck_assert_ptr_eq(status("a")->policy, good);
	ck_assert_int_eq(condition("a", PC_READY), STATUS_FALSE);
	const struct action *a = rig_event(&r, "PolicyInvalid");
	ck_assert_ptr_nonnull(a);
	ck_assert(a->u.event.warning);
	ck_assert_str_eq(a->u.event.note,
			 "line 3: no; the last valid version stays in force");
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_STATUS));
	give_invalid("a", "line 3: no");
	ck_assert_int_eq(r.did->count, 0);
	give_invalid("a", "line 4: no");
	ck_assert_ptr_nonnull(rig_event(&r, "PolicyInvalid"));
	give("a", 0);
	ck_assert_int_eq(condition("a", PC_READY), STATUS_TRUE);
}
END_TEST

START_TEST(a_policy_that_never_was_valid_has_a_place_and_a_status)
{
	give_invalid("a", "line 1: no");
	ck_assert_ptr_null(status("a")->policy);
	ck_assert_ptr_nonnull(rig_event(&r, "PolicyInvalid"));
	ck_assert_int_eq(engine_next_tick_ms(r.e), INT64_MAX);
	give("a", 0);
	ck_assert_ptr_nonnull(status("a")->policy);
	ck_assert_int_lt(engine_next_tick_ms(r.e), INT64_MAX);
}
END_TEST

START_TEST(a_start_with_a_refused_text_takes_the_last_valid_one)
{
	rig_set(&r, engine_prepare(r.e, "shop", "a", rig_parse("a", REACTIVE, 0),
				   "line 3: no", NULL));
	ck_assert_ptr_nonnull(status("a")->policy);
	ck_assert_int_eq(condition("a", PC_READY), STATUS_FALSE);
	ck_assert_ptr_nonnull(rig_event(&r, "PolicyInvalid"));
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_cycle(&r, 500);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
}
END_TEST

START_TEST(two_events_of_one_step_keep_their_texts)
{
	give("old", 0);
	rig_set(&r, engine_prepare(r.e, "shop", "a", rig_parse("a", REACTIVE, 10),
				   "line 3: no", NULL));
	ck_assert_ptr_nonnull(
		strstr(rig_event(&r, "PolicyInvalid")->u.event.note, "line 3: no"));
	ck_assert_str_eq(rig_event(&r, "TargetConflict")->u.event.note,
			 "policy old is older and in force for Deployment checkout -> "
			 "this one waits");
}
END_TEST

START_TEST(the_oldest_policy_of_a_target_is_in_force_whatever_the_order)
{
	give("middle", 20);
	give("young", 30);
	ck_assert_ptr_nonnull(rig_event(&r, "TargetConflict"));
	ck_assert_int_eq(condition("young", PC_CONFLICT), STATUS_TRUE);
	give("old", 10);
	ck_assert_int_eq(condition("old", PC_CONFLICT), STATUS_FALSE);
	ck_assert_int_eq(condition("middle", PC_CONFLICT), STATUS_TRUE);
	ck_assert_int_eq(condition("young", PC_CONFLICT), STATUS_TRUE);
	rig_policy_gone(&r, "old");
	ck_assert_int_eq(condition("middle", PC_CONFLICT), STATUS_FALSE);
	ck_assert_ptr_nonnull(rig_event(&r, "TargetTakenOver"));
	ck_assert_int_eq(condition("young", PC_CONFLICT), STATUS_TRUE);
}
END_TEST

START_TEST(of_two_made_in_the_same_second_the_first_name_is_in_force)
{
	give("b", 10);
	give("a", 10);
	ck_assert_int_eq(condition("a", PC_CONFLICT), STATUS_FALSE);
	ck_assert_int_eq(condition("b", PC_CONFLICT), STATUS_TRUE);
}
END_TEST

START_TEST(a_new_text_is_no_new_conflict)
{
	give("a", 10);
	give("b", 20);
	give("b", 20);
	ck_assert_ptr_null(rig_event(&r, "TargetConflict"));
	ck_assert_int_eq(condition("b", PC_CONFLICT), STATUS_TRUE);
	give("a", 10);
	ck_assert_int_eq(condition("a", PC_CONFLICT), STATUS_FALSE);
	ck_assert_ptr_null(rig_event(&r, "TargetTakenOver"));
}
END_TEST

START_TEST(another_target_frees_the_old_one)
{
	give("a", 10);
	give("b", 20);
	const char *text = HEAD("basket") "metrics:\n" EXTERNAL NO_FORECAST;
	rig_set(&r,
		engine_prepare(r.e, "shop", "a", rig_parse("a", text, 10), NULL, NULL));
	ck_assert_int_eq(condition("b", PC_CONFLICT), STATUS_FALSE);
	ck_assert_int_eq(condition("a", PC_CONFLICT), STATUS_FALSE);
}
END_TEST

START_TEST(who_waits_asks_and_writes_nothing)
{
	give("a", 10);
	give("b", 20);
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_until_asked(&r);
	ck_assert_int_eq(rig_count(&r, ACTION_QUERY), 1);
	ck_assert_int_eq(r.asked.slot, 0);
	rig_value(&r, 500);
	ck_assert_int_eq(rig_count(&r, ACTION_SCALE), 1);
	/* A write on its way when the force is lost is only forgotten. */
	give("c", 5);
	rig_written(&r, EVENT_CONFLICT, NULL);
	ck_assert_int_eq(r.did->count, 0);
}
END_TEST

START_TEST(a_place_is_used_again_and_old_answers_do_not_reach_the_new_tenant)
{
	give("a", 0);
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_until_asked(&r);
	struct query_ref old = r.asked;
	rig_policy_gone(&r, "a");
	ck_assert_ptr_null(engine_policy_status(r.e, 0));
	ck_assert_int_eq(engine_next_tick_ms(r.e), INT64_MAX);
	give("b", 0);
	ck_assert_int_eq(engine_policy_count(r.e), 1);
	rig_target(&r, 3, "10");
	rig_pods(&r, 3);
	rig_until_asked(&r);
	ck_assert_int_eq(r.asked.slot, old.slot);
	r.asked = old;
	rig_value(&r, 4000);
	ck_assert_int_eq(r.did->count, 0);
	ck_assert_int_eq(status("b")->decisions, 0);
}
END_TEST

static const char *in_force(const char *kind, const char *target)
{
	const struct target_ref ref = {"shop", kind, target};
	const struct policy_status *s = engine_policy_in_force(r.e, &ref);
	return s ? s->name : "";
}

START_TEST(who_is_in_force_for_a_target_is_found)
{
	ck_assert_str_eq(in_force("Deployment", "checkout"), "");
	give("young", 30);
	ck_assert_str_eq(in_force("Deployment", "checkout"), "young");
	ck_assert_str_eq(in_force("StatefulSet.apps", "checkout"), "");
	ck_assert_str_eq(in_force("Deployment", "cart"), "");
	give("old", 10); /* behind it in the places, before it in force */
	ck_assert_str_eq(in_force("Deployment", "checkout"), "old");
	rig_policy_gone(&r, "old");
	ck_assert_str_eq(in_force("Deployment", "checkout"), "young");
	rig_policy_gone(&r, "young");
	ck_assert_str_eq(in_force("Deployment", "checkout"), "");
}
END_TEST

START_TEST(a_text_that_never_was_valid_is_in_force_for_nothing)
{
	give_invalid("a", "line 1: no");
	ck_assert_str_eq(in_force("Deployment", "checkout"), "");
	give("a", 0);
	give_invalid("a", "line 1: no");
	ck_assert_str_eq(in_force("Deployment", "checkout"), "a");
}
END_TEST

START_TEST(one_policy_too_many_is_turned_away_with_an_event)
{
	const char *names[] = {"a", "b", "c", "d"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		give(names[i], 0);
	give("e", 0);
	const struct action *a = rig_event(&r, "TooManyPolicies");
	ck_assert_ptr_nonnull(a);
	ck_assert_str_eq(a->status->name, "e");
	ck_assert_ptr_null(status("e"));
	rig_policy_gone(&r, "b");
	give("e", 0);
	ck_assert_ptr_nonnull(status("e"));
}
END_TEST

START_TEST(who_goes_unknown_goes_quietly)
{
	rig_policy_gone(&r, "nobody");
	ck_assert_int_eq(r.did->count, 0);
}
END_TEST

START_TEST(after_a_pause_the_present_size_is_what_was_wanted)
{
	rig_start(&r, REACTIVE, 6);
	rig_value(&r, 600);
	rig_policy(&r, "checkout", REACTIVE "pause: true\n");
	r.now_ms += MS_PER_H;
	rig_tick(&r);
	ck_assert_str_eq(rig_status(&r)->reason, "paused by the policy -> hold 6");
	ck_assert_int_eq(rig_status(&r)->desired, 6);
	ck_assert_int_eq(rig_condition(&r, PC_PAUSED), STATUS_TRUE);
	rig_policy(&r, "checkout", REACTIVE);
	rig_pods(&r, 6);
	rig_cycle(&r, 200);
	ck_assert_int_eq(rig_status(&r)->desired, 6);
	ck_assert_int_eq(rig_condition(&r, PC_PAUSED), STATUS_FALSE);
}
END_TEST

START_TEST(preparing_and_dropping_leaks_nothing)
{
	engine_prepared_free(engine_prepare(r.e, "shop", "a", rig_parse("a", FORECAST, 0),
					    NULL, NULL));
	engine_prepared_free(engine_prepare(r.e, "shop", "a", NULL, "no", NULL));
	engine_prepared_free(NULL);
	engine_free(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policies");
	TCase *t = tcase_create("policies");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_test(t, a_new_policy_is_published_at_once);
	tcase_add_test(t, a_refused_text_leaves_the_last_good_version_in_force);
	tcase_add_test(t, a_policy_that_never_was_valid_has_a_place_and_a_status);
	tcase_add_test(t, a_start_with_a_refused_text_takes_the_last_valid_one);
	tcase_add_test(t, two_events_of_one_step_keep_their_texts);
	tcase_add_test(t, the_oldest_policy_of_a_target_is_in_force_whatever_the_order);
	tcase_add_test(t, of_two_made_in_the_same_second_the_first_name_is_in_force);
	tcase_add_test(t, a_new_text_is_no_new_conflict);
	tcase_add_test(t, another_target_frees_the_old_one);
	tcase_add_test(t, who_waits_asks_and_writes_nothing);
	tcase_add_test(t,
		       a_place_is_used_again_and_old_answers_do_not_reach_the_new_tenant);
	tcase_add_test(t, who_is_in_force_for_a_target_is_found);
	tcase_add_test(t, a_text_that_never_was_valid_is_in_force_for_nothing);
	tcase_add_test(t, one_policy_too_many_is_turned_away_with_an_event);
	tcase_add_test(t, who_goes_unknown_goes_quietly);
	tcase_add_test(t, after_a_pause_the_present_size_is_what_was_wanted);
	tcase_add_test(t, preparing_and_dropping_leaks_nothing);
	suite_add_tcase(s, t);
	return run_suite(s);
}
