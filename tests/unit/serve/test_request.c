#include "serve/request.h"

#include "unit/harness.h"

#include <string.h>

START_TEST(forms_are_decoded)
{
	static const struct {
		const char *text, *name, *value;
	} rows[] = {
		{"query=up", "query", "up"},
		{"a=1&query=sum%28rate%28x%5B1m%5D%29%29&b=2", "query",
		 "sum(rate(x[1m]))"},
		{"q=a+b%2Bc", "q", "a b+c"},
		{"q=a=b", "q", "a=b"},
		{"q", "q", ""},
		{"&&q=1&", "q", "1"},
		{"q=1&q=2", "q", "1"},
		{"x=1", "q", "none"},
		{"q=100%", "q", "100%"},
		{"%71=%C3%A9", "q", "\xc3\xa9"},
	};
	struct http_form form = {0};
	ck_assert_int_eq(
		http_form_parse(&form, rows[_i].text, strlen(rows[_i].text), NULL), 0);
	ck_assert_str_eq(http_form_get(&form, rows[_i].name, "none"), rows[_i].value);
	http_form_fini(&form);
}
END_TEST

START_TEST(a_form_ends_at_its_length)
{
	struct http_form form = {0};
	ck_assert_int_eq(http_form_parse(&form, "a=12&b=3", 3, NULL), 0);
	ck_assert_int_eq(form.arg_count, 1);
	ck_assert_str_eq(http_form_get(&form, "a", ""), "1");
	http_form_fini(&form);
}
END_TEST

START_TEST(too_many_fields_are_refused)
{
	char text[2 * (HTTP_ARGS_MAX + 1)];
	for (size_t i = 0; i < HTTP_ARGS_MAX + 1; i++)
		memcpy(text + 2 * i, "a&", 2);
	struct http_form form = {0};
	struct err err = {0};
	ck_assert_int_eq(http_form_parse(&form, text, sizeof(text), &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_int_eq(form.arg_count, 0);
	ck_assert_int_eq(http_form_parse(&form, text, sizeof(text) - 2, &err), 0);
	ck_assert_int_eq(form.arg_count, HTTP_ARGS_MAX);
	http_form_fini(&form);
}
END_TEST

START_TEST(a_copy_outlives_its_original)
{
	char path[] = "/p", text[] = "t", name[] = "n", value[] = "v";
	struct request q = {
		.method = METHOD_PUT,
		.path = path,
		.args = {{name, value}},
		.arg_count = 1,
		.host = text,
		.origin = text,
		.authorization = text,
		.content_type = text,
		.accept = text,
		.user_agent = text,
		.body = "body",
		.body_len = 4,
	};
	struct request copy;
	request_copy(&copy, &q);
	path[1] = value[0] = 'x';
	ck_assert_str_eq(copy.path, "/p");
	ck_assert_str_eq(request_arg(&copy, "n", ""), "v");
	ck_assert_str_eq(http_method_name(copy.method), "PUT");
	ck_assert_uint_eq(copy.body_len, 0);
	request_fini(&copy);
}
END_TEST

static const struct {
	const char *address;
	bool own;
} addresses[] = {
	{"127.0.0.1", true},        {"127.8.9.10", true}, {"::1", true},
	{"::ffff:127.0.0.1", true}, {"10.0.0.1", false},  {"::ffff:10.127.0.1", false},
	{"12.7.0.1", false},        {"::11", false},      {"", false},
	{"fe80::1", false},
};

START_TEST(the_machines_own_addresses_are_told)
{
	ck_assert_int_eq(request_is_loopback(addresses[_i].address), addresses[_i].own);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request");
	TCase *tc = tcase_create("form");
	tcase_add_loop_test(tc, the_machines_own_addresses_are_told, 0,
			    ARRAY_LEN(addresses));
	tcase_add_loop_test(tc, forms_are_decoded, 0, 10);
	tcase_add_test(tc, a_form_ends_at_its_length);
	tcase_add_test(tc, too_many_fields_are_refused);
	tcase_add_test(tc, a_copy_outlives_its_original);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
