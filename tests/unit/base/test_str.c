#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

START_TEST(an_empty_string_is_text_too)
{
	struct str s;
	str_init(&s, 10);
	ck_assert_str_eq(str_text(&s), "");
	ck_assert_uint_eq(s.len, 0);
	AUTO_FREE char *taken = str_take(&s);
	ck_assert_str_eq(taken, "");
	str_fini(&s);
	str_fini(NULL);
	str_fini(&(struct str){0});
}
END_TEST

START_TEST(it_grows_by_bytes_text_and_format)
{
	struct str s;
	str_init(&s, 100000);
	ck_assert_int_eq(str_add(&s, "abcdef", 3), 0);
	ck_assert_int_eq(str_puts(&s, "-"), 0);
	ck_assert_int_eq(str_printf(&s, "%d%s", 12, "x"), 0);
	ck_assert_str_eq(str_text(&s), "abc-12x");
	for (int i = 0; i < 5000; i++)
		ck_assert_int_eq(str_printf(&s, "%04d", i), 0);
	ck_assert_uint_eq(s.len, 7 + 4 * 5000);
	ck_assert_uint_eq(strlen(str_text(&s)), s.len);
	ck_assert_str_eq(str_text(&s) + s.len - 8, "49984999");
	ck_assert(!s.cut);
	str_fini(&s);
}
END_TEST

START_TEST(the_limit_is_exact_and_a_call_is_all_or_nothing)
{
	struct str s;
	str_init(&s, 5);
	ck_assert_int_eq(str_puts(&s, "abc"), 0);
	ck_assert_int_eq(str_puts(&s, "def"), -1);
	ck_assert(s.cut);
	ck_assert_str_eq(str_text(&s), "abc");
	ck_assert_int_eq(str_printf(&s, "%s", "def"), -1);
	ck_assert_str_eq(str_text(&s), "abc");
	ck_assert_int_eq(str_puts(&s, "de"), 0);
	ck_assert_str_eq(str_text(&s), "abcde");
	ck_assert_int_eq(str_puts(&s, "f"), -1);
	ck_assert_int_eq(str_puts(&s, ""), 0);
	str_fini(&s);
}
END_TEST

START_TEST(huge_lengths_do_not_wrap_around)
{
	struct str s;
	str_init(&s, 5);
	str_puts(&s, "abc");
	ck_assert_int_eq(str_add(&s, "x", (size_t)-2), -1);
	ck_assert_str_eq(str_text(&s), "abc");
	str_fini(&s);
}
END_TEST

START_TEST(room_is_made_at_once_and_within_the_limit)
{
	struct str s AUTO(str_fini);
	str_init(&s, 1000);
	ck_assert_int_eq(str_reserve(&s, 600), 0);
	ck_assert_uint_ge(s.cap, 601);
	const char *before = s.data;
	for (int i = 0; i < 600; i++)
		ck_assert_int_eq(str_add(&s, "x", 1), 0);
	ck_assert_ptr_eq(s.data, before);
	ck_assert_int_eq(str_reserve(&s, 401), -1);
	ck_assert(s.cut);
	ck_assert_uint_eq(s.len, 600);
}
END_TEST

START_TEST(clearing_forgets_the_content_and_the_cut)
{
	struct str s;
	str_init(&s, 3);
	str_puts(&s, "abcd");
	str_puts(&s, "ab");
	str_clear(&s);
	ck_assert_str_eq(str_text(&s), "");
	ck_assert(!s.cut);
	ck_assert_int_eq(str_puts(&s, "xyz"), 0);
	ck_assert_str_eq(str_text(&s), "xyz");
	str_fini(&s);
}
END_TEST

START_TEST(taking_hands_over_and_leaves_an_empty_string_with_its_limit)
{
	struct str s;
	str_init(&s, 4);
	str_puts(&s, "abcd");
	AUTO_FREE char *taken = str_take(&s);
	ck_assert_str_eq(taken, "abcd");
	ck_assert_str_eq(str_text(&s), "");
	ck_assert_int_eq(str_puts(&s, "12345"), -1);
	ck_assert_int_eq(str_puts(&s, "1234"), 0);
	ck_assert_str_eq(taken, "abcd");
	str_fini(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("str");
	TCase *tcase = tcase_create("str");
	tcase_add_test(tcase, an_empty_string_is_text_too);
	tcase_add_test(tcase, it_grows_by_bytes_text_and_format);
	tcase_add_test(tcase, the_limit_is_exact_and_a_call_is_all_or_nothing);
	tcase_add_test(tcase, huge_lengths_do_not_wrap_around);
	tcase_add_test(tcase, room_is_made_at_once_and_within_the_limit);
	tcase_add_test(tcase, clearing_forgets_the_content_and_the_cut);
	tcase_add_test(tcase,
		       taking_hands_over_and_leaves_an_empty_string_with_its_limit);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
