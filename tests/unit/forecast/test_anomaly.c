#include "forecast/anomaly.h"

#include "unit/harness.h"

#include <string.h>

/* A load that is expected to be `base` and comes with noise of `size`. */
struct world {
	struct anomaly anomaly;
	struct anomaly_verdict verdict;
	struct rng noise;
	int64_t step_ms, now_ms;
	double base, size;
	int flags, shifts, scatters, held; /* samples by verdict */
};

static void world_init(struct world *w, int64_t step_ms)
{
	*w = (struct world){.step_ms = step_ms, .base = 100, .size = 3};
	anomaly_init(&w->anomaly, step_ms);
	rng_init(&w->noise, 11);
}

static void give(struct world *w, double value, double expected)
{
	struct observation o = {.t_ms = w->now_ms, .value = value, .expected = expected};

	anomaly_judge(&w->anomaly, &o, &w->verdict);
	w->now_ms += w->step_ms;
	w->flags += w->verdict.kind == ANOMALY_POINT;
	w->shifts += w->verdict.kind == ANOMALY_SHIFT;
	w->scatters += w->verdict.kind == ANOMALY_SCATTER;
	w->held += w->verdict.hold_down;
}

static void quiet(struct world *w, int count)
{
	for (int i = 0; i < count; i++)
		give(w, w->base + w->size * rng_normal(&w->noise), w->base);
}

static void world_settled(struct world *w, int64_t step_ms)
{
	world_init(w, step_ms);
	quiet(w, 1000);
	w->flags = w->shifts = w->scatters = w->held = 0;
}

static void said(const struct world *w, const char *want)
{
	char text[ANOMALY_TEXT_MAX];

	anomaly_text(&w->verdict, text);
	ck_assert_str_eq(text, want);
}

START_TEST(a_spike_is_flagged_held_and_not_learned)
{
	struct world w;

	world_settled(&w, MS_PER_MIN);
	give(&w, 200, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_POINT);
	ck_assert(!w.verdict.learn);
	ck_assert(w.verdict.hold_down);
	ck_assert_int_eq(w.verdict.hold_until_ms, w.now_ms - MS_PER_MIN + 5 * MS_PER_MIN);
	ck_near(w.verdict.score, 33, 7);

	char text[ANOMALY_TEXT_MAX];

	anomaly_text(&w.verdict, text);
	ck_assert(strstr(text, "200 where 100 was expected"));
	ck_assert(strstr(text, "not learned, scale-down held"));
	give(&w, 101, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_NONE);
	ck_assert(w.verdict.learn);
	ck_assert(w.verdict.hold_down);
	said(&w, "");
	quiet(&w, 10);
	ck_assert(!w.verdict.hold_down);
	ck_assert_int_eq(w.held, 5);
}
END_TEST

START_TEST(a_drop_is_flagged_as_well)
{
	struct world w;

	world_settled(&w, MS_PER_MIN);
	give(&w, 0, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_POINT);
	ck_assert(w.verdict.score < -20);
}
END_TEST

START_TEST(what_other_days_have_shown_is_not_flagged)
{
	static const struct {
		double value;
		bool flagged;
	} cases[] = {{200, false}, {190, false}, {300, false}, {312, false},
		     {400, true},  {160, true},  {100, false}};
	const struct anomaly_range known[] = {{NAN, NAN}, {195, 305}};
	struct world w;

	world_settled(&w, MS_PER_MIN);

	struct observation o = {.t_ms = w.now_ms,
				.value = cases[_i].value,
				.expected = 100,
				.known = known,
				.known_count = 2};

	anomaly_judge(&w.anomaly, &o, &w.verdict);
	ck_assert_int_eq(w.verdict.kind == ANOMALY_POINT, cases[_i].flagged);
}
END_TEST

START_TEST(a_spike_changes_what_is_usual_by_little)
{
	struct world spiked, calm;

	world_settled(&spiked, MS_PER_MIN);
	world_settled(&calm, MS_PER_MIN);
	give(&spiked, 1e12, 100);
	give(&calm, 100, 100);
	ck_near(spiked.anomaly.scale / calm.anomaly.scale, 1, .02);
	ck_near(spiked.anomaly.median, calm.anomaly.median, .05);
	ck_near(spiked.anomaly.usual, calm.anomaly.usual, .1);
}
END_TEST

/* {step in minutes, samples until accepted} */
static const int steps[][2] = {{1, 10}, {2, 5}, {5, 3}, {15, 3}};

START_TEST(a_level_that_stays_is_accepted)
{
	struct world w;
	int want = steps[_i][1];

	world_settled(&w, steps[_i][0] * MS_PER_MIN);
	for (int i = 0; i < want - 1; i++) {
		give(&w, 160, 100);
		ck_assert_int_eq(w.verdict.kind, ANOMALY_POINT);
	}
	give(&w, 160, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_SHIFT);
	ck_assert(w.verdict.learn);
	ck_assert(!w.verdict.hold_down);
	ck_near(w.verdict.shift, 60, 2);
	/* Both forecasts that have learned it and those that have not are believed. */
	for (int i = 0; i < 100; i++)
		give(&w, 160 + 3 * rng_normal(&w.noise), i < 50 ? 100 : 160);
	ck_assert_int_eq(w.flags, want - 1);
}
END_TEST

START_TEST(a_shift_says_so)
{
	struct world w;

	world_init(&w, MS_PER_MIN);
	w.size = 0;
	quiet(&w, 100);
	for (int i = 0; i < 10; i++)
		give(&w, 160, 100);
	said(&w, "160 where 100 was expected: the level has shifted by +60, learning "
		 "goes on");
}
END_TEST

START_TEST(a_small_shift_is_found_without_a_pause_in_learning)
{
	struct world w;

	world_settled(&w, MS_PER_MIN);
	w.base = 100;
	for (int i = 0; i < 60 && !w.shifts; i++)
		give(&w, 106 + 3 * rng_normal(&w.noise), 100);
	ck_assert_int_eq(w.shifts, 1);
	ck_assert_int_eq(w.flags, 0);
	ck_near(w.verdict.shift, 6, 2.5);
}
END_TEST

START_TEST(wild_scatter_that_stays_is_accepted_too)
{
	struct world w;

	world_settled(&w, MS_PER_MIN);
	for (int i = 0; i < 200; i++)
		give(&w, 100 + 60 * rng_normal(&w.noise), 100);
	ck_assert_int_eq(w.scatters, 1);
	ck_assert_int_le(w.flags, 20);
	ck_assert_int_le(w.held, 30);
}
END_TEST

/* Ten times the load within five minutes, for two hours, with forecasts that follow only
 * what they are allowed to learn: at a tenth of the error a minute. */
START_TEST(a_flash_crowd_is_believed_within_minutes)
{
	struct world w;
	double expected = 100;

	world_settled(&w, MS_PER_MIN);
	for (int i = 0; i < 120; i++) {
		double value = 100 + 900 * fmin(i / 5., 1) + 20 * rng_normal(&w.noise);

		give(&w, value, expected);
		if (w.verdict.learn)
			expected += .1 * (value - expected);
	}
	ck_assert_int_le(w.flags, 15);
	ck_assert_int_le(w.held, 20);
	ck_near(expected, 1000, 50);
	w.flags = w.held = 0;
	for (int i = 0; i < 60; i++) {
		give(&w, 100, expected);
		if (w.verdict.learn)
			expected += .1 * (100 - expected);
	}
	ck_assert_int_le(w.flags, 15);
	ck_assert_int_le(w.held, 20);
	ck_near(expected, 100, 10);
}
END_TEST

/* From 100 to 1000 within half an hour; the forecast is a last value that learns. */
START_TEST(a_morning_ramp_is_learned_mostly)
{
	struct world w;
	double expected = 100;
	int learned = 0;

	world_settled(&w, MS_PER_MIN);
	for (int i = 1; i <= 30; i++) {
		give(&w, 100 + 30 * i, expected);
		if (w.verdict.learn) {
			expected = w.verdict.value;
			learned++;
		}
	}
	ck_assert_int_ge(learned, 15);
	ck_assert_int_le(w.held, 15);
}
END_TEST

START_TEST(no_hold_lasts_longer_than_half_an_hour)
{
	struct world w;
	int longest = 0, now = 0;

	world_settled(&w, MS_PER_MIN);
	for (int i = 0; i < 600; i++) {
		give(&w, i % 4 ? 100 : 300, 100);
		now = w.verdict.hold_down ? now + 1 : 0;
		longest = now > longest ? now : longest;
	}
	ck_assert_int_le(longest, 30);
	ck_assert_int_le(w.held, 330);
}
END_TEST

START_TEST(a_gap_is_neither_learned_nor_flagged)
{
	struct world w;

	world_settled(&w, MS_PER_MIN);

	struct anomaly before = w.anomaly;

	for (int i = 0; i < 30; i++) {
		give(&w, NAN, 100);
		ck_assert(!w.verdict.learn);
		ck_assert_int_eq(w.verdict.kind, ANOMALY_NONE);
	}
	ck_assert(memcmp(&before, &w.anomaly, sizeof(before)) == 0);
	/* After half an hour an error of 30 is not remarkable as it was before. */
	give(&w, 130, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_NONE);
	quiet(&w, 5);
	give(&w, 130, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_POINT);
}
END_TEST

START_TEST(a_hold_ends_in_a_gap_too)
{
	struct world w;

	world_settled(&w, MS_PER_MIN);
	give(&w, 500, 100);
	for (int i = 0; i < 6; i++)
		give(&w, NAN, NAN);
	ck_assert(!w.verdict.hold_down);
}
END_TEST

START_TEST(old_and_doubled_samples_are_ignored)
{
	struct world w;

	world_settled(&w, MS_PER_MIN);

	struct anomaly before = w.anomaly;

	w.now_ms -= MS_PER_MIN;
	give(&w, 1e6, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_NONE);
	ck_assert(memcmp(&before, &w.anomaly, sizeof(before)) == 0);
}
END_TEST

START_TEST(what_the_tolerance_ignores_is_not_flagged)
{
	struct world w;

	world_init(&w, MS_PER_MIN);
	w.size = 0;
	quiet(&w, 1000);
	give(&w, 109, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_NONE);
	give(&w, 112, 100);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_POINT);
}
END_TEST

START_TEST(nothing_is_flagged_before_an_hour_is_known)
{
	struct world w;

	world_init(&w, MS_PER_MIN);
	for (int i = 0; i < 60; i++)
		give(&w, i % 7 ? 1 : 1e6, 1);
	ck_assert_int_eq(w.flags, 0);
	ck_assert_int_eq(w.held, 0);
}
END_TEST

/* Quiet nights must not lend their scale to days. */
START_TEST(the_hours_have_scales_of_their_own)
{
	struct world w;
	int night = 0, day = 0;

	world_init(&w, MS_PER_MIN);
	for (int i = 0; i < 14 * 1440; i++) {
		bool sleeps = i / 60 % 24 < 8;

		w.flags = 0;
		give(&w, 100 + (sleeps ? 3 : 12) * rng_normal(&w.noise), 100);
		*(sleeps ? &night : &day) += w.flags;
	}
	ck_assert_int_le(day, 10);
	ck_assert(w.anomaly.hour_scale[3] < .7 * w.anomaly.hour_scale[15]);
}
END_TEST

START_TEST(without_expectations_it_makes_its_own)
{
	struct world w;

	world_init(&w, 5 * MS_PER_MIN);
	for (int i = 0; i < 1000; i++)
		give(&w, 100 + 3 * rng_normal(&w.noise), NAN);
	ck_assert_int_eq(w.flags, 0);
	give(&w, 160, NAN);
	ck_assert_int_eq(w.verdict.kind, ANOMALY_POINT);
	ck_near(w.verdict.expected, 100, 6);
}
END_TEST

/* Noise laws, with how many flags and shifts are allowed in 200,000 samples. */
static double normal(struct rng *r)
{
	return rng_normal(r);
}

static double laplace(struct rng *r)
{
	double u = rng_uniform(r) - .5;

	return (u < 0 ? 1 : -1) * log(1 - 2 * fabs(u));
}

static double student(struct rng *r)
{
	double z = rng_normal(r), sum = 0;

	for (int i = 0; i < 3; i++)
		sum += pow(rng_normal(r), 2);
	return z / sqrt(sum / 3);
}

static double persistent(struct rng *r)
{
	static double state;

	state = .8 * state + rng_normal(r);
	return state;
}

static const struct {
	double (*law)(struct rng *r);
	int flags, shifts;
} laws[] = {
	{normal, 20, 20}, {laplace, 100, 20}, {student, 400, 20}, {persistent, 20, 40}};

START_TEST(noise_is_seldom_flagged)
{
	struct world w;

	world_init(&w, MS_PER_MIN);
	for (int i = 0; i < 200000; i++)
		give(&w, 100 + 5 * laws[_i].law(&w.noise), 100);
	ck_assert_int_le(w.flags, laws[_i].flags);
	ck_assert_int_le(w.shifts + w.scatters, laws[_i].shifts);
}
END_TEST

START_TEST(every_input_gives_a_finite_score)
{
	static const double odd[] = {0,     -0., 1e-300,   -1e-300,   1e300, -1e300, 1e30,
				     -1e30, NAN, INFINITY, -INFINITY, 1,     42};
	struct world w;

	world_init(&w, MS_PER_MIN);
	for (int i = 0; i < 20000; i++) {
		double value = odd[rng_next(&w.noise) % ARRAY_LEN(odd)];
		double expected = odd[rng_next(&w.noise) % ARRAY_LEN(odd)];

		give(&w, value, expected);
		give(&w, expected, value);
		ck_assert(isfinite(w.verdict.score) && isfinite(w.verdict.shift));
		ck_assert(isfinite(w.anomaly.scale) && isfinite(w.anomaly.median));
		ck_assert(isfinite(w.anomaly.offset) && isfinite(w.anomaly.usual));
	}
}
END_TEST

START_TEST(units_do_not_matter)
{
	struct world small, large;

	world_init(&small, MS_PER_MIN);
	world_init(&large, MS_PER_MIN);
	for (int i = 0; i < 3000; i++) {
		double v = i % 500 == 499 ? 300 : 100 + 5 * rng_normal(&small.noise);

		give(&small, v, 100);
		give(&large, 1024 * v, 102400);
		ck_near(small.verdict.score, large.verdict.score, 1e-6);
		ck_assert_int_eq(small.verdict.kind, large.verdict.kind);
	}
	ck_assert_int_eq(small.flags, 6);
}
END_TEST

START_TEST(the_state_is_small)
{
	ck_assert_uint_le(sizeof(struct anomaly), 400);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("anomaly");
	TCase *tc = tcase_create("anomaly");

	tcase_add_test(tc, a_spike_is_flagged_held_and_not_learned);
	tcase_add_test(tc, a_drop_is_flagged_as_well);
	tcase_add_loop_test(tc, what_other_days_have_shown_is_not_flagged, 0, 7);
	tcase_add_test(tc, a_spike_changes_what_is_usual_by_little);
	tcase_add_loop_test(tc, a_level_that_stays_is_accepted, 0, ARRAY_LEN(steps));
	tcase_add_test(tc, a_shift_says_so);
	tcase_add_test(tc, a_small_shift_is_found_without_a_pause_in_learning);
	tcase_add_test(tc, wild_scatter_that_stays_is_accepted_too);
	tcase_add_test(tc, a_flash_crowd_is_believed_within_minutes);
	tcase_add_test(tc, a_morning_ramp_is_learned_mostly);
	tcase_add_test(tc, no_hold_lasts_longer_than_half_an_hour);
	tcase_add_test(tc, a_gap_is_neither_learned_nor_flagged);
	tcase_add_test(tc, a_hold_ends_in_a_gap_too);
	tcase_add_test(tc, old_and_doubled_samples_are_ignored);
	tcase_add_test(tc, what_the_tolerance_ignores_is_not_flagged);
	tcase_add_test(tc, nothing_is_flagged_before_an_hour_is_known);
	tcase_add_test(tc, the_hours_have_scales_of_their_own);
	tcase_add_test(tc, without_expectations_it_makes_its_own);
	tcase_add_loop_test(tc, noise_is_seldom_flagged, 0, ARRAY_LEN(laws));
	tcase_add_test(tc, every_input_gives_a_finite_score);
	tcase_add_test(tc, units_do_not_matter);
	tcase_add_test(tc, the_state_is_small);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
