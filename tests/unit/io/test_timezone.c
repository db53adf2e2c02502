#include "io/io.h"
#include "unit/harness.h"

#include <time.h>

static int64_t at(const char *time)
{
	int64_t ms;
	ck_assert_int_eq(time_parse(time, &ms, NULL), 0);
	return ms;
}

static struct zone must_load(const char *name, const char *from, const char *to)
{
	struct zone z;
	struct err err = {0};
	ck_assert_msg(timezone_load(name, at(from), at(to), &z, &err) == 0, "%s",
		      err.msg);
	return z;
}

/* A change of the clock in 2026, to the second. */
static const struct {
	const char *name, *utc;
	double before_h, after_h;
} changes[] = {
	{"Europe/Paris", "2026-03-29T01:00:00Z", 1, 2},
	{"Europe/Paris", "2026-10-25T01:00:00Z", 2, 1},
	{"America/New_York", "2026-03-08T07:00:00Z", -5, -4},
	{"America/New_York", "2026-11-01T06:00:00Z", -4, -5},
	{"Australia/Lord_Howe", "2026-04-04T15:00:00Z", 11, 10.5},
	{"Africa/Casablanca", "2026-02-15T02:00:00Z", 1, 0},
	{"Pacific/Apia", "2011-12-30T10:00:00Z", -10, 14},
};

START_TEST(changes_are_found_to_the_second)
{
	int64_t change = at(changes[_i].utc);
	struct zone z;
	struct err err = {0};
	ck_assert_msg(timezone_load(changes[_i].name, change - 20 * MS_PER_DAY - 12345,
				    change + 9 * MS_PER_DAY, &z, &err) == 0,
		      "%s", err.msg);
	ck_assert_int_eq(z.count, 2);
	ck_assert_int_eq(z.steps[1].from_ms, change);
	ck_assert_double_eq((double)z.steps[0].offset_ms / MS_PER_H,
			    changes[_i].before_h);
	ck_assert_double_eq((double)z.steps[1].offset_ms / MS_PER_H, changes[_i].after_h);
	ck_assert_int_eq(zone_offset(&z, change - 1), z.steps[0].offset_ms);
	ck_assert_int_eq(zone_offset(&z, change), z.steps[1].offset_ms);
}
END_TEST

START_TEST(a_zone_without_changes_has_one_step)
{
	struct zone z =
		must_load("Asia/Kolkata", "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
	ck_assert_int_eq(z.count, 1);
	ck_assert_int_eq(zone_offset(&z, 0), 5 * MS_PER_H + 30 * MS_PER_MIN);
}
END_TEST

START_TEST(rules_beyond_the_tables_hold)
{
	struct zone z =
		must_load("Europe/Paris", "2060-01-01T00:00:00Z", "2060-12-31T00:00:00Z");
	ck_assert_int_eq(z.count, 3);
	ck_assert_int_eq(z.steps[1].from_ms, at("2060-03-28T01:00:00Z"));
}
END_TEST

START_TEST(more_changes_than_a_zone_holds_are_refused)
{
	struct zone z = {.count = 7};
	struct err err = {0};
	ck_assert_int_eq(timezone_load("Europe/Paris", at("1985-01-01T00:00:00Z"),
				       at("2020-01-01T00:00:00Z"), &z, &err),
			 -1);
	ck_assert_str_eq(err.msg, "Invalid value: \"Europe/Paris\": changes its clock "
				  "more than 31 times");
	ck_assert_int_eq(z.count, 7);
}
END_TEST

/* Files and folders that are there, and ways out of the folder. */
static const char *const unknown[] = {
	"Europe/Pariss", "europe/paris",   "",
	"Europe",        "tzdata.zi",      "zone.tab",
	"localtime",     "posixrules",     "right/UTC",
	"posix/UTC",     "../../passwd",   "/etc/localtime",
	"Europe/../UTC", "EST5EDT4",       ":UTC",
	"UTC0",          "Europe/Paris\n", "Factory",
};

START_TEST(unknown_zones_are_refused)
{
	struct zone z = {.count = 7};
	struct err err = {0};
	unsetenv("TZDIR");
	ck_assert_int_eq(timezone_load(unknown[_i], 0, MS_PER_DAY, &z, &err), -1);
	AUTO_FREE char *want = xasprintf("Invalid value: \"%s\": must be a time zone in "
					 "/usr/share/zoneinfo, like Europe/Paris",
					 unknown[_i]);
	ck_assert_str_eq(err.msg, want);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_int_eq(z.count, 7);
}
END_TEST

START_TEST(without_a_database_there_is_utc_and_advice)
{
	struct zone z = {.count = 7};
	struct err err = {0};
	setenv("TZDIR", "/nowhere/zoneinfo", 1);
	ck_assert_int_eq(timezone_load("Europe/Paris", 0, MS_PER_DAY, &z, &err), -1);
	ck_assert_str_eq(err.msg, "Invalid value: \"Europe/Paris\": there is no "
				  "/nowhere/zoneinfo: install tzdata");
	ck_assert_int_eq(timezone_load("UTC", 0, MS_PER_DAY, &z, &err), 0);
	ck_assert_int_eq(z.count, 0);
	unsetenv("TZDIR");
}
END_TEST

static const char *const settings[] = {NULL, "Asia/Tokyo", "", ":America/New_York",
				       "EST5EDT"};

START_TEST(the_process_keeps_its_own_zone)
{
	const char *tz = settings[_i];
	time_t summer = (time_t)(at("2026-07-01T00:00:00Z") / MS_PER_S);
	struct tm before, after;
	if (tz)
		setenv("TZ", tz, 1);
	else
		unsetenv("TZ");
	tzset();
	localtime_r(&summer, &before);
	must_load("Europe/Paris", "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
	if (tz)
		ck_assert_str_eq(getenv("TZ"), tz);
	else
		ck_assert_ptr_null(getenv("TZ"));
	localtime_r(&summer, &after);
	ck_assert_int_eq(before.tm_gmtoff, after.tm_gmtoff);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timezone");
	TCase *tcase = tcase_create("timezone");
	tcase_add_loop_test(tcase, changes_are_found_to_the_second, 0,
			    ARRAY_LEN(changes));
	tcase_add_test(tcase, a_zone_without_changes_has_one_step);
	tcase_add_test(tcase, rules_beyond_the_tables_hold);
	tcase_add_test(tcase, more_changes_than_a_zone_holds_are_refused);
	tcase_add_loop_test(tcase, unknown_zones_are_refused, 0, ARRAY_LEN(unknown));
	tcase_add_test(tcase, without_a_database_there_is_utc_and_advice);
	tcase_add_loop_test(tcase, the_process_keeps_its_own_zone, 0,
			    ARRAY_LEN(settings));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
