#include "forecast/sums.h"

#include "base/base.h"
#include "unit/harness.h"

#define COUNT_MAX 70

/* Every third is missing with `torn`. */
static void fill(float *values, bool torn)
{
	struct rng rng;

	rng_init(&rng, 11);
	for (int i = 0; i < COUNT_MAX; i++)
		values[i] = torn && i % 3 == 1 ? NAN : (float)rng_normal(&rng);
}

/* The plain way, for every length. */
START_TEST(sums_are_what_they_say)
{
	float values[COUNT_MAX];

	fill(values, _i);
	for (int count = 0; count <= COUNT_MAX; count++) {
		double total = 0, moved = 0;
		float largest = -INFINITY;
		int known = 0, moves = 0;

		for (int i = 0; i < count; i++) {
			if (isnan(values[i]))
				continue;
			total += (double)values[i];
			largest = fmaxf(largest, values[i]);
			known++;
			if (i == 0 || isnan(values[i - 1]))
				continue;
			moved += fabs((double)values[i] - (double)values[i - 1]);
			moves++;
		}

		struct sum s = sum_of(values, count);

		struct sum most = sum_largest(values, count);

		ck_assert(most.largest == largest && most.count == known);
		ck_assert(isnan(most.total));
		ck_near(s.total, total, 1e-5);
		ck_assert_int_eq(s.count, known);
		ck_assert(s.largest == largest);
		if (known)
			ck_near(sum_mean(&s), total / known, 1e-5);
		else
			ck_assert(isnan(sum_mean(&s)));
		ck_near(sum_movement(values, count), moves ? moved / moves : 0, 1e-5);
	}
}
END_TEST

START_TEST(sums_of_parts_are_the_sum_of_the_whole)
{
	float values[COUNT_MAX];

	fill(values, true);
	for (int cut = 0; cut <= COUNT_MAX; cut++) {
		struct sum whole = sum_of(values, COUNT_MAX);
		struct sum parts = sum_together(sum_of(values, cut),
						sum_of(values + cut, COUNT_MAX - cut));

		ck_near(parts.total, whole.total, 1e-5);
		ck_assert_int_eq(parts.count, whole.count);
		ck_assert(parts.largest == whole.largest);
	}
}
END_TEST

START_TEST(nothing_known_has_no_mean)
{
	float values[16];

	for (int i = 0; i < 16; i++)
		values[i] = NAN;

	struct sum s = sum_of(values, 16);

	ck_assert_int_eq(s.count, 0);
	ck_near(s.total, 0, 0);
	ck_assert(isnan(sum_mean(&s)));
	ck_assert(isinf(s.largest) && s.largest < 0);
	ck_near(sum_movement(values, 16), 0, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sums");
	TCase *tc = tcase_create("sums");

	tcase_add_loop_test(tc, sums_are_what_they_say, 0, 2);
	tcase_add_test(tc, sums_of_parts_are_the_sum_of_the_whole);
	tcase_add_test(tc, nothing_known_has_no_mean);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
