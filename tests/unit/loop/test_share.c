#include "loop/share.h"

#include "unit/harness.h"

#include <stdio.h>

/* Replicas of two versions must agree: these never change. */
static const struct {
	const char *ns, *name;
	int32_t of_16, of_5;
} fixed[] = {
	{"shop", "checkout", 10, 0},
	{"shop", "cart", 15, 4},
	{"default", "web", 8, 0},
	{"a", "b", 13, 0},
};

START_TEST(a_workload_stays_in_its_shard_for_ever)
{
	ck_assert_int_eq(share_shard(fixed[_i].ns, fixed[_i].name, 16), fixed[_i].of_16);
	ck_assert_int_eq(share_shard(fixed[_i].ns, fixed[_i].name, 5), fixed[_i].of_5);
	ck_assert_int_eq(share_shard(fixed[_i].ns, fixed[_i].name, 1), 0);
}
END_TEST

/* 10,000 names like those of people: each shard within 18 % of its part, more than four
 * standard deviations of the smallest. */
static const char *const affixes[][2] = {
	{"svc-", ""}, {"team-", "-api"}, {"", ""}, {"", "-a-rather-long-name"}};

START_TEST(names_spread_evenly)
{
	for (int32_t n = 2; n <= 16; n++) {
		int counts[16] = {0};
		for (int i = 0; i < 10000; i++) {
			char name[32];
			snprintf(name, sizeof(name), "%s%d%s", affixes[_i][0], i,
				 affixes[_i][1]);
			int32_t shard = share_shard("shop", name, n);
			ck_assert(shard >= 0 && shard < n);
			counts[shard]++;
		}
		for (int32_t i = 0; i < n; i++)
			ck_near(counts[i], 10000.0 / n, 0.18 * 10000.0 / n);
	}
}
END_TEST

START_TEST(namespaces_spread_evenly_too)
{
	int counts[16] = {0};
	for (int i = 0; i < 10000; i++) {
		char ns[32];
		snprintf(ns, sizeof(ns), "team-%d", i);
		counts[share_shard(ns, "web", 16)]++;
	}
	for (int i = 0; i < 16; i++)
		ck_near(counts[i], 625, 112);
}
END_TEST

START_TEST(parts_add_up_and_differ_by_one_at_most)
{
	char names[20][8];
	for (int32_t count = 1; count <= 20; count++) {
		struct share r[20];
		for (int32_t i = 0; i < count; i++) {
			snprintf(names[i], sizeof(names[i]), "r%d", i);
			r[i] = (struct share){names[i], (i * 7) % 5};
		}
		for (int32_t shards = 2; shards <= 16; shards++) {
			int32_t sum = 0;
			for (int32_t i = 0; i < count; i++) {
				int32_t part = share_part(r, count, names[i], shards);
				ck_assert_int_ge(part, shards / count);
				ck_assert_int_le(part, (shards + count - 1) / count);
				sum += part;
			}
			ck_assert_int_eq(sum, shards);
		}
	}
}
END_TEST

START_TEST(who_holds_more_gets_the_larger_part)
{
	const struct share r[] = {{"a", 5}, {"b", 6}, {"c", 5}};
	ck_assert_int_eq(share_part(r, 3, "a", 16), 5);
	ck_assert_int_eq(share_part(r, 3, "b", 16), 6);
	ck_assert_int_eq(share_part(r, 3, "c", 16), 5);
}
END_TEST

START_TEST(of_equals_the_first_by_name_gets_it)
{
	const struct share r[] = {{"b", 0}, {"a", 0}};
	ck_assert_int_eq(share_part(r, 2, "a", 3), 2);
	ck_assert_int_eq(share_part(r, 2, "b", 3), 1);
}
END_TEST

START_TEST(a_stranger_has_no_part)
{
	const struct share r[] = {{"b", 0}, {"a", 0}};
	ck_assert_int_eq(share_part(r, 2, "c", 16), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("share");
	TCase *t = tcase_create("share");
	tcase_add_loop_test(t, a_workload_stays_in_its_shard_for_ever, 0,
			    sizeof(fixed) / sizeof(fixed[0]));
	tcase_add_loop_test(t, names_spread_evenly, 0,
			    sizeof(affixes) / sizeof(affixes[0]));
	tcase_add_test(t, namespaces_spread_evenly_too);
	tcase_add_test(t, parts_add_up_and_differ_by_one_at_most);
	tcase_add_test(t, who_holds_more_gets_the_larger_part);
	tcase_add_test(t, of_equals_the_first_by_name_gets_it);
	tcase_add_test(t, a_stranger_has_no_part);
	suite_add_tcase(s, t);
	return run_suite(s);
}
