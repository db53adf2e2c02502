/* Writing HTML so that text from outside can never become markup. Private to serve. */
#ifndef FORETOP_SERVE_HTML_H
#define FORETOP_SERVE_HTML_H

#include "base/base.h"

/* Appends text for elements and quoted attributes: & < > " ' become references, control
 * characters a replacement mark. NULL is "". */
void html_text(struct str *out, const char *text);

/* Appends markup from a constant format: %s is escaped (html_text), %d is an int, %% a
 * percent sign; nothing else is allowed (assert). Markup stands in the format alone. */
void html_add(struct str *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A number of a metric for people, three digits: "0.042", "8.31", "840", "12,300",
 * "1.31 G"; "unknown" for NaN. size 32 suffices. Returns buf. */
char *html_number(double v, char *buf, size_t size);
/* "08:31:15 UTC". size 24 suffices. Returns buf. */
char *html_clock(int64_t ms, char *buf, size_t size);
/* "2026-01-19 08:31 UTC"; "never" for 0 and less. size 32 suffices. Returns buf. */
char *html_time(int64_t ms, char *buf, size_t size);

#endif
