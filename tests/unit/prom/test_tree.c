#include "prom/tree.h"
#include "unit/harness.h"

#include <string.h>

/* Parses a heap copy without a NUL at its end. */
static const cJSON *parse(struct arena *memory, const char *text, size_t len,
			  struct err *err)
{
	char *copy AUTO_FREE = xmalloc(len);
	memcpy(copy, text, len);
	const struct prom_body body = {
		.status = 200, .content_type = "", .text = copy, .len = len};
	return tree_parse(memory, &body, err);
}

static const struct {
	const char *text;
	size_t len;       /* 0: all of it */
	const char *says; /* NULL: a tree */
} texts[] = {
	{"{}", 0, NULL},
	{" [1, \"a\"]\r\n\t ", 0, NULL},
	{"[\"\\\\u0000\"]", 0, NULL},
	{"[\"\\\\\\\\u0000\"]", 0, NULL},
	{"[\"\\u00001\"]", 0, "answered with a NUL (byte 2 of 11)"},
	{"[\"\\\\\\u0000\"]", 0, "answered with a NUL (byte 4 of 12)"},
	{"[\"\\\\u0000\",\"\\u0000\"]", 0, "answered with a NUL (byte 12 of 20)"},
	{"[\"a\0b\"]", 7, "answered with a NUL (byte 3 of 7)"},
	{"[]\0", 3, "answered with a NUL (byte 2 of 3)"},
	{"[\"\\u000", 0,
	 "answered with broken JSON (status 200): not JSON at byte 2 of 7"},
	{"[1", 0, "answered with broken JSON (status 200): not JSON at byte 1 of 2"},
	{"[1]]", 0, "answered with broken JSON (status 200): not JSON at byte 3 of 4"},
};

START_TEST(a_tree_holds_the_whole_text_or_there_is_none)
{
	struct err err = {0};
	size_t len = texts[_i].len ? texts[_i].len : strlen(texts[_i].text);
	struct arena memory AUTO(arena_fini) = {0};
	const cJSON *tree = parse(&memory, texts[_i].text, len, &err);
	ck_assert_int_eq(tree == NULL, texts[_i].says != NULL);
	ck_assert_str_eq(err.msg, texts[_i].says ? texts[_i].says : "");
	ck_assert_int_eq(err.code, texts[_i].says ? ERR_RETRY : ERR_NONE);
}
END_TEST

/* "[0,0,...,0]" with so many zeros: the most tree for the least text. */
static char *zeros(size_t count, size_t *ret_len)
{
	char *text = xmalloc(2 * count + 1);
	for (size_t i = 0; i < count; i++)
		memcpy(text + 1 + 2 * i, "0,", 2);
	text[0] = '[';
	text[2 * count] = ']';
	*ret_len = 2 * count + 1;
	return text;
}

START_TEST(a_tree_that_would_fill_the_memory_is_not_built)
{
	struct err err = {0};
	struct arena memory AUTO(arena_fini) = {0}, other AUTO(arena_fini) = {0};
	size_t len;
	char *most AUTO_FREE = zeros(800000, &len);
	const cJSON *tree = parse(&memory, most, len, &err);
	ck_assert_msg(tree != NULL, "%s", err.msg);
	ck_assert_uint_le(memory.taken, TREE_BYTES);
	char *more AUTO_FREE = zeros(1100000, &len);
	ck_assert_ptr_null(parse(&other, more, len, &err));
	ck_assert_str_eq(err.msg, "answered with too much: 2200001 bytes that take more "
				  "than 64 MiB once read");
	ck_assert_int_eq(err.code, ERR_RETRY);
	ck_assert_uint_le(other.taken, TREE_BYTES);
}
END_TEST

START_TEST(members_are_found_once_by_their_exact_names)
{
	struct tree_member m[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
	cJSON *tree AUTO(json_cleanup) =
		cJSON_Parse("{\"A\":0,\"b\":2,\"x\":1,\"x\":2,\"a\":1}");
	ck_assert(tree_pick(tree, m, ARRAY_LEN(m)));
	ck_near(m[0].value->valuedouble, 1, 0);
	ck_near(m[1].value->valuedouble, 2, 0);
	ck_assert_ptr_null(m[2].value);
}
END_TEST

static const struct {
	const char *text;
	bool ok;
} picks[] = {
	{"{\"a\":1,\"b\":2,\"a\":1}", false},
	{"{\"a\":null,\"a\":null}", false},
	{"{\"x\":1,\"x\":1}", true},
	{"{}", true},
	{"[1]", true},
	{"\"a\"", true},
	{"null", true},
};

START_TEST(a_wanted_member_that_stands_twice_is_refused)
{
	struct tree_member m[] = {{.name = "a"}};
	cJSON *tree AUTO(json_cleanup) = cJSON_Parse(picks[_i].text);
	ck_assert_ptr_nonnull(tree);
	ck_assert_int_eq(tree_pick(tree, m, 1), picks[_i].ok);
	ck_assert(tree_pick(NULL, m, 1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("prom tree");
	TCase *t = tcase_create("tree");
	tcase_add_loop_test(t, a_tree_holds_the_whole_text_or_there_is_none, 0,
			    ARRAY_LEN(texts));
	tcase_add_test(t, a_tree_that_would_fill_the_memory_is_not_built);
	tcase_add_test(t, members_are_found_once_by_their_exact_names);
	tcase_add_loop_test(t, a_wanted_member_that_stands_twice_is_refused, 0,
			    ARRAY_LEN(picks));
	suite_add_tcase(s, t);
	return run_suite(s);
}
