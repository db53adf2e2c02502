/* When a path is fitted, and what stands before, during and after it. */
#include "forecast/path.h"

#include "unit/forecast/feed_path.h"

/* A clean day with noise 1, learned as it comes: the first fit knew two days of it. */
START_TEST(intervals_forget_how_bad_the_first_fit_was)
{
	double v[N];
	struct path_config config = hourly();
	struct said said;
	struct rng rng;

	config.refit_steps = 0;
	config.seasons[1] = 0;
	rng_init(&rng, 7);
	for (int32_t t = 0; t < N; t++)
		v[t] = 100 + 60 * sin(2 * M_PI * t / DAY) + rng_normal(&rng);

	struct path *p = learned(&config, v, 21 * DAY);

	ck_assert(ask(p, &said));
	for (int h = 0; h < DAY; h++) {
		double width = said.upper[0][h] - said.lower[0][h];

		ck_assert_msg(width > 1 && width < 9, "%g wide after %d", width, h + 1);
	}
	free(p);
}
END_TEST

/* While the replay of a later fit goes on, what stood before is told. */
START_TEST(intervals_stand_while_a_fit_is_going_on)
{
	double v[N];
	struct path_config config = hourly();
	struct said said;
	int32_t t = 0, slices = 0;

	config.refit_steps = 0;
	shop(v, N);

	struct path *p = alone(&config);

	for (; t < 4 * DAY; t++) {
		path_learn(p, v[t]);
		while (t < 4 * DAY - 1 && path_work(p))
			;
	}
	do {
		slices++;
		ck_assert(ask(p, &said));
		all_finite(&said);
		for (int h = 0; h < HORIZON; h++)
			ck_assert(said.upper[1][h] - said.lower[1][h] > 3);
	} while (path_work(p));
	ck_assert_int_gt(slices, 5);
	free(p);
}
END_TEST

START_TEST(a_fit_that_is_due_comes_before_the_next_value)
{
	double v[N];
	struct path_config config = hourly();
	int32_t t = 0;

	config.refit_steps = 0;
	shop(v, N);

	struct path *p = alone(&config);

	while (path_learn(p, v[t]))
		t++;
	ck_assert_int_eq(t, 2 * DAY);
	while (path_work(p))
		;
	ck_assert(path_learn(p, v[t]));
	free(p);
}
END_TEST

START_TEST(paths_that_share_work_memory_do_not_disturb_each_other)
{
	double v[N], other[N];
	struct path_config config = hourly();
	AUTO_FREE void *workspace = xmalloc(path_workspace_size(&config));
	AUTO_FREE struct path *a =
		path_init(xmalloc(path_size(&config)), &config, workspace);
	AUTO_FREE struct path *b =
		path_init(xmalloc(path_size(&config)), &config, workspace);
	struct said shared, own;

	shop(v, N);
	for (int32_t t = 0; t < N; t++)
		other[t] = 1000 - v[N - 1 - t];
	for (int32_t t = 0; t < N; t++) {
		ck_assert(path_learn(a, v[t]) && path_learn(b, other[t]));
		if (t % DAY)
			continue;
		path_fit(a);
		path_fit(b);
		while (path_work(a))
			ck_assert(ask(b, &shared));
		while (path_work(b))
			ck_assert(ask(a, &shared));
	}
	ck_assert(ask(a, &shared));

	AUTO_FREE struct path *p = alone(&config);

	for (int32_t t = 0; t < N; t++) {
		path_learn(p, v[t]);
		if (t % DAY == 0)
			path_fit(p);
		while (path_work(p))
			;
	}
	ck_assert(ask(p, &own));
	ck_assert_mem_eq(&shared, &own, sizeof(own));
}
END_TEST

/* Of a series whose values do not differ no regression can be made. */
START_TEST(a_constant_is_fitted_without_a_regression)
{
	double v[N], mean[HORIZON];
	struct path_config config = hourly();

	for (int32_t t = 0; t < N; t++)
		v[t] = 42;

	AUTO_FREE struct path *p = learned(&config, v, N);

	ck_assert(!path_predict_model(p, PATH_LAG_LEVEL, HORIZON, mean));
	ck_assert(path_predict_model(p, PATH_HOLT_WINTERS, HORIZON, mean));
	ck_near(mean[HORIZON - 1], 42, 1e-6);
}
END_TEST

START_TEST(nine_values_are_not_fitted)
{
	double v[N];
	struct path_config config = hourly();

	shop(v, N);

	AUTO_FREE struct path *p = learned(&config, v, 9);

	path_fit(p);
	ck_assert(!path_work(p));
	path_learn(p, v[9]);
	path_fit(p);
	ck_assert(path_work(p));
}
END_TEST

/* The same values give the same fit, others another one. */
START_TEST(a_fit_rests_on_the_values_before_it)
{
	double v[N], before[HORIZON], after[HORIZON];
	struct path_config config = hourly();

	shop(v, N);

	AUTO_FREE struct path *p = learned(&config, v, N);

	path_predict_model(p, PATH_LAG_LEVEL, HORIZON, before);
	path_fit(p);
	while (path_work(p))
		;
	path_predict_model(p, PATH_LAG_LEVEL, HORIZON, after);
	ck_assert_mem_eq(before, after, sizeof(before));
	for (int32_t t = 0; t < 2 * DAY; t++)
		path_learn(p, 2 * v[N - 2 * DAY + t]);
	path_predict_model(p, PATH_LAG_LEVEL, HORIZON, before);
	path_fit(p);
	while (path_work(p))
		;
	path_predict_model(p, PATH_LAG_LEVEL, HORIZON, after);
	ck_assert_mem_ne(before, after, sizeof(before));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path_fit");
	TCase *tc = tcase_create("path_fit");

	tcase_add_test(tc, intervals_forget_how_bad_the_first_fit_was);
	tcase_add_test(tc, intervals_stand_while_a_fit_is_going_on);
	tcase_add_test(tc, a_fit_that_is_due_comes_before_the_next_value);
	tcase_add_test(tc, paths_that_share_work_memory_do_not_disturb_each_other);
	tcase_add_test(tc, a_constant_is_fitted_without_a_regression);
	tcase_add_test(tc, nine_values_are_not_fitted);
	tcase_add_test(tc, a_fit_rests_on_the_values_before_it);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
