#include "prom/scan.h"

#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

static struct scan over(const char *text)
{
	struct scan s;
	scan_init(&s, text, strlen(text));
	return s;
}

static const struct {
	const char *text;
	bool ok;
	double v;
} numbers[] = {
	{"0", true, 0},
	{"-0.5", true, -0.5},
	{" 12e+2", true, 1200},
	{"1E-2", true, 0.01},
	{"01", false, 0},
	{"-", false, 0},
	{"+1", false, 0},
	{".5", false, 0},
	{"1.", false, 0},
	{"1e", false, 0},
	{"0x10", true, 0}, /* the x stays: something else will not want it */
	{"NaN", false, 0},
	{"", false, 0},
	{"1234567890123456789012345678901234567890123456789012345678901234567890", false,
	 0},
};

START_TEST(numbers_are_those_of_rfc_8259)
{
	struct scan s = over(numbers[_i].text);
	double v = 77;
	ck_assert_int_eq(scan_number(&s, &v), numbers[_i].ok);
	ck_near(v, numbers[_i].ok ? numbers[_i].v : 77, 1e-12);
	ck_assert_int_eq(s.broken, !numbers[_i].ok);
}
END_TEST

static const struct {
	const char *text;
	const char *plain; /* NULL: no string */
} strings[] = {
	{"\"\"", ""},
	{"\"a b\"", "a b"},
	{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
	{"\"\\u0041\\u00df\\u20ac\\ud83d\\ude00\"",
	 "A\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80"},
	{"\"\\ud83dA\"", "\xef\xbf\xbd"
			 "A"},
	{"\"\\udead\"", "\xef\xbf\xbd"},
	{"\"\\u0000\"", "?"},
	{"\"a", NULL},
	{"\"a\\", NULL},
	{"\"a\\\"", NULL},
	{"\"\\x41\"", NULL},
	{"\"\\u12\"", NULL},
	{"\"\\u12g4\"", NULL},
	{"\"a\nb\"", NULL},
	{"\"a\n\"", NULL},
	{"a", NULL},
	{"", NULL},
};

START_TEST(strings_are_checked_and_resolved)
{
	struct scan s = over(strings[_i].text);
	struct scan_text text;
	bool ok = scan_string(&s, &text);
	ck_assert_int_eq(ok, strings[_i].plain != NULL);
	if (!ok)
		return;
	char *plain AUTO_FREE = xmalloc(text.len + 1);
	ck_assert_uint_eq(scan_plain(&text, plain), strlen(strings[_i].plain));
	ck_assert_str_eq(plain, strings[_i].plain);
}
END_TEST

static const struct {
	const char *text;
	bool ok;
} documents[] = {
	{"{}", true},
	{"[]", true},
	{" [ ] ", true},
	{"[1,2 , 3]", true},
	{"{\"a\":{\"b\":[{},null,true,false,\"x\",-1]}}", true},
	{"7", true},
	{"[1,]", false},
	{"[,1]", false},
	{"[1 2]", false},
	{"[1}", false},
	{"{\"a\"}", false},
	{"{\"a\":}", false},
	{"{\"a\":1,}", false},
	{"{a:1}", false},
	{"[1]]", false},
	{"[", false},
	{"{\"a\":1", false},
	{"nul", false},
	{"truex", false},
	{"", false},
};

START_TEST(any_value_is_skipped_and_nothing_else)
{
	struct scan s = over(documents[_i].text);
	ck_assert_int_eq(scan_skip(&s) && scan_at_end(&s), documents[_i].ok);
}
END_TEST

START_TEST(members_are_walked_in_order)
{
	struct scan s = over("{\"a\": [1, 2], \"b\": true}");
	struct scan_text key;
	double v;
	bool flag = false;
	ck_assert(scan_open(&s, '{'));
	ck_assert(scan_next(&s, '}'));
	ck_assert(scan_key(&s, &key) && scan_is(&key, "a"));
	ck_assert(scan_open(&s, '['));
	ck_assert(scan_next(&s, ']') && scan_number(&s, &v));
	ck_near(v, 1, 0);
	ck_assert(scan_next(&s, ']') && scan_number(&s, &v));
	ck_near(v, 2, 0);
	ck_assert(!scan_next(&s, ']'));
	ck_assert(scan_next(&s, '}'));
	ck_assert(scan_key(&s, &key) && scan_is(&key, "b") && !scan_is(&key, "bb"));
	ck_assert(scan_bool(&s, &flag) && flag);
	ck_assert(!scan_next(&s, '}'));
	ck_assert(scan_at_end(&s));
}
END_TEST

START_TEST(once_broken_nothing_more_is_read)
{
	struct scan s = over("[1 2]");
	double v = 0;
	bool flag;
	ck_assert(scan_open(&s, '[') && scan_next(&s, ']') && scan_number(&s, &v));
	ck_assert(!scan_next(&s, ']'));
	ck_assert(s.broken);
	ck_assert(!scan_next(&s, ']'));
	ck_assert(!scan_number(&s, &v));
	ck_assert(!scan_bool(&s, &flag));
	ck_assert(!scan_open(&s, '['));
	ck_assert(!scan_skip(&s));
	ck_assert(!scan_at_end(&s));
	ck_assert_int_eq(scan_peek(&s), '\0');
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prom scan");
	TCase *t = tcase_create("scan");
	tcase_add_loop_test(t, numbers_are_those_of_rfc_8259, 0, ARRAY_LEN(numbers));
	tcase_add_loop_test(t, strings_are_checked_and_resolved, 0, ARRAY_LEN(strings));
	tcase_add_loop_test(t, any_value_is_skipped_and_nothing_else, 0,
			    ARRAY_LEN(documents));
	tcase_add_test(t, members_are_walked_in_order);
	tcase_add_test(t, once_broken_nothing_more_is_read);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
