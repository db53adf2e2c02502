#include "prom/prom.h"
#include "unit/harness.h"

#define DAY MS_PER_DAY

static const struct {
	struct prom_range in;
	bool ok;
	int64_t start_ms, end_ms;
} aligned[] = {
	{{0, 120000, 60000}, true, 0, 120000},
	{{1, 119999, 60000}, true, 60000, 60000},
	{{60000, 60000, 60000}, true, 60000, 60000},
	{{60001, 119999, 60000}, false, 60001, 119999},
	{{61000, 59000, 60000}, false, 61000, 59000},
	{{-61000, 61000, 60000}, true, -60000, 60000},
	{{-60000, -1, 60000}, true, -60000, -60000},
};

START_TEST(both_ends_move_inwards_to_the_grid)
{
	struct prom_range r = aligned[_i].in;
	ck_assert_int_eq(prom_range_align(&r), aligned[_i].ok);
	ck_assert_int_eq(r.start_ms, aligned[_i].start_ms);
	ck_assert_int_eq(r.end_ms, aligned[_i].end_ms);
}
END_TEST

static const struct {
	struct prom_range in;
	int64_t points;
	size_t parts;
	int64_t first_end_ms, last_start_ms;
} cuts[] = {
	/* One point; exactly the limit; one more than the limit. */
	{{0, 0, 60000}, 11000, 1, 0, 0},
	{{0, 10999 * 1000, 1000}, 11000, 1, 10999000, 0},
	{{0, 11000 * 1000, 1000}, 11000, 2, 10999000, 11000000},
	{{0, 10999 * 60000, 60000}, 11000, 1, 10999 * 60000, 0},
	/* A week at 1 min is 10,081 points; two weeks are cut before midnight of the day
	   that the limit lies in (7.6 days), and 15 days once more. */
	{{0, 7 * DAY, 60000}, 11000, 1, 7 * DAY, 0},
	{{0, 14 * DAY, 60000}, 11000, 2, 7 * DAY - 60000, 7 * DAY},
	{{0, 15 * DAY, 60000}, 11000, 3, 7 * DAY - 60000, 14 * DAY},
	/* From the middle of a day the first cut still is a midnight. */
	{{DAY / 2, 14 * DAY, 60000}, 11000, 2, 8 * DAY - 60000, 8 * DAY},
	/* 5 min fit for 38 days. */
	{{0, 28 * DAY, 300000}, 11000, 1, 28 * DAY, 0},
	/* A step that does not divide the day: the last point before midnight. */
	{{0, 37 * 7000000LL, 7000000}, 20, 3, 12 * 7000000LL, 25 * 7000000LL},
	{{0, 5000, 1000}, 1, 6, 0, 5000},
	{{0, 3 * DAY, DAY}, 1, 4, 0, 3 * DAY},
};

START_TEST(parts_follow_each_other_without_gap_or_overlap)
{
	struct prom_range rest = cuts[_i].in, part, before = {0};
	size_t n = 0;
	while (prom_range_part(&rest, cuts[_i].points, &part)) {
		int64_t points = (part.end_ms - part.start_ms) / part.step_ms + 1;
		ck_assert_int_eq(part.step_ms, cuts[_i].in.step_ms);
		ck_assert_int_eq((part.end_ms - part.start_ms) % part.step_ms, 0);
		ck_assert_int_ge(points, 1);
		ck_assert_int_le(points, cuts[_i].points);
		if (n == 0)
			ck_assert_int_eq(part.start_ms, cuts[_i].in.start_ms);
		else
			ck_assert_int_eq(part.start_ms, before.end_ms + part.step_ms);
		if (n == 0)
			ck_assert_int_eq(part.end_ms, cuts[_i].first_end_ms);
		before = part;
		ck_assert_uint_le(++n, 10);
	}
	ck_assert_uint_eq(n, cuts[_i].parts);
	ck_assert_int_eq(before.start_ms, cuts[_i].last_start_ms);
	ck_assert_int_eq(before.end_ms, cuts[_i].in.end_ms);
}
END_TEST

START_TEST(an_empty_range_has_no_part)
{
	struct prom_range rest = {.start_ms = 1, .end_ms = 0, .step_ms = 60000}, part;
	ck_assert(!prom_range_part(&rest, 11000, &part));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("prom range");
	TCase *t = tcase_create("range");
	tcase_add_loop_test(t, both_ends_move_inwards_to_the_grid, 0, ARRAY_LEN(aligned));
	tcase_add_loop_test(t, parts_follow_each_other_without_gap_or_overlap, 0,
			    ARRAY_LEN(cuts));
	tcase_add_test(t, an_empty_range_has_no_part);
	suite_add_tcase(s, t);
	return run_suite(s);
}
