#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

static cJSON *parse(const char *text, struct err *err)
{
	return json_parse(text, strlen(text), err);
}

START_TEST(one_document_is_read_white_space_around_it_included)
{
	struct err err = {0};
	AUTO(json_cleanup) cJSON *tree = parse(" \t{\"a\": [1, 2]}\r\n ", &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	ck_assert_int_eq(cJSON_GetArraySize(json_at(tree, "a")), 2);
}
END_TEST

static const struct {
	const char *text;
	const char *want;
} refused[] = {
	{"", "empty answer, JSON expected"},
	{"<html>503</html>", "not JSON at byte 0 of 16"},
	{"{\"a\":1", "not JSON at byte 5 of 6"},
	{"{\"a\":1} x", "not JSON at byte 8 of 9"},
	{"{}{}", "not JSON at byte 2 of 4"},
	{"{\"a\":tru}", "not JSON at byte 5 of 9"},
};

START_TEST(anything_else_is_refused_with_its_byte)
{
	struct err err = {0};
	ck_assert_ptr_null(parse(refused[_i].text, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.msg, refused[_i].want);
}
END_TEST

START_TEST(a_text_without_terminator_is_read_to_its_length_only)
{
	struct err err = {0};
	AUTO(json_cleanup) cJSON *tree = json_parse("12345", 3, &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	ck_assert_int_eq(json_int(tree, "", -1), 123);
	ck_assert_ptr_null(json_parse("{}\0x", 4, &err));
}
END_TEST

START_TEST(a_tree_in_an_arena_is_the_same_and_leaves_nothing)
{
	static const char text[] = "{\"a\":[1,\"b\",{\"c\":null}],\"d\":true}";
	struct err err = {0};
	struct arena a AUTO(arena_fini) = {0};
	const cJSON *tree = json_parse_in(&a, text, strlen(text), &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	char *again AUTO_FREE = json_text(tree);
	ck_assert_str_eq(again, text);
	/* Others go to the heap as before. */
	cJSON *own AUTO(json_cleanup) = parse(text, &err);
	ck_assert(own && a.taken == 4096);
}
END_TEST

START_TEST(a_tree_that_was_built_in_an_arena_is_printed_as_any_other)
{
	struct arena a AUTO(arena_fini) = {0};
	json_build_in(&a);
	cJSON *tree = cJSON_CreateObject();
	cJSON_AddStringToObject(tree, "a", "b");
	cJSON_AddNumberToObject(tree, "c", 0.5);
	json_build_end();
	char *text AUTO_FREE = json_text(tree);
	ck_assert_str_eq(text, "{\"a\":\"b\",\"c\":0.5}");
	cJSON *own AUTO(json_cleanup) = parse(text, NULL);
	ck_assert(own && a.taken == 4096);
}
END_TEST

START_TEST(what_is_refused_is_refused_in_an_arena_too)
{
	struct err err = {0};
	struct arena a AUTO(arena_fini) = {.most = 1 << 20};
	const char *text = refused[_i].text;
	ck_assert_ptr_null(json_parse_in(&a, text, strlen(text), &err));
	ck_assert_str_eq(err.msg, refused[_i].want);
	ck_assert(!a.full);
}
END_TEST

START_TEST(a_tree_beyond_the_limit_of_its_arena_is_refused)
{
	char text[2001];
	struct err err = {0};
	struct arena a AUTO(arena_fini) = {.most = 50000};
	for (size_t i = 0; i < 1000; i++)
		memcpy(text + 2 * i, i ? ",0" : "[0", 2);
	text[2000] = ']';
	ck_assert_ptr_null(json_parse_in(&a, text, sizeof(text), &err));
	ck_assert(a.full);
	ck_assert_int_eq(err.code, ERR_INVALID);
	arena_fini(&a);
	ck_assert_ptr_nonnull(json_parse_in(&a, "[0]", 3, &err));
}
END_TEST

START_TEST(nesting_without_end_is_refused)
{
	char text[5000];
	struct err err = {0};
	memset(text, '[', sizeof(text));
	ck_assert_ptr_null(json_parse(text, sizeof(text), &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

START_TEST(paths_walk_objects_and_end_softly)
{
	AUTO(json_cleanup)
	cJSON *tree =
		parse("{\"metadata\":{\"name\":\"web\",\"n\":3,\"ok\":true},\"s\":\"x\"}",
		      NULL);
	ck_assert_str_eq(json_str(tree, "metadata.name", ""), "web");
	ck_assert_str_eq(json_str(tree, "metadata.n", "none"), "none");
	ck_assert_str_eq(json_str(tree, "metadata.name.more", "none"), "none");
	ck_assert_str_eq(json_str(tree, "missing.name", "none"), "none");
	ck_assert_str_eq(json_str(NULL, "metadata.name", "none"), "none");
	ck_assert_str_eq(json_str(tree, "METADATA.name", "none"), "none");
	ck_assert(json_bool(tree, "metadata.ok", false));
	ck_assert(json_bool(tree, "metadata.n", true));
	ck_assert_int_eq(json_int(tree, "metadata.n", 0), 3);
	ck_assert_int_eq(json_int(tree, "s", 8), 8);
}
END_TEST

START_TEST(a_part_of_a_path_may_be_of_any_length)
{
	char path[400];
	memset(path, 'k', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	AUTO(json_cleanup) cJSON *tree = parse("{\"k\":1}", NULL);
	ck_assert_ptr_null(json_at(tree, path));
}
END_TEST

static const struct {
	const char *text;
	int64_t want;
} numbers[] = {
	{"1e300", INT64_MAX},
	{"-1e300", INT64_MIN},
	{"9223372036854775807", INT64_MAX},
	{"-9223372036854775808", INT64_MIN},
	{"-123456789012", -INT64_C(123456789012)},
	{"2.9", 2},
	{"-2.9", -2},
	{"0", 0},
	{"\"5\"", 77},
	{"null", 77},
};

START_TEST(numbers_are_cut_and_saturate)
{
	AUTO(json_cleanup) cJSON *tree = parse(numbers[_i].text, NULL);
	ck_assert_int_eq(json_int(tree, "", 77), numbers[_i].want);
}
END_TEST

START_TEST(a_tree_is_printed_without_white_space)
{
	AUTO(json_cleanup) cJSON *tree = parse("{ \"a\" : [ 1, \"x\" ] }", NULL);
	AUTO_FREE char *text = json_text(tree);
	ck_assert_str_eq(text, "{\"a\":[1,\"x\"]}");
	AUTO_FREE char *none = json_text(NULL);
	ck_assert_str_eq(none, "null");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");
	tcase_add_test(tcase, one_document_is_read_white_space_around_it_included);
	tcase_add_loop_test(tcase, anything_else_is_refused_with_its_byte, 0,
			    ARRAY_LEN(refused));
	tcase_add_test(tcase, a_text_without_terminator_is_read_to_its_length_only);
	tcase_add_test(tcase, a_tree_in_an_arena_is_the_same_and_leaves_nothing);
	tcase_add_test(tcase, a_tree_that_was_built_in_an_arena_is_printed_as_any_other);
	tcase_add_loop_test(tcase, what_is_refused_is_refused_in_an_arena_too, 0,
			    ARRAY_LEN(refused));
	tcase_add_test(tcase, a_tree_beyond_the_limit_of_its_arena_is_refused);
	tcase_add_test(tcase, nesting_without_end_is_refused);
	tcase_add_test(tcase, paths_walk_objects_and_end_softly);
	tcase_add_test(tcase, a_part_of_a_path_may_be_of_any_length);
	tcase_add_loop_test(tcase, numbers_are_cut_and_saturate, 0, ARRAY_LEN(numbers));
	tcase_add_test(tcase, a_tree_is_printed_without_white_space);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
