#include "kube/selector.h"

#include "unit/harness.h"

#include <string.h>

static cJSON *tree(const char *text)
{
	struct err err = {0};
	cJSON *t = json_parse(text, strlen(text), &err);
	ck_assert_msg(t != NULL, "%s: %s", text, err.msg);
	return t;
}

static bool matches(const struct kube_selector *s, const char *labels)
{
	cJSON *l = labels ? tree(labels) : NULL;
	bool result = kube_selector_match(s, l);
	cJSON_Delete(l);
	return result;
}

static const struct {
	const char *text, *labels;
	bool match;
} text_cases[] = {
	{"", "{}", true},
	{"", NULL, true},
	{"app=web", "{\"app\":\"web\"}", true},
	{"app==web", "{\"app\":\"web\",\"x\":\"y\"}", true},
	{"app=web", "{\"app\":\"webb\"}", false},
	{"app=web", "{}", false},
	{"app=web", NULL, false},
	{"app=", "{\"app\":\"\"}", true},
	{"app!=web", "{\"app\":\"db\"}", true},
	{"app!=web", "{}", true}, /* an absent key is not equal */
	{"app!=web", "{\"app\":\"web\"}", false},
	{"app in (web, db)", "{\"app\":\"db\"}", true},
	{"app in (web,db)", "{\"app\":\"cache\"}", false},
	{"app in (web,db)", "{}", false},
	{"app in (,web)", "{\"app\":\"\"}", true},
	{"app notin (web,db)", "{\"app\":\"db\"}", false},
	{"app notin (web,db)", "{}", true},
	{"app", "{\"app\":\"anything\"}", true},
	{"app", "{\"App\":\"x\"}", false},
	{"!app", "{\"app\":\"x\"}", false},
	{"!app", "{}", true},
	{" app = web , tier in ( a , b ) , ! canary ", "{\"app\":\"web\",\"tier\":\"b\"}",
	 true},
	{"app=web,!canary", "{\"app\":\"web\",\"canary\":\"1\"}", false},
	{"example.com/app=web", "{\"example.com/app\":\"web\"}", true},
};

START_TEST(text_selects_as_kubernetes_does)
{
	struct err err = {0};
	struct kube_selector *s = kube_selector_parse(text_cases[_i].text, &err);
	ck_assert_msg(s != NULL, "%s", err.msg);
	ck_assert_msg(matches(s, text_cases[_i].labels) == text_cases[_i].match,
		      "\"%s\" and %s", text_cases[_i].text, text_cases[_i].labels);
	kube_selector_free(s);
}
END_TEST

static const struct {
	const char *text, *message;
} bad_texts[] = {
	{"app=web,", "\"\" is not a label key"},
	{"=web", "is not a label key"},
	{"app in web", "\"(\" expected behind in of \"app\""},
	{"app in (web", "\")\" expected"},
	{"app inn (web)", "=, ==, !=, in or notin expected behind \"app\""},
	{"app>1", "=, ==, !=, in or notin expected behind \"app\""},
	{"app=web tier=a", "unexpected \"tier=a\""},
	{"app=a b", "unexpected \"b\""},
	{"-app=web", "\"-app\" is not a label key"},
	{"a/b/c=x", "is not a label key"},
	{"/a=x", "is not a label key"},
	{"UPPER.com/a=x", "is not a label key"},
	{"app=-x", "\"-x\" is not a label value"},
	{"app=x/y", "\"x/y\" is not a label value"},
	{"app=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg",
	 "is not a label value"},
};

START_TEST(malformed_text_is_refused_and_quoted)
{
	struct err err = {0};
	ck_assert_ptr_null(kube_selector_parse(bad_texts[_i].text, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, bad_texts[_i].message) != NULL, "%s", err.msg);
}
END_TEST

static const struct {
	const char *selector, *labels;
	bool match;
} object_cases[] = {
	{"{}", "{\"any\":\"thing\"}", true},
	{"null", "{\"any\":\"thing\"}", false}, /* null selects nothing */
	{"{\"matchLabels\":{\"app\":\"web\",\"tier\":\"a\"}}",
	 "{\"app\":\"web\",\"tier\":\"a\"}", true},
	{"{\"matchLabels\":{\"app\":\"web\",\"tier\":\"a\"}}", "{\"app\":\"web\"}",
	 false},
	{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"a\","
	 "\"b\"]}]}",
	 "{\"app\":\"b\"}", true},
	{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":["
	 "\"a\"]}]}",
	 "{}", true},
	{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":["
	 "\"a\"]}]}",
	 "{\"app\":\"a\"}", false},
	{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"Exists\"}]}",
	 "{\"app\":\"\"}", true},
	{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"DoesNotExist\"}]}",
	 "{\"app\":\"\"}", false},
	{"{\"matchLabels\":{\"a\":\"1\"},\"matchExpressions\":[{\"key\":\"b\","
	 "\"operator\":\"Exists\"}]}",
	 "{\"a\":\"1\"}", false},
};

START_TEST(objects_select_as_kubernetes_does)
{
	struct err err = {0};
	cJSON *object = tree(object_cases[_i].selector);
	struct kube_selector *s = kube_selector_read(object, &err);
	cJSON_Delete(object);
	ck_assert_msg(s != NULL, "%s", err.msg);
	ck_assert_int_eq(matches(s, object_cases[_i].labels), object_cases[_i].match);
	kube_selector_free(s);
}
END_TEST

static const struct {
	const char *selector, *message;
} bad_objects[] = {
	{"[]", "not an object"},
	{"{\"matchLabels\":[]}", "matchLabels is not a map"},
	{"{\"matchLabels\":{\"a\":1}}", "matchLabels.a is not a string"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Like\"}]}",
	 "operator \"Like\" of key \"a\""},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[]}]}",
	 "needs values"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":["
	 "\"x\"]}]}",
	 "takes no values"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[1]}]}",
	 "not a string"},
	{"{\"matchExpressions\":[{\"operator\":\"Exists\"}]}", "is not a label key"},
};

START_TEST(malformed_objects_are_refused)
{
	struct err err = {0};
	cJSON *object = tree(bad_objects[_i].selector);
	ck_assert_ptr_null(kube_selector_read(object, &err));
	cJSON_Delete(object);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.msg, bad_objects[_i].message) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(the_number_of_requirements_and_values_is_limited)
{
	struct str text AUTO(str_fini);
	str_init(&text, 100000);
	for (int i = 0; i < 300; i++)
		str_printf(&text, "%sk%d", i ? "," : "", i);
	struct err err = {0};
	ck_assert_ptr_null(kube_selector_parse(str_text(&text), &err));
	ck_assert_ptr_nonnull(strstr(err.msg, "more than 256 requirements"));
	str_clear(&text);
	str_puts(&text, "a in (");
	for (int i = 0; i < 300; i++)
		str_printf(&text, "%sk%d", i ? "," : "", i);
	str_puts(&text, ")");
	ck_assert_ptr_null(kube_selector_parse(str_text(&text), &err));
	ck_assert_ptr_nonnull(strstr(err.msg, "more than 256 values"));
}
END_TEST

START_TEST(text_form_is_sorted_and_reads_back)
{
	struct err err = {0};
	struct kube_selector *s =
		kube_selector_parse("e, d notin (q,p), c in (y,x), b!=2, a=1, !z", &err);
	char *text AUTO_FREE = kube_selector_text(s);
	ck_assert_str_eq(text, "a=1,b!=2,c in (x,y),d notin (p,q),e,!z");
	struct kube_selector *again = kube_selector_parse(text, &err);
	char *second AUTO_FREE = kube_selector_text(again);
	ck_assert_str_eq(text, second);
	kube_selector_free(s);
	kube_selector_free(again);
}
END_TEST

START_TEST(the_labels_that_all_selected_objects_have_are_told)
{
	struct err err = {0};
	struct kube_selector *s = kube_selector_parse(
		"z=9,app=web,tier in (a,b),zone in (x),!old,k!=v", &err);
	static const char *const want[][2] = {{"app", "web"}, {"z", "9"}, {"zone", "x"}};
	const char *key, *value;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert(kube_selector_label(s, i, &key, &value));
		ck_assert_str_eq(key, want[i][0]);
		ck_assert_str_eq(value, want[i][1]);
	}
	ck_assert(!kube_selector_label(s, ARRAY_LEN(want), &key, &value));
	ck_assert(!kube_selector_label(NULL, 0, &key, &value));
	kube_selector_free(s);
}
END_TEST

START_TEST(only_a_selector_without_requirements_is_empty)
{
	struct err err = {0};
	cJSON *null = cJSON_CreateNull();
	struct kube_selector *everything = kube_selector_parse("", &err);
	struct kube_selector *nothing = kube_selector_read(null, &err);
	struct kube_selector *some = kube_selector_parse("a", &err);
	ck_assert(kube_selector_is_empty(everything));
	ck_assert(!kube_selector_is_empty(nothing));
	ck_assert(!kube_selector_is_empty(some));
	ck_assert(!kube_selector_is_empty(NULL));
	ck_assert(!kube_selector_match(NULL, NULL));
	kube_selector_free(everything);
	kube_selector_free(nothing);
	kube_selector_free(some);
	kube_selector_free(NULL);
	cJSON_Delete(null);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube selector");
	TCase *t = tcase_create("selector");
	tcase_add_loop_test(t, text_selects_as_kubernetes_does, 0, ARRAY_LEN(text_cases));
	tcase_add_loop_test(t, malformed_text_is_refused_and_quoted, 0,
			    ARRAY_LEN(bad_texts));
	tcase_add_loop_test(t, objects_select_as_kubernetes_does, 0,
			    ARRAY_LEN(object_cases));
	tcase_add_loop_test(t, malformed_objects_are_refused, 0, ARRAY_LEN(bad_objects));
	tcase_add_test(t, the_number_of_requirements_and_values_is_limited);
	tcase_add_test(t, text_form_is_sorted_and_reads_back);
	tcase_add_test(t, the_labels_that_all_selected_objects_have_are_told);
	tcase_add_test(t, only_a_selector_without_requirements_is_empty);
	suite_add_tcase(s, t);
	return run_suite(s);
}
