#include "kube/impersonation.h"

#include "unit/harness.h"

#include <stdlib.h>
#include <string.h>

static int read_text(const char *text, struct impersonation *ret_as, struct err *err)
{
	struct yaml_node *user AUTO(yaml_node_cleanup) = NULL;
	ck_assert_int_eq(yaml_parse(text, strlen(text), &user, err), 0);
	return impersonation_read(user, ret_as, err);
}

/* "Name: value\n" of each header. */
static char *told(const struct impersonation *as)
{
	struct http_header *headers AUTO_FREE = NULL;
	struct str out AUTO(str_fini);
	str_init(&out, 4096);
	size_t n = impersonation_headers(as, &headers);
	for (size_t i = 0; i < n; i++)
		str_printf(&out, "%s: %s\n", headers[i].name, headers[i].value);
	return str_take(&out);
}

static const struct {
	const char *text, *headers;
} good[] = {
	{"{}", ""},
	{"{as: null, as-uid: '', as-groups: [], as-user-extra: {}}", ""},
	{"{as: jane}", "Impersonate-User: jane\n"},
	{"{as: jane, as-uid: 0712-ff, as-groups: [dev, 'system:masters'], as-user-extra: "
	 "{reason: [a, b], 'example.org/Team%': [core]}}",
	 "Impersonate-User: jane\nImpersonate-Uid: 0712-ff\nImpersonate-Group: dev\n"
	 "Impersonate-Group: system:masters\nImpersonate-Extra-reason: a\n"
	 "Impersonate-Extra-reason: b\nImpersonate-Extra-example.org%2FTeam%25: core\n"},
	{"{as: zoë, as-user-extra: {'ü': [x]}}",
	 "Impersonate-User: zoë\nImpersonate-Extra-%C3%BC: x\n"},
};

START_TEST(fields_become_headers_as_those_of_kubectl)
{
	struct impersonation as = {0}, copy;
	struct err err = {0};
	ck_assert_msg(read_text(good[_i].text, &as, &err) == 0, "%s", err.msg);
	impersonation_copy(&as, &copy);
	impersonation_fini(&as);
	char *headers AUTO_FREE = told(&copy);
	ck_assert_str_eq(headers, good[_i].headers);
	impersonation_fini(&copy);
	impersonation_fini(NULL);
}
END_TEST

static const struct {
	const char *text, *message;
} bad[] = {
	{"{as: [jane]}", "as: line 1: a text expected"},
	{"{as: \"jane\\nX-Evil: 1\"}", "as: a text without control characters"},
	{"{as-groups: [dev]}", "as-groups without as: whom to impersonate is missing"},
	{"{as-uid: x}", "as-uid without as"},
	{"{as-user-extra: {a: [b]}}", "as-user-extra without as"},
	{"{as: jane, as-groups: dev}", "as-groups: line 1: a list of texts expected"},
	{"{as: jane, as-groups: [[dev]]}", "as-groups: line 1: a text expected"},
	{"{as: jane, as-groups: [\"a\\rb\"]}", "as-groups: a text without control"},
	{"{as: jane, as-uid: \"a\\tb\\x7f\"}", "as-uid: a text without control"},
	{"{as: jane, as-user-extra: [a]}", "as-user-extra: line 1: a map of lists"},
	{"{as: jane, as-user-extra: {a: b}}", "as-user-extra: line 1: a list of texts"},
	{"{as: jane, as-user-extra: {a: [\"b\\n\"]}}", "as-user-extra: a text without"},
	{"{as: jane, as-user-extra: {'': [b]}}", "as-user-extra: an empty key"},
};

START_TEST(what_is_no_impersonation_is_refused_by_its_field)
{
	struct impersonation as = {0};
	struct err err = {0};
	ck_assert_int_eq(read_text(bad[_i].text, &as, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, bad[_i].message) != NULL, "%s", err.msg);
	ck_assert_ptr_null(as.user);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube impersonation");
	TCase *t = tcase_create("impersonation");
	tcase_add_loop_test(t, fields_become_headers_as_those_of_kubectl, 0,
			    ARRAY_LEN(good));
	tcase_add_loop_test(t, what_is_no_impersonation_is_refused_by_its_field, 0,
			    ARRAY_LEN(bad));
	suite_add_tcase(s, t);
	return run_suite(s);
}
