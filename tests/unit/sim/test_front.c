#include "sim/front.h"

#include "unit/harness.h"

static struct front front;

static void teardown(void)
{
	front_fini(&front);
	front_fini(&front);
}

START_TEST(what_another_beats_is_left_out)
{
	front_add(&front, 0.01, 1.5, 0);
	front_add(&front, 0.02, 1.6, 1); /* worse in both */
	front_add(&front, 0.00, 2.0, 2);
	front_add(&front, 0.01, 1.7, 3); /* serves the same for more */
	front_add(&front, 0.04, 1.2, 4);
	front_add(&front, 0.04, 1.2, 5); /* the same again */
	front_add(&front, NAN, 1.0, 6);
	front_add(&front, 0.03, 1.4, 7); /* a mixture of 0 and 4 costs 1.3 there */
	front_sort(&front);
	static const int32_t settings[] = {2, 0, 4};
	ck_assert_int_eq(front.count, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(front.points[i].setting, settings[i]);
}
END_TEST

START_TEST(between_two_points_lies_their_mixture)
{
	front_add(&front, 0.04, 1.2, 0);
	front_add(&front, 0.01, 1.5, 1);
	front_sort(&front);
	ck_assert(isnan(front_pods(&front, 0.009)));
	ck_near(front_pods(&front, 0.01), 1.5, 1e-12);
	ck_near(front_pods(&front, 0.02), 1.4, 1e-12);
	ck_near(front_pods(&front, 0.04), 1.2, 1e-12);
	ck_near(front_pods(&front, 0.9), 1.2, 1e-12);
}
END_TEST

START_TEST(an_empty_front_serves_nothing)
{
	front_sort(&front);
	ck_assert(isnan(front_pods(&front, 1)));
	front_add(&front, 0, 1, 0);
	front_sort(&front);
	ck_near(front_pods(&front, 0), 1, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("front");
	TCase *tc = tcase_create("fronts");
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, what_another_beats_is_left_out);
	tcase_add_test(tc, between_two_points_lies_their_mixture);
	tcase_add_test(tc, an_empty_front_serves_nothing);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
