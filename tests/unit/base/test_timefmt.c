#include "base/base.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	int64_t want;
} durations[] = {
	{"0", 0},
	{"0s", 0},
	{"90s", 90000},
	{"1h30m", 5400000},
	{"30m1h", 5400000},
	{"14d", 14 * MS_PER_DAY},
	{"2w", 14 * MS_PER_DAY},
	{"500ms", 500},
	{"1.5h", 5400000},
	{"1s500ms", 1500},
	{"1.5s", 1500},
	{"0.001s", 1},
	{"1.0ms", 1},
	{"1.000000000w", 7 * MS_PER_DAY},
	{"1w2d3h4m5s6ms", 9 * MS_PER_DAY + 3 * MS_PER_H + 4 * MS_PER_MIN + 5006},
	{"9223372036854775807ms", INT64_MAX},
	{"106751991167d7h12m55s807ms", INT64_MAX},
};

START_TEST(durations_are_sums_of_parts)
{
	int64_t ms = -1;
	struct err err = {0};
	ck_assert_msg(duration_parse(durations[_i].text, &ms, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(ms, durations[_i].want);
}
END_TEST

static const char *const bad_durations[] = {
	"",
	" ",
	"90",
	"1",
	"s",
	"1x",
	"-1s",
	"+1s",
	"1h 30m",
	"1h30",
	"1s1s",
	"1.s",
	".5s",
	"1.5",
	"1..5s",
	"1.2.3s",
	"1.5ms",
	"1.05ms",
	"0.0001s",
	"0.0000000001w",
	"1M",
	"1H",
	"1us",
	"1e3s",
	"9223372036854775808ms",
	"15250284453w",
	"106751991167d7h12m55s808ms",
	"00",
	"Auto",
	"1.0000000000s",
};

START_TEST(other_durations_are_refused_and_quoted)
{
	int64_t ms = 42;
	struct err err = {0};
	char quote[64];
	snprintf(quote, sizeof(quote), "\"%s\" is not a duration", bad_durations[_i]);
	ck_assert_msg(duration_parse(bad_durations[_i], &ms, &err) == -1,
		      "%s was accepted", bad_durations[_i]);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strncmp(err.msg, quote, strlen(quote)) == 0, "%s", err.msg);
	ck_assert_int_eq(ms, 42);
}
END_TEST

static const struct {
	int64_t ms;
	const char *want;
} printed_durations[] = {
	{0, "0s"},
	{1, "1ms"},
	{1500, "1s500ms"},
	{90000, "1m30s"},
	{5400000, "1h30m"},
	{14 * MS_PER_DAY, "14d"},
	{MS_PER_DAY + 1, "1d1ms"},
	{-90000, "-1m30s"},
	{INT64_MAX, "106751991167d7h12m55s807ms"},
	{INT64_MIN, "-106751991167d7h12m55s808ms"},
};

START_TEST(durations_are_printed_short_and_exact)
{
	char buf[48];
	ck_assert_str_eq(duration_format(printed_durations[_i].ms, buf, sizeof(buf)),
			 printed_durations[_i].want);
}
END_TEST

START_TEST(a_printed_duration_reads_back_the_same)
{
	struct rng r;
	rng_init(&r, 3);
	for (int i = 0; i < 5000; i++) {
		char buf[48];
		int64_t back, ms = (int64_t)(rng_next(&r) >> (1 + rng_next(&r) % 63));
		ck_assert_int_eq(duration_parse(duration_format(ms, buf, sizeof(buf)),
						&back, NULL),
				 0);
		ck_assert_int_eq(back, ms);
	}
}
END_TEST

static const struct {
	const char *text;
	int64_t want;
} times[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"1970-01-01T00:00:00.001Z", 1},
	{"1969-12-31T23:59:59.999Z", -1},
	{"2000-02-29T12:00:00Z", 951825600000},
	{"2026-11-27T00:00:00Z", 1795737600000},
	{"2026-11-27T01:00:00+01:00", 1795737600000},
	{"2026-11-26T18:30:00-05:30", 1795737600000},
	{"2026-11-27T23:59:00+23:59", 1795737600000},
	{"2026-11-27T00:00:00-00:00", 1795737600000},
	{"2026-11-27T00:00:00.123456789Z", 1795737600123},
	{"2026-11-27T00:00:00.1Z", 1795737600100},
	{"2026-11-27T00:00:00.000999Z", 1795737600000},
	{"2038-01-19T03:14:08Z", INT64_C(2147483648000)},
	{"0001-01-01T00:00:00Z", -INT64_C(62135596800000)},
	{"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
};

START_TEST(rfc_3339_times_are_read)
{
	int64_t ms = 42;
	struct err err = {0};
	ck_assert_msg(time_parse(times[_i].text, &ms, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(ms, times[_i].want);
}
END_TEST

static const char *const bad_times[] = {
	"",
	"2026-11-27",
	"2026-11-27T00:00:00",
	"2026-11-27 00:00:00Z",
	"2026-11-27t00:00:00Z",
	"2026-11-27T00:00:00z",
	"2026-11-27T00:00Z",
	"2026-11-27T24:00:00Z",
	"2026-11-27T23:60:00Z",
	"2026-11-27T23:59:60Z",
	"2026-13-01T00:00:00Z",
	"2026-00-01T00:00:00Z",
	"2026-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2026-04-31T00:00:00Z",
	"2026-04-00T00:00:00Z",
	"0000-01-01T00:00:00Z",
	"2026-11-27T00:00:00.Z",
	"2026-11-27T00:00:00,5Z",
	"2026-11-27T00:00:00.1234567890Z",
	"2026-11-27T00:00:00+1:00",
	"2026-11-27T00:00:00+0100",
	"2026-11-27T00:00:00+24:00",
	"2026-11-27T00:00:00+01:60",
	"9999-12-31T23:59:59-00:01", /* the year 10000 in UTC */
	"0001-01-01T00:00:00+00:01", /* before the year 1 */
	"2026-11-27T00:00:00Zx",
	"2026-11-27T00:00:00Z ",
	" 2026-11-27T00:00:00Z",
	"+2026-11-27T00:00:00Z",
	"20261127T000000Z",
	"1795737600",
};

START_TEST(other_times_are_refused_and_quoted)
{
	int64_t ms = 42;
	struct err err = {0};
	char quote[64];
	snprintf(quote, sizeof(quote), "\"%s\" is not an RFC 3339 time", bad_times[_i]);
	ck_assert_msg(time_parse(bad_times[_i], &ms, &err) == -1, "%s was accepted",
		      bad_times[_i]);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strncmp(err.msg, quote, strlen(quote)) == 0, "%s", err.msg);
	ck_assert_int_eq(ms, 42);
}
END_TEST

START_TEST(times_are_printed_to_the_second_or_the_microsecond)
{
	char buf[32];
	ck_assert_str_eq(time_format(1795737600123, buf, sizeof(buf)),
			 "2026-11-27T00:00:00Z");
	ck_assert_str_eq(time_format_micro(1795737600123, buf, sizeof(buf)),
			 "2026-11-27T00:00:00.123000Z");
	ck_assert_str_eq(time_format(-1, buf, sizeof(buf)), "1969-12-31T23:59:59Z");
	ck_assert_str_eq(time_format_micro(-1, buf, sizeof(buf)),
			 "1969-12-31T23:59:59.999000Z");
	ck_assert_str_eq(time_format(INT64_MIN, buf, sizeof(buf)),
			 "0001-01-01T00:00:00Z");
	ck_assert_str_eq(time_format(INT64_MAX, buf, sizeof(buf)),
			 "9999-12-31T23:59:59Z");
}
END_TEST

/* All days of all years: the calendar is walked by its rules and compared with the
 * arithmetic. */
START_TEST(every_day_of_ten_thousand_years_is_right)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t ms = -INT64_C(62135596800000);
	for (int year = 1; year <= 9999; year++) {
		bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
		for (int month = 1; month <= 12; month++) {
			int last = lengths[month - 1] + (leap && month == 2);
			for (int day = 1; day <= last; day += year % 50 ? last - 1 : 1) {
				char want[32], buf[32];
				int64_t back, at = ms + (day - 1) * MS_PER_DAY;
				snprintf(want, sizeof(want), "%04d-%02d-%02dT00:00:00Z",
					 year, month, day);
				ck_assert_str_eq(time_format(at, buf, sizeof(buf)), want);
				ck_assert_int_eq(time_parse(want, &back, NULL), 0);
				ck_assert_int_eq(back, at);
			}
			ms += last * MS_PER_DAY;
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timefmt");
	TCase *tcase = tcase_create("timefmt");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, durations_are_sums_of_parts, 0, ARRAY_LEN(durations));
	tcase_add_loop_test(tcase, other_durations_are_refused_and_quoted, 0,
			    ARRAY_LEN(bad_durations));
	tcase_add_loop_test(tcase, durations_are_printed_short_and_exact, 0,
			    ARRAY_LEN(printed_durations));
	tcase_add_test(tcase, a_printed_duration_reads_back_the_same);
	tcase_add_loop_test(tcase, rfc_3339_times_are_read, 0, ARRAY_LEN(times));
	tcase_add_loop_test(tcase, other_times_are_refused_and_quoted, 0,
			    ARRAY_LEN(bad_times));
	tcase_add_test(tcase, times_are_printed_to_the_second_or_the_microsecond);
	tcase_add_test(tcase, every_day_of_ten_thousand_years_is_right);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
