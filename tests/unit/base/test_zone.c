#include "base/base.h"
#include "unit/harness.h"

static int64_t at(const char *time)
{
	int64_t ms;
	ck_assert_int_eq(time_parse(time, &ms, NULL), 0);
	return ms;
}

/* Paris in 2026. */
static struct zone paris(void)
{
	struct zone z = {.steps = {{at("2026-01-01T00:00:00Z"), MS_PER_H},
				   {at("2026-03-29T01:00:00Z"), 2 * MS_PER_H},
				   {at("2026-10-25T01:00:00Z"), MS_PER_H}},
			 .count = 3};
	return z;
}

static const struct {
	const char *utc, *wall;
} walls[] = {
	{"2025-06-01T12:00:00Z", "2025-06-01T13:00:00Z"}, /* before: the first step */
	{"2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"},
	{"2026-03-29T00:59:59Z", "2026-03-29T01:59:59Z"},
	{"2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"},
	{"2026-10-25T00:59:59Z", "2026-10-25T02:59:59Z"},
	{"2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
	{"2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"},
};

START_TEST(the_clock_on_the_wall_follows_the_steps)
{
	struct zone z = paris();
	int64_t utc = at(walls[_i].utc);
	ck_assert_int_eq(zone_wall(&z, utc), at(walls[_i].wall));
	ck_assert_int_eq(zone_offset(&z, utc), at(walls[_i].wall) - utc);
}
END_TEST

static const struct {
	const char *wall, *utc;
} utcs[] = {
	{"2026-01-15T08:00:00Z", "2026-01-15T07:00:00Z"},
	{"2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z"},
	{"2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z"}, /* skipped: 03:00 */
	{"2026-03-29T02:30:00Z", "2026-03-29T01:30:00Z"}, /* skipped: 03:30 */
	{"2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z"},
	{"2026-07-14T08:00:00Z", "2026-07-14T06:00:00Z"},
	{"2026-10-25T01:59:59Z", "2026-10-24T23:59:59Z"},
	{"2026-10-25T02:00:00Z", "2026-10-25T00:00:00Z"}, /* twice: the first */
	{"2026-10-25T02:59:59Z", "2026-10-25T00:59:59Z"},
	{"2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z"},
	{"2026-12-24T08:00:00Z", "2026-12-24T07:00:00Z"},
};

START_TEST(skipped_times_are_shifted_and_doubled_times_count_once)
{
	struct zone z = paris();
	ck_assert_int_eq(zone_utc(&z, at(utcs[_i].wall)), at(utcs[_i].utc));
}
END_TEST

START_TEST(an_empty_zone_is_utc)
{
	struct zone z = {0};
	ck_assert_int_eq(zone_offset(&z, 5), 0);
	ck_assert_int_eq(zone_wall(&z, 12345), 12345);
	ck_assert_int_eq(zone_utc(&z, 12345), 12345);
}
END_TEST

static const struct {
	const char *name;
	bool want;
} names[] = {
	{"UTC", true},
	{"Europe/Paris", true},
	{"America/Argentina/Buenos_Aires", true},
	{"Etc/GMT+5", true},
	{"EST5EDT", true},
	{"", false},
	{"/Europe/Paris", false},
	{"Europe/Paris/", false},
	{"Europe//Paris", false},
	{"../passwd", false},
	{"Europe/../../passwd", false},
	{":Europe/Paris", false},
	{"<+03>-3", false},
	{"+03", false},
	{"Europe/Par is", false},
	{"Europe/Paris\n", false},
	{"A2345678901234567890123456789012345678901234567890123456789/1234", true},
	{"A2345678901234567890123456789012345678901234567890123456789/12345", false},
};

START_TEST(only_names_that_stay_in_their_folder_are_valid)
{
	ck_assert_int_eq(zone_name_is_valid(names[_i].name), names[_i].want);
}
END_TEST

/* The second one of those that are shown twice; "": the clock skips it. */
static const struct {
	const char *wall, *utc;
} lasts[] = {
	{"2025-06-01T12:00:00Z", "2025-06-01T11:00:00Z"},
	{"2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z"},
	{"2026-03-29T02:00:00Z", ""},
	{"2026-03-29T02:59:59Z", ""},
	{"2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z"},
	{"2026-10-25T01:59:59Z", "2026-10-24T23:59:59Z"},
	{"2026-10-25T02:00:00Z", "2026-10-25T01:00:00Z"},
	{"2026-10-25T02:59:59Z", "2026-10-25T01:59:59Z"},
	{"2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z"},
};

START_TEST(the_last_time_that_the_clock_shows_is_found)
{
	struct zone z = paris(), utc = {0};
	int64_t wall = at(lasts[_i].wall), got = -1;
	ck_assert_int_eq(zone_last_utc(&z, wall, &got), *lasts[_i].utc != '\0');
	ck_assert_int_eq(got, *lasts[_i].utc ? at(lasts[_i].utc) : -1);
	ck_assert(zone_last_utc(&utc, wall, &got));
	ck_assert_int_eq(got, wall);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone");
	TCase *tcase = tcase_create("zone");
	tcase_add_loop_test(tcase, the_clock_on_the_wall_follows_the_steps, 0,
			    ARRAY_LEN(walls));
	tcase_add_loop_test(tcase, skipped_times_are_shifted_and_doubled_times_count_once,
			    0, ARRAY_LEN(utcs));
	tcase_add_loop_test(tcase, the_last_time_that_the_clock_shows_is_found, 0,
			    ARRAY_LEN(lasts));
	tcase_add_test(tcase, an_empty_zone_is_utc);
	tcase_add_loop_test(tcase, only_names_that_stay_in_their_folder_are_valid, 0,
			    ARRAY_LEN(names));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
