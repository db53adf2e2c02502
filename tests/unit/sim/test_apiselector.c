#include "sim/apiselector.h"

#include "unit/harness.h"

#include <string.h>

static struct apiobject *object;

static void setup(void)
{
	const char *json =
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\","
		"\"labels\":{\"app\":\"web\",\"tier\":\"front\",\"empty\":\"\"}"
		"}}";
	cJSON *tree AUTO(json_cleanup) = json_parse(json, strlen(json), NULL);
	object = apiobject_new(KUBEAPI_PODS, 1, tree);
}

static void teardown(void)
{
	apiobject_release(object);
}

START_TEST(labels_and_fields_select)
{
	static const struct {
		const char *ns, *labels, *fields;
		bool matches;
	} rows[] = {
		{"", "", "", true},
		{"shop", "", "", true},
		{"bank", "", "", false},
		{"", "app=web", "", true},
		{"", "app==web", "", true},
		{"", "app=other", "", false},
		{"", "app!=web", "", false},
		{"", "app!=other", "", true},
		{"", "missing!=x", "", true},
		{"", "app", "", true},
		{"", "missing", "", false},
		{"", "!missing", "", true},
		{"", "!app", "", false},
		{"", "empty=", "", true},
		{"", "app in (db, web)", "", true},
		{"", "app in (db)", "", false},
		{"", "app notin (db)", "", true},
		{"", "app notin (db,web)", "", false},
		{"", "missing notin (x)", "", true},
		{"", "app=web,tier=front", "", true},
		{"", "app=web,tier=back", "", false},
		{"", " app = web , tier in (front) ", "", true},
		{"", "", "metadata.name=a", true},
		{"", "", "metadata.name=b", false},
		{"", "", "metadata.name=a,metadata.namespace=bank", false},
	};
	struct apiselector s;
	struct err err = {0};
	ck_assert_msg(apiselector_parse(&s, KUBEAPI_PODS, rows[_i].ns, rows[_i].labels,
					rows[_i].fields, &err) == 0,
		      "%s", err.msg);
	ck_assert_int_eq(apiselector_matches(&s, object), rows[_i].matches);
	ck_assert(!apiselector_matches(&s, NULL));
	apiselector_fini(&s);
	apiselector_fini(NULL);
}
END_TEST

START_TEST(other_resources_are_not_meant)
{
	struct apiselector s;
	ck_assert_int_eq(apiselector_parse(&s, KUBEAPI_LEASES, "", "", "", NULL), 0);
	ck_assert(!apiselector_matches(&s, object));
	apiselector_fini(&s);
}
END_TEST

START_TEST(what_cannot_be_read_is_refused)
{
	static const struct {
		const char *labels, *fields;
	} rows[] = {
		{"=x", ""},
		{"app in web", ""},
		{"app in (web", ""},
		{"app=web tier=x", ""},
		{"", "spec.nodeName=x"},
		{"", "metadata.name"},
		{"app=a,", ""},
	};
	struct apiselector s;
	struct err err = {0};
	ck_assert_int_eq(apiselector_parse(&s, KUBEAPI_PODS, "", rows[_i].labels,
					   rows[_i].fields, &err),
			 -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apiselector");
	TCase *tc = tcase_create("selectors");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, labels_and_fields_select, 0, 25);
	tcase_add_test(tc, other_resources_are_not_meant);
	tcase_add_loop_test(tc, what_cannot_be_read_is_refused, 0, 7);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
