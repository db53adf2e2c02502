#include "unit/forecast/feed.h"

#define ODD_MINUTE (6 * DAY_MINUTES + 700)

static int64_t since_first(int64_t minute)
{
	return minute - FIRST_MINUTE;
}

static double lie(int64_t minute)
{
	return daily(minute) * (since_first(minute) == ODD_MINUTE ? 8 : 1);
}

static double drop(int64_t minute)
{
	int64_t odd = since_first(minute) - ODD_MINUTE;

	return daily(minute) * (odd >= 0 && odd < 4 ? .4 : 1);
}

static double doubled(int64_t minute)
{
	return daily(minute) * (since_first(minute) >= ODD_MINUTE ? 2 : 1);
}

/* From the fourth day on, three minutes of a job at half past two. */
static double job(int64_t minute)
{
	int64_t at = minute % DAY_MINUTES - 150;

	return daily(minute) +
	       (since_first(minute) > 4 * DAY_MINUTES && at >= 0 && at < 3 ? 400 : 0);
}

static struct forecaster *fed(load_function *load, int64_t to)
{
	struct forecast_config config = config_of(5);
	struct forecaster *f = forecaster_new(&config);

	feed_load(f, load, 0, to);
	return f;
}

START_TEST(a_lie_holds_for_minutes_and_leaves_no_trace)
{
	AUTO_FREE struct forecaster *f = fed(lie, ODD_MINUTE);
	AUTO_FREE struct forecaster *well = fed(daily, ODD_MINUTE + 80);
	struct forecast before = asked(f);
	struct forecast now = feed_load(f, lie, ODD_MINUTE, ODD_MINUTE + 1);

	ck_assert(!before.anomaly.hold_down);
	ck_assert_str_eq(before.anomaly.text, "");
	ck_assert_int_eq(now.anomaly.kind, ANOMALY_POINT);
	ck_assert(now.anomaly.hold_down);
	ck_assert_int_eq(now.anomaly.hold_until_ms, now.made_for_ms + 4 * MS_PER_MIN);
	ck_assert_int_eq(now.anomaly.count, before.anomaly.count + 1);
	ck_assert_ptr_nonnull(strstr(now.anomaly.text, "was expected"));

	struct forecast calm = feed_load(f, lie, ODD_MINUTE + 1, ODD_MINUTE + 5);

	ck_assert_int_eq(calm.anomaly.kind, ANOMALY_NONE);
	ck_assert(calm.anomaly.hold_down);
	/* What holds is told, not the minute that does not. */
	ck_assert_str_eq(calm.anomaly.text, now.anomaly.text);
	calm = feed_load(f, lie, ODD_MINUTE + 5, ODD_MINUTE + 80);
	ck_assert(!calm.anomaly.hold_down);
	ck_assert_str_eq(calm.anomaly.text, "");
	ck_near(calm.upper, asked(well).upper, .03 * calm.upper);

	int64_t tomorrow = ODD_MINUTE + DAY_MINUTES - 2;

	calm = feed_load(f, lie, ODD_MINUTE + 80, tomorrow);
	now = feed_load(well, daily, ODD_MINUTE + 80, tomorrow);
	ck_near(calm.upper, now.upper, .02 * now.upper);
}
END_TEST

START_TEST(a_drop_holds_while_it_lasts)
{
	AUTO_FREE struct forecaster *f = fed(drop, ODD_MINUTE);

	for (int64_t i = ODD_MINUTE; i < ODD_MINUTE + 8; i++)
		ck_assert(feed_load(f, drop, i, i + 1).anomaly.hold_down);
	ck_assert(!feed_load(f, drop, ODD_MINUTE + 8, ODD_MINUTE + 10).anomaly.hold_down);
	ck_assert_int_eq(asked(f).anomaly.count, 1);
}
END_TEST

START_TEST(a_level_that_stays_is_learned_late)
{
	AUTO_FREE struct forecaster *f = fed(doubled, ODD_MINUTE);
	struct forecast now, before = asked(f);
	int64_t i = ODD_MINUTE;

	do
		now = feed_load(f, doubled, i, i + 1);
	while (++i < ODD_MINUTE + 30 && now.anomaly.kind == ANOMALY_POINT);
	ck_assert_int_eq(i, ODD_MINUTE + 10);
	ck_assert_int_eq(now.anomaly.kind, ANOMALY_SHIFT);
	ck_assert(!now.anomaly.hold_down);
	ck_assert_ptr_nonnull(strstr(now.anomaly.text, "level has shifted"));
	/* What was said before it and proved too little counts. */
	ck_assert(now.coverage < before.coverage - .004);
	/* A day later its first minutes are known: nothing is odd about a load that now
	 * is twice what it was before. */
	now = feed_load(f, doubled, i, ODD_MINUTE + 2 * DAY_MINUTES);
	ck_assert_int_eq(now.anomaly.count, 1);
	ck_near(now.mean, 2 * 160, 60);
}
END_TEST

START_TEST(what_comes_back_every_day_is_odd_once)
{
	AUTO_FREE struct forecaster *f = fed(job, 5 * DAY_MINUTES);
	int64_t first = asked(f).anomaly.count;
	struct forecast now = feed_load(f, job, 5 * DAY_MINUTES, 9 * DAY_MINUTES + 148);

	ck_assert_int_eq(first, 1);
	ck_assert_int_eq(now.anomaly.count, 1);
	/* And it is foreseen. */
	ck_assert(now.upper > 400);
}
END_TEST

START_TEST(excluded_minutes_are_not_judged)
{
	const struct time_range hour = {(FIRST_MINUTE + ODD_MINUTE) * MS_PER_MIN,
					(FIRST_MINUTE + ODD_MINUTE + 60) * MS_PER_MIN};
	struct forecast_config config = config_of(5);

	config.excludes = &hour;
	config.exclude_count = 1;

	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	struct forecast now = feed_load(f, doubled, 0, ODD_MINUTE + 59);

	ck_assert_int_eq(now.anomaly.count, 0);
	ck_assert(!now.anomaly.hold_down);
}
END_TEST

START_TEST(slices_do_not_matter_where_minutes_are_odd)
{
	static load_function *const loads[] = {lie, drop, doubled, job};
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *sliced = forecaster_new(&config);
	AUTO_FREE struct forecaster *f = fed(loads[_i], 7 * DAY_MINUTES);
	struct forecast a, b = asked(f);

	for (int64_t i = 0; i < 7 * DAY_MINUTES; i++) {
		while (!forecaster_add(sliced, (FIRST_MINUTE + i) * FORECAST_STEP_MS,
				       loads[_i](FIRST_MINUTE + i)))
			forecaster_work(sliced);
	}
	while (forecaster_work(sliced))
		;
	a = asked(sliced);
	ck_same(&a, &b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forecast_anomaly");
	TCase *odd = tcase_create("odd");

	tcase_set_timeout(odd, 60);
	tcase_add_test(odd, a_lie_holds_for_minutes_and_leaves_no_trace);
	tcase_add_test(odd, a_drop_holds_while_it_lasts);
	tcase_add_test(odd, a_level_that_stays_is_learned_late);
	tcase_add_test(odd, what_comes_back_every_day_is_odd_once);
	tcase_add_test(odd, excluded_minutes_are_not_judged);
	tcase_add_loop_test(odd, slices_do_not_matter_where_minutes_are_odd, 0, 4);
	suite_add_tcase(suite, odd);
	return run_suite(suite);
}
