#include "forecast/forecast.h"

#include "base/base.h"
#include "unit/forecast/feed.h"
#include "unit/harness.h"

#include <string.h>

START_TEST(a_short_gap_is_bridged)
{
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);

	feed_load(f, daily, 0, 5 * DAY_MINUTES + 720);
	for (int64_t i = 0; i < 60; i++) {
		feed(f, 5 * DAY_MINUTES + 720 + i, NAN);

		struct forecast forecast = asked(f);

		ck_assert_int_eq(forecast.state, FORECAST_READY);
		ck_sane(&forecast);
		/* Noon is the day's peak: 160 of 100 +- 60. */
		ck_assert(forecast.upper > 130 && forecast.upper < 230);
	}
}
END_TEST

START_TEST(after_a_long_gap_it_speaks_again)
{
	static const int64_t gaps[] = {DAY_MINUTES, 3 * DAY_MINUTES, 8 * DAY_MINUTES};
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	int64_t back = 5 * DAY_MINUTES + gaps[_i];

	feed_load(f, daily, 0, 5 * DAY_MINUTES);
	for (int64_t i = back; i < back + DAY_MINUTES; i++) {
		feed(f, i, daily(FIRST_MINUTE + i));

		struct forecast forecast = asked(f);

		ck_sane(&forecast);
		if (i > back + 60)
			ck_assert_int_eq(forecast.state, FORECAST_READY);
	}
	ck_near(asked(f).upper, 60, 30);
}
END_TEST

START_TEST(a_gap_longer_than_all_histories_starts_afresh)
{
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	AUTO_FREE struct forecaster *fresh = forecaster_new(&config);
	int64_t back = 40 * DAY_MINUTES;

	feed_load(f, jumping, 0, 4 * DAY_MINUTES);
	ck_assert_int_eq(asked(f).state, FORECAST_READY);
	feed(f, back, 1);
	ck_assert_int_eq(asked(f).state, FORECAST_WAITING);
	ck_assert_int_eq(asked(f).learned_min, 1);
	feed(fresh, back, 1);

	struct forecast a = feed_load(f, daily, back + 1, back + DAY_MINUTES);
	struct forecast b = feed_load(fresh, daily, back + 1, back + DAY_MINUTES);

	ck_same(&a, &b);
}
END_TEST

static double zero(int64_t minute)
{
	(void)minute;
	return 0;
}

static double constant(int64_t minute)
{
	(void)minute;
	return 7;
}

static double tiny(int64_t minute)
{
	return 1e-300 * daily(minute);
}

static double small(int64_t minute)
{
	return 1e-40 * daily(minute);
}

static double huge(int64_t minute)
{
	return 1e300 * daily(minute);
}

static double large(int64_t minute)
{
	return 6e27 * daily(minute);
}

static double negative(int64_t minute)
{
	return -daily(minute);
}

static double swinging(int64_t minute)
{
	return minute % 2 ? 1e30 : -1e30;
}

static double spike(int64_t minute)
{
	return minute == FIRST_MINUTE + 2000 ? 1e30 : daily(minute);
}

static double from_zero(int64_t minute)
{
	return minute < FIRST_MINUTE + 3000 ? 0 : daily(minute);
}

static double mostly_missing(int64_t minute)
{
	return minute % 7 ? NAN : daily(minute);
}

static double every_range(int64_t minute)
{
	return pow(10, (double)(minute * 37 % 601) - 300);
}

static double infinite(int64_t minute)
{
	return minute % 3 ? INFINITY : -INFINITY;
}

static double growing(int64_t minute)
{
	return exp2((double)(minute - FIRST_MINUTE) / 60);
}

static load_function *const extremes[] = {
	zero,     constant, tiny,      small,          huge,        large,    negative,
	swinging, spike,    from_zero, mostly_missing, every_range, infinite, growing,
};

START_TEST(every_input_gives_a_sane_forecast)
{
	static const int32_t windows[] = {1, 5, 120};

	for (size_t w = 0; w < ARRAY_LEN(windows); w++) {
		struct forecast_config config = config_of(windows[w]);
		AUTO_FREE struct forecaster *f = forecaster_new(&config);

		for (int64_t i = 0; i < 5 * DAY_MINUTES; i++) {
			feed(f, i, extremes[_i](FIRST_MINUTE + i));
			if (i % 7)
				continue;

			struct forecast forecast = asked(f);

			ck_sane(&forecast);
		}
	}
}
END_TEST

START_TEST(a_constant_is_forecast_as_itself)
{
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	struct forecast forecast = feed_load(f, constant, 0, 5 * DAY_MINUTES);

	ck_assert_int_eq(forecast.state, FORECAST_READY);
	ck_near(forecast.upper, 7, .01);
	ck_near(forecast.mean, 7, .01);
	ck_near(forecast.skill, 0, .5);
	ck_near(forecast.coverage, 1, 1e-3);
}
END_TEST

START_TEST(one_fault_is_forgotten_soon)
{
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	AUTO_FREE struct forecaster *other = forecaster_new(&config);

	for (int64_t day = 2; day < 6; day++) {
		struct forecast hurt =
			feed_load(f, spike, day > 2 ? day * DAY_MINUTES : 0,
				  (day + 1) * DAY_MINUTES);
		struct forecast well =
			feed_load(other, daily, day > 2 ? day * DAY_MINUTES : 0,
				  (day + 1) * DAY_MINUTES);

		if (day < 4)
			continue;
		ck_near(hurt.upper, well.upper, .35 * well.upper);
	}
}
END_TEST

/* A day of ten times the load. */
#define ODD_DAY 9
static double odd_day(int64_t minute)
{
	bool odd = (minute - FIRST_MINUTE) / DAY_MINUTES == ODD_DAY;

	return (odd ? 10 : 1) * daily(minute);
}

START_TEST(an_excluded_day_leaves_no_trace)
{
	const struct time_range day = {
		(FIRST_MINUTE + ODD_DAY * DAY_MINUTES) * MS_PER_MIN,
		(FIRST_MINUTE + (ODD_DAY + 1) * DAY_MINUTES) * MS_PER_MIN};
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *plain = forecaster_new(&config);

	config.excludes = &day;
	config.exclude_count = 1;

	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	int64_t during = ODD_DAY * DAY_MINUTES + DAY_MINUTES / 2;
	int64_t noon = (ODD_DAY + 1) * DAY_MINUTES + DAY_MINUTES / 2;
	struct forecast then = feed_load(f, odd_day, 0, during);
	struct forecast learned = feed_load(plain, odd_day, 0, noon);

	/* It goes on speaking. */
	ck_assert_int_eq(then.state, FORECAST_READY);
	then = feed_load(f, odd_day, during, noon);
	ck_assert_int_eq(then.state, FORECAST_READY);
	ck_near(then.upper, 160 + 2 * 6, 15);
	ck_assert(learned.upper > then.upper + 10);
	/* The same of a day later: nothing of it is left. */
	then = feed_load(f, odd_day, noon, noon + DAY_MINUTES);
	ck_near(then.upper, 160 + 2 * 6, 12);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forecast_input");
	TCase *input = tcase_create("input");

	tcase_set_timeout(input, 60);

	tcase_add_test(input, a_short_gap_is_bridged);
	tcase_add_loop_test(input, after_a_long_gap_it_speaks_again, 0, 3);
	tcase_add_test(input, a_gap_longer_than_all_histories_starts_afresh);
	tcase_add_loop_test(input, every_input_gives_a_sane_forecast, 0,
			    (int)ARRAY_LEN(extremes));
	tcase_add_test(input, a_constant_is_forecast_as_itself);
	tcase_add_test(input, one_fault_is_forgotten_soon);
	tcase_add_test(input, an_excluded_day_leaves_no_trace);
	suite_add_tcase(suite, input);
	return run_suite(suite);
}
