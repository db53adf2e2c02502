#include "prom/prom.h"
#include "unit/harness.h"

#include <string.h>

#define NOW INT64_C(1700000000000)

static const struct {
	int64_t t_ms, max_age_ms;
	const char *says; /* NULL: good */
} ages[] = {
	{NOW, 0, NULL},
	{NOW - 300000, 300000, NULL},
	{NOW - 300001, 300000, "newest sample is 5m old, more than 5m"},
	{NOW - 754321, 90000, "newest sample is 12m34s old, more than 1m30s"},
	{NOW + 30000, 300000, NULL},
	{NOW + 180999, 300000, "newest sample lies 3m in the future"},
	{INT64_MIN, 300000, "no sample has a value"},
};

START_TEST(stale_and_future_samples_are_told)
{
	struct err err = {0};
	int rc = prom_check_age(ages[_i].t_ms, NOW, ages[_i].max_age_ms, &err);
	ck_assert_int_eq(rc, ages[_i].says ? -1 : 0);
	ck_assert_str_eq(err.msg, ages[_i].says ? ages[_i].says : "");
	ck_assert_int_eq(err.code, ages[_i].says ? ERR_RETRY : ERR_NONE);
}
END_TEST

START_TEST(the_newest_sample_with_a_value_counts)
{
	const struct sample a[] = {{1000, 1}, {2000, 2}, {3000, NAN}};
	const struct sample b[] = {{1500, NAN}};
	struct prom_series series[] = {{.samples = a, .sample_count = 3},
				       {.samples = b, .sample_count = 1}};
	struct prom_result r = {.series = series, .series_count = 2};
	ck_assert_int_eq(prom_newest_ms(&r), 2000);
	series[0].sample_count = 1;
	ck_assert_int_eq(prom_newest_ms(&r), 1000);
	series[0] = series[1];
	ck_assert_int_eq(prom_newest_ms(&r), INT64_MIN);
	r.series_count = 0;
	ck_assert_int_eq(prom_newest_ms(&r), INT64_MIN);
}
END_TEST

START_TEST(a_series_is_written_as_a_selector_and_cut)
{
	const struct prom_label labels[] = {{"pod", "a\"b"}, {"job", "x"}};
	const struct prom_series s = {.labels = labels, .label_count = 2};
	char buf[64], small[10];
	ck_assert_str_eq(prom_series_text(&s, buf, sizeof(buf)),
			 "{pod=\"a\\\"b\", job=\"x\"}");
	ck_assert_str_eq(prom_series_text(&s, small, sizeof(small)), "{pod=\"a\\\"");
	ck_assert_str_eq(prom_series_text(&(struct prom_series){0}, buf, sizeof(buf)),
			 "{}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prom answer");
	TCase *t = tcase_create("answer");
	tcase_add_loop_test(t, stale_and_future_samples_are_told, 0, ARRAY_LEN(ages));
	tcase_add_test(t, the_newest_sample_with_a_value_counts);
	tcase_add_test(t, a_series_is_written_as_a_selector_and_cut);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
