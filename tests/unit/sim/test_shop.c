#include "sim/trace.h"

#include "unit/harness.h"

#define MONDAY (INT64_C(20472) * MS_PER_DAY) /* 2026-01-19 */

static struct trace *shop(double noise, uint64_t seed)
{
	const struct shop_config config = {
		.start_ms = MONDAY,
		.step_ms = MS_PER_MIN,
		.count = 14 * 1440,
		.peak = 1000,
		.noise = noise,
		.seed = seed,
	};
	return trace_shop(&config);
}

static double at(const struct trace *t, int day, double hour)
{
	int64_t ms = MONDAY + day * MS_PER_DAY + (int64_t)(hour * MS_PER_H);
	return trace_mean(t, ms, ms + 10 * MS_PER_MIN);
}

START_TEST(days_have_a_night_a_steep_ramp_a_lunch_dip_and_a_peak)
{
	struct trace *t = shop(0, 1);
	for (int day = 0; day < 5; day++) {
		double peak = at(t, day, 19.4);
		ck_assert(peak > 800 && peak < 1200);
		ck_assert(at(t, day, 4.4) < 0.1 * peak);
		ck_assert(at(t, day, 8.5) > 3 * at(t, day, 7.8));
		ck_assert(at(t, day, 13) < 0.8 * at(t, day, 11));
		ck_assert(at(t, day, 13) < 0.8 * at(t, day, 16));
	}
	trace_free(t);
}
END_TEST

START_TEST(weekends_are_weaker)
{
	struct trace *t = shop(0, 2);
	double week = 0, saturday = 0, sunday = 0;
	for (int i = 0; i < 2; i++) {
		int64_t start = MONDAY + i * 7 * MS_PER_DAY;
		week += trace_mean(t, start, start + 5 * MS_PER_DAY);
		saturday += trace_mean(t, start + 5 * MS_PER_DAY, start + 6 * MS_PER_DAY);
		sunday += trace_mean(t, start + 6 * MS_PER_DAY, start + 7 * MS_PER_DAY);
	}
	ck_assert(saturday < 0.92 * week && saturday > 0.7 * week);
	ck_assert(sunday < 0.78 * week && sunday > 0.55 * week);
	trace_free(t);
}
END_TEST

START_TEST(no_two_days_are_alike)
{
	struct trace *t = shop(0.03, 5);
	double least = INFINITY, most = 0;
	for (int day = 0; day < 5; day++) {
		double mean = trace_mean(t, MONDAY + day * MS_PER_DAY,
					 MONDAY + (day + 1) * MS_PER_DAY);
		least = fmin(least, mean);
		most = fmax(most, mean);
	}
	ck_assert_msg(most / least > 1.03 && most / least < 1.4, "%g", most / least);
	trace_free(t);
}
END_TEST

START_TEST(noise_has_the_wanted_size_and_follows_the_seed)
{
	struct trace *smooth = shop(0, 3), *a = shop(0.05, 3), *b = shop(0.05, 3),
		     *c = shop(0.05, 4);
	double squares = 0, differences = 0;
	for (size_t i = 0; i < a->count; i++) {
		ck_near(a->values[i], b->values[i], 0);
		differences += fabs(a->values[i] - c->values[i]);
		ck_assert(a->values[i] >= 0);
	}
	/* Within one day the level is the same: relative to the day's mean of ratios. */
	for (size_t day = 0; day < 14; day++) {
		double sum = 0, sum2 = 0;
		for (size_t i = day * 1440; i < (day + 1) * 1440; i++) {
			double ratio = a->values[i] / smooth->values[i];
			sum += ratio;
			sum2 += ratio * ratio;
		}
		double mean = sum / 1440;
		squares += (sum2 / 1440 - mean * mean) / (mean * mean);
	}
	ck_near(sqrt(squares / 14), 0.05, 0.008);
	ck_assert(differences > 1);
	trace_free(smooth);
	trace_free(a);
	trace_free(b);
	trace_free(c);
}
END_TEST

START_TEST(a_crowd_comes_grows_stays_and_goes)
{
	struct shop_config config = {
		.start_ms = MONDAY,
		.step_ms = MS_PER_MIN,
		.count = 1440,
		.peak = 1000,
		.seed = 1,
	};
	struct trace *usual = trace_shop(&config);
	config.burst = (struct shop_burst){.at_ms = MONDAY + 15 * MS_PER_H,
					   .rise_ms = 4 * MS_PER_MIN,
					   .hold_ms = 30 * MS_PER_MIN,
					   .fall_ms = 20 * MS_PER_MIN,
					   .factor = 2};
	struct trace *crowd = trace_shop(&config);
	static const struct {
		int minute;
		double factor;
	} rows[] = {{-1, 1}, {0, 1},    {2, 1.5}, {4, 2},
		    {34, 2}, {44, 1.5}, {54, 1},  {90, 1}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t at = (size_t)(15 * 60 + rows[i].minute);
		ck_near(crowd->values[at] / usual->values[at], rows[i].factor, 1e-9);
	}
	trace_free(usual);
	trace_free(crowd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shop");
	TCase *tc = tcase_create("profile");
	tcase_add_test(tc, days_have_a_night_a_steep_ramp_a_lunch_dip_and_a_peak);
	tcase_add_test(tc, weekends_are_weaker);
	tcase_add_test(tc, no_two_days_are_alike);
	tcase_add_test(tc, noise_has_the_wanted_size_and_follows_the_seed);
	tcase_add_test(tc, a_crowd_comes_grows_stays_and_goes);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
