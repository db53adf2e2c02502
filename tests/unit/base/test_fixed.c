#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

START_TEST(parts_stand_one_after_the_other)
{
	char data[32] = "old";
	struct fixed f;
	fixed_init(&f, data, sizeof(data));
	ck_assert_str_eq(data, "");
	fixed_printf(&f, "%d replicas", 3);
	fixed_printf(&f, "%s", "");
	fixed_puts(&f, "");
	fixed_puts(&f, ", 50% more");
	fixed_printf(&f, " -> %s", "keep");
	ck_assert_str_eq(data, "3 replicas, 50% more -> keep");
	ck_assert_uint_eq(f.len, strlen(data));
}
END_TEST

START_TEST(what_does_not_fit_is_cut_and_nothing_is_written_beyond)
{
	char data[12] = "...........";
	struct fixed f;
	fixed_init(&f, data, 8);
	fixed_printf(&f, "1234");
	fixed_printf(&f, "5678");
	ck_assert_str_eq(data, "1234567");
	ck_assert_uint_eq(f.len, 7);
	fixed_printf(&f, "9");
	ck_assert_str_eq(data, "1234567");
	fixed_puts(&f, "9");
	ck_assert_str_eq(data, "1234567");
	fixed_init(&f, data, 8);
	fixed_puts(&f, "1234");
	fixed_puts(&f, "5678");
	ck_assert_str_eq(data, "1234567");
	ck_assert_uint_eq(f.len, 7);
	ck_assert_int_eq(memcmp(data + 8, "...", 3), 0);
	fixed_init(&f, data, 1);
	fixed_printf(&f, "x");
	fixed_puts(&f, "x");
	ck_assert_str_eq(data, "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fixed");
	TCase *t = tcase_create("fixed");
	tcase_add_test(t, parts_stand_one_after_the_other);
	tcase_add_test(t, what_does_not_fit_is_cut_and_nothing_is_written_beyond);
	suite_add_tcase(s, t);
	return run_suite(s);
}
