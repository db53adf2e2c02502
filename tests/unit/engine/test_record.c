#include "unit/engine/rig.h"

static struct state_record full_record(void)
{
	struct state_record r = {0};
	snprintf(r.target_uid, sizeof(r.target_uid), "uid-1");
	r.memory.seeded = true;
	r.memory.scaled_to_zero = true;
	r.memory.last_scale_ms = MONDAY - 7;
	r.memory.log_count = 2;
	r.memory.log[0] = (struct recommendation){MONDAY - 20000, 7};
	r.memory.log[1] = (struct recommendation){MONDAY - 5000, 3};
	r.memory.up.count = 2;
	r.memory.up.items[0] = (struct scale_event){MONDAY - 9000, 4, false};
	r.memory.up.items[1] = (struct scale_event){MONDAY - 99000, 9, true};
	r.memory.down.count = 1;
	r.memory.down.items[0] = (struct scale_event){MONDAY - 1000, 2, false};
	r.pending = (struct pending_write){MONDAY - 1000, 9, 7};
	r.lead.count = 2;
	r.lead.ms[0] = 1500;
	r.lead.ms[1] = -2500;
	r.lead.newest_ms = MONDAY - 3;
	r.lead.newest_count = 2;
	r.window_min = 5;
	r.shadow_lead_ms = 123456;
	r.objective = (struct objective){
		.share = 0.998, .level = 4.1234567890123456, .moved_ms = MONDAY - 60000};
	return r;
}

static struct state_record round_trip(const struct state_record *r)
{
	struct state_record back = {0};
	cJSON *o AUTO(json_cleanup) = record_to_json(r);
	char *text AUTO_FREE = json_text(o);
	cJSON *parsed AUTO(json_cleanup) = json_parse(text, strlen(text), NULL);
	record_from_json(parsed, &back);
	return back;
}

START_TEST(what_was_written_is_read_back)
{
	struct state_record r = full_record(), back = round_trip(&r);
	/* What is outdated is not written. */
	r.memory.up.count = 1;
	ck_assert_str_eq(back.target_uid, "uid-1");
	ck_assert(back.memory.seeded && back.memory.scaled_to_zero);
	ck_assert_int_eq(back.memory.last_scale_ms, MONDAY - 7);
	ck_assert_int_eq(back.window_min, 5);
	ck_assert_int_eq(back.shadow_lead_ms, 123456);
	ck_assert(back.objective.share == r.objective.share);
	ck_assert(back.objective.level == r.objective.level);
	ck_assert_int_eq(back.objective.moved_ms, r.objective.moved_ms);
	ck_assert_int_eq(back.memory.log_count, 2);
	ck_assert_int_eq(back.memory.log[0].at_ms, MONDAY - 20000);
	ck_assert_int_eq(back.memory.log[0].replicas, 7);
	ck_assert_int_eq(back.memory.log[1].replicas, 3);
	ck_assert_int_eq(back.memory.up.count, 1);
	ck_assert_int_eq(back.memory.up.items[0].change, 4);
	ck_assert_int_eq(back.memory.down.count, 1);
	ck_assert_int_eq(back.memory.down.items[0].at_ms, MONDAY - 1000);
	ck_assert_int_eq(back.pending.at_ms, MONDAY - 1000);
	ck_assert_int_eq(back.pending.from, 9);
	ck_assert_int_eq(back.pending.to, 7);
	ck_assert_int_eq(back.lead.count, 2);
	ck_assert_int_eq(back.lead.newest_ms, MONDAY - 3);
	ck_assert_int_eq(back.lead.newest_count, 2);
	ck_assert_int_eq(back.lead.ms[0], 1500);
	ck_assert_int_eq(back.lead.ms[1], -2500);
}
END_TEST

START_TEST(write_that_never_came_is_taken_back)
{
	struct state_record r = full_record();
	r.memory.down.items[r.memory.down.count++] =
		(struct scale_event){MONDAY - 60000, 3, false};
	record_take_back(&r);
	ck_assert_int_eq(r.memory.down.count, 1);
	ck_assert_int_eq(r.memory.down.items[0].change, 3);
	ck_assert(r.memory.scaled_to_zero);
	r.pending.to = 0;
	record_take_back(&r);
	ck_assert(!r.memory.scaled_to_zero);
}
END_TEST

/* It can only be a scale-down. */
START_TEST(pending_write_that_makes_no_sense_is_none)
{
	struct state_record r = full_record();
	r.pending.to = 9;
	ck_assert_int_eq(round_trip(&r).pending.at_ms, 0);
	r.pending.to = -1;
	ck_assert_int_eq(round_trip(&r).pending.at_ms, 0);
	r.pending = (struct pending_write){0};
	ck_assert_int_eq(round_trip(&r).pending.at_ms, 0);
}
END_TEST

START_TEST(a_full_record_stays_small)
{
	struct state_record r = full_record();
	for (int i = 0; i < RECOMMENDATIONS_MAX; i++)
		r.memory.log[i] = (struct recommendation){MONDAY + i, INT32_MAX};
	for (int i = 0; i < SCALE_EVENTS_MAX; i++)
		r.memory.up.items[i] = r.memory.down.items[i] =
			(struct scale_event){MONDAY + i, INT32_MAX, false};
	r.memory.log_count = RECOMMENDATIONS_MAX;
	r.memory.up.count = r.memory.down.count = SCALE_EVENTS_MAX;
	cJSON *o AUTO(json_cleanup) = record_to_json(&r);
	char *text AUTO_FREE = json_text(o);
	ck_assert_uint_lt(strlen(text), 16384);
	struct state_record back = round_trip(&r);
	ck_assert_int_eq(back.memory.log_count, RECOMMENDATIONS_MAX);
	ck_assert_int_eq(back.memory.down.count, SCALE_EVENTS_MAX);
}
END_TEST

/* Damaged records, with what is left of each: recommendations, events up, lead times. */
static const struct {
	const char *json;
	int log, up, lead;
} damaged[] = {
	{"{}", 0, 0, 0},
	{"[]", 0, 0, 0},
	{"7", 0, 0, 0},
	{"{\"recommendations\":7,\"scaledUp\":\"x\",\"leadTimesMs\":{}}", 0, 0, 0},
	{"{\"recommendations\":[[1,2],[3],[],7,null,[\"a\",\"b\"],[4,-1],[5,1e99]]}", 1,
	 0, 0},
	{"{\"recommendations\":[[1e300,2],[-1e300,2]],\"scaledUp\":[[1,2147483648]]}", 0,
	 0, 0},
	{"{\"scaledUp\":[[1,2],[3,4,5]],\"leadTimesMs\":[1,-1,\"2\",1e10,3]}", 0, 2, 3},
	{"{\"targetUid\":[1],\"seeded\":\"yes\",\"lastScaleMs\":\"now\"}", 0, 0, 0},
};

START_TEST(a_damaged_record_keeps_what_is_sound)
{
	struct state_record r = {0};
	cJSON *o AUTO(json_cleanup) =
		json_parse(damaged[_i].json, strlen(damaged[_i].json), NULL);
	ck_assert_ptr_nonnull(o);
	record_from_json(o, &r);
	ck_assert_int_eq(r.memory.log_count, damaged[_i].log);
	ck_assert_int_eq(r.memory.up.count, damaged[_i].up);
	ck_assert_int_eq(r.lead.count, damaged[_i].lead);
	ck_assert(!r.memory.seeded);
	ck_assert_str_eq(r.target_uid, "");
}
END_TEST

START_TEST(nothing_at_all_is_an_empty_record)
{
	struct state_record r = full_record();
	record_from_json(NULL, &r);
	ck_assert_int_eq(r.memory.log_count, 0);
	ck_assert_int_eq(r.lead.count, 0);
	ck_assert_str_eq(r.target_uid, "");
}
END_TEST

START_TEST(a_count_that_cannot_go_on_is_none)
{
	static const double counts[] = {-1, 2147483647, 1e300};
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct state_record r = {0};
		cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
		cJSON_AddNumberToObject(o, "leadNewestCount", counts[i]);
		record_from_json(o, &r);
		ck_assert_int_eq(r.lead.newest_count, 0);
	}
}
END_TEST

START_TEST(more_entries_than_there_is_room_for_are_cut)
{
	struct state_record r = {0};
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(o, "leadTimesMs");
	for (int i = 0; i < 3 * LEAD_SAMPLES_MAX; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber(i));
	list = cJSON_AddArrayToObject(o, "recommendations");
	for (int i = 0; i < 3 * RECOMMENDATIONS_MAX; i++) {
		double pair[] = {i, i};
		cJSON_AddItemToArray(list, cJSON_CreateDoubleArray(pair, 2));
	}
	record_from_json(o, &r);
	ck_assert_int_eq(r.lead.count, LEAD_SAMPLES_MAX);
	ck_assert_int_eq(r.memory.log_count, RECOMMENDATIONS_MAX);
}
END_TEST

START_TEST(the_newest_recommendation_holds_over_the_time_nobody_was_there)
{
	struct state_record r = full_record();
	record_resume(&r, MONDAY + 30 * MS_PER_S);
	ck_assert_int_eq(r.memory.log_count, 3);
	ck_assert_int_eq(r.memory.log[2].at_ms, MONDAY + 30 * MS_PER_S);
	ck_assert_int_eq(r.memory.log[2].replicas, 3);
	ck_assert(r.memory.seeded);
}
END_TEST

START_TEST(an_old_record_begins_with_the_present_size)
{
	struct state_record r = full_record();
	record_resume(&r, MONDAY + MS_PER_H / 2);
	ck_assert(!r.memory.seeded);
	for (int i = 0; i < r.memory.log_count; i++)
		ck_assert_int_lt(r.memory.log[i].at_ms, MONDAY);
}
END_TEST

START_TEST(a_shadow_that_cannot_be_is_none)
{
	static const struct {
		int32_t window_min;
		int64_t lead_ms;
	} cases[] = {{0, 1000}, {-5, 1000}, {121, 1000}, {5, 0}, {5, 7200001}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct state_record r = {.window_min = cases[i].window_min,
					 .shadow_lead_ms = cases[i].lead_ms};
		struct state_record back = round_trip(&r);
		ck_assert_int_eq(back.window_min, 0);
		ck_assert_int_eq(back.shadow_lead_ms, 0);
	}
}
END_TEST

START_TEST(an_objective_that_cannot_be_is_none)
{
	static const struct objective cases[] = {
		{.share = -1, .level = 3},      {.share = 1, .level = 3},
		{.share = 0.99, .level = -0.1}, {.share = 0.99, .level = LEVELS_COUNT},
		{.share = 0.99, .level = NAN},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct state_record r = {.objective = cases[i]}, back = round_trip(&r);
		ck_near(back.objective.share, 0, 0);
		ck_near(back.objective.level, 0, 0);
	}
}
END_TEST

START_TEST(an_objective_was_not_moved_by_times_to_come)
{
	struct state_record r = full_record();
	r.objective.moved_ms = MONDAY + 1;
	record_resume(&r, MONDAY);
	ck_assert_int_eq(r.objective.moved_ms, MONDAY);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("record");
	tcase_add_test(t, what_was_written_is_read_back);
	tcase_add_test(t, a_shadow_that_cannot_be_is_none);
	tcase_add_test(t, an_objective_that_cannot_be_is_none);
	tcase_add_test(t, an_objective_was_not_moved_by_times_to_come);
	tcase_add_test(t, write_that_never_came_is_taken_back);
	tcase_add_test(t, pending_write_that_makes_no_sense_is_none);
	tcase_add_test(t, a_full_record_stays_small);
	tcase_add_loop_test(t, a_damaged_record_keeps_what_is_sound, 0,
			    ARRAY_LEN(damaged));
	tcase_add_test(t, nothing_at_all_is_an_empty_record);
	tcase_add_test(t, a_count_that_cannot_go_on_is_none);
	tcase_add_test(t, more_entries_than_there_is_room_for_are_cut);
	tcase_add_test(t, the_newest_recommendation_holds_over_the_time_nobody_was_there);
	tcase_add_test(t, an_old_record_begins_with_the_present_size);
	suite_add_tcase(s, t);
	return run_suite(s);
}
