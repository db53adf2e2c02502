#include "forecast/history.h"

#include "base/base.h"
#include "unit/harness.h"

static struct history *empty_history(void)
{
	struct history *h = xmalloc(sizeof(*h));

	history_init(h);
	return h;
}

START_TEST(an_empty_history_knows_nothing)
{
	AUTO_FREE struct history *h = empty_history();

	ck_assert(isnan(history_at(h, 0)));
	ck_assert(isnan(history_open_cell(h)));
	ck_assert(isnan(history_maximum(h, -10, 20)));
	ck_assert_int_eq(h->values, 0);
}
END_TEST

START_TEST(a_cell_is_the_mean_and_the_maximum_of_its_minutes)
{
	AUTO_FREE struct history *h = empty_history();
	static const double values[] = {1, 5, NAN, 3, 7, 100};

	for (int64_t i = 0; i < 6; i++) {
		history_add(h, 10 + i, values[i]);
		if (i == 1)
			ck_near(history_open_cell(h), 3, 0);
	}
	ck_near(history_cell(h, 2), 4, 0);
	ck_near(history_cell_maximum(h, 10, 5), 7, 0);
	ck_near(history_open_cell(h), 100, 0);
	ck_near(history_cell(h, 3), 100, 0);
	ck_assert_int_eq(h->values, 5);
}
END_TEST

START_TEST(negative_maxima_are_negative)
{
	AUTO_FREE struct history *h = empty_history();

	for (int64_t i = 0; i < 5; i++)
		history_add(h, i, -10 - (double)i);
	ck_near(history_cell_maximum(h, 0, 5), -10, 0);
	ck_near(history_maximum(h, 1, 4), -11, 0);
}
END_TEST

START_TEST(a_gap_of_cells_is_missing)
{
	AUTO_FREE struct history *h = empty_history();

	history_add(h, 3, 1);
	history_add(h, 22, 2);
	ck_near(history_cell(h, 0), 1, 0);
	for (int64_t cell = 1; cell < 4; cell++)
		ck_assert(isnan(history_cell(h, cell)));
	ck_near(history_cell(h, 4), 2, 0);
	ck_assert(isnan(history_at(h, 10)));
}
END_TEST

START_TEST(a_cell_without_values_is_missing)
{
	AUTO_FREE struct history *h = empty_history();

	for (int64_t i = 0; i < 10; i++)
		history_add(h, i, i < 5 ? 1 : NAN);
	ck_near(history_cell(h, 0), 1, 0);
	ck_assert(isnan(history_cell(h, 1)));
	ck_assert(isnan(history_open_cell(h)));
}
END_TEST

static const struct {
	double value;
	bool kept;
} limits[] = {
	{0, true},         {-3, true},         {1e30, true},   {-1e30, true},
	{1e-300, true},    {1.1e30, false},    {1e300, false}, {NAN, false},
	{INFINITY, false}, {-INFINITY, false},
};

START_TEST(absurd_values_are_missing)
{
	AUTO_FREE struct history *h = empty_history();

	history_add(h, 7, limits[_i].value);
	ck_assert_int_eq(h->values, limits[_i].kept);
	ck_assert_int_eq(isnan(history_at(h, 7)), !limits[_i].kept);
	ck_assert_int_eq(isnan(history_open_cell(h)), !limits[_i].kept);
	ck_assert_int_eq(h->newest, 7);
}
END_TEST

START_TEST(a_value_a_thousand_times_the_usual_is_a_fault)
{
	AUTO_FREE struct history *h = empty_history();

	for (int64_t i = 0; i < 100; i++)
		history_add(h, i, 10);
	history_add(h, 100, 9990);
	ck_near(history_at(h, 100), 9990, 1e-3);
	history_add(h, 101, 1e6);
	ck_assert(isnan(history_at(h, 101)));
	history_add(h, 102, -1e6);
	ck_assert(isnan(history_at(h, 102)));
	history_add(h, 103, 10);
	ck_near(history_at(h, 103), 10, 0);
	ck_assert_int_eq(h->values, 102);
}
END_TEST

START_TEST(a_value_a_thousand_times_the_usual_is_believed_when_it_stays)
{
	AUTO_FREE struct history *h = empty_history();

	for (int64_t i = 0; i < 5000; i++)
		history_add(h, i, 10);
	for (int64_t i = 5000; i < 5100; i++) {
		history_add(h, i, 1e6);
		ck_assert_int_eq(isnan(history_at(h, i)), i < 5009);
	}
}
END_TEST

START_TEST(after_zeros_everything_is_believed)
{
	AUTO_FREE struct history *h = empty_history();

	for (int64_t i = 0; i < 100; i++)
		history_add(h, i, 0);
	history_add(h, 100, 1e6);
	ck_near(history_at(h, 100), 1e6, 0);
}
END_TEST

/* {minutes of the span, missing ones, still known} */
static const struct {
	int32_t count, missing;
	bool known;
} shares[] = {
	{1, 0, true},  {1, 1, false}, {3, 1, false},  {4, 1, false},   {5, 1, true},
	{5, 2, false}, {10, 2, true}, {10, 3, false}, {120, 24, true}, {120, 25, false},
};

START_TEST(a_maximum_needs_four_of_five_minutes)
{
	AUTO_FREE struct history *h = empty_history();

	for (int32_t i = 0; i < shares[_i].count; i++)
		history_add(h, i, i < shares[_i].missing ? NAN : i);
	ck_assert_int_eq(!isnan(history_maximum(h, 0, shares[_i].count)),
			 shares[_i].known);
	if (shares[_i].known)
		ck_near(history_maximum(h, 0, shares[_i].count), shares[_i].count - 1, 0);
}
END_TEST

START_TEST(minutes_are_kept_for_a_day_and_cells_for_a_week_and_more)
{
	AUTO_FREE struct history *h = empty_history();
	int64_t end = 20 * MINUTES_PER_DAY;

	for (int64_t i = 0; i < end; i++)
		history_add(h, i, (double)i);
	ck_near(history_at(h, end - HISTORY_MINUTES), (double)(end - HISTORY_MINUTES), 0);
	ck_assert(isnan(history_at(h, end - HISTORY_MINUTES - 1)));
	ck_near(history_cell(h, cell_of(end) - HISTORY_MEANS),
		(double)(end - HISTORY_MEANS * CELL_MINUTES) + 2, 0);
	ck_assert(isnan(history_cell(h, cell_of(end) - HISTORY_MEANS - 1)));
	ck_near(history_cell_maximum(h, end - HISTORY_MAXIMA * CELL_MINUTES, 5),
		(double)(end - HISTORY_MAXIMA * CELL_MINUTES + 4), 0);
	ck_assert(isnan(
		history_cell_maximum(h, end - HISTORY_MAXIMA * CELL_MINUTES - 5, 5)));
}
END_TEST

START_TEST(cells_before_the_epoch_keep_their_width)
{
	ck_assert_int_eq(cell_of(0), 0);
	ck_assert_int_eq(cell_of(4), 0);
	ck_assert_int_eq(cell_of(5), 1);
	ck_assert_int_eq(cell_of(-1), -1);
	ck_assert_int_eq(cell_of(-5), -1);
	ck_assert_int_eq(cell_of(-6), -2);
}
END_TEST

START_TEST(what_is_not_to_be_learned_is_seen_now_and_forgotten_later)
{
	AUTO_FREE struct history *h = xcalloc(1, sizeof(*h));

	history_init(h);
	for (int64_t i = 0; i < 100; i++)
		history_add(h, i, 10);
	for (int64_t i = 100; i < 110; i++)
		history_add_unlearned(h, i, 500);
	ck_near(history_at(h, 105), 500, 0);
	ck_near(history_maximum(h, 101, 9), 500, 0);
	ck_assert(isnan(history_cell(h, cell_of(105))));
	ck_near(history_cell(h, cell_of(99)), 10, 0);
	ck_assert(!history_learnable(h, 95, 10));
	ck_assert(!history_learnable(h, 109, 5));
	ck_assert(history_learnable(h, 90, 10));
	for (int64_t i = 110; i < 180; i++)
		history_add(h, i, 10);
	ck_assert(history_learnable(h, 110, 70));
	ck_assert(!history_learnable(h, 109, 70));
	/* The hour and a quarter is over for the first five of them. */
	ck_assert(isnan(history_at(h, 104)));
	ck_near(history_at(h, 105), 500, 0);
	ck_near(history_at(h, 99), 10, 0);
	for (int64_t i = 180; i < 400; i++)
		history_add(h, i, 10);
	ck_assert(history_learnable(h, 400 - HISTORY_MARKS, HISTORY_MARKS));
	ck_assert(isnan(history_at(h, 109)));
}
END_TEST

START_TEST(what_is_believed_late_is_as_if_it_always_had_been)
{
	AUTO_FREE struct history *h = xcalloc(1, sizeof(*h));
	AUTO_FREE struct history *other = xcalloc(1, sizeof(*other));

	history_init(h);
	history_init(other);
	for (int64_t i = 100; i < 123; i++) {
		double v = (double)(i * 7 % 11);

		if (i >= 107 && i < 122 && i != 109)
			history_add_unlearned(h, i, v);
		else
			history_add(h, i, v);
		history_add(other, i, v);
	}
	ck_assert(isnan(history_cell(h, cell_of(112))));
	for (int64_t i = 107; i < 123; i++)
		history_believe(h, i);
	ck_assert(history_learnable(h, 90, 33));
	for (int64_t i = 100; i < 123; i += CELL_MINUTES) {
		ck_near(history_cell(h, cell_of(i)), history_cell(other, cell_of(i)), 0);
		ck_near(history_cell_maximum(h, i, 5), history_cell_maximum(other, i, 5),
			0);
	}
	history_add(h, 123, 50);
	history_add(other, 123, 50);
	ck_near(history_open_cell(h), history_open_cell(other), 1e-12);
}
END_TEST

START_TEST(marks_do_not_outlive_a_gap)
{
	AUTO_FREE struct history *h = xcalloc(1, sizeof(*h));

	history_init(h);
	for (int64_t i = 0; i < 20; i++)
		history_add_unlearned(h, i, 10);
	history_add(h, 100, 10);
	ck_assert(history_learnable(h, 20, 81));
	history_add(h, 1000, 10);
	ck_assert(history_learnable(h, 1001 - HISTORY_MARKS, HISTORY_MARKS));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("history");
	TCase *tc = tcase_create("history");

	tcase_add_test(tc, an_empty_history_knows_nothing);
	tcase_add_test(tc, a_cell_is_the_mean_and_the_maximum_of_its_minutes);
	tcase_add_test(tc, negative_maxima_are_negative);
	tcase_add_test(tc, a_gap_of_cells_is_missing);
	tcase_add_test(tc, a_cell_without_values_is_missing);
	tcase_add_loop_test(tc, absurd_values_are_missing, 0, (int)ARRAY_LEN(limits));
	tcase_add_test(tc, a_value_a_thousand_times_the_usual_is_a_fault);
	tcase_add_test(tc, a_value_a_thousand_times_the_usual_is_believed_when_it_stays);
	tcase_add_test(tc, after_zeros_everything_is_believed);
	tcase_add_loop_test(tc, a_maximum_needs_four_of_five_minutes, 0,
			    (int)ARRAY_LEN(shares));
	tcase_add_test(tc, minutes_are_kept_for_a_day_and_cells_for_a_week_and_more);
	tcase_add_test(tc, cells_before_the_epoch_keep_their_width);
	tcase_add_test(tc, what_is_not_to_be_learned_is_seen_now_and_forgotten_later);
	tcase_add_test(tc, what_is_believed_late_is_as_if_it_always_had_been);
	tcase_add_test(tc, marks_do_not_outlive_a_gap);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
