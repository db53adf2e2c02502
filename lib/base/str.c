#include "base/str.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_init(struct str *s, size_t limit)
{
	assert(limit > 0);
	*s = (struct str){.limit = limit};
}

void str_fini(struct str *s)
{
	if (!s)
		return;
	free(s->data);
	*s = (struct str){.limit = s->limit};
}

void str_clear(struct str *s)
{
	s->len = 0;
	s->cut = false;
	if (s->data)
		s->data[0] = '\0';
}

int str_reserve(struct str *s, size_t more)
{
	if (more > s->limit || s->len > s->limit - more) {
		s->cut = true;
		return -1;
	}
	size_t need = s->len + more + 1;
	if (need <= s->cap)
		return 0;
	size_t cap = s->cap ? s->cap : 64;
	while (cap < need)
		cap *= 2;
	s->data = xrealloc(s->data, cap);
	s->cap = cap;
	return 0;
}

int str_add(struct str *s, const char *data, size_t len)
{
	if (str_reserve(s, len) < 0)
		return -1;
	memcpy(s->data + s->len, data, len);
	s->len += len;
	s->data[s->len] = '\0';
	return 0;
}

int str_puts(struct str *s, const char *text)
{
	return str_add(s, text, strlen(text));
}

int str_printf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || str_reserve(s, (size_t)n) < 0)
		return -1;
	va_start(ap, fmt);
	vsnprintf(s->data + s->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	s->len += (size_t)n;
	return 0;
}

const char *str_text(const struct str *s)
{
	return s->data ? s->data : "";
}

char *str_take(struct str *s)
{
	char *text = s->data ? s->data : xstrdup("");
	*s = (struct str){.limit = s->limit};
	return text;
}
