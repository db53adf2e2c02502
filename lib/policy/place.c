#include "policy/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct yaml_node *place_tree(const char *text, size_t len, struct err *err)
{
	struct yaml_node *tree = NULL;
	if (len > PLACE_TEXT_MAX)
		err_set(err, ERR_INVALID, "%zu bytes: want at most %d", len,
			PLACE_TEXT_MAX);
	else
		yaml_parse(text, len, &tree, err);
	return tree;
}

void problems_init(struct problems *p)
{
	str_init(&p->lines, PROBLEMS_BYTES_MAX);
	p->count = 0;
	p->quiet = false;
}

void problems_fini(struct problems *p)
{
	str_fini(&p->lines);
}

void problems_add(struct problems *p, const char *line)
{
	str_printf(&p->lines, "%s\n", line);
	p->count++;
}

/* The largest number of bytes, at most max, that does not cut a character of UTF-8 in
 * two. */
static size_t cut(const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);
	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

int problems_first(const struct problems *p, struct err *err)
{
	if (!p->count)
		return 0;
	AUTO_FREE char *line = xstrdup(str_text(&p->lines));
	line[strcspn(line, "\n")] = '\0';
	line[cut(line, sizeof(err->msg) - 1)] = '\0';
	return err_set(err, ERR_INVALID, "%s", line);
}

struct place place_root(const struct yaml_node *node, struct problems *problems)
{
	return (struct place){.node = node, .problems = problems};
}

struct place place_field(const struct place *at, const char *key)
{
	const struct yaml_node *node = yaml_get(at->node, key);
	return (struct place){
		.parent = at,
		.node = yaml_is_null(node) ? NULL : node,
		.key = key,
		.problems = at->problems,
	};
}

struct place place_item(const struct place *at, size_t index)
{
	return (struct place){
		.parent = at,
		.node = &at->node->items[index],
		.index = index,
		.problems = at->problems,
	};
}

bool place_has(const struct place *at, const char *key)
{
	const struct yaml_node *node = yaml_get(at->node, key);
	return node && !yaml_is_null(node);
}

bool place_require(const struct place *at, const char *key, const char *detail)
{
	struct place field = place_field(at, key);
	if (at->node && at->node->kind != YAML_MAP)
		return true;
	if (field.node && (field.node->kind != YAML_SCALAR || *field.node->text))
		return true;
	place_problem(&field, "Required value%s%s", detail ? ": " : "",
		      detail ? detail : "");
	return false;
}

const char *place_quote(const char *text, char buf[PLACE_QUOTE_MAX + 4])
{
	size_t n = cut(text, PLACE_QUOTE_MAX);
	memcpy(buf, text, n);
	strcpy(buf + n, text[n] ? "..." : "");
	return buf;
}

/* "metrics[0].external"; nothing for the whole text. */
static void add_path(struct str *s, const struct place *at)
{
	char buf[PLACE_QUOTE_MAX + 4];
	if (!at->parent)
		return;
	add_path(s, at->parent);
	if (at->key)
		str_printf(s, "%s%s", at->parent->parent ? "." : "",
			   place_quote(at->key, buf));
	else
		str_printf(s, "[%zu]", at->index);
}

/* What is absent is reported where its parent stands. */
static int line_of(const struct place *at)
{
	while (!at->node && at->parent)
		at = at->parent;
	return at->node ? at->node->line : 1;
}

void place_problem(const struct place *at, const char *fmt, ...)
{
	struct str line;
	str_init(&line, 2048);
	str_printf(&line, "line %d: ", line_of(at));
	if (at->parent) {
		add_path(&line, at);
		str_puts(&line, ": ");
	}
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_puts(&line, text);
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.data[i] < 0x20 || line.data[i] == 0x7f)
			line.data[i] = ' ';
	problems_add(at->problems, str_text(&line));
	str_fini(&line);
}

void place_invalid(const struct place *at, const char *detail)
{
	char buf[PLACE_QUOTE_MAX + 4];
	place_problem(at, "Invalid value: \"%s\": %s", place_quote(at->node->text, buf),
		      detail);
}

void place_wrong_type(const struct place *at, const char *want)
{
	char buf[PLACE_QUOTE_MAX + 4];
	switch (at->node->kind) {
	case YAML_SCALAR:
		if (at->problems->quiet) {
			place_problem(at, "got a text: want %s", want);
			break;
		}
		place_problem(at, "got %s\"%s\": want %s",
			      at->node->quoted ? "the text " : "",
			      place_quote(at->node->text, buf), want);
		break;
	case YAML_LIST:
		place_problem(at, "got a list: want %s", want);
		break;
	case YAML_MAP:
		place_problem(at, "got a map: want %s", want);
		break;
	}
}
