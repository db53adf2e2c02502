#include "sim/apiselector.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX       32
#define REQUIREMENTS_MAX 32

enum operator_ { IS_IN, IS_NOT_IN, EXISTS, EXISTS_NOT };

struct apirequirement {
	enum operator_ operator_;
	char *key;
	char *values[VALUES_MAX];
	int count;
};

/* --- reading --- */

struct scanner {
	const char *at;
};

static void skip_blanks(struct scanner *s)
{
	while (isspace((unsigned char)*s->at))
		s->at++;
}

static bool take(struct scanner *s, const char *token)
{
	skip_blanks(s);
	size_t n = strlen(token);
	if (strncmp(s->at, token, n) != 0)
		return false;
	s->at += n;
	return true;
}

/* A key or a value, possibly empty; the caller frees it. */
static char *word(struct scanner *s)
{
	skip_blanks(s);
	size_t n = strcspn(s->at, " \t,=!()");
	char *text = xstrndup(s->at, n);
	s->at += n;
	return text;
}

static int read_values(struct scanner *s, struct apirequirement *r, struct err *err)
{
	if (!take(s, "("))
		return err_set(err, ERR_INVALID, "expected '(' at \"%s\"", s->at);
	do {
		if (r->count == VALUES_MAX)
			return err_set(err, ERR_INVALID, "more than %d values",
				       VALUES_MAX);
		r->values[r->count++] = word(s);
	} while (take(s, ","));
	if (!take(s, ")"))
		return err_set(err, ERR_INVALID, "expected ')' at \"%s\"", s->at);
	return 0;
}

static int read_requirement(struct scanner *s, struct apirequirement *r, struct err *err)
{
	bool negated = take(s, "!");
	r->operator_ = negated ? EXISTS_NOT : EXISTS;
	r->key = word(s);
	if (!*r->key)
		return err_set(err, ERR_INVALID, "expected a key at \"%s\"", s->at);
	if (negated)
		return 0;
	if (take(s, "notin")) {
		r->operator_ = IS_NOT_IN;
		return read_values(s, r, err);
	}
	if (take(s, "in")) {
		r->operator_ = IS_IN;
		return read_values(s, r, err);
	}
	bool differs = take(s, "!=");
	if (differs || take(s, "==") || take(s, "=")) {
		r->operator_ = differs ? IS_NOT_IN : IS_IN;
		r->values[r->count++] = word(s);
	}
	return 0;
}

static int read_labels(struct apiselector *s, const char *text, struct err *err)
{
	struct scanner scan = {.at = text};
	s->requirements = xcalloc(REQUIREMENTS_MAX, sizeof(*s->requirements));
	do {
		if (s->count == REQUIREMENTS_MAX)
			return err_set(err, ERR_INVALID, "more than %d requirements",
				       REQUIREMENTS_MAX);
		if (read_requirement(&scan, &s->requirements[s->count++], err) < 0)
			return -1;
	} while (take(&scan, ","));
	skip_blanks(&scan);
	if (*scan.at)
		return err_set(err, ERR_INVALID, "unable to parse requirement at \"%s\"",
			       scan.at);
	return 0;
}

static int read_fields(struct apiselector *s, const char *text, struct err *err)
{
	struct scanner scan = {.at = text};
	do {
		char *key AUTO_FREE = word(&scan);
		if (!take(&scan, "==") && !take(&scan, "="))
			return err_set(err, ERR_INVALID, "invalid field selector \"%s\"",
				       text);
		char *value AUTO_FREE = word(&scan);
		if (strcmp(key, "metadata.name") == 0) {
			free(s->name);
			s->name = TAKE(value);
		} else if (strcmp(key, "metadata.namespace") == 0) {
			free(s->ns);
			s->ns = TAKE(value);
		} else {
			return err_set(err, ERR_INVALID, "field label not supported: %s",
				       key);
		}
	} while (take(&scan, ","));
	return 0;
}

int apiselector_parse(struct apiselector *s, enum kubeapi_resource resource,
		      const char *ns, const char *label_selector,
		      const char *field_selector, struct err *err)
{
	struct apiselector result = {.resource = resource, .ns = xstrdup(ns)};
	if ((*label_selector && read_labels(&result, label_selector, err) < 0) ||
	    (*field_selector && read_fields(&result, field_selector, err) < 0)) {
		apiselector_fini(&result);
		return -1;
	}
	*s = result;
	return 0;
}

void apiselector_fini(struct apiselector *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->count; i++) {
		free(s->requirements[i].key);
		for (int j = 0; j < s->requirements[i].count; j++)
			free(s->requirements[i].values[j]);
	}
	free(s->requirements);
	free(s->ns);
	free(s->name);
	*s = (struct apiselector){0};
}

/* --- matching --- */

static bool requirement_holds(const struct apirequirement *r, const struct apiobject *o)
{
	const char *value = apiobject_label(o, r->key);
	bool found = false;
	for (int i = 0; value && i < r->count && !found; i++)
		found = strcmp(value, r->values[i]) == 0;
	switch (r->operator_) {
	case IS_IN:
		return found;
	case IS_NOT_IN:
		return !found;
	case EXISTS:
		return value != NULL;
	case EXISTS_NOT:
		return value == NULL;
	}
	return false;
}

bool apiselector_matches(const struct apiselector *s, const struct apiobject *o)
{
	if (!o || o->resource != s->resource || (*s->ns && strcmp(s->ns, o->ns) != 0) ||
	    (s->name && strcmp(s->name, o->name) != 0))
		return false;
	for (int i = 0; i < s->count; i++)
		if (!requirement_holds(&s->requirements[i], o))
			return false;
	return true;
}
