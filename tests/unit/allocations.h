/* Counts what a program allocates: include it in one file of the program. It stands in
 * for the C library's own functions; the address sanitizer does the same, so beside it,
 * and with another C library, nothing is counted. */
#ifndef FORETOP_TESTS_ALLOCATIONS_H
#define FORETOP_TESTS_ALLOCATIONS_H

#include <stdint.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static int64_t allocations; /* since the start */

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	allocations++;
	return __libc_realloc(p, size);
}
#endif

#endif
