/* Where the numbers end: sums and quotients saturate, they never wrap. */
#include "decide/numbers.h"
#include "unit/harness.h"

START_TEST(wide_numbers_saturate_at_both_ends)
{
	wide most = INT64_MAX, least = INT64_MIN;
	ck_assert_int_eq(wide_to_int64(most + 1), INT64_MAX);
	ck_assert_int_eq(wide_to_int64(least - 1), INT64_MIN);
	ck_assert_int_eq(wide_to_int64(most - 1), INT64_MAX - 1);
	ck_assert_int_eq(wide_to_int64(least + 1), INT64_MIN + 1);
	ck_assert_int_eq(wide_to_int32((wide)INT32_MAX + 1), INT32_MAX);
	ck_assert_int_eq(wide_to_int32((wide)INT32_MIN - 1), INT32_MIN);
	ck_assert_int_eq(wide_to_int32((wide)INT32_MAX - 1), INT32_MAX - 1);
	ck_assert_int_eq(wide_to_int32((wide)INT32_MIN + 1), INT32_MIN + 1);
}
END_TEST

START_TEST(doubles_are_cut_and_saturate)
{
	ck_assert_int_eq(double_to_int32(2.9), 2);
	ck_assert_int_eq(double_to_int32(-2.9), -2);
	ck_assert_int_eq(double_to_int32(1e10), INT32_MAX);
	ck_assert_int_eq(double_to_int32(-1e10), INT32_MIN);
	ck_assert_int_eq(double_to_int32(INFINITY), INT32_MAX);
	ck_assert_int_eq(double_to_int32(-INFINITY), INT32_MIN);
	ck_assert_int_eq(double_to_int64(2.9), 2);
	ck_assert_int_eq(double_to_int64(-2.9), -2);
	ck_assert_int_eq(double_to_int64(1e19), INT64_MAX);
	ck_assert_int_eq(double_to_int64(-1e19), INT64_MIN);
	ck_assert_int_eq(double_to_int64(0x1p63), INT64_MAX);
}
END_TEST

START_TEST(nan_never_shrinks_anything)
{
	ck_assert_int_eq(double_to_int32(NAN), INT32_MAX);
	ck_assert_int_eq(double_to_int64(NAN), INT64_MAX);
	ck_assert_int_eq(ceil_to_int32(NAN), INT32_MAX);
}
END_TEST

START_TEST(parts_of_a_replica_are_a_replica)
{
	ck_assert_int_eq(ceil_to_int32(2.0), 2);
	ck_assert_int_eq(ceil_to_int32(2.0000001), 3);
	ck_assert_int_eq(ceil_to_int32(-2.5), -2);
}
END_TEST

START_TEST(larger_and_smaller)
{
	ck_assert_int_eq(max_int32(-1, 2), 2);
	ck_assert_int_eq(max_int32(2, -1), 2);
	ck_assert_int_eq(min_int32(-1, 2), -1);
	ck_assert_int_eq(min_int32(2, -1), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("numbers");
	TCase *t = tcase_create("numbers");
	tcase_add_test(t, wide_numbers_saturate_at_both_ends);
	tcase_add_test(t, doubles_are_cut_and_saturate);
	tcase_add_test(t, nan_never_shrinks_anything);
	tcase_add_test(t, parts_of_a_replica_are_a_replica);
	tcase_add_test(t, larger_and_smaller);
	suite_add_tcase(s, t);
	return run_suite(s);
}
