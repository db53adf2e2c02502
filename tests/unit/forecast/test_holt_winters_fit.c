#include "forecast/holt_winters_fit.h"

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

static bool fit(const struct history *h, int32_t window, struct holt_winters *ret_fitted)
{
	AUTO_FREE struct holt_winters_fit *work = xcalloc(1, sizeof(*work));

	if (!holt_winters_fit_begin(work, h, cell_of(h->newest + 1), window))
		return false;
	for (int passes = 1; holt_winters_fit_work(work, h, ret_fitted); passes++)
		ck_assert_int_lt(passes, 100);
	ck_assert(!work->running);
	return true;
}

static double day_of(int64_t cell)
{
	return 2 * M_PI * (double)cell_of_day(cell) / CELLS_PER_DAY;
}

static double smooth(int64_t cell, struct rng *noise)
{
	(void)noise;
	return 100 - 50 * cos(day_of(cell));
}

static double noisy(int64_t cell, struct rng *noise)
{
	return 100 - 50 * cos(day_of(cell)) + 5 * rng_normal(noise);
}

/* A level that walks on its own, without a season. */
static double walking(int64_t cell, struct rng *noise)
{
	static double level;

	level = cell ? level + 2 * rng_normal(noise) : 1000;
	return level;
}

/* Up for three and a half hours and down again, with no regard to the time of the day. */
static double climbing(int64_t cell, struct rng *noise)
{
	int64_t phase = cell % 84;

	(void)noise;
	return 100 + 10 * (double)(phase < 42 ? phase : 84 - phase);
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
	return cell_of_day(cell) < 96 ? NAN : smooth(cell, noise);
}

START_TEST(less_than_three_days_are_not_fitted)
{
	struct holt_winters hw = {0};
	AUTO_FREE struct history *two = history_of(smooth, 2);
	AUTO_FREE struct history *three = history_of(smooth, 3);

	ck_assert(!fit(two, 3, &hw));
	ck_assert(!hw.fitted);
	ck_assert(fit(three, 3, &hw));
	ck_assert(hw.fitted);
}
END_TEST

START_TEST(a_history_without_values_is_not_fitted)
{
	struct holt_winters hw = {0};
	AUTO_FREE struct history *h = history_of(silent, 5);

	ck_assert(!fit(h, 3, &hw));
}
END_TEST

START_TEST(a_smooth_day_is_forecast_closely)
{
	static load_function *const loads[] = {smooth, torn, opening_hours};
	struct holt_winters hw;
	AUTO_FREE struct history *h = history_of(loads[_i], 10);

	ck_assert(fit(h, 3, &hw));
	ck_assert_int_eq(hw.next, cell_of(h->newest) + 1);
	for (int64_t ahead = 100; ahead < 250; ahead += 10)
		ck_near(holt_winters_base(&hw, hw.next + ahead), smooth(ahead, NULL), 3);
}
END_TEST

START_TEST(a_constant_stays_constant)
{
	struct holt_winters hw;
	AUTO_FREE struct history *h = history_of(constant, 14);

	ck_assert(fit(h, 120, &hw));
	ck_near(holt_winters_maximum(&hw, h->newest + 1, 120), 42, 1e-6);
}
END_TEST

/* Rates follow the kind of load: under noise a new value says little, on a walk it says
 * all. */
START_TEST(a_walk_is_followed_faster_than_noise)
{
	struct holt_winters quiet, brisk;
	AUTO_FREE struct history *noise = history_of(noisy, 14);
	AUTO_FREE struct history *walk = history_of(walking, 14);

	ck_assert(fit(noise, 3, &quiet));
	ck_assert(fit(walk, 3, &brisk));
	ck_assert(quiet.rates.alpha <= .1);
	ck_assert(quiet.rates.rho <= .3);
	ck_assert(brisk.rates.alpha + (1 - brisk.rates.alpha) * brisk.rates.rho >= .6);
}
END_TEST

/* The season's noise averages out: closer to the truth than a single day is (5 of noise).
 */
START_TEST(the_season_is_closer_to_the_truth_than_yesterday)
{
	struct holt_winters hw;
	AUTO_FREE struct history *h = history_of(noisy, 14);
	double total = 0;

	ck_assert(fit(h, 3, &hw));
	for (int64_t ahead = 0; ahead < CELLS_PER_DAY; ahead++)
		total += fabs(holt_winters_base(&hw, hw.next + ahead) -
			      smooth(ahead, NULL));
	/* Mean absolute value of the noise: 5 sqrt(2 / pi) = 3.99. */
	ck_assert(total / CELLS_PER_DAY < .75 * 3.99);
}
END_TEST

START_TEST(a_trend_is_taken_where_it_pays)
{
	struct holt_winters steady, rising;
	AUTO_FREE struct history *flat = history_of(noisy, 14);
	AUTO_FREE struct history *steep = history_of(climbing, 14);

	ck_assert(fit(flat, 60, &steady));
	ck_near(steady.rates.phi, 0, 0);
	ck_assert(fit(steep, 60, &rising));
	ck_assert(rising.rates.phi > 0);
	/* 14 days are 48 whole waves: the last way was down. */
	ck_assert(rising.trend < 0);
}
END_TEST

START_TEST(the_same_history_gives_the_same_fit)
{
	struct holt_winters one, other;
	AUTO_FREE struct history *h = history_of(noisy, 6);

	ck_assert(fit(h, 13, &one));
	ck_assert(fit(h, 13, &other));
	ck_near(one.level, other.level, 0);
	ck_near(one.rates.alpha, other.rates.alpha, 0);
	ck_assert_int_eq(memcmp(one.season, other.season, sizeof(one.season)), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("holt_winters_fit");
	TCase *tc = tcase_create("holt_winters_fit");

	tcase_add_test(tc, less_than_three_days_are_not_fitted);
	tcase_add_test(tc, a_history_without_values_is_not_fitted);
	tcase_add_loop_test(tc, a_smooth_day_is_forecast_closely, 0, 3);
	tcase_add_test(tc, a_constant_stays_constant);
	tcase_add_test(tc, a_walk_is_followed_faster_than_noise);
	tcase_add_test(tc, the_season_is_closer_to_the_truth_than_yesterday);
	tcase_add_test(tc, a_trend_is_taken_where_it_pays);
	tcase_add_test(tc, the_same_history_gives_the_same_fit);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
