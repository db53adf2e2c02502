#include "series/series.h"

#include "unit/harness.h"

#define STEP 60000

struct held {
	struct ring ring;
	float cells[4];
};

static void held_init(struct held *h)
{
	ring_init(&h->ring, h->cells, 4, STEP);
}

static void put(struct held *h, int64_t minute, double v)
{
	ring_put(&h->ring, minute * STEP, v);
}

static double at(const struct held *h, int64_t minute)
{
	return ring_at(&h->ring, minute * STEP);
}

START_TEST(an_empty_ring_knows_nothing)
{
	struct held h;

	held_init(&h);
	ck_assert(isnan(at(&h, 0)));
	ck_assert(isnan(at(&h, 100)));
	ck_assert_int_eq(ring_newest_ms(&h.ring), INT64_MIN);
	ck_assert_int_eq(ring_oldest_ms(&h.ring), INT64_MIN);
	ck_assert_int_eq(ring_count(&h.ring), 0);
}
END_TEST

START_TEST(the_first_value_may_be_at_any_time)
{
	static const int64_t minutes[] = {0, 7, 29000000, -3};
	struct held h;

	held_init(&h);
	put(&h, minutes[_i], 2.5);
	ck_near(at(&h, minutes[_i]), 2.5, 0);
	ck_assert(isnan(at(&h, minutes[_i] - 1)));
	ck_assert(isnan(at(&h, minutes[_i] + 1)));
	ck_assert_int_eq(ring_newest_ms(&h.ring), minutes[_i] * STEP);
	ck_assert_int_eq(ring_oldest_ms(&h.ring), minutes[_i] * STEP);
	ck_assert_int_eq(ring_count(&h.ring), 1);
}
END_TEST

START_TEST(a_cell_holds_all_of_its_minute_and_nothing_of_the_next)
{
	struct held h;

	held_init(&h);
	ring_put(&h.ring, 5 * STEP + STEP - 1, 1);
	ck_near(ring_at(&h.ring, 5 * STEP), 1, 0);
	ck_assert(isnan(ring_at(&h.ring, 6 * STEP)));
	ring_put(&h.ring, -1, 3);
	ck_assert(isnan(ring_at(&h.ring, -1)));
	ck_assert_int_eq(ring_cell(&h.ring, -1), -1);
	ck_assert_int_eq(ring_cell(&h.ring, -STEP), -1);
	ck_assert_int_eq(ring_cell(&h.ring, -STEP - 1), -2);
	ck_assert_int_eq(ring_cell(&h.ring, 0), 0);
}
END_TEST

START_TEST(only_the_newest_cells_are_kept)
{
	struct held h;

	held_init(&h);
	for (int minute = 10; minute < 17; minute++)
		put(&h, minute, minute);
	for (int minute = 10; minute < 13; minute++)
		ck_assert(isnan(at(&h, minute)));
	for (int minute = 13; minute < 17; minute++)
		ck_near(at(&h, minute), minute, 0);
	ck_assert_int_eq(ring_oldest_ms(&h.ring), 13 * STEP);
	ck_assert_int_eq(ring_newest_ms(&h.ring), 16 * STEP);
}
END_TEST

START_TEST(minutes_that_are_passed_over_are_missing)
{
	struct held h;

	held_init(&h);
	for (int minute = 0; minute < 4; minute++)
		put(&h, minute, minute);
	put(&h, 6, 6);
	ck_near(at(&h, 3), 3, 0);
	ck_assert(isnan(at(&h, 4)));
	ck_assert(isnan(at(&h, 5)));
	ck_near(at(&h, 6), 6, 0);
	ck_assert_int_eq(ring_count(&h.ring), 2);
}
END_TEST

START_TEST(a_jump_beyond_the_ring_forgets_everything)
{
	static const int64_t jumps[] = {7, 8, 1000, INT64_C(1) << 40};
	struct held h;

	held_init(&h);
	for (int minute = 0; minute < 4; minute++)
		put(&h, minute, minute);
	put(&h, jumps[_i], 9);
	ck_assert_int_eq(ring_count(&h.ring), 1);
	ck_near(at(&h, jumps[_i]), 9, 0);
	ck_assert_int_eq(ring_oldest_ms(&h.ring), (jumps[_i] - 3) * STEP);
	for (int64_t back = 1; back < 6; back++)
		ck_assert(isnan(at(&h, jumps[_i] - back)));
}
END_TEST

START_TEST(a_late_value_fills_its_gap_and_a_second_one_replaces_it)
{
	struct held h;

	held_init(&h);
	put(&h, 0, 1);
	put(&h, 3, 4);
	put(&h, 1, 2);
	ck_near(at(&h, 1), 2, 0);
	put(&h, 1, 20);
	ck_near(at(&h, 1), 20, 0);
	ck_assert_int_eq(ring_newest_ms(&h.ring), 3 * STEP);
}
END_TEST

START_TEST(a_value_older_than_the_ring_is_ignored)
{
	struct held h;

	held_init(&h);
	for (int minute = 10; minute < 15; minute++)
		put(&h, minute, minute);
	put(&h, 10, 99);
	for (int minute = 11; minute < 15; minute++)
		ck_near(at(&h, minute), minute, 0);
	ck_assert(isnan(at(&h, 10)));
}
END_TEST

START_TEST(values_that_are_not_finite_are_missing)
{
	static const double values[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300};
	struct held h;

	held_init(&h);
	put(&h, 0, 1);
	put(&h, 1, values[_i]);
	ck_assert(isnan(at(&h, 1)));
	ck_assert_int_eq(ring_newest_ms(&h.ring), STEP);
	put(&h, 0, values[_i]);
	ck_assert_int_eq(ring_count(&h.ring), 0);
}
END_TEST

START_TEST(a_copy_is_in_order_with_nan_outside)
{
	struct held h;
	float copy[8];

	held_init(&h);
	for (int minute = 0; minute < 7; minute++)
		put(&h, minute, minute == 5 ? NAN : minute);
	ring_copy(&h.ring, 1, 8, copy);
	ck_assert(isnan(copy[0]) && isnan(copy[1]));
	ck_near(copy[2], 3, 0);
	ck_near(copy[3], 4, 0);
	ck_assert(isnan(copy[4]));
	ck_near(copy[5], 6, 0);
	ck_assert(isnan(copy[6]) && isnan(copy[7]));
}
END_TEST

START_TEST(every_copy_equals_reading_cell_by_cell)
{
	struct held h;
	float copy[12];

	held_init(&h);
	for (int minute = 0; minute < _i; minute++)
		put(&h, minute, minute);
	for (int first = -8; first < 12; first++) {
		for (int count = 0; count <= 12; count++) {
			float scratch[12];
			const float *span = ring_span(&h.ring, first, count, scratch);

			ring_copy(&h.ring, first, count, copy);
			for (int k = 0; k < count; k++) {
				double want = at(&h, first + k);
				double told = ring_value(&h.ring, first + k);

				ck_assert(isnan(want) ? isnan(told) : told == want);
				ck_assert(isnan(want) ? isnan(copy[k]) : copy[k] == want);
				ck_assert(isnan(want) ? isnan(span[k]) : span[k] == want);
			}
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");
	TCase *tc = tcase_create("ring");

	tcase_add_test(tc, an_empty_ring_knows_nothing);
	tcase_add_loop_test(tc, the_first_value_may_be_at_any_time, 0, 4);
	tcase_add_test(tc, a_cell_holds_all_of_its_minute_and_nothing_of_the_next);
	tcase_add_test(tc, only_the_newest_cells_are_kept);
	tcase_add_test(tc, minutes_that_are_passed_over_are_missing);
	tcase_add_loop_test(tc, a_jump_beyond_the_ring_forgets_everything, 0, 4);
	tcase_add_test(tc, a_late_value_fills_its_gap_and_a_second_one_replaces_it);
	tcase_add_test(tc, a_value_older_than_the_ring_is_ignored);
	tcase_add_loop_test(tc, values_that_are_not_finite_are_missing, 0, 5);
	tcase_add_test(tc, a_copy_is_in_order_with_nan_outside);
	tcase_add_loop_test(tc, every_copy_equals_reading_cell_by_cell, 0, 11);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
