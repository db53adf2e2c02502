#include "kube/mirror.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

static struct mirror mirror;
static char told[4096];

static void on_change(void *arg, enum mirror_change change, const cJSON *object)
{
	static const char marks[] = {
		[MIRROR_ADDED] = '+', [MIRROR_MODIFIED] = '~', [MIRROR_DELETED] = '-'};
	ck_assert_ptr_eq(arg, told);
	size_t n = strlen(told);
	snprintf(told + n, sizeof(told) - n, "%c%s/%s:%s@%s%s ", marks[change],
		 json_str(object, "metadata.namespace", ""),
		 json_str(object, "metadata.name", ""),
		 json_str(object, "metadata.uid", ""),
		 json_str(object, "metadata.resourceVersion", ""),
		 cJSON_GetObjectItemCaseSensitive(json_at(object, "metadata.annotations"),
						  "foretop.io/last-state")
			 ? "?"
			 : "");
}

static void setup(void)
{
	told[0] = '\0';
	mirror_init(&mirror, 3, on_change, told);
}

static void teardown(void)
{
	mirror_fini(&mirror);
}

static cJSON *object(const char *name, const char *uid, const char *version)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *metadata = cJSON_AddObjectToObject(o, "metadata");
	cJSON_AddStringToObject(metadata, "namespace", "n");
	cJSON_AddStringToObject(metadata, "name", name);
	cJSON_AddStringToObject(metadata, "uid", uid);
	cJSON_AddStringToObject(metadata, "resourceVersion", version);
	return o;
}

static int put(const char *name, const char *uid, const char *version)
{
	struct err err = {0};
	cJSON *o = object(name, uid, version);
	int result = mirror_put(&mirror, o, &err);
	cJSON_Delete(o);
	return result;
}

static void delete (const char *name, const char *uid, const char *version)
{
	cJSON *o = object(name, uid, version);
	mirror_delete(&mirror, o);
	cJSON_Delete(o);
}

static void expect(const char *text)
{
	ck_assert_str_eq(told, text);
	told[0] = '\0';
}

START_TEST(only_what_changed_is_told)
{
	put("a", "u", "1");
	put("a", "u", "1");
	put("a", "u", "2");
	expect("+n/a:u@1 ~n/a:u@2 ");
}
END_TEST

START_TEST(a_namesake_is_a_death_and_a_birth)
{
	put("a", "u1", "1");
	put("a", "u2", "5");
	expect("+n/a:u1@1 -n/a:u1@5? +n/a:u2@5 ");
}
END_TEST

START_TEST(a_deletion_is_told_once_and_only_of_the_known_object)
{
	put("a", "u1", "1");
	told[0] = '\0';
	delete ("a", "other", "2");
	expect("");
	delete ("a", "u1", "3");
	delete ("a", "u1", "3");
	delete ("never seen", "u", "3");
	expect("-n/a:u1@3 ");
}
END_TEST

START_TEST(after_a_gap_the_difference_is_told)
{
	put("stays", "u1", "1");
	put("goes", "u2", "2");
	told[0] = '\0';
	mirror_begin(&mirror);
	put("stays", "u1", "1");
	put("comes", "u3", "9");
	expect("+n/comes:u3@9 ");
	mirror_complete(&mirror);
	expect("-n/goes:u2@2? ");
}
END_TEST

START_TEST(after_a_reset_of_history_equal_versions_are_told_again)
{
	put("a", "u", "1");
	told[0] = '\0';
	mirror.distrust = true;
	mirror_begin(&mirror);
	put("a", "u", "1");
	mirror_complete(&mirror);
	expect("~n/a:u@1 ");
	put("a", "u", "1");
	expect("");
}
END_TEST

START_TEST(what_cannot_be_kept_is_refused)
{
	ck_assert_int_eq(put("a", "", "1"), -1);
	ck_assert_int_eq(put("", "u", "1"), -1);
	ck_assert_int_eq(put("a", "u", ""), -1);
	ck_assert_int_eq(put("a",
			     "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"
			     "uuuuuuuuuuuuu",
			     "1"),
			 -1);
	ck_assert_int_eq(put("a", "u", "1"), 0);
	ck_assert_int_eq(put("b", "u", "1"), 0);
	ck_assert_int_eq(put("c", "u", "1"), 0);
	ck_assert_int_eq(put("d", "u", "1"), -1); /* the limit is 3 */
	expect("+n/a:u@1 +n/b:u@1 +n/c:u@1 ");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube mirror");
	TCase *t = tcase_create("mirror");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, only_what_changed_is_told);
	tcase_add_test(t, a_namesake_is_a_death_and_a_birth);
	tcase_add_test(t, a_deletion_is_told_once_and_only_of_the_known_object);
	tcase_add_test(t, after_a_gap_the_difference_is_told);
	tcase_add_test(t, after_a_reset_of_history_equal_versions_are_told_again);
	tcase_add_test(t, what_cannot_be_kept_is_refused);
	suite_add_tcase(s, t);
	return run_suite(s);
}
