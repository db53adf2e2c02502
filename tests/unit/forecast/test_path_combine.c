#include "forecast/path_combine.h"

#include "unit/harness.h"

/* What a model that is off by `error` says when 10 comes. */
static void score(struct combine_scores *c, enum path_model m, double error)
{
	float said[PATH_MODEL_COUNT];

	for (int i = 0; i < PATH_MODEL_COUNT; i++)
		said[i] = NAN;
	said[m] = (float)(10 + error);
	combine_score(c, .5, 10, said, NAN);
}

START_TEST(a_loss_forgets)
{
	struct combine_scores c = {0};

	ck_assert(isnan(combine_loss(&c, PATH_TREND)));
	score(&c, PATH_TREND, 3);
	ck_near(combine_loss(&c, PATH_TREND), 3, 1e-12);
	score(&c, PATH_TREND, 0);
	ck_near(combine_loss(&c, PATH_TREND), 1, 1e-12);
	ck_assert(isnan(combine_loss(&c, PATH_LAST_VALUE)));
}
END_TEST

START_TEST(twice_the_loss_is_a_64th_of_the_weight)
{
	struct combine_scores c = {0};
	bool speaks[PATH_MODEL_COUNT] = {true, true, true};
	double weight[PATH_MODEL_COUNT];

	score(&c, PATH_LAST_VALUE, 1);
	score(&c, PATH_HOUR_MEAN, -2);
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_LAST_VALUE], 64. / 65, 1e-12);
	ck_near(weight[PATH_HOUR_MEAN], 1. / 65, 1e-12);
	ck_assert(weight[PATH_SHORT_NAIVE] == 0);
	speaks[PATH_LAST_VALUE] = false;
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_HOUR_MEAN], 1, 1e-12);
	ck_assert_int_eq(combine_baseline(&c), PATH_LAST_VALUE);
}
END_TEST

START_TEST(a_perfect_model_speaks_alone)
{
	struct combine_scores c = {0};
	bool speaks[PATH_MODEL_COUNT] = {true, true};
	double weight[PATH_MODEL_COUNT];

	score(&c, PATH_LAST_VALUE, 0);
	score(&c, PATH_HOUR_MEAN, 1);
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_LAST_VALUE], 1, 1e-12);
	ck_near(weight[PATH_HOUR_MEAN], 0, 1e-12);
}
END_TEST

START_TEST(without_scores_models_come_before_seasons_before_the_last_value)
{
	struct combine_scores c = {0};
	bool speaks[PATH_MODEL_COUNT] = {false};
	double weight[PATH_MODEL_COUNT];

	combine_weights(&c, speaks, weight);
	ck_assert(weight[PATH_LAST_VALUE] == 0);
	speaks[PATH_LAST_VALUE] = speaks[PATH_TREND] = true;
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_LAST_VALUE], 1, 1e-12);
	speaks[PATH_SHORT_NAIVE] = true;
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_SHORT_NAIVE], 1, 1e-12);
	speaks[PATH_LAG_LEVEL] = speaks[PATH_LAG_LOG] = true;
	combine_weights(&c, speaks, weight);
	ck_near(weight[PATH_LAG_LEVEL], .5, 1e-12);
	ck_near(weight[PATH_SHORT_NAIVE], 0, 1e-12);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path_combine");
	TCase *tc = tcase_create("path_combine");

	tcase_add_test(tc, a_loss_forgets);
	tcase_add_test(tc, twice_the_loss_is_a_64th_of_the_weight);
	tcase_add_test(tc, a_perfect_model_speaks_alone);
	tcase_add_test(tc,
		       without_scores_models_come_before_seasons_before_the_last_value);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
