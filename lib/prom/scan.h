/* A reader of JSON text that builds nothing: the caller asks for what it expects next.
 * Once something was not as expected every further question is answered with false.
 * Inside prom only. */
#ifndef FORETOP_PROM_SCAN_H
#define FORETOP_PROM_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct scan {
	const char *start, *at, *end;
	bool opened; /* the last thing read was a bracket that opened */
	bool broken; /* not JSON, or not what was asked for, at `at` */
};

/* A string as it stands between its quotes. */
struct scan_text {
	const char *raw;
	size_t len;
	bool escaped; /* it has backslashes: scan_plain resolves them */
};

void scan_init(struct scan *s, const char *text, size_t len);

/* The next character that is no white space, without taking it; 0 at the end. */
char scan_peek(struct scan *s);
/* Takes '{' or '['. */
bool scan_open(struct scan *s, char bracket);
/* Before each element: takes the comma between two. False at the closing bracket, which
 * it takes, and when broken. */
bool scan_next(struct scan *s, char closing);
/* Takes a member's name and its colon. */
bool scan_key(struct scan *s, struct scan_text *ret_key);
bool scan_string(struct scan *s, struct scan_text *ret_text);
bool scan_number(struct scan *s, double *ret_value);
bool scan_bool(struct scan *s, bool *ret_value);
/* Takes any value, checking its form. */
bool scan_skip(struct scan *s);
/* True when nothing but white space is left. */
bool scan_at_end(struct scan *s);

/* The text without its escapes; buf needs text->len + 1 bytes. U+0000 becomes a question
 * mark, so that it cannot cut the string. Returns the length without the NUL. */
size_t scan_plain(const struct scan_text *text, char *buf);
/* True when the text is this word; words have no escapes. */
bool scan_is(const struct scan_text *text, const char *word);

#endif
