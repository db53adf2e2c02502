#include "base/base.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	int64_t want;
} good[] = {
	{"0", 0},
	{"1", 1000},
	{"100m", 100},
	{"0.1", 100}, /* binary floating point would make it 101 */
	{"0.3", 300},
	{"1.5", 1500},
	{".5", 500},
	{"5.", 5000},
	{"+2", 2000},
	{"007", 7000},
	{"0.001", 1},
	{"0.0011", 2},
	{"0.0010", 1},
	{"1m", 1},
	{"1.0001m", 2},
	{"1u", 1},
	{"1000u", 1},
	{"1001u", 2},
	{"1n", 1},
	{"0n", 0},
	{"123456789n", 124},
	{"123000000n", 123},
	{"123000001n", 124},
	{"0.000000000000000000001", 1},
	{"1.000000000000000000000000000000000000001", 1001},
	{"1k", 1000000},
	{"2M", 2000000000},
	{"3G", 3000000000000},
	{"4T", 4000000000000000},
	{"1P", 1000000000000000000},
	{"9P", 9000000000000000000},
	{"10P", INT64_MAX},
	{"1E", INT64_MAX},
	{"1Ki", 1024000},
	{"600Mi", 629145600000},
	{"1Gi", 1073741824000},
	{"1Ti", 1099511627776000},
	{"1Pi", 1125899906842624000},
	{"1Ei", INT64_MAX},
	{"0.5Gi", 536870912000},
	{"1.5Mi", 1572864000},
	{"0.1Ki", 102400},
	{"0.1Mi", 104857600},
	{"0.0001Ki", 103},       /* 0.1024 */
	{"0.000000001Gi", 1074}, /* 1.073741824 */
	{"0.00000000000000000086736173798840354720596224069595336914062500Ei",
	 -2}, /* too long */
	{"2e3", 2000000},
	{"2E3", 2000000},
	{"2e+3", 2000000},
	{"2e-3", 2},
	{"2e-4", 1},
	{"1e-400", 1},
	{"1e400", INT64_MAX},
	{"0e400", 0},
	{"0.00e-99999999999", 0},
	{"1e99999999999", INT64_MAX},
	{"0.000001e9", 1000000},
	{"9223372036854775.807", INT64_MAX},
	{"9223372036854775.806", INT64_MAX - 1},
	{"9223372036854775.8061", INT64_MAX},
	{"9223372036854775807", INT64_MAX},
	{"99999999999999999999999999999999999999", INT64_MAX},
	{"99999999999999999999999999999999999999n", INT64_MAX},
	{"9223372036854775807000000n", INT64_MAX},
	{"9223372036854775806000000n", INT64_MAX - 1},
	{"-1", -1000},
	{"-1.5", -1500},
	{"-0.0015", -1}, /* up is towards zero */
	{"-1n", 0},
	{"-0", 0},
	{"-1e400", INT64_MIN},
	{"-99999999999999999999", INT64_MIN},
};

START_TEST(quantities_become_milli_units_and_only_fractions_round_up)
{
	int64_t milli = 42;
	struct err err = {0};
	if (good[_i].want == -2) {
		ck_assert_int_eq(quantity_parse(good[_i].text, &milli, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.msg, "too long"));
		return;
	}
	ck_assert_msg(quantity_parse(good[_i].text, &milli, &err) == 0, "%s", err.msg);
	ck_assert_msg(milli == good[_i].want, "%s is %lld, want %lld", good[_i].text,
		      (long long)milli, (long long)good[_i].want);
}
END_TEST

static const char *const bad[] = {
	"",     " ",   "m",     "Mi",   "1 ",  " 1",    "1 Mi", "1MI",
	"1mi",  "1K",  "1e",    "1e+",  "1e-", "1e1.",  "1ee3", "1e3m",
	"1..2", ".",   "1.2.3", "--1",  "+-1", "1_000", "1,5",  "0x10",
	"inf",  "NaN", "1Gii",  "100%", "١",   "1e3Mi", "-",
};

START_TEST(sixty_three_digits_are_the_most)
{
	char text[65];
	int64_t milli;
	memset(text, '0', 64);
	text[1] = '.';
	text[62] = '1';
	text[63] = '\0';
	ck_assert_int_eq(quantity_parse(text, &milli, NULL), 0);
	ck_assert_int_eq(milli, 1);
	text[63] = '1';
	text[64] = '\0';
	ck_assert_int_eq(quantity_parse(text, &milli, NULL), -1);
}
END_TEST

START_TEST(anything_else_is_refused_and_quoted)
{
	int64_t milli = 42;
	struct err err = {0};
	char quote[40];
	snprintf(quote, sizeof(quote), "\"%s\" is not a quantity", bad[_i]);
	ck_assert_msg(quantity_parse(bad[_i], &milli, &err) == -1, "%s was accepted",
		      bad[_i]);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strncmp(err.msg, quote, strlen(quote)) == 0, "%s", err.msg);
	ck_assert_int_eq(milli, 42);
}
END_TEST

static const struct {
	int64_t milli;
	int binary;
	const char *want;
} printed[] = {
	{0, 0, "0"},
	{0, 1, "0"},
	{100, 0, "100m"},
	{1000, 0, "1"},
	{1500, 0, "1500m"},
	{2000, 0, "2"},
	{1000000, 0, "1k"},
	{2500000, 0, "2500"},
	{INT64_MAX, 0, "9223372036854775807m"},
	{INT64_MIN, 0, "-9223372036854775808m"},
	{-1500, 0, "-1500m"},
	{1000 * INT64_C(1000000000000000), 0, "1P"},
	{629145600000, 1, "600Mi"},
	{1024000, 1, "1Ki"},
	{1536000, 1, "1536"},
	{1025000, 1, "1025"},
	{1023000, 1, "1023"},
	{1000000, 1, "1k"}, /* under 1024 it is decimal in Kubernetes too */
	{1024001, 1, "1024001m"},
	{-2048000, 1, "-2Ki"},
	{1125899906842624000, 1, "1Pi"},
};

START_TEST(milli_units_are_printed_as_kubernetes_does)
{
	char buf[24];
	ck_assert_str_eq(
		quantity_format(printed[_i].milli, printed[_i].binary, buf, sizeof(buf)),
		printed[_i].want);
}
END_TEST

static const struct {
	const char *text;
	double want;
} doubles[] = {
	{"0", 0},
	{"0.1", 0.1},
	{"0.10", 0.1},
	{"0.57", 0.5700000000000001}, /* 57 * 0.01: what the API server computes with */
	{"50m", 0.05},
	{"1500u", 0.0015},
	{"-0.5", -0.5},
	{"2", 2},
	{"3k", 3000},
	{"1.5Ki", 1536},
	{"2e-3", 0.002},
	{"1e400", INFINITY},
	{"0e400", 0}, /* no matter how large the power */
	{"-0e999", 0},
	{"9007199254740993", 9007199254740992},
	{"100000000000000000000", 1e20},
};

START_TEST(a_quantity_as_a_double_is_digits_times_a_power)
{
	double value = -1;
	struct err err = {0};
	ck_assert_msg(quantity_parse_double(doubles[_i].text, &value, &err) == 0, "%s",
		      err.msg);
	ck_assert_msg(value == doubles[_i].want, "%s is %.17g, want %.17g",
		      doubles[_i].text, value, doubles[_i].want);
}
END_TEST

START_TEST(a_text_that_is_no_quantity_is_no_double_either)
{
	double value = -1;
	struct err err = {0};
	ck_assert_int_eq(quantity_parse_double("5%", &value, &err), -1);
	ck_assert(strncmp(err.msg, "\"5%\" is not a quantity", 22) == 0);
	ck_assert_double_eq(value, -1);
}
END_TEST

START_TEST(what_is_printed_reads_back_the_same)
{
	struct rng r;
	rng_init(&r, 7);
	for (int i = 0; i < 20000; i++) {
		char buf[24];
		int64_t back, milli = (int64_t)(rng_next(&r) >> (1 + rng_next(&r) % 63));
		if (i % 3 == 0)
			milli = milli / 1000 * 1000;
		if (i % 7 == 0)
			milli = (milli & 0xffff) << 20;
		ck_assert_int_eq(
			quantity_parse(quantity_format(milli, i % 2, buf, sizeof(buf)),
				       &back, NULL),
			0);
		ck_assert_int_eq(back, milli);
	}
}
END_TEST

START_TEST(numbers_for_people_have_three_digits)
{
	char buf[32];
	ck_assert_str_eq(number_format(0, false, buf, sizeof(buf)), "0");
	ck_assert_str_eq(number_format(2.0 / 3, false, buf, sizeof(buf)), "0.667");
	ck_assert_str_eq(number_format(1236.4, false, buf, sizeof(buf)), "1240");
	ck_assert_str_eq(number_format(-123456, false, buf, sizeof(buf)), "-123000");
	ck_assert_str_eq(number_format(1.5 * 1024 * 1024, true, buf, sizeof(buf)),
			 "1.5Mi");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quantity");
	TCase *tcase = tcase_create("quantity");
	tcase_add_loop_test(tcase,
			    quantities_become_milli_units_and_only_fractions_round_up, 0,
			    ARRAY_LEN(good));
	tcase_add_test(tcase, numbers_for_people_have_three_digits);
	tcase_add_test(tcase, sixty_three_digits_are_the_most);
	tcase_add_loop_test(tcase, anything_else_is_refused_and_quoted, 0,
			    ARRAY_LEN(bad));
	tcase_add_loop_test(tcase, milli_units_are_printed_as_kubernetes_does, 0,
			    ARRAY_LEN(printed));
	tcase_add_loop_test(tcase, a_quantity_as_a_double_is_digits_times_a_power, 0,
			    ARRAY_LEN(doubles));
	tcase_add_test(tcase, a_text_that_is_no_quantity_is_no_double_either);
	tcase_add_test(tcase, what_is_printed_reads_back_the_same);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
