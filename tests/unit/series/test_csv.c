#include "series/csv.h"

#include "unit/harness.h"

#include <string.h>

#define ROWS_MAX 8

struct rows {
	struct csv_row items[ROWS_MAX];
	int count, refuse_at;
};

static int take(void *arg, const struct csv_row *row, struct err *err)
{
	struct rows *rows = arg;
	ck_assert_int_lt(rows->count, ROWS_MAX);
	rows->items[rows->count++] = *row;
	if (rows->count == rows->refuse_at)
		return err_set(err, ERR_INVALID, "enough at line %d", row->line);
	return 0;
}

static int read_text(const char *text, const char *column, struct rows *rows,
		     struct err *err)
{
	struct csv_source source = {
		.file = "load.csv", .text = text, .len = strlen(text), .column = column};
	return csv_read(&source, take, rows, err);
}

START_TEST(rows_come_as_they_stand)
{
	static const struct {
		const char *text, *column;
		int count;
		int64_t t_ms[3];
		double v[3];
		int last_line;
	} rows[] = {
		{"100,1\n160,2\n90,3\n", NULL, 3, {100000, 160000, 90000}, {1, 2, 3}, 3},
		{"t,v\n100,1\n100,2", NULL, 2, {100000, 100000}, {1, 2}, 3},
		{"# by hand\n\n100.25,1.5\r\n-1,-2e1\r\n",
		 NULL,
		 2,
		 {100250, -1000},
		 {1.5, -20},
		 4},
		{"t,vm1,vm2\n0,1,5\n", "vm2", 1, {0}, {5}, 2},
		{"t,\"vm 1\", vm2\n0,1,5\n", "vm2", 1, {0}, {5}, 2},
		{"t,vm1\n# 1\n0, \"7\" \n", "vm1", 1, {0}, {7}, 3},
		{"", NULL, 0, {0}, {0}, 0},
		{"only,a header", NULL, 0, {0}, {0}, 0},
	};
	struct rows got = {0};
	struct err err = {0};
	ck_assert_msg(read_text(rows[_i].text, rows[_i].column, &got, &err) == 0, "%s",
		      err.msg);
	ck_assert_int_eq(got.count, rows[_i].count);
	for (int i = 0; i < got.count; i++) {
		ck_assert_int_eq(got.items[i].t_ms, rows[_i].t_ms[i]);
		ck_near(got.items[i].v, rows[_i].v[i], 0);
		ck_assert_str_eq(got.items[i].file, "load.csv");
	}
	if (got.count)
		ck_assert_int_eq(got.items[got.count - 1].line, rows[_i].last_line);
}
END_TEST

START_TEST(an_empty_value_is_a_missing_one)
{
	struct rows got = {0};
	ck_assert_int_eq(read_text("0,\n60,nan\n120,4\n", NULL, &got, NULL), 0);
	ck_assert_int_eq(got.count, 3);
	ck_assert(isnan(got.items[0].v) && isnan(got.items[1].v));
	ck_near(got.items[2].v, 4, 0);
}
END_TEST

START_TEST(errors_name_file_line_and_column)
{
	static const struct {
		const char *text, *column, *message;
	} rows[] = {
		{"1,2\nx,3\n", NULL, "load.csv:2:1: not a time in Unix seconds: \"x\""},
		{"1,2\n  ,3\n", NULL, "load.csv:2:3: not a time in Unix seconds: \"\""},
		{"1483228800000,3\n", NULL,
		 "load.csv:1:1: not a time in Unix seconds (are these milliseconds?): "
		 "\"1483228800000\""},
		{"1,2\nnan,3\n", NULL,
		 "load.csv:2:1: not a time in Unix seconds: \"nan\""},
		{"1,2\n\x1b[2J\xff,3\n", NULL,
		 "load.csv:2:1: not a time in Unix seconds: \"?[2J?\""},
		{"1,2\n2,  3x\n", NULL, "load.csv:2:5: not a value: \"3x\""},
		{"1,2\n2,inf\n", NULL, "load.csv:2:3: not a finite value: \"inf\""},
		{"1,2\n2\n", NULL, "load.csv:2:2: no value behind the time"},
		{"t,a\n0,1\n", "b", "load.csv:1:1: no column \"b\" in the header line"},
		{"0,1\n60,1\n", "b", "load.csv:1:1: no header line that names \"b\""},
		{"t,a,b\n0,1,2\n60,3,1;2\n", "b", "load.csv:3:6: not a value: \"1;2\""},
		{"t,a\n0,"
		 "1111111111111111111111111111111111111111111111111111111111111111111\n",
		 NULL,
		 "load.csv:2:3: not a value: \""
		 "111111111111111111111111111111111111111111111111111111111111\""},
	};
	struct rows got = {0};
	struct err err = {0};
	ck_assert_int_eq(read_text(rows[_i].text, rows[_i].column, &got, &err), -1);
	ck_assert_str_eq(err.msg, rows[_i].message);
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

START_TEST(a_byte_order_mark_is_not_part_of_the_first_line)
{
	struct rows got = {0}, named = {0};
	struct err err = {0};
	ck_assert_int_eq(read_text("\xef\xbb\xbf"
				   "60,3\n120,4\n",
				   NULL, &got, &err),
			 0);
	ck_assert_int_eq(got.count, 2);
	ck_near(got.items[0].v, 3, 0);
	ck_assert_int_eq(read_text("\xef\xbb\xbf"
				   "t,a\r\n60,5\r\n",
				   "a", &named, &err),
			 0);
	ck_assert_int_eq(named.count, 1);
	ck_near(named.items[0].v, 5, 0);
}
END_TEST

START_TEST(a_field_with_a_nul_is_no_number)
{
	static const char text[] = "1,2\n2,3\0"
				   "5\n";
	struct csv_source source = {"load.csv", text, sizeof(text) - 1, NULL};
	struct rows got = {0};
	struct err err = {0};
	ck_assert_int_eq(csv_read(&source, take, &got, &err), -1);
	ck_assert_msg(strncmp(err.msg, "load.csv:2:3: not a value:", 26) == 0, "%s",
		      err.msg);
	ck_assert_int_eq(got.count, 1);
}
END_TEST

START_TEST(who_takes_the_rows_can_end_it)
{
	struct rows got = {.refuse_at = 2};
	struct err err = {0};
	ck_assert_int_eq(read_text("1,1\n2,2\n3,3\n", NULL, &got, &err), -1);
	ck_assert_int_eq(got.count, 2);
	ck_assert_str_eq(err.msg, "enough at line 2");
}
END_TEST

START_TEST(nothing_behind_the_length_is_read)
{
	struct csv_source source = {.file = "f", .text = "0,1\n60,2\n120,xx", .len = 9};
	struct rows got = {0};
	ck_assert_int_eq(csv_read(&source, take, &got, NULL), 0);
	ck_assert_int_eq(got.count, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csv");
	TCase *tc = tcase_create("csv");
	tcase_add_loop_test(tc, rows_come_as_they_stand, 0, 8);
	tcase_add_test(tc, an_empty_value_is_a_missing_one);
	tcase_add_loop_test(tc, errors_name_file_line_and_column, 0, 12);
	tcase_add_test(tc, a_byte_order_mark_is_not_part_of_the_first_line);
	tcase_add_test(tc, a_field_with_a_nul_is_no_number);
	tcase_add_test(tc, who_takes_the_rows_can_end_it);
	tcase_add_test(tc, nothing_behind_the_length_is_read);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
