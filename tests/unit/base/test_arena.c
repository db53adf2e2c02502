#include "base/base.h"
#include "unit/harness.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(what_it_gave_stays_where_it_is)
{
	enum { COUNT = 2000 };
	struct arena a AUTO(arena_fini) = {0};
	char *texts[COUNT];
	for (int i = 0; i < COUNT; i++) {
		char text[32];
		snprintf(text, sizeof(text), "%d", i);
		texts[i] = arena_copy(&a, text, strlen(text) + 1);
	}
	for (int i = 0; i < COUNT; i++) {
		ck_assert_int_eq(atoi(texts[i]), i);
		ck_assert_uint_eq((uintptr_t)texts[i] % alignof(max_align_t), 0);
	}
	ck_assert_uint_ge(a.taken, COUNT * alignof(max_align_t));
	ck_assert(!a.full);
}
END_TEST

START_TEST(one_piece_may_be_larger_than_a_block)
{
	struct arena a AUTO(arena_fini) = {0};
	const size_t size = (size_t)5 << 20;
	char *p = arena_alloc(&a, size);
	memset(p, 1, size);
	char *next = arena_alloc(&a, 1);
	ck_assert(next < p || next >= p + size);
	ck_assert_ptr_nonnull(arena_copy(&a, NULL, 0));
}
END_TEST

START_TEST(a_limit_is_kept_and_told)
{
	struct arena a AUTO(arena_fini) = {.most = 100000};
	size_t got = 0;
	while (arena_alloc(&a, 1000))
		got += 1000;
	ck_assert_uint_ge(got, 50000);
	ck_assert_uint_le(got, a.taken);
	ck_assert_uint_le(a.taken, a.most);
	ck_assert(a.full);
	ck_assert_ptr_null(arena_copy(&a, "", SIZE_MAX / 2));
}
END_TEST

START_TEST(once_emptied_it_is_as_new)
{
	struct arena a = {.most = 5000};
	ck_assert_ptr_nonnull(arena_alloc(&a, 4000));
	ck_assert_ptr_null(arena_alloc(&a, 4000));
	arena_fini(&a);
	ck_assert(!a.newest && !a.taken && !a.full);
	ck_assert_ptr_nonnull(arena_alloc(&a, 4000));
	arena_fini(&a);
	arena_fini(&a);
}
END_TEST

START_TEST(what_is_reserved_comes_in_one_block)
{
	struct arena a AUTO(arena_fini) = {0}, small AUTO(arena_fini) = {0};
	arena_reserve(&a, 100000);
	ck_assert_uint_eq(a.taken, 100000);
	for (int i = 0; i < 90; i++)
		ck_assert_ptr_nonnull(arena_alloc(&a, 1000));
	ck_assert_uint_eq(a.taken, 100000);
	arena_reserve(&a, 1000000);
	ck_assert_uint_eq(a.taken, 100000);
	arena_reserve(&small, 1);
	ck_assert_uint_eq(small.taken, 4096);
	arena_fini(&a);
	arena_reserve(&a, SIZE_MAX);
	ck_assert_uint_eq(a.taken, 1 << 20);
}
END_TEST

START_TEST(a_cleared_one_keeps_a_block_and_no_more)
{
	struct arena a AUTO(arena_fini) = {.most = 3 << 20};
	arena_clear(&a);
	ck_assert(!a.newest && !a.taken);
	for (int i = 0; i < 100; i++)
		ck_assert_ptr_nonnull(arena_alloc(&a, 4000));
	size_t taken = a.taken;
	arena_clear(&a);
	ck_assert_uint_ge(a.taken, taken / 2);
	ck_assert_uint_lt(a.taken, taken);
	taken = a.taken;
	memset(arena_alloc(&a, taken), 1, taken);
	ck_assert_uint_eq(a.taken, taken);
	/* A giant is not kept, and what was refused is forgotten. */
	ck_assert_ptr_nonnull(arena_alloc(&a, 2 << 20));
	ck_assert_ptr_null(arena_alloc(&a, 2 << 20));
	arena_clear(&a);
	ck_assert(!a.taken && !a.full);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arena");
	TCase *tcase = tcase_create("arena");
	tcase_add_test(tcase, what_it_gave_stays_where_it_is);
	tcase_add_test(tcase, one_piece_may_be_larger_than_a_block);
	tcase_add_test(tcase, a_limit_is_kept_and_told);
	tcase_add_test(tcase, once_emptied_it_is_as_new);
	tcase_add_test(tcase, what_is_reserved_comes_in_one_block);
	tcase_add_test(tcase, a_cleared_one_keeps_a_block_and_no_more);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
