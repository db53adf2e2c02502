#include "forecast/path_shape.h"

#include "unit/harness.h"

#define DAY 288

/* Errors of 1 at night and 3 by day, over so many days. */
static void learn(struct shape *s, int32_t days)
{
	shape_init(s, DAY);
	for (int64_t t = 0; t < (int64_t)days * DAY; t++)
		shape_note(s, 0, 1, shape_part(s, t), t % DAY < DAY / 2 ? -1 : 3);
}

START_TEST(without_errors_or_a_season_all_parts_are_alike)
{
	float factor[SHAPE_PARTS];
	struct shape s;

	shape_init(&s, DAY);
	ck_near(shape_size(&s, 0), 0, 0);
	shape_factors(&s, PATH_KNOTS_MAX, factor);
	for (int i = 0; i < SHAPE_PARTS; i++)
		ck_near(factor[i], 1, 1e-6);
	shape_init(&s, 0);
	shape_note(&s, 2, 1, shape_part(&s, 77), 5);
	ck_near(shape_size(&s, 2), 5, 1e-6);
	ck_assert_int_eq(shape_part(&s, 77), 0);
	shape_factors(&s, PATH_KNOTS_MAX, factor);
	ck_near(factor[0], 1, 1e-6);
}
END_TEST

START_TEST(parts_are_hours_of_a_day_and_steps_of_a_short_season)
{
	struct shape s;

	shape_init(&s, DAY);
	ck_assert_int_eq(shape_part(&s, 0), 0);
	ck_assert_int_eq(shape_part(&s, 11), 0);
	ck_assert_int_eq(shape_part(&s, 12), 1);
	ck_assert_int_eq(shape_part(&s, 5 * DAY - 1), 23);
	shape_init(&s, 7);
	ck_assert_int_eq(s.parts, 7);
	ck_assert_int_eq(shape_part(&s, 7 * 9 + 6), 6);
}
END_TEST

START_TEST(many_errors_are_believed_and_few_are_not)
{
	float few[SHAPE_PARTS], many[SHAPE_PARTS];
	double squares = 0;
	struct shape s;

	learn(&s, 14);
	ck_near(shape_size(&s, 0), 2, 1e-4);
	shape_factors(&s, 1, many);
	ck_near(many[18] / many[6], 3, .5);
	/* The edges are smooth. */
	ck_assert(many[11] > many[6] && many[12] < many[18]);
	for (int i = 0; i < SHAPE_PARTS; i++)
		squares += (double)(many[i] * many[i]);
	ck_near(squares / SHAPE_PARTS, 1, 1e-5);

	shape_init(&s, DAY);
	for (int64_t t = 0; t < DAY; t += 12)
		shape_note(&s, 0, 12, shape_part(&s, t), t < DAY / 2 ? -1 : 3);
	shape_factors(&s, 1, few);
	ck_assert(few[18] / few[6] > 1 && few[18] / few[6] < 1.3);
}
END_TEST

START_TEST(knots_speak_in_units_of_their_own)
{
	float alone[SHAPE_PARTS], beside[SHAPE_PARTS];
	struct shape s;

	learn(&s, 14);
	shape_factors(&s, 2, alone);
	for (int64_t t = 0; t < 14 * DAY; t++)
		shape_note(&s, 1, 1, shape_part(&s, t),
			   1e6 * (t % DAY < DAY / 2 ? -1 : 3));
	shape_factors(&s, 2, beside);
	ck_near(beside[18] / beside[6], alone[18] / alone[6], .2);
}
END_TEST

START_TEST(old_errors_are_forgotten)
{
	struct shape s;

	learn(&s, 14);
	for (int64_t t = 0; t < 60 * DAY; t++)
		shape_note(&s, 0, 1, shape_part(&s, t), 7);
	ck_near(shape_size(&s, 0), 7, .1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path_shape");
	TCase *tc = tcase_create("path_shape");

	tcase_add_test(tc, without_errors_or_a_season_all_parts_are_alike);
	tcase_add_test(tc, parts_are_hours_of_a_day_and_steps_of_a_short_season);
	tcase_add_test(tc, many_errors_are_believed_and_few_are_not);
	tcase_add_test(tc, knots_speak_in_units_of_their_own);
	tcase_add_test(tc, old_errors_are_forgotten);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
