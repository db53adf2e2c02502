#include "policy/fields.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

enum colour { RED, GREEN = 7 };

struct inner {
	int32_t count;
};

struct object {
	char *text;
	bool flag;
	int32_t number;
	int64_t duration_ms, other_ms, milli, when_ms;
	double fraction, ratio;
	enum colour colour;
	struct inner inner;
};

static const struct choice colours[] = {{"Green", GREEN}, {"Red", RED}, {NULL, 0}};
static const struct field inner_fields[] = {
	{.name = "count",
	 .read = field_int32,
	 .offset = offsetof(struct inner, count),
	 .max = 9},
};
#define AT(member) .offset = offsetof(struct object, member)
static const struct field fields[] = {
	{.name = "text", .read = field_text, AT(text), .max = 5},
	{.name = "flag", .read = field_bool, AT(flag)},
	{.name = "number",
	 .read = field_int32,
	 AT(number),
	 .min = -3,
	 .max = 12,
	 .high = "must be small"},
	{.name = "duration",
	 .read = field_duration,
	 AT(duration_ms),
	 .min = 10,
	 .max = 2000},
	{.name = "other",
	 .read = field_duration_or_auto,
	 AT(other_ms),
	 .min = 10,
	 .max = 2000},
	{.name = "milli", .read = field_quantity, AT(milli)},
	{.name = "fraction", .read = field_fraction, AT(fraction)},
	{.name = "colour", .read = field_choice, AT(colour), .table = colours},
	{.name = "inner",
	 .read = field_map,
	 AT(inner),
	 .table = inner_fields,
	 .table_count = ARRAY_LEN(inner_fields)},
	{.name = "map", .read = field_ignored_map},
	{.name = "list", .read = field_ignored_list},
	{.name = "later", .read = field_later},
	{.name = "when", .read = field_time, AT(when_ms)},
	{.name = "ratio", .read = field_number, AT(ratio), .min = -2, .max = 3},
	{.name = "gone", .low = "use text"},
};

/* Reads `text` over an object in which every member has a value of its own. */
static struct object read_object(const char *text, const char *want)
{
	struct object o = {xstrdup("old"), true, 5, 55, 55, 55, 55, 5.5, 5.5, GREEN, {5}};
	struct err err = {0};
	struct yaml_node *tree;
	struct problems problems;
	problems_init(&problems);
	ck_assert_msg(yaml_parse(text, strlen(text), &tree, &err) == 0, "%s", err.msg);
	struct place root = place_root(tree, &problems);
	fields_read(&root, fields, ARRAY_LEN(fields), &o);
	ck_assert_str_eq(str_text(&problems.lines), want);
	problems_fini(&problems);
	yaml_node_free(tree);
	return o;
}

START_TEST(each_reader_fills_its_member)
{
	struct object o = read_object("{text: abcde, flag: no, number: -3, duration: "
				      "10ms, other: Auto, milli: 0.1, "
				      "fraction: 50m, colour: Red, inner: {count: 9}, "
				      "map: {a: 1}, list: [1], later: 7, "
				      "when: 1970-01-01T00:00:01Z, ratio: -2e0}",
				      "");
	ck_assert_str_eq(o.text, "abcde");
	ck_assert(!o.flag);
	ck_assert_int_eq(o.number, -3);
	ck_assert_int_eq(o.duration_ms, 10);
	ck_assert_int_eq(o.other_ms, 0);
	ck_assert_int_eq(o.milli, 100);
	ck_assert_double_eq(o.fraction, 0.05);
	ck_assert_int_eq(o.when_ms, 1000);
	ck_assert_double_eq(o.ratio, -2);
	ck_assert_int_eq(o.colour, RED);
	ck_assert_int_eq(o.inner.count, 9);
	free(o.text);
}
END_TEST

static void check_old(struct object *o)
{
	ck_assert_str_eq(o->text, "old");
	ck_assert(o->flag);
	ck_assert_int_eq(o->number, 5);
	ck_assert_int_eq(o->duration_ms, 55);
	ck_assert_int_eq(o->other_ms, 55);
	ck_assert_int_eq(o->milli, 55);
	ck_assert_double_eq(o->fraction, 5.5);
	ck_assert_int_eq(o->when_ms, 55);
	ck_assert_double_eq(o->ratio, 5.5);
	ck_assert_int_eq(o->colour, GREEN);
	ck_assert_int_eq(o->inner.count, 5);
	free(o->text);
}

START_TEST(absent_and_null_fields_leave_the_object_alone)
{
	struct object o = read_object("", "");
	check_old(&o);
	o = read_object("{text: ~, flag: null, number: , duration: ~, other: ~, milli: "
			"~, fraction: ~, colour: ~, inner: "
			"~, map: ~, list: ~, when: ~, ratio: ~, gone: ~}",
			"");
	check_old(&o);
}
END_TEST

static const struct {
	const char *text;
	const char *want;
} wrong[] = {
	{"text: abcdef", "text: text of 6 bytes: want at most 5"},
	{"text: {}", "text: got a map: want a text"},
	{"flag: 1", "flag: got \"1\": want true or false"},
	{"flag: []", "flag: got a list: want true or false"},
	{"number: -4", "number: Invalid value: -4: must be from -3 to 12"},
	{"number: 13", "number: Invalid value: 13: must be small"},
	{"number: 0010", "number: got \"0010\": want a whole number"},
	{"number: -x", "number: got \"-x\": want a whole number"},
	{"number: 1e1", "number: got \"1e1\": want a whole number"},
	{"duration: 9ms", "duration: Invalid value: \"9ms\": must be from 10ms to 2s"},
	{"duration: 2001ms",
	 "duration: Invalid value: \"2001ms\": must be from 10ms to 2s"},
	{"other: 1", "other: \"1\" is not a duration: want parts with the units w, d, h, "
		     "m, s and ms, like 90s, "
		     "1h30m or 14d"},
	{"milli: 0", "milli: Invalid value: \"0\": must be positive"},
	{"milli: 00.5", "milli: got \"00.5\": want no leading zero"},
	{"fraction: -1",
	 "fraction: Invalid value: \"-1\": must be greater than or equal to 0"},
	{"fraction: 1e999", "fraction: Invalid value: \"1e999\": is too large"},
	{"colour: blue",
	 "colour: Unsupported value: \"blue\": supported values: \"Green\", \"Red\""},
	{"colour: [Red]", "colour: got a list: want \"Green\", \"Red\""},
	{"inner: 3", "inner: got \"3\": want a map of fields"},
	{"inner: {count: 10}", "inner.count: Invalid value: 10: must be from 0 to 9"},
	{"map: []", "map: got a list: want a map"},
	{"list: {}", "list: got a map: want a list"},
	{"when: now", "when: \"now\" is not an RFC 3339 time: want the form "
		      "2026-11-27T00:00:00Z"},
	{"when: {}", "when: got a map: want a time like 2026-11-27T00:00:00Z"},
	{"ratio: 3.01", "ratio: Invalid value: \"3.01\": must be from -2 to 3"},
	{"ratio: -2.01", "ratio: Invalid value: \"-2.01\": must be from -2 to 3"},
	{"ratio: inf", "ratio: got \"inf\": want a number from -2 to 3"},
	{"ratio: 1e", "ratio: got \"1e\": want a number from -2 to 3"},
	{"ratio: 01", "ratio: got \"01\": want a number from -2 to 3"},
	{"ratio: ' 1'", "ratio: got the text \" 1\": want a number from -2 to 3"},
	{"ratio: []", "ratio: got a list: want a number from -2 to 3"},
	{"gone: 1", "gone: use text"},
	{"txet: 1", "unknown field \"txet\": did you mean \"text\"?"},
	{"TEXT: 1", "unknown field \"TEXT\": did you mean \"text\"?"},
	{"durations: 1", "unknown field \"durations\": did you mean \"duration\"?"},
	{"duratoin: 1", "unknown field \"duratoin\": did you mean \"duration\"?"},
	/* Nobody is led to what is refused. */
	{"gon: 1", "unknown field \"gon\": allowed: text, flag, number, duration, other, "
		   "milli, fraction, colour, "
		   "inner, map, list, later, when, ratio"},
};

START_TEST(wrong_values_are_problems_and_leave_the_object_alone)
{
	AUTO_FREE char *want = xasprintf("line 1: %s\n", wrong[_i].want);
	struct object o = read_object(wrong[_i].text, want);
	check_old(&o);
}
END_TEST

START_TEST(an_empty_text_counts_as_absent)
{
	struct object o = read_object("text: ''", "");
	ck_assert_ptr_null(o.text);
}
END_TEST

START_TEST(a_quoted_quantity_may_have_leading_zeros)
{
	struct object o = read_object("milli: '010'", "");
	ck_assert_int_eq(o.milli, 10000);
	free(o.text);
}
END_TEST

START_TEST(unknown_names_of_any_length_are_quoted_short)
{
	char text[400], want[600];
	memset(text, 'x', sizeof(text));
	strcpy(text + 300, ": 1");
	snprintf(want, sizeof(want),
		 "line 1: unknown field \"%.64s...\": allowed: text, flag, number, "
		 "duration, other, milli, "
		 "fraction, colour, inner, map, list, later, when, ratio\n",
		 text);
	struct object o = read_object(text, want);
	check_old(&o);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fields");
	TCase *tcase = tcase_create("fields");
	tcase_add_test(tcase, each_reader_fills_its_member);
	tcase_add_test(tcase, absent_and_null_fields_leave_the_object_alone);
	tcase_add_loop_test(tcase, wrong_values_are_problems_and_leave_the_object_alone,
			    0, ARRAY_LEN(wrong));
	tcase_add_test(tcase, an_empty_text_counts_as_absent);
	tcase_add_test(tcase, a_quoted_quantity_may_have_leading_zeros);
	tcase_add_test(tcase, unknown_names_of_any_length_are_quoted_short);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
