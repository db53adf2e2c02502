#include "policy/place.h"

#include "unit/harness.h"

#include <string.h>

struct fixture {
	struct yaml_node *tree;
	struct problems problems;
	struct place root;
};

static void setup(struct fixture *f, const char *text)
{
	struct err err = {0};
	ck_assert_msg(yaml_parse(text, strlen(text), &f->tree, &err) == 0, "%s", err.msg);
	problems_init(&f->problems);
	f->root = place_root(f->tree, &f->problems);
}

static void teardown(struct fixture *f, const char *want)
{
	ck_assert_str_eq(str_text(&f->problems.lines), want);
	problems_fini(&f->problems);
	yaml_node_free(f->tree);
}

START_TEST(a_problem_names_line_and_path)
{
	struct fixture f;
	setup(&f, "a:\n  b:\n  - x\n  - c: 1\n");
	struct place a = place_field(&f.root, "a"), b = place_field(&a, "b"),
		     item = place_item(&b, 1);
	struct place c = place_field(&item, "c");
	place_problem(&f.root, "whole");
	place_problem(&b, "list");
	place_problem(&item, "item");
	place_problem(&c, "%s %d", "leaf", 1);
	ck_assert_int_eq(f.problems.count, 4);
	teardown(&f, "line 1: whole\nline 2: a.b: list\nline 4: a.b[1]: item\nline 4: "
		     "a.b[1].c: leaf 1\n");
}
END_TEST

START_TEST(what_is_absent_is_reported_where_its_parent_stands)
{
	struct fixture f;
	setup(&f, "x: 1\na: {b: null}\n");
	struct place a = place_field(&f.root, "a"), b = place_field(&a, "b");
	struct place deep = place_field(&b, "c");
	ck_assert_ptr_null(b.node);
	ck_assert(!place_has(&a, "b"));
	ck_assert(place_has(&f.root, "x"));
	place_problem(&deep, "absent");
	teardown(&f, "line 2: a.b.c: absent\n");
}
END_TEST

START_TEST(required_fields_are_asked_for_once_and_only_in_maps)
{
	struct fixture f;
	setup(&f, "a: {full: x, empty: '', none: ~, list: []}\nb: text\n");
	struct place a = place_field(&f.root, "a"), b = place_field(&f.root, "b");
	ck_assert(place_require(&a, "full", "x"));
	ck_assert(place_require(&a, "list", "x"));
	ck_assert(!place_require(&a, "empty", "say what"));
	ck_assert(!place_require(&a, "none", NULL));
	ck_assert(place_require(&b, "any", "x"));
	teardown(&f, "line 1: a.empty: Required value: say what\nline 1: a.none: "
		     "Required value\n");
}
END_TEST

START_TEST(a_problem_stays_one_line)
{
	struct fixture f;
	setup(&f, "{\"a\\nb\": \"x\\r\\ny\\x7f\"}");
	struct place at = place_field(&f.root, "a\nb");
	place_invalid(&at, "must\tnot");
	teardown(&f, "line 1: a b: Invalid value: \"x  y \": must not\n");
}
END_TEST

START_TEST(wrong_types_are_named_and_texts_quoted_unless_they_may_be_secret)
{
	struct fixture f;
	setup(&f, "a: plain\nb: 'quoted'\nc: [1]\nd: {}\n");
	static const char *const keys[] = {"a", "b", "c", "d"};
	for (int quiet = 0; quiet < 2; quiet++) {
		f.problems.quiet = quiet;
		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			struct place at = place_field(&f.root, keys[i]);
			place_wrong_type(&at, "W");
		}
	}
	teardown(&f, "line 1: a: got \"plain\": want W\n"
		     "line 2: b: got the text \"quoted\": want W\n"
		     "line 3: c: got a list: want W\n"
		     "line 4: d: got a map: want W\n"
		     "line 1: a: got a text: want W\n"
		     "line 2: b: got a text: want W\n"
		     "line 3: c: got a list: want W\n"
		     "line 4: d: got a map: want W\n");
}
END_TEST

START_TEST(quotes_are_cut_between_characters)
{
	char buf[PLACE_QUOTE_MAX + 4], text[200], want[200];
	ck_assert_str_eq(place_quote("short", buf), "short");
	memset(text, 'x', sizeof(text));
	text[64] = '\0';
	ck_assert_str_eq(place_quote(text, buf), text);
	strcpy(text + 63, "\u20ac");
	strcpy(want, text);
	strcpy(want + 63, "...");
	ck_assert_str_eq(place_quote(text, buf), want);
	strcpy(text + 61, "\u20acyz");
	strcpy(want + 61, "\u20ac...");
	ck_assert_str_eq(place_quote(text, buf), want);
}
END_TEST

START_TEST(the_first_problem_becomes_the_error)
{
	struct fixture f;
	struct err err = {.code = ERR_NONE, .msg = "untouched"};
	setup(&f, "a: 1\n");
	ck_assert_int_eq(problems_first(&f.problems, &err), 0);
	ck_assert_str_eq(err.msg, "untouched");
	place_problem(&f.root, "one");
	place_problem(&f.root, "two");
	ck_assert_int_eq(problems_first(&f.problems, &err), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.msg, "line 1: one");
	ck_assert_int_eq(problems_first(&f.problems, NULL), -1);
	teardown(&f, "line 1: one\nline 1: two\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("place");
	TCase *tcase = tcase_create("place");
	tcase_add_test(tcase, a_problem_names_line_and_path);
	tcase_add_test(tcase, what_is_absent_is_reported_where_its_parent_stands);
	tcase_add_test(tcase, required_fields_are_asked_for_once_and_only_in_maps);
	tcase_add_test(tcase, a_problem_stays_one_line);
	tcase_add_test(tcase,
		       wrong_types_are_named_and_texts_quoted_unless_they_may_be_secret);
	tcase_add_test(tcase, quotes_are_cut_between_characters);
	tcase_add_test(tcase, the_first_problem_becomes_the_error);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
