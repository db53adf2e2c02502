/* A growing string with a mandatory limit, for everything that input can make long. */
#ifndef FORETOP_BASE_STR_H
#define FORETOP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
	char *data; /* NUL-terminated, or NULL while empty and never written */
	size_t len, cap;
	size_t limit; /* most bytes it may hold */
	bool cut;     /* something did not fit and was left out */
};

/* An empty string that holds at most `limit` bytes. Allocates nothing yet. */
void str_init(struct str *s, size_t limit);
/* Accepts NULL and zeroed. */
void str_fini(struct str *s);
/* Forgets the content and the cut mark, keeps the memory. */
void str_clear(struct str *s);

/* Makes room for `more` bytes behind the content at once; 0, or -1 as str_add. */
int str_reserve(struct str *s, size_t more);
/* Append; 0, or -1 when the limit is passed (nothing of this call is added then, `cut` is
 * set). */
int str_add(struct str *s, const char *data, size_t len);
int str_puts(struct str *s, const char *text);
int str_printf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The text, never NULL. Borrowed until the next append. */
const char *str_text(const struct str *s);
/* Hands the heap string over (never NULL) and leaves s empty. */
char *str_take(struct str *s);

#endif
