#include "base/base.h"

#include "unit/harness.h"

static char one[] = "one", empty[] = "";

START_TEST(a_copy_is_another_list_of_the_same_texts)
{
	char *list[] = {one, empty, NULL};
	char **copy = texts_copy(list);
	ck_assert_uint_eq(texts_count(copy), 2);
	ck_assert_str_eq(copy[0], "one");
	ck_assert_str_eq(copy[1], "");
	ck_assert_ptr_ne(copy[0], one);
	texts_free(copy);
}
END_TEST

START_TEST(no_list_and_an_empty_one_have_no_texts)
{
	char *list[] = {NULL};
	char **copy = texts_copy(list);
	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_eq(texts_count(copy), 0);
	texts_free(copy);
	ck_assert_uint_eq(texts_count(NULL), 0);
	ck_assert_ptr_null(texts_copy(NULL));
	texts_free(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base texts");
	TCase *t = tcase_create("texts");
	tcase_add_test(t, a_copy_is_another_list_of_the_same_texts);
	tcase_add_test(t, no_list_and_an_empty_one_have_no_texts);
	suite_add_tcase(s, t);
	return run_suite(s);
}
