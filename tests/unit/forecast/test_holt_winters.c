#include "forecast/holt_winters.h"

#include "unit/harness.h"

/* Ten, a trend of one, and two seasons that differ from zero; no innovation is cut. */
static struct holt_winters example(void)
{
	struct holt_winters hw = {
		.fitted = true,
		.rates = {.alpha = .3, .beta = .2, .gamma = .4, .phi = .9, .rho = .5},
		.level = 10,
		.trend = 1,
		.swing = 1000,
	};

	hw.season[0] = 2;
	hw.season[1] = -2;
	return hw;
}

/* Computed in rational numbers (Python's fractions) from the textbook's component form,
 * which is another than the code's: l' = alpha (y - s) + (1 - alpha)(l + phi b), b' =
 * beta (l' - l) + (1 - beta) phi b, s' = gamma (y - l') + (1 - gamma) s. */
static const struct {
	double y, level, trend, season, error;
} steps[] = {
	{13, 10.93, 0.906, 2.028, 0.1},
	{9, 11.52178, 0.770676, -2.208712, -0.7454},
	{12, 12.15077188, 0.680685096, -0.060308752, -0.2153884},
};

START_TEST(the_recursion_is_the_textbooks)
{
	struct holt_winters hw = example();

	for (size_t i = 0; i < 3; i++) {
		holt_winters_step(&hw, steps[i].y);
		ck_near(hw.level, steps[i].level, 1e-6);
		ck_near(hw.trend, steps[i].trend, 1e-6);
		ck_near(hw.season[i], steps[i].season, 1e-6);
		ck_near(hw.error, steps[i].error, 1e-6);
	}
	ck_assert_int_eq(hw.next, 3);
	ck_assert_int_eq(hw.slot, 3);
}
END_TEST

START_TEST(the_forecast_adds_damped_trend_season_and_fading_error)
{
	static const double ahead[] = {12.6556942664, 13.26089629416, 13.784039279144};
	struct holt_winters hw = example();

	for (size_t i = 0; i < 3; i++)
		holt_winters_step(&hw, steps[i].y);
	for (int k = 0; k < 3; k++)
		ck_near(holt_winters_maximum(&hw, CELL_MINUTES * (3 + k), CELL_MINUTES),
			ahead[k], 1e-6);
	/* Slot 0 of tomorrow, 286 cells ahead. */
	ck_near(holt_winters_base(&hw, CELLS_PER_DAY), 20.3049377439995, 1e-5);
}
END_TEST

START_TEST(a_window_takes_the_largest_of_the_cells_it_touches)
{
	struct holt_winters hw = {.fitted = true, .level = 5};

	hw.season[1] = 3;
	hw.season[2] = 7;
	ck_near(holt_winters_maximum(&hw, 0, 5), 5, 0);
	ck_near(holt_winters_maximum(&hw, 0, 6), 8, 0);
	ck_near(holt_winters_maximum(&hw, 4, 6), 8, 0);
	ck_near(holt_winters_maximum(&hw, 4, 7), 12, 0);
	ck_near(holt_winters_maximum(&hw, 15, 60), 5, 0);
}
END_TEST

START_TEST(a_missing_cell_carries_the_state_on)
{
	struct holt_winters hw = example();

	holt_winters_step(&hw, 13);

	double level = hw.level, trend = hw.trend, error = hw.error;
	float season = hw.season[1];

	holt_winters_step(&hw, NAN);
	ck_near(hw.trend, .9 * trend, 1e-12);
	ck_near(hw.level, level + .9 * trend, 1e-12);
	ck_near(hw.error, .5 * error, 1e-12);
	ck_near(hw.season[1], season, 0);
	ck_assert_int_eq(hw.next, 2);
}
END_TEST

START_TEST(a_spike_is_cut_to_what_a_day_contains)
{
	struct holt_winters hw = {.fitted = true,
				  .rates = {.alpha = .5, .gamma = .5},
				  .level = 10,
				  .swing = 4};

	holt_winters_step(&hw, 1e6);
	ck_near(hw.level, 12, 1e-9);
	ck_near(hw.season[0], 1, 1e-6);
	hw = (struct holt_winters){.rates = {.alpha = .5}, .level = 10, .swing = 4};
	holt_winters_step(&hw, -1e6);
	ck_near(hw.level, 8, 1e-9);
}
END_TEST

START_TEST(a_new_level_that_stays_is_accepted)
{
	struct holt_winters hw = {
		.rates = {.alpha = .2, .gamma = .1}, .level = 10, .swing = 1};

	for (int i = 0; i < 60; i++)
		holt_winters_step(&hw, 500);
	ck_near(holt_winters_base(&hw, hw.next), 500, 5);
}
END_TEST

START_TEST(seasons_sum_to_zero_after_a_day)
{
	struct holt_winters hw = {
		.rates = {.alpha = .1, .gamma = .9}, .level = 0, .swing = 100};
	double sum = 0;

	for (int i = 0; i < CELLS_PER_DAY; i++)
		holt_winters_step(&hw, 50 + i % 7);
	for (int i = 0; i < CELLS_PER_DAY; i++)
		sum += hw.season[i];
	ck_near(sum, 0, 1e-3);
	ck_assert_int_eq(hw.slot, 0);
	/* Moved, not lost: the forecast for the last slot is what it was. */
	ck_near(holt_winters_base(&hw, 2 * CELLS_PER_DAY - 1), 50 + 287 % 7, 1);
}
END_TEST

START_TEST(a_cell_knows_its_place_in_the_day)
{
	ck_assert_int_eq(cell_of_day(0), 0);
	ck_assert_int_eq(cell_of_day(CELLS_PER_DAY), 0);
	ck_assert_int_eq(cell_of_day(5 * CELLS_PER_DAY + 17), 17);
	ck_assert_int_eq(cell_of_day(-1), CELLS_PER_DAY - 1);
	ck_assert_int_eq(cell_of_day(-CELLS_PER_DAY), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("holt_winters");
	TCase *tc = tcase_create("holt_winters");

	tcase_add_test(tc, the_recursion_is_the_textbooks);
	tcase_add_test(tc, the_forecast_adds_damped_trend_season_and_fading_error);
	tcase_add_test(tc, a_window_takes_the_largest_of_the_cells_it_touches);
	tcase_add_test(tc, a_missing_cell_carries_the_state_on);
	tcase_add_test(tc, a_spike_is_cut_to_what_a_day_contains);
	tcase_add_test(tc, a_new_level_that_stays_is_accepted);
	tcase_add_test(tc, seasons_sum_to_zero_after_a_day);
	tcase_add_test(tc, a_cell_knows_its_place_in_the_day);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
