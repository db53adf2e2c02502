#include "decide/decide.h"
#include "unit/harness.h"

START_TEST(first_reason_that_fits_is_named)
{
	struct hold_reasons h = {0};
	hold_reasons_add(&h, "Up", false, true, "no more than %d", 5);
	hold_reasons_add(&h, "Down", true, false, "no less");
	hold_reasons_add(&h, "Both", true, true, "not at all");
	ck_assert_str_eq(hold_reasons_find(&h, 3, 5)->name, "Up");
	ck_assert_str_eq(hold_reasons_find(&h, 3, 5)->text, "no more than 5");
	ck_assert_str_eq(hold_reasons_find(&h, 5, 3)->name, "Down");
	ck_assert_ptr_null(hold_reasons_find(&h, 5, 5));
	ck_assert_ptr_null(hold_reasons_find(NULL, 5, 3));
}
END_TEST

START_TEST(reason_starts_empty_whatever_was_in_its_place)
{
	struct hold_reasons h = {0};
	hold_reasons_add(&h, "A", true, true, "a")->until_ms = 7;
	h.items[0].starting = true;
	h.count = 0;
	const struct hold_reason *r = hold_reasons_add(&h, "B", false, false, "b");
	ck_assert_int_eq(r->until_ms, 0);
	ck_assert(!r->starting);
	ck_assert_ptr_null(hold_reasons_find(&h, 5, 3));
	ck_assert_ptr_null(hold_reasons_find(&h, 3, 5));
}
END_TEST

START_TEST(full_list_takes_no_more_than_it_holds)
{
	struct hold_reasons h = {0};
	for (int i = 0; i < 2 * HOLD_REASONS_MAX; i++)
		hold_reasons_add(&h, "Some", i > HOLD_REASONS_MAX, false, "number %d", i);
	ck_assert_int_eq(h.count, HOLD_REASONS_MAX);
	ck_assert_str_eq(h.items[0].text, "number 0");
	ck_assert_str_eq(h.items[HOLD_REASONS_MAX - 2].text, "number 22");
	/* The newest is not lost: it may be the only one for its direction. */
	ck_assert_str_eq(hold_reasons_find(&h, 5, 3)->text, "number 47");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hold");
	TCase *t = tcase_create("hold");
	tcase_add_test(t, first_reason_that_fits_is_named);
	tcase_add_test(t, reason_starts_empty_whatever_was_in_its_place);
	tcase_add_test(t, full_list_takes_no_more_than_it_holds);
	suite_add_tcase(s, t);
	return run_suite(s);
}
