#include "prom/decimal.h"

#include "base/base.h"
#include "unit/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const numbers[] = {
	"0",
	"-0",
	"0.1",
	"-0.7",
	"1700000000.123",
	"5.",
	".5",
	"000000000000001",
	"0.00000000000001",
	"999999999999999",
	"-99999999999999.9",
	"0.999999999999999",
	"9007199254740993",
	"0.7000000000000001",
	"123456789012345.6",
	"1.69999997e+09",
	"-2.5E-3",
	"+3",
	"4.9e-324",
	"1e999",
};

START_TEST(a_number_is_what_strtod_makes_of_it)
{
	double value, want = strtod(numbers[_i], NULL);
	ck_assert(decimal_parse(numbers[_i], &value));
	ck_assert_mem_eq(&value, &want, sizeof(want));
}
END_TEST

START_TEST(so_are_many_by_chance)
{
	struct rng rng;
	rng_init(&rng, 7);
	for (int i = 0; i < 20000; i++) {
		char text[64];
		double value, want, of = rng_normal(&rng) * 1000;
		snprintf(text, sizeof(text), "%.*f", (int)(rng_next(&rng) % 16), of);
		want = strtod(text, NULL);
		ck_assert(decimal_parse(text, &value));
		ck_assert_msg(!memcmp(&value, &want, sizeof(want)), "%s", text);
	}
}
END_TEST

static const char *const others[] = {"",       "-",  ".",  "-.",  "1.2.3", "1-2",
				     "0x10",   " 1", "1 ", "NaN", "Inf",   "+Inf",
				     "nan(1)", "e5", "1e", "1,5"};

START_TEST(anything_else_is_none)
{
	double value = 42;
	ck_assert_msg(!decimal_parse(others[_i], &value), "\"%s\"", others[_i]);
	ck_assert(value == 42);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("prom decimal");
	TCase *t = tcase_create("decimal");
	tcase_add_loop_test(t, a_number_is_what_strtod_makes_of_it, 0,
			    ARRAY_LEN(numbers));
	tcase_add_test(t, so_are_many_by_chance);
	tcase_add_loop_test(t, anything_else_is_none, 0, ARRAY_LEN(others));
	suite_add_tcase(s, t);
	return run_suite(s);
}
