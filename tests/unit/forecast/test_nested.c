#include "forecast/nested.h"

#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

static struct feature_row row_of(struct rng *rng, int32_t known)
{
	struct feature_row row = {.known = known, .learnable = true};

	row.x[FEATURE_ONE] = 1;
	for (int32_t i = 1; i < known; i++)
		row.x[i] = 100 + 10 * rng_normal(rng);
	return row;
}

/* What the target is: twice the last value and, where it is known, thrice yesterday's. */
static double target(const struct feature_row *row)
{
	double y = 2 * row->x[FEATURE_LAST] - row->x[FEATURE_LAG_1];

	return row->known >= FEATURES_DAY ? y + .3 * row->x[FEATURE_DAY_VALUE] : y;
}

static void learn(struct nested *n, struct rng *rng, int32_t known, int count)
{
	for (int i = 0; i < count; i++) {
		struct feature_row row = row_of(rng, known);

		float kept[FEATURES_KEPT];

		feature_row_keep(&row, kept);
		nested_learn(n, kept, known, target(&row));
	}
}

START_TEST(a_model_is_solved_with_the_row_that_makes_it_enough)
{
	AUTO_FREE struct nested *n = xcalloc(1, sizeof(*n));
	struct rng rng;

	rng_init(&rng, 3);
	nested_init(n, 2);
	learn(n, &rng, FEATURES_DAY, (int)(nested_needed(NEST_RECENT) / 2));
	ck_assert(!n->sums[NEST_RECENT].solved);
	learn(n, &rng, FEATURES_DAY, 1);
	ck_assert(n->sums[NEST_RECENT].solved);
	ck_assert(!n->sums[NEST_DAY].solved);
	learn(n, &rng, FEATURES_DAY, 15);
	ck_assert(n->sums[NEST_DAY].solved);
	ck_assert(!n->sums[NEST_WEEK].solved);
}
END_TEST

START_TEST(each_model_uses_all_rows_that_know_its_columns)
{
	AUTO_FREE struct nested *n = xcalloc(1, sizeof(*n));
	struct rng rng;
	double said[NEST_COUNT];

	rng_init(&rng, 3);
	nested_init(n, 1);
	/* The recent rows alone say another thing than those with a day. */
	learn(n, &rng, FEATURES_RECENT, 500);
	learn(n, &rng, FEATURES_DAY, 500);
	nested_solve(n);
	ck_near(n->minutes[NEST_RECENT], 1000, 0);
	ck_near(n->minutes[NEST_DAY], 500, 0);
	ck_near(n->sums[NEST_DAY].solution[FEATURE_DAY_VALUE], .3, .01);
	ck_near(n->sums[NEST_DAY].solution[FEATURE_LAST], 2, .01);
	ck_near(n->sums[NEST_RECENT].solution[FEATURE_LAST], 2, .05);

	struct feature_row row = row_of(&rng, FEATURES_DAY);

	nested_predict(n, &row, said);
	ck_near(said[NEST_DAY], target(&row), 1);
	/* Half of the rows had .3 of a hundred more. */
	ck_near(said[NEST_RECENT], 2 * row.x[FEATURE_LAST] - row.x[FEATURE_LAG_1] + 15,
		10);
	ck_assert(isnan(said[NEST_WEEK]));
	row.known = FEATURES_RECENT;
	nested_predict(n, &row, said);
	ck_assert(isnan(said[NEST_DAY]));
}
END_TEST

START_TEST(weights_do_not_grow_out_of_range)
{
	AUTO_FREE struct nested *n = xcalloc(1, sizeof(*n));
	struct rng rng;

	rng_init(&rng, 3);
	/* As if each row stood for two days: the weights grow by a seventh a row. */
	nested_init(n, 2 * MINUTES_PER_DAY);
	learn(n, &rng, FEATURES_RECENT, 5000);
	nested_solve(n);
	ck_assert(n->unit < 1e7 && n->unit >= 1);
	ck_near(n->sums[NEST_RECENT].solution[FEATURE_LAST], 2, .01);
}
END_TEST

START_TEST(predictions_stay_near_what_the_row_has_seen)
{
	AUTO_FREE struct nested *n = xcalloc(1, sizeof(*n));
	struct rng rng;
	double said[NEST_COUNT];

	rng_init(&rng, 3);
	nested_init(n, 1);
	learn(n, &rng, FEATURES_RECENT, 400);
	nested_solve(n);

	struct feature_row row = row_of(&rng, FEATURES_RECENT);

	for (int32_t i = 1; i < FEATURES_RECENT; i++)
		row.x[i] = i % 2 ? 90 : 110;
	n->sums[NEST_RECENT].solution[FEATURE_ONE] = 1e9;
	nested_predict(n, &row, said);
	ck_near(said[NEST_RECENT], 110 + 20, 1e-9);
	n->sums[NEST_RECENT].solution[FEATURE_ONE] = -1e9;
	nested_predict(n, &row, said);
	ck_near(said[NEST_RECENT], 90 - 20, 1e-9);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nested");
	TCase *tc = tcase_create("nested");

	tcase_add_test(tc, a_model_is_solved_with_the_row_that_makes_it_enough);
	tcase_add_test(tc, each_model_uses_all_rows_that_know_its_columns);
	tcase_add_test(tc, weights_do_not_grow_out_of_range);
	tcase_add_test(tc, predictions_stay_near_what_the_row_has_seen);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
