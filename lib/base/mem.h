/* Heap memory that never fails softly, and owners that clean up after themselves. */
#ifndef FORETOP_BASE_MEM_H
#define FORETOP_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* Never return NULL: on exhaustion they write one line to stderr and abort. Zero sizes
 * give a unique pointer. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
/* For what a library allocated: p, or the end as above. */
void *mem_or_die(void *p);
/* NULL gives NULL. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
/* A new string from a format; the caller frees it. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Gives what is free, whole pages of it, back to the system. Memory that was used for a
 * moment would stay the process's else, between what is still used. Takes time for each
 * free piece: 10,000 policies have some hundreds. */
void mem_trim(void);

/* AUTO(free_fn) marks a local whose owner is its scope; free_fn takes a pointer to the
 * variable. AUTO_FREE does it for heap strings and arrays. TAKE(p) hands the value over
 * and leaves NULL behind. */
#define AUTO(fn)  __attribute__((cleanup(fn)))
#define AUTO_FREE AUTO(mem_free_cleanup)
#define TAKE(p)                                                                          \
	({                                                                               \
		__typeof__(p) taken_ = (p);                                              \
		(p) = NULL;                                                              \
		taken_;                                                                  \
	})

void mem_free_cleanup(void *pointer_to_pointer);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
