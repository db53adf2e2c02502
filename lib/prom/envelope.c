#include "prom/envelope.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* So many bytes of a server's text are quoted in a message. */
#define QUOTE_MAX 160

/* --- reading --- */

static bool read_text(struct scan *s, struct scan_text *ret_text)
{
	return scan_peek(s) == '"' ? scan_string(s, ret_text) : scan_skip(s);
}

static bool read_flag(struct scan *s, bool *flag)
{
	char c = scan_peek(s);
	bool value = false;
	if (c != 't' && c != 'f')
		return scan_skip(s);
	if (!scan_bool(s, &value))
		return false;
	*flag = *flag || value;
	return true;
}

/* Hints like "PromQL info: metric might not be a counter" stood among the warnings before
 * Prometheus gave them a list of their own (infos); no data is missing for them. */
static bool is_hint(const struct scan_text *text)
{
	static const char hint[] = "PromQL info";
	return text->len >= sizeof(hint) - 1 &&
	       !memcmp(text->raw, hint, sizeof(hint) - 1);
}

static bool read_warnings(struct scan *s, struct envelope *e)
{
	if (scan_peek(s) != '[')
		return scan_skip(s);
	scan_open(s, '[');
	while (scan_next(s, ']')) {
		struct scan_text text = {0};
		if (!read_text(s, &text))
			return false;
		if (is_hint(&text))
			continue;
		if (e->warning_count++ == 0)
			e->warning = text;
	}
	return !s->broken;
}

static bool read_data_member(struct scan *s, struct envelope *e)
{
	struct scan_text key;
	if (!scan_key(s, &key))
		return false;
	if (scan_is(&key, "resultType"))
		return read_text(s, &e->result_type);
	if (scan_is(&key, "warnings"))
		return read_warnings(s, e);
	if (scan_is(&key, "isPartial"))
		return read_flag(s, &e->is_partial);
	if (scan_is(&key, "result")) {
		scan_peek(s);
		e->result = s->at;
	}
	return scan_skip(s);
}

static bool read_data(struct scan *s, struct envelope *e)
{
	if (scan_peek(s) != '{')
		return scan_skip(s);
	scan_open(s, '{');
	while (scan_next(s, '}'))
		if (!read_data_member(s, e))
			return false;
	return !s->broken;
}

static bool read_member(struct scan *s, struct envelope *e)
{
	struct scan_text key;
	if (!scan_key(s, &key))
		return false;
	const struct {
		const char *name;
		struct scan_text *text;
	} texts[] = {
		{"status", &e->status},
		{"errorType", &e->error_type},
		{"error", &e->error},
		{"message", &e->message},
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (scan_is(&key, texts[i].name))
			return read_text(s, texts[i].text);
	if (scan_is(&key, "data"))
		return read_data(s, e);
	if (scan_is(&key, "warnings"))
		return read_warnings(s, e);
	if (scan_is(&key, "isPartial"))
		return read_flag(s, &e->is_partial);
	return scan_skip(s);
}

static bool read_document(struct scan *s, struct envelope *e)
{
	scan_open(s, '{');
	while (scan_next(s, '}'))
		if (!read_member(s, e))
			return false;
	return scan_at_end(s);
}

/* --- judging --- */

/* Printable on one line, cut to QUOTE_MAX. */
static char *quotable(const char *text, size_t len)
{
	size_t n = len < QUOTE_MAX ? len : QUOTE_MAX;
	char *copy = xstrndup(text, n);
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return copy;
}

static char *quotable_text(const struct scan_text *text)
{
	char *plain AUTO_FREE = xmalloc(text->len + 1);
	size_t len = scan_plain(text, plain);
	return quotable(plain, len);
}

static bool is_html(const struct prom_body *b, char first)
{
	return first == '<' || strncasecmp(b->content_type, "text/html", 9) == 0;
}

/* A proxy's page, a login, an empty answer: nothing that Prometheus would send. */
static enum prom_outcome judge_foreign(const struct prom_body *b, struct err *err)
{
	struct scan s;
	scan_init(&s, b->text, b->len);
	char first = scan_peek(&s);
	if (b->status >= 300 && b->status < 400)
		err_set(err, ERR_RETRY,
			"redirected (status %d), which is not followed: is the URL "
			"right?",
			b->status);
	else if (is_html(b, first))
		err_set(err, ERR_RETRY,
			"answered with HTML, not JSON (status %d): is the URL right?",
			b->status);
	else if (!first)
		err_set(err, ERR_RETRY, "answered with nothing (status %d)", b->status);
	else if (first != '{') {
		char *text AUTO_FREE = quotable(s.at, (size_t)(s.end - s.at));
		err_set(err, ERR_RETRY, "answered with text, not JSON (status %d): %s",
			b->status, text);
	} else
		return PROM_OK;
	return PROM_FAILED;
}

/* "422" is VictoriaMetrics' word for "execution". */
static bool is_about_the_query(const struct envelope *e)
{
	return scan_is(&e->error_type, "bad_data") ||
	       scan_is(&e->error_type, "execution") || scan_is(&e->error_type, "422");
}

/* Only a query that does not parse cannot heal: "execution" may be a label clash of two
 * scrapes that passes. */
static enum prom_outcome judge_error(const struct prom_body *b, const struct envelope *e,
				     struct err *err)
{
	const struct scan_text *text = e->error.len ? &e->error : &e->message;
	char *why AUTO_FREE = quotable_text(text);
	char *type AUTO_FREE = quotable_text(&e->error_type);
	bool bad_query = scan_is(&e->error_type, "bad_data");
	err_set(err, bad_query ? ERR_INVALID : ERR_RETRY, "status %d%s%s%s%s", b->status,
		type[0] ? ": " : "", type, why[0] ? ": " : "", why);
	return is_about_the_query(e) ? PROM_REFUSED : PROM_FAILED;
}

static enum prom_outcome judge_partial(const struct envelope *e, struct err *err)
{
	if (!e->warning_count) {
		err_set(err, ERR_RETRY, "partial data: the server says isPartial");
		return PROM_PARTIAL;
	}
	char *warning AUTO_FREE = quotable_text(&e->warning);
	if (e->warning_count > 1)
		err_set(err, ERR_RETRY, "partial data: %s (and %zu more warnings)",
			warning, e->warning_count - 1);
	else
		err_set(err, ERR_RETRY, "partial data: %s", warning);
	return PROM_PARTIAL;
}

enum prom_outcome envelope_read(const struct prom_body *b, struct envelope *ret_envelope,
				struct err *err)
{
	struct envelope e = {0};
	struct scan s;
	if (judge_foreign(b, err) != PROM_OK)
		return PROM_FAILED;
	scan_init(&s, b->text, b->len);
	if (!read_document(&s, &e)) {
		err_set(err, ERR_RETRY,
			"answered with broken JSON (status %d, byte %zu of %zu)",
			b->status, (size_t)(s.at - s.start), b->len);
		return PROM_FAILED;
	}
	if (b->status < 200 || b->status > 299 || !scan_is(&e.status, "success"))
		return judge_error(b, &e, err);
	if (e.is_partial || e.warning_count)
		return judge_partial(&e, err);
	if (!e.result) {
		err_set(err, ERR_RETRY,
			"answered without a result (status %d): is the URL right?",
			b->status);
		return PROM_FAILED;
	}
	*ret_envelope = e;
	return PROM_OK;
}
