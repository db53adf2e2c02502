#include "unit/harness.h"

#include "io/io.h"

START_TEST(real_clock_is_the_wall_clock)
{
	struct clock c;
	clock_init_real(&c);
	int64_t before = wall_ms(), now = clock_now_ms(&c), after = wall_ms();
	ck_assert_int_ge(now, before);
	ck_assert_int_le(now, after);
}
END_TEST

START_TEST(scaled_clock_starts_at_its_origin_and_runs_ahead)
{
	struct clock c;
	clock_init_scaled(&c, 1000000, 1000.0);
	int64_t first = clock_now_ms(&c);
	ck_assert_int_ge(first, 1000000);
	int64_t real = monotonic_ms();
	while (monotonic_ms() < real + 3)
		;
	/* At least 2 whole real milliseconds have passed: 2000 of engine time. */
	ck_assert_int_ge(clock_now_ms(&c) - first, 2000);
}
END_TEST

START_TEST(delay_is_in_real_time_and_never_negative)
{
	struct clock c;
	clock_init_scaled(&c, 0, 100.0);
	int64_t delay = clock_delay_ms(&c, clock_now_ms(&c) + 60000);
	ck_assert_int_le(delay, 600);
	ck_assert_int_ge(delay, 1);
	ck_assert_int_eq(clock_delay_ms(&c, -5), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("clock");
	tcase_add_test(t, real_clock_is_the_wall_clock);
	tcase_add_test(t, scaled_clock_starts_at_its_origin_and_runs_ahead);
	tcase_add_test(t, delay_is_in_real_time_and_never_negative);
	suite_add_tcase(s, t);
	return run_suite(s);
}
