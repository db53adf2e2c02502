#include "forecast/path.h"
#include "series/series.h"

#include "unit/forecast/feed_path.h"

#include <string.h>

START_TEST(a_shop_is_forecast_within_its_noise)
{
	double v[N + HORIZON], error = 0;
	int inside = 0;
	struct path_config config = hourly();
	struct said said;

	shop(v, N + HORIZON);

	struct path *p = learned(&config, v, N);

	ck_assert(ask(p, &said));
	all_finite(&said);
	for (int h = 0; h < HORIZON; h++) {
		error += fabs(v[N + h] - said.mean[h]) / HORIZON;
		inside += v[N + h] >= said.lower[1][h] && v[N + h] <= said.upper[1][h];
	}
	ck_assert_msg(error < 3.6, "mean error %g", error);
	ck_assert_int_ge(inside, 43);
	free(p);
}
END_TEST

START_TEST(nothing_is_said_before_ten_values)
{
	double v[N];
	struct path_config config = hourly();
	struct path_report report;
	struct said said;

	shop(v, N);

	struct path *p = learned(&config, v, 9);

	ck_assert(!ask(p, &said));
	path_report(p, &report);
	ck_assert_int_eq(report.state, PATH_WAITING);
	ck_assert_str_eq(report.reason,
			 "waiting: 9 of 10 values are there; the first forecast comes in "
			 "1 steps");
	path_learn(p, v[9]);
	ck_assert(ask(p, &said));
	all_finite(&said);
	free(p);
}
END_TEST

START_TEST(what_comes_later_changes_no_forecast)
{
	double v[N];
	struct path_config config = hourly();
	struct said early, late;

	shop(v, N);

	struct path *a = learned(&config, v, 500);

	for (int32_t i = 500; i < N; i++)
		v[i] = 1e6;

	struct path *b = learned(&config, v, 500);

	ck_assert(ask(a, &early) && ask(b, &late));
	ck_assert_mem_eq(&early, &late, sizeof(early));
	free(a);
	free(b);
}
END_TEST

/* By a power of two the floats keep their bits; by others nearly. */
static const double factors[] = {1024, 1. / 4096, 3.7e5, 1e-9};

START_TEST(scaled_values_give_scaled_forecasts)
{
	double v[N], scaled[N], a = factors[_i];
	struct path_config config = hourly();
	struct said plain, large;

	shop(v, N);
	for (int32_t i = 0; i < N; i++)
		scaled[i] = a * v[i];

	struct path *p = learned(&config, v, N), *q = learned(&config, scaled, N);

	ck_assert(ask(p, &plain) && ask(q, &large));
	for (int h = 0; h < HORIZON; h++) {
		ck_near(large.mean[h] / a, plain.mean[h], .02);
		ck_near(large.upper[1][h] / a, plain.upper[1][h], .05);
	}
	free(p);
	free(q);
}
END_TEST

START_TEST(a_shift_by_whole_seasons_changes_nothing)
{
	double v[N + WEEK];
	struct path_config config = hourly();
	struct said plain, shifted;

	/* The same values after a week that is missing. */
	for (int32_t i = 0; i < WEEK; i++)
		v[i] = NAN;
	shop(v + WEEK, N);

	struct path *p = learned(&config, v + WEEK, N);
	struct path *q = learned(&config, v, N + WEEK);

	ck_assert(ask(p, &plain) && ask(q, &shifted));
	ck_assert_mem_eq(&plain, &shifted, sizeof(plain));
	free(p);
	free(q);
}
END_TEST

enum odd { ZEROS, CONSTANT, SPIKE, TINY, HUGE_ONES, WIDE, NEGATIVE, FEW, GAP, TWO, ODDS };

static double odd_value(enum odd kind, int32_t t, const double *v)
{
	switch (kind) {
	case ZEROS:
		return 0;
	case CONSTANT:
		return 42.5;
	case SPIKE:
		return t == 400 ? 1e9 : 1;
	case TINY:
		return 1e-300 * v[t];
	case HUGE_ONES:
		return 1e298 * v[t];
	case WIDE:
		return pow(10, -300 + 600. * t / N);
	case NEGATIVE:
		return -v[t];
	case FEW:
		return t % 70 ? NAN : v[t];
	case GAP:
		return t > 400 && t < 400 + 8 * DAY ? NAN : v[t];
	case TWO:
		return t % 2 ? 1e30 : -1e30;
	case ODDS:
		break;
	}
	return NAN;
}

START_TEST(every_input_gives_finite_forecasts)
{
	double v[N], odd[N];
	struct path_config config = hourly();
	struct said said;
	int32_t known = 0;

	shop(v, N);
	for (int32_t t = 0; t < N; t++) {
		odd[t] = odd_value((enum odd)_i, t, v);
		known += fabs(odd[t]) <= 1e30;
	}

	struct path *p = learned(&config, odd, N);

	ck_assert(ask(p, &said) == (known >= 10));
	if (known >= 10)
		all_finite(&said);
	free(p);
}
END_TEST

/* Random configurations on random walks, jumps, gaps and faults: for the sanitizers. */
START_TEST(random_series_do_no_harm)
{
	struct rng rng;
	double v[N], level = 0;

	rng_init(&rng, (uint64_t)_i + 1);
	for (int32_t t = 0; t < N; t++) {
		double kind = rng_uniform(&rng);

		level += rng_normal(&rng);
		v[t] = kind < .02    ? NAN
		       : kind < .03  ? 1e20 * rng_normal(&rng)
		       : kind < .1   ? 0
		       : _i % 3 == 0 ? exp(level / 4)
		       : _i % 3 == 1 ? level
				     : fabs(level) + 10 * (t % (5 + _i) == 0);
	}

	struct path_config config = hourly();

	config.seasons[0] = _i % 4 ? 2 + (int32_t)(rng_uniform(&rng) * 60) : 0;
	config.seasons[1] = _i % 4 > 1 ? config.seasons[0] * 3 + _i % 2 : 0;
	config.capacity = 200 + (int32_t)(rng_uniform(&rng) * 800);
	config.refit_steps = _i % 5 ? 50 * (_i % 5) : 0;
	config.step_s = _i % 2 ? 300 : 60;

	struct path *p = learned(&config, v, N);
	struct said said;
	struct path_report report;

	ck_assert(ask(p, &said));
	all_finite(&said);
	path_report(p, &report);
	ck_assert(report.reason[0]);
	free(p);
}
END_TEST

START_TEST(the_weights_of_a_knot_sum_to_one_and_skill_is_told)
{
	double v[N];
	struct path_config config = hourly();
	struct path_report report;

	shop(v, N);

	struct path *p = learned(&config, v, N);

	path_report(p, &report);
	ck_assert_int_eq(report.state, PATH_READY);
	ck_assert_int_eq(report.horizon[0], 1);
	ck_assert_int_eq(report.horizon[report.knots - 1], HORIZON);
	for (int k = 0; k < report.knots; k++) {
		double sum = 0;

		for (int m = 0; m < PATH_MODEL_COUNT; m++)
			sum += report.score[k][m].weight;
		ck_near(sum, 1, 1e-6);
		ck_assert(report.baseline[k] < PATH_BASELINES);
	}
	ck_assert(report.skill[0] > 0);
	ck_assert(report.score[0][PATH_LAG_LOG].skill > 0);
	ck_assert_ptr_nonnull(strstr(report.reason, "from 700 values"));
	free(p);
}
END_TEST

/* Quiet noise, then a saw that only the value a season ago foresees: the models, which
 * learned from the noise, lose. */
START_TEST(the_reason_says_worse_where_it_is_worse)
{
	double v[N];
	struct path_config config = hourly();
	struct path_report report;
	struct rng rng;

	rng_init(&rng, (uint64_t)_i);
	for (int32_t t = 0; t < N; t++)
		v[t] = t < N - 60 ? 100 + rng_normal(&rng) : 5e3 * (t % 2);
	config.refit_steps = 0;

	struct path *p = learned(&config, v, N);

	path_report(p, &report);

	double skill = report.skill[report.knots - 1];

	ck_assert_msg(skill < -.01, "%g", skill);
	ck_assert_ptr_null(strstr(report.reason, " -"));
	ck_assert_msg(strstr(report.reason, "% worse than"), "%s", report.reason);
	free(p);
}
END_TEST

START_TEST(the_reason_admits_that_skill_is_unknown)
{
	double v[N];
	struct path_config config = hourly();
	struct path_report report;

	shop(v, N);

	struct path *p = learned(&config, v, 12);

	path_report(p, &report);
	ck_assert(isnan(report.skill[report.knots - 1]));
	ck_assert_ptr_nonnull(
		strstr(report.reason, "not compared with the baselines 48 steps ahead"));
	free(p);
}
END_TEST

START_TEST(the_mean_of_the_last_season_is_a_model)
{
	double v[N], mean[HORIZON], sum = 0;
	struct path_config config = hourly();

	shop(v, N);

	struct path *p = learned(&config, v, N);

	for (int32_t t = N - DAY; t < N; t++)
		sum += v[t];
	ck_assert(path_predict_model(p, PATH_SEASON_MEAN, HORIZON, mean));
	for (int h = 0; h < HORIZON; h++)
		ck_near(mean[h], sum / DAY, 1e-4);
	free(p);
}
END_TEST

START_TEST(intervals_are_narrow_where_errors_are_small)
{
	double v[N];
	struct path_config config = hourly();
	struct said said;
	struct rng rng;

	rng_init(&rng, 3);
	/* Calm nights, noisy days. */
	for (int32_t t = 0; t < N; t++)
		v[t] = 100 - 50 * cos(2 * M_PI * t / DAY) +
		       (t % DAY < 12 ? 1 : 6) * rng_normal(&rng);

	struct path *p = learned(&config, v, N - N % DAY);

	ck_assert(ask(p, &said));
	/* Six in the morning, six in the evening, six in the next morning. */
	ck_assert(said.upper[1][5] - said.lower[1][5] <
		  .7 * (said.upper[1][17] - said.lower[1][17]));
	ck_assert(said.upper[1][29] - said.lower[1][29] <
		  .7 * (said.upper[1][17] - said.lower[1][17]));
	free(p);
}
END_TEST

START_TEST(two_weeks_of_five_minutes_take_64_kilobytes)
{
	struct path_config config = hourly();

	config.capacity = 4032;
	config.step_s = 300;
	config.seasons[0] = 288;
	config.seasons[1] = 2016;
	config.horizon = 288;
	ck_assert_uint_le(path_size(&config), 64 * 1024);
}
END_TEST

static const struct {
	struct path_config change; /* fields that are not 0 replace those of hourly() */
	const char *says;
} refused[] = {
	{{.capacity = 10}, "capacity 10: not in [64, 65536]"},
	{{.step_s = -1}, "step of -1 s"},
	{{.horizon = 20000}, "horizon 20000: not in [1, 10080]"},
	{{.level_count = 9}, "9 levels: not in [0, 4]"},
	{{.levels = {1.5}}, "level 1.5: not in (0, 1)"},
	{{.seasons = {2000}}, "season of 2000 steps: not in [2, 1000]"},
	{{.seasons = {200}}, "seasons: the shorter one comes first"},
};

START_TEST(a_field_out_of_range_is_named)
{
	struct path_config config = hourly();
	const struct path_config *change = &refused[_i].change;
	struct err err;

	if (change->capacity)
		config.capacity = change->capacity;
	if (change->step_s)
		config.step_s = change->step_s;
	if (change->horizon)
		config.horizon = change->horizon;
	if (change->level_count)
		config.level_count = change->level_count;
	if (change->levels[0] > 0)
		config.levels[0] = change->levels[0];
	if (change->seasons[0])
		config.seasons[0] = change->seasons[0];
	ck_assert_int_eq(path_config_check(&config, &err), -1);
	ck_assert_str_eq(err.msg, refused[_i].says);
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path");
	TCase *tc = tcase_create("path");

	tcase_add_test(tc, a_shop_is_forecast_within_its_noise);
	tcase_add_test(tc, nothing_is_said_before_ten_values);
	tcase_add_test(tc, what_comes_later_changes_no_forecast);
	tcase_add_loop_test(tc, scaled_values_give_scaled_forecasts, 0,
			    ARRAY_LEN(factors));
	tcase_add_test(tc, a_shift_by_whole_seasons_changes_nothing);
	tcase_add_loop_test(tc, every_input_gives_finite_forecasts, 0, ODDS);
	tcase_add_loop_test(tc, random_series_do_no_harm, 0, 40);
	tcase_add_test(tc, the_weights_of_a_knot_sum_to_one_and_skill_is_told);
	tcase_add_loop_test(tc, the_reason_says_worse_where_it_is_worse, 1, 4);
	tcase_add_test(tc, the_reason_admits_that_skill_is_unknown);
	tcase_add_test(tc, the_mean_of_the_last_season_is_a_model);
	tcase_add_test(tc, intervals_are_narrow_where_errors_are_small);
	tcase_add_test(tc, two_weeks_of_five_minutes_take_64_kilobytes);
	tcase_add_loop_test(tc, a_field_out_of_range_is_named, 0, ARRAY_LEN(refused));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
