#include "policy/fields.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX          253 /* a DNS subdomain: the longest name in Kubernetes */
#define NAME_MAX_COMPARED 40

static void *member(const struct field *f, void *object)
{
	return (char *)object + f->offset;
}

/* Edits that lead from one name to another: insert, delete, replace or swap two
 * neighbours, case aside (the "optimal string alignment" distance). */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_COMPARED + 1];
	size_t la = strlen(a), lb = strlen(b);
	if (la > NAME_MAX_COMPARED || lb > NAME_MAX_COMPARED)
		return SIZE_MAX;
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t j = 0; j <= lb; j++)
		last[j] = j;
	for (size_t i = 1; i <= la; i++) {
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			int x = tolower((unsigned char)a[i - 1]),
			    y = tolower((unsigned char)b[j - 1]);
			size_t best = last[j - 1] + (x != y);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[lb];
}

/* At most every third letter may be wrong: further away a suggestion is noise. */
static const char *nearest(const char *name, const struct field *fields, size_t count)
{
	size_t least = strlen(name) / 3 + 1;
	const char *found = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t d = distance(name, fields[i].name);
		if (fields[i].read && d < least) {
			least = d;
			found = fields[i].name;
		}
	}
	return found;
}

static void unknown_field(const struct place *at, const struct yaml_node *item,
			  const struct field *fields, size_t count)
{
	/* The problem stands in the line of the field, the path is that of its map. */
	struct yaml_node here = *at->node;
	here.line = item->line;
	struct place place = *at;
	place.node = &here;
	char quote[PLACE_QUOTE_MAX + 4];
	const char *guess = nearest(item->key, fields, count);
	if (guess) {
		place_problem(&place, "unknown field \"%s\": did you mean \"%s\"?",
			      place_quote(item->key, quote), guess);
		return;
	}
	struct str allowed;
	str_init(&allowed, 512);
	for (size_t i = 0; i < count; i++)
		if (fields[i].read)
			str_printf(&allowed, "%s%s", allowed.len ? ", " : "",
				   fields[i].name);
	place_problem(&place, "unknown field \"%s\": allowed: %s",
		      place_quote(item->key, quote), str_text(&allowed));
	str_fini(&allowed);
}

void fields_read(const struct place *at, const struct field *fields, size_t count,
		 void *object)
{
	if (!at->node)
		return;
	if (at->node->kind != YAML_MAP) {
		place_wrong_type(at, "a map of fields");
		return;
	}
	for (size_t i = 0; i < at->node->count; i++) {
		const struct yaml_node *item = &at->node->items[i];
		const struct field *f = fields;
		while (f < fields + count && strcmp(f->name, item->key) != 0)
			f++;
		if (f == fields + count) {
			unknown_field(at, item, fields, count);
			continue;
		}
		struct place child = place_field(at, f->name);
		if (!child.node)
			continue;
		if (f->read)
			f->read(&child, f, object);
		else
			place_problem(&child, "%s", f->low);
	}
}

bool scalar_check(const struct place *at, const char *want)
{
	if (at->node->kind == YAML_SCALAR)
		return true;
	place_wrong_type(at, want);
	return false;
}

bool list_check(const struct place *at)
{
	if (at->node->kind == YAML_LIST)
		return true;
	place_wrong_type(at, "a list");
	return false;
}

bool list_limit(const struct place *at, size_t max)
{
	if (!list_check(at))
		return false;
	if (at->node->count <= max)
		return true;
	place_problem(at, "Too many: %zu: must have at most %zu items", at->node->count,
		      max);
	return false;
}

void field_map(const struct place *at, const struct field *f, void *object)
{
	fields_read(at, f->table, f->table_count, member(f, object));
}

void field_text(const struct place *at, const struct field *f, void *object)
{
	if (!scalar_check(at, "a text"))
		return;
	size_t max = f->max ? (size_t)f->max : TEXT_MAX;
	if (strlen(at->node->text) > max) {
		place_problem(at, "text of %zu bytes: want at most %zu",
			      strlen(at->node->text), max);
		return;
	}
	char **ret = member(f, object);
	free(*ret);
	*ret = *at->node->text ? xstrdup(at->node->text) : NULL;
}

void field_bool(const struct place *at, const struct field *f, void *object)
{
	if (yaml_bool(at->node, member(f, object)) < 0)
		place_wrong_type(at, "true or false");
}

/* YAML 1.1 reads 010 as eight and 1.2 as ten: nobody should have to know who reads this.
 */
static bool is_octal(const char *digits)
{
	digits += *digits == '-' || *digits == '+';
	return digits[0] == '0' && isdigit((unsigned char)digits[1]);
}

/* Digits with a sign, saturated; false when it is no whole number. */
static bool whole_number(const struct yaml_node *node, int64_t *ret)
{
	const char *p = node->text;
	if (node->quoted || is_octal(p))
		return false;
	bool negative = *p == '-';
	p += negative;
	if (!*p || p[strspn(p, "0123456789")])
		return false;
	int64_t value = 0;
	for (; *p; p++)
		if (value < INT64_MAX / 10 - 1)
			value = value * 10 + (*p - '0');
	*ret = negative ? -value : value;
	return true;
}

void field_int32(const struct place *at, const struct field *f, void *object)
{
	char quote[PLACE_QUOTE_MAX + 4];
	int64_t value;
	const char *want = at->node->kind == YAML_SCALAR && at->node->quoted
				   ? "a whole number without quotes"
				   : "a whole number";
	if (!scalar_check(at, want))
		return;
	if (!whole_number(at->node, &value)) {
		place_wrong_type(at, want);
		return;
	}
	const char *shown = place_quote(at->node->text, quote);
	if (value < f->min && f->low)
		place_problem(at, "Invalid value: %s: %s", shown, f->low);
	else if (value > f->max && f->high)
		place_problem(at, "Invalid value: %s: %s", shown, f->high);
	else if (value < f->min || value > f->max)
		place_problem(at, "Invalid value: %s: must be from %lld to %lld", shown,
			      (long long)f->min, (long long)f->max);
	else
		*(int32_t *)member(f, object) = (int32_t)value;
}

void field_duration(const struct place *at, const struct field *f, void *object)
{
	struct err err;
	int64_t ms;
	char low[48], high[48], quote[PLACE_QUOTE_MAX + 4];
	if (!scalar_check(at, "a duration like 90s, 1h30m or 14d"))
		return;
	if (duration_parse(at->node->text, &ms, &err) < 0)
		place_problem(at, "%s", err.msg);
	else if (ms < f->min || ms > f->max)
		place_problem(at, "Invalid value: \"%s\": must be from %s to %s",
			      place_quote(at->node->text, quote),
			      duration_format(f->min, low, sizeof(low)),
			      duration_format(f->max, high, sizeof(high)));
	else
		*(int64_t *)member(f, object) = ms;
}

void field_duration_or_auto(const struct place *at, const struct field *f, void *object)
{
	if (at->node->kind == YAML_SCALAR && strcmp(at->node->text, "Auto") == 0)
		*(int64_t *)member(f, object) = 0;
	else
		field_duration(at, f, object);
}

void field_time(const struct place *at, const struct field *f, void *object)
{
	struct err err;
	/* An empty one is an absent one. */
	if (!scalar_check(at, "a time like 2026-11-27T00:00:00Z") || !*at->node->text)
		return;
	if (time_parse(at->node->text, member(f, object), &err) < 0)
		place_problem(at, "%s", err.msg);
}

/* A quantity's text, written as one; a problem otherwise. */
static bool quantity_check(const struct place *at)
{
	if (!scalar_check(at, "a quantity like 100m, 1.5 or 600Mi"))
		return false;
	if (at->node->quoted || !is_octal(at->node->text))
		return true;
	place_wrong_type(at, "no leading zero");
	return false;
}

void field_quantity(const struct place *at, const struct field *f, void *object)
{
	struct err err;
	int64_t milli;
	if (!quantity_check(at))
		return;
	if (quantity_parse(at->node->text, &milli, &err) < 0)
		place_problem(at, "%s", err.msg);
	else if (milli <= 0)
		place_invalid(at, f->low ? f->low : "must be positive");
	else
		*(int64_t *)member(f, object) = milli;
}

void field_fraction(const struct place *at, const struct field *f, void *object)
{
	struct err err;
	double value;
	if (!quantity_check(at))
		return;
	if (quantity_parse_double(at->node->text, &value, &err) < 0)
		place_problem(at, "%s", err.msg);
	else if (isinf(value))
		place_invalid(at, "is too large");
	else if (value < 0)
		place_invalid(at, f->low ? f->low : "must be greater than or equal to 0");
	else
		*(double *)member(f, object) = value;
}

bool number_parse(const char *text, double *ret_value)
{
	char *end;
	/* strtod alone would take hexadecimal digits, "inf" and blanks too. */
	if (text[strspn(text, "0123456789.eE+-")])
		return false;
	double value = strtod(text, &end);
	if (end == text || *end || !isfinite(value))
		return false;
	*ret_value = value;
	return true;
}

bool number_read(const struct place *at, const char *want, double *ret_value)
{
	if (!scalar_check(at, want))
		return false;
	if ((at->node->quoted || !is_octal(at->node->text)) &&
	    number_parse(at->node->text, ret_value))
		return true;
	place_wrong_type(at, want);
	return false;
}

void field_number(const struct place *at, const struct field *f, void *object)
{
	char want[64], detail[64];
	double value;
	snprintf(want, sizeof(want), "a number from %lld to %lld", (long long)f->min,
		 (long long)f->max);
	snprintf(detail, sizeof(detail), "must be from %lld to %lld", (long long)f->min,
		 (long long)f->max);
	if (!number_read(at, want, &value))
		return;
	if (value < (double)f->min || value > (double)f->max)
		place_invalid(at, detail);
	else
		*(double *)member(f, object) = value;
}

bool choice_read(const struct place *at, const struct choice *choices, int *ret_value)
{
	struct str words;
	char quote[PLACE_QUOTE_MAX + 4];
	str_init(&words, 512);
	for (const struct choice *c = choices; c->name; c++)
		str_printf(&words, "%s\"%s\"", c == choices ? "" : ", ", c->name);
	bool found = false;
	if (scalar_check(at, str_text(&words))) {
		for (const struct choice *c = choices; c->name && !found; c++) {
			found = strcmp(c->name, at->node->text) == 0;
			if (found)
				*ret_value = c->value;
		}
		if (!found)
			place_problem(
				at, "Unsupported value: \"%s\": supported values: %s",
				place_quote(at->node->text, quote), str_text(&words));
	}
	str_fini(&words);
	return found;
}

const char *choice_name(const struct choice *choices, int value)
{
	for (; choices->name; choices++)
		if (choices->value == value)
			return choices->name;
	return "";
}

void field_choice(const struct place *at, const struct field *f, void *object)
{
	int value;
	if (choice_read(at, f->table, &value))
		memcpy(member(f, object), &value, sizeof(value));
}

void field_ignored_map(const struct place *at, const struct field *f, void *object)
{
	(void)f;
	(void)object;
	if (at->node->kind != YAML_MAP)
		place_wrong_type(at, "a map");
}

void field_ignored_list(const struct place *at, const struct field *f, void *object)
{
	(void)f;
	(void)object;
	list_check(at);
}

void field_later(const struct place *at, const struct field *f, void *object)
{
	(void)at;
	(void)f;
	(void)object;
}
