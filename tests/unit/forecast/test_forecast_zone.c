/* Loads that live by a clock which is put forward and back. */
#include "unit/forecast/feed.h"

/* Two weeks before the night of a change. */
#define DAYS_BEFORE 14

static const struct change {
	const char *name, *night; /* 00:00 in UTC of the day of the change */
	int64_t at_ms;            /* the change, from there */
	int64_t before_ms, after_ms;
} changes[] = {
	{"Paris, forward", "2026-03-29T00:00:00Z", MS_PER_H, MS_PER_H, 2 * MS_PER_H},
	{"Paris, back", "2026-10-25T00:00:00Z", MS_PER_H, 2 * MS_PER_H, MS_PER_H},
	{"New York, forward", "2026-03-08T00:00:00Z", 7 * MS_PER_H, -5 * MS_PER_H,
	 -4 * MS_PER_H},
	{"New York, back", "2026-11-01T00:00:00Z", 6 * MS_PER_H, -4 * MS_PER_H,
	 -5 * MS_PER_H},
};

static struct forecaster *f;
static struct zone zone;
static int64_t night_ms, change_ms, heard_ms;
static int32_t heard;

/* Every minute that is told is the one after the last, but for the hour that comes twice.
 */
static void hear(void *context, const struct forecast_minute *said)
{
	int64_t step_ms = said->end_ms - heard_ms;
	(void)context;
	ck_assert(!heard || step_ms == MS_PER_MIN ||
		  (step_ms == MS_PER_H + MS_PER_MIN &&
		   said->end_ms == change_ms + MS_PER_MIN));
	heard_ms = said->end_ms;
	heard++;
}

static void begin(const struct change *c, bool follow)
{
	struct forecast_config config = config_of(5);
	ck_assert_int_eq(time_parse(c->night, &night_ms, NULL), 0);
	change_ms = night_ms + c->at_ms;
	zone = (struct zone){
		.steps = {{night_ms - 100 * MS_PER_DAY, c->before_ms},
			  {change_ms, c->after_ms}},
		.count = 2,
	};
	if (follow)
		config.zone = &zone;
	config.heed = hear;
	heard = 0;
	f = forecaster_new(&config);
}

static double load_at(int64_t t_ms)
{
	return jumping(zone_wall(&zone, t_ms) / MS_PER_MIN);
}

static void learn(int64_t from_ms, int64_t to_ms)
{
	for (int64_t t = from_ms; t < to_ms; t += MS_PER_MIN) {
		ck_assert(forecaster_add(f, t, load_at(t)));
		while (forecaster_work(f))
			;
	}
}

/* 09:05 on the wall of the day of the change. */
static int64_t jump_ms(void)
{
	return zone_utc(&zone, night_ms + JUMP_MINUTE * MS_PER_MIN);
}

static struct forecast now(void)
{
	struct forecast said;
	forecaster_predict(f, &said);
	return said;
}

START_TEST(what_happens_by_the_clock_is_foreseen_by_it)
{
	const struct change *c = &changes[_i];
	begin(c, true);
	learn(night_ms - DAYS_BEFORE * MS_PER_DAY, jump_ms() - 20 * MS_PER_MIN);
	ck_assert_int_eq(now().made_for_ms, jump_ms() - 20 * MS_PER_MIN);
	ck_assert_double_lt(now().upper, 2 * JUMP_LOW);
	learn(jump_ms() - 20 * MS_PER_MIN, jump_ms() - 3 * MS_PER_MIN);
	ck_assert_int_eq(now().state, FORECAST_READY);
	ck_assert_double_gt(now().upper, 0.9 * JUMP_HIGH);
	free(f);
}
END_TEST

/* The same minutes to one that knows no clock: it is an hour off. */
START_TEST(by_utc_it_is_not)
{
	begin(&changes[_i], false);
	learn(night_ms - DAYS_BEFORE * MS_PER_DAY, jump_ms() - 3 * MS_PER_MIN);
	ck_assert_double_lt(now().upper, 0.9 * JUMP_HIGH);
	free(f);
}
END_TEST

START_TEST(the_hour_that_comes_twice_is_learned_once)
{
	begin(&changes[1], true);
	learn(night_ms - 3 * MS_PER_DAY, change_ms - MS_PER_H);
	int32_t before = heard;
	ck_assert_int_eq(now().made_for_ms, change_ms - MS_PER_H);
	learn(change_ms - MS_PER_H, change_ms);
	ck_assert_int_eq(now().made_for_ms, change_ms - MS_PER_H);
	ck_assert_int_eq(heard, before);
	learn(change_ms, change_ms + 2 * MS_PER_MIN);
	ck_assert_int_eq(now().made_for_ms, change_ms + 2 * MS_PER_MIN);
	ck_assert_int_eq(heard, before + 2);
	free(f);
}
END_TEST

START_TEST(nobody_is_told_of_the_hour_that_is_skipped)
{
	begin(&changes[0], true);
	learn(night_ms - 3 * MS_PER_DAY, change_ms);
	int32_t before = heard;
	ck_assert_int_eq(now().made_for_ms, change_ms);
	learn(change_ms, change_ms + MS_PER_MIN);
	ck_assert_int_eq(now().made_for_ms, change_ms + MS_PER_MIN);
	ck_assert_int_eq(heard, before + 1);
	free(f);
}
END_TEST

START_TEST(a_look_ahead_goes_over_the_change)
{
	struct forecast later;
	void *scratch = xmalloc(forecaster_size());
	begin(&changes[0], true);
	learn(night_ms - DAYS_BEFORE * MS_PER_DAY, change_ms - 30 * MS_PER_MIN);
	forecaster_look_ahead(f, 60, scratch, &later);
	ck_assert_int_eq(later.made_for_ms, change_ms + 30 * MS_PER_MIN);
	int32_t to_jump = (int32_t)((jump_ms() - now().made_for_ms) / MS_PER_MIN);
	forecaster_look_ahead(f, to_jump - 3, scratch, &later);
	ck_assert_int_eq(later.made_for_ms, jump_ms() - 3 * MS_PER_MIN);
	ck_assert_double_gt(later.upper, 0.9 * JUMP_HIGH);
	forecaster_look_ahead(f, to_jump - 20, scratch, &later);
	ck_assert_double_lt(later.upper, 2 * JUMP_LOW);
	free(scratch);
	free(f);
}
END_TEST

/* An hour of something else, in summer, at 14:00 in UTC: not the hour before, nor after.
 */
START_TEST(excluded_times_are_those_of_utc)
{
	begin(&changes[0], true);
	struct forecast_config config = config_of(5);
	int64_t from = night_ms + MS_PER_DAY + 14 * MS_PER_H;
	struct time_range excluded = {from, from + MS_PER_H};
	config.zone = &zone;
	config.excludes = &excluded;
	config.exclude_count = 1;
	free(f);
	f = forecaster_new(&config);
	learn(night_ms - 5 * MS_PER_DAY, from);
	for (int64_t t = from; t < from + MS_PER_H; t += MS_PER_MIN) {
		forecaster_add(f, t, 1000);
		while (forecaster_work(f))
			;
	}
	learn(from + MS_PER_H, from + MS_PER_DAY);
	ck_assert_double_lt(now().upper, 2 * JUMP_HIGH);
	free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forecast zone");
	TCase *tcase = tcase_create("zone");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, what_happens_by_the_clock_is_foreseen_by_it, 0,
			    ARRAY_LEN(changes));
	tcase_add_loop_test(tcase, by_utc_it_is_not, 0, ARRAY_LEN(changes));
	tcase_add_test(tcase, the_hour_that_comes_twice_is_learned_once);
	tcase_add_test(tcase, nobody_is_told_of_the_hour_that_is_skipped);
	tcase_add_test(tcase, a_look_ahead_goes_over_the_change);
	tcase_add_test(tcase, excluded_times_are_those_of_utc);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
