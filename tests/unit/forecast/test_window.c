#include "forecast/window.h"

#include "base/base.h"
#include "forecast/select.h"
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
	window_learn(&f->window, &f->history, f->history.newest);
	feature_row_recent(&f->history, minute, &recent);
	window_predict(&f->window, &f->history, &f->holt_winters, &recent, &f->outlook);
}

/* What was predicted at this minute and will be scored; NULL: it will not. */
static struct pending *pending_at(struct fixture *f, int64_t minute)
{
	struct pending *made =
		&f->window.pending[minute / f->window.stride % PENDING_MAX];

	return made->minute == minute ? made : NULL;
}

START_TEST(an_outcome_is_scored_when_its_window_has_ended)
{
	AUTO_FREE struct fixture *f = fixture_new(5);
	const struct tracker *t = &f->window.tracker;

	for (int64_t i = 0; i < 5; i++)
		feed_minute(f, i, 10);
	ck_near(t->scores[FC_LAST_VALUE], 0, 0);
	feed_minute(f, 5, 17);
	/* Each score stands for two minutes. */
	ck_near(t->scores[FC_LAST_VALUE], 2, 0);
	/* Predicted 10 at minute 0, largest within minutes 1 to 5 is 17. */
	ck_near(t->error[FC_LAST_VALUE], 7, 1e-9);
	feed_minute(f, 6, 10);
	ck_near(t->scores[FC_LAST_VALUE], 2, 0);
	feed_minute(f, 7, 10);
	ck_near(t->scores[FC_LAST_VALUE], 2, 0);
	/* Of minutes 2 and 3 it is the latter. */
	feed_minute(f, 8, 10);
	ck_near(t->scores[FC_LAST_VALUE], 4, 0);
	ck_near(t->bias[FC_LAST_VALUE], 7, 1e-9);
}
END_TEST

START_TEST(an_outcome_that_is_not_known_is_not_scored)
{
	AUTO_FREE struct fixture *f = fixture_new(5);
	const struct tracker *t = &f->window.tracker;

	for (int64_t i = 0; i < 20; i++)
		feed_minute(f, i, i % 10 == 4 || i % 10 == 5 ? NAN : 10);
	/* Outcomes that end at minutes 5 to 8 and 15 to 18 hold both missing minutes.
	 * Those of minutes 0, 3, 5, 6, 9, 10 and 12 are scored, for two minutes each: of
	 * 7 that ended 4 are torn. */
	ck_near(t->scores[FC_LAST_VALUE], 2 * (7 - 4), 0);
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
static const int32_t strides[][2] = {{1, 2},  {38, 2},  {39, 3}, {57, 3},
				     {58, 4}, {122, 7}, {130, 7}};

START_TEST(long_windows_are_scored_thinner)
{
	AUTO_FREE struct fixture *f = fixture_new(strides[_i][0]);
	int64_t stride = strides[_i][1];

	ck_assert_int_eq(f->window.stride, stride);
	for (int64_t i = 0; i < 1000; i++)
		feed_minute(f, i, 10);
	/* Every stride-th prediction, each for stride minutes. */
	ck_near(f->window.tracker.scores[FC_LAST_VALUE], 1000 - strides[_i][0],
		(double)stride);
}
END_TEST

/* The window for releases takes the minutes that the other leaves out. */
START_TEST(windows_of_two_phases_take_turns)
{
	AUTO_FREE struct fixture *f = fixture_new(5);
	AUTO_FREE struct fixture *other = fixture_new(5);

	other->window.phase = 1;
	for (int64_t i = 0; i < 7; i++) {
		feed_minute(f, i, 10);
		feed_minute(other, i, 10);
		ck_near(f->window.tracker.scores[FC_LAST_VALUE], i < 5 ? 0 : 2, 0);
		ck_near(other->window.tracker.scores[FC_LAST_VALUE], i < 6 ? 0 : 2, 0);
	}
}
END_TEST

/* {minutes that a value is held, size of every second value's noise} */
static const double held[][2] = {{2, 20}, {3, 20}, {4, 20}, {5, 20}, {5, 2}, {8, 20}};

/* The one-minute window meets a jump once in so many minutes: which ones are learned from
 * must not depend on that. */
START_TEST(jumps_of_every_few_minutes_are_met_as_often_as_they_come)
{
	AUTO_FREE struct fixture *f = fixture_new(1);
	int64_t minutes = (int64_t)held[_i][0];
	double load = 0, covered = 0;

	for (int64_t i = 0; i < 6 * DAY_MINUTES; i++) {
		int64_t step = i / minutes;
		double v = 100 + (step % 2 ? held[_i][1] : 20) * noise_at(step);

		if (i >= 2 * DAY_MINUTES) {
			ck_assert(f->outlook.known);
			load += v;
			covered += v <= f->outlook.upper ? v : 0;
		}
		feed_minute(f, i, v);
		if (i % 60 == 0)
			window_refit(&f->window);
	}
	ck_near(covered / load, f->window.quantile, .02);
}
END_TEST

START_TEST(the_first_solution_comes_with_the_last_row_that_it_needs)
{
	AUTO_FREE struct fixture *f = fixture_new(3);
	int64_t i = 0;

	while (!f->window.linear.sums[NEST_RECENT].solved) {
		feed_minute(f, i, daily(i));
		i++;
	}
	/* Rows of every second minute from minute 20 on, for 5 * 13 + 200 minutes, the
	 * last one known three minutes later. */
	ck_assert_int_eq(i, 20 + 265 + 3);
	ck_near(f->window.linear.minutes[NEST_RECENT], 266, 0);
	ck_assert(!f->window.linear.sums[NEST_DAY].solved);
}
END_TEST

START_TEST(rows_of_the_day_are_learned_from_the_second_day_on)
{
	AUTO_FREE struct fixture *f = fixture_new(3);

	for (int64_t i = 0; i < DAY_MINUTES + 3 + 100; i++)
		feed_minute(f, i, daily(i));
	ck_near(f->window.linear.minutes[NEST_RECENT], DAY_MINUTES + 100 - 20, 0);
	/* A row's centred means reach back seven minutes; half of one will do. */
	ck_assert_int_ge((int)f->window.linear.minutes[NEST_DAY], 92);
	ck_assert_int_le((int)f->window.linear.minutes[NEST_DAY], 100);
	ck_near(f->window.linear.minutes[NEST_WEEK], 0, 0);
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
	f->window.linear.sums[NEST_RECENT].solution[FEATURE_LAST] = 1e9;
	feed_minute(f, i, 100);

	const struct pending *made = &f->window.pending[i % PENDING_MAX];

	ck_assert(made->prediction[FC_LINEAR_RECENT] > 100);
	ck_assert(made->prediction[FC_LINEAR_RECENT] < 250);
}
END_TEST

START_TEST(the_served_share_counts_what_lay_above)
{
	AUTO_FREE struct fixture *f = fixture_new(1);
	int64_t i = 0;

	while (!f->outlook.known || i % 60)
		feed_minute(f, i++, 10);
	do
		feed_minute(f, i++, 10);
	while (!pending_at(f, i - 1));
	ck_near(f->outlook.coverage, 1, .01);

	double load = f->window.load, unserved = f->window.unserved;
	double keep = f->window.thinning.discount;

	/* 10 was planned for, 30 comes: 20 are not served. */
	feed_minute(f, i++, 30);
	ck_near(f->window.load, keep * load + 30, 1e-6);
	ck_near(f->window.unserved, keep * unserved + 20, .2);
}
END_TEST

/* Nine quiet minutes of 10 to a busy one of 100, whose error is ten times as large. The
 * busy ones are half of the load: 0.9 of the minutes would leave all of them out. */
static double bursty(int64_t i)
{
	bool busy = noise_at(i * 7919) > 1.28;

	return busy ? 100 + 10 * noise_at(i) : 10 + noise_at(i);
}

START_TEST(the_quantile_covers_a_share_of_the_load)
{
	AUTO_FREE struct fixture *f = fixture_new(1);
	double load = 0, covered = 0;
	int64_t minutes = 0, below = 0;

	for (int64_t i = 0; i < 20 * DAY_MINUTES; i++) {
		double v = bursty(i);

		if (f->outlook.known && i > 3 * DAY_MINUTES) {
			load += v;
			covered += v <= f->outlook.upper ? v : 0;
			minutes++;
			below += v <= f->outlook.upper;
		}
		feed_minute(f, i, v);
		if (i % 60 == 0)
			window_refit(&f->window);
	}
	ck_near(covered / load, .9, .01);
	ck_assert((double)below / (double)minutes > .94);
}
END_TEST

/* Misses of what was said, while no candidate's own quantile moves, widen what is said
 * next, up to a bound. */
START_TEST(what_is_said_is_calibrated_once_more)
{
	AUTO_FREE struct fixture *f = fixture_new(1);
	int64_t i = 0;

	while (!f->outlook.known)
		feed_minute(f, i, 10 + noise_at(i)), i++;
	for (int miss = 0; miss < 5; miss++) {
		while (!pending_at(f, i - 1))
			feed_minute(f, i, 10 + noise_at(i)), i++;

		double before = f->window.shift;

		pending_at(f, i - 1)->upper = 0;
		feed_minute(f, i, 10 + noise_at(i));
		i++;
		ck_assert(f->window.shift > before);
	}

	double shift = f->window.shift, upper;
	struct choice choice = {.speaks = FC_LINEAR_RECENT};
	struct outlook outlook;

	select_outlook(&f->window, &choice, 10, 2, &outlook);
	upper = outlook.upper;
	f->window.shift = 0;
	select_outlook(&f->window, &choice, 10, 2, &outlook);
	ck_near(upper, outlook.upper + 2 * shift, 1e-9);
}
END_TEST

START_TEST(only_models_of_the_seasons_that_are_asked_for_may_speak)
{
	static const struct {
		enum forecast_seasons seasons;
		bool allowed[FC_MODEL_COUNT];
	} cases[] = {
		{FORECAST_SEASONS_DAY_AND_WEEK, {1, 1, 1, 1, 1, 1, 1, 1}},
		{FORECAST_SEASONS_DAY, {1, 1, 1, 1, 1, 0, 1, 1}},
		{FORECAST_SEASONS_NONE, {1, 1, 0, 1, 0, 0, 0, 1}},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct window w;
		struct window_config config = {.minutes = 5,
					       .quantile = .9,
					       .use_linear = true,
					       .use_holt_winters = true,
					       .seasons = cases[i].seasons};

		window_init(&w, &config);
		for (int32_t m = 0; m < FC_MODEL_COUNT; m++)
			ck_assert_int_eq(w.allowed[m], cases[i].allowed[m]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("window");
	TCase *tc = tcase_create("window");

	tcase_add_test(tc, only_models_of_the_seasons_that_are_asked_for_may_speak);
	tcase_add_test(tc, an_outcome_is_scored_when_its_window_has_ended);
	tcase_add_test(tc, an_outcome_that_is_not_known_is_not_scored);
	tcase_add_test(tc, the_baselines_are_what_they_say);
	tcase_add_loop_test(tc, long_windows_are_scored_thinner, 0,
			    (int)ARRAY_LEN(strides));
	tcase_add_test(tc, windows_of_two_phases_take_turns);
	tcase_add_loop_test(tc, jumps_of_every_few_minutes_are_met_as_often_as_they_come,
			    0, ARRAY_LEN(held));
	tcase_add_test(tc, the_first_solution_comes_with_the_last_row_that_it_needs);
	tcase_add_test(tc, rows_of_the_day_are_learned_from_the_second_day_on);
	tcase_add_test(tc, a_regression_does_not_run_away);
	tcase_add_test(tc, the_served_share_counts_what_lay_above);
	tcase_add_test(tc, the_quantile_covers_a_share_of_the_load);
	tcase_add_test(tc, what_is_said_is_calibrated_once_more);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
