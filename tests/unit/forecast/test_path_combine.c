#include "forecast/path_combine.h"

#include "unit/harness.h"

/* What a model that is off by `error` says when 10 comes. */
static void score(struct combine_scores *c, enum path_model m, double error)
{
	float said[COMBINE_LANES];

	for (int i = 0; i < COMBINE_LANES; i++)
		said[i] = NAN;
	said[m] = (float)(10 + error);
	combine_score(c, .5, 10, said, NAN);
}

START_TEST(a_loss_forgets)
{
	struct combine_scores c = {0};

	ck_assert(isnan(combine_loss(&c, PATH_TREND)));
	score(&c, PATH_TREND, 3);
	ck_near(combine_loss(&c, PATH_TREND), 3, 1e-6);
	score(&c, PATH_TREND, 0);
	ck_near(combine_loss(&c, PATH_TREND), 1, 1e-6);
	ck_assert(isnan(combine_loss(&c, PATH_LAST_VALUE)));
}
END_TEST

START_TEST(twice_the_loss_is_an_eighth_of_the_weight)
{
	struct combine_scores c = {0};
	bool speaks[PATH_MODEL_COUNT] = {true, true, true};
	float weight[COMBINE_LANES];

	score(&c, PATH_LAST_VALUE, 1);
	score(&c, PATH_HOUR_MEAN, -2);
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_LAST_VALUE], 8. / 9, 1e-6);
	ck_near(weight[PATH_HOUR_MEAN], 1. / 9, 1e-6);
	ck_assert(weight[PATH_SHORT_NAIVE] == 0);
	speaks[PATH_LAST_VALUE] = false;
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_HOUR_MEAN], 1, 1e-6);
	ck_assert_int_eq(combine_baseline(&c), PATH_LAST_VALUE);
}
END_TEST

START_TEST(a_perfect_model_speaks_alone)
{
	struct combine_scores c = {0};
	bool speaks[PATH_MODEL_COUNT] = {true, true};
	float weight[COMBINE_LANES];

	score(&c, PATH_LAST_VALUE, 0);
	score(&c, PATH_HOUR_MEAN, 1);
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_LAST_VALUE], 1, 1e-6);
	ck_near(weight[PATH_HOUR_MEAN], 0, 1e-6);
}
END_TEST

START_TEST(without_scores_models_come_before_seasons_before_the_last_value)
{
	struct combine_scores c = {0};
	bool speaks[PATH_MODEL_COUNT] = {false};
	float weight[COMBINE_LANES];

	combine_weights(&c, speaks, weight);
	ck_assert(weight[PATH_LAST_VALUE] == 0);
	speaks[PATH_LAST_VALUE] = speaks[PATH_TREND] = true;
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_LAST_VALUE], 1, 1e-6);
	speaks[PATH_SHORT_NAIVE] = true;
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_SHORT_NAIVE], 1, 1e-6);
	speaks[PATH_LAG_LEVEL] = speaks[PATH_LAG_LOG] = true;
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_LAG_LEVEL], .5, 1e-6);
	ck_near(weight[PATH_SHORT_NAIVE], 0, 1e-6);
}
END_TEST

/* Weights and forecasts of the first models; the others say nothing. */
static double mean_of(int count, const double *weights, const float *forecasts)
{
	float weight[COMBINE_LANES] = {0};
	float forecast[COMBINE_LANES];

	for (int m = 0; m < COMBINE_LANES; m++) {
		weight[m] = m < count ? (float)weights[m] : 0;
		forecast[m] = m < count ? forecasts[m] : NAN;
	}
	return combine_mean(weight, forecast);
}

START_TEST(one_model_astray_is_not_heard)
{
	ck_near(mean_of(5, (double[]){.2, .2, .2, .2, .2}, (float[]){1, 169, 3, 2, -50}),
		/* half of all: .15 of 1, .2 of 2, .15 of 3 */
		2, 1e-6);
	ck_near(mean_of(4, (double[]){.2, .3, .3, .2}, (float[]){9, 4, 2, -70}), 3, 1e-6);
}
END_TEST

START_TEST(near_equals_are_averaged_by_weight)
{
	ck_near(mean_of(2, (double[]){.5, .5}, (float[]){1, 3}), 2, 1e-6);
	ck_near(mean_of(2, (double[]){.6, .4}, (float[]){1, 3}), 1.6, 1e-6);
	ck_near(mean_of(2, (double[]){.8, .2}, (float[]){1, 3}), 1, 1e-6);
	ck_near(mean_of(1, (double[]){.1}, (float[]){7}), 7, 1e-6);
}
END_TEST

START_TEST(equal_forecasts_keep_their_shares)
{
	ck_near(mean_of(3, (double[]){.2, .4, .4}, (float[]){5, 1, 5}),
		/* .15 of 1, .35 of 5 */
		(.15 * 1 + .35 * 5) / .5, 1e-6);
	ck_near(mean_of(4, (double[]){.25, .25, .25, .25}, (float[]){2, 2, 2, 2}), 2, 0);
}
END_TEST

START_TEST(who_says_nothing_has_no_share)
{
	ck_near(mean_of(3, (double[]){.8, .1, .1}, (float[]){NAN, 1, 3}), 2, 1e-6);
	ck_assert(isnan(mean_of(2, (double[]){.8, 0}, (float[]){NAN, 1})));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path_combine");
	TCase *tc = tcase_create("path_combine");

	tcase_add_test(tc, a_loss_forgets);
	tcase_add_test(tc, twice_the_loss_is_an_eighth_of_the_weight);
	tcase_add_test(tc, a_perfect_model_speaks_alone);
	tcase_add_test(tc,
		       without_scores_models_come_before_seasons_before_the_last_value);
	tcase_add_test(tc, one_model_astray_is_not_heard);
	tcase_add_test(tc, near_equals_are_averaged_by_weight);
	tcase_add_test(tc, equal_forecasts_keep_their_shares);
	tcase_add_test(tc, who_says_nothing_has_no_share);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
