/* Lists of heap strings that end with NULL, as argv and environ do. */
#ifndef FORETOP_BASE_TEXTS_H
#define FORETOP_BASE_TEXTS_H

#include <stddef.h>

/* How many texts stand before the NULL; 0 when the list itself is NULL. */
size_t texts_count(char *const *list);
/* A deep copy; NULL stays NULL. The caller frees it with texts_free. */
char **texts_copy(char *const *list);
/* Frees the texts and the list. Accepts NULL. */
void texts_free(char **list);

#endif
