#include "kube/selector.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far above what the API server accepts in practice; bounds what a hostile object costs.
 */
#define REQUIREMENTS_MAX 256
#define VALUES_MAX       256
/* 256 requirements of 256 values of 64 bytes, and their keys. */
#define TEXT_MAX (8 * 1024 * 1024)

/* A label's value and the name part of its key (Kubernetes, "Syntax and character set").
 */
#define NAME_MAX_LENGTH   63
#define PREFIX_MAX_LENGTH 253

enum operation { OP_EQUALS, OP_NOT_EQUALS, OP_IN, OP_NOT_IN, OP_EXISTS, OP_ABSENT };

struct requirement {
	char *key;
	enum operation op;
	char **values; /* sorted */
	size_t count;
};

struct kube_selector {
	bool nothing; /* read from null */
	struct requirement *items;
	size_t count;
};

/* --- what labels may look like --- */

static bool valid_name(const char *s, size_t n)
{
	if (n > NAME_MAX_LENGTH ||
	    (n && (!isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1]))))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-_.", s[i]))
			return false;
	return true;
}

static bool valid_key(const char *key)
{
	const char *slash = strchr(key, '/');
	const char *name = slash ? slash + 1 : key;
	if (!*name || !valid_name(name, strlen(name)))
		return false;
	size_t n = slash ? (size_t)(slash - key) : 0;
	if (slash && (!n || n > PREFIX_MAX_LENGTH))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)key[i]) && !isdigit((unsigned char)key[i]) &&
		    !strchr("-.", key[i]))
			return false;
	return true;
}

/* --- building --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_key(const void *a, const void *b)
{
	const struct requirement *x = a, *y = b;
	return strcmp(x->key, y->key);
}

static struct requirement *add(struct kube_selector *s, const char *key,
			       enum operation op, struct err *err)
{
	if (!valid_key(key)) {
		err_set(err, ERR_INVALID, "\"%s\" is not a label key", key);
		return NULL;
	}
	if (s->count == REQUIREMENTS_MAX) {
		err_set(err, ERR_INVALID, "more than %d requirements", REQUIREMENTS_MAX);
		return NULL;
	}
	s->items = xrealloc(s->items, (s->count + 1) * sizeof(*s->items));
	struct requirement *r = &s->items[s->count++];
	*r = (struct requirement){.key = xstrdup(key), .op = op};
	return r;
}

static int add_value(struct requirement *r, const char *value, struct err *err)
{
	if (!valid_name(value, strlen(value)))
		return err_set(err, ERR_INVALID,
			       "\"%s\" is not a label value (of key \"%s\")", value,
			       r->key);
	if (r->count == VALUES_MAX)
		return err_set(err, ERR_INVALID, "more than %d values of key \"%s\"",
			       VALUES_MAX, r->key);
	r->values = xrealloc(r->values, (r->count + 1) * sizeof(*r->values));
	r->values[r->count++] = xstrdup(value);
	return 0;
}

static void sort(struct kube_selector *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].count)
			qsort(s->items[i].values, s->items[i].count,
			      sizeof(*s->items[i].values), by_text);
	if (s->count)
		qsort(s->items, s->count, sizeof(*s->items), by_key);
}

void kube_selector_free(struct kube_selector *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		for (size_t v = 0; v < s->items[i].count; v++)
			free(s->items[i].values[v]);
		free(s->items[i].values);
		free(s->items[i].key);
	}
	free(s->items);
	free(s);
}

static void cleanup(struct kube_selector **s)
{
	kube_selector_free(*s);
}

/* --- from an object --- */

static int read_labels(struct kube_selector *s, const cJSON *labels, struct err *err)
{
	const cJSON *label;
	if (labels && !cJSON_IsNull(labels) && !cJSON_IsObject(labels))
		return err_set(err, ERR_INVALID, "matchLabels is not a map");
	cJSON_ArrayForEach (label, labels) {
		if (!cJSON_IsString(label))
			return err_set(err, ERR_INVALID, "matchLabels.%s is not a string",
				       label->string);
		struct requirement *r = add(s, label->string, OP_EQUALS, err);
		if (!r || add_value(r, label->valuestring, err) < 0)
			return -1;
	}
	return 0;
}

static int operation_of(const char *name, enum operation *ret_op)
{
	static const struct {
		const char *name;
		enum operation op;
	} table[] = {
		{"In", OP_IN},
		{"NotIn", OP_NOT_IN},
		{"Exists", OP_EXISTS},
		{"DoesNotExist", OP_ABSENT},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (!strcmp(name, table[i].name)) {
			*ret_op = table[i].op;
			return 0;
		}
	return -1;
}

static int read_expression(struct kube_selector *s, const cJSON *expression,
			   struct err *err)
{
	const char *key = json_str(expression, "key", "");
	const char *name = json_str(expression, "operator", "");
	enum operation op;
	if (operation_of(name, &op) < 0)
		return err_set(err, ERR_INVALID,
			       "operator \"%s\" of key \"%s\": In, NotIn, Exists or "
			       "DoesNotExist expected",
			       name, key);
	struct requirement *r = add(s, key, op, err);
	if (!r)
		return -1;
	const cJSON *value, *values = json_at(expression, "values");
	cJSON_ArrayForEach (value, values) {
		if (!cJSON_IsString(value))
			return err_set(err, ERR_INVALID,
				       "a value of key \"%s\" is not a string", key);
		if (add_value(r, value->valuestring, err) < 0)
			return -1;
	}
	bool wants_values = op == OP_IN || op == OP_NOT_IN;
	if (wants_values != (r->count > 0))
		return err_set(err, ERR_INVALID, "operator %s of key \"%s\" %s", name,
			       key, wants_values ? "needs values" : "takes no values");
	return 0;
}

struct kube_selector *kube_selector_read(const cJSON *label_selector, struct err *err)
{
	struct kube_selector *s AUTO(cleanup) = xcalloc(1, sizeof(*s));
	if (!label_selector || cJSON_IsNull(label_selector)) {
		s->nothing = true;
		return TAKE(s);
	}
	if (!cJSON_IsObject(label_selector)) {
		err_set(err, ERR_INVALID, "selector is not an object");
		return NULL;
	}
	if (read_labels(s, json_at(label_selector, "matchLabels"), err) < 0)
		return NULL;
	const cJSON *expression, *list = json_at(label_selector, "matchExpressions");
	cJSON_ArrayForEach (expression, list)
		if (read_expression(s, expression, err) < 0)
			return NULL;
	sort(s);
	return TAKE(s);
}

/* --- from text --- */

static void skip_space(const char **p)
{
	*p += strspn(*p, " \t\r\n");
}

/* The longest run of characters that keys and values are made of. The caller frees. */
static char *take_word(const char **p)
{
	size_t n = strcspn(*p, " \t\r\n,()=!<>");
	char *word = xstrndup(*p, n);
	*p += n;
	skip_space(p);
	return word;
}

static bool accept(const char **p, const char *token)
{
	size_t n = strlen(token);
	if (strncmp(*p, token, n) != 0)
		return false;
	*p += n;
	skip_space(p);
	return true;
}

static int parse_set(const char **p, struct requirement *r, struct err *err)
{
	if (!accept(p, "("))
		return err_set(err, ERR_INVALID, "\"(\" expected behind %s of \"%s\"",
			       r->op == OP_IN ? "in" : "notin", r->key);
	do {
		char *value AUTO_FREE = take_word(p);
		if (add_value(r, value, err) < 0)
			return -1;
	} while (accept(p, ","));
	if (!accept(p, ")"))
		return err_set(err, ERR_INVALID, "\")\" expected at \"%.20s\"", *p);
	return 0;
}

static int parse_requirement(const char **p, struct kube_selector *s, struct err *err)
{
	bool absent = accept(p, "!");
	char *key AUTO_FREE = take_word(p);
	struct requirement *r = add(s, key, absent ? OP_ABSENT : OP_EXISTS, err);
	if (!r)
		return -1;
	if (absent || !**p || **p == ',')
		return 0;
	if (accept(p, "!="))
		r->op = OP_NOT_EQUALS;
	else if (accept(p, "==") || accept(p, "="))
		r->op = OP_EQUALS;
	else {
		char *word AUTO_FREE = take_word(p);
		if (strcmp(word, "in") != 0 && strcmp(word, "notin") != 0)
			return err_set(err, ERR_INVALID,
				       "=, ==, !=, in or notin expected behind \"%s\"",
				       key);
		r->op = strcmp(word, "in") ? OP_NOT_IN : OP_IN;
		return parse_set(p, r, err);
	}
	char *value AUTO_FREE = take_word(p);
	return add_value(r, value, err);
}

struct kube_selector *kube_selector_parse(const char *text, struct err *err)
{
	struct kube_selector *s AUTO(cleanup) = xcalloc(1, sizeof(*s));
	const char *p = text;
	skip_space(&p);
	if (!*p)
		return TAKE(s);
	do {
		if (parse_requirement(&p, s, err) < 0) {
			err_wrap(err, "selector \"%.80s\"", text);
			return NULL;
		}
	} while (accept(&p, ","));
	if (*p) {
		err_set(err, ERR_INVALID, "selector \"%.80s\": unexpected \"%.20s\"",
			text, p);
		return NULL;
	}
	sort(s);
	return TAKE(s);
}

/* --- use --- */

static bool has_value(const struct requirement *r, const char *value)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->values[i], value))
			return true;
	return false;
}

static bool satisfied(const struct requirement *r, const cJSON *labels)
{
	const cJSON *label =
		labels ? cJSON_GetObjectItemCaseSensitive(labels, r->key) : NULL;
	const char *value = cJSON_IsString(label) ? label->valuestring : NULL;
	switch (r->op) {
	case OP_EQUALS:
	case OP_IN:
		return value && has_value(r, value);
	case OP_NOT_EQUALS:
	case OP_NOT_IN:
		return !value || !has_value(r, value);
	case OP_EXISTS:
		return value;
	case OP_ABSENT:
		return !value;
	}
	return false;
}

bool kube_selector_match(const struct kube_selector *s, const cJSON *labels)
{
	if (!s || s->nothing)
		return false;
	for (size_t i = 0; i < s->count; i++)
		if (!satisfied(&s->items[i], labels))
			return false;
	return true;
}

bool kube_selector_label(const struct kube_selector *s, size_t i, const char **ret_key,
			 const char **ret_value)
{
	for (size_t n = 0; s && n < s->count; n++) {
		const struct requirement *r = &s->items[n];
		bool one = r->op == OP_EQUALS || (r->op == OP_IN && r->count == 1);
		if (!one || i--)
			continue;
		*ret_key = r->key;
		*ret_value = r->values[0];
		return true;
	}
	return false;
}

bool kube_selector_is_empty(const struct kube_selector *s)
{
	return s && !s->nothing && !s->count;
}

static void print_set(struct str *out, const struct requirement *r)
{
	str_printf(out, "%s %s (", r->key, r->op == OP_IN ? "in" : "notin");
	for (size_t i = 0; i < r->count; i++)
		str_printf(out, "%s%s", i ? "," : "", r->values[i]);
	str_puts(out, ")");
}

static void print_requirement(struct str *out, const struct requirement *r)
{
	switch (r->op) {
	case OP_EQUALS:
		str_printf(out, "%s=%s", r->key, r->values[0]);
		return;
	case OP_NOT_EQUALS:
		str_printf(out, "%s!=%s", r->key, r->values[0]);
		return;
	case OP_IN:
	case OP_NOT_IN:
		print_set(out, r);
		return;
	case OP_EXISTS:
		str_puts(out, r->key);
		return;
	case OP_ABSENT:
		str_printf(out, "!%s", r->key);
		return;
	}
}

char *kube_selector_text(const struct kube_selector *s)
{
	struct str out AUTO(str_fini);
	str_init(&out, TEXT_MAX);
	for (size_t i = 0; s && i < s->count; i++) {
		str_puts(&out, i ? "," : "");
		print_requirement(&out, &s->items[i]);
	}
	return str_take(&out);
}
