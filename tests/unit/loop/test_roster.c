#include "loop/roster.h"

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define LIVING_MS 10000

static struct roster r;

static void setup(void)
{
	roster_init(&r, "self", LIVING_MS);
}

START_TEST(another_lives_while_its_count_moves)
{
	roster_read(&r, "{\"self\": 4, \"b\": 7}", 1000);
	ck_assert_int_eq(roster_others(&r, 1000), 1);
	roster_read(&r, "{\"b\": 7}", 9000);
	ck_assert_int_eq(roster_others(&r, 10999), 1);
	ck_assert_int_eq(roster_others(&r, 11000), 0);
	/* A count that is smaller is another one too: the process is new. */
	roster_read(&r, "{\"b\": 1}", 12000);
	ck_assert_int_eq(roster_others(&r, 21999), 1);
	ck_assert_int_eq(roster_others(&r, 22000), 0);
}
END_TEST

START_TEST(who_has_left_is_gone_at_once)
{
	roster_read(&r, "{\"b\": 7, \"c\": 1}", 1000);
	roster_read(&r, "{\"c\": 2}", 2000);
	ck_assert_int_eq(roster_others(&r, 2000), 1);
	ck_assert_str_eq(r.others[0].identity, "c");
}
END_TEST

START_TEST(what_is_written_is_what_lives_and_ourselves)
{
	roster_read(&r, "{\"dead\": 7}", 1000);
	roster_read(&r, "{\"dead\": 7, \"b\": 3}", 8000);
	char *text = roster_write(&r, true, 11000);
	ck_assert_str_eq(text, "{\"b\":3,\"self\":1}");
	free(text);
	text = roster_write(&r, true, 11000);
	ck_assert_str_eq(text, "{\"b\":3,\"self\":2}");
	free(text);
	text = roster_write(&r, false, 11000);
	ck_assert_str_eq(text, "{\"b\":3}");
	free(text);
}
END_TEST

static const char *const broken[] = {NULL, "", "{", "[1]", "3", "{\"b\": \"x\"}", "{}"};

START_TEST(a_text_that_is_none_means_nobody)
{
	roster_read(&r, "{\"b\": 7}", 1000);
	roster_read(&r, broken[_i], 2000);
	ck_assert_int_eq(roster_others(&r, 2000), 0);
}
END_TEST

START_TEST(more_than_can_share_are_not_counted)
{
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	str_puts(&text, "{");
	for (int i = 0; i < 100; i++)
		str_printf(&text, "%s\"r%d\": 1", i ? "," : "", i);
	str_puts(&text, "}");
	roster_read(&r, str_text(&text), 0);
	ck_assert_int_eq(roster_others(&r, 0), ROSTER_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("roster");
	TCase *t = tcase_create("roster");
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, another_lives_while_its_count_moves);
	tcase_add_test(t, who_has_left_is_gone_at_once);
	tcase_add_test(t, what_is_written_is_what_lives_and_ourselves);
	tcase_add_loop_test(t, a_text_that_is_none_means_nobody, 0,
			    sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(t, more_than_can_share_are_not_counted);
	suite_add_tcase(s, t);
	return run_suite(s);
}
