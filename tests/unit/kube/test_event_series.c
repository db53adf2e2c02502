#include "kube/event_series.h"

#include "unit/harness.h"

static struct event_series events;

static void setup(void)
{
	events = (struct event_series){0};
}

static void teardown(void)
{
	event_series_fini(&events);
}

static enum series_verdict note(uint64_t key, uint64_t object, int64_t now_ms)
{
	struct series *s;
	enum series_verdict verdict = event_series_note(&events, key, object, now_ms, &s);
	ck_assert_int_eq(s == NULL, verdict == SERIES_SPAM);
	return verdict;
}

START_TEST(a_repetition_within_six_minutes_belongs_to_the_series)
{
	ck_assert_int_eq(note(7, 1, 1000), SERIES_NEW);
	ck_assert_int_eq(note(7, 1, 1000 + SERIES_END_MS), SERIES_REPEATED);
	ck_assert_int_eq(note(8, 1, 1000), SERIES_NEW);
	ck_assert_int_eq(event_series_find(&events, 7)->count, 2);
	ck_assert_int_eq(note(7, 1, 1001 + 2 * SERIES_END_MS), SERIES_NEW);
	ck_assert_int_eq(event_series_find(&events, 7)->count, 1);
	ck_assert_ptr_null(event_series_find(&events, 9));
}
END_TEST

START_TEST(the_count_is_told_at_most_once_in_a_while)
{
	int64_t wait;
	note(7, 1, 0);
	struct series *s = event_series_find(&events, 7);
	note(7, 1, 10);
	ck_assert_ptr_null(event_series_due(&events, 30000, 100, &wait));
	ck_assert_int_eq(wait, -1); /* the Event itself is not there yet */
	s->sent = 1;
	s->sent_ms = 1000;
	ck_assert_ptr_null(event_series_due(&events, 30000, 21000, &wait));
	ck_assert_int_eq(wait, 10000);
	ck_assert_ptr_eq(event_series_due(&events, 30000, 31000, &wait), s);
	s->under_way = true;
	ck_assert_ptr_null(event_series_due(&events, 30000, 31000, &wait));
	s->under_way = false;
	s->sent = 2;
	ck_assert_ptr_null(event_series_due(&events, 30000, 99000, &wait));
	ck_assert_int_eq(wait, -1);
}
END_TEST

START_TEST(one_object_cannot_flood)
{
	for (uint64_t i = 1; i <= OBJECT_BURST; i++)
		ck_assert_int_eq(note(100 + i, 5, 1000), SERIES_NEW);
	ck_assert_int_eq(note(999, 5, 1000), SERIES_SPAM);
	ck_assert_int_eq(note(101, 5, 1000), SERIES_REPEATED); /* costs nothing */
	ck_assert_int_eq(note(998, 6, 1000), SERIES_NEW);
	ck_assert_int_eq(note(999, 5, 12000), SERIES_NEW);
}
END_TEST

START_TEST(the_oldest_series_makes_room_unless_it_is_under_way)
{
	for (uint64_t i = 1; i <= SERIES_MAX; i++)
		ck_assert_int_eq(note(i, i, (int64_t)i), SERIES_NEW);
	event_series_find(&events, 1)->under_way = true;
	ck_assert_int_eq(note(5000, 5000, 10000), SERIES_NEW);
	ck_assert_ptr_nonnull(event_series_find(&events, 1));
	ck_assert_ptr_null(event_series_find(&events, 2));
	for (uint64_t i = 0; i < SERIES_MAX; i++)
		events.items[i].under_way = true;
	ck_assert_int_eq(note(6000, 6000, 10000), SERIES_SPAM);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube event_series");
	TCase *t = tcase_create("event_series");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_repetition_within_six_minutes_belongs_to_the_series);
	tcase_add_test(t, the_count_is_told_at_most_once_in_a_while);
	tcase_add_test(t, one_object_cannot_flood);
	tcase_add_test(t, the_oldest_series_makes_room_unless_it_is_under_way);
	suite_add_tcase(s, t);
	return run_suite(s);
}
