#include "base/fixed.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fixed_init(struct fixed *f, char *data, size_t size)
{
	assert(size > 0);
	*f = (struct fixed){.data = data, .size = size};
	data[0] = '\0';
}

void fixed_puts(struct fixed *f, const char *text)
{
	size_t len = strnlen(text, f->size - f->len - 1);
	memcpy(f->data + f->len, text, len);
	f->len += len;
	f->data[f->len] = '\0';
}

void fixed_printf(struct fixed *f, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(f->data + f->len, f->size - f->len, fmt, args);
	va_end(args);
	f->len += n > 0 ? (size_t)n : 0;
	if (f->len >= f->size)
		f->len = f->size - 1;
}
