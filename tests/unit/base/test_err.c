#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

START_TEST(setting_returns_minus_one_with_code_and_text)
{
	struct err err = {0};
	ck_assert_int_eq(err_set(&err, ERR_RETRY, "status %d", 503), -1);
	ck_assert_int_eq(err.code, ERR_RETRY);
	ck_assert_str_eq(err.msg, "status 503");
}
END_TEST

START_TEST(wrapping_puts_the_place_in_front_and_keeps_the_code)
{
	struct err err = {0};
	err_set(&err, ERR_CONFLICT, "status 409");
	ck_assert_int_eq(err_wrap(&err, "writing %s", "web"), -1);
	ck_assert_int_eq(err_wrap(&err, "policy %s/%s", "shop", "web"), -1);
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	ck_assert_str_eq(err.msg, "policy shop/web: writing web: status 409");
}
END_TEST

START_TEST(nobody_listening_is_fine)
{
	ck_assert_int_eq(err_set(NULL, ERR_FATAL, "x"), -1);
	ck_assert_int_eq(err_wrap(NULL, "y"), -1);
}
END_TEST

START_TEST(long_texts_are_cut_and_terminated)
{
	struct err err;
	char longest[600];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	err_set(&err, ERR_INVALID, "%s", longest);
	ck_assert_uint_eq(strlen(err.msg), sizeof(err.msg) - 1);
	err_wrap(&err, "place");
	ck_assert_uint_eq(strlen(err.msg), sizeof(err.msg) - 1);
	ck_assert(strncmp(err.msg, "place: aaa", 10) == 0);
}
END_TEST

/* Every length of the context around the buffer's end: nothing may be written behind it.
 */
START_TEST(a_context_of_any_length_fits)
{
	struct {
		struct err err;
		char guard[8];
	} box;
	char context[300];
	memset(box.guard, '#', sizeof(box.guard));
	err_set(&box.err, ERR_INVALID, "cause");
	memset(context, 'c', (size_t)_i);
	context[_i] = '\0';
	err_wrap(&box.err, "%s", context);
	size_t want = (size_t)_i + strlen(": cause");
	size_t most = sizeof(box.err.msg) - 1;
	ck_assert_uint_le(strlen(box.err.msg), most);
	if (want <= most)
		ck_assert_uint_eq(strlen(box.err.msg), want);
	ck_assert_int_eq(box.guard[0], '#');
	ck_assert_int_eq(box.err.msg[0], 'c');
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("err");
	TCase *tcase = tcase_create("err");
	tcase_add_test(tcase, setting_returns_minus_one_with_code_and_text);
	tcase_add_test(tcase, wrapping_puts_the_place_in_front_and_keeps_the_code);
	tcase_add_test(tcase, nobody_listening_is_fine);
	tcase_add_test(tcase, long_texts_are_cut_and_terminated);
	tcase_add_loop_test(tcase, a_context_of_any_length_fits, 240, 262);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
