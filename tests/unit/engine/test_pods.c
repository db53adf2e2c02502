#include "unit/engine/rig.h"

static struct rig r;

static void open_small(void)
{
	struct engine_config c;
	engine_config_default(&c);
	c.pods_max = 4;
	rig_open(&r, &c);
	rig_policy(&r, "checkout", HEAD("checkout") "metrics:\n" CPU NO_FORECAST);
	rig_target(&r, 2, "10");
}

static void close_rig(void)
{
	rig_close(&r);
}

static bool knows(const char *name)
{
	return pods_find(rig_slot(&r), hash_text(name)) != NULL;
}

static struct pod_info pod_at(enum pod_phase phase, enum pod_ready ready,
			      int64_t created_ms, int64_t ready_since_ms)
{
	return (struct pod_info){.phase = phase,
				 .ready = ready,
				 .created_ms = created_ms,
				 .start_ms = created_ms,
				 .ready_since_ms = ready_since_ms};
}

static void give_pod(const char *name, enum pod_phase phase, enum pod_ready ready,
		     int64_t created_ms, int64_t ready_since_ms)
{
	struct pod_info info = pod_at(phase, ready, created_ms, ready_since_ms);
	rig_pod(&r, name, &info);
}

START_TEST(a_list_takes_away_what_it_does_not_name)
{
	rig_pods(&r, 3);
	ck_assert_int_eq(rig_slot(&r)->pod_count, 3);
	rig_pods_mark(&r, EVENT_PODS_RESET, "checkout");
	rig_pod(&r, "p1", NULL);
	rig_pod(&r, "q", NULL);
	ck_assert(knows("p0")); /* until the list has ended */
	rig_pods_mark(&r, EVENT_PODS_SYNCED, "checkout");
	ck_assert(!knows("p0") && knows("p1") && !knows("p2") && knows("q"));
}
END_TEST

START_TEST(a_sync_without_a_reset_takes_nothing_away)
{
	rig_pod(&r, "a", NULL);
	rig_pods_mark(&r, EVENT_PODS_SYNCED, "checkout");
	rig_pods_mark(&r, EVENT_PODS_SYNCED, "checkout");
	ck_assert(knows("a"));
}
END_TEST

START_TEST(pods_of_another_target_are_not_ours)
{
	struct pod_info info = {.name = "x"};
	struct event event = {.type = EVENT_POD};
	event.u.pod.ref = (struct target_ref){"shop", "StatefulSet", "checkout"};
	event.u.pod.info = &info;
	rig_step(&r, &event);
	event.u.pod.ref = (struct target_ref){"other", "Deployment", "checkout"};
	rig_step(&r, &event);
	ck_assert_int_eq(rig_slot(&r)->pod_count, 0);
}
END_TEST

START_TEST(pods_beyond_the_room_are_counted_once_each)
{
	rig_pods(&r, 6);
	rig_pod(&r, "p5", NULL);
	ck_assert_int_eq(rig_slot(&r)->pod_count, 4);
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 2);
	rig_pod_gone(&r, "p4");
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 1);
	/* Room again: the next news of it puts it in its place. */
	rig_pod_gone(&r, "p0");
	rig_pod(&r, "p5", NULL);
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 0);
	ck_assert(knows("p5"));
}
END_TEST

START_TEST(even_the_count_of_lost_pods_has_a_bound)
{
	rig_pods(&r, 4 + 4 + 3);
	ck_assert_int_eq(rig_slot(&r)->lost_count, 4);
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 5);
	rig_pods(&r, 2);
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 0);
}
END_TEST

START_TEST(failed_pods_make_room)
{
	rig_pods(&r, 3);
	give_pod("evicted", POD_FAILED, READY_FALSE, MONDAY, MONDAY);
	rig_pod(&r, "new", NULL);
	ck_assert(knows("new") && !knows("evicted"));
	give_pod("evicted-2", POD_FAILED, READY_FALSE, MONDAY, MONDAY);
	ck_assert(!knows("evicted-2"));
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 0);
}
END_TEST

START_TEST(too_many_pods_hold_a_policy_that_looks_at_them)
{
	rig_pods(&r, 5);
	rig_until_asked(&r);
	struct value_row rows[] = {{.pod = "p0", .value = 5, .time_ms = r.now_ms}};
	rig_rows(&r, rows, 1);
	ck_assert_ptr_null(rig_find(&r, ACTION_SCALE));
	ck_assert_int_eq(rig_condition(&r, PC_SCALING_ACTIVE), STATUS_FALSE);
	ck_assert_ptr_nonnull(strstr(rig_status(&r)->reason, "1 more pods match"));
}
END_TEST

START_TEST(too_many_pods_do_not_hold_a_policy_that_does_not_look_at_them)
{
	rig_policy(&r, "checkout", REACTIVE);
	rig_target(&r, 2, "10");
	rig_pods(&r, 5);
	rig_cycle(&r, 300);
	ck_assert_ptr_nonnull(rig_find(&r, ACTION_SCALE));
}
END_TEST

START_TEST(the_first_time_ready_is_a_lead_time)
{
	rig_pods(&r, 0);
	give_pod("a", POD_PENDING, READY_FALSE, MONDAY, MONDAY);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 0);
	give_pod("a", POD_RUNNING, READY_TRUE, MONDAY, MONDAY + 40000);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 1);
	ck_assert_int_eq(rig_slot(&r)->record.lead.ms[0], 40000);
	ck_assert_int_eq(rig_status(&r)->lead_samples, 1);
	/* It falls ill and recovers: no start. */
	give_pod("a", POD_RUNNING, READY_FALSE, MONDAY, MONDAY + 90000);
	give_pod("a", POD_RUNNING, READY_TRUE, MONDAY, MONDAY + 95000);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 1);
}
END_TEST

START_TEST(a_pod_that_was_ill_when_the_watch_began_is_no_start)
{
	rig_pods_mark(&r, EVENT_PODS_RESET, "checkout");
	give_pod("a", POD_RUNNING, READY_FALSE, MONDAY - MS_PER_H / 2, MONDAY - 5000);
	rig_pods_mark(&r, EVENT_PODS_SYNCED, "checkout");
	give_pod("a", POD_RUNNING, READY_TRUE, MONDAY - MS_PER_H / 2, MONDAY);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 0);
}
END_TEST

START_TEST(pods_of_the_first_list_count_when_nothing_better_is_known)
{
	rig_pods(&r, 3);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 3);
	ck_assert_int_eq(rig_slot(&r)->record.lead.ms[0], 30000);
	/* Listed again: seen before. */
	rig_pods(&r, 3);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 3);
}
END_TEST

/* A restarted process finds three pods, Ready half a minute after MONDAY - 1 h, and a
 * record whose newest sample stands `later` ms after that moment. */
static int32_t samples_after_restart(int64_t later, int32_t newest_count)
{
	struct state_record record = {.lead = {.count = 1, .ms = {7000}}};
	record.lead.newest_ms = r.now_ms - MS_PER_H + 30 * MS_PER_S + later;
	record.lead.newest_count = newest_count;
	rig_policy_gone(&r, "checkout");
	rig_set(&r, engine_prepare(r.e, "shop", "checkout",
				   rig_parse("checkout", REACTIVE, 0), NULL, &record));
	rig_pods(&r, 3);
	return rig_slot(&r)->record.lead.count;
}

START_TEST(pods_that_the_record_knows_do_not_count_again)
{
	ck_assert_int_eq(samples_after_restart(1000, 1), 1);
}
END_TEST

START_TEST(pods_that_became_ready_after_the_record_count)
{
	ck_assert_int_eq(samples_after_restart(-1000, 1), 4);
}
END_TEST

START_TEST(of_pods_ready_in_the_records_last_moment_the_uncounted_count)
{
	ck_assert_int_eq(samples_after_restart(0, 2), 2);
}
END_TEST

START_TEST(pods_without_times_give_no_lead_time)
{
	rig_pods(&r, 0);
	give_pod("a", POD_RUNNING, READY_TRUE, POD_TIME_NONE, MONDAY);
	give_pod("b", POD_RUNNING, READY_TRUE, MONDAY, POD_TIME_NONE);
	ck_assert_int_eq(rig_slot(&r)->record.lead.count, 0);
}
END_TEST

/* Whatever came and went: each is found in its place, and nobody else. */
START_TEST(every_pod_is_found_by_its_name_and_no_other)
{
	bool there[120] = {0};
	struct rng rng;
	char name[32];
	rng_init(&rng, 9);
	rig_close(&r);
	rig_open(&r, NULL);
	rig_policy(&r, "checkout", HEAD("checkout") "metrics:\n" CPU NO_FORECAST);
	rig_target(&r, 2, "10");
	rig_pods(&r, 0);
	for (int step = 0; step < 200; step++) {
		int k = (int)(rng_next(&rng) % 60);
		snprintf(name, sizeof(name), "indexed-%d", k);
		bool goes = there[k] && rng_next(&rng) % 2;
		if (goes)
			rig_pod_gone(&r, name);
		else
			rig_pod(&r, name, NULL);
		there[k] = !goes;
		int32_t count = 0;
		for (int n = 0; n < 120; n++) {
			snprintf(name, sizeof(name), "indexed-%d", n);
			const struct pod *p = pods_find(rig_slot(&r), hash_text(name));
			ck_assert(!p || p->key == hash_text(name));
			ck_assert(n < 60 || !p);
			ck_assert_int_eq(p != NULL, there[n]);
			count += p != NULL;
		}
		ck_assert_int_eq(count, rig_slot(&r)->pod_count);
	}
}
END_TEST

/* --- memory that grows --- */

static void open_growing(void)
{
	struct engine_config c;
	engine_config_default(&c);
	c.pods_max = 7;
	c.pods_start = 2;
	rig_open(&r, &c);
	rig_policy(&r, "checkout", HEAD("checkout") "metrics:\n" CPU NO_FORECAST);
	rig_target(&r, 2, "10");
}

static void make_room(const char *target)
{
	const struct target_ref ref = {"shop", "Deployment", target};
	engine_make_room(r.e, &ref);
}

START_TEST(memory_for_pods_grows_up_to_what_a_policy_may_have)
{
	static const int32_t rooms[] = {2, 2, 4, 4, 7, 7, 7, 7, 7};
	char name[16];
	for (int32_t i = 0; i < (int32_t)ARRAY_LEN(rooms); i++) {
		make_room("checkout");
		ck_assert_int_eq(rig_slot(&r)->pods_room, rooms[i]);
		snprintf(name, sizeof(name), "p%d", i);
		rig_pod(&r, name, NULL);
		ck_assert_int_eq(rig_slot(&r)->pod_count, i < 7 ? i + 1 : 7);
	}
	for (int32_t i = 0; i < 7; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		ck_assert(knows(name));
	}
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 2);
}
END_TEST

START_TEST(room_is_made_for_the_named_target_alone)
{
	rig_pod(&r, "a", NULL);
	rig_pod(&r, "b", NULL);
	make_room("basket");
	ck_assert_int_eq(rig_slot(&r)->pods_room, 2);
	make_room("checkout");
	ck_assert_int_eq(rig_slot(&r)->pods_room, 4);
}
END_TEST

START_TEST(without_room_a_pod_is_lost_until_the_next_list)
{
	rig_pods(&r, 3);
	ck_assert_int_eq(rig_slot(&r)->pod_count, 2);
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 1);
	make_room("checkout");
	rig_pods(&r, 3);
	ck_assert_int_eq(rig_slot(&r)->pod_count, 3);
	ck_assert_int_eq(pods_lost(rig_slot(&r)), 0);
}
END_TEST

START_TEST(values_at_hand_move_with_the_memory)
{
	rig_pods(&r, 2);
	rig_until_asked(&r);
	struct value_row rows[] = {{.pod = "p0", .value = 0.5, .time_ms = r.now_ms},
				   {.pod = "p1", .value = 0.7, .time_ms = r.now_ms}};
	rig_rows(&r, rows, ARRAY_LEN(rows));
	make_room("checkout");
	const struct metric_values *v = &rig_slot(&r)->metrics[0].values;
	ck_assert_ptr_eq(v->pods, rig_slot(&r)->metrics[0].pod_values);
	ck_assert_int_eq(v->count, 2);
	const struct pod_value *p1 = pod_values_find(v, hash_text("p1"));
	ck_assert_ptr_nonnull(p1);
	ck_assert_int_eq(p1->value_m, 700);
}
END_TEST

START_TEST(a_new_version_has_the_room_of_the_old_one)
{
	for (int32_t i = 0; i < 5; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		make_room("checkout");
		rig_pod(&r, name, NULL);
	}
	rig_policy(&r, "checkout",
		   HEAD("checkout") "metrics:\n" CPU NO_FORECAST "pause: false\n");
	ck_assert_int_eq(rig_slot(&r)->pods_room, 7);
	ck_assert_int_eq(rig_slot(&r)->pod_count, 5);
	ck_assert(knows("p4"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pods");
	TCase *t = tcase_create("pods");
	tcase_add_checked_fixture(t, open_small, close_rig);
	tcase_add_test(t, a_list_takes_away_what_it_does_not_name);
	tcase_add_test(t, every_pod_is_found_by_its_name_and_no_other);
	tcase_add_test(t, a_sync_without_a_reset_takes_nothing_away);
	tcase_add_test(t, pods_of_another_target_are_not_ours);
	tcase_add_test(t, pods_beyond_the_room_are_counted_once_each);
	tcase_add_test(t, even_the_count_of_lost_pods_has_a_bound);
	tcase_add_test(t, failed_pods_make_room);
	tcase_add_test(t, too_many_pods_hold_a_policy_that_looks_at_them);
	tcase_add_test(t, too_many_pods_do_not_hold_a_policy_that_does_not_look_at_them);
	tcase_add_test(t, the_first_time_ready_is_a_lead_time);
	tcase_add_test(t, a_pod_that_was_ill_when_the_watch_began_is_no_start);
	tcase_add_test(t, pods_of_the_first_list_count_when_nothing_better_is_known);
	tcase_add_test(t, pods_that_the_record_knows_do_not_count_again);
	tcase_add_test(t, pods_that_became_ready_after_the_record_count);
	tcase_add_test(t, of_pods_ready_in_the_records_last_moment_the_uncounted_count);
	tcase_add_test(t, pods_without_times_give_no_lead_time);
	suite_add_tcase(s, t);
	TCase *g = tcase_create("room");
	tcase_add_checked_fixture(g, open_growing, close_rig);
	tcase_add_test(g, memory_for_pods_grows_up_to_what_a_policy_may_have);
	tcase_add_test(g, room_is_made_for_the_named_target_alone);
	tcase_add_test(g, without_room_a_pod_is_lost_until_the_next_list);
	tcase_add_test(g, values_at_hand_move_with_the_memory);
	tcase_add_test(g, a_new_version_has_the_room_of_the_old_one);
	suite_add_tcase(s, g);
	return run_suite(s);
}
