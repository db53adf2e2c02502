/* total = a * pods + b * load, and when it is believed. */
#include "forecast/forecast.h"

#include "unit/harness.h"

#define BLOCK (15 * MS_PER_MIN)
#define MIB   1048576.

static struct usage u;
static struct usage_line line;
static struct rng noise;
static int64_t now_ms;

static void open_usage(void)
{
	u = (struct usage){0};
	rng_init(&noise, 3);
	now_ms = INT64_C(1772000000000) / BLOCK * BLOCK;
}

/* A load of 200 to 1,500 over the day, and the pods that serve it. */
static double load_now(void)
{
	return 850 -
	       650 * cos(2 * M_PI * (double)(now_ms % MS_PER_DAY) / (double)MS_PER_DAY);
}

static double pods_now(void)
{
	return ceil(load_now() / 200);
}

/* `blocks` of three samples each; error: added to each block's total. */
static void live(int32_t blocks, double per_pod, double per_load, double (*error)(void))
{
	for (int32_t i = 0; i < blocks; i++) {
		double extra = error ? error() : 0;
		for (int k = 0; k < 3; k++, now_ms += BLOCK / 3)
			usage_note(&u, now_ms, pods_now(), load_now(),
				   per_pod * pods_now() + per_load * load_now() + extra);
	}
	usage_solve(&u, &line);
}

static double white(void)
{
	return 100 * MIB * rng_normal(&noise);
}

static double wander(void)
{
	static double at;
	return at += 30 * MIB * rng_normal(&noise);
}

START_TEST(a_line_is_found_after_a_day)
{
	live(96, 200 * MIB, 6 * MIB, NULL);
	ck_assert(!line.significant); /* the last block has not ended */
	ck_assert_str_eq(line.reason,
			 "watched for 95 of the 96 quarters of an hour that it takes");
	live(1, 200 * MIB, 6 * MIB, NULL);
	ck_assert(line.significant);
	ck_assert_str_eq(line.reason, "");
	ck_near(line.per_pod / MIB, 200, 1e-3);
	ck_near(line.per_load / MIB, 6, 1e-4);
}
END_TEST

START_TEST(noise_leaves_it_significant)
{
	live(200, 200 * MIB, 6 * MIB, white);
	ck_assert(line.significant);
	ck_near(line.per_pod / MIB, 200, 40);
	ck_near(line.per_load / MIB, 6, 0.2);
	ck_assert_double_gt(line.evidence, 20);
}
END_TEST

START_TEST(what_pods_use_by_themselves_is_not_the_loads)
{
	live(300, 900 * MIB, 0, NULL);
	ck_assert(!line.significant);
	ck_assert_str_eq(line.reason, "it hardly depends on the load");
	open_usage();
	live(300, 900 * MIB, 0, white);
	ck_assert(!line.significant);
}
END_TEST

/* A leak or a cache wanders: by chance it goes with the load for a while. */
START_TEST(what_wanders_is_not_taken_for_load)
{
	int32_t believed = 0;
	for (int seed = 0; seed < 200; seed++) {
		open_usage();
		rng_init(&noise, (uint64_t)seed);
		for (int32_t i = 0; i < 300; i++) {
			live(1, 900 * MIB, 0, wander);
			believed += line.significant;
		}
	}
	/* One block in a hundred. */
	ck_assert_int_lt(believed, 600);
}
END_TEST

START_TEST(pods_and_load_that_move_together_cannot_be_told_apart)
{
	for (int32_t i = 0; i < 300; i++, now_ms += BLOCK)
		usage_note(&u, now_ms, 2 + i % 7, 100. * (2 + i % 7),
			   700 * MIB * (2 + i % 7));
	usage_solve(&u, &line);
	ck_assert(!line.significant);
	ck_assert_str_eq(line.reason, "pods and load were not seen apart yet");
	ck_assert(isnan(line.per_pod) && isnan(line.per_load) && isnan(line.evidence));
}
END_TEST

START_TEST(a_base_below_nothing_is_none)
{
	live(300, -20 * MIB, 6 * MIB, NULL);
	ck_near(line.per_pod, 0, 0);
	ck_assert_double_gt(line.per_load, 5.5 * MIB);
	ck_assert_double_lt(line.per_load, 6 * MIB);
}
END_TEST

static double huge(void)
{
	return 1200 * MIB * rng_normal(&noise);
}

START_TEST(a_line_with_large_errors_is_no_fit)
{
	live(300, 200 * MIB, 6 * MIB, huge);
	ck_assert(!line.significant);
	ck_assert_str_eq(line.reason, "pods and load do not explain it");
}
END_TEST

/* A release that no longer keeps what requests bring. */
START_TEST(a_line_that_is_over_is_doubted_within_days)
{
	live(300, 200 * MIB, 6 * MIB, white);
	ck_assert(line.significant);
	live(4 * 96, 1100 * MIB, 0, white);
	ck_assert(!line.significant);
}
END_TEST

START_TEST(once_believed_it_takes_more_to_be_doubted)
{
	live(300, 200 * MIB, 6 * MIB, white);
	struct usage_line now;
	/* As large an error as makes b three and a half times its own. */
	u.same[USAGE_TOTAL][USAGE_TOTAL] *= 1;
	double factor = line.evidence / 3.5;
	double w[USAGE_TERMS] = {-line.per_pod, -line.per_load, 1}, squares = 0;
	for (int i = 0; i < USAGE_TERMS; i++)
		for (int k = 0; k < USAGE_TERMS; k++)
			squares += w[i] * u.same[i][k] * w[k];
	memset(u.next, 0, sizeof(u.next));
	usage_solve(&u, &now);
	factor *= now.evidence / line.evidence;
	u.same[USAGE_TOTAL][USAGE_TOTAL] += squares * (factor * factor - 1);
	usage_solve(&u, &now);
	ck_near(now.evidence, 3.5, 0.05);
	ck_assert_int_eq(now.significant, now.reason[0] == '\0');
	bool believed = now.significant;
	u.significant = false;
	usage_solve(&u, &now);
	ck_assert(!now.significant);
	ck_assert(believed || strcmp(now.reason, "pods and load do not explain it") == 0);
}
END_TEST

START_TEST(samples_that_make_no_sense_are_ignored)
{
	static const double bad[][USAGE_TERMS] = {
		{0, 1, 1},        {-1, 1, 1},       {NAN, 1, 1}, {1, -1, 1},
		{1, NAN, 1},      {1, 1, -1},       {1, 1, NAN}, {INFINITY, 1, 1},
		{1, INFINITY, 1}, {1, 1, INFINITY},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		usage_note(&u, now_ms, bad[i][0], bad[i][1], bad[i][2]);
	ck_assert_int_eq(u.samples, 0);
	usage_note(&u, now_ms, 1, 0, 0);
	ck_assert_int_eq(u.samples, 1);
}
END_TEST

START_TEST(a_block_is_the_mean_of_its_samples)
{
	usage_note(&u, now_ms, 1, 10, 100);
	usage_note(&u, now_ms + BLOCK - 1, 3, 30, 200);
	ck_assert_int_eq(u.blocks, 0);
	usage_note(&u, now_ms + BLOCK, 1, 1, 1);
	ck_assert_int_eq(u.blocks, 1);
	ck_near(u.last[USAGE_PODS], 2, 1e-12);
	ck_near(u.last[USAGE_LOAD], 20, 1e-12);
	ck_near(u.last[USAGE_TOTAL], 150, 1e-12);
	ck_near(u.same[USAGE_PODS][USAGE_TOTAL], 300, 1e-9);
	ck_near(u.next[USAGE_PODS][USAGE_TOTAL], 0, 0);
	usage_note(&u, now_ms + 2 * BLOCK, 1, 1, 1);
	ck_near(u.next[USAGE_PODS][USAGE_TOTAL], 150, 1e-9);
	/* Beyond a gap nothing follows. */
	usage_note(&u, now_ms + 9 * BLOCK, 5, 5, 5);
	usage_note(&u, now_ms + 10 * BLOCK, 5, 5, 5);
	ck_near(u.next[USAGE_PODS][USAGE_PODS], 2 + 1 * 1, 0.1);
}
END_TEST

START_TEST(a_clock_that_goes_back_an_hour_begins_a_block_there)
{
	usage_note(&u, now_ms, 1, 10, 100);
	usage_note(&u, now_ms - 3 * BLOCK, 9, 9, 9);
	ck_assert_int_eq(u.samples, 1);
	ck_near(u.sums[USAGE_PODS], 1, 0);
	usage_note(&u, now_ms - 4 * BLOCK, 9, 9, 9);
	ck_assert_int_eq(u.samples, 1);
	ck_near(u.sums[USAGE_PODS], 9, 0);
	ck_assert_int_eq(u.blocks, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("usage");
	TCase *t = tcase_create("usage");
	tcase_add_checked_fixture(t, open_usage, NULL);
	tcase_add_test(t, a_line_is_found_after_a_day);
	tcase_add_test(t, noise_leaves_it_significant);
	tcase_add_test(t, what_pods_use_by_themselves_is_not_the_loads);
	tcase_add_test(t, what_wanders_is_not_taken_for_load);
	tcase_add_test(t, pods_and_load_that_move_together_cannot_be_told_apart);
	tcase_add_test(t, a_base_below_nothing_is_none);
	tcase_add_test(t, a_line_with_large_errors_is_no_fit);
	tcase_add_test(t, a_line_that_is_over_is_doubted_within_days);
	tcase_add_test(t, once_believed_it_takes_more_to_be_doubted);
	tcase_add_test(t, samples_that_make_no_sense_are_ignored);
	tcase_add_test(t, a_block_is_the_mean_of_its_samples);
	tcase_add_test(t, a_clock_that_goes_back_an_hour_begins_a_block_there);
	suite_add_tcase(s, t);
	return run_suite(s);
}
