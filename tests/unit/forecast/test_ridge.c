#include "forecast/ridge.h"

#include "unit/harness.h"

struct regression {
	struct ridge ridge;
	double storage[RIDGE_STORAGE(RIDGE_DIM_MAX)];
};

static void regression_init(struct regression *r, int dim)
{
	ridge_init(&r->ridge, dim, r->storage);
}

/* Whole numbers from -10 to 10, the same as in the script below. */
static double next_number(uint32_t *state)
{
	*state = (*state * 1103515245u + 12345u) & 0x7fffffffu;
	return (double)((*state >> 16) % 21) - 10;
}

/* The weight of a row when all before keep `keep` of theirs: it grows instead. */
static double grown(double weight, double keep, int row)
{
	return weight * pow(keep, -row);
}

static void learn_numbers(struct regression *r, uint32_t seed, int rows, double keep)
{
	for (int row = 0; row < rows; row++) {
		double x[RIDGE_DIM_MAX] = {1};

		for (int i = 1; i < r->ridge.dim; i++)
			x[i] = next_number(&seed);
		ridge_learn(&r->ridge, x, next_number(&seed),
			    grown(row % 3 ? .2 : .8, keep, row));
	}
}

/* Exact solutions of (A + p diag A) w = b in rational numbers (Python's fractions), where
 * A and b are the same weighted and discounted sums over the same whole numbers. With S =
 * D A D of unit diagonal this is the system (S + p I) z = D b, w = D z. */
static const struct exact {
	int dim, rows;
	double keep, penalty;
	uint32_t seed;
	double solution[12];
} exacts[] = {
	{3, 5, 1, .01, 1, {4.67532793353274, -0.212009508450754, 0.609347135110986}},
	{12,
	 60,
	 31. / 32,
	 1e-5,
	 7,
	 {-0.0383578474875846, 0.118992877323421, 0.0622298413599729, 0.0670565445235939,
	  0.209065637750256, 0.0377669185323359, -0.238284256038376, 0.101738794380378,
	  0.0865120919448361, -0.0995907026473003, 0.225727742101432,
	  0.0472355309402492}},
};

START_TEST(the_solution_is_the_exact_one)
{
	const struct exact *e = &exacts[_i];
	struct regression r;

	regression_init(&r, e->dim);
	learn_numbers(&r, e->seed, e->rows, e->keep);
	ck_assert_int_eq(ridge_solve(&r.ridge, e->penalty), 0);
	ck_assert(r.ridge.solved);
	ck_assert_int_eq(r.ridge.samples, e->rows);
	for (int i = 0; i < e->dim; i++)
		ck_near(r.ridge.solution[i], e->solution[i], 1e-12);
}
END_TEST

START_TEST(a_line_is_found_almost_exactly)
{
	struct regression r;
	const double at[] = {1, 1000};

	regression_init(&r, 2);
	for (int k = -50; k <= 50; k++)
		ridge_learn(&r.ridge, (double[]){1, k}, 3 + 2.5 * k, 1);
	ck_assert_int_eq(ridge_solve(&r.ridge, 1e-12), 0);
	ck_near(r.ridge.solution[0], 3, 1e-8);
	ck_near(r.ridge.solution[1], 2.5, 1e-8);
	ck_near(ridge_predict(&r.ridge, at), 2503, 1e-6);
}
END_TEST

START_TEST(before_a_solution_the_prediction_is_zero)
{
	struct regression r;

	regression_init(&r, 2);
	ridge_learn(&r.ridge, (double[]){1, 5}, 100, 1);
	ck_assert(!r.ridge.solved);
	ck_near(ridge_predict(&r.ridge, (double[]){1, 5}), 0, 0);
}
END_TEST

START_TEST(the_scale_of_a_column_does_not_matter)
{
	static const double factors[] = {1e-12, 1e-3, 1e9};
	struct regression plain, scaled;
	uint32_t seed = 3;

	regression_init(&plain, 3);
	regression_init(&scaled, 3);
	for (int row = 0; row < 40; row++) {
		double x[] = {1, next_number(&seed), next_number(&seed), 0};
		double y = next_number(&seed);

		ridge_learn(&plain.ridge, x, y, grown(1, .99, row));
		x[2] *= factors[_i];
		ridge_learn(&scaled.ridge, x, y, grown(1, .99, row));
	}
	ridge_solve(&plain.ridge, .1);
	ridge_solve(&scaled.ridge, .1);
	ck_near(scaled.ridge.solution[0], plain.ridge.solution[0], 1e-9);
	ck_near(scaled.ridge.solution[1], plain.ridge.solution[1], 1e-9);
	ck_near(scaled.ridge.solution[2] * factors[_i], plain.ridge.solution[2], 1e-9);
}
END_TEST

START_TEST(columns_that_say_the_same_share_the_weight)
{
	struct regression r;

	regression_init(&r, 3);
	for (int k = 0; k < 100; k++)
		ridge_learn(&r.ridge, (double[]){1, k, k, 0}, 4 * k, 1);
	ck_assert_int_eq(ridge_solve(&r.ridge, 1e-5), 0);
	ck_near(r.ridge.solution[1], r.ridge.solution[2], 1e-6);
	ck_near(r.ridge.solution[1] + r.ridge.solution[2], 4, 1e-3);
}
END_TEST

START_TEST(a_column_of_zeros_gets_no_weight)
{
	struct regression r;

	regression_init(&r, 3);
	for (int k = 0; k < 10; k++)
		ridge_learn(&r.ridge, (double[]){1, 0, k, 0}, k, 1);
	ck_assert_int_eq(ridge_solve(&r.ridge, 1e-9), 0);
	ck_near(r.ridge.solution[1], 0, 0);
	ck_near(r.ridge.solution[2], 1, 1e-6);
}
END_TEST

START_TEST(nothing_learned_solves_to_zero)
{
	struct regression r;

	regression_init(&r, 4);
	ck_assert_int_eq(ridge_solve(&r.ridge, 1e-5), 0);
	for (int i = 0; i < 4; i++)
		ck_near(r.ridge.solution[i], 0, 0);
}
END_TEST

START_TEST(an_unsolvable_system_keeps_the_old_solution)
{
	struct regression r;

	regression_init(&r, 2);
	for (int k = 0; k < 10; k++)
		ridge_learn(&r.ridge, (double[]){1, k}, k, 1);
	ridge_solve(&r.ridge, 1e-9);

	double slope = r.ridge.solution[1];

	r.ridge.gram[RIDGE_PACKED(1)] = 1e6; /* no sum of products looks like that */
	ck_assert_int_eq(ridge_solve(&r.ridge, 1e-9), -1);
	ck_near(r.ridge.solution[1], slope, 0);
}
END_TEST

START_TEST(old_rows_fade_and_heavy_rows_count_more)
{
	struct regression r;

	/* A constant is fitted by the weighted mean of the targets: (1/2 * 3 * 10 + 1 *
	 * 20) / (1/2 * 3 + 1). */
	regression_init(&r, 1);
	ridge_learn(&r.ridge, (double[]){1, 0}, 10, grown(3, .5, 0));
	ridge_learn(&r.ridge, (double[]){1, 0}, 20, grown(1, .5, 1));
	ridge_solve(&r.ridge, 1e-15);
	ck_near(r.ridge.solution[0], 35 / 2.5, 1e-12);
}
END_TEST

START_TEST(sums_that_are_scaled_together_solve_alike)
{
	struct regression r, other;
	double before;

	regression_init(&r, 5);
	learn_numbers(&r, 9, 50, 1);
	ridge_solve(&r.ridge, 1e-5);
	before = r.ridge.solution[3];
	ridge_scale(&r.ridge, 1e-6);
	ridge_solve(&r.ridge, 1e-5);
	ck_near(r.ridge.solution[3], before, 1e-12);
	/* Old rows a millionth of the new: these decide. */
	regression_init(&other, 5);
	learn_numbers(&other, 77, 50, 1);
	learn_numbers(&r, 77, 50, 1);
	ridge_solve(&r.ridge, 1e-5);
	ridge_solve(&other.ridge, 1e-5);
	ck_near(r.ridge.solution[3], other.ridge.solution[3], 1e-4);
}
END_TEST

/* Rows learned apart, some with two more columns, are as good as learned together. */
START_TEST(sums_add_up)
{
	struct regression few, more, whole;
	uint32_t seed = 4;

	regression_init(&few, 3);
	regression_init(&more, 5);
	regression_init(&whole, 3);
	for (int row = 0; row < 60; row++) {
		double x[6] = {1};
		double y = next_number(&seed);

		for (int i = 1; i < 5; i++)
			x[i] = next_number(&seed);
		ridge_learn(row % 3 ? &few.ridge : &more.ridge, x, y, 1);
		ridge_learn(&whole.ridge, x, y, 1);
	}
	ridge_add(&few.ridge, &more.ridge);
	ck_assert_int_eq(few.ridge.samples, 60);
	ck_assert_int_eq(ridge_solve(&few.ridge, 1e-5), 0);
	ck_assert_int_eq(ridge_solve(&whole.ridge, 1e-5), 0);
	for (int i = 0; i < 3; i++)
		ck_near(few.ridge.solution[i], whole.ridge.solution[i], 1e-12);
}
END_TEST

/* A + penalty diag A, A = sum of weight x x', summed up plainly. */
struct plain {
	double gram[RIDGE_DIM_MAX][RIDGE_DIM_MAX], moment[RIDGE_DIM_MAX];
};

static void plain_learn(struct plain *p, int dim, const double *x, double y,
			double weight)
{
	for (int i = 0; i < dim; i++) {
		for (int k = 0; k < dim; k++)
			p->gram[i][k] += weight * x[i] * x[k];
		p->moment[i] += weight * x[i] * y;
	}
}

/* How far the solution is from solving row i. */
static double residual(const struct plain *p, const struct ridge *r, double penalty,
		       int i)
{
	double left = penalty * p->gram[i][i] * r->solution[i];

	for (int k = 0; k < r->dim; k++)
		left += p->gram[i][k] * r->solution[k];
	return left - p->moment[i];
}

START_TEST(every_dimension_solves_its_equations_and_predicts_with_all_columns)
{
	int dim = _i;
	struct plain p = {0};
	struct regression r;
	uint32_t seed = (uint32_t)dim;
	double x[RIDGE_DIM_MAX] = {1}, said = 0;

	regression_init(&r, dim);
	for (int row = 0; row < 5 * dim; row++) {
		double y = next_number(&seed), weight = row % 3 ? .5 : 2;

		for (int i = 1; i < dim; i++)
			x[i] = next_number(&seed);
		ridge_learn(&r.ridge, x, y, weight);
		plain_learn(&p, dim, x, y, weight);
	}
	ck_assert_int_eq(ridge_solve(&r.ridge, .01), 0);
	for (int i = 0; i < dim; i++) {
		ck_near(residual(&p, &r.ridge, .01, i), 0, 1e-9);
		said += x[i] * r.ridge.solution[i];
	}
	ck_near(ridge_predict(&r.ridge, x), said, 1e-12);
}
END_TEST

/* Halves, which a float holds exactly: the same bits. */
START_TEST(a_row_of_floats_is_learned_like_one_of_doubles)
{
	int dim = _i;
	struct regression wide, narrow;
	uint32_t seed = 9;

	regression_init(&wide, dim);
	regression_init(&narrow, dim);
	for (int row = 0; row < 30; row++) {
		double x[RIDGE_DIM_MAX] = {1}, y = next_number(&seed);
		float kept[RIDGE_DIM_MAX] = {1};

		for (int i = 1; i < dim; i++)
			kept[i] = (float)(x[i] = next_number(&seed) / 2);
		ridge_learn(&wide.ridge, x, y, .7);
		ridge_learn_floats(&narrow.ridge, kept, y, .7);
	}
	ck_assert_int_eq(narrow.ridge.samples, 30);
	ck_assert_mem_eq(narrow.storage, wide.storage,
			 RIDGE_STORAGE((size_t)dim) * sizeof(double));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ridge");
	TCase *tc = tcase_create("ridge");

	tcase_add_loop_test(tc, the_solution_is_the_exact_one, 0, 2);
	tcase_add_test(tc, a_line_is_found_almost_exactly);
	tcase_add_test(tc, before_a_solution_the_prediction_is_zero);
	tcase_add_loop_test(tc, the_scale_of_a_column_does_not_matter, 0, 3);
	tcase_add_test(tc, columns_that_say_the_same_share_the_weight);
	tcase_add_test(tc, a_column_of_zeros_gets_no_weight);
	tcase_add_test(tc, nothing_learned_solves_to_zero);
	tcase_add_test(tc, an_unsolvable_system_keeps_the_old_solution);
	tcase_add_test(tc, old_rows_fade_and_heavy_rows_count_more);
	tcase_add_test(tc, sums_that_are_scaled_together_solve_alike);
	tcase_add_test(tc, sums_add_up);
	tcase_add_loop_test(
		tc, every_dimension_solves_its_equations_and_predicts_with_all_columns, 1,
		RIDGE_DIM_MAX + 1);
	tcase_add_loop_test(tc, a_row_of_floats_is_learned_like_one_of_doubles, 1,
			    RIDGE_DIM_MAX + 1);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
