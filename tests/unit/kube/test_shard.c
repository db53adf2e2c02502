#include "kube/shard.h"

#include "unit/harness.h"

START_TEST(the_common_name_says_how_many_shards_there_are)
{
	char group[KUBE_GROUP_SIZE];
	for (int32_t n = 2; n <= 16; n++) {
		kube_shard_group(n, group);
		ck_assert_int_eq(kube_shard_group_read(group), n);
	}
	ck_assert_str_eq(group, "16 shards");
}
END_TEST

static const char *const others[] = {
	"",           "foretop-0", "16",      "16 shard",    "16 shards ",
	" 16 shards", "x shards",  " shards", "9999 shards", "-3 shards"};

START_TEST(a_replicas_own_name_is_none_of_these)
{
	ck_assert_int_eq(kube_shard_group_read(others[_i]), 0);
}
END_TEST

START_TEST(leases_of_other_numbers_have_other_names)
{
	char *a = kube_shard_lease("foretop", 3, 16),
	     *b = kube_shard_lease("foretop", 3, 8);
	ck_assert_str_eq(a, "foretop-3-of-16");
	ck_assert_str_eq(b, "foretop-3-of-8");
	free(a);
	free(b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube shard");
	TCase *t = tcase_create("names");
	tcase_add_test(t, the_common_name_says_how_many_shards_there_are);
	tcase_add_loop_test(t, a_replicas_own_name_is_none_of_these, 0,
			    sizeof(others) / sizeof(others[0]));
	tcase_add_test(t, leases_of_other_numbers_have_other_names);
	suite_add_tcase(s, t);
	return run_suite(s);
}
