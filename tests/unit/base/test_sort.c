#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

#define COUNT_MAX 200

struct item {
	int key, payload;
};

static bool before(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	return x->key < y->key;
}

static bool ends_before(const void *a, const void *b)
{
	return *(const char *)a < *(const char *)b;
}

START_TEST(items_of_any_number_are_sorted_and_none_is_lost)
{
	struct rng rng;
	rng_init(&rng, 5);
	for (int count = 0; count <= COUNT_MAX; count++) {
		struct item items[COUNT_MAX + 1];
		long long sum = 0, keys = 0;
		for (int i = 0; i <= COUNT_MAX; i++)
			items[i] = (struct item){(int)(rng_next(&rng) % 50), i};
		struct item beyond = items[count];
		for (int i = 0; i < count; i++) {
			sum += (1LL << (items[i].payload % 60));
			keys += items[i].key;
		}
		sort_in_place(items, (size_t)count, sizeof(items[0]), before);
		for (int i = 0; i < count; i++) {
			ck_assert(i == 0 || items[i - 1].key <= items[i].key);
			sum -= (1LL << (items[i].payload % 60));
			keys -= items[i].key;
		}
		ck_assert_int_eq(sum, 0);
		ck_assert_int_eq(keys, 0);
		ck_assert_int_eq(items[count].payload, beyond.payload);
	}
}
END_TEST

START_TEST(sorted_and_turned_around_are_sorted)
{
	for (int turned = 0; turned < 2; turned++) {
		struct item items[COUNT_MAX];
		for (int i = 0; i < COUNT_MAX; i++)
			items[i].key = turned ? COUNT_MAX - 1 - i : i;
		sort_in_place(items, COUNT_MAX, sizeof(items[0]), before);
		for (int i = 0; i < COUNT_MAX; i++)
			ck_assert_int_eq(items[i].key, i);
	}
}
END_TEST

START_TEST(items_are_as_large_as_is_said)
{
	char wide[3][SORT_ITEM_MAX] = {"c of sixty-four", "a of sixty-four",
				       "b of sixty-four"};
	char narrow[] = "sorted";
	sort_in_place(wide, 3, SORT_ITEM_MAX, ends_before);
	ck_assert_str_eq(wide[0], "a of sixty-four");
	ck_assert_str_eq(wide[1], "b of sixty-four");
	ck_assert_str_eq(wide[2], "c of sixty-four");
	sort_in_place(narrow, strlen(narrow), 1, ends_before);
	ck_assert_str_eq(narrow, "deorst");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sort");
	TCase *t = tcase_create("sort");
	tcase_add_test(t, items_of_any_number_are_sorted_and_none_is_lost);
	tcase_add_test(t, sorted_and_turned_around_are_sorted);
	tcase_add_test(t, items_are_as_large_as_is_said);
	suite_add_tcase(s, t);
	return run_suite(s);
}
