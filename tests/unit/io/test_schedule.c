#include "io/io.h"
#include "unit/harness.h"

#include <string.h>

#define HEAD                                                                             \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"           \
	"maxReplicas: 50\n"

static int64_t at(const char *time)
{
	int64_t ms;
	ck_assert_int_eq(time_parse(time, &ms, NULL), 0);
	return ms;
}

static struct policy *must_parse(const char *text)
{
	AUTO_FREE char *whole = xasprintf("%s%s", HEAD, text);
	struct err err = {0};
	struct policy *p = policy_parse("shop", "web", whole, strlen(whole), &err);
	ck_assert_msg(p != NULL, "%s", err.msg);
	return p;
}

static struct schedule_plan must_expand(const char *text, const char *now)
{
	AUTO(policy_cleanup) struct policy *p = must_parse(text);
	struct schedule_plan plan;
	struct err err = {0};
	ck_assert_msg(schedule_expand(p, at(now), &plan, &err) == 0, "%s", err.msg);
	return plan;
}

/* "2026-03-27T07:00:00Z 2026-03-27T17:00:00Z 8 -1" and a line feed for each. */
static char *describe(const struct schedule_plan *c)
{
	struct str s;
	char start[40], end[40];
	str_init(&s, 1 << 16);
	for (int32_t i = 0; i < c->count; i++)
		str_printf(&s, "%s %s %d %d\n",
			   time_format(c->intervals[i].start_ms, start, sizeof(start)),
			   time_format(c->intervals[i].end_ms, end, sizeof(end)),
			   c->intervals[i].min_replicas, c->intervals[i].max_replicas);
	return str_take(&s);
}

static const struct {
	const char *text, *now, *want;
} expansions[] = {
	/* Work days in Paris over the change to summer time: 07:00 UTC, then 06:00. */
	{"schedule: [{cron: 0 8 * * 1-5, timeZone: Europe/Paris, duration: 10h, "
	 "minReplicas: 8}]\n",
	 "2026-03-26T12:00:00Z",
	 "2026-03-26T07:00:00Z 2026-03-26T17:00:00Z 8 -1\n"
	 "2026-03-27T07:00:00Z 2026-03-27T17:00:00Z 8 -1\n"
	 "2026-03-30T06:00:00Z 2026-03-30T16:00:00Z 8 -1\n"
	 "2026-03-31T06:00:00Z 2026-03-31T16:00:00Z 8 -1\n"
	 "2026-04-01T06:00:00Z 2026-04-01T16:00:00Z 8 -1\n"
	 "2026-04-02T06:00:00Z 2026-04-02T16:00:00Z 8 -1\n"
	 "2026-04-03T06:00:00Z 2026-04-03T16:00:00Z 8 -1\n"},
	/* 02:30 is skipped on March 29th: 03:30, which is 01:30 UTC. */
	{"schedule: [{cron: 30 2 * * *, timeZone: Europe/Paris, duration: 20m, "
	 "maxReplicas: 4}]\n",
	 "2026-03-28T12:00:00Z",
	 "2026-03-29T01:30:00Z 2026-03-29T01:50:00Z -1 4\n"
	 "2026-03-30T00:30:00Z 2026-03-30T00:50:00Z -1 4\n"
	 "2026-03-31T00:30:00Z 2026-03-31T00:50:00Z -1 4\n"
	 "2026-04-01T00:30:00Z 2026-04-01T00:50:00Z -1 4\n"
	 "2026-04-02T00:30:00Z 2026-04-02T00:50:00Z -1 4\n"
	 "2026-04-03T00:30:00Z 2026-04-03T00:50:00Z -1 4\n"
	 "2026-04-04T00:30:00Z 2026-04-04T00:50:00Z -1 4\n"
	 "2026-04-05T00:30:00Z 2026-04-05T00:50:00Z -1 4\n"},
	/* 02:30 comes twice on October 25th: the first time, 00:30 UTC. */
	{"schedule: [{cron: 30 2 * 10 0, timeZone: Europe/Paris, duration: 20m, "
	 "minReplicas: 4}]\n",
	 "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z 2026-10-25T00:50:00Z 4 -1\n"},
	/* Ten hours are ten hours, also over the change. */
	{"schedule: [{cron: 0 22 28 3 *, timeZone: Europe/Paris, duration: 10h, "
	 "minReplicas: 4}]\n",
	 "2026-03-28T12:00:00Z", "2026-03-28T21:00:00Z 2026-03-29T07:00:00Z 4 -1\n"},
	/* New York in spring: 02:30 is skipped on March 8th, 07:30 UTC. */
	{"schedule: [{cron: 30 2 8-10 3 *, timeZone: America/New_York, duration: 1h, "
	 "minReplicas: 4}]\n",
	 "2026-03-07T12:00:00Z",
	 "2026-03-08T07:30:00Z 2026-03-08T08:30:00Z 4 -1\n"
	 "2026-03-09T06:30:00Z 2026-03-09T07:30:00Z 4 -1\n"
	 "2026-03-10T06:30:00Z 2026-03-10T07:30:00Z 4 -1\n"},
	/* New York in autumn: 01:30 comes twice on November 1st, the first is 05:30. */
	{"schedule: [{cron: 30 1 * 11 SUN, timeZone: America/New_York, duration: 1h, "
	 "minReplicas: 4}]\n",
	 "2026-10-31T12:00:00Z",
	 "2026-11-01T05:30:00Z 2026-11-01T06:30:00Z 4 -1\n"
	 "2026-11-08T06:30:00Z 2026-11-08T07:30:00Z 4 -1\n"},
	/* Every half hour in the skipped hour: what is shifted meets what is there. */
	{"schedule: [{cron: '*/30 2-3 29 3 *', timeZone: Europe/Paris, duration: 10m, "
	 "minReplicas: 4}]\n",
	 "2026-03-28T12:00:00Z",
	 "2026-03-29T01:00:00Z 2026-03-29T01:10:00Z 4 -1\n"
	 "2026-03-29T01:30:00Z 2026-03-29T01:40:00Z 4 -1\n"},
	/* A leap day. */
	{"schedule: [{cron: 0 0 29 2 *, duration: 1d, minReplicas: 9}]\n",
	 "2028-02-25T00:00:00Z", "2028-02-29T00:00:00Z 2028-03-01T00:00:00Z 9 -1\n"},
	{"schedule: [{cron: 0 0 29 2 *, duration: 1d, minReplicas: 9}]\n",
	 "2026-02-25T00:00:00Z", ""},
	/* Ends are outside, starts are inside. */
	{"schedule: [{cron: 0 8 1 1 *, duration: 1h, minReplicas: 9}]\n",
	 "2026-01-01T10:00:00Z", ""},
	/* The last one is remembered for an hour. */
	{"schedule: [{cron: '0,10 8 1 1 *', duration: 5m, minReplicas: 9}]\n",
	 "2026-01-01T09:14:59Z", "2026-01-01T08:10:00Z 2026-01-01T08:15:00Z 9 -1\n"},
	{"schedule: [{cron: 0 8 1 1 *, duration: 1h, minReplicas: 9}]\n",
	 "2026-01-01T09:00:00Z", "2026-01-01T08:00:00Z 2026-01-01T09:00:00Z 9 -1\n"},
	{"schedule: [{cron: '* 8 1 1 *', duration: 1m, minReplicas: 9}]\n",
	 "2026-01-01T08:30:00Z", "2026-01-01T08:29:00Z 2026-01-01T09:00:00Z 9 -1\n"},
	{"schedule: [{cron: 0 8 1 1 *, duration: 1h, minReplicas: 9}]\n",
	 "2026-01-01T08:59:59Z", "2026-01-01T08:00:00Z 2026-01-01T09:00:00Z 9 -1\n"},
	{"schedule: [{cron: 0 8 9 1 *, duration: 1h, minReplicas: 9}]\n",
	 "2026-01-01T08:00:00Z", ""},
	{"schedule: [{cron: 0 8 9 1 *, duration: 1h, minReplicas: 9}]\n",
	 "2026-01-01T08:00:01Z", "2026-01-09T08:00:00Z 2026-01-09T09:00:00Z 9 -1\n"},
	/* What overlaps or touches is one opening. */
	{"schedule: [{cron: '0 8,9,10 2 1 *', duration: 1h, minReplicas: 9}]\n",
	 "2026-01-01T00:00:00Z", "2026-01-02T08:00:00Z 2026-01-02T11:00:00Z 9 -1\n"},
	{"schedule: [{cron: '* * * * *', duration: 1m, minReplicas: 9}]\n",
	 "2026-01-01T00:00:30Z", "2025-12-31T23:59:00Z 2026-01-09T00:01:00Z 9 -1\n"},
	/* A long one that opened a month ago is still open. */
	{"schedule: [{cron: 0 0 1 12 *, duration: 31d, minReplicas: 20}]\n",
	 "2026-12-31T23:00:00Z", "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z 20 -1\n"},
	/* Several schedules keep their own bounds and stand in order. */
	{"schedule:\n- {cron: 0 9 2 1 *, duration: 2h, minReplicas: 5, maxReplicas: 9}\n"
	 "- {cron: 0 8 2 1 *, duration: 2h, minReplicas: 3}\n"
	 "- {cron: 0 9 2 1 *, duration: 1h, maxReplicas: 7}\n",
	 "2026-01-01T12:00:00Z",
	 "2026-01-02T08:00:00Z 2026-01-02T10:00:00Z 3 -1\n"
	 "2026-01-02T09:00:00Z 2026-01-02T11:00:00Z 5 9\n"
	 "2026-01-02T09:00:00Z 2026-01-02T10:00:00Z -1 7\n"},
};

START_TEST(schedules_become_intervals)
{
	struct schedule_plan c = must_expand(expansions[_i].text, expansions[_i].now);
	AUTO_FREE char *text = describe(&c);
	ck_assert_str_eq(text, expansions[_i].want);
	ck_assert_int_eq(c.until_ms, at(expansions[_i].now) + SCHEDULE_AHEAD_MS);
}
END_TEST

START_TEST(intervals_name_their_schedule_and_the_clock_at_their_end)
{
	struct schedule_plan c = must_expand(
		"schedule:\n- {cron: 0 20 * * 6, timeZone: Europe/Paris, duration: 10h, "
		"minReplicas: 1}\n"
		"- {cron: 0 20 * * 6, timeZone: America/New_York, duration: 10h, "
		"minReplicas: 2}\n",
		"2026-10-24T12:00:00Z");
	ck_assert_int_eq(c.count, 4);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(c.intervals[i].schedule, i % 2);
		ck_assert_int_eq(c.intervals[i].min_replicas, 1 + i % 2);
	}
	/* Paris leaves summer time in the first night, New York in the second. */
	ck_assert_int_eq(c.intervals[0].end_offset_ms, MS_PER_H);
	ck_assert_int_eq(c.intervals[1].end_offset_ms, -4 * MS_PER_H);
	ck_assert_int_eq(c.intervals[2].end_offset_ms, MS_PER_H);
	ck_assert_int_eq(c.intervals[3].end_offset_ms, -5 * MS_PER_H);
}
END_TEST

START_TEST(no_schedules_are_an_empty_plan)
{
	struct schedule_plan c = must_expand("", "2026-01-01T00:00:00Z");
	ck_assert_int_eq(c.count, 0);
	ck_assert_int_eq(c.until_ms, at("2026-01-09T00:00:00Z"));
}
END_TEST

START_TEST(the_zone_of_the_forecast_covers_history_and_years_ahead)
{
	struct err err = {0};
	AUTO(policy_cleanup)
	struct policy *p = must_parse(
		"forecast: {timeZone: America/New_York, history: 14d}\n"
		"schedule: [{cron: '@daily', duration: 1h, minReplicas: 1, timeZone: "
		"Asia/Tokyo}]\n");
	ck_assert_int_eq(schedule_localize(p, at("2026-11-14T00:00:00Z"), &err), 0);
	const struct zone *z = p->forecast.zone;
	ck_assert_int_eq(zone_wall(z, at("2026-11-01T05:59:59Z")),
			 at("2026-11-01T01:59:59Z"));
	ck_assert_int_eq(zone_wall(z, at("2026-11-01T06:00:00Z")),
			 at("2026-11-01T01:00:00Z"));
	ck_assert_int_eq(zone_offset(z, at("2029-07-01T00:00:00Z")), -4 * MS_PER_H);
}
END_TEST

START_TEST(without_a_zone_the_clock_is_utc)
{
	struct err err = {0};
	AUTO(policy_cleanup) struct policy *p = must_parse("");
	ck_assert_int_eq(schedule_localize(p, at("2026-11-14T00:00:00Z"), &err), 0);
	ck_assert_ptr_null(p->forecast.zone);
}
END_TEST

START_TEST(unknown_zones_are_refused_with_line_and_path)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"schedule:\n- {cron: '@daily', duration: 1h, minReplicas: 1}\n"
		 "- cron: '@daily'\n  timeZone: Europe/Pariss\n  duration: 1h\n"
		 "  minReplicas: 1\n",
		 "line 6: schedule[1].timeZone: Invalid value: \"Europe/Pariss\": must "
		 "be a "
		 "time zone in /usr/share/zoneinfo, like Europe/Paris"},
		{"forecast:\n  timeZone: Mars/Base\n",
		 "line 4: forecast.timeZone: Invalid value: \"Mars/Base\": must be a "
		 "time "
		 "zone in /usr/share/zoneinfo, like Europe/Paris"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(policy_cleanup) struct policy *p = must_parse(cases[i].text);
		struct err err = {0};
		ck_assert_int_eq(schedule_localize(p, 0, &err), -1);
		ck_assert_str_eq(err.msg, cases[i].want);
		ck_assert_int_eq(err.code, ERR_INVALID);
		ck_assert_ptr_null(p->forecast.zone);
	}
}
END_TEST

/* 720 openings a day by each of two schedules: cut, and said from when on. */
START_TEST(dense_schedules_are_cut_and_say_when)
{
	struct schedule_plan c = must_expand(
		"schedule:\n- {cron: '*/2 * * * *', duration: 1m, minReplicas: 5}\n"
		"- {cron: '*/2 * * * *', duration: 1m, minReplicas: 6}\n",
		"2026-01-01T00:00:30Z");
	ck_assert_int_eq(c.count, SCHEDULE_INTERVALS_MAX);
	ck_assert_int_eq(c.until_ms, at("2026-01-01T03:10:00Z"));
	ck_assert_int_eq(c.intervals[191].start_ms, at("2026-01-01T03:08:00Z"));
}
END_TEST

START_TEST(half_of_what_opens_together_is_not_kept)
{
	struct schedule_plan c = must_expand(
		"schedule:\n- {cron: '*/2 * * * *', duration: 1m, minReplicas: 5}\n"
		"- {cron: '*/2 * * * *', duration: 1m, minReplicas: 6}\n"
		"- {cron: '*/2 * * * *', duration: 1m, minReplicas: 7}\n"
		"- {cron: '*/2 * * * *', duration: 1m, minReplicas: 8}\n"
		"- {cron: '*/2 * * * *', duration: 1m, minReplicas: 9}\n",
		"2026-01-01T00:00:30Z");
	ck_assert_int_eq(c.count, 190);
	ck_assert_int_eq(c.until_ms, at("2026-01-01T01:14:00Z"));
}
END_TEST

/* The plain way: every minute of the window, its clock, does it match? */
START_TEST(expansion_equals_asking_every_minute)
{
	static const struct {
		const char *cron, *now;
	} cases[] = {
		{"15,45 1-3 * * *", "2026-03-24T10:00:00Z"},
		{"0 */3 * * 6,0", "2026-10-20T22:30:00Z"},
		{"*/50 * 25 * *", "2026-10-20T00:00:00Z"},
	};
	int64_t now = at(cases[_i].now);
	AUTO_FREE char *text =
		xasprintf("schedule: [{cron: '%s', timeZone: Europe/Paris, "
			  "duration: 7m, minReplicas: 1}]\n",
			  cases[_i].cron);
	AUTO(policy_cleanup) struct policy *p = must_parse(text);
	struct schedule_plan c = must_expand(text, cases[_i].now);
	struct zone zone;
	ck_assert_int_eq(timezone_load("Europe/Paris", now - MS_PER_DAY,
				       now + 9 * MS_PER_DAY, &zone, NULL),
			 0);
	int32_t found = 0;
	for (int64_t ms = now - 6 * MS_PER_MIN; ms < now + SCHEDULE_AHEAD_MS;
	     ms += MS_PER_MIN) {
		int64_t wall = zone_wall(&zone, ms);
		/* Once: when the clock shows it first. A shifted time is not on it. */
		bool opens = cron_matches(&p->schedules[0].cron, wall) &&
			     zone_utc(&zone, wall) == ms;
		int64_t unshifted = wall - MS_PER_H;
		opens |= cron_matches(&p->schedules[0].cron, unshifted) &&
			 zone_utc(&zone, unshifted) == ms;
		if (!opens)
			continue;
		ck_assert_int_lt(found, c.count);
		ck_assert_int_eq(c.intervals[found].start_ms, ms);
		ck_assert_int_eq(c.intervals[found].end_ms, ms + 7 * MS_PER_MIN);
		found++;
	}
	ck_assert_int_eq(found, c.count);
	ck_assert_int_gt(found, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tcase = tcase_create("schedule");
	tcase_add_loop_test(tcase, schedules_become_intervals, 0, ARRAY_LEN(expansions));
	tcase_add_test(tcase, intervals_name_their_schedule_and_the_clock_at_their_end);
	tcase_add_test(tcase, no_schedules_are_an_empty_plan);
	tcase_add_test(tcase, the_zone_of_the_forecast_covers_history_and_years_ahead);
	tcase_add_test(tcase, without_a_zone_the_clock_is_utc);
	tcase_add_test(tcase, unknown_zones_are_refused_with_line_and_path);
	tcase_add_test(tcase, dense_schedules_are_cut_and_say_when);
	tcase_add_test(tcase, half_of_what_opens_together_is_not_kept);
	tcase_add_loop_test(tcase, expansion_equals_asking_every_minute, 0, 3);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
