#include "serve/html.h"

#include "unit/harness.h"

#include <string.h>

static struct str out;

static void setup(void)
{
	str_init(&out, 4096);
}

static void teardown(void)
{
	str_fini(&out);
}

START_TEST(text_can_not_become_markup)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"plain text, 5 % of it", "plain text, 5 % of it"},
		{"<script>alert('x')</script>",
		 "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
		{"\" onload=\"x", "&quot; onload=&quot;x"},
		{"&lt;", "&amp;lt;"},
		{"a\x01\x1f\x7f"
		 "b\r",
		 "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		 "b\xef\xbf\xbd"},
		{"tab\tand\nline", "tab\tand\nline"},
		{"größer → mehr", "größer → mehr"},
		{"", ""},
		{NULL, ""},
	};
	html_text(&out, rows[_i].text);
	ck_assert_str_eq(str_text(&out), rows[_i].want);
}
END_TEST

START_TEST(formats_escape_what_is_put_in_and_nothing_else)
{
	html_add(&out, "<a href=\"%s\">%s</a> %d %% <b>", "/?a=1&b='", "<i>", -7);
	ck_assert_str_eq(str_text(&out),
			 "<a href=\"/?a=1&amp;b=&#39;\">&lt;i&gt;</a> -7 % <b>");
}
END_TEST

/* What an attacker needs in element text or a quoted attribute. */
START_TEST(no_byte_of_any_text_gets_out)
{
	for (int c = 1; c < 256; c++) {
		char text[] = {'a', (char)c, 'b', 0};
		str_clear(&out);
		html_text(&out, text);
		ck_assert_msg(!strpbrk(str_text(&out), "<>\"'"), "byte %d: %s", c,
			      str_text(&out));
	}
}
END_TEST

START_TEST(numbers_have_three_digits)
{
	static const struct {
		double v;
		const char *want;
	} rows[] = {
		{0, "0"},
		{-0.0, "0"},
		{0.0421, "0.0421"},
		{8.314, "8.31"},
		{999.4, "999"},
		{999.6, "1,000"},
		{12345, "12,300"},
		{1234567, "1,230,000"},
		{-12345, "-12,300"},
		{1.314e9, "1.31 G"},
		{5e12, "5 T"},
		{1e24, "1e+06 E"},
		{NAN, "unknown"},
		{INFINITY, "unknown"},
	};
	char text[32];
	ck_assert_str_eq(html_number(rows[_i].v, text, sizeof(text)), rows[_i].want);
}
END_TEST

START_TEST(times_are_in_utc)
{
	char text[32];
	int64_t ms;
	ck_assert_int_eq(time_parse("2026-01-19T08:31:15Z", &ms, NULL), 0);
	ck_assert_str_eq(html_clock(ms, text, 24), "08:31:15 UTC");
	ck_assert_str_eq(html_time(ms, text, sizeof(text)), "2026-01-19 08:31 UTC");
	ck_assert_str_eq(html_time(0, text, sizeof(text)), "never");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("html");
	TCase *tc = tcase_create("writing");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, text_can_not_become_markup, 0, 9);
	tcase_add_test(tc, formats_escape_what_is_put_in_and_nothing_else);
	tcase_add_test(tc, no_byte_of_any_text_gets_out);
	tcase_add_loop_test(tc, numbers_have_three_digits, 0, 14);
	tcase_add_test(tc, times_are_in_utc);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
