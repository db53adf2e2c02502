#include "unit/harness.h"

#include "engine/places.h"

#include "base/base.h"

#include <stdlib.h>

#define MAX 100

START_TEST(places_of_one_key_come_in_ascending_order)
{
	struct place_index x;
	place_index_init(&x, MAX);
	static const int32_t places[] = {7, 3, 99, 0, 42};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		place_index_set(&x, places[i], 5);
	/* The same list, and another key. */
	place_index_set(&x, 20, 5 + 128);
	static const int32_t sorted[] = {0, 3, 7, 42, 99, -1};
	int32_t at = place_index_first(&x, 5);
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
		ck_assert_int_eq(at, sorted[i]);
		if (at >= 0)
			at = place_index_next(&x, at);
	}
	ck_assert_int_eq(place_index_first(&x, 5 + 128), 20);
	ck_assert_int_eq(place_index_next(&x, 20), -1);
	ck_assert_int_eq(place_index_first(&x, 6), -1);
	place_index_fini(&x);
}
END_TEST

START_TEST(a_place_has_one_key_or_none)
{
	struct place_index x;
	place_index_init(&x, MAX);
	place_index_set(&x, 4, 1);
	place_index_set(&x, 5, 1);
	place_index_set(&x, 4, 2);
	ck_assert_int_eq(place_index_first(&x, 1), 5);
	ck_assert_int_eq(place_index_first(&x, 2), 4);
	place_index_set(&x, 4, 0);
	place_index_set(&x, 4, 0);
	ck_assert_int_eq(place_index_first(&x, 2), -1);
	place_index_fini(&x);
}
END_TEST

/* Against plain arrays, with few keys so that lists grow long. */
START_TEST(index_and_tree_say_what_a_scan_would)
{
	int32_t max = _i;
	struct place_index x;
	struct due_tree t;
	struct rng rng;
	uint64_t keys[MAX] = {0};
	int64_t due[MAX];
	rng_init(&rng, (uint64_t)_i);
	place_index_init(&x, max);
	due_tree_init(&t, max);
	for (int32_t i = 0; i < max; i++)
		due[i] = INT64_MAX;
	ck_assert_int_eq(due_tree_first_ms(&t), INT64_MAX);
	for (int32_t round = 0; round < 500; round++) {
		int32_t place = (int32_t)(rng_next(&rng) % (uint64_t)max);
		uint64_t key = rng_next(&rng) % 5;
		int64_t ms =
			rng_next(&rng) % 4 ? (int64_t)(rng_next(&rng) % 50) : INT64_MAX;
		place_index_set(&x, place, keys[place] = key);
		due_tree_set(&t, place, due[place] = ms);

		int64_t first = INT64_MAX, now = (int64_t)(rng_next(&rng) % 50);
		int32_t at = place_index_first(&x, 3), next = due_tree_next(&t, 0, now);
		for (int32_t i = 0; i < max; i++) {
			first = due[i] < first ? due[i] : first;
			if (keys[i] == 3) {
				ck_assert_int_eq(at, i);
				at = place_index_next(&x, i);
			}
			if (due[i] <= now) {
				ck_assert_int_eq(next, i);
				next = due_tree_next(&t, i + 1, now);
			}
		}
		ck_assert_int_eq(at, -1);
		ck_assert_int_eq(next, -1);
		ck_assert_int_eq(due_tree_first_ms(&t), first);
	}
	place_index_fini(&x);
	due_tree_fini(&t);
}
END_TEST

START_TEST(what_was_due_before_the_epoch_is_due_now)
{
	struct due_tree t;
	due_tree_init(&t, 3);
	due_tree_set(&t, 2, -5000);
	ck_assert_int_eq(due_tree_next(&t, 0, 0), 2);
	ck_assert_int_eq(due_tree_next(&t, 0, -1), 2);
	ck_assert_int_eq(due_tree_first_ms(&t), 0);
	due_tree_fini(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("places");
	TCase *t = tcase_create("places");
	tcase_add_test(t, places_of_one_key_come_in_ascending_order);
	tcase_add_test(t, a_place_has_one_key_or_none);
	tcase_add_loop_test(t, index_and_tree_say_what_a_scan_would, 1, MAX + 1);
	tcase_add_test(t, what_was_due_before_the_epoch_is_due_now);
	suite_add_tcase(s, t);
	return run_suite(s);
}
