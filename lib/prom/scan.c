#include "prom/scan.h"

#include <stdlib.h>
#include <string.h>

/* Answers nest four brackets deep; statistics a few more. */
#define DEPTH_MAX 64
/* No finite double needs more characters. */
#define NUMBER_MAX 64

void scan_init(struct scan *s, const char *text, size_t len)
{
	*s = (struct scan){.start = text, .at = text, .end = text + len};
}

static bool fail(struct scan *s)
{
	s->broken = true;
	return false;
}

char scan_peek(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
	return s->at < s->end && !s->broken ? *s->at : '\0';
}

static bool take(struct scan *s, char c)
{
	if (scan_peek(s) != c || s->broken)
		return fail(s);
	s->at++;
	s->opened = false;
	return true;
}

bool scan_open(struct scan *s, char bracket)
{
	if (!take(s, bracket))
		return false;
	s->opened = true;
	return true;
}

bool scan_next(struct scan *s, char closing)
{
	if (s->broken)
		return false;
	if (scan_peek(s) == closing) {
		take(s, closing);
		return false;
	}
	if (s->opened) {
		s->opened = false;
		return s->at < s->end || fail(s);
	}
	return take(s, ',');
}

bool scan_key(struct scan *s, struct scan_text *ret_key)
{
	return scan_string(s, ret_key) && take(s, ':');
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of the escape at p, 0 when it is none. */
static size_t escape_length(const char *p, const char *end)
{
	if (end - p < 2)
		return 0;
	if (p[1] != 'u')
		return p[1] && strchr("\"\\/bfnrt", p[1]) ? 2 : 0;
	if (end - p < 6)
		return 0;
	for (int i = 2; i < 6; i++)
		if (!is_hex(p[i]))
			return 0;
	return 6;
}

/* The first byte that is no plain part of a string. */
static const char *plain_end(const char *p, const char *end)
{
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= ' ')
		p++;
	return p;
}

bool scan_string(struct scan *s, struct scan_text *ret_text)
{
	if (!take(s, '"'))
		return false;
	struct scan_text text = {.raw = s->at};
	while ((s->at = plain_end(s->at, s->end)) < s->end && *s->at == '\\') {
		size_t step = escape_length(s->at, s->end);
		if (!step)
			return fail(s);
		s->at += step;
		text.escaped = true;
	}
	if (s->at == s->end || *s->at != '"')
		return fail(s);
	text.len = (size_t)(s->at++ - text.raw);
	*ret_text = text;
	return true;
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* RFC 8259 section 6. Returns the end of the number at p, or NULL. */
static const char *number_end(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	const char *whole = digits(p, end);
	if (whole == p || (*p == '0' && whole > p + 1))
		return NULL;
	p = whole;
	if (p < end && *p == '.') {
		const char *fraction = digits(p + 1, end);
		if (fraction == p + 1)
			return NULL;
		p = fraction;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		const char *exponent = digits(p, end);
		if (exponent == p)
			return NULL;
		p = exponent;
	}
	return p;
}

bool scan_number(struct scan *s, double *ret_value)
{
	scan_peek(s);
	const char *end = s->broken ? NULL : number_end(s->at, s->end);
	if (!end || end - s->at >= NUMBER_MAX)
		return fail(s);
	char copy[NUMBER_MAX];
	size_t len = (size_t)(end - s->at);
	memcpy(copy, s->at, len);
	copy[len] = '\0';
	*ret_value = strtod(copy, NULL);
	s->at = end;
	s->opened = false;
	return true;
}

static bool take_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);
	scan_peek(s);
	if (s->broken || (size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return fail(s);
	s->at += len;
	s->opened = false;
	return true;
}

bool scan_bool(struct scan *s, bool *ret_value)
{
	bool value = scan_peek(s) == 't';
	if (!take_word(s, value ? "true" : "false"))
		return false;
	*ret_value = value;
	return true;
}

static bool skip_plain(struct scan *s)
{
	struct scan_text text;
	double number;
	switch (scan_peek(s)) {
	case '"':
		return scan_string(s, &text);
	case 't':
		return take_word(s, "true");
	case 'f':
		return take_word(s, "false");
	case 'n':
		return take_word(s, "null");
	default:
		return scan_number(s, &number);
	}
}

bool scan_skip(struct scan *s)
{
	char closing[DEPTH_MAX];
	int depth = 0;
	do {
		struct scan_text key;
		if (depth > 0 && !scan_next(s, closing[depth - 1])) {
			depth--;
			continue;
		}
		if (depth > 0 && closing[depth - 1] == '}' && !scan_key(s, &key))
			return false;
		char c = scan_peek(s);
		if (c != '{' && c != '[') {
			if (!skip_plain(s))
				return false;
			continue;
		}
		if (depth == DEPTH_MAX || !scan_open(s, c))
			return fail(s);
		closing[depth++] = c == '{' ? '}' : ']';
	} while (depth > 0 && !s->broken);
	return !s->broken;
}

bool scan_at_end(struct scan *s)
{
	scan_peek(s);
	return !s->broken && s->at == s->end;
}

static unsigned hex4(const char *p)
{
	char copy[5] = {p[0], p[1], p[2], p[3], '\0'};
	return (unsigned)strtoul(copy, NULL, 16);
}

static bool is_high(unsigned code)
{
	return code >= 0xd800 && code < 0xdc00;
}

static bool is_low(unsigned code)
{
	return code >= 0xdc00 && code < 0xe000;
}

static size_t put_utf8(unsigned code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* The code point at p ("\uXXXX", or two of them for one beyond U+FFFF); *ret_used is the
 * number of bytes read. A surrogate alone is U+FFFD. */
static unsigned code_point(const char *p, const char *end, size_t *ret_used)
{
	unsigned code = hex4(p + 2);
	*ret_used = 6;
	if (is_high(code) && end - p >= 12 && p[6] == '\\' && p[7] == 'u' &&
	    is_low(hex4(p + 8))) {
		*ret_used = 12;
		return 0x10000 + ((code - 0xd800) << 10) + (hex4(p + 8) - 0xdc00);
	}
	if (is_high(code) || is_low(code))
		return 0xfffd;
	return code ? code : '?';
}

size_t scan_plain(const struct scan_text *text, char *buf)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *p = text->raw, *end = p + text->len;
	char *out = buf;
	while (p < end) {
		const char *plain = p;
		p = text->escaped ? plain_end(p, end) : end;
		memcpy(out, plain, (size_t)(p - plain));
		out += p - plain;
		if (p == end)
			break;
		if (p[1] == 'u') {
			size_t used;
			out += put_utf8(code_point(p, end, &used), out);
			p += used;
		} else {
			*out++ = to[strchr(from, p[1]) - from];
			p += 2;
		}
	}
	*out = '\0';
	return (size_t)(out - buf);
}

bool scan_is(const struct scan_text *text, const char *word)
{
	return text->len == strlen(word) && !memcmp(text->raw, word, text->len);
}
