/* A text inside a fixed array of the caller, for code that must not allocate: it is cut
 * where the array ends, and always ends with NUL. */
#ifndef FORETOP_BASE_FIXED_H
#define FORETOP_BASE_FIXED_H

#include <stddef.h>

struct fixed {
	char *data; /* borrowed */
	size_t size, len;
};

/* Empty; size >= 1. */
void fixed_init(struct fixed *f, char *data, size_t size);
/* Append what fits. */
void fixed_puts(struct fixed *f, const char *text);
void fixed_printf(struct fixed *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
