#include "policy/names.h"

#include "unit/harness.h"

#include <string.h>

static const struct {
	const char *name;
	bool label, subdomain;
} names[] = {
	{"a", true, true},
	{"0", true, true},
	{"kube-system", true, true},
	{"a--b", true, true},
	{"a.b", false, true},
	{"a.b-c.0", false, true},
	{"", false, false},
	{"-a", false, false},
	{"a-", false, false},
	{"A", false, false},
	{"a_b", false, false},
	{"a b", false, false},
	{"\u00e9", false, false},
	{".a", false, false},
	{"a.", false, false},
	{"a..b", false, false},
	{"a.-b", false, false},
	/* 63 and 64 letters. */
	{"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg", true, true},
	{"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg", false,
	 false},
};

START_TEST(names_follow_rfc_1123)
{
	ck_assert_int_eq(name_is_label(names[_i].name), names[_i].label);
	ck_assert_int_eq(name_is_subdomain(names[_i].name), names[_i].subdomain);
}
END_TEST

START_TEST(a_subdomain_has_at_most_253_bytes)
{
	char name[256];
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 ? '.' : 'a';
	name[253] = '\0';
	ck_assert(name_is_subdomain(name));
	name[253] = 'a';
	name[254] = '\0';
	ck_assert(!name_is_subdomain(name));
}
END_TEST

START_TEST(a_list_is_searched_and_freed)
{
	struct config_names list = {xcalloc(2, sizeof(char *)), 2};
	list.names[0] = xstrdup("a");
	list.names[1] = xstrdup("b");
	ck_assert(names_have(&list, "b"));
	ck_assert(!names_have(&list, "c"));
	names_fini(&list);
	ck_assert_int_eq(list.count, 0);
	ck_assert(!names_have(&list, "a"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tcase = tcase_create("names");
	tcase_add_loop_test(tcase, names_follow_rfc_1123, 0, ARRAY_LEN(names));
	tcase_add_test(tcase, a_subdomain_has_at_most_253_bytes);
	tcase_add_test(tcase, a_list_is_searched_and_freed);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
