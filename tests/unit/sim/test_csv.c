#include "sim/trace.h"

#include "unit/harness.h"

#include <string.h>

static struct trace *parse(const char *text, const char *column, struct err *err)
{
	return trace_parse("load.csv", text, strlen(text), column, err);
}

START_TEST(plain_and_wide_tables_are_read)
{
	static const struct {
		const char *text, *column;
		int64_t start_ms, step_ms;
		double values[4];
		size_t count;
	} rows[] = {
		{"100,1\n160,2\n220,3\n", NULL, 100000, 60000, {1, 2, 3}, 3},
		{"unix_seconds,value\n100,1\n160,2", NULL, 100000, 60000, {1, 2}, 2},
		{"# by hand\n\n100,1.5\r\n101,2e1\r\n", NULL, 100000, 1000, {1.5, 20}, 2},
		{"t,vm1,vm2\n0,1,5\n300,2,6\n", "vm2", 0, 300000, {5, 6}, 2},
		{"t,\"vm 1\", vm2\n0,1,5\n300,2,6\n", "vm 1", 0, 300000, {1, 2}, 2},
		{"0,1\n60,2\n180,4\n", NULL, 0, 60000, {1, 2, 2, 4}, 4},
		{"0,1\n60,\n120,nan\n180,4\n", NULL, 0, 60000, {1, 1, 1, 4}, 4},
		{"0.5,1\n1.0,2\n", NULL, 500, 500, {1, 2}, 2},
		{"0,1,9,9\n60,2\n", NULL, 0, 60000, {1, 2}, 2},
	};
	struct err err = {0};
	struct trace *t = parse(rows[_i].text, rows[_i].column, &err);
	ck_assert_msg(t != NULL, "%s", err.msg);
	ck_assert_int_eq(t->start_ms, rows[_i].start_ms);
	ck_assert_int_eq(t->step_ms, rows[_i].step_ms);
	ck_assert_uint_eq(t->count, rows[_i].count);
	for (size_t i = 0; i < t->count; i++)
		ck_near(t->values[i], rows[_i].values[i], 0);
	trace_free(t);
}
END_TEST

START_TEST(errors_name_file_and_line)
{
	static const struct {
		const char *text, *column, *message;
	} rows[] = {
		{"", NULL, "load.csv: fewer than two values"},
		{"t,v\n1,2\n", NULL, "load.csv: fewer than two values"},
		{"1,2\nx,3\n", NULL, "load.csv:2:1: not a time in Unix seconds: \"x\""},
		{"1,2\n2,3x\n", NULL, "load.csv:2:3: not a value: \"3x\""},
		{"1,2\n2,inf\n", NULL, "load.csv:2:3: not a finite value: \"inf\""},
		{"1,2\n2\n", NULL, "load.csv:2:2: no value behind the time"},
		{"# c\n1,2\n1,3\n", NULL, "load.csv:3:1: the time does not ascend: 1"},
		{"2,2\n1,3\n", NULL, "load.csv:2:1: the time does not ascend: 1"},
		{"0,2\n60,3\n130,4\n", NULL,
		 "load.csv:3:1: the time is not on the first two lines' step: 130"},
		{"t,a\n0,1\n60,1\n", "b",
		 "load.csv:1:1: no column \"b\" in the header line"},
		{"0,1\n60,1\n", "b", "load.csv:1:1: no header line that names \"b\""},
		{"0,1\n0.001,2\n90000000000,3\n", NULL,
		 "load.csv:3:1: too many steps up to the time: 90000000000"},
	};
	struct err err = {0};
	ck_assert_ptr_null(parse(rows[_i].text, rows[_i].column, &err));
	ck_assert_str_eq(err.msg, rows[_i].message);
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

START_TEST(nothing_behind_the_length_is_read)
{
	const char *text = "0,1\n60,2\n120,xx";
	struct trace *t = trace_parse("f", text, 9, NULL, NULL);
	ck_assert_ptr_nonnull(t);
	ck_assert_uint_eq(t->count, 2);
	trace_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csv");
	TCase *tc = tcase_create("traces");
	tcase_add_loop_test(tc, plain_and_wide_tables_are_read, 0, 9);
	tcase_add_loop_test(tc, errors_name_file_and_line, 0, 12);
	tcase_add_test(tc, nothing_behind_the_length_is_read);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
