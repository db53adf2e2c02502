#include "kube/pause.h"

#include "base/base.h"
#include "unit/harness.h"

#include <string.h>

static const struct {
	const char *text;
	int ret;
	int64_t until_ms;
} times[] = {
	{"forever", 0, INT64_MAX},
	{"2026-03-02T08:15:00Z", 0, INT64_C(1772439300000)},
	{"", -1, 0},
	{"2h", -1, 0},
	{"Forever", -1, 0},
};

START_TEST(a_pause_ends_at_a_time_or_never)
{
	int64_t until_ms = 7;
	ck_assert_int_eq(kube_pause_read(times[_i].text, &until_ms), times[_i].ret);
	ck_assert_int_eq(until_ms, times[_i].ret ? 7 : times[_i].until_ms);
}
END_TEST

START_TEST(keys_are_short_enough_and_do_not_meet)
{
	char name[254], other[254];
	memset(name, 'a', sizeof(name) - 1);
	name[253] = '\0';
	memcpy(other, name, sizeof(name));
	other[252] = 'b';
	char *plain AUTO_FREE = kube_pause_key("shop", "checkout");
	char *key AUTO_FREE = kube_pause_key("shop", name);
	char *another AUTO_FREE = kube_pause_key("shop", other);
	ck_assert_str_eq(plain, "shop.checkout");
	ck_assert_uint_eq(strlen(key), 253);
	ck_assert_str_ne(key, another);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube pause");
	TCase *t = tcase_create("pause");
	tcase_add_loop_test(t, a_pause_ends_at_a_time_or_never, 0, ARRAY_LEN(times));
	tcase_add_test(t, keys_are_short_enough_and_do_not_meet);
	suite_add_tcase(s, t);
	return run_suite(s);
}
