#include "forecast/features.h"

#include "base/base.h"
#include "unit/harness.h"

#define WINDOW 3
#define START  (INT64_C(17000) * MINUTES_PER_DAY)

/* A load that never repeats within what is looked at: features are recognised by their
 * values. */
static double value_of(int64_t minute)
{
	return (double)(minute * 7919 % 10007);
}

static double largest(int64_t first, int64_t count)
{
	double most = -INFINITY;

	for (int64_t i = first; i < first + count; i++)
		most = fmax(most, value_of(i));
	return most;
}

static double mean(int64_t first, int64_t count)
{
	double sum = 0;

	for (int64_t i = first; i < first + count; i++)
		sum += value_of(i);
	return sum / (double)count;
}

/* Minutes [START, START + count) without those in [hole, hole_end), counted from the end:
 * 0 is the newest. */
static struct history *history_with_hole(int64_t count, int64_t hole, int64_t hole_end)
{
	struct history *h = xmalloc(sizeof(*h));

	history_init(h);
	for (int64_t i = 0; i < count; i++) {
		int64_t back = count - 1 - i;

		history_add(h, START + i,
			    back >= hole && back < hole_end ? NAN : value_of(START + i));
	}
	return h;
}

static struct history *history_of(int64_t count)
{
	return history_with_hole(count, 0, 0);
}

static struct feature_row row_of(const struct history *h, int64_t minute)
{
	struct feature_row row;

	feature_row_recent(h, minute, &row);
	feature_row_seasons(h, minute, WINDOW, &row);
	return row;
}

START_TEST(recent_features_are_what_they_say)
{
	static const struct {
		enum feature feature;
		int64_t lag;
	} lags[] = {
		{FEATURE_LAST, 0},    {FEATURE_LAG_1, 1}, {FEATURE_LAG_2, 2},
		{FEATURE_LAG_3, 3},   {FEATURE_LAG_5, 5}, {FEATURE_LAG_10, 10},
		{FEATURE_LAG_20, 20},
	};
	AUTO_FREE struct history *h = history_of(200);
	int64_t i = h->newest;
	struct feature_row row = row_of(h, i);

	ck_assert_int_eq(row.known, FEATURES_RECENT);
	ck_assert(row.learnable);
	ck_near(row.x[FEATURE_ONE], 1, 0);
	for (size_t k = 0; k < ARRAY_LEN(lags); k++)
		ck_near(row.x[lags[k].feature], value_of(i - lags[k].lag), 0);
	ck_near(row.x[FEATURE_MEAN_15], mean(i - 14, 15), 1e-9);
	ck_near(row.x[FEATURE_MEAN_60], mean(i - 59, 60), 1e-9);
	ck_near(row.x[FEATURE_MAX_5], largest(i - 4, 5), 0);
	ck_near(row.x[FEATURE_MAX_15], largest(i - 14, 15), 0);
	ck_near(row.x[FEATURE_MAX_60], largest(i - 59, 60), 0);
}
END_TEST

START_TEST(deviation_and_movement_are_what_they_say)
{
	AUTO_FREE struct history *h = history_of(200);
	int64_t i = h->newest;
	struct feature_row row = row_of(h, i);
	double squares = 0, moves = 0;

	for (int64_t k = i - 14; k <= i; k++)
		squares += pow(value_of(k) - mean(i - 14, 15), 2);
	for (int64_t k = i - 58; k <= i; k++)
		moves += fabs(value_of(k) - value_of(k - 1));
	ck_near(row.deviation, sqrt(squares / 15), 1e-6);
	ck_near(row.movement, moves / 59, 1e-9);
}
END_TEST

START_TEST(daily_features_look_at_the_same_window_of_yesterday)
{
	AUTO_FREE struct history *h = history_of(MINUTES_PER_DAY + 100);

	for (int64_t i = h->newest - 20; i <= h->newest; i++) {
		int64_t then = i - MINUTES_PER_DAY;
		struct feature_row row = row_of(h, i);

		ck_assert_int_eq(row.known, FEATURES_DAY);
		ck_near(row.x[FEATURE_DAY_VALUE], value_of(then), 0);
		ck_near(row.x[FEATURE_DAY_TARGET], largest(then + 1, WINDOW), 0);
		ck_near(row.x[FEATURE_DAY_TARGET_LATER],
			largest(then + WINDOW + 1, WINDOW), 0);
		ck_near(row.x[FEATURE_DAY_MEAN], mean(then - 7, 15), 1e-9);
		ck_near(row.x[FEATURE_DAY_MEAN_LATER], mean(then + WINDOW - 7, 15), 1e-9);
	}
}
END_TEST

START_TEST(weekly_features_come_from_the_cells_of_last_week)
{
	AUTO_FREE struct history *h = history_of(MINUTES_PER_WEEK + 103);
	int64_t i = h->newest, then = i - MINUTES_PER_WEEK;
	int64_t cell = cell_of(then) * CELL_MINUTES;
	struct feature_row row = row_of(h, i);

	ck_assert_int_eq(row.known, FEATURES_WEEK);
	/* then is the third minute of its cell: the window reaches into the next one. */
	ck_assert_int_eq(then - cell, 2);
	ck_near(row.x[FEATURE_WEEK_VALUE], mean(cell, 5), 1e-3);
	ck_near(row.x[FEATURE_WEEK_TARGET], largest(cell, 10), 0);
	ck_near(row.x[FEATURE_WEEK_TARGET_LATER], largest(cell + 5, 5), 0);
	ck_near(row.x[FEATURE_WEEK_MEAN], mean(cell - 5, 15), 1e-2);
	ck_near(row.x[FEATURE_WEEK_MEAN_LATER], mean(cell, 15), 1e-2);
}
END_TEST

START_TEST(an_older_row_is_the_same_when_newer_minutes_are_known)
{
	AUTO_FREE struct history *then = history_of(MINUTES_PER_WEEK + 500);
	AUTO_FREE struct history *later = history_of(MINUTES_PER_WEEK + 500 + 30);
	struct feature_row before = row_of(then, then->newest);
	struct feature_row after = row_of(later, then->newest);

	ck_assert_int_eq(before.known, FEATURES_WEEK);
	ck_assert_int_eq(after.known, before.known);
	for (int i = 0; i < FEATURES_WEEK; i++)
		ck_near(after.x[i], before.x[i], 0);
	ck_near(after.deviation, before.deviation, 0);
	ck_near(after.movement, before.movement, 0);
}
END_TEST

/* {first and end of the hole in minutes back, known, learnable, value expected at lag 0
 * comes from} */
static const struct {
	int64_t hole, end;
	int32_t known;
	bool learnable;
	int64_t last_from;
} holes[] = {
	{0, 1, FEATURES_RECENT, false, 1},
	{0, 9, FEATURES_RECENT, false, 9},
	{0, 10, 0, false, 0},
	{3, 8, FEATURES_RECENT, true, 0}, /* lag 5 is bridged by 8 */
	{3, 40, FEATURES_RECENT, false,
	 0}, /* nothing older within reach of lags 3 to 20 */
};

START_TEST(short_holes_are_bridged_long_ones_are_not)
{
	AUTO_FREE struct history *h =
		history_with_hole(200, holes[_i].hole, holes[_i].end);
	struct feature_row row = row_of(h, h->newest);

	ck_assert_int_eq(row.known, holes[_i].known);
	ck_assert_int_eq(row.learnable, holes[_i].learnable);
	if (!row.known)
		return;
	ck_near(row.x[FEATURE_LAST], value_of(h->newest - holes[_i].last_from), 0);
	for (int i = 0; i < FEATURES_RECENT; i++)
		ck_assert(isfinite(row.x[i]));
}
END_TEST

START_TEST(a_lag_in_a_hole_takes_the_older_value_else_the_newer)
{
	AUTO_FREE struct history *bridged = history_with_hole(200, 3, 8);
	AUTO_FREE struct history *torn = history_with_hole(200, 3, 40);
	struct feature_row row = row_of(bridged, bridged->newest);

	ck_near(row.x[FEATURE_LAG_3], value_of(bridged->newest - 8), 0);
	ck_near(row.x[FEATURE_LAG_5], value_of(bridged->newest - 8), 0);
	ck_near(row.x[FEATURE_LAG_10], value_of(bridged->newest - 10), 0);
	row = row_of(torn, torn->newest);
	ck_near(row.x[FEATURE_LAG_3], value_of(torn->newest - 2), 0);
	ck_near(row.x[FEATURE_LAG_20], value_of(torn->newest - 2), 0);
}
END_TEST

START_TEST(a_hole_yesterday_takes_the_daily_features_only)
{
	AUTO_FREE struct history *h = history_with_hole(
		MINUTES_PER_DAY + 200, MINUTES_PER_DAY - 20, MINUTES_PER_DAY + 20);
	struct feature_row row = row_of(h, h->newest);

	ck_assert_int_eq(row.known, FEATURES_RECENT);
	ck_assert(row.learnable);
}
END_TEST

START_TEST(the_first_minute_is_enough_to_predict_from)
{
	AUTO_FREE struct history *h = history_of(1);
	struct feature_row row = row_of(h, h->newest);

	ck_assert_int_eq(row.known, FEATURES_RECENT);
	ck_assert(!row.learnable);
	for (int i = FEATURE_LAST; i < FEATURES_RECENT; i++)
		ck_near(row.x[i], value_of(START), 0);
	ck_near(row.deviation, 0, 0);
	ck_near(row.movement, 0, 0);
}
END_TEST

START_TEST(a_kept_row_holds_what_is_known_and_zeros)
{
	static const int64_t lengths[] = {1, 100, 2 * MINUTES_PER_DAY,
					  9 * MINUTES_PER_DAY};
	static const int32_t known[] = {FEATURES_RECENT, FEATURES_RECENT, FEATURES_DAY,
					FEATURES_WEEK};
	AUTO_FREE struct history *h = history_of(lengths[_i]);
	struct feature_row row = row_of(h, h->newest);
	float kept[FEATURES_KEPT];

	ck_assert_int_eq(row.known, known[_i]);
	feature_row_keep(&row, kept);
	for (int i = 0; i < FEATURES_KEPT; i++)
		ck_near(kept[i], i < row.known ? (float)row.x[i] : 0, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("features");
	TCase *tc = tcase_create("features");

	tcase_add_test(tc, recent_features_are_what_they_say);
	tcase_add_test(tc, deviation_and_movement_are_what_they_say);
	tcase_add_test(tc, daily_features_look_at_the_same_window_of_yesterday);
	tcase_add_test(tc, weekly_features_come_from_the_cells_of_last_week);
	tcase_add_test(tc, an_older_row_is_the_same_when_newer_minutes_are_known);
	tcase_add_loop_test(tc, short_holes_are_bridged_long_ones_are_not, 0,
			    (int)ARRAY_LEN(holes));
	tcase_add_test(tc, a_lag_in_a_hole_takes_the_older_value_else_the_newer);
	tcase_add_test(tc, a_hole_yesterday_takes_the_daily_features_only);
	tcase_add_test(tc, the_first_minute_is_enough_to_predict_from);
	tcase_add_loop_test(tc, a_kept_row_holds_what_is_known_and_zeros, 0, 4);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
