#include "forecast/holt_winters.h"

#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

#define FIRST_DAY 17000 /* days since the epoch */

/* A load by cell since the first day. */
typedef double load_function(int64_t cell, struct rng *noise);

static struct history *history_of(load_function *load, int days)
{
	struct history *h = xmalloc(sizeof(*h));
	struct rng noise;
	int64_t start = (int64_t)FIRST_DAY * MINUTES_PER_DAY;

	history_init(h);
	rng_init(&noise, 11);
	for (int64_t cell = 0; cell < (int64_t)days * CELLS_PER_DAY; cell++) {
		double v = load(cell, &noise);

		for (int64_t i = 0; i < CELL_MINUTES; i++)
			history_add(h, start + cell * CELL_MINUTES + i, v);
	}
	return h;
}

static bool fit(struct holt_winters *hw, const struct history *h, int32_t window)
{
	if (!holt_winters_fit_begin(hw, h, cell_of(h->newest + 1), window))
		return false;
	for (int passes = 1; holt_winters_fit_work(hw, h); passes++)
		ck_assert_int_lt(passes, 100);
	ck_assert(!hw->fit.running);
	return true;
}

static struct holt_winters *fitted_to(const struct history *h, int32_t window)
{
	struct holt_winters *hw = xcalloc(1, sizeof(*hw));

	ck_assert(fit(hw, h, window));
	return hw;
}

/* The forecast of a single cell. */
static double at(struct holt_winters *hw, int64_t cell)
{
	return holt_winters_maximum(hw, cell * CELL_MINUTES, CELL_MINUTES);
}

static double smooth(int64_t cell, struct rng *noise)
{
	(void)noise;
	return 100 - 50 * cos(2 * M_PI * (double)cell / CELLS_PER_DAY);
}

static double noisy(int64_t cell, struct rng *noise)
{
	return smooth(cell, noise) + 5 * rng_normal(noise);
}

static double silent(int64_t cell, struct rng *noise)
{
	(void)cell;
	(void)noise;
	return NAN;
}

static double constant(int64_t cell, struct rng *noise)
{
	(void)cell;
	(void)noise;
	return 42;
}

/* The second half of the history is missing but for the last two days. */
static double torn(int64_t cell, struct rng *noise)
{
	return cell > 4 * CELLS_PER_DAY && cell < 8 * CELLS_PER_DAY ? NAN
								    : smooth(cell, noise);
}

/* Nothing at night, ever. */
static double opening_hours(int64_t cell, struct rng *noise)
{
	return cell % CELLS_PER_DAY < 96 ? NAN : smooth(cell, noise);
}

START_TEST(less_than_three_days_are_not_fitted)
{
	struct holt_winters hw = {0};
	AUTO_FREE struct history *two = history_of(smooth, 2);
	AUTO_FREE struct history *three = history_of(smooth, 3);

	ck_assert(!fit(&hw, two, 3));
	ck_assert(!hw.fitted);
	ck_assert(fit(&hw, three, 3));
	ck_assert(hw.fitted);
}
END_TEST

START_TEST(a_history_without_values_is_not_fitted)
{
	struct holt_winters hw = {0};
	AUTO_FREE struct history *h = history_of(silent, 5);

	ck_assert(!fit(&hw, h, 3));
}
END_TEST

START_TEST(a_smooth_day_is_forecast_closely)
{
	static load_function *const loads[] = {smooth, torn, opening_hours};
	AUTO_FREE struct history *h = history_of(loads[_i], 10);
	AUTO_FREE struct holt_winters *hw = fitted_to(h, 3);

	ck_assert_int_eq(hw->model.next, cell_of(h->newest) + 1);
	for (int64_t ahead = 100; ahead < 250; ahead += 10)
		ck_near(at(hw, hw->model.next + ahead), smooth(ahead, NULL), 3);
}
END_TEST

START_TEST(a_constant_stays_constant)
{
	AUTO_FREE struct history *h = history_of(constant, 14);
	AUTO_FREE struct holt_winters *hw = fitted_to(h, 120);

	ck_near(holt_winters_maximum(hw, h->newest + 1, 120), 42, 1e-6);
}
END_TEST

/* The season's noise averages out: closer to the truth than a single day is (5 of noise).
 */
START_TEST(the_season_is_closer_to_the_truth_than_yesterday)
{
	AUTO_FREE struct history *h = history_of(noisy, 14);
	AUTO_FREE struct holt_winters *hw = fitted_to(h, 3);
	double total = 0;

	for (int64_t ahead = 0; ahead < CELLS_PER_DAY; ahead++)
		total += fabs(at(hw, hw->model.next + ahead) - smooth(ahead, NULL));
	/* Mean absolute value of the noise: 5 sqrt(2 / pi) = 3.99. */
	ck_assert(total / CELLS_PER_DAY < .75 * 3.99);
}
END_TEST

START_TEST(a_window_takes_the_largest_of_the_cells_it_touches)
{
	AUTO_FREE struct history *h = history_of(noisy, 5);
	AUTO_FREE struct holt_winters *hw = fitted_to(h, 3);
	int64_t cell = hw->model.next, minute = cell * CELL_MINUTES;

	for (int first = 0; first < 12; first++) {
		for (int count = 1; count < 30; count++) {
			double largest = -INFINITY;

			for (int i = first; i < first + count; i++)
				largest = fmax(largest, at(hw, cell + i / CELL_MINUTES));
			ck_near(holt_winters_maximum(hw, minute + first, count), largest,
				1e-9);
		}
	}
}
END_TEST

START_TEST(the_same_history_gives_the_same_fit)
{
	AUTO_FREE struct history *h = history_of(noisy, 6);
	AUTO_FREE struct holt_winters *hw = fitted_to(h, 13);
	int64_t minute = hw->model.next * CELL_MINUTES;
	double before = holt_winters_maximum(hw, minute, 120);

	ck_assert(fit(hw, h, 13));
	ck_near(holt_winters_maximum(hw, minute, 120), before, 0);
}
END_TEST

/* Too short, and long enough without a value. */
START_TEST(a_fit_that_cannot_begin_leaves_the_model_as_it_was)
{
	AUTO_FREE struct history *h = history_of(noisy, 6);
	AUTO_FREE struct holt_winters *hw = fitted_to(h, 13);
	AUTO_FREE struct history *other =
		_i ? history_of(silent, 5) : history_of(smooth, 2);
	int64_t cell = hw->model.next;
	double before[CELLS_PER_DAY];

	for (int32_t i = 0; i < CELLS_PER_DAY; i++)
		before[i] = at(hw, cell + i);
	ck_assert(!fit(hw, other, 13));
	holt_winters_step(hw, before[0]);
	for (int32_t i = 1; i < CELLS_PER_DAY; i++)
		ck_near(at(hw, cell + i), before[i], 1e-9);
}
END_TEST

START_TEST(steps_move_the_model_on_by_cells)
{
	AUTO_FREE struct history *h = history_of(smooth, 5);
	AUTO_FREE struct holt_winters *hw = fitted_to(h, 13);
	int64_t next = hw->model.next;
	double ahead = at(hw, next + 3);

	for (int i = 0; i < 3; i++)
		holt_winters_step(hw, NAN);
	ck_assert_int_eq(hw->model.next, next + 3);
	ck_near(at(hw, next + 3), ahead, 1e-9);
}
END_TEST

/* What was said before is not said again once the model has moved on, whoever asked. */
START_TEST(answers_are_those_of_the_model_as_it_stands)
{
	AUTO_FREE struct history *h = history_of(noisy, 6);
	AUTO_FREE struct holt_winters *hw = fitted_to(h, 13);
	int64_t ahead = (hw->model.next + 1) * CELL_MINUTES;

	for (int round = 0; round < 2; round++)
		for (int count = 1; count <= 60; count += 5)
			ck_near(holt_winters_maximum(hw, ahead, count),
				smoothing_maximum(&hw->model, 2, (count + 4) / 5), 0);

	double before = holt_winters_maximum(hw, ahead, 5);

	holt_winters_step(hw, before + 20);

	double after = smoothing_maximum(&hw->model, 1, 1);

	ck_assert(after > before);
	ck_near(holt_winters_maximum(hw, ahead, 5), after, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("holt_winters");
	TCase *tc = tcase_create("holt_winters");

	tcase_add_test(tc, less_than_three_days_are_not_fitted);
	tcase_add_test(tc, a_history_without_values_is_not_fitted);
	tcase_add_loop_test(tc, a_smooth_day_is_forecast_closely, 0, 3);
	tcase_add_test(tc, a_constant_stays_constant);
	tcase_add_test(tc, the_season_is_closer_to_the_truth_than_yesterday);
	tcase_add_test(tc, a_window_takes_the_largest_of_the_cells_it_touches);
	tcase_add_test(tc, the_same_history_gives_the_same_fit);
	tcase_add_loop_test(tc, a_fit_that_cannot_begin_leaves_the_model_as_it_was, 0, 2);
	tcase_add_test(tc, steps_move_the_model_on_by_cells);
	tcase_add_test(tc, answers_are_those_of_the_model_as_it_stands);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
