#include "kube/version.h"

#include "base/base.h"
#include "unit/harness.h"

static const struct {
	const char *a, *b;
	int sign;
} cases[] = {
	{"1", "2", -1},
	{"2", "1", 1},
	{"10", "9", 1}, /* not as text */
	{"007", "7", 0},
	{"7", "007", 0},
	{"", "1", -1},
	{"1", "", 1},
	{"", "", 0},
	{"9007199254740993", "9007199254740992", 1},         /* beyond a double */
	{"18446744073709551616", "18446744073709551615", 1}, /* beyond 64 bits */
	{"abc", "abd", -1},                                  /* no numbers: text */
	{"12", "1x", -1},
	{"9", "1x", 1},
};

START_TEST(versions_compare_as_numbers_of_any_length)
{
	int result = kube_version_compare(cases[_i].a, cases[_i].b);
	ck_assert_msg((result > 0) - (result < 0) == cases[_i].sign, "%s and %s: %d",
		      cases[_i].a, cases[_i].b, result);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube version");
	TCase *t = tcase_create("version");
	tcase_add_loop_test(t, versions_compare_as_numbers_of_any_length, 0,
			    ARRAY_LEN(cases));
	suite_add_tcase(s, t);
	return run_suite(s);
}
