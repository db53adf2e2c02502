#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

static cJSON *read_all(const char *text)
{
	AUTO(yaml_node_cleanup) struct yaml_node *list = NULL;
	struct err err = {0};
	ck_assert_msg(yaml_parse_all(text, strlen(text), &list, &err) == 0, "%s",
		      err.msg);
	return yaml_to_json(list);
}

static void reads_as(const char *yaml, const char *json)
{
	cJSON *tree AUTO(json_cleanup) = read_all(yaml);
	char *text AUTO_FREE = json_text(tree);
	ck_assert_str_eq(text, json);
}

START_TEST(documents_are_read_one_by_one)
{
	reads_as("", "[]");
	reads_as("---\n# nothing\n---\n", "[]");
	reads_as("a: 1\n---\nb: 2\n...\n---\n- c\n", "[{\"a\":1},{\"b\":2},[\"c\"]]");
	reads_as("{\"kind\":\"List\"}", "[{\"kind\":\"List\"}]");
	/* Each has its own anchors. */
	reads_as("a: &x 1\nb: *x\n---\na: &x 2\nb: *x\n",
		 "[{\"a\":1,\"b\":1},{\"a\":2,\"b\":2}]");
}
END_TEST

START_TEST(lines_count_from_the_beginning_of_the_text)
{
	AUTO(yaml_node_cleanup) struct yaml_node *list = NULL;
	struct err err = {0};
	const char *text = "a: 1\n---\n\nb: 2\n", *wrong = "a: 1\n---\na: [\n",
		   *alias = "a: &x 1\n---\nb: *x\n";
	ck_assert_int_eq(yaml_parse_all(text, strlen(text), &list, &err), 0);
	ck_assert_int_eq(list->items[1].items[0].line, 4);
	struct yaml_node *untouched = NULL;
	ck_assert_int_eq(yaml_parse_all(wrong, strlen(wrong), &untouched, &err), -1);
	ck_assert_str_eq(err.msg, "line 4 column 1: did not find expected node content");
	ck_assert_int_eq(yaml_parse_all(alias, strlen(alias), &untouched, &err), -1);
	ck_assert_str_eq(err.msg, "line 3 column 4: no anchor named \"x\" before it");
	ck_assert_ptr_null(untouched);
}
END_TEST

START_TEST(too_many_documents_are_refused)
{
	struct str text AUTO(str_fini);
	struct yaml_node *list = NULL;
	struct err err = {0};
	str_init(&text, 1 << 20);
	for (int i = 0; i < 1001; i++)
		str_puts(&text, "--- 1\n");
	ck_assert_int_eq(yaml_parse_all(str_text(&text), text.len, &list, &err), -1);
	ck_assert_msg(strstr(err.msg, "too many documents: at most 1000"), "%s", err.msg);
}
END_TEST

START_TEST(scalars_are_read_as_kubernetes_reads_them)
{
	reads_as("[1, -2.5, 1e3, 0.5, yes, off, ~, '1', \"true\", 0755, 1_000, 600Mi, "
		 "1.2.3]",
		 "[[1,-2.5,1000,0.5,true,false,null,\"1\",\"true\",\"0755\",\"1_000\","
		 "\"600Mi\",\"1.2.3\"]]");
	ck_assert_ptr_null(yaml_to_json(NULL));
}
END_TEST

static void prints_as(const char *json, const char *yaml)
{
	cJSON *tree AUTO(json_cleanup) = json_parse(json, strlen(json), NULL);
	struct str out AUTO(str_fini);
	str_init(&out, 1 << 16);
	ck_assert_ptr_nonnull(tree);
	ck_assert_int_eq(yaml_print(tree, &out), 0);
	ck_assert_str_eq(str_text(&out), yaml);
}

START_TEST(trees_are_printed_in_block_style)
{
	prints_as(
		"{\"a\":{\"b\":[1,{\"c\":true,\"d\":null}],\"e\":[],\"f\":{}},\"g\":0."
		"25}",
		"a:\n  b:\n  - 1\n  - c: true\n    d: null\n  e: []\n  f: {}\ng: 0.25\n");
	prints_as("{\"policy.yaml\":\"# text\\na: 1\\n\",\"open\":\"a\\nb\"}",
		  "policy.yaml: |\n  # text\n  a: 1\nopen: |-\n  a\n  b\n");
}
END_TEST

/* What comes back is what was printed, whatever a text looks like. */
START_TEST(what_is_printed_reads_back_the_same)
{
	static const char json[] =
		"[\"\",\"1\",\"-1\",\"true\",\"No\",\"y\",\"null\",\"~\",\"a: b\",\"# "
		"no\",\"- x\","
		"\"2026-01-19T00:00:00Z\",\"1:30\",\"0x1f\",\".inf\",\"*a\",\"&a\",\"!"
		"t\",\"%d\",\"@x\","
		"\"'\",\"\\\"\",\" lead\",\"trail \",\"a\\n\",\"a\\n\\n\",\"\\n\",\" "
		"a\\n b \\n\",\"\\t\","
		"\"Zürich\",\"\\u0007\",\"{a}\",\"[a]\",\"a,b\",\"=\",\"<<\",\"sum(rate("
		"x{a=\\\"b\\\"}[1m]))"
		"\",{\"1\":1,\"on\":2,\"a b: c\":3,\"\":4},1e+300,0.1]";
	cJSON *tree AUTO(json_cleanup) = json_parse(json, strlen(json), NULL);
	struct str out AUTO(str_fini);
	str_init(&out, 1 << 16);
	ck_assert_ptr_nonnull(tree);
	ck_assert_int_eq(yaml_print(tree, &out), 0);
	cJSON *list AUTO(json_cleanup) = read_all(str_text(&out));
	ck_assert_msg(cJSON_Compare(cJSON_GetArrayItem(list, 0), tree, true), "%s",
		      str_text(&out));
}
END_TEST

START_TEST(a_limit_that_is_passed_is_a_failure)
{
	cJSON *tree AUTO(json_cleanup) = cJSON_CreateString("longer than the limit");
	struct str out AUTO(str_fini);
	str_init(&out, 8);
	ck_assert_int_eq(yaml_print(tree, &out), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml_json");
	TCase *tc = tcase_create("yaml_json");
	tcase_add_test(tc, documents_are_read_one_by_one);
	tcase_add_test(tc, lines_count_from_the_beginning_of_the_text);
	tcase_add_test(tc, too_many_documents_are_refused);
	tcase_add_test(tc, scalars_are_read_as_kubernetes_reads_them);
	tcase_add_test(tc, trees_are_printed_in_block_style);
	tcase_add_test(tc, what_is_printed_reads_back_the_same);
	tcase_add_test(tc, a_limit_that_is_passed_is_a_failure);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
