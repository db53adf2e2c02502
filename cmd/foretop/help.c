#include "help.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the text of a flag goes on in the next line. */
#define CONTINUED 8

char *help_of(const struct command *c)
{
	char name[64], flag[] = "--help", *argv[] = {name, flag, NULL};
	char *text = NULL;
	size_t size;
	FILE *screen = stdout, *memory = open_memstream(&text, &size);
	if (!memory)
		return xstrdup("");
	snprintf(name, sizeof(name), "%s", c->name);
	stdout = memory;
	c->run(2, argv);
	stdout = screen;
	fclose(memory);
	return text;
}

/* A word of `allowed` characters, cut to fit; returns what follows. */
static const char *word(const char *at, const char *end, char *buf, size_t size)
{
	size_t n = strcspn(at, end);
	snprintf(buf, size, "%.*s", (int)n, at);
	return at + n;
}

static const char *read_value(const char *at, struct help_flag *f)
{
	if (*at == '[') {
		f->optional = true;
		at = word(at + 2, "]", f->value, sizeof(f->value));
		return at + (*at == ']');
	}
	if (*at == ' ' && at[1] != ' ' && at[1])
		return word(at + 1, " ", f->value, sizeof(f->value));
	return at;
}

bool help_flag_line(const char *line, struct help_flag *ret_flag)
{
	struct help_flag f = {0};
	const char *at = line;
	if (strncmp(at, "  -", 3) && strncmp(at, "      --", 8))
		return false;
	at += strspn(at, " ");
	if (at[1] != '-') {
		f.letter = at[1];
		at += 2;
		if (!strncmp(at, ", ", 2))
			at += 2;
	}
	if (!strncmp(at, "--", 2))
		at = word(at + 2, " [", f.name, sizeof(f.name));
	at = read_value(at, &f);
	at += strspn(at, " ");
	snprintf(f.text, sizeof(f.text), "%s", at);
	*ret_flag = f;
	return true;
}

static void append(struct help_flag *f, const char *line)
{
	size_t n = strlen(f->text);
	line += strspn(line, " ");
	snprintf(f->text + n, sizeof(f->text) - n, "%s%s", n ? " " : "", line);
}

int help_flags(const char *help, struct help_flag ret_flags[HELP_FLAGS_MAX])
{
	int count = 0;
	bool open = false;
	for (const char *at = help; *at;) {
		size_t n = strcspn(at, "\n");
		char *line AUTO_FREE = xstrndup(at, n);
		at += n + (at[n] == '\n');
		if (count < HELP_FLAGS_MAX && help_flag_line(line, &ret_flags[count])) {
			count++;
			open = true;
		} else if (open && strspn(line, " ") >= CONTINUED) {
			append(&ret_flags[count - 1], line);
		} else {
			open = false;
		}
	}
	return count;
}
