#include "policy/policy.h"
#include "unit/harness.h"

static const struct {
	const char *text, *want;
} refusals[] = {
	{"",
	 "0 fields: must have 5: minute, hour, day of the month, month, day of the week"},
	{"* * * *",
	 "4 fields: must have 5: minute, hour, day of the month, month, day of the week"},
	{"0 * * * * *",
	 "6 fields: must have 5: minute, hour, day of the month, month, day of the week"},
	{"60 * * * *",
	 "minute: \"60\": must be numbers from 0 to 59, ranges (a-b), steps "
	 "(a-b/n) or *"},
	{"-1 * * * *",
	 "minute: \"-1\": must be numbers from 0 to 59, ranges (a-b), steps "
	 "(a-b/n) or *"},
	{"* 24 * * *",
	 "hour: \"24\": must be numbers from 0 to 23, ranges (a-b), steps (a-b/n) or *"},
	{"* * 0 * *",
	 "day of the month: \"0\": must be numbers from 1 to 31, ranges (a-b), "
	 "steps (a-b/n) or *"},
	{"* * 32 * *", "day of the month: \"32\": must be numbers from 1 to 31, ranges "
		       "(a-b), steps (a-b/n) or *"},
	{"* * * 13 *",
	 "month: \"13\": must be numbers from 1 to 12 or JAN to DEC, ranges "
	 "(a-b), steps (a-b/n) or *"},
	{"* * * JANUARY *", "month: \"JANUARY\": must be numbers from 1 to 12 or JAN to "
			    "DEC, ranges (a-b), steps (a-b/n) or *"},
	{"* * * * 8",
	 "day of the week: \"8\": must be numbers from 0 to 7 or SUN to SAT, "
	 "ranges (a-b), steps (a-b/n) or *"},
	{"* * * * FRI-MON",
	 "day of the week: \"FRI-MON\": must not end before it begins: "
	 "write two ranges, like 5-6,0-1"},
	{"5-1 * * * *",
	 "minute: \"5-1\": must not end before it begins: write two ranges, "
	 "like 5-6,0-1"},
	{"*/0 * * * *", "minute: \"*/0\": must be numbers from 0 to 59, ranges (a-b), "
			"steps (a-b/n) or *"},
	{"*/x * * * *", "minute: \"*/x\": must be numbers from 0 to 59, ranges (a-b), "
			"steps (a-b/n) or *"},
	{"*/1000 * * * *", "minute: \"*/1000\": must be numbers from 0 to 59, ranges "
			   "(a-b), steps (a-b/n) or *"},
	{"1, * * * *", "minute: \"\": must be numbers from 0 to 59, ranges (a-b), steps "
		       "(a-b/n) or *"},
	{",1 * * * *", "minute: \"\": must be numbers from 0 to 59, ranges (a-b), steps "
		       "(a-b/n) or *"},
	{"1,,2 * * * *",
	 "minute: \"\": must be numbers from 0 to 59, ranges (a-b), steps "
	 "(a-b/n) or *"},
	{"1-2-3 * * * *",
	 "minute: \"1-2-3\": must be numbers from 0 to 59, ranges (a-b), "
	 "steps (a-b/n) or *"},
	{"1- * * * *",
	 "minute: \"1-\": must be numbers from 0 to 59, ranges (a-b), steps "
	 "(a-b/n) or *"},
	{"0 0 L * *",
	 "day of the month: \"L\": must be numbers from 1 to 31, ranges (a-b), "
	 "steps (a-b/n) or *"},
	{"0 0 30 2 *", "a day that never comes: must be in one of the months"},
	{"0 0 31 2,4,6,9,11 *", "a day that never comes: must be in one of the months"},
	{"CRON_TZ=UTC 0 0 * * *", "a time zone in the text: must stand in timeZone"},
	{"@every 1h", "\"@every 1h\": must be one of @yearly, @annually, @monthly, "
		      "@weekly, @daily, @midnight and @hourly, or five fields"},
};

START_TEST(wrong_expressions_are_refused_with_field_and_what_is_allowed)
{
	struct cron c = {.hours = 5};
	struct err err = {0};
	ck_assert_int_eq(cron_parse(refusals[_i].text, &c, &err), -1);
	ck_assert_str_eq(err.msg, refusals[_i].want);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_uint_eq(c.hours, 5);
}
END_TEST

static struct cron must_parse(const char *text)
{
	struct cron c;
	struct err err = {0};
	ck_assert_msg(cron_parse(text, &c, &err) == 0, "%s: %s", text, err.msg);
	return c;
}

static int64_t at(const char *time)
{
	int64_t ms;
	ck_assert_int_eq(time_parse(time, &ms, NULL), 0);
	return ms;
}

static const struct {
	const char *text, *after, *want;
} nexts[] = {
	{"* * * * *", "2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z"},
	{"* * * * *", "2026-03-01T10:00:59Z", "2026-03-01T10:01:00Z"},
	{"* * * * *", "2026-02-28T23:59:00Z", "2026-03-01T00:00:00Z"},
	{"0 8 * * 1-5", "2026-11-20T08:00:00Z", "2026-11-23T08:00:00Z"},
	{"0 8 * * mon-fri", "2026-11-20T07:59:59Z", "2026-11-20T08:00:00Z"},
	{"30 4 1,15 * *", "2026-01-01T04:30:00Z", "2026-01-15T04:30:00Z"},
	{"*/20 * * * *", "2026-01-01T00:41:00Z", "2026-01-01T01:00:00Z"},
	{"5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00Z"},
	{"10-30/10 6 * * *", "2026-01-01T06:10:00Z", "2026-01-01T06:20:00Z"},
	{"0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
	{"0 0 1 JAN,jul *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"},
	{"0 0 * * 7", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
	{"0 0 * * 0", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
	{"0 0 * * 5-7", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"},
	{"  0\t0 ? * SUN ", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
	/* Both restricted: the 13th or a Friday. */
	{"0 0 13 * 5", "2026-11-14T00:00:00Z", "2026-11-20T00:00:00Z"},
	{"0 0 12 * 5", "2026-12-05T00:00:00Z", "2026-12-11T00:00:00Z"},
	{"0 0 12 * 5", "2026-12-11T00:00:00Z", "2026-12-12T00:00:00Z"},
	/* Every second day restricts, every day does not. */
	{"0 0 */2 * 5", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z"},
	{"0 0 */1 * 5", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z"},
	{"0 0 */1 * 5", "2026-11-20T00:00:00Z", "2026-11-27T00:00:00Z"},
	{"0 0 */2 * 5", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"},
	{"0 0 31 2 MON", "2026-02-02T00:00:00Z", "2026-02-09T00:00:00Z"},
	/* An open end by steps is Saturday, not Sunday again. */
	{"0 0 * * 1/2", "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z"},
	{"@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"},
	{"@daily", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
	{"@midnight", "2026-01-01T05:00:00Z", "2026-01-02T00:00:00Z"},
	{"@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
	{"@Monthly", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
	{"@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
	{"@annually", "2026-01-02T00:00:00Z", "2027-01-01T00:00:00Z"},
	/* Before 1970 days count backwards. */
	{"0 12 * * WED", "1969-12-30T00:00:00Z", "1969-12-31T12:00:00Z"},
};

START_TEST(the_next_minute_is_the_first_that_matches)
{
	struct cron c = must_parse(nexts[_i].text);
	int64_t next, after = at(nexts[_i].after), limit = at("2030-01-01T00:00:00Z");
	char text[40];
	ck_assert(cron_next(&c, after, limit, &next));
	ck_assert_msg(next == at(nexts[_i].want), "%s after %s: %s, want %s",
		      nexts[_i].text, nexts[_i].after,
		      time_format(next, text, sizeof(text)), nexts[_i].want);
	ck_assert(cron_matches(&c, next));
	ck_assert(cron_matches(&c, next + MS_PER_MIN - 1));
}
END_TEST

START_TEST(the_limit_is_not_inside)
{
	struct cron c = must_parse("0 8 * * *");
	int64_t next = 7, day = at("2026-01-01T00:00:00Z"), eight = day + 8 * MS_PER_H;
	ck_assert(!cron_next(&c, day, eight, &next));
	ck_assert(!cron_next(&c, eight, eight, &next));
	ck_assert(!cron_next(&c, eight, day, &next));
	ck_assert_int_eq(next, 7);
	ck_assert(cron_next(&c, day, eight + 1, &next));
	ck_assert_int_eq(next, eight);
}
END_TEST

/* The two functions say the same of every minute. */
START_TEST(next_passes_over_nothing)
{
	static const char *const texts[] = {"*/7 3,5-6 * * *", "0 */5 13 * 5",
					    "59 23 28-31 * *", "1 2 3 */2 *"};
	struct cron c = must_parse(texts[_i]);
	int64_t from = at("2027-12-01T00:00:00Z"), limit = from + 130 * MS_PER_DAY;
	int64_t next = from - 1;
	bool more = cron_next(&c, from - 1, limit, &next);
	for (int64_t now = from; now < limit; now += MS_PER_MIN) {
		ck_assert_int_eq(cron_matches(&c, now), more && now == next);
		if (more && now == next)
			more = cron_next(&c, now, limit, &next);
	}
	ck_assert(!more);
}
END_TEST

/* Five fields of random pieces, now and then more, fewer or none that is right. */
static void random_text(struct rng *r, struct str *text)
{
	static const char *const pieces[] = {"*",   "?",   "*/2", "3",   "5-7", "1-7/3",
					     "4/2", "1,2", "MON", "feb", "29",  "31",
					     "0",   "60",  "-",   "/",   ",",   "*/0"};
	size_t fields = rng_next(r) % 16 == 0 ? rng_next(r) % 9 : 5;
	for (size_t i = 0; i < fields; i++) {
		size_t likely = rng_next(r) % 8 == 0 ? ARRAY_LEN(pieces) : 8;
		str_printf(text, "%s ", pieces[rng_next(r) % likely]);
	}
}

START_TEST(random_texts_are_survived_and_come_when_they_are_taken)
{
	struct rng r;
	struct str text;
	rng_init(&r, 11);
	str_init(&text, 256);
	int taken = 0, refused = 0;
	for (int i = 0; i < 20000; i++) {
		struct cron c;
		struct err err = {0};
		int64_t next;
		str_clear(&text);
		random_text(&r, &text);
		if (cron_parse(str_text(&text), &c, &err) < 0) {
			refused++;
			ck_assert_uint_gt(strlen(err.msg), 0);
			continue;
		}
		taken++;
		/* Not even the 29th of February is more than eight years away. */
		ck_assert_msg(cron_next(&c, 0, 8 * 366 * MS_PER_DAY, &next), "%s",
			      str_text(&text));
	}
	str_fini(&text);
	ck_assert_int_gt(taken, 5000);
	ck_assert_int_gt(refused, 5000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cron");
	TCase *tcase = tcase_create("cron");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase,
			    wrong_expressions_are_refused_with_field_and_what_is_allowed,
			    0, ARRAY_LEN(refusals));
	tcase_add_loop_test(tcase, the_next_minute_is_the_first_that_matches, 0,
			    ARRAY_LEN(nexts));
	tcase_add_test(tcase, the_limit_is_not_inside);
	tcase_add_loop_test(tcase, next_passes_over_nothing, 0, 4);
	tcase_add_test(tcase, random_texts_are_survived_and_come_when_they_are_taken);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
