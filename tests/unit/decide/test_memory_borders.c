/* The borders of what is remembered: which moment is still inside, and how full lists are
 * put in order before they are merged. */
#include "unit/decide/rig.h"

#define HOUR_MS (3600 * MS_PER_S)
#define HALF_MS (1800 * MS_PER_S)

/* A full log: the older the larger, so that nothing in it can be forgotten for being
 * smaller; in an order that has nothing to do with time, as slots are used again. */
static void fill(struct decide_memory *m, int64_t step_ms)
{
	*m = (struct decide_memory){.seeded = true, .log_count = RECOMMENDATIONS_MAX};
	for (int32_t i = 0; i < RECOMMENDATIONS_MAX; i++) {
		int32_t age = (i * 37 + 11) % RECOMMENDATIONS_MAX;
		m->log[i] =
			(struct recommendation){RIG_NOW_MS - age * step_ms, 100 + age};
	}
}

static int32_t largest_since(const struct decide_memory *m, int64_t since_ms)
{
	int32_t largest = 0;
	for (int32_t i = 0; i < m->log_count; i++)
		if (m->log[i].at_ms >= since_ms && m->log[i].replicas > largest)
			largest = m->log[i].replicas;
	return largest;
}

START_TEST(full_log_is_put_in_order_and_merged_by_minutes)
{
	static struct decide_memory m;
	fill(&m, 20 * MS_PER_S);
	decide_memory_remember(&m, -1, 7, RIG_NOW_MS);
	/* 127 steps of 20 s: 43 or 44 minutes, and the new one. */
	ck_assert_int_ge(m.log_count, 44);
	ck_assert_int_le(m.log_count, 45);
	ck_assert_int_eq(m.log[m.log_count - 1].replicas, 7);
	ck_assert_int_eq(m.log[0].replicas, 100 + RECOMMENDATIONS_MAX - 1);
	for (int32_t i = 1; i < m.log_count - 1; i++) {
		ck_assert_int_gt(m.log[i].at_ms, m.log[i - 1].at_ms);
		ck_assert_int_lt(m.log[i].replicas, m.log[i - 1].replicas);
	}
	/* Held as high as before in any window, and no longer than a minute more. */
	for (int32_t age = 0; age < RECOMMENDATIONS_MAX; age++) {
		int64_t since_ms = RIG_NOW_MS - age * 20 * MS_PER_S;
		ck_assert_int_ge(largest_since(&m, since_ms), 100 + age);
		ck_assert_int_le(largest_since(&m, since_ms), 100 + age + 3);
	}
}
END_TEST

START_TEST(minutes_are_merged_from_the_first_to_the_last)
{
	static struct decide_memory m;
	/* The two oldest and the two newest are a minute each; the rest are too old. */
	fill(&m, 2 * HOUR_MS);
	for (int32_t i = 0; i < RECOMMENDATIONS_MAX; i++)
		m.log[i] = (struct recommendation){m.log[i].at_ms - 2 * HOUR_MS,
						   m.log[i].replicas + 10000};
	int64_t minute_ms = RIG_NOW_MS - RIG_NOW_MS % MS_PER_MIN;
	m.log[0] = (struct recommendation){minute_ms - 30 * MS_PER_MIN + 5000, 900};
	m.log[1] = (struct recommendation){minute_ms - 30 * MS_PER_MIN, 901};
	m.log[126] = (struct recommendation){minute_ms - 9000, 300};
	m.log[127] = (struct recommendation){minute_ms - 10000, 301};
	decide_memory_remember(&m, -1, 7, RIG_NOW_MS);
	ck_assert_int_eq(largest_since(&m, RIG_NOW_MS - HOUR_MS), 901);
	ck_assert_int_eq(largest_since(&m, minute_ms - 9000), 301);
	ck_assert_int_eq(m.log_count, 3);
}
END_TEST

START_TEST(room_is_made_only_where_a_new_place_is_needed)
{
	static struct decide_memory m;
	fill(&m, 20 * MS_PER_S);
	decide_memory_remember(&m, 0, 7, RIG_NOW_MS);
	ck_assert_int_eq(m.log_count, RECOMMENDATIONS_MAX);
	ck_assert_int_eq(m.log[0].replicas, 7);
	fill(&m, 20 * MS_PER_S);
	decide_memory_remember(&m, RECOMMENDATIONS_MAX - 1, 7, RIG_NOW_MS);
	ck_assert_int_eq(m.log_count, RECOMMENDATIONS_MAX);
}
END_TEST

/* Entries that only a scale-up could still choose go before any minute is merged. */
START_TEST(smallest_ones_are_forgotten_first)
{
	static struct decide_memory m;
	m = (struct decide_memory){.seeded = true, .log_count = RECOMMENDATIONS_MAX};
	/* The younger the larger: every one may be the smallest, the last the largest. */
	for (int32_t i = 0; i < RECOMMENDATIONS_MAX; i++)
		m.log[i] = (struct recommendation){
			RIG_NOW_MS - (RECOMMENDATIONS_MAX - i) * 20 * MS_PER_S, 100 + i};
	decide_memory_remember(&m, -1, 7, RIG_NOW_MS);
	ck_assert_int_eq(m.log_count, 2);
	ck_assert_int_eq(m.log[0].replicas, 100 + RECOMMENDATIONS_MAX - 1);
}
END_TEST

static int32_t exported(int64_t log_age_ms, int64_t event_age_ms, int32_t *ret_events)
{
	static struct decide_memory m, record;
	m = (struct decide_memory){.seeded = true, .log_count = 1};
	m.log[0] = (struct recommendation){RIG_NOW_MS - log_age_ms, 5};
	m.up.count = 1;
	m.up.items[0] = (struct scale_event){RIG_NOW_MS - event_age_ms, 2, false};
	m.down = m.up;
	decide_memory_export(&m, RIG_NOW_MS, &record);
	*ret_events = record.up.count + record.down.count;
	return record.log_count;
}

START_TEST(record_ends_where_the_longest_window_and_period_do)
{
	int32_t events;
	ck_assert_int_eq(exported(HOUR_MS, HALF_MS, &events), 1);
	ck_assert_int_eq(events, 2);
	ck_assert_int_eq(exported(HOUR_MS + 1, HALF_MS + 1, &events), 0);
	ck_assert_int_eq(events, 0);
	ck_assert_int_eq(exported(-MS_PER_MIN, -MS_PER_MIN, &events), 1);
	ck_assert_int_eq(events, 2);
	ck_assert_int_eq(exported(-MS_PER_MIN - 1, -MS_PER_MIN - 1, &events), 0);
	ck_assert_int_eq(events, 0);
}
END_TEST

START_TEST(gap_of_five_minutes_is_none_yet)
{
	static struct decide_memory m, copy;
	m = (struct decide_memory){.seeded = true, .log_count = 1};
	m.log[0] = (struct recommendation){RIG_NOW_MS, 5};
	decide_memory_import(&copy, &m, RIG_NOW_MS + 300000);
	ck_assert(copy.seeded);
	decide_memory_import(&copy, &m, RIG_NOW_MS + 300001);
	ck_assert(!copy.seeded);
	/* Nor is the time of the last write lost to clocks that differ by a minute. */
	m.last_scale_ms = RIG_NOW_MS + MS_PER_MIN;
	decide_memory_import(&copy, &m, RIG_NOW_MS);
	ck_assert_int_eq(copy.last_scale_ms, RIG_NOW_MS + MS_PER_MIN);
	m.last_scale_ms++;
	decide_memory_import(&copy, &m, RIG_NOW_MS);
	ck_assert_int_eq(copy.last_scale_ms, 0);
}
END_TEST

/* Slots are used again: the newest may stand first. */
START_TEST(newest_entry_supersedes_wherever_it_stands)
{
	static struct decide_memory m, record;
	m = (struct decide_memory){.seeded = true, .log_count = 3};
	m.log[0] = (struct recommendation){RIG_NOW_MS, 9};
	m.log[1] = (struct recommendation){RIG_NOW_MS - 100, 5};
	m.log[2] = (struct recommendation){RIG_NOW_MS - 50, 3};
	decide_memory_export(&m, RIG_NOW_MS, &record);
	ck_assert_int_eq(record.log_count, 2);
	ck_assert_int_eq(record.log[0].replicas, 9);
	ck_assert_int_eq(record.log[1].replicas, 3);
}
END_TEST

static void fill_events(struct scale_events *e, int64_t newest_ms, int64_t step_ms)
{
	e->count = SCALE_EVENTS_MAX;
	for (int32_t i = 0; i < SCALE_EVENTS_MAX; i++) {
		int32_t age = (i * 27 + 5) % SCALE_EVENTS_MAX;
		e->items[i] = (struct scale_event){newest_ms - age * step_ms, 1, false};
	}
}

START_TEST(full_list_of_events_is_put_in_order_and_merged_by_minutes)
{
	struct scale_events e;
	/* 63 steps of 20 s: 21 or 22 minutes, and the new one. */
	fill_events(&e, RIG_NOW_MS, 20 * MS_PER_S);
	scale_events_add(&e, 5, RIG_NOW_MS + 1, HALF_MS);
	ck_assert_int_ge(e.count, 22);
	ck_assert_int_le(e.count, 23);
	for (int32_t i = 1; i < e.count; i++)
		ck_assert_int_gt(e.items[i].at_ms, e.items[i - 1].at_ms);
	ck_assert_int_eq(scale_events_sum(&e, RIG_NOW_MS + 1, HALF_MS),
			 SCALE_EVENTS_MAX + 5);
}
END_TEST

START_TEST(events_are_kept_to_the_end_of_the_longest_period)
{
	struct scale_events e;
	/* All of one minute but two, of which one is just inside. */
	fill_events(&e, RIG_NOW_MS, 1);
	e.items[10] = (struct scale_event){RIG_NOW_MS - HALF_MS, 10, false};
	e.items[11] = (struct scale_event){RIG_NOW_MS - HALF_MS + 1, 20, false};
	e.items[20] = (struct scale_event){RIG_NOW_MS - HALF_MS - 1, 100, false};
	e.items[30] = (struct scale_event){RIG_NOW_MS + MS_PER_MIN, 1000, false};
	e.items[40] = (struct scale_event){RIG_NOW_MS + MS_PER_MIN + 1, 10000, false};
	scale_events_add(&e, 5, RIG_NOW_MS, 2 * HALF_MS);
	ck_assert_int_eq(scale_events_sum(&e, RIG_NOW_MS, 4 * HALF_MS),
			 SCALE_EVENTS_MAX - 5 + 10 + 20 + 1000 + 5);
	ck_assert_int_eq(e.count, 4);
}
END_TEST

START_TEST(event_at_the_end_of_its_period_is_not_outdated)
{
	struct scale_events e = {0};
	scale_events_add(&e, 1, RIG_NOW_MS, 60000);
	scale_events_add(&e, 1, RIG_NOW_MS + 60000, 60000);
	ck_assert_int_eq(e.count, 2);
	ck_assert(!e.items[0].outdated);
	scale_events_add(&e, 1, RIG_NOW_MS + 60001, 60000);
	ck_assert_int_eq(e.count, 2);
	ck_assert_int_eq(e.items[0].at_ms, RIG_NOW_MS + 60001);
}
END_TEST

START_TEST(all_outdated_events_are_marked_and_the_last_is_replaced)
{
	struct scale_events e = {0};
	scale_events_add(&e, 1, RIG_NOW_MS, 60000);
	scale_events_add(&e, 2, RIG_NOW_MS + 1, 60000);
	scale_events_add(&e, 3, RIG_NOW_MS + 90000, 60000);
	ck_assert_int_eq(e.count, 2);
	ck_assert(e.items[0].outdated && !e.items[1].outdated);
	ck_assert_int_eq(e.items[0].change, 1);
	ck_assert_int_eq(e.items[1].change, 3);
}
END_TEST

START_TEST(full_list_is_merged_only_where_no_place_is_free)
{
	struct scale_events e;
	fill_events(&e, RIG_NOW_MS, 1);
	e.items[0].at_ms = RIG_NOW_MS - MS_PER_MIN;
	scale_events_add(&e, 5, RIG_NOW_MS, 30000);
	ck_assert_int_eq(e.count, SCALE_EVENTS_MAX);
	ck_assert_int_eq(e.items[0].change, 5);
}
END_TEST

START_TEST(record_takes_zero_for_a_size_and_nothing_below)
{
	static struct decide_memory m, copy;
	m = (struct decide_memory){.seeded = true, .log_count = 2};
	m.log[0] = (struct recommendation){RIG_NOW_MS, 0};
	m.log[1] = (struct recommendation){RIG_NOW_MS - 1, -1};
	m.up.count = 2;
	m.up.items[0] = (struct scale_event){RIG_NOW_MS, 1, false};
	m.up.items[1] = (struct scale_event){RIG_NOW_MS, -1, false};
	decide_memory_import(&copy, &m, RIG_NOW_MS);
	ck_assert_int_eq(copy.log_count, 1);
	ck_assert_int_eq(copy.log[0].replicas, 0);
	ck_assert_int_eq(copy.up.count, 1);
	ck_assert_int_eq(copy.up.items[0].change, 1);
}
END_TEST

/* The record has room for so much, and older processes read no more. */
/* What stood there before a list became shorter. */
START_TEST(a_record_has_nothing_from_beyond_the_end_of_a_list)
{
	static struct decide_memory m, record;
	m = (struct decide_memory){
		.log_count = 1, .up = {.count = 1}, .down = {.count = 1}};
	for (int32_t i = 0; i < 3; i++) {
		m.log[i] = (struct recommendation){RIG_NOW_MS - MS_PER_S, 5 + i};
		m.up.items[i] =
			(struct scale_event){.at_ms = RIG_NOW_MS, .change = 1 + i};
		m.down.items[i] = m.up.items[i];
	}
	decide_memory_export(&m, RIG_NOW_MS, &record);
	ck_assert_int_eq(record.log_count, 1);
	ck_assert_int_eq(record.log[0].replicas, 5);
	ck_assert_int_eq(record.up.count, 1);
	ck_assert_int_eq(record.down.count, 1);
}
END_TEST

START_TEST(a_record_keeps_a_change_of_nothing_and_no_negative_one)
{
	static struct decide_memory m, record;
	static const int32_t changes[] = {0, -1, 1};
	m = (struct decide_memory){.up = {.count = 3}};
	for (int32_t i = 0; i < 3; i++)
		m.up.items[i] =
			(struct scale_event){.at_ms = RIG_NOW_MS, .change = changes[i]};
	decide_memory_import(&record, &m, RIG_NOW_MS);
	ck_assert_int_eq(record.up.count, 2);
	ck_assert_int_eq(record.up.items[0].change, 0);
	ck_assert_int_eq(record.up.items[1].change, 1);
}
END_TEST

START_TEST(room_is_what_the_record_has_room_for)
{
	ck_assert_int_eq(RECOMMENDATIONS_MAX, 128);
	ck_assert_int_eq(SCALE_EVENTS_MAX, 64);
	ck_assert_int_eq(POD_TIME_NONE, INT64_MIN);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory borders");
	TCase *t = tcase_create("memory borders");
	tcase_add_test(t, full_log_is_put_in_order_and_merged_by_minutes);
	tcase_add_test(t, minutes_are_merged_from_the_first_to_the_last);
	tcase_add_test(t, room_is_made_only_where_a_new_place_is_needed);
	tcase_add_test(t, smallest_ones_are_forgotten_first);
	tcase_add_test(t, record_ends_where_the_longest_window_and_period_do);
	tcase_add_test(t, gap_of_five_minutes_is_none_yet);
	tcase_add_test(t, room_is_what_the_record_has_room_for);
	tcase_add_test(t, newest_entry_supersedes_wherever_it_stands);
	tcase_add_test(t, full_list_of_events_is_put_in_order_and_merged_by_minutes);
	tcase_add_test(t, events_are_kept_to_the_end_of_the_longest_period);
	tcase_add_test(t, event_at_the_end_of_its_period_is_not_outdated);
	tcase_add_test(t, all_outdated_events_are_marked_and_the_last_is_replaced);
	tcase_add_test(t, full_list_is_merged_only_where_no_place_is_free);
	tcase_add_test(t, record_takes_zero_for_a_size_and_nothing_below);
	tcase_add_test(t, a_record_has_nothing_from_beyond_the_end_of_a_list);
	tcase_add_test(t, a_record_keeps_a_change_of_nothing_and_no_negative_one);
	suite_add_tcase(s, t);
	return run_suite(s);
}
