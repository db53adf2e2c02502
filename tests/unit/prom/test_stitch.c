#include "prom/prom.h"
#include "unit/harness.h"

#include <string.h>

static const struct prom_limits wide = {.max_series = 100, .max_samples = 100};

static struct prom_result chunk(const char *series)
{
	struct prom_result r = {0};
	struct err err = {0};
	char *text AUTO_FREE =
		xasprintf("{\"status\":\"success\",\"data\":{\"resultType\":"
			  "\"matrix\",\"result\":[%s]}}",
			  series);
	const struct prom_body body = {
		.status = 200, .content_type = "", .text = text, .len = strlen(text)};
	ck_assert_int_eq(prom_decode(&body, &wide, NULL, &r, &err), PROM_OK);
	return r;
}

#define A "{\"metric\":{\"namespace\":\"shop\",\"pod\":\"a\"},\"values\":"
#define B "{\"metric\":{\"namespace\":\"shop\",\"pod\":\"b\"},\"values\":"

START_TEST(samples_of_one_label_set_follow_each_other_once)
{
	struct prom_result parts[] = {
		chunk(A "[[1,\"1\"],[2,\"2\"]]}"),
		chunk(B "[[3,\"30\"]]}," A "[[2,\"9\"],[3,\"3\"]]}"),
		chunk(B "[[4,\"40\"]]}"),
	};
	struct prom_result r = {0};
	struct err err = {0};
	ck_assert_int_eq(prom_stitch(parts, 3, &wide, &r, &err), 0);
	/* The result stands alone. */
	for (int i = 0; i < 3; i++)
		prom_result_fini(&parts[i]);
	ck_assert_int_eq(r.type, PROM_MATRIX);
	ck_assert_uint_eq(r.series_count, 2);
	ck_assert_str_eq(r.series[0].pod, "a");
	ck_assert_str_eq(r.series[0].ns, "shop");
	ck_assert_uint_eq(r.series[0].sample_count, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(r.series[0].samples[i].t_ms, (i + 1) * 1000);
		ck_near(r.series[0].samples[i].v, i + 1, 0);
	}
	ck_assert_str_eq(r.series[1].pod, "b");
	ck_assert_uint_eq(r.series[1].sample_count, 2);
	ck_near(r.series[1].samples[1].v, 40, 0);
	prom_result_fini(&r);
}
END_TEST

static const struct {
	struct prom_limits limits;
	const char *says; /* NULL: fits */
} limited[] = {
	{{.max_series = 2, .max_samples = 3}, NULL},
	{{.max_series = 1, .max_samples = 3}, "2 series, more than the limit of 1"},
	{{.max_series = 2, .max_samples = 2}, "3 samples, more than the limit of 2"},
};

START_TEST(the_whole_has_limits_too)
{
	struct prom_result parts[] = {chunk(A "[[1,\"1\"]]}," B "[[1,\"1\"]]}"),
				      chunk(A "[[2,\"1\"]]}")};
	struct prom_result r = {0};
	struct err err = {0};
	int rc = prom_stitch(parts, 2, &limited[_i].limits, &r, &err);
	ck_assert_int_eq(rc, limited[_i].says ? -1 : 0);
	ck_assert_str_eq(err.msg, limited[_i].says ? limited[_i].says : "");
	prom_result_fini(&r);
	prom_result_fini(&parts[0]);
	prom_result_fini(&parts[1]);
}
END_TEST

START_TEST(many_series_are_told_apart)
{
	enum { SERIES = 90 };
	struct str text AUTO(str_fini);
	str_init(&text, 1 << 20);
	for (int i = 0; i < SERIES; i++)
		str_printf(&text,
			   "%s{\"metric\":{\"pod\":\"p%d\"},\"values\":[[%d,\"%d\"]]}",
			   i ? "," : "", i, 1, i);
	struct prom_result parts[] = {chunk(str_text(&text)), chunk(A "[[2,\"1\"]]}")};
	struct prom_result r = {0};
	ck_assert_int_eq(prom_stitch(parts, 2, &wide, &r, NULL), 0);
	ck_assert_uint_eq(r.series_count, SERIES + 1);
	for (int i = 0; i < SERIES; i++)
		ck_near(r.series[i].samples[0].v, i, 0);
	prom_result_fini(&r);
	prom_result_fini(&parts[0]);
	prom_result_fini(&parts[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("prom stitch");
	TCase *t = tcase_create("stitch");
	tcase_add_test(t, samples_of_one_label_set_follow_each_other_once);
	tcase_add_loop_test(t, the_whole_has_limits_too, 0, ARRAY_LEN(limited));
	tcase_add_test(t, many_series_are_told_apart);
	suite_add_tcase(s, t);
	return run_suite(s);
}
