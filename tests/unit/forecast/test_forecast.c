#include "forecast/forecast.h"

#include "base/base.h"
#include "unit/forecast/feed.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

START_TEST(memory_is_within_its_budget)
{
	ck_assert_uint_le(forecaster_size(), 64 * 1024);
}
END_TEST

START_TEST(every_model_has_a_name_of_its_own)
{
	for (enum model m = 0; m < FC_MODEL_COUNT; m++) {
		ck_assert(model_name(m)[0]);
		for (enum model other = 0; other < m; other++)
			ck_assert_str_ne(model_name(m), model_name(other));
	}
}
END_TEST

START_TEST(without_data_it_waits_and_says_what_it_needs)
{
	struct forecast_config config = config_of(3);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	struct forecast forecast = asked(f);

	ck_assert_int_eq(forecast.state, FORECAST_WAITING);
	ck_assert(isnan(forecast.last));
	ck_assert_ptr_nonnull(strstr(forecast.reason, "no data yet"));
	ck_sane(&forecast);
}
END_TEST

/* Minutes until the first forecast: 20 for the longest lag, 5 * 13 + 200 rows, the longer
 * window once for the last row and once for the last of 60 scores (rows and scores every
 * second or seventh minute). With Holt-Winters alone three days and the hour that a fit
 * starts at. */
static const struct {
	int32_t window;
	bool linear;
	int64_t about;
} firsts[] = {{1, true, 20 + 265 + 2 * 3 + 60 + 2 * 2},
	      {3, true, 20 + 265 + 2 * 5 + 60 + 2 * 2},
	      {120, true, 20 + 265 + 2 * 122 + 60 + 2 * 7},
	      {3, false, 3 * 1440 + 60 + 5 + 60 + 2}};

START_TEST(the_first_forecast_comes_when_it_was_announced)
{
	struct forecast_config config = config_of(firsts[_i].window);

	config.use_linear = firsts[_i].linear;

	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	struct forecast forecast = feed_load(f, daily, 0, 10);
	char due[64], when[32];
	int64_t minute = 10;

	snprintf(due, sizeof(due), "10 of %d minutes", (int)firsts[_i].about);
	ck_assert_msg(strstr(forecast.reason, due), "%s", forecast.reason);
	time_format((FIRST_MINUTE + firsts[_i].about) * MS_PER_MIN, when, sizeof(when));
	ck_assert_msg(strstr(forecast.reason, when), "%s", forecast.reason);
	while (forecast.state != FORECAST_READY && minute < 10 * DAY_MINUTES) {
		ck_assert_int_eq(forecast.state, FORECAST_WAITING);
		feed(f, minute, daily(FIRST_MINUTE + minute));
		minute++;
		forecast = asked(f);
	}
	ck_assert_int_le(minute, firsts[_i].about);
	ck_assert_int_ge(minute, firsts[_i].about - 60 - 2);
	ck_sane(&forecast);
}
END_TEST

START_TEST(the_forecast_is_for_the_end_of_the_newest_minute)
{
	struct forecast_config config = config_of(3);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	struct forecast forecast = feed_load(f, daily, 0, 500);

	ck_assert_int_eq(forecast.state, FORECAST_READY);
	ck_assert_int_eq(forecast.made_for_ms, (FIRST_MINUTE + 500) * MS_PER_MIN);
	ck_near(forecast.last, daily(FIRST_MINUTE + 499), 1e-4);
	ck_assert_int_eq(forecast.learned_min, 500);
	feed(f, 500, NAN);
	forecast = asked(f);
	ck_assert_int_eq(forecast.made_for_ms, (FIRST_MINUTE + 501) * MS_PER_MIN);
	ck_assert(isnan(forecast.last));
	ck_assert_int_eq(forecast.learned_min, 500);
}
END_TEST

START_TEST(a_full_queue_takes_nothing)
{
	struct forecast_config config = config_of(3);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);

	for (int64_t i = 0; i < FORECAST_QUEUE; i++)
		ck_assert(forecaster_add(f, i * MS_PER_MIN, 1));
	ck_assert(!forecaster_add(f, FORECAST_QUEUE * MS_PER_MIN, 1));
	ck_assert_int_eq(asked(f).state, FORECAST_FITTING);
	while (forecaster_work(f))
		;
	ck_assert_int_eq(asked(f).learned_min, FORECAST_QUEUE);
	ck_assert(forecaster_add(f, FORECAST_QUEUE * MS_PER_MIN, 1));
	while (forecaster_work(f))
		;
	ck_assert_int_eq(asked(f).learned_min, FORECAST_QUEUE + 1);
}
END_TEST

START_TEST(minutes_given_twice_or_late_are_ignored)
{
	struct forecast_config config = config_of(3);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	AUTO_FREE struct forecaster *other = forecaster_new(&config);

	for (int64_t i = 0; i < 600; i++) {
		double v = daily(FIRST_MINUTE + i);

		feed(f, i, v);
		feed(other, i, v);
		feed(other, i, 1e6);
		feed(other, i - 3, 1e6);
	}

	struct forecast a = asked(f), b = asked(other);

	ck_same(&a, &b);
}
END_TEST

/* Fed whole, and cut off at many minutes: what comes later must not be known. */
START_TEST(a_forecast_knows_nothing_of_what_comes_later)
{
	static load_function *const loads[] = {daily, jumping};
	struct forecast_config config = config_of(_i ? 120 : 5);
	AUTO_FREE struct forecaster *whole = forecaster_new(&config);
	enum { CUTS = 4, STEP = 1447 };
	struct forecast at_cut[CUTS];
	int64_t end = CUTS * STEP;

	for (int64_t i = 0; i < end; i++) {
		feed(whole, i, loads[_i](FIRST_MINUTE + i));
		if ((i + 1) % STEP == 0)
			at_cut[i / STEP] = asked(whole);
	}
	for (int cut = 0; cut < CUTS; cut++) {
		AUTO_FREE struct forecaster *part = forecaster_new(&config);
		struct forecast forecast =
			feed_load(part, loads[_i], 0, (cut + 1) * (int64_t)STEP);

		ck_same(&forecast, &at_cut[cut]);
		ck_assert_int_eq(forecast.state, FORECAST_READY);
	}
}
END_TEST

/* Adds as much as the queue takes and then works `slices` times, again and again. */
static struct forecast feed_in_slices(const struct forecast_config *config,
				      int64_t minutes, int slices)
{
	AUTO_FREE struct forecaster *f = forecaster_new(config);
	int64_t i = 0;

	while (i < minutes) {
		while (i < minutes && forecaster_add(f, (FIRST_MINUTE + i) * MS_PER_MIN,
						     daily(FIRST_MINUTE + i)))
			i++;
		for (int k = 0; k < slices; k++)
			forecaster_work(f);
	}
	while (forecaster_work(f))
		;
	return asked(f);
}

START_TEST(slicing_does_not_matter)
{
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	int64_t minutes = 5 * DAY_MINUTES + 17;
	struct forecast plain = feed_load(f, daily, 0, minutes);

	for (int slices = 1; slices < 4; slices++) {
		struct forecast sliced = feed_in_slices(&config, minutes, slices);

		ck_same(&plain, &sliced);
	}
}
END_TEST

START_TEST(a_fit_is_due_in_several_slices)
{
	struct forecast_config config = config_of(3);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	int slices = 0;

	feed_load(f, daily, 0, 4 * DAY_MINUTES);
	forecaster_add(f, (FIRST_MINUTE + 4 * DAY_MINUTES) * MS_PER_MIN, 100);

	struct forecast before = asked(f);

	while (forecaster_work(f)) {
		struct forecast meanwhile = asked(f);

		/* The work of the newest minute is not done: the last word stands. */
		ck_same(&before, &meanwhile);
		slices++;
	}
	ck_assert_int_gt(slices, 1);
	ck_assert_int_gt(asked(f).made_for_ms, before.made_for_ms);
}
END_TEST

static double scaled(int64_t minute)
{
	return 1024 * daily(minute);
}

START_TEST(another_unit_gives_the_same_forecast_in_that_unit)
{
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	AUTO_FREE struct forecaster *g = forecaster_new(&config);

	for (int64_t i = 0; i < 5; i++) {
		struct forecast a =
			feed_load(f, daily, i * DAY_MINUTES, (i + 1) * DAY_MINUTES);
		struct forecast b =
			feed_load(g, scaled, i * DAY_MINUTES, (i + 1) * DAY_MINUTES);

		ck_near(b.upper, 1024 * a.upper, 1e-9 * b.upper);
		ck_near(b.mean, 1024 * a.mean, 1e-9 * b.upper);
		ck_near(b.release, 1024 * a.release, 1e-9 * b.upper);
		ck_near(b.skill, a.skill, 1e-9);
		ck_near(b.coverage, a.coverage, 1e-9);
		ck_assert_int_eq(a.model, b.model);
	}
}
END_TEST

START_TEST(another_day_of_the_calendar_gives_the_same_forecast)
{
	struct forecast_config config = config_of(5);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	AUTO_FREE struct forecaster *g = forecaster_new(&config);
	int64_t shift = 11 * DAY_MINUTES;

	for (int64_t i = 0; i < 5 * DAY_MINUTES; i++) {
		feed(f, i, daily(FIRST_MINUTE + i));
		feed(g, i + shift, daily(FIRST_MINUTE + i));
	}

	struct forecast a = asked(f), b = asked(g);

	b.made_for_ms -= shift * MS_PER_MIN;
	ck_same(&a, &b);
}
END_TEST

/* {quantile of the window's maximum, window}: the share of minutes whose outcome stayed
 * below must be the quantile. */
static const struct {
	double quantile;
	int32_t window;
	double tolerance;
} coverages[] = {{.95, 3, .015}, {.95, 13, .02}, {.8, 5, .03}, {.95, 120, .045}};

START_TEST(the_quantile_covers_its_share)
{
	struct forecast_config config = config_of(coverages[_i].window);
	int64_t days = 12, ready = 0, covered = 0;
	double load = 0, unserved = 0, share = 0;

	config.quantile = coverages[_i].quantile;

	AUTO_FREE struct forecaster *f = forecaster_new(&config);

	for (int64_t i = 0; i < days * DAY_MINUTES; i++) {
		double most = 0;

		feed(f, i, daily(FIRST_MINUTE + i));
		if (i < 4 * DAY_MINUTES)
			continue;
		for (int64_t k = 1; k <= config.window_min; k++)
			most = fmax(most, daily(FIRST_MINUTE + i + k));

		struct forecast forecast = asked(f);

		ck_assert_int_eq(forecast.state, FORECAST_READY);
		ready++;
		covered += most <= forecast.upper;
		load += most;
		unserved += fmax(most - forecast.upper, 0);
		share = forecast.coverage;
	}
	ck_near((double)covered / (double)ready, config.quantile,
		coverages[_i].tolerance);
	ck_assert(1 - unserved / load > (config.quantile > .9 ? .995 : .97));
	/* What it says of itself, over the last day or two. */
	ck_near(share, 1 - unserved / load, .005);
}
END_TEST

static double noisy_jumping(int64_t minute)
{
	return jumping(minute) * (1 + .04 * noise_at(minute));
}

/* The rise of every day, known from 14 days, is in the forecast as soon as the window
 * reaches it and not long before. */
START_TEST(a_daily_jump_is_forecast_before_it_happens)
{
	static load_function *const loads[] = {jumping, noisy_jumping};
	static const int32_t windows[] = {2, 3, 5};
	struct forecast_config config = config_of(windows[_i % 3]);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	load_function *load = loads[_i / 3];
	int64_t jump = 14 * DAY_MINUTES + JUMP_MINUTE;

	feed_load(f, load, 0, jump - 20);
	for (int64_t i = jump - 20; i < jump; i++) {
		struct forecast forecast = feed_load(f, load, i, i + 1);
		int64_t left =
			jump - 1 - i; /* minutes from the end of this one to the jump */

		ck_assert(forecast.last < 1.3 * JUMP_LOW);
		/* Where yesterday comes again to the bit, nothing beats it. */
		if (left < config.window_min)
			ck_assert(forecast.skill >=
				  (forecast.baseline == FC_SEASONAL_NAIVE ||
						   load == noisy_jumping
					   ? 0
					   : .3));
		if (left < config.window_min)
			ck_assert_msg(forecast.upper > .9 * JUMP_HIGH,
				      "%d minutes before: %g", (int)left, forecast.upper);
		if (left > config.window_min + 8)
			ck_assert(forecast.upper < .6 * JUMP_HIGH);
	}
}
END_TEST

START_TEST(the_jump_is_released_when_it_is_over)
{
	struct forecast_config config = config_of(3);
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	int64_t over = 14 * DAY_MINUTES + JUMP_MINUTE + 60;
	struct forecast forecast = feed_load(f, jumping, 0, over - 6);

	ck_assert(forecast.release > .9 * JUMP_HIGH);
	forecast = feed_load(f, jumping, over - 6, over + 2);
	ck_assert(forecast.release < .6 * JUMP_HIGH);
}
END_TEST

START_TEST(when_values_stay_away_it_says_so)
{
	struct forecast_config config = config_of(3);

	config.use_holt_winters = false;

	AUTO_FREE struct forecaster *f = forecaster_new(&config);

	feed_load(f, daily, 0, 600);
	for (int64_t i = 600; i < 640; i++)
		feed(f, i, NAN);

	struct forecast forecast = asked(f);

	ck_assert_int_eq(forecast.state, FORECAST_WAITING);
	ck_assert_ptr_nonnull(strstr(forecast.reason, "missing"));
	feed(f, 640, 100);
	forecast = asked(f);
	ck_assert_int_eq(forecast.state, FORECAST_READY);
}
END_TEST

START_TEST(only_allowed_models_speak)
{
	for (int use = 0; use < 4; use++) {
		struct forecast_config config = config_of(3);

		config.use_linear = use & 1;
		config.use_holt_winters = use & 2;

		AUTO_FREE struct forecaster *f = forecaster_new(&config);

		feed_load(f, daily, 0, 4 * DAY_MINUTES);
		for (int64_t i = 0; i < 300; i++) {
			struct forecast forecast = feed_load(
				f, daily, 4 * DAY_MINUTES + i, 4 * DAY_MINUTES + i + 1);
			enum model m = forecast.model;

			ck_assert_int_eq(forecast.state, FORECAST_READY);
			ck_assert(use || m < FC_LINEAR_RECENT);
			ck_assert(!use || m >= FC_SEASONAL_NAIVE);
			ck_assert((use & 1) || m < FC_LINEAR_RECENT ||
				  m >= FC_HOLT_WINTERS);
			ck_assert((use & 2) || m != FC_HOLT_WINTERS);
			ck_assert(m == FC_COMBINATION || forecast.mostly == m);
			m = forecast.mostly;
			ck_assert((use & 1) || m < FC_LINEAR_RECENT ||
				  m == FC_HOLT_WINTERS);
			ck_assert((use & 2) || m != FC_HOLT_WINTERS);
		}
	}
}
END_TEST

/* A level that stays for three hours: the last cell says much about the next ones. */
static double drifting(int64_t minute)
{
	return daily(minute) + 40 * noise_at(minute / 180);
}

START_TEST(a_cell_counts_as_soon_as_its_last_minute_is_known)
{
	struct forecast_config config = config_of(3);

	config.use_linear = false;

	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	AUTO_FREE struct forecaster *other = forecaster_new(&config);
	int64_t start = 7 * DAY_MINUTES + 20;

	feed_load(f, drifting, 0, start);
	feed_load(other, drifting, 0, start);
	for (int64_t i = start; i < start + 5; i++) {
		feed(f, i, 2 * drifting(FIRST_MINUTE + i));
		feed(other, i, drifting(FIRST_MINUTE + i));
		ck_assert_int_eq(asked(f).mostly, FC_HOLT_WINTERS);
		ck_assert_int_eq(asked(f).mean > asked(other).mean + 3, i == start + 4);
	}
}
END_TEST

START_TEST(settings_out_of_range_are_brought_into_it)
{
	struct forecast_config config = {.window_min = 1000,
					 .release_min = 1000,
					 .quantile = 7,
					 .refit_minute = -5,
					 .use_linear = true};
	AUTO_FREE struct forecaster *f = forecaster_new(&config);
	struct forecast forecast = feed_load(f, daily, 0, 800);

	ck_assert_int_eq(forecast.state, FORECAST_READY);
	ck_sane(&forecast);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forecast");
	TCase *life = tcase_create("life"), *truth = tcase_create("truth");

	tcase_set_timeout(truth, 60);
	tcase_add_test(life, memory_is_within_its_budget);
	tcase_add_test(life, every_model_has_a_name_of_its_own);
	tcase_add_test(life, without_data_it_waits_and_says_what_it_needs);
	tcase_add_loop_test(life, the_first_forecast_comes_when_it_was_announced, 0,
			    (int)ARRAY_LEN(firsts));
	tcase_add_test(life, the_forecast_is_for_the_end_of_the_newest_minute);
	tcase_add_test(life, a_full_queue_takes_nothing);
	tcase_add_test(life, minutes_given_twice_or_late_are_ignored);
	tcase_add_test(life, slicing_does_not_matter);
	tcase_add_test(life, a_fit_is_due_in_several_slices);
	tcase_add_test(life, when_values_stay_away_it_says_so);
	tcase_add_test(life, only_allowed_models_speak);
	tcase_add_test(life, a_cell_counts_as_soon_as_its_last_minute_is_known);
	tcase_add_test(life, settings_out_of_range_are_brought_into_it);
	tcase_add_loop_test(truth, a_forecast_knows_nothing_of_what_comes_later, 0, 2);
	tcase_add_test(truth, another_unit_gives_the_same_forecast_in_that_unit);
	tcase_add_test(truth, another_day_of_the_calendar_gives_the_same_forecast);
	tcase_add_loop_test(truth, the_quantile_covers_its_share, 0,
			    (int)ARRAY_LEN(coverages));
	tcase_add_loop_test(truth, a_daily_jump_is_forecast_before_it_happens, 0, 6);
	tcase_add_test(truth, the_jump_is_released_when_it_is_over);
	suite_add_tcase(suite, life);
	suite_add_tcase(suite, truth);
	return run_suite(suite);
}
