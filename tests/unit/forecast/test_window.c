#include "forecast/window.h"

#include "base/base.h"
#include "unit/forecast/feed.h"
#include "unit/harness.h"

/* A window that is fed minute by minute, as the forecaster does it. */
struct fixture {
	struct window window;
	struct history history;
	struct holt_winters holt_winters;
	struct outlook outlook;
};

static struct fixture *fixture_new(int32_t minutes)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct window_config config = {
		.minutes = minutes, .quantile = .9, .use_linear = true};

	history_init(&f->history);
	window_init(&f->window, &config);
	return f;
}

static void feed_minute(struct fixture *f, int64_t minute, double v)
{
	struct feature_row recent;

	history_add(&f->history, minute, v);
	window_learn(&f->window, &f->history);
	feature_row_recent(&f->history, minute, &recent);
	window_predict(&f->window, &f->history, &f->holt_winters, &recent, &f->outlook);
}

START_TEST(an_outcome_is_scored_when_its_window_has_ended)
{
	AUTO_FREE struct fixture *f = fixture_new(5);
	struct tracker *last = &f->window.trackers[FC_LAST_VALUE];

	for (int64_t i = 0; i < 5; i++)
		feed_minute(f, i, 10);
	ck_near(last->scores, 0, 0);
	feed_minute(f, 5, 17);
	ck_near(last->scores, 1, 0);
	/* Predicted 10 at minute 0, largest within minutes 1 to 5 is 17. */
	ck_near(last->error, 7, 1e-9);
	feed_minute(f, 6, 10);
	ck_near(last->scores, 2, 0);
	ck_near(last->bias, 7, 1e-9);
}
END_TEST

START_TEST(an_outcome_that_is_not_known_is_not_scored)
{
	AUTO_FREE struct fixture *f = fixture_new(5);
	struct tracker *last = &f->window.trackers[FC_LAST_VALUE];

	for (int64_t i = 0; i < 20; i++)
		feed_minute(f, i, i % 10 == 4 || i % 10 == 5 ? NAN : 10);
	/* Outcomes that end at minutes 5 to 8 and 15 to 18 hold both missing minutes; 14
	 * is the last window with one only, and so on: 15 windows ended, 8 of them are
	 * torn. */
	ck_near(last->scores, 15 - 8, 0);
}
END_TEST

START_TEST(the_baselines_are_what_they_say)
{
	AUTO_FREE struct fixture *f = fixture_new(3);
	int64_t i = 0;

	for (; i <= 2 * DAY_MINUTES; i++)
		feed_minute(f, i, (double)(i * 7919 % 1009));

	int64_t newest = i - 1;
	const struct pending *made = &f->window.pending[newest % PENDING_MAX];
	double sum = 0, most = 0;

	for (int64_t k = newest - 59; k <= newest; k++)
		sum += (double)(k * 7919 % 1009);
	for (int64_t k = newest - DAY_MINUTES + 1; k <= newest - DAY_MINUTES + 3; k++)
		most = fmax(most, (double)(k * 7919 % 1009));
	ck_assert_int_eq(made->minute, newest);
	ck_near(made->prediction[FC_LAST_VALUE], (double)(newest * 7919 % 1009), 0);
	ck_near(made->prediction[FC_HOUR_MEAN], sum / 60, 1e-3);
	ck_near(made->prediction[FC_SEASONAL_NAIVE], most, 0);
}
END_TEST

/* {window, minutes from one score to the next} */
static const int32_t strides[][2] = {{1, 1},  {33, 1},  {34, 2}, {66, 2},
				     {67, 3}, {122, 4}, {130, 4}};

START_TEST(long_windows_are_scored_thinner)
{
	AUTO_FREE struct fixture *f = fixture_new(strides[_i][0]);
	int64_t stride = strides[_i][1];

	ck_assert_int_eq(f->window.stride, stride);
	for (int64_t i = 0; i < 1000; i++)
		feed_minute(f, i, 10);
	/* Every stride-th prediction, each for stride minutes. */
	ck_near(f->window.trackers[FC_LAST_VALUE].scores, 1000 - strides[_i][0],
		(double)stride);
}
END_TEST

START_TEST(the_first_solution_comes_with_the_last_row_that_it_needs)
{
	AUTO_FREE struct fixture *f = fixture_new(3);
	int64_t i = 0;

	while (!f->window.linear[0].solved) {
		feed_minute(f, i, daily(i));
		i++;
	}
	/* Rows from minute 20 on, 5 * 13 + 200 of them, the last one known three minutes
	 * later. */
	ck_assert_int_eq(i, 20 + 265 + 3);
	ck_assert_int_eq(f->window.linear[0].samples, 265);
	ck_assert(!f->window.linear[1].solved);
}
END_TEST

START_TEST(rows_of_the_day_are_learned_from_the_second_day_on)
{
	AUTO_FREE struct fixture *f = fixture_new(3);

	for (int64_t i = 0; i < DAY_MINUTES + 3 + 100; i++)
		feed_minute(f, i, daily(i));
	ck_assert_int_eq(f->window.linear[0].samples, DAY_MINUTES + 100 - 20);
	/* A row's centred means reach back seven minutes; half of one will do. */
	ck_assert_int_ge(f->window.linear[1].samples, 92);
	ck_assert_int_le(f->window.linear[1].samples, 100);
	ck_assert_int_eq(f->window.linear[2].samples, 0);
}
END_TEST

START_TEST(a_regression_does_not_run_away)
{
	AUTO_FREE struct fixture *f = fixture_new(3);
	int64_t i = 0;

	for (; i < 400; i++)
		feed_minute(f, i, 100 + 10 * noise_at(i));
	/* A solution from nowhere: the prediction stays within the width of what the row
	 * has seen. */
	f->window.linear[0].solution[FEATURE_LAST] = 1e9;
	feed_minute(f, i, 100);

	const struct pending *made = &f->window.pending[i % PENDING_MAX];

	ck_assert(made->prediction[FC_LINEAR_RECENT] > 100);
	ck_assert(made->prediction[FC_LINEAR_RECENT] < 250);
}
END_TEST

/* Rows above the regression weigh four times as much: on noise alone it settles on the
 * 0.8 expectile, 0.549 standard deviations above the mean (the root of 4 E max(z - e, 0)
 * = E max(e - z, 0), by bisection). */
START_TEST(a_regression_leans_to_the_side_where_load_is_lost)
{
	AUTO_FREE struct fixture *f = fixture_new(1);

	for (int64_t i = 0; i < 4000; i++) {
		feed_minute(f, i, 100 + 10 * noise_at(i));
		if (i % 60 == 0)
			window_refit(&f->window);
	}
	ck_near(f->window.trackers[FC_LINEAR_RECENT].bias, -5.49, 1);
	ck_near(f->window.trackers[FC_LAST_VALUE].bias, 0, .5);
}
END_TEST

START_TEST(the_served_share_counts_what_lay_above)
{
	AUTO_FREE struct fixture *f = fixture_new(1);
	int64_t i = 0;

	while (!f->outlook.known || i % 60)
		feed_minute(f, i++, 10);
	for (int k = 0; k < 3; k++)
		feed_minute(f, i++, 10);
	ck_near(f->outlook.coverage, 1, .01);

	double load = f->window.load, unserved = f->window.unserved;
	double keep = f->window.thinning.discount;

	/* 10 was planned for, 30 comes: 20 are not served. */
	feed_minute(f, i++, 30);
	ck_near(f->window.load, keep * load + 30, 1e-6);
	ck_near(f->window.unserved, keep * unserved + 20, .2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("window");
	TCase *tc = tcase_create("window");

	tcase_add_test(tc, an_outcome_is_scored_when_its_window_has_ended);
	tcase_add_test(tc, an_outcome_that_is_not_known_is_not_scored);
	tcase_add_test(tc, the_baselines_are_what_they_say);
	tcase_add_loop_test(tc, long_windows_are_scored_thinner, 0,
			    (int)ARRAY_LEN(strides));
	tcase_add_test(tc, the_first_solution_comes_with_the_last_row_that_it_needs);
	tcase_add_test(tc, rows_of_the_day_are_learned_from_the_second_day_on);
	tcase_add_test(tc, a_regression_does_not_run_away);
	tcase_add_test(tc, a_regression_leans_to_the_side_where_load_is_lost);
	tcase_add_test(tc, the_served_share_counts_what_lay_above);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
