#include "kube/rate.h"

#include "unit/harness.h"

START_TEST(a_burst_passes_then_the_average_holds)
{
	struct rate r;
	rate_init(&r, 2.0, 3.0, 1000);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(rate_take(&r, 1000), 0);
	int64_t wait = rate_take(&r, 1000);
	ck_assert_int_ge(wait, 500);
	ck_assert_int_le(wait, 502);
	ck_assert_int_eq(rate_take(&r, 1000 + wait), 0);
	ck_assert_int_gt(rate_take(&r, 1000 + wait), 0);
}
END_TEST

START_TEST(idle_time_never_saves_more_than_the_burst)
{
	struct rate r;
	rate_init(&r, 100.0, 2.0, 0);
	ck_assert_int_eq(rate_take(&r, 1000000), 0);
	ck_assert_int_eq(rate_take(&r, 1000000), 0);
	ck_assert_int_gt(rate_take(&r, 1000000), 0);
}
END_TEST

START_TEST(a_pause_holds_everything_and_only_grows)
{
	struct rate r;
	rate_init(&r, 10.0, 10.0, 0);
	rate_block(&r, 0, 5000);
	rate_block(&r, 0, 1000);
	ck_assert_int_eq(rate_take(&r, 100), 4900);
	ck_assert_int_eq(rate_take(&r, 5000), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube rate");
	TCase *t = tcase_create("rate");
	tcase_add_test(t, a_burst_passes_then_the_average_holds);
	tcase_add_test(t, idle_time_never_saves_more_than_the_burst);
	tcase_add_test(t, a_pause_holds_everything_and_only_grows);
	suite_add_tcase(s, t);
	return run_suite(s);
}
