#include "base/base.h"
#include "unit/harness.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(memory_is_given_and_zeroed)
{
	AUTO_FREE int *numbers = xcalloc(100, sizeof(*numbers));
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(numbers[i], 0);
	AUTO_FREE char *bytes = xmalloc(3);
	memcpy(bytes, "ab", 3);
	bytes = xrealloc(bytes, 1000);
	ck_assert_str_eq(bytes, "ab");
}
END_TEST

START_TEST(nothing_asked_for_is_still_a_pointer)
{
	AUTO_FREE void *a = xmalloc(0);
	AUTO_FREE void *b = xcalloc(0, 8);
	AUTO_FREE void *c = xrealloc(NULL, 0);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_ne(a, b);
}
END_TEST

START_TEST(copies_of_null_are_null)
{
	ck_assert_ptr_null(xstrdup(NULL));
	ck_assert_ptr_null(xstrndup(NULL, 3));
}
END_TEST

START_TEST(strings_are_copied_cut_and_formatted)
{
	AUTO_FREE char *whole = xstrdup("replicas");
	AUTO_FREE char *part = xstrndup("replicas", 3);
	AUTO_FREE char *more = xstrndup("ab", 9);
	AUTO_FREE char *made = xasprintf("%s-%d", "web", 7);
	ck_assert_str_eq(whole, "replicas");
	ck_assert_str_eq(part, "rep");
	ck_assert_str_eq(more, "ab");
	ck_assert_str_eq(made, "web-7");
}
END_TEST

static int cleaned;

static void count_cleanup(int *value)
{
	cleaned += *value;
}

START_TEST(an_owner_cleans_up_at_the_end_of_its_scope)
{
	cleaned = 0;
	{
		AUTO(count_cleanup) int three = 3;
		ck_assert_int_eq(cleaned, 0);
		ck_assert_int_eq(three, 3);
	}
	ck_assert_int_eq(cleaned, 3);
}
END_TEST

START_TEST(taking_leaves_null_behind)
{
	char *owner = xstrdup("x");
	AUTO_FREE char *taken = TAKE(owner);
	ck_assert_ptr_null(owner);
	ck_assert_str_eq(taken, "x");
}
END_TEST

START_TEST(the_length_of_an_array_is_its_elements)
{
	int numbers[7];
	ck_assert_uint_eq(ARRAY_LEN(numbers), 7);
}
END_TEST

START_TEST(what_a_library_allocated_is_handed_on)
{
	int number;
	ck_assert_ptr_eq(mem_or_die(&number), &number);
}
END_TEST

START_TEST(what_a_library_could_not_allocate_aborts)
{
	mem_or_die(NULL);
}
END_TEST

/* The address sanitizer ends a program that asks for too much before malloc can say no
 * (gcc has a macro for it, clang a feature). */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED_ADDRESSES 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED_ADDRESSES 1
#endif
#ifndef SANITIZED_ADDRESSES
/* Read through a volatile, so that no compiler sees the absurd size and warns. */
static volatile size_t too_much = SIZE_MAX / 2;

START_TEST(exhaustion_aborts)
{
	xmalloc(too_much);
}
END_TEST

START_TEST(a_product_that_overflows_aborts)
{
	xcalloc(too_much, 16);
}
END_TEST
#endif

#if defined(__GLIBC__) && !defined(SANITIZED_ADDRESSES)
#define PIECES      1000
#define PIECE_BYTES 20000

static long resident_bytes(void)
{
	long all = 0, resident = 0;
	FILE *in = fopen("/proc/self/statm", "r");
	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(fscanf(in, "%ld %ld", &all, &resident), 2);
	fclose(in);
	return resident * sysconf(_SC_PAGESIZE);
}

/* A small one behind each keeps it from going by itself. */
START_TEST(what_is_free_between_used_memory_is_given_back)
{
	static char *large[PIECES], *small[PIECES];
	for (int i = 0; i < PIECES; i++) {
		large[i] = xmalloc(PIECE_BYTES);
		memset(large[i], i, PIECE_BYTES);
		small[i] = xasprintf("%d", i);
	}
	for (int i = 0; i < PIECES; i++)
		free(large[i]);
	long before = resident_bytes();
	mem_trim();
	/* Up to two pages of each are shared with its neighbours. */
	ck_assert_int_ge(before - resident_bytes(), PIECES * (PIECE_BYTES - 2 * 4096L));
	for (int i = 0; i < PIECES; i++) {
		ck_assert_int_eq(atoi(small[i]), i);
		free(small[i]);
	}
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("mem");
	TCase *tcase = tcase_create("mem");
	tcase_add_test(tcase, memory_is_given_and_zeroed);
	tcase_add_test(tcase, nothing_asked_for_is_still_a_pointer);
	tcase_add_test(tcase, copies_of_null_are_null);
	tcase_add_test(tcase, strings_are_copied_cut_and_formatted);
	tcase_add_test(tcase, an_owner_cleans_up_at_the_end_of_its_scope);
	tcase_add_test(tcase, taking_leaves_null_behind);
	tcase_add_test(tcase, the_length_of_an_array_is_its_elements);
	tcase_add_test(tcase, what_a_library_allocated_is_handed_on);
	tcase_add_test_raise_signal(tcase, what_a_library_could_not_allocate_aborts,
				    SIGABRT);
#ifndef SANITIZED_ADDRESSES
	tcase_add_test_raise_signal(tcase, exhaustion_aborts, SIGABRT);
	tcase_add_test_raise_signal(tcase, a_product_that_overflows_aborts, SIGABRT);
#endif
#if defined(__GLIBC__) && !defined(SANITIZED_ADDRESSES)
	tcase_add_test(tcase, what_is_free_between_used_memory_is_given_back);
#endif
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
