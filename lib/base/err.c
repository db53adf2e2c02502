#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	err->code = code;
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	char cause[sizeof(err->msg)];
	memcpy(cause, err->msg, sizeof(cause));
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	/* A text too long for the buffer loses its end: the place matters more than the
	 * last detail. */
	size_t at = n < 0 ? 0 : (size_t)n;
	if (at + 3 < sizeof(err->msg)) {
		memcpy(err->msg + at, ": ", 2);
		size_t room = sizeof(err->msg) - at - 3;
		size_t len = strlen(cause) < room ? strlen(cause) : room;
		memcpy(err->msg + at + 2, cause, len);
		err->msg[at + 2 + len] = '\0';
	}
	return -1;
}
