#include "forecast/gram_fit.h"

#include "unit/harness.h"

#include <string.h>

#define ROWS 96
#define DIM  3

static void row_at(int32_t t, double x[DIM], double *y)
{
	x[0] = sin(.37 * t);
	x[1] = 2 * cos(.91 * t) + t / 100.;
	x[2] = (t * 37 % 101) / 101.;
	*y = 1 + 2 * x[0] - .5 * x[1] + .3 * x[2] + .1 * sin((double)t * t);
}

/* `model` points to a row whose target is a fault, or to -1. */
static void fill(const void *model, int32_t first, int32_t end, struct gram_block *ret)
{
	const int32_t *fault = model;

	memset(ret, 0, sizeof(*ret));
	for (int32_t r = 0; r < GRAM_BLOCK && first + r < end; r++) {
		double x[DIM];

		ret->column[0][r] = 1;
		row_at(first + r, x, &ret->column[DIM + 1][r]);
		for (int32_t i = 0; i < DIM; i++)
			ret->column[i + 1][r] = x[i];
		if (first + r == *fault)
			ret->column[DIM + 1][r] += 1000;
	}
}

static void factorised(int32_t fault, struct gram_system *system)
{
	struct gram gram;

	gram_init(&gram, DIM);
	for (int32_t first = 0; first < ROWS; first += GRAM_BLOCK) {
		struct gram_block block;

		fill(&fault, first, ROWS, &block);
		gram_add(&gram, &block);
	}
	ck_near(gram_rows(&gram), ROWS, 0);
	ck_assert(gram_factorise(&gram, system));
}

/* From numpy 2.4.6: tests/peers/ridge_reference.py prints these. */
static const struct {
	double lambda, constant, coefficient[DIM];
} reference[] = {
	{1e-5,
	 1.0110156849500187,
	 {2.002409208462289, -0.5046416066800528, 0.2895589950149543}},
	{1e-3,
	 1.0110832245830077,
	 {2.0004262275277567, -0.5041443621487204, 0.2891478151363931}},
	{1e-1,
	 1.0167029073885683,
	 {1.8201850751501847, -0.45892445045343805, 0.2528016593087361}},
};

START_TEST(a_solution_is_that_of_numpy)
{
	struct gram_system system;
	struct gram_solution solution;

	factorised(-1, &system);
	gram_solve(&system, reference[_i].lambda, &solution);
	ck_near(solution.constant, reference[_i].constant, 1e-8);
	for (int i = 0; i < DIM; i++)
		ck_near(solution.coefficient[i], reference[_i].coefficient[i], 1e-8);
}
END_TEST

START_TEST(a_fit_in_slices_chooses_a_small_penalty_where_little_is_noise)
{
	int32_t fault = -1;
	struct gram_fit fit;

	gram_fit_begin(&fit, DIM);
	gram_fit_to(&fit, ROWS);
	while (gram_fit_work(&fit,
			     &(const struct gram_source){.fill = fill, .model = &fault}))
		;
	ck_assert_int_eq(fit.solution.dim, DIM);
	ck_assert(fit.solution.lambda <= 1e-3);
	ck_near(fit.solution.coefficient[0], 2, .05);
	ck_assert(fit.solution.error > .05 && fit.solution.error < .1);
}
END_TEST

START_TEST(one_fault_moves_the_solution_far_less_than_least_squares)
{
	int32_t fault = 40;
	struct gram_fit fit;
	struct gram_system system;
	struct gram_solution plain;

	gram_fit_begin(&fit, DIM);
	gram_fit_to(&fit, ROWS);
	while (gram_fit_work(&fit,
			     &(const struct gram_source){.fill = fill, .model = &fault}))
		;
	factorised(fault, &system);
	gram_solve(&system, fit.solution.lambda, &plain);
	ck_assert(fabs(plain.coefficient[0] - 2) > 3);
	ck_assert(fabs(fit.solution.coefficient[0] - 2) <
		  fabs(plain.coefficient[0] - 2) / 4);
}
END_TEST

START_TEST(a_fit_goes_on_to_more_rows)
{
	int32_t fault = -1;
	struct gram_fit whole, parts;

	gram_fit_begin(&whole, DIM);
	gram_fit_to(&whole, ROWS);
	while (gram_fit_work(&whole,
			     &(const struct gram_source){.fill = fill, .model = &fault}))
		;
	gram_fit_begin(&parts, DIM);
	for (int32_t rows = 64; rows <= ROWS; rows += GRAM_BLOCK) {
		gram_fit_to(&parts, rows);
		while (gram_fit_work(&parts, &(const struct gram_source){
						     .fill = fill, .model = &fault}))
			;
	}
	for (int i = 0; i < DIM; i++)
		ck_assert(whole.solution.coefficient[i] == parts.solution.coefficient[i]);
}
END_TEST

static void fill_degenerate(const void *model, int32_t first, int32_t end,
			    struct gram_block *ret)
{
	(void)model;
	memset(ret, 0, sizeof(*ret));
	for (int32_t r = 0; r < GRAM_BLOCK && first + r < end; r++) {
		int32_t t = first + r;

		ret->column[0][r] = 1;
		ret->column[1][r] = t % 7;
		ret->column[2][r] = t % 7; /* the same again */
		ret->column[3][r] = 5;     /* constant */
		ret->column[4][r] = 3. * (t % 7);
	}
}

START_TEST(collinear_columns_share_and_constant_ones_are_left_out)
{
	struct gram_fit fit;

	gram_fit_begin(&fit, DIM);
	gram_fit_to(&fit, ROWS);
	while (gram_fit_work(&fit, &(const struct gram_source){.fill = fill_degenerate}))
		;
	ck_near(fit.solution.coefficient[0], 1.5, 1e-3);
	ck_near(fit.solution.coefficient[1], 1.5, 1e-3);
	ck_assert(fit.solution.coefficient[2] == 0);
}
END_TEST

START_TEST(too_few_rows_give_no_solution)
{
	int32_t fault = -1;
	struct gram_fit fit;

	gram_fit_begin(&fit, DIM);
	gram_fit_to(&fit, 4);
	while (gram_fit_work(&fit,
			     &(const struct gram_source){.fill = fill, .model = &fault}))
		;
	ck_assert_int_eq(fit.solution.dim, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gram");
	TCase *tc = tcase_create("gram");

	tcase_add_loop_test(tc, a_solution_is_that_of_numpy, 0, 3);
	tcase_add_test(tc, a_fit_in_slices_chooses_a_small_penalty_where_little_is_noise);
	tcase_add_test(tc, one_fault_moves_the_solution_far_less_than_least_squares);
	tcase_add_test(tc, a_fit_goes_on_to_more_rows);
	tcase_add_test(tc, collinear_columns_share_and_constant_ones_are_left_out);
	tcase_add_test(tc, too_few_rows_give_no_solution);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
