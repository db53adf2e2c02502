#include "kube/version.h"

#include <string.h>

static bool is_decimal(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

int kube_version_compare(const char *a, const char *b)
{
	if (!*a || !*b)
		return (*a != '\0') - (*b != '\0');
	if (!is_decimal(a) || !is_decimal(b))
		return strcmp(a, b);
	a += strspn(a, "0");
	b += strspn(b, "0");
	size_t length_a = strlen(a), length_b = strlen(b);
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(a, b);
}
