#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

static struct yaml_node *must_parse(const char *text)
{
	struct yaml_node *root = NULL;
	struct err err = {0};
	ck_assert_msg(yaml_parse(text, strlen(text), &root, &err) == 0, "%s", err.msg);
	return root;
}

static void must_refuse(const char *text, size_t len, const char *want)
{
	struct yaml_node *root = (struct yaml_node *)&root;
	struct err err = {0};
	ck_assert_msg(yaml_parse(text, len, &root, &err) == -1, "accepted: %.60s", text);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.msg, want);
	ck_assert_ptr_eq(root, &root); /* untouched */
}

START_TEST(maps_lists_and_scalars_keep_their_places)
{
	AUTO(yaml_node_cleanup)
	struct yaml_node *root = must_parse("# first\n"
					    "name: web\n"
					    "list:\n"
					    "- 1\n"
					    "-   {a: b}\n");
	ck_assert_int_eq(root->kind, YAML_MAP);
	ck_assert_uint_eq(root->count, 2);
	ck_assert_str_eq(yaml_str(root, "name", ""), "web");
	const struct yaml_node *list = yaml_get(root, "list");
	ck_assert_int_eq(list->kind, YAML_LIST);
	ck_assert_int_eq(list->line, 3);
	ck_assert_int_eq(list->column, 1);
	ck_assert_uint_eq(list->count, 2);
	ck_assert_ptr_null(list->items[0].key);
	ck_assert_str_eq(list->items[0].text, "1");
	ck_assert_int_eq(list->items[0].line, 4);
	ck_assert_int_eq(list->items[0].column, 3);
	const struct yaml_node *a = yaml_get(&list->items[1], "a");
	ck_assert_str_eq(a->text, "b");
	ck_assert_int_eq(a->line, 5);
	ck_assert_int_eq(a->column, 6);
}
END_TEST

START_TEST(json_is_read_too)
{
	AUTO(yaml_node_cleanup)
	struct yaml_node *root = must_parse("{\n\t\"a\":1,\"b\":[true,null,"
					    "\"x\\n\\u00e9\\/\"],\n\t\"c\":{\"d\":{}}}");
	ck_assert_str_eq(yaml_str(root, "a", ""), "1");
	const struct yaml_node *b = yaml_get(root, "b");
	ck_assert_uint_eq(b->count, 3);
	ck_assert(yaml_is_null(&b->items[1]));
	ck_assert_str_eq(b->items[2].text, "x\n\u00e9/");
	ck_assert(b->items[2].quoted);
	ck_assert_uint_eq(yaml_get(yaml_get(root, "c"), "d")->count, 0);
}
END_TEST

static const char *const empties[] = {"", "\n", "# only a comment\n", "---\n",
				      "--- # x\n...\n"};

START_TEST(an_empty_text_is_an_empty_map)
{
	AUTO(yaml_node_cleanup) struct yaml_node *root = must_parse(empties[_i]);
	ck_assert_int_eq(root->kind, YAML_MAP);
	ck_assert_uint_eq(root->count, 0);
	ck_assert_int_eq(root->line, 1);
}
END_TEST

START_TEST(quotes_blocks_and_the_string_tag_mark_strings)
{
	AUTO(yaml_node_cleanup)
	struct yaml_node *root = must_parse(
		"- 5\n- '5'\n- \"5\"\n- |\n  5\n- !!str 5\n- ! 5\n- !!int \"5\"\n");
	static const bool quoted[] = {false, true, true, true, true, true, false};
	ck_assert_uint_eq(root->count, ARRAY_LEN(quoted));
	for (size_t i = 0; i < root->count; i++)
		ck_assert_msg(root->items[i].quoted == quoted[i], "item %zu", i);
}
END_TEST

START_TEST(anchors_are_resolved_into_copies)
{
	AUTO(yaml_node_cleanup)
	struct yaml_node *root = must_parse(
		"a: &x {k: [1, &y two]}\nb: *x\nc: *y\n*y : d\ne: &x 3\nf: *x\n");
	ck_assert_str_eq(yaml_get(yaml_get(root, "b"), "k")->items[1].text, "two");
	ck_assert_ptr_ne(yaml_get(root, "a")->items, yaml_get(root, "b")->items);
	ck_assert_str_eq(yaml_str(root, "c", ""), "two");
	ck_assert_str_eq(yaml_str(root, "two", ""), "d");
	ck_assert_str_eq(yaml_str(root, "f", ""),
			 "3"); /* the later anchor of a name wins */
	ck_assert_int_eq(yaml_get(root, "b")->line, 2);
	ck_assert_int_eq(yaml_get(yaml_get(root, "b"), "k")->line,
			 1); /* where the text stands */
}
END_TEST

static const struct {
	const char *text;
	const char *want;
} refused[] = {
	{"a: 1\nb: 2\na: 3\n", "line 3 column 1: key \"a\" is given twice"},
	{"z: 1\nb: 1\nz: 2\nb: 2\n", "line 3 column 1: key \"z\" is given twice"},
	{"a: {x: 1, 'x': 2}", "line 1 column 11: key \"x\" is given twice"},
	{"a: 1\n[b]: 2\n", "line 2 column 1: a key must be a plain text"},
	{"{a: 1}: 2\n", "line 1 column 1: a key must be a plain text"},
	{"a: &x [1]\n*x : 2\n", "line 2 column 1: a key must be a plain text"},
	{"&k a: 1\n", "line 1 column 1: a key cannot have an anchor"},
	{"a: &x {b: 1}\nc:\n  <<: *x\n",
	 "line 3 column 3: merge keys (<<) are not supported"},
	{"a: 1\n---\nb: 2\n",
	 "line 2 column 1: more than one document: only one is allowed"},
	{"a: *nobody\n", "line 1 column 4: no anchor named \"nobody\" before it"},
	{"a: &x [*x]\n", "line 1 column 8: no anchor named \"x\" before it"},
	{"a: !secret x\n", "line 1 column 4: tag \"!secret\" is not allowed here"},
	{"a: !!binary aGk=\n",
	 "line 1 column 4: tag \"tag:yaml.org,2002:binary\" is not allowed here"},
	{"a: !!set {x}\n",
	 "line 1 column 4: tag \"tag:yaml.org,2002:set\" is not allowed here"},
	{"a: !!map [x]\n",
	 "line 1 column 4: tag \"tag:yaml.org,2002:map\" is not allowed here"},
	{"a: \"x\\0y\"\n", "line 1 column 4: a NUL character is not allowed"},
	{"\"a\\0b\": 1\n", "line 1 column 1: a NUL character is not allowed"},
	{"a: [1, 2\n", "line 2 column 1: did not find expected ',' or ']'"},
	{"a: 1\n\tb: 2\n",
	 "line 2 column 1: found a tab character that violates indentation"},
	{"a: b: c\n", "line 1 column 5: mapping values are not allowed in this context"},
	{"a: \"x\n", "line 2 column 1: found unexpected end of stream"},
	{"a: 1\nb: \xff\n", "line 2 column 4: invalid leading UTF-8 octet"},
	{"a: \x01\n", "line 1 column 4: control characters are not allowed"},
};

START_TEST(wrong_texts_are_refused_with_line_and_column)
{
	must_refuse(refused[_i].text, strlen(refused[_i].text), refused[_i].want);
}
END_TEST

/* 32 levels are the document itself and 31 lists inside it. */
START_TEST(depth_is_limited)
{
	char text[80];
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	struct yaml_node *root;
	ck_assert_int_eq(yaml_parse(text, 64, &root, NULL), 0);
	yaml_node_free(root);
	memset(text, '[', 33);
	must_refuse(text, 33, "line 1 column 33: nested too deeply: at most 32 levels");
}
END_TEST

START_TEST(the_depth_of_maps_is_limited_too)
{
	struct str text;
	str_init(&text, 1 << 16);
	for (int i = 0; i < 31; i++) /* the value of the 31st key is the 32nd level */
		str_printf(&text, "%*sa:\n", i, "");
	str_printf(&text, "%*sb", 31, "");
	yaml_node_free(must_parse(str_text(&text)));
	str_puts(&text, ":\n");
	must_refuse(str_text(&text), text.len,
		    "line 32 column 34: nested too deeply: at most 32 levels");
	str_fini(&text);
}
END_TEST

START_TEST(a_text_that_is_one_value_is_that_value)
{
	AUTO(yaml_node_cleanup) struct yaml_node *word = must_parse("web");
	ck_assert_int_eq(word->kind, YAML_SCALAR);
	ck_assert_str_eq(word->text, "web");
	AUTO(yaml_node_cleanup) struct yaml_node *quotes = must_parse("''");
	ck_assert_int_eq(quotes->kind, YAML_SCALAR);
}
END_TEST

START_TEST(a_megabyte_of_brackets_ends_at_once)
{
	size_t len = 1 << 20;
	AUTO_FREE char *text = xmalloc(len);
	memset(text, '[', len);
	must_refuse(text, len, "line 1 column 33: nested too deeply: at most 32 levels");
	for (size_t i = 0; i < len; i += 2)
		memcpy(text + i, "- ", 2);
	must_refuse(text, len, "line 1 column 65: nested too deeply: at most 32 levels");
}
END_TEST

START_TEST(aliases_count_for_depth_and_size)
{
	static const char nested[] = "a: &a [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"
				     "b: [[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]\n";
	must_refuse(nested, strlen(nested),
		    "line 2 column 19: nested too deeply: at most 32 levels");
	static const char bomb[] = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
				   "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
				   "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
				   "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
				   "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
				   "f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n";
	must_refuse(bomb, strlen(bomb),
		    "line 5 column 8: too many values: at most 20000, aliases counted in "
		    "full");
}
END_TEST

START_TEST(the_number_of_values_is_limited_exactly)
{
	struct str text;
	str_init(&text, 1 << 20);
	for (int i = 0; i < 19999; i++)
		str_puts(&text, "- x\n");
	struct yaml_node *root;
	ck_assert_int_eq(yaml_parse(str_text(&text), text.len, &root, NULL), 0);
	ck_assert_uint_eq(root->count, 19999);
	yaml_node_free(root);
	str_puts(&text, "- x\n");
	must_refuse(str_text(&text), text.len,
		    "line 20000 column 3: too many values: at most 20000, aliases "
		    "counted in full");
	str_fini(&text);
}
END_TEST

START_TEST(the_number_of_anchors_is_limited)
{
	struct str text;
	str_init(&text, 1 << 20);
	for (int i = 0; i < 257; i++)
		str_printf(&text, "- &a%d x\n", i);
	must_refuse(str_text(&text), text.len,
		    "line 257 column 3: too many anchors: at most 256");
	str_fini(&text);
}
END_TEST

START_TEST(looking_up_ends_softly)
{
	AUTO(yaml_node_cleanup)
	struct yaml_node *root = must_parse("a: {b: c}\nl: [x]\n");
	ck_assert_ptr_null(yaml_get(root, "missing"));
	ck_assert_ptr_null(yaml_get(NULL, "a"));
	ck_assert_ptr_null(yaml_get(yaml_get(root, "l"), "x"));
	ck_assert_str_eq(yaml_str(root, "a", "none"), "none");
	ck_assert_str_eq(yaml_str(yaml_get(root, "a"), "b", "none"), "c");
	yaml_node_free(NULL);
}
END_TEST

START_TEST(null_and_booleans_are_plain_words)
{
	AUTO(yaml_node_cleanup)
	struct yaml_node *root =
		must_parse("[~, null, Null, NULL, 'null', nULL, {}, true, yes, On, y, "
			   "false, NO, off, n, 'true', tRUE, 1, [true]]");
	static const char want[] = "nnnn..."
				   "tttt"
				   "ffff"
				   "....";
	for (size_t i = 0; i < root->count; i++) {
		bool value = false;
		int rc = yaml_bool(&root->items[i], &value);
		char got = yaml_is_null(&root->items[i]) ? 'n'
			   : rc < 0                      ? '.'
			   : value                       ? 't'
							 : 'f';
		ck_assert_msg(got == want[i], "item %zu is %c, want %c", i, got, want[i]);
	}
	AUTO(yaml_node_cleanup) struct yaml_node *empty = must_parse("a:\n");
	ck_assert(yaml_is_null(yaml_get(empty, "a")));
	ck_assert(!yaml_is_null(NULL));
	bool value;
	ck_assert_int_eq(yaml_bool(NULL, &value), -1);
}
END_TEST

/* Neither a crash nor a leak, whatever bytes come: the sanitizers watch. */
START_TEST(random_damage_is_survived)
{
	static const char seed[] =
		"a: &x {k: [1, &y two], 'q': \"s\\n\"}\nb: *x\nc: |\n  text\nd: - x\n";
	static const char spice[] = "&*[]{}:,-|>'\"\\#!%@`\t\n \xff\xc3\0a";
	struct rng r;
	rng_init(&r, 11);
	int accepted = 0;
	for (int i = 0; i < 20000; i++) {
		char text[sizeof(seed)];
		memcpy(text, seed, sizeof(seed));
		for (uint64_t n = rng_next(&r) % 4; n < 6; n++)
			text[rng_next(&r) % (sizeof(seed) - 1)] =
				spice[rng_next(&r) % sizeof(spice)];
		struct yaml_node *root = NULL;
		struct err err = {0};
		if (yaml_parse(text, sizeof(seed) - 1 - rng_next(&r) % 40, &root, &err) ==
		    0)
			accepted++;
		else
			ck_assert(strncmp(err.msg, "line ", 5) == 0);
		yaml_node_free(root);
	}
	ck_assert_int_gt(accepted, 50); /* otherwise only the refusals were exercised */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tcase = tcase_create("yaml");
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, maps_lists_and_scalars_keep_their_places);
	tcase_add_test(tcase, json_is_read_too);
	tcase_add_loop_test(tcase, an_empty_text_is_an_empty_map, 0, ARRAY_LEN(empties));
	tcase_add_test(tcase, quotes_blocks_and_the_string_tag_mark_strings);
	tcase_add_test(tcase, anchors_are_resolved_into_copies);
	tcase_add_loop_test(tcase, wrong_texts_are_refused_with_line_and_column, 0,
			    ARRAY_LEN(refused));
	tcase_add_test(tcase, depth_is_limited);
	tcase_add_test(tcase, the_depth_of_maps_is_limited_too);
	tcase_add_test(tcase, a_text_that_is_one_value_is_that_value);
	tcase_add_test(tcase, a_megabyte_of_brackets_ends_at_once);
	tcase_add_test(tcase, aliases_count_for_depth_and_size);
	tcase_add_test(tcase, the_number_of_values_is_limited_exactly);
	tcase_add_test(tcase, the_number_of_anchors_is_limited);
	tcase_add_test(tcase, looking_up_ends_softly);
	tcase_add_test(tcase, null_and_booleans_are_plain_words);
	tcase_add_test(tcase, random_damage_is_survived);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
