#include "fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
	va_list args;
	fprintf(stderr, "%s:%d: must hold: %s: ", file, line, what);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	size_t len = size ? strnlen((const char *)data, size) : 0;
	return xstrndup(len ? (const char *)data : "", len);
}

void must_explain(const struct err *err)
{
	must(err->code != ERR_NONE, "no code: \"%s\"", err->msg);
	must(err->code <= ERR_FATAL, "code %d", (int)err->code);
	must(err->msg[0], "no text");
	must(memchr(err->msg, '\0', sizeof(err->msg)), "the text has no end");
}

void must_equal(const char *a, const char *b)
{
	must(!a == !b && (!a || strcmp(a, b) == 0), "\"%s\" and \"%s\"", a ? a : "(none)",
	     b ? b : "(none)");
}
