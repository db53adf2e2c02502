#include "prom/envelope.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* So many bytes of a server's text are quoted in a message. */
#define QUOTE_MAX 160

/* --- reading --- */

/* Texts that are not given are "". All borrowed from the tree. */
struct reading {
	const char *status, *error_type, *error;
	const char *message; /* of Grafana, of the Kubernetes API server */
	const char *result_type;
	const cJSON *result;
	const char *warning; /* the first one */
	size_t warning_count;
	bool is_partial; /* VictoriaMetrics: storage nodes are missing */
};

static const char *text_of(const cJSON *value)
{
	const char *text = cJSON_GetStringValue(value);
	return text ? text : "";
}

/* Hints like "PromQL info: metric might not be a counter" stood among the warnings before
 * Prometheus gave them a list of their own (infos); no data is missing for them. */
static bool is_hint(const char *text)
{
	static const char hint[] = "PromQL info";
	return !strncmp(text, hint, sizeof(hint) - 1);
}

static void read_warnings(struct reading *r, const cJSON *warnings)
{
	const cJSON *item;
	cJSON_ArrayForEach (item, warnings) {
		const char *text = text_of(item);
		if (is_hint(text))
			continue;
		if (r->warning_count++ == 0)
			r->warning = text;
	}
}

/* Warnings and isPartial stand at the top or in `data`. False when a member stands there
 * twice. */
static bool read_data(struct reading *r, const cJSON *data)
{
	enum { TYPE, RESULT, WARNINGS, PARTIAL, MEMBERS };
	struct tree_member m[MEMBERS] = {
		[TYPE] = {.name = "resultType"},
		[RESULT] = {.name = "result"},
		[WARNINGS] = {.name = "warnings"},
		[PARTIAL] = {.name = "isPartial"},
	};
	if (!tree_pick(data, m, MEMBERS))
		return false;
	r->result_type = text_of(m[TYPE].value);
	r->result = m[RESULT].value;
	read_warnings(r, m[WARNINGS].value);
	r->is_partial = r->is_partial || cJSON_IsTrue(m[PARTIAL].value);
	return true;
}

static bool read_document(struct reading *r, const cJSON *tree)
{
	enum { STATUS, TYPE, ERROR, MESSAGE, DATA, WARNINGS, PARTIAL, MEMBERS };
	struct tree_member m[MEMBERS] = {
		[STATUS] = {.name = "status"},     [TYPE] = {.name = "errorType"},
		[ERROR] = {.name = "error"},       [MESSAGE] = {.name = "message"},
		[DATA] = {.name = "data"},         [WARNINGS] = {.name = "warnings"},
		[PARTIAL] = {.name = "isPartial"},
	};
	if (!tree_pick(tree, m, MEMBERS))
		return false;
	r->status = text_of(m[STATUS].value);
	r->error_type = text_of(m[TYPE].value);
	r->error = text_of(m[ERROR].value);
	r->message = text_of(m[MESSAGE].value);
	read_warnings(r, m[WARNINGS].value);
	r->is_partial = cJSON_IsTrue(m[PARTIAL].value);
	return read_data(r, m[DATA].value);
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

static char *quotable_text(const char *text)
{
	return quotable(text, strlen(text));
}

static bool is_html(const struct prom_body *b, char first)
{
	return first == '<' || strncasecmp(b->content_type, "text/html", 9) == 0;
}

/* A proxy's page, a login, an empty answer: nothing that Prometheus would send. */
static enum prom_outcome judge_foreign(const struct prom_body *b, struct err *err)
{
	const char *text = b->text, *end = b->text + b->len;
	while (text < end && *text && strchr(" \t\r\n", *text))
		text++;
	char first = text < end ? *text : '\0';
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
		char *quote AUTO_FREE = quotable(text, (size_t)(end - text));
		err_set(err, ERR_RETRY, "answered with text, not JSON (status %d): %s",
			b->status, quote);
	} else
		return PROM_OK;
	return PROM_FAILED;
}

/* VictoriaMetrics' words are those of the status: "400" and "422". */
static bool does_not_parse(const char *error_type)
{
	return !strcmp(error_type, "bad_data") || !strcmp(error_type, "400");
}

static bool is_about_the_query(const char *error_type)
{
	return does_not_parse(error_type) || !strcmp(error_type, "execution") ||
	       !strcmp(error_type, "422");
}

/* Only a query that does not parse cannot heal: "execution" may be a label clash of two
 * scrapes that passes. */
static enum prom_outcome judge_error(const struct prom_body *b, const struct reading *r,
				     struct err *err)
{
	char *why AUTO_FREE = quotable_text(r->error[0] ? r->error : r->message);
	char *status AUTO_FREE = xasprintf("%d", b->status);
	bool says_more = r->error_type[0] && strcmp(r->error_type, status) != 0;
	char *type AUTO_FREE = quotable_text(says_more ? r->error_type : "");
	err_set(err, does_not_parse(r->error_type) ? ERR_INVALID : ERR_RETRY,
		"status %s%s%s%s%s", status, type[0] ? ": " : "", type,
		why[0] ? ": " : "", why);
	return is_about_the_query(r->error_type) ? PROM_REFUSED : PROM_FAILED;
}

static enum prom_outcome judge_partial(const struct reading *r, struct err *err)
{
	if (!r->warning_count) {
		err_set(err, ERR_RETRY, "partial data: the server says isPartial");
		return PROM_PARTIAL;
	}
	char *warning AUTO_FREE = quotable_text(r->warning);
	if (r->warning_count > 1)
		err_set(err, ERR_RETRY, "partial data: %s (and %zu more warnings)",
			warning, r->warning_count - 1);
	else
		err_set(err, ERR_RETRY, "partial data: %s", warning);
	return PROM_PARTIAL;
}

static enum prom_outcome judge(const struct prom_body *b, const struct reading *r,
			       struct err *err)
{
	if (b->status < 200 || b->status > 299 || strcmp(r->status, "success") != 0)
		return judge_error(b, r, err);
	if (r->is_partial || r->warning_count)
		return judge_partial(r, err);
	if (r->result)
		return PROM_OK;
	err_set(err, ERR_RETRY,
		"answered without a result (status %d): is the URL right?", b->status);
	return PROM_FAILED;
}

enum prom_outcome envelope_read(const struct prom_body *b, struct arena *memory,
				struct envelope *ret_envelope, struct err *err)
{
	struct reading r = {0};
	if (judge_foreign(b, err) != PROM_OK)
		return PROM_FAILED;
	const cJSON *tree = tree_parse(memory, b, err);
	if (!tree)
		return PROM_FAILED;
	if (!read_document(&r, tree)) {
		err_set(err, ERR_RETRY,
			"answered with two members of one name (status %d)", b->status);
		return PROM_FAILED;
	}
	enum prom_outcome outcome = judge(b, &r, err);
	if (outcome != PROM_OK)
		return outcome;
	*ret_envelope = (struct envelope){
		.result_type = r.result_type,
		.result = r.result,
	};
	return PROM_OK;
}
