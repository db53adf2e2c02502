#include "forecast/doubt.h"

#include "unit/harness.h"

#include <math.h>

struct world {
	struct doubt doubt;
	struct history history;
	struct rng noise;
	int64_t minute;
};

static struct world *world_new(void)
{
	struct world *w = xcalloc(1, sizeof(*w));

	doubt_init(&w->doubt);
	history_init(&w->history);
	rng_init(&w->noise, 3);
	return w;
}

static bool give(struct world *w, double value)
{
	bool learn = doubt_judge(&w->doubt, &w->history, w->minute, value);

	if (learn)
		history_add(&w->history, w->minute, value);
	else
		history_add_unlearned(&w->history, w->minute, value);
	w->minute++;
	return learn;
}

static void quiet(struct world *w, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		give(w, 100 + 3 * rng_normal(&w->noise));
}

static int64_t settled(struct world *w)
{
	return doubt_settled(&w->doubt, w->minute - 1);
}

START_TEST(a_lie_is_never_settled)
{
	AUTO_FREE struct world *w = world_new();

	quiet(w, 500);
	ck_assert(!give(w, 300));
	ck_assert_int_eq(settled(w), DOUBT_NONE);
	ck_assert_int_eq(w->doubt.first, w->minute - 1);
	quiet(w, 1);
	ck_assert_int_eq(settled(w), DOUBT_NONE);
	ck_assert_int_eq(w->doubt.first, DOUBT_NONE);
	/* The next one has nothing to do with it. */
	quiet(w, 30);
	ck_assert(!give(w, 300));
	ck_assert_int_eq(w->doubt.first, w->minute - 1);
	ck_assert_int_eq(w->doubt.count, 2);
}
END_TEST

START_TEST(what_stays_is_settled_from_its_first_minute_on)
{
	AUTO_FREE struct world *w = world_new();

	quiet(w, 500);

	int64_t first = w->minute;

	/* A calm minute among them does not end it. */
	for (int i = 0; i < 5; i++)
		ck_assert(!give(w, 300));
	ck_assert(give(w, 100));
	ck_assert_int_eq(settled(w), DOUBT_NONE);
	while (!give(w, 300))
		ck_assert_int_eq(settled(w), DOUBT_NONE);
	ck_assert_int_eq(w->minute - first, 12);
	ck_assert_int_eq(settled(w), first);
	ck_assert_int_eq(settled(w), DOUBT_NONE); /* told once */
	ck_assert_int_eq(w->doubt.count, 1);
}
END_TEST

START_TEST(no_more_is_settled_than_can_be_undone)
{
	AUTO_FREE struct world *w = world_new();

	quiet(w, 500);
	ck_assert(!give(w, 300));
	w->doubt.newest.kind = ANOMALY_SHIFT;
	w->doubt.anomaly.run = 0;
	ck_assert_int_eq(doubt_settled(&w->doubt, w->minute + 500),
			 w->minute + 500 - HISTORY_DOUBT);
}
END_TEST

/* {minutes after the lie, whether it is known by then} */
static const struct {
	int64_t after;
	bool known;
} returns[] = {
	{MINUTES_PER_DAY, true},      {MINUTES_PER_DAY + 7, true},
	{MINUTES_PER_DAY - 7, true},  {MINUTES_PER_DAY + 30, false},
	{MINUTES_PER_DAY / 2, false}, {2 * MINUTES_PER_DAY, false},
	{MINUTES_PER_WEEK - 3, true}, {MINUTES_PER_WEEK - 40, false},
};

START_TEST(what_was_odd_at_this_time_is_known_a_day_and_a_week_later)
{
	AUTO_FREE struct world *w = world_new();

	quiet(w, 500);
	ck_assert(!give(w, 300));
	quiet(w, returns[_i].after - 1);
	ck_assert_int_eq(give(w, 301), returns[_i].known);
	/* Another size of it is odd all the same. */
	ck_assert(!give(w, 900));
}
END_TEST

START_TEST(what_is_too_low_is_odd_every_day)
{
	AUTO_FREE struct world *w = world_new();

	quiet(w, 500);
	for (int day = 0; day < 3; day++) {
		ck_assert(!give(w, 30));
		quiet(w, MINUTES_PER_DAY - 1);
	}
	ck_assert_int_eq(w->doubt.count, 3);
}
END_TEST

START_TEST(what_other_days_have_shown_is_not_odd)
{
	AUTO_FREE struct world *w = world_new();

	quiet(w, 600);
	for (int i = 0; i < 60; i++) {
		if (give(w, 300) && settled(w) == 600)
			for (int64_t m = 600; m < w->minute; m++)
				history_believe(&w->history, m);
	}
	quiet(w, MINUTES_PER_DAY - 60);
	for (int i = 0; i < 60; i++)
		ck_assert(give(w, 300));
	quiet(w, MINUTES_PER_DAY / 2);
	ck_assert(!give(w, 300));
}
END_TEST

START_TEST(missing_minutes_are_not_in_doubt)
{
	AUTO_FREE struct world *w = world_new();

	quiet(w, 500);
	ck_assert(give(w, NAN));
	ck_assert_int_eq(w->doubt.count, 0);
	ck_assert_int_eq(settled(w), DOUBT_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doubt");
	TCase *tc = tcase_create("doubt");

	tcase_add_test(tc, a_lie_is_never_settled);
	tcase_add_test(tc, what_stays_is_settled_from_its_first_minute_on);
	tcase_add_test(tc, no_more_is_settled_than_can_be_undone);
	tcase_add_loop_test(tc, what_was_odd_at_this_time_is_known_a_day_and_a_week_later,
			    0, (int)ARRAY_LEN(returns));
	tcase_add_test(tc, what_is_too_low_is_odd_every_day);
	tcase_add_test(tc, what_other_days_have_shown_is_not_odd);
	tcase_add_test(tc, missing_minutes_are_not_in_doubt);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
