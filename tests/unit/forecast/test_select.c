#include "forecast/select.h"

#include "base/base.h"
#include "unit/harness.h"

/* What a candidate brings: its prediction (NaN: none), its loss and the minutes it was
 * scored for. */
struct candidate {
	double prediction, loss, scores;
};

#define ABSENT                                                                           \
	{                                                                                \
		NAN, 0, 0                                                                \
	}
#define AGES 1e5

static void window_with(struct window *w, const struct candidate *candidates,
			unsigned models)
{
	struct window_config config = {
		.minutes = 5,
		.quantile = .9,
		.use_linear = models & 1,
		.use_holt_winters = models & 2,
	};

	window_init(w, &config);
	for (int i = 0; i < FC_MODEL_COUNT; i++) {
		w->tracker.loss[i] = candidates[i].loss;
		w->tracker.weight[i] = candidates[i].scores > 0;
		w->tracker.scores[i] = candidates[i].scores;
		w->tracker.offset[i] = 2;
		w->tracker.bias[i] = 1;
	}
}

static struct outlook outlook_with(const struct window *w,
				   const struct candidate *candidates, double scale)
{
	double predictions[FC_MODEL_COUNT];
	struct choice choice;
	struct outlook outlook;

	for (int i = 0; i < FC_MODEL_COUNT; i++)
		predictions[i] = candidates[i].prediction;
	select_choose(w, predictions, &choice);
	select_outlook(w, &choice, predictions[choice.speaks % FC_MODEL_COUNT], scale,
		       &outlook);
	return outlook;
}

static struct outlook outlook_of(const struct candidate *candidates, unsigned models)
{
	AUTO_FREE struct window *w = xcalloc(1, sizeof(*w));

	window_with(w, candidates, models);
	return outlook_with(w, candidates, 3);
}

enum { LINEAR = 1, HOLT_WINTERS = 2, BOTH = 3 };

/* Losses and ages by model: last value, hour mean, yesterday, recent, day, week,
 * Holt-Winters. */
static const struct {
	const char *what;
	struct candidate candidates[FC_MODEL_COUNT];
	unsigned models;
	int speaks; /* -1: nobody */
	int baseline;
} choices[] = {
	{"the lowest loss speaks",
	 {{10, 9, AGES},
	  {10, 8, AGES},
	  {10, 7, AGES},
	  {10, 5, AGES},
	  {10, 4, AGES},
	  {10, 3, AGES},
	  {10, 3.5, AGES}},
	 BOTH,
	 FC_LINEAR_WEEK,
	 FC_SEASONAL_NAIVE},
	{"Holt-Winters is a candidate like the others",
	 {{10, 6, AGES},
	  {10, 8, AGES},
	  {10, 7, AGES},
	  {10, 5, AGES},
	  {10, 4, AGES},
	  {10, 3, AGES},
	  {10, 2, AGES}},
	 BOTH,
	 FC_HOLT_WINTERS,
	 FC_LAST_VALUE},
	{"a model that is not allowed is silent",
	 {{10, 6, AGES},
	  {10, 5.5, AGES},
	  {10, 7, AGES},
	  {10, 5, AGES},
	  {10, 4, AGES},
	  {10, 3, AGES},
	  {10, 2, AGES}},
	 LINEAR,
	 FC_LINEAR_WEEK,
	 FC_HOUR_MEAN},
	{"the day is favoured by two in a hundred",
	 {{10, 9, AGES},
	  {10, 9, AGES},
	  {10, 9, AGES},
	  {10, 3.95, AGES},
	  {10, 4, AGES},
	  {10, 5, AGES},
	  {10, 5, AGES}},
	 BOTH,
	 FC_LINEAR_DAY,
	 FC_LAST_VALUE},
	{"and not by three",
	 {{10, 9, AGES},
	  {10, 9, AGES},
	  {10, 9, AGES},
	  {10, 3.88, AGES},
	  {10, 4, AGES},
	  {10, 5, AGES},
	  {10, 5, AGES}},
	 BOTH,
	 FC_LINEAR_RECENT,
	 FC_LAST_VALUE},
	{"a model younger than a day does not compete",
	 {{10, 9, AGES},
	  {10, 9, AGES},
	  {10, 9, AGES},
	  {10, 5, 2000},
	  {10, 1, 1439},
	  ABSENT,
	  {10, 1, 1439}},
	 BOTH,
	 FC_LINEAR_RECENT,
	 FC_LAST_VALUE},
	{"the week's must be three days old",
	 {{10, 9, AGES},
	  {10, 9, AGES},
	  {10, 9, AGES},
	  {10, 5, AGES},
	  {10, 4, AGES},
	  {10, 1, 4319},
	  {10, 5, AGES}},
	 BOTH,
	 FC_LINEAR_DAY,
	 FC_LAST_VALUE},
	{"a young model speaks if no other can",
	 {{10, 9, AGES},
	  {10, 9, AGES},
	  {10, 9, 100},
	  {10, 5, AGES},
	  {10, 4, AGES},
	  {10, 1, AGES},
	  {10, 5, 60}},
	 HOLT_WINTERS,
	 FC_HOLT_WINTERS,
	 FC_LAST_VALUE},
	{"but not before an hour of scores",
	 {{10, 9, AGES},
	  {10, 9, AGES},
	  {10, 9, AGES},
	  ABSENT,
	  ABSENT,
	  ABSENT,
	  {10, 5, 59}},
	 BOTH,
	 -1,
	 0},
	{"yesterday speaks where it is better than all models",
	 {{10, 9, AGES},
	  {10, 8, AGES},
	  {10, 2, AGES},
	  {10, 5, AGES},
	  {10, 4, AGES},
	  {10, 3, AGES},
	  {10, 5, AGES}},
	 BOTH,
	 FC_SEASONAL_NAIVE,
	 FC_HOUR_MEAN},
	{"when it is a day old",
	 {{10, 9, AGES},
	  {10, 8, AGES},
	  {10, 2, 1439},
	  {10, 5, AGES},
	  {10, 4, AGES},
	  {10, 3, AGES},
	  {10, 5, AGES}},
	 BOTH,
	 FC_LINEAR_WEEK,
	 FC_SEASONAL_NAIVE},
	{"other baselines do not, however good",
	 {{10, 1, AGES},
	  {10, 2, AGES},
	  {10, 9, AGES},
	  {10, 5, AGES},
	  {10, 4, AGES},
	  {10, 3, AGES},
	  {10, 5, AGES}},
	 BOTH,
	 FC_LINEAR_WEEK,
	 FC_LAST_VALUE},
	{"baselines fill in where all models lack input",
	 {{NAN, 1, AGES},
	  {10, 2, AGES},
	  {10, 9, AGES},
	  {NAN, 5, AGES},
	  {NAN, 4, AGES},
	  {NAN, 3, AGES},
	  {NAN, 5, AGES}},
	 BOTH,
	 FC_HOUR_MEAN,
	 FC_SEASONAL_NAIVE},
	{"baselines do not speak before a model could",
	 {{10, 1, AGES},
	  {10, 2, AGES},
	  {10, 9, AGES},
	  {NAN, 5, 30},
	  ABSENT,
	  ABSENT,
	  ABSENT},
	 BOTH,
	 -1,
	 0},
	{"baselines speak where no model is allowed",
	 {{10, 3, AGES},
	  {10, 2, AGES},
	  {10, 9, AGES},
	  {10, 1, AGES},
	  ABSENT,
	  ABSENT,
	  ABSENT},
	 0,
	 FC_HOUR_MEAN,
	 FC_LAST_VALUE},
};

START_TEST(who_speaks)
{
	struct outlook o = outlook_of(choices[_i].candidates, choices[_i].models);

	ck_assert_msg(o.known == (choices[_i].speaks >= 0), "%s", choices[_i].what);
	if (!o.known)
		return;
	ck_assert_msg((int)o.model == choices[_i].speaks, "%s: %s spoke",
		      choices[_i].what, model_name(o.model));
	ck_assert_msg((int)o.baseline == choices[_i].baseline, "%s: against %s",
		      choices[_i].what, model_name(o.baseline));
}
END_TEST

static const struct candidate plain[FC_MODEL_COUNT] = {
	{50, 9, AGES},  {50, 8, AGES}, {50, 10, AGES}, {100, 6, AGES},
	{NAN, 4, AGES}, {NAN, 0, 0},   {NAN, 0, 0}};

START_TEST(what_is_said)
{
	struct outlook o = outlook_of(plain, BOTH);

	ck_assert_int_eq(o.model, FC_LINEAR_RECENT);
	ck_near(o.upper, 100 + 2 * 3, 1e-12);
	ck_near(o.mean, 100 + 1, 1e-12);
	ck_near(o.skill, 1 - 6. / 8, 1e-12);
	ck_assert(isnan(o.coverage));
}
END_TEST

START_TEST(nothing_below_zero_is_said)
{
	struct candidate candidates[FC_MODEL_COUNT] = {
		ABSENT, ABSENT, ABSENT, {-100, 6, AGES}, ABSENT, ABSENT, ABSENT};
	struct outlook o = outlook_of(candidates, BOTH);

	ck_near(o.upper, 0, 0);
	ck_near(o.mean, 0, 0);
	ck_assert(isnan(o.skill));
}
END_TEST

/* {loss of the model, of the baseline, skill} */
static const double skills[][3] = {{4, 8, .5}, {8, 8, 0}, {10, 8, -.25}, {100, 8, -1},
				   {0, 8, 1},  {0, 0, 0}, {5, 0, -1}};

START_TEST(skill_is_the_loss_saved_cut_at_minus_one)
{
	struct candidate candidates[FC_MODEL_COUNT] = {{10, skills[_i][1], AGES},
						       ABSENT,
						       ABSENT,
						       {10, skills[_i][0], AGES},
						       ABSENT,
						       ABSENT,
						       ABSENT};

	ck_near(outlook_of(candidates, BOTH).skill, skills[_i][2], 1e-12);
}
END_TEST

START_TEST(losses_that_only_rounding_tells_apart_are_equal)
{
	AUTO_FREE struct window *w = xcalloc(1, sizeof(*w));
	struct candidate candidates[FC_MODEL_COUNT] = {
		{10, 0, AGES}, ABSENT, ABSENT, {10, 1e-6, AGES}, ABSENT, ABSENT, ABSENT};

	window_with(w, candidates, BOTH);
	w->size = 100;
	ck_near(outlook_with(w, candidates, 0).skill, 0, 1e-3);
}
END_TEST

START_TEST(coverage_is_the_share_of_load_below)
{
	AUTO_FREE struct window *w = xcalloc(1, sizeof(*w));

	window_with(w, plain, BOTH);
	w->load = 200;
	w->unserved = 5;
	ck_near(outlook_with(w, plain, 0).coverage, .975, 1e-12);
}
END_TEST

/* What the combination says; NaN when nothing. */
static double combined(const struct candidate *candidates, unsigned models)
{
	AUTO_FREE struct window *w = xcalloc(1, sizeof(*w));
	double predictions[FC_MODEL_COUNT];
	struct choice choice;

	window_with(w, candidates, models);
	for (int i = 0; i < FC_MODEL_COUNT; i++)
		predictions[i] = candidates[i].prediction;
	select_choose(w, predictions, &choice);
	return predictions[FC_COMBINATION];
}

static const struct {
	const char *what;
	struct candidate candidates[FC_MODEL_COUNT];
	unsigned models;
	double mean;
} means[] = {
	{"equals are averaged, yesterday among them, other baselines not",
	 {{99, 1, AGES},
	  {99, 1, AGES},
	  {10, 5, AGES},
	  {20, 5, AGES},
	  {30, 5, AGES},
	  {40, 5, AGES},
	  {50, 5, AGES}},
	 BOTH,
	 30},
	{"twice the loss is a 256th of the weight",
	 {ABSENT, ABSENT, ABSENT, {0, 5, AGES}, {257, 10, AGES}, ABSENT, ABSENT},
	 BOTH,
	 1},
	{"what errs not at all is all that is heard",
	 {ABSENT, ABSENT, {7, 0, AGES}, {9, 0, AGES}, {99, 1, AGES}, ABSENT, ABSENT},
	 BOTH,
	 8},
	{"who is not allowed has no share",
	 {ABSENT, ABSENT, {10, 5, AGES}, {20, 5, AGES}, ABSENT, ABSENT, {60, 5, AGES}},
	 HOLT_WINTERS,
	 35},
	{"nor who is too young to be compared",
	 {ABSENT,
	  ABSENT,
	  {10, 5, 1439},
	  {20, 5, 60},
	  {30, 5, 1440},
	  {40, 5, 4319},
	  {50, 5, 1439}},
	 BOTH,
	 25},
	{"without any model there is none",
	 {{10, 5, AGES},
	  {10, 5, AGES},
	  {10, 5, AGES},
	  {NAN, 5, AGES},
	  ABSENT,
	  ABSENT,
	  ABSENT},
	 BOTH,
	 NAN},
};

START_TEST(the_combination_is_a_mean_by_loss)
{
	double mean = combined(means[_i].candidates, means[_i].models);

	if (isnan(means[_i].mean))
		ck_assert_msg(isnan(mean), "%s: %g", means[_i].what, mean);
	else
		ck_assert_msg(fabs(mean - means[_i].mean) < 1e-9, "%s: %g",
			      means[_i].what, mean);
}
END_TEST

START_TEST(the_combination_speaks_and_tells_who_weighs_most)
{
	struct candidate candidates[FC_MODEL_COUNT] = {
		{10, 9, AGES}, {10, 8, AGES}, {10, 7, AGES}, {10, 5, AGES},
		{10, 4, AGES}, {10, 3, AGES}, {10, 2, AGES}, {10, 4, 60}};
	struct outlook o = outlook_of(candidates, BOTH);

	ck_assert_int_eq(o.model, FC_COMBINATION);
	ck_assert_int_eq(o.mostly, FC_HOLT_WINTERS);
	candidates[FC_COMBINATION].scores = 59;
	o = outlook_of(candidates, BOTH);
	ck_assert_int_eq(o.model, FC_HOLT_WINTERS);
	ck_assert_int_eq(o.mostly, FC_HOLT_WINTERS);
	candidates[FC_COMBINATION].scores = 60;
	candidates[FC_SEASONAL_NAIVE].loss = 1;
	ck_assert_int_eq(outlook_of(candidates, BOTH).model, FC_SEASONAL_NAIVE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("select");
	TCase *tc = tcase_create("select");

	tcase_add_loop_test(tc, who_speaks, 0, (int)ARRAY_LEN(choices));
	tcase_add_loop_test(tc, the_combination_is_a_mean_by_loss, 0,
			    (int)ARRAY_LEN(means));
	tcase_add_test(tc, the_combination_speaks_and_tells_who_weighs_most);
	tcase_add_test(tc, what_is_said);
	tcase_add_test(tc, nothing_below_zero_is_said);
	tcase_add_loop_test(tc, skill_is_the_loss_saved_cut_at_minus_one, 0,
			    (int)ARRAY_LEN(skills));
	tcase_add_test(tc, losses_that_only_rounding_tells_apart_are_equal);
	tcase_add_test(tc, coverage_is_the_share_of_load_below);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
