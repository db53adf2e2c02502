#include "base/base.h"
#include "unit/harness.h"

/* The published test values of 64-bit FNV-1a. */
START_TEST(fnv_gives_its_published_values)
{
	ck_assert_uint_eq(hash_text(""), 0xcbf29ce484222325u);
	ck_assert_uint_eq(hash_text("a"), 0xaf63dc4c8601ec8cu);
	ck_assert_uint_eq(hash_text("foobar"), 0x85944171f73967e8u);
	ck_assert_uint_eq(hash_bytes("foobarx", 6), 0x85944171f73967e8u);
}
END_TEST

START_TEST(a_nul_byte_counts)
{
	ck_assert_uint_ne(hash_bytes("a\0", 2), hash_bytes("a", 1));
}
END_TEST

START_TEST(the_same_seed_gives_the_same_numbers)
{
	struct rng a, b, c;
	rng_init(&a, 42);
	rng_init(&b, 42);
	rng_init(&c, 43);
	int equal = 0;
	for (int i = 0; i < 1000; i++) {
		uint64_t x = rng_next(&a);
		ck_assert_uint_eq(x, rng_next(&b));
		equal += x == rng_next(&c);
	}
	ck_assert_int_eq(equal, 0);
}
END_TEST

/* Worked out by hand from the definitions of splitmix64 and xorshift64*: whoever changes
 * it changes every simulation. */
START_TEST(the_first_number_of_seed_zero_stays_what_it_is)
{
	struct rng r;
	rng_init(&r, 0);
	ck_assert_uint_eq(r.state, 0xe220a8397b1dcdafu);
	uint64_t x = 0xe220a8397b1dcdafu;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	ck_assert_uint_eq(rng_next(&r), x * 0x2545f4914f6cdd1du);
}
END_TEST

START_TEST(uniform_numbers_fill_their_range_evenly)
{
	struct rng r;
	rng_init(&r, 1);
	int bins[10] = {0};
	for (int i = 0; i < 100000; i++) {
		double u = rng_uniform(&r);
		ck_assert(u >= 0 && u < 1);
		bins[(int)(u * 10)]++;
	}
	for (int i = 0; i < 10; i++)
		ck_near(bins[i], 10000, 400); /* four standard deviations */
}
END_TEST

START_TEST(normal_numbers_have_mean_zero_and_variance_one)
{
	struct rng r;
	rng_init(&r, 0);
	double sum = 0, squares = 0, beyond = 0;
	int n = 100000;
	for (int i = 0; i < n; i++) {
		double z = rng_normal(&r);
		ck_assert(isfinite(z));
		sum += z;
		squares += z * z;
		beyond += fabs(z) > 1.959964;
	}
	ck_near(sum / n, 0, 0.0127);
	ck_near(squares / n, 1, 0.0179);
	ck_near(beyond / n, 0.05, 0.0028);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("hash");
	tcase_add_test(tcase, fnv_gives_its_published_values);
	tcase_add_test(tcase, a_nul_byte_counts);
	tcase_add_test(tcase, the_same_seed_gives_the_same_numbers);
	tcase_add_test(tcase, the_first_number_of_seed_zero_stays_what_it_is);
	tcase_add_test(tcase, uniform_numbers_fill_their_range_evenly);
	tcase_add_test(tcase, normal_numbers_have_mean_zero_and_variance_one);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
