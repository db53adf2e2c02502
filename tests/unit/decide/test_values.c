#include "unit/decide/rig.h"

#include "decide/values.h"

START_TEST(values_are_sorted_by_key)
{
	struct pod_value v[64];
	struct rng rng;
	rng_init(&rng, 7);
	for (int count = 0; count <= 64; count++) {
		for (int i = 0; i < count; i++)
			v[i] = (struct pod_value){.key = rng_next(&rng)};
		ck_assert_int_eq(pod_values_merge(v, count), count);
		for (int i = 1; i < count; i++)
			ck_assert(v[i - 1].key < v[i].key);
	}
}
END_TEST

START_TEST(containers_of_a_pod_are_added_up)
{
	struct pod_value v[] = {
		{.key = 9,
		 .value_m = 5,
		 .time_ms = 100,
		 .window_ms = 30,
		 .containers = 1},
		{.key = 3, .value_m = 7, .time_ms = 50, .window_ms = 60, .containers = 1},
		{.key = 9, .value_m = 6, .time_ms = 90, .window_ms = 60, .containers = 1},
		{.key = 9,
		 .value_m = 1,
		 .time_ms = 110,
		 .window_ms = 20,
		 .containers = 1},
	};
	ck_assert_int_eq(pod_values_merge(v, 4), 2);
	ck_assert_uint_eq(v[0].key, 3);
	ck_assert_int_eq(v[0].value_m, 7);
	ck_assert_uint_eq(v[1].key, 9);
	ck_assert_int_eq(v[1].value_m, 12);
	ck_assert_int_eq(v[1].time_ms, 90);
	ck_assert_int_eq(v[1].window_ms, 60);
	ck_assert_int_eq(v[1].containers, 3);
}
END_TEST

START_TEST(sums_saturate)
{
	struct pod_value v[] = {{.key = 1, .value_m = INT64_MAX},
				{.key = 1, .value_m = INT64_MAX}};
	ck_assert_int_eq(pod_values_merge(v, 2), 1);
	ck_assert_int_eq(v[0].value_m, INT64_MAX);
}
END_TEST

START_TEST(every_entry_is_found_and_no_other)
{
	struct pod_value v[20];
	for (int i = 0; i < 20; i++)
		v[i] = (struct pod_value){.key = (uint64_t)(2 * i + 1), .value_m = i};
	struct metric_values values = {.pods = v, .count = 20};
	for (int i = 0; i < 20; i++) {
		const struct pod_value *found =
			pod_values_find(&values, (uint64_t)(2 * i + 1));
		ck_assert_ptr_eq(found, &v[i]);
		ck_assert_ptr_null(pod_values_find(&values, (uint64_t)(2 * i)));
	}
	ck_assert_ptr_null(pod_values_find(&values, UINT64_MAX));
	values.count = 0;
	ck_assert_ptr_null(pod_values_find(&values, 1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("values");
	TCase *t = tcase_create("values");
	tcase_add_test(t, values_are_sorted_by_key);
	tcase_add_test(t, containers_of_a_pod_are_added_up);
	tcase_add_test(t, sums_saturate);
	tcase_add_test(t, every_entry_is_found_and_no_other);
	suite_add_tcase(s, t);
	return run_suite(s);
}
