#include "forecast/season.h"

#include "unit/harness.h"

#define STEP_MS (5 * MS_PER_MIN)
#define DAY     288
#define COUNT   (14 * DAY)

static float series[SEASON_VALUES_MAX + 100];

static struct seasons search(int32_t count, int64_t step_ms)
{
	AUTO_FREE void *work = xmalloc(season_work_size(count));
	struct season_search s;

	season_search_init(&s, series, count, step_ms, work);
	while (season_search_work(&s))
		;
	return *season_search_result(&s);
}

/* One shape in each cycle of `period` values: quiet, with a hump in its first third. Its
 * harmonics are many. */
static double hump(double at, double period)
{
	double phase = fmod(at, period) / period;

	return phase < 1. / 3 ? sin(3 * M_PI * phase) : 0;
}

static void fill(struct rng *noise, double size, double period, double height)
{
	for (int32_t i = 0; i < COUNT; i++)
		series[i] = (float)(100 + height * hump(i, period) +
				    size * rng_normal(noise));
}

static void found_hours(const struct seasons *found, double hours)
{
	ck_assert_int_ge(found->count, 1);
	ck_near((double)found->found[0].period_ms / MS_PER_H, hours, .01 * hours);
}

/* hours, found by calendar or by spectrum */
static const double periods[] = {1, 8, 12, 24, .5, 5. / 3, 3, 6, 6.2, 20};

START_TEST(a_season_is_found)
{
	struct rng noise;

	rng_init(&noise, 1);
	fill(&noise, 10, periods[_i] * 12, 30);

	struct seasons found = search(COUNT, STEP_MS);

	found_hours(&found, periods[_i]);
	ck_assert_int_eq(found.count, 1);
	/* the hump's variance is 114, the noise's 100 */
	ck_near(found.found[0].share, .5, .1);
	ck_near(found.found[0].cycles, 14 * 24 / periods[_i], 1);
}
END_TEST

START_TEST(the_evidence_is_said)
{
	struct season season = {24 * MS_PER_H, .812, 13};
	char text[SEASON_TEXT_MAX];

	season_text(&season, text);
	ck_assert_str_eq(text, "24 h, explains 81 % of variance, 13 cycles");
	season.period_ms = 30 * MS_PER_MIN;
	season_text(&season, text);
	ck_assert_str_eq(text, "30 min, explains 81 % of variance, 13 cycles");
}
END_TEST

START_TEST(a_day_with_a_strong_harmonic_is_a_day)
{
	struct rng noise;

	rng_init(&noise, 2);
	fill(&noise, 5, 96, 40);
	for (int32_t i = 0; i < COUNT; i++)
		series[i] += (float)(20 * hump(i, DAY));

	struct seasons found = search(COUNT, STEP_MS);

	found_hours(&found, 24);
	ck_assert_int_eq(found.count, 1);
}
END_TEST

START_TEST(eight_hours_with_a_faint_day_are_eight_hours)
{
	struct rng noise;

	rng_init(&noise, 3);
	fill(&noise, 5, 96, 40);
	for (int32_t i = 0; i < COUNT; i++)
		series[i] += (float)(3 * hump(i, DAY));

	struct seasons found = search(COUNT, STEP_MS);

	found_hours(&found, 8);
}
END_TEST

static void add_weekend(double drop)
{
	for (int32_t i = 0; i < COUNT; i++)
		if (i / DAY % 7 >= 5)
			series[i] -= (float)(drop * hump(i, DAY));
}

START_TEST(a_week_stands_beside_the_day)
{
	struct rng noise;

	rng_init(&noise, 4);
	fill(&noise, 4, DAY, 40);
	add_weekend(30);

	struct seasons found = search(COUNT, STEP_MS);

	found_hours(&found, 24);
	ck_assert_int_eq(found.count, 2);
	ck_assert_int_eq(found.found[1].period_ms, 7 * MS_PER_DAY);
	ck_assert_int_eq(found.found[1].cycles, 2);
}
END_TEST

/* What may happen to a load without hiding its day. */
static void spikes(struct rng *noise)
{
	for (int i = 0; i < 20; i++)
		series[rng_next(noise) % COUNT] *= 1000;
}

static void level_shifts(struct rng *noise)
{
	(void)noise;
	for (int32_t i = COUNT / 3; i < COUNT; i++)
		series[i] += i < COUNT / 2 ? 80 : -30;
}

static void trend(struct rng *noise)
{
	(void)noise;
	for (int32_t i = 0; i < COUNT; i++)
		series[i] += .1F * (float)i;
}

static void gaps(struct rng *noise)
{
	for (int32_t i = 0; i < COUNT; i++)
		if (rng_uniform(noise) < .3 || (i > 1000 && i < 1700))
			series[i] = NAN;
}

static void (*const troubles[])(struct rng *noise) = {spikes, level_shifts, trend, gaps};

START_TEST(trouble_does_not_hide_a_day)
{
	struct rng noise;

	rng_init(&noise, 5);
	fill(&noise, 5, DAY, 40);
	troubles[_i](&noise);

	struct seasons found = search(COUNT, STEP_MS);

	found_hours(&found, 24);
	ck_assert_int_eq(found.count, 1);
}
END_TEST

START_TEST(trouble_alone_is_no_season)
{
	struct rng noise;

	rng_init(&noise, 6);
	for (int round = 0; round < 10; round++) {
		fill(&noise, 5, DAY, 0);
		troubles[_i](&noise);
		ck_assert_int_eq(search(COUNT, STEP_MS).count, 0);
	}
}
END_TEST

/* Autoregressive noise: 0 is white, 1 a random walk. */
static const double memories[] = {0, .5, .9, .99, 1};

static void fill_noise(struct rng *noise, double memory)
{
	double state = 0;

	for (int32_t i = 0; i < COUNT; i++) {
		state = memory * state + rng_normal(noise);
		series[i] = (float)state;
	}
}

START_TEST(noise_has_no_season)
{
	struct rng noise;
	int none = 0;

	rng_init(&noise, 7);
	for (int round = 0; round < 100; round++) {
		fill_noise(&noise, memories[_i]);
		none += search(COUNT, STEP_MS).count == 0;
	}
	ck_assert_int_ge(none, 98);
}
END_TEST

START_TEST(a_day_in_noise_has_no_week)
{
	struct rng noise;
	int days = 0;

	rng_init(&noise, 8);
	for (int round = 0; round < 50; round++) {
		fill_noise(&noise, memories[_i]);
		for (int32_t i = 0; i < COUNT; i++)
			series[i] += (float)(40 * hump(i, DAY));

		struct seasons found = search(COUNT, STEP_MS);

		days += found.count == 1 && found.found[0].period_ms == MS_PER_DAY;
	}
	ck_assert_int_ge(days, 49);
}
END_TEST

START_TEST(little_or_nothing_has_no_season)
{
	for (int32_t count = 0; count < 200; count++) {
		for (int32_t i = 0; i < count; i++)
			series[i] = (float)(i % 12);
		if (count < 48)
			ck_assert_int_eq(search(count, STEP_MS).count, 0);
		for (int32_t i = 0; i < count; i++)
			series[i] = i % 50 ? 7 : NAN;
		ck_assert_int_eq(search(count, STEP_MS).count, 0);
	}
	for (int32_t i = 0; i < COUNT; i++)
		series[i] = i == 2000 ? 1e30F : 0;
	ck_assert_int_eq(search(COUNT, STEP_MS).count, 0);
	for (int32_t i = 0; i < COUNT; i++)
		series[i] = i % 400 ? NAN : (float)i;
	ck_assert_int_eq(search(COUNT, STEP_MS).count, 0);
}
END_TEST

/* {minutes, values} */
static const int32_t steps[][2] = {{1, 20160}, {2, 10080}, {15, 1344}, {60, 672}};

START_TEST(every_step_finds_the_day)
{
	struct rng noise;
	int32_t day = 1440 / steps[_i][0];

	rng_init(&noise, 9);
	for (int32_t i = 0; i < steps[_i][1]; i++)
		series[i] = (float)(100 + 40 * hump(i, day) + 5 * rng_normal(&noise));

	struct seasons found = search(steps[_i][1], steps[_i][0] * MS_PER_MIN);

	found_hours(&found, 24);
	ck_assert_int_eq(found.count, 1);
}
END_TEST

START_TEST(only_the_newest_are_looked_at)
{
	struct rng noise;

	rng_init(&noise, 10);
	for (int32_t i = 0; i < SEASON_VALUES_MAX + 100; i++)
		series[i] =
			(float)(i < 100 ? 1e9 : 40 * hump(i, 1440) + rng_normal(&noise));

	struct seasons found = search(SEASON_VALUES_MAX + 100, MS_PER_MIN);

	found_hours(&found, 24);
	ck_assert_int_eq(found.found[0].cycles, 14);
}
END_TEST

START_TEST(units_do_not_matter)
{
	struct rng noise;

	rng_init(&noise, 11);
	fill(&noise, 10, DAY, 30);

	struct seasons before = search(COUNT, STEP_MS);

	for (int32_t i = 0; i < COUNT; i++)
		series[i] *= 1024;

	struct seasons after = search(COUNT, STEP_MS);

	ck_near(before.found[0].share, after.found[0].share, 0);
	for (int32_t i = 0; i < COUNT; i++)
		series[i] = -series[i];
	after = search(COUNT, STEP_MS);
	ck_near(before.found[0].share, after.found[0].share, 1e-3);
}
END_TEST

static void watch_days(struct season_watch *w, struct rng *noise, double height, int days)
{
	for (int32_t i = 0; i < days * DAY; i++) {
		double base = height * hump(i, DAY);

		season_watch_add(w, base + 10 * rng_normal(noise),
				 base + 10 * rng_normal(noise));
	}
}

START_TEST(a_season_that_goes_is_doubted)
{
	const struct season season = {MS_PER_DAY, .5, 14};
	struct season_watch w;
	struct rng noise;

	rng_init(&noise, 12);
	season_watch_init(&w, &season, STEP_MS);
	ck_assert(!season_watch_doubts(&w));
	watch_days(&w, &noise, 0, 1);
	season_watch_add(&w, NAN, 1);
	season_watch_add(&w, 1, NAN);
	season_watch_init(&w, &season, STEP_MS);
	for (int day = 0; day < 20; day++) {
		watch_days(&w, &noise, 30, 1);
		ck_assert(!season_watch_doubts(&w));
	}
	season_watch_add(&w, 1e9, 0);
	ck_assert(!season_watch_doubts(&w));
	watch_days(&w, &noise, 0, 6);
	ck_assert(season_watch_doubts(&w));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("season");
	TCase *tc = tcase_create("season");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_season_is_found, 0, ARRAY_LEN(periods));
	tcase_add_test(tc, the_evidence_is_said);
	tcase_add_test(tc, a_day_with_a_strong_harmonic_is_a_day);
	tcase_add_test(tc, eight_hours_with_a_faint_day_are_eight_hours);
	tcase_add_test(tc, a_week_stands_beside_the_day);
	tcase_add_loop_test(tc, trouble_does_not_hide_a_day, 0, ARRAY_LEN(troubles));
	tcase_add_loop_test(tc, trouble_alone_is_no_season, 0, ARRAY_LEN(troubles));
	tcase_add_loop_test(tc, noise_has_no_season, 0, ARRAY_LEN(memories));
	tcase_add_loop_test(tc, a_day_in_noise_has_no_week, 0, ARRAY_LEN(memories) - 2);
	tcase_add_test(tc, little_or_nothing_has_no_season);
	tcase_add_loop_test(tc, every_step_finds_the_day, 0, ARRAY_LEN(steps));
	tcase_add_test(tc, only_the_newest_are_looked_at);
	tcase_add_test(tc, units_do_not_matter);
	tcase_add_test(tc, a_season_that_goes_is_doubted);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
