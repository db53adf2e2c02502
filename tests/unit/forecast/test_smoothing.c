#include "forecast/smoothing.h"
#include "forecast/logarithm.h"

#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

#define VALUES 16

/* y = 30 + 7 i mod 11 + {6, -2, -7, 3}[i mod 4] + i / 2 */
static const double values[VALUES] = {36, 35.5, 27, 44.5, 44, 32.5, 35, 41.5,
				      41, 40.5, 32, 38.5, 49, 37.5, 40, 46.5};

/* statsmodels 0.15.0, ExponentialSmoothing(values, trend='add', damped_trend=True,
 * seasonal='add', seasonal_periods=4, initialization_method='known', initial_level=33,
 * initial_trend=.5, initial_seasonal=[5, -1, -6, 2]).fit(smoothing_level=.3,
 * smoothing_trend=.2, smoothing_seasonal=.25, damping_trend=.9, optimized=False): the
 * last of level, trend and season, and forecast(6). */
static const double damped_level = 42.733902987024926, damped_trend = 0.5984890160373234;
static const double damped_season[] = {5.9062348874247785, -1.2476079211189868,
				       -4.4611352889422315, 2.9633131236367216};
static const double damped_path[] = {49.1787779888833,   42.509711283329764,
				     39.732482408197725, NAN,
				     50.84592300706671,  44.010141799694836};

/* Taylor's recursion in its component form, in numpy: l' = a (y - s1 - s2) + (1 - a) l,
 * s1' = d (y - l' - s2) + (1 - d) s1, s2' = w (y - l' - s1) + (1 - w) s2, forecast k
 * steps ahead = l + s1 + s2 + .6^k (y - l before - s1 - s2), with a = .2, d = .3, w =
 * .15, seasons of 2 and 4 steps that start at {3, -3} and {2, 1, -2, -1}, l = 33. */
static const double double_level = 38.80244971698916;
static const double double_seasons[] = {4.306483496976369,   2.6564561634105583,
					3.6281326594457557,  0.6446940655943639,
					-2.9748909109575714, 2.1835340161109147};
static const double double_path[] = {50.63373874180588, 44.44160366703084,
				     41.53684453563002, 44.484121236083865,
				     47.24207467715522, 42.40660522824045};

struct model {
	struct smoothing s;
	double seasons[8];
};

/* Nothing is cut, and the seasons are not made to sum to zero. */
static void run(struct model *m, const double *start, size_t count, double level)
{
	memcpy(m->seasons, start, count * sizeof(*start));
	m->s.swing = 1000;
	m->s.level = level;
	m->s.least = 0;
	m->s.most = 1000;
	for (int i = 0; i < VALUES; i++)
		smoothing_advance(&m->s, values[i]);
}

static void run_damped(struct model *m)
{
	static const double start[] = {5, -1, -6, 2};
	static const struct smoothing_config config = {.seasons = {4}, .horizon = 6};

	smoothing_init(&m->s, &config, m->seasons);
	m->s.gains = (struct smoothing_gains){
		.alpha = .3, .beta = .3 * .2, .gamma = {.25}, .phi = .9};
	m->s.trend = .5;
	run(m, start, ARRAY_LEN(start), 33);
}

static void run_double(struct model *m)
{
	static const double start[] = {3, -3, 2, 1, -2, -1};
	static const struct smoothing_config config = {.seasons = {2, 4}, .horizon = 6};

	smoothing_init(&m->s, &config, m->seasons);
	m->s.gains = (struct smoothing_gains){
		.alpha = .2, .gamma = {.8 * .3, .8 * .15}, .rho = .6};
	run(m, start, ARRAY_LEN(start), 33);
}

START_TEST(a_damped_trend_and_a_season_agree_with_statsmodels)
{
	struct model m;
	double path[6];

	run_damped(&m);
	ck_near(m.s.level, damped_level, 1e-9);
	ck_near(m.s.trend, damped_trend, 1e-9);
	for (int i = 0; i < 4; i++)
		ck_near(m.seasons[i], damped_season[i], 1e-9);
	smoothing_path(&m.s, 6, path);
	for (int k = 0; k < 6; k++) {
		if (k != 3)
			ck_near(path[k], damped_path[k], 1e-9);
	}
	ck_assert_int_eq(m.s.next, VALUES);
}
END_TEST

START_TEST(two_seasons_and_the_fading_error_agree_with_taylor)
{
	struct model m;
	double path[6];

	run_double(&m);
	ck_near(m.s.level, double_level, 1e-9);
	for (int i = 0; i < 6; i++)
		ck_near(m.seasons[i], double_seasons[i], 1e-9);
	smoothing_path(&m.s, 6, path);
	for (int k = 0; k < 6; k++)
		ck_near(path[k], double_path[k], 1e-9);
}
END_TEST

START_TEST(the_largest_is_that_of_the_path)
{
	struct model m;
	double path[12];

	run_damped(&m);
	m.s.gains.rho = .5;
	smoothing_path(&m.s, 12, path);
	for (int32_t i = 0; i < 12; i++)
		ck_near(smoothing_ahead(&m.s, i + 1), path[i], 1e-9 * fabs(path[i]));
	for (int first = 1; first <= 12; first++) {
		for (int count = 1; first + count <= 13; count++) {
			double largest = -INFINITY;

			for (int k = first; k < first + count; k++)
				largest = fmax(largest, path[k - 1]);
			ck_near(smoothing_maximum(&m.s, first, count), largest, 1e-12);
		}
	}
}
END_TEST

START_TEST(renormalising_changes_no_forecast)
{
	struct model m;
	double before[12], after[12];

	run_double(&m);
	smoothing_path(&m.s, 12, before);
	smoothing_renormalise(&m.s);
	smoothing_path(&m.s, 12, after);
	for (int k = 0; k < 12; k++)
		ck_near(after[k], before[k], 1e-12);
	ck_near(m.seasons[0] + m.seasons[1], 0, 1e-12);
	ck_near(m.seasons[2] + m.seasons[3] + m.seasons[4] + m.seasons[5], 0, 1e-12);
	ck_near(m.s.swing,
		4.306483496976369 - 2.6564561634105583 + 3.6281326594457557 +
			2.9748909109575714,
		1e-9);
}
END_TEST

START_TEST(a_step_renormalises_once_a_cycle)
{
	struct model m;

	run_double(&m);
	smoothing_step(&m.s, 50);
	smoothing_step(&m.s, 40);
	smoothing_step(&m.s, 40);
	ck_assert(fabs(m.seasons[0] + m.seasons[1]) > 1);
	smoothing_step(&m.s, 40);
	ck_near(m.seasons[0] + m.seasons[1], 0, 1e-12);
}
END_TEST

START_TEST(a_missing_value_carries_the_state_on)
{
	struct model m;
	double before[8], after[4];

	run_double(&m);
	smoothing_path(&m.s, 8, before);
	smoothing_step(&m.s, NAN);
	smoothing_path(&m.s, 4, after);
	ck_near(after[0], before[1], 1e-12);
	smoothing_step(&m.s, 1e301);
	smoothing_path(&m.s, 4, after);
	ck_near(after[0], before[2], 1e-12);
	ck_assert_int_eq(m.s.next, VALUES + 2);
	/* A gap longer than the first season: the error has nothing to say any more. */
	ck_assert(m.s.error != 0);
	smoothing_step(&m.s, NAN);
	ck_near(m.s.error, 0, 0);
}
END_TEST

START_TEST(a_spike_is_cut_to_what_a_season_contains)
{
	struct model m;
	static const struct smoothing_config config = {.seasons = {4}, .horizon = 1};

	smoothing_init(&m.s, &config, m.seasons);
	m.s.gains = (struct smoothing_gains){.alpha = .5, .gamma = {.25}};
	m.s.swing = 4;
	m.s.level = 10;
	smoothing_advance(&m.s, 1e6);
	ck_near(m.s.level, 12, 1e-9);
	ck_near(m.seasons[0], 1, 1e-9);
}
END_TEST

START_TEST(a_level_that_shifts_for_good_is_followed)
{
	struct model m;
	static const struct smoothing_config config = {.seasons = {4}, .horizon = 1};

	smoothing_init(&m.s, &config, m.seasons);
	m.s.gains = (struct smoothing_gains){.alpha = .01, .gamma = {.1}};
	m.s.swing = 4;
	m.s.level = 10;
	for (int i = 0; i < 20; i++) {
		/* Spikes alone, on either side, are no shift. */
		smoothing_step(&m.s, i % 4 ? 10 : 1000);
		smoothing_step(&m.s, 10);
	}
	ck_assert(m.s.level < 20);
	for (int i = 0; i < 20; i++)
		smoothing_step(&m.s, -1000);
	ck_near(m.s.level, -1000, 10);
}
END_TEST

START_TEST(paths_stay_within_what_is_known_and_a_half)
{
	static const struct smoothing_config config = {.horizon = 100};
	double path[100];
	struct smoothing s;

	smoothing_init(&s, &config, NULL);
	s.gains = (struct smoothing_gains){.alpha = .9, .beta = .8, .phi = .999};
	for (int i = 0; i < 10; i++)
		smoothing_step(&s, 10 + i);
	smoothing_path(&s, 100, path);
	ck_near(path[99], 19 + 4.5, 0);
	for (int i = 0; i < 10; i++)
		smoothing_step(&s, 19 - 2 * i);
	smoothing_path(&s, 100, path);
	ck_assert(path[99] >= 0);
}
END_TEST

START_TEST(values_that_share_a_slot_share_its_season)
{
	static const struct smoothing_config config = {
		.seasons = {6, 12}, .spans = {0, 4}, .horizon = 12};
	double seasons[9] = {0, 0, 0, 0, 0, 0, 10, 20, 30}, path[12];
	struct smoothing s;

	ck_assert_uint_eq(smoothing_storage(&config), 9);
	smoothing_init(&s, &config, seasons);
	memcpy(seasons + 6, (double[]){10, 20, 30}, 3 * sizeof(*seasons));
	s.least = 0;
	s.most = 100;
	for (int step = 0; step < 30; step++) {
		smoothing_path(&s, 12, path);
		for (int k = 0; k < 12; k++)
			ck_near(path[k], 10 + 10 * ((step + k) / 4 % 3), 0);
		smoothing_advance(&s, NAN);
	}
}
END_TEST

/* Simulated: errors of the model itself, with unit noise, spread as the formula says. */
START_TEST(deviations_are_those_of_simulated_paths)
{
	static const struct smoothing_config config = {.seasons = {3}, .horizon = 7};
	double squares[7] = {0}, deviations[7];
	struct rng rng;
	struct model m;

	rng_init(&rng, 5);
	smoothing_init(&m.s, &config, m.seasons);
	m.s.gains = (struct smoothing_gains){
		.alpha = .3, .beta = .1, .gamma = {.4}, .phi = .8};
	m.s.noise = 1 / 1.2533141373155003;
	m.s.swing = 1e6;
	smoothing_deviations(&m.s, 7, deviations);
	for (int i = 0; i < 40000; i++) {
		struct model future = m;

		future.s.seasons[0].values = future.seasons;
		for (int h = 0; h < 7; h++) {
			const struct smoothing *s = &future.s;
			double y = s->level + .8 * s->trend + future.seasons[h % 3] +
				   rng_normal(&rng);

			squares[h] += y * y / 40000;
			smoothing_advance(&future.s, y);
		}
	}
	for (int h = 0; h < 7; h++)
		ck_near(sqrt(squares[h]) / deviations[h], 1, .02);
}
END_TEST

/* Every number of values, so that some are done four at a time and some are left. */
START_TEST(logarithms_of_many_are_those_of_each)
{
	float v[19], many[19];

	for (int i = 0; i < 19; i++)
		v[i] = (float)(exp(i - 9.3) - (i % 5 == 0));
	logarithms(v, _i, .25, .01, many);
	for (int i = 0; i < _i; i++) {
		double x = fmax((double)v[i] + .25, .01);

		ck_near(many[i], (float)logarithm(x), 0);
		ck_near(many[i], log(x), 1e-6 * fmax(fabs(log(x)), 1));
	}
}
END_TEST

START_TEST(logarithms_agree_with_the_librarys)
{
	struct rng rng;

	rng_init(&rng, 3);
	for (int i = 0; i < 20000; i++) {
		double x = 700 * (2 * rng_uniform(&rng) - 1), v = exp(x);
		double near = 1 + 1e-3 * rng_normal(&rng);

		ck_near(exponential(x) / v, 1, 4e-16);
		ck_near(logarithm(v), log(v), 5e-16 * fabs(log(v)));
		ck_near(logarithm(near), log(near), 5e-16 * fabs(log(near)));
	}
	ck_near(exponential(-1000), 0, 0);
	ck_near(exponential(1000), exponential(709), 0);
	ck_near(logarithm(1), 0, 0);
	ck_near(exponential(0), 1, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smoothing");
	TCase *tc = tcase_create("smoothing");

	tcase_add_test(tc, a_damped_trend_and_a_season_agree_with_statsmodels);
	tcase_add_test(tc, two_seasons_and_the_fading_error_agree_with_taylor);
	tcase_add_test(tc, the_largest_is_that_of_the_path);
	tcase_add_test(tc, renormalising_changes_no_forecast);
	tcase_add_test(tc, a_step_renormalises_once_a_cycle);
	tcase_add_test(tc, a_missing_value_carries_the_state_on);
	tcase_add_test(tc, a_spike_is_cut_to_what_a_season_contains);
	tcase_add_test(tc, a_level_that_shifts_for_good_is_followed);
	tcase_add_test(tc, paths_stay_within_what_is_known_and_a_half);
	tcase_add_test(tc, values_that_share_a_slot_share_its_season);
	tcase_add_test(tc, deviations_are_those_of_simulated_paths);
	tcase_add_loop_test(tc, logarithms_of_many_are_those_of_each, 0, 20);
	tcase_add_test(tc, logarithms_agree_with_the_librarys);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
