#include "http/http.h"
#include "unit/harness.h"

static struct backoff reflector(void)
{
	struct backoff b;
	backoff_init(&b, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, BACKOFF_RESET_MS);
	return b;
}

START_TEST(waits_double_up_to_the_limit_with_jitter_below_twice)
{
	static const int64_t base[] = {800, 1600, 3200, 6400, 12800, 25600, 30000, 30000};
	struct backoff b = reflector();
	struct rng rng;
	rng_init(&rng, (uint64_t)_i);
	for (size_t i = 0; i < ARRAY_LEN(base); i++) {
		int64_t wait_ms = backoff_failed(&b, 1000, -1, &rng);
		ck_assert_int_ge(wait_ms, base[i]);
		ck_assert_int_lt(wait_ms, 2 * base[i]);
	}
}
END_TEST

START_TEST(two_clients_do_not_wait_equally_long)
{
	struct backoff a = reflector(), b = reflector();
	struct rng ra, rb;
	rng_init(&ra, 1);
	rng_init(&rb, 2);
	ck_assert_int_ne(backoff_failed(&a, 0, -1, &ra), backoff_failed(&b, 0, -1, &rb));
}
END_TEST

START_TEST(progress_or_a_quiet_time_starts_over)
{
	struct backoff b = reflector();
	struct rng rng;
	rng_init(&rng, 3);
	backoff_failed(&b, 1000, -1, &rng);
	backoff_failed(&b, 2000, -1, &rng);
	backoff_succeeded(&b);
	ck_assert_int_lt(backoff_failed(&b, 3000, -1, &rng), 1600);
	ck_assert_int_ge(backoff_failed(&b, 3000 + BACKOFF_RESET_MS, -1, &rng), 1600);
	ck_assert_int_lt(backoff_failed(&b, 3001 + 2 * BACKOFF_RESET_MS, -1, &rng), 1600);
}
END_TEST

START_TEST(the_servers_wish_is_obeyed_within_reason)
{
	struct backoff b = reflector();
	struct rng rng;
	rng_init(&rng, 4);
	ck_assert_int_eq(backoff_failed(&b, 0, 5000, &rng), 5000);
	ck_assert_int_eq(backoff_failed(&b, 0, INT64_MAX, &rng), 10 * BACKOFF_MAX_MS);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http backoff");
	TCase *t = tcase_create("backoff");
	tcase_add_loop_test(t, waits_double_up_to_the_limit_with_jitter_below_twice, 0,
			    5);
	tcase_add_test(t, two_clients_do_not_wait_equally_long);
	tcase_add_test(t, progress_or_a_quiet_time_starts_over);
	tcase_add_test(t, the_servers_wish_is_obeyed_within_reason);
	suite_add_tcase(s, t);
	return run_suite(s);
}
