#include "sim/apistore.h"

#include "unit/harness.h"

#include <string.h>

static struct apistore *s;
static int changes;

static void on_changed(void *arg)
{
	(*(int *)arg)++;
}

static void setup(void)
{
	changes = 0;
	s = apistore_new(1, on_changed, &changes);
}

static void teardown(void)
{
	apistore_free(s);
	apistore_free(NULL);
}

static struct apiobject *put(const char *ns, const char *name, int replicas,
			     const char *status)
{
	char *json AUTO_FREE = xasprintf(
		"{\"metadata\":{\"namespace\":\"%s\",\"name\":\"%s\"},\"spec\":{"
		"\"replicas\":%d},\"status\":\"%s\"}",
		ns, name, replicas, status);
	cJSON *tree AUTO(json_cleanup) = json_parse(json, strlen(json), NULL);
	return apistore_put(s, KUBEAPI_DEPLOYMENTS, tree, 1500 * 1000);
}

static struct apiobject *get(const char *ns, const char *name)
{
	return apistore_get(s, KUBEAPI_DEPLOYMENTS, ns, name);
}

START_TEST(every_write_has_a_version_of_its_own)
{
	uint64_t start = apistore_version(s);
	ck_assert_uint_eq(put("shop", "a", 1, "")->version, start + 1);
	ck_assert_uint_eq(put("shop", "b", 1, "")->version, start + 2);
	ck_assert_uint_eq(put("shop", "a", 2, "")->version, start + 3);
	ck_assert_uint_eq(apistore_version(s), start + 3);
	ck_assert_int_eq(changes, 3);
	ck_assert_uint_eq(apistore_count(s, KUBEAPI_DEPLOYMENTS), 2);
	ck_assert_uint_eq(apistore_count(s, KUBEAPI_PODS), 0);
}
END_TEST

START_TEST(a_write_that_changes_nothing_is_none)
{
	uint64_t version = put("shop", "a", 1, "x")->version;
	ck_assert_uint_eq(put("shop", "a", 1, "x")->version, version);
	ck_assert_int_eq(changes, 1);
}
END_TEST

START_TEST(the_servers_own_fields_are_kept)
{
	cJSON *first AUTO(json_cleanup) = apiobject_tree(put("shop", "a", 1, "x"));
	cJSON *second AUTO(json_cleanup) = apiobject_tree(put("shop", "a", 1, "y"));
	cJSON *third AUTO(json_cleanup) = apiobject_tree(put("shop", "a", 2, "y"));
	const char *uid = json_str(first, "metadata.uid", "");
	ck_assert_uint_eq(strlen(uid), 36);
	ck_assert_str_eq(json_str(second, "metadata.uid", ""), uid);
	ck_assert_str_eq(json_str(third, "metadata.creationTimestamp", ""),
			 "1970-01-01T00:25:00Z");
	/* The status does not count, the spec does. */
	ck_assert_int_eq(json_int(first, "metadata.generation", 0), 1);
	ck_assert_int_eq(json_int(second, "metadata.generation", 0), 1);
	ck_assert_int_eq(json_int(third, "metadata.generation", 0), 2);
	apistore_delete(s, KUBEAPI_DEPLOYMENTS, "shop", "a");
	cJSON *again AUTO(json_cleanup) = apiobject_tree(put("shop", "a", 1, "x"));
	ck_assert_str_ne(json_str(again, "metadata.uid", ""), uid);
}
END_TEST

START_TEST(events_tell_what_was_and_what_is)
{
	uint64_t v = apistore_version(s);
	put("shop", "a", 1, "");
	put("shop", "a", 2, "");
	ck_assert(apistore_delete(s, KUBEAPI_DEPLOYMENTS, "shop", "a"));
	ck_assert(!apistore_delete(s, KUBEAPI_DEPLOYMENTS, "shop", "a"));
	const struct apievent *added = apistore_event(s, v + 1),
			      *modified = apistore_event(s, v + 2),
			      *deleted = apistore_event(s, v + 3);
	ck_assert_int_eq(added->change, API_ADDED);
	ck_assert_ptr_null(added->before);
	ck_assert_int_eq(modified->change, API_MODIFIED);
	ck_assert_ptr_eq(modified->before, added->object);
	ck_assert_int_eq(deleted->change, API_DELETED);
	ck_assert_uint_eq(deleted->object->version, v + 3);
	ck_assert_ptr_nonnull(strstr(deleted->object->text, "\"replicas\":2"));
	ck_assert_ptr_null(get("shop", "a"));
}
END_TEST

START_TEST(lists_are_ordered_and_keep_what_they_saw)
{
	put("shop", "b", 1, "");
	put("bank", "z", 1, "");
	put("shop", "a", 1, "");
	struct apiselector select;
	apiselector_parse(&select, KUBEAPI_DEPLOYMENTS, "", "", "", NULL);
	size_t n;
	struct apiobject **found = apistore_list(s, &select, &n);
	apistore_delete(s, KUBEAPI_DEPLOYMENTS, "shop", "a");
	put("shop", "b", 9, "");
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(found[0]->name, "z");
	ck_assert_str_eq(found[1]->name, "a");
	ck_assert_ptr_nonnull(strstr(found[2]->text, "\"replicas\":1"));
	for (size_t i = 0; i < n; i++)
		apiobject_release(found[i]);
	free(found);
	apiselector_fini(&select);
}
END_TEST

START_TEST(history_is_forgotten_by_compaction)
{
	put("shop", "a", 1, "");
	ck_assert_uint_lt(apistore_compacted(s), apistore_version(s));
	apistore_compact(s);
	ck_assert_uint_eq(apistore_compacted(s), apistore_version(s));
	uint64_t v = put("shop", "a", 2, "")->version;
	ck_assert_int_eq(apistore_event(s, v)->change, API_MODIFIED);
	ck_assert_ptr_nonnull(get("shop", "a"));
}
END_TEST

START_TEST(history_is_bounded)
{
	uint64_t v = apistore_version(s);
	for (int i = 0; i < APISTORE_HISTORY + 10; i++)
		put("shop", "a", i, "");
	ck_assert_uint_eq(apistore_compacted(s), v + 10);
	ck_assert_uint_eq(apistore_event(s, v + 11)->object->version, v + 11);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apistore");
	TCase *tc = tcase_create("store");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_write_has_a_version_of_its_own);
	tcase_add_test(tc, a_write_that_changes_nothing_is_none);
	tcase_add_test(tc, the_servers_own_fields_are_kept);
	tcase_add_test(tc, events_tell_what_was_and_what_is);
	tcase_add_test(tc, lists_are_ordered_and_keep_what_they_saw);
	tcase_add_test(tc, history_is_forgotten_by_compaction);
	tcase_add_test(tc, history_is_bounded);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
