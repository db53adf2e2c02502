#include "base/texts.h"

#include "base/mem.h"

#include <stdlib.h>

size_t texts_count(char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

char **texts_copy(char *const *list)
{
	if (!list)
		return NULL;
	size_t n = texts_count(list);
	char **copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(list[i]);
	return copy;
}

void texts_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}
