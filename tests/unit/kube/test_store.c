#include "kube/store.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

static struct store store;
static char gone[4096];

static void setup(void)
{
	store_init(&store, 5000);
	gone[0] = '\0';
}

static void teardown(void)
{
	store_fini(&store);
}

static enum store_change put(const char *ns, const char *name, const char *uid,
			     const char *version)
{
	char *old = NULL;
	struct store_key key = {ns, name};
	enum store_change change = store_put(&store, key, uid, version, &old);
	ck_assert_int_eq(change == STORE_REPLACED, old != NULL);
	free(old);
	return change;
}

static void on_gone(void *arg, struct store_key key, const char *uid, const char *version)
{
	ck_assert_ptr_eq(arg, &store);
	size_t n = strlen(gone);
	snprintf(gone + n, sizeof(gone) - n, "%s/%s:%s@%s ", key.ns, key.name, uid,
		 version);
}

START_TEST(changes_are_told_by_uid_and_version)
{
	ck_assert_int_eq(put("a", "x", "u1", "1"), STORE_ADDED);
	ck_assert_int_eq(put("a", "x", "u1", "1"), STORE_SAME);
	ck_assert_int_eq(put("a", "x", "u1", "2"), STORE_MODIFIED);
	ck_assert_int_eq(put("a", "x", "u2", "3"), STORE_REPLACED);
	ck_assert_int_eq(put("b", "x", "u1", "1"), STORE_ADDED);
	ck_assert_int_eq(put("x", "a", "u1", "1"), STORE_ADDED); /* not the same key */
	ck_assert_uint_eq(store.count, 3);
	ck_assert(store_has(&store, (struct store_key){"a", "x"}, "u2"));
	ck_assert(!store_has(&store, (struct store_key){"a", "x"}, "u1"));
	ck_assert(store_remove(&store, (struct store_key){"a", "x"}));
	ck_assert(!store_remove(&store, (struct store_key){"a", "x"}));
	ck_assert_int_eq(put("a", "x", "u2", "3"), STORE_ADDED);
}
END_TEST

START_TEST(a_list_tells_what_vanished)
{
	put("n", "stays", "u1", "1");
	put("n", "changes", "u2", "1");
	put("n", "goes", "u3", "7");
	store_list_begin(&store);
	put("n", "stays", "u1", "1");
	put("n", "changes", "u2", "2");
	put("n", "comes", "u4", "3");
	store_list_end(&store, on_gone, &store);
	ck_assert_str_eq(gone, "n/goes:u3@7 ");
	ck_assert_uint_eq(store.count, 3);
}
END_TEST

START_TEST(a_list_that_starts_over_counts_only_its_last_start)
{
	put("n", "x", "u1", "1");
	store_list_begin(&store);
	put("n", "x", "u1", "1");
	store_list_begin(&store);
	store_list_end(&store, on_gone, &store);
	ck_assert_str_eq(gone, "n/x:u1@1 ");
	ck_assert_uint_eq(store.count, 0);
}
END_TEST

START_TEST(thousands_are_found_again_and_the_limit_holds)
{
	char name[16];
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		ck_assert_int_eq(put("n", name, "u", "1"), STORE_ADDED);
	}
	ck_assert_int_eq(put("n", "one more", "u", "1"), STORE_FULL);
	ck_assert_int_eq(put("n", "p17", "u", "2"), STORE_MODIFIED);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		ck_assert(store_remove(&store, (struct store_key){"n", name}));
	}
	ck_assert_uint_eq(store.count, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube store");
	TCase *t = tcase_create("store");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, changes_are_told_by_uid_and_version);
	tcase_add_test(t, a_list_tells_what_vanished);
	tcase_add_test(t, a_list_that_starts_over_counts_only_its_last_start);
	tcase_add_test(t, thousands_are_found_again_and_the_limit_holds);
	suite_add_tcase(s, t);
	return run_suite(s);
}
