#include "unit/engine/rig.h"

static struct guard_state given[POLICY_GUARDS_MAX], read[POLICY_GUARDS_MAX];

static struct state_record some(void)
{
	given[0] = (struct guard_state){.key = 0xfedcba9876543210,
					.standing = GUARD_TRIPPED,
					.since_ms = MONDAY - 7,
					.known_ms = MONDAY - 3,
					.value = 0.25,
					.said = GUARD_SAID_TRIPPED};
	given[1] = (struct guard_state){.key = 1};
	return (struct state_record){
		.size = {.known = true,
			 .known_replicas = 12,
			 .meant = 13,
			 .manual_ms = MONDAY - 5,
			 .manual_from = 4,
			 .manual_to = 12},
		.holds = {.guards = given,
			  .guard_count = 2,
			  .rollout = {MONDAY - 90, MONDAY - 10, true},
			  .unavailable = {MONDAY - 80, MONDAY - 20, false},
			  .anomaly = {MONDAY - 70, MONDAY - 30, true},
			  .lost_ms = MONDAY - 2,
			  .gap_from_ms = MONDAY - 9,
			  .gap_until_ms = MONDAY + 9,
			  .breaker_until_ms = MONDAY + 8},
	};
}

static void read_back(const struct state_record *r, struct state_record *ret)
{
	cJSON *o = record_to_json(r);
	record_from_json(o, ret);
	cJSON_Delete(o);
}

START_TEST(what_was_written_is_read)
{
	struct state_record r = some(), back = {.holds = {.guards = read}};
	read_back(&r, &back);
	ck_assert_mem_eq(&back.size, &r.size, sizeof(r.size));
	ck_assert_int_eq(back.holds.guard_count, 2);
	ck_assert_uint_eq(back.holds.guards[0].key, r.holds.guards[0].key);
	ck_assert_int_eq(back.holds.guards[0].standing, GUARD_TRIPPED);
	ck_assert_int_eq(back.holds.guards[0].said, GUARD_SAID_TRIPPED);
	ck_assert_int_eq(back.holds.guards[0].since_ms, MONDAY - 7);
	ck_assert_int_eq(back.holds.guards[0].known_ms, MONDAY - 3);
	ck_assert_double_eq(back.holds.guards[0].value, 0.25);
	ck_assert_uint_eq(back.holds.guards[1].key, 1);
	ck_assert_int_eq(back.holds.rollout.since_ms, MONDAY - 90);
	ck_assert_int_eq(back.holds.rollout.seen_ms, MONDAY - 10);
	ck_assert(back.holds.rollout.over && !back.holds.unavailable.over);
	ck_assert_int_eq(back.holds.unavailable.since_ms, MONDAY - 80);
	ck_assert_int_eq(back.holds.anomaly.since_ms, MONDAY - 70);
	ck_assert_int_eq(back.holds.anomaly.seen_ms, MONDAY - 30);
	ck_assert(back.holds.anomaly.over);
	ck_assert_int_eq(back.holds.lost_ms, MONDAY - 2);
	ck_assert_int_eq(back.holds.gap_from_ms, MONDAY - 9);
	ck_assert_int_eq(back.holds.gap_until_ms, MONDAY + 9);
	ck_assert_int_eq(back.holds.breaker_until_ms, MONDAY + 8);
}
END_TEST

START_TEST(guards_are_read_where_there_is_room_for_them)
{
	struct state_record r = some(), back = {0};
	read_back(&r, &back);
	ck_assert_int_eq(back.holds.guard_count, 0);
	ck_assert_int_eq(back.holds.lost_ms, MONDAY - 2);
	record_copy(&back, &r);
	ck_assert_int_eq(back.holds.guard_count, 0);
	back.holds.guards = read;
	record_copy(&back, &r);
	ck_assert_int_eq(back.holds.guard_count, 2);
	ck_assert_mem_eq(read, given, 2 * sizeof(given[0]));
	record_clear(&back);
	ck_assert_int_eq(back.holds.guard_count, 0);
	ck_assert_ptr_eq(back.holds.guards, read);
}
END_TEST

START_TEST(nothing_is_read_from_nothing)
{
	struct state_record r = {0}, back = {0};
	read_back(&r, &back);
	ck_assert(!back.size.known);
	ck_assert_int_eq(back.holds.guard_count, 0);
	ck_assert_int_eq(back.holds.rollout.since_ms, 0);
	record_from_json(NULL, &back);
	ck_assert(!back.size.known);
}
END_TEST

START_TEST(damaged_record_does_no_harm)
{
	static const char text[] =
		"{\"size\":{\"known\":-5,\"meant\":1e300,\"manualMs\":-1},\"holds\":{"
		"\"guards\":[{\"key\":5,\"standing\":9,\"said\":-1,\"value\":\"x\"},"
		"{\"value\":1e999},2,3,4,5,6,7,8,9],\"rollout\":[],\"lostMs\":\"x\","
		"\"gapUntilMs\":1e300}}";
	struct state_record back = {.holds = {.guards = read}};
	cJSON *o = json_parse(text, strlen(text), NULL);
	ck_assert_ptr_nonnull(o);
	record_from_json(o, &back);
	cJSON_Delete(o);
	ck_assert_int_eq(back.size.known_replicas, 0);
	ck_assert_int_eq(back.size.meant, 0);
	ck_assert_int_eq(back.size.manual_ms, 0);
	ck_assert_int_eq(back.holds.guard_count, POLICY_GUARDS_MAX);
	ck_assert_int_eq(back.holds.guards[0].standing, GUARD_CLEAR);
	ck_assert_double_eq(back.holds.guards[1].value, 0);
	record_bound_holds(&back, MONDAY);
	ck_assert_int_eq(back.holds.gap_until_ms, MONDAY + GAP_HOLD_MS);
}
END_TEST

START_TEST(nothing_of_the_future_is_believed)
{
	struct state_record r = some();
	int64_t now_ms = MONDAY - MS_PER_H;
	record_bound_holds(&r, now_ms);
	ck_assert_int_eq(r.size.manual_ms, now_ms);
	ck_assert_int_eq(r.holds.guards[0].since_ms, now_ms);
	ck_assert_int_eq(r.holds.guards[0].known_ms, now_ms);
	ck_assert_int_eq(r.holds.rollout.since_ms, now_ms);
	ck_assert_int_eq(r.holds.rollout.seen_ms, now_ms);
	ck_assert_int_eq(r.holds.unavailable.since_ms, now_ms);
	ck_assert_int_eq(r.holds.anomaly.since_ms, now_ms);
	ck_assert_int_eq(r.holds.anomaly.seen_ms, now_ms);
	ck_assert_int_eq(r.holds.lost_ms, now_ms);
	ck_assert_int_eq(r.holds.gap_until_ms, now_ms + GAP_HOLD_MS);
	ck_assert_int_eq(r.holds.breaker_until_ms, now_ms + BREAKER_HOLD_MS);
	struct state_record same = some();
	record_bound_holds(&same, MONDAY);
	r = some();
	ck_assert_mem_eq(&same.size, &r.size, sizeof(r.size));
	ck_assert_int_eq(same.holds.breaker_until_ms, r.holds.breaker_until_ms);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("record_holds");
	TCase *t = tcase_create("record_holds");
	tcase_add_test(t, what_was_written_is_read);
	tcase_add_test(t, guards_are_read_where_there_is_room_for_them);
	tcase_add_test(t, nothing_is_read_from_nothing);
	tcase_add_test(t, damaged_record_does_no_harm);
	tcase_add_test(t, nothing_of_the_future_is_believed);
	suite_add_tcase(s, t);
	return run_suite(s);
}
