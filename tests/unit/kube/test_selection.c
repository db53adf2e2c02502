#include "kube/selection.h"

#include "base/base.h"
#include "unit/harness.h"

START_TEST(selectors_are_escaped_and_joined)
{
	static const struct {
		const char *labels, *fields, *query;
	} cases[] = {
		{NULL, NULL, ""},
		{"", "", ""},
		{"app=web,tier in (a,b)", NULL,
		 "labelSelector=app%3Dweb%2Ctier%20in%20%28a%2Cb%29"},
		{NULL, "metadata.name=x", "fieldSelector=metadata.name%3Dx"},
		{"a&b", "c", "labelSelector=a%26b&fieldSelector=c"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *query AUTO_FREE = selection_query(cases[i].labels, cases[i].fields);
		ck_assert_str_eq(query, cases[i].query);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube selection");
	TCase *t = tcase_create("selection");
	tcase_add_test(t, selectors_are_escaped_and_joined);
	suite_add_tcase(s, t);
	return run_suite(s);
}
