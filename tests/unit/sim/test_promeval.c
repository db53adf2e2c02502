#include "sim/promeval.h"

#include "unit/harness.h"

#include <string.h>

static struct str out;

static void setup(void)
{
	str_init(&out, 1 << 20);
}

static void teardown(void)
{
	str_fini(&out);
}

/* One value: the time in seconds. */
static void one(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	(void)arg;
	promapi_rows_add(rows, NULL, 0, (double)at_ms / 1000);
}

/* Two pods, the second one from 120 s on. */
static void pods(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	const struct promapi_label a[] = {{"namespace", arg}, {"pod", "a"}};
	const struct promapi_label b[] = {{"namespace", arg}, {"pod", "b\"\\"}};
	promapi_rows_add(rows, a, 2, 0.1);
	if (at_ms >= 120000)
		promapi_rows_add(rows, b, 2, INFINITY);
}

static struct promeval of(promapi_eval *eval)
{
	return (struct promeval){
		.eval = eval, .arg = "shop", .bend.frozen_ms = INT64_MAX};
}

START_TEST(instant_answers_are_vectors)
{
	struct promeval e = of(one);
	ck_assert_int_eq(promeval_vector(&e, 1500, &out), 0);
	ck_assert_str_eq(
		str_text(&out),
		"{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":"
		"[1.500,\"1.5\"]}]}");
}
END_TEST

START_TEST(pods_are_rows_with_labels)
{
	struct promeval e = of(pods);
	promeval_vector(&e, 120000, &out);
	ck_assert_str_eq(
		str_text(&out),
		"{\"resultType\":\"vector\",\"result\":["
		"{\"metric\":{\"namespace\":\"shop\",\"pod\":\"a\"},\"value\":[120.000,"
		"\"0.1\"]},"
		"{\"metric\":{\"namespace\":\"shop\",\"pod\":\"b\\\"\\\\\"},\"value\":["
		"120.000,\"+Inf\"]}]}");
}
END_TEST

START_TEST(unknown_expressions_find_nothing)
{
	struct promeval e = of(NULL);
	promeval_vector(&e, 0, &out);
	ck_assert_str_eq(str_text(&out), "{\"resultType\":\"vector\",\"result\":[]}");
}
END_TEST

START_TEST(ranges_join_the_points_of_each_series)
{
	struct promeval e = of(pods);
	promeval_matrix(&e, 60000, 180000, 60000, &out);
	ck_assert_str_eq(
		str_text(&out),
		"{\"resultType\":\"matrix\",\"result\":["
		"{\"metric\":{\"namespace\":\"shop\",\"pod\":\"a\"},\"values\":["
		"[60.000,\"0.1\"],[120.000,\"0.1\"],[180.000,\"0.1\"]]},"
		"{\"metric\":{\"namespace\":\"shop\",\"pod\":\"b\\\"\\\\\"},\"values\":["
		"[120.000,\"+Inf\"],[180.000,\"+Inf\"]]}]}");
}
END_TEST

START_TEST(faults_bend_values_and_stamps)
{
	struct promeval e = of(one);
	e.bend.nan = true;
	promeval_vector(&e, 1000, &out);
	ck_assert_ptr_nonnull(strstr(str_text(&out), "[1.000,\"NaN\"]"));
	str_clear(&out);
	e = of(one);
	e.bend.stamp_ms = 3600000;
	promeval_vector(&e, 1000, &out);
	ck_assert_ptr_nonnull(strstr(str_text(&out), "[3601.000,\"1\"]"));
	str_clear(&out);
	e = of(one);
	e.bend.frozen_ms = 61000;
	promeval_vector(&e, 100000, &out);
	ck_assert_ptr_nonnull(strstr(str_text(&out), "[61.000,\"61\"]"));
	str_clear(&out);
	promeval_matrix(&e, 0, 120000, 30000, &out);
	ck_assert_ptr_nonnull(strstr(str_text(&out), "[60.000,\"60\"]]"));
}
END_TEST

START_TEST(an_answer_that_is_too_large_is_an_error)
{
	struct str small AUTO(str_fini);
	str_init(&small, 60);
	struct promeval e = of(one);
	ck_assert_int_eq(promeval_vector(&e, 0, &small), -1);
	str_clear(&small);
	ck_assert_int_eq(promeval_matrix(&e, 0, 100000, 1000, &small), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("promeval");
	TCase *tc = tcase_create("answers");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, instant_answers_are_vectors);
	tcase_add_test(tc, pods_are_rows_with_labels);
	tcase_add_test(tc, unknown_expressions_find_nothing);
	tcase_add_test(tc, ranges_join_the_points_of_each_series);
	tcase_add_test(tc, faults_bend_values_and_stamps);
	tcase_add_test(tc, an_answer_that_is_too_large_is_an_error);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
